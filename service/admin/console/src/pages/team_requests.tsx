import { Button, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { post } from '../api/client';
import type { Ask } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { accountWords, kindWords, quantity } from '../parts/limits';
import { Panel } from '../parts/page';
import { Answered, Empty } from '../parts/states';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';

function OneRequest({ of: request, decide }: { of: Ask; decide: (what: 'approve' | 'decline') => void }) {
    const words = useWords();
    const { t } = words;
    const formats = useFormats();
    return (
        <li className="request">
            <div className="request-words">
                <p>
                    <span className="strong">{t('request.asks', { name: request.asker || t('request.somebody') })}</span>{' '}
                    <span className="request-amount">{quantity(formats, words, request.measure, Number(request.amount))}</span>{' '}
                    {t('request.for', { account: accountWords(words, request.account), limit: kindWords(words, request.limit) })}
                </p>
                <p className="request-reason">{request.reason}</p>
                <p className="under">{t('request.until', { until: formats.instant(request.until), asked: formats.away(request.asked_at) })}</p>
            </div>
            <div className="request-actions">
                <Button size="xs" aria-label={t('request.approve_of', { number: request.number })} onClick={() => decide('approve')}>
                    {t('request.approve')}
                </Button>
                <Button size="xs" variant="default" aria-label={t('request.decline_of', { number: request.number })} onClick={() => decide('decline')}>
                    {t('request.decline')}
                </Button>
            </div>
        </li>
    );
}

interface DecideProps {
    of: Ask;
    close: () => void;
    done: () => void;
}
function Approve({ of: request, close, done }: DecideProps) {
    const { t, named } = useWords();
    const [amount, setAmount] = useState(request.amount);
    const [reason, setReason] = useState('');
    const run = () => post(`/api/v1/requests/${request.number}/approve`, { amount: amount.trim(), ...(reason.trim() && { reason: reason.trim() }) });
    return (
        <FormDialog title={t('request.approve_title')} does={t('request.approve')} disabled={!amount.trim()} close={close} run={run} done={done}>
            <TextInput
                label={t('request.amount')}
                description={t('request.amount_hint', { unit: named('measure', request.measure) })}
                value={amount}
                onChange={(event) => setAmount(event.currentTarget.value)}
                required
                data-autofocus
            />
            <Textarea label={t('request.word_optional')} value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={500} autosize={false} rows={2} />
        </FormDialog>
    );
}

function Decline({ of: request, close, done }: DecideProps) {
    const { t } = useWords();
    const [reason, setReason] = useState('');
    const run = () => post(`/api/v1/requests/${request.number}/decline`, { reason: reason.trim() });
    return (
        <FormDialog title={t('request.decline_title')} does={t('request.decline')} danger disabled={!reason.trim()} close={close} run={run} done={done}>
            <Textarea
                label={t('request.word')}
                description={t('request.word_hint')}
                value={reason}
                onChange={(event) => setReason(event.currentTarget.value)}
                maxLength={500}
                rows={3}
                required
                data-autofocus
            />
        </FormDialog>
    );
}

/** Requests of the team itself, and of its people and keys, whose accounts do not name it: those are shown with every team. */
const concerns = (team: string) => (request: Ask) => request.account === `team:${team}` || /^(person|key):/.test(request.account);

export function Requests({ team }: { team: string }) {
    const { t } = useWords();
    const tell = useTell();
    const asked = useAnswer<{ requests: Ask[] }>('/api/v1/requests?state=open');
    const [open, setOpen] = useState<{ what: 'approve' | 'decline'; request: Ask } | null>(null);
    const close = () => setOpen(null);
    const done = () => {
        tell(t(open?.what === 'approve' ? 'request.approved' : 'request.declined'));
        close();
        asked.again();
    };
    return (
        <Panel title={t('request.title')}>
            <Answered asked={asked}>
                {({ requests }) => {
                    const own = requests.filter(concerns(team));
                    if (own.length === 0) return <Empty icon="check" title={t('request.none')} />;
                    return (
                        <ul className="requests">
                            {own.map((request) => (
                                <OneRequest key={request.number} of={request} decide={(what) => setOpen({ what, request })} />
                            ))}
                        </ul>
                    );
                }}
            </Answered>
            {open?.what === 'approve' && <Approve of={open.request} close={close} done={done} />}
            {open?.what === 'decline' && <Decline of={open.request} close={close} done={done} />}
        </Panel>
    );
}

import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { mayApprove } from '../access';
import { ask, part, post } from '../api/client';
import type { Approval, Approved } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { CopyButton } from '../parts/copy';
import { Dialog, FormDialog } from '../parts/dialog';
import { useMe } from '../parts/me';
import { Chip, Page, Panel, Rows, type Column, type Tone } from '../parts/page';
import { Answered, Empty, Note } from '../parts/states';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';

type Act = 'approve' | 'decline' | 'withdraw';
const tones: Record<string, Tone> = { done: 'good', failed: 'bad', unknown: 'bad', running: 'note' };

function Lines({ title, of: lines }: { title: string; of: readonly string[] }) {
    if (lines.length === 0) return null;
    return (
        <details>
            <summary>{title}</summary>
            <ul>
                {lines.map((line) => (
                    <li key={line}>{line}</li>
                ))}
            </ul>
        </details>
    );
}

interface OneProps {
    of: Approval;
    own: boolean;
    act: (what: Act) => void;
}
function One({ of: approval, own, act }: OneProps) {
    const { t, many } = useWords();
    const formats = useFormats();
    const { role } = useMe();
    const acts: readonly Act[] = own ? ['withdraw'] : ['approve', 'decline'];
    return (
        <li className="request">
            <div className="request-words">
                <p className="strong">{approval.what}</p>
                <p className="under">
                    {t('approvals.asked', { who: approval.asked_by, asked: formats.away(approval.asked_at), until: formats.instant(approval.expires_at) })}
                </p>
                <Lines title={many('approvals.changes', approval.changes.length)} of={approval.changes} />
                <Lines title={many('approvals.warnings', approval.warnings.length)} of={approval.warnings} />
            </div>
            {mayApprove(role) && (
                <div className="request-actions">
                    {acts.map((what) => (
                        <Button
                            key={what}
                            size="xs"
                            variant={what === 'approve' ? 'filled' : 'default'}
                            aria-label={t(`approvals.${what}_of`, { what: approval.what })}
                            onClick={() => act(what)}
                        >
                            {t(`approvals.${what}`)}
                        </Button>
                    ))}
                </div>
            )}
        </li>
    );
}

interface DecideProps {
    what: Act;
    of: Approval;
    close: () => void;
    done: (answer: Approved) => void;
}
function Decide({ what, of: approval, close, done }: DecideProps) {
    const { t } = useWords();
    const [reason, setReason] = useState('');
    const path = `/api/v1/approvals/${part(approval.id)}`;
    const word = reason.trim();
    const run = () =>
        what === 'withdraw' ? ask<Approved>('DELETE', path) : post<Approved>(path, { decision: what, ...(word && { reason: word }) });
    return (
        <FormDialog title={t(`approvals.${what}_title`)} does={t(`approvals.${what}`)} danger={what === 'decline'} disabled={what === 'decline' && !word} close={close} run={run} done={done}>
            <p>{approval.what}</p>
            {what !== 'withdraw' && (
                <Textarea
                    label={t('request.word')}
                    description={t('request.word_hint')}
                    value={reason}
                    onChange={(event) => setReason(event.currentTarget.value)}
                    maxLength={500}
                    rows={2}
                    required={what === 'decline'}
                    data-autofocus
                />
            )}
        </FormDialog>
    );
}

/** A token that was issued by it: the only time that anybody sees it. */
function Shown({ token, close }: { token: string; close: () => void }) {
    const { t } = useWords();
    return (
        <Dialog title={t('approvals.token')} close={close} keep>
            <div className="stack">
                <Note tone="warn">
                    <p>{t('keys.shown_once')}</p>
                </Note>
                <div className="secret">
                    <code aria-label={t('approvals.token')}>{token}</code>
                    <CopyButton text={token} label={t('approvals.copy')} primary />
                </div>
                <div className="dialog-actions">
                    <Button onClick={close}>{t('keys.shown_done')}</Button>
                </div>
            </div>
        </Dialog>
    );
}

function Decided({ of: approvals }: { of: readonly Approval[] }) {
    const { t, named } = useWords();
    const formats = useFormats();
    const columns: Column<Approval>[] = [
        {
            name: t('approvals.what'),
            cell: (each) => (
                <>
                    <span className="strong">{each.what}</span>
                    <span className="under">{each.reason || each.outcome}</span>
                </>
            ),
        },
        { name: t('approvals.state'), cell: (each) => <Chip tone={tones[each.state] ?? 'quiet'}>{named('approvals.state', each.state)}</Chip> },
        { name: t('approvals.asker'), cell: (each) => each.asked_by },
        { name: t('approvals.decider'), cell: (each) => each.decided_by },
        { name: t('approvals.when'), cell: (each) => (each.decided_at ? formats.instant(each.decided_at) : '') },
    ];
    return <Rows label={t('approvals.decided')} columns={columns} rows={approvals} id={(each) => each.id} />;
}

export default function ApprovalsPage() {
    const { t } = useWords();
    const me = useMe();
    const tell = useTell();
    const asked = useAnswer<{ approvals: Approval[] }>('/api/v1/approvals');
    const [open, setOpen] = useState<{ what: Act; approval: Approval } | null>(null);
    const [token, setToken] = useState('');
    const self = me.way === 'break-glass' ? 'break-glass' : `person:${me.person}`;
    const done = (answer: Approved) => {
        if (open) tell(t(`approvals.told_${open.what}`));
        setToken(answer.answer?.token ?? '');
        setOpen(null);
        asked.again();
    };
    return (
        <Page title={t('nav.approvals')} lead={t('approvals.lead')}>
            <Answered asked={asked}>
                {({ approvals }) => {
                    const waiting = approvals.filter((each) => each.state === 'open');
                    const decided = approvals.filter((each) => each.state !== 'open');
                    return (
                        <>
                            <Panel title={t('approvals.waiting')}>
                                {waiting.length === 0 ? (
                                    <Empty icon="check" title={t('approvals.none')} />
                                ) : (
                                    <ul className="requests">
                                        {waiting.map((each) => (
                                            <One key={each.id} of={each} own={each.asked_by === self} act={(what) => setOpen({ what, approval: each })} />
                                        ))}
                                    </ul>
                                )}
                            </Panel>
                            {decided.length > 0 && (
                                <Panel title={t('approvals.decided')} flush>
                                    <Decided of={decided} />
                                </Panel>
                            )}
                        </>
                    );
                }}
            </Answered>
            {open && <Decide what={open.what} of={open.approval} close={() => setOpen(null)} done={done} />}
            {token && <Shown token={token} close={() => setToken('')} />}
        </Page>
    );
}

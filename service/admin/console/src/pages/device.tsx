import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router-dom';
import { part, post, type Problem } from '../api/client';
import type { DeviceAsk } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { useMe } from '../parts/me';
import { Page, Panel } from '../parts/page';
import { Answered, Note, ProblemNote } from '../parts/states';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';

/** As people type it: small letters, blanks, with or without the dash. */
export function tidyCode(text: string): string {
    const bare = text.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 16);
    return bare.length > 4 ? `${bare.slice(0, 4)}-${bare.slice(4)}` : bare;
}
const codeLengthMin = 8;

function EnterCode({ found }: { found: (code: string) => void }) {
    const { t } = useWords();
    const [text, setText] = useState('');
    const code = tidyCode(text);
    const submit = (event: FormEvent) => {
        event.preventDefault();
        if (code.length > codeLengthMin) found(code);
    };
    return (
        <form className="stack" onSubmit={submit}>
            <TextInput
                label={t('device.code')}
                description={t('device.code_hint')}
                placeholder="ABCD-EFGH"
                classNames={{ input: 'device-code-input' }}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                onBlur={() => setText(code)}
                autoComplete="off"
                autoCapitalize="characters"
                spellCheck={false}
                maxLength={24}
                required
            />
            <div>
                <Button type="submit" disabled={code.length <= codeLengthMin}>
                    {t('device.look')}
                </Button>
            </div>
        </form>
    );
}

interface ConfirmProps {
    of: DeviceAsk;
    ended: (how: 'approved' | 'denied') => void;
}
/** Never by itself: whoever sent a link with a code in it would get in as the person who followed it. */
function Confirm({ of: device, ended }: ConfirmProps) {
    const { t } = useWords();
    const formats = useFormats();
    const me = useMe();
    const [busy, setBusy] = useState<'approve' | 'deny' | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const decide = async (what: 'approve' | 'deny') => {
        setBusy(what);
        const answer = await post(`/api/v1/device/${part(device.user_code)}/${what}`);
        setBusy(null);
        if (answer.ok) ended(what === 'approve' ? 'approved' : 'denied');
        else setProblem(answer.problem);
    };
    return (
        <div className="stack">
            <p>{t('device.confirm_lead', { name: me.display_name || me.user_name })}</p>
            <p className="device-code">{device.user_code}</p>
            <dl className="facts">
                <dt>{t('device.client')}</dt>
                <dd>{device.client}</dd>
                <dt>{t('device.address')}</dt>
                <dd>
                    <code>{device.address}</code>
                </dd>
                <dt>{t('device.asked')}</dt>
                <dd>{formats.away(device.asked_at)}</dd>
            </dl>
            <Note tone="warn">
                <p>{t('device.warning')}</p>
            </Note>
            {problem && <ProblemNote problem={problem} />}
            <div className="dialog-actions dialog-actions-start">
                <Button loading={busy === 'approve'} disabled={busy !== null} onClick={() => void decide('approve')}>
                    {t('device.approve')}
                </Button>
                <Button variant="default" loading={busy === 'deny'} disabled={busy !== null} onClick={() => void decide('deny')}>
                    {t('device.deny')}
                </Button>
            </div>
        </div>
    );
}

export function DevicePage() {
    const { t } = useWords();
    const [query, setQuery] = useSearchParams();
    const code = tidyCode(query.get('user_code') ?? '');
    const [end, setEnd] = useState<'approved' | 'denied' | null>(null);
    const asked = useAnswer<DeviceAsk>(code && end === null ? `/api/v1/device/${part(code)}` : null);
    const other = (
        <Button variant="default" onClick={() => setQuery({})}>
            {t('device.other')}
        </Button>
    );
    const body = () => {
        if (end) return <Note tone={end === 'approved' ? 'good' : 'note'}>{t(`device.${end}`)}</Note>;
        if (!code) return <EnterCode found={(found) => setQuery({ user_code: found })} />;
        if (asked.answer && !asked.answer.ok && asked.answer.problem.status === 404)
            return (
                <div className="stack">
                    <Note tone="bad">{t('device.unknown', { code })}</Note>
                    <div>{other}</div>
                </div>
            );
        return <Answered asked={asked}>{(device) => <Confirm of={device} ended={setEnd} />}</Answered>;
    };
    return (
        <Page title={t('nav.device')} lead={t('device.lead')}>
            <div className="narrow">
                <Panel>{body()}</Panel>
            </div>
        </Page>
    );
}

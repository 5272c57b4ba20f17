import { Button } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'react-router-dom';
import { post, type Problem } from '../api/client';
import type { AuthorizationAsk } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { useMe } from '../parts/me';
import { Page, Panel } from '../parts/page';
import { Answered, Note, ProblemNote } from '../parts/states';
import { useWords } from '../words/words';

const words = ['response_type', 'client_id', 'redirect_uri', 'code_challenge', 'code_challenge_method', 'state', 'host'];

interface ConfirmProps {
    of: AuthorizationAsk;
    /** What the program's address asks for, to be said again with the answer. */
    body: Record<string, string>;
    gone: () => void;
}
/** Never by itself: whoever makes somebody open such an address would be let in. */
function Confirm({ of: ask, body, gone }: ConfirmProps) {
    const { t } = useWords();
    const me = useMe();
    const [busy, setBusy] = useState<'approve' | 'deny' | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const decide = async (what: 'approve' | 'deny') => {
        setBusy(what);
        const answer = await post<{ to: string }>(`/api/v1/authorization/${what}`, body);
        setBusy(null);
        if (!answer.ok) {
            setProblem(answer.problem);
            return;
        }
        gone();
        window.location.assign(answer.value.to);
    };
    return (
        <div className="stack">
            <p>
                {t('authorize.confirm_lead', { client: ask.client, host: ask.host || t('authorize.this_computer'), name: me.display_name || me.user_name })}
            </p>
            {ask.login_notice && <Note tone="note">{ask.login_notice}</Note>}
            <Note tone="warn">
                <p>{t('authorize.warning')}</p>
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

export function AuthorizePage() {
    const { t } = useWords();
    const { search } = useLocation();
    const [isGone, setGone] = useState(false);
    const asked = useAnswer<AuthorizationAsk>(isGone ? null : `/api/v1/authorization${search}`);
    const query = new URLSearchParams(search);
    const body = Object.fromEntries(words.map((word) => [word, query.get(word) ?? '']));
    return (
        <Page title={t('authorize.title')} lead={t('authorize.lead')}>
            <div className="narrow">
                <Panel>
                    {isGone ? (
                        <Note tone="note">{t('authorize.gone')}</Note>
                    ) : (
                        <Answered asked={asked}>{(ask) => <Confirm of={ask} body={body} gone={() => setGone(true)} />}</Answered>
                    )}
                </Panel>
            </div>
        </Page>
    );
}

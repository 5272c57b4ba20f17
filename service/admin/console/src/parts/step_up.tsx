import { Button, PasswordInput } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { askPlainly, part, setCsrf, setHooks, type Problem } from '../api/client';
import type { Me } from '../api/types';
import { useWords } from '../words/words';
import { Dialog } from './dialog';
import { useMe } from './me';
import { Note, ProblemNote } from './states';

/** A session that is raised gets new tokens: those of the page are read anew. */
async function raise(password: string): Promise<Problem | null> {
    const answer = await askPlainly('POST', '/auth/step-up', { password });
    if (!answer.ok) return answer.problem;
    const me = await askPlainly<Me>('GET', '/api/v1/me');
    if (!me.ok) return me.problem;
    setCsrf(me.value.csrf);
    return null;
}

function ByPassword({ done, close }: { done: () => void; close: () => void }) {
    const { t } = useWords();
    const [password, setPassword] = useState('');
    const [problem, setProblem] = useState<Problem | null>(null);
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        setBusy(true);
        const refused = await raise(password);
        setBusy(false);
        setPassword('');
        setProblem(refused);
        if (refused === null) done();
    };
    return (
        <form className="stack" onSubmit={(event) => void submit(event)}>
            <p>{t('step_up.password_lead')}</p>
            <PasswordInput
                label={t('step_up.password')}
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
                autoComplete="current-password"
                visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
                data-autofocus
                required
            />
            {problem && <ProblemNote problem={problem} />}
            <div className="dialog-actions">
                <Button variant="default" onClick={close}>
                    {t('dialog.cancel')}
                </Button>
                <Button type="submit" loading={busy} disabled={!password}>
                    {t('step_up.go')}
                </Button>
            </div>
        </form>
    );
}

function ByProvider({ name, close }: { name: string; close: () => void }) {
    const { t } = useWords();
    const here = window.location.pathname + window.location.search;
    return (
        <div className="stack">
            <p>{t('step_up.provider_lead')}</p>
            <div className="dialog-actions">
                <Button variant="default" onClick={close}>
                    {t('dialog.cancel')}
                </Button>
                <Button component="a" href={`/auth/oidc/${part(name)}?step_up=1&to=${part(here)}`}>
                    {t('step_up.provider_go')}
                </Button>
            </div>
        </div>
    );
}

/** Dangerous actions want to know that it is still the same person: this asks when the API says so. */
export function StepUp() {
    const { t } = useWords();
    const me = useMe();
    const [open, setOpen] = useState(false);
    const settle = useRef<(raised: boolean) => void>(() => undefined);
    useEffect(() => {
        setHooks({
            stepUp: () =>
                new Promise<boolean>((resolve) => {
                    settle.current = resolve;
                    setOpen(true);
                }),
        });
        return () => setHooks({ stepUp: async () => false });
    }, []);
    const end = (raised: boolean) => {
        setOpen(false);
        settle.current(raised);
    };
    if (!open) return null;
    const [kind, name = ''] = me.way.split(':');
    return (
        <Dialog title={t('step_up.title')} close={() => end(false)}>
            {kind === 'ldap' && <ByPassword done={() => end(true)} close={() => end(false)} />}
            {kind === 'oidc' && <ByProvider name={name} close={() => end(false)} />}
            {kind !== 'ldap' && kind !== 'oidc' && <Note tone="note">{t('step_up.neither')}</Note>}
        </Dialog>
    );
}

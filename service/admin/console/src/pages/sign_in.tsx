import { Anchor, Button, PasswordInput, Select, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { useSearchParams } from 'react-router-dom';
import { askPlainly, part, type Answer, type Problem } from '../api/client';
import type { Way, Ways } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { Wordmark } from '../parts/icons';
import { Preferences } from '../parts/preferences';
import { Answered, Note, ProblemNote, Waiting } from '../parts/states';
import { safeReturnPath } from '../return_path';
import { useWords, type Word } from '../words/words';

const failures: Record<string, Word> = {
    refused: 'sign_in.failed.refused',
    unavailable: 'sign_in.failed.unavailable',
    unknown: 'sign_in.failed.unknown',
    expired: 'sign_in.failed.expired',
};

/** A whole load: everything that the page knew of somebody else is gone. */
const enter = (to: string): void => window.location.replace(to);

interface SecretFormProps {
    does: string;
    label: string;
    submit: (secret: string) => Promise<Answer<unknown>>;
    entered: () => void;
    /** The fields above the secret one. */
    children?: ReactNode;
}
function SecretForm({ does, label, submit, entered, children }: SecretFormProps) {
    const { t } = useWords();
    const [secret, setSecret] = useState('');
    const [problem, setProblem] = useState<Problem | null>(null);
    const [busy, setBusy] = useState(false);
    const go = async (event: FormEvent) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        const answer = await submit(secret);
        if (answer.ok) return entered();
        setBusy(false);
        setSecret('');
        setProblem(answer.problem);
    };
    return (
        <form className="stack" onSubmit={(event) => void go(event)}>
            {problem && (problem.status === 401 ? <Note tone="bad">{t('sign_in.wrong')}</Note> : <ProblemNote problem={problem} />)}
            {children}
            <PasswordInput
                label={label}
                value={secret}
                onChange={(event) => setSecret(event.currentTarget.value)}
                autoComplete="current-password"
                visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
                required
                withAsterisk={false}
            />
            <Button type="submit" fullWidth loading={busy}>
                {does}
            </Button>
        </form>
    );
}

function PasswordForm({ ways, to }: { ways: readonly Way[]; to: string }) {
    const { t } = useWords();
    const [name, setName] = useState(ways[0]?.name ?? '');
    const [user, setUser] = useState('');
    return (
        <SecretForm
            does={t('sign_in.go')}
            label={t('sign_in.password')}
            submit={(password) => askPlainly('POST', `/auth/ldap/${part(name)}`, { user: user.trim(), password })}
            entered={() => enter(to)}
        >
            {ways.length > 1 && (
                <Select
                    label={t('sign_in.account')}
                    data={ways.map((way) => ({ value: way.name, label: way.title }))}
                    value={name}
                    onChange={(value) => setName(value ?? name)}
                    allowDeselect={false}
                />
            )}
            <TextInput
                label={t('sign_in.user')}
                description={ways.length === 1 ? ways[0]?.title : undefined}
                value={user}
                onChange={(event) => setUser(event.currentTarget.value)}
                autoComplete="username"
                autoCapitalize="none"
                spellCheck={false}
                autoFocus
                required
                withAsterisk={false}
            />
        </SecretForm>
    );
}

function BreakGlass({ to, back }: { to: string; back: () => void }) {
    const { t } = useWords();
    return (
        <div className="stack">
            <Note tone="warn">{t('sign_in.break_glass_text')}</Note>
            <SecretForm
                does={t('sign_in.break_glass_go')}
                label={t('sign_in.passphrase')}
                submit={(passphrase) => askPlainly('POST', '/auth/break-glass', { passphrase })}
                entered={() => enter(to)}
            />
            <Anchor component="button" type="button" size="sm" onClick={back}>
                {t('sign_in.break_glass_back')}
            </Anchor>
        </div>
    );
}

function AllWays({ ways, to, breakGlass }: { ways: Ways; to: string; breakGlass: () => void }) {
    const { t } = useWords();
    const passwords = ways.ways.filter((way) => way.kind === 'password');
    const providers = ways.ways.filter((way) => way.kind === 'redirect');
    return (
        <>
            {ways.ways.length === 0 && <Note tone="note">{t('sign_in.no_ways')}</Note>}
            {passwords.length > 0 && <PasswordForm ways={passwords} to={to} />}
            {passwords.length > 0 && providers.length > 0 && <div className="or">{t('sign_in.or')}</div>}
            {providers.length > 0 && (
                <div className="stack">
                    {providers.map((way) => (
                        <Button key={way.name} component="a" variant="default" fullWidth href={`/auth/oidc/${part(way.name)}?to=${part(to)}`}>
                            {t('sign_in.with', { name: way.title })}
                        </Button>
                    ))}
                </div>
            )}
            {ways.break_glass && (
                <p className="sign-in-glass">
                    <Anchor component="button" type="button" size="xs" onClick={breakGlass}>
                        {t('sign_in.break_glass')}
                    </Anchor>
                </p>
            )}
        </>
    );
}

export function SignInPage() {
    const { t } = useWords();
    const [query] = useSearchParams();
    const asked = useAnswer<Ways>('/auth/ways');
    const [glass, setGlass] = useState(false);
    const to = safeReturnPath(query.get('to'));
    const failed = failures[query.get('failed') ?? ''];
    const organisation = asked.answer?.ok ? asked.answer.value.organisation : '';
    const title = organisation ? t('sign_in.title', { organisation }) : t('sign_in.title_plain');
    useEffect(() => {
        document.title = `${t('sign_in.title_plain')} · Bursar`;
    }, [t]);
    return (
        <div className="sign-in">
            <main className="sign-in-card">
                <Wordmark size={36} />
                <h1>{title}</h1>
                <p className="sign-in-lead">{t('sign_in.lead')}</p>
                {failed && !glass && <Note tone="bad">{t(failed)}</Note>}
                <Answered asked={asked} waiting={<Waiting lines={3} />}>
                    {(ways) =>
                        glass ? <BreakGlass to={to} back={() => setGlass(false)} /> : <AllWays ways={ways} to={to} breakGlass={() => setGlass(true)} />
                    }
                </Answered>
            </main>
            <footer className="sign-in-foot">
                <Preferences />
            </footer>
        </div>
    );
}

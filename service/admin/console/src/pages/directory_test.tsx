import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { mayRunDirectories } from '../access';
import { part, post, type Problem } from '../api/client';
import type { Directory, Step } from '../api/types';
import { Icon, type IconName } from '../parts/icons';
import { useMe } from '../parts/me';
import { Panel } from '../parts/page';
import { Note, ProblemNote } from '../parts/states';
import { useWords } from '../words/words';

const stepIcons: Record<Step['state'], IconName> = { good: 'check', bad: 'cross', skipped: 'skip' };

function Steps({ steps }: { steps: readonly Step[] }) {
    const { t, many, named } = useWords();
    const bad = steps.filter((step) => step.state === 'bad').length;
    return (
        <div className="stack" role="status">
            <p className="strong">{bad === 0 ? t('test.all_good') : many('test.bad', bad)}</p>
            <ol className="steps">
                {steps.map((step, index) => (
                    <li key={`${index} ${step.name}`} className={`step step-${step.state}`}>
                        <span className="step-mark">
                            <Icon name={stepIcons[step.state]} size={15} />
                        </span>
                        <div>
                            <p className="step-name">
                                {named('test.step', step.name)} <span className="unseen">: {t(`test.state.${step.state}`)}</span>
                            </p>
                            <p className="step-text">{step.text}</p>
                        </div>
                    </li>
                ))}
            </ol>
        </div>
    );
}

interface Props {
    directory: string;
    kind: Directory['kind'];
}
/** Goes the way of a sign-in step by step, and says at each what is there. */
export function ConnectionTest({ directory, kind }: Props) {
    const { t } = useWords();
    const me = useMe();
    const [user, setUser] = useState('');
    const [password, setPassword] = useState('');
    const [busy, setBusy] = useState(false);
    const [steps, setSteps] = useState<Step[] | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const run = async (event: FormEvent) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        const answer = await post<{ steps: Step[] }>(`/api/v1/directories/${part(directory)}/test`, {
            user: user.trim(),
            ...(password && { password }),
        });
        setBusy(false);
        setPassword('');
        if (answer.ok) setSteps(answer.value.steps);
        else setProblem(answer.problem);
    };
    if (!mayRunDirectories(me.role))
        return (
            <Panel title={t('test.title')}>
                <Note tone="note">{t('directory.read_only')}</Note>
            </Panel>
        );
    return (
        <Panel title={t('test.title')} lead={t(kind === 'ldap' ? 'test.lead' : 'test.lead_oidc')}>
            <form className="test-form" onSubmit={(event) => void run(event)}>
                {kind === 'ldap' && (
                    <>
                        <TextInput
                            label={t('test.user')}
                            description={t('test.user_hint')}
                            value={user}
                            onChange={(event) => setUser(event.currentTarget.value)}
                            autoComplete="off"
                            autoCapitalize="none"
                            spellCheck={false}
                        />
                        <PasswordInput
                            label={t('test.password')}
                            description={t('test.password_hint')}
                            value={password}
                            onChange={(event) => setPassword(event.currentTarget.value)}
                            autoComplete="off"
                            visibilityToggleButtonProps={{ 'aria-label': t('sign_in.show_password') }}
                        />
                    </>
                )}
                <Button type="submit" loading={busy}>
                    {t('test.go')}
                </Button>
            </form>
            {problem && <ProblemNote problem={problem} />}
            {steps && <Steps steps={steps} />}
        </Panel>
    );
}

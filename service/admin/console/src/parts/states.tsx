import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Answer, Problem } from '../api/client';
import type { Asked } from '../api/use_answer';
import { useWords, type Word } from '../words/words';
import { Icon, type IconName } from './icons';

const codes: Record<string, Word> = {
    unreachable: 'problem.unreachable',
    unauthenticated: 'problem.unauthenticated',
    not_permitted: 'problem.not_permitted',
    not_found: 'problem.not_found',
    locked_out: 'problem.locked_out',
    step_up_needed: 'problem.step_up_needed',
    directory_unavailable: 'problem.directory_unavailable',
    storage_unavailable: 'problem.storage_unavailable',
    overloaded: 'problem.overloaded',
    shutting_down: 'problem.overloaded',
};

/** What went wrong, in the person's language, and the API's own sentence, which is English and says what to change. */
export function useProblemWords(): (problem: Problem) => { headline: string; detail: string } {
    const { t, language } = useWords();
    return (problem) => {
        const word = codes[problem.code] ?? 'problem.other';
        if (language === 'en' && problem.detail) return { headline: problem.detail, detail: '' };
        return { headline: t(word), detail: problem.detail };
    };
}

interface NoteProps {
    tone: 'bad' | 'warn' | 'good' | 'note';
    children: ReactNode;
    title?: string;
}
const noteIcons: Record<NoteProps['tone'], IconName> = { bad: 'warn', warn: 'warn', good: 'check', note: 'info' };

export function Note({ tone, title, children }: NoteProps) {
    return (
        <div className={`note note-${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
            <Icon name={noteIcons[tone]} />
            <div>
                {title && <p className="note-title">{title}</p>}
                {children}
            </div>
        </div>
    );
}

export function ProblemNote({ problem }: { problem: Problem }) {
    const { headline, detail } = useProblemWords()(problem);
    return (
        <Note tone="bad">
            <p>{headline}</p>
            {detail && (
                <p className="note-detail" lang="en">
                    {detail}
                </p>
            )}
        </Note>
    );
}

export function Failure({ problem, again }: { problem: Problem; again: () => void }) {
    const { t } = useWords();
    return (
        <div className="failure">
            <ProblemNote problem={problem} />
            <Button variant="default" leftSection={<Icon name="rotate" size={16} />} onClick={again}>
                {t('state.again')}
            </Button>
        </div>
    );
}

interface EmptyProps {
    icon?: IconName;
    title: string;
    children?: ReactNode;
    action?: ReactNode;
}
export function Empty({ icon = 'empty', title, children, action }: EmptyProps) {
    return (
        <div className="empty">
            <span className="empty-icon">
                <Icon name={icon} size={26} />
            </span>
            <p className="empty-title">{title}</p>
            {children && <p className="empty-text">{children}</p>}
            {action}
        </div>
    );
}

export function Waiting({ lines = 4 }: { lines?: number }) {
    const { t } = useWords();
    return (
        <div className="waiting" role="status" aria-label={t('state.loading')}>
            {Array.from({ length: lines }, (_, line) => (
                <Skeleton key={line} height={line === 0 ? 20 : 38} width={line === 0 ? '40%' : '100%'} radius="sm" />
            ))}
        </div>
    );
}

interface AnsweredProps<T> {
    asked: Asked<T>;
    waiting?: ReactNode;
    children: (value: T) => ReactNode;
}
/** What was asked for: bones while it comes, what to do if it does not. */
export function Answered<T>({ asked, waiting, children }: AnsweredProps<T>) {
    const answer: Answer<T> | null = asked.answer;
    if (answer === null) return <>{waiting ?? <Waiting />}</>;
    if (!answer.ok) return <Failure problem={answer.problem} again={asked.again} />;
    return <>{children(answer.value)}</>;
}

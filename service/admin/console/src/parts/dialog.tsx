import { Button, Modal } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Answer, Problem } from '../api/client';
import { useWords } from '../words/words';
import { ProblemNote } from './states';

interface DialogProps {
    title: string;
    close: () => void;
    children: ReactNode;
    size?: string;
    /** What is shown is lost on closing: only a button may do it. */
    keep?: boolean;
}
export function Dialog({ title, close, children, size = 'md', keep = false }: DialogProps) {
    const { t } = useWords();
    return (
        <Modal
            opened
            onClose={close}
            title={title}
            size={size}
            centered
            closeOnClickOutside={!keep}
            closeOnEscape={!keep}
            withCloseButton={!keep}
            closeButtonProps={{ 'aria-label': t('dialog.close') }}
        >
            {children}
        </Modal>
    );
}

interface FormDialogProps<T> {
    title: string;
    /** The word on the button that does it. */
    does: string;
    danger?: boolean;
    disabled?: boolean;
    close: () => void;
    run: () => Promise<Answer<T>>;
    done: (value: T) => void;
    children: ReactNode;
}
/** Asks something or for a yes, does it, and stays with the reason if it could not be done. */
export function FormDialog<T>({ title, does, danger = false, disabled = false, close, run, done, children }: FormDialogProps<T>) {
    const { t } = useWords();
    const [problem, setProblem] = useState<Problem | null>(null);
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        const answer = await run();
        setBusy(false);
        if (answer.ok) done(answer.value);
        else setProblem(answer.problem);
    };
    return (
        <Dialog title={title} close={close}>
            <form onSubmit={(event) => void submit(event)} className="stack">
                {children}
                {problem && <ProblemNote problem={problem} />}
                <div className="dialog-actions">
                    <Button variant="default" onClick={close}>
                        {t('dialog.cancel')}
                    </Button>
                    <Button type="submit" color={danger ? 'red' : 'teal'} loading={busy} disabled={disabled}>
                        {does}
                    </Button>
                </div>
            </form>
        </Dialog>
    );
}

import { Button, Modal } from '@mantine/core';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import type { Answer, Problem } from '../api/client';
import { useWords } from '../words/words';
import { ProblemNote } from './states';

/** What had the focus; of a line in a menu, which is gone by the end, the button that opened the menu. */
function openerNow(): Element | null {
    const active = document.activeElement;
    const menu = active?.closest('[role=menu]')?.getAttribute('aria-labelledby');
    return menu ? document.getElementById(menu) : active;
}

/** Gives the focus back when the dialog is gone, or to the content if what had it is gone as well. */
function useFocusBack(): void {
    const opener = useRef<Element | null | undefined>(undefined);
    if (opener.current === undefined) opener.current = openerNow();
    useEffect(
        () => () => {
            const back = opener.current;
            window.setTimeout(() => {
                // A dialog that follows this one has it already.
                if (document.activeElement !== document.body) return;
                const to = back?.isConnected ? back : document.getElementById('content');
                if (to instanceof HTMLElement) to.focus({ preventScroll: true });
            });
        },
        [],
    );
}

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
    useFocusBack();
    return (
        <Modal
            opened
            returnFocus={false}
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

import { CloseButton } from '@mantine/core';
import { createContext, useCallback, useContext, useEffect, useRef, useState, type ReactNode } from 'react';
import { useWords } from '../words/words';
import { Icon } from './icons';

const shownFor = 6000;
const Context = createContext<(text: string) => void>(() => undefined);

/** One line at the edge of the window about what was just done; read out politely. */
export function ToldProvider({ children }: { children: ReactNode }) {
    const { t } = useWords();
    const [text, setText] = useState('');
    const timer = useRef<number>();
    const tell = useCallback((next: string) => {
        window.clearTimeout(timer.current);
        setText(next);
        timer.current = window.setTimeout(() => setText(''), shownFor);
    }, []);
    useEffect(() => () => window.clearTimeout(timer.current), []);
    return (
        <Context.Provider value={tell}>
            {children}
            <div className="told" role="status" aria-live="polite">
                {text && (
                    <div className="told-line">
                        <Icon name="check" />
                        <span>{text}</span>
                        <CloseButton size="sm" aria-label={t('dialog.close')} onClick={() => setText('')} />
                    </div>
                )}
            </div>
        </Context.Provider>
    );
}

export const useTell = (): ((text: string) => void) => useContext(Context);

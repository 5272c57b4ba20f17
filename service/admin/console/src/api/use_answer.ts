import { useCallback, useEffect, useState } from 'react';
import { ask, type Answer } from './client';

export interface Asked<T> {
    /** Null while it is under way. */
    answer: Answer<T> | null;
    /** Asks again; what was there stays until the new answer comes. */
    again: () => void;
}

/** The answer to GET `path`; null asks nothing. */
export function useAnswer<T>(path: string | null): Asked<T> {
    const [kept, setKept] = useState<{ path: string; answer: Answer<T> } | null>(null);
    const [turn, setTurn] = useState(0);
    const again = useCallback(() => setTurn((before) => before + 1), []);
    useEffect(() => {
        if (path === null) return undefined;
        let wanted = true;
        void ask<T>('GET', path).then((answer) => {
            if (wanted) setKept({ path, answer });
        });
        return () => {
            wanted = false;
        };
    }, [path, turn]);
    return { answer: kept !== null && kept.path === path ? kept.answer : null, again };
}

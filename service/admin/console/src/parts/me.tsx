import { createContext, useContext, type ReactNode } from 'react';
import { setCsrf } from '../api/client';
import type { Me } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { useWords } from '../words/words';
import { Failure } from './states';

const Context = createContext<Me | null>(null);

/** Who is signed in, for everything within; nobody gets past it. */
export function SignedIn({ children }: { children: ReactNode }) {
    const { t } = useWords();
    const { answer, again } = useAnswer<Me>('/api/v1/me');
    if (answer === null) return <div className="splash" role="status" aria-label={t('state.loading')} />;
    // Whoever is not signed in is on the way to the sign-in page by now.
    if (!answer.ok && answer.problem.status === 401) return <div className="splash" />;
    if (!answer.ok)
        return (
            <main className="alone">
                <Failure problem={answer.problem} again={again} />
            </main>
        );
    setCsrf(answer.value.csrf);
    return <Context.Provider value={answer.value}>{children}</Context.Provider>;
}

export const useMaybeMe = (): Me | null => useContext(Context);

export function useMe(): Me {
    const me = useMaybeMe();
    if (me === null) throw new Error('useMe() outside of SignedIn');
    return me;
}

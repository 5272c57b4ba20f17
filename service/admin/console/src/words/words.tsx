import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import de from './de.json';
import en from './en.json';

export type Word = keyof typeof en;
/** Words that differ by number: "keys.count" of "keys.count_one" and "keys.count_other". */
export type Counted = Word extends infer W ? (W extends `${infer Base}_one` ? Base : never) : never;
export type Language = 'en' | 'de';
export type Fill = Record<string, string | number>;

export const languages: readonly { language: Language; name: string }[] = [
    { language: 'en', name: 'English' },
    { language: 'de', name: 'Deutsch' },
];

const words: Record<Language, Record<Word, string>> = { en, de };
const storage = 'bursar-language';

function firstLanguage(): Language {
    try {
        const kept = window.localStorage.getItem(storage);
        if (kept === 'en' || kept === 'de') return kept;
    } catch {
        // Storage is off: the browser's own choice counts.
    }
    return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}

export interface Words {
    language: Language;
    speak: (language: Language) => void;
    t: (word: Word, fill?: Fill) => string;
    many: (word: Counted, count: number, fill?: Fill) => string;
    /** The word, if there is one by that name: for names that come from the API. */
    named: (prefix: string, name: string) => string;
}

const filled = (text: string, fill: Fill): string => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole));

function wordsIn(language: Language): Omit<Words, 'language' | 'speak'> {
    const book = words[language];
    const rules = new Intl.PluralRules(language);
    const numbers = new Intl.NumberFormat(language);
    return {
        t: (word, fill = {}) => filled(book[word], fill),
        many: (word, count, fill = {}) => {
            const form = rules.select(count) === 'one' ? 'one' : 'other';
            return filled(book[`${word}_${form}` as Word], { count: numbers.format(count), ...fill });
        },
        named: (prefix, name) => (book as Record<string, string>)[`${prefix}.${name}`] ?? name,
    };
}

const Context = createContext<Words | null>(null);

export function WordsProvider({ children }: { children: ReactNode }) {
    const [language, setLanguage] = useState<Language>(firstLanguage);
    useEffect(() => {
        document.documentElement.lang = language;
    }, [language]);
    const value = useMemo<Words>(
        () => ({
            language,
            speak: (next) => {
                try {
                    window.localStorage.setItem(storage, next);
                } catch {
                    // Then it holds until the page is left.
                }
                setLanguage(next);
            },
            ...wordsIn(language),
        }),
        [language],
    );
    return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useWords(): Words {
    const value = useContext(Context);
    if (value === null) throw new Error('useWords() outside of WordsProvider');
    return value;
}

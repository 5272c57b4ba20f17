import { useMemo } from 'react';
import { useMaybeMe } from '../parts/me';
import { useWords } from './words';

export interface Formats {
    money: (amount: number | string) => string;
    /** Without cents, for axes and large sums. */
    moneyShort: (amount: number) => string;
    number: (value: number) => string;
    numberShort: (value: number) => string;
    percent: (part: number) => string;
    /** A date of the calendar, "2026-11-29". */
    date: (date: string) => string;
    dateShort: (date: string) => string;
    /** An instant, in the organisation's time zone. */
    instant: (at: string | number) => string;
    day: (at: string | number) => string;
    /** "3 hours ago", "in 2 days" */
    away: (at: string | number) => string;
}

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 365 * 86_400_000],
    ['month', 30 * 86_400_000],
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
];

function awayIn(relative: Intl.RelativeTimeFormat, milliseconds: number): string {
    for (const [unit, length] of units) if (Math.abs(milliseconds) >= length) return relative.format(Math.trunc(milliseconds / length), unit);
    return relative.format(0, 'second');
}

/** Sums under a cent would all read 0.00: those get the digits that they need. */
function digitsOf(amount: number): number {
    const size = Math.abs(amount);
    return size === 0 || size >= 0.1 ? 2 : 4;
}

export function formatsOf(locale: string, timeZone: string, currency: string): Formats {
    const plain = new Intl.NumberFormat(locale);
    // The abbreviations of British English, 2m and 3k, are not what the trade writes.
    const compact = locale.startsWith('en') ? 'en' : locale;
    const short = new Intl.NumberFormat(compact, { notation: 'compact', maximumFractionDigits: 1 });
    const sums = { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } as const;
    const moneyShort = new Intl.NumberFormat(compact, { ...sums, notation: 'compact', maximumFractionDigits: 1 });
    const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
    const instant = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium', timeStyle: 'short' });
    const day = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'medium' });
    const date = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', dateStyle: 'medium' });
    const dateShort = new Intl.DateTimeFormat(locale, { timeZone: 'UTC', day: 'numeric', month: 'short' });
    const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
    const at = (time: string | number): number => (typeof time === 'number' ? time : Date.parse(time));
    const calendar = (text: string): number => Date.parse(`${text}T00:00:00Z`);
    return {
        money: (amount) => {
            const value = Number(amount);
            const digits = digitsOf(value);
            return new Intl.NumberFormat(locale, { ...sums, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
        },
        moneyShort: (amount) => moneyShort.format(amount),
        number: (value) => plain.format(value),
        numberShort: (value) => short.format(value),
        percent: (value) => percent.format(value),
        date: (text) => date.format(calendar(text)),
        dateShort: (text) => dateShort.format(calendar(text)),
        instant: (time) => instant.format(at(time)),
        day: (time) => day.format(at(time)),
        away: (time) => awayIn(relative, at(time) - Date.now()),
    };
}

/** English as it is written in Europe: day before month, 24 hours. */
const localeOf = { en: 'en-GB', de: 'de-DE' } as const;

export function useFormats(): Formats {
    const { language } = useWords();
    const me = useMaybeMe();
    const zone = me?.time_zone || 'UTC';
    const currency = me?.currency || 'USD';
    return useMemo(() => formatsOf(localeOf[language], zone, currency), [language, zone, currency]);
}

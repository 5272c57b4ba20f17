/** Dates are "2026-11-29", as the API takes them: whole days of the organisation's time zone. */
export interface Span {
    from: string;
    to: string;
}
export type PeriodName = 'week' | 'month' | 'last_month' | 'thirty' | 'ninety' | 'own';
export const periodNames: readonly PeriodName[] = ['week', 'thirty', 'month', 'last_month', 'ninety', 'own'];

const day = 24 * 3600 * 1000;

/** The date of an instant in a time zone. */
export function dateIn(timeZone: string, at: number): string {
    return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);
}

/** A date is only a date here: it is counted in UTC, where every day has 24 hours. */
export function plusDays(date: string, days: number): string {
    return new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10);
}

const firstOfMonth = (date: string): string => `${date.slice(0, 7)}-01`;

export function spanOf(name: PeriodName, today: string): Span {
    switch (name) {
        case 'week':
            return { from: plusDays(today, -6), to: today };
        case 'month':
            return { from: firstOfMonth(today), to: today };
        case 'last_month': {
            const to = plusDays(firstOfMonth(today), -1);
            return { from: firstOfMonth(to), to };
        }
        case 'ninety':
            return { from: plusDays(today, -89), to: today };
        case 'thirty':
        case 'own':
            return { from: plusDays(today, -29), to: today };
    }
}

const daysMax = 400;

/** Every date of the span, so that days without calls are there too. */
export function datesOf({ from, to }: Span): string[] {
    const dates = [];
    for (let date = from; date <= to && dates.length < daysMax; date = plusDays(date, 1)) dates.push(date);
    return dates;
}

export const isDate = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));

/** What the clocks of a time zone show at an instant, as if it were UTC. */
function wallClock(timeZone: string, at: number): number {
    const parts = new Intl.DateTimeFormat('en-US', {
        timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
    }).formatToParts(at);
    const value = (type: string): number => Number(parts.find((each) => each.type === type)?.value ?? 0);
    return Date.UTC(value('year'), value('month') - 1, value('day'), value('hour'), value('minute'), value('second'));
}

/** The instant at which a date begins in a time zone. */
export function startOfDate(date: string, timeZone: string): number {
    const midnight = Date.parse(`${date}T00:00:00Z`);
    let at = midnight;
    // Twice, for the days on which the clocks change between the first guess and the answer.
    for (let turn = 0; turn < 2; turn += 1) at = midnight - (wallClock(timeZone, at) - at);
    return at;
}

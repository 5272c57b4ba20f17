import type { Usage, UsageRow, UsageSums } from '../api/types';
import { datesOf, type Span } from '../periods';

// What the usage pages draw, made of the API's rows. Pure.

export type Figure = 'charge' | 'tokens' | 'calls';
export const figureNames: readonly Figure[] = ['charge', 'tokens', 'calls'];

export function figureOf(sums: UsageSums, figure: Figure): number {
    switch (figure) {
        case 'charge':
            return Number(sums.charge_usd);
        case 'tokens':
            return sums.input_tokens + sums.output_tokens;
        case 'calls':
            return sums.calls;
    }
}

/** So many have a colour of their own; the rest is one. */
export const colours = ['#12805a', '#3b6fd4', '#d9860a', '#8557c9', '#cf4a6b', '#1897a6', '#7f8c1f'] as const;
export const colourOfRest = '#7b8794';
export const rest = '\u0000rest';

export interface Series {
    name: string;
    colour: string;
}
export interface Chart {
    series: Series[];
    /** One a day, days without calls too: {date, [series]: number}. */
    days: Record<string, string | number>[];
}

const nameOf = (row: UsageRow, by: string): string => row.group[by] || '–';

function largestFirst(rows: readonly UsageRow[], by: string, figure: Figure): string[] {
    const sums = new Map<string, number>();
    for (const row of rows) sums.set(nameOf(row, by), (sums.get(nameOf(row, by)) ?? 0) + figureOf(row, figure));
    return [...sums.entries()].sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0])).map(([name]) => name);
}

export function chartOf(usage: Usage, by: string, figure: Figure, span: Span): Chart {
    const names = largestFirst(usage.rows, by, figure);
    // One that is left over needs no "others" of its own.
    const shown = names.length <= colours.length + 1 ? names : names.slice(0, colours.length);
    const series = shown.map((name, index) => ({ name, colour: colours[index] ?? colourOfRest }));
    if (shown.length < names.length) series.push({ name: rest, colour: colourOfRest });
    const days = new Map<string, Record<string, string | number>>();
    for (const date of datesOf(span)) days.set(date, { date, ...Object.fromEntries(series.map(({ name }) => [name, 0])) });
    for (const row of usage.rows) {
        const day = days.get(row.group['day'] ?? '');
        if (!day) continue;
        const name = shown.includes(nameOf(row, by)) ? nameOf(row, by) : rest;
        day[name] = Number(day[name] ?? 0) + figureOf(row, figure);
    }
    return { series, days: [...days.values()] };
}

export interface Line {
    name: string;
    calls: number;
    input: number;
    output: number;
    charge: number;
    share: number;
}
/** One line for each, the dearest first. */
export function linesOf(usage: Usage, by: string): Line[] {
    const lines = new Map<string, Line>();
    for (const row of usage.rows) {
        const name = nameOf(row, by);
        const line = lines.get(name) ?? { name, calls: 0, input: 0, output: 0, charge: 0, share: 0 };
        line.calls += row.calls;
        line.input += row.input_tokens;
        line.output += row.output_tokens;
        line.charge += Number(row.charge_usd);
        lines.set(name, line);
    }
    const all = [...lines.values()].sort((one, other) => other.charge - one.charge || one.name.localeCompare(other.name));
    const total = all.reduce((sum, line) => sum + line.charge, 0);
    for (const line of all) line.share = total > 0 ? line.charge / total : 0;
    return all;
}

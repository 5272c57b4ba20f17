import { part } from '../api/client';
import type { AuditEntry } from '../api/types';
import { csvOf } from '../csv';
import { isDate, plusDays, startOfDate } from '../periods';

/** What is asked of the whole log. Days are of the organisation's time zone, both with all of their entries. */
export interface Wanted {
    actor: string;
    action: string;
    outcome: '' | 'ok' | 'not_ok';
    from: string;
    to: string;
}
export const anything: Wanted = { actor: '', action: '', outcome: '', from: '', to: '' };

/** "&actor=…&from=…", of what was filled in. */
export function queryOf(wanted: Wanted, zone: string): string {
    const instant = (date: string) => new Date(startOfDate(date, zone)).toISOString();
    const pairs = {
        actor: wanted.actor.trim(),
        action: wanted.action.trim(),
        outcome: wanted.outcome,
        from: isDate(wanted.from) ? instant(wanted.from) : '',
        to: isDate(wanted.to) ? instant(plusDays(wanted.to, 1)) : '',
    };
    return Object.entries(pairs)
        .filter(([, value]) => value)
        .map(([name, value]) => `&${name}=${part(value)}`)
        .join('');
}

/** Every word must be somewhere in the row. */
export function filtered(entries: readonly AuditEntry[], text: string): AuditEntry[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return entries.filter((entry) => {
        const all = `${entry.number} ${entry.at} ${entry.actor} ${entry.address} ${entry.action} ${entry.object} ${entry.outcome} ${entry.detail ?? ''}`.toLowerCase();
        return words.every((word) => all.includes(word));
    });
}

const columns = ['number', 'at', 'actor', 'address', 'action', 'object', 'outcome', 'detail', 'hash'] as const;

export const auditCsv = (entries: readonly AuditEntry[]): string =>
    csvOf([columns, ...entries.map((entry) => columns.map((column) => String(entry[column] ?? '')))]);

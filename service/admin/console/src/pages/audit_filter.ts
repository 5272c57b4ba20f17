import type { AuditEntry } from '../api/types';
import { csvOf } from '../csv';

/** Every word must be somewhere in the row. */
export function filtered(entries: readonly AuditEntry[], text: string, only: '' | 'ok' | 'not_ok'): AuditEntry[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return entries.filter((entry) => {
        if (only === 'ok' && entry.outcome !== 'ok') return false;
        if (only === 'not_ok' && entry.outcome === 'ok') return false;
        const all = `${entry.number} ${entry.at} ${entry.actor} ${entry.address} ${entry.action} ${entry.object} ${entry.outcome} ${entry.detail ?? ''}`.toLowerCase();
        return words.every((word) => all.includes(word));
    });
}

const columns = ['number', 'at', 'actor', 'address', 'action', 'object', 'outcome', 'detail', 'hash'] as const;

export const auditCsv = (entries: readonly AuditEntry[]): string =>
    csvOf([columns, ...entries.map((entry) => columns.map((column) => String(entry[column] ?? '')))]);

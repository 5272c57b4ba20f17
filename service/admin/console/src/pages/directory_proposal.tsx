import type { ReactNode } from 'react';
import type { Sync, SyncPart } from '../api/types';
import { Note } from '../parts/states';
import { SyncChip } from '../parts/sync_words';
import { useWords } from '../words/words';

const parts: readonly { part: SyncPart; sign: '+' | '−' | '~' | '?' }[] = [
    { part: 'leavers', sign: '−' },
    { part: 'missing', sign: '?' },
    { part: 'arrivals', sign: '+' },
    { part: 'returns', sign: '+' },
    { part: 'changes', sign: '~' },
];
const tones = { '+': 'good', '−': 'bad', '~': 'note', '?': 'warn' };

/** "person: what, what" in two. */
const halves = (line: string): [string, string] => {
    const [name = '', more = ''] = line.split(/: (.*)/s);
    return [name, more];
};

interface PartProps {
    part: SyncPart;
    sign: keyof typeof tones;
    of: Sync;
}
function Part({ part, sign, of: sync }: PartProps) {
    const { t, many } = useWords();
    const count = sync[part];
    const lines = sync.details?.[part] ?? [];
    if (count === 0) return null;
    return (
        <section className="diff">
            <h3>
                {t(`sync.${part}`)} <span className="diff-count">{count}</span>
            </h3>
            <ul>
                {lines.map(halves).map(([name, more], index) => (
                    <li key={`${index} ${name}`} className={`diff-line diff-${tones[sign]}`}>
                        <span className="diff-sign" aria-hidden="true">
                            {sign}
                        </span>
                        <span className="strong">{name}</span>
                        <span className="diff-more">{more}</span>
                    </li>
                ))}
            </ul>
            {count > lines.length && <p className="under">{many('sync.more', count - lines.length)}</p>}
        </section>
    );
}

/** What a sync would change or changed, as a list of differences. */
export function ProposalView({ of: sync, apply }: { of: Sync; apply: ReactNode }) {
    const { t } = useWords();
    const nothing = parts.every(({ part }) => sync[part] === 0);
    return (
        <div className="proposal" role="status">
            <div className="proposal-head">
                <p>
                    <span className="strong">{sync.number > 0 ? t('sync.number', { number: sync.number }) : t('sync.proposal')}</span> <SyncChip state={sync.state} />
                </p>
                {apply}
            </div>
            {sync.state === 'failed' && (
                <Note tone="bad" title={t('sync.failed')}>
                    {sync.why}
                </Note>
            )}
            {sync.state !== 'failed' && sync.why && (
                <Note tone="warn" title={t('sync.stopped')}>
                    {sync.why}
                </Note>
            )}
            {nothing && sync.state !== 'failed' && <p>{t('sync.no_change')}</p>}
            {parts.map(({ part, sign }) => (
                <Part key={part} part={part} sign={sign} of={sync} />
            ))}
        </div>
    );
}

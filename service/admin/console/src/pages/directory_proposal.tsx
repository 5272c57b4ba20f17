import type { ReactNode } from 'react';
import type { Proposal } from '../api/types';
import { Note } from '../parts/states';
import { SyncChip } from '../parts/sync_words';
import { useFormats } from '../words/formats';
import { useWords, type Word } from '../words/words';

const linesMax = 200;

interface PartProps {
    sign: '+' | '−' | '~' | '?';
    word: Word;
    lines: readonly { key: string; name: string; more: string }[];
}
function Part({ sign, word, lines }: PartProps) {
    const { t, many } = useWords();
    if (lines.length === 0) return null;
    const tone = { '+': 'good', '−': 'bad', '~': 'note', '?': 'warn' }[sign];
    return (
        <section className="diff">
            <h3>
                {t(word)} <span className="diff-count">{lines.length}</span>
            </h3>
            <ul>
                {lines.slice(0, linesMax).map((line) => (
                    <li key={line.key} className={`diff-line diff-${tone}`}>
                        <span className="diff-sign" aria-hidden="true">
                            {sign}
                        </span>
                        <span className="strong">{line.name}</span>
                        <span className="diff-more">{line.more}</span>
                    </li>
                ))}
            </ul>
            {lines.length > linesMax && <p className="under">{many('sync.more', lines.length - linesMax)}</p>}
        </section>
    );
}

/** What a sync would change or changed, as a list of differences. */
export function ProposalView({ of: proposal, apply }: { of: Proposal; apply: ReactNode }) {
    const { t } = useWords();
    const formats = useFormats();
    const { arrivals, changes, missing, leavers, returns, state } = proposal;
    const nothing = arrivals.length + changes.length + missing.length + leavers.length + returns.length === 0;
    return (
        <div className="proposal" role="status">
            <div className="proposal-head">
                <p>
                    <span className="strong">{t('sync.proposal', { number: proposal.number })}</span> <SyncChip state={state} />
                </p>
                {apply}
            </div>
            {state === 'failed' && (
                <Note tone="bad" title={t('sync.failed')}>
                    {proposal.why}
                </Note>
            )}
            {state === 'stopped' && (
                <Note tone="warn" title={t('sync.stopped')}>
                    {proposal.why}
                </Note>
            )}
            {nothing && state !== 'failed' && <p>{t('sync.no_change')}</p>}
            <Part
                sign="−"
                word="sync.leavers"
                lines={leavers.map((each) => ({ key: each.person, name: each.display_name || each.person, more: each.person }))}
            />
            <Part
                sign="?"
                word="sync.missing"
                lines={missing.map((each) => ({
                    key: each.person,
                    name: each.display_name || each.person,
                    more: t('sync.missing_until', { until: formats.instant(each.gone_at) }),
                }))}
            />
            <Part
                sign="+"
                word="sync.arrivals"
                lines={arrivals.map((each) => ({ key: each.user_name, name: each.display_name || each.user_name, more: each.teams.join(', ') || t('sync.no_team') }))}
            />
            <Part sign="+" word="sync.returns" lines={returns.map((each) => ({ key: each.person, name: each.person, more: '' }))} />
            <Part sign="~" word="sync.changes" lines={changes.map((each) => ({ key: each.person, name: each.person, more: each.what.join(', ') }))} />
        </div>
    );
}

import type { Measure, Standing } from '../api/types';
import { project } from '../projection';
import { useFormats, type Formats } from '../words/formats';
import { useWords, type Words } from '../words/words';
import { Chip, type Tone } from './page';

export const quantity = (formats: Formats, words: Words, measure: Measure, amount: number): string => {
    switch (measure) {
        case 'money':
        case 'cost':
            return formats.money(amount);
        case 'tokens':
            return words.many('limit.tokens', amount, { count: formats.numberShort(amount) });
        case 'calls':
            return words.many('limit.calls', amount, { count: formats.number(amount) });
    }
};

/** Without its unit, in front of one that has it. */
const bare = (formats: Formats, measure: Measure, amount: number): string => {
    switch (measure) {
        case 'money':
        case 'cost':
            return formats.money(amount);
        case 'tokens':
            return formats.numberShort(amount);
        case 'calls':
            return formats.number(amount);
    }
};

/** "team:research" in words. */
export function accountWords({ t }: Words, account: string): string {
    const [kind, name = ''] = account.split(/:(.*)/s);
    switch (kind) {
        case 'org':
            return t('account.org');
        case 'team':
            return t('account.team', { name });
        case 'person':
            return t('account.person', { name });
        case 'key':
            return t('account.key', { name });
        default:
            return account;
    }
}

/** "tokens per day of tier:frontier", as the API names a limit, in the person's language; as it is where it has another form. */
export function kindWords({ named }: Words, kind: string): string {
    const found = /^(?:(tokens|calls|cost) )?per (\w+)(?: of (\S+))?( \(soft\))?$/.exec(kind);
    if (found === null) return kind;
    const [, measure, per = '', of] = found;
    return `${measure ? `${named('measure', measure)} ` : ''}${named('per', per)}${of ? `, ${of}` : ''}`;
}

const longPeriods = new Set(['day', 'week', 'month', 'quarter', 'year', 'dates']);

function Outlook({ standing }: { standing: Standing }) {
    const words = useWords();
    const formats = useFormats();
    const { t } = words;
    const { spent, held, limit, period_start: start, period_end: end } = standing;
    if (!start || !end || standing.rolling || !longPeriods.has(standing.per)) return null;
    if (spent + held >= limit) return <p className="limit-outlook">{t('limit.used_up', { end: formats.instant(end) })}</p>;
    const ahead = project({ spent, limit, start: Date.parse(start), end: Date.parse(end), now: Date.now() });
    if (ahead === null) return <p className="limit-outlook">{t('limit.until', { end: formats.instant(end) })}</p>;
    const atEnd = quantity(formats, words, standing.measure, ahead.atEnd);
    if (ahead.reachedAt !== null)
        return <p className="limit-outlook limit-outlook-bad">{t('limit.reached', { day: formats.day(ahead.reachedAt), end: formats.day(end) })}</p>;
    return <p className="limit-outlook">{t('limit.at_end', { amount: atEnd, day: formats.day(end) })}</p>;
}

function toneOf(standing: Standing): Tone {
    const taken = standing.limit > 0 ? (standing.spent + standing.held) / standing.limit : 1;
    return taken >= 1 ? 'bad' : taken >= 0.8 ? 'warn' : 'good';
}

function projectedShare(standing: Standing): number | null {
    const { spent, limit, period_start: start, period_end: end } = standing;
    if (!start || !end || standing.rolling || !longPeriods.has(standing.per) || limit <= 0) return null;
    const ahead = project({ spent, limit, start: Date.parse(start), end: Date.parse(end), now: Date.now() });
    return ahead === null ? null : Math.min(1, ahead.atEnd / limit);
}

export function Limit({ standing }: { standing: Standing }) {
    const words = useWords();
    const formats = useFormats();
    const { t, named } = words;
    const { spent, held, limit, measure } = standing;
    const taken = limit > 0 ? Math.min(1, (spent + held) / limit) : 1;
    const tone = toneOf(standing);
    const ahead = projectedShare(standing);
    const name = `${accountWords(words, standing.account)}, ${named(standing.rolling ? 'per_rolling' : 'per', standing.per)}`;
    const share = { spent: bare(formats, measure, spent), limit: quantity(formats, words, measure, limit) };
    return (
        <div className="limit">
            <div className="limit-head">
                <span className="limit-name">{name}</span>
                {standing.of && <Chip tone="quiet">{standing.of.replace(':', ' ')}</Chip>}
                {!standing.hard && <Chip tone="quiet">{t('limit.soft')}</Chip>}
                {standing.adjusted && <Chip tone="note">{t('limit.adjusted')}</Chip>}
                <span className="limit-sum">{t('limit.of', share)}</span>
            </div>
            <div
                className={`limit-bar limit-bar-${tone}`}
                role="meter"
                aria-label={name}
                aria-valuemin={0}
                aria-valuemax={100}
                aria-valuenow={Math.round(taken * 100)}
                aria-valuetext={t('limit.of', share)}
            >
                {ahead !== null && ahead > taken && <span className="limit-ahead" style={{ width: `${ahead * 100}%` }} />}
                <span className="limit-taken" style={{ width: `${taken * 100}%` }} />
            </div>
            <div className="limit-foot">
                <span>{t('limit.left', { amount: quantity(formats, words, measure, Math.max(0, limit - spent - held)) })}</span>
                <Outlook standing={standing} />
            </div>
        </div>
    );
}

/** The longer the period, the more it is what people mean by their budget. */
const order = ['month', 'quarter', 'year', 'dates', 'ever', 'week', 'day', 'hour', 'minute'];
export function Limits({ standings }: { standings: readonly Standing[] }) {
    const sorted = [...standings].sort((one, other) => order.indexOf(one.per) - order.indexOf(other.per));
    return (
        <div className="limits">
            {sorted.map((standing) => (
                <Limit key={`${standing.account} ${standing.measure} ${standing.per} ${standing.of} ${standing.rolling}`} standing={standing} />
            ))}
        </div>
    );
}

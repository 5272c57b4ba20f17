import { ActionIcon, Button, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ChangeEvent, type FormEvent } from 'react';
import { ask, post, type Problem } from '../api/client';
import type { AuditEntry, Verified } from '../api/types';
import { saveAs } from '../csv';
import { Icon } from '../parts/icons';
import { useMe } from '../parts/me';
import { Chip, Page, Panel, Rows, type Column } from '../parts/page';
import { Empty, Failure, Note, ProblemNote, Waiting } from '../parts/states';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { anything, auditCsv, filtered, queryOf, type Wanted } from './audit_filter';

const pageRows = 100;

interface Log {
    entries: AuditEntry[];
    /** Older ones may be there. */
    more: boolean;
    busy: boolean;
    problem: Problem | null;
    older: () => void;
}
function useLog(query: string): Log {
    const [entries, setEntries] = useState<AuditEntry[]>([]);
    const [more, setMore] = useState(true);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState<Problem | null>(null);
    const asked = useRef('');
    const load = async (before: number | undefined) => {
        setBusy(true);
        const answer = await ask<{ entries: AuditEntry[] }>('GET', `/api/v1/audit?limit=${pageRows}${query}${before === undefined ? '' : `&before=${before}`}`);
        // Something else was asked for meanwhile.
        if (asked.current !== query) return;
        setBusy(false);
        setProblem(answer.ok ? null : answer.problem);
        if (!answer.ok) return;
        setEntries((shown) => (before === undefined ? answer.value.entries : [...shown, ...answer.value.entries]));
        setMore(answer.value.entries.length === pageRows);
    };
    useEffect(() => {
        asked.current = query;
        setEntries([]);
        void load(undefined);
    }, [query]);
    return { entries, more, busy, problem, older: () => void load(entries.at(-1)?.number) };
}

function Detail({ of: entry }: { of: AuditEntry }) {
    let detail = entry.detail ?? '';
    try {
        detail = JSON.stringify(JSON.parse(detail), null, 2);
    } catch {
        // Then it is shown as it is.
    }
    return (
        <div className="audit-detail" id={`entry-${entry.number}`}>
            {detail && <pre tabIndex={0}>{detail}</pre>}
            <p className="under">
                SHA-256 <code className="breakable">{entry.hash}</code>
            </p>
        </div>
    );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
    const { t } = useWords();
    const formats = useFormats();
    const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
    const toggle = (number: number) =>
        setOpen((before) => {
            const after = new Set(before);
            if (!after.delete(number)) after.add(number);
            return after;
        });
    const columns: Column<AuditEntry>[] = [
        { name: '#', cell: (entry) => formats.number(entry.number) },
        { name: t('audit.at'), cell: (entry) => <span className="unbroken">{formats.instant(entry.at)}</span> },
        {
            name: t('audit.actor'),
            cell: (entry) => (
                <>
                    <span className="strong">{entry.actor}</span>
                    <span className="under">{entry.address}</span>
                </>
            ),
        },
        { name: t('audit.action'), cell: (entry) => <code>{entry.action}</code> },
        { name: t('audit.object'), cell: (entry) => <span className="breakable-late">{entry.object || '–'}</span> },
        { name: t('audit.outcome'), cell: (entry) => <Chip tone={entry.outcome === 'ok' ? 'good' : entry.outcome === 'begun' ? 'quiet' : 'bad'}>{entry.outcome}</Chip> },
        {
            name: t('audit.detail'),
            actions: true,
            cell: (entry) => (
                <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={t('audit.detail_of', { number: entry.number })}
                    aria-expanded={open.has(entry.number)}
                    aria-controls={open.has(entry.number) ? `entry-${entry.number}` : undefined}
                    className={open.has(entry.number) ? 'turned' : undefined}
                    onClick={() => toggle(entry.number)}
                >
                    <Icon name="down" />
                </ActionIcon>
            ),
        },
    ];
    return (
        <Rows
            label={t('nav.audit')}
            columns={columns}
            rows={entries}
            id={(entry) => entry.number}
            below={(entry) => (open.has(entry.number) ? <Detail of={entry} /> : null)}
        />
    );
}

function Verify() {
    const { t } = useWords();
    const formats = useFormats();
    const [busy, setBusy] = useState(false);
    const [result, setResult] = useState<Verified | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const run = async () => {
        setBusy(true);
        setProblem(null);
        setResult(null);
        const answer = await post<Verified>('/api/v1/audit/verify');
        setBusy(false);
        if (answer.ok) setResult(answer.value);
        else setProblem(answer.problem);
    };
    return (
        <Panel
            title={t('audit.verify_title')}
            lead={t('audit.verify_lead')}
            actions={
                <Button loading={busy} leftSection={<Icon name="audit" size={17} />} onClick={() => void run()}>
                    {t('audit.verify')}
                </Button>
            }
        >
            {result && (
                <Note tone="good" title={t('audit.intact', { count: formats.number(result.entries) })}>
                    <p>
                        {t('audit.hash')} <code className="breakable">{result.hash}</code>
                    </p>
                </Note>
            )}
            {problem && <ProblemNote problem={problem} />}
        </Panel>
    );
}

function Search({ search }: { search: (wanted: Wanted) => void }) {
    const { t } = useWords();
    const [wanted, setWanted] = useState(anything);
    const field = (name: keyof Wanted) => ({
        value: wanted[name],
        onChange: (event: ChangeEvent<HTMLInputElement | HTMLSelectElement>) => setWanted({ ...wanted, [name]: event.currentTarget.value }),
    });
    const submit = (event: FormEvent) => {
        event.preventDefault();
        search(wanted);
    };
    return (
        <form className="search" onSubmit={submit} aria-label={t('audit.search_title')}>
            <TextInput label={t('audit.actor')} placeholder="person:alice" {...field('actor')} maxLength={512} spellCheck={false} />
            <TextInput label={t('audit.action')} placeholder="key.*" {...field('action')} maxLength={512} spellCheck={false} />
            <NativeSelect
                label={t('audit.outcome')}
                {...field('outcome')}
                data={[
                    { value: '', label: t('audit.any') },
                    { value: 'ok', label: t('audit.only_ok') },
                    { value: 'not_ok', label: t('audit.only_not_ok') },
                ]}
            />
            <TextInput type="date" label={t('period.from')} {...field('from')} />
            <TextInput type="date" label={t('period.to')} {...field('to')} />
            <Button type="submit" leftSection={<Icon name="search" size={16} />}>
                {t('audit.search')}
            </Button>
        </form>
    );
}

export default function AuditPage() {
    const { t, many } = useWords();
    const me = useMe();
    const [wanted, setWanted] = useState(anything);
    const log = useLog(queryOf(wanted, me.time_zone));
    const [text, setText] = useState('');
    const shown = filtered(log.entries, text);
    const body = () => {
        if (log.problem && log.entries.length === 0) return <Failure problem={log.problem} again={log.older} />;
        if (log.busy && log.entries.length === 0) return <Waiting lines={8} />;
        if (shown.length === 0) return <Empty icon="audit" title={t('audit.none')}>{t(log.more ? 'audit.none_yet' : 'audit.none_text')}</Empty>;
        return <Entries entries={shown} />;
    };
    const actions = (
        <>
            <Button variant="default" leftSection={<Icon name="download" size={16} />} onClick={() => saveAs('audit.csv', 'text/csv', auditCsv(shown))} disabled={shown.length === 0}>
                CSV
            </Button>
            <Button
                variant="default"
                leftSection={<Icon name="download" size={16} />}
                onClick={() => saveAs('audit.json', 'application/json', `${JSON.stringify(shown, null, 2)}\n`)}
                disabled={shown.length === 0}
            >
                JSON
            </Button>
        </>
    );
    return (
        <Page title={t('nav.audit')} lead={t('audit.lead')} actions={actions}>
            <Verify />
            <Panel title={t('audit.search_title')} lead={t('audit.search_lead')}>
                <Search search={setWanted} />
            </Panel>
            <div className="filter">
                <TextInput
                    aria-label={t('audit.filter')}
                    placeholder={t('audit.filter')}
                    leftSection={<Icon name="search" size={16} />}
                    value={text}
                    onChange={(event) => setText(event.currentTarget.value)}
                />
            </div>
            <Panel flush>
                {body()}
                {log.problem && log.entries.length > 0 && <ProblemNote problem={log.problem} />}
                {log.entries.length > 0 && (
                    <div className="panel-foot panel-foot-split">
                        <span role="status">{t('audit.shown', { shown: shown.length, loaded: many('audit.loaded', log.entries.length) })}</span>
                        {log.more && (
                            <Button variant="default" size="xs" loading={log.busy} onClick={log.older}>
                                {t('audit.older')}
                            </Button>
                        )}
                    </div>
                )}
            </Panel>
        </Page>
    );
}

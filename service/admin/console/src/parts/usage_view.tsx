import { BarChart } from '@mantine/charts';
import { SegmentedControl } from '@mantine/core';
import { useMemo, useState, type ReactNode } from 'react';
import type { Usage } from '../api/types';
import { chartOf, figureNames, linesOf, rest, type Figure, type Line } from '../pages/usage_figures';
import type { Span } from '../periods';
import { useFormats, type Formats } from '../words/formats';
import { useWords } from '../words/words';
import { Panel, Rows, type Column } from './page';

function written(formats: Formats, figure: Figure, value: number): string {
    return figure === 'charge' ? formats.money(value) : formats.number(value);
}

interface TipProps {
    active?: boolean;
    label?: string;
    payload?: { name?: string; value?: number; color?: string }[];
    figure: Figure;
    titles: Record<string, string>;
}
function Tip({ active, label, payload = [], figure, titles }: TipProps) {
    const formats = useFormats();
    const { t } = useWords();
    const shown = payload.filter((each) => (each.value ?? 0) > 0).reverse();
    if (!active || !label) return null;
    const total = shown.reduce((sum, each) => sum + (each.value ?? 0), 0);
    return (
        <div className="tip">
            <p className="tip-head">
                <span>{formats.date(label)}</span> <strong>{written(formats, figure, total)}</strong>
            </p>
            {shown.length === 0 && <p>{t('usage.no_calls')}</p>}
            {shown.map((each) => (
                <p key={each.name} className="tip-line">
                    <span className="dot" style={{ background: each.color }} />
                    <span>{titles[each.name ?? ''] ?? each.name}</span>
                    <span>{written(formats, figure, each.value ?? 0)}</span>
                </p>
            ))}
        </div>
    );
}

interface ChartProps {
    usage: Usage;
    by: 'model' | 'person';
    span: Span;
    title: string;
    children?: ReactNode;
}
/** Bars by day. A picture for the eyes only: the table under it says the same. */
export function UsageChart({ usage, by, span, title, children }: ChartProps) {
    const { t } = useWords();
    const formats = useFormats();
    const [figure, setFigure] = useState<Figure>('charge');
    const chart = useMemo(() => chartOf(usage, by, figure, span), [usage, by, figure, span]);
    const titles = useMemo<Record<string, string>>(() => ({ [rest]: t('usage.others') }), [t]);
    const choice = (
        <SegmentedControl
            size="xs"
            aria-label={t('usage.figure')}
            value={figure}
            onChange={(value) => setFigure(value as Figure)}
            data={figureNames.map((value) => ({ value, label: t(`usage.figure.${value}`) }))}
        />
    );
    return (
        <Panel title={title} actions={choice}>
            <div className="chart" role="img" aria-label={t('usage.chart_label', { title })}>
                <BarChart
                    h={260}
                    data={chart.days}
                    dataKey="date"
                    type="stacked"
                    series={chart.series.map(({ name, colour }) => ({ name, color: colour }))}
                    tickLine="none"
                    gridAxis="x"
                    strokeDasharray="0"
                    maxBarWidth={34}
                    tooltipAnimationDuration={0}
                    tooltipProps={{ content: <Tip figure={figure} titles={titles} />, isAnimationActive: false }}
                    barProps={{ isAnimationActive: false }}
                    barChartProps={{ accessibilityLayer: false, margin: { left: 0, right: 4, top: 6, bottom: 0 } }}
                    xAxisProps={{ tickFormatter: (date: string) => formats.dateShort(date), minTickGap: 24 }}
                    yAxisProps={{ tickFormatter: (value: number) => (figure === 'charge' ? formats.moneyShort(value) : formats.numberShort(value)), width: 58 }}
                />
            </div>
            <ul className="legend">
                {chart.series.map(({ name, colour }) => (
                    <li key={name}>
                        <span className="dot" style={{ background: colour }} />
                        {titles[name] ?? name}
                    </li>
                ))}
            </ul>
            {children}
        </Panel>
    );
}

export function UsageTable({ usage, by, name }: { usage: Usage; by: string; name: string }) {
    const { t } = useWords();
    const formats = useFormats();
    const lines = useMemo(() => linesOf(usage, by), [usage, by]);
    const columns: Column<Line>[] = [
        { name, cell: (line) => <span className="strong">{line.name}</span> },
        { name: t('usage.calls'), number: true, cell: (line) => formats.number(line.calls) },
        { name: t('usage.input'), number: true, cell: (line) => formats.number(line.input) },
        { name: t('usage.output'), number: true, cell: (line) => formats.number(line.output) },
        { name: t('usage.charge'), number: true, cell: (line) => formats.money(line.charge) },
        {
            name: t('usage.share'),
            number: true,
            cell: (line) => (
                <span className="share">
                    <span className="share-bar" aria-hidden="true">
                        <span style={{ width: `${Math.round(line.share * 100)}%` }} />
                    </span>
                    {formats.percent(line.share)}
                </span>
            ),
        },
    ];
    return <Rows label={name} columns={columns} rows={lines} id={(line) => line.name} />;
}

interface TotalsProps {
    usage: Usage;
    span: Span;
}
export function Totals({ usage, span }: TotalsProps) {
    const { t } = useWords();
    const formats = useFormats();
    const { total } = usage;
    const failed = total.refused + total.errors;
    const tiles = [
        { name: t('usage.charge'), value: formats.money(total.charge_usd), more: `${formats.date(span.from)} – ${formats.date(span.to)}` },
        {
            name: t('usage.calls'),
            value: formats.number(total.calls),
            more: t('usage.failed', { count: formats.number(failed), share: formats.percent(total.calls > 0 ? failed / total.calls : 0) }),
        },
        { name: t('usage.input'), value: formats.numberShort(total.input_tokens), more: t('usage.cached', { share: formats.percent(total.cache_read_percent / 100) }) },
        { name: t('usage.output'), value: formats.numberShort(total.output_tokens), more: t('usage.tokens') },
    ];
    return (
        <dl className="tiles">
            {tiles.map((tile) => (
                <div key={tile.name} className="tile">
                    <dt>{tile.name}</dt>
                    <dd>
                        <span className="tile-value">{tile.value}</span>
                        <span className="tile-more">{tile.more}</span>
                    </dd>
                </div>
            ))}
        </dl>
    );
}

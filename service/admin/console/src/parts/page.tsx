import { Fragment, useEffect, useRef, type ReactNode } from 'react';
import { useWords } from '../words/words';

interface PageProps {
    title: string;
    lead?: string;
    actions?: ReactNode;
    above?: ReactNode;
    children: ReactNode;
}

/** The first page after a load: there the browser begins at the top, with the way past the menu. */
let isFirst = true;

/** A page: its title also names the tab, and takes the focus behind a click in the menu, so that a screen reader goes on there. */
export function Page({ title, lead, actions, above, children }: PageProps) {
    const heading = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        document.title = `${title} · Bursar`;
    }, [title]);
    useEffect(() => {
        if (isFirst) {
            isFirst = false;
            return;
        }
        // A dialog or a field that took the focus keeps it.
        if (document.activeElement === document.body || document.activeElement?.closest('nav')) heading.current?.focus({ preventScroll: true });
        window.scrollTo(0, 0);
    }, []);
    return (
        <>
            {above}
            <header className="page-head">
                <div>
                    <h1 ref={heading} tabIndex={-1}>
                        {title}
                    </h1>
                    {lead && <p className="page-lead">{lead}</p>}
                </div>
                {actions && <div className="page-actions">{actions}</div>}
            </header>
            <div className="page-body">{children}</div>
        </>
    );
}

interface PanelProps {
    title?: string;
    lead?: string;
    actions?: ReactNode;
    children: ReactNode;
    flush?: boolean;
}
/** A white card with a heading. `flush`: the content reaches its edges, as tables do. */
export function Panel({ title, lead, actions, children, flush = false }: PanelProps) {
    return (
        <section className={flush ? 'panel panel-flush' : 'panel'}>
            {(title || actions) && (
                <div className="panel-head">
                    <div>
                        {title && <h2>{title}</h2>}
                        {lead && <p className="panel-lead">{lead}</p>}
                    </div>
                    {actions && <div className="panel-actions">{actions}</div>}
                </div>
            )}
            <div className="panel-body">{children}</div>
        </section>
    );
}

export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'note';
export function Chip({ tone, children }: { tone: Tone; children: ReactNode }) {
    return <span className={`chip chip-${tone}`}>{children}</span>;
}

export interface Column<Row> {
    name: string;
    cell: (row: Row) => ReactNode;
    /** Numbers stand at the right. */
    number?: boolean;
    /** Buttons: no label on small screens. */
    actions?: boolean;
}
function Cell<Row>({ of: column, row }: { of: Column<Row>; row: Row }) {
    return (
        <td role="cell" data-label={column.actions ? undefined : column.name} className={column.number ? 'number' : column.actions ? 'actions' : undefined}>
            {column.cell(row)}
        </td>
    );
}

interface RowsProps<Row> {
    label: string;
    columns: readonly Column<Row>[];
    rows: readonly Row[];
    id: (row: Row) => string | number;
    faded?: (row: Row) => boolean;
    /** More about a row, over the whole width below it. */
    below?: (row: Row) => ReactNode;
}
/** A table; on small screens each row becomes a card. The roles keep it a table for screen readers when CSS makes it one no more. */
export function Rows<Row>({ label, columns, rows, id, faded, below }: RowsProps<Row>) {
    const { t } = useWords();
    return (
        <div className="rows-frame">
            <table className="rows" role="table" aria-label={label}>
                <thead role="rowgroup">
                    <tr role="row">
                        {columns.map((column) => (
                            <th key={column.name} role="columnheader" scope="col" className={column.number ? 'number' : undefined}>
                                {column.actions ? <span className="unseen">{t('table.actions')}</span> : column.name}
                            </th>
                        ))}
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {rows.map((row) => {
                        const more = below?.(row) ?? null;
                        return (
                            <Fragment key={id(row)}>
                                <tr role="row" className={faded?.(row) ? 'faded' : undefined}>
                                    {columns.map((column) => (
                                        <Cell key={column.name} of={column} row={row} />
                                    ))}
                                </tr>
                                {more && (
                                    <tr role="row" className="below">
                                        <td role="cell" colSpan={columns.length}>
                                            {more}
                                        </td>
                                    </tr>
                                )}
                            </Fragment>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}

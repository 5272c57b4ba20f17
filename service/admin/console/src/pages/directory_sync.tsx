import { Button } from '@mantine/core';
import { useState } from 'react';
import { mayRunDirectories } from '../access';
import { part, post, type Problem } from '../api/client';
import type { Sync as SyncRun, SyncSummary } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { Icon } from '../parts/icons';
import { useMe } from '../parts/me';
import { Panel, Rows, type Column } from '../parts/page';
import { Answered, Empty, Note, ProblemNote } from '../parts/states';
import { SyncChip } from '../parts/sync_words';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { ProposalView } from './directory_proposal';

function History({ syncs }: { syncs: readonly SyncSummary[] }) {
    const { t } = useWords();
    const formats = useFormats();
    const columns: Column<SyncSummary>[] = [
        { name: '#', cell: (sync) => sync.number },
        { name: t('sync.at'), cell: (sync) => formats.instant(sync.at) },
        { name: t('sync.state'), cell: (sync) => <SyncChip state={sync.state} /> },
        { name: t('sync.arrivals'), number: true, cell: (sync) => formats.number(sync.arrivals) },
        { name: t('sync.changes'), number: true, cell: (sync) => formats.number(sync.changes) },
        { name: t('sync.leavers'), number: true, cell: (sync) => formats.number(sync.leavers) },
        { name: t('sync.why'), cell: (sync) => sync.why || '–' },
    ];
    return <Rows label={t('sync.history')} columns={columns} rows={syncs} id={(sync) => sync.number} />;
}

const syncPath = (directory: string): string => `/api/v1/directories/${part(directory)}/sync`;

interface RunProps {
    directory: string;
    ran: (run: SyncRun) => void;
}
function RunButtons({ directory, ran }: RunProps) {
    const { t } = useWords();
    const [busy, setBusy] = useState<'dry' | 'real' | null>(null);
    const [problem, setProblem] = useState<Problem | null>(null);
    const run = async (what: 'dry' | 'real') => {
        setBusy(what);
        setProblem(null);
        const answer = await post<SyncRun>(syncPath(directory), { dry_run: what === 'dry' });
        setBusy(null);
        if (answer.ok) ran(answer.value);
        else setProblem(answer.problem);
    };
    return (
        <div className="stack">
            <div className="button-row">
                <Button loading={busy === 'dry'} disabled={busy !== null} leftSection={<Icon name="search" size={16} />} onClick={() => void run('dry')}>
                    {t('sync.dry_run')}
                </Button>
                <Button variant="default" loading={busy === 'real'} disabled={busy !== null} leftSection={<Icon name="sync" size={16} />} onClick={() => void run('real')}>
                    {t('sync.run')}
                </Button>
            </div>
            {problem && <ProblemNote problem={problem} />}
        </div>
    );
}

const mayBeApplied = (run: SyncRun): boolean =>
    run.state === 'stopped' || (run.state === 'dry_run' && run.arrivals + run.changes + run.returns + run.missing + run.leavers > 0);

interface ApplyProps {
    directory: string;
    of: SyncRun;
    close: () => void;
    done: (run: SyncRun) => void;
}
function Apply({ directory, of: run, close, done }: ApplyProps) {
    const { t, many } = useWords();
    return (
        <FormDialog
            title={t('sync.apply_title')}
            does={t('sync.apply')}
            danger={run.leavers > 0}
            close={close}
            // The list is read again. Only what was stopped and read here is let go past the policy's limit.
            run={() => post<SyncRun>(syncPath(directory), run.stop ? { confirmed: true } : {})}
            done={done}
        >
            <p>{many('sync.apply_text', run.leavers)}</p>
        </FormDialog>
    );
}

/** A sync is a proposal first: what it would do stands there before it does it. */
export function Sync({ directory }: { directory: string }) {
    const { t } = useWords();
    const me = useMe();
    const tell = useTell();
    const asked = useAnswer<{ syncs: SyncSummary[] }>(`/api/v1/directories/${part(directory)}/syncs`);
    const [proposal, setProposal] = useState<SyncRun | null>(null);
    const [applying, setApplying] = useState(false);
    const ran = (next: SyncRun) => {
        setProposal(next);
        setApplying(false);
        asked.again();
        if (next.state === 'applied') tell(t('sync.applied'));
    };
    const mayRun = mayRunDirectories(me.role);
    return (
        <>
            <Panel title={t('sync.title')} lead={t('sync.lead')}>
                {mayRun ? <RunButtons directory={directory} ran={ran} /> : <Note tone="note">{t('directory.read_only')}</Note>}
                {proposal && (
                    <ProposalView
                        of={proposal}
                        apply={
                            mayBeApplied(proposal) ? (
                                <Button color={proposal.leavers > 0 ? 'red' : 'teal'} onClick={() => setApplying(true)}>
                                    {t('sync.apply_this')}
                                </Button>
                            ) : null
                        }
                    />
                )}
            </Panel>
            <Panel title={t('sync.history')} flush>
                <Answered asked={asked}>{({ syncs }) => (syncs.length > 0 ? <History syncs={syncs} /> : <Empty icon="sync" title={t('sync.none')} />)}</Answered>
            </Panel>
            {applying && proposal && <Apply directory={directory} of={proposal} close={() => setApplying(false)} done={ran} />}
        </>
    );
}

import { Button } from '@mantine/core';
import { useState } from 'react';
import { ask, part, type Answer } from '../api/client';
import type { Session } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { Chip, Page, Panel, Rows, type Column } from '../parts/page';
import { Answered, Empty } from '../parts/states';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';

/** "Mozilla/5.0 (X11; Linux …) … Chrome/126…" is nothing that people read. */
export function clientWords(client: string): string {
    const systems = [/Windows/, /iPhone|iPad/, /Android/, /Mac OS X|Macintosh/, /Linux/];
    const names = ['Windows', 'iOS', 'Android', 'macOS', 'Linux'];
    const browser = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(client);
    if (!client.startsWith('Mozilla/') || browser === null) return client;
    const edge = /Edg\/(\d+)/.exec(client);
    const titles: Record<string, string> = { OPR: 'Opera', Version: 'Safari' };
    const name = edge ? 'Edge' : (titles[browser[1] ?? ''] ?? browser[1] ?? '');
    const system = names[systems.findIndex((each) => each.test(client))];
    return `${name} ${edge ? edge[1] : browser[2]}${system ? `, ${system}` : ''}`;
}

function SessionTable({ sessions, end }: { sessions: readonly Session[]; end: (session: Session) => void }) {
    const { t, named } = useWords();
    const formats = useFormats();
    const columns: Column<Session>[] = [
        {
            name: t('sessions.client'),
            cell: (session) => (
                <>
                    <span className="strong">{clientWords(session.client)}</span> {session.current && <Chip tone="good">{t('sessions.current')}</Chip>}
                    <span className="under">{named('sessions.kind', session.kind)}</span>
                </>
            ),
        },
        { name: t('sessions.address'), cell: (session) => <code>{session.address}</code> },
        { name: t('sessions.way'), cell: (session) => session.way },
        { name: t('sessions.began'), cell: (session) => formats.instant(session.began_at) },
        { name: t('sessions.used'), cell: (session) => (session.last_used_at ? formats.away(session.last_used_at) : t('keys.never_used')) },
        { name: t('sessions.ends'), cell: (session) => formats.instant(session.ends_at) },
        {
            name: 'actions',
            actions: true,
            cell: (session) => (
                <Button size="xs" variant="default" aria-label={t('sessions.end_of', { name: clientWords(session.client) })} onClick={() => end(session)}>
                    {t('sessions.end')}
                </Button>
            ),
        },
    ];
    return <Rows label={t('nav.sessions')} columns={columns} rows={sessions} id={(session) => session.id} />;
}

async function endAll(sessions: readonly Session[]): Promise<Answer<unknown>> {
    for (const session of sessions) {
        const answer = await ask('DELETE', `/api/v1/me/sessions/${part(session.id)}`);
        if (!answer.ok && answer.problem.status !== 404) return answer;
    }
    return { ok: true, value: null };
}

export function SessionsPage() {
    const { t, many } = useWords();
    const tell = useTell();
    const asked = useAnswer<{ sessions: Session[] }>('/api/v1/me/sessions');
    const [ending, setEnding] = useState<readonly Session[] | null>(null);
    const all = asked.answer?.ok ? asked.answer.value.sessions : [];
    const others = all.filter((session) => !session.current);
    const close = () => setEnding(null);
    const endOthers =
        others.length > 0 ? (
            <Button variant="default" onClick={() => setEnding(others)}>
                {t('sessions.end_others')}
            </Button>
        ) : undefined;
    return (
        <Page title={t('nav.sessions')} lead={t('sessions.lead')} actions={endOthers}>
            <Panel flush>
                <Answered asked={asked}>
                    {({ sessions }) =>
                        sessions.length > 0 ? (
                            <SessionTable sessions={sessions} end={(session) => setEnding([session])} />
                        ) : (
                            <Empty icon="sessions" title={t('sessions.none')} />
                        )
                    }
                </Answered>
            </Panel>
            {ending && (
                <FormDialog
                    title={many('sessions.end_title', ending.length)}
                    does={t('sessions.end')}
                    danger
                    close={close}
                    run={() => endAll(ending)}
                    done={() => {
                        tell(many('sessions.ended', ending.length));
                        close();
                        if (ending.some((session) => session.current)) window.location.assign('/sign-in');
                        else asked.again();
                    }}
                >
                    <p>{t(ending.some((session) => session.current) ? 'sessions.end_current_text' : 'sessions.end_text')}</p>
                </FormDialog>
            )}
        </Page>
    );
}

import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { mayDecide, seesEverything } from '../access';
import { part } from '../api/client';
import type { Member, Standing, Team, Usage } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { Limits } from '../parts/limits';
import { useMe } from '../parts/me';
import { Chip, Page, Panel, Rows, type Column } from '../parts/page';
import { PersonState } from '../parts/person_state';
import { PeriodChoice, usePeriod } from '../parts/period_choice';
import { Answered, Empty } from '../parts/states';
import { UsageChart, UsageTable } from '../parts/usage_view';
import type { Span } from '../periods';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { Requests } from './team_requests';

function Members({ team }: { team: string }) {
    const { t, named } = useWords();
    const formats = useFormats();
    const asked = useAnswer<{ people: Member[] }>(`/api/v1/teams/${part(team)}/people`);
    const columns: Column<Member>[] = [
        {
            name: t('team.person'),
            cell: (member) => (
                <>
                    <span className="strong">{member.display_name || member.person}</span>
                    <span className="under">{member.email}</span>
                </>
            ),
        },
        { name: t('team.state'), cell: (member) => <PersonState state={member.state} /> },
        { name: t('team.role'), cell: (member) => (member.role === 'member' ? named('role', 'member') : <Chip tone="note">{named('role', member.role)}</Chip>) },
        { name: t('team.keys'), number: true, cell: (member) => formats.number(member.keys) },
        { name: t('team.charge'), number: true, cell: (member) => formats.money(member.charge) },
    ];
    return (
        <Panel title={t('team.members')} flush>
            <Answered asked={asked}>
                {({ people }) =>
                    people.length > 0 ? (
                        <Rows label={t('team.members')} columns={columns} rows={people} id={(member) => member.person} faded={(member) => member.state === 'gone'} />
                    ) : (
                        <Empty icon="team" title={t('team.nobody')}>
                            {t('team.nobody_text')}
                        </Empty>
                    )
                }
            </Answered>
        </Panel>
    );
}

/** Leads are told of their limits by another path than those who see all. */
function TeamLimits({ team, all }: { team: string; all: boolean }) {
    const { t } = useWords();
    const asked = useAnswer<{ budgets: Standing[] }>(all ? '/api/v1/budgets' : '/api/v1/budgets/mine');
    return (
        <Panel title={t('team.limits')}>
            <Answered asked={asked}>
                {({ budgets }) => {
                    const own = budgets.filter((standing) => standing.account === `team:${team}`);
                    return own.length > 0 ? <Limits standings={own} /> : <Empty icon="usage" title={t('team.no_limits')} />;
                }}
            </Answered>
        </Panel>
    );
}

function Spend({ team, span }: { team: string; span: Span }) {
    const { t } = useWords();
    const asked = useAnswer<Usage>(`/api/v1/usage?group_by=day,person&team=${part(team)}&from=${span.from}&to=${span.to}`);
    return (
        <Answered asked={asked}>
            {(usage) =>
                usage.total.calls > 0 ? (
                    <UsageChart usage={usage} by="person" span={span} title={t('team.spend')}>
                        <details className="as-table">
                            <summary>{t('usage.as_table')}</summary>
                            <UsageTable usage={usage} by="person" name={t('team.person')} />
                        </details>
                    </UsageChart>
                ) : (
                    <Panel title={t('team.spend')}>
                        <Empty icon="usage" title={t('usage.none')} />
                    </Panel>
                )
            }
        </Answered>
    );
}

function OneTeam({ team, span }: { team: string; span: Span }) {
    const me = useMe();
    const all = seesEverything(me.role);
    return (
        <>
            {mayDecide(me.role) && <Requests team={team} />}
            <TeamLimits team={team} all={all} />
            <Spend team={team} span={span} />
            <Members team={team} />
        </>
    );
}

export default function TeamPage() {
    const { t } = useWords();
    const me = useMe();
    const period = usePeriod('thirty');
    const [chosen, setChosen] = useState('');
    const asked = useAnswer<{ teams: Team[] }>(seesEverything(me.role) ? '/api/v1/teams' : null);
    const listed = asked.answer?.ok ? asked.answer.value.teams.map((team) => team.name) : [];
    const teams = seesEverything(me.role) ? listed : me.leads;
    const team = teams.includes(chosen) ? chosen : (teams[0] ?? '');
    const actions = (
        <>
            {teams.length > 1 && (
                <NativeSelect aria-label={t('team.choose')} value={team} onChange={(event) => setChosen(event.currentTarget.value)} data={teams} />
            )}
            <PeriodChoice of={period} />
        </>
    );
    const body = () => {
        if (seesEverything(me.role) && !asked.answer?.ok) return <Answered asked={asked}>{() => null}</Answered>;
        if (team === '') return <Panel><Empty icon="team" title={t('team.none')}>{t('team.none_text')}</Empty></Panel>;
        return <OneTeam key={team} team={team} span={period.span} />;
    };
    return (
        <Page title={team ? t('team.title', { team }) : t('nav.team')} lead={t('team.lead')} actions={actions}>
            {body()}
        </Page>
    );
}

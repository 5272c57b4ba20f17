import { ActionIcon, Button, Menu, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { mayRunDirectories } from '../access';
import { ask, part, post } from '../api/client';
import type { Person } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { Icon } from '../parts/icons';
import { useMe } from '../parts/me';
import { Chip, Page, Panel, Rows, type Column } from '../parts/page';
import { PersonState } from '../parts/person_state';
import { Answered, Empty } from '../parts/states';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { DirectoryTabs } from './directory_tabs';

const states = ['', 'active', 'missing', 'suspended', 'gone'] as const;
type What = 'suspend' | 'restore' | 'end';

function Actions({ of: person, act }: { of: Person; act: (what: What) => void }) {
    const { t } = useWords();
    return (
        <Menu position="bottom-end" withinPortal>
            <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label={t('people.actions_of', { name: person.display_name || person.person })}>
                    <Icon name="dots" />
                </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
                <Menu.Item onClick={() => act('end')} disabled={person.sessions === 0}>
                    {t('people.end')}
                </Menu.Item>
                {person.state === 'suspended' ? (
                    <Menu.Item onClick={() => act('restore')}>{t('people.restore')}</Menu.Item>
                ) : (
                    <Menu.Item className="danger" onClick={() => act('suspend')} disabled={person.state === 'gone'}>
                        {t('people.suspend')}
                    </Menu.Item>
                )}
            </Menu.Dropdown>
        </Menu>
    );
}

interface TableProps {
    people: readonly Person[];
    act: (person: Person, what: What) => void;
}
function People({ people, act }: TableProps) {
    const { t, named } = useWords();
    const formats = useFormats();
    const me = useMe();
    const columns: Column<Person>[] = [
        {
            name: t('team.person'),
            cell: (person) => (
                <>
                    <span className="strong">{person.display_name || person.person}</span>
                    <span className="under">{person.user_name}</span>
                </>
            ),
        },
        {
            name: t('team.state'),
            cell: (person) => (
                <>
                    <PersonState state={person.state} />
                    {person.why && <span className="under">{person.why}</span>}
                </>
            ),
        },
        { name: t('team.role'), cell: (person) => (person.role === 'member' ? named('role', 'member') : <Chip tone="note">{named('role', person.role)}</Chip>) },
        { name: t('people.teams'), cell: (person) => person.teams.join(', ') || '–' },
        { name: t('people.source'), cell: (person) => <code>{person.source}</code> },
        { name: t('people.signed_in'), cell: (person) => <span className="unbroken">{person.signed_in_at ? formats.away(person.signed_in_at) : t('keys.never_used')}</span> },
        { name: t('people.sessions'), number: true, cell: (person) => formats.number(person.sessions) },
        { name: t('team.keys'), number: true, cell: (person) => formats.number(person.keys) },
        ...(mayRunDirectories(me.role)
            ? [{ name: 'actions', actions: true, cell: (person: Person) => <Actions of={person} act={(what) => act(person, what)} /> }]
            : []),
    ];
    return <Rows label={t('directory.people')} columns={columns} rows={people} id={(person) => person.person} faded={(person) => person.state === 'gone'} />;
}

interface ActProps {
    on: Person;
    what: What;
    close: () => void;
    done: () => void;
}
function Act({ on: person, what, close, done }: ActProps) {
    const { t } = useWords();
    const [reason, setReason] = useState('');
    const name = person.display_name || person.person;
    const path = `/api/v1/people/${part(person.person)}`;
    const run = () => {
        switch (what) {
            case 'suspend':
                return post(`${path}/suspend`, { reason: reason.trim() });
            case 'restore':
                return post(`${path}/restore`);
            case 'end':
                return ask('DELETE', `${path}/sessions`);
        }
    };
    return (
        <FormDialog
            title={t(`people.${what}_title`, { name })}
            does={t(`people.${what}`)}
            danger={what !== 'restore'}
            disabled={what === 'suspend' && !reason.trim()}
            close={close}
            run={run}
            done={done}
        >
            <p>{t(`people.${what}_text`)}</p>
            {what === 'suspend' && (
                <Textarea
                    label={t('people.reason')}
                    value={reason}
                    onChange={(event) => setReason(event.currentTarget.value)}
                    maxLength={500}
                    rows={2}
                    required
                    data-autofocus
                />
            )}
        </FormDialog>
    );
}

export default function PeoplePage() {
    const { t } = useWords();
    const tell = useTell();
    const [typed, setTyped] = useState('');
    const [text, setText] = useState('');
    const [state, setState] = useState<string>('');
    const asked = useAnswer<{ people: Person[] }>(`/api/v1/people?text=${part(text)}&state=${part(state)}`);
    const [acting, setActing] = useState<{ person: Person; what: What } | null>(null);
    const search = (event: FormEvent) => {
        event.preventDefault();
        setText(typed.trim());
    };
    const done = () => {
        if (acting) tell(t(`people.${acting.what}_done`, { name: acting.person.display_name || acting.person.person }));
        setActing(null);
        asked.again();
    };
    return (
        <Page title={t('nav.directory')} lead={t('people.lead')}>
            <DirectoryTabs />
            <form className="filter" role="search" onSubmit={search}>
                <TextInput
                    aria-label={t('people.search')}
                    placeholder={t('people.search')}
                    leftSection={<Icon name="search" size={16} />}
                    value={typed}
                    onChange={(event) => setTyped(event.currentTarget.value)}
                />
                <NativeSelect
                    aria-label={t('team.state')}
                    value={state}
                    onChange={(event) => setState(event.currentTarget.value)}
                    data={states.map((value) => ({ value, label: value ? t(`person.state.${value}`) : t('people.any_state') }))}
                />
                <Button type="submit" variant="default">
                    {t('people.go')}
                </Button>
            </form>
            <Panel flush>
                <Answered asked={asked}>
                    {({ people }) =>
                        people.length > 0 ? (
                            <People people={people} act={(person, what) => setActing({ person, what })} />
                        ) : (
                            <Empty icon="team" title={t('people.none')}>
                                {t(text || state ? 'people.none_filtered' : 'people.none_text')}
                            </Empty>
                        )
                    }
                </Answered>
            </Panel>
            {acting && <Act on={acting.person} what={acting.what} close={() => setActing(null)} done={done} />}
        </Page>
    );
}

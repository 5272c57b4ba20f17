import { MultiSelect, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { post } from '../api/client';
import type { IssuedKey, Model } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { useMe } from '../parts/me';
import { Note } from '../parts/states';
import { dateIn, isDate, plusDays, startOfDate } from '../periods';
import { useWords } from '../words/words';

const ends = ['30', '90', '365', 'never', 'date'] as const;
type End = (typeof ends)[number];

/** The end of a key as the API takes it: an instant, or none. A chosen day counts to its end. */
export function endOf(end: End, date: string, timeZone: string, now: number): string | undefined {
    switch (end) {
        case 'never':
            return undefined;
        case 'date':
            return new Date(startOfDate(plusDays(date, 1), timeZone)).toISOString();
        case '30':
        case '90':
        case '365':
            return new Date(now + Number(end) * 86_400_000).toISOString();
    }
}

interface Props {
    close: () => void;
    done: (key: IssuedKey) => void;
}
export function NewKey({ close, done }: Props) {
    const { t } = useWords();
    const me = useMe();
    const models = useAnswer<{ models: Model[] }>('/api/v1/me/models').answer;
    const [name, setName] = useState('');
    const [team, setTeam] = useState(me.teams[0] ?? '');
    const [chosen, setChosen] = useState<string[]>([]);
    const [end, setEnd] = useState<End>('90');
    const [date, setDate] = useState('');
    const tomorrow = plusDays(dateIn(me.time_zone, Date.now()), 1);
    const complete = name.trim() !== '' && (end !== 'date' || (isDate(date) && date >= tomorrow));
    const run = () =>
        post<IssuedKey>('/api/v1/me/keys', {
            name: name.trim(),
            ...(team && { team }),
            ...(chosen.length > 0 && { models: chosen }),
            ...(end !== 'never' && { expires_at: endOf(end, date, me.time_zone, Date.now()) }),
        });
    return (
        <FormDialog title={t('keys.create')} does={t('keys.create_do')} disabled={!complete || me.teams.length === 0} close={close} run={run} done={done}>
            {me.teams.length === 0 && <Note tone="warn">{t('keys.no_team')}</Note>}
            <TextInput
                label={t('keys.name')}
                description={t('keys.name_hint')}
                placeholder={t('keys.name_example')}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                maxLength={128}
                required
                data-autofocus
            />
            {me.teams.length > 1 && (
                <Select
                    label={t('keys.team')}
                    description={t('keys.team_hint')}
                    data={me.teams}
                    value={team}
                    onChange={(value) => setTeam(value ?? team)}
                    allowDeselect={false}
                />
            )}
            <MultiSelect
                label={t('keys.models')}
                description={t('keys.models_hint')}
                placeholder={chosen.length === 0 ? t('keys.models_all') : ''}
                data={models?.ok ? models.value.models.map((model) => model.name) : []}
                value={chosen}
                onChange={setChosen}
                searchable
                nothingFoundMessage={t('state.nothing_found')}
                clearButtonProps={{ 'aria-label': t('state.clear') }}
            />
            <Select
                label={t('keys.expires')}
                data={ends.map((value) => ({ value, label: t(`keys.end.${value}`) }))}
                value={end}
                onChange={(value) => setEnd((value as End | null) ?? end)}
                allowDeselect={false}
            />
            {end === 'date' && (
                <TextInput type="date" label={t('keys.last_day')} min={tomorrow} value={date} onChange={(event) => setDate(event.currentTarget.value)} required />
            )}
        </FormDialog>
    );
}

import { Select } from '@mantine/core';
import { useState } from 'react';
import { part, post } from '../api/client';
import type { IssuedKey, Key } from '../api/types';
import { FormDialog } from '../parts/dialog';
import { useWords, type Word } from '../words/words';

const graces: readonly { seconds: number; word: Word }[] = [
    { seconds: 0, word: 'keys.grace.none' },
    { seconds: 3600, word: 'keys.grace.hour' },
    { seconds: 86_400, word: 'keys.grace.day' },
    { seconds: 604_800, word: 'keys.grace.week' },
];

interface Props {
    of: Key;
    close: () => void;
    done: (key: IssuedKey) => void;
}
export function RotateKey({ of: key, close, done }: Props) {
    const { t } = useWords();
    const [grace, setGrace] = useState('86400');
    return (
        <FormDialog
            title={t('keys.rotate_title', { name: key.name })}
            does={t('keys.rotate_do')}
            close={close}
            run={() => post<IssuedKey>(`/api/v1/me/keys/${part(key.id)}/rotate`, { grace_seconds: Number(grace) })}
            done={done}
        >
            <p>{t('keys.rotate_text')}</p>
            <Select
                label={t('keys.grace')}
                data={graces.map(({ seconds, word }) => ({ value: String(seconds), label: t(word) }))}
                value={grace}
                onChange={(value) => setGrace(value ?? grace)}
                allowDeselect={false}
            />
        </FormDialog>
    );
}

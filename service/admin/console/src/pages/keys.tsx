import { Button, Menu, ActionIcon, Switch } from '@mantine/core';
import { useState } from 'react';
import { ask, part } from '../api/client';
import type { IssuedKey, Key } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { FormDialog } from '../parts/dialog';
import { Icon } from '../parts/icons';
import { Chip, Page, Panel, Rows, type Column } from '../parts/page';
import { Answered, Empty } from '../parts/states';
import { useTell } from '../parts/told';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { NewKey } from './key_new';
import { KeyShown } from './key_shown';
import { RotateKey } from './key_rotate';

export const isOver = (key: Key, now: number): boolean => key.revoked_at !== null || (key.expires_at !== null && Date.parse(key.expires_at) <= now);
const soon = 7 * 86_400_000;

function KeyState({ of: key }: { of: Key }) {
    const { t } = useWords();
    const formats = useFormats();
    const now = Date.now();
    if (key.revoked_at) return <Chip tone="quiet">{t('keys.state.revoked')}</Chip>;
    if (key.expires_at && Date.parse(key.expires_at) <= now) return <Chip tone="quiet">{t('keys.state.expired')}</Chip>;
    if (key.paused) return <Chip tone="warn">{t('keys.state.paused')}</Chip>;
    if (key.expires_at && Date.parse(key.expires_at) - now < soon) return <Chip tone="warn">{t('keys.state.ends', { when: formats.away(key.expires_at) })}</Chip>;
    return <Chip tone="good">{t('keys.state.works')}</Chip>;
}

interface ActionsProps {
    of: Key;
    rotate: () => void;
    revoke: () => void;
}
function Actions({ of: key, rotate, revoke }: ActionsProps) {
    const { t } = useWords();
    if (isOver(key, Date.now())) return null;
    return (
        <Menu position="bottom-end" withinPortal>
            <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label={t('keys.actions_of', { name: key.name })}>
                    <Icon name="dots" />
                </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
                <Menu.Item leftSection={<Icon name="rotate" size={16} />} onClick={rotate}>
                    {t('keys.rotate')}
                </Menu.Item>
                <Menu.Item leftSection={<Icon name="cross" size={16} />} className="danger" onClick={revoke}>
                    {t('keys.revoke')}
                </Menu.Item>
            </Menu.Dropdown>
        </Menu>
    );
}

interface TableProps {
    keys: readonly Key[];
    rotate: (key: Key) => void;
    revoke: (key: Key) => void;
}
function KeyTable({ keys, rotate, revoke }: TableProps) {
    const { t } = useWords();
    const formats = useFormats();
    const columns: Column<Key>[] = [
        {
            name: t('keys.name'),
            cell: (key) => (
                <>
                    <span className="strong">{key.name}</span>
                    <code className="under">bsr_{key.id}…</code>
                </>
            ),
        },
        { name: t('keys.team'), cell: (key) => key.team },
        { name: t('keys.models'), cell: (key) => (key.models.length > 0 ? key.models.join(', ') : t('keys.models_all')) },
        { name: t('keys.used'), cell: (key) => (key.last_used_at ? formats.away(key.last_used_at) : t('keys.never_used')) },
        { name: t('keys.expires'), cell: (key) => (key.expires_at ? formats.day(key.expires_at) : t('keys.never')) },
        { name: t('keys.state'), cell: (key) => <KeyState of={key} /> },
        { name: 'actions', actions: true, cell: (key) => <Actions of={key} rotate={() => rotate(key)} revoke={() => revoke(key)} /> },
    ];
    return <Rows label={t('nav.keys')} columns={columns} rows={keys} id={(key) => key.id} faded={(key) => isOver(key, Date.now())} />;
}

type Open = { what: 'new' } | { what: 'shown'; key: IssuedKey; rotated: boolean } | { what: 'rotate'; key: Key } | { what: 'revoke'; key: Key } | null;

export function KeysPage() {
    const { t, many } = useWords();
    const tell = useTell();
    const asked = useAnswer<{ keys: Key[] }>('/api/v1/me/keys');
    const [open, setOpen] = useState<Open>(null);
    const [withOver, setWithOver] = useState(false);
    const close = () => setOpen(null);
    const show = (key: IssuedKey, rotated: boolean) => {
        asked.again();
        setOpen({ what: 'shown', key, rotated });
    };
    const create = (
        <Button leftSection={<Icon name="plus" size={17} />} onClick={() => setOpen({ what: 'new' })}>
            {t('keys.create')}
        </Button>
    );
    const body = ({ keys }: { keys: Key[] }) => {
        const current = keys.filter((key) => !isOver(key, Date.now()));
        const over = keys.length - current.length;
        const shown = withOver ? keys : current;
        if (keys.length === 0)
            return (
                <Empty icon="keys" title={t('keys.none')} action={create}>
                    {t('keys.none_text')}
                </Empty>
            );
        return (
            <>
                {shown.length > 0 ? (
                    <KeyTable keys={shown} rotate={(key) => setOpen({ what: 'rotate', key })} revoke={(key) => setOpen({ what: 'revoke', key })} />
                ) : (
                    <Empty icon="keys" title={t('keys.none_now')} action={create} />
                )}
                {over > 0 && (
                    <div className="panel-foot">
                        <Switch label={many('keys.show_over', over)} checked={withOver} onChange={(event) => setWithOver(event.currentTarget.checked)} />
                    </div>
                )}
            </>
        );
    };
    return (
        <Page title={t('nav.keys')} lead={t('keys.lead')} actions={create}>
            <Panel flush>
                <Answered asked={asked}>{body}</Answered>
            </Panel>
            {open?.what === 'new' && <NewKey close={close} done={(key) => show(key, false)} />}
            {open?.what === 'shown' && <KeyShown issued={open.key} rotated={open.rotated} close={close} />}
            {open?.what === 'rotate' && <RotateKey of={open.key} close={close} done={(key) => show(key, true)} />}
            {open?.what === 'revoke' && (
                <FormDialog
                    title={t('keys.revoke_title', { name: open.key.name })}
                    does={t('keys.revoke_do')}
                    danger
                    close={close}
                    run={() => ask('DELETE', `/api/v1/me/keys/${part(open.key.id)}`)}
                    done={() => {
                        tell(t('keys.revoked', { name: open.key.name }));
                        close();
                        asked.again();
                    }}
                >
                    <p>{t('keys.revoke_text')}</p>
                </FormDialog>
            )}
        </Page>
    );
}

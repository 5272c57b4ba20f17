import { Button, NativeSelect, Tabs } from '@mantine/core';
import { useState } from 'react';
import type { IssuedKey, Model } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { CopyButton } from '../parts/copy';
import { Dialog } from '../parts/dialog';
import { Note } from '../parts/states';
import { useFormats } from '../words/formats';
import { useWords } from '../words/words';
import { snippetsFor, type Snippet } from './snippets';

function Code({ of: snippet }: { of: Snippet }) {
    const { t } = useWords();
    return (
        <div className="snippet">
            <pre tabIndex={0} aria-label={t('keys.snippet_of', { name: snippet.title })}>
                <code>{snippet.text}</code>
            </pre>
            <CopyButton text={snippet.text} label={t('keys.copy_snippet')} />
        </div>
    );
}

/** Tabs do not fit a phone: a list of choices there. */
function Snippets({ snippets }: { snippets: readonly Snippet[] }) {
    const { t } = useWords();
    const [name, setName] = useState(snippets[0]?.name ?? '');
    const shown = snippets.find((snippet) => snippet.name === name);
    return (
        <div>
            <Tabs value={name} onChange={(value) => setName(value ?? name)} className="snippet-tabs wide-only" variant="default">
                <Tabs.List aria-label={t('keys.use_it')}>
                    {snippets.map((snippet) => (
                        <Tabs.Tab key={snippet.name} value={snippet.name}>
                            {snippet.title}
                        </Tabs.Tab>
                    ))}
                </Tabs.List>
                {snippets.map((snippet) => (
                    <Tabs.Panel key={snippet.name} value={snippet.name}>
                        <Code of={snippet} />
                    </Tabs.Panel>
                ))}
            </Tabs>
            <div className="narrow-only">
                <NativeSelect
                    aria-label={t('keys.use_it')}
                    value={name}
                    onChange={(event) => setName(event.currentTarget.value)}
                    data={snippets.map((snippet) => ({ value: snippet.name, label: snippet.title }))}
                />
                {shown && <Code of={shown} />}
            </div>
        </div>
    );
}

interface Props {
    issued: IssuedKey;
    rotated: boolean;
    close: () => void;
}
/** The only time that anybody sees the key. */
export function KeyShown({ issued, rotated, close }: Props) {
    const { t } = useWords();
    const formats = useFormats();
    const models = useAnswer<{ models: Model[] }>('/api/v1/me/models').answer;
    const first = models?.ok ? models.value.models[0]?.name : undefined;
    const model = issued.models.find((each) => !each.startsWith('tier:')) ?? first ?? 'MODEL';
    return (
        <Dialog title={t(rotated ? 'keys.shown_rotated' : 'keys.shown', { name: issued.name })} close={close} size="lg" keep>
            <div className="stack">
                <Note tone="warn">
                    <p>{t('keys.shown_once')}</p>
                    {issued.old_secret_until && <p>{t('keys.shown_old', { until: formats.instant(issued.old_secret_until) })}</p>}
                </Note>
                <div className="secret">
                    <code aria-label={t('keys.the_key')}>{issued.key}</code>
                    <CopyButton text={issued.key} label={t('keys.copy')} primary />
                </div>
                <h3>{t('keys.use_it')}</h3>
                {models !== null && <Snippets snippets={snippetsFor(window.location.origin, issued.key, model)} />}
                <div className="dialog-actions">
                    <Button onClick={close}>{t('keys.shown_done')}</Button>
                </div>
            </div>
        </Dialog>
    );
}

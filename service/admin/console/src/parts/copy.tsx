import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useWords } from '../words/words';
import { Icon } from './icons';

const saidFor = 2500;

interface Props {
    text: string;
    label: string;
    primary?: boolean;
}
export function CopyButton({ text, label, primary = false }: Props) {
    const { t } = useWords();
    const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
    const timer = useRef<number>();
    useEffect(() => () => window.clearTimeout(timer.current), []);
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            setState('done');
        } catch {
            setState('failed');
        }
        window.clearTimeout(timer.current);
        timer.current = window.setTimeout(() => setState('idle'), saidFor);
    };
    return (
        <Button
            className="copy"
            size="xs"
            variant={primary ? 'filled' : 'default'}
            leftSection={<Icon name={state === 'done' ? 'check' : state === 'failed' ? 'warn' : 'copy'} size={15} />}
            onClick={() => void copy()}
        >
            <span aria-live="polite">{state === 'done' ? t('copy.done') : state === 'failed' ? t('copy.failed') : label}</span>
        </Button>
    );
}

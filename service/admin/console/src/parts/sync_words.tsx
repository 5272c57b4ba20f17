import type { SyncState } from '../api/types';
import { useWords } from '../words/words';
import { Chip, type Tone } from './page';

const tones: Record<SyncState, Tone> = { applied: 'good', nothing: 'quiet', dry_run: 'note', stopped: 'warn', failed: 'bad' };

export function SyncChip({ state }: { state: SyncState }) {
    const { t } = useWords();
    return <Chip tone={tones[state]}>{t(`sync.state.${state}`)}</Chip>;
}

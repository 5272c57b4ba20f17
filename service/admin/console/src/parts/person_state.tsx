import { useWords } from '../words/words';
import { Chip, type Tone } from './page';

const tones: Record<string, Tone> = { active: 'good', missing: 'warn', suspended: 'bad', gone: 'quiet' };

export function PersonState({ state }: { state: string }) {
    const { named } = useWords();
    return <Chip tone={tones[state] ?? 'quiet'}>{named('person.state', state)}</Chip>;
}

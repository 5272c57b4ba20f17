import { NativeSelect, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { languages, useWords, type Language, type Word } from '../words/words';
import { Icon, type IconName } from './icons';

const schemes: readonly { value: MantineColorScheme; icon: IconName; word: Word }[] = [
    { value: 'light', icon: 'sun', word: 'preferences.light' },
    { value: 'dark', icon: 'moon', word: 'preferences.dark' },
    { value: 'auto', icon: 'screen', word: 'preferences.auto' },
];

export function SchemeSwitch() {
    const { t } = useWords();
    const { colorScheme, setColorScheme } = useMantineColorScheme();
    return (
        <SegmentedControl
            size="xs"
            aria-label={t('preferences.scheme')}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as MantineColorScheme)}
            data={schemes.map(({ value, icon, word }) => ({
                value,
                label: (
                    <span className="scheme-choice" title={t(word)}>
                        <Icon name={icon} size={15} />
                        <span className="unseen">{t(word)}</span>
                    </span>
                ),
            }))}
        />
    );
}

export function LanguageSwitch() {
    const { t, language, speak } = useWords();
    return (
        <NativeSelect
            size="xs"
            aria-label={t('preferences.language')}
            value={language}
            onChange={(event) => speak(event.currentTarget.value as Language)}
            data={languages.map((each) => ({ value: each.language, label: each.name }))}
        />
    );
}

export function Preferences() {
    return (
        <div className="preferences">
            <LanguageSwitch />
            <SchemeSwitch />
        </div>
    );
}

import { NativeSelect, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { dateIn, isDate, periodNames, spanOf, type PeriodName, type Span } from '../periods';
import { useWords } from '../words/words';
import { useMe } from './me';

export interface Chosen {
    span: Span;
    name: PeriodName;
    choose: (name: PeriodName) => void;
    own: Span;
    setOwn: (span: Span) => void;
}

export function usePeriod(first: PeriodName): Chosen {
    const me = useMe();
    const today = dateIn(me.time_zone, Date.now());
    const [name, setName] = useState<PeriodName>(first);
    const [own, setOwn] = useState<Span>(() => spanOf('own', today));
    const span = useMemo(() => {
        if (name !== 'own') return spanOf(name, today);
        return isDate(own.from) && isDate(own.to) && own.from <= own.to ? own : spanOf('own', today);
    }, [name, own, today]);
    return { span, name, choose: setName, own, setOwn };
}

export function PeriodChoice({ of: period }: { of: Chosen }) {
    const { t } = useWords();
    const wrong = period.own.from > period.own.to;
    return (
        <div className="period">
            <NativeSelect
                aria-label={t('period')}
                value={period.name}
                onChange={(event) => period.choose(event.currentTarget.value as PeriodName)}
                data={periodNames.map((value) => ({ value, label: t(`period.${value}`) }))}
            />
            {period.name === 'own' && (
                <>
                    <TextInput
                        type="date"
                        aria-label={t('period.from')}
                        value={period.own.from}
                        error={wrong ? t('period.wrong') : undefined}
                        onChange={(event) => period.setOwn({ ...period.own, from: event.currentTarget.value })}
                    />
                    <TextInput
                        type="date"
                        aria-label={t('period.to')}
                        value={period.own.to}
                        onChange={(event) => period.setOwn({ ...period.own, to: event.currentTarget.value })}
                    />
                </>
            )}
        </div>
    );
}

import { Button, Skeleton } from '@mantine/core';
import type { Standing, Usage } from '../api/types';
import { useAnswer } from '../api/use_answer';
import { Icon } from '../parts/icons';
import { Limits } from '../parts/limits';
import { Page, Panel } from '../parts/page';
import { PeriodChoice, usePeriod } from '../parts/period_choice';
import { Answered, Empty, Note } from '../parts/states';
import { Totals, UsageChart, UsageTable } from '../parts/usage_view';
import type { Span } from '../periods';
import { useWords } from '../words/words';

const pathOf = ({ from, to }: Span): string => `/api/v1/me/usage?group_by=day,model&from=${from}&to=${to}`;

function Bones() {
    return (
        <>
            <Skeleton height={96} radius="md" />
            <Skeleton height={340} radius="md" />
            <Skeleton height={200} radius="md" />
        </>
    );
}

function Figures({ usage, span }: { usage: Usage; span: Span }) {
    const { t } = useWords();
    if (usage.total.calls === 0)
        return (
            <Panel>
                <Empty icon="usage" title={t('usage.none')}>
                    {t('usage.none_text')}
                </Empty>
            </Panel>
        );
    return (
        <>
            <Totals usage={usage} span={span} />
            {usage.rows_left_out > 0 && <Note tone="warn">{t('usage.cut')}</Note>}
            <UsageChart usage={usage} by="model" span={span} title={t('usage.by_model')} />
            <Panel title={t('usage.models')} flush>
                <UsageTable usage={usage} by="model" name={t('usage.model')} />
            </Panel>
        </>
    );
}

export default function UsagePage() {
    const { t } = useWords();
    const period = usePeriod('thirty');
    const usage = useAnswer<Usage>(pathOf(period.span));
    const limits = useAnswer<{ budgets: Standing[] }>('/api/v1/budgets/mine');
    const actions = (
        <>
            <PeriodChoice of={period} />
            <Button component="a" variant="default" href={`${pathOf(period.span)}&format=csv`} download="usage.csv" leftSection={<Icon name="download" size={16} />}>
                CSV
            </Button>
        </>
    );
    return (
        <Page title={t('nav.usage')} lead={t('usage.lead')} actions={actions}>
            <Answered asked={usage} waiting={<Bones />}>
                {(value) => <Figures usage={value} span={period.span} />}
            </Answered>
            <Panel title={t('limit.mine')} lead={t('limit.mine_lead')}>
                <Answered asked={limits}>
                    {({ budgets }) => (budgets.length > 0 ? <Limits standings={budgets} /> : <Empty icon="usage" title={t('limit.none')} />)}
                </Answered>
            </Panel>
        </Page>
    );
}

// Policies of the scenarios. JSON is YAML, so documents are built as objects.

/** Prices of the demo provider (its --price-input and --price-output): USD per million tokens. */
export const demoPrice = { input: '2.50', output: '10.00', cache_read: '0.25', cache_write_5m: '3.125', cache_write_1h: '5.00', hidden_reasoning: false };

/** The same for every entry: `more` where it says nothing. */
const each = (entries, more) => Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, { ...more, ...entry }]));

/**
 * One organisation with the team "demo": an OpenAI and an Anthropic provider at `origin`, and the models demo-gpt, demo-embed and
 * demo-claude. Every model is of the tier "standard", and every team may use that tier.
 * @param {{organisation?: object, budgets?: object[], models?: object, teams?: object, prices?: object, charging?: object[],
 *          providers?: object | ((origin: string) => object), identity?: object, alerts?: object, reports?: object}} more
 */
export function policyFor(origin, more = {}) {
    const keys = [{ secret: 'demo' }];
    return {
        organisation: { name: 'Scenario GmbH', currency: 'USD', time_zone: 'Europe/Berlin', ...more.organisation },
        providers: {
            'demo-openai': { dialect: 'openai', base_url: `${origin}/v1`, keys, catalogue: 'demo' },
            'demo-anthropic': { dialect: 'anthropic', base_url: origin, keys, catalogue: 'demo' },
            ...(typeof more.providers === 'function' ? more.providers(origin) : more.providers),
        },
        models: each(
            {
                'demo-gpt': { channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] },
                'demo-embed': { channels: [{ provider: 'demo-openai', model: 'demo-embed' }] },
                'demo-claude': { channels: [{ provider: 'demo-anthropic', model: 'demo-claude' }] },
                ...more.models,
            },
            { tier: 'standard' },
        ),
        teams: each({ demo: { budgets: more.budgets ?? [{ limit: '100 USD', per: 'month' }] }, ...more.teams }, { models: ['tier:standard'] }),
        ...(more.charging ? { charging: more.charging } : {}),
        ...(more.alerts ? { alerts: more.alerts } : {}),
        ...(more.reports ? { reports: more.reports } : {}),
        ...(more.identity ? { identity: more.identity } : {}),
        prices: { demo: { 'demo-gpt': demoPrice, 'demo-embed': demoPrice, 'demo-claude': demoPrice, ...more.prices } },
    };
}

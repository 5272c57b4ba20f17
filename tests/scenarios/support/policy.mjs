// Policies of the scenarios. JSON is YAML, so documents are built as objects.

/** Prices of the demo provider (its --price-input and --price-output): USD per million tokens. */
export const demoPrice = { input: '2.50', output: '10.00', cache_read: '0.25', cache_write_5m: '3.125', cache_write_1h: '5.00' };

/**
 * One organisation with the team "demo": an OpenAI and an Anthropic provider at `origin`, and the models demo-gpt, demo-embed and demo-claude.
 * @param {{budgets?: object[], models?: object, teams?: object, prices?: object, providers?: object | ((origin: string) => object)}} more
 */
export function policyFor(origin, more = {}) {
    return {
        organisation: { name: 'Scenario GmbH', currency: 'USD', time_zone: 'Europe/Berlin' },
        providers: {
            'demo-openai': { dialect: 'openai', base_url: `${origin}/v1`, keys: [{ secret: 'demo' }] },
            'demo-anthropic': { dialect: 'anthropic', base_url: origin, keys: [{ secret: 'demo' }] },
            ...(typeof more.providers === 'function' ? more.providers(origin) : more.providers),
        },
        models: {
            'demo-gpt': { channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] },
            'demo-embed': { channels: [{ provider: 'demo-openai', model: 'demo-embed' }] },
            'demo-claude': { channels: [{ provider: 'demo-anthropic', model: 'demo-claude' }] },
            ...more.models,
        },
        teams: { demo: { budgets: more.budgets ?? [{ limit: '100 USD', per: 'month' }] }, ...more.teams },
        prices: {
            'demo-gpt': demoPrice,
            'demo-embed': demoPrice,
            'demo-claude': demoPrice,
            ...more.prices,
        },
    };
}

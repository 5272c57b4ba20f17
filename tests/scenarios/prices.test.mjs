// Hunts: a token class that is counted twice, not at all or at another class's price. The judge is @pydantic/genai-prices: it reads the
// same answers of the provider, and prices them by its own catalogue.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices';

import { Bursar, nanos } from './support/bursar.mjs';

// Models whose prices in the box equal the judge's.
const openai = ['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'gpt-5-mini', 'gpt-5.2', 'o3'];
const anthropic = ['claude-opus-4-5', 'claude-haiku-4-5', 'claude-opus-4-6'];
const cases = 200;

/** Numbers that look random and are the same in every run. */
function* numbers(seed) {
    for (let state = seed; ; ) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        yield state / 2 ** 32;
    }
}

function usageFor(random, classes) {
    const usage = {};
    for (const name of classes) {
        const [chance, size] = [random.next().value, random.next().value];
        // Small, large and missing counts. No token at all would not be believed, and is not what providers say.
        if (chance < 0.75) usage[name] = Math.floor(size * size * (name === 'input' ? 90_000 : 20_000));
    }
    for (const name of ['input', 'output']) usage[name] = (usage[name] ?? 0) + 1;
    return usage;
}

let bursar;
let key;

before(async () => {
    const model = (provider, name) => [name, { channels: [{ provider, model: name }] }];
    bursar = await Bursar.start({
        policy: {
            budgets: [{ limit: '100000 USD', per: 'month' }],
            providers: (origin) => ({
                openai: { dialect: 'openai', base_url: `${origin}/v1`, keys: [{ secret: 'demo' }] },
                anthropic: { dialect: 'anthropic', base_url: origin, keys: [{ secret: 'demo' }] },
            }),
            models: Object.fromEntries([
                ...openai.map((name) => model('openai', name)),
                ...anthropic.map((name) => model('anthropic', name)),
                model('openai', 'text-embedding-3-small'),
            ]),
        },
    });
    key = await bursar.issueKey();
});
after(() => bursar?.stop());

/** What one call cost, by Bursar and by the judge, in nano-dollars. */
async function compare({ provider, model, flavour, where, body, headers }) {
    const answer = await bursar.call(key, where, body, { headers });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    const { usage } = extractUsage(findProvider({ providerId: provider }), JSON.parse(text), flavour);
    const judged = calcPrice(usage, model, { providerId: provider });
    assert.ok(judged, `the judge knows no ${model}`);
    // The judge counts in binary floating point; we round up to a whole nano-dollar, once.
    const expected = judged.total_price * 1e9;
    const cost = Number(nanos(answer.headers.get('x-bursar-cost-usd')));
    assert.ok(cost >= expected - 0.001 && cost < expected + 1.001, `${model}: ${cost} against ${expected} for ${JSON.stringify(usage)}`);
    return BigInt(cost);
}

test(`${cases} usages of all token classes cost what the judge says`, async () => {
    const random = numbers(20261124);
    let sum = 0n;
    for (let i = 0; i < cases; ++i) {
        const claude = i % 2 === 1;
        const model = claude ? anthropic[(i >> 1) % anthropic.length] : openai[(i >> 1) % openai.length];
        const usage = usageFor(random, claude ? ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output'] : ['input', 'cache_read', 'output']);
        if (!claude) usage.reasoning = Math.floor(usage.output / 3);
        const directive = Object.entries(usage).map(([name, count]) => `${name}:${count}`).join(',');
        const content = `case ${i} [[demo tokens=3 usage=${directive}]]`;
        if (claude) {
            const body = { model, max_tokens: 64, messages: [{ role: 'user', content }] };
            sum += await compare({ provider: 'anthropic', model, flavour: 'default', where: '/v1/messages', body,
                                   headers: { 'anthropic-version': '2023-06-01' } });
        } else if (i % 4 === 0) {
            const body = { model, messages: [{ role: 'user', content }] };
            sum += await compare({ provider: 'openai', model, flavour: 'chat', where: '/v1/chat/completions', body });
        } else {
            sum += await compare({ provider: 'openai', model, flavour: 'responses', where: '/v1/responses', body: { model, input: content } });
        }
    }
    const body = { model: 'text-embedding-3-small', input: 'some words to embed' };
    sum += await compare({ provider: 'openai', model: body.model, flavour: 'embeddings', where: '/v1/embeddings', body });

    const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:demo');
    assert.equal(nanos(budget.spent_usd), sum, 'the ledger has what the headers said');
});

test('a streamed call costs what the plain one costs', async () => {
    const content = 'twice [[demo tokens=3 usage=input:1234,cache_read:777,output:88]]';
    const cost = async (stream) => {
        const answer = await bursar.call(key, '/v1/chat/completions', { model: 'gpt-4o', stream, messages: [{ role: 'user', content }] });
        await answer.text();
        const id = answer.headers.get('x-bursar-call-id');
        const { calls } = await bursar.must('GET', `calls?call=${id}`);
        assert.equal(calls.length, 1);
        assert.equal(calls[0].usage_source, 'provider');
        return nanos(calls[0].cost_usd);
    };
    assert.equal(await cost(true), await cost(false));
});

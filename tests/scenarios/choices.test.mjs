// Hunts: a call that goes to another model or channel than the policy says: rules of virtual models, aliases, strategies. Judged by what
// reached the providers.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { answerCost, json, Odd, said, serve, words } from './support/odd.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

let one;
let two;
let three;
let claude;
let bursar;
let key;

const messages = [{ role: 'user', content: 'hi' }];
const strategies = ['weighted', 'sticky', 'least_busy', 'cheapest', 'fastest'];

before(async () => {
    [one, two, three, claude] = await Promise.all(['one', 'two', 'three', 'claude'].map((name) => Odd.start(name)));
    const at = (provider, more) => ({ provider, model: 'm', ...more });
    const cheap = { input: '0.1', output: '0.4', hidden_reasoning: false };
    // Every strategy has providers of its own, so that what one has learned of a channel is nothing to the others.
    const channels = {
        weighted: [at('weighted-one'), at('weighted-two', { weight: 3 })],
        sticky: ['one', 'two', 'three'].map((name) => at(`sticky-${name}`)),
        least_busy: [at('least_busy-one'), at('least_busy-two')],
        cheapest: [at('cheapest-one'), at('cheapest-two', { model: 'cheap' })],
        fastest: [at('fastest-one'), at('fastest-two')],
    };
    bursar = await Bursar.start({
        origin: one.origin,
        durability: 'process',
        policy: {
            providers: {
                one: one.provider(),
                two: two.provider(),
                claude: claude.provider({ dialect: 'anthropic', base_url: claude.origin }),
                ...Object.fromEntries(strategies.flatMap((strategy) => [one, two, three].map((odd) => [`${strategy}-${odd.name}`, odd.provider()]))),
            },
            models: {
                large: { tier: 'inner', aliases: ['huge', 'default'], channels: [at('one')] },
                small: { tier: 'inner', aliases: ['tiny'], channels: [at('two', { model: 'cheap' })] },
                auto: {
                    tier: 'virtual',
                    aliases: ['best'],
                    rules: [
                        { when: { input_tokens_above: 20000 }, use: 'large' },
                        { when: { tools: true, images: false }, use: 'large' },
                        { when: { images: true, tools: false }, use: 'huge' },
                        { when: { tags: ['night', 'batch'] }, use: 'large' },
                        { use: 'small' },
                    ],
                },
                opus: { tier: 'inner', aliases: ['opus-latest'], channels: [at('claude')] },
                smart: { tier: 'virtual', rules: [{ use: 'opus-latest' }] },
                thrifty: { tier: 'virtual', rules: [{ when: { budget_left_below: '50%' }, use: 'small' }, { use: 'large' }] },
                ...Object.fromEntries(strategies.map((strategy) => [strategy, { strategy, channels: channels[strategy] }])),
            },
            prices: { m: demoPrice, cheap },
            teams: { virtual: { models: ['tier:virtual'] }, poor: { models: ['thrifty'], budgets: [{ limit: '0.001 USD', per: 'month' }] } },
        },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    for (const each of [one, two, three, claude]) each?.close();
});
beforeEach(() => {
    for (const each of [one, two, three, claude]) {
        each.well();
        each.seen.length = 0;
    }
});

const ask = (model, more = {}, { who = key, ...options } = {}) => bursar.call(who, '/v1/chat/completions', { model, max_tokens: 20, messages, ...more }, options);
const text = async (response) => {
    const got = await response.text();
    assert.equal(response.status, 200, got);
    return got;
};
/** Who answered. */
const whom = async (response) => said(await text(response)).replace(`${words} `, '');
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };
const tagged = (tags) => ({ headers: { 'x-bursar-tags': tags } });

// --- virtual models

const picks = [
    ['nothing special', {}, {}, 'two'],
    ['a long prompt', { messages: [{ role: 'user', content: 'word '.repeat(10_000) }] }, {}, 'one'],
    ['tools', { tools }, {}, 'one'],
    ['a list of tools that is empty', { tools: [] }, {}, 'two'],
    ['an image', { messages: [{ role: 'user', content: [{ type: 'text', text: 'look' }, picture] }] }, {}, 'one'],
    ['an image and tools', { tools, messages: [{ role: 'user', content: [{ type: 'text', text: 'look' }, picture] }] }, {}, 'two'],
    ['a tag', {}, tagged('batch'), 'one'],
    ['a tag among others', {}, tagged('team-a, night ,x'), 'one'],
    ['a tag that only begins so', {}, tagged('nightly,batches'), 'two'],
    ['words that only look like an image', { messages: [{ role: 'user', content: '{"type":"image_url"} "tools":[1]' }] }, {}, 'two'],
];
for (const [name, more, options, expected] of picks)
    test(`a virtual model picks by ${name}, and is called by its own name`, async () => {
        const virtual = await bursar.issueKey({ team: 'virtual' });
        for (const stream of [false, true])
            for (const model of ['auto', 'best']) {
                const response = await ask(model, { ...more, stream }, { who: virtual, ...options });
                const got = await text(response);
                assert.equal(said(got), `${words} ${expected}`);
                const names = [...got.matchAll(/"model":"([^"]*)"/g)].map(([, found]) => found);
                assert.ok(names.length > 0);
                assert.deepEqual([...new Set(names)], [model], 'the name that was asked for');
            }
        const provider = expected === 'one' ? one : two;
        assert.equal(provider.calls, 4);
        assert.deepEqual([...new Set(provider.seen.map(({ body }) => body.model))], [expected === 'one' ? 'm' : 'cheap']);
    });

test('who may use only a virtual model may not use what it picks', async () => {
    const virtual = await bursar.issueKey({ team: 'virtual' });
    for (const name of ['large', 'huge', 'small', 'tiny']) assert.equal((await ask(name, {}, { who: virtual })).status, 403, name);
    const { data } = await (await bursar.call(virtual, '/v1/models')).json();
    assert.deepEqual(data.map(({ id }) => id).sort(), ['auto', 'smart', 'thrifty']);
});

test('a virtual model is asked in the other dialect as well', async () => {
    const virtual = await bursar.issueKey({ team: 'virtual' });
    const response = await bursar.call(virtual, '/v1/messages', { model: 'auto', max_tokens: 20, messages }, { headers: { 'anthropic-version': '2023-06-01' } });
    const message = await response.json();
    assert.equal(response.status, 200, JSON.stringify(message));
    assert.equal(message.model, 'auto');
    assert.equal(message.content[0].text, `${words} two`);
});

test('when most of a budget is spent, the cheaper model is picked', async () => {
    const poor = await bursar.issueKey({ team: 'poor' });
    // 0.001 USD: each answer of the large one costs 0.0000475; of the small one less than a twentieth.
    const whoAnswered = [];
    for (let i = 0; i < 16; ++i) {
        const response = await ask('thrifty', { max_tokens: 3 }, { who: poor });
        whoAnswered.push(await whom(response));
        assert.equal((await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:poor').length, 1);
    }
    const turned = whoAnswered.indexOf('two');
    assert.ok(whoAnswered[0] === 'one' && turned > 0, whoAnswered.join());
    assert.deepEqual(new Set(whoAnswered.slice(turned)), new Set(['two']), whoAnswered.join());
    assert.equal(turned, Math.floor(500_000 / Number(answerCost)) + 1, 'as soon as less than half is left');
    const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:poor');
    assert.ok(nanos(budget.spent_usd) > 500_000n && nanos(budget.spent_usd) < 600_000n);
});

// --- aliases

test('an alias is the model: in calls, in keys, in its rows and for whoever looks it up', async () => {
    const inner = await bursar.changePolicy((policy) => (policy.teams.demo.models = ['tier:standard', 'tier:inner']));
    assert.ok(inner.revision > 1);
    for (const name of ['large', 'huge', 'default']) {
        const response = await ask(name);
        const answer = JSON.parse(await text(response));
        assert.equal(answer.model, name);
        assert.equal(answer.choices[0].message.content, `${words} one`);
    }
    assert.deepEqual([...new Set(one.seen.map(({ body }) => body.model))], ['m']);
    const { data } = await (await bursar.call(key, '/v1/models')).json();
    assert.equal(data.filter(({ id }) => ['large', 'huge', 'default'].includes(id)).length, 1, 'one model, listed once');
    // Clients ask for a model before they use it.
    for (const name of ['large', 'huge']) {
        const response = await bursar.call(key, `/v1/models/${name}`);
        assert.equal(response.status, 200, name);
        assert.equal((await response.json()).id, 'large');
    }
    assert.equal((await bursar.call(key, '/v1/models/nobody')).status, 404);
    assert.equal((await bursar.call(key, '/v1/models/auto')).status, 404, 'a model of others');
});

test('a key that is limited to an alias may use the model by all its names, and no other', async () => {
    const limited = await bursar.issueKey({ models: ['huge'] });
    for (const name of ['large', 'huge', 'default']) assert.equal(await whom(await ask(name, {}, { who: limited })), 'one');
    assert.equal((await ask('small', {}, { who: limited })).status, 403);
    const { data } = await (await bursar.call(limited, '/v1/models')).json();
    assert.deepEqual(data.map(({ id }) => id), ['large']);
    assert.equal((await bursar.call(limited, '/v1/models/default')).status, 200);
    assert.equal((await bursar.call(limited, '/v1/models/tiny')).status, 404);
});

test('aliases and virtual models at every endpoint, in the name that was asked for', async () => {
    const tell = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
    one.answer = two.answer = (response, body, { url }) => {
        const { model } = body;
        if (/embeddings/.test(url)) return json(response, 200, { object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [1] }], usage: { prompt_tokens: 7, total_tokens: 7 } });
        if (/responses/.test(url)) return json(response, 200, { id: 'r1', object: 'response', status: 'completed', model, output: [], usage: tell });
        return json(response, 200, { id: 'c1', object: 'text_completion', model, choices: [{ index: 0, text: 'x', finish_reason: 'stop' }], usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 } });
    };
    claude.answer = (response, body, { url }) =>
        /count_tokens/.test(url)
            ? json(response, 200, { input_tokens: 7 })
            : json(response, 200, { id: 'm1', type: 'message', role: 'assistant', model: body.model, content: [{ type: 'text', text: 'x' }], stop_reason: 'end_turn', usage: tell });
    await bursar.changePolicy((policy) => (policy.teams.demo.models = ['*']));
    for (const [where, more] of [['/v1/embeddings', { input: 'hi' }], ['/v1/responses', { input: 'hi', max_output_tokens: 20 }], ['/v1/completions', { prompt: 'hi', max_tokens: 20 }]])
        for (const [model, provider, sent] of [['tiny', two, 'cheap'], ['auto', two, 'cheap'], ['best', two, 'cheap'], ['huge', one, 'm']]) {
            const response = await bursar.call(key, where, { model, ...more });
            const answer = JSON.parse(await text(response));
            assert.equal(answer.model, model, where);
            assert.equal(provider.seen.at(-1).body.model, sent);
            const [row] = await until('its row', async () => {
                const { calls } = await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`);
                return calls.length > 0 && calls;
            });
            assert.deepEqual([row.model, row.usage_source], [model, 'provider']);
        }
    const headers = { 'anthropic-version': '2023-06-01' };
    for (const where of ['/v1/messages', '/v1/messages/count_tokens'])
        for (const model of ['opus-latest', 'smart']) {
            const answer = JSON.parse(await text(await bursar.call(key, where, { model, messages, ...(where.endsWith('s/count_tokens') ? {} : { max_tokens: 20 }) }, { headers })));
            if (answer.type) assert.equal(answer.model, model);
            else assert.equal(answer.input_tokens, 7);
            assert.equal(claude.seen.at(-1).body.model, 'm');
        }
    assert.equal((await (await bursar.call(key, '/v1/models/opus-latest', undefined, { headers })).json()).id, 'opus');
});

// --- strategies

test('weighted: one to three', async () => {
    await Promise.all(Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 20; ++i) await text(await ask('weighted'));
    }));
    // 100 expected, with a standard deviation of 8.7: outside of this once in some hundred million runs.
    assert.equal(one.calls + two.calls, 400);
    assert.ok(one.calls > 50 && one.calls < 150, `${one.calls} to ${two.calls}`);
});

test('sticky: a caller stays, others may be elsewhere, and who has to go comes back', async () => {
    const odds = { one, two, three };
    const callers = [];
    for (let i = 0; i < 12; ++i) {
        const who = await bursar.issueKey({ person: `person-${i}@example.com` });
        const at = new Set();
        for (let j = 0; j < 5; ++j) at.add(await whom(await ask('sticky', {}, { who })));
        assert.equal(at.size, 1, 'the same channel every time');
        callers.push({ who, at: [...at][0] });
    }
    assert.ok(new Set(callers.map(({ at }) => at)).size > 1, 'not all callers are at one channel');
    // By person, not by key.
    const again = await bursar.issueKey({ person: 'person-0@example.com' });
    assert.equal(await whom(await ask('sticky', {}, { who: again })), callers[0].at);
    const gone = callers[0].at;
    odds[gone].answer = (response) => json(response, 503, { error: { message: 'gone' } });
    for (const { who, at } of callers) {
        const now = await whom(await ask('sticky', {}, { who }));
        if (at === gone) assert.notEqual(now, gone);
        else assert.equal(now, at, 'whose channel is well stays there');
    }
    odds[gone].well();
    for (const { who, at } of callers) assert.equal(await whom(await ask('sticky', {}, { who })), at);
});

test('least_busy: while one channel is slow, the other gets the calls', async () => {
    const waiting = [];
    one.answer = (response, body) => waiting.push(() => serve(response, body, 'one'));
    const first = ask('least_busy');
    await until('the slow one has it', () => waiting.length === 1);
    for (let i = 0; i < 10; ++i) assert.equal(await whom(await ask('least_busy')), 'two');
    // With one call at each, the first as written is as good as the other.
    const stuck = [];
    two.answer = (response, body) => stuck.push(() => serve(response, body, 'two'));
    const more = [ask('least_busy')];
    await until('the other has one too', () => stuck.length === 1);
    // One after the other: of two that choose at the same moment neither sees the other.
    more.push(ask('least_busy'));
    await until('the first as written has one more', () => waiting.length === 2);
    more.push(ask('least_busy'));
    await until('the other has one more too', () => stuck.length === 2);
    for (const go of [...waiting, ...stuck]) go();
    for (const each of [first, ...more]) await text(await each);
    const { channels } = await bursar.must('GET', 'providers');
    assert.deepEqual(channels.filter(({ channel }) => channel.startsWith('least_busy')).map(({ under_way }) => under_way), [0, 0]);
});

test('cheapest: the dearer channel is asked only when the cheaper one fails', async () => {
    for (let i = 0; i < 10; ++i) assert.equal(await whom(await ask('cheapest')), 'two');
    two.answer = (response) => json(response, 503, { error: { message: 'no' } });
    const response = await ask('cheapest');
    assert.equal(await whom(response), 'one');
    assert.equal(nanos(response.headers.get('x-bursar-cost-usd')), answerCost);
});

test('fastest: once both were measured the fast one gets the calls, streamed and plain', async () => {
    for (const streamed of [true, false]) {
        const late = 120;
        one.answer = (response, body) => setTimeout(() => serve(response, body, 'one'), late);
        const begin = performance.now();
        const measured = [await whom(await ask('fastest', { stream: streamed })), await whom(await ask('fastest', { stream: streamed }))];
        assert.deepEqual(measured.sort(), ['one', 'two'], 'each is tried once');
        assert.ok(performance.now() - begin >= late);
        for (let i = 0; i < 20; ++i) assert.equal(await whom(await ask('fastest', { stream: streamed })), 'two');
    }
});

// Hunts: a prompt that another model would have taken and is refused; a refusal that is asked about everywhere; words of the provider that
// never reach the caller; an error that is taken for a refusal of the content, and the other way round.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { answerCost, event, json, named, Odd, role, said, stream, words } from './support/odd.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

let first; // of the model that cannot
let second; // its other channel
let long;
let tame;
let claude;
let bursar;
let key;

before(async () => {
    [first, second, long, tame, claude] = await Promise.all(['first', 'second', 'long', 'tame', 'claude'].map((name) => Odd.start(name)));
    const channels = [{ provider: 'first', model: 'm' }, { provider: 'second', model: 'm', priority: 2 }];
    const fallbacks = { context_too_long: 'larger', content_refused: 'bolder' };
    bursar = await Bursar.start({
        origin: first.origin,
        policy: {
            providers: {
                first: first.provider(),
                second: second.provider(),
                long: long.provider(),
                tame: tame.provider(),
                claude: claude.provider({ dialect: 'anthropic', base_url: claude.origin }),
            },
            models: {
                small: { channels, fallbacks },
                alone: { channels },
                once: { channels, fallbacks, attempts_max: 1 },
                sonnet: { channels: [{ provider: 'claude', model: 'sonnet' }], fallbacks },
                'sonnet-alone': { channels: [{ provider: 'claude', model: 'sonnet' }] },
                larger: { tier: 'inner', channels: [{ provider: 'long', model: 'big' }], fallbacks: { content_refused: 'bolder' } },
                auto: { aliases: ['best'], rules: [{ when: { tools: true }, use: 'bolder' }, { use: 'small' }] },
                bolder: { tier: 'inner', channels: [{ provider: 'tame', model: 'm' }] },
            },
            teams: { poor: { budgets: [{ limit: '0.0015 USD', per: 'month' }], on_short: 'refuse' } },
            prices: { m: demoPrice, big: { input: '5', output: '20', hidden_reasoning: false }, sonnet: demoPrice },
        },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    for (const each of [first, second, long, tame, claude]) each?.close();
});
beforeEach(() => {
    for (const each of [first, second, long, tame, claude]) {
        each.well();
        each.seen.length = 0;
    }
});

const messages = [{ role: 'user', content: 'hi' }];
const ask = (model, more = {}) => bursar.call(key, '/v1/chat/completions', { model, max_tokens: 100, messages, ...more });
const askClaude = (model, more = {}) =>
    bursar.call(key, '/v1/messages', { model, max_tokens: 100, messages, ...more }, { headers: { 'anthropic-version': '2023-06-01' } });
const rowsOf = (response, count) =>
    until('its rows', async () => {
        const { calls } = await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`);
        return calls.length >= count && calls;
    });
const asked = () => [first, second, long, tame, claude].filter(({ calls }) => calls > 0).map(({ name, calls }) => `${name} ${calls}`).join(', ');
const spent = async () => nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo').spent_usd);

// As the providers' own pages and their users' reports have them.
const openai = {
    'context_length_exceeded': [400, { error: { message: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens. Please reduce the length of the messages.", type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } }, 'long'],
    'a context window': [400, { error: { message: 'Your input exceeds the context window of this model. Please adjust your input and try again.', type: 'invalid_request_error', param: 'input', code: null } }, 'long'],
    'a body too large': [413, { error: { message: 'Request too large', type: 'invalid_request_error' } }, 'long'],
    'content_policy_violation': [400, { error: { message: 'Your request was rejected as a result of our safety system.', type: 'invalid_request_error', param: null, code: 'content_policy_violation' } }, 'tame'],
    'the filter of Azure': [400, { error: { message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", type: null, param: 'prompt', code: 'content_filter', status: 400, innererror: { code: 'ResponsibleAIPolicyViolation' } } }, 'tame'],
};
const anthropic = {
    'prompt is too long': [400, { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 214013 tokens > 200000 maximum' } }, 'long'],
    'input and max_tokens': [400, { type: 'error', error: { type: 'invalid_request_error', message: 'input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000, decrease input length or `max_tokens` and try again' } }, 'long'],
    'request_too_large': [413, { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } }, 'long'],
    'content filtering': [400, { type: 'error', error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' } }, 'tame'],
};

for (const [name, [status, body, where]] of Object.entries(openai))
    for (const streamed of [false, true]) {
        const how = streamed ? 'streamed' : 'plain';
        test(`${how}: a refusal such as ${name} goes to the fallback, and no other channel is asked`, async () => {
            first.answer = (response) => json(response, status, body);
            const before = await spent();
            const response = await ask('small', { stream: streamed });
            const text = await response.text();
            assert.equal(response.status, 200, text);
            assert.equal(said(text), `${words} ${where}`);
            assert.equal(asked(), `first 1, ${where} 1`);
            const [last, refused] = await rowsOf(response, 2);
            assert.deepEqual([last.model, refused.model], ['small', 'small'], 'the name that was asked for');
            assert.deepEqual([last.superseded, refused.superseded, refused.status], [false, true, status]);
            assert.deepEqual([last.channel, refused.channel, last.attempts], [where === 'long' ? 'long/big' : 'tame/m', 'first/m', 2]);
            assert.equal(nanos(refused.cost_usd), 0n);
            assert.equal(nanos(last.cost_usd), where === 'long' ? 2n * answerCost : answerCost, 'at the price of the channel that answered');
            assert.equal((await spent()) - before, nanos(last.cost_usd));
        });
        test(`${how}: without a fallback a refusal such as ${name} comes in the provider's own words`, async () => {
            first.answer = (response) => json(response, status, body);
            const response = await ask('alone', { stream: streamed });
            assert.equal(response.status, status);
            assert.deepEqual(await response.json(), body);
            assert.equal(asked(), 'first 1');
        });
    }

for (const [name, [status, body, where]] of Object.entries(anthropic))
    test(`a refusal of Anthropic such as ${name} goes to the fallback, also to callers of the other dialect`, async () => {
        claude.answer = (response) => json(response, status, body);
        for (const streamed of [false, true]) {
            const response = await ask('sonnet', { stream: streamed });
            assert.equal(said(await response.text()), `${words} ${where}`, 'in the dialect of OpenAI');
        }
        const message = await (await askClaude('sonnet')).json();
        assert.equal(message.content?.[0].text, `${words} ${where}`, JSON.stringify(message));
        assert.equal(message.model, 'sonnet');
        const alone = await askClaude('sonnet-alone');
        assert.equal(alone.status, status);
        assert.deepEqual(await alone.json(), body);
        const translated = await ask('sonnet-alone');
        assert.equal(translated.status, status);
        assert.equal((await translated.json()).error.message, body.error.message);
    });

// The first event of a stream may be the refusal.
const tooLong = openai.context_length_exceeded[1];
const tooLongClaude = anthropic['prompt is too long'][1];
test('a stream that begins with a refusal goes to the fallback', async () => {
    for (const start of ['', role]) {
        first.answer = (response) => stream(response).end(start + event(tooLong));
        const response = await ask('small', { stream: true });
        assert.equal(said(await response.text()), `${words} long`);
        assert.doesNotMatch(asked(), /second/);
    }
    first.answer = (response) => stream(response).end(event({ error: { message: 'filtered', code: 'content_filter' } }));
    assert.equal(said(await (await ask('small', { stream: true })).text()), `${words} tame`);
    claude.answer = (response) => stream(response).end(named(tooLongClaude));
    assert.equal(said(await (await ask('sonnet', { stream: true })).text()), `${words} long`);
    const messages = await (await askClaude('sonnet', { stream: true })).text();
    assert.match(messages, /"text":"one /);
    assert.match(messages, /"text":"long /);
    assert.match(messages, /message_stop/);
});

test('without a fallback the caller reads why a stream was refused, and is not told to come again', async () => {
    first.answer = (response) => stream(response).end(event(tooLong));
    const response = await ask('alone', { stream: true });
    const { error } = await response.json();
    assert.equal(response.status, 400);
    assert.match(error.message, /maximum context length is 128000 tokens/);
    assert.equal(asked(), 'first 1', 'the other channel has the same window');
    const [row] = await rowsOf(response, 1);
    assert.deepEqual([row.status, row.fault], [400, 'provider_refused']);
    assert.equal(nanos(row.cost_usd), 0n);
});

test('so does a success whose body is a refusal', async () => {
    first.answer = (response) => json(response, 200, tooLong);
    assert.equal(said(await (await ask('small')).text()), `${words} long`);
    first.seen.length = long.seen.length = 0;
    const response = await ask('alone');
    const { error } = await response.json();
    assert.equal(response.status, 400);
    assert.match(error.message, /maximum context length is 128000 tokens/);
    assert.equal(asked(), 'first 1');
});

test("Azure's report on the prompt, before an error, is no refusal of the content", async () => {
    // Every stream of Azure begins with it.
    const fine = { filtered: false, severity: 'safe' };
    const report = event({ choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: fine, violence: fine } }] });
    first.answer = (response) => stream(response).end(report + event({ error: { message: 'The server had an error while processing your request.', type: 'server_error', code: null } }));
    const response = await ask('small', { stream: true });
    assert.equal(said(await response.text()), `${words} second`);
    assert.equal(asked(), 'first 1, second 1');
});

test('what a stream echoes of the prompt is no refusal of it', async () => {
    const echo = event({ id: 'c1', object: 'chat.completion.chunk', service_note: 'the context window of a moderation model', model: 'm', choices: [{ index: 0, delta: { role: 'assistant' }, finish_reason: null }] });
    first.answer = (response) => stream(response).end(echo + event({ error: { message: 'overloaded', type: 'server_error' } }));
    assert.equal(said(await (await ask('small', { stream: true })).text()), `${words} second`);
});

test('a refusal of the content by the larger model goes on to its own fallback', async () => {
    first.answer = (response) => json(response, 400, tooLong);
    long.answer = (response) => json(response, ...openai.content_policy_violation.slice(0, 2));
    const response = await ask('small');
    assert.equal(said(await response.text()), `${words} tame`);
    assert.equal(asked(), 'first 1, long 1, tame 1');
    assert.deepEqual((await rowsOf(response, 3)).map(({ channel, superseded }) => [channel, superseded]), [['tame/m', false], ['first/m', true], ['long/big', true]]);
});

test('attempts_max bounds fallbacks too', async () => {
    first.answer = (response) => json(response, 400, tooLong);
    const response = await ask('once');
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), tooLong);
    assert.equal(asked(), 'first 1');
});

test('a fallback that fails as well gives one honest error', async () => {
    first.answer = (response) => json(response, 400, tooLong);
    long.answer = (response) => json(response, 503, { error: { message: 'soon', type: 'server_error' } });
    const response = await ask('small');
    assert.equal(response.status, 503);
    assert.equal((await response.json()).error.message, 'soon');
    assert.equal(asked(), 'first 1, long 1');
    assert.equal((await rowsOf(response, 2)).filter(({ superseded }) => !superseded).length, 1);
});

test('a fallback is for nobody to ask by name who may not', async () => {
    const own = await bursar.issueKey({ models: ['small'] });
    first.answer = (response) => json(response, 400, tooLong);
    const body = { model: 'small', max_tokens: 100, messages };
    assert.equal(said(await (await bursar.call(own, '/v1/chat/completions', body)).text()), `${words} long`);
    assert.equal((await bursar.call(own, '/v1/chat/completions', { ...body, model: 'larger' })).status, 403);
});

test('a virtual model falls back as what it picked does, and keeps its name', async () => {
    first.answer = (response) => json(response, 400, tooLong);
    for (const name of ['auto', 'best'])
        for (const streamed of [false, true]) {
            const got = await (await ask(name, { stream: streamed })).text();
            assert.equal(said(got), `${words} long`);
            assert.deepEqual([...new Set([...got.matchAll(/"model":"([^"]*)"/g)].map(([, found]) => found))], [name]);
        }
    assert.equal(asked(), 'first 4, long 4');
    assert.ok(long.seen.every(({ body }) => body.model === 'big' && body.messages[0].content === 'hi'), 'the prompt is the same');
});

test('a fallback that the budget cannot pay is refused for that, and costs nothing', async () => {
    const poor = await bursar.issueKey({ team: 'poor' });
    first.answer = (response) => json(response, 400, tooLong);
    // 100 tokens at most cost 0.001 USD at the small model, and twice that at the larger one.
    const response = await bursar.call(poor, '/v1/chat/completions', { model: 'small', max_tokens: 100, messages });
    assert.equal(response.status, 402);
    assert.match((await response.json()).error.message, /budget/i);
    assert.equal(asked(), 'first 1');
    const rows = await rowsOf(response, 2);
    assert.deepEqual(rows.map(({ superseded, status, channel }) => [superseded, status, channel]), [[false, 402, ''], [true, 400, 'first/m']]);
    assert.ok(rows.every(({ cost_usd }) => nanos(cost_usd) === 0n));
    const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:poor');
    assert.equal(nanos(budget.spent_usd), 0n);
});

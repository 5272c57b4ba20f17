// Hunts: a request that a provider with ways of its own cannot take, and numbers of a provider that nobody should believe. Judged by what
// reached the provider, and by the books.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { answerCost, completion, delta, end, event, json, named, Odd, price, role, said, stream, usage, words } from './support/odd.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

let azure;
let other;
let claude;
let bursar;
let key;
const messages = [{ role: 'user', content: 'hi' }];

before(async () => {
    [azure, other, claude] = await Promise.all(['azure', 'other', 'claude'].map((name) => Odd.start(name)));
    bursar = await Bursar.start({
        origin: azure.origin,
        durability: 'process',
        secrets: { demo: 'sk-demo', 'azure-a': 'az 1/key' },
        policy: {
            providers: {
                azure: azure.provider({ base_url: `${azure.origin}/openai-resource`, deployments: true, api_version: '2024-10-21', auth: 'api-key', keys: [{ secret: 'azure-a' }] }),
                headed: other.provider({ headers: { 'X-Tenant': 'house 7', 'User-Agent': 'bursar', 'anthropic-beta': 'a,b' } }),
                older: other.provider({ max_tokens_name: 'max_tokens' }),
                newer: other.provider({ max_tokens_name: 'max_completion_tokens' }),
                silent: other.provider({ stream_usage: false }),
                liar: other.provider(),
                flat: claude.provider({ dialect: 'anthropic', base_url: `${claude.origin}/api`, version_in_path: false, auth: 'bearer' }),
                claude: claude.provider({ dialect: 'anthropic', base_url: claude.origin }),
                azured: azure.provider({ base_url: azure.origin, deployments: true, api_version: '2024-10-21', auth: 'api-key', keys: [{ secret: 'azure-a' }], headers: { 'api-version-of': 'x' } }),
            },
            models: {
                azure: { channels: [{ provider: 'azure', model: 'my-gpt/4' }] },
                azured: { channels: [{ provider: 'azured', model: 'm' }] },
                flat: { channels: [{ provider: 'flat', model: 'm' }] },
                claude: { channels: [{ provider: 'claude', model: 'm' }] },
                ...Object.fromEntries(['headed', 'older', 'newer', 'silent', 'liar'].map((name) => [name, { channels: [{ provider: name, model: 'm' }] }])),
                thinker: { hidden_reasoning: true, channels: [{ provider: 'liar', model: 'm' }] },
            },
            prices: { m: demoPrice, 'my-gpt/4': demoPrice },
        },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    for (const each of [azure, other, claude]) each?.close();
});
beforeEach(() => {
    for (const each of [azure, other, claude]) {
        each.well();
        each.seen.length = 0;
    }
});

const ask = (model, more = {}, { where = '/v1/chat/completions', ...options } = {}) => bursar.call(key, where, { model, max_tokens: 100, messages, ...more }, options);
const anthropicHeaders = { headers: { 'anthropic-version': '2023-06-01' } };
async function text(response) {
    const got = await response.text();
    assert.equal(response.status, 200, got);
    return got;
}
const row = (response) =>
    until('its row', async () => (await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`)).calls[0]);

// --- what goes out

test('Azure: the model in the path, the version in the query, the key in its own header', async () => {
    for (const streamed of [false, true]) assert.equal(said(await text(await ask('azure', { stream: streamed }))), `${words} azure`);
    for (const { method, url, headers, body } of azure.seen) {
        assert.equal(method, 'POST');
        assert.equal(url, '/openai-resource/openai/deployments/my-gpt%2F4/chat/completions?api-version=2024-10-21');
        assert.equal(headers['api-key'], 'az 1/key');
        assert.equal(headers.authorization, undefined);
        assert.equal(headers['x-api-key'], undefined);
        assert.equal(headers.host, `127.0.0.1:${azure.port}`);
        assert.equal(headers['content-type'], 'application/json');
        assert.equal(body.model, 'my-gpt/4');
        assert.deepEqual(body.messages, messages);
    }
    assert.deepEqual(azure.seen[1].body.stream_options, { include_usage: true });
    azure.answer = (response) => json(response, 200, { id: 'r', object: 'response', status: 'completed', model: 'm', output: [], usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 } });
    await text(await bursar.call(key, '/v1/responses', { model: 'azure', input: 'hi', max_output_tokens: 100 }));
    assert.equal(azure.seen.at(-1).url, '/openai-resource/openai/responses?api-version=2024-10-21', 'one path for all models');
    azure.answer = (response) => json(response, 200, { object: 'list', model: 'm', data: [{ object: 'embedding', index: 0, embedding: [1] }], usage: { prompt_tokens: 7, total_tokens: 7 } });
    await text(await bursar.call(key, '/v1/embeddings', { model: 'azured', input: 'hi' }));
    assert.equal(azure.seen.at(-1).url, '/openai/deployments/m/embeddings?api-version=2024-10-21');
});

test("Azure: a caller's own query follows, his credentials do not", async () => {
    const headers = { 'api-key': 'sk-of-the-caller', 'x-bursar-tags': 'a', cookie: 'c=1', 'openai-organization': 'org', 'x-forwarded-for': '10.0.0.1' };
    await text(await ask('azured', {}, { where: '/v1/chat/completions?trace=1', headers }));
    const [{ url, headers: got }] = azure.seen;
    assert.equal(url, '/openai/deployments/m/chat/completions?api-version=2024-10-21&trace=1');
    assert.equal(got['api-key'], 'az 1/key');
    for (const name of ['authorization', 'x-bursar-tags', 'cookie', 'openai-organization', 'x-forwarded-for']) assert.equal(got[name], undefined, name);
});

test('a call of the other dialect reaches Azure in its own', async () => {
    const message = JSON.parse(await text(await ask('azured', {}, { where: '/v1/messages', ...anthropicHeaders })));
    assert.equal(message.content[0].text, `${words} azure`);
    const [{ url, headers }] = azure.seen;
    assert.equal(url, '/openai/deployments/m/chat/completions?api-version=2024-10-21');
    assert.equal(headers['api-key'], 'az 1/key');
    assert.equal(headers['anthropic-version'], undefined);
});

test('the policy’s headers are sent, once, before those of the caller', async () => {
    await text(await ask('headed', {}, { headers: { 'x-tenant': 'house 8', 'anthropic-beta': 'z', 'x-own': 'kept' } }));
    const [{ headers }] = other.seen;
    assert.equal(headers['x-tenant'], 'house 7');
    assert.equal(headers['user-agent'], 'bursar');
    assert.equal(headers['anthropic-beta'], 'a,b');
    assert.equal(headers['x-own'], 'kept');
    assert.equal(headers.authorization, 'Bearer sk-demo');
    await text(await ask('headed', {}, { where: '/v1/messages', ...anthropicHeaders }));
    assert.equal(other.seen[1].headers['anthropic-beta'], 'a,b', 'also in a translated call');
});

test('a provider of the dialect anthropic without /v1, with a bearer token', async () => {
    claude.answer = (response) => json(response, 200, { id: 'm1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', usage: { input_tokens: 7, output_tokens: 3 } });
    await text(await ask('flat', {}, { where: '/v1/messages', ...anthropicHeaders }));
    await text(await ask('claude', {}, { where: '/v1/messages', ...anthropicHeaders }));
    const [flat, usual] = claude.seen;
    assert.deepEqual([flat.url, flat.headers.authorization, flat.headers['x-api-key']], ['/api/messages', 'Bearer sk-demo', undefined]);
    assert.deepEqual([usual.url, usual.headers.authorization, usual.headers['x-api-key']], ['/v1/messages', undefined, 'sk-demo']);
    assert.equal(usual.headers['anthropic-version'], '2023-06-01');
});

test('a limit that is inserted has the name that the provider takes', async () => {
    const limits = () => other.seen.map(({ body: { max_tokens, max_completion_tokens } }) => [max_tokens, max_completion_tokens]);
    for (const model of ['older', 'newer']) await text(await ask(model, { max_tokens: undefined }));
    assert.deepEqual(limits(), [[16384, undefined], [undefined, 16384]]);
    other.seen.length = 0;
    // Translated, the limit of the caller has the name as well.
    for (const model of ['older', 'newer']) await text(await ask(model, { max_tokens: 77 }, { where: '/v1/messages', ...anthropicHeaders }));
    assert.deepEqual(limits(), [[77, undefined], [undefined, 77]]);
});

test('stream_usage: false sends no stream_options, and the call is booked as estimated', async () => {
    for (const options of [{}, anthropicHeaders]) {
        other.seen.length = 0;
        const where = options.headers ? '/v1/messages' : '/v1/chat/completions';
        const response = await ask('silent', { stream: true }, { where, ...options });
        const got = await text(response);
        assert.match(got, /three/);
        assert.match(got, options.headers ? /message_stop/ : /\[DONE\]/);
        assert.equal('stream_options' in other.seen[0].body, false);
        const outcome = await row(response);
        assert.equal(outcome.usage_source, 'estimated');
        // "one two three other " are 20 bytes in four events.
        assert.ok(nanos(outcome.cost_usd) >= 4n * price.output && nanos(outcome.cost_usd) <= 20n * price.output + 100n * price.input, outcome.cost_usd);
    }
    const plain = await ask('silent');
    await text(plain);
    assert.equal((await row(plain)).usage_source, 'provider', 'a plain answer tells it all the same');
});

// --- what comes back

const content = 'word '.repeat(30);
const answered = (told) => (response, body) => {
    if (!body.stream) return json(response, 200, completion(content, { usage: told }));
    stream(response).write(role);
    for (const word of content.trim().split(' ')) response.write(delta({ content: `${word} ` }));
    response.end(end(told ?? null));
};
const detailed = (more) => ({ ...usage, ...more });
// `source` of the row, and its cost: exact, or at least and at most.
const exact = (nano) => [nano, nano];
const estimate = [30n * price.output, 150n * price.output + 200n * price.input];
const lies = {
    'nothing at all': [undefined, 'estimated', estimate],
    null: [null, 'estimated', estimate],
    'an empty object': [{}, 'estimated', estimate],
    'negative counts': [{ prompt_tokens: -7, completion_tokens: -3, total_tokens: -10 }, 'estimated', estimate],
    'a negative output': [{ prompt_tokens: 7, completion_tokens: -3, total_tokens: 4 }, 'estimated', [7n * price.input + 30n * price.output, 7n * price.input + 150n * price.output]],
    'zeros for what was delivered': [{ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, 'estimated', estimate],
    strings: [{ prompt_tokens: '7', completion_tokens: '3', total_tokens: '10' }, 'estimated', estimate],
    fractions: [{ prompt_tokens: 7.5, completion_tokens: 3.5, total_tokens: 11 }, 'estimated', estimate],
    'counts beyond 64 bits': ['{"prompt_tokens":99999999999999999999999,"completion_tokens":1e300,"total_tokens":0}', 'estimated', estimate],
    'counts that no model has': [{ prompt_tokens: 7, completion_tokens: Number.MAX_SAFE_INTEGER, total_tokens: 1 }, 'estimated', estimate],
    'lists and objects': [{ prompt_tokens: [7], completion_tokens: { a: 3 }, prompt_tokens_details: [], completion_tokens_details: 'x' }, 'estimated', estimate],
    'a text': ['"none"', 'estimated', estimate],
    'more cached than there were': [detailed({ prompt_tokens_details: { cached_tokens: 100 } }), 'provider', exact(7n * price.input + 100n * 250n + 3n * price.output)],
    'negative details': [detailed({ prompt_tokens_details: { cached_tokens: -5 }, completion_tokens_details: { reasoning_tokens: -1 } }), 'provider', exact(answerCost)],
    'more reasoning than output': [detailed({ completion_tokens_details: { reasoning_tokens: 5000 } }), 'provider', exact(answerCost)],
    'a wrong total': [detailed({ total_tokens: 999_999 }), 'provider', exact(answerCost)],
    // More than was asked for: the provider's own count is booked, whatever it is.
    'more output than the limit': [{ prompt_tokens: 7, completion_tokens: 5000, total_tokens: 5007 }, 'provider', exact(7n * price.input + 5000n * price.output)],
};
for (const [name, [told, source, [least, most]]] of Object.entries(lies))
    for (const streamed of [false, true])
        test(`${streamed ? 'streamed' : 'plain'}: the caller gets his answer, and the books are sensible, when the usage is ${name}`, async () => {
            // A text is JSON as it stands: not all lies can be said by an object of ours.
            const raw = typeof told === 'string';
            const answer = answered(raw ? 'RAW' : told);
            other.answer = raw
                ? (response, body) => {
                      const finish = response.end.bind(response);
                      response.end = (last) => finish(last.replaceAll('"RAW"', told));
                      answer(response, body);
                  }
                : answer;
            const before = nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo').spent_usd);
            const response = await ask('liar', { stream: streamed, stream_options: streamed ? { include_usage: true } : undefined });
            const got = await text(response);
            assert.equal(said(got), streamed ? content.trim() : content);
            if (streamed) assert.equal(got.split('[DONE]').length, 2);
            const outcome = await row(response);
            const cost = nanos(outcome.cost_usd);
            assert.equal(outcome.usage_source, source, JSON.stringify(outcome));
            assert.ok(cost >= least && cost <= most, `${cost} is not in ${least} to ${most}: ${JSON.stringify(outcome.usage)}`);
            for (const [token, count] of Object.entries(outcome.usage)) assert.ok(count >= 0, `${token}: ${count}`);
            assert.equal(outcome.fault, '');
            const { budgets } = await bursar.must('GET', 'budgets');
            assert.equal(nanos(budgets.find(({ account }) => account === 'team:demo').spent_usd) - before, cost);
            assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
        });

test('lies of a provider of Anthropic’s dialect, too', async () => {
    const tell = (told) => (response, body) => {
        const message = { id: 'm1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: content }], stop_reason: 'end_turn', usage: told };
        if (!body.stream) return json(response, 200, message);
        stream(response);
        response.write(named({ type: 'message_start', message: { ...message, content: [], stop_reason: null } }));
        response.write(named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }));
        response.write(named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: content } }));
        response.write(named({ type: 'content_block_stop', index: 0 }));
        response.write(named({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: told }));
        response.end(named({ type: 'message_stop' }));
    };
    for (const told of [undefined, null, {}, 'x', { input_tokens: -1, output_tokens: -1 }, { input_tokens: '7', output_tokens: 1e300, cache_creation: 3, server_tool_use: [] }, { iterations: 'x' }])
        for (const streamed of [false, true])
            for (const where of ['/v1/messages', '/v1/chat/completions']) {
                claude.answer = tell(told);
                const response = await ask('claude', { stream: streamed }, { where, ...(where === '/v1/messages' ? anthropicHeaders : {}) });
                const got = await text(response);
                assert.match(got, /word word/);
                if (streamed) assert.match(got, where === '/v1/messages' ? /message_stop/ : /\[DONE\]/);
                else assert.ok(JSON.parse(got));
                const outcome = await row(response);
                const cost = nanos(outcome.cost_usd);
                const what = `${where} ${streamed} ${JSON.stringify(told)}: ${JSON.stringify(outcome)}`;
                assert.equal(outcome.usage_source, 'estimated', what);
                assert.ok(cost >= 30n * price.output && cost <= estimate[1], what);
            }
});

test('what a model that hides its thoughts does not tell costs what was held', async () => {
    other.answer = answered(undefined);
    const response = await ask('thinker');
    await text(response);
    const outcome = await row(response);
    assert.equal(outcome.cost_usd, outcome.held_usd);
});

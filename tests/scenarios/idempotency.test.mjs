// Hunts: one request that is paid for twice because it was sent twice, an answer that comes back changed or to somebody else, a key that
// stays taken, a retry that is kept from succeeding. The provider is our own, so that it can be slow, be cut, and count.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { Bursar, nanos } from './support/bursar.mjs';
import { until } from './support/process.mjs';

/** What the provider answers next: called with the response object, the request's body and its headers. */
let answer;
let asked = []; // every request that reached the provider
let provider;
let bursar;
let key;
let next = 0;

const plain = (response, words = 'hello') =>
    response.writeHead(200, { 'content-type': 'application/json', 'x-provider-says': `answer ${asked.length}` }).end(
        JSON.stringify({ id: `c${asked.length}`, object: 'chat.completion', model: 'demo-gpt', created: 1,
            choices: [{ index: 0, message: { role: 'assistant', content: words }, finish_reason: 'stop' }], usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }),
    );
const chunk = (delta, finish = null) =>
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'demo-gpt', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const end = `${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c1', choices: [], usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } })}\n\ndata: [DONE]\n\n`;
const begin = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' });
/** A stream of so many pieces, one every few milliseconds. */
async function stream(response, pieces = 5, milliseconds = 5, words = 'word ') {
    begin(response);
    for (let i = 0; i < pieces; ++i) {
        response.write(chunk({ content: `${words}${i} ` }));
        await pause(milliseconds);
    }
    response.end(end);
}

before(async () => {
    provider = createServer((request, response) => {
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => {
            asked.push({ headers: request.headers, body: JSON.parse(body) });
            void answer(response, JSON.parse(body));
        });
    });
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    bursar = await Bursar.start({
        origin: `http://127.0.0.1:${provider.address().port}`,
        policy: { teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } } },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    provider?.closeAllConnections();
    provider?.close();
});

const fresh = () => `key-${++next}`;
const messages = [{ role: 'user', content: 'hi' }];
const ask = (idempotencyKey, more = {}, { who = key, where = '/v1/chat/completions', ...options } = {}) =>
    bursar.call(who, where, { model: 'demo-gpt', max_tokens: 50, messages, ...more }, { ...options, headers: { 'idempotency-key': idempotencyKey, ...options.headers } });
const row = (id) => until(`row of ${id}`, async () => (await bursar.must('GET', `calls?call=${id}`)).calls[0]);
const spent = async () => nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo').spent_usd);
/** All headers of an answer that say something about it. */
const headers = (response) =>
    Object.fromEntries([...response.headers].filter(([name]) => !/^(date|connection|keep-alive|content-length|transfer-encoding|x-bursar-(replayed|attempts|cost-usd|overhead-us|budget-remaining-usd))$/.test(name)));

/** Sends the same twice and looks at both answers. */
async function twice(send) {
    const before = { asked: asked.length, spent: await spent() };
    const first = await send();
    const bytes = Buffer.from(await first.arrayBuffer());
    const cost = (await spent()) - before.spent;
    const second = await send();
    const again = Buffer.from(await second.arrayBuffer());
    assert.equal(first.headers.get('x-bursar-replayed'), null);
    assert.equal(second.headers.get('x-bursar-replayed'), 'true');
    assert.equal(second.status, first.status);
    assert.deepEqual(headers(second), headers(first), 'the same call id, request id, type and provider headers');
    assert.ok(bytes.equals(again), `first ${bytes}\nagain ${again}`);
    assert.equal(asked.length, before.asked + 1, 'one call of the provider');
    assert.ok(cost > 0n);
    assert.equal(await spent(), before.spent + cost, 'one charge');
    return { first, second };
}

test('a plain answer comes again, byte for byte, and costs nothing', async () => {
    answer = (response) => plain(response, 'grüße');
    const name = fresh();
    const { second } = await twice(() => ask(name));
    assert.equal(nanos(second.headers.get('x-bursar-cost-usd')), 0n);
    assert.equal(asked.at(-1).headers['idempotency-key'], undefined, 'it is a promise to Bursar, not to the provider');
});

test('so does a stream, and the answer of the other dialect', async () => {
    answer = (response) => stream(response);
    const name = fresh();
    await twice(() => ask(name, { stream: true }));
    answer = (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(
            JSON.stringify({ id: 'msg_1', type: 'message', role: 'assistant', model: 'demo-claude', content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', usage: { input_tokens: 7, output_tokens: 5 } }),
        );
    const other = fresh();
    const { first } = await twice(() => ask(other, { model: 'demo-claude' }, { where: '/v1/messages', headers: { 'anthropic-version': '2023-06-01' } }));
    assert.match(first.headers.get('request-id'), /^call_/);
});

test('a replay has an outcome row of its own, which cost nothing', async () => {
    answer = (response) => plain(response);
    const name = fresh();
    await (await ask(name)).text();
    await (await ask(name)).text();
    const { calls } = await bursar.must('GET', 'calls?limit=2');
    assert.deepEqual(calls.map(({ attempts }) => attempts).sort(), [0, 1]);
    const replay = calls.find(({ attempts }) => attempts === 0);
    assert.equal(replay.status, 200);
    assert.equal(replay.fault, '');
    assert.equal(nanos(replay.cost_usd), 0n);
});

test('while the first is answered, a second one is told to wait', async () => {
    let go;
    answer = (response) => (go = () => plain(response));
    const name = fresh();
    const first = ask(name);
    await until('the provider has it', () => go);
    const second = await ask(name);
    assert.equal(second.status, 409);
    assert.equal(second.headers.get('retry-after'), '1');
    assert.equal(second.headers.get('x-should-retry'), null);
    assert.equal((await second.json()).error.code, 'call_in_progress');
    go();
    const text = await (await first).text();
    assert.equal(await (await ask(name)).text(), text);
});

test('the same key with another request is refused, in the dialect of the caller', async () => {
    answer = (response) => plain(response);
    const name = fresh();
    await (await ask(name)).text();
    const before = asked.length;
    const other = await ask(name, { max_tokens: 51 });
    assert.equal(other.status, 422);
    assert.equal(other.headers.get('x-should-retry'), 'false');
    const { error } = await other.json();
    assert.equal(error.type, 'invalid_request_error');
    assert.equal(error.code, 'idempotency_key_reused');
    assert.match(error.message, /key of its own/);
    const message = await ask(name, { model: 'demo-claude' }, { where: '/v1/messages' });
    assert.equal(message.status, 422);
    assert.equal((await message.json()).error.type, 'invalid_request_error');
    assert.equal(asked.length, before);
});

test('two callers with the same key do not meet', async () => {
    answer = (response) => plain(response, `answer ${asked.length}`);
    const bob = await bursar.issueKey();
    const name = fresh();
    const mine = await (await ask(name)).text();
    const response = await ask(name, {}, { who: bob });
    assert.equal(response.headers.get('x-bursar-replayed'), null);
    assert.notEqual(await response.text(), mine);
    assert.equal(await (await ask(name)).text(), mine);
});

test('a key must be 1 to 255 printable characters, and one', async () => {
    answer = (response) => plain(response);
    for (const wrong of ['', 'x'.repeat(256), 'grün', 'a\tb']) {
        const response = await ask(wrong);
        assert.equal(response.status, 400, JSON.stringify(wrong));
        assert.match((await response.json()).error.message, /Idempotency-Key/);
    }
    const listed = await bursar.call(key, '/v1/models', undefined, { headers: { 'idempotency-key': 'x'.repeat(256) } });
    assert.equal(listed.status, 200, 'what is not sent by POST has no use for one');
    assert.equal((await ask('x'.repeat(255))).status, 200);
});

test('what was refused, or failed before it cost anything, may be tried again', async () => {
    const name = fresh();
    const poor = await bursar.issueKey({ team: 'poor' });
    assert.equal((await ask(name, {}, { who: poor })).status, 402);
    await bursar.changePolicy((policy) => (policy.teams.poor.budgets[0].limit = '1 USD'));
    answer = (response) => plain(response);
    assert.equal((await ask(name, {}, { who: poor })).status, 200);
    answer = (response) => response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    assert.equal((await ask(name)).status, 400);
    answer = (response) => plain(response);
    const response = await ask(name);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-bursar-replayed'), null);
});

test('what was paid and then cut off is not paid again under the same key', async () => {
    answer = (response) => {
        begin(response).write(chunk({ content: 'half an ans' }));
        setTimeout(() => response.destroy(), 20);
    };
    const name = fresh();
    const first = await ask(name, { stream: true });
    assert.match(await first.text(), /"error"/);
    const before = { asked: asked.length, spent: await spent() };
    const again = await ask(name, { stream: true });
    assert.equal(again.status, 409);
    assert.equal(again.headers.get('x-should-retry'), 'false');
    const { error } = await again.json();
    assert.equal(error.code, 'idempotency_key_spent');
    assert.match(error.message, new RegExp(first.headers.get('x-bursar-call-id')));
    assert.match(error.message, /new key/);
    assert.deepEqual({ asked: asked.length, spent: await spent() }, before);
    answer = (response) => stream(response);
    assert.match(await (await ask(fresh(), { stream: true })).text(), /\[DONE\]/);
});

test('who leaves in the middle finds the whole answer when he comes again', async () => {
    for (const streamed of [true, false]) {
        let ended = 0;
        answer = async (response) => {
            if (streamed) await stream(response, 40, 10);
            else await pause(400).then(() => plain(response));
            ended = Date.now();
        };
        const name = fresh();
        const before = asked.length;
        const leave = new AbortController();
        const first = ask(name, { stream: streamed }, { signal: leave.signal }).then((response) => response.text());
        await until('it has begun', () => asked.length > before);
        await pause(80);
        leave.abort();
        await assert.rejects(first);
        assert.equal((await ask(name, { stream: streamed })).status, 409, 'it is still being made');
        await until('the provider was heard out', () => ended);
        const again = await until('the answer', async () => {
            const response = await ask(name, { stream: streamed });
            return response.status === 200 && response;
        });
        assert.equal(again.headers.get('x-bursar-replayed'), 'true');
        assert.match(await again.text(), streamed ? /word 39[^]*\[DONE\]/ : /hello/);
        assert.equal(asked.length, before + 1);
        const outcome = await row(again.headers.get('x-bursar-call-id'));
        assert.equal(outcome.usage_source, 'provider');
        assert.equal(outcome.fault, '');
    }
});

test('an answer of more than 4 MiB is given once and then said to be gone', async () => {
    const words = 'x'.repeat(1 << 20);
    answer = (response) => plain(response, words.repeat(5));
    const name = fresh();
    assert.equal((await (await ask(name)).text()).length > 5 << 20, true);
    const again = await ask(name);
    assert.equal(again.status, 409);
    assert.match((await again.json()).error.message, /too large/);
    answer = (response) => stream(response, 6, 1, words);
    const other = fresh();
    assert.match(await (await ask(other, { stream: true })).text(), /\[DONE\]/);
    assert.equal((await ask(other, { stream: true })).status, 409);
});

test('the retries of the official clients pay once', async () => {
    const openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, timeout: 400, maxRetries: 3 });
    answer = (response) => pause(900).then(() => plain(response));
    let before = asked.length;
    const done = await openai.chat.completions.create({ model: 'demo-gpt', messages }, { headers: { 'Idempotency-Key': fresh() } });
    assert.equal(done.choices[0].message.content, 'hello');
    assert.equal(asked.length, before + 1);

    const anthropic = new Anthropic({ baseURL: bursar.origin, apiKey: key, timeout: 400, maxRetries: 3 });
    answer = (response) =>
        pause(900).then(() =>
            response.writeHead(200, { 'content-type': 'application/json' }).end(
                JSON.stringify({ id: 'msg_1', type: 'message', role: 'assistant', model: 'demo-claude', content: [{ type: 'text', text: 'hi' }], stop_reason: 'end_turn', usage: { input_tokens: 7, output_tokens: 5 } }),
            ),
        );
    before = asked.length;
    const message = await anthropic.messages.create({ model: 'demo-claude', max_tokens: 10, messages }, { headers: { 'Idempotency-Key': fresh() } });
    assert.equal(message.content[0].text, 'hi');
    assert.equal(asked.length, before + 1);
});

test('1,000 at once: one call of the provider, one charge, one answer', async () => {
    answer = (response) => pause(300).then(() => plain(response));
    const name = fresh();
    const before = { asked: asked.length, spent: await spent() };
    const answers = await Promise.all(
        Array.from({ length: 1000 }, async () => {
            const response = await ask(name);
            return { status: response.status, replayed: response.headers.get('x-bursar-replayed'), text: await response.text() };
        }),
    );
    assert.equal(answers.filter(({ status, replayed }) => status === 200 && !replayed).length, 1);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))].filter((status) => status !== 200 && status !== 409), []);
    assert.equal(new Set(answers.filter(({ status }) => status === 200).map(({ text }) => text)).size, 1);
    assert.equal(asked.length, before.asked + 1);
    assert.equal((await spent()) - before.spent, 7n * 2_500n + 5n * 10_000n);
    const replays = await Promise.all(Array.from({ length: 200 }, () => ask(name)));
    assert.ok(replays.every(({ status }) => status === 200));
    assert.equal(asked.length, before.asked + 1);
});

test('after a restart the answers are still there, and so is what was spent', async () => {
    answer = (response) => stream(response);
    const name = fresh();
    const text = await (await ask(name, { stream: true })).text();
    answer = (response) => response.writeHead(502).end('lost');
    const paid = fresh();
    assert.equal((await ask(paid)).status, 502);
    assert.equal((await ask(paid)).status, 409);
    await bursar.stopService();
    await bursar.launch();
    const before = asked.length;
    const again = await ask(name, { stream: true });
    assert.equal(again.headers.get('x-bursar-replayed'), 'true');
    assert.equal(await again.text(), text);
    assert.equal((await ask(name, { stream: true, max_tokens: 1 })).status, 422);
    assert.equal((await ask(paid)).status, 409);
    assert.equal(asked.length, before);
});

test('after kill -9 nothing is charged twice in silence', async () => {
    answer = (response) => plain(response);
    const whole = fresh();
    const text = await (await ask(whole)).text();
    await pause(100); // written with the next group
    answer = (response) => begin(response).write(chunk({ content: 'half' }));
    const cut = fresh();
    const first = await ask(cut, { stream: true });
    const cutCall = first.headers.get('x-bursar-call-id');
    void first.text().catch(() => {});
    await bursar.kill();
    await bursar.launch();
    const replayed = await ask(whole);
    assert.equal(replayed.headers.get('x-bursar-replayed'), 'true');
    assert.equal(await replayed.text(), text);
    // Nobody has seen the end of the other one. It runs again, and the books say that it is the second charge.
    answer = (response) => stream(response);
    const again = await ask(cut, { stream: true });
    assert.equal(again.status, 200);
    assert.equal(again.headers.get('x-bursar-replayed'), null);
    assert.match(await again.text(), /\[DONE\]/);
    const lost = await row(cutCall);
    assert.equal(lost.usage_source, 'lost');
    assert.ok((await bursar.must('GET', 'ledger')).lost_calls.some(({ call }) => call === cutCall));
});

// Hunts: a batch that is sent before the most that it may cost is booked, books that differ from what its results say, a correction that is
// made twice or never, and a file or batch that somebody else can see.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { rowOf, settled } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { until } from './support/process.mjs';
import { answers, Gate, late } from './fakes/server.mjs';
import { StrictBatches } from './support/strict-batches.mjs';

const providerKey = 'sk-strict-batches-0123456789';
const price = { input: '2.50', output: '10.00', hidden_reasoning: false, batch: '0.5' };

const teams = ['one', 'two', 'books', 'mixed', 'killed', 'left', 'replay', 'refusing', 'row', 'gone', 'down', 'early', 'spelled'];

let provider;
let bursar;
const keys = {};
const clients = {};
let lastCall;

const note = async (url, options) => {
    const answer = await fetch(url, options);
    lastCall = answer.headers.get('x-bursar-call-id') ?? lastCall;
    return answer;
};
const clientFor = (apiKey) => new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey, maxRetries: 0, fetch: note });

const chat = (id, more = {}) => ({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'chat', messages: [{ role: 'user', content: `Hello, ${id}.` }], max_tokens: 50, ...more } });
/** A service that was started again has another port. */
const renew = () => Object.entries(keys).forEach(([team, key]) => (clients[team] = clientFor(key)));

const jsonl = (lines) => `${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`;
const upload = async (client, lines, name = 'calls.jsonl') => client.files.create({ purpose: 'batch', file: await toFile(Buffer.from(jsonl(lines)), name) });
const create = (client, file, more = {}, options) => client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', ...more }, options);
const spentBy = async (team) => {
    const { spending } = await settled(bursar);
    return spending[`team:${team}`] ?? { cost: 0n, charge: 0n, tokens: 0n, calls: 0n };
};
/** At half the price, rounded up once for each call, as a call is. */
const billOf = (used) =>
    used.reduce((sum, { prompt_tokens, completion_tokens = 0 }) => {
        const whole = BigInt(prompt_tokens) * nanos(price.input) + BigInt(completion_tokens) * nanos(price.output);
        return sum + (whole + 1_999_999n) / 2_000_000n;
    }, 0n);
const tokensOf = (used) => used.reduce((sum, { total_tokens }) => sum + BigInt(total_tokens), 0n);
const isBooked = (team, cost) => until(`${cost} nano-dollars in the books of ${team}`, async () => (await spentBy(team)).cost === cost, 60_000);
const isMaking = ({ method, path }) => method === 'POST' && path === '/v1/batches';
/** The service has asked for it since then, by itself. */
const isAskedFor = (batch, since) =>
    until(`a look at ${batch.id}`, async () => provider.requests.slice(since).some(({ method, path }) => method === 'GET' && path === `/v1/batches/${batch.id}`), 60_000);
const sentSince = (count) => provider.requests.slice(count).filter(({ method }) => method !== 'GET');

before(async () => {
    provider = await new StrictBatches(providerKey).listen();
    const there = (model) => ({ channels: [{ provider: 'demo-openai', model }] });
    bursar = await Bursar.start({
        origin: provider.origin,
        secrets: { demo: providerKey },
        policy: {
            models: {
                chat: there('chat-there'),
                vector: there('vector-there'),
                other: there('other-there'),
                claude: { channels: [{ provider: 'demo-anthropic', model: 'claude-there' }] },
                pick: { rules: [{ use: 'chat' }] },
            },
            teams: Object.fromEntries(teams.map((name) => [name, {}]).concat([['poor', { budgets: [{ limit: '0.001 USD', per: 'month' }] }]])),
            prices: { 'chat-there': price, 'vector-there': { input: '1', batch: '0.5' }, 'other-there': price, 'claude-there': price },
        },
    });
    for (const team of [...teams, 'poor']) {
        keys[team] = await bursar.issueKey({ team });
    }
    keys.narrow = await bursar.issueKey({ models: ['vector'] });
    renew();
});
after(async () => {
    await bursar?.stop();
    await provider?.stop();
});

test('upload, batch, results: what OpenAI’s own client does works, and each call has the provider’s name of the model', async () => {
    const client = clients.one;
    const file = await upload(client, [chat('a'), chat('b', { max_tokens: undefined, max_completion_tokens: 40 }), chat('c', { max_tokens: undefined })]);
    assert.equal(file.purpose, 'batch');
    assert.equal(file.filename, 'calls.jsonl');
    const lines = provider.files.get(file.id).text.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ body }) => body.model), ['chat-there', 'chat-there', 'chat-there']);
    assert.deepEqual(lines.map(({ body }) => body.max_tokens ?? body.max_completion_tokens), [50, 40, 16384]);
    assert.deepEqual((await client.files.retrieve(file.id)).id, file.id);

    const batch = await create(client, file, { metadata: { of: 'a test' } });
    assert.equal(batch.status, 'in_progress');
    assert.deepEqual(batch.metadata, { of: 'a test' });
    provider.end(batch.id);
    const ended = await client.batches.retrieve(batch.id);
    assert.equal(ended.status, 'completed');
    const output = await (await client.files.content(ended.output_file_id)).text();
    assert.equal(output, provider.files.get(ended.output_file_id).text);
    await isBooked('one', billOf(provider.batches.get(batch.id).used));
    assert.deepEqual((await client.batches.list()).data.map(({ id }) => id), [batch.id]);
    assert.ok((await client.files.list()).data.some(({ id }) => id === file.id));
    await client.files.delete(file.id);
    await assert.rejects(client.files.retrieve(file.id), ({ status }) => status === 404);
    assert.deepEqual(provider.refusals, []);
});

test('what is somebody else’s is as unknown as what nobody has, and the provider is not asked for it', async () => {
    const file = await upload(clients.one, [chat('mine')]);
    const batch = await create(clients.one, file);
    provider.end(batch.id);
    const { output_file_id: output } = await clients.one.batches.retrieve(batch.id);
    const sent = provider.requests.length;
    const other = clients.two;
    const unknown = [];
    for (const id of [file.id, output, 'file_nobody'])
        for (const ask of [() => other.files.retrieve(id), () => other.files.content(id), () => other.files.delete(id), () => create(other, { id })])
            await assert.rejects(ask(), (error) => unknown.push(error.message.replaceAll(id, 'ID')) && error.status === 404);
    for (const id of [batch.id, 'batch_nobody'])
        for (const ask of [() => other.batches.retrieve(id), () => other.batches.cancel(id)]) await assert.rejects(ask(), ({ status }) => status === 404);
    assert.equal(new Set(unknown).size, 1, `the sentences tell them apart: ${unknown}`);
    assert.deepEqual((await other.files.list()).data, []);
    assert.deepEqual((await other.batches.list()).data, []);
    // The clerk may ask for the batch meanwhile.
    assert.deepEqual(sentSince(sent), []);
    assert.ok(provider.requests.slice(sent).every(({ path }) => !path.includes(file.id)));
});

test('batch_create: the most that it may cost is held and booked, and its row says so', async () => {
    const before = await spentBy('row');
    const file = await upload(clients.row, [chat('a'), chat('b')]);
    const batch = await create(clients.row, file);
    const row = await rowOf(bursar, lastCall);
    assert.equal(row.endpoint, 'batch_create');
    assert.equal(row.status, 200);
    assert.ok(nanos(row.cost_usd) > 0n);
    assert.equal(row.held_usd, row.cost_usd);
    const spent = await spentBy('row');
    assert.equal(spent.cost - before.cost, nanos(row.cost_usd));
    assert.equal(spent.calls - before.calls, 2n);
    // Two answers of 50 tokens at half of 10 dollars a million, and an input that is bounded by its bytes.
    assert.ok(nanos(row.cost_usd) > 500_000n, row.cost_usd);
    provider.end(batch.id);
    await clients.row.batches.retrieve(batch.id);
    await isBooked('row', billOf(provider.batches.get(batch.id).used));
});

test('batch_create: an exhausted budget refuses it before anything is sent', async () => {
    const file = await upload(clients.poor, [chat('a'), chat('b', { max_tokens: 1000 })]);
    const sent = provider.requests.length;
    await assert.rejects(create(clients.poor, file), (error) => [402, 429].includes(error.status) && /budget of team "poor"/.test(error.message));
    assert.deepEqual(sentSince(sent), []);
    assert.equal((await rowOf(bursar, lastCall)).fault, 'budget_exhausted');
    assert.equal((await spentBy('poor')).cost, 0n);
});

for (const [title, ask] of Object.entries({
    'file_upload costs nothing, and its row says so': () => upload(clients.row, [chat('a')]),
    'file_list costs nothing, and its row says so': () => clients.row.files.list(),
    'file_get costs nothing, and its row says so': async () => clients.row.files.retrieve((await upload(clients.row, [chat('a')])).id),
    'file_content costs nothing, and its row says so': async () => clients.row.files.content((await upload(clients.row, [chat('a')])).id),
    'file_delete costs nothing, and its row says so': async () => clients.row.files.delete((await upload(clients.row, [chat('a')])).id),
    'batch_list costs nothing, and its row says so': () => clients.row.batches.list(),
    'batch_get costs nothing, and its row says so': async () => clients.row.batches.retrieve((await create(clients.row, await upload(clients.row, [chat('a')]))).id),
    'batch_cancel costs nothing, and its row says so': async () => clients.row.batches.cancel((await create(clients.row, await upload(clients.row, [chat('a')]))).id),
}))
    test(title, async () => {
        await ask();
        const row = await rowOf(bursar, lastCall);
        assert.equal(row.endpoint, title.split(' ')[0]);
        assert.equal(row.status, 200);
        assert.equal(nanos(row.cost_usd), 0n);
        assert.equal(nanos(row.held_usd), 0n);
    });

test('once it has ended the books have what its results say, to the nano-dollar, in every measure', async () => {
    const lines = Array.from({ length: 25 }, (_, i) => chat(`n-${i}`, { max_tokens: 7 + i }));
    const batch = await create(clients.books, await upload(clients.books, lines));
    const worst = await spentBy('books');
    provider.end(batch.id);
    const { used } = provider.batches.get(batch.id);
    await clients.books.batches.retrieve(batch.id);
    await isBooked('books', billOf(used));
    const spent = await spentBy('books');
    assert.ok(worst.cost > spent.cost);
    assert.equal(spent.charge, spent.cost);
    assert.equal(spent.tokens, tokensOf(used));
    assert.equal(spent.calls, 25n);
    const { rows } = await bursar.must('GET', 'usage?group_by=team');
    assert.equal(nanos(rows.find(({ group }) => group.team === 'books').cost_usd), spent.cost, 'reports say the same');
});

test('refused calls cost nothing; answers without usage the most that they may; completed calls in no file are waited for', async () => {
    const only = async (ids) => {
        const before = await spentBy('mixed');
        const batch = await create(clients.mixed, await upload(clients.mixed, ids.map((id) => chat(id))));
        const worst = (await spentBy('mixed')).cost - before.cost;
        provider.end(batch.id);
        await clients.mixed.batches.retrieve(batch.id);
        const { used } = provider.batches.get(batch.id);
        return { before: before.cost, worst, used, batch };
    };
    const bad = await only(['bad-1', 'bad-2']);
    await isBooked('mixed', bad.before);
    const mute = await only(['mute-1']);
    assert.ok(mute.worst > 0n);
    await isBooked('mixed', mute.before + mute.worst);
    const lost = await only(['lost-1', 'bad-33']);
    const asked = provider.requests.length;
    await isAskedFor(lost.batch, asked);
    assert.equal((await spentBy('mixed')).cost, lost.before + lost.worst, 'its results say less than its numbers');
    provider.find(lost.batch.id);
    await isBooked('mixed', lost.before + billOf(provider.batches.get(lost.batch.id).used));
});

test('a batch that is cancelled costs what was made until then', async () => {
    const batch = await create(clients.left, await upload(clients.left, ['a', 'b', 'c', 'd'].map((id) => chat(id))));
    const told = await clients.left.batches.cancel(batch.id);
    assert.equal(told.status, 'cancelled');
    const { used } = provider.batches.get(batch.id);
    assert.equal(used.length, 1);
    await isBooked('left', billOf(used));
    assert.equal((await spentBy('left')).calls, 1n);
});

test('killed between creation and end: it is booked all the time, and corrected once', async () => {
    const batch = await create(clients.killed, await upload(clients.killed, ['a', 'b', 'c'].map((id) => chat(id))));
    const worst = (await spentBy('killed')).cost;
    await bursar.kill();
    await bursar.launch();
    assert.equal((await spentBy('killed')).cost, worst);
    await bursar.kill();
    provider.end(batch.id);
    const right = billOf(provider.batches.get(batch.id).used);
    await bursar.launch();
    renew();
    // Nobody asks for it: the service does by itself.
    await isBooked('killed', right);
    await bursar.kill();
    await bursar.launch();
    renew();
    for (let i = 0; i < 3; ++i) assert.equal((await clients.killed.batches.retrieve(batch.id)).status, 'completed');
    assert.equal((await spentBy('killed')).cost, right);
    const { corrections } = await bursar.must('GET', 'corrections?limit=100');
    const call = corrections.filter(({ reason }) => reason.includes(batch.id));
    assert.equal(call.length, 1);
    assert.equal(call[0].by, 'batches');
});

test('an Idempotency-Key makes one batch of two requests', async () => {
    const file = await upload(clients.replay, [chat('a')]);
    const options = { headers: { 'idempotency-key': 'batch-1' } };
    const first = await create(clients.replay, file, {}, options);
    const second = await create(clients.replay, file, {}, options);
    assert.equal(second.id, first.id);
    assert.equal(provider.requests.filter(({ method, path, body }) => method === 'POST' && path === '/v1/batches' && body.includes(file.id)).length, 1);
});

test('a provider that refuses a batch leaves nothing in the books, and its words reach the caller', async () => {
    const file = await upload(clients.refusing, [chat('a')]);
    provider.files.delete(file.id);
    await assert.rejects(create(clients.refusing, file), (error) => error.status === 400 && /no file/.test(error.message));
    assert.equal((await spentBy('refusing')).cost, 0n);
    assert.equal((await settled(bursar)).holds_open, 0);
    provider.refusals.length = 0;
});

test('a file that is deleted while its batch is being made leaves a batch that is settled', async () => {
    const file = await upload(clients.gone, [chat('a'), chat('b')]);
    const gate = new Gate();
    provider.nextWhen(isMaking, late(gate));
    const making = create(clients.gone, file);
    await until('the batch is at its provider', async () => provider.batches.size && [...provider.batches.values()].some(({ object }) => object.input_file_id === file.id));
    await clients.gone.files.delete(file.id);
    gate.open();
    const batch = await making;
    provider.end(batch.id);
    await clients.gone.batches.retrieve(batch.id);
    await isBooked('gone', billOf(provider.batches.get(batch.id).used));
});

test('a provider that fails may have made the batch: it is booked, and the Idempotency-Key makes no second one', async () => {
    for (const status of [500, 503, 408]) {
        const file = await upload(clients.down, [chat(`s-${status}`)]);
        const before = (await spentBy('down')).cost;
        const options = { headers: { 'idempotency-key': `down-${status}` } };
        const made = provider.requests.filter(isMaking).length;
        provider.nextWhen(isMaking, { ...answers(status, { error: { message: 'later' } }), carriedOut: true });
        await assert.rejects(create(clients.down, file, {}, options), (error) => error.status >= 500);
        const row = await rowOf(bursar, lastCall);
        assert.equal(row.usage_source, 'estimated');
        assert.equal((await spentBy('down')).cost - before, nanos(row.held_usd));
        assert.ok(nanos(row.held_usd) > 0n);
        await assert.rejects(create(clients.down, file, {}, options), (error) => error.status === 409);
        assert.equal(provider.requests.filter(isMaking).length, made + 1);
    }
    assert.equal((await settled(bursar)).holds_open, 0);
});

test('who says that a batch has ended before its results are there is asked again', async () => {
    const file = await upload(clients.early, [chat('a'), chat('b')]);
    const batch = await create(clients.early, file);
    const worst = (await spentBy('early')).cost;
    const take = provider.hideResults(batch.id);
    const asked = provider.requests.length;
    assert.equal((await clients.early.batches.retrieve(batch.id)).status, 'completed');
    await isAskedFor(batch, asked + 1);
    assert.equal((await spentBy('early')).cost, worst);
    take();
    await isBooked('early', billOf(provider.batches.get(batch.id).used));
});

test('a provider that spells its status otherwise ends its batches, too', async () => {
    const batch = await create(clients.spelled, await upload(clients.spelled, [chat('a'), chat('b')]));
    provider.end(batch.id, 'Canceled', 1);
    await clients.spelled.batches.retrieve(batch.id);
    await isBooked('spelled', billOf(provider.batches.get(batch.id).used));
});

test('what is not understood of a batch or an upload is refused by its name, and nothing is sent', async () => {
    const file = await upload(clients.one, [chat('a')]);
    const sent = provider.requests.length;
    const day = { anchor: 'created_at', seconds: 86_400 };
    await assert.rejects(create(clients.one, file, { priority: 'high' }), /`priority` is no field of a batch/);
    await assert.rejects(create(clients.one, file, { output_expires_after: day }), /`output_expires_after.seconds` must be at least 259200/);
    const calls = () => toFile(Buffer.from(jsonl([chat('a')])), 'calls.jsonl');
    await assert.rejects(clients.one.files.create({ purpose: 'batch', file: await calls(), expires_after: day }), /`expires_after.seconds` must be at least 259200/);
    await assert.rejects(clients.one.files.create({ purpose: 'batch', file: await calls(), custom_llm_provider: 'azure' }), /`custom_llm_provider` is no field of an upload/);
    assert.deepEqual(sentSince(sent), []);
    await clients.one.files.create({ purpose: 'batch', file: await calls(), expires_after: { ...day, seconds: 7 * 86_400 } });
});

test('embeddings are batched, too', async () => {
    const line = { custom_id: 'e', method: 'POST', url: '/v1/embeddings', body: { model: 'vector', input: 'Hello.' } };
    const file = await upload(clients.two, [line]);
    const batch = await create(clients.two, file, { endpoint: '/v1/embeddings' });
    provider.end(batch.id);
    await clients.two.batches.retrieve(batch.id);
    await isBooked('two', 5_000n);
});

test('what could not be bounded, billed or allowed is refused by its line, and nothing is sent', async () => {
    const sent = provider.requests.length;
    const refused = async (client, lines, words, status = 400) =>
        assert.rejects(upload(client, lines), (error) => error.status === status && words.test(error.message), `${words}`);
    const { one, narrow } = clients;
    await refused(one, [chat('a'), chat('b', { stream: true })], /^400 Line 2: .*`stream`/);
    await refused(one, [chat('a'), chat('a')], /Line 2: .*same `custom_id`/);
    await refused(one, [chat('a'), chat('b', { model: 'other' })], /Line 2: .*one model.*"other".*"chat"/);
    await refused(one, [chat('a', { model: 'pick' })], /Line 1: .*chosen anew/);
    await refused(one, [chat('a', { model: 'claude' })], /Line 1: .*no provider that takes batches/);
    await refused(one, [chat('a', { service_tier: 'priority' })], /Line 1: `service_tier`/);
    await refused(one, [chat('a', { web_search_options: {} })], /Line 1: .*search the web/);
    await refused(one, [{ ...chat('a'), url: '/v1/moderations' }], /Line 1: .*\/v1\/chat\/completions, \/v1\/responses and \/v1\/embeddings/);
    await refused(one, [{ ...chat('a'), method: 'GET' }], /Line 1: `method`/);
    await refused(one, [{ ...chat('a'), more: 1 }], /Line 1: .*nothing else/);
    await refused(one, ['{"custom_id":"a"'], /Line 1: /);
    await refused(one, [{ custom_id: 'r', method: 'POST', url: '/v1/responses', body: { model: 'chat', input: 'x', previous_response_id: 'resp_1' } }], /Line 1: .*stored conversation/);
    await refused(one, [''], /empty/);
    await refused(narrow, [chat('a')], /Line 1: .*may not use the model "chat"/, 403);
    await assert.rejects(one.files.create({ purpose: 'vision', file: await toFile(Buffer.from('png'), 'a.png') }), /purpose "batch"/);
    assert.equal(provider.requests.slice(sent).filter(({ path }) => path === '/v1/files').length, 0);
    assert.deepEqual(provider.refusals, []);
});

test('an endpoint that is not the lines’ own, and results in place of calls, make no batch', async () => {
    const file = await upload(clients.one, [chat('a')]);
    await assert.rejects(create(clients.one, file, { endpoint: '/v1/embeddings' }), /`endpoint` must be \/v1\/chat\/completions/);
    const batch = await create(clients.one, file);
    provider.end(batch.id);
    const { output_file_id: output } = await clients.one.batches.retrieve(batch.id);
    await assert.rejects(create(clients.one, { id: output }), /results of a batch/);
});

test('a path that is none of them, and a method that a path does not take, are told so', async () => {
    assert.equal((await bursar.call(keys.one, '/v1/files/a/b')).status, 404);
    assert.ok((await bursar.call(keys.one, '/v1/files/..%2Fbatches')).status < 405);
    const wrong = await bursar.call(keys.one, '/v1/batches', undefined, { method: 'DELETE' });
    assert.equal(wrong.status, 405);
    assert.match((await wrong.json()).error.message, /takes POST or GET/);
});

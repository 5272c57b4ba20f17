// Hunts: an endpoint outside the rooms: one that sends before it holds, books something else than what was used, lets an empty budget
// through, serves a model that the key may not use, or leaves no row. tests/endpoints.tsv names these tests for each endpoint.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI, { toFile } from 'openai';

import { Bursar, nanos } from './support/bursar.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';
import { spoken, StrictEndpoints } from './support/strict-endpoints.mjs';

const providerKey = 'sk-strict-endpoints-0123456789';
const sound = (bytes) => toFile(Buffer.alloc(bytes, 7), 'hello; "there".wav', { type: 'audio/wav' });
const messages = [{ role: 'user', content: 'Hello.' }];
const anthropic = { headers: { 'anthropic-version': '2023-06-01' } };
const words = 'Grüße aus Ulm.';

/**
 * ask(client, raw): the call by OpenAI's own client, or raw(path, body, options) where that has none for it. cost: exactly, in dollars; null
 * where the provider tells nothing and tokens are estimated. held: exactly, where what is asked for bounds it.
 */
const cases = [
    { name: 'chat_completions', cost: '0.000075', ask: (client) => client.chat.completions.create({ model: 'chat', messages, max_tokens: 50 }) },
    { name: 'completions', cost: '0.000075', ask: (client) => client.completions.create({ model: 'chat', prompt: 'Hello.', max_tokens: 50 }) },
    { name: 'responses', cost: '0.000075', ask: (client) => client.responses.create({ model: 'chat', input: 'Hello.', max_output_tokens: 50 }) },
    { name: 'response_compact', cost: '0.000075', ask: (client) => client.responses.compact({ model: 'chat', input: 'Hello.' }) },
    { name: 'input_tokens', free: true, cost: '0', ask: (client) => client.responses.inputTokens.count({ model: 'chat', input: 'Hello.' }) },
    { name: 'embeddings', cost: '0.000025', ask: (client) => client.embeddings.create({ model: 'chat', input: 'Hello.', encoding_format: 'float' }) },
    { name: 'messages', cost: '0.000075', ask: (client, raw) => raw('/v1/messages', { model: 'claude', messages, max_tokens: 50 }, anthropic) },
    { name: 'count_tokens', free: true, cost: '0', ask: (client, raw) => raw('/v1/messages/count_tokens', { model: 'claude', messages }, anthropic) },
    { name: 'models', free: true, unsent: true, cost: '0', ask: (client) => client.models.list() },
    {
        name: 'generate_content',
        cost: '0.000075',
        ask: (client, raw) => raw('/v1beta/models/gemini:generateContent', { contents: [{ role: 'user', parts: [{ text: 'Hello.' }] }], generationConfig: { maxOutputTokens: 50 } }),
    },
    { name: 'moderations', cost: null, ask: (client) => client.moderations.create({ model: 'judge', input: words }) },
    {
        name: 'rerank',
        held: '0.004',
        cost: '0.002',
        usage: { search_units: 1 },
        ask: (client, raw) => raw('/v2/rerank', { model: 'sorter', query: 'q', documents: Array.from({ length: 101 }, (_, i) => `d${i}`) }),
    },
    {
        name: 'images',
        held: '0.24',
        cost: '0.12',
        usage: { images: 1 },
        ask: (client) => client.images.generate({ model: 'brush', prompt: 'a crab', n: 2, quality: 'hd', size: '1024x1792' }),
    },
    {
        name: 'image_edits',
        held: '0.12',
        cost: '0.04',
        usage: { images: 1 },
        ask: async (client) => {
            const image = await toFile(Buffer.from('png'), 'a.png', { type: 'image/png' });
            return client.images.edit({ model: 'brush', prompt: 'a hat', image: [image, image], size: '1024x1024' });
        },
    },
    { name: 'speech', held: '0.00021', cost: '0.00021', usage: { characters: 14 }, ask: (client) => client.audio.speech.create({ model: 'voice', input: words, voice: 'alloy' }) },
    {
        name: 'transcriptions',
        held: '0.0011',
        cost: '0.0009',
        usage: { seconds: 9 },
        ask: async (client) => client.audio.transcriptions.create({ model: 'ears', file: await sound(5000), language: 'de' }),
    },
    {
        name: 'translations',
        held: '0.0011',
        cost: '0.0009',
        usage: { seconds: 9 },
        ask: async (client) => client.audio.translations.create({ model: 'ears', file: await sound(5000), response_format: 'verbose_json' }),
    },
];

let provider;
let bursar;
const callers = {};

/** Whoever asks with one key; `last` is the head of the newest answer. */
function callerWith(key) {
    const caller = {};
    const note = async (url, options) => {
        const answer = await fetch(url, options);
        caller.last = { status: answer.status, call: answer.headers.get('x-bursar-call-id'), type: answer.headers.get('content-type') };
        return answer;
    };
    const client = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0, fetch: note });
    const raw = async (where, body, { headers } = {}) => {
        const answer = await note(bursar.origin + where, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
        if (!answer.ok) throw Object.assign(new Error((await answer.json()).error.message), { status: answer.status });
        return answer.json();
    };
    caller.ask = (one) => one.ask(client, raw);
    caller.client = client;
    return caller;
}

/** It is written when the answer has gone out. */
const rowOf = ({ last }) => until(`the row of ${last.call}`, async () => (await bursar.must('GET', `calls?call=${last.call}`)).calls[0]);

before(async () => {
    provider = await new StrictEndpoints(providerKey).listen();
    const channel = (provider, model) => ({ channels: [{ provider, model: `${model}-there` }] });
    bursar = await Bursar.start({
        origin: provider.origin,
        secrets: { demo: providerKey },
        policy: {
            providers: (origin) => ({ 'demo-gemini': { dialect: 'gemini', base_url: `${origin}/v1beta`, keys: [{ secret: 'demo' }], catalogue: 'demo' } }),
            models: {
                chat: channel('demo-openai', 'chat'),
                claude: channel('demo-anthropic', 'claude'),
                gemini: channel('demo-gemini', 'gemini'),
                judge: channel('demo-openai', 'judge'),
                sorter: channel('demo-openai', 'sorter'),
                brush: channel('demo-openai', 'brush'),
                'brush-by-tokens': channel('demo-openai', 'image-tokens'),
                voice: channel('demo-openai', 'voice'),
                ears: channel('demo-openai', 'ears'),
            },
            teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } },
            prices: {
                'chat-there': demoPrice,
                'claude-there': demoPrice,
                'gemini-there': demoPrice,
                'judge-there': { input: '1' },
                'sorter-there': { per_search_unit: '0.002' },
                'brush-there': { per_image: '0.04', pictures: { '1024x1024': '0.04', 'hd/1024x1792': '0.12' } },
                'image-tokens-there': { input: '5', image_input: '10', output: '40' },
                'voice-there': { per_million_characters: '15' },
                'ears-there': { per_minute: '0.006' },
            },
        },
    });
    callers.rich = callerWith(await bursar.issueKey());
    callers.poor = callerWith(await bursar.issueKey({ team: 'poor' }));
    callers.narrow = callerWith(await bursar.issueKey({ models: ['demo-embed'] }));
});
after(async () => {
    await bursar?.stop();
    await provider?.stop();
});

for (const one of cases) {
    const { name } = one;

    test(`${name}: what it may cost is held, what it cost is booked, and its row says so`, async () => {
        const sent = provider.requests.length;
        await callers.rich.ask(one);
        assert.deepEqual(provider.refusals, []);
        assert.equal(provider.requests.length, sent + (one.unsent ? 0 : 1));
        const row = await rowOf(callers.rich);
        assert.equal(row.endpoint, name);
        assert.equal(row.status, 200);
        if (one.cost !== null) assert.equal(nanos(row.cost_usd), nanos(one.cost), row.cost_usd);
        else assert.ok(nanos(row.cost_usd) > 0n, row.cost_usd);
        if (one.held) assert.equal(nanos(row.held_usd), nanos(one.held), row.held_usd);
        assert.ok(one.free || nanos(row.held_usd) > 0n);
        assert.ok(nanos(row.held_usd) >= nanos(row.cost_usd), `${row.held_usd} was held for ${row.cost_usd}`);
        for (const [unit, count] of Object.entries(one.usage ?? {})) assert.equal(row.usage[unit], count, unit);
        assert.equal(row.charge_usd, row.cost_usd);
        assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
    });

    if (!one.free)
        test(`${name}: an exhausted budget refuses it before anything is sent, and the audit has it`, async () => {
            const sent = provider.requests.length;
            await assert.rejects(callers.poor.ask(one), (error) => [402, 429].includes(error.status) && /budget of team "poor"/.test(error.message));
            assert.equal(provider.requests.length, sent);
            const row = await rowOf(callers.poor);
            assert.equal(row.fault, 'budget_exhausted');
            assert.equal(nanos(row.cost_usd), 0n);
            const refused = ({ detail, outcome }) => outcome === 'budget_exhausted' && JSON.parse(detail).call === callers.poor.last.call;
            await until('its entry in the audit', async () => (await bursar.must('GET', 'audit?action=call.refused&limit=1000')).entries.some(refused));
        });

    if (!one.unsent)
        test(`${name}: a key that may not use the model is refused`, async () => {
            const sent = provider.requests.length;
            await assert.rejects(callers.narrow.ask(one), ({ status }) => status === 403);
            assert.equal(provider.requests.length, sent);
        });
}

test('speech comes as the bytes that the provider sent', async () => {
    const answer = await callers.rich.client.audio.speech.create({ model: 'voice', input: 'Hello.', voice: 'alloy' });
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), spoken);
    assert.equal(callers.rich.last.type, 'audio/mpeg');
});

test('a file goes to the provider as it came, with the model’s name there', async () => {
    await callers.rich.client.audio.transcriptions.create({ model: 'ears', file: await sound(777), language: 'de' });
    const { files, fields } = provider.requests.at(-1);
    assert.equal(fields.model, 'ears-there');
    assert.equal(fields.language, 'de');
    assert.ok(files[0].bytes.equals(Buffer.alloc(777, 7)));
});

test('pictures of a model that is paid by tokens cost their tokens', async () => {
    await callers.rich.client.images.generate({ model: 'brush-by-tokens', prompt: 'a crab' });
    const row = await rowOf(callers.rich);
    assert.equal(nanos(row.cost_usd), nanos('0.01133'));
    assert.equal(row.usage.image_output, 272);
    assert.equal(row.usage_source, 'provider');
});

test('tokens that the answer does not tell are not free: what was held is booked', async () => {
    const image = await toFile(Buffer.from('png'), 'a.png', { type: 'image/png' });
    await callers.rich.client.images.edit({ model: 'brush-by-tokens', prompt: 'a hat', image });
    const row = await rowOf(callers.rich);
    assert.equal(row.usage_source, 'estimated');
    assert.ok(nanos(row.cost_usd) > nanos('0.1'), row.cost_usd);
    assert.equal(row.cost_usd, row.held_usd);
});

test('a recording is a file: an address in its place is refused, and nothing is sent', async () => {
    const sent = provider.requests.length;
    for (const name of ['url', 'file', 'file_url', 'file_id']) {
        const form = new FormData();
        form.append('model', 'ears');
        form.append(name, 'https://example.com/two-hours.mp3');
        const answer = await fetch(`${bursar.origin}/v1/audio/transcriptions`, { method: 'POST', headers: { authorization: `Bearer ${callers.rich.client.apiKey}` }, body: form });
        assert.equal(answer.status, 400);
        assert.match((await answer.json()).error.message, new RegExp(`\`${name}\` must be a file`));
    }
    assert.equal(provider.requests.length, sent);
});

test('what could not be metered is refused by its name, and nothing is sent', async () => {
    const sent = provider.requests.length;
    const { client } = callers.rich;
    await assert.rejects(client.audio.transcriptions.create({ model: 'ears', file: await sound(10), response_format: 'srt' }), /as srt does not say how much was used/);
    await assert.rejects(client.images.generate({ model: 'brush', prompt: 'a crab', stream: true }), /`stream`/);
    await assert.rejects(client.audio.speech.create({ model: 'chat', input: 'Hello.', voice: 'alloy', stream_format: 'sse' }), /`stream_format`/);
    await assert.rejects(client.audio.speech.create({ model: 'ears', input: 'Hello.', voice: 'alloy' }), /has no price/);
    assert.equal(provider.requests.length, sent);
});

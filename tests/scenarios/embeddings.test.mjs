// Hunts: anything by which OpenAI's official client can tell that its vectors were made behind Google's or Cohere's own API; a text that gets
// another one's vector; floats and base64 that differ; what a strict provider refuses; input that cannot be said there and is sent all the same;
// a count that nobody booked, or that is booked twice; an empty budget that lets it through; vectors of two models in one index; vectors of another
// length; a channel that is blamed, or left for another model's, because of what a text says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { strictCohere, strictGemini } from './dialects.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { until } from './support/process.mjs';
import { vectorOf } from './support/vectors.mjs';

const price = { input: '0.12' };
/** Of a token, at that price. */
const nanosPerToken = 120n;
const texts = ['Grüße aus Ulm.', '今日は "🦀"\n', 'x'];

describe('embeddings at other dialects', () => {
    let servers;
    let bursar;
    let client;
    let poor;
    let key;

    before(async () => {
        servers = { gemini: await strictGemini(), cohere: await strictCohere({ key: 'co-good' }) };
        bursar = await Bursar.start({
            origin: servers.cohere.origin,
            secrets: { demo: 'g-good', cohere: 'co-good', account: 'g-other' },
            policy: {
                providers: {
                    google: { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1beta`, keys: [{ secret: 'demo' }], catalogue: 'demo' },
                    vertex: { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1/projects/acme/locations/eu/publishers/google`, keys: [{ secret: 'account' }], catalogue: 'demo' },
                    nobody: { dialect: 'gemini', base_url: 'http://127.0.0.1:9/v1beta', keys: [{ secret: 'demo' }], catalogue: 'demo' },
                    cohere: { dialect: 'cohere', base_url: servers.cohere.origin, keys: [{ secret: 'cohere' }], catalogue: 'demo' },
                },
                models: {
                    'at-gemini': { channels: [{ provider: 'google', model: 'gemini-embedding-001' }] },
                    'at-cohere': { channels: [{ provider: 'cohere', model: 'embed-v4.0' }] },
                    'at-vertex': { channels: [{ provider: 'vertex', model: 'gemini-embedding-001' }] },
                    // The first takes 96 texts, the second 100, but makes other vectors.
                    'at-either': { channels: [{ provider: 'cohere', model: 'embed-v4.0' }, { provider: 'google', model: 'gemini-embedding-001', priority: 2 }] },
                    'by-weight': { strategy: 'weighted', channels: [{ provider: 'google', model: 'gemini-embedding-001', weight: 1 }, { provider: 'cohere', model: 'embed-v4.0', weight: 99 }] },
                    'at-two': { channels: [{ provider: 'nobody', model: 'gemini-embedding-001' }, { provider: 'google', model: 'gemini-embedding-001', priority: 2 }] },
                    'refusing': { channels: [{ provider: 'cohere', model: 'embed-v4.0' }], fallbacks: { content_refused: 'at-gemini', context_too_long: 'at-gemini' } },
                },
                teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } },
                prices: { 'gemini-embedding-001': price, 'embed-v4.0': price },
            },
        });
        key = await bursar.issueKey();
        client = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0 });
        poor = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey({ team: 'poor' }), maxRetries: 0 });
    });
    after(async () => {
        await bursar?.stop();
        for (const server of Object.values(servers ?? {})) await server.stop();
    });

    const sent = () => servers.gemini.calls.length + servers.cohere.calls.length;
    const rowOf = (call) => until(`the row of ${call}`, async () => (await bursar.must('GET', `calls?call=${call}`)).calls[0]);
    const raw = async (body) => {
        const answer = await fetch(`${bursar.origin}/v1/embeddings`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
        return { status: answer.status, call: answer.headers.get('x-bursar-call-id'), cost: answer.headers.get('x-bursar-cost-usd'), body: await answer.json() };
    };

    /** Where, the tokens of one text, and what the provider was sent of texts and size. */
    const places = [
        { where: 'gemini', model: 'at-gemini', there: 'gemini-embedding-001', each: 7, textsOf: (body) => body.requests.map((one) => one.content.parts[0].text), sizeOf: (body) => body.requests[0].outputDimensionality, kindOf: (body) => body.requests[0].taskType, query: 'RETRIEVAL_QUERY', unsaid: undefined, most: 100 },
        { where: 'cohere', model: 'at-cohere', there: 'embed-v4.0', each: 9, textsOf: (body) => body.texts, sizeOf: (body) => body.output_dimension, kindOf: (body) => body.input_type, query: 'search_query', unsaid: 'search_document', most: 96 },
    ];

    for (const { where, model, each, textsOf, sizeOf, kindOf, query, unsaid, most } of places) {
        test(`${where}: every text gets its own vector, as the official client asks and as floats`, async () => {
            servers[where].refused.length = 0;
            // By itself it asks for base64 and decodes it.
            const encoded = await client.embeddings.create({ model, input: texts });
            const floats = await client.embeddings.create({ model, input: texts, encoding_format: 'float' });
            assert.deepEqual(servers[where].refused, []);
            assert.deepEqual(textsOf(servers[where].last()), texts);
            assert.equal(kindOf(servers[where].last()), unsaid);
            for (const answer of [encoded, floats]) {
                assert.equal(answer.object, 'list');
                assert.equal(answer.model, model);
                assert.deepEqual(answer.usage, { prompt_tokens: 3 * each, total_tokens: 3 * each });
                assert.deepEqual(answer.data.map(({ index, object }) => [index, object]), [0, 1, 2].map((index) => [index, 'embedding']));
            }
            for (const [i, text] of texts.entries()) {
                assert.deepEqual(floats.data[i].embedding, vectorOf(text, 8));
                assert.deepEqual([...encoded.data[i].embedding], floats.data[i].embedding.map(Math.fround));
            }
        });

        test(`${where}: base64 is what it says, byte for byte`, async () => {
            const { body } = await raw({ model, input: 'x', encoding_format: 'base64' });
            assert.equal(body.data[0].embedding, Buffer.from(Float32Array.from(vectorOf('x', 8)).buffer).toString('base64'));
        });

        test(`${where}: a size and a purpose arrive, whoever asks does not`, async () => {
            const answer = await client.embeddings.create({ model, input: 'x', dimensions: 256, encoding_format: 'float', user: 'someone', input_type: 'search_query' });
            assert.equal(answer.data[0].embedding.length, 256);
            const body = servers[where].last();
            assert.deepEqual([sizeOf(body), kindOf(body)], [256, query]);
            assert.doesNotMatch(JSON.stringify(body), /someone|encoding_format/);
        });

        test(`${where}: what the provider counts is booked, to the nano-dollar`, async () => {
            const { call, cost, body } = await raw({ model, input: texts });
            const expected = BigInt(3 * each) * nanosPerToken;
            assert.equal(nanos(cost), expected);
            assert.equal(body.usage.prompt_tokens, 3 * each);
            const row = await rowOf(call);
            assert.deepEqual([row.endpoint, row.status, row.usage_source, row.usage.input], ['embeddings', 200, 'provider', 3 * each]);
            assert.equal(nanos(row.cost_usd), expected);
            assert.ok(nanos(row.held_usd) >= expected, `${row.held_usd} was held for ${row.cost_usd}`);
            assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
        });

        test(`${where}: without a count what was held is booked, marked, and shown as it is booked`, async () => {
            const asked = { model, input: ['This is untold, whatever it is: 🦀🦀🦀', 'x'] };
            const { call, body } = await raw(asked);
            const row = await rowOf(call);
            assert.equal(row.usage_source, 'estimated');
            assert.equal(row.usage.input, Buffer.byteLength(JSON.stringify(asked)));
            assert.equal(nanos(row.cost_usd), BigInt(row.usage.input) * nanosPerToken);
            assert.equal(nanos(row.held_usd), nanos(row.cost_usd));
            assert.deepEqual(body.usage, { prompt_tokens: row.usage.input, total_tokens: row.usage.input });
        });

        test(`${where}: what cannot be said there is refused by its name, and nothing is sent`, async () => {
            const before = sent();
            const many = Array.from({ length: most + 1 }, (_, i) => `t${i}`);
            // The first are not even held for.
            const unheld = [
                [{ input: [1, 2, 3] }, /`input` cannot be tokens at this model's provider/],
                [{ input: [[1, 2], [3]] }, /`input` cannot be tokens at this model's provider/],
                [{ input: ['a', 7] }, /`input` cannot be tokens at this model's provider/],
                [{ input: many }, new RegExp(`\`input\` has ${most + 1} texts.*at most ${most} in one call`)],
                [{ input: 'a', dimensions: 3, Dimensions: 4 }, /`Dimensions`|`dimensions`/],
            ];
            const refused = [
                ...unheld,
                [{ input: [] }, /`input` must be a text, or a list of texts/],
                [{ input: ['a', ''] }, /`input\[1\]` must be a text that is not blank/],
                [{ input: ' \n' }, /`input` must be a text that is not blank/],
                [{ input: 'a', dimensions: 0 }, /`dimensions`/],
                [{ input: 'a', encoding_format: 'int8' }, /`encoding_format` must be float or base64/],
                [{ input: 'a', input_type: 'image' }, /`input_type` must be/],
                [{ input: 'a', truncate: 'END' }, /`truncate` has no form there/],
            ];
            for (const [more, sentence] of refused) {
                const { status, call, body } = await raw({ model, ...more });
                assert.equal(status, 400, JSON.stringify(more).slice(0, 80));
                assert.match(body.error.message, sentence);
                const row = await rowOf(call);
                assert.equal(nanos(row.cost_usd), 0n);
                if (unheld.some(([one]) => one === more)) assert.equal(nanos(row.held_usd ?? '0'), 0n, sentence);
            }
            assert.equal(sent(), before);
            assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
            assert.equal((await raw({ model, input: many.slice(1) })).status, 200, 'as many as it takes');
        });

        test(`${where}: an exhausted budget refuses it before anything is sent`, async () => {
            const before = sent();
            await assert.rejects(poor.embeddings.create({ model, input: texts }), (error) => error.status === 402 && /budget of team "poor"/.test(error.message));
            assert.equal(sent(), before);
        });
    }

    test('what the provider itself refuses is told in its words, and costs nothing', async () => {
        const { status, call, body } = await raw({ model: 'at-cohere', input: 'a', dimensions: 300 });
        assert.equal(status, 400);
        assert.match(body.error.message, /invalid value of 'output_dimension'/);
        assert.equal(nanos((await rowOf(call)).cost_usd), 0n);
    });

    test('vectors that are not those of the texts are no answer, but were counted, and nobody but the texts is blamed', async () => {
        for (const [model, channel, each] of [['at-gemini', 'google/gemini-embedding-001', 7n], ['refusing', 'cohere/embed-v4.0', 9n]]) {
            const before = sent();
            // Cohere repeats the texts; by these words it would have refused them, and another model would be asked.
            const spoilt = ['one too few', 'one too long', 'one too few: content_filter', 'one too few: prompt is too long', 'one too few: rate_limit', 'one too few: insufficient_quota'];
            for (const text of spoilt) {
                const { status, call, body } = await raw({ model, input: [text, 'b'] });
                assert.ok(status >= 500, `${status} of ${text}`);
                assert.match(body.error.message, /without a vector of the asked length for each text/);
                assert.equal(nanos((await rowOf(call)).cost_usd), 2n * each * nanosPerToken);
            }
            assert.equal(sent(), before + spoilt.length);
            const { channels, keys } = await bursar.must('GET', 'providers');
            assert.equal(channels.find((one) => one.channel === channel).state, 'well');
            assert.deepEqual(keys.filter(({ state }) => state !== 'well'), []);
        }
    });

    test('one text with a vector of another length than was asked is no answer', async () => {
        for (const model of ['at-gemini', 'at-cohere']) {
            assert.ok((await raw({ model, input: 'one too long', dimensions: 256 })).status >= 500);
            assert.equal((await raw({ model, input: 'one too long' })).body.data[0].embedding.length, 9);
        }
    });

    test('no call gets vectors of another model, neither by weight nor for its form', async () => {
        for (let i = 0; i < 8; i++) {
            const { body } = await raw({ model: 'by-weight', input: `text ${i}` });
            assert.equal(body.usage.prompt_tokens, 7, 'Google’s count');
        }
        const { status, body } = await raw({ model: 'at-either', input: Array.from({ length: 98 }, (_, i) => `t${i}`) });
        assert.equal(status, 400);
        assert.match(body.error.message, /at most 96 in one call/);
    });

    test('another channel of the same model takes over, and what cannot be said there uses no attempt', async () => {
        const answer = await bursar.call(key, '/v1/embeddings', { model: 'at-two', input: 'a' });
        assert.deepEqual([answer.status, answer.headers.get('x-bursar-attempts'), answer.headers.get('x-bursar-channel')], [200, '2', 'google/gemini-embedding-001']);
        for (const input of [[1, 2], Array(101).fill('a')]) {
            const { call, status } = await raw({ model: 'at-two', input });
            assert.equal(status, 400);
            assert.equal((await rowOf(call)).attempts ?? 0, 0);
        }
    });

    test('a model of Vertex AI is refused with a reason, and nothing is sent', async () => {
        const before = sent();
        const { status, body } = await raw({ model: 'at-vertex', input: 'a' });
        assert.equal(status, 404);
        assert.match(body.error.message, /Vertex AI/);
        assert.equal(sent(), before);
    });
});

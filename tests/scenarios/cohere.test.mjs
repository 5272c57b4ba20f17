// Hunts: anything by which the official clients can tell that their model is behind Cohere's own API; a request that it refuses; tokens that are
// read but not billed, in somebody's books; a limited key that ends a call although there is another one; a rerank that does not arrive.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

import { strictCohere } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { chatConversations, messagesConversations } from './support/conversations.mjs';
import { geminiConversations } from './support/gemini-conversations.mjs';
import { demoPrice } from './support/policy.mjs';
import { responsesConversations } from './support/responses-conversations.mjs';

const reasoning = 'command-a-reasoning-08-2025';
const older = 'command-r-08-2024';
// 31 fresh, 100 read from the cache, 9 said; at the prices of policy.mjs.
const billedNano = 31 * 2500 + 100 * 250 + 9 * 10000;

describe('Cohere’s own dialect', () => {
    let server;
    let bursar;
    let key;
    let clients;

    before(async () => {
        server = await strictCohere({ key: 'co-good', limited: 'co-limited' });
        const provider = (keys, more) => ({ dialect: 'cohere', base_url: server.origin, keys: keys.map((secret) => ({ secret })), catalogue: 'demo', ...more });
        bursar = await Bursar.start({
            origin: server.origin,
            secrets: { demo: 'sk-other', good: 'co-good', limited: 'co-limited', 'limited-too': 'co-limited', wrong: 'co-wrong' },
            policy: {
                providers: {
                    good: provider(['good'], { base_url: `${server.origin}/v2` }),
                    both: provider(['limited', 'good']),
                    limited: provider(['limited-too']),
                    wrong: provider(['wrong']),
                },
                models: {
                    'at-cohere': { channels: [{ provider: 'good', model: reasoning }] },
                    'an-older-one': { channels: [{ provider: 'good', model: older }] },
                    'by-two-keys': { channels: [{ provider: 'both', model: reasoning }] },
                    'by-two-ways': { channels: [{ provider: 'limited', model: reasoning }, { provider: 'good', model: reasoning }] },
                    'limited-only': { channels: [{ provider: 'limited', model: reasoning }] },
                    'of-a-wrong-key': { channels: [{ provider: 'wrong', model: reasoning }] },
                    sorter: { channels: [{ provider: 'good', model: 'rerank-v4.0' }] },
                },
                prices: { [reasoning]: demoPrice, [older]: demoPrice, 'rerank-v4.0': { per_search_unit: '0.002' } },
            },
        });
        key = await bursar.issueKey();
        const openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key });
        clients = {
            chat: openai,
            responses: openai,
            messages: new Anthropic({ baseURL: bursar.origin, apiKey: key }),
            gemini: new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } }),
        };
    });
    after(async () => {
        await bursar?.stop();
        await server?.stop();
    });

    const matrix = { chat: chatConversations, responses: responsesConversations, messages: messagesConversations, gemini: geminiConversations };
    for (const [client, conversations] of Object.entries(matrix))
        for (const [name, converse] of Object.entries(conversations))
            test(`${client}: ${name}`, async () => {
                server.refused.length = 0;
                await converse(clients[client], 'at-cohere');
                assert.deepEqual(server.refused.filter((sentence) => !/Overloaded/.test(sentence)), []);
            });

    const hello = (model, more) => clients.chat.chat.completions.create({ model, messages: [{ role: 'user', content: 'Say hello.' }], ...more }, { maxRetries: 0 });
    const nanoOf = (response) => Math.round(Number(response.headers.get('x-bursar-cost-usd')) * 1e9);

    test('a call costs what is billed, not what was read', async () => {
        const { response } = await hello('at-cohere').withResponse();
        assert.equal(nanoOf(response), billedNano);
    });

    test('what only models of today know is not said to older ones', async () => {
        await hello('an-older-one', { reasoning_effort: 'high', seed: 7, presence_penalty: 0.5 });
        const { model, thinking, seed, presence_penalty } = server.last();
        assert.deepEqual({ model, thinking, seed, presence_penalty }, { model: older, thinking: undefined, seed: 7, presence_penalty: 0.5 });
    });

    test('a limited key gives way to the next one, and a limited provider to another', async () => {
        for (const model of ['by-two-keys', 'by-two-ways']) {
            server.refused.length = 0;
            // Whose turn is first is not said.
            for (let i = 0; i < 20 && server.refused.length === 0; i++) assert.match((await hello(model)).choices[0].message.content, /^Hello/);
            assert.match(server.refused.join(), /limited to 20/, model);
        }
        await assert.rejects(hello('limited-only'), (error) => error.status === 429 || error.status >= 500);
    });

    test('a wrong key is the operator’s affair, a wrong request the caller’s', async () => {
        await assert.rejects(hello('of-a-wrong-key'), (error) => error.status >= 500 && !/api token/.test(error.message));
        const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
        const before = server.calls.length;
        await assert.rejects(hello('at-cohere', { tools, response_format: { type: 'json_object' } }), (error) => error.status === 400 && /`tools`/.test(error.message));
        assert.equal(server.calls.length, before);
        // What Cohere itself refuses, in its own words.
        await assert.rejects(hello('at-cohere', { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'array' } } } }), (error) => error.status === 400 && /json_schema/.test(error.message));
    });

    const post = (path, body) => fetch(`${bursar.origin}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });

    test('a rerank goes on as it is, and what Cohere has no call for is refused with a reason', async () => {
        for (const path of ['/v1/rerank', '/v2/rerank']) {
            const answer = await post(path, { model: 'sorter', query: 'a', documents: ['a', 'b'] });
            assert.equal(answer.status, 200);
            assert.equal(nanoOf(answer), 2_000_000);
            assert.equal((await answer.json()).results.length, 2);
        }
        const refused = await post('/v1/moderations', { model: 'at-cohere', input: 'a' });
        assert.equal(refused.status, 404);
        assert.match((await refused.json()).error.message, /cannot be asked for this/);
    });
});

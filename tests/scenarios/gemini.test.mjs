// Hunts: anything by which Google's official client, of either version, can tell what its model's provider speaks; a request that a
// strict provider of another dialect refuses; what other clients cannot do with a model of Google's; money counted in the wrong class;
// a call through one's own dialect whose bytes change.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { GoogleGenAI as PreviousGenAI } from '@google/genai-previous';
import OpenAI from 'openai';

import { strictAnthropic, strictGemini, strictOpenAi } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { chatConversations, messagesConversations } from './support/conversations.mjs';
import { geminiConversations } from './support/gemini-conversations.mjs';
import { demoPrice } from './support/policy.mjs';

describe('Google’s dialect', () => {
    let servers;
    let bursar;
    let key;
    let clients;

    before(async () => {
        servers = { anthropic: await strictAnthropic(), openai: await strictOpenAi(), gemini: await strictGemini() };
        const keys = [{ secret: 'demo' }];
        bursar = await Bursar.start({
            origin: servers.anthropic.origin,
            policy: {
                providers: {
                    'strict-anthropic': { dialect: 'anthropic', base_url: servers.anthropic.origin, keys, catalogue: 'demo' },
                    'strict-openai': { dialect: 'openai', base_url: `${servers.openai.origin}/v1`, keys, catalogue: 'demo' },
                    'strict-gemini': { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1beta`, keys, catalogue: 'demo' },
                },
                models: {
                    'at-anthropic': { channels: [{ provider: 'strict-anthropic', model: 'claude-opus-5' }] },
                    'at-openai': { channels: [{ provider: 'strict-openai', model: 'gpt-5' }] },
                    'at-gemini': { channels: [{ provider: 'strict-gemini', model: 'gemini-3.1-pro' }] },
                },
                prices: { 'claude-opus-5': demoPrice, 'gpt-5': demoPrice, 'gemini-3.1-pro': demoPrice },
            },
        });
        key = await bursar.issueKey();
        clients = {
            chat: new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key }),
            messages: new Anthropic({ baseURL: bursar.origin, apiKey: key }),
            gemini: new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } }),
            previous: new PreviousGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } }),
        };
    });
    after(async () => {
        await bursar?.stop();
        for (const server of Object.values(servers ?? {})) await server.stop();
    });

    const nothingRefused = (where) => assert.deepEqual(servers[where].refused.filter((sentence) => !/Overloaded/.test(sentence)), []);

    for (const [name, converse] of Object.entries(chatConversations))
        test(`openai at Gemini: ${name}`, async () => {
            await converse(clients.chat, 'at-gemini');
            nothingRefused('gemini');
        });
    for (const [name, converse] of Object.entries(messagesConversations))
        test(`@anthropic-ai/sdk at Gemini: ${name}`, async () => {
            await converse(clients.messages, 'at-gemini');
            nothingRefused('gemini');
        });
    for (const client of ['gemini', 'previous'])
        for (const where of ['gemini', 'anthropic', 'openai'])
            for (const [name, converse] of Object.entries(geminiConversations))
                test(`@google/genai (${client}) at ${where}: ${name}`, async () => {
                    await converse(clients[client], `at-${where}`);
                    nothingRefused(where);
                });

    test('the proof of thinking survives clients that know nothing of it', async () => {
        const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
        const user = { role: 'user', content: 'ponder' };
        const first = await clients.chat.chat.completions.create({ model: 'at-gemini', tools, messages: [user] });
        const [message] = first.choices.map((choice) => choice.message);
        const plain = { role: 'assistant', content: message.content, tool_calls: message.tool_calls };
        await clients.chat.chat.completions.create({ model: 'at-gemini', tools, messages: [user, plain, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'rain' }] });
        const [part] = servers.gemini.last().contents[1].parts;
        assert.match(part.thoughtSignature, /^[A-Za-z0-9+/]+=*$/);
        assert.doesNotMatch(part.functionCall.id, /bursar/);
    });

    test('a call costs the same whoever asks', async () => {
        // 31 fresh, 100 read from the cache, 9 out of which 4 are thoughts; at the prices of policy.mjs.
        const nano = 31 * 2500 + 100 * 250 + 9 * 10000;
        const path = '/v1beta/models/at-gemini:generateContent';
        const own = await fetch(bursar.origin + path, {
            method: 'POST',
            headers: { 'x-goog-api-key': key, 'content-type': 'application/json' },
            body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Say hello.' }] }] }),
        });
        assert.equal(own.status, 200);
        const other = await clients.chat.chat.completions.create({ model: 'at-gemini', messages: [{ role: 'user', content: 'Say hello.' }] }).withResponse();
        for (const headers of [own.headers, other.response.headers]) assert.equal(Math.round(Number(headers.get('x-bursar-cost-usd')) * 1e9), nano);
    });

    test('in its own dialect a body changes in its limit only', async () => {
        const body = '{ "contents" :[{"parts":[{"text":"Say hello. \\u00fc"}], "role":"user"}],  "generationConfig":{"topK" : 3.0, "maxOutputTokens": 50} }';
        const answer = await fetch(`${bursar.origin}/v1/models/at-gemini:streamGenerateContent?alt=sse&key=${key}`, {
            method: 'POST', headers: { 'content-type': 'application/json' }, body,
        });
        assert.equal(answer.status, 200);
        const text = await answer.text();
        assert.match(text, /\r\n\r\n/);
        assert.match(text, /"modelVersion":"at-gemini"/);
        assert.deepEqual(servers.gemini.last(), JSON.parse(body));
        assert.equal(servers.gemini.calls.at(-1).headers['x-goog-api-key'] === key, false);
    });

    test('models and counts are Google’s, too', async () => {
        const names = [];
        for await (const model of await clients.gemini.models.list()) names.push(model.name);
        assert.ok(names.includes('models/at-gemini') && names.includes('models/at-openai'));
        assert.equal((await clients.gemini.models.get({ model: 'at-gemini' })).name, 'models/at-gemini');
        assert.equal((await clients.previous.models.countTokens({ model: 'at-gemini', contents: 'x' })).totalTokens, 31);
    });

    test('refusals have Google’s shape', async () => {
        const status = (expected, word) => (error) => {
            assert.equal(error.status, expected);
            assert.match(error.message, new RegExp(word));
            return true;
        };
        const ask = (model, config) => clients.gemini.models.generateContent({ model, contents: 'x', config });
        await assert.rejects(ask('nobody'), status(404, 'NOT_FOUND'));
        await assert.rejects(ask('at-openai', { tools: [{ googleSearch: {} }] }), status(400, 'googleSearch'));
        const stranger = new GoogleGenAI({ apiKey: 'bsr_wrong', httpOptions: { baseUrl: bursar.origin } });
        await assert.rejects(stranger.models.generateContent({ model: 'at-gemini', contents: 'x' }), status(401, 'UNAUTHENTICATED'));
    });
});

// Hunts: a signature that AWS refuses, also of model ids with colons and of ARNs with slashes; frames of a stream that a client gets to see, or
// whose end it misses; what a denial says of our account at AWS; anything by which the official clients can tell that their model is behind
// Bedrock; a key that is half there and goes into the vault; what is Bedrock's own in the heads of answers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

import { strictBedrock } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { chatConversations, messagesConversations } from './support/conversations.mjs';
import { geminiConversations } from './support/gemini-conversations.mjs';
import { demoPrice } from './support/policy.mjs';

const account = {
    keyId: 'AKIAIOSFODNN7EXAMPLE',
    secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    region: 'eu-central-1',
    apiKey: 'ABSKQmVkcm9jaw==',
};
const session = 'IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+/example==';
const profile = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-opus-5';
const claude = 'anthropic.claude-opus-5-20260101-v1:0';

describe('Bedrock’s dialect', () => {
    let servers;
    let bursar;
    let clients;

    before(async () => {
        servers = { lasting: await strictBedrock(account), temporary: await strictBedrock({ ...account, keyId: 'ASIAIOSFODNN7EXAMPLE', session }) };
        const provider = (where, secret) => ({ dialect: 'bedrock', base_url: servers[where].origin, region: account.region, keys: [{ secret }], catalogue: 'demo' });
        bursar = await Bursar.start({
            origin: servers.lasting.origin,
            secrets: {
                demo: 'sk-other',
                access: `${account.keyId}:${account.secret}`,
                temporary: `ASIAIOSFODNN7EXAMPLE:${account.secret}:${session}`,
                own: account.apiKey,
                wrong: `${account.keyId}:another${account.secret}`,
            },
            policy: {
                providers: {
                    access: provider('lasting', 'access'),
                    temporary: provider('temporary', 'temporary'),
                    own: provider('lasting', 'own'),
                    wrong: provider('lasting', 'wrong'),
                },
                models: {
                    'at-bedrock': { channels: [{ provider: 'access', model: claude }] },
                    'of-a-session': { channels: [{ provider: 'temporary', model: profile }] },
                    'of-an-api-key': { channels: [{ provider: 'own', model: profile }] },
                    denied: { channels: [{ provider: 'access', model: 'denied.model-v1:0' }] },
                    'of-a-wrong-key': { channels: [{ provider: 'wrong', model: claude }] },
                },
                prices: { [claude]: demoPrice, 'denied.model-v1:0': demoPrice, [profile]: demoPrice },
            },
        });
        const key = await bursar.issueKey();
        clients = {
            chat: new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key }),
            messages: new Anthropic({ baseURL: bursar.origin, apiKey: key }),
            gemini: new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } }),
        };
    });
    after(async () => {
        await bursar?.stop();
        for (const server of Object.values(servers ?? {})) await server.stop();
    });

    const nothingRefused = () => assert.deepEqual(servers.lasting.refused.filter((sentence) => !/Overloaded/.test(sentence)), []);
    const matrix = { openai: ['chat', chatConversations], '@anthropic-ai/sdk': ['messages', messagesConversations], '@google/genai': ['gemini', geminiConversations] };
    for (const [library, [client, conversations]] of Object.entries(matrix))
        for (const [name, converse] of Object.entries(conversations))
            test(`${library}: ${name}`, async () => {
                await converse(clients[client], 'at-bedrock');
                nothingRefused();
            });

    const hello = (model, more) => clients.chat.chat.completions.create({ model, messages: [{ role: 'user', content: 'Say hello.' }], ...more });

    test('a model id with a colon, and an ARN with a slash, arrive as they are', async () => {
        await hello('at-bedrock');
        assert.equal(servers.lasting.calls.at(-1).model, claude);
        assert.match(servers.lasting.calls.at(-1).path, /v1%3A0\/converse$/);
        await hello('of-a-session');
        assert.equal(servers.temporary.calls.at(-1).model, profile);
    });

    test('temporary credentials sign with their session, an API key is a bearer', async () => {
        const stream = await hello('of-a-session', { stream: true });
        let said = '';
        for await (const chunk of stream) said += chunk.choices[0]?.delta?.content ?? '';
        assert.match(said, /^Hello/);
        assert.equal(servers.temporary.calls.at(-1).headers['x-amz-security-token'], session);
        assert.deepEqual(servers.temporary.refused, []);
        await hello('of-an-api-key');
        const { headers } = servers.lasting.calls.at(-1);
        assert.equal(headers.authorization, `Bearer ${account.apiKey}`);
        assert.equal(headers['x-amz-date'], undefined);
    });

    test('a call costs what was read, written and said', async () => {
        const { response } = await hello('at-bedrock').withResponse();
        // 11 fresh, 100 read from the cache, 20 written to it, 9 said; at the prices of policy.mjs.
        const nano = 11 * 2500 + 100 * 250 + 20 * 3125 + 9 * 10000;
        assert.equal(Math.round(Number(response.headers.get('x-bursar-cost-usd')) * 1e9), nano);
        assert.deepEqual([...response.headers.keys()].filter((name) => name.startsWith('x-amz')), []);
    });

    test('a stream goes on as events of text', async () => {
        const { response } = await hello('at-bedrock', { stream: true }).withResponse();
        assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    });

    test('a wrong key is the operator’s affair, a wrong request the caller’s', async () => {
        await assert.rejects(hello('of-a-wrong-key', {}), (error) => error.status >= 500 && !/signature/.test(error.message));
        assert.match(servers.lasting.refused.at(-1), /does not match/);
        await assert.rejects(
            clients.chat.chat.completions.create({ model: 'at-bedrock', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }] }, { maxRetries: 0 }),
            (error) => error.status === 400 && /URL/.test(error.message),
        );
    });

    test('a denial, which names our account, is told to no caller', async () => {
        const asking = { messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 50 };
        const asked = {
            chat: () => clients.chat.chat.completions.create({ model: 'denied', ...asking }, { maxRetries: 0 }),
            stream: () => clients.chat.chat.completions.create({ model: 'denied', stream: true, ...asking }, { maxRetries: 0 }),
            messages: () => clients.messages.messages.create({ model: 'denied', ...asking }, { maxRetries: 0 }),
        };
        for (const [name, ask] of Object.entries(asked))
            await assert.rejects(ask(), (error) => {
                const told = `${error.status} ${error.message} ${JSON.stringify(error.error)} ${JSON.stringify([...error.headers])}`;
                assert.doesNotMatch(told, /canary|arn:|123456789012/, name);
                assert.match(told, /may not use this model/, name);
                return true;
            });
        assert.match(servers.lasting.refused.at(-1), /user\/canary/);
        // The key is as good as ever for the others.
        await hello('at-bedrock');
    });

    test('half of an access key does not get into the vault', async () => {
        for (const value of [account.keyId, `ASIAIOSFODNN7EXAMPLE:${account.secret}`]) {
            const answer = await bursar.api('PUT', 'secrets/half', { value });
            assert.equal(answer.status, 400);
            assert.match(JSON.stringify(answer.body), /ID:SECRET/);
        }
    });
});

// Hunts: anything by which OpenAI's official client can tell that its model's provider has no Responses API; a request that a strict provider
// refuses; thinking that a provider does not take back; money that is counted in the wrong class; a provider that has the API and is not asked there.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { strictAnthropic, strictBedrock, strictGemini, strictOpenAi } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { demoPrice } from './support/policy.mjs';
import { responsesConversations } from './support/responses-conversations.mjs';

const account = { keyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', region: 'eu-central-1' };
const claude = 'anthropic.claude-opus-5-20260101-v1:0';

describe('the Responses API', () => {
    let servers;
    let bursar;
    let client;

    before(async () => {
        servers = { anthropic: await strictAnthropic(), openai: await strictOpenAi(), gemini: await strictGemini(), bedrock: await strictBedrock(account) };
        const keys = [{ secret: 'demo' }];
        const chat = { dialect: 'openai', base_url: `${servers.openai.origin}/v1`, keys, catalogue: 'demo' };
        bursar = await Bursar.start({
            origin: servers.anthropic.origin,
            secrets: { demo: 'sk-other', aws: `${account.keyId}:${account.secret}` },
            policy: {
                providers: {
                    'strict-anthropic': { dialect: 'anthropic', base_url: servers.anthropic.origin, keys, catalogue: 'demo' },
                    'strict-openai': { ...chat, responses: false },
                    'strict-responses': chat,
                    'strict-gemini': { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1beta`, keys, catalogue: 'demo' },
                    'strict-bedrock': { dialect: 'bedrock', base_url: servers.bedrock.origin, region: account.region, keys: [{ secret: 'aws' }], catalogue: 'demo' },
                },
                models: {
                    'at-anthropic': { channels: [{ provider: 'strict-anthropic', model: 'claude-opus-5' }] },
                    'at-openai': { channels: [{ provider: 'strict-openai', model: 'gpt-5' }] },
                    'at-gemini': { channels: [{ provider: 'strict-gemini', model: 'gemini-3.1-pro' }] },
                    'at-bedrock': { channels: [{ provider: 'strict-bedrock', model: claude }] },
                    direct: { channels: [{ provider: 'strict-responses', model: 'gpt-5' }] },
                },
                prices: { 'claude-opus-5': demoPrice, 'gpt-5': demoPrice, 'gemini-3.1-pro': demoPrice, [claude]: demoPrice },
            },
        });
        client = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey() });
    });
    after(async () => {
        await bursar?.stop();
        for (const server of Object.values(servers ?? {})) await server.stop();
    });

    for (const where of ['anthropic', 'openai', 'gemini', 'bedrock'])
        for (const [name, converse] of Object.entries(responsesConversations))
            test(`openai at ${where}: ${name}`, async () => {
                await converse(client, `at-${where}`);
                assert.deepEqual(servers[where].refused.filter((sentence) => !/Overloaded/.test(sentence)), []);
            });

    test('a provider gets its own thinking back, and no other one does', async () => {
        const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } }, strict: false }];
        const ask = (model, input) => client.responses.create({ model, store: false, reasoning: { effort: 'high' }, tools, input });
        const input = [{ role: 'user', content: 'ponder' }];
        const first = await ask('at-anthropic', input);
        const call = first.output.find((item) => item.type === 'function_call');
        const all = [...input, ...first.output, { type: 'function_call_output', call_id: call.call_id, output: 'rain' }];
        await ask('at-anthropic', all);
        assert.deepEqual(servers.anthropic.last().messages[1].content.map((block) => block.type), ['thinking', 'redacted_thinking', 'tool_use']);
        for (const where of ['openai', 'gemini']) {
            assert.match((await ask(`at-${where}`, all)).output_text, /rain/);
            assert.doesNotMatch(JSON.stringify(servers[where].last()), /I need the weather|bursar/);
        }
    });

    test('a call costs the same as in another dialect', async () => {
        // 11 fresh, 100 read from the cache, 20 written to it, 9 out; at the prices of policy.mjs.
        const nano = 11 * 2500 + 100 * 250 + 20 * 3125 + 9 * 10000;
        const { response } = await client.responses.create({ model: 'at-anthropic', input: 'Say hello.' }).withResponse();
        assert.equal(Math.round(Number(response.headers.get('x-bursar-cost-usd')) * 1e9), nano);
    });

    test('what cannot be said elsewhere is refused, by name, before anything is sent', async () => {
        const sent = servers.anthropic.calls.length;
        for (const [body, word] of [
            [{ tools: [{ type: 'web_search' }] }, /web_search/],
        ])
            await assert.rejects(client.responses.create({ model: 'at-anthropic', input: 'x', ...body }), (error) => {
                assert.ok(error instanceof OpenAI.BadRequestError);
                assert.match(error.message, word);
                return true;
            });
        assert.equal(servers.anthropic.calls.length, sent);
    });

    test('an answer that nobody stored is not gone on from', async () => {
        const sent = servers.anthropic.calls.length;
        const { id } = await client.responses.create({ model: 'at-anthropic', input: 'Say hello.' });
        await assert.rejects(client.responses.create({ model: 'at-anthropic', input: 'x', previous_response_id: id }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.equal(error.code, 'previous_response_not_found');
            assert.match(error.message, /`previous_response_id`.*"store": false/);
            return true;
        });
        assert.equal(servers.anthropic.calls.length, sent + 1);
    });

    test('whoever is not said to lack the API is asked there', async () => {
        await assert.rejects(client.responses.create({ model: 'direct', input: 'x' }, { maxRetries: 0 }));
        assert.match(servers.openai.refused.at(-1), /POST \/v1\/responses/);
    });
});

// Hunts: anything by which an official client can tell that its model's provider speaks the other dialect; a request that a strict
// provider of that dialect refuses; money that is counted in the wrong class on the way.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { strictAnthropic, strictOpenAi } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { chatConversations, messagesConversations } from './support/conversations.mjs';
import { demoPrice } from './support/policy.mjs';

const user = (content) => ({ role: 'user', content });

describe('models behind the other dialect', () => {
    let anthropic;
    let openai;
    let bursar;
    let chat;
    let messages;

    before(async () => {
        anthropic = await strictAnthropic();
        openai = await strictOpenAi();
        const keys = [{ secret: 'demo' }];
        bursar = await Bursar.start({
            origin: anthropic.origin,
            policy: {
                providers: {
                    'strict-anthropic': { dialect: 'anthropic', base_url: anthropic.origin, keys, catalogue: 'demo' },
                    'strict-openai': { dialect: 'openai', base_url: `${openai.origin}/v1`, keys, catalogue: 'demo' },
                },
                models: {
                    'at-anthropic': { channels: [{ provider: 'strict-anthropic', model: 'claude-opus-5' }] },
                    'at-openai': { channels: [{ provider: 'strict-openai', model: 'gpt-5' }] },
                },
                prices: { 'claude-opus-5': demoPrice, 'gpt-5': demoPrice },
            },
        });
        const key = await bursar.issueKey();
        chat = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key });
        messages = new Anthropic({ baseURL: bursar.origin, apiKey: key });
    });
    after(async () => {
        await bursar?.stop();
        await anthropic?.stop();
        await openai?.stop();
    });

    for (const [name, converse] of Object.entries(chatConversations))
        test(`openai at Anthropic: ${name}`, async () => {
            await converse(chat, 'at-anthropic');
            assert.deepEqual(anthropic.refused.filter((sentence) => !/Overloaded/.test(sentence)), []);
        });
    for (const [name, converse] of Object.entries(messagesConversations))
        test(`@anthropic-ai/sdk at OpenAI: ${name}`, async () => {
            await converse(messages, 'at-openai');
            assert.deepEqual(openai.refused.filter((sentence) => !/Overloaded/.test(sentence)), []);
        });

    test('the provider gets its own name of the model, a limit, and a request for usage', async () => {
        await chat.chat.completions.create({ model: 'at-anthropic', messages: [user('Say hello.')] });
        assert.equal(anthropic.last().model, 'claude-opus-5');
        assert.ok(anthropic.last().max_tokens >= 1);
        await messages.messages.stream({ model: 'at-openai', max_tokens: 99, messages: [user('Say hello.')] }).finalMessage();
        assert.equal(openai.last().model, 'gpt-5');
        assert.deepEqual(openai.last().stream_options, { include_usage: true });
        assert.equal(openai.last().max_completion_tokens ?? openai.last().max_tokens, 99);
    });

    test('signatures of thinking survive a client that knows nothing of them', async () => {
        const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
        const first = await chat.chat.completions.create({ model: 'at-anthropic', reasoning_effort: 'high', tools, messages: [user('ponder')] });
        const [message] = first.choices.map((choice) => choice.message);
        await chat.chat.completions.create({
            model: 'at-anthropic',
            reasoning_effort: 'high',
            tools,
            messages: [user('ponder'), message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'rain' }],
        });
        assert.deepEqual(anthropic.last().messages[1].content.map((block) => block.type), ['thinking', 'redacted_thinking', 'tool_use']);
    });

    test('a call costs the same in either dialect', async () => {
        // 11 fresh, 100 read from the cache, 20 written to it, 9 out; at the prices of policy.mjs.
        const nano = 11 * 2500 + 100 * 250 + 20 * 3125 + 9 * 10000;
        const costs = [];
        const one = await chat.chat.completions.create({ model: 'at-anthropic', messages: [user('Say hello.')] }).withResponse();
        costs.push(one.response.headers.get('x-bursar-cost-usd'));
        const two = await messages.messages.create({ model: 'at-openai', max_tokens: 99, messages: [user('Say hello.')] }).withResponse();
        costs.push(two.response.headers.get('x-bursar-cost-usd'));
        for (const cost of costs) assert.equal(Math.round(Number(cost) * 1e9), nano);
    });

    test('what the other dialect cannot say is refused, by name, before anything is sent', async () => {
        const sent = anthropic.calls.length + openai.calls.length;
        await assert.rejects(chat.chat.completions.create({ model: 'at-anthropic', n: 2, messages: [user('x')] }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.match(error.message, /`n`/);
            return true;
        });
        const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 1 };
        await assert.rejects(messages.messages.create({ model: 'at-openai', max_tokens: 99, tools: [search], messages: [user('x')] }), (error) => {
            assert.ok(error instanceof Anthropic.BadRequestError);
            assert.match(error.message, /web_search_20250305/);
            return true;
        });
        assert.equal(anthropic.calls.length + openai.calls.length, sent);
    });
});

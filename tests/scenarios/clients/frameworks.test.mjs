// Hunts: a model that works through its vendor's own client and not through the frameworks that people build with: Vercel's ai and
// LangChain, with each of their provider packages, at providers of every dialect.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langTool } from '@langchain/core/tools';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, isStepCount, Output, streamText, tool } from 'ai';
import { z } from 'zod';

import { strictAnthropic, strictGemini, strictOpenAi } from '../dialects.mjs';
import { Bursar } from '../support/bursar.mjs';
import { hello, pixel, places } from '../support/conversations.mjs';
import { demoPrice } from '../support/policy.mjs';

const city = z.object({ city: z.string() });
const thing = z.object({ what: z.string(), sure: z.boolean() });
const answers = Object.fromEntries(places.map((place, index) => [place, ['rain', 'sun'][index]]));
// Some packages put a wrapper of their own around what a tool said.
const both = /^The tools say: .*\brain\b.*; .*\bsun\b.*\.$/;

const weather = tool({ description: 'The weather of a city', inputSchema: city, execute: ({ city: place }) => answers[place] });
const image = { type: 'file', mediaType: 'image/png', data: pixel };

/** The conversations of Vercel's ai with a model of its own making. */
const vercel = {
    async text(model) {
        const answer = await generateText({ model, system: 'Be brief.', prompt: 'Say hello.' });
        assert.equal(answer.text, hello);
        assert.equal(answer.finishReason, 'stop');
        assert.equal(answer.usage.outputTokens, 9);
    },
    async 'a stream'(model) {
        const stream = streamText({ model, prompt: 'Say hello.', onError: ({ error }) => assert.fail(String(error)) });
        let text = '';
        let pieces = 0;
        for await (const delta of stream.textStream) {
            text += delta;
            pieces += 1;
        }
        assert.equal(text, hello);
        assert.ok(pieces > 1, 'it came in one piece');
    },
    async 'tools that it runs itself, until the answer'(model) {
        const answer = await generateText({ model, tools: { weather }, stopWhen: isStepCount(3), prompt: 'Weather in both?' });
        assert.equal(answer.steps.length, 2);
        assert.deepEqual(answer.steps[0].toolCalls.map((call) => call.input.city), places);
        assert.match(answer.text, both);
    },
    async 'the same, streamed'(model) {
        const stream = streamText({ model, tools: { weather }, stopWhen: isStepCount(3), prompt: 'Weather in both?', onError: ({ error }) => assert.fail(String(error)) });
        assert.match(await stream.text, both);
        assert.equal((await stream.steps).length, 2);
    },
    async images(model) {
        const answer = await generateText({ model, messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, image, image] }] });
        assert.equal(answer.text, 'I see 2 pictures.');
    },
    async 'a schema for the answer'(model) {
        const answer = await generateText({ model, output: Output.object({ schema: thing }), prompt: 'What?', providerOptions: { anthropic: { structuredOutputMode: 'outputFormat' } } });
        assert.deepEqual(answer.output, { what: 'word', sure: true });
    },
};

const langWeather = langTool(({ city: place }) => answers[place], { name: 'weather', description: 'The weather of a city', schema: city });

async function langTools(model, ask) {
    const bound = model.bindTools([langWeather]);
    const messages = [new HumanMessage('Weather in both?')];
    const first = await ask(bound, messages);
    assert.deepEqual(first.tool_calls.map((call) => call.args.city), places);
    const results = await Promise.all(first.tool_calls.map(async (call) => new ToolMessage({ content: await langWeather.invoke(call.args), tool_call_id: call.id, name: call.name })));
    assert.match((await ask(bound, [...messages, first, ...results])).text, both);
}

async function collect(model, messages) {
    let whole;
    for await (const chunk of await model.stream(messages)) whole = whole ? whole.concat(chunk) : chunk;
    return whole;
}

/** The conversations of LangChain with one of its chat models. */
const langchain = {
    async text(model) {
        const answer = await model.invoke([['system', 'Be brief.'], ['human', 'Say hello.']]);
        assert.equal(answer.text, hello);
        // Google's package counts what was thought apart.
        assert.equal(answer.usage_metadata.output_tokens, model instanceof ChatGoogleGenerativeAI ? 5 : 9);
    },
    async 'a stream'(model) {
        assert.equal((await collect(model, 'Say hello.')).text, hello);
    },
    async 'tools and their results'(model) {
        await langTools(model, (bound, messages) => bound.invoke(messages));
    },
    async 'the same, streamed'(model) {
        await langTools(model, collect);
    },
    async images(model) {
        const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } };
        assert.equal((await model.invoke([new HumanMessage({ content: [{ type: 'text', text: 'Look' }, part, part] })])).text, 'I see 2 pictures.');
    },
    async 'a schema for the answer'(model) {
        assert.deepEqual(await model.withStructuredOutput(thing, { method: 'jsonSchema' }).invoke('What?'), { what: 'word', sure: true });
    },
};

describe('frameworks', () => {
    let servers;
    let bursar;
    let key;

    before(async () => {
        servers = { openai: await strictOpenAi(), anthropic: await strictAnthropic(), gemini: await strictGemini() };
        const keys = [{ secret: 'demo' }];
        bursar = await Bursar.start({
            origin: servers.openai.origin,
            durability: 'process',
            policy: {
                providers: {
                    openai: { dialect: 'openai', base_url: `${servers.openai.origin}/v1`, keys, catalogue: 'demo' },
                    anthropic: { dialect: 'anthropic', base_url: servers.anthropic.origin, keys, catalogue: 'demo' },
                    gemini: { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1beta`, keys, catalogue: 'demo' },
                },
                // LangChain's package for Google knows by a model's name whether it sees pictures.
                models: {
                    'gemini-2-at-openai': { channels: [{ provider: 'openai', model: 'gpt-5' }] },
                    'gemini-2-at-anthropic': { channels: [{ provider: 'anthropic', model: 'claude-opus-5' }] },
                    'gemini-2-at-gemini': { channels: [{ provider: 'gemini', model: 'gemini-3.1-pro' }] },
                },
                prices: { 'gpt-5': demoPrice, 'claude-opus-5': demoPrice, 'gemini-3.1-pro': demoPrice },
            },
        });
        key = await bursar.issueKey();
    });
    after(async () => {
        await bursar?.stop();
        for (const server of Object.values(servers ?? {})) await server.stop();
    });

    const v1 = () => `${bursar.origin}/v1`;
    const once = { maxRetries: 0 };
    const packages = {
        '@ai-sdk/openai': [vercel, (model) => createOpenAI({ baseURL: v1(), apiKey: key }).chat(model)],
        '@ai-sdk/anthropic': [vercel, (model) => createAnthropic({ baseURL: v1(), apiKey: key })(model)],
        '@ai-sdk/google': [vercel, (model) => createGoogle({ baseURL: `${bursar.origin}/v1beta`, apiKey: key })(model)],
        '@langchain/openai': [langchain, (model) => new ChatOpenAI({ model, apiKey: key, configuration: { baseURL: v1() }, ...once })],
        '@langchain/anthropic': [langchain, (model) => new ChatAnthropic({ model, apiKey: key, anthropicApiUrl: bursar.origin, maxTokens: 2048, ...once })],
        '@langchain/google-genai': [langchain, (model) => new ChatGoogleGenerativeAI({ model, apiKey: key, baseUrl: bursar.origin, ...once })],
    };
    for (const [name, [conversations, make]] of Object.entries(packages))
        for (const where of ['openai', 'anthropic', 'gemini'])
            for (const [what, converse] of Object.entries(conversations))
                test(`${name} at ${where}: ${what}`, async () => {
                    const before = servers[where].refused.length;
                    await converse(make(`gemini-2-at-${where}`));
                    assert.deepEqual(servers[where].refused.slice(before), []);
                });
});

// Hunts: a list of models that leaves out what people choose by, or says it wrongly; a call that its model cannot serve and that is sent on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

import { Bursar } from './support/bursar.mjs';
import { Odd } from './support/odd.mjs';

let odd;
let bursar;
let openai;
let anthropic;
let gemini;

const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
const all = ['images', 'documents', 'audio', 'tools', 'structured_output', 'reasoning'];

before(async () => {
    odd = await Odd.start('one');
    const channels = [{ provider: 'one', model: 'm' }];
    bursar = await Bursar.start({
        origin: odd.origin,
        durability: 'process',
        policy: {
            providers: { one: odd.provider() },
            models: {
                able: { tier: 'large', abilities: all, input_tokens_max: 200000, output_tokens_max: 64000, channels },
                words: { tier: 'small', abilities: [], channels },
                untold: { channels },
                auto: { rules: [{ use: 'words' }] },
            },
            prices: { m: { input: '2.5', output: '10', cached_input: '0.000001' } },
            charging: [{ team: 'marked', factor: 1.5 }],
            teams: { marked: { models: ['*'] } },
        },
    });
    const key = await bursar.issueKey({ team: 'marked' });
    openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: bursar.origin, apiKey: key, maxRetries: 0 });
    gemini = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } });
});
after(async () => {
    await bursar?.stop();
    odd?.close();
});

test('OpenAI’s list has windows, limits, abilities, and prices as the team is charged', async () => {
    const { data } = await openai.models.list();
    const named = Object.fromEntries(data.map((model) => [model.id, model]));
    for (const name of ['able', 'auto', 'untold', 'words']) assert.ok(named[name], name);
    assert.equal(named.able.context_length, 200000);
    assert.equal(named.able.max_output_tokens, 64000);
    assert.deepEqual(named.able.abilities, all);
    assert.deepEqual(named.able.architecture.input_modalities, ['text', 'image', 'file', 'audio']);
    assert.deepEqual(named.able.pricing, {
        currency: 'USD',
        prompt: '0.00000375',
        completion: '0.000015',
        input_cache_read: '0.0000000000015',
    });
    assert.deepEqual([named.words.abilities, named.words.architecture.input_modalities], [[], ['text']]);
    assert.equal(named.untold.abilities, undefined);
    assert.deepEqual(named.auto, { id: 'auto', object: 'model', created: 0, owned_by: 'bursar' });
    assert.deepEqual(await openai.models.retrieve('able').then((model) => model.abilities), all);
});

test('Anthropic’s list has every field of its own type', async () => {
    const able = await anthropic.models.retrieve('able');
    assert.deepEqual([able.max_input_tokens, able.max_tokens, able.lifecycle], [200000, 64000, 'active']);
    assert.ok(able.capabilities.image_input.supported && able.capabilities.pdf_input.supported && able.capabilities.thinking.types.enabled.supported);
    assert.equal(able.capabilities.batch.supported, false);
    const words = await anthropic.models.retrieve('words');
    assert.deepEqual([words.max_input_tokens, words.capabilities.thinking.supported], [null, false]);
    assert.equal((await anthropic.models.retrieve('untold')).capabilities, null);
});

test('Google’s list has limits and whether a model thinks', async () => {
    const able = await gemini.models.get({ model: 'able' });
    assert.deepEqual([able.inputTokenLimit, able.outputTokenLimit, able.thinking], [200000, 64000, true]);
    assert.equal((await gemini.models.get({ model: 'words' })).thinking, false);
});

test('a call that its model cannot serve is refused by the name of one that can, in every dialect, and not sent', async () => {
    const sentence = /The model "words" takes no (images|tools|JSON schema for its answer)\. Call "able", which does, or leave that out\./;
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const tool = { functionDeclarations: [{ name: 'f' }] };
    const calls = [
        () => openai.chat.completions.create({ model: 'words', messages: [{ role: 'user', content: [picture] }] }),
        () => openai.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: [picture] }] }),
        () => openai.responses.create({ model: 'words', input: 'x', text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' } } } }),
        () => anthropic.messages.create({ model: 'words', max_tokens: 9, messages: [{ role: 'user', content: [image] }] }),
        () => gemini.models.generateContent({ model: 'words', contents: 'x', config: { tools: [tool] } }),
    ];
    for (const call of calls) {
        await assert.rejects(call, (error) => {
            assert.equal(error.status, 400);
            assert.match(error.message.replaceAll('\\', ''), sentence);
            return true;
        });
    }
    assert.equal(odd.calls, 0);
    odd.well();
    for (const model of ['able', 'untold'])
        assert.ok(await openai.chat.completions.create({ model, messages: [{ role: 'user', content: [picture] }] }));
});

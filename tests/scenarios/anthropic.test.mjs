// Hunts: anything by which Anthropic's own client can tell Bursar from the provider.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Newest from '@anthropic-ai/sdk';
import Previous from '@anthropic-ai/sdk-previous';

import { Bursar } from './support/bursar.mjs';

const weather = {
    name: 'weather',
    description: 'The weather of a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

for (const [name, Anthropic] of [['newest', Newest], ['previous major', Previous]]) {
    describe(`@anthropic-ai/sdk, ${name}`, () => {
        let bursar;
        let client;
        const ask = (content = 'Say hello. [[demo tokens=12]]', more = {}) => ({
            model: 'demo-claude',
            max_tokens: 1000,
            messages: [{ role: 'user', content }],
            ...more,
        });

        before(async () => {
            bursar = await Bursar.start({ policy: { teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } } } });
            client = new Anthropic({ baseURL: bursar.origin, apiKey: await bursar.issueKey() });
        });
        after(() => bursar?.stop());

        test('a message with usage and a call id', async () => {
            const { data, response } = await client.messages.create(ask()).withResponse();
            assert.equal(data.stop_reason, 'end_turn');
            assert.equal(data.content[0].text.split(' ').length, 12);
            assert.equal(data.usage.output_tokens, 12);
            assert.match(response.headers.get('x-bursar-call-id'), /^call_/);
        });

        test('the key as an auth token instead', async () => {
            const other = new Anthropic({ baseURL: bursar.origin, apiKey: null, authToken: await bursar.issueKey() });
            assert.equal((await other.messages.create(ask())).type, 'message');
        });

        test('a stream by the client’s own collector', async () => {
            const stream = client.messages.stream(ask());
            let text = '';
            stream.on('text', (piece) => (text += piece));
            const message = await stream.finalMessage();
            assert.equal(message.content[0].text, text);
            assert.equal(text.trim().split(' ').length, 12);
            assert.equal(message.usage.output_tokens, 12);
        });

        test('the order of a stream’s events', async () => {
            const types = [];
            for await (const event of await client.messages.create(ask(undefined, { stream: true }))) types.push(event.type);
            assert.equal(types[0], 'message_start');
            assert.equal(types.at(-1), 'message_stop');
            assert.equal(types.at(-2), 'message_delta');
            assert.equal(types.filter((type) => type === 'message_start').length, 1);
        });

        test('a tool round trip', async () => {
            const first = await client.messages.create(ask('Weather? [[demo tool]]', { tools: [weather] }));
            assert.equal(first.stop_reason, 'tool_use');
            const call = first.content.find((block) => block.type === 'tool_use');
            assert.deepEqual(call.input, { city: 'demo' });
            const second = await client.messages.create({
                model: 'demo-claude',
                max_tokens: 1000,
                tools: [weather],
                messages: [
                    { role: 'user', content: 'Weather? [[demo tool]]' },
                    { role: 'assistant', content: first.content },
                    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain over demo' }] },
                ],
            });
            assert.match(second.content[0].text, /rain over demo/);
        });

        test('tools in a stream: the partial JSON adds up', async () => {
            const message = await client.messages.stream(ask('Weather? [[demo tool=2]]', { tools: [weather] })).finalMessage();
            const calls = message.content.filter((block) => block.type === 'tool_use');
            assert.equal(calls.length, 2);
            for (const call of calls) assert.deepEqual(call.input, { city: 'demo' });
        });

        test('counting tokens costs nothing', async () => {
            const billed = bursar.provider.billed();
            const counted = await client.messages.countTokens({ model: 'demo-claude', messages: ask('one two three four').messages });
            assert.ok(counted.input_tokens >= 4);
            assert.equal(bursar.provider.billed(), billed);
        });

        test('the list of models in this dialect', async () => {
            const models = [];
            for await (const model of client.models.list({ limit: 1000 })) models.push(model);
            assert.ok(models.some((model) => model.id === 'demo-claude' && model.type === 'model' && model.display_name));
        });

        test('errors are the client’s own classes, with our sentence and the call id', async () => {
            const stranger = new Anthropic({ baseURL: bursar.origin, apiKey: 'bsr_nobody', maxRetries: 0 });
            const cases = [
                [Anthropic.AuthenticationError, 401, 'authentication_error', () => stranger.messages.create(ask())],
                [Anthropic.NotFoundError, 404, 'not_found_error', () => client.messages.create(ask(undefined, { model: 'no-such-model' }))],
                [Anthropic.BadRequestError, 400, 'invalid_request_error', () => client.messages.create(ask(undefined, { model: 17 }))],
                [Anthropic.BadRequestError, 400, 'invalid_request_error', () => client.messages.create(ask(undefined, { messages: 'none' }))],
            ];
            for (const [Kind, status, type, call] of cases) {
                await assert.rejects(call, (error) => {
                    assert.ok(error instanceof Kind, `${error.constructor.name} in place of ${Kind.name}: ${error.message}`);
                    assert.equal(error.status, status);
                    assert.equal(error.error.type, 'error');
                    assert.equal(error.error.error.type, type);
                    assert.ok(error.error.error.message.length > 20);
                    assert.match(error.headers.get('x-bursar-call-id') ?? '', /^call_/);
                    return true;
                });
            }
        });

        test('an empty budget is one request and our sentence, at once', async () => {
            const poor = new Anthropic({ baseURL: bursar.origin, apiKey: await bursar.issueKey({ team: 'poor' }) });
            for (const stream of [false, true]) {
                const start = Date.now();
                const billed = bursar.provider.bill().length;
                await assert.rejects(
                    async () => {
                        const answer = await poor.messages.create(ask(undefined, { stream }));
                        if (stream) for await (const event of answer) assert.equal(event, undefined);
                    },
                    (error) => {
                        assert.equal(error.status, 429);
                        assert.equal(error.error.error.type, 'billing_error');
                        assert.match(error.error.error.message, /budget of team "?poor"?/i);
                        return true;
                    },
                );
                assert.ok(Date.now() - start < 2000, 'the client retried');
                assert.equal(bursar.provider.bill().length, billed);
            }
        });

        test('a stream that the provider breaks off ends as an error, not as an answer', async () => {
            await assert.rejects(client.messages.stream(ask('[[demo tokens=50 cut=12]]')).finalMessage());
            await assert.rejects(client.messages.stream(ask('[[demo tokens=50 error_after=12]]')).finalMessage());
        });
    });
}

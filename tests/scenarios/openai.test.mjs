// Hunts: anything by which OpenAI's own client can tell Bursar from the provider: a shape that it does not parse, a stream that it
// cannot end, an error class that is not the native one, a retry that should not be.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Newest from 'openai';
import Previous from 'openai-previous';

import { Bursar } from './support/bursar.mjs';

const weather = {
    type: 'function',
    function: {
        name: 'weather',
        description: 'The weather of a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
};

for (const [name, OpenAI] of [['newest', Newest], ['previous major', Previous]]) {
    describe(`openai, ${name}`, () => {
        let bursar;
        let client;
        const messages = [{ role: 'user', content: 'Say hello. [[demo tokens=12]]' }];

        before(async () => {
            bursar = await Bursar.start({
                policy: { teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } } },
            });
            client = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey() });
        });
        after(() => bursar?.stop());

        test('a chat completion with usage and a call id', async () => {
            const { data, response } = await client.chat.completions.create({ model: 'demo-gpt', messages }).withResponse();
            assert.equal(data.choices[0].finish_reason, 'stop');
            assert.equal(data.choices[0].message.content.split(' ').length, 12);
            assert.equal(data.usage.completion_tokens, 12);
            assert.match(response.headers.get('x-bursar-call-id'), /^call_/);
            assert.match(response.headers.get('x-bursar-cost-usd'), /^\d+\.\d+$/);
        });

        test('a stream, word by word, that ends properly', async () => {
            const stream = await client.chat.completions.create({ model: 'demo-gpt', messages, stream: true });
            const words = [];
            let finish;
            let usage;
            for await (const chunk of stream) {
                if (chunk.choices[0]?.delta?.content) words.push(chunk.choices[0].delta.content);
                finish = chunk.choices[0]?.finish_reason ?? finish;
                usage = chunk.usage ?? usage;
                assert.ok(chunk.choices.length > 0, 'the usage chunk was not asked for, so it may not come');
            }
            assert.equal(words.join('').trim().split(' ').length, 12);
            assert.equal(finish, 'stop');
            assert.equal(usage, undefined);
        });

        test('a stream with the usage that was asked for', async () => {
            const stream = await client.chat.completions.create({
                model: 'demo-gpt',
                messages,
                stream: true,
                stream_options: { include_usage: true },
            });
            const usages = [];
            for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage);
            assert.equal(usages.length, 1);
            assert.equal(usages[0].completion_tokens, 12);
        });

        test('a tool round trip by the client’s own runner', async () => {
            const asked = [];
            const runner = client.chat.completions.runTools({
                model: 'demo-gpt',
                messages: [{ role: 'user', content: 'What is the weather? [[demo tool]]' }],
                tools: [
                    {
                        ...weather,
                        function: {
                            ...weather.function,
                            parse: JSON.parse,
                            function: ({ city }) => (asked.push(city), 'rain over ' + city),
                        },
                    },
                ],
            });
            assert.match(await runner.finalContent(), /rain over demo/);
            assert.deepEqual(asked, ['demo']);
        });

        test('tool calls in a stream keep their ids and arguments', async () => {
            const runner = client.chat.completions.stream({
                model: 'demo-gpt',
                messages: [{ role: 'user', content: '[[demo tool=2]] weather please' }],
                tools: [weather],
            });
            const done = await runner.finalChatCompletion();
            const calls = done.choices[0].message.tool_calls;
            assert.equal(calls.length, 2);
            assert.notEqual(calls[0].id, calls[1].id);
            for (const call of calls) assert.deepEqual(JSON.parse(call.function.arguments), { city: 'demo' });
        });

        test('embeddings: the same numbers as floats and as base64', async () => {
            const input = ['one text', 'another'];
            const encoded = await client.embeddings.create({ model: 'demo-embed', input });
            const floats = await client.embeddings.create({ model: 'demo-embed', input, encoding_format: 'float' });
            assert.equal(encoded.data.length, 2);
            for (const [i, { embedding }] of encoded.data.entries()) {
                assert.ok(embedding.length > 1);
                assert.equal(embedding.length, floats.data[i].embedding.length);
                for (const [j, value] of embedding.entries()) assert.ok(Math.abs(value - floats.data[i].embedding[j]) < 1e-6);
            }
            assert.ok(floats.usage.prompt_tokens > 0);
        });

        test('legacy completions', async () => {
            const done = await client.completions.create({ model: 'demo-gpt', prompt: 'Say hello. [[demo tokens=5]]' });
            assert.equal(done.usage.completion_tokens, 5);
            assert.ok(done.choices[0].text.length > 0);
        });

        test('responses, plain and streamed', async () => {
            const plain = await client.responses.create({ model: 'demo-gpt', input: 'Say hello. [[demo tokens=9]]' });
            assert.equal(plain.status, 'completed');
            assert.equal(plain.output_text.split(' ').length, 9);
            assert.equal(plain.usage.output_tokens, 9);
            const events = [];
            const stream = await client.responses.create({ model: 'demo-gpt', input: 'Say hello. [[demo tokens=9]]', stream: true });
            for await (const event of stream) events.push(event);
            assert.equal(events[0].type, 'response.created');
            assert.equal(events.at(-1).type, 'response.completed');
            const text = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta);
            assert.equal(text.join('').trim().split(' ').length, 9);
        });

        test('the list of models has what the key may use, and nothing else', async () => {
            const ids = [];
            for await (const model of client.models.list()) ids.push(model.id);
            assert.deepEqual(ids.sort(), ['demo-claude', 'demo-embed', 'demo-gpt'], 'one of them is translated');
            const narrow = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey({ models: ['demo-gpt'] }) });
            assert.deepEqual((await narrow.models.list()).data.map((model) => model.id), ['demo-gpt']);
        });

        test('errors are the client’s own classes, with our sentence and the call id', async () => {
            const stranger = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: 'bsr_nobody', maxRetries: 0 });
            const cases = [
                [OpenAI.AuthenticationError, 401, () => stranger.chat.completions.create({ model: 'demo-gpt', messages })],
                [OpenAI.NotFoundError, 404, () => client.chat.completions.create({ model: 'no-such-model', messages })],
                [OpenAI.BadRequestError, 400, () => client.chat.completions.create({ model: 17, messages })],
                [OpenAI.BadRequestError, 400, () => client.chat.completions.create({ messages })],
                [OpenAI.BadRequestError, 400, () => client.chat.completions.create({ model: 'demo-gpt', messages: 'none' })],
            ];
            for (const [Kind, status, call] of cases) {
                await assert.rejects(call, (error) => {
                    assert.ok(error instanceof Kind, `${error.constructor.name} in place of ${Kind.name}: ${error.message}`);
                    assert.equal(error.status, status);
                    assert.ok(error.error.message.length > 20, error.message);
                    assert.match(error.headers.get('x-bursar-call-id') ?? '', /^call_/);
                    return true;
                });
            }
        });

        test('a provider’s refusal arrives as it is, and its failure as one that a retry may cure', async () => {
            const impatient = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey(), maxRetries: 0 });
            const asking = (content) => impatient.chat.completions.create({ model: 'demo-gpt', messages: [{ role: 'user', content }] });
            await assert.rejects(asking('[[demo status=400]]'), OpenAI.BadRequestError);
            await assert.rejects(asking('[[demo status=500]]'), OpenAI.InternalServerError);
        });

        test('an empty budget is one request and our sentence, at once', async () => {
            const poor = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: await bursar.issueKey({ team: 'poor' }) });
            for (const call of [
                () => poor.chat.completions.create({ model: 'demo-gpt', messages }),
                () => poor.chat.completions.create({ model: 'demo-gpt', messages, stream: true }),
                () => poor.responses.create({ model: 'demo-gpt', input: 'hello' }),
                () => poor.embeddings.create({ model: 'demo-embed', input: 'hello' }),
            ]) {
                const start = Date.now();
                const billed = bursar.provider.bill().length;
                await assert.rejects(call, (error) => {
                    assert.ok(error instanceof OpenAI.APIError, error.stack);
                    assert.ok([402, 429].includes(error.status), `${error.status}`);
                    assert.match(error.message, /budget of team "?poor"?/i);
                    return true;
                });
                assert.ok(Date.now() - start < 2000, 'the client retried');
                assert.equal(bursar.provider.bill().length, billed);
            }
        });
    });
}

// Conversations of the official clients with the scripted providers of strict.mjs. They go the same whether the provider speaks the
// client's dialect or another one; `server` is the provider, whatever stands between.
import assert from 'node:assert/strict';

export const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const schema = {
    type: 'object',
    properties: { what: { type: 'string' }, sure: { type: 'boolean' } },
    required: ['what', 'sure'],
    additionalProperties: false,
};
export const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
export const hello = 'Hello, Grüße, 今日は 🦀.';
export const places = ['Ulm', 'Köln "am Rhein" 🌧'];
const user = (content) => ({ role: 'user', content });

// --- openai

const chatTools = [{ type: 'function', function: { name: 'weather', description: 'The weather of a city', parameters: city } }];

/** Bedrock and Cohere do not tell thoughts from other words. */
function checkChatUsage(usage, model) {
    assert.equal(usage.prompt_tokens, 131);
    assert.equal(usage.prompt_tokens_details.cached_tokens, 100);
    assert.equal(usage.completion_tokens, 9);
    assert.equal(usage.total_tokens, 140);
    assert.equal(usage.completion_tokens_details.reasoning_tokens, /bedrock|cohere/.test(model) ? 0 : 4);
}

async function chatRoundTrip(ask, message) {
    assert.deepEqual(message.tool_calls.map((call) => JSON.parse(call.function.arguments).city), places.slice(0, message.tool_calls.length));
    const results = message.tool_calls.map((call, index) => ({ role: 'tool', tool_call_id: call.id, content: ['rain', 'sun'][index] }));
    const second = await ask([message, ...results]);
    assert.equal(second.choices[0].message.content, `The tools say: ${results.map((result) => result.content).join('; ')}.`);
}

export const chatConversations = {
    async 'a whole answer with its usage'(client, model) {
        const answer = await client.chat.completions.create({ model, messages: [{ role: 'system', content: 'Be brief.' }, user('Say hello.')], temperature: 0.5 });
        assert.equal(answer.object, 'chat.completion');
        assert.equal(answer.choices[0].message.content, hello);
        assert.equal(answer.choices[0].finish_reason, 'stop');
        assert.equal(answer.model, model);
        checkChatUsage(answer.usage, model);
    },
    async 'a stream, with the usage if it was asked for'(client, model) {
        for (const asked of [true, false]) {
            const stream = await client.chat.completions.create({
                model, messages: [user('Say hello.')], stream: true, ...(asked ? { stream_options: { include_usage: true } } : {}),
            });
            let text = '';
            let finish;
            const usages = [];
            for await (const chunk of stream) {
                text += chunk.choices[0]?.delta?.content ?? '';
                finish = chunk.choices[0]?.finish_reason ?? finish;
                if (chunk.usage) usages.push(chunk.usage);
            }
            assert.equal(text, hello);
            assert.equal(finish, 'stop');
            assert.equal(usages.length, asked ? 1 : 0);
            if (asked) checkChatUsage(usages[0], model);
        }
    },
    async 'parallel tools and their results'(client, model) {
        const messages = [user('Weather in both?')];
        const ask = (more) => client.chat.completions.create({ model, tools: chatTools, messages: [...messages, ...more] });
        const first = await ask([]);
        assert.equal(first.choices[0].finish_reason, 'tool_calls');
        await chatRoundTrip(ask, first.choices[0].message);
    },
    async 'parallel tools, streamed, by the client’s own collector'(client, model) {
        const messages = [user('Weather in both?')];
        const ask = (more) => client.chat.completions.stream({ model, tools: chatTools, messages: [...messages, ...more] }).finalChatCompletion();
        const first = await ask([]);
        assert.equal(first.choices[0].message.content, 'I look.');
        await chatRoundTrip(ask, first.choices[0].message);
    },
    async 'thinking before a tool: what the client gives back is taken'(client, model) {
        for (const stream of [false, true]) {
            const messages = [user('ponder the weather')];
            const ask = (more) => {
                const body = { model, tools: chatTools, reasoning_effort: 'high', messages: [...messages, ...more] };
                return stream ? client.chat.completions.stream(body).finalChatCompletion() : client.chat.completions.create(body);
            };
            const first = await ask([]);
            if (!stream) assert.equal(first.choices[0].message.reasoning_content, 'I need the weather.\n');
            await chatRoundTrip(ask, first.choices[0].message);
        }
    },
    async images(client, model) {
        const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}`, detail: 'low' } };
        const answer = await client.chat.completions.create({ model, messages: [user([{ type: 'text', text: 'Look' }, part, part])] });
        assert.equal(answer.choices[0].message.content, 'I see 2 pictures.');
    },
    async 'a schema for the answer'(client, model) {
        const answer = await client.chat.completions.create({
            model, messages: [user('What?')], response_format: { type: 'json_schema', json_schema: { name: 'thing', strict: true, schema } },
        });
        assert.deepEqual(JSON.parse(answer.choices[0].message.content), { what: 'word', sure: true });
    },
    async 'an answer that the limit cuts'(client, model) {
        const answer = await client.chat.completions.create({ model, max_completion_tokens: 100, messages: [user('Be long.')] });
        assert.equal(answer.choices[0].finish_reason, 'length');
    },
    async 'a provider that is busy, breaks off, or is cut'(client, model) {
        await assert.rejects(client.chat.completions.create({ model, messages: [user('busy')] }, { maxRetries: 0 }), (error) => error.status >= 500);
        for (const word of ['break', 'cut']) {
            await assert.rejects(async () => {
                const stream = await client.chat.completions.create({ model, messages: [user(word)], stream: true }, { maxRetries: 0 });
                for await (const chunk of stream) assert.equal(chunk.choices[0]?.finish_reason ?? null, null);
            });
        }
    },
};

// --- @anthropic-ai/sdk

const tools = [{ name: 'weather', description: 'The weather of a city', input_schema: city }];
const limit = { max_tokens: 2048 };

/** Google and Cohere write their cache without a count of it. */
function checkMessagesUsage(usage, model) {
    const written = /gemini|cohere/.test(model) ? 0 : 20;
    assert.equal(usage.input_tokens, 31 - written);
    assert.equal(usage.cache_read_input_tokens, 100);
    assert.equal(usage.cache_creation_input_tokens, written);
    assert.equal(usage.output_tokens, 9);
}

async function messagesRoundTrip(ask, message) {
    assert.equal(message.stop_reason, 'tool_use');
    const uses = message.content.filter((block) => block.type === 'tool_use');
    assert.deepEqual(uses.map((use) => use.input.city), places.slice(0, uses.length));
    const results = uses.map((use, index) => ({ type: 'tool_result', tool_use_id: use.id, content: ['rain', 'sun'][index], cache_control: { type: 'ephemeral' } }));
    const second = await ask([{ role: 'assistant', content: message.content }, user(results)]);
    assert.equal(second.content[0].text, `The tools say: ${results.map((result) => result.content).join('; ')}.`);
}

export const messagesConversations = {
    async 'a whole answer with its usage'(client, model) {
        const message = await client.messages.create({ model, ...limit, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }], messages: [user('Say hello.')] });
        assert.equal(message.type, 'message');
        assert.equal(message.content[0].text, hello);
        assert.equal(message.stop_reason, 'end_turn');
        assert.equal(message.model, model);
        checkMessagesUsage(message.usage, model);
    },
    async 'a stream, in the order of its events'(client, model) {
        const types = [];
        let text = '';
        for await (const event of await client.messages.create({ model, ...limit, messages: [user('Say hello.')], stream: true })) {
            if (event.type !== types.at(-1) && event.type !== 'ping') types.push(event.type);
            text += event.delta?.text ?? '';
        }
        assert.equal(text, hello);
        assert.deepEqual(types, ['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop']);
    },
    async 'a stream by the client’s own collector'(client, model) {
        const message = await client.messages.stream({ model, ...limit, messages: [user('Say hello.')] }).finalMessage();
        assert.equal(message.content[0].text, hello);
        checkMessagesUsage(message.usage, model);
    },
    async 'parallel tools and their results, whole and streamed'(client, model) {
        for (const stream of [false, true]) {
            const messages = [user('Weather in both?')];
            const ask = (more) => {
                const body = { model, ...limit, tools, messages: [...messages, ...more] };
                return stream ? client.messages.stream(body).finalMessage() : client.messages.create(body);
            };
            await messagesRoundTrip(ask, await ask([]));
        }
    },
    async 'thinking comes back in the conversation'(client, model) {
        for (const stream of [false, true]) {
            const messages = [user('ponder the weather')];
            const ask = (more) => {
                const body = { model, ...limit, tools, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: [...messages, ...more] };
                return stream ? client.messages.stream(body).finalMessage() : client.messages.create(body);
            };
            const first = await ask([]);
            assert.equal(first.content[0].thinking, 'I need the weather.\n');
            await messagesRoundTrip(ask, first);
        }
    },
    async 'images, also of a tool'(client, model) {
        const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } };
        const message = await client.messages.create({ model, ...limit, messages: [user([image, { type: 'text', text: 'Look' }, image])] });
        assert.equal(message.content[0].text, 'I see 2 pictures.');
        const use = { type: 'tool_use', id: 'toolu_9', name: 'weather', input: { city: 'Ulm' } };
        const result = { type: 'tool_result', tool_use_id: 'toolu_9', content: [{ type: 'text', text: 'clouds' }, image] };
        const second = await client.messages.create({ model, ...limit, tools, messages: [user('Look'), { role: 'assistant', content: [use] }, user([result])] });
        assert.equal(second.content[0].text, 'The tools say: clouds.');
    },
    async 'a schema for the answer'(client, model) {
        const message = await client.messages.create({ model, ...limit, messages: [user('What?')], output_config: { format: { type: 'json_schema', schema } } });
        assert.deepEqual(JSON.parse(message.content[0].text), { what: 'word', sure: true });
    },
    async 'an answer that the limit cuts'(client, model) {
        assert.equal((await client.messages.create({ model, ...limit, messages: [user('Be long.')] })).stop_reason, 'max_tokens');
    },
    async 'a provider that is busy, breaks off, or is cut'(client, model) {
        await assert.rejects(client.messages.create({ model, ...limit, messages: [user('busy')] }, { maxRetries: 0 }), (error) => error.status >= 500);
        for (const word of ['break', 'cut']) await assert.rejects(client.messages.stream({ model, ...limit, messages: [user(word)] }, { maxRetries: 0 }).finalMessage());
    },
};

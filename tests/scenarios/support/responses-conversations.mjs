// Conversations of OpenAI's official client through the Responses API with the scripted providers of strict.mjs, none of which has that API.
import assert from 'node:assert/strict';

import { city, hello, pixel, places, schema } from './conversations.mjs';

const user = (content) => ({ role: 'user', content });
const weather = { type: 'function', name: 'weather', description: 'The weather of a city', parameters: city, strict: false };
const own = { store: false, include: ['reasoning.encrypted_content'] };

/** Bedrock and Cohere do not tell thoughts from other words. */
function checkUsage(usage, model) {
    assert.equal(usage.input_tokens, 131);
    assert.equal(usage.input_tokens_details.cached_tokens, 100);
    assert.equal(usage.output_tokens, 9);
    assert.equal(usage.output_tokens_details.reasoning_tokens, /bedrock|cohere/.test(model) ? 0 : 4);
    assert.equal(usage.total_tokens, 140);
}

/** Whole, by the client's collector of a stream, or gathered from `output_item.done` alone as coding agents do. */
const ways = {
    whole: (client, body) => client.responses.create(body),
    collected: (client, body) => client.responses.stream(body).finalResponse(),
    async gathered(client, body) {
        const output = [];
        let response;
        for await (const event of await client.responses.create({ ...body, stream: true })) {
            if (event.type === 'response.output_item.done') output.push(event.item);
            if (/^response\.(completed|incomplete)$/.test(event.type)) response = event.response;
        }
        assert.deepEqual(response.output, output);
        return { ...response, output };
    },
};

const callsIn = (response) => response.output.filter((item) => item.type === 'function_call' || item.type === 'custom_tool_call');
const wordsIn = (response) => response.output.flatMap((item) => item.content ?? []).map((part) => part.text).join('');

/** Gives back all that came, with the results of the tools, and says what came then. */
async function answerTools(ask, input, response) {
    const results = callsIn(response).map((call, index) => ({ type: `${call.type}_output`, call_id: call.call_id, output: ['rain', 'sun'][index] }));
    const next = await ask([...input, ...response.output, ...results]);
    assert.equal(wordsIn(next), `The tools say: ${results.map((result) => result.output).join('; ')}.`);
}

export const responsesConversations = {
    async 'a whole answer with its usage'(client, model) {
        const response = await client.responses.create({ model, ...own, instructions: 'Be brief.', input: 'Say hello.', temperature: 0.5 });
        assert.equal(response.object, 'response');
        assert.equal(response.output_text, hello);
        assert.equal(response.status, 'completed');
        assert.equal(response.model, model);
        checkUsage(response.usage, model);
    },
    async 'a stream, by events and by the client’s own collector'(client, model) {
        const numbers = [];
        let text = '';
        for await (const event of await client.responses.create({ model, ...own, input: [user('Say hello.')], stream: true })) {
            numbers.push(event.sequence_number);
            if (event.type === 'response.output_text.delta') text += event.delta;
        }
        assert.equal(text, hello);
        assert.deepEqual(numbers, [...numbers.keys()]);
        const response = await client.responses.stream({ model, ...own, input: [user('Say hello.')] }).finalResponse();
        assert.equal(response.output_text, hello);
        checkUsage(response.usage, model);
    },
    async 'parallel tools and their results, whole and streamed'(client, model) {
        for (const way of Object.values(ways)) {
            const ask = (input) => way(client, { model, ...own, tools: [weather], input });
            const input = [user('Weather in both?')];
            const first = await ask(input);
            assert.equal(wordsIn(first), 'I look.');
            assert.deepEqual(callsIn(first).map((call) => JSON.parse(call.arguments).city), places);
            await answerTools(ask, input, first);
        }
    },
    async 'reasoning carries itself from turn to turn'(client, model) {
        for (const way of Object.values(ways)) {
            const ask = (input) => way(client, { model, ...own, reasoning: { effort: 'high', summary: 'auto' }, tools: [weather], input });
            const input = [user('ponder the weather')];
            const first = await ask(input);
            const [thought] = first.output;
            assert.equal(thought.type, 'reasoning');
            assert.equal(thought.summary[0].text, 'I need the weather.\n');
            // What a client makes of the summary is its own business.
            thought.summary = [];
            await answerTools(ask, input, first);
        }
    },
    async 'a tool that takes text, and one of a namespace'(client, model) {
        const space = { type: 'namespace', name: 'sky', description: 'The sky', tools: [weather] };
        // The script's arguments are none of a text tool, so they come back as one: Google's proof holds for the call as it was.
        for (const tool of model.includes('gemini') ? [space] : [{ type: 'custom', name: 'weather' }, space]) {
            for (const way of Object.values(ways)) {
                const ask = (input) => way(client, { model, ...own, tools: [tool], input });
                const input = [user('Weather in both?')];
                const first = await ask(input);
                assert.deepEqual(callsIn(first).map((call) => call.name), ['weather', 'weather']);
                if (tool.type === 'namespace') assert.equal(callsIn(first)[0].namespace, 'sky');
                await answerTools(ask, input, first);
            }
        }
    },
    async images(client, model) {
        const part = { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'low' };
        const response = await client.responses.create({ model, ...own, input: [user([{ type: 'input_text', text: 'Look' }, part, part])] });
        assert.equal(response.output_text, 'I see 2 pictures.');
    },
    async 'a schema for the answer'(client, model) {
        const response = await client.responses.parse({ model, ...own, input: 'What?', text: { format: { type: 'json_schema', name: 'thing', strict: true, schema } } });
        assert.deepEqual(JSON.parse(response.output_text), { what: 'word', sure: true });
    },
    async 'an answer that the limit cuts'(client, model) {
        const response = await client.responses.create({ model, ...own, max_output_tokens: 100, input: 'Be long.' });
        assert.equal(response.status, 'incomplete');
        assert.deepEqual(response.incomplete_details, { reason: 'max_output_tokens' });
    },
    async 'a provider that is busy, breaks off, or is cut'(client, model) {
        await assert.rejects(client.responses.create({ model, ...own, input: 'busy' }, { maxRetries: 0 }), (error) => error.status >= 500);
        for (const word of ['break', 'cut']) {
            const types = [];
            let failed;
            for await (const event of await client.responses.create({ model, ...own, input: word, stream: true }, { maxRetries: 0 })) {
                types.push(event.type);
                if (event.type === 'response.failed') failed = event.response;
            }
            assert.equal(types.at(-1), 'response.failed', word);
            assert.ok(failed.error.message.length > 0);
        }
    },
};

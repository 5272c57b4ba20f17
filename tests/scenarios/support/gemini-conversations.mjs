// Conversations of Google's official client with the scripted providers, as conversations.mjs has those of the others.
import assert from 'node:assert/strict';

import { city, hello, pixel, places, schema } from './conversations.mjs';

const tools = [{ functionDeclarations: [{ name: 'weather', description: 'The weather of a city', parametersJsonSchema: city }] }];
/** The same in the words that Google had first. */
const oldTools = [
    { functionDeclarations: [{ name: 'weather', description: 'The weather of a city', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } }] },
];
const answers = ['rain', 'sun'];

/** Bedrock and Cohere do not tell thoughts from other words. */
function checkUsage(usage, model) {
    const thoughts = /bedrock|cohere/.test(model) ? undefined : 4;
    assert.equal(usage.promptTokenCount, 131);
    assert.equal(usage.cachedContentTokenCount, 100);
    assert.equal(usage.candidatesTokenCount, 9 - (thoughts ?? 0));
    assert.equal(usage.thoughtsTokenCount, thoughts);
    assert.equal(usage.totalTokenCount, 140);
}

function responsesTo(calls) {
    assert.deepEqual(calls.map((call) => call.args.city), places.slice(0, calls.length));
    return calls.map((call, index) => ({ functionResponse: { id: call.id, name: call.name, response: { output: answers[index] } } }));
}

const said = (calls) => `The tools say: ${answers.slice(0, calls.length).join('; ')}.`;

/** What a streamed turn of a chat says in all. */
async function gather(stream) {
    const gathered = { text: '', calls: [], finish: undefined };
    for await (const chunk of await stream) {
        for (const part of chunk.candidates?.[0]?.content?.parts ?? []) if (part.text && !part.thought) gathered.text += part.text;
        gathered.calls.push(...(chunk.functionCalls ?? []));
        gathered.finish = chunk.candidates?.[0]?.finishReason ?? gathered.finish;
        gathered.usage = chunk.usageMetadata ?? gathered.usage;
    }
    return gathered;
}

export const geminiConversations = {
    async 'a whole answer with its usage'(client, model) {
        const answer = await client.models.generateContent({ model, contents: 'Say hello.', config: { systemInstruction: 'Be brief.', temperature: 0.5 } });
        assert.equal(answer.text, hello);
        assert.equal(answer.candidates[0].finishReason, 'STOP');
        assert.ok(answer.responseId);
        checkUsage(answer.usageMetadata, model);
    },
    async 'a stream with its usage'(client, model) {
        const gathered = await gather(client.models.generateContentStream({ model, contents: 'Say hello.' }));
        assert.equal(gathered.text, hello);
        assert.equal(gathered.finish, 'STOP');
        checkUsage(gathered.usage, model);
    },
    async 'parallel tools and their results'(client, model) {
        for (const declared of [tools, oldTools]) {
            const ask = { role: 'user', parts: [{ text: 'Weather in both?' }] };
            const config = { tools: declared };
            const first = await client.models.generateContent({ model, contents: [ask], config });
            assert.equal(first.functionCalls.length, 2);
            const contents = [ask, first.candidates[0].content, { role: 'user', parts: responsesTo(first.functionCalls) }];
            const second = await client.models.generateContent({ model, contents, config });
            assert.equal(second.text, said(first.functionCalls));
        }
    },
    async 'a chat whose tools are streamed'(client, model) {
        const chat = client.chats.create({ model, config: { tools } });
        const first = await gather(chat.sendMessageStream({ message: 'Weather in both?' }));
        assert.equal(first.text, 'I look.');
        const second = await gather(chat.sendMessageStream({ message: responsesTo(first.calls) }));
        assert.equal(second.text, said(first.calls));
    },
    async 'thinking before a tool: what the client gives back is taken'(client, model) {
        for (const streamed of [false, true]) {
            const chat = client.chats.create({ model, config: { tools, thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } });
            const send = async (message) => {
                if (streamed) return gather(chat.sendMessageStream({ message }));
                const answer = await chat.sendMessage({ message });
                // Not its `text`, which warns of calls besides.
                return { text: answer.candidates[0].content.parts.map((part) => (part.thought ? '' : (part.text ?? ''))).join(''), calls: answer.functionCalls ?? [] };
            };
            const first = await send('ponder the weather');
            const thoughts = chat.getHistory().flatMap((content) => content.parts).filter((part) => part.thought);
            assert.equal(thoughts.map((part) => part.text).join(''), 'I need the weather.\n');
            assert.equal((await send(responsesTo(first.calls))).text, said(first.calls));
        }
    },
    async images(client, model) {
        const image = { inlineData: { mimeType: 'image/png', data: pixel } };
        const answer = await client.models.generateContent({ model, contents: [{ role: 'user', parts: [image, { text: 'Look' }, image] }] });
        assert.equal(answer.text, 'I see 2 pictures.');
    },
    async 'a schema for the answer'(client, model) {
        const old = { type: 'OBJECT', properties: { what: { type: 'STRING' }, sure: { type: 'BOOLEAN' } }, required: ['what', 'sure'] };
        for (const described of [{ responseJsonSchema: schema }, { responseSchema: old }]) {
            const answer = await client.models.generateContent({ model, contents: 'What?', config: { responseMimeType: 'application/json', ...described } });
            assert.deepEqual(JSON.parse(answer.text), { what: 'word', sure: true });
        }
    },
    async 'an answer that the limit cuts'(client, model) {
        const answer = await client.models.generateContent({ model, contents: 'Be long.', config: { maxOutputTokens: 100 } });
        assert.equal(answer.candidates[0].finishReason, 'MAX_TOKENS');
    },
    async 'a provider that is busy, breaks off, or is cut'(client, model) {
        await assert.rejects(client.models.generateContent({ model, contents: 'busy' }), (error) => error.status >= 500);
        for (const word of ['break', 'cut'])
            await assert.rejects(async () => {
                const gathered = await gather(client.models.generateContentStream({ model, contents: word }));
                // A client that reads the error as an answer at least finds no reason to end.
                assert.notEqual(gathered.finish, undefined, 'no reason to end');
            });
    },
};

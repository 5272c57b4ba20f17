// Hunts: an answer, an event or a request in OpenAI's dialect that OpenAI's own published description does not allow: a field that is missing, one that
// nobody knows, a word that is none of its words; and test data that no provider of that dialect would send. The transcripts of
// tests/golden/translate are looked at, what a running bursard says, and what the providers of the tests say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { strictOpenAi } from './dialects.mjs';
import { Bursar } from './support/bursar.mjs';
import { Description, skipWithout } from './support/description.mjs';
import { until } from './support/process.mjs';
import { startRig } from './support/realtime.mjs';
import { demoPrice } from './support/policy.mjs';
import { eventsOf } from './support/sse.mjs';
import { StrictBatches } from './support/strict-batches.mjs';
import { StrictEndpoints } from './support/strict-endpoints.mjs';
import { spoken } from './support/strict-realtime.mjs';
import { StrictResponses } from './support/strict-responses.mjs';

const skip = skipWithout('BURSAR_OPENAI_DESCRIPTION', "OpenAI's published OpenAPI description as JSON (github.com/openai/openai-openapi)");
const golden = fileURLToPath(new URL('../golden/translate/', import.meta.url));

/** What is right although the description does not have it, and why. Each has to be met, or it goes. */
const exceptions = [
    [/^(CreateChatCompletion\w+) (\/choices\/\*\/(message|delta)|\/messages\/\*): nobody knows "(reasoning_content|thinking_blocks)"$/, 'thinking, as DeepSeek, OpenRouter and LiteLLM have added it to the dialect'],
    [/^CreateChatCompletionStreamResponse \/usage: nobody knows "prompt_cache_hit_tokens"$/, 'what DeepSeek says of its cache'],
    [/^ErrorResponse \/error: nobody knows "(call_id|request_id|resets_at)"$/, 'the id of the call, and to Codex when its allowance begins again; clients pass over them'],
    [/^Response\w* (\/response)?: nobody knows "store"$/, "in the description's own example of response.created, and on the wire"],
    [/^Response\w* (\/response)?: nobody knows "access_programs"$/, "the types of OpenAI's newest client require it"],
    [/^Response\w* (\/response)?\/user: null is not string$/, "in the description's own example of response.created, and on the wire"],
    [/^Response\w* (\/response)?\/usage: null is not object$/, "in the description's own example of response.created, and on the wire"],
    [/^Response\w* (\/response)?\/(output\/\*|item): nobody knows "status"$/, 'of a call of a custom tool: on the wire, as with any other call'],
    [/^CreateResponse : nobody knows "client_metadata"$/, 'sent by Codex'],
    [/^CreateResponse \/input\/\*(: "(id|status)" is missing|: nobody knows "phase"|: must match a schema in anyOf|\/content\/\*.*|\/role: "assistant" is none of its words)$/, 'Codex sends items of answers back without their ids, and texts without annotations'],
    [/^(Model |ListModelsResponse \/data\/\*): nobody knows "(context_length|max_output_tokens|tier|pricing|abilities|architecture|supported_parameters)"$/, 'what editors and chats look for, in the names of OpenRouter'],
    [/^CreateCompletionResponse \/(choices\/\*\/finish_reason: null|usage: null) is (not|none of)/, 'of a piece of a stream, which the description does not tell from a whole answer'],
    [/^CreateTranslationResponseVerboseJson : nobody knows "task"$/, "on the wire, and in the description's own example of a transcription"],
    [/^(Batch \/|ListBatchesResponse \/data\/\*\/)(errors|output_file_id|error_file_id): null is not (object|string)$/, 'on the wire, as long as there are none'],
    [/^RealtimeServerEvent \/response\/usage: null is not object$/, 'on the wire, until the response has ended'],
    [/^RealtimeServerEvent \/error: nobody knows "call_id"$/, 'the id of the call; clients pass over it'],
    [/^CreateEmbeddingResponse \/data\/\*\/embedding: string is not array$/, 'what encoding_format base64 asks for; the description has numbers alone'],
];

class Judge {
    description = new Description('BURSAR_OPENAI_DESCRIPTION');
    counts = {};
    wrong = {};
    met = new Set();

    look(where, schema, value) {
        this.counts[schema] = (this.counts[schema] ?? 0) + 1;
        for (const complaint of this.description.complaints(schema, value)) {
            const known = exceptions.find(([pattern]) => pattern.test(complaint));
            if (known) this.met.add(known);
            else (this.wrong[complaint] ??= new Set()).add(where);
        }
    }
    /** An answer, or an error in its place. */
    answer(where, schema, text) {
        const value = JSON.parse(text);
        this.look(where, value.error && !value.object ? 'ErrorResponse' : schema, value);
    }
    /** The events of a stream; those of the Responses API say twice what they are. */
    stream(where, schema, text) {
        for (const { event, data } of eventsOf(text)) {
            if (data === '' || data === '[DONE]') continue;
            if (schema === 'ResponseStreamEvent') assert.equal(JSON.parse(data).type, event, where);
            this.answer(where, schema, data);
        }
    }
    /** What was looked at since the last time, and what was wrong. */
    end(t, ...needed) {
        for (const schema of needed) assert.ok(this.counts[schema] > 0, `nothing was looked at as ${schema}`);
        t.diagnostic(Object.entries(this.counts).map(([schema, count]) => `${count} ${schema}`).join(', '));
        const wrong = Object.entries(this.wrong).map(([complaint, places]) => `${complaint} (${[...places].join(', ')})`);
        [this.counts, this.wrong] = [{}, {}];
        assert.deepEqual(wrong, []);
    }
}

const clients = {
    openai: { request: 'CreateChatCompletionRequest', answer: 'CreateChatCompletionResponse', event: 'CreateChatCompletionStreamResponse' },
    responses: { request: 'CreateResponse', answer: 'Response', event: 'ResponseStreamEvent' },
    embeddings: { answer: 'CreateEmbeddingResponse' },
};
const chat = clients.openai;

/** [place, what it is, text] of every file of the transcripts whose side speaks this dialect. */
function* transcripts() {
    for (const folder of readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)) {
        const client = clients[folder.split('_')[0]];
        const atChat = folder === 'anthropic_client' || folder.endsWith('_at_openai');
        for (const call of readdirSync(golden + folder)) {
            for (const file of readdirSync(`${golden}${folder}/${call}`)) {
                const place = `${folder}/${call}/${file}`;
                const schema = { 'request.json': client?.request, 'shown.json': client?.answer, 'shown.sse': client?.event };
                if (atChat) Object.assign(schema, { 'sent.json': chat.request, 'answer.json': chat.answer, 'provider.sse': chat.event });
                if (schema[file]) yield [place, schema[file], readFileSync(golden + place, 'utf8')];
            }
        }
    }
}

const weather = { name: 'weather', description: 'The weather of a city', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
const chatTools = [{ type: 'function', function: weather }];
const responsesTools = [{ type: 'function', strict: false, ...weather }];
const says = (content) => [{ role: 'user', content }];

/** What is asked of a running bursard: [name, path, body]. */
const calls = (model) => [
    ['chat', 'chat/completions', { model, messages: says('Say hello.') }],
    ['chat with tools', 'chat/completions', { model, messages: says('[[demo tool=2]]'), tools: chatTools }],
    ['chat, cut', 'chat/completions', { model, messages: says('Say hello.'), max_tokens: 3 }],
    ['responses', 'responses', { model, input: 'Say hello.' }],
    ['responses with thinking', 'responses', { model, input: 'Say hello. [[demo reasoning=5]]' }],
    ['responses with tools', 'responses', { model, input: '[[demo tool=2]]', tools: responsesTools }],
    ['responses, cut', 'responses', { model, input: 'Say hello.', max_output_tokens: 3 }],
    ['chat that is refused', 'chat/completions', { model, messages: says('[[demo status=400]]') }],
    ['chat at one that is overloaded', 'chat/completions', { model, messages: says('[[demo status=503]]') }],
    ['responses that are refused', 'responses', { model, input: '[[demo status=400]]' }],
    ['chat that breaks', 'chat/completions', { model, messages: says('Say hello. [[demo cut=5]]') }],
    ['responses that break', 'responses', { model, input: 'Say hello. [[demo cut=9]]' }],
    ['chat with an error within', 'chat/completions', { model, messages: says('Say hello. [[demo error_after=5]]') }],
    ['responses with an error within', 'responses', { model, input: 'Say hello. [[demo error_after=9]]' }],
];
const others = [
    ['completions', 'completions', 'CreateCompletionResponse', { model: 'demo-gpt', prompt: 'Say hello.' }],
    ['embeddings', 'embeddings', 'CreateEmbeddingResponse', { model: 'demo-embed', input: ['one', 'two'] }],
    ['embeddings in base64', 'embeddings', 'CreateEmbeddingResponse', { model: 'demo-embed', input: 'one', encoding_format: 'base64' }],
    ['models', 'models', 'ListModelsResponse'],
    ['a model', 'models/demo-gpt', 'Model'],
];

describe("OpenAI's published description", { skip }, () => {
    let judge;
    before(() => (judge = new Judge()));

    test('every transcript is what it allows', (t) => {
        for (const [place, schema, text] of transcripts()) judge[place.endsWith('.sse') ? 'stream' : 'answer'](place, schema, text);
        judge.end(t, ...Object.values(chat), ...Object.values(clients.responses), 'ErrorResponse');
    });

    const whole = () => JSON.parse(readFileSync(`${golden}responses_client_at_anthropic/coding_agent/shown.json`, 'utf8'));
    const changed = (value, change) => (change(value), value);
    const sent = () => JSON.parse(readFileSync(`${golden}anthropic_client/parallel_tools/sent.json`, 'utf8'));
    const faults = [
        ['a field that is missing', 'Response', () => changed(whole(), (value) => delete value.tools), 'Response : "tools" is missing'],
        ['a field that nobody knows', 'Response', () => changed(whole(), (value) => (value.surprise = 1)), 'Response : nobody knows "surprise"'],
        ['a word that is none', 'Response', () => changed(whole(), (value) => (value.status = 'bored')), 'Response /status: "bored" is none of its words'],
        ['a text for a number', 'Response', () => changed(whole(), (value) => (value.created_at = 'now')), 'Response /created_at: string is not number'],
        ['an item of a kind that is none', 'Response', () => changed(whole(), (value) => (value.output[0].type = 'thought')), 'Response /output/*/type: "thought" is none of its words'],
        ['an item that has no fields of its kind', 'Response', () => changed(whole(), (value) => (value.output = [{ type: 'function_call', arguments: '{}' }])), 'Response /output/*: "call_id" is missing'],
        ['a part of another list', 'Response', () => changed(whole(), (value) => (value.output = [{ id: 'm', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'input_text', text: 'x' }] }])), 'Response /output/*/content/*/type: "input_text" is none of its words'],
        ['an event of a kind that is none', 'ResponseStreamEvent', () => ({ type: 'response.begun', sequence_number: 0 }), 'ResponseStreamEvent /type: "response.begun" is none of its words'],
        ['a chunk whose finish is no word', 'CreateChatCompletionStreamResponse', () => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'done' }] }), 'CreateChatCompletionStreamResponse /choices/*/finish_reason: "done" is none of its words'],
        ['a message of a role that is none', 'CreateChatCompletionRequest', () => changed(sent(), (value) => (value.messages[0].role = 'model')), 'CreateChatCompletionRequest /messages/*/role: "model" is none of its words'],
        ['a call without its id', 'CreateChatCompletionRequest', () => changed(sent(), (value) => delete value.messages.find((message) => message.tool_calls).tool_calls[0].id), 'CreateChatCompletionRequest /messages/*/tool_calls/*: "id" is missing'],
        ['an error without its code', 'ErrorResponse', () => ({ error: { type: 'server_error', message: 'x', param: null } }), 'ErrorResponse /error: "code" is missing'],
    ];
    for (const [name, schema, value, complaint] of faults)
        test(`it sees ${name}`, () => {
            const said = judge.description.complaints(schema, value()).filter((each) => !exceptions.some(([pattern]) => pattern.test(each)));
            assert.ok(said.includes(complaint), said.join('; '));
        });

    describe('a running bursard', () => {
        let bursar, key;
        before(async () => {
            bursar = await Bursar.start({
                policy: {
                    teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] }, slow: { rate: { requests: '1/min' } } },
                    models: { 'demo-able': { abilities: ['tools', 'images'], channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] } },
                },
            });
            key = await bursar.issueKey();
        });
        after(() => bursar?.stop());

        for (const model of ['demo-gpt', 'demo-claude'])
            test(`says what it allows of a model at ${model === 'demo-gpt' ? 'a provider of this dialect' : 'one of another'}`, async (t) => {
                for (const [name, path, body] of calls(model)) {
                    const client = path === 'responses' ? clients.responses : chat;
                    const plain = await bursar.call(key, `/v1/${path}`, body);
                    judge.answer(`${name} at ${model}`, client.answer, await plain.text());
                    const streamed = await bursar.call(key, `/v1/${path}`, { ...body, stream: true, ...(client === chat ? { stream_options: { include_usage: true } } : {}) });
                    const text = await streamed.text();
                    if (streamed.headers.get('content-type').startsWith('text/event-stream')) judge.stream(`${name} at ${model}, streamed`, client.event, text);
                    else judge.answer(`${name} at ${model}, streamed`, client.event, text);
                }
                judge.end(t, chat.answer, chat.event, 'Response', 'ResponseStreamEvent', 'ErrorResponse');
            });

        test('says what it allows at its other endpoints', async (t) => {
            for (const [name, path, schema, body] of others) {
                const answer = await bursar.call(key, `/v1/${path}`, body);
                assert.equal(answer.status, 200, name);
                judge.answer(name, schema, await answer.text());
            }
            const stream = await bursar.call(key, '/v1/completions', { model: 'demo-gpt', prompt: 'Say hello.', stream: true });
            judge.stream('completions, streamed', 'CreateCompletionResponse', await stream.text());
            judge.end(t, ...others.map(([, , schema]) => schema));
        });

        test('refuses in the form that it has for errors', async (t) => {
            const hello = { model: 'demo-gpt', messages: says('Say hello.') };
            const poor = await bursar.issueKey({ team: 'poor' });
            const slow = await bursar.issueKey({ team: 'slow' });
            const once = { headers: { 'idempotency-key': 'once' } };
            await (await bursar.call(slow, '/v1/chat/completions', hello)).text();
            await (await bursar.call(key, '/v1/chat/completions', hello, once)).text();
            const refusals = [
                [400, key, 'chat/completions', { model: 17, messages: [] }],
                [400, key, 'responses', { input: 'x' }],
                [401, 'bsr_nobody', 'chat/completions', hello],
                [401, 'bsr_nobody', 'models'],
                [402, poor, 'chat/completions', hello],
                [402, poor, 'embeddings', { model: 'demo-embed', input: 'x' }],
                [429, poor, 'responses', { model: 'demo-gpt', input: 'x' }],
                [429, slow, 'chat/completions', hello],
                [404, key, 'chat/completions', { ...hello, model: 'nobody' }],
                [404, key, 'models/nobody'],
                [404, key, 'nothing', {}],
                [405, key, 'chat/completions'],
                [422, key, 'chat/completions', { ...hello, temperature: 1 }, once],
                [502, key, 'chat/completions', { ...hello, messages: says('[[demo garbage]]') }],
            ];
            for (const [status, by, path, body, options] of refusals) {
                const answer = await bursar.call(by, `/v1/${path}`, body, options);
                const text = await answer.text();
                assert.equal(answer.status, status, `${path}: ${text}`);
                judge.look(`${status} of ${path}`, 'ErrorResponse', JSON.parse(text));
            }
            await bursar.must('POST', 'vault/seal', {});
            const sealed = await bursar.call(key, '/v1/chat/completions', { ...hello, messages: says('Say something else.') });
            assert.equal(sealed.status, 503);
            judge.answer('a sealed vault', 'ErrorResponse', await sealed.text());
            judge.end(t, 'ErrorResponse');
        });
    });

    describe('what is kept at a provider', () => {
        const secret = 'sk-published-0123456789';
        const withBursar = async (provider, policy, look) => {
            let bursar;
            try {
                await provider.listen();
                bursar = await Bursar.start({ origin: provider.origin, secrets: { demo: secret }, policy });
                const key = await bursar.issueKey();
                await look(async (name, schema, method, path, body) => {
                    const form = body instanceof FormData;
                    const headers = { authorization: `Bearer ${key}`, ...(form || !body ? {} : { 'content-type': 'application/json' }) };
                    const answer = await fetch(`${bursar.origin}/v1/${path}`, { method, headers, body: form || !body ? body : JSON.stringify(body) });
                    const text = await answer.text();
                    if (schema) judge.answer(name, schema, text);
                    return { status: answer.status, text };
                });
            } finally {
                await bursar?.stop();
                await provider.stop();
            }
        };

        test('files and batches', async (t) => {
            const provider = new StrictBatches(secret);
            const policy = { models: { chat: { channels: [{ provider: 'demo-openai', model: 'chat-there' }] } }, prices: { 'chat-there': { ...demoPrice, batch: '0.5' } } };
            await withBursar(provider, policy, async (ask) => {
                const value = async (...words) => JSON.parse((await ask(...words)).text);
                const form = new FormData();
                const line = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'chat', messages: says('Hello.'), max_tokens: 50 } };
                form.append('purpose', 'batch');
                form.append('file', new Blob([`${JSON.stringify(line)}\n`]), 'calls.jsonl');
                const file = await value('a file', 'OpenAIFile', 'POST', 'files', form);
                await ask('a file that was sent before', 'OpenAIFile', 'GET', `files/${file.id}`);
                const batch = await value('a batch', 'Batch', 'POST', 'batches', { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h', metadata: { of: 'a test' } });
                await ask('a batch under way', 'Batch', 'GET', `batches/${batch.id}`);
                provider.end(batch.id);
                const ended = await value('a batch that has ended', 'Batch', 'GET', `batches/${batch.id}`);
                assert.equal(ended.status, 'completed');
                const { text: results } = await ask('results', null, 'GET', `files/${ended.output_file_id}/content`);
                for (const result of results.trimEnd().split('\n')) judge.look('a result', chat.answer, JSON.parse(result).response.body);
                const second = await value('another batch', 'Batch', 'POST', 'batches', { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
                await ask('a batch that is cancelled', 'Batch', 'POST', `batches/${second.id}/cancel`);
                await ask('batches', 'ListBatchesResponse', 'GET', 'batches');
                await ask('files', 'ListFilesResponse', 'GET', 'files');
                await ask('a file that is deleted', 'DeleteFileResponse', 'DELETE', `files/${file.id}`);
                for (const [method, path] of [['GET', `files/${file.id}`], ['GET', 'files/file_nobody/content'], ['GET', 'batches/batch_nobody'], ['POST', 'batches/batch_nobody/cancel']]) {
                    const { status } = await ask(`${method} ${path}`, 'ErrorResponse', method, path);
                    assert.equal(status, 404, path);
                }
            });
            judge.end(t, 'OpenAIFile', 'Batch', chat.answer, 'ListBatchesResponse', 'ListFilesResponse', 'DeleteFileResponse', 'ErrorResponse');
        });

        test('responses', async (t) => {
            const policy = { models: { talker: { channels: [{ provider: 'demo-openai', model: 'talker-there' }], input_tokens_max: 100_000, output_tokens_max: 1000 } }, prices: { 'talker-there': demoPrice } };
            await withBursar(new StrictResponses([secret]), policy, async (ask) => {
                const { id } = JSON.parse((await ask('a response', 'Response', 'POST', 'responses', { model: 'talker', input: 'Hello.' })).text);
                await ask('a response that was made before', 'Response', 'GET', `responses/${id}`);
                await ask('its input', 'ResponseItemList', 'GET', `responses/${id}/input_items`);
                await ask('a response that cannot be cancelled', 'ErrorResponse', 'POST', `responses/${id}/cancel`);
                await ask('a compaction', 'CompactResource', 'POST', 'responses/compact', { model: 'talker', previous_response_id: id });
                await ask('a count', 'TokenCountsResource', 'POST', 'responses/input_tokens', { model: 'talker', input: 'Hello.' });
                await ask('a response to go on from that nobody has', 'ErrorResponse', 'POST', 'responses', { model: 'talker', input: 'x', previous_response_id: 'resp_nobody' });
                const { status } = await ask('a response that is deleted', null, 'DELETE', `responses/${id}`);
                assert.equal(status, 200);
                await ask('a response that is gone', 'ErrorResponse', 'GET', `responses/${id}`);
            });
            judge.end(t, 'Response', 'ResponseItemList', 'CompactResource', 'TokenCountsResource', 'ErrorResponse');
        });
    });

    test('the events of a realtime session, both ways', async (t) => {
        const rig = await startRig();
        try {
            const session = await rig.open();
            await session.ask('hello');
            await session.ask('sound');
            session.ws.send({ type: 'session.update', session: { type: 'realtime', instructions: 'be brief', audio: { input: { turn_detection: { type: 'semantic_vad' } } } } });
            await session.met('session.updated', 2);
            session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
            await session.met('response.done', 3);
            session.ws.send({ type: 'response.fork' });
            await session.met('error');
            session.say('hang');
            session.ws.send({ type: 'response.create' });
            await session.met('response.output_text.delta', 2);
            session.ws.close();
            await until('the provider to hear of it', () => session.at.closed);
            for (const event of session.events) judge.look(`${event.type} to the client`, 'RealtimeServerEvent', event);
            for (const event of session.at.events) judge.look(`${event.type} to the provider`, 'RealtimeClientEvent', event);
        } finally {
            await rig.stop();
        }
        judge.end(t, 'RealtimeServerEvent', 'RealtimeClientEvent');
    });

    describe('the providers of the tests', () => {
        test('a chat that is scripted', async (t) => {
            const strict = await strictOpenAi();
            try {
                for (const words of ['hello', 'both', 'think', 'long', 'busy', 'break'])
                    for (const stream of [false, true]) {
                        const body = { model: 'gpt-5', messages: says(words), tools: chatTools, ...(stream ? { stream, stream_options: { include_usage: true } } : {}) };
                        const answer = await fetch(`${strict.origin}/v1/chat/completions`, { method: 'POST', headers: { authorization: 'Bearer x' }, body: JSON.stringify(body) });
                        const streamed = /event-stream/.test(answer.headers.get('content-type'));
                        judge[streamed ? 'stream' : 'answer'](`"${words}"`, streamed ? chat.event : chat.answer, await answer.text());
                    }
            } finally {
                await strict.stop();
            }
            judge.end(t, chat.answer, chat.event, 'ErrorResponse');
        });

        test('one of every endpoint', async (t) => {
            const strict = await new StrictEndpoints('sk-strict').listen();
            const file = (fields, name) => {
                const form = new FormData();
                for (const [field, value] of Object.entries(fields)) form.append(field, value);
                form.append(name, new Blob(['x']), 'x.bin');
                return form;
            };
            const asked = [
                ['chat/completions', chat.answer, { model: 'm-there', messages: says('x') }],
                ['completions', 'CreateCompletionResponse', { model: 'm-there', prompt: 'x' }],
                ['responses', 'Response', { model: 'm-there', input: 'x' }],
                ['embeddings', 'CreateEmbeddingResponse', { model: 'm-there', input: 'x' }],
                ['moderations', 'CreateModerationResponse', { model: 'm-there', input: 'x' }],
                ['images/generations', 'ImagesResponse', { model: 'image-tokens-there', prompt: 'x' }],
                ['images/edits', 'ImagesResponse', file({ model: 'm-there', prompt: 'x' }, 'image')],
                ['audio/transcriptions', 'CreateTranscriptionResponseJson', file({ model: 'm-there' }, 'file')],
                ['audio/translations', 'CreateTranslationResponseVerboseJson', file({ model: 'm-there' }, 'file')],
                ['nothing', 'ErrorResponse', {}],
            ];
            try {
                for (const [path, schema, body] of asked) {
                    const form = body instanceof FormData;
                    const headers = { authorization: 'Bearer sk-strict', ...(form ? {} : { 'content-type': 'application/json' }) };
                    const answer = await fetch(`${strict.origin}/v1/${path}`, { method: 'POST', headers, body: form ? body : JSON.stringify(body) });
                    judge.answer(path, schema, await answer.text());
                }
            } finally {
                await strict.stop();
            }
            judge.end(t, ...asked.map(([, schema]) => schema));
        });
    });

    test('no exception is left over', () => assert.deepEqual(exceptions.filter((each) => !judge.met.has(each)).map(([pattern]) => String(pattern)), []));
});

// A provider of every endpoint that refuses what the real ones refuse (OpenAI's API description; docs.cohere.com, rerank; ai.google.dev;
// November 2026). What it answers is short and always the same, so that a test can say what it costs.
import { Fake, fields, json, jsonOf, Refusal } from '../fakes/server.mjs';
import { readMultipart } from '../fakes/multipart.mjs';

/** Not a whole word of UTF-8, so that whoever takes it for text breaks it. */
export const spoken = Buffer.from([0x49, 0x44, 0x33, 0x04, 0x00, 0xff, 0xfb, 0x90, 0x0d, 0x0a, 0x80]);

const openaiUsage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** What a moderation says of each thing that it looks for. */
const ofEach = (value) =>
    Object.fromEntries(
        ['hate', 'hate/threatening', 'harassment', 'harassment/threatening', 'illicit', 'illicit/violent', 'self-harm', 'self-harm/intent', 'self-harm/instructions', 'sexual', 'sexual/minors', 'violence', 'violence/graphic'].map((name) => [name, value]),
    );

/** path -> {required, optional (fields of a JSON body) or form, answer} */
const endpoints = {
    '/v1/chat/completions': {
        required: ['model', 'messages'],
        optional: ['max_tokens', 'max_completion_tokens'],
        answer: ({ model }) => ({ id: 'c', object: 'chat.completion', created: 1, model, choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.', refusal: null }, logprobs: null, finish_reason: 'stop' }], usage: openaiUsage }),
    },
    '/v1/completions': {
        required: ['model', 'prompt'],
        optional: ['max_tokens'],
        answer: ({ model }) => ({ id: 'c', object: 'text_completion', created: 1, model, choices: [{ index: 0, text: 'Hi.', finish_reason: 'stop', logprobs: null }], usage: openaiUsage }),
    },
    '/v1/responses': {
        required: ['model', 'input'],
        optional: ['max_output_tokens'],
        answer: ({ model }) => ({
            id: 'resp_1', object: 'response', created_at: 1, status: 'completed', error: null, incomplete_details: null, instructions: null, metadata: {}, model,
            output: [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi.', annotations: [], logprobs: [] }] }],
            parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1,
            usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 15 },
        }),
    },
    '/v1/responses/compact': {
        required: ['model', 'input'],
        optional: [],
        answer: () => ({
            id: 'resp_2', object: 'response.compaction', created_at: 1, output: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'sealed' }],
            usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
        }),
    },
    '/v1/responses/input_tokens': { required: ['model', 'input'], optional: [], answer: () => ({ object: 'response.input_tokens', input_tokens: 10 }) },
    '/v1/embeddings': {
        required: ['model', 'input'],
        optional: ['encoding_format'],
        answer: ({ model }) => ({ object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [0.5] }], usage: { prompt_tokens: 10, total_tokens: 10 } }),
    },
    '/v1/messages': {
        required: ['model', 'messages', 'max_tokens'],
        optional: [],
        answer: ({ model }) => ({ id: 'm', type: 'message', role: 'assistant', model, content: [{ type: 'text', text: 'Hi.' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 10, output_tokens: 5 } }),
    },
    '/v1/messages/count_tokens': { required: ['model', 'messages'], optional: [], answer: () => ({ input_tokens: 10 }) },
    '/v1beta/models/gemini-there:generateContent': {
        required: ['contents'],
        optional: ['generationConfig'],
        answer: () => ({
            candidates: [{ index: 0, content: { role: 'model', parts: [{ text: 'Hi.' }] }, finishReason: 'STOP' }],
            usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
            responseId: 'g',
        }),
    },
    '/v1/moderations': { required: ['model', 'input'], optional: [], answer: ({ model }) => ({ id: 'modr', model, results: [{ flagged: false, categories: ofEach(false), category_scores: ofEach(0.5), category_applied_input_types: ofEach(['text']) }] }) },
    '/v1/rerank': {
        required: ['model', 'query', 'documents'],
        optional: ['top_n'],
        answer: () => ({ id: 'r', results: [{ index: 0, relevance_score: 0.9 }], meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } } }),
    },
    '/v1/images/generations': {
        required: ['model', 'prompt'],
        optional: ['n', 'size', 'quality', 'response_format'],
        // One picture less than was asked for: it is what was made that is paid.
        answer: ({ model }) =>
            model === 'image-tokens-there'
                ? { created: 1, data: [{ b64_json: 'QQ==' }], usage: { input_tokens: 50, output_tokens: 272, total_tokens: 322, input_tokens_details: { text_tokens: 10, image_tokens: 40 } } }
                : { created: 1, data: [{ b64_json: 'QQ==' }] },
    },
    '/v1/images/edits': {
        form: { required: ['model', 'prompt'], optional: ['size', 'n'], files: ['image', 'image[]'] },
        answer: () => ({ created: 1, data: [{ b64_json: 'QQ==' }] }),
    },
    '/v1/audio/speech': { required: ['model', 'input', 'voice'], optional: ['response_format'], answer: () => spoken },
    '/v1/audio/transcriptions': {
        form: { required: ['model'], optional: ['language', 'response_format'], files: ['file'] },
        answer: () => ({ text: 'Hello.', usage: { type: 'duration', seconds: 8.2 } }),
    },
    '/v1/audio/translations': {
        form: { required: ['model'], optional: ['response_format'], files: ['file'] },
        answer: () => ({ task: 'translate', language: 'german', duration: 8.47, text: 'Hello.', segments: [] }),
    },
};

export class StrictEndpoints extends Fake {
    constructor(key) {
        super();
        this.key = key;
    }

    answer(request) {
        const refuse = (why, status = 400) => {
            throw new Refusal(json(status, { error: { message: why, type: 'invalid_request_error', param: null, code: null } }), why);
        };
        const endpoint = endpoints[request.path] ?? refuse(`no ${request.path}`, 404);
        const given = [request.headers.authorization?.replace(/^Bearer /, ''), request.headers['x-api-key'], request.headers['x-goog-api-key']].filter(Boolean);
        if (given.length !== 1 || given[0] !== this.key) refuse('a wrong key, or two of them', 401);
        if (request.method !== 'POST') refuse(`${request.path} takes POST`, 405);
        request.fields = endpoint.form ? this.#readForm(request, endpoint.form, refuse) : jsonOf(request.body, refuse);
        if (!endpoint.form) fields(request.fields, 'the body', endpoint.required, endpoint.optional, refuse);
        // Gemini's stands in the path.
        if ('model' in request.fields && !request.fields.model.endsWith('-there')) refuse(`no model ${request.fields.model}`, 404);
        const said = endpoint.answer(request.fields);
        return Buffer.isBuffer(said) ? { status: 200, headers: { 'content-type': 'audio/mpeg' }, body: said } : json(200, said);
    }

    #readForm(request, { required, optional, files }, refuse) {
        const parts = readMultipart(request, refuse);
        const read = {};
        request.files = parts.filter(({ filename }) => filename !== undefined);
        for (const { name } of request.files) if (!files.includes(name)) refuse(`no file "${name}" here`);
        if (request.files.length === 0) refuse('no file');
        for (const { name, bytes } of parts.filter(({ filename }) => filename === undefined)) read[name] = bytes.toString('utf8');
        fields(read, 'the form', required, optional, refuse);
        return read;
    }
}

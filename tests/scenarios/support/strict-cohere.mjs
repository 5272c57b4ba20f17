// A provider of Cohere's API v2 that refuses what the real one refuses (docs.cohere.com: chat, chat-stream, structured outputs, reasoning,
// embed, rerank, list of models; November 2026), and holds the scripted conversations of strict.mjs.
import { createServer } from 'node:http';

import { converse, pieces, stream, usage } from './strict.mjs';
import { spoilt, vectorOf } from './vectors.mjs';

function check(condition, sentence) {
    if (!condition) throw Object.assign(new Error(sentence), { status: 400 });
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const hasWords = (value) => isText(value) && value.trim().length > 0;
const isCount = (value) => Number.isInteger(value) && value >= 1;
const oneOf = (...words) => (value) => words.includes(value);
const within = (least, most) => (value) => typeof value === 'number' && value >= least && value <= most;

function fields(object, rules, where) {
    check(isObject(object), `invalid type: ${where} must be an object`);
    for (const [key, value] of Object.entries(object)) {
        check(rules[key], `unknown field: parameter '${key}' is not a valid field in ${where}`);
        check(rules[key](value), `invalid value of '${key}' in ${where}`);
    }
}

// --- requests

const isImage = (image) => isObject(image) && /^(https?:\/\/|data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+=*$)/.test(image.url);

function checkBlocks(blocks, rules, where) {
    check(blocks.length > 0, `message must not be empty: ${where}`);
    for (const block of blocks) {
        check(isObject(block) && rules[block.type], `${where}: no content of the type ${block?.type}`);
        fields(block, { type: isText, ...rules[block.type] }, where);
    }
}

function checkContent(content, rules, where) {
    check(hasWords(content) || Array.isArray(content), `message must be at least 1 token long: ${where}`);
    if (Array.isArray(content)) checkBlocks(content, rules, where);
}

const isCall = (call) =>
    isObject(call) && hasWords(call.id) && call.type === 'function' && hasWords(call.function?.name) && isText(call.function.arguments) && isObject(JSON.parse(call.function.arguments));

const words = { text: { text: hasWords } };
const roles = {
    system: (message, where) => {
        fields(message, { role: isText, content: () => true }, where);
        checkContent(message.content, words, where);
    },
    user: (message, where) => {
        fields(message, { role: isText, content: () => true }, where);
        checkContent(message.content, { ...words, image_url: { image_url: isImage } }, where);
    },
    tool: (message, where) => {
        fields(message, { role: isText, tool_call_id: hasWords, content: () => true }, where);
        checkContent(message.content, words, where);
    },
    assistant: (message, where) => {
        fields(message, { role: isText, content: () => true, tool_plan: hasWords, tool_calls: (calls) => Array.isArray(calls) && calls.length > 0 && calls.every(isCall) }, where);
        const rules = { ...words, thinking: { thinking: hasWords } };
        if (!message.tool_calls) return checkContent(message.content, rules, where);
        if (message.content === undefined) return undefined;
        check(message.tool_plan === undefined, `${where}: a tool plan stands beside thinking`);
        checkContent(message.content, rules, where);
        const thinks = Array.isArray(message.content) && message.content.every((block) => block.type === 'thinking');
        return check(thinks, `text content is not allowed when tool_calls are provided. If you wish to pass a tool plan, either pass thinking content (with thinking enabled) or use 'tool_plan': '${where}'`);
    },
};

function checkMessages(body) {
    check(Array.isArray(body.messages) && body.messages.length > 0, 'list of messages must not be empty');
    let open = [];
    body.messages.forEach((message, index) => {
        const where = `messages[${index}]`;
        check(roles[message?.role], `${where}: no such role`);
        roles[message.role](message, where);
        check(message.role !== 'system' || index === 0, 'system turn must be the first in the list');
        if (message.role === 'tool') {
            check(open.includes(message.tool_call_id), `tool call id not found in previous tool calls: ${message.tool_call_id}`);
            open = open.filter((id) => id !== message.tool_call_id);
            return;
        }
        check(open.length === 0, `tool calls without a result: ${open.join()}`);
        open = (message.tool_calls ?? []).map((call) => call.id);
    });
    check(['user', 'tool'].includes(body.messages.at(-1).role) && open.length === 0, 'the last message must be from a user or a tool');
    const thought = body.messages.some((message) => Array.isArray(message.content) && message.content.some((block) => block.type === 'thinking'));
    check(!thought || (thinks(body.model) && body.thinking?.type !== 'disabled'), 'thinking content needs thinking');
}

const thinks = (model) => /reasoning/.test(model);

function checkTools(body) {
    const names = new Set();
    for (const tool of body.tools ?? []) {
        fields(tool, { type: oneOf('function'), function: isObject }, 'tools');
        fields(tool.function, { name: hasWords, description: isText, parameters: (schema) => isObject(schema) && schema.type === 'object' }, 'tools.function');
        check(!names.has(tool.function.name), `two tools have the name ${tool.function.name}`);
        names.add(tool.function.name);
        check(!body.strict_tools || tool.function.parameters.required?.length > 0, 'tools with only optional parameters are not supported in strict mode');
    }
    check(!body.tools || body.tools.length > 0, 'list of tools must not be empty');
    check(body.tools || (body.tool_choice === undefined && body.strict_tools === undefined), 'tool_choice and strict_tools need tools');
    check(!body.response_format || !body.tools, 'invalid request: response_format is not supported with tools');
    if (body.response_format) fields(body.response_format, { type: oneOf('json_object'), json_schema: (schema) => isObject(schema) && schema.type === 'object' }, 'response_format');
}

export function checkCohereRequest(body) {
    fields(
        body,
        {
            model: hasWords,
            messages: Array.isArray,
            stream: (value) => typeof value === 'boolean',
            tools: Array.isArray,
            tool_choice: oneOf('REQUIRED', 'NONE'),
            strict_tools: (value) => typeof value === 'boolean',
            response_format: isObject,
            max_tokens: isCount,
            temperature: within(0, 1),
            p: within(0.01, 0.99),
            k: within(0, 500),
            seed: Number.isInteger,
            frequency_penalty: within(0, 1),
            presence_penalty: within(0, 1),
            stop_sequences: (list) => Array.isArray(list) && list.length > 0 && list.length <= 5 && list.every(isText),
            thinking: isObject,
        },
        'the request',
    );
    check(body.model, 'model is required');
    check(!body.thinking || thinks(body.model), 'invalid request: this model does not support thinking');
    if (body.thinking) fields(body.thinking, { type: oneOf('enabled', 'disabled'), token_budget: isCount }, 'thinking');
    check(!body.thinking?.token_budget || !body.max_tokens || body.thinking.token_budget < body.max_tokens, 'the budget leaves nothing for the answer');
    checkMessages(body);
    checkTools(body);
}

// --- answers

/** Its own words in the prompt are read, but not billed. */
const billed = {
    billed_units: { input_tokens: usage.fresh + usage.cached + usage.written, output_tokens: usage.output },
    tokens: { input_tokens: usage.fresh + usage.cached + usage.written + 500, output_tokens: usage.output + 3 },
    cached_tokens: usage.cached,
};

function askOfCohere(body) {
    const fresh = body.messages.slice(body.messages.findLastIndex((message) => message.role === 'assistant') + 1);
    const blocks = fresh.filter((message) => message.role === 'user').flatMap((message) => (isText(message.content) ? [{ text: message.content }] : message.content));
    return {
        words: blocks.map((block) => block.text ?? '').join(' '),
        results: fresh.filter((message) => message.role === 'tool').map((message) => message.content),
        images: blocks.filter((block) => block.image_url).length,
        tools: (body.tools ?? []).map((tool) => tool.function.name),
        schema: body.response_format?.json_schema,
    };
}

function messageOf(said, number) {
    const message = { role: 'assistant' };
    if (said.thought) message.content = [{ type: 'thinking', thinking: said.thought }];
    if (said.tools) message.tool_calls = said.tools.map((tool, index) => ({ id: `${tool.name}_${number}${index}`, type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.input) } }));
    if (said.text && said.tools) message.tool_plan = said.text;
    else if (said.text) message.content = [...(message.content ?? []), { type: 'text', text: said.text }];
    return message;
}

function* events(id, message, finish_reason, said) {
    const event = (type, more) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
    const delta = (type, index, part) => event(type, { index, delta: { message: part } });
    yield event('message-start', { id, delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } } });
    for (const [index, block] of (message.content ?? []).entries()) {
        yield delta('content-start', index, { content: { type: block.type, [block.type]: '' } });
        for (const piece of pieces(block[block.type])) yield delta('content-delta', index, { content: { [block.type]: piece } });
        if (said.cut) return;
        yield event('content-end', { index });
    }
    if (said.error) return yield event('message-end', { delta: { finish_reason: 'ERROR', error: 'the generation failed', usage: billed } });
    for (const tool_plan of pieces(message.tool_plan ?? '')) yield event('tool-plan-delta', { delta: { message: { tool_plan } } });
    for (const [index, call] of (message.tool_calls ?? []).entries()) {
        yield delta('tool-call-start', index, { tool_calls: { ...call, function: { ...call.function, arguments: '' } } });
        for (const piece of pieces(call.function.arguments)) yield delta('tool-call-delta', index, { tool_calls: { function: { arguments: piece } } });
        yield event('tool-call-end', { index });
    }
    yield delta('citation-start', 0, { citations: { start: 0, end: 1, text: 'cited', sources: [] } });
    yield event('citation-end', { index: 0 });
    yield event('message-end', { delta: { finish_reason, usage: billed } });
}

function chat(server, body, response) {
    checkCohereRequest(body);
    server.calls.push({ body });
    const said = converse(askOfCohere(body));
    if (said.error === 'refused') throw Object.assign(new Error('Overloaded at once'), { status: 503 });
    const id = `chat_${server.calls.length}`;
    const message = messageOf(said, server.calls.length);
    const finish_reason = said.stop === 'length' ? 'MAX_TOKENS' : said.tools ? 'TOOL_CALL' : 'COMPLETE';
    if (body.stream) return stream(response, events(id, message, finish_reason, said), said.cut);
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id, finish_reason, message, usage: billed }));
}

function rerank(server, body, response) {
    fields(body, { model: hasWords, query: hasWords, documents: Array.isArray, top_n: isCount, max_tokens_per_doc: isCount }, 'the request');
    const results = body.documents.map((_, index) => ({ index, relevance_score: 1 / (index + 1) }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'rerank_1', results, meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } } }));
}

export function checkCohereEmbed(body) {
    const texts = (list) => Array.isArray(list) && list.length > 0 && list.every((text) => hasWords(text));
    const types = ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'];
    fields(
        body,
        {
            model: hasWords,
            texts,
            input_type: oneOf('search_document', 'search_query', 'classification', 'clustering'),
            embedding_types: (list) => Array.isArray(list) && list.length > 0 && list.every((type) => types.includes(type)),
            output_dimension: oneOf(256, 512, 1024, 1536),
            truncate: oneOf('NONE', 'START', 'END'),
            max_tokens: isCount,
        },
        'the request',
    );
    check(body.model && body.texts && body.input_type, 'invalid request: model, texts and input_type are required');
    check(body.texts.length <= 96, `invalid request: total number of texts must be at most 96 - received ${body.texts.length}`);
}

/** What is billed are nine tokens for each text; a text may ask not to be told. */
function embed(server, body, response) {
    checkCohereEmbed(body);
    server.calls.push({ body });
    const vectors = body.texts.map((text) => vectorOf(text, body.output_dimension ?? 8));
    const embeddings = { float: spoilt(vectors, body.texts, (vector) => [...vector, 0.5]) };
    const untold = body.texts.some((text) => /untold/.test(text));
    const meta = { api_version: { version: '2' }, ...(untold ? {} : { billed_units: { input_tokens: body.texts.length * 9 } }) };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: `embed_${server.calls.length}`, embeddings, texts: body.texts, meta, response_type: 'embeddings_by_type' }));
}

function models(server, body, response) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ models: [{ name: 'command-a-reasoning-08-2025', endpoints: ['chat'] }] }));
}

const routes = { 'POST /v2/chat': chat, 'POST /v2/embed': embed, 'POST /v2/rerank': rerank, 'GET /v1/models?page_size=1000': models };

async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : undefined;
}

/** @param {{key: string, limited?: string}} keys one that is good, and one whose minute is used up */
export async function strictCohere({ key, limited }) {
    const server = { calls: [], refused: [] };
    const fail = (status, sentence) => Object.assign(new Error(sentence), { status });
    const http = createServer(async (request, response) => {
        try {
            const body = await readBody(request);
            const said = request.headers.authorization;
            if (limited && said === `Bearer ${limited}`) throw fail(429, "You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key.");
            if (said !== `Bearer ${key}`) throw fail(401, 'invalid api token');
            const route = routes[`${request.method} ${request.url}`];
            if (!route) throw fail(404, `page not found: ${request.method} ${request.url}`);
            route(server, body, response);
        } catch (error) {
            server.refused.push(error.message);
            response.writeHead(error.status ?? 400, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'refused', message: error.message }));
        }
    });
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    server.origin = `http://127.0.0.1:${http.address().port}`;
    server.last = () => server.calls.at(-1)?.body;
    server.stop = () => {
        http.closeAllConnections();
        return new Promise((resolve) => http.close(resolve));
    };
    return server;
}

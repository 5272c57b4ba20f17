// Providers of OpenAI's and Anthropic's dialects (strict-gemini.mjs has Google's) that refuse what the real ones refuse, and hold the same scripted conversations: what they say depends on
// a word in the last message of the user.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

import { checkChatRequest, checkMessagesRequest } from '../dialects.mjs';

/** Proves that a thought comes back unchanged. */
export const signatureOf = (thought) => createHash('sha256').update(`strict ${thought}`).digest('base64');
export const hiddenThought = Buffer.from('a thought that nobody may read').toString('base64');

export const usage = { fresh: 11, cached: 100, written: 20, output: 9, thinking: 4 };

/** @returns {{thought?: string, hidden?: boolean, text?: string, tools?: {name: string, input: object}[], stop?: string, error?: string, cut?: boolean}} */
export function converse({ words, results, images, tools, schema }) {
    if (results.length > 0) return { text: `The tools say: ${results.join('; ')}.` };
    if (/\bbusy\b/.test(words)) return { error: 'refused' };
    if (/\bbreak\b/.test(words)) return { text: 'It begins', error: 'within' };
    if (/\bcut\b/.test(words)) return { text: 'It begins', cut: true };
    if (/\bboth\b/.test(words) && tools.length > 0)
        return { text: 'I look.', tools: [{ name: tools[0], input: { city: 'Ulm' } }, { name: tools[0], input: { city: 'Köln "am Rhein" 🌧' } }] };
    if (/\bponder\b/.test(words) && tools.length > 0)
        return { thought: 'I need the weather.\n', hidden: true, tools: [{ name: tools[0], input: { city: 'Ulm' } }] };
    if (/\bthink\b/.test(words)) return { thought: 'Two and two…', text: 'Four.' };
    if (/\blong\b/.test(words)) return { text: 'It is cut h', stop: 'length' };
    if (schema) return { text: JSON.stringify({ what: images > 0 ? 'picture' : 'word', sure: true }) };
    if (images > 0) return { text: `I see ${images} pictures.` };
    return { text: 'Hello, Grüße, 今日は 🦀.' };
}

export function pieces(text) {
    return [...(text.match(/.{1,4}/gsu) ?? [])];
}

async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** A server whose `answer(body, response, fail, path)` is called with every request that is right; `path` is a text or a pattern. */
export async function serve({ path, authorised, check, refuse, answer }) {
    const server = { calls: [], refused: [] };
    const http = createServer(async (request, response) => {
        const fail = (status, sentence) => {
            server.refused.push(sentence);
            response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(refuse(status, sentence)));
        };
        try {
            const asked = new URL(request.url, 'http://strict').pathname;
            const known = typeof path === 'string' ? asked === path : path.test(request.url);
            if (request.method !== 'POST' || !known) return fail(404, `no ${request.method} ${request.url}`);
            if (!authorised(request.headers)) return fail(401, 'no key, or not in this dialect');
            const body = await readBody(request);
            check(body, asked);
            server.calls.push({ body, headers: request.headers });
            return answer(body, response, fail, asked);
        } catch (error) {
            return fail(400, error.message);
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

export function stream(response, events, cut) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) response.write(event);
    if (!cut) return response.end();
    // After the bytes are on their way, so that it is the answer that is cut and not the request.
    return setTimeout(() => response.destroy(), 50);
}

// --- Anthropic

const texts = (content) => (typeof content === 'string' ? [content] : content.filter((block) => block.type === 'text').map((block) => block.text));

function askOfMessages(body) {
    const last = body.messages.at(-1);
    const blocks = typeof last.content === 'string' ? [] : last.content;
    return {
        words: texts(last.content).join(' '),
        results: blocks.filter((block) => block.type === 'tool_result').map((block) => `${block.is_error ? 'error ' : ''}${texts(block.content ?? '').join(' ')}`),
        images: blocks.filter((block) => block.type === 'image').length,
        tools: (body.tools ?? []).map((tool) => tool.name),
        schema: body.output_config?.format?.schema,
    };
}

/** Thinking is taken back only as it was given. */
function checkSignatures(body) {
    for (const block of body.messages.flatMap((message) => (Array.isArray(message.content) ? message.content : []))) {
        if (block.type === 'thinking' && block.signature !== signatureOf(block.thinking)) throw new Error('Invalid signature in thinking block');
        if (block.type === 'redacted_thinking' && block.data !== hiddenThought) throw new Error('Invalid data in redacted_thinking block');
    }
}

function messagesBlocks(said, number) {
    const blocks = [];
    if (said.thought) blocks.push({ type: 'thinking', thinking: said.thought, signature: signatureOf(said.thought) });
    if (said.hidden) blocks.push({ type: 'redacted_thinking', data: hiddenThought });
    if (said.text) blocks.push({ type: 'text', text: said.text });
    (said.tools ?? []).forEach((tool, index) => blocks.push({ type: 'tool_use', id: `toolu_${number}_${index}`, ...tool }));
    return blocks;
}

const messagesUsage = {
    input_tokens: usage.fresh,
    cache_read_input_tokens: usage.cached,
    cache_creation_input_tokens: usage.written,
    output_tokens: usage.output,
    output_tokens_details: { thinking_tokens: usage.thinking },
};

function* messagesEvents(message, said) {
    const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
    yield event({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...messagesUsage, output_tokens: 1 } } });
    yield event({ type: 'ping' });
    for (const [index, block] of message.content.entries()) {
        const empty = { thinking: { thinking: '', signature: '' }, text: { text: '' }, tool_use: { input: {} } }[block.type] ?? {};
        yield event({ type: 'content_block_start', index, content_block: { ...block, ...empty } });
        const delta = (data) => event({ type: 'content_block_delta', index, delta: data });
        if (block.type === 'text') for (const text of pieces(block.text)) yield delta({ type: 'text_delta', text });
        if (block.type === 'thinking') {
            for (const thinking of pieces(block.thinking)) yield delta({ type: 'thinking_delta', thinking });
            yield delta({ type: 'signature_delta', signature: block.signature });
        }
        if (block.type === 'tool_use') for (const partial_json of ['', ...pieces(JSON.stringify(block.input))]) yield delta({ type: 'input_json_delta', partial_json });
        if (said.cut) return;
        if (said.error) yield event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded in the middle' } });
        if (said.error) return;
        yield event({ type: 'content_block_stop', index });
    }
    yield event({ type: 'message_delta', delta: { stop_reason: message.stop_reason, stop_sequence: null }, usage: messagesUsage });
    yield event({ type: 'message_stop' });
}

export function strictAnthropic() {
    let number = 0;
    return serve({
        path: '/v1/messages',
        authorised: (headers) => (headers['x-api-key'] || headers.authorization) && /^\d{4}-\d\d-\d\d$/.test(headers['anthropic-version'] ?? ''),
        check: (body) => {
            checkMessagesRequest(body);
            checkSignatures(body);
        },
        refuse: (status, message) => ({
            type: 'error',
            error: { type: { 401: 'authentication_error', 404: 'not_found_error', 529: 'overloaded_error' }[status] ?? 'invalid_request_error', message },
            request_id: 'req_strict',
        }),
        answer: (body, response, fail) => {
            const said = converse(askOfMessages(body));
            if (said.error === 'refused') return fail(529, 'Overloaded at once');
            const content = messagesBlocks(said, ++number);
            const stop_reason = said.stop === 'length' ? 'max_tokens' : said.tools ? 'tool_use' : 'end_turn';
            const message = { id: `msg_${number}`, type: 'message', role: 'assistant', model: body.model, content, stop_reason, stop_sequence: null, usage: messagesUsage };
            if (body.stream) return stream(response, messagesEvents(message, said), said.cut);
            return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message));
        },
    });
}

// --- OpenAI

function askOfChat(body) {
    const after = body.messages.findLastIndex((message) => message.role === 'assistant');
    const fresh = body.messages.slice(after + 1);
    const parts = fresh.flatMap((message) => (Array.isArray(message.content) && message.role === 'user' ? message.content : []));
    return {
        words: fresh.filter((message) => message.role === 'user').flatMap((message) => texts(message.content)).join(' '),
        results: fresh.filter((message) => message.role === 'tool').map((message) => texts(message.content).join(' ')),
        images: parts.filter((part) => part.type === 'image_url').length,
        tools: (body.tools ?? []).map((tool) => tool.function.name),
        schema: body.response_format?.json_schema?.schema,
    };
}

const chatUsage = {
    prompt_tokens: usage.fresh + usage.cached + usage.written,
    completion_tokens: usage.output,
    total_tokens: usage.fresh + usage.cached + usage.written + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, cache_write_tokens: usage.written },
    completion_tokens_details: { reasoning_tokens: usage.thinking },
};

function* chatEvents(head, message, finish_reason, said, asked) {
    const chunk = (data) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...data })}\n\n`;
    const delta = (data, reason = null) => chunk({ choices: [{ index: 0, delta: data, finish_reason: reason }] });
    yield delta({ role: 'assistant', content: '' });
    for (const reasoning_content of pieces(message.reasoning_content ?? '')) yield delta({ reasoning_content });
    for (const content of pieces(message.content ?? '')) yield delta({ content });
    if (said.cut) return;
    if (said.error) yield `data: ${JSON.stringify({ error: { message: 'Overloaded in the middle', type: 'server_error', param: null, code: null } })}\n\n`;
    if (said.error) return;
    for (const [index, call] of (message.tool_calls ?? []).entries()) {
        yield delta({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] });
        for (const text of pieces(call.function.arguments)) yield delta({ tool_calls: [{ index, function: { arguments: text } }] });
    }
    yield delta({}, finish_reason);
    if (asked) yield chunk({ choices: [], usage: chatUsage });
    yield 'data: [DONE]\n\n';
}

export function strictOpenAi() {
    let number = 0;
    return serve({
        path: '/v1/chat/completions',
        authorised: (headers) => /^Bearer \S+$/.test(headers.authorization ?? ''),
        check: (body) => checkChatRequest(body, { extensions: ['reasoning_content'] }),
        refuse: (status, message) => ({ error: { message, type: status >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: null } }),
        answer: (body, response, fail) => {
            const said = converse(askOfChat(body));
            if (said.error === 'refused') return fail(503, 'Overloaded at once');
            const calls = (said.tools ?? []).map((tool, index) => ({ id: `call_${number}_${index}`, type: 'function', function: { name: tool.name, arguments: JSON.stringify(tool.input) } }));
            const message = { role: 'assistant', content: said.text ?? null, refusal: null };
            if (said.thought) message.reasoning_content = said.thought;
            if (calls.length > 0) message.tool_calls = calls;
            const finish = said.stop ?? (calls.length > 0 ? 'tool_calls' : 'stop');
            const head = { id: `chatcmpl-${++number}`, created: 1795000000, model: body.model };
            if (body.stream) return stream(response, chatEvents(head, message, finish, said, body.stream_options?.include_usage), said.cut);
            const whole = { ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: finish }], usage: chatUsage };
            return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
        },
    });
}

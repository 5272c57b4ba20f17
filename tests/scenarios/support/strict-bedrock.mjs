// A provider of Bedrock's dialect that refuses what the real one refuses (Amazon Bedrock API reference, Converse and ConverseStream, November
// 2026): it recomputes the signature with the library `aws4`, knows the time, answers streams in frames with checksums, and holds the scripted
// conversations of strict.mjs.
import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';

import aws4 from 'aws4';

import { converse, hiddenThought, pieces, signatureOf, usage } from './strict.mjs';

class Refusal extends Error {
    constructor(status, type, message) {
        super(message);
        Object.assign(this, { status, type });
    }
}

function check(condition, sentence) {
    if (!condition) throw new Refusal(400, 'ValidationException', sentence);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const hasWords = (value) => isText(value) && value.trim().length > 0;
const isBase64 = (value) => hasWords(value) && /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0;
const oneOf = (...words) => (value) => words.includes(value);
const within = (value, least, most) => typeof value === 'number' && value >= least && value <= most;

function fields(object, rules, where) {
    check(isObject(object), `${where} must be an object`);
    for (const [key, value] of Object.entries(object)) {
        check(rules[key], `${where}: unknown field "${key}"`);
        check(rules[key](value), `${where}: wrong value of "${key}"`);
    }
}

/** A union has exactly one of its members. */
function union(object, rules, where) {
    fields(object, rules, where);
    check(Object.keys(object).length === 1, `${where}: a union must have one member`);
}

// --- requests

const isCachePoint = (point) => isObject(point) && point.type === 'default' && [undefined, '5m', '1h'].includes(point.ttl);
const isImage = (image) => isObject(image) && ['png', 'jpeg', 'gif', 'webp'].includes(image.format) && isBase64(image.source?.bytes);

function checkDocument(document, names, where) {
    fields(document, { format: oneOf('pdf'), name: (name) => /^[\w\s\-()[\]]{1,200}$/.test(name) && !/\s\s|_/.test(name), source: (source) => isBase64(source.bytes) }, where);
    check(!names.has(document.name), `${where}: two documents have the same name`);
    names.add(document.name);
}

function checkResult(result, names, where) {
    fields(result, { toolUseId: (id) => /^[\w-]{1,64}$/.test(id), content: Array.isArray, status: oneOf('success', 'error') }, where);
    check(result.content.length > 0, `${where}: the content is empty`);
    for (const block of result.content) {
        union(block, { text: hasWords, json: isObject, image: isImage, document: isObject }, where);
        if (block.document) checkDocument(block.document, names, where);
    }
}

function checkBlock(block, role, names, where) {
    const user = role === 'user';
    union(
        block,
        {
            text: hasWords,
            cachePoint: isCachePoint,
            image: (image) => user && isImage(image),
            document: () => user,
            toolResult: () => user,
            toolUse: () => !user,
            reasoningContent: () => !user,
        },
        where,
    );
    if (block.document) checkDocument(block.document, names, where);
    if (block.toolResult) checkResult(block.toolResult, names, where);
    if (block.toolUse) fields(block.toolUse, { toolUseId: (id) => /^[\w-]{1,64}$/.test(id), name: (name) => /^[\w-]{1,64}$/.test(name), input: isObject }, where);
    if (!block.reasoningContent) return;
    union(block.reasoningContent, { reasoningText: isObject, redactedContent: isBase64 }, where);
    const { reasoningText } = block.reasoningContent;
    check(!reasoningText || isBase64(reasoningText.signature), `${where}: thinking needs a signature`);
}

/** Thinking is taken back only as it was given. */
function checkOwnProofs(body) {
    for (const { reasoningContent } of body.messages.flatMap((message) => message.content)) {
        const { reasoningText: said, redactedContent: hidden } = reasoningContent ?? {};
        check(!said || said.signature === signatureOf(said.text), 'Invalid signature in thinking block');
        check(!hidden || hidden === hiddenThought, 'Invalid data in redacted_thinking block');
    }
}

const idsOf = (message, kind) => (message?.content ?? []).filter((block) => block[kind]).map((block) => block[kind].toolUseId);

function checkMessages(body) {
    check(Array.isArray(body.messages) && body.messages.length > 0, 'messages must not be empty');
    check(body.messages[0].role === 'user', 'A conversation must start with a user message.');
    const names = new Set();
    body.messages.forEach((message, index) => {
        const where = `messages.${index}`;
        fields(message, { role: oneOf('user', 'assistant'), content: Array.isArray }, where);
        check(message.content.length > 0, `The content field in the Message object at ${where} is empty.`);
        check(message.role !== body.messages[index - 1]?.role, 'Roles must alternate between "user" and "assistant".');
        message.content.forEach((block, at) => checkBlock(block, message.role, names, `${where}.content.${at}`));
        const open = idsOf(body.messages[index - 1], 'toolUse');
        const answered = idsOf(message, 'toolResult');
        check([...open].sort().join() === [...answered].sort().join(), `Expected toolResult blocks at ${where}.content for the following Ids: ${open.join(', ')}`);
        check(answered.length === 0 || message.content.filter((block) => !block.cachePoint).slice(0, answered.length).every((block) => block.toolResult), `${where}: results of tools come first`);
        check(!message.content.some((block) => block.document) || message.content.some((block) => block.text), 'A message with a document must also have text.');
    });
    const used = body.messages.some((message) => idsOf(message, 'toolUse').length + idsOf(message, 'toolResult').length > 0);
    check(!used || body.toolConfig, 'The toolConfig field must be defined when using toolUse and toolResult content blocks.');
    check(idsOf(body.messages.at(-1), 'toolUse').length === 0, 'the conversation ends with a tool call');
}

function checkTools(config) {
    if (!config) return;
    fields(config, { tools: Array.isArray, toolChoice: isObject }, 'toolConfig');
    check(config.tools.length > 0, 'toolConfig.tools must not be empty');
    const names = new Set();
    for (const tool of config.tools) {
        union(tool, { toolSpec: isObject, cachePoint: isCachePoint }, 'toolConfig.tools');
        if (!tool.toolSpec) continue;
        fields(tool.toolSpec, { name: (name) => /^[\w-]{1,64}$/.test(name), description: hasWords, inputSchema: (schema) => schema.json?.type === 'object', strict: oneOf(true, false) }, 'toolSpec');
        check(tool.toolSpec.name && tool.toolSpec.inputSchema && !names.has(tool.toolSpec.name), 'toolSpec needs a name of its own and an inputSchema');
        names.add(tool.toolSpec.name);
    }
    if (!config.toolChoice) return;
    union(config.toolChoice, { auto: isObject, any: isObject, tool: (tool) => names.has(tool.name) }, 'toolChoice');
}

function checkOutput(config) {
    if (!config) return;
    const format = config.textFormat;
    fields(config, { textFormat: isObject }, 'outputConfig');
    fields(format, { type: oneOf('json_schema'), structure: isObject }, 'textFormat');
    fields(format.structure.jsonSchema, { schema: isText, name: isText, description: isText }, 'jsonSchema');
    const schema = JSON.parse(format.structure.jsonSchema.schema);
    check(schema.type !== 'object' || schema.additionalProperties === false, 'an object schema must have additionalProperties: false');
}

/** Of Anthropic's models: they know no other fields. */
function checkModelFields(body) {
    const more = body.additionalModelRequestFields;
    if (!more) return;
    fields(more, { thinking: isObject, top_k: Number.isInteger, output_config: isObject }, 'additionalModelRequestFields');
    if (more.thinking?.type === 'enabled') {
        check(within(more.thinking.budget_tokens, 1024, (body.inferenceConfig?.maxTokens ?? 1e9) - 1), 'budget_tokens must be from 1024 to below maxTokens');
        check(!body.toolConfig?.toolChoice || body.toolConfig.toolChoice.auto, 'Thinking may not be enabled when tool_choice forces tool use.');
    }
    if (more.output_config) fields(more.output_config, { effort: oneOf('low', 'medium', 'high', 'xhigh', 'max'), format: isObject }, 'output_config');
}

export function checkConverseRequest(body) {
    fields(
        body,
        {
            messages: Array.isArray,
            system: Array.isArray,
            inferenceConfig: isObject,
            toolConfig: isObject,
            outputConfig: isObject,
            additionalModelRequestFields: isObject,
            additionalModelResponseFieldPaths: (paths) => Array.isArray(paths) && paths.length > 0 && paths.every((path) => path.startsWith('/')),
        },
        'the body',
    );
    for (const block of body.system ?? []) union(block, { text: hasWords, cachePoint: isCachePoint }, 'system');
    fields(
        body.inferenceConfig ?? {},
        { maxTokens: (limit) => Number.isInteger(limit) && limit >= 1, temperature: (value) => within(value, 0, 1), topP: (value) => within(value, 0, 1), stopSequences: (list) => list.length > 0 && list.every(hasWords) },
        'inferenceConfig',
    );
    checkMessages(body);
    checkTools(body.toolConfig);
    checkOutput(body.outputConfig);
    checkModelFields(body);
    const points = JSON.stringify(body).split('"cachePoint"').length - 1;
    check(points <= 4, 'at most 4 cache points');
}

// --- signatures

const tooOld = 5 * 60 * 1000;

/** What the library makes of the same request is what must stand there. */
function checkSignature(request, body, { keyId, secret, session, region, apiKey }) {
    const { headers } = request;
    const refuse = (type, message) => {
        throw new Refusal(403, type, message);
    };
    const said = headers.authorization ?? '';
    if (said === `Bearer ${apiKey}`) return;
    if (said.startsWith('Bearer ')) refuse('AccessDeniedException', 'Authentication failed: Please make sure your API Key is valid.');
    const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\S+, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(said);
    if (!match) refuse('MissingAuthenticationTokenException', 'Missing Authentication Token');
    const [, id, covered] = match;
    if (id !== keyId) refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
    const at = Date.parse((headers['x-amz-date'] ?? '').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (!(Math.abs(Date.now() - at) < tooOld)) refuse('InvalidSignatureException', `Signature expired: ${headers['x-amz-date']} is now earlier`);
    if (headers['x-amz-security-token'] !== session) refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
    const names = covered.split(';');
    for (const must of ['host', 'x-amz-date', ...(session ? ['x-amz-security-token'] : []), 'content-type'])
        if (!names.includes(must)) refuse('InvalidSignatureException', `${must} must be signed`);
    const again = { service: 'bedrock', region, host: headers.host, method: request.method, path: request.url, body, extraHeadersToIgnore: { 'content-length': true }, headers: Object.fromEntries(names.map((name) => [name, headers[name]])) };
    aws4.sign(again, { accessKeyId: id, secretAccessKey: secret, sessionToken: session });
    const own = again.headers.Authorization;
    const only = (text) => /SignedHeaders=(\S+), Signature=(\S+)/.exec(text).slice(1).join(' ');
    // The library signs no less than was signed, so only the same headers have the same signature.
    if (only(own) !== only(said)) refuse('InvalidSignatureException', 'The request signature we calculated does not match the signature you provided.');
}

// --- answers

const tokenUsage = { inputTokens: usage.fresh, outputTokens: usage.output, totalTokens: usage.fresh + usage.cached + usage.written + usage.output, cacheReadInputTokens: usage.cached, cacheWriteInputTokens: usage.written };

function askOfConverse(body) {
    const { content } = body.messages.at(-1);
    const textsOf = (blocks) => blocks.filter((block) => block.text).map((block) => block.text).join(' ');
    const schema = body.outputConfig?.textFormat.structure.jsonSchema.schema;
    return {
        words: textsOf(content),
        results: content.filter((block) => block.toolResult).map(({ toolResult }) => `${toolResult.status === 'error' ? 'error ' : ''}${textsOf(toolResult.content)}`),
        images: content.filter((block) => block.image).length,
        tools: (body.toolConfig?.tools ?? []).filter((tool) => tool.toolSpec).map((tool) => tool.toolSpec.name),
        schema: schema ? JSON.parse(schema) : body.additionalModelRequestFields?.output_config?.format?.schema,
    };
}

function blocksOf(said, number) {
    const blocks = [];
    if (said.thought) blocks.push({ reasoningContent: { reasoningText: { text: said.thought, signature: signatureOf(said.thought) } } });
    if (said.hidden) blocks.push({ reasoningContent: { redactedContent: hiddenThought } });
    if (said.text) blocks.push({ text: said.text });
    (said.tools ?? []).forEach((tool, index) => blocks.push({ toolUse: { toolUseId: `tooluse_${number}_${index}`, ...tool } }));
    return blocks;
}

function header(name, value) {
    const head = Buffer.alloc(1 + name.length + 3);
    head.writeUInt8(name.length, 0);
    head.write(name, 1, 'latin1');
    head.writeUInt8(7, 1 + name.length);
    head.writeUInt16BE(value.length, 2 + name.length);
    return Buffer.concat([head, Buffer.from(value)]);
}

/** One frame of application/vnd.amazon.eventstream. */
function frame(kind, type, payload) {
    const headers = Buffer.concat([header(`:${kind}-type`, type), header(':content-type', 'application/json'), header(':message-type', kind)]);
    const body = Buffer.from(JSON.stringify(payload));
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(16 + headers.length + body.length, 0);
    prelude.writeUInt32BE(headers.length, 4);
    prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(Buffer.concat([prelude, headers, body])), 0);
    return Buffer.concat([prelude, headers, body, checksum]);
}

function* frames(blocks, stopReason, said) {
    const event = (type, payload) => frame('event', type, { ...payload, p: 'abcdefghijklmn'.slice(0, 3 + (type.length % 9)) });
    yield event('messageStart', { role: 'assistant' });
    for (const [contentBlockIndex, block] of blocks.entries()) {
        const delta = (data) => event('contentBlockDelta', { contentBlockIndex, delta: data });
        for (const text of block.text ? pieces(block.text) : []) yield delta({ text });
        if (block.reasoningContent?.redactedContent) yield delta(block);
        if (block.reasoningContent?.reasoningText) {
            const { text: thought, signature } = block.reasoningContent.reasoningText;
            for (const text of pieces(thought)) yield delta({ reasoningContent: { text } });
            yield delta({ reasoningContent: { signature } });
        }
        if (block.toolUse) {
            const { toolUseId, name, input } = block.toolUse;
            yield event('contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId, name } } });
            for (const piece of pieces(JSON.stringify(input))) yield delta({ toolUse: { input: piece } });
        }
        if (said.cut) return;
        if (said.error) yield frame('exception', 'modelStreamErrorException', { message: 'Overloaded in the middle' });
        if (said.error) return;
        yield event('contentBlockStop', { contentBlockIndex });
    }
    yield event('messageStop', { stopReason });
    yield event('metadata', { usage: tokenUsage, metrics: { latencyMs: 12 } });
}

function answer(body, response, streamed, number) {
    const said = converse(askOfConverse(body));
    if (said.error === 'refused') throw new Refusal(503, 'ServiceUnavailableException', 'Overloaded at once');
    const content = blocksOf(said, number);
    const stopReason = said.stop === 'length' ? 'max_tokens' : said.tools ? 'tool_use' : 'end_turn';
    if (!streamed) {
        const whole = { metrics: { latencyMs: 12 }, output: { message: { role: 'assistant', content } }, stopReason, usage: tokenUsage };
        response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': 'strict' }).end(JSON.stringify(whole));
        return;
    }
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'strict' });
    // In pieces that know nothing of frames.
    const bytes = Buffer.concat([...frames(content, stopReason, said)]);
    for (let at = 0; at < bytes.length; at += 100) response.write(bytes.subarray(at, at + 100));
    if (!said.cut) response.end();
    // After the bytes are on their way, so that it is the answer that is cut and not the request.
    else setTimeout(() => response.destroy(), 50);
}

async function readBody(request) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
}

/** A model that this account may not use; the words name the account. */
const deniedModel = /^denied\./;
const checkAccess = (model) => {
    if (deniedModel.test(model))
        throw new Refusal(403, 'AccessDeniedException', `User: arn:aws:iam::123456789012:user/canary is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:eu-central-1::foundation-model/${model} because no identity-based policy allows the bedrock:InvokeModel action`);
};

/** @param {{keyId: string, secret: string, session?: string, region: string, apiKey: string}} account */
export async function strictBedrock(account) {
    const server = { calls: [], refused: [], account };
    const http = createServer(async (request, response) => {
        try {
            const text = await readBody(request);
            const match = /^\/model\/([^/]+)\/(converse|converse-stream)$/.exec(request.url);
            if (request.method !== 'POST' || !match) throw new Refusal(404, 'UnknownOperationException', `no ${request.method} ${request.url}`);
            checkSignature(request, text, server.account);
            checkAccess(decodeURIComponent(match[1]));
            const body = JSON.parse(text);
            checkConverseRequest(body);
            checkOwnProofs(body);
            server.calls.push({ body, headers: request.headers, model: decodeURIComponent(match[1]), path: request.url });
            answer(body, response, match[2] === 'converse-stream', server.calls.length);
        } catch (error) {
            server.refused.push(error.message);
            response.writeHead(error.status ?? 400, { 'content-type': 'application/json', 'x-amzn-errortype': error.type ?? 'ValidationException' }).end(JSON.stringify({ message: error.message }));
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

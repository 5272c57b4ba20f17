// What the real APIs refuse: strict readers of requests in OpenAI's and Anthropic's dialects, by the providers' references of October 2026 and the types
// of their official clients. Each throws one sentence about the first thing that is wrong.
export { checkCohereEmbed, checkCohereRequest, strictCohere } from './support/strict-cohere.mjs';
export { checkConverseRequest, strictBedrock } from './support/strict-bedrock.mjs';
export { checkGeminiEmbeddings, checkGeminiRequest, strictGemini } from './support/strict-gemini.mjs';
export { strictAnthropic, strictOpenAi } from './support/strict.mjs';

function check(condition, sentence) {
    if (!condition) throw new Error(sentence);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isCount = (value) => Number.isInteger(value) && value >= 1;
const within = (value, least, most) => typeof value === 'number' && value >= least && value <= most;
const isBase64 = (value) => isText(value) && value.length > 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0;
const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function onlyKeys(object, known, where) {
    check(isObject(object), `${where} must be an object`);
    for (const key of Object.keys(object)) check(known.includes(key), `${where}: unknown field "${key}"`);
}

/** @param {Record<string, (value: any) => boolean>} rules every field that may be there, and what it must be */
function fields(object, rules, where) {
    onlyKeys(object, Object.keys(rules), where);
    for (const [key, value] of Object.entries(object)) check(rules[key](value), `${where}: wrong value of "${key}"`);
}

const any = () => true;
const oneOf = (...words) => (value) => words.includes(value);
const orNull = (rule) => (value) => value === null || rule(value);

/** Strict schemas forbid what they do not list, and OpenAI's require all of it. */
function checkClosed(schema, where, everythingRequired) {
    if (Array.isArray(schema)) return schema.forEach((one) => checkClosed(one, where, everythingRequired));
    if (!isObject(schema)) return undefined;
    if (schema.type === 'object' || isObject(schema.properties)) {
        check(schema.additionalProperties === false, `${where}: an object schema must have additionalProperties: false`);
        const missing = Object.keys(schema.properties ?? {}).filter((name) => !(schema.required ?? []).includes(name));
        check(!everythingRequired || missing.length === 0, `${where}: "required" must list ${missing.join(', ')}`);
    }
    return Object.values(schema).forEach((one) => checkClosed(one, where, everythingRequired));
}

// --- Chat Completions

const chatPart = {
    text: (part, where) => fields(part, { type: any, text: isText, prompt_cache_breakpoint: isObject }, where),
    refusal: (part, where) => fields(part, { type: any, refusal: isText }, where),
    image_url: (part, where) => {
        fields(part, { type: any, image_url: isObject, prompt_cache_breakpoint: isObject }, where);
        fields(part.image_url, { url: isText, detail: oneOf('auto', 'low', 'high', 'original') }, where);
        const match = /^data:([^;,]+);base64,(.*)$/s.exec(part.image_url.url);
        check(match ? imageTypes.includes(match[1]) && isBase64(match[2]) : /^https?:\/\/./.test(part.image_url.url), `${where}: not an image URL`);
    },
    file: (part, where) => {
        fields(part, { type: any, file: isObject, prompt_cache_breakpoint: isObject }, where);
        fields(part.file, { file_data: isText, file_id: isText, filename: isText }, where);
        if (part.file.file_id) return;
        const match = /^data:application\/pdf;base64,(.*)$/s.exec(part.file.file_data ?? '');
        check(match && isBase64(match[1]) && part.file.filename, `${where}: a file needs a name and the bytes of a PDF`);
    },
};

function checkChatContent(content, kinds, where) {
    if (isText(content)) return;
    check(Array.isArray(content) && content.length > 0, `${where}: content must be text or a list of parts that is not empty`);
    content.forEach((part, index) => {
        check(isObject(part) && kinds.includes(part.type), `${where}.content[${index}]: no part of the type "${part?.type}" here`);
        chatPart[part.type](part, `${where}.content[${index}]`);
    });
}

function checkToolCalls(calls, where) {
    check(Array.isArray(calls) && calls.length > 0, `${where}: tool_calls must not be empty`);
    calls.forEach((call, index) => {
        const here = `${where}.tool_calls[${index}]`;
        fields(call, { id: (id) => isText(id) && id.length > 0 && id.length <= 40, type: oneOf('function'), function: isObject }, here);
        check(call.id && call.type, `${here}: id and type are required`);
        fields(call.function, { name: (name) => /^[\w-]{1,64}$/.test(name), arguments: isText }, here);
        check('arguments' in call.function && 'name' in call.function, `${here}: name and arguments are required`);
    });
}

// `parsed` and `annotations` come from the official client, which gives back what it got.
const chatRoles = {
    system: { content: ['text'], keys: ['role', 'content', 'name'] },
    developer: { content: ['text'], keys: ['role', 'content', 'name'] },
    user: { content: ['text', 'image_url', 'file'], keys: ['role', 'content', 'name'] },
    assistant: { content: ['text', 'refusal'], keys: ['role', 'content', 'name', 'refusal', 'tool_calls', 'parsed', 'annotations'] },
    tool: { content: ['text'], keys: ['role', 'content', 'tool_call_id', 'name'] },
};

function checkChatMessages(messages, extensions) {
    check(Array.isArray(messages) && messages.length > 0, 'messages must be a list that is not empty');
    let open = new Set();
    messages.forEach((message, index) => {
        const where = `messages[${index}]`;
        const role = chatRoles[message?.role];
        check(role, `${where}: no role "${message?.role}"`);
        onlyKeys(message, [...role.keys, ...(message.role === 'assistant' ? extensions : [])], where);
        if (message.role === 'tool') {
            check(open.delete(message.tool_call_id), `${where}: a tool message must answer a call of the assistant message before it`);
        } else {
            check(open.size === 0, `${where}: tool calls without an answer: ${[...open].join(', ')}`);
        }
        if (message.role === 'assistant') {
            check(message.content != null || message.tool_calls || message.refusal, `${where}: content or tool_calls are required`);
            if (message.tool_calls) checkToolCalls(message.tool_calls, where);
            open = new Set((message.tool_calls ?? []).map((call) => call.id));
            check(open.size === (message.tool_calls ?? []).length, `${where}: two calls with one id`);
        }
        if (message.role !== 'assistant' || message.content != null) checkChatContent(message.content, role.content, where);
    });
    check(open.size === 0, `messages end with tool calls without an answer: ${[...open].join(', ')}`);
}

function checkChatTools(body) {
    const names = new Set();
    for (const [index, tool] of (body.tools ?? []).entries()) {
        const where = `tools[${index}]`;
        fields(tool, { type: oneOf('function'), function: isObject }, where);
        fields(tool.function, { name: (name) => /^[\w-]{1,64}$/.test(name), description: isText, parameters: isObject, strict: orNull((on) => typeof on === 'boolean') }, where);
        check(tool.function.name && tool.type, `${where}: a type and a name are required`);
        check(!tool.function.parameters || tool.function.parameters.type === 'object', `${where}: parameters must be a schema of the type object`);
        if (tool.function.strict) checkClosed(tool.function.parameters, where, true);
        names.add(tool.function.name);
    }
    const choice = body.tool_choice;
    check(body.tools ? body.tools.length > 0 : choice === undefined && body.parallel_tool_calls === undefined, 'tool_choice and parallel_tool_calls need tools, and tools may not be empty');
    if (choice === undefined || ['none', 'auto', 'required'].includes(choice)) return;
    check(isObject(choice) && choice.type === 'function' && names.has(choice.function?.name), 'tool_choice must name a tool');
}

function checkChatFormat(format) {
    if (format === undefined || format.type === 'text' || format.type === 'json_object') return;
    check(format.type === 'json_schema', 'response_format: wrong type');
    fields(format.json_schema, { name: (name) => /^[\w-]{1,64}$/.test(name), description: isText, schema: isObject, strict: orNull((on) => typeof on === 'boolean') }, 'response_format.json_schema');
    check(format.json_schema.name, 'response_format.json_schema: a name is required');
    if (format.json_schema.strict) checkClosed(format.json_schema.schema, 'response_format', true);
}

/** @param {{extensions?: string[]}} options members of assistant messages that this server knows besides OpenAI's */
export function checkChatRequest(body, { extensions = [] } = {}) {
    const number = (least, most) => orNull((value) => within(value, least, most));
    fields(body, {
        model: (name) => isText(name) && name.length > 0, messages: any, tools: Array.isArray, tool_choice: any, response_format: isObject,
        parallel_tool_calls: (on) => typeof on === 'boolean', stream: orNull((on) => typeof on === 'boolean'), stream_options: orNull(isObject),
        max_completion_tokens: orNull(isCount), max_tokens: orNull(isCount), temperature: number(0, 2), top_p: number(0, 1), n: orNull(isCount),
        frequency_penalty: number(-2, 2), presence_penalty: number(-2, 2), seed: orNull(Number.isInteger), logit_bias: orNull(isObject),
        logprobs: orNull((on) => typeof on === 'boolean'), top_logprobs: number(0, 20), user: (name) => isText(name) && name.length <= 64,
        stop: orNull((stop) => isText(stop) || (Array.isArray(stop) && stop.length <= 4 && stop.every(isText))),
        reasoning_effort: orNull(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')), store: orNull((on) => typeof on === 'boolean'),
        service_tier: orNull(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast')), metadata: orNull(isObject), modalities: orNull(Array.isArray),
        verbosity: orNull(oneOf('low', 'medium', 'high')), prompt_cache_key: isText, safety_identifier: isText,
    }, 'the body');
    check(body.model, 'model is required');
    check(body.max_tokens == null || body.max_completion_tokens == null, 'max_tokens and max_completion_tokens exclude each other');
    check(body.stream_options == null || body.stream === true, 'stream_options is only allowed with stream');
    checkChatTools(body);
    checkChatFormat(body.response_format);
    checkChatMessages(body.messages, extensions);
}

// --- Messages

const hasWords = (value) => isText(value) && value.trim() !== '';
const cache = { cache_control: orNull(isObject) };

function checkSource(source, kinds, where) {
    check(isObject(source) && kinds.includes(source.type), `${where}: no source of the type "${source?.type}"`);
    if (source.type === 'base64') {
        fields(source, { type: any, media_type: isText, data: isBase64 }, where);
        check([...imageTypes, 'application/pdf'].includes(source.media_type) && source.data, `${where}: wrong media type, or no data`);
    } else if (source.type === 'url') {
        fields(source, { type: any, url: (url) => /^https?:\/\/./.test(url) }, where);
    }
}

const messagesBlock = {
    text: (block, where) => fields(block, { type: any, text: hasWords, citations: any, ...cache }, where),
    image: (block, where) => {
        fields(block, { type: any, source: isObject, ...cache }, where);
        checkSource(block.source, ['base64', 'url', 'file'], where);
        check(block.source.type !== 'base64' || imageTypes.includes(block.source.media_type), `${where}: not an image`);
    },
    document: (block, where) => {
        fields(block, { type: any, source: isObject, title: orNull(isText), context: orNull(isText), citations: any, ...cache }, where);
        checkSource(block.source, ['base64', 'url', 'text', 'content', 'file'], where);
    },
    thinking: (block, where) => {
        fields(block, { type: any, thinking: isText, signature: hasWords }, where);
        check('thinking' in block && 'signature' in block, `${where}: thinking and signature are required`);
    },
    redacted_thinking: (block, where) => fields(block, { type: any, data: hasWords }, where),
    tool_use: (block, where) => {
        fields(block, { type: any, id: (id) => /^[\w-]+$/.test(id), name: (name) => /^[\w-]{1,128}$/.test(name), input: isObject, caller: isObject, ...cache }, where);
        check(block.id && block.name && block.input, `${where}: id, name and input are required`);
    },
    tool_result: (block, where) => {
        fields(block, { type: any, tool_use_id: (id) => /^[\w-]+$/.test(id), content: any, is_error: (on) => typeof on === 'boolean', ...cache }, where);
        if (block.content === undefined || isText(block.content)) return;
        checkBlocks(block.content, ['text', 'image', 'document'], `${where}.content`);
    },
};

function checkBlocks(blocks, kinds, where) {
    check(Array.isArray(blocks) && blocks.length > 0, `${where} must be text or a list of blocks that is not empty`);
    blocks.forEach((block, index) => {
        check(isObject(block) && kinds.includes(block.type), `${where}[${index}]: no block of the type "${block?.type}" here`);
        messagesBlock[block.type](block, `${where}[${index}]`);
    });
}

const blocksOf = (message) => (Array.isArray(message?.content) ? message.content : []);

/** Every use of a tool is answered in the message after it, before anything else in there. */
function checkPairs(before, message, where) {
    const open = new Set(blocksOf(before).filter((block) => block.type === 'tool_use').map((block) => block.id));
    const results = blocksOf(message).filter((block) => block.type === 'tool_result');
    for (const result of results) check(open.delete(result.tool_use_id), `${where}: unexpected tool_result ${result.tool_use_id}`);
    check(open.size === 0, `${where}: tool_use without tool_result immediately after: ${[...open].join(', ')}`);
    check(blocksOf(message).slice(0, results.length).every((block) => block.type === 'tool_result'), `${where}: tool_result must come first`);
}

function checkMessages(body) {
    check(Array.isArray(body.messages) && body.messages.length > 0, 'messages must be a list that is not empty');
    check(body.messages[0]?.role === 'user', 'messages: the first must be of the role user');
    const ids = blocksOf({ content: body.messages.flatMap(blocksOf) }).filter((block) => block.type === 'tool_use').map((block) => block.id);
    check(new Set(ids).size === ids.length, 'messages: tool_use ids must be unique');
    body.messages.forEach((message, index) => {
        const where = `messages[${index}]`;
        onlyKeys(message, ['role', 'content'], where);
        check(['user', 'assistant'].includes(message.role), `${where}: no role "${message.role}"`);
        const kinds = message.role === 'user' ? ['text', 'image', 'document', 'tool_result'] : ['text', 'thinking', 'redacted_thinking', 'tool_use'];
        if (isText(message.content)) check(hasWords(message.content), `${where}: content must be non-empty`);
        else checkBlocks(message.content, kinds, `${where}.content`);
        checkPairs(body.messages[index - 1], message, where);
    });
    const last = body.messages.at(-1);
    check(!blocksOf(last).some((block) => block.type === 'tool_use'), 'messages end with a tool_use without a tool_result');
    const words = isText(last.content) ? last.content : (last.content.at(-1).text ?? '');
    check(last.role !== 'assistant' || words === words.trimEnd(), 'messages: the final assistant content cannot end with white space');
}

function checkMessagesTools(body) {
    const names = new Set();
    for (const [index, tool] of (body.tools ?? []).entries()) {
        const where = `tools[${index}]`;
        fields(tool, { type: orNull(oneOf('custom')), name: (name) => /^[\w-]{1,128}$/.test(name), description: isText, input_schema: isObject, strict: (on) => typeof on === 'boolean', eager_input_streaming: (on) => typeof on === 'boolean', ...cache }, where);
        check(tool.name && tool.input_schema?.type === 'object', `${where}: a name, and an input_schema of the type object, are required`);
        check(!names.has(tool.name), `${where}: tool names must be unique`);
        if (tool.strict) checkClosed(tool.input_schema, where, false);
        names.add(tool.name);
    }
    const choice = body.tool_choice;
    if (choice === undefined) return;
    check(names.size > 0, 'tool_choice may only be specified while providing tools');
    fields(choice, { type: oneOf('auto', 'any', 'tool', 'none'), name: isText, disable_parallel_tool_use: (on) => choice.type !== 'none' && typeof on === 'boolean' }, 'tool_choice');
    check(choice.type !== 'tool' || names.has(choice.name), 'tool_choice must name a tool');
    const thinks = body.thinking && body.thinking.type !== 'disabled';
    check(!thinks || ['auto', 'none'].includes(choice.type), 'thinking may not be enabled when tool_choice forces tool use');
}

function checkThinking(body) {
    const thinking = body.thinking;
    if (thinking === undefined || thinking.type === 'disabled') return;
    fields(thinking, { type: oneOf('enabled', 'adaptive'), budget_tokens: isCount, display: orNull(oneOf('summarized', 'omitted')) }, 'thinking');
    check(body.temperature === undefined || body.temperature === 1, 'temperature may only be set to 1 when thinking is enabled');
    if (thinking.type !== 'enabled') return;
    check(thinking.budget_tokens >= 1024 && thinking.budget_tokens < body.max_tokens, 'thinking.budget_tokens must be at least 1024 and below max_tokens');
    const open = blocksOf(body.messages.at(-1)).some((block) => block.type === 'tool_result');
    const first = blocksOf(body.messages.at(-2))[0]?.type ?? 'text';
    check(!open || /thinking$/.test(first), 'when thinking is enabled, a final assistant message must start with a thinking block');
}

export function checkMessagesRequest(body) {
    fields(body, {
        model: (name) => isText(name) && name.length > 0, max_tokens: isCount, messages: any, system: any, tools: Array.isArray, tool_choice: isObject,
        temperature: (value) => within(value, 0, 1), top_p: (value) => within(value, 0, 1), top_k: (value) => Number.isInteger(value) && value >= 0,
        stop_sequences: (list) => Array.isArray(list) && list.every(hasWords), stream: (on) => typeof on === 'boolean', thinking: isObject,
        metadata: isObject, service_tier: oneOf('auto', 'standard_only'), output_config: isObject, cache_control: orNull(isObject),
    }, 'the body');
    check(body.model, 'model: field required');
    check(body.max_tokens, 'max_tokens: field required');
    if (body.metadata) fields(body.metadata, { user_id: orNull((id) => isText(id) && id.length <= 256) }, 'metadata');
    if (body.system !== undefined && !isText(body.system)) checkBlocks(body.system, ['text'], 'system');
    if (body.output_config) {
        fields(body.output_config, { effort: orNull(oneOf('low', 'medium', 'high', 'xhigh', 'max')), format: orNull(isObject) }, 'output_config');
        const format = body.output_config.format;
        if (format) {
            fields(format, { type: oneOf('json_schema'), schema: isObject }, 'output_config.format');
            checkClosed(format.schema, 'output_config.format', false);
        }
    }
    checkMessages(body);
    checkMessagesTools(body);
    checkThinking(body);
}

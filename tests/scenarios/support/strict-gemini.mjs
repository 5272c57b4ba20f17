// A provider of Google's dialect that refuses what the real one refuses (ai.google.dev/api/generate-content, api/embeddings and the types of
// @google/genai, November 2026), and holds the scripted conversations of strict.mjs.
import { spoilt, vectorOf } from './vectors.mjs';
import { converse, pieces, serve, signatureOf, stream, usage } from './strict.mjs';

function check(condition, sentence) {
    if (!condition) throw new Error(sentence);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
const isBase64 = (value) => isText(value) && value.length > 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0;
const oneOf = (...words) => (value) => words.includes(value);
const within = (value, least, most) => typeof value === 'number' && value >= least && value <= most;
/** Stands for the proof where there is none. */
export const noProof = 'skip_thought_signature_validator';

function fields(object, rules, where) {
    check(isObject(object), `${where} must be an object`);
    for (const [key, value] of Object.entries(object)) {
        check(rules[key], `Invalid JSON payload received. Unknown name "${key}" at '${where}': Cannot find field.`);
        check(rules[key](value), `Invalid value at '${where}.${key}'`);
    }
}

const partRules = {
    text: isText,
    thought: (on) => typeof on === 'boolean',
    thoughtSignature: isText,
    inlineData: isObject,
    fileData: isObject,
    functionCall: isObject,
    functionResponse: isObject,
};

function checkPart(part, where) {
    fields(part, partRules, where);
    const kinds = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse'].filter((kind) => kind in part);
    check(kinds.length === 1, `${where}: required oneof field 'data' must have one initialized field`);
    if (part.thoughtSignature !== undefined) check(isBase64(part.thoughtSignature) || part.thoughtSignature === noProof, `${where}: Base64 decoding failed`);
    if (part.inlineData) {
        fields(part.inlineData, { mimeType: oneOf('image/png', 'image/jpeg', 'image/webp', 'application/pdf'), data: isBase64, displayName: isText }, `${where}.inlineData`);
        check(part.inlineData.mimeType && part.inlineData.data, `${where}: empty inlineData parameter`);
    }
    if (part.fileData) {
        fields(part.fileData, { mimeType: isText, fileUri: (uri) => /^https:\/\/./.test(uri) }, `${where}.fileData`);
        check(part.fileData.mimeType && part.fileData.fileUri, `${where}: fileData needs mimeType and fileUri`);
    }
    if (part.functionCall) fields(part.functionCall, { id: isText, name: isText, args: isObject }, `${where}.functionCall`);
    if (part.functionResponse) {
        fields(part.functionResponse, { id: isText, name: isText, response: isObject }, `${where}.functionResponse`);
        check(part.functionResponse.name && part.functionResponse.response, `${where}: functionResponse needs name and response`);
    }
}

const callsOf = (content) => (content?.parts ?? []).filter((part) => part.functionCall);
const responsesOf = (content) => (content?.parts ?? []).filter((part) => part.functionResponse);

/** Calls of Google's newest models prove the thinking before them, and the first of a turn at least excuses itself. */
function checkProofs(content, where) {
    check(callsOf(content)[0]?.thoughtSignature !== undefined || callsOf(content).length === 0, `${where}: function call is missing a thought_signature`);
}

/** A proof is taken back only with the call that it was given with. */
function checkOwnProofs(body) {
    for (const part of body.contents.flatMap(callsOf)) {
        const own = signatureOf(JSON.stringify(part.functionCall.args));
        check([undefined, noProof, own].includes(part.thoughtSignature), 'Thought signature is not valid');
    }
}

/** Google's client keeps every piece of a streamed turn as a content of its own. */
function turnsOf(contents) {
    const turns = [];
    for (const { role = 'user', parts } of contents) {
        if (turns.at(-1)?.role === role) turns.at(-1).parts.push(...parts);
        else turns.push({ role, parts: [...parts] });
    }
    return turns;
}

function checkContents(contents) {
    check(Array.isArray(contents) && contents.length > 0, 'contents is not specified');
    contents.forEach((content, index) => {
        const where = `contents[${index}]`;
        fields(content, { role: oneOf('user', 'model'), parts: Array.isArray }, where);
        check(content.parts?.length > 0, `${where}.parts must not be empty`);
        content.parts.forEach((part, number) => checkPart(part, `${where}.parts[${number}]`));
        check(content.role === 'model' || callsOf(content).length === 0, `${where}: function calls are the model's`);
    });
    const turns = turnsOf(contents);
    turns.forEach((content, index) => {
        const where = `turn ${index}`;
        const open = callsOf(turns[index - 1]).map((part) => part.functionCall.name);
        const answered = responsesOf(content).map((part) => part.functionResponse.name);
        check(open.length === answered.length, 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
        check(open.every((name, at) => name === answered[at]), `${where}: the responses are of other functions`);
        checkProofs(content, where);
    });
    check(callsOf(turns.at(-1)).length === 0, 'contents end with a function call');
}

const schemaRule = (schema) => isObject(schema) && (schema.type === undefined || schema.type === schema.type.toLowerCase?.() || Array.isArray(schema.type));

function checkTools(body) {
    const names = new Set();
    for (const [index, tool] of (body.tools ?? []).entries()) {
        fields(tool, { functionDeclarations: Array.isArray }, `tools[${index}]`);
        for (const one of tool.functionDeclarations) {
            fields(one, { name: (name) => /^[A-Za-z_][\w.:-]{0,63}$/.test(name), description: isText, parameters: isObject, parametersJsonSchema: schemaRule }, `tools[${index}].functionDeclarations`);
            check(!(one.parameters && one.parametersJsonSchema), 'parameters and parametersJsonSchema exclude each other');
            check(!names.has(one.name), `Duplicate function declaration found: ${one.name}`);
            names.add(one.name);
        }
    }
    const calling = body.toolConfig?.functionCallingConfig;
    if (!calling) return;
    fields(calling, { mode: oneOf('AUTO', 'ANY', 'NONE', 'VALIDATED'), allowedFunctionNames: Array.isArray }, 'toolConfig.functionCallingConfig');
    for (const name of calling.allowedFunctionNames ?? []) check(names.has(name), `allowed function "${name}" is not declared`);
    check(!calling.allowedFunctionNames || calling.mode === 'ANY', 'Allowed function names should be set only when function calling mode is ANY');
}

function checkConfig(config = {}) {
    fields(
        config,
        {
            maxOutputTokens: (limit) => Number.isInteger(limit) && limit >= 1,
            temperature: (value) => within(value, 0, 2),
            topP: (value) => within(value, 0, 1),
            topK: (value) => within(value, 1, 1e6),
            candidateCount: oneOf(1),
            stopSequences: (list) => Array.isArray(list) && list.length <= 5 && list.every((text) => isText(text) && text.length > 0),
            responseMimeType: oneOf('text/plain', 'application/json'),
            responseSchema: isObject,
            responseJsonSchema: schemaRule,
            thinkingConfig: isObject,
            seed: Number.isInteger,
        },
        'generationConfig',
    );
    const json = config.responseMimeType === 'application/json';
    check(json || !(config.responseSchema || config.responseJsonSchema), 'a schema needs the response mime type application/json');
    if (!config.thinkingConfig) return;
    const { thinkingConfig } = config;
    fields(
        thinkingConfig,
        { includeThoughts: (on) => typeof on === 'boolean', thinkingBudget: (budget) => Number.isInteger(budget) && budget >= -1 && budget <= 32768, thinkingLevel: oneOf('MINIMAL', 'LOW', 'MEDIUM', 'HIGH') },
        'generationConfig.thinkingConfig',
    );
    check(!('thinkingBudget' in thinkingConfig && 'thinkingLevel' in thinkingConfig), 'You can only set one of thinking budget and thinking level');
}

export function checkGeminiRequest(body) {
    fields(
        body,
        { contents: any, systemInstruction: isObject, tools: Array.isArray, toolConfig: isObject, generationConfig: isObject, safetySettings: Array.isArray },
        'the body',
    );
    if (body.systemInstruction) {
        fields(body.systemInstruction, { role: isText, parts: Array.isArray }, 'systemInstruction');
        for (const part of body.systemInstruction.parts) check(isText(part.text) && Object.keys(part).length === 1, 'systemInstruction only supports text');
    }
    checkContents(body.contents);
    checkTools(body);
    checkConfig(body.generationConfig);
}

function any() {
    return true;
}

const tasks = ['RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', 'CLASSIFICATION', 'CLUSTERING', 'QUESTION_ANSWERING', 'FACT_VERIFICATION'];

export function checkGeminiEmbeddings(body, model) {
    fields(body, { requests: Array.isArray }, 'the body');
    check(body.requests?.length > 0, 'requests is not specified');
    check(body.requests.length <= 100, 'BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch');
    body.requests.forEach((one, index) => {
        const where = `requests[${index}]`;
        fields(one, { model: oneOf(`models/${model}`), content: isObject, taskType: oneOf(...tasks), outputDimensionality: (size) => Number.isInteger(size) && size >= 1 && size <= 3072 }, where);
        check(one.model && one.content, `${where}: model and content are required`);
        fields(one.content, { role: isText, parts: (parts) => Array.isArray(parts) && parts.length > 0 }, `${where}.content`);
        for (const part of one.content.parts ?? []) fields(part, { text: (text) => isText(text) && text.trim().length > 0 }, `${where}.content.parts`);
        check(one.content.parts, `${where}: content is empty`);
    });
}

/** What it makes of the texts. It tells a count unless a text asks it not to, as older ones do not. */
function embed(body) {
    const texts = body.requests.map((one) => one.content.parts.map((part) => part.text).join(''));
    const embeddings = body.requests.map((one, index) => ({ values: vectorOf(texts[index], one.outputDimensionality ?? 8) }));
    const counted = texts.some((text) => /untold/.test(text)) ? {} : { usageMetadata: { promptTokenCount: texts.length * 7, promptTokenDetails: [{ modality: 'TEXT', tokenCount: texts.length * 7 }] } };
    return { embeddings: spoilt(embeddings, texts, ({ values }) => ({ values: [...values, 0.5] })), ...counted };
}

function askOfGemini(body) {
    // All since the model spoke: some clients send each result of a tool as a turn of its own.
    const since = body.contents.findLastIndex((content) => content.role === 'model') + 1;
    const parts = body.contents.slice(since).flatMap((content) => content.parts);
    const responses = parts.filter((part) => part.functionResponse).map((part) => part.functionResponse.response);
    return {
        words: parts.map((part) => part.text ?? '').join(' '),
        results: responses.map((response) => (response.error ? `error ${response.error}` : (response.output ?? JSON.stringify(response)))),
        images: parts.filter((part) => part.inlineData?.mimeType.startsWith('image/')).length,
        tools: (body.tools ?? []).flatMap((tool) => tool.functionDeclarations).map((one) => one.name),
        schema: body.generationConfig?.responseJsonSchema ?? body.generationConfig?.responseSchema,
    };
}

const usageMetadata = {
    promptTokenCount: usage.fresh + usage.cached + usage.written,
    cachedContentTokenCount: usage.cached,
    candidatesTokenCount: usage.output - usage.thinking,
    thoughtsTokenCount: usage.thinking,
    totalTokenCount: usage.fresh + usage.cached + usage.written + usage.output,
};

function partsOf(said, number) {
    const parts = [];
    if (said.thought) parts.push({ text: said.thought, thought: true });
    if (said.text) parts.push({ text: said.text });
    (said.tools ?? []).forEach((tool, index) => {
        const proof = index === 0 ? { thoughtSignature: signatureOf(JSON.stringify(tool.input)) } : {};
        parts.push({ functionCall: { id: `fc_${number}_${index}`, name: tool.name, args: tool.input }, ...proof });
    });
    return parts;
}

function* events(head, parts, finishReason, said) {
    const event = (data) => `data: ${JSON.stringify(data)}\r\n\r\n`;
    const candidate = (part, more = {}) => ({ candidates: [{ content: { parts: [part], role: 'model' }, index: 0, ...more }], ...head });
    for (const part of parts) {
        if (!isText(part.text)) yield event(candidate(part));
        else for (const text of pieces(part.text)) yield event({ ...candidate({ ...part, text }), usageMetadata: { promptTokenCount: usageMetadata.promptTokenCount } });
        if (said.cut) return;
        if (said.error) yield event({ error: { code: 503, message: 'Overloaded in the middle', status: 'UNAVAILABLE' } });
        if (said.error) return;
    }
    yield event({ ...candidate({ text: '' }, { finishReason }), usageMetadata });
}

export function strictGemini() {
    let number = 0;
    return serve({
        path: /^\/v1beta\/models\/[\w.-]+:(generateContent|countTokens|batchEmbedContents|streamGenerateContent\?alt=sse)$/,
        authorised: (headers) => /^\S+$/.test(headers['x-goog-api-key'] ?? '') && !headers.authorization,
        check: (body, path) => {
            const [, embedding] = /([^/]+):batchEmbedContents$/.exec(path) ?? [];
            if (embedding) return checkGeminiEmbeddings(body, embedding);
            checkGeminiRequest(body);
            checkOwnProofs(body);
        },
        refuse: (code, message) => ({
            error: { code, message, status: { 401: 'UNAUTHENTICATED', 404: 'NOT_FOUND', 503: 'UNAVAILABLE' }[code] ?? 'INVALID_ARGUMENT' },
        }),
        answer: (body, response, fail, path) => {
            const send = (whole) => response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(whole, null, 2));
            if (path.endsWith(':batchEmbedContents')) return send(embed(body));
            if (path.endsWith(':countTokens')) return send({ totalTokens: 31, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 31 }] });
            const said = converse(askOfGemini(body));
            if (said.error === 'refused') return fail(503, 'Overloaded at once');
            const head = { modelVersion: path.slice(path.lastIndexOf('/') + 1, path.lastIndexOf(':')), responseId: `strict${++number}` };
            const parts = partsOf(said, number);
            const finishReason = said.stop === 'length' ? 'MAX_TOKENS' : 'STOP';
            if (path.includes(':stream')) return stream(response, events(head, parts, finishReason, said), said.cut);
            return send({ candidates: [{ content: { parts, role: 'model' }, finishReason, index: 0 }], usageMetadata, ...head });
        },
    });
}

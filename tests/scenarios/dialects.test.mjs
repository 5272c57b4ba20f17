// Hunts: a translated request that the real API would refuse; a translated answer that the official clients do not read; strict
// providers that let a wrong request through, or that no official client could talk to. No bursard is needed here.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

import { checkChatRequest, checkCohereEmbed, checkCohereRequest, checkConverseRequest, checkGeminiEmbeddings, checkGeminiRequest, checkMessagesRequest, strictAnthropic, strictGemini, strictOpenAi } from './dialects.mjs';
import { chatConversations, messagesConversations } from './support/conversations.mjs';
import { geminiConversations } from './support/gemini-conversations.mjs';
import { noProof } from './support/strict-gemini.mjs';
import { root } from './support/process.mjs';

const golden = path.join(root, 'tests/golden/translate');
const transcripts = (client) => readdirSync(path.join(golden, client)).map((name) => [name, (file) => path.join(golden, client, name, file)]);
const hi = [{ role: 'user', content: 'Hi' }];

describe('transcripts of translated calls', () => {
    test('what is sent is what the APIs take', () => {
        const takes = {
            openai_client: checkMessagesRequest,
            gemini_client_at_anthropic: checkMessagesRequest,
            anthropic_client: (body) => checkChatRequest(body, { extensions: ['reasoning_content'] }),
            gemini_client_at_openai: (body) => checkChatRequest(body),
            openai_client_at_gemini: checkGeminiRequest,
            anthropic_client_at_gemini: checkGeminiRequest,
            openai_client_at_bedrock: checkConverseRequest,
            anthropic_client_at_bedrock: checkConverseRequest,
            gemini_client_at_bedrock: checkConverseRequest,
            openai_client_at_cohere: checkCohereRequest,
            anthropic_client_at_cohere: checkCohereRequest,
            gemini_client_at_cohere: checkCohereRequest,
            responses_client_at_cohere: checkCohereRequest,
            embeddings_client_at_gemini: (body) => checkGeminiEmbeddings(body, 'gemini-embedding-001'),
            embeddings_client_at_cohere: checkCohereEmbed,
        };
        for (const [client, check] of Object.entries(takes))
            for (const [name, file] of transcripts(client))
                if (existsSync(file('sent.json'))) assert.doesNotThrow(() => check(JSON.parse(readFileSync(file('sent.json')))), `${client}/${name}`);
    });

    const streamOf = (file) => async () => new Response(readFileSync(file), { headers: { 'content-type': 'text/event-stream' } });

    test('what is shown is what the official clients read', async () => {
        for (const [name, file] of [...transcripts('anthropic_client'), ...transcripts('anthropic_client_at_gemini'), ...transcripts('anthropic_client_at_bedrock')]) {
            if (!existsSync(file('shown.sse'))) continue;
            const client = new Anthropic({ apiKey: 'k', fetch: streamOf(file('shown.sse')), maxRetries: 0 });
            const message = client.messages.stream({ model: 'asked', max_tokens: 9, messages: hi }).finalMessage();
            if (name === 'cut' || name === 'broken_off') await assert.rejects(message, name);
            else assert.ok((await message).content.length > 0, name);
        }
        for (const [name, file] of [...transcripts('openai_client'), ...transcripts('openai_client_at_gemini'), ...transcripts('openai_client_at_bedrock')]) {
            if (!existsSync(file('shown.sse'))) continue;
            const client = new OpenAI({ apiKey: 'k', fetch: streamOf(file('shown.sse')), maxRetries: 0 });
            const answer = client.chat.completions.stream({ model: 'asked', messages: hi }).finalChatCompletion();
            if (['cut', 'overloaded', 'broken_off'].includes(name)) await assert.rejects(answer, name);
            else assert.ok((await answer).choices[0].finish_reason, name);
        }
    });
});

describe('the strict readers', () => {
    const use = (id) => ({ type: 'tool_use', id, name: 'f', input: {} });
    const result = (id) => ({ type: 'tool_result', tool_use_id: id, content: 'x' });
    const call = (id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
    const wrongMessages = {
        'no limit': { max_tokens: undefined },
        'an unknown field': { n: 1 },
        'nobody': { messages: [] },
        'the assistant first': { messages: [{ role: 'assistant', content: 'x' }] },
        'empty text': { messages: [{ role: 'user', content: [{ type: 'text', text: ' ' }] }] },
        'a system message within': { messages: [...hi, { role: 'system', content: 'x' }] },
        'a use without a result': { messages: [...hi, { role: 'assistant', content: [use('a')] }, ...hi] },
        'half of the results': { messages: [...hi, { role: 'assistant', content: [use('a'), use('b')] }, { role: 'user', content: [result('a')] }] },
        'a result of nothing': { messages: [{ role: 'user', content: [result('a')] }] },
        'text before a result': { messages: [...hi, { role: 'assistant', content: [use('a')] }, { role: 'user', content: [{ type: 'text', text: 'x' }, result('a')] }] },
        'an id that is none': { messages: [...hi, { role: 'assistant', content: [use('a.b')] }, { role: 'user', content: [result('a.b')] }] },
        'thinking without a signature': { messages: [...hi, { role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: '' }] }, ...hi] },
        'an image that is none': { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'data:' } }] }] },
        'white space at the end': { messages: [...hi, { role: 'assistant', content: 'x ' }] },
        'a choice without tools': { tool_choice: { type: 'auto' } },
        'a schema without a type': { tools: [{ name: 'f', input_schema: {} }] },
        'a temperature of the other scale': { temperature: 1.5 },
        'a budget above the limit': { thinking: { type: 'enabled', budget_tokens: 4096 } },
        'an open schema': { output_config: { format: { type: 'json_schema', schema: { type: 'object', properties: {} } } } },
    };
    const wrongChat = {
        'an unknown field': { max_output_tokens: 1 },
        'nobody': { messages: [] },
        'thinking blocks': { messages: [{ role: 'assistant', content: 'x', thinking_blocks: [] }, ...hi] },
        'an answer to nothing': { messages: [...hi, { role: 'tool', tool_call_id: 'a', content: 'x' }] },
        'a call without an answer': { messages: [...hi, { role: 'assistant', tool_calls: [call('a')] }, ...hi] },
        'a call at the end': { messages: [...hi, { role: 'assistant', tool_calls: [call('a')] }] },
        'a long id': { messages: [...hi, { role: 'assistant', tool_calls: [call('a'.repeat(41))] }, { role: 'tool', tool_call_id: 'a'.repeat(41), content: 'x' }] },
        'an image in a tool message': {
            messages: [...hi, { role: 'assistant', tool_calls: [call('a')] }, { role: 'tool', tool_call_id: 'a', content: [{ type: 'image_url', image_url: { url: 'https://a' } }] }],
        },
        'an image that is none': { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png,x' } }] }] },
        'no parts': { messages: [{ role: 'user', content: [] }] },
        'a choice without tools': { tool_choice: 'auto' },
        'a choice of nobody': { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: { type: 'function', function: { name: 'g' } } },
        'five sequences': { stop: ['a', 'b', 'c', 'd', 'e'] },
        'usage without a stream': { stream_options: { include_usage: true } },
        'an open strict schema': { response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: { type: 'object', properties: { a: {} }, additionalProperties: false } } } },
        'a long user': { user: 'u'.repeat(65) },
    };

    const text = { text: 'x' };
    const asks = { role: 'user', content: [text] };
    const toolUse = (toolUseId) => ({ toolUse: { toolUseId, name: 'f', input: {} } });
    const toolResult = (toolUseId) => ({ toolResult: { toolUseId, content: [text] } });
    const toolConfig = { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }] };
    const pdf = (name) => ({ document: { format: 'pdf', name, source: { bytes: 'AAAA' } } });
    const wrongConverse = {
        'an unknown field': { modelId: 'm' },
        nobody: { messages: [] },
        'the assistant first': { messages: [{ role: 'assistant', content: [text] }] },
        'the same role twice': { messages: [asks, asks] },
        'blank text': { messages: [{ role: 'user', content: [{ text: ' ' }] }] },
        'two kinds in a block': { messages: [{ role: 'user', content: [{ ...text, ...pdf('a') }] }] },
        'a document alone': { messages: [{ role: 'user', content: [pdf('a')] }] },
        'a document with a dot in its name': { messages: [{ role: 'user', content: [text, pdf('a.pdf')] }] },
        'two documents of one name': { messages: [{ role: 'user', content: [text, pdf('a'), pdf('a')] }] },
        'calls without tools': { messages: [asks, { role: 'assistant', content: [toolUse('a')] }, { role: 'user', content: [toolResult('a')] }] },
        'half of the results': { toolConfig, messages: [asks, { role: 'assistant', content: [toolUse('a'), toolUse('b')] }, { role: 'user', content: [toolResult('a')] }] },
        'words before results': { toolConfig, messages: [asks, { role: 'assistant', content: [toolUse('a')] }, { role: 'user', content: [text, toolResult('a')] }] },
        'a long id': { toolConfig, messages: [asks, { role: 'assistant', content: [toolUse('a'.repeat(65))] }, { role: 'user', content: [toolResult('a'.repeat(65))] }] },
        'no tools': { toolConfig: { tools: [] } },
        'a choice of nobody': { toolConfig: { ...toolConfig, toolChoice: { tool: { name: 'g' } } } },
        'a schema that is no text': { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: {} } } } } },
        'a temperature of the other scale': { inferenceConfig: { temperature: 1.5 } },
        'five cache points': { system: Array(5).fill({ cachePoint: { type: 'default' } }) },
        'thinking without a signature': { messages: [asks, { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'x' } } }] }, asks] },
    };

    const said = (...parts) => ({ role: 'model', parts });
    const fc = (more) => ({ functionCall: { id: 'a', name: 'f', args: {} }, ...more });
    const fr = { functionResponse: { id: 'a', name: 'f', response: {} } };
    const asked = { role: 'user', parts: [{ text: 'x' }] };
    const wrongGemini = {
        'an unknown field': { max_tokens: 1 },
        'the model in the body': { model: 'm' },
        nobody: { contents: [] },
        'no parts': { contents: [{ role: 'user', parts: [] }] },
        'another role': { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] },
        'two kinds in a part': { contents: [{ role: 'user', parts: [{ text: 'x', inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }] },
        'a GIF': { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/gif', data: 'AAAA' } }] }] },
        'a call without its proof': { contents: [asked, said(fc()), { role: 'user', parts: [fr] }] },
        'a proof that is none': { contents: [asked, said(fc({ thoughtSignature: 'x y' })), { role: 'user', parts: [fr] }] },
        'half of the results': { contents: [asked, said(fc({ thoughtSignature: noProof }), fc()), { role: 'user', parts: [fr] }] },
        'a result of nothing': { contents: [{ role: 'user', parts: [fr] }] },
        'six sequences': { generationConfig: { stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] } },
        'a schema without its type': { generationConfig: { responseJsonSchema: {} } },
        'a budget and a level': { generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: 'LOW' } } },
        'a choice of nobody': { toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] } } },
        'pictures in the system prompt': { systemInstruction: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } },
    };

    const cohereTool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
    const cohereCall = { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] };
    const wrongCohere = {
        'a field of OpenAI’s': { top_p: 0.5 },
        'words beside a call': { messages: [...hi, { ...cohereCall, content: 'x' }, { role: 'tool', tool_call_id: 'c', content: 'y' }] },
        'half of the results': { messages: [...hi, cohereCall, ...hi] },
        'an empty message': { messages: [{ role: 'user', content: '' }] },
        'a late system message': { messages: [...hi, { role: 'system', content: 'x' }] },
        'a format and tools': { tools: [cohereTool], response_format: { type: 'json_object' } },
        'a named tool': { tools: [cohereTool], tool_choice: { type: 'function', function: { name: 'f' } } },
        'strict tools that require nothing': { tools: [cohereTool], strict_tools: true },
        'all of the probability': { p: 1 },
        'a budget of nothing': { thinking: { type: 'enabled', token_budget: 0 } },
        'six sequences': { stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] },
    };

    const embedded = { model: 'models/m', content: { parts: [{ text: 'x' }] } };
    const wrongGeminiEmbeddings = {
        'nothing': { requests: [] },
        'more than a hundred': { requests: Array(101).fill(embedded) },
        'another model': { requests: [{ ...embedded, model: 'models/n' }] },
        'no model': { requests: [{ content: embedded.content }] },
        'an empty text': { requests: [{ ...embedded, content: { parts: [{ text: '' }] } }] },
        'a field of OpenAI’s': { requests: [{ ...embedded, dimensions: 3 }] },
        'a purpose of Cohere’s': { requests: [{ ...embedded, taskType: 'search_query' }] },
        'a size of nothing': { requests: [{ ...embedded, outputDimensionality: 0 }] },
        'a field beside the requests': { model: 'm' },
    };
    const wrongCohereEmbed = {
        'no purpose': { input_type: undefined },
        'a purpose of Google’s': { input_type: 'RETRIEVAL_QUERY' },
        'nothing': { texts: [] },
        'an empty text': { texts: ['x', ''] },
        'tokens': { texts: [1, 2] },
        'more than 96': { texts: Array(97).fill('x') },
        'a field of OpenAI’s': { dimensions: 256 },
        'a size that it has not': { output_dimension: 300 },
        'a form that it has not': { embedding_types: ['float32'] },
    };

    test('refuse what is wrong, one thing at a time', () => {
        const rightGeminiEmbeddings = { requests: [embedded] };
        assert.doesNotThrow(() => checkGeminiEmbeddings(rightGeminiEmbeddings, 'm'));
        for (const [name, wrong] of Object.entries(wrongGeminiEmbeddings)) assert.throws(() => checkGeminiEmbeddings({ ...rightGeminiEmbeddings, ...wrong }, 'm'), undefined, name);
        const rightCohereEmbed = { model: 'm', texts: ['x'], input_type: 'search_document', embedding_types: ['float'], truncate: 'NONE' };
        assert.doesNotThrow(() => checkCohereEmbed(rightCohereEmbed));
        for (const [name, wrong] of Object.entries(wrongCohereEmbed)) assert.throws(() => checkCohereEmbed({ ...rightCohereEmbed, ...wrong }), undefined, name);
        const rightMessages = { model: 'm', max_tokens: 2048, messages: hi };
        assert.doesNotThrow(() => checkMessagesRequest(rightMessages));
        for (const [name, wrong] of Object.entries(wrongMessages)) assert.throws(() => checkMessagesRequest({ ...rightMessages, ...wrong }), undefined, name);
        const rightChat = { model: 'm', messages: hi };
        assert.doesNotThrow(() => checkChatRequest(rightChat));
        for (const [name, wrong] of Object.entries(wrongChat)) assert.throws(() => checkChatRequest({ ...rightChat, ...wrong }), undefined, name);
        const rightConverse = { messages: [asks] };
        assert.doesNotThrow(() => checkConverseRequest(rightConverse));
        for (const [name, wrong] of Object.entries(wrongConverse)) assert.throws(() => checkConverseRequest({ ...rightConverse, ...wrong }), undefined, name);
        const rightCohere = { model: 'm', messages: hi };
        assert.doesNotThrow(() => checkCohereRequest(rightCohere));
        for (const [name, wrong] of Object.entries(wrongCohere)) assert.throws(() => checkCohereRequest({ ...rightCohere, ...wrong }), undefined, name);
        const rightGemini = { contents: [asked] };
        assert.doesNotThrow(() => checkGeminiRequest(rightGemini));
        for (const [name, wrong] of Object.entries(wrongGemini)) assert.throws(() => checkGeminiRequest({ ...rightGemini, ...wrong }), undefined, name);
    });
});

describe('the strict providers, asked by their own clients', () => {
    let anthropic;
    let openai;
    let gemini;
    before(async () => {
        anthropic = await strictAnthropic();
        openai = await strictOpenAi();
        gemini = await strictGemini();
    });
    after(async () => {
        await anthropic?.stop();
        await openai?.stop();
        await gemini?.stop();
    });
    for (const [name, converse] of Object.entries(messagesConversations))
        test(`messages: ${name}`, () => converse(new Anthropic({ apiKey: 'k', baseURL: anthropic.origin }), 'claude-opus-5'));
    for (const [name, converse] of Object.entries(chatConversations))
        test(`chat: ${name}`, () => converse(new OpenAI({ apiKey: 'k', baseURL: `${openai.origin}/v1` }), 'gpt-5'));
    for (const [name, converse] of Object.entries(geminiConversations))
        test(`gemini: ${name}`, () => converse(new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: gemini.origin, apiVersion: 'v1beta' } }), 'gemini-3.1-pro'));
    test('gemini: embeddings', async () => {
        const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: gemini.origin, apiVersion: 'v1beta' } });
        const { embeddings } = await client.models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'], config: { outputDimensionality: 3, taskType: 'RETRIEVAL_QUERY' } });
        assert.deepEqual(embeddings.map(({ values }) => values.length), [3, 3]);
    });
});

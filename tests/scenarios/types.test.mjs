// Hunts: an answer that the official clients' own types do not allow: a field that is missing, one that nobody knows, a word that is none of
// its words; and a request that a provider's client could not have sent. The transcripts of tests/golden/translate are what is looked at, each as
// a value of the type that its reader has.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
const golden = fileURLToPath(new URL('../golden/translate/', import.meta.url));

const types = `
import type Anthropic from '@anthropic-ai/sdk';
import type * as genai from '@google/genai';
import type { Chat } from 'openai/resources/chat/chat';
import type * as embeddings from 'openai/resources/embeddings';
import type * as responses from 'openai/resources/responses/responses';

/** On the wire a word of an enumeration is a text, and bytes are Base64. */
type Wire<T> = T extends string ? \`\${T}\` : T extends (infer E)[] ? Wire<E>[] : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;

// Models up to Opus 4.6 take these; the newest types have left them out.
type AnthropicRequest = Anthropic.MessageCreateParams & { temperature?: number; top_p?: number };
type AnthropicAnswer = Anthropic.Message;
type AnthropicEvent = Anthropic.RawMessageStreamEvent | { type: 'ping' };

/** What DeepSeek, OpenRouter and LiteLLM have added to OpenAI's dialect for thinking, which OpenAI does not show. */
type Thoughts = { reasoning_content?: string; thinking_blocks?: ({ index?: number } & ({ type: 'thinking'; thinking: string; signature: string } | { type: 'redacted_thinking'; data: string }))[] };
type Replaced<T, K extends keyof T, N> = T extends unknown ? Omit<T, K> & { [P in K]: N } : never;
type ChatRequest = Replaced<Chat.ChatCompletionCreateParams, 'messages', (Chat.ChatCompletionMessageParam | (Chat.ChatCompletionAssistantMessageParam & Thoughts))[]>;
type ChatAnswer = Replaced<Chat.ChatCompletion, 'choices', Replaced<Chat.ChatCompletion.Choice, 'message', Chat.ChatCompletionMessage & Thoughts>[]>;
type ChatEvent = Replaced<Chat.ChatCompletionChunk, 'choices', Replaced<Chat.ChatCompletionChunk.Choice, 'delta', Chat.ChatCompletionChunk.Choice.Delta & Thoughts>[]>;

// OpenAI says null where nobody said anything, how far a call with a text is, and whether an answer is kept; its types know nothing of that.
type Item = responses.ResponseOutputItem | (responses.ResponseCustomToolCall & { status: 'in_progress' | 'completed' | 'incomplete' });
// What the client itself adds is not on the wire.
type ResponsesAnswer = Omit<responses.Response, 'output_text' | 'output' | 'user' | 'usage'> & { output: Item[]; user: string | null; usage: responses.ResponseUsage | null; store: boolean };
type OfResponse<E> = E extends { response: responses.Response } ? Replaced<E, 'response', ResponsesAnswer> : E extends { item: responses.ResponseOutputItem } ? Replaced<E, 'item', Item> : E;
// OpenAI's description and its client up to major 6 have the name of a function beside its arguments; the types of the newest have left it out.
type Named = responses.ResponseFunctionCallArgumentsDoneEvent & { name: string };
type ResponsesEvent = OfResponse<Exclude<responses.ResponseStreamEvent, responses.ResponseFunctionCallArgumentsDoneEvent>> | Named;
// The client's own type of base64 is of what it decodes itself.
type EmbeddingsAnswer = Replaced<embeddings.CreateEmbeddingResponse, 'data', Replaced<embeddings.Embedding, 'embedding', number[] | string>[]>;
type GeminiAnswer = Wire<Pick<genai.GenerateContentResponse, 'candidates' | 'createTime' | 'modelVersion' | 'promptFeedback' | 'responseId' | 'usageMetadata'>>;
type GeminiEvent = GeminiAnswer;
`;

const callers = { anthropic: 'Anthropic', openai: 'Chat', responses: 'Responses', gemini: 'Gemini', embeddings: 'Embeddings' };
/** Which provider a folder's requests go to, where its client's package has a type for what is sent. */
const providers = { openai_client: 'Anthropic', anthropic_client: 'Chat', at_anthropic: 'Anthropic', at_openai: 'Chat' };

/** The values of a stream with their places; what only says that it ended, or broke off, is no event of the client's type. */
function* events(text) {
    for (const [index, block] of text.split('\n\n').entries()) {
        const data = block.split('\n').find((line) => line.startsWith('data: '))?.slice(6);
        if (data === undefined || data === '[DONE]') continue;
        const value = JSON.parse(data);
        if (value.error !== undefined && value.type !== 'response.failed') continue;
        yield [index, data];
    }
}

function transcripts() {
    const found = [];
    for (const folder of readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)) {
        const caller = callers[folder.split('_')[0]];
        assert.ok(caller, `${folder}: a client without types`);
        const provider = providers[folder] ?? providers[/at_[a-z]+$/.exec(folder)?.[0]];
        for (const call of readdirSync(`${golden}${folder}`)) {
            for (const file of readdirSync(`${golden}${folder}/${call}`)) {
                const place = `${folder}/${call}/${file}`;
                const text = readFileSync(golden + place, 'utf8');
                if (file === 'shown.json') found.push([place, `${caller}Answer`, text]);
                if (file === 'sent.json' && provider) found.push([place, `${provider}Request`, text]);
                if (file === 'shown.sse') for (const [index, data] of events(text)) found.push([`${place}#${index}`, `${caller}Event`, data]);
            }
        }
    }
    return found;
}

/** What TypeScript says of each value: place -> its first line. */
function complaints(values) {
    const name = `${here}types-of-the-wire.ts`;
    const lines = values.map(([, type, text], index) => `export const v${index}: ${type} = ${text.trim()};`);
    const source = `${types}${lines.join('\n')}\n`;
    const options = {
        strict: true, exactOptionalPropertyTypes: false, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [], lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.getSourceFile = (file, language) => (file === name ? ts.createSourceFile(file, source, language) : getSourceFile.call(host, file, language));
    host.fileExists = (file) => file === name || fileExists.call(host, file);
    host.readFile = (file) => (file === name ? source : readFile.call(host, file));
    const program = ts.createProgram([name], options, host);
    const first = types.split('\n').length - 1;
    const said = new Map();
    for (const problem of [...program.getOptionsDiagnostics(), ...ts.getPreEmitDiagnostics(program, program.getSourceFile(name))]) {
        const text = ts.flattenDiagnosticMessageText(problem.messageText, '\n');
        const line = problem.file ? problem.file.getLineAndCharacterOfPosition(problem.start).line - first : -1;
        const place = values[line]?.[0] ?? `the types themselves (line ${line})`;
        said.set(place, [...(said.get(place) ?? []), text]);
    }
    return said;
}

test('every transcript is what the official clients say that it may be', { timeout: 300_000 }, (t) => {
    const values = transcripts();
    const kinds = new Set(values.map(([, type]) => type));
    for (const kind of ['AnthropicAnswer', 'AnthropicEvent', 'ChatAnswer', 'ChatEvent', 'ResponsesAnswer', 'ResponsesEvent', 'GeminiAnswer', 'EmbeddingsAnswer', 'AnthropicRequest', 'ChatRequest'])
        assert.ok(kinds.has(kind), `nothing was looked at as ${kind}`);
    t.diagnostic(`${values.length} values of ${kinds.size} types`);
    assert.deepEqual(Object.fromEntries(complaints(values)), {});
});

test('what the types do not allow is seen', { timeout: 300_000 }, () => {
    const answer = JSON.parse(readFileSync(`${golden}anthropic_client/schema/shown.json`, 'utf8'));
    const wrong = [
        ['a field that nobody knows', { ...answer, surprise: 1 }],
        ['a field that is missing', { ...answer, usage: undefined }],
        ['a word that is none', { ...answer, stop_reason: 'bored' }],
        ['nothing wrong', answer],
    ];
    const said = complaints(wrong.map(([name, value]) => [name, 'AnthropicAnswer', JSON.stringify(value)]));
    assert.deepEqual([...said.keys()], wrong.slice(0, 3).map(([name]) => name));
});

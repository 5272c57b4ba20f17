// A provider that stores responses, as OpenAI does where nothing else is said (OpenAI's API description, conversation state guide, November
// 2026), and refuses what OpenAI refuses. A response is known to the key that made it alone, as to the project of a key. Four bytes of text
// are a token, and every answer has five, so that a test can say what a conversation holds.
import { Fake, fields, json, jsonOf, Refusal } from '../fakes/server.mjs';

const answerTokens = 5;
const tokensOf = (text) => Math.ceil(Buffer.byteLength(text) / 4);
const settings = ['instructions', 'max_output_tokens', 'metadata', 'previous_response_id', 'store', 'stream', 'tools', 'text', 'include'];
let made = 0;
const newId = (prefix) => `${prefix}_${String(++made).padStart(48, '0')}`;

export class StrictResponses extends Fake {
    /** id -> {response, items, key, context, events} */
    stored = new Map();

    constructor(keys) {
        super();
        this.keys = keys;
    }

    answer(request) {
        const refuse = (why, status = 400, code = null) => {
            throw new Refusal(json(status, { error: { message: why, type: 'invalid_request_error', param: null, code } }), why);
        };
        const key = request.headers.authorization?.replace(/^Bearer /, '');
        if (!this.keys.includes(key)) refuse('a wrong key', 401, 'invalid_api_key');
        const words = request.path.split('/').slice(1);
        if (words[0] !== 'v1' || words[1] !== 'responses' || words.length > 4) refuse(`no ${request.path}`, 404);
        const [, , id, part] = words;
        if (request.method === 'POST' && (id === undefined || id === 'compact' || id === 'input_tokens')) return this.#ask(request, id, key, refuse);
        if (request.body.length > 0) refuse('a body that nobody asked for');
        const kept = this.stored.get(id);
        if (!kept || kept.key !== key) refuse(`Response with id '${id}' not found.`, 404);
        const what = `${request.method} ${part ?? ''}`;
        if (what === 'GET ') return request.query.get('stream') === 'true' ? this.#stream(kept, Number(request.query.get('starting_after') ?? -1)) : json(200, kept.response);
        if (what === 'GET input_items') return json(200, { object: 'list', data: kept.items, first_id: kept.items[0]?.id, last_id: kept.items.at(-1)?.id, has_more: false });
        if (what === 'POST cancel') refuse('Cannot cancel a synchronous response.');
        if (what !== 'DELETE ') refuse(`no ${request.method} ${request.path}`, 405);
        this.stored.delete(id);
        return json(200, { id, object: 'response', deleted: true });
    }

    #ask(request, what, key, refuse) {
        const body = (request.fields = jsonOf(request.body, refuse));
        const optional = { compact: ['input', 'instructions', 'previous_response_id'], input_tokens: ['input', 'instructions', 'previous_response_id', 'tools'] };
        fields(body, 'the body', ['model'], what ? optional[what] : ['input', ...settings], refuse);
        if (!body.model.endsWith('-there')) refuse(`no model ${body.model}`, 404);
        const before = body.previous_response_id ? this.stored.get(body.previous_response_id) : null;
        if (body.previous_response_id && before?.key !== key) refuse(`Previous response with id '${body.previous_response_id}' not found.`, 400, 'previous_response_not_found');
        const given = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : (body.input ?? []);
        for (const item of given) if (!item.role) refuse(`an item that is none here: ${JSON.stringify(item)}`);
        const input = (before?.context ?? 0) + tokensOf((body.instructions ?? '') + given.map(({ content }) => (typeof content === 'string' ? content : content.map(({ text }) => text).join(''))).join(''));
        if (what === 'input_tokens') return json(200, { object: 'response.input_tokens', input_tokens: input });
        const usage = { input_tokens: input, input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 }, output_tokens: answerTokens, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: input + answerTokens };
        if (what === 'compact')
            return json(200, { id: newId('resp'), object: 'response.compaction', created_at: 1, output: [{ type: 'compaction', id: newId('cmp'), encrypted_content: 'sealed' }], usage });
        const items = given.map(({ role, content }) => ({ type: 'message', id: newId('msg'), status: 'completed', role, content: typeof content === 'string' ? [{ type: 'input_text', text: content }] : content }));
        const response = {
            id: newId('resp'), object: 'response', created_at: 1, status: 'completed', background: false, error: null, incomplete_details: null, instructions: body.instructions ?? null,
            max_output_tokens: body.max_output_tokens ?? null, model: body.model, parallel_tool_calls: true, previous_response_id: body.previous_response_id ?? null, store: body.store ?? true,
            output: [{ type: 'message', id: newId('msg'), role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi there.', annotations: [], logprobs: [] }] }],
            temperature: 1, top_p: 1, tools: [], tool_choice: 'auto', metadata: body.metadata ?? {}, usage,
        };
        const kept = { response, items, key, context: usage.total_tokens };
        if (response.store) this.stored.set(response.id, kept);
        return body.stream ? this.#stream(kept, -1) : json(200, response);
    }

    #stream({ response }, after) {
        const begun = { ...response, status: 'in_progress', output: [], usage: null };
        const [item] = response.output;
        const at = { item_id: item.id, output_index: 0, content_index: 0 };
        const events = [
            { type: 'response.created', response: begun },
            { type: 'response.in_progress', response: begun },
            { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
            { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } },
            { type: 'response.output_text.delta', ...at, delta: 'Hi there.', logprobs: [] },
            { type: 'response.output_text.done', ...at, text: 'Hi there.', logprobs: [] },
            { type: 'response.content_part.done', ...at, part: item.content[0] },
            { type: 'response.output_item.done', output_index: 0, item },
            { type: 'response.completed', response },
        ].map((event, number) => ({ ...event, sequence_number: number }));
        const body = events.filter(({ sequence_number: number }) => number > after).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
        return { status: 200, headers: { 'content-type': 'text/event-stream' }, body };
    }
}

// OpenAI's files and batches (API reference, November 2026), strictly: what the real ones refuse is refused, a batch waits until the test
// lets it run, and what its calls used is known to the token.
import { Fake, json, Refusal } from '../fakes/server.mjs';
import { readMultipart } from '../fakes/multipart.mjs';

const error = (status, message) => json(status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
const usageOf = {
    '/v1/chat/completions': (n) => ({ prompt_tokens: 10 + n, completion_tokens: 5 + n, total_tokens: 15 + 2 * n }),
    '/v1/embeddings': (n) => ({ prompt_tokens: 10 + n, total_tokens: 10 + n }),
};
const answerOf = {
    '/v1/chat/completions': ({ model }, usage) => ({ id: 'c', object: 'chat.completion', created: 1, model, choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.', refusal: null }, logprobs: null, finish_reason: 'stop' }], usage }),
    '/v1/embeddings': ({ model }, usage) => ({ object: 'list', model, data: [{ object: 'embedding', index: 0, embedding: [0.5] }], usage }),
};

export class StrictBatches extends Fake {
    files = new Map();
    batches = new Map();
    #last = 0;

    constructor(key) {
        super();
        this.key = key;
    }

    answer(request) {
        const refuse = (status, why) => {
            throw new Refusal(error(status, why), `${request.method} ${request.path}: ${why}`);
        };
        if (request.headers.authorization !== `Bearer ${this.key}`) refuse(401, 'the key is wrong');
        const [, root, id, rest] = /^\/v1\/(files|batches)(?:\/([\w-]+))?(?:\/(content|cancel))?$/.exec(request.path) ?? refuse(404, 'unknown path');
        const known = (root === 'files' ? this.files : this.batches).get(id);
        if (id && !known) return error(404, `No such ${root} object: ${id}`);
        const route = `${request.method} ${root}${id ? '/id' : ''}${rest ? `/${rest}` : ''}`;
        if (route === 'POST files') return json(200, this.#upload(request, refuse));
        if (route === 'GET files/id') return json(200, known.object);
        if (route === 'GET files/id/content') return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: known.text };
        if (route === 'DELETE files/id') {
            this.files.delete(id);
            return json(200, { id, object: 'file', deleted: true });
        }
        if (route === 'POST batches') return json(200, this.#create(request, refuse));
        if (route === 'GET batches/id') return json(200, known.object);
        if (route === 'POST batches/id/cancel') {
            this.end(id, 'cancelled', 1);
            return json(200, known.object);
        }
        return refuse(405, `${route} is nothing that a gateway may ask`);
    }

    #id(prefix) {
        return `${prefix}_${String((this.#last += 1)).padStart(6, '0')}`;
    }

    #store(text, filename, purpose) {
        const id = this.#id('file');
        const object = { id, object: 'file', bytes: Buffer.byteLength(text), created_at: 1700000000, filename, purpose, status: 'processed' };
        this.files.set(id, { object, text });
        return object;
    }

    #upload(request, refuse) {
        const parts = readMultipart(request, (why) => refuse(400, why));
        const file = parts.find(({ name }) => name === 'file') ?? refuse(400, 'no file');
        const purpose = parts.find(({ name }) => name === 'purpose')?.bytes.toString();
        if (purpose !== 'batch' || !file.filename) refuse(400, `purpose ${purpose}`);
        return this.#store(file.bytes.toString(), file.filename, purpose);
    }

    #create(request, refuse) {
        const ask = JSON.parse(request.body);
        const { input_file_id: input, endpoint, completion_window: window, metadata = null } = ask;
        const file = this.files.get(input) ?? refuse(400, `no file ${input}`);
        if (window !== '24h' || !usageOf[endpoint]) refuse(400, 'window or endpoint');
        const lines = file.text.trimEnd().split('\n').map((line) => JSON.parse(line));
        if (new Set(lines.map(({ custom_id }) => custom_id)).size !== lines.length) refuse(400, 'custom_id twice');
        if (new Set(lines.map(({ body }) => body.model)).size !== 1) refuse(400, 'several models');
        for (const { url, method, body } of lines) {
            if (url !== endpoint || method !== 'POST') refuse(400, `a line is ${method} ${url}`);
            if (endpoint === '/v1/chat/completions' && !(body.max_tokens ?? body.max_completion_tokens)) refuse(400, 'a line without a limit of tokens');
        }
        const id = this.#id('batch');
        const object = {
            id, object: 'batch', endpoint, errors: null, input_file_id: input, completion_window: window, status: 'in_progress', output_file_id: null, error_file_id: null,
            created_at: 1700000000, request_counts: { total: lines.length, completed: 0, failed: 0 }, metadata,
        };
        this.batches.set(id, { object, lines });
        return object;
    }

    /**
     * Ends a batch. Of its calls the first `served` are answered (all, if it is not said); those whose custom_id begins with "bad" are refused,
     * those with "mute" are answered without usage, those with "lost" are completed and in no file.
     */
    end(id, status = 'completed', served = Infinity) {
        const batch = this.batches.get(id);
        const outputs = [];
        const errors = [];
        let completed = 0;
        batch.used = [];
        batch.lines.forEach(({ custom_id, url, body }, n) => {
            const line = (response, failure = null) => JSON.stringify({ id: `r_${n}`, custom_id, response, error: failure });
            if (n >= served) return errors.push(line(null, { code: `batch_${status}`, message: 'It was not made.' }));
            if (custom_id.startsWith('bad')) return errors.push(line({ status_code: 400, request_id: 'q', body: { error: { message: 'no' } } }));
            completed += 1;
            if (custom_id.startsWith('lost')) return undefined;
            const usage = custom_id.startsWith('mute') ? undefined : usageOf[url](n);
            if (usage) batch.used.push(usage);
            return outputs.push(line({ status_code: 200, request_id: 'q', body: answerOf[url](body, usage) }));
        });
        const store = (lines, name) => (lines.length ? this.#store(`${lines.join('\n')}\n`, name, 'batch_output').id : null);
        Object.assign(batch.object, {
            status,
            output_file_id: store(outputs, `${id}_output.jsonl`),
            error_file_id: store(errors, `${id}_error.jsonl`),
            request_counts: { total: batch.lines.length, completed, failed: batch.lines.length - completed },
        });
    }

    /** Ends a batch and says so, but not yet where its results are. The function that it gives says that. */
    hideResults(id) {
        this.end(id);
        const { object } = this.batches.get(id);
        const { output_file_id, error_file_id } = object;
        Object.assign(object, { output_file_id: null, error_file_id: null });
        return () => Object.assign(object, { output_file_id, error_file_id });
    }

    /** The answers of "lost" calls of a batch that has ended turn up in its output. */
    find(id) {
        const batch = this.batches.get(id);
        const found = batch.lines.flatMap(({ custom_id, url, body }, n) => {
            if (!custom_id.startsWith('lost')) return [];
            const usage = usageOf[url](n);
            batch.used.push(usage);
            return [JSON.stringify({ id: `r_${n}`, custom_id, response: { status_code: 200, request_id: 'q', body: answerOf[url](body, usage) }, error: null })];
        });
        const known = this.files.get(batch.object.output_file_id)?.text ?? '';
        batch.object.output_file_id = this.#store(`${known}${found.join('\n')}\n`, `${id}_output.jsonl`, 'batch_output').id;
    }
}

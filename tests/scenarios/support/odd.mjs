// Providers of our own that do what a test tells them: answer, fail in some way, be away, count what reached them.
import { createServer } from 'node:http';

export const price = { input: 2_500n, output: 10_000n }; // nano-dollars per token, as demoPrice
export const words = 'one two three';
export const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
/** What one whole answer of serve() costs, in nano-dollars. */
export const answerCost = 7n * price.input + 3n * price.output;

export const json = (response, status, body, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body));
export const stream = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' });
export const event = (value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
export const named = (value) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
export const delta = (content, more = {}) =>
    event({ id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: content, finish_reason: null, ...more }] });
export const role = delta({ role: 'assistant', content: '' });
export const completion = (content, more = {}) =>
    ({ id: 'c1', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage, ...more });
/** The end of a chat stream; with null there is no usage in it. */
export const end = (told = usage) =>
    delta({}, { finish_reason: 'stop' }) + (told === null ? '' : event({ id: 'c1', object: 'chat.completion.chunk', choices: [], usage: told })) + event('[DONE]');

/** A complete right answer that says who gave it. */
export function serve(response, body, name) {
    if (!body.stream) return json(response, 200, completion(`${words} ${name}`));
    stream(response).write(role);
    for (const word of [...words.split(' '), name]) response.write(delta({ content: `${word} ` }));
    response.end(end(body.stream_options?.include_usage ? usage : null));
}

/** A provider: `answer(response, body, request)` is what it does next; `seen` is what reached it. */
export class Odd {
    static async start(name) {
        const odd = new Odd();
        odd.name = name;
        odd.seen = [];
        odd.server = createServer((request, response) => {
            let body = '';
            request.on('data', (piece) => (body += piece));
            request.on('end', () => {
                const parsed = body ? JSON.parse(body) : {};
                odd.seen.push({ method: request.method, url: request.url, headers: request.headers, body: parsed });
                odd.answer(response, parsed, request);
            });
        });
        await new Promise((resolve) => odd.server.listen(0, '127.0.0.1', resolve));
        odd.port = odd.server.address().port;
        odd.origin = `http://127.0.0.1:${odd.port}`;
        odd.well();
        return odd;
    }
    get calls() {
        return this.seen.length;
    }
    well() {
        this.answer = (response, body) => serve(response, body, this.name);
    }
    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
    /** Nobody listens any more; open() puts it back on its port. */
    async refuse() {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
    async open() {
        await new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    }
    /** As the policy's entry of it; what is not said of it is as good as never out. */
    provider(more = {}) {
        return {
            dialect: 'openai',
            base_url: `${this.origin}/v1`,
            catalogue: 'demo',
            keys: [{ secret: 'demo' }],
            deadlines: { connect: '1s', first_byte: '5s', first_token: '5s', idle: '5s', total: '10s' },
            breaker: { errors: '100%', calls: 1000, window: '10s', first_retry: '50ms', last_retry: '50ms', key_first_retry: '50ms', key_last_retry: '50ms' },
            ...more,
        };
    }
}

/** The text of an answer, plain or streamed, in the dialect of chat completions. */
export const said = (text) =>
    text.startsWith('{')
        ? JSON.parse(text).choices?.[0].message.content
        : text.split('\n\n').filter((each) => each.startsWith('data: {')).map((each) => JSON.parse(each.slice(6)).choices?.[0]?.delta?.content ?? '').join('').trim();

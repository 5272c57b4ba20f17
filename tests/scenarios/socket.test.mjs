// Hunts: a turn on a WebSocket that is not the call it would be by HTTP: without its own hold, row or refusal, with less or more of the conversation, in
// another dialect than its provider's; a socket that outlives its key, hides that its client has left, or is cut by a stop without a word.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';

import { strictAnthropic } from './dialects.mjs';
import { costAt, outcomes, rowOf, settled } from './support/books.mjs';
import { Bursar } from './support/bursar.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

/** A provider of OpenAI's dialect that has the Responses API, remembers what it may keep, and never ends what says "hang". */
async function responsesProvider() {
    const provider = { bodies: [], kept: new Set(), left: 0, hanging: [] };
    const http = createServer(async (asked, response) => {
        let text = '';
        for await (const piece of asked) text += piece;
        const body = JSON.parse(text);
        provider.bodies.push(body);
        const fail = (status, error) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
        if (body.previous_response_id && !provider.kept.has(body.previous_response_id))
            return fail(400, { message: 'Previous response not found.', type: 'invalid_request_error', param: 'previous_response_id', code: 'previous_response_not_found' });
        const number = provider.bodies.length;
        if (body.store !== false) provider.kept.add(`resp_${number}`);
        const say = (type, more) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
        const message = { type: 'message', id: `msg_${number}`, status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: `answer ${number}`, annotations: [] }] };
        const thought = { type: 'reasoning', id: `rs_${number}`, summary: [] };
        const head = { id: `resp_${number}`, object: 'response', created_at: 1, model: body.model };
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        say('response.created', { sequence_number: 0, response: { ...head, status: 'in_progress', output: [] } });
        say('response.output_text.delta', { sequence_number: 1, item_id: message.id, output_index: 0, content_index: 0, delta: `answer ${number}` });
        if (JSON.stringify(body.input).includes('hang')) {
            response.on('close', () => ++provider.left);
            provider.hanging.push(response);
            return undefined;
        }
        if (JSON.stringify(body.input).includes('giant')) {
            response.on('error', () => {});
            say('response.output_text.delta', { sequence_number: 2, item_id: message.id, output_index: 0, content_index: 0, delta: 'x'.repeat(20_000_000) });
        }
        const usage = { input_tokens: 20, input_tokens_details: { cached_tokens: 0 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 25 };
        say('response.completed', { sequence_number: 2, response: { ...head, status: 'completed', output: [thought, message], usage } });
        return response.end();
    });
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    provider.origin = `http://127.0.0.1:${http.address().port}`;
    provider.stop = () => {
        http.closeAllConnections();
        return new Promise((resolve) => http.close(resolve));
    };
    return provider;
}

const ended = ['response.completed', 'response.incomplete', 'response.failed', 'error'];

/** OpenAI's own client: `turn` sends one message and gives all events up to its end. */
class Official {
    events = [];
    errors = [];
    closed = null;

    constructor(bursar, key) {
        const client = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key });
        this.ws = new ResponsesWS(client);
        this.ws.on('event', (event) => this.events.push(event));
        this.ws.on('error', (error) => this.errors.push(error));
        this.ws.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
    }

    async turn(body) {
        const from = this.events.length;
        this.ws.send({ type: 'response.create', store: false, ...body });
        await until('the end of a turn', () => this.closed || this.events.slice(from).some((event) => ended.includes(event.type)));
        const events = this.events.slice(from);
        const last = events.at(-1);
        return { events, last, id: last?.response?.id, text: (last?.response?.output ?? []).flatMap((item) => item.content ?? []).map((part) => part.text ?? '').join('') };
    }
}

/** What a plain upgrade is answered: the status and the body, or 101. */
function upgrade(bursar, path, headers) {
    return new Promise((resolve, reject) => {
        const asked = request(`${bursar.origin}${path}`, {
            headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
        });
        asked.on('response', (response) => {
            let text = '';
            response.on('data', (piece) => (text += piece));
            response.on('end', () => resolve({ status: response.statusCode, text }));
        });
        asked.on('upgrade', (response, socket) => {
            socket.destroy();
            resolve({ status: response.statusCode, text: '' });
        });
        asked.on('error', reject);
        asked.end();
    });
}

const user = (text) => ({ role: 'user', content: text });

describe('the Responses API over a WebSocket', () => {
    let provider;
    let anthropic;
    let bursar;
    let key;

    before(async () => {
        provider = await responsesProvider();
        anthropic = await strictAnthropic();
        const keys = [{ secret: 'demo' }];
        bursar = await Bursar.start({
            origin: provider.origin,
            policy: {
                providers: {
                    remote: { dialect: 'openai', base_url: `${provider.origin}/v1`, keys, catalogue: 'demo', on_disconnect: 'cancel' },
                    claude: { dialect: 'anthropic', base_url: anthropic.origin, keys, catalogue: 'demo' },
                },
                models: {
                    'at-openai': { channels: [{ provider: 'remote', model: 'gpt-5' }] },
                    'at-anthropic': { channels: [{ provider: 'claude', model: 'claude-opus-5' }] },
                },
                teams: { poor: { budgets: [{ limit: '1 calls', per: 'month' }] } },
                prices: { 'claude-opus-5': demoPrice, 'gpt-5': demoPrice },
            },
        });
        key = await bursar.issueKey();
    });
    after(async () => {
        await bursar?.stop();
        await provider?.stop();
        await anthropic?.stop();
    });

    test('two turns at a provider that has the API: the second one sends what is new, and the provider gets it all', async () => {
        const client = new Official(bursar, key);
        const first = await client.turn({ model: 'at-openai', store: false, input: [user('one')] });
        assert.deepEqual(first.events.map((event) => event.type), ['response.created', 'response.output_text.delta', 'response.completed']);
        const second = await client.turn({ model: 'at-openai', store: false, previous_response_id: first.id, input: [user('two')] });
        assert.equal(second.last.type, 'response.completed');
        const [sent, grown] = provider.bodies.slice(-2);
        assert.equal(sent.stream, true);
        assert.equal(sent.type, undefined);
        assert.deepEqual(sent.input, [user('one')]);
        assert.equal(grown.previous_response_id, undefined);
        assert.deepEqual(grown.input.map((item) => item.content?.[0]?.text ?? item.content), ['one', first.text, 'two']);
        client.ws.close();
    });

    test('what the provider keeps is continued there, by its id', async () => {
        const client = new Official(bursar, key);
        const first = await client.turn({ model: 'at-openai', store: true, input: [user('one')] });
        const second = await client.turn({ model: 'at-openai', store: true, previous_response_id: first.id, input: [user('two')] });
        assert.equal(second.last.type, 'response.completed');
        const sent = provider.bodies.at(-1);
        assert.equal(sent.previous_response_id, first.id);
        assert.deepEqual(sent.input, [user('two')]);
        client.ws.close();
    });

    test('two turns at Anthropic: tools, their results and the thinking go on', async () => {
        const client = new Official(bursar, key);
        const tools = [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } }, strict: false }];
        const first = await client.turn({ model: 'at-anthropic', tools, reasoning: { effort: 'high' }, input: [user('ponder')] });
        const call = first.last.response.output.find((item) => item.type === 'function_call');
        const second = await client.turn({
            model: 'at-anthropic', tools, reasoning: { effort: 'high' }, previous_response_id: first.id,
            input: [{ type: 'function_call_output', call_id: call.call_id, output: 'rain' }],
        });
        assert.match(second.text, /rain/);
        assert.deepEqual(anthropic.last().messages[1].content.map((block) => block.type), ['thinking', 'redacted_thinking', 'tool_use']);
        client.ws.close();
    });

    test('each turn is a call: it has a row of its own, at its own cost', async () => {
        const fresh = await bursar.issueKey();
        const { id } = bursar.lastKey;
        const client = new Official(bursar, fresh);
        for (let i = 0; i < 3; ++i) await client.turn({ model: 'at-openai', input: `call ${i}` });
        client.ws.close();
        const rows = await until('three rows', async () => {
            const found = [...(await outcomes(bursar)).values()].filter((row) => row.key === id);
            return found.length === 3 && found;
        });
        for (const row of rows) {
            assert.equal(row.endpoint, 'responses');
            assert.equal(row.status, 200);
            assert.equal(row.streamed, true);
            assert.equal(BigInt(Math.round(Number(row.cost_usd) * 1e9)), costAt({ input: 20, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 5 }));
        }
        await settled(bursar);
    });

    test('a used-up budget is told in an event with its call, and the socket stays', async () => {
        const client = new Official(bursar, await bursar.issueKey({ team: 'poor' }));
        assert.equal((await client.turn({ model: 'at-openai', input: 'the one that is allowed' })).last.type, 'response.completed');
        const sent = provider.bodies.length;
        for (let i = 0; i < 2; ++i) {
            const refused = (await client.turn({ model: 'at-openai', input: 'one too many' })).last;
            assert.equal(refused.type, 'error');
            assert.equal(refused.status, 429);
            assert.equal(refused.error.type, 'usage_limit_reached');
            assert.match(refused.error.message, /call budget of team "poor"/);
            assert.equal((await rowOf(bursar, refused.error.call_id)).fault, 'budget_exhausted');
        }
        assert.equal(provider.bodies.length, sent);
        assert.equal(client.closed, null);
        client.ws.close();
    });

    test('what is no turn, or none that is known here, is told by name', async () => {
        const client = new Official(bursar, key);
        for (const [body, word] of [
            [{ model: 'at-openai', background: true }, /`background`/],
            [{ model: 'at-openai', stream_id: 'a' }, /`stream_id`/],
            [{ model: 'nobody-has-it', input: 'x' }, /nobody-has-it/],
            [{ input: 'x' }, /`model`/],
            [{ model: 'at-anthropic', input: 'x', previous_response_id: 'resp_of_somebody' }, /`previous_response_id`/],
            [{ model: 'at-openai', input: 'x', previous_response_id: 'resp_of_somebody' }, /not found/],
        ]) {
            const { last } = await client.turn(body);
            assert.equal(last.type, 'error');
            assert.match(last.error.message, word);
        }
        client.ws.close();
    });

    test("an id that is nobody's or somebody else's is told as OpenAI tells it, so that clients send everything", async () => {
        const mine = new Official(bursar, key);
        const other = new Official(bursar, await bursar.issueKey());
        const theirs = await mine.turn({ model: 'at-openai', store: true, input: [user('one')] });
        for (const model of ['at-openai', 'at-anthropic'])
            for (const previous_response_id of ['resp_of_nobody', theirs.id]) {
                const { last } = await other.turn({ model, input: 'x', previous_response_id });
                assert.deepEqual([last.type, last.status, last.error.code, last.error.param], ['error', 400, 'previous_response_not_found', 'previous_response_id']);
            }
        mine.ws.close();
        other.ws.close();
    });

    const withLittleMemory = () =>
        Bursar.start({
            origin: provider.origin,
            limits: { body_mib: 8, bodies_mib: 16 },
            policy: {
                providers: { remote: { dialect: 'openai', base_url: `${provider.origin}/v1`, keys: [{ secret: 'demo' }], catalogue: 'demo' } },
                models: { 'at-openai': { channels: [{ provider: 'remote', model: 'gpt-5' }] } },
                // No budget is to end what the memory shall end.
                prices: { 'gpt-5': { ...demoPrice, output: '0.01' } },
            },
        });

    test('an event for which there is no room ends its answer, and the row says so, not that the client has left', async () => {
        const small = await withLittleMemory();
        try {
            const client = new Official(small, await small.issueKey());
            const { id } = small.lastKey;
            const { last, events } = await client.turn({ model: 'at-openai', input: 'giant' });
            assert.deepEqual(events.map((event) => event.type), ['response.created', 'response.output_text.delta', 'error']);
            assert.equal(last.status, 502);
            const row = await until('the row', async () => [...(await outcomes(small)).values()].find((one) => one.key === id));
            assert.equal(row.fault, 'overloaded');
            assert.equal((await client.turn({ model: 'at-openai', input: 'x' })).last.type, 'response.completed');
            client.ws.close();
            await settled(small);
        } finally {
            await small.stop();
        }
    });

    test('what sockets keep leaves the memory for calls: beyond its part nothing is kept, and clients send everything', async () => {
        const small = await withLittleMemory();
        try {
            const large = [user('x'.repeat(400_000))];
            const fresh = await small.issueKey();
            const clients = [];
            const warm = [];
            for (let i = 0; i < 45; ++i) {
                clients.push(new Official(small, fresh));
                warm.push(await clients.at(-1).turn({ model: 'at-openai', generate: false, input: large }));
                assert.equal(warm.at(-1).last.type, 'response.completed');
            }
            const plain = new OpenAI({ baseURL: `${small.origin}/v1`, apiKey: fresh, maxRetries: 0 });
            let last;
            for await (const event of await plain.responses.create({ model: 'at-openai', store: false, stream: true, input: 'x'.repeat(100_000) })) last = event;
            assert.equal(last.type, 'response.completed');
            const [first] = warm;
            const kept = await clients[0].turn({ model: 'at-openai', previous_response_id: first.id, input: [user('short')] });
            assert.equal(kept.last.type, 'response.completed');
            assert.deepEqual(provider.bodies.at(-1).input, [...large, user('short')]);
            const lost = await clients.at(-1).turn({ model: 'at-openai', previous_response_id: warm.at(-1).id, input: [user('short')] });
            assert.equal(lost.last.error?.code, 'previous_response_not_found');
            for (const client of clients) client.ws.close();
        } finally {
            await small.stop();
        }
    });

    test('a message that generates nothing costs nothing, and is continued', async () => {
        const client = new Official(bursar, key);
        const sent = provider.bodies.length;
        const warm = await client.turn({ model: 'at-openai', generate: false, input: [user('instructions')] });
        assert.equal(warm.last.type, 'response.completed');
        assert.equal(provider.bodies.length, sent);
        await client.turn({ model: 'at-openai', previous_response_id: warm.id, input: [user('go')] });
        assert.deepEqual(provider.bodies.at(-1).input, [user('instructions'), user('go')]);
        client.ws.close();
    });

    test("Node's own WebSocket: messages that come at once run one after the other", async () => {
        const socket = new WebSocket(`${bursar.origin.replace('http', 'ws')}/v1/responses`, { headers: { authorization: `Bearer ${key}` } });
        const events = [];
        socket.addEventListener('message', ({ data }) => events.push(JSON.parse(data)));
        await new Promise((resolve, reject) => {
            socket.addEventListener('open', resolve);
            socket.addEventListener('error', reject);
        });
        for (const input of ['a', 'b', 'c']) socket.send(JSON.stringify({ type: 'response.create', model: 'at-openai', store: false, input }));
        await until('three ends', () => events.filter((event) => event.type === 'response.completed').length === 3);
        assert.deepEqual(provider.bodies.slice(-3).map((body) => body.input), ['a', 'b', 'c']);
        const order = events.map((event) => event.type);
        assert.deepEqual(order.filter((type) => type !== 'response.output_text.delta'), Array(3).fill(['response.created', 'response.completed']).flat());
        socket.close();
    });

    test('strangers and pages of other sites get no socket; other paths have none', async () => {
        const good = { authorization: `Bearer ${key}` };
        assert.equal((await upgrade(bursar, '/v1/responses', good)).status, 101);
        assert.equal((await upgrade(bursar, '/v1/responses', {})).status, 401);
        assert.equal((await upgrade(bursar, '/v1/responses', { authorization: 'Bearer bsr_nobody' })).status, 401);
        assert.equal((await upgrade(bursar, '/v1/responses', { ...good, origin: 'https://evil.example' })).status, 403);
        assert.equal((await upgrade(bursar, '/v1/responses', { ...good, origin: bursar.origin })).status, 101);
        assert.equal((await upgrade(bursar, '/v1/responses', { ...good, 'sec-websocket-version': '8' })).status, 426);
        assert.equal((await upgrade(bursar, '/v1/responses', { ...good, 'sec-websocket-key': 'short' })).status, 400);
        assert.equal((await upgrade(bursar, '/v1/chat/completions', good)).status, 426);
    });

    test('a key that is revoked gets its event at the next turn, and the socket is closed', async () => {
        const client = new Official(bursar, await bursar.issueKey());
        const { id } = bursar.lastKey;
        assert.equal((await client.turn({ model: 'at-openai', input: 'x' })).last.type, 'response.completed');
        await bursar.must('DELETE', `keys/${id}`);
        const refused = await until('the refusal', async () => {
            const { last } = await client.turn({ model: 'at-openai', input: 'x' });
            return last.type === 'error' && last;
        });
        assert.equal(refused.status, 401);
        await until('the close', () => client.closed);
        assert.equal(client.closed.code, 1008);
    });

    test('a client that leaves in the middle ends its call at the provider, and its hold', async () => {
        const client = new Official(bursar, key);
        client.ws.send({ type: 'response.create', model: 'at-openai', store: false, input: 'hang' });
        await until('the first words', () => client.events.some((event) => event.type === 'response.output_text.delta'));
        const { left } = provider;
        client.ws.close();
        await until('the provider to be left', () => provider.left > left);
        await settled(bursar);
    });

    test('a stop tells the call that runs and the sockets that wait', async () => {
        const busy = new Official(bursar, key);
        const idle = new Official(bursar, key);
        await idle.turn({ model: 'at-openai', input: 'x' });
        const turn = busy.turn({ model: 'at-openai', input: 'hang' });
        await until('the call to be at the provider', () => busy.events.some((event) => event.type === 'response.output_text.delta'));
        await bursar.stopService();
        const { last } = await turn;
        assert.equal(last.type, 'response.failed');
        assert.match(last.response.error.message, /restarting/);
        await until('both to be closed', () => busy.closed && idle.closed);
        assert.equal(busy.closed.code, 1001);
        assert.equal(idle.closed.code, 1001);
        await bursar.launch();
        await settled(bursar);
    });
});

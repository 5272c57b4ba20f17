// A provider of realtime sessions that reads every frame itself and takes nothing that OpenAI's own would not: no frame without a mask or with the mask of
// the one before, no key but its own, no event that is not published, no second response in a conversation that has one, and no setting with which it would
// begin a response by itself.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const accept_suffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const published = new Set([
    'session.update', 'input_audio_buffer.append', 'input_audio_buffer.commit', 'input_audio_buffer.clear', 'output_audio_buffer.clear',
    'conversation.item.create', 'conversation.item.retrieve', 'conversation.item.truncate', 'conversation.item.delete', 'response.create', 'response.cancel',
]);

/** What each kind of answer is said to have used. */
export const usages = {
    text: {
        total_tokens: 25, input_tokens: 20, output_tokens: 5,
        input_token_details: { text_tokens: 20, audio_tokens: 0, image_tokens: 0, cached_tokens: 8, cached_tokens_details: { text_tokens: 8, audio_tokens: 0, image_tokens: 0 } },
        output_token_details: { text_tokens: 5, audio_tokens: 0 },
    },
    sound: {
        total_tokens: 253, input_tokens: 132, output_tokens: 121,
        input_token_details: { text_tokens: 60, audio_tokens: 72, image_tokens: 0, cached_tokens: 64, cached_tokens_details: { text_tokens: 5, audio_tokens: 59, image_tokens: 0 } },
        output_token_details: { text_tokens: 30, audio_tokens: 91 },
    },
    cancelled: {
        total_tokens: 21, input_tokens: 20, output_tokens: 1,
        input_token_details: { text_tokens: 20, audio_tokens: 0, cached_tokens: 0 }, output_token_details: { text_tokens: 1, audio_tokens: 0 },
    },
};

/** The whole of what a speaker says; the fake's detection of turns answers to it. */
export const spoken = Buffer.from('a whole turn').toString('base64');

class Session {
    events = [];
    flaws = [];
    closed = null;
    under_way = new Map();
    #masks = new Set();
    #pending = Buffer.alloc(0);
    #said = '';
    #heard_bytes = 0;
    #config;

    constructor(provider, socket, request) {
        this.provider = provider;
        this.socket = socket;
        this.request = request;
        this.model = new URL(request.url, 'http://x').searchParams.get('model');
        this.#config = { type: 'realtime', object: 'realtime.session', id: `sess_${++provider.number}`, model: this.model, output_modalities: ['audio'], audio: { input: { turn_detection: { type: 'server_vad', create_response: true } } }, max_output_tokens: 'inf' };
        socket.on('data', (bytes) => this.#read(bytes));
        socket.on('error', () => {});
        socket.on('close', () => (this.closed ??= { code: null }));
        this.say('session.created', { session: this.#config });
    }

    say(type, more = {}) {
        this.frame(0x81, Buffer.from(JSON.stringify({ type, event_id: `event_${++this.provider.number}`, ...more })));
    }

    frame(first, payload) {
        const head = payload.length < 126 ? Buffer.from([first, payload.length]) : Buffer.alloc(payload.length < 65_536 ? 4 : 10);
        if (payload.length >= 126) {
            head[0] = first;
            head[1] = payload.length < 65_536 ? 126 : 127;
            if (payload.length < 65_536) head.writeUInt16BE(payload.length, 2);
            else head.writeBigUInt64BE(BigInt(payload.length), 2);
        }
        if (!this.socket.destroyed) this.socket.write(Buffer.concat([head, payload]));
    }

    #read(bytes) {
        this.#pending = Buffer.concat([this.#pending, bytes]);
        for (;;) {
            const at = this.#pending;
            if (at.length < 2) return;
            let length = at[1] & 0x7f;
            let offset = 2;
            if (length === 126) {
                if (at.length < 4) return;
                length = at.readUInt16BE(2);
                offset = 4;
            } else if (length === 127) {
                if (at.length < 10) return;
                length = Number(at.readBigUInt64BE(2));
                offset = 10;
            }
            if (at.length < offset + 4 + length) return;
            const mask = at.subarray(offset, offset + 4);
            const payload = Buffer.from(at.subarray(offset + 4, offset + 4 + length)).map((byte, i) => byte ^ mask[i % 4]);
            if ((at[1] & 0x80) === 0) this.flaws.push('a frame without a mask');
            if (at[0] & 0x70) this.flaws.push('a frame with reserved bits');
            const name = mask.toString('hex');
            if (this.#masks.has(name)) this.flaws.push('the mask of an earlier frame');
            this.#masks.add(name);
            this.#pending = at.subarray(offset + 4 + length);
            const opcode = at[0] & 0xf;
            if (opcode === 8) {
                this.closed = { code: payload.length >= 2 ? payload.readUInt16BE(0) : null };
                this.frame(0x88, payload.subarray(0, 2));
                this.socket.end();
                return;
            }
            if (opcode === 1) this.#heard(JSON.parse(payload.toString('utf8')));
        }
    }

    #fail(event, code, message) {
        this.say('error', { error: { type: 'invalid_request_error', code, message, param: null, event_id: event.event_id ?? null } });
    }

    #heard(event) {
        this.events.push(event);
        if (!published.has(event.type)) {
            this.flaws.push(`an event that is not published: ${event.type}`);
            return;
        }
        if (event.type === 'session.update') {
            if (event.session.model && event.session.model !== this.model) this.flaws.push(`another model: ${event.session.model}`);
            const { audio, ...rest } = event.session;
            Object.assign(this.#config, rest);
            if (this.provider.refuse_settings) {
                this.#fail(event, 'unknown_parameter', 'Unknown parameter: session.audio.');
                return;
            }
            Object.assign(this.#config.audio.input, audio?.input);
            const detection = this.#config.audio.input.turn_detection;
            if (detection && detection.create_response !== false) this.flaws.push('a session that begins responses by itself');
            if (this.provider.stubborn && detection) detection.create_response = true;
            this.say('session.updated', { session: this.#config });
        }
        if (event.type === 'conversation.item.create') {
            this.#said = (event.item.content ?? []).map((part) => part.text ?? '').join('');
            this.say('conversation.item.added', { item: { ...event.item, id: 'item_1' } });
        }
        if (event.type === 'input_audio_buffer.append' && event.audio === spoken) this.#turn();
        if (event.type === 'input_audio_buffer.append' && event.audio !== spoken) this.#heard_bytes += event.audio.length;
        if (event.type === 'input_audio_buffer.commit') this.#commit(event);
        if (event.type === 'input_audio_buffer.clear') this.say('input_audio_buffer.cleared');
        if (event.type === 'response.create') this.#create(event);
        if (event.type === 'response.cancel') this.#cancel(event);
    }

    /** What server_vad does when a speaker has ended. */
    #turn() {
        this.say('input_audio_buffer.speech_stopped', { audio_end_ms: 2000, item_id: 'item_2' });
        this.say('input_audio_buffer.committed', { item_id: 'item_2' });
        const detection = this.#config.audio.input.turn_detection;
        this.#said = 'speech';
        if (detection && detection.create_response !== false) this.begin('speech');
    }

    /** A turn that the client makes: nothing follows it. */
    #commit(event) {
        if (this.#heard_bytes === 0) {
            this.#fail(event, 'input_audio_buffer_commit_empty', 'Error committing input audio buffer: buffer too small.');
            return;
        }
        this.#heard_bytes = 0;
        this.#said = 'speech';
        this.say('input_audio_buffer.committed', { item_id: 'item_4' });
    }

    #create(event) {
        const outside = event.response?.conversation === 'none';
        if (!outside && [...this.under_way.values()].some((one) => !one.outside)) {
            this.#fail(event, 'conversation_already_has_active_response', 'Conversation already has an active response.');
            return;
        }
        this.begin(event.response?.instructions ?? this.#said, outside);
    }

    begin(what, outside = false) {
        const id = `resp_${++this.provider.number}`;
        this.under_way.set(id, { outside });
        this.say('response.created', { response: { object: 'realtime.response', id, status: 'in_progress', output: [], usage: null } });
        if (what === 'break') {
            this.socket.destroy();
            return id;
        }
        const sound = what === 'sound' || what === 'speech';
        this.say(sound ? 'response.output_audio.delta' : 'response.output_text.delta', { response_id: id, item_id: 'item_3', output_index: 0, content_index: 0, delta: sound ? 'AAAA' : `answer to ${what}` });
        if (what === 'flood')
            for (let i = 0; i < 48; ++i) this.say('response.output_audio.delta', { response_id: id, item_id: 'item_3', output_index: 0, content_index: 0, delta: 'A'.repeat(1 << 20) });
        if (what === 'hang' || what === 'deaf' || what === 'flood') {
            this.under_way.get(id).deaf = what === 'deaf';
            return id;
        }
        this.end(id, 'completed', sound ? usages.sound : usages.text);
        if (what === 'twice') this.end(id, 'completed', usages.text);
        return id;
    }

    end(id, status, usage) {
        this.under_way.delete(id);
        this.say('response.done', { response: { object: 'realtime.response', id, status, output: [], usage } });
    }

    #cancel(event) {
        const id = event.response_id ?? [...this.under_way.keys()].at(-1);
        const one = this.under_way.get(id);
        if (!one) this.#fail(event, 'response_cancel_not_active', 'Cancellation failed: no active response found.');
        else if (!one.deaf) this.end(id, 'cancelled', usages.cancelled);
    }
}

export async function strictRealtime(key) {
    const provider = { sessions: [], number: 0, refuse: null, refuse_settings: false, stubborn: false, flaws: [] };
    const http = createServer((request, response) => response.writeHead(404).end());
    http.on('upgrade', (request, socket) => {
        const { headers } = request;
        const refuse = (status, error) => socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${JSON.stringify({ error }).length}\r\nconnection: close\r\n\r\n${JSON.stringify({ error })}`);
        socket.on('error', () => {});
        if (headers.authorization !== `Bearer ${key}`) return refuse(401, { message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' });
        if (headers['sec-websocket-version'] !== '13') provider.flaws.push('another version');
        for (const name of ['sec-websocket-extensions', 'sec-websocket-protocol', 'origin', 'openai-beta', 'x-api-key', 'cookie', 'content-type', 'content-length'])
            if (headers[name] !== undefined) provider.flaws.push(`a header that is not the provider's business: ${name}`);
        if (!/^\/v1\/realtime\?model=[^&]+$/.test(request.url)) provider.flaws.push(`another path: ${request.url}`);
        if (provider.refuse) return refuse(provider.refuse, { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' });
        const accept = createHash('sha1').update(headers['sec-websocket-key'] + accept_suffix).digest('base64');
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
        provider.sessions.push(new Session(provider, socket, request));
        return undefined;
    });
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    provider.origin = `http://127.0.0.1:${http.address().port}`;
    provider.last = () => provider.sessions.at(-1);
    provider.allFlaws = () => [...provider.flaws, ...provider.sessions.flatMap((session) => session.flaws)];
    provider.stop = () => {
        for (const session of provider.sessions) session.socket.destroy();
        return new Promise((resolve) => http.close(resolve));
    };
    return provider;
}

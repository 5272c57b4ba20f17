// What the fakes have in common: an HTTP server on loopback that notes every request, refuses what the real one refuses, and does
// something odd where a test asks for it.
import http from 'node:http';
import https from 'node:https';

/** A request that is not as it has to be; `answer` is what the real one says, `why` is for the test's reader. */
export class Refusal extends Error {
    constructor(answer, why) {
        super(why);
        this.answer = answer;
    }
}

export const json = (status, body, headers = {}) => ({ status, headers: { 'content-type': 'application/json;charset=UTF-8', ...headers }, body: JSON.stringify(body) });
export const plain = (status, body, headers = {}) => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body });

/** Opened by a test when it has seen enough. */
export class Gate {
    constructor() {
        this.opened = new Promise((resolve) => (this.open = resolve));
    }
}

// What may happen to a request instead of its right answer. `carriedOut`: the answer is odd, but what was asked for is done; so it is with a
// connection that ends too early.
const fault = (play, carriedOut = false) => ({ play, carriedOut });
export const answers = (status, body = '', headers = {}) => fault((response) => send(response, { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }));
export const busy = (seconds, body = 'rate_limited', headers = {}) => answers(429, body, { ...(seconds === null ? {} : { 'retry-after': String(seconds) }), ...headers });
export const page = (status = 502) =>
    answers(status, '<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>We will be right back</h1></body></html>', { 'content-type': 'text/html' });
export const wrongJson = (status = 200) => answers(status, '{"ok": tru', { 'content-type': 'application/json' });
export const redirect = (location, status = 302) => answers(status, '', { location });
export const endless = (status = 200, bytes = 1 << 20) => answers(status, 'x'.repeat(bytes), { 'content-type': 'text/plain' });
export const reset = () => fault((response) => response.socket.resetAndDestroy());
export const resetWhenDone = () => fault((response) => response.socket.resetAndDestroy(), true);
export const halfAnAnswer = () =>
    fault((response, right) => {
        const bytes = Buffer.from(right.body || 'a body');
        response.writeHead(right.status, { ...right.headers, 'content-length': bytes.length });
        response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
        setImmediate(() => response.socket.resetAndDestroy());
    }, true);
/** Done at once, but the answer comes when the gate opens. */
export const late = (gate) => fault((response, right) => gate.opened.then(() => response.socket?.destroyed || send(response, right)), true);
/** Neither done nor answered. */
export const silence = () => fault(() => {});
/** Done, and never answered. */
export const silenceWhenDone = () => fault(() => {}, true);

function send(response, { status, headers = {}, body = '' }) {
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'content-length': bytes.length }) });
    response.end(bytes);
}

async function readAll(stream) {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return Buffer.concat(pieces);
}

export class Fake {
    /** {method, path, query, headers, body: Buffer, at, carriedOut, answer, refused} of everything that arrived, in order. */
    requests = [];
    /** Why something was refused, in words; a sender without defects leaves it empty. */
    refusals = [];
    #faults = [];
    #underWay = 0;
    underWayMost = 0;

    /** @param {{tls?: {cert: Buffer, key: Buffer}, port?: number, at?: string}} options at: an address of this machine */
    async listen({ tls, port = 0, at = '127.0.0.1' } = {}) {
        const handle = (request, response) => this.#handle(request, response).catch((error) => response.destroy(error));
        this.server = tls ? https.createServer(tls, handle) : http.createServer(handle);
        this.port = port;
        this.at = at;
        await this.up();
        this.origin = `${tls ? 'https' : 'http'}://${at}:${this.port}`;
        return this;
    }

    /** The next request that fits `when` meets `fault`; faults wait for their requests in order. */
    next(...faults) {
        this.#faults.push(...faults.map((each) => ({ ...each, times: 1 })));
    }
    nextWhen(when, ...faults) {
        this.#faults.push(...faults.map((each) => ({ ...each, when, times: 1 })));
    }
    /** Every request that fits, until well(). */
    always(fault, when) {
        this.#faults.push({ ...fault, when, times: Infinity });
    }
    well() {
        this.#faults = [];
    }
    get faultsLeft() {
        return this.#faults.length;
    }

    async down() {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
    async up() {
        await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port, this.at, resolve));
        this.port = this.server.address().port;
    }
    async stop() {
        if (this.server.listening) await this.down();
    }

    #takeFault(request) {
        const at = this.#faults.findIndex(({ when }) => !when || when(request));
        if (at < 0) return null;
        const found = this.#faults[at];
        if ((found.times -= 1) <= 0) this.#faults.splice(at, 1);
        return found;
    }

    #carryOut(request) {
        request.carriedOut = true;
        try {
            return this.answer(request);
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            request.refused = error.message;
            this.refusals.push(error.message);
            return error.answer;
        }
    }

    async #handle(incoming, response) {
        const url = new URL(incoming.url, 'http://fake');
        const request = { method: incoming.method, path: url.pathname, query: url.searchParams, headers: incoming.headers, at: Date.now(), carriedOut: false };
        this.underWayMost = Math.max(this.underWayMost, (this.#underWay += 1));
        response.once('close', () => (this.#underWay -= 1));
        request.body = await readAll(incoming);
        this.requests.push(request);
        const found = this.#takeFault(request);
        if (!found || found.carriedOut) request.answer = this.#carryOut(request);
        if (found) found.play(response, request.answer);
        else send(response, request.answer);
    }
}

// --- Shapes

/** Refuses with `refuse(sentence)` unless `value` is an object with all of `required` and nothing beyond `optional`. */
export function fields(value, where, required, optional, refuse) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) refuse(`${where} is not an object`);
    for (const name of required) if (!(name in value)) refuse(`${where} has no "${name}"`);
    for (const name of Object.keys(value)) if (!required.includes(name) && !optional.includes(name)) refuse(`${where} has an unknown "${name}"`);
}

export function text(value, where, { least = 1, most }, refuse) {
    if (typeof value !== 'string') refuse(`${where} is not a string`);
    // Half a pair of surrogates is what a cut at the wrong place leaves.
    if (!value.isWellFormed()) refuse(`${where} is cut within a character`);
    if (value.length < least) refuse(`${where} is shorter than ${least}`);
    if (value.length > most) refuse(`${where} has ${value.length} characters, more than ${most}`);
}

export function list(value, where, { least = 1, most }, refuse) {
    if (!Array.isArray(value)) refuse(`${where} is not a list`);
    if (value.length < least || value.length > most) refuse(`${where} has ${value.length} entries, not ${least} to ${most}`);
}

/** The body as JSON in UTF-8. */
export function jsonOf(bytes, refuse) {
    let read;
    try {
        const words = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        read = JSON.parse(words);
    } catch (error) {
        refuse(`the body is not JSON in UTF-8: ${error.message}`);
    }
    return read;
}

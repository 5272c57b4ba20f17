// The real bursar-courier, and the test as bursard at the other end of its socket (integrations/wire.h).
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { temporaryFolder } from './bursar.mjs';
import { Running, slow, until } from './process.mjs';

const framed = (value) => {
    const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
};

/** Bursard's end: takes connections of couriers, hands out deliveries, keeps receipts. */
class Desk {
    hellos = [];
    receipts = [];
    /** Whatever else came. */
    strange = [];
    #waiting = new Map();
    #buffer = Buffer.alloc(0);

    async open(file) {
        this.file = file;
        this.server = createServer((socket) => this.#take(socket));
        await new Promise((resolve) => this.server.listen(file, resolve));
    }
    #take(socket) {
        this.socket?.destroy();
        this.socket = socket;
        this.#buffer = Buffer.alloc(0);
        this.connected = false;
        socket.on('error', () => {});
        socket.on('data', (bytes) => {
            this.#buffer = Buffer.concat([this.#buffer, bytes]);
            while (this.#buffer.length >= 4 && this.#buffer.length >= 4 + this.#buffer.readUInt32BE(0)) {
                const length = this.#buffer.readUInt32BE(0);
                this.#read(JSON.parse(this.#buffer.subarray(4, 4 + length).toString('utf8')));
                this.#buffer = this.#buffer.subarray(4 + length);
            }
        });
        socket.on('close', () => socket === this.socket && (this.connected = false));
    }
    #read(frame) {
        if (frame.courier) {
            this.hellos.push(frame.courier);
            this.connected = true;
        } else if (frame.receipt) {
            this.receipts.push(frame.receipt);
            this.#waiting.get(frame.receipt.id)?.(frame.receipt);
            this.#waiting.delete(frame.receipt.id);
        } else {
            this.strange.push(frame);
        }
    }
    /** Writes whatever it is given, as one frame. */
    send(value) {
        this.socket.write(framed(value));
    }
    write(bytes) {
        this.socket.write(bytes);
    }
    receiptOf(id, milliseconds = slow ? 120_000 : 30_000) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`no receipt of ${id} within ${milliseconds} ms`)), milliseconds);
            this.#waiting.set(id, (receipt) => {
                clearTimeout(timer);
                resolve(receipt);
            });
        });
    }
    async close() {
        this.connected = false;
        this.socket?.destroy();
        await new Promise((resolve) => this.server.close(resolve));
        rmSync(this.file, { force: true });
    }
}

export class Courier {
    static async start({ environment } = {}) {
        const courier = new Courier();
        courier.folder = temporaryFolder();
        courier.environment = environment;
        courier.desk = new Desk();
        await courier.desk.open(path.join(courier.folder, 'courier.sock'));
        await courier.launch();
        return courier;
    }
    async launch() {
        const before = this.desk.hellos.length;
        this.running = new Running('bursar-courier', ['--socket', this.desk.file], path.join(this.folder, 'courier.log'), this.environment);
        await this.running.until('its hello', () => this.desk.hellos.length > before);
    }
    async stopAndLaunch() {
        await this.running.stop();
        await this.launch();
    }
    kill() {
        return this.running.signal('SIGKILL');
    }
    log() {
        return readFileSync(path.join(this.folder, 'courier.log'), 'utf8');
    }

    #number = 0;
    /** Hands a delivery out; the promise ends with its receipt. */
    async deliver(target, message = {}, more = {}) {
        const id = more.id ?? `d-${(this.#number += 1)}`;
        const receipt = this.desk.receiptOf(id);
        this.desk.send({ delivery: { id, target: { settings: {}, secrets: {}, ...target }, message: messageOf(message), thread: {}, perhaps_sent: false, ...more } });
        return receipt;
    }

    async stop() {
        try {
            if (!this.running.end) await this.running.stop();
        } finally {
            await this.desk.close();
            if (!process.env.BURSAR_KEEP) rmSync(this.folder, { recursive: true, force: true });
        }
    }
}

export const messageOf = (more = {}) => ({
    incident: 'budget:team:research|per month|2026-11-01T00:00:00.000Z',
    kind: 'budget.threshold',
    severity: 'warning',
    state: 'firing',
    at: '2026-11-29T21:50:00.000Z',
    when: '29 November 2026, 22:50',
    title: 'research has spent 80 % of its 1,000.00 USD for November',
    text: 'At this pace it is used up on 4 December.',
    facts: [{ name: 'Spent', value: '812.40 USD of 1,000.00 USD' }, { name: 'Left', value: '187.60 USD' }],
    bars: [{ label: 'research, November', percent: 81 }],
    items: [],
    items_left_out: 0,
    links: [{ text: 'Open the budget', url: 'https://bursar.example.com/teams/research?from=2026-11-01&to=2026-11-30' }],
    whom: 'research',
    footer: 'Example GmbH · Bursar',
    attachments: [],
    test: false,
    ...more,
});

/** What somebody would write into a name to be somewhere else, seen by everybody, or to break what is around it. */
export const hostile = [
    '<!channel> <!everyone> <@U012AB3CD> <#C0123> <https://evil.example|click here>',
    'a & b < c > d &amp; &lt;script&gt; "quotes" \'single\' `code` *bold* _it_ ~strike~',
    '<script>alert(1)</script><img src=x onerror=alert(1)>',
    '[link](https://evil.example) ![image](https://evil.example/x.png) # heading | table | {code} {color:red}x{color} [~admin] !x.png! h1. big',
    'Ärger 🦀 👩‍👩‍👧‍👦 今日は ‮right to left‬',
    'Subject: x\r\nBcc: everybody@evil.example\r\n\r\nbody',
];
export const hostileMessage = (more = {}) =>
    messageOf({
        title: hostile.join(' ').slice(0, 900),
        text: hostile.join('\n'),
        facts: hostile.map((value, at) => ({ name: hostile[(at + 1) % hostile.length], value })),
        bars: [{ label: hostile[0], percent: 134 }],
        items: hostile.map((text) => ({ at: '2026-11-29T21:50:00.000Z', text })),
        links: [{ text: hostile[1], url: 'https://bursar.example.com/x?a=1&b="<>"|y' }],
        whom: 'r & d <all>',
        footer: hostile[2],
        ...more,
    });
/** As much as the socket takes: every target has to cut it. */
export const hugeMessage = (more = {}) =>
    messageOf({
        title: '🦀&<'.repeat(400),
        text: `${'🦀 & <tag> '.repeat(4000)}`,
        facts: Array.from({ length: 200 }, (_, at) => ({ name: `${at} ${'&'.repeat(300)}`, value: '<🦀>'.repeat(300) })),
        bars: Array.from({ length: 100 }, (_, at) => ({ label: `team ${at} ${'&'.repeat(100)}`, percent: at * 3 })),
        items: Array.from({ length: 2000 }, (_, at) => ({ at: '2026-11-29T21:50:00.000Z', text: `event ${at} ${'<&>'.repeat(30)}` })),
        items_left_out: 17,
        links: Array.from({ length: 20 }, (_, at) => ({ text: `page ${at} ${'&'.repeat(100)}`, url: `https://bursar.example.com/${'p'.repeat(3900)}` })),
        footer: '&'.repeat(4000),
        ...more,
    });

/** Nothing of `secrets` is in any receipt or in the log, as it is or as an address or base64 would have it. */
export function leaksOf(courier, secrets) {
    const words = `${JSON.stringify(courier.desk.receipts)}\n${courier.log()}`;
    return secrets.filter((secret) =>
        [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, ''), [...secret].reverse().join('')].some((each) => words.includes(each)),
    );
}

/** Waits until the courier is at the desk, again. */
export const atDesk = (courier) => until('the courier to be back', () => courier.desk.connected, slow ? 120_000 : 40_000);

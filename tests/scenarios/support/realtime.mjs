// Sessions of OpenAI's own client through a bursard at two strict providers: what every scenario of realtime sessions stands on.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { outcomes } from './books.mjs';
import { Bursar, makeCertificates, nanos } from './bursar.mjs';
import { until } from './process.mjs';
import { strictRealtime } from './strict-realtime.mjs';

const price = { input: '4.00', output: '16.00', cache_read: '0.40', audio_input: '32.00', audio_output: '64.00' };
/** The window full of sound, and the longest answer as sound. */
export const worst = 1_000n * 32_000n + 100n * 64_000n;
/** Of what the provider says that it used, by its kinds. */
export const costs = {
    text: 12n * 4_000n + 8n * 400n + 5n * 16_000n,
    sound: 55n * 4_000n + 64n * 400n + 13n * 32_000n + 30n * 16_000n + 91n * 64_000n,
    cancelled: 20n * 4_000n + 1n * 16_000n,
};

/** What terminates TLS in front of bursard: OpenAI's client opens no session without it. */
export async function terminator(bursar) {
    const folder = mkdtempSync(path.join(tmpdir(), 'bursar-realtime-'));
    makeCertificates(folder);
    const read = (name) => readFileSync(path.join(folder, name));
    const server = tls.createServer({ cert: read('server.pem'), key: read('server.key') }, (outer) => {
        const inner = net.connect(Number(new URL(bursar.origin).port), '127.0.0.1');
        outer.on('error', () => inner.destroy());
        inner.on('error', () => outer.destroy());
        outer.pipe(inner).pipe(outer);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { origin: `https://127.0.0.1:${server.address().port}`, ca: read('ca.pem'), stop: () => (server.close(), rmSync(folder, { recursive: true })) };
}

/** What a plain upgrade is answered: the status and the body, or 101. */
export function upgrade(bursar, where, headers, method = 'GET') {
    return new Promise((resolve, reject) => {
        const asked = request(`${bursar.origin}${where}`, {
            method, headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers },
        });
        asked.on('response', (response) => {
            let text = '';
            response.on('data', (piece) => (text += piece));
            response.on('end', () => resolve({ status: response.statusCode, text, headers: response.headers }));
        });
        asked.on('upgrade', (response, socket) => {
            socket.destroy();
            resolve({ status: response.statusCode, text: '' });
        });
        asked.on('error', reject);
        asked.end();
    });
}

export const cost = (row) => nanos(row.cost_usd);

/** Two providers, a bursard with their models and what terminates TLS before it; `open` opens a session, `held` is what is set aside. */
export async function startRig() {
    const provider = await strictRealtime('sk-real');
    const other = await strictRealtime('sk-real');
    const keys = [{ secret: 'real' }];
    const channel = { provider: 'remote', model: 'gpt-talker' };
    const bounds = { input_tokens_max: 1_000, output_tokens_max: 100 };
    const bursar = await Bursar.start({
        origin: provider.origin,
        secrets: { real: 'sk-real' },
        policy: {
            providers: {
                remote: { dialect: 'openai', base_url: `${provider.origin}/v1`, keys, catalogue: 'demo' },
                second: { dialect: 'openai', base_url: `${other.origin}/v1`, keys, catalogue: 'demo' },
                leaving: { dialect: 'openai', base_url: `${other.origin}/v1`, keys, catalogue: 'demo' },
            },
            models: {
                talker: { channels: [channel], ...bounds },
                'two-ways': { channels: [channel, { provider: 'second', model: 'gpt-talker' }], strategy: 'priority', ...bounds },
                secret: { channels: [channel], tier: 'other', ...bounds },
                moved: { channels: [{ provider: 'leaving', model: 'gpt-talker' }], ...bounds },
            },
            teams: {
                once: { budgets: [{ limit: '1 calls', per: 'month' }] },
                none: { budgets: [{ limit: '0.03 USD', per: 'month' }] },
                thin: { budgets: [{ limit: '0.04 USD', per: 'month' }] },
                alone: { rate: { parallel: 1 } },
            },
            prices: { 'gpt-talker': price },
        },
    });
    const rig = { provider, other, bursar, outside: await terminator(bursar) };
    /** OpenAI's own client on a session of a new key. */
    rig.open = async ({ team = 'demo', model = 'talker', ready = true } = {}) => {
        const key = await bursar.issueKey({ team });
        const { id } = bursar.lastKey;
        const at = model === 'moved' ? other : provider;
        const from = at.sessions.length;
        const client = new OpenAI({ baseURL: `${rig.outside.origin}/v1`, apiKey: key });
        const events = [];
        const errors = [];
        const ws = new OpenAIRealtimeWS({ model, options: { ca: rig.outside.ca } }, client);
        const session = { ws, events, errors, key, id, closed: null };
        ws.on('event', (event) => events.push(event));
        ws.on('error', (error) => errors.push(error));
        ws.socket.on('close', (code, reason) => (session.closed = { code, reason: String(reason) }));
        session.met = (type, count = 1) => until(`${count} ${type}`, () => events.filter((event) => event.type === type).length >= count && events.filter((event) => event.type === type).at(-1));
        session.say = (text) => ws.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } });
        session.ask = async (text) => {
            const before = events.filter((event) => event.type === 'response.done').length;
            session.say(text);
            ws.send({ type: 'response.create' });
            return session.met('response.done', before + 1);
        };
        session.rows = (count) => until(`${count} rows`, async () => {
            const rows = [...(await outcomes(bursar)).values()].filter((row) => row.key === session.id);
            assert.ok(rows.length <= count, JSON.stringify(rows));
            return rows.length === count && rows.sort((a, b) => (a.at < b.at ? -1 : 1));
        });
        if (ready) {
            await session.met('session.created');
            await session.met('session.updated');
            session.at = at.sessions[from];
        }
        return session;
    };
    rig.held = async () => nanos((await bursar.must('GET', 'ledger')).held_usd);
    rig.stop = async () => {
        rig.outside.stop();
        await bursar.stop();
        await provider.stop();
        await other.stop();
        assert.deepEqual([...provider.allFlaws(), ...other.allFlaws()], []);
    };
    return rig;
}

// Hunts: a second machine that does not take over, or takes over beside the first one; a call that somebody saw answered and that nobody has
// in the books afterwards; a budget that two machines spend.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

import { outcomes } from './support/books.mjs';
import { Bursar, nanos, temporaryFolder } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { reach, until } from './support/process.mjs';
import { Relay } from './support/relay.mjs';

const mandate = 6;
const patience = 9;
const whole = 20_000;
const stops = [];

afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
});

const portOf = (origin) => Number(new URL(origin).port);
/** While it starts anew it does not answer. */
const status = async (bursar) => (await bursar.api('GET', 'standby').catch(() => null))?.body ?? {};
const readiness = async (bursar) => (await (await reach(`${bursar.origin}/readyz`))?.text()) ?? '';

/** Two machines, each of which sees the other one through a relay of its own. */
class Pair {
    static async start({ mode = 'synchronous', budget = '1000 USD', sameKey = true } = {}) {
        const pair = new Pair();
        pair.relays = [await Relay.to({ port: 9 }), await Relay.to({ port: 9 })];
        stops.push(() => Promise.all(pair.relays.map((relay) => relay.stop())));
        const section = (role, other) => ({
            standby: {
                role, mode, peer: `http://127.0.0.1:${pair.relays[other].port}`, secret_file: 'standby.secret',
                mandate_seconds: mandate, patience_seconds: patience,
            },
        });
        const options = { policy: { budgets: [{ limit: budget, per: 'month' }] } };
        pair.a = await Bursar.start(options);
        stops.push(() => pair.a.stop());
        await pair.a.stopService();
        pair.a.sections = { ...pair.a.sections, ...section('primary', 1) };
        pair.a.writeConfiguration();
        const made = pair.a.daemon(['--pair']);
        assert.equal(made.status, 0, made.stderr);

        pair.b = new Bursar();
        Object.assign(pair.b, { options: { ...options, sections: section('standby', 0) }, folder: temporaryFolder(), providerFolder: temporaryFolder() });
        pair.b.providerOrigin = pair.a.providerOrigin;
        pair.b.token = pair.a.token;
        stops.push(() => pair.b.stop());
        pair.b.configure();
        if (sameKey) pair.copyKey();
        const paired = pair.b.daemon(['--pair'], made.stdout);
        assert.equal(paired.status, 0, paired.stderr);

        await pair.a.launch();
        pair.relays[0].target = { port: portOf(pair.a.origin) };
        await pair.b.launch({ ready: false });
        pair.relays[1].target = { port: portOf(pair.b.origin) };
        if (!sameKey) return pair;
        await until('the standby to have a copy that counts', async () => (await status(pair.b)).post === 'standby', whole);
        await until('the primary to count on it', async () => (await status(pair.a)).may_spend, whole);
        return pair;
    }

    copyKey() {
        copyFileSync(this.a.path('master.key'), this.b.path('master.key'));
    }
}

/** Calls at a steady pace, whether they are answered or not. Of those that were, when and by which id. */
class Load {
    #timer;
    #running = new Set();

    constructor(bursar, key, perSecond) {
        this.answered = [];
        this.refused = [];
        this.sent = 0;
        const every = 20;
        this.#timer = setInterval(() => {
            for (let i = 0; i < (perSecond * every) / 1000; ++i) this.#begin(bursar, key);
        }, every);
    }

    #begin(bursar, key) {
        ++this.sent;
        const call = this.#call(bursar, key).finally(() => this.#running.delete(call));
        this.#running.add(call);
    }

    async #call(bursar, key) {
        try {
            const answer = await send(bursar, key, 'openai', '[[demo tokens=5]]', { max_tokens: 10 }, AbortSignal.timeout(patience * 1000));
            await answer.text();
            if (answer.status === 200) this.answered.push({ id: answer.headers.get('x-bursar-call-id'), at: performance.now() });
            else this.refused.push(answer.status);
        } catch {
            // Killed, or cut: nobody saw an answer.
        }
    }

    async stop() {
        clearInterval(this.#timer);
        await Promise.all(this.#running);
    }
}

/** When the first call was answered there. */
async function firstAnswer(bursar, key) {
    return until('a call that is answered', async () => {
        const answer = await send(bursar, key, 'openai', '[[demo tokens=5]]', { max_tokens: 10 }).catch(() => null);
        await answer?.text();
        return answer?.status === 200 && performance.now();
    }, 60_000);
}

test('a primary is killed under 500 calls a second: the standby takes over, and no acknowledged call is lost', async (t) => {
    const { a, b } = await Pair.start();
    const key = await a.issueKey();
    assert.equal((await reach(`${b.origin}/readyz`)).status, 503, 'a load balancer would send calls to the standby');
    const asked = await send(b, key, 'openai', 'hello');
    assert.equal(asked.status, 503);
    assert.match(await asked.text(), /may not spend now/);
    const load = new Load(a, key, 500);
    await pause(3000);
    const killed = performance.now();
    const seconds = (killed - killed + 3000) / 1000;
    await a.kill();
    const rate = Math.round(load.answered.length / seconds);
    const back = await firstAnswer(b, key);
    await load.stop();
    assert.ok(load.answered.length > 100, `only ${load.answered.length} calls were answered: this proves nothing`);
    const rows = await outcomes(b);
    const lost = load.answered.filter(({ id }) => !rows.has(id));
    t.diagnostic(`sent ${load.sent} calls, ${load.answered.length} were answered (${rate} a second) before the kill`);
    t.diagnostic(`taken over in ${((back - killed) / 1000).toFixed(1)} s (patience ${patience} s); lost acknowledged calls: ${lost.length}`);
    assert.deepEqual(lost, []);
    assert.ok(back - killed < 60_000);
    const after = await status(b);
    assert.equal(after.post, 'alone');
    assert.equal(after.epoch, 3);
    assert.equal((await b.must('POST', 'audit/verify')).intact, true);
    assert.ok((await b.must('GET', 'alerts')).alerts.some(({ kind }) => kind === 'standby.took_over'));

    // Back from the dead: it must not serve beside the other one.
    await a.launch({ ready: false });
    await until('the former primary to know', async () => /Pair it anew/.test(await readiness(a)), whole);
    assert.equal((await send(a, key, 'openai', 'hello')).status, 503);
});

test('two machines that are cut from each other never spend more than the budget', async (t) => {
    const budget = '0.05 USD';
    const { a, b, relays } = await Pair.start({ budget });
    const key = await a.issueKey();
    const first = new Load(a, key, 50);
    await pause(500);
    for (const relay of relays) relay.become('mute');
    const cut = performance.now();
    const back = await firstAnswer(b, key);
    // Until there is nothing left: whatever the other one spends now is too much.
    const second = new Load(b, key, 100);
    await until('the budget to be used up', async () => second.refused.some((code) => code === 429 || code === 402 || code === 403), 60_000);
    await second.stop();
    await first.stop();
    const billed = a.provider.billed();
    t.diagnostic(`taken over ${((back - cut) / 1000).toFixed(1)} s after the cut; both together were billed ${billed} of ${nanos('0.05')} nano-dollars`);
    assert.ok(billed <= nanos('0.05'), `billed ${billed}`);
    assert.notEqual((await status(a)).may_spend, true, 'the former primary would still spend');
    for (const relay of relays) relay.become('open');
    await until('the former primary to know', async () => (await status(a)).post === 'retired', whole);
    assert.equal((await send(a, key, 'openai', 'hello')).status, 503);
});

test('a primary that had to stop without its standby serves again once that is back', async () => {
    const { a, b, relays } = await Pair.start();
    const key = await a.issueKey();
    await firstAnswer(a, key);
    await b.kill();
    await until('the mandate to end', async () => (await status(a)).may_spend === false, whole);
    assert.equal((await send(a, key, 'openai', 'hello')).status, 503);
    const write = await a.api('POST', 'keys', { name: 'meanwhile', team: 'demo' });
    assert.equal(write.status, 503, 'nobody but this machine would have that key');
    await b.launch({ ready: false });
    relays[1].target = { port: portOf(b.origin) };
    await until('the mandate to be back', async () => (await status(a)).may_spend, whole);
    await firstAnswer(a, key);
    await a.issueKey();
});

test('a machine whose master key opens nothing is not counted on, and is as soon as it has the right one', async () => {
    const pair = await Pair.start({ sameKey: false });
    const { a, b } = pair;
    const key = await a.issueKey();
    await firstAnswer(a, key);
    const unfit = async (machine, words) => words.test((await status(machine)).unfit ?? '');
    await until('the standby to say that its key does not fit', () => unfit(b, /does not open the primary's vault/), whole);
    await until('the primary to hear of it', () => unfit(a, /Copy this machine's key to it/), whole);
    assert.equal((await status(a)).post, 'alone');
    assert.equal((await status(b)).post, 'follower');
    const drill = a.ctl(['standby', 'drill']);
    assert.equal(drill.status, 1);
    assert.match(drill.stderr, /does not open what it has/);
    assert.match(await readiness(b), /does not open the primary's vault/);
    pair.copyKey();
    await until('the standby to count', async () => (await status(b)).post === 'standby', whole);
    await until('the primary to see it', async () => !(await status(a)).unfit && (await status(a)).post === 'primary', whole);
    assert.equal(a.ctl(['standby', 'drill']).status, 0);

    // The key of before stands there again when the primary is lost: the right one may come late.
    writeFileSync(b.path('master.key'), 'ab'.repeat(32));
    await until('the standby to see another key', () => unfit(b, /does not open the primary's vault/), whole);
    await a.kill();
    pair.copyKey();
    await firstAnswer(b, key);
});

test('by plan the standby takes over at once, and the former primary follows it', async (t) => {
    const { a, b } = await Pair.start({ mode: 'asynchronous' });
    const key = await a.issueKey();
    await firstAnswer(a, key);
    assert.equal(a.ctl(['standby', 'drill']).status, 0);
    const began = performance.now();
    const asked = a.ctl(['standby', 'take-over']);
    assert.equal(asked.status, 0, asked.stderr);
    const back = await firstAnswer(b, key);
    t.diagnostic(`handed over in ${((back - began) / 1000).toFixed(1)} s`);
    assert.equal((await outcomes(b)).size >= 2, true);
    await until('the former primary to follow', async () => (await status(a)).post === 'standby', whole);
    assert.equal((await reach(`${a.origin}/readyz`)).status, 503);
    // And back, asked on the machine that wants it.
    const wish = a.daemon(['--take-over']);
    assert.equal(wish.status, 0, wish.stderr);
    await firstAnswer(a, key);
    assert.equal((await status(a)).epoch, 5);
});

test('the other machine is known by the key of its certificate', async () => {
    const a = await Bursar.start({ tls: true, unseal: false, secrets: {} });
    stops.push(() => a.stop());
    const der = execFileSync('sh', ['-c', 'openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64'], { cwd: a.folder });
    const origin = a.origin;
    for (const [pin, seen] of [[der.toString().trim(), /status 404/], [Buffer.alloc(32).toString('base64'), /has another key/]]) {
        const b = new Bursar();
        const standby = { role: 'standby', peer: origin, peer_key: pin, secret_file: 'standby.secret' };
        Object.assign(b, { options: { sections: { standby } }, folder: temporaryFolder(), providerFolder: temporaryFolder(), providerOrigin: a.providerOrigin });
        stops.push(() => b.stop());
        b.configure();
        assert.equal(b.daemon(['--pair'], 'ab'.repeat(32)).status, 0);
        await b.launch({ ready: false });
        await until('what the standby says of it', async () => seen.test(await readiness(b)), whole);
    }
});

// Hunts: a call that is charged twice, or not at all, because the service stopped, died or was restored, or because a period ended, in
// the middle of its stream.
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { outcomes, rowOf, settled, sum, usageTotal } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { finishedByItself, readStream, send } from './support/calls.mjs';
import { slow, until } from './support/process.mjs';

const parallel = slow ? 8 : 24;
const dialects = ['openai', 'anthropic'];
/** An answer of about that many seconds. */
const lasting = (seconds, words = 40) => `[[demo tokens=${words} delay_ms=${Math.round((1000 * seconds) / words)}]]`;

/** Begins streams of both dialects, half of them with holds that grow; each promise ends with what its client got, whatever that is. */
function begin(bursar, keys, content) {
    return Array.from({ length: parallel }, async (_, i) => {
        const got = { i, status: 0, call: null, text: '' };
        try {
            const answer = await send(bursar, keys[i % keys.length], dialects[i % 2], content, { stream: true, max_tokens: i % 4 < 2 ? 300 : 16_000 });
            got.status = answer.status;
            got.call = answer.headers.get('x-bursar-call-id');
            for await (const piece of answer.body) got.text += Buffer.from(piece);
        } catch (error) {
            got.broken = error;
        }
        return { ...got, read: readStream(got.text) };
    });
}

const underWay = (bursar) =>
    until('all streams to be under way', async () => {
        const metrics = await (await fetch(`${bursar.origin}/metrics`, { headers: { authorization: `Bearer ${bursar.token}` } })).text();
        return Number(/^bursar_streams_open (\d+)/m.exec(metrics)?.[1]) >= parallel;
    });

/** The three sums that must be one: of the rows, of the usage report, and of the ledger. */
async function oneSum(bursar) {
    const { spending } = await settled(bursar);
    const rows = await outcomes(bursar);
    const booked = sum([...rows.values()].map((row) => nanos(row.cost_usd)));
    const usage = await usageTotal(bursar);
    assert.equal(usage.cost, booked, 'usage and rows differ');
    assert.equal(spending.org?.cost ?? 0n, booked, 'ledger and rows differ');
    const keys = Object.entries(spending).filter(([account]) => account.startsWith('key:'));
    assert.equal(sum(keys.map(([, { cost }]) => cost)), booked, 'the keys differ from the organisation');
    return { spending, rows, booked };
}

/** Each line of the bill is one row's, at its sum if the row has the provider's count, else covered by what was held. */
function compare(bill, rows) {
    const byId = new Map([...rows.values()].filter((row) => row.provider_request_id).map((row) => [row.provider_request_id, row]));
    let estimated = 0n;
    const untold = [];
    for (const line of bill) {
        const row = byId.get(line.id);
        byId.delete(line.id);
        if (!row) untold.push(line);
        else if (row.usage_source === 'provider') assert.equal(nanos(row.cost_usd), BigInt(line.cost_nanousd), `${row.call} is not booked as billed`);
        else estimated += nanos(row.cost_usd) - BigInt(line.cost_nanousd);
    }
    for (const row of byId.values()) assert.notEqual(row.usage_source, 'provider', `${row.call} says a count that the provider never billed`);
    return { untold, estimated };
}

describe('a restart in the middle of streams', () => {
    let bursar, keys;
    before(async () => {
        bursar = await Bursar.start({ policy: { budgets: [{ limit: '100 USD', per: 'month' }] }, limits: { drain_seconds: slow ? 30 : 8 } });
        keys = [await bursar.issueKey(), await bursar.issueKey()];
    });
    after(() => bursar?.stop());

    test('a stop lets what ends in time end, and tells the others; each is charged once', async () => {
        const short = begin(bursar, keys, lasting(2));
        const long = begin(bursar, keys, lasting(60, 200));
        await until('twice as many streams', async () => (await bursar.must('GET', 'ledger')).holds_open === 2 * parallel);
        await underWay(bursar);
        await bursar.stopService();
        for (const got of await Promise.all(short)) assert.ok(finishedByItself(got.read), `${got.i}: ${got.text.slice(-200)}`);
        for (const got of await Promise.all(long)) {
            assert.equal(got.read.end, 'error', `${got.i} was cut and looks ended: ${got.text.slice(-200)}`);
            assert.match(got.read.error.message, /restarting/);
        }
        await bursar.launch();
        assert.deepEqual((await bursar.must('GET', 'ledger')).lost_calls, []);
        const { rows } = await oneSum(bursar);
        assert.equal(rows.size, 2 * parallel);
        for (const row of rows.values()) assert.ok(nanos(row.cost_usd) > 0n, `${row.call} is free`);
        const bill = await until('the bill of the streams that were cut', () => bursar.provider.bill().length === 2 * parallel && bursar.provider.bill());
        const { untold } = compare(bill, rows);
        assert.deepEqual(untold, []);
        for (const got of await Promise.all(long)) assert.ok(nanos(rows.get(got.call).cost_usd) >= BigInt(got.read.count) * 10_000n, 'less than was delivered');
    });

    test('a kill charges each call that was open once, with what was held for it', async () => {
        const before = await oneSum(bursar);
        const billedBefore = bursar.provider.bill().length;
        const ended = begin(bursar, keys, '[[demo tokens=9]]');
        for (const got of await Promise.all(ended)) {
            assert.ok(finishedByItself(got.read));
            await rowOf(bursar, got.call); // a kill takes rows that are not written yet; kills.test.mjs is about those
        }
        const cut = begin(bursar, keys, lasting(60, 200));
        await underWay(bursar);
        await bursar.kill();
        await Promise.all(cut);
        await bursar.launch();
        const { lost_calls: lost } = await bursar.must('GET', 'ledger');
        assert.equal(lost.length, parallel);
        const { rows, booked } = await oneSum(bursar);
        const bill = await until('the bill', () => bursar.provider.bill().length === billedBefore + 2 * parallel && bursar.provider.bill());
        const { untold } = compare(bill, rows);
        assert.equal(untold.length, parallel, 'the lost ones, and only they, have no answer in the books');
        const held = sum(lost.map((call) => nanos(call.cost_usd)));
        assert.ok(sum(untold.map((line) => BigInt(line.cost_nanousd))) <= held, 'lost calls cost more than was held');
        assert.equal(booked - before.booked, held + BigInt(parallel) * BigInt(bill[billedBefore].cost_nanousd));
        for (const { call } of lost) assert.equal(rows.get(call).usage_source, 'lost');
        // Another start charges nothing again.
        await bursar.stopService();
        await bursar.launch();
        assert.deepEqual((await bursar.must('GET', 'ledger')).lost_calls, []);
        assert.equal((await oneSum(bursar)).booked, booked);
    });
});

describe('a restored state folder', () => {
    let bursar, key;
    const copyTo = (name) => {
        rmSync(bursar.path(name), { recursive: true, force: true });
        cpSync(bursar.path('state'), bursar.path(name), { recursive: true });
    };
    /** Puts the state of a backup where the service looks for it, as an administrator would. */
    async function restore(name) {
        rmSync(bursar.path('state.broken'), { recursive: true, force: true });
        renameSync(bursar.path('state'), bursar.path('state.broken'));
        cpSync(bursar.path(name), bursar.path('state'), { recursive: true });
        await bursar.launch();
    }
    const call = async (words) => {
        const answer = await send(bursar, key, 'openai', `[[demo tokens=${words}]]`, { max_tokens: 100 });
        assert.equal(answer.status, 200);
        await answer.text();
        return answer;
    };

    before(async () => {
        bursar = await Bursar.start();
        key = await bursar.issueKey();
    });
    after(() => bursar?.stop());

    test('has the books of its time: what came later is not in it, and what comes now is booked once', async () => {
        for (let words = 10; words < 15; words += 1) await rowOf(bursar, await call(words));
        await bursar.stopService();
        copyTo('backup');
        const billedThen = bursar.provider.billed();
        await bursar.launch();
        const then = await oneSum(bursar);
        assert.equal(then.booked, billedThen);
        const later = await call(50);
        const between = bursar.provider.billed() - billedThen;
        await rowOf(bursar, later);
        await bursar.stopService();

        await restore('backup');
        const now = await oneSum(bursar);
        assert.equal(now.booked, billedThen, 'the books are not those of the backup');
        assert.deepEqual([...now.rows.keys()].sort(), [...then.rows.keys()].sort());
        assert.ok((await bursar.must('POST', 'audit/verify', {})).intact);
        await rowOf(bursar, await call(20));
        assert.equal((await oneSum(bursar)).booked, bursar.provider.billed() - between, 'all but what came between is booked, once');
    });

    test('of a moment in the middle of streams: what was open then is lost then, as often as it is restored', async () => {
        const cut = begin(bursar, [key], lasting(60, 200));
        await underWay(bursar);
        await bursar.kill();
        await Promise.all(cut);
        copyTo('torn');
        const sums = [];
        for (let round = 0; round < 2; round += 1) {
            if (round === 0) await bursar.launch();
            else await restore('torn');
            const { lost_calls: lost } = await bursar.must('GET', 'ledger');
            assert.equal(lost.length, parallel);
            sums.push((await oneSum(bursar)).booked);
            assert.ok((await bursar.must('POST', 'audit/verify', {})).intact);
            await bursar.stopService();
        }
        assert.equal(sums[0], sums[1]);
        await bursar.launch();
        await rowOf(bursar, await call(30));
        assert.equal((await oneSum(bursar)).booked, sums[0] + BigInt(bursar.provider.bill().at(-1).cost_nanousd));
    });
});

describe('a period that ends in the middle of streams', () => {
    let bursar, keys, tight;
    const minute = 60_000;
    const nextMinute = () => Math.ceil((Date.now() + 1) / minute) * minute;
    const budgets = async (account) => (await bursar.must('GET', 'budgets')).budgets.filter((budget) => budget.account === account);
    const inMoney = async () => (await budgets('team:demo')).find(({ measure }) => measure === 'money');

    before(async () => {
        bursar = await Bursar.start({
            policy: {
                budgets: [
                    { limit: '1 USD', per: 'minute' },
                    { limit: '100K tokens', per: 'minute' },
                    { limit: '100 calls', per: 'minute' },
                    { limit: '10 USD', per: 'ever' },
                ],
                teams: { tight: { budgets: [{ limit: '1 calls', per: 'minute' }] } },
            },
        });
        keys = [await bursar.issueKey(), await bursar.issueKey()];
        tight = await bursar.issueKey({ team: 'tight' });
    });
    after(() => bursar?.stop());

    /** Waits until so many milliseconds are left of the minute. */
    async function beforeBorder(t, left) {
        if (nextMinute() - Date.now() < left) await until('a new minute', ((border) => () => Date.now() >= border)(nextMinute()), 2 * left);
        const border = nextMinute();
        t.diagnostic(`waits ${Math.round((border - left - Date.now()) / 1000)} s for the end of a minute: limits per minute are the shortest there are`);
        await until('the end of a minute', () => Date.now() >= border - left, 70_000);
        return border;
    }
    const passed = (border) => until('the border', () => Date.now() >= border + 20, 30_000);

    test('each stream is booked once, to the minute in which it began; the new one is not charged', async (t) => {
        const lead = slow ? 8_000 : 3_000;
        const border = await beforeBorder(t, lead);
        // Of 200 words: those holds that may grow do so behind the border.
        const streams = begin(bursar, keys, lasting((2 * lead) / 1000, 200));
        const one = (content) => send(bursar, tight, 'openai', content, { stream: true, max_tokens: 300 });
        const first = await one(lasting((2 * lead) / 1000));
        assert.equal(first.status, 200);
        const second = await one('[[demo tokens=3]]');
        assert.equal(second.status, 402, 'the one call of this minute is under way');
        await second.text();
        await underWay(bursar);
        const old = await inMoney();
        assert.ok(Date.now() < border, 'too slow to begin before the border');
        assert.equal(Date.parse(old.period_end), border);
        assert.ok(nanos(old.held_usd) > 0n && nanos(old.spent_usd) === 0n, JSON.stringify(old));

        await passed(border);
        assert.ok((await bursar.must('GET', 'ledger')).holds_open > 0, 'the streams ended before the border');
        for (const budget of await budgets('team:demo')) {
            if (budget.per !== 'minute') continue;
            assert.equal(Date.parse(budget.period_start), border);
            assert.deepEqual([budget.spent, budget.held], [0, 0], `${budget.kind}: the new minute is charged for the old one`);
        }
        // The call of the old minute is still under way, and the new minute has its own.
        const third = await one('[[demo tokens=3]]');
        assert.equal(third.status, 200, 'a call of the old minute takes the place of one of the new');
        await third.text();
        const ends = await Promise.all(streams);
        await first.text();
        for (const got of ends) assert.ok(finishedByItself(got.read), `${got.i}: ${got.text.slice(-200)}`);

        const { spending, rows, booked } = await oneSum(bursar);
        assert.ok(Date.now() < border + minute, 'too slow: the new minute is over');
        for (const budget of await budgets('team:demo')) {
            if (budget.per === 'minute') assert.deepEqual([budget.spent, budget.held], [0, 0], `${budget.kind}: what ended in the new minute was booked to it`);
            else assert.equal(nanos(budget.spent_usd), spending['team:demo'].charge);
        }
        assert.equal(booked, bursar.provider.billed(), 'a call is free, or charged twice');
        assert.deepEqual(compare(bursar.provider.bill(), rows), { untold: [], estimated: 0n });
        for (const got of ends) assert.ok(Date.parse(rows.get(got.call).at) < border);
    });

    test('a kill before the border and a start behind it: what is lost is charged to the old minute', async (t) => {
        const booked = (await oneSum(bursar)).booked;
        const lead = slow ? 12_000 : 4_000;
        const border = await beforeBorder(t, lead);
        const cut = begin(bursar, keys, lasting(60, 200));
        await underWay(bursar);
        await bursar.kill();
        assert.ok(Date.now() < border, 'too slow to die before the border');
        await Promise.all(cut);
        await passed(border);
        await bursar.launch();
        const { lost_calls: lost } = await bursar.must('GET', 'ledger');
        assert.equal(lost.length, parallel);
        for (const budget of await budgets('team:demo'))
            if (budget.per === 'minute') assert.deepEqual([budget.spent, budget.held], [0, 0], `${budget.kind}: the new minute pays for the old one`);
        assert.equal((await oneSum(bursar)).booked, booked + sum(lost.map((call) => nanos(call.cost_usd))));
    });
});

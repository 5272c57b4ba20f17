// Hunts: a call that is tried too often, twice at one place, or for somebody who has left; books that are wrong when the service dies
// between two attempts; a channel or key that is out and nobody can see it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { json, Odd, said, serve, stream, words } from './support/odd.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

const names = ['a', 'b', 'c', 'd', 'e'];
let odds;
let bursar;
let key;
const messages = [{ role: 'user', content: 'hi' }];

before(async () => {
    odds = Object.fromEntries(await Promise.all([...names, 'pool', 'frail'].map(async (name) => [name, await Odd.start(name)])));
    const channels = names.map((provider) => ({ provider, model: 'm' }));
    const secrets = ['k1', 'k2', 'k3', 'k4', 'k5'];
    const patience = { errors: '50%', calls: 3, window: '10s', first_retry: '1500ms', last_retry: '1500ms', key_first_retry: '1500ms', key_last_retry: '1500ms' };
    bursar = await Bursar.start({
        origin: odds.a.origin,
        secrets: Object.fromEntries(['demo', ...secrets].map((name) => [name, `sk-${name}`])),
        policy: {
            providers: {
                ...Object.fromEntries(names.map((name) => [name, odds[name].provider()])),
                drained: odds.a.provider({ on_disconnect: 'drain', drain_max: '10s' }),
                unkept: odds.a.provider({ keys: [{ secret: 'nowhere' }] }),
                pool: odds.pool.provider({ keys: secrets.map((secret) => ({ secret })) }),
                frail: odds.frail.provider({ breaker: patience }),
                'frail-keys': odds.frail.provider({ keys: secrets.slice(0, 3).map((secret) => ({ secret })), breaker: patience }),
            },
            models: {
                usual: { channels },
                twice: { channels, attempts_max: 2 },
                five: { channels, attempts_max: 5, strategy: 'weighted' },
                once: { channels, attempts_max: 1 },
                pair: { channels: channels.slice(0, 2) },
                storm: { channels: channels.slice(0, 2) },
                drained: { channels: [{ provider: 'drained', model: 'm' }, { provider: 'b', model: 'm' }] },
                unkept: { channels: [{ provider: 'unkept', model: 'm' }, { provider: 'b', model: 'm' }] },
                pooled: { channels: [{ provider: 'pool', model: 'm' }] },
                frail: { channels: [{ provider: 'frail', model: 'm' }] },
                'frail-keys': { channels: [{ provider: 'frail-keys', model: 'm' }] },
            },
            prices: { m: demoPrice },
        },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    for (const each of Object.values(odds ?? {})) each.close();
});
beforeEach(() => {
    for (const each of Object.values(odds)) {
        each.well();
        each.seen.length = 0;
    }
});

const ask = (model, more = {}, options = {}) => bursar.call(key, '/v1/chat/completions', { model, max_tokens: 100, messages, ...more }, options);
const rowsOf = (id, count = 1) =>
    until(`rows of ${id}`, async () => {
        const { calls } = await bursar.must('GET', `calls?call=${id}`);
        return calls.length >= count && calls;
    });
const spent = async () => nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo').spent_usd);
const sum = (rows) => rows.reduce((total, { cost_usd }) => total + nanos(cost_usd), 0n);
const asked = () => names.map((name) => odds[name].calls);
const unavailable = (response) => json(response, 503, { error: { message: 'nobody is at home', type: 'server_error' } });

// --- how often

const failures = {
    'say that they fail': { answer: unavailable, status: 503, words: /nobody is at home/ },
    'break off': { answer: (response) => response.socket.destroy(), status: 502, words: /provider/i },
    'begin streams with errors': { answer: (response) => stream(response).end('data: {"error":{"message":"overloaded","type":"server_error"}}\n\n'), status: 502, words: /provider/i, streamed: true },
    'say that there is no such model': { answer: (response) => json(response, 404, { error: { message: 'no such model here', code: 'model_not_found' } }), status: 404, words: /no such model here/ },
};
for (const [name, failure] of Object.entries(failures))
    for (const [model, most] of [['usual', 3], ['twice', 2], ['five', 5], ['once', 1]])
        test(`when all channels ${name}, a call of "${model}" makes ${most} attempts and ends with one honest error`, async () => {
            for (const each of names) odds[each].answer = failure.answer;
            const before = await spent();
            const response = await ask(model, { stream: failure.streamed ?? false });
            const text = await response.text();
            assert.equal(response.status, failure.status, text);
            assert.match(JSON.parse(text).error.message, failure.words);
            assert.equal(asked().reduce((all, calls) => all + calls), most);
            assert.ok(asked().every((calls) => calls <= 1), `each at most once: ${asked()}`);
            if (model !== 'five') assert.deepEqual(asked(), names.map((_, index) => (index < most ? 1 : 0)), 'in their order');
            const rows = await rowsOf(response.headers.get('x-bursar-call-id'), most);
            assert.deepEqual(rows.map(({ superseded }) => superseded), [false, ...Array(most - 1).fill(true)]);
            assert.equal(new Set(rows.map(({ channel }) => channel)).size, most);
            assert.deepEqual([rows[0].status, rows[0].attempts], [failure.status, most]);
            assert.equal((await spent()) - before, sum(rows));
        });

test('attempts_max bounds the keys of a pool, too', async () => {
    odds.pool.answer = (response) => json(response, 429, { error: { message: 'slow down', type: 'rate_limit_error' } }, { 'retry-after-ms': '20' });
    const response = await ask('pooled');
    assert.equal(response.status, 429);
    await response.text();
    const keys = odds.pool.seen.map(({ headers }) => headers.authorization);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 3, 'another key every time');
});

// --- what it costs, and what is counted

test('a call that failed over is one call, with the cost of all its attempts', async () => {
    const usage = async () => {
        const [row] = (await bursar.must('GET', 'usage?group_by=team')).rows;
        return { calls: row?.calls ?? 0, cost: nanos(row?.cost_usd ?? '0') };
    };
    const metrics = async () => {
        const { text } = await bursar.api('GET', '../../metrics');
        return (name) => Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} ([\\d.]+)$`, 'm').exec(text)?.[1] ?? 0);
    };
    odds.a.answer = (response) => response.socket.destroy();
    odds.b.answer = unavailable;
    const before = { usage: await usage(), metrics: await metrics() };
    const response = await ask('usual');
    assert.equal(said(await response.text()), `${words} c`);
    const rows = await rowsOf(response.headers.get('x-bursar-call-id'), 3);
    assert.equal(nanos(response.headers.get('x-bursar-cost-usd')), sum(rows), 'what the caller is told');
    assert.deepEqual(rows.map(({ attempts }) => attempts), [3, 1, 2]);
    const after = { usage: await usage(), metrics: await metrics() };
    assert.equal(after.usage.calls - before.usage.calls, 1);
    assert.equal(after.usage.cost - before.usage.cost, sum(rows));
    const more = (name) => after.metrics(name) - before.metrics(name);
    assert.equal(more('bursar_attempts_failed_over_total'), 2);
    assert.equal(more('bursar_calls_total{endpoint="chat_completions",status="200",fault=""}'), 1);
    for (const [name, failed] of [['a', 1], ['b', 1], ['c', 0]]) {
        assert.equal(more(`bursar_channel_calls_total{channel="${name}/m"}`), 1, name);
        assert.equal(more(`bursar_channel_failures_total{channel="${name}/m"}`), failed, name);
    }
    assert.ok(Math.abs(more('bursar_cost_usd_total') * 1e9 - Number(sum(rows))) < 1, `${more('bursar_cost_usd_total')}`);
});

test('a provider whose secret nobody has put is passed over, and nothing is charged for it', async () => {
    const response = await ask('unkept');
    assert.equal(said(await response.text()), `${words} b`);
    const rows = await rowsOf(response.headers.get('x-bursar-call-id'));
    assert.equal(sum(rows), nanos(response.headers.get('x-bursar-cost-usd')));
    assert.deepEqual(rows.filter(({ superseded }) => !superseded).map(({ channel }) => channel), ['b/m']);
    assert.deepEqual(asked(), [0, 1, 0, 0, 0]);
    assert.equal((await bursar.must('GET', 'providers')).keys.find(({ provider }) => provider === 'unkept').state, 'refused');
    await bursar.putSecret('nowhere', 'sk-found');
    await until('it is found', async () => said(await (await ask('unkept')).text()) === `${words} a`);
    assert.equal(odds.a.seen[0].headers.authorization, 'Bearer sk-found');
});

test('a policy that comes between two attempts is for the next call', async () => {
    let first;
    odds.a.answer = (response) => (first = response);
    const pending = ask('pair');
    await until('the first provider has it', () => first);
    let kept;
    await bursar.changePolicy((policy) => {
        kept = policy.models.pair;
        policy.models.pair = { tier: 'standard', channels: [{ provider: 'c', model: 'm' }] };
    });
    unavailable(first);
    assert.equal(said(await (await pending).text()), `${words} b`);
    assert.equal(said(await (await ask('pair')).text()), `${words} c`);
    await bursar.changePolicy((policy) => (policy.models.pair = kept));
    assert.deepEqual(asked(), [1, 1, 1, 0, 0]);
});

// --- for whom

/** Asks, and leaves when `there` says so. Gives the newest call's rows when it is over. */
async function leaveAt(model, streamed, there) {
    const before = new Set((await bursar.must('GET', 'calls?limit=50')).calls.map(({ call }) => call));
    const leave = new AbortController();
    const gone = ask(model, { stream: streamed }, { signal: leave.signal }).then((response) => response.text());
    gone.catch(() => {});
    await there(() => leave.abort());
    await assert.rejects(gone);
    const own = await until('its row', async () => (await bursar.must('GET', 'calls?limit=50')).calls.find(({ call }) => !before.has(call)));
    return rowsOf(own.call);
}

for (const streamed of [false, true])
    test(`${streamed ? 'streamed' : 'plain'}: who leaves during the first attempt gets no second one`, async () => {
        let first;
        odds.a.answer = (response) => (first = { closed: new Promise((resolve) => response.on('close', resolve)) });
        const before = await spent();
        const rows = await leaveAt('pair', streamed, async (leave) => {
            await until('the first provider has it', () => first);
            leave();
            await first.closed; // Bursar has given it up
        });
        assert.deepEqual(asked(), [1, 0, 0, 0, 0]);
        assert.equal(rows.length, 1);
        assert.deepEqual([rows[0].status, rows[0].superseded], [499, false]);
        assert.ok(nanos(rows[0].cost_usd) > 0n, 'the provider may have been at it');
        assert.equal((await spent()) - before, sum(rows));
    });

test('who leaves while a provider is heard out gets no second attempt when it fails', async () => {
    let first;
    odds.a.answer = (response) => (first = response);
    const rows = await leaveAt('drained', false, async (leave) => {
        await until('the first provider has it', () => first);
        leave();
        // His leaving is on its way to Bursar; these are behind it.
        for (let i = 0; i < 10; ++i) await (await fetch(`${bursar.origin}/healthz`)).text();
        unavailable(first);
    });
    assert.deepEqual(asked(), [1, 0, 0, 0, 0]);
    assert.equal(rows.length, 1);
    assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
});

test('who leaves in the very moment of a failure has right books, and no attempt goes on for him', async () => {
    for (let i = 0; i < 20; ++i) {
        for (const name of names) odds[name].seen.length = 0;
        let first;
        let second;
        odds.a.answer = (response) => (first = response);
        odds.b.answer = (response) => (second = new Promise((resolve) => response.on('close', () => resolve(true))));
        const before = await spent();
        const rows = await leaveAt('pair', i % 2 === 0, async (leave) => {
            await until('the first provider has it', () => first);
            if (i % 4 < 2) leave();
            unavailable(first);
            if (i % 4 >= 2) leave();
        });
        if (second) assert.equal(await second, true, 'the second provider was told');
        assert.deepEqual(asked().slice(2), [0, 0, 0]);
        assert.equal(rows.filter(({ superseded }) => !superseded).length, 1);
        assert.ok(rows.length === 1 + odds.b.calls || (rows.length === 2 && odds.b.calls === 0), `${rows.length} rows, and ${odds.b.calls} calls of the second`);
        assert.equal((await spent()) - before, sum(rows));
    }
    assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
});

test('whoever left, no channel believes that a call is still there', async () => {
    const busy = async () => (await bursar.must('GET', 'providers')).channels.filter(({ under_way }) => under_way !== 0);
    await until('nothing is under way', async () => (await busy()).length === 0);
});

// --- what can be seen

test('a channel’s way out and back is told by the API, bursarctl, the metrics and the audit', async () => {
    const channel = async () => (await bursar.must('GET', 'providers')).channels.find((each) => each.channel === 'frail/m');
    const metric = async (name) => new RegExp(`^${name}(?:\\{channel="frail/m"\\}) (\\d+)$`, 'm').exec((await bursar.api('GET', '../../metrics')).text)?.[1];
    const table = () => bursar.ctl(['providers']).stdout.split('\n').find((line) => line.startsWith('frail/m '));
    const since = Date.now();
    assert.equal((await channel()).state, 'well');
    assert.match(table(), /^frail\/m\s+well\s/);
    odds.frail.answer = unavailable;
    for (let i = 0; i < 3; ++i) assert.equal((await ask('frail')).status, 503);
    const out = await channel();
    assert.deepEqual([out.state, out.recent_calls, out.recent_failures, out.failures, out.under_way], ['out', 3, 3, 3, 0]);
    assert.match(out.why, /503/);
    assert.ok(Date.parse(out.since) >= since - 1000 && Date.parse(out.retry_at) > Date.parse(out.since), JSON.stringify(out));
    assert.equal(await metric('bursar_channel_healthy'), '0');
    assert.match(table(), /^frail\/m\s+out\s+3\s+3\s+0\s.*503/);
    const shown = JSON.parse(bursar.ctl(['providers', '--json']).stdout).channels.find((each) => each.channel === 'frail/m');
    assert.deepEqual([shown.state, shown.why, shown.retry_at], ['out', out.why, out.retry_at]);
    // Where nothing else is, a channel that fails is still asked; its success brings it back.
    assert.equal((await ask('frail')).status, 503);
    odds.frail.well();
    assert.equal((await ask('frail')).status, 200);
    const back = await channel();
    assert.equal(back.state, 'well');
    assert.equal(back.retry_at, null);
    assert.deepEqual([back.history[0].state, back.history.at(-1).state], ['well', 'out']);
    assert.equal(await metric('bursar_channel_healthy'), '1');
    assert.match(table(), /^frail\/m\s+well\s/);
    const told = await until('both in the audit', async () => {
        const { entries } = await bursar.must('GET', 'audit?limit=200');
        const found = entries.filter(({ object }) => object === 'channel:frail/m');
        return found.some(({ action }) => action === 'channel.well') && found;
    });
    assert.deepEqual([told[0].action, told.at(-1).action], ['channel.well', 'channel.out']);
    assert.match(JSON.stringify(told.at(-1).detail), /503/);
    assert.ok(told.every(({ actor }) => actor === 'service'));
});

test('so is a key’s: refused, used up and limited', async () => {
    const faults = {
        k1: [401, { error: { message: 'wrong key' } }, {}, 'refused'],
        k2: [402, { error: { message: 'no money' } }, {}, 'used_up'],
        k3: [429, { error: { message: 'slow down', type: 'rate_limit_error' } }, { 'retry-after-ms': '1500' }, 'limited'],
    };
    const keys = async () => (await bursar.must('GET', 'providers')).keys.filter(({ provider }) => provider === 'frail-keys');
    const usable = async () => [...(await bursar.api('GET', '../../metrics')).text.matchAll(/^bursar_provider_key_usable\{provider="frail-keys",key="(k\d)"\} (\d)$/gm)].map(([, name, value]) => `${name} ${value}`);
    const table = () => bursar.ctl(['providers']).stdout.split('\n').filter((line) => line.startsWith('frail-keys ')).map((line) => line.split(/\s+/).slice(1, 3).join(' '));
    odds.frail.answer = (response, body, request) => json(response, ...faults[request.headers.authorization.slice(-2)].slice(0, 3));
    const response = await ask('frail-keys');
    assert.equal(response.headers.get('x-bursar-attempts') ?? '3', '3');
    await response.text();
    assert.deepEqual((await keys()).map(({ secret, state }) => [secret, state]), Object.entries(faults).map(([name, fault]) => [name, fault[3]]));
    for (const each of await keys()) {
        assert.match(each.why, new RegExp(faults[each.secret][0]));
        assert.ok(Date.parse(each.retry_at) > Date.parse(each.since));
        assert.equal(each.calls, 1);
    }
    assert.deepEqual(await usable(), ['k1 0', 'k2 0', 'k3 0']);
    assert.deepEqual(table(), ['k1 refused', 'k2 used_up', 'k3 limited']);
    assert.equal((await bursar.must('GET', 'providers')).channels.find((each) => each.channel === 'frail-keys/m').state, 'well', 'it is not the channel');
    odds.frail.well();
    await until('all keys are back', async () => {
        await (await ask('frail-keys')).text();
        return (await keys()).every(({ state }) => state === 'well');
    });
    assert.deepEqual(await usable(), ['k1 1', 'k2 1', 'k3 1']);
    const told = await until('all of it in the audit', async () => {
        const { entries } = await bursar.must('GET', 'audit?limit=200');
        const found = entries.filter(({ object }) => object.startsWith('key:frail-keys#')).map(({ action, object }) => `${action} ${object.slice(-2)}`);
        return found.length >= 6 && found;
    });
    assert.deepEqual(told.sort(), ['key.limited k3', 'key.refused k1', 'key.used_up k2', 'key.well k1', 'key.well k2', 'key.well k3']);
});

test('a channel that stays out and a key that stays refused are events, each once', async () => {
    const alerts = async () => (await bursar.must('GET', 'alerts?limit=1000')).alerts.filter(({ kind }) => kind.startsWith('channel.') || kind.startsWith('provider_key.'));
    // Tests before this one may have begun the same: what is back for less than 30 seconds is still out for people.
    odds.frail.answer = unavailable;
    for (let i = 0; i < 3; ++i) assert.equal((await ask('frail')).status, 503);
    odds.frail.answer = (response) => json(response, 401, { error: { message: 'wrong key' } }, {});
    await (await ask('frail-keys')).text();
    const told = await until('both are told of', async () => {
        const found = await alerts();
        return found.some(({ kind, subject }) => kind === 'channel.down' && subject === 'channel:frail/m') && found.some(({ kind }) => kind === 'provider_key.down') && found;
    }, 6000);
    const channel = told.find(({ subject }) => subject === 'channel:frail/m');
    assert.match(channel.text, /^The channel frail\/m is out: .*503.*\. It is tried again by itself$/);
    assert.match(told.find(({ kind }) => kind === 'provider_key.down').text, /^The key k\d of frail-keys is refused: /);
    const subjects = told.filter(({ kind }) => kind.endsWith('.down')).map(({ subject }) => subject);
    assert.equal(new Set(subjects).size, subjects.length, 'one is told twice');
    odds.frail.well();
    assert.equal((await ask('frail')).status, 200);
});

// --- kill -9

/** The rows of every call there was. */
async function allRows() {
    const { calls } = await bursar.must('GET', 'calls?limit=1000');
    const all = [];
    for (const { call } of calls) all.push((await bursar.must('GET', `calls?call=${call}`)).calls);
    return all;
}

const firsts = {
    'that may have cost something': { answer: (response) => response.socket.destroy(), costs: true },
    'that cost nothing': { answer: unavailable, costs: false },
};
for (const [name, first] of Object.entries(firsts))
    for (const streamed of [false, true])
        test(`kill -9 after a ${streamed ? 'streamed' : 'plain'} attempt ${name}, while the second is under way`, async () => {
            const before = await spent();
            const known = new Set((await bursar.must('GET', 'calls?limit=50')).calls.map(({ call }) => call));
            odds.a.answer = first.answer;
            odds.b.answer = () => {};
            const cut = ask('pair', { stream: streamed }).then((response) => response.text());
            cut.catch(() => {});
            await until('the second provider has it', () => odds.b.calls > 0);
            await bursar.kill();
            await assert.rejects(cut);
            await bursar.launch();
            const ledger = await bursar.must('GET', 'ledger');
            assert.equal(ledger.holds_open, 0);
            const own = (await bursar.must('GET', 'calls?limit=50')).calls.filter(({ call }) => !known.has(call));
            assert.equal(own.length, 1, JSON.stringify(own));
            const { calls: rows } = await bursar.must('GET', `calls?call=${own[0].call}`);
            assert.deepEqual(rows.map(({ superseded }) => superseded), [false, true], JSON.stringify(rows));
            assert.equal(rows[0].usage_source, 'lost');
            assert.ok(nanos(rows[0].cost_usd) > 0n);
            assert.equal(nanos(rows[1].cost_usd) > 0n, first.costs);
            assert.equal((await spent()) - before, sum(rows));
        });

test('kill -9 among many calls that fail over: every call has one row that counts, and the sums agree', async () => {
    for (let round = 0; round < 2; ++round) {
        // Each provider takes another time for every call, so that the kill finds attempts at every stage.
        let number = 0;
        const after = (response, act) => setTimeout(act, (++number * 7) % 60);
        odds.a.answer = (response) => after(response, () => (number % 2 ? unavailable(response) : response.socket?.destroy()));
        odds.b.answer = (response, body) => after(response, () => (number % 3 ? serve(response, body, 'b') : response.socket?.destroy()));
        odds.c.answer = (response, body) => after(response, () => serve(response, body, 'c'));
        let going = true;
        let ended = 0;
        const load = Array.from({ length: 16 }, async (_, index) => {
            while (going) {
                await ask('usual', { stream: index % 2 === 0 }).then((response) => response.text()).catch(() => (going = false));
                ++ended;
            }
        });
        await until('many calls', () => ended > 60);
        await bursar.kill();
        await Promise.all(load);
        await bursar.launch();
        const calls = await allRows();
        assert.ok(calls.length > 60);
        for (const rows of calls) assert.equal(rows.filter(({ superseded }) => !superseded).length, 1, JSON.stringify(rows));
        assert.equal(await spent(), sum(calls.flat()));
        const { rows } = await bursar.must('GET', 'usage?group_by=channel');
        assert.equal(sum(rows), await spent());
        assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
        assert.equal((await bursar.must('POST', 'audit/verify')).intact, true);
    }
});

// --- and how often in all: last, since it fills the list of calls.

test('a storm of retries dies down: a fifth of the calls, besides a reserve of 500', async () => {
    const calls = 800;
    odds.a.answer = unavailable;
    let refused = 0;
    let left = calls;
    await Promise.all(Array.from({ length: 20 }, async () => {
        while (left-- > 0) {
            const response = await ask('storm');
            const text = await response.text();
            if (response.status === 503) {
                ++refused;
                assert.match(text, /nobody is at home/);
                assert.equal(response.headers.get('x-bursar-attempts'), '1');
            } else {
                assert.equal(said(text), `${words} b`);
            }
        }
    }));
    assert.equal(odds.a.calls, calls);
    assert.equal(odds.b.calls + refused, calls);
    assert.ok(odds.b.calls >= 500 && odds.b.calls <= 500 + calls / 5, `${odds.b.calls} retries`);
});

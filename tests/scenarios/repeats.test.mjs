// Hunts: a call that is sent a thousand times under one Idempotency-Key while its first channel fails, and is paid for twice, sent twice,
// or answered in two ways.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Bursar, nanos } from './support/bursar.mjs';
import { answerCost, json, Odd, role, said, serve, stream, words } from './support/odd.mjs';
import { demoPrice } from './support/policy.mjs';
import { slow, until } from './support/process.mjs';

const repeats = slow ? 200 : 1000;
let bad;
let good;
let bursar;
let key;

before(async () => {
    [bad, good] = await Promise.all(['bad', 'good'].map((name) => Odd.start(name)));
    bursar = await Bursar.start({
        origin: bad.origin,
        policy: {
            providers: { bad: bad.provider(), good: good.provider() },
            models: { pair: { channels: [{ provider: 'bad', model: 'm' }, { provider: 'good', model: 'm', priority: 2 }] } },
            prices: { m: demoPrice },
        },
    });
    key = await bursar.issueKey();
});
after(async () => {
    await bursar?.stop();
    for (const each of [bad, good]) each?.close();
});

const spent = async () => nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo').spent_usd);

// `calls` is how often the failing channel is reached; `costs`: what it did may have been billed.
const faults = {
    'refuses connections': { calls: 0, costs: false },
    'errors first': { answer: (response) => json(response, 503, { error: { message: 'soon' } }), calls: 1, costs: false },
    'dies before the first token': {
        answer: (response, body) => (body.stream ? stream(response).write(role, () => response.socket.destroy()) : response.socket.destroy()),
        calls: 1,
        costs: true,
    },
};

for (const [name, fault] of Object.entries(faults))
    for (const streamed of [true, false])
        test(`${repeats} repeats at once, ${streamed ? 'streamed' : 'plain'}, while the first channel ${name}: one charge, one answer`, async () => {
            let release;
            const released = new Promise((resolve) => (release = resolve));
            good.answer = (response, body) => released.then(() => serve(response, body, 'good'));
            if (fault.answer) bad.answer = fault.answer;
            else await bad.refuse();
            try {
                const before = { bad: bad.calls, good: good.calls, spent: await spent() };
                const idempotency = `${name} ${streamed}`;
                const send = async () => {
                    const body = { model: 'pair', stream: streamed, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
                    const response = await bursar.call(key, '/v1/chat/completions', body, { headers: { 'idempotency-key': idempotency } });
                    return { status: response.status, text: await response.text(), replayed: response.headers.get('x-bursar-replayed'), call: response.headers.get('x-bursar-call-id'), retry: response.headers.get('retry-after') };
                };
                /** As a patient client: a 409 says when to come again. */
                let refused = 0;
                const patient = async () => {
                    for (;;) {
                        const answer = await send();
                        if (answer.status !== 409) return answer;
                        ++refused;
                        assert.equal(JSON.parse(answer.text).error.code, 'call_in_progress', answer.text);
                        assert.equal(answer.retry, '1');
                        await released;
                        await pause(20);
                    }
                };
                const all = Promise.all(Array.from({ length: repeats }, patient));
                await until('the channel that answers, and some who were told to wait', () => good.calls > before.good && refused > repeats / 2);
                release();
                const answers = await all;
                assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
                assert.equal(new Set(answers.map(({ text }) => text)).size, 1, 'one answer, byte for byte');
                assert.equal(new Set(answers.map(({ call }) => call)).size, 1, 'of one call');
                assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
                assert.equal(said(answers[0].text), `${words} good`);
                if (streamed) assert.equal(answers[0].text.split('[DONE]').length, 2);
                assert.equal(good.calls - before.good, 1);
                assert.equal(bad.calls - before.bad, fault.calls);

                const rows = await until('both rows', async () => {
                    const { calls } = await bursar.must('GET', `calls?call=${answers[0].call}`);
                    return calls.length > 1 && calls;
                });
                assert.deepEqual(rows.map(({ superseded, channel }) => [superseded, channel]), [[false, 'good/m'], [true, 'bad/m']]);
                const [kept, failed] = rows.map(({ cost_usd }) => nanos(cost_usd));
                assert.equal(kept, answerCost);
                assert.equal(failed > 0n, fault.costs, `the failed attempt cost ${failed}`);
                assert.equal((await spent()) - before.spent, kept + failed);
                assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
            } finally {
                release();
                if (!fault.answer) await bad.open();
            }
        });

for (const streamed of [false, true])
    test(`${streamed ? 'streamed' : 'plain'}: who leaves before the first channel fails finds the answer of the second`, async () => {
        const idempotency = `left ${streamed}`;
        const body = { model: 'pair', stream: streamed, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
        const send = (options) => bursar.call(key, '/v1/chat/completions', body, { ...options, headers: { 'idempotency-key': idempotency } });
        good.well();
        let first;
        bad.answer = (response) => (first = response);
        const before = { bad: bad.calls, good: good.calls, spent: await spent() };
        const leave = new AbortController();
        const gone = send({ signal: leave.signal }).then((response) => response.text());
        gone.catch(() => {});
        await until('the first channel has it', () => first);
        leave.abort();
        await assert.rejects(gone);
        const early = await send();
        assert.equal(early.status, 409, await early.text());
        json(first, 503, { error: { message: 'soon' } });
        const answer = await until('the answer', async () => {
            const response = await send();
            const text = await response.text();
            return response.status === 200 && { replayed: response.headers.get('x-bursar-replayed'), text };
        });
        assert.equal(answer.replayed, 'true');
        assert.equal(said(answer.text), `${words} good`);
        assert.deepEqual([bad.calls - before.bad, good.calls - before.good], [1, 1]);
        assert.equal((await spent()) - before.spent, answerCost);
    });

test('when all channels fail and it cost nothing, the same key runs again; when it cost something, it does not', async () => {
    const send = async (idempotency) => {
        const body = { model: 'pair', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
        const response = await bursar.call(key, '/v1/chat/completions', body, { headers: { 'idempotency-key': idempotency } });
        return { status: response.status, text: await response.text() };
    };
    const unavailable = (response) => json(response, 503, { error: { message: 'soon' } });
    bad.answer = good.answer = unavailable;
    assert.equal((await send('free')).status, 503);
    good.well();
    assert.equal((await send('free')).status, 200);
    // The first one may have been billed, the second was not: no answer, and a charge.
    bad.answer = (response) => response.socket.destroy();
    good.answer = unavailable;
    const before = { good: good.calls, spent: await spent() };
    assert.equal((await send('paid')).status, 503);
    const cost = (await spent()) - before.spent;
    assert.ok(cost > 0n);
    good.well();
    const again = await send('paid');
    assert.equal(again.status, 409);
    const { error } = JSON.parse(again.text);
    assert.equal(error.code, 'idempotency_key_spent');
    assert.ok(error.message.includes(`cost ${Number(cost) / 1e9} USD`), error.message);
    assert.equal(good.calls, before.good + 1);
    assert.equal((await spent()) - before.spent, cost);
});

test('kill -9 while the second channel answers: the key runs again, and the first charge is in the books as lost', async () => {
    const body = { model: 'pair', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] };
    const send = () => bursar.call(key, '/v1/chat/completions', body, { headers: { 'idempotency-key': 'killed' } });
    bad.answer = (response) => json(response, 503, { error: { message: 'soon' } });
    let there = false;
    good.answer = () => (there = true);
    const cut = send();
    cut.catch(() => {});
    await until('the second channel has it', () => there);
    await bursar.kill();
    await assert.rejects(cut);
    await bursar.launch();
    good.well();
    const before = await spent();
    const response = await send();
    assert.equal(said(await response.text()), `${words} good`);
    assert.equal(response.headers.get('x-bursar-replayed'), null);
    assert.equal((await spent()) - before, answerCost);
    assert.equal((await bursar.must('GET', 'ledger')).lost_calls.length, 1);
    const replay = await send();
    assert.equal(replay.headers.get('x-bursar-replayed'), 'true');
    await replay.text();
    assert.equal((await spent()) - before, answerCost);
});

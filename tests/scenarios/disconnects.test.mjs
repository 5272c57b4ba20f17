// Hunts: a caller who leaves at just the right event and pays nothing, less than was delivered, or twice. Every event of a stream is
// tried, in both dialects and through the translation, for providers that are cancelled and such that are drained.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { costAt, settled, sum } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { eventsOf } from './support/sse.mjs';
import { slow, until } from './support/process.mjs';

const words = slow ? 3 : 6;
const between = slow ? 60 : 25; // milliseconds between the events of a provider that goes on

let bursar;
let cases = 0;
before(async () => {
    const keys = [{ secret: 'demo' }];
    bursar = await Bursar.start({
        policy: {
            budgets: [{ limit: '100 USD', per: 'month' }],
            providers: (origin) => ({
                'drained-openai': { dialect: 'openai', base_url: `${origin}/v1`, keys, catalogue: 'demo', on_disconnect: 'drain' },
                'drained-anthropic': { dialect: 'anthropic', base_url: origin, keys, catalogue: 'demo', on_disconnect: 'drain' },
            }),
            models: {
                'drained-gpt': { channels: [{ provider: 'drained-openai', model: 'demo-gpt' }] },
                'drained-claude': { channels: [{ provider: 'drained-anthropic', model: 'demo-claude' }] },
            },
        },
    });
});
after(() => bursar?.stop());

/** Events of the provider: `made` of a whole answer, one for each word and those around them. */
const ways = {
    'chat completions': { made: words + 4, dialect: 'openai', models: { cancel: 'demo-gpt', drain: 'drained-gpt' }, more: { stream_options: { include_usage: true } } },
    messages: { made: words + 6, dialect: 'anthropic', models: { cancel: 'demo-claude', drain: 'drained-claude' }, more: {} },
    'messages that an OpenAI model answers': { made: words + 4, dialect: 'anthropic', models: { cancel: 'demo-gpt', drain: 'drained-gpt' }, more: {} },
};

const streamsOpen = async () => {
    const metrics = await (await fetch(`${bursar.origin}/metrics`, { headers: { authorization: `Bearer ${bursar.token}` } })).text();
    return Number(/^bursar_streams_open (\d+)/m.exec(metrics)[1]);
};

/** A stream that is left as soon as its client has seen `seen` events; 0: as soon as the provider has begun it. */
async function leaveAfter(seen, way, policy, directives) {
    await bursar.issueKey();
    const { key, id } = bursar.lastKey;
    const billed = bursar.provider.bill().length;
    const leaving = new AbortController();
    const content = `hello ${cases} [[demo tokens=${words} ${directives}]]`;
    const more = { model: way.models[policy], stream: true, max_tokens: 100, ...way.more };
    let text = '';
    const done = (async () => {
        const answer = await send(bursar, key, way.dialect, content, more, leaving.signal);
        for await (const piece of answer.body) {
            text += Buffer.from(piece);
            if (seen > 0 && eventsOf(text).length >= seen) return;
        }
    })().catch((error) => assert.equal(error.name, 'AbortError'));
    if (seen === 0) {
        await until('the stream to begin', async () => (await streamsOpen()) > 0);
        leaving.abort();
    }
    await done;
    leaving.abort();
    cases += 1;
    const line = await until('its line of the bill', () => bursar.provider.bill()[billed]);
    const { spending } = await settled(bursar);
    const rows = await until('its row', async () => {
        const { calls } = await bursar.must('GET', `calls?key=${id}`);
        return calls.length > 0 && calls;
    });
    assert.equal(rows.length, 1, 'one call has several rows');
    assert.equal(bursar.provider.bill().length, billed + 1, 'one call was billed several times');
    const cost = nanos(rows[0].cost_usd);
    assert.ok(cost > 0n, `free, although the provider billed ${line.cost_nanousd}: ${JSON.stringify(rows[0])}`);
    assert.ok(cost >= BigInt(line.cost_nanousd), `booked ${cost} of ${line.cost_nanousd} that were billed: ${JSON.stringify(rows[0])}`);
    assert.equal(spending[`key:${id}`].cost, cost, 'the books and the row differ');
    assert.equal(spending[`key:${id}`].calls, 1n);
    return { row: rows[0], cost, line, text };
}

for (const [name, way] of Object.entries(ways)) {
    describe(name, () => {
        let events; // that a client sees of a whole answer

        before(async () => {
            await bursar.issueKey();
            const answer = await send(bursar, bursar.lastKey.key, way.dialect, `[[demo tokens=${words}]]`, { model: way.models.cancel, stream: true, max_tokens: 100, ...way.more });
            events = eventsOf(await answer.text()).length;
            assert.ok(events > words + 2, `only ${events} events`);
            cases += 1;
        });

        test('cancelled: at every event, what the provider had made until then is booked at least, and the rest is not', async (t) => {
            const told = [];
            for (let seen = 0; seen <= events; seen += 1) {
                // The provider makes one event after the other, slowly: what it bills is what had come when the client left.
                const { row, cost, line } = await leaveAfter(seen, way, 'cancel', `delay_ms=${between}`);
                told.push(`${seen}: ${line.output} made, ${row.usage.output} booked`);
                assert.ok(cost <= nanos(row.held_usd), `${seen}: booked ${cost} of ${row.held_usd} held`);
                // The last event of a whole answer, and the provider's own count, may come before the client is gone.
                if (row.usage_source === 'provider') assert.equal(cost, BigInt(line.cost_nanousd), `${seen}`);
                else assert.equal(row.usage_source, 'estimated', `${seen}`);
                if (seen > 0 && seen < words) assert.equal(line.complete, false, `${seen}: the provider was not told that its client has left`);
            }
            t.diagnostic(told.join('; '));
        });

        test('cancelled while the provider says nothing: at every event it falls silent after', async () => {
            for (let made = 0; made < way.made; made += 1) {
                const { cost, line, row } = await leaveAfter(0, way, 'cancel', `hang_after=${made}`);
                assert.ok(cost <= nanos(row.held_usd), `${made}: booked ${cost} of ${row.held_usd} held, ${line.cost_nanousd} billed`);
            }
        });

        test('drained: at every event, all of the answer is booked as it was billed', async () => {
            for (let seen = 0; seen <= events; seen += 1) {
                const { row, cost, line } = await leaveAfter(seen, way, 'drain', `delay_ms=${between}`);
                assert.equal(line.complete, true, `${seen}: it was not drained`);
                assert.equal(row.usage_source, 'provider', `${seen}`);
                assert.equal(cost, costAt(line), `${seen}`);
                assert.equal(line.output, words);
            }
        });

        test('a plain answer that nobody waits for is booked: at what was held, or drained as it was billed', async () => {
            for (const policy of ['cancel', 'drain']) {
                await bursar.issueKey();
                const { key, id } = bursar.lastKey;
                const billed = bursar.provider.bill().length;
                const leaving = new AbortController();
                const { spending } = await settled(bursar);
                assert.equal(spending[`key:${id}`], undefined);
                const left = send(bursar, key, way.dialect, `[[demo tokens=${words} first_ms=400]]`, { model: way.models[policy], max_tokens: 100 }, leaving.signal).catch((error) => error.name);
                await until('the call to be sent', async () => (await bursar.must('GET', 'ledger')).holds_open === 1);
                leaving.abort();
                assert.equal(await left, 'AbortError');
                cases += 1;
                const after = await settled(bursar);
                const { calls } = await until('its row', async () => {
                    const read = await bursar.must('GET', `calls?key=${id}`);
                    return read.calls.length > 0 && read;
                });
                assert.equal(calls.length, 1);
                const cost = nanos(calls[0].cost_usd);
                if (cost === 0n) {
                    // It may have left before the call was on its way; then the provider knows of nothing.
                    assert.equal(bursar.provider.bill().length, billed);
                    cases -= 1;
                    continue;
                }
                const line = await until('its line of the bill', () => bursar.provider.bill()[billed]);
                if (policy === 'drain') assert.equal(cost, BigInt(line.cost_nanousd));
                else assert.equal(calls[0].cost_usd, calls[0].held_usd);
                assert.ok(cost >= BigInt(line.cost_nanousd), `${policy}: ${cost} of ${line.cost_nanousd}`);
                assert.equal(after.spending[`key:${id}`].cost, cost);
            }
        });
    });
}

test('in the end there is a line of the bill for each call, and nothing is open', async () => {
    const { spending, holds_open: open } = await settled(bursar);
    assert.equal(open, 0);
    const bill = bursar.provider.bill();
    assert.equal(bill.length, cases);
    assert.equal(spending.org.calls, BigInt(cases));
    assert.ok(spending.org.cost >= sum(bill.map((line) => BigInt(line.cost_nanousd))));
});

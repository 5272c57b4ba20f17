// Hunts: a stop that leaves somebody without an answer, an answer that only looks complete, or a hold that nobody closes.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { until } from './support/process.mjs';

let provider;
let bursar;
let key;
let asked = 0;

const event = 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n';

before(async () => {
    // It begins streams and never ends them, and never answers what is not streamed.
    provider = createServer((request, response) => {
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => {
            ++asked;
            if (JSON.parse(body).stream) response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event);
        });
    });
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${provider.address().port}`;
    const draining = { 'demo-openai': { dialect: 'openai', base_url: `${origin}/v1`, keys: [{ secret: 'demo' }], catalogue: 'demo', on_disconnect: 'drain', drain_max: '1h' } };
    bursar = await Bursar.start({ origin, policy: { providers: draining }, limits: { drain_seconds: 3 } });
    key = await bursar.issueKey();
});

after(async () => {
    await bursar?.stop();
    provider?.closeAllConnections();
    provider?.close();
});

test('a stop tells every call under way, and closes its hold', async () => {
    const ask = (more, signal) =>
        fetch(`${bursar.origin}/v1/chat/completions`, {
            method: 'POST',
            headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
            body: JSON.stringify({ model: 'demo-gpt', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }], ...more }),
            signal,
        });
    const plain = ask({});
    const stream = ask({ stream: true }).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
    // Somebody who has left: the answer is drained for an hour, if nobody stops it.
    const leaving = new AbortController();
    const left = ask({}, leaving.signal).catch(() => 'left');
    await until('all three are at the provider', () => asked === 3);
    leaving.abort();
    assert.equal(await left, 'left');

    await bursar.running.stop();
    const refused = await plain;
    assert.equal(refused.status, 503);
    assert.match((await refused.json()).error.message, /restarting/);
    const cut = await stream;
    assert.match(cut.text, /word/);
    assert.match(cut.text, /restarting/);
    assert.doesNotMatch(cut.text, /\[DONE\]/);

    await bursar.launch();
    const ledger = await bursar.must('GET', 'ledger');
    assert.deepEqual(ledger.lost_calls, []);
    const { calls } = await bursar.must('GET', 'calls');
    assert.equal(calls.length, 3);
    for (const call of calls) assert.ok(nanos(call.cost_usd) > 0n, JSON.stringify(call));
});

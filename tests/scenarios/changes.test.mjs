// Hunts: a change that takes effect too late (a revoked key that still works), too hard (a stream that is cut) or only after a restart.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Bursar } from './support/bursar.mjs';
import { eventsOf } from './support/sse.mjs';

let bursar;
before(async () => {
    bursar = await Bursar.start();
});
after(() => bursar?.stop());

const chat = (content, more = {}) => ({ model: 'demo-gpt', messages: [{ role: 'user', content }], ...more });

/** One request over a connection that stays; gives status and local port. */
function over(agent, key, body) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            `${bursar.origin}/v1/chat/completions`,
            { method: 'POST', agent, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } },
            (answer) => {
                const port = answer.socket.localPort;
                answer.resume().on('end', () => resolve({ status: answer.statusCode, port })).on('error', reject);
            },
        );
        request.on('error', reject).end(JSON.stringify(body));
    });
}

test('a revoked key is refused within a second, on the connection it was using', async () => {
    const key = await bursar.issueKey();
    const id = bursar.lastKey.id;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const first = await over(agent, key, chat('[[demo tokens=1]]'));
    const second = await over(agent, key, chat('[[demo tokens=1]]'));
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.equal(first.port, second.port, 'the connection was not kept alive');
    const revoked = Date.now();
    await bursar.must('DELETE', `keys/${id}`);
    const refused = await over(agent, key, chat('[[demo tokens=1]]'));
    assert.equal(refused.status, 401);
    assert.ok(Date.now() - revoked < 1000);
    agent.destroy();
});

test('a revoked key ends no stream that has begun, and begins no other', async () => {
    const key = await bursar.issueKey();
    const answer = await bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=30 delay_ms=20]]', { stream: true }));
    assert.equal(answer.status, 200);
    await bursar.must('DELETE', `keys/${bursar.lastKey.id}`);
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x'))).status, 401);
    assert.equal(eventsOf(await answer.text()).at(-1).data, '[DONE]');
});

test('a rotated key: both texts work for the grace period, then only the next one', async () => {
    const former = await bursar.issueKey();
    const { id } = bursar.lastKey;
    const { key: next } = await bursar.must('POST', `keys/${id}/rotate`, { grace_seconds: 1 });
    for (const key of [former, next]) assert.equal((await bursar.call(key, '/v1/models')).status, 200);
    await pause(1100);
    assert.equal((await bursar.call(former, '/v1/models')).status, 401);
    assert.equal((await bursar.call(next, '/v1/models')).status, 200);
});

test('a key is refused for other models, from other networks and after its time', async () => {
    const narrow = await bursar.issueKey({ models: ['demo-embed'] });
    assert.ok([403, 404].includes((await bursar.call(narrow, '/v1/chat/completions', chat('x'))).status));
    const elsewhere = await bursar.issueKey({ networks: ['10.9.8.0/24'] });
    assert.equal((await bursar.call(elsewhere, '/v1/models')).status, 403);
    const brief = await bursar.issueKey({ expires_at: new Date(Date.now() + 1000).toISOString() });
    assert.equal((await bursar.call(brief, '/v1/models')).status, 200);
    await pause(1100);
    assert.equal((await bursar.call(brief, '/v1/models')).status, 401);
});

test('a new policy is in force for the next call, without a restart, and cuts no stream', async () => {
    const key = await bursar.issueKey();
    const { pid } = bursar.running;
    const stream = await bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=40 delay_ms=20]]', { stream: true }));
    assert.equal(stream.status, 200);
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x', { model: 'second' }))).status, 404);
    await bursar.changePolicy((policy) => {
        policy.models.second = { tier: 'standard', channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] };
        delete policy.models['demo-gpt'];
    });
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x [[demo tokens=2]]', { model: 'second' }))).status, 200);
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x'))).status, 404);
    const events = eventsOf(await stream.text());
    assert.equal(events.at(-1).data, '[DONE]');
    const words = events.filter(({ data }) => data !== '[DONE]' && JSON.parse(data).choices[0]?.delta?.content);
    assert.equal(words.length, 40);
    assert.equal(bursar.running.pid, pid);
    assert.equal(bursar.running.end, undefined);
    // Back again, and the books of the former model are still there.
    await bursar.must('POST', 'policy/rollback', { to: 1, reason: 'scenario' }, { 'if-match': '"2"' });
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x [[demo tokens=2]]'))).status, 200);
});

test('two people who change the policy at once: the second is told', async () => {
    const { headers, body } = await bursar.api('GET', 'policy');
    const change = { documents: body.documents, reason: 'again' };
    assert.equal((await bursar.api('PUT', 'policy', change)).status, 428);
    assert.equal((await bursar.api('PUT', 'policy', change, { 'if-match': '"1"' })).status, 412);
    assert.equal((await bursar.api('PUT', 'policy', change, { 'if-match': headers.get('etag') })).status, 200);
});

test('a wrong policy changes nothing, and every mistake is named with its place', async () => {
    const { body: before } = await bursar.api('GET', 'policy');
    const text = 'teams:\n  a:\n    budgets: [{limit: ten USD, per: month}]\n  b:\n    parent: nobody\n';
    const planned = await bursar.api('POST', 'policy/plan', { documents: [...before.documents, { name: 'wrong.yaml', text }] });
    assert.equal(planned.status, 422);
    const places = planned.body.problems.filter(({ file }) => file === 'wrong.yaml').map(({ line }) => line);
    assert.deepEqual(places.sort(), [3, 5]);
    const { body: now } = await bursar.api('GET', 'policy');
    assert.equal(now.revision, before.revision);
});

// Hunts: a response of a realtime session that is booked twice or not at all when a side breaks off, one that a provider begins unasked and nobody books; a session
// that outlives its key, its provider or its client; a hold that stays behind.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { settled } from './support/books.mjs';
import { until } from './support/process.mjs';
import { cost, costs, startRig, terminator, worst } from './support/realtime.mjs';

describe('the ends of realtime sessions', () => {
    let rig, provider, bursar, open;
    before(async () => {
        rig = await startRig();
        ({ provider, bursar, open } = rig);
    });
    after(() => rig?.stop());

    test('a provider that breaks off: the worst is booked, and the client hears of it', async () => {
        const session = await open();
        session.say('break');
        session.ws.send({ type: 'response.create' });
        const { error } = await session.met('error');
        assert.match(error.message, /provider has ended the session/);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1011);
        const [row] = await session.rows(1);
        assert.equal(cost(row), worst);
        assert.equal(row.usage_source, 'estimated');
        assert.equal(row.fault, 'provider_unavailable');
        await settled(bursar);
    });

    test('a provider that begins what nobody asked for is left; nothing of it is passed on, and it has its own row', async () => {
        const session = await open({ team: 'once' });
        await session.ask('hello');
        session.at.begin('unasked');
        const { error } = await session.met('error');
        assert.match(error.message, /nobody had asked/);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1011);
        assert.ok(!JSON.stringify(session.events).includes('unasked'));
        const rows = await session.rows(2);
        assert.deepEqual(rows.map(cost), [costs.text, costs.text], 'what it tells, though the limit has no call left');
        const { spending } = await settled(bursar);
        assert.equal(spending[`key:${session.id}`].calls, 2n);
    });

    test('what began without being asked for and never tells its cost is booked at the worst', async () => {
        const session = await open();
        session.at.begin('deaf');
        await until('the close', () => session.closed);
        const [row] = await session.rows(1);
        assert.equal(cost(row), worst);
        assert.ok(session.at.events.some((event) => event.type === 'response.cancel'));
        await settled(bursar);
    });

    test('a provider that would begin responses by itself hears nothing of the client', async () => {
        for (const [flag, words] of [['stubborn', /nobody had asked/], ['refuse_settings', /does not take the settings/]]) {
            provider[flag] = true;
            try {
                const session = await open({ ready: false });
                await session.met('session.created');
                session.say('hello');
                assert.match((await session.met('error')).error.message, words);
                await until('the close', () => session.closed);
                assert.equal(session.closed.code, 1011);
                assert.deepEqual(provider.last().events.map((event) => event.type), ['session.update']);
                await settled(bursar);
                await session.rows(0);
            } finally {
                provider[flag] = false;
            }
        }
    });

    test('a client that takes nothing keeps nobody from stopping the provider, and is cut off', async () => {
        const session = await open();
        session.say('flood');
        session.ws.send({ type: 'response.create' });
        await session.met('response.created');
        session.ws.socket.pause();
        await bursar.must('DELETE', `keys/${session.id}`);
        await until('the cancel', () => session.at.events.some((event) => event.type === 'response.cancel'));
        const [row] = await session.rows(1);
        assert.equal(cost(row), costs.cancelled, 'what the provider tells behind all that nobody took');
        session.ws.socket.terminate();
        await settled(bursar);
    });

    test('a session whose provider the policy has elsewhere now is ended', async () => {
        const session = await open({ model: 'moved' });
        await session.ask('hello');
        await bursar.changePolicy((policy) => (policy.providers.leaving.base_url = `${provider.origin}/v1`));
        const { error } = await session.met('error');
        assert.match(error.message, /does not lead to this session's provider any more/);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1008);
        await settled(bursar);
        await session.rows(1);
    });

    test('a client that leaves: the response is cancelled at the provider, and booked at what that tells', async () => {
        const session = await open();
        session.say('hang');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        session.ws.close();
        const [row] = await session.rows(1);
        assert.equal(cost(row), costs.cancelled);
        assert.ok(session.at.events.some((event) => event.type === 'response.cancel'));
        await settled(bursar);
    });

    test('a provider that tells nothing of what was cancelled: the worst is booked', async () => {
        const session = await open();
        session.say('deaf');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        session.ws.socket.terminate();
        const [row] = await session.rows(1);
        assert.equal(cost(row), worst);
        assert.equal(row.usage_source, 'estimated');
        await settled(bursar);
    });

    test('a session in which nothing was asked leaves no hold and no row', async () => {
        const session = await open();
        session.ws.close();
        await settled(bursar);
        await session.rows(0);
    });

    test('a key that is revoked ends its session without another event of the client', async () => {
        const session = await open();
        await session.ask('hello');
        await bursar.must('DELETE', `keys/${session.id}`);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1008);
        assert.equal(session.events.at(-1).error.code, 'unauthenticated');
        await settled(bursar);
    });

    test('kill -9: what was held for a response is booked as lost, at its worst', async () => {
        const session = await open({ model: 'two-ways', ready: false });
        await session.met('session.created');
        session.say('hang');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        await bursar.kill();
        await bursar.launch();
        const [row] = await session.rows(1);
        assert.equal(row.usage_source, 'lost');
        assert.equal(cost(row), worst);
        await settled(bursar);
    });

    test('a stop tells the sessions, and settles what runs at what the provider tells', async () => {
        rig.outside.stop();
        rig.outside = await terminator(bursar);
        const session = await open({ model: 'two-ways', ready: false });
        await session.met('session.created');
        session.say('hang');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        await bursar.stopService();
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1012);
        await bursar.launch();
        const [row] = await session.rows(1);
        assert.equal(cost(row), costs.cancelled);
        await settled(bursar);
    });
});

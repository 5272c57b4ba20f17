// Hunts: a response of a realtime session that is not a call: without its own hold, row or cost to the nano-dollar; one that begins without money, or where the
// client wants none; an event that makes the provider do what nobody has set aside; a session for whom there is none.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { rowOf, settled } from './support/books.mjs';
import { until } from './support/process.mjs';
import { cost, costs, startRig, upgrade, worst } from './support/realtime.mjs';
import { spoken } from './support/strict-realtime.mjs';

describe('realtime sessions', () => {
    let rig, provider, other, bursar, open, held;
    before(async () => {
        rig = await startRig();
        ({ provider, other, bursar, open, held } = rig);
    });
    after(() => rig?.stop());

    test('realtime: what it may cost is held, what it cost is booked, and its row says so', async () => {
        const session = await open();
        assert.equal(await held(), 0n, 'while nothing is asked for, nothing is held');
        assert.equal((await session.met('session.updated')).session.max_output_tokens, 100, 'what is held bounds the answer');
        for (const event of session.events) if (event.session) assert.equal(event.session.model, 'talker', "the model has the caller's name");
        const { response } = await session.ask('hello');
        assert.equal(response.status, 'completed');
        assert.deepEqual(session.events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta), ['answer to hello']);
        const [row] = await session.rows(1);
        assert.equal(row.endpoint, 'realtime');
        assert.equal(row.model, 'talker');
        assert.equal(row.status, 200);
        assert.equal(row.fault, '');
        assert.equal(row.usage_source, 'provider');
        assert.equal(cost(row), costs.text);
        await settled(bursar);
        await session.ask('again');
        const rows = await session.rows(2);
        assert.notEqual(rows[0].call, rows[1].call);
        assert.equal(cost(rows[1]), costs.text);
        const { spending } = await settled(bursar);
        assert.equal(spending[`key:${session.id}`].cost, 2n * costs.text);
        assert.equal(spending[`key:${session.id}`].calls, 2n);
        session.ws.close();
        await until('the provider to hear of it', () => session.at.closed);
    });

    test('sound both ways: deltas pass, and every class of tokens has its price', async () => {
        const session = await open();
        await session.ask('sound');
        assert.equal((await session.met('response.output_audio.delta')).delta, 'AAAA');
        const [row] = await session.rows(1);
        assert.equal(cost(row), costs.sound);
        session.ws.close();
        await settled(bursar);
    });

    test('a turn is answered by a response that Bursar asks for: it has its hold, and each is a call', async () => {
        const session = await open();
        session.ws.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', create_response: true } } } } });
        const { audio } = (await session.met('session.updated', 2)).session;
        assert.equal(audio.input.turn_detection.create_response, true, 'the client sees what it wanted');
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        await session.met('response.done');
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        await session.met('response.done', 2);
        for (const row of await session.rows(2)) assert.equal(cost(row), costs.sound);
        assert.equal(await held(), 0n);
        const [first] = session.at.events;
        assert.equal(first.session.audio.input.turn_detection.create_response, false, 'before anything of the client');
        assert.equal(session.at.events.filter((event) => event.type === 'response.create').length, 2);
        assert.deepEqual(session.events.filter((event) => event.type === 'error'), []);
        session.ws.close();
        await settled(bursar);
        await session.rows(2);
    });

    test('a turn is not answered where the client wants none, or has made it itself', async () => {
        const session = await open();
        session.ws.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
        session.ws.send({ type: 'input_audio_buffer.commit' });
        await session.met('input_audio_buffer.committed');
        session.ws.send({ type: 'input_audio_buffer.commit', event_id: 'of nothing' });
        assert.equal((await session.met('error')).error.event_id, 'of nothing');
        session.ws.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', create_response: false } } } } });
        await session.met('session.updated', 2);
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        await session.met('input_audio_buffer.committed', 2);
        session.ws.send({ type: 'response.create' });
        await session.met('response.done');
        assert.equal(session.at.events.filter((event) => event.type === 'response.create').length, 1);
        session.ws.close();
        await settled(bursar);
        await session.rows(1);
    });

    test('a response is held while it runs, also one that Bursar asked for, and a client that leaves has it cancelled', async () => {
        const session = await open();
        session.say('deaf');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        assert.equal(await held(), worst);
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        const { error } = await session.met('error');
        assert.equal(error.code, 'conversation_already_has_active_response');
        assert.equal(error.event_id, null, 'the client has sent no such event');
        assert.equal(await held(), worst, 'the one that was refused is free again');
        session.ws.close();
        const [row] = await session.rows(1);
        assert.equal(cost(row), worst);
        await settled(bursar);
    });

    test('two responses at once have two holds; one that the provider refuses costs nothing', async () => {
        const session = await open();
        session.say('hang');
        session.ws.send({ type: 'response.create' });
        await session.met('response.output_text.delta');
        session.ws.send({ type: 'response.create', response: { conversation: 'none', instructions: 'hang' } });
        await session.met('response.output_text.delta', 2);
        assert.equal(await held(), 2n * worst);
        session.ws.send({ type: 'response.create', event_id: 'mine' });
        const refused = await session.met('error');
        assert.equal(refused.error.code, 'conversation_already_has_active_response');
        assert.equal(refused.error.event_id, 'mine');
        for (const response of session.at.under_way.keys()) session.ws.send({ type: 'response.cancel', response_id: response });
        await session.met('response.done', 2);
        for (const row of await session.rows(2)) assert.equal(cost(row), costs.cancelled);
        session.ws.close();
        await settled(bursar);
        await session.rows(2);
    });

    test('a response is booked once, however often the provider says that it has ended', async () => {
        const session = await open();
        await session.ask('twice');
        await session.met('response.done', 2);
        session.ws.close();
        const { spending } = await settled(bursar);
        assert.equal(spending[`key:${session.id}`].cost, costs.text);
        await session.rows(1);
    });

    test('realtime: an exhausted budget refuses it before anything is sent, and the audit has it', async () => {
        const key = await bursar.issueKey({ team: 'none' });
        const before = provider.sessions.length;
        const refused = await upgrade(bursar, '/v1/realtime?model=talker', { authorization: `Bearer ${key}` });
        assert.equal(refused.status, 402);
        const { error } = JSON.parse(refused.text);
        assert.equal(error.type, 'insufficient_quota');
        assert.match(error.message, /budget of team "none"/);
        assert.equal(provider.sessions.length, before);
        const row = await rowOf(bursar, refused.headers['x-bursar-call-id']);
        assert.equal(row.fault, 'budget_exhausted');
        assert.equal(row.endpoint, 'realtime');
        const { entries } = await bursar.must('GET', 'audit?limit=1000');
        assert.ok(entries.some((one) => one.action === 'call.refused' && JSON.stringify(one).includes(row.call)));
    });

    test('a budget that ends within a session is told in an event, and the socket is closed', async () => {
        const session = await open({ team: 'once' });
        await session.ask('the one that is allowed');
        session.ws.send({ type: 'response.create', event_id: 'too many' });
        const { error } = await session.met('error');
        assert.equal(error.type, 'insufficient_quota');
        assert.match(error.message, /call budget of team "once"/);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1008);
        assert.equal(session.at.events.filter((event) => event.type === 'response.create').length, 1);
        const rows = await session.rows(2);
        assert.deepEqual(rows.map((row) => row.fault).sort(), ['', 'budget_exhausted']);
        await settled(bursar);
    });

    test('where there is no money for the answer to a turn, none begins, and the client hears why', async () => {
        const session = await open({ team: 'thin' });
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        await session.met('response.done');
        session.ws.send({ type: 'input_audio_buffer.append', audio: spoken });
        const { error } = await session.met('error');
        assert.equal(error.type, 'insufficient_quota');
        assert.match(error.message, /budget of team "thin"/);
        await until('the close', () => session.closed);
        assert.equal(session.closed.code, 1008);
        assert.equal(session.at.events.filter((event) => event.type === 'response.create').length, 1);
        const [row] = (await session.rows(2)).filter((one) => one.fault === '');
        assert.equal(cost(row), costs.sound);
        await settled(bursar);
    });

    test('an open session is no call under way: each of its responses is one', async () => {
        const first = await open({ team: 'alone' });
        const second = await open({ team: 'alone' });
        first.say('hang');
        first.ws.send({ type: 'response.create' });
        await first.met('response.output_text.delta');
        second.ws.send({ type: 'response.create', event_id: 'mine' });
        const { error } = await second.met('error');
        assert.equal(error.code, 'rate_limited');
        assert.equal(error.event_id, 'mine');
        first.ws.send({ type: 'response.cancel' });
        await first.met('response.done');
        await second.ask('and now');
        first.ws.close();
        second.ws.close();
        await settled(bursar);
    });

    test('what would spend outside of the books is refused by name, reaches no provider, and the session stays', async () => {
        const session = await open();
        const cases = [
            [{ type: 'session.update', session: { type: 'realtime', model: 'gpt-5' } }, /`session.model`/],
            [{ type: 'session.update', session: { type: 'realtime', tools: [{ type: 'mcp', server_label: 'x', server_url: 'https://evil.example' }] } }, /mcp/],
            [{ type: 'session.update', session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } } } }, /`transcription`/],
            [{ type: 'session.update', session: { type: 'realtime', max_output_tokens: 'inf' } }, /at most 100/],
            [{ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: 5000 } } } } }, /`idle_timeout_ms`/],
            [{ type: 'response.create', response: { model: 'gpt-5' } }, /`response.model`/],
            [{ type: 'response.create', response: { prompt: { id: 'pmpt_1' } } }, /`prompt`/],
            [{ type: 'response.fork' }, /response.fork/],
        ];
        const { length } = session.at.events;
        for (const [i, [event, word]] of cases.entries()) {
            session.ws.send(event);
            const { error } = await session.met('error', i + 1);
            assert.equal(error.type, 'invalid_request_error');
            assert.match(error.message, word);
        }
        session.ws.send({ type: 'session.update', session: { type: 'realtime', model: 'talker', instructions: 'be brief' } });
        await until('the update', () => session.at.events.at(-1)?.session?.instructions);
        assert.equal(session.at.events.length, length + 1);
        assert.equal(session.at.events.at(-1).session.model, 'gpt-talker');
        await session.ask('still here');
        session.ws.close();
        await settled(bursar);
    });

    test('strangers, pages of other sites and models of others get no socket, and no provider is asked', async () => {
        const good = { authorization: `Bearer ${await bursar.issueKey()}` };
        const before = provider.sessions.length;
        const where = '/v1/realtime?model=talker';
        assert.equal((await upgrade(bursar, where, {})).status, 401);
        assert.equal((await upgrade(bursar, where, { authorization: 'Bearer bsr_nobody' })).status, 401);
        assert.equal((await upgrade(bursar, where, { ...good, origin: 'https://evil.example' })).status, 403);
        assert.equal((await upgrade(bursar, where, { ...good, 'openai-beta': 'realtime=v1' })).status, 400);
        assert.equal((await upgrade(bursar, '/v1/realtime', good)).status, 400);
        assert.equal((await upgrade(bursar, `${where}&call_id=rtc_1`, good)).status, 400);
        assert.equal((await upgrade(bursar, '/v1/realtime?model=nobody-has-it', good)).status, 404);
        assert.equal((await upgrade(bursar, '/v1/realtime?model=secret', good)).status, 403);
        assert.equal((await upgrade(bursar, '/v1/realtime?model=demo-claude', good)).status, 404);
        for (const below of ['client_secrets', 'calls', 'sessions', 'transcription_sessions', 'translations/client_secrets']) {
            const refused = await bursar.call(good.authorization.slice(7), `/v1/realtime/${below}`, { session: { type: 'realtime' } });
            assert.equal(refused.status, 404);
            assert.match((await refused.json()).error.message, /lead round Bursar/);
        }
        assert.equal(provider.sessions.length, before);
        await settled(bursar);
    });

    test('a provider that refuses the upgrade: the next channel is tried, else its refusal is told by HTTP', async () => {
        provider.refuse = 429;
        const before = other.sessions.length;
        try {
            const key = await bursar.issueKey();
            const alone = await upgrade(bursar, '/v1/realtime?model=talker', { authorization: `Bearer ${key}` });
            assert.equal(alone.status, 429);
            const session = await open({ model: 'two-ways' });
            session.ws.close();
            await until('the second one', () => other.sessions.length > before);
        } finally {
            provider.refuse = null;
        }
        await settled(bursar);
    });
});

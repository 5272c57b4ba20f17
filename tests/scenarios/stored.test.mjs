// Hunts: a response that is stored at its provider and that somebody else reads, deletes or goes on from; one that is asked for elsewhere or
// by another key; a conversation of which the provider is paid more than was held; a call about one that leaves no row; an owner that a kill
// takes away. tests/endpoints.tsv names these tests for each endpoint that has an id in its path.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { outcomes } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { answers } from './fakes/server.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';
import { StrictResponses } from './support/strict-responses.mjs';

const secrets = { first: 'sk-stored-first-0123456789', second: 'sk-stored-second-0123456789' };
const long = 'All about crabs. '.repeat(400); // 6,800 bytes, 1,700 tokens

let main;
let spare;
let bursar;

async function start() {
    main = await new StrictResponses(Object.values(secrets)).listen();
    spare = await new StrictResponses(Object.values(secrets)).listen();
    bursar = await Bursar.start({
        origin: main.origin,
        secrets: { demo: secrets.first, second: secrets.second },
        policy: {
            providers: (origin) => ({
                pool: { dialect: 'openai', base_url: `${origin}/v1`, keys: [{ secret: 'demo' }, { secret: 'second' }], catalogue: 'demo' },
                spare: { dialect: 'openai', base_url: `${spare.origin}/v1`, keys: [{ secret: 'demo' }], catalogue: 'demo' },
                chats: { dialect: 'openai', base_url: `${origin}/v1`, keys: [{ secret: 'demo' }], catalogue: 'demo', responses: false },
            }),
            models: {
                talker: { channels: [{ provider: 'pool', model: 'talker-there' }], input_tokens_max: 100_000, output_tokens_max: 1000 },
                other: { channels: [{ provider: 'pool', model: 'other-there' }], input_tokens_max: 100_000, output_tokens_max: 1000 },
                either: {
                    channels: [{ provider: 'demo-openai', model: 'talker-there' }, { provider: 'spare', model: 'talker-there', priority: 2 }],
                    input_tokens_max: 100_000, output_tokens_max: 1000,
                },
                chatter: { channels: [{ provider: 'chats', model: 'talker-there' }] },
                rare: { tier: 'rare', channels: [{ provider: 'pool', model: 'talker-there' }], output_tokens_max: 1000 },
            },
            teams: {
                sales: {},
                demo: { models: ['tier:standard', 'tier:rare'], budgets: [{ limit: '100 USD', per: 'month' }] },
                poor: { budgets: [{ limit: '1 USD', per: 'month' }] },
            },
            prices: { 'talker-there': demoPrice, 'other-there': demoPrice },
        },
    });
}

/** One key with OpenAI's own client; `last` is the head of the newest answer. */
async function caller(more = {}) {
    const key = await bursar.issueKey(more);
    const one = { key };
    one.reach = () => {
        const note = async (url, options) => {
            const answer = await fetch(url, options);
            one.last = { status: answer.status, call: answer.headers.get('x-bursar-call-id'), cost: answer.headers.get('x-bursar-cost-usd') };
            return answer;
        };
        one.responses = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0, fetch: note }).responses;
        return one;
    };
    return one.reach();
}

/** It is written when the answer has gone out. */
const rowOf = ({ last }) => until(`the row of ${last.call}`, async () => (await bursar.must('GET', `calls?call=${last.call}`)).calls[0]);
const say = (who, more = {}) => who.responses.create({ model: 'talker', input: 'Hello.', ...more });
/** At this code clients send the whole input. */
const notToGoOnFrom = (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, String(error));
    assert.deepEqual([error.code, error.param], ['previous_response_not_found', 'previous_response_id']);
    return /not found\./.test(error.message);
};
const missing = (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    return /not found\./.test(error.message);
};
async function eventsOf(stream) {
    const events = [];
    for await (const event of stream) events.push(event);
    return events;
}

/** What may be asked about the response of an id; `cancel` the provider refuses of its own. */
const abouts = [
    { name: 'response_get', ask: (who, id) => who.responses.retrieve(id) },
    { name: 'response_items', ask: (who, id) => who.responses.inputItems.list(id) },
    { name: 'response_cancel', refused: true, ask: (who, id) => who.responses.cancel(id) },
    { name: 'response_delete', ask: (who, id) => who.responses.delete(id) },
];

describe('stored responses', () => {
    const who = {};
    before(async () => {
        await start();
        who.ada = await caller({ person: 'ada' });
        who.adasOther = await caller({ person: 'ada' });
        who.bob = await caller({ person: 'bob' });
        who.adaInSales = await caller({ team: 'sales', person: 'ada' });
        who.machine = await caller();
        who.otherMachine = await caller();
    });
    after(async () => {
        await bursar?.stop();
        await main?.stop();
        await spare?.stop();
    });

    test('a conversation is made, read, gone on from and deleted', async () => {
        const first = await say(who.ada, { input: long });
        const again = await who.adasOther.responses.retrieve(first.id, { include: ['reasoning.encrypted_content'] });
        assert.equal(again.model, 'talker', 'the caller’s own name for it');
        assert.equal(again.output_text, 'Hi there.');
        assert.match(main.requests.at(-1).query.toString(), /^include.*=reasoning.encrypted_content$/);
        const items = await who.ada.responses.inputItems.list(first.id, { limit: 5 });
        assert.equal(items.data[0].content[0].text, long);
        const second = await say(who.ada, { previous_response_id: first.id });
        assert.equal(second.usage.input_tokens, first.usage.total_tokens + 2, 'the provider knew what was said before');
        assert.equal(main.requests.at(-1).fields.max_output_tokens, 1000);
        await who.ada.responses.delete(first.id);
        assert.equal(main.stored.has(first.id), false);
        const sent = main.requests.length;
        for (const { ask } of abouts) await assert.rejects(ask(who.ada, first.id), missing);
        await assert.rejects(say(who.ada, { previous_response_id: first.id }), notToGoOnFrom);
        assert.equal(main.requests.length, sent, 'it is known here that it is gone');
        await say(who.ada, { previous_response_id: second.id });
    });

    test('anybody else, and any other id, gets the same words, and nothing is sent', async () => {
        const adas = await say(who.ada);
        const machines = await say(who.machine);
        const sent = main.requests.length;
        const unknown = 'resp_000000000000000000000000000000000000000000000000';
        const goOn = (one, previous_response_id) => say(one, { previous_response_id });
        const said = (error, id, ask) => {
            assert.ok((ask === goOn ? notToGoOnFrom : missing)(error));
            return error.message.replaceAll(id, 'ID');
        };
        for (const [name, strangers, id] of [
            ['a person’s', [who.bob, who.adaInSales, who.machine], adas.id],
            ['a machine’s', [who.ada, who.otherMachine], machines.id],
        ])
            for (const stranger of strangers)
                for (const ask of [...abouts.map((about) => about.ask), goOn]) {
                    const words = [];
                    for (const each of [id, unknown]) await ask(stranger, each).catch((error) => words.push(said(error, each, ask)));
                    assert.equal(words.length, 2, name);
                    assert.equal(words[0], words[1], 'a foreign id looks as one that nobody knows');
                    assert.equal((await rowOf(stranger)).fault, 'not_found');
                }
        assert.equal(main.requests.length, sent);
        assert.equal(main.stored.has(adas.id) && main.stored.has(machines.id), true);
    });

    for (const { name, ask, refused } of abouts)
        test(`${name}: costs nothing, holds nothing and leaves its row`, async () => {
            const { id } = await say(who.ada, { input: long });
            const sent = main.requests.length;
            if (refused) await assert.rejects(ask(who.ada, id), /Cannot cancel a synchronous response/);
            else await ask(who.ada, id);
            assert.equal(main.requests.length, sent + 1);
            const row = await rowOf(who.ada);
            assert.equal(row.endpoint, name);
            assert.equal(row.model, 'talker');
            assert.equal(row.channel, 'pool/talker-there');
            assert.equal(row.status, refused ? 400 : 200);
            assert.equal(nanos(row.cost_usd), 0n);
            assert.equal(nanos(row.held_usd), 0n);
            assert.equal((await bursar.must('GET', 'ledger')).holds_open, 0);
        });

    test('a stream is read again from where it broke off', async () => {
        const events = await eventsOf(await say(who.ada, { stream: true }));
        const { id } = events[0].response;
        const rest = await eventsOf(await who.ada.responses.retrieve(id, { stream: true, starting_after: 3 }));
        assert.deepEqual(rest.map(({ sequence_number: number }) => number), [4, 5, 6, 7, 8]);
        assert.equal(rest.at(-1).response.model, 'talker');
        const row = await rowOf(who.ada);
        assert.equal(row.endpoint, 'response_get');
        assert.equal(nanos(row.cost_usd), 0n, 'it was paid when it was made');
    });

    test('whether a stored response streams its provider says, and one that is read to its end ends', async () => {
        const { id } = await say(who.ada);
        const read = async (query) => {
            const answer = await fetch(`${bursar.origin}/v1/responses/${id}?${query}`, { headers: { authorization: `Bearer ${who.ada.key}` } });
            const text = await answer.text();
            assert.equal(answer.status, 200, text);
            assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
            who.ada.last = { call: answer.headers.get('x-bursar-call-id') };
            const row = await rowOf(who.ada);
            assert.equal(row.fault, '');
            assert.equal(row.streamed, true);
            return text;
        };
        // Escaped, and twice: what the strict provider reads of it is 'true'.
        for (const query of ['stream=%74rue', 'stream=true&stream=false']) assert.match(await read(query), /"response\.completed"/, query);
        assert.equal(await read('stream=true&starting_after=8'), '');
    });

    test('a flood of counts closes no key for those who pay', async () => {
        const limited = answers(429, '{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}');
        main.always(limited, ({ path }) => path === '/v1/responses/input_tokens');
        for (let i = 0; i < 4; ++i) await assert.rejects(who.bob.responses.inputTokens.count({ model: 'talker', input: 'Hello.' }), (error) => error.status === 429);
        main.well();
        const { keys } = await bursar.must('GET', 'providers');
        assert.deepEqual(keys.filter(({ state }) => state !== 'well'), []);
        await say(who.ada);
    });

    test('a deletion that the provider did not make forgets nothing, and one of what it does not have does', async () => {
        const { id } = await say(who.ada);
        main.always(answers(200, JSON.stringify({ id, object: 'response', deleted: false })), ({ method }) => method === 'DELETE');
        await who.ada.responses.delete(id);
        main.well();
        await who.ada.responses.retrieve(id);
        main.stored.delete(id);
        await assert.rejects(who.ada.responses.delete(id), missing);
        const sent = main.requests.length;
        await assert.rejects(who.ada.responses.retrieve(id), missing);
        assert.equal(main.requests.length, sent, 'it is known here that it is gone');
    });

    test('what is not stored is not known', async () => {
        const { id } = await say(who.ada, { store: false });
        await assert.rejects(who.ada.responses.retrieve(id), missing);
        await assert.rejects(say(who.ada, { previous_response_id: id }), notToGoOnFrom);
    });

    test('every response is asked for by the key that made it', async () => {
        const made = new Set();
        for (let i = 0; i < 12; ++i) {
            const { id } = await say(who.ada);
            made.add(main.stored.get(id).key);
            await who.ada.responses.retrieve(id);
            await say(who.ada, { previous_response_id: id });
        }
        assert.equal(made.size, 2, 'both keys of the pool had their turn');
    });

    test('it is asked for where it was made, whatever other channels its model has', async () => {
        main.always(answers(500, '{"error":{"message":"down"}}'), ({ method }) => method === 'POST');
        const { id } = await say(who.ada, { model: 'either' });
        assert.equal(spare.stored.has(id), true);
        main.well();
        const sent = main.requests.length;
        await who.ada.responses.retrieve(id);
        await say(who.ada, { model: 'either', previous_response_id: id });
        assert.equal(main.requests.length, sent);
        spare.always(answers(500, '{"error":{"message":"down"}}'), () => true);
        await assert.rejects(say(who.ada, { model: 'either', previous_response_id: id }));
        assert.equal(main.requests.length, sent, 'no other channel knows it');
        spare.well();
    });

    test('a provider that fails at an id is no worse for calls', async () => {
        const { id } = await say(who.ada);
        main.always(answers(500, '{"error":{"message":"down"}}'), ({ method }) => method === 'GET');
        for (let i = 0; i < 8; ++i) await assert.rejects(who.ada.responses.retrieve(id));
        main.well();
        const { channels } = await bursar.must('GET', 'providers');
        assert.equal(channels.find(({ channel }) => channel === 'pool/talker-there').state, 'well');
        await say(who.ada);
    });

    test('another model of the same provider goes on, held at its window; one elsewhere is refused', async () => {
        const { id } = await say(who.ada);
        await say(who.ada, { model: 'other', previous_response_id: id });
        assert.ok(nanos((await rowOf(who.ada)).held_usd) >= nanos('0.25'), 'a hundred thousand tokens');
        await assert.rejects(say(who.ada, { model: 'either', previous_response_id: id }), /not at the provider that keeps/);
    });

    test('whoever may no longer use the model is refused', async () => {
        const { id } = await say(who.ada, { model: 'rare' });
        await who.ada.responses.retrieve(id);
        await bursar.changePolicy((policy) => (policy.teams.demo.models = ['tier:standard']));
        await assert.rejects(who.ada.responses.retrieve(id), (error) => error.status === 403 && /may not use the model "rare"/.test(error.message));
        const { id: another } = await say(who.ada);
        await bursar.changePolicy((policy) => (policy.models.talker.channels[0].model = 'other-there'));
        await assert.rejects(who.ada.responses.retrieve(another), (error) => error.status === 404 && /no longer in the policy/.test(error.message));
        await assert.rejects(say(who.ada, { previous_response_id: another }), (error) => error.status === 400 && error.code === 'previous_response_not_found' && /no longer in the policy/.test(error.message));
        await bursar.changePolicy((policy) => (policy.models.talker.channels[0].model = 'talker-there'));
        await who.ada.responses.retrieve(another);
    });

    test('what a provider keeps without an owner here is refused by its name', async () => {
        const { id } = await say(who.ada);
        const sent = main.requests.length;
        const refused = (more, words) => assert.rejects(say(who.ada, more), (error) => error.status === 400 && words.test(error.message));
        await refused({ conversation: 'conv_1' }, /`conversation`/);
        await refused({ prompt: { id: 'pmpt_1' } }, /`prompt`/);
        await refused({ background: true }, /`background`/);
        await refused({ input: [{ type: 'item_reference', id: 'msg_1' }] }, /`item_reference`.*"store": false/);
        await refused({ input: [{ id: 'msg_1' }] }, /`item_reference`/);
        await refused({ input: [{ type: 'reasoning', id: 'rs_1', summary: [] }] }, /only names what the provider keeps/);
        await refused({ input: [{ type: 'image_generation_call', id: 'ig_1' }] }, /only names what the provider keeps/);
        assert.equal(main.requests.length, sent);
        // With a response of their own it is the provider that judges; the strict one knows no such items.
        await assert.rejects(say(who.ada, { previous_response_id: id, input: [{ type: 'item_reference', id: 'msg_1' }] }), /an item that is none here/);
        assert.equal(main.requests.length, sent + 1);
    });

    test('prompts are counted and conversations compacted, also from a stored one', async () => {
        const first = await say(who.ada, { input: long });
        const counted = await who.ada.responses.inputTokens.count({ model: 'talker', input: 'Hello.', previous_response_id: first.id });
        assert.equal(counted.input_tokens, first.usage.total_tokens + 2);
        assert.equal(nanos((await rowOf(who.ada)).cost_usd), 0n);
        const compacted = await who.ada.responses.compact({ model: 'talker', previous_response_id: first.id });
        const row = await rowOf(who.ada);
        assert.equal(row.endpoint, 'response_compact');
        assert.equal(row.usage.input, first.usage.total_tokens);
        assert.ok(nanos(row.held_usd) >= nanos(row.cost_usd));
        assert.equal(main.requests.at(-1).fields.max_output_tokens, undefined);
        await assert.rejects(who.ada.responses.retrieve(compacted.id), missing);
        for (const ask of [(one, previous_response_id) => one.responses.compact({ model: 'talker', previous_response_id }), (one, previous_response_id) => one.responses.inputTokens.count({ model: 'talker', previous_response_id })])
            await assert.rejects(ask(who.bob, first.id), notToGoOnFrom);
        await assert.rejects(who.ada.responses.compact({ model: 'chatter', input: 'Hello.' }), (error) => error.status === 404 && /Responses API/.test(error.message));
    });

    test('a budget that pays for the words alone does not pay for what is stored before them', async () => {
        const poor = await caller({ team: 'poor', person: 'poor' });
        const small = { max_output_tokens: 100 };
        const { id } = await say(poor, { ...small, input: long });
        const first = await rowOf(poor);
        // 1,700 tokens and five. A fresh call is held at its bytes and a hundred tokens.
        assert.equal(nanos(first.cost_usd), 1700n * 2500n + 5n * 10_000n);
        for (let i = 0; i < 2; ++i) await say(poor, { ...small, previous_response_id: id });
        await rowOf(poor);
        const sent = main.requests.length;
        await bursar.changePolicy((policy) => (policy.teams.poor.budgets = [{ limit: '0.016 USD', per: 'month' }]));
        await assert.rejects(say(poor, { ...small, previous_response_id: id }), (error) => error.status === 429 && /budget of team "poor"/.test(error.message));
        assert.equal(main.requests.length, sent);
        await say(poor, small);
        const fresh = await rowOf(poor);
        assert.equal(fresh.status, 200, 'the same words without a past');
    });

    test('a stream that is cut before its count is booked with what was stored before it', async () => {
        const { id, usage } = await say(who.ada, { input: long });
        main.next({
            play: (response) => {
                const event = (type, more) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
                response.writeHead(200, { 'content-type': 'text/event-stream' });
                response.write(event('response.created', { response: { id: `resp_${'c'.repeat(48)}`, model: 'talker-there', status: 'in_progress', output: [] } }));
                response.write(event('response.output_text.delta', { item_id: 'm', output_index: 0, content_index: 0, delta: 'Hi' }));
                setImmediate(() => response.socket.resetAndDestroy());
            },
            carriedOut: false,
        });
        assert.equal((await eventsOf(await say(who.ada, { stream: true, previous_response_id: id }))).at(-1).type, 'response.failed');
        const row = await rowOf(who.ada);
        assert.equal(row.usage_source, 'estimated');
        assert.ok(row.usage.input >= usage.total_tokens, `${row.usage.input} tokens of at least ${usage.total_tokens}`);
        assert.ok(nanos(row.cost_usd) >= BigInt(usage.total_tokens) * 2500n, row.cost_usd);
        // How long that one is, nobody told: whatever goes on from it is held at the window.
        await assert.rejects(say(who.ada, { previous_response_id: `resp_${'c'.repeat(48)}` }));
        assert.ok(main.refusals.at(-1).includes('Previous response'), 'its owner is known all the same');
        assert.ok(nanos((await rowOf(who.ada)).held_usd) >= nanos('0.25'));
    });

    test('whoever sees a stream’s last event may go on from it at its true length', async () => {
        const stream = await say(who.ada, { stream: true, input: long });
        let next;
        for await (const event of stream)
            if (event.type === 'response.completed') next = await say(who.ada, { previous_response_id: event.response.id });
        assert.ok(next.usage.input_tokens > 1700);
        const row = await rowOf(who.ada);
        assert.ok(nanos(row.held_usd) < nanos('0.25'), `${row.held_usd} is less than the window`);
        assert.ok(nanos(row.held_usd) > nanos(row.cost_usd));
    });

    test('an Idempotency-Key repeats a compaction, and nothing is paid twice', async () => {
        const options = { headers: { 'idempotency-key': 'compact-once' } };
        const one = await who.ada.responses.compact({ model: 'talker', input: long }, options);
        const sent = main.requests.length;
        const two = await who.ada.responses.compact({ model: 'talker', input: long }, options);
        assert.equal(two.id, one.id);
        assert.equal(main.requests.length, sent);
    });

    test('owners and lengths are known again after a kill', async () => {
        const { id, usage } = await say(who.ada, { input: long });
        const deleted = await say(who.ada);
        await who.ada.responses.delete(deleted.id);
        await rowOf(who.ada);
        await bursar.kill();
        await bursar.launch();
        for (const one of Object.values(who)) one.reach();
        assert.equal((await who.adasOther.responses.retrieve(id)).id, id);
        await assert.rejects(who.bob.responses.retrieve(id), missing);
        await assert.rejects(who.ada.responses.retrieve(deleted.id), missing);
        const next = await say(who.ada, { previous_response_id: id });
        assert.equal(next.usage.input_tokens, usage.total_tokens + 2);
        const row = await rowOf(who.ada);
        assert.ok(nanos(row.held_usd) < nanos('0.25'), 'its length is known, too');
        assert.equal((await bursar.must('POST', 'audit/verify')).intact, true);
        assert.ok([...(await outcomes(bursar)).values()].every((each) => each.fault !== 'internal'));
    });
});

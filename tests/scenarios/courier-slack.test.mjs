// Hunts: a message to Slack that is lost, told twice without saying so, refused because of what is in it, or that gives away the address or
// the token it was sent with; a courier that does not survive what a service, a network or Slack does to it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as faults from './fakes/server.mjs';
import { methodSays, Slack, webhookErrors, webhookSays } from './fakes/slack.mjs';
import { wordsOf } from './fakes/slack_blocks.mjs';
import { atDesk, Courier, hostileMessage, hugeMessage, leaksOf } from './support/courier.mjs';
import { until } from './support/process.mjs';

let courier, slack;
const byWebhook = () => ({ name: 'ops', kind: 'slack', secrets: { webhook: slack.webhook } });
const byToken = (channel = 'C0123') => ({ name: 'finance', kind: 'slack', settings: { channel, api: slack.api }, secrets: { token: slack.token } });
const secrets = () => ['SecretOfTheWebhook', 'SecretOfTheBot'];
const last = () => slack.messages.at(-1);
const seen = (message = last()) => wordsOf(message.blocks).join('\n');

before(async () => {
    // The service keeps Slack's pace; here it would only make each test wait for the one before.
    slack = await Slack.start({ perSecond: Infinity });
    courier = await Courier.start();
});
after(async () => {
    await courier?.stop();
    await slack?.stop();
});

test('the courier says who it is', () => {
    const [hello] = courier.desk.hellos;
    assert.equal(hello.wire, 2);
    assert.match(hello.version, /^\d+\.\d+\.\d+/);
    assert.ok(hello.at_once >= 1 && hello.at_once <= 8, `${hello.at_once}`);
});

describe('what is told', () => {
    test('a message has its title, facts, bar and link, and a text for those who see no blocks', async () => {
        const receipt = await courier.deliver(byWebhook());
        assert.equal(receipt.outcome, 'sent', receipt.reason);
        assert.deepEqual(slack.refusals, []);
        const words = seen();
        for (const part of ['research has spent 80 %', 'At this pace', 'Spent', '812.40 USD of 1,000.00 USD', '81 %', 'Example GmbH']) assert.ok(words.includes(part), `${part} is not in: ${words}`);
        assert.match(last().text, /research has spent 80 %/);
        const link = last().blocks.flatMap((block) => block.elements ?? []).find(({ type }) => type === 'button');
        assert.equal(link?.url, 'https://bursar.example.com/teams/research?from=2026-11-01&to=2026-11-30');
    });
    test('names that want to be markup, mentions or links are words', async () => {
        const receipt = await courier.deliver(byWebhook(), hostileMessage());
        assert.equal(receipt.outcome, 'sent', `${receipt.reason} ${receipt.answer} ${slack.refusals.at(-1)}`);
        assert.deepEqual(slack.refusals, []);
        assert.match(JSON.stringify(last()), /&lt;!channel&gt;/);
    });
    test('what is too long is cut where Slack would refuse it, and says so', async () => {
        for (const target of [byWebhook(), byToken()]) {
            const receipt = await courier.deliver(target, hugeMessage());
            assert.equal(receipt.outcome, 'sent', `${receipt.reason} ${receipt.answer} ${slack.refusals.at(-1)}`);
            assert.match(JSON.stringify(last()), /cut|more/);
        }
        assert.deepEqual(slack.refusals, []);
    });
    test('a try says that it is one, an end that it is over, a second copy that it may be one', async () => {
        await courier.deliver(byWebhook(), { test: true });
        assert.match(last().text, /test/i);
        await courier.deliver(byWebhook(), { state: 'resolved' });
        assert.match(last().text, /resolved/i);
        await courier.deliver(byWebhook(), {}, { perhaps_sent: true });
        assert.match(`${last().text}\n${seen()}`, /perhaps/i);
        await courier.deliver(byWebhook());
        assert.doesNotMatch(`${last().text}\n${seen()}`, /perhaps|test|resolved/i);
    });
});

describe('what Slack says', () => {
    const wanted = (error) => {
        if (webhookErrors[error] >= 500) return 'later';
        return webhookErrors[error] === 400 && error !== 'user_not_found' ? 'refused' : 'closed';
    };
    for (const error of Object.keys(webhookErrors))
        test(`${error} is ${wanted(error)}`, async () => {
            const before = slack.messages.length;
            slack.next(webhookSays(error));
            const receipt = await courier.deliver(byWebhook());
            assert.equal(receipt.outcome, wanted(error), receipt.reason);
            assert.ok(receipt.answer.includes(error), `the answer is "${receipt.answer}"`);
            assert.equal(receipt.perhaps_sent ?? false, false, 'Slack said that it did not take it');
            assert.equal(slack.messages.length, before);
        });

    const others = [
        ['429 with Retry-After', () => faults.busy(7), { outcome: 'later', wait_ms: 7000 }],
        ['429 without', () => faults.busy(null), { outcome: 'later' }],
        ['429 with a Retry-After that is no number', () => faults.answers(429, 'rate_limited', { 'retry-after': 'soon' }), { outcome: 'later' }],
        ['a page of HTML with 502', () => faults.page(502), { outcome: 'later' }],
        ['503', () => faults.answers(503, ''), { outcome: 'later' }],
        ['408', () => faults.answers(408, ''), { outcome: 'later' }],
        ['an unknown word with 400', () => faults.answers(400, 'some_new_error'), { outcome: 'refused' }],
        ['an unknown word with 404', () => faults.answers(404, 'some_new_error'), { outcome: 'closed' }],
        ['403 by a proxy in between', () => faults.page(403), { outcome: 'closed' }],
    ];
    for (const [name, fault, expected] of others)
        test(`${name} is ${expected.outcome}`, async () => {
            slack.next(fault());
            const receipt = await courier.deliver(byWebhook());
            for (const [key, value] of Object.entries(expected)) assert.equal(receipt[key], value, `${key}: ${JSON.stringify(receipt)}`);
            assert.ok(receipt.reason.length > 10, 'no reason');
        });

    test('a page of HTML with 200 is not "ok"', async () => {
        slack.next(faults.page(200));
        const receipt = await courier.deliver(byWebhook());
        assert.notEqual(receipt.outcome, 'sent');
        assert.ok(Buffer.byteLength(receipt.answer) <= 2000);
    });
    test('an answer without an end is cut off', async () => {
        for (const status of [200, 500]) {
            slack.next(faults.endless(status, 8 << 20));
            const receipt = await courier.deliver(byWebhook());
            assert.notEqual(receipt.outcome, 'sent');
            assert.ok(Buffer.byteLength(receipt.answer) <= 2000);
        }
    });
    test('a redirect to somewhere else is not followed', async () => {
        const elsewhere = await Slack.start();
        for (const status of [301, 302, 307, 308]) {
            slack.next(faults.redirect(elsewhere.webhook, status));
            assert.notEqual((await courier.deliver(byWebhook())).outcome, 'sent');
        }
        assert.equal(elsewhere.requests.length, 0, 'the message went elsewhere');
        await elsewhere.stop();
    });
    test('an answer that repeats the address gives nothing away', async () => {
        slack.next(faults.answers(404, `no_service: ${slack.webhook} and ${new URL(slack.webhook).pathname}`));
        await courier.deliver(byWebhook());
        for (const status of [200, 500]) {
            slack.next(faults.answers(status, `{"ok":false,"error":"internal_error","token":"${slack.token}","authorization":"Bearer ${slack.token}"}`));
            await courier.deliver(byToken());
        }
        assert.deepEqual(leaksOf(courier, secrets()), []);
    });
});

describe('what the network does', () => {
    // A client that sends again by itself, because the connection was an old one or because nothing was heard, tells it twice.
    for (const [name, fault, taken] of [['ends before it', faults.resetWhenDone, 1], ['ends before it is taken', faults.reset, 0], ['ends within it', faults.halfAnAnswer, 1]])
        test(`an answer whose connection ${name}: later, perhaps sent, and not sent again by itself`, async () => {
            for (const target of [byWebhook(), byToken()]) {
                const [messages, requests] = [slack.messages.length, slack.requests.length];
                slack.next(fault());
                const receipt = await courier.deliver(target);
                assert.deepEqual([receipt.outcome, receipt.perhaps_sent], ['later', true], receipt.reason);
                assert.deepEqual([slack.messages.length - messages, slack.requests.length - requests], [taken, 1]);
            }
        });
    test('nobody there: later, and surely not sent', async () => {
        await slack.down();
        const receipt = await courier.deliver(byWebhook());
        await slack.up();
        assert.equal(receipt.outcome, 'later', receipt.reason);
        assert.equal(receipt.perhaps_sent ?? false, false);
    });
    test('a slow answer is waited for; the others do not wait for it', async () => {
        const gate = new faults.Gate();
        slack.next(faults.late(gate));
        const slowOne = courier.deliver(byWebhook(), { incident: 'slow' });
        await until('the slow one to arrive', () => slack.faultsLeft === 0);
        assert.equal((await courier.deliver(byToken())).outcome, 'sent');
        gate.open();
        assert.equal((await slowOne).outcome, 'sent');
    });
    test('who never answers is given up within half a minute', async () => {
        slack.next(faults.silenceWhenDone());
        const receipt = await courier.deliver(byWebhook());
        assert.deepEqual([receipt.outcome, receipt.perhaps_sent], ['later', true], receipt.reason);
    });
    test('plain http to anywhere but this machine is not spoken', async () => {
        const receipt = await courier.deliver({ name: 'ops', kind: 'slack', secrets: { webhook: 'http://hooks.slack.example/services/T/B/SecretOfTheWebhook' } });
        assert.ok(['refused', 'closed'].includes(receipt.outcome), receipt.outcome);
        assert.match(receipt.reason, /https/i);
    });
});

describe('with the token of a bot', () => {
    test('one message goes from firing to resolved', async () => {
        const firing = await courier.deliver(byToken(), { incident: 'one' });
        assert.equal(firing.outcome, 'sent', `${firing.reason} ${slack.refusals.at(-1)}`);
        assert.match(firing.thread.ts, /^\d{10}\.\d{6}$/);
        assert.equal(firing.thread.channel, 'C0123');
        const resolved = await courier.deliver(byToken(), { incident: 'one', state: 'resolved', title: 'research is within its budget again' }, { thread: firing.thread });
        assert.equal(resolved.outcome, 'sent', `${resolved.reason} ${slack.refusals.at(-1)}`);
        const message = slack.messages.find(({ ts }) => ts === firing.thread.ts);
        assert.equal(message.edited, true, 'the first message still says that it fires');
        assert.match(message.text, /resolved|within its budget/i);
        const replies = slack.messages.filter(({ thread_ts: parent }) => parent === firing.thread.ts);
        assert.ok(replies.length <= 1, 'more than one reply');
    });
    test('a first message that somebody deleted: the next one is told all the same', async () => {
        const firing = await courier.deliver(byToken(), { incident: 'two' });
        slack.messages = slack.messages.filter(({ ts }) => ts !== firing.thread.ts);
        const resolved = await courier.deliver(byToken(), { incident: 'two', state: 'resolved' }, { thread: firing.thread });
        assert.equal(resolved.outcome, 'sent', resolved.reason);
        assert.match(last().text, /resolved/i);
    });
    test('a report comes with its files', async () => {
        const attachments = [
            { name: 'usage-2026-11.csv', type: 'text/csv', bytes: Buffer.from('team,spent\nresearch,812.40\n').toString('base64') },
            { name: 'usage-2026-11.pdf', type: 'application/pdf', bytes: Buffer.alloc(300_000, '%PDF').toString('base64') },
        ];
        const receipt = await courier.deliver(byToken(), { incident: 'report', state: 'news', attachments });
        assert.equal(receipt.outcome, 'sent', `${receipt.reason} ${slack.refusals.at(-1)}`);
        assert.deepEqual(slack.files.map(({ filename, bytes, shared }) => [filename, bytes.length, shared?.channel]), [['usage-2026-11.csv', 27, 'C0123'], ['usage-2026-11.pdf', 300_000, 'C0123']]);
        assert.equal(String(slack.files[0].bytes), 'team,spent\nresearch,812.40\n');
    });

    const said = {
        invalid_auth: 'closed', not_authed: 'closed', account_inactive: 'closed', token_revoked: 'closed', token_expired: 'closed', missing_scope: 'closed', channel_not_found: 'closed',
        not_in_channel: 'closed', is_archived: 'closed', invalid_blocks: 'refused', msg_blocks_too_long: 'refused', msg_too_long: 'refused', no_text: 'refused', internal_error: 'later', fatal_error: 'later',
        service_unavailable: 'later', request_timeout: 'later', ratelimited: 'later', some_new_error: 'refused',
    };
    for (const [error, outcome] of Object.entries(said))
        test(`${error} is ${outcome}`, async () => {
            slack.next(methodSays(error));
            const receipt = await courier.deliver(byToken());
            assert.equal(receipt.outcome, outcome, receipt.reason);
            assert.ok(receipt.answer.includes(error), receipt.answer);
        });
    test('other answers than JSON, and 429, are later', async () => {
        for (const fault of [faults.wrongJson(), faults.page(502), faults.busy(3, JSON.stringify({ ok: false, error: 'ratelimited' })), faults.answers(200, '[]', { 'content-type': 'application/json' })]) {
            slack.next(fault);
            const receipt = await courier.deliver(byToken());
            assert.equal(receipt.outcome, 'later', JSON.stringify(receipt));
        }
        assert.equal(courier.desk.receipts.at(-2).wait_ms, 3000);
    });
    test('a channel in which the bot is not is told by its name', async () => {
        for (const channel of ['C0OTHER', 'C0ARCHIVED', 'C0NOWHERE']) assert.equal((await courier.deliver(byToken(channel))).outcome, 'closed');
    });
});

describe('the courier and the service', () => {
    test('of more than it said that it takes, no more are under way, and none is lost', async () => {
        const before = slack.messages.length;
        const { at_once: atOnce } = courier.desk.hellos.at(-1);
        slack.underWayMost = 0;
        const gate = new faults.Gate();
        const count = atOnce + 5;
        for (let i = 0; i < count; i += 1) slack.next(faults.late(gate));
        const all = Array.from({ length: count }, (_, i) => courier.deliver(byWebhook(), { incident: `many ${i}` }));
        await until('as many as it takes to arrive', () => slack.messages.length - before >= atOnce);
        gate.open();
        const receipts = await Promise.all(all);
        for (const receipt of receipts) assert.ok(receipt.outcome === 'sent' || (receipt.outcome === 'later' && !receipt.perhaps_sent), receipt.reason);
        assert.equal(slack.messages.length - before, receipts.filter(({ outcome }) => outcome === 'sent').length);
        assert.ok(slack.underWayMost <= atOnce, `${slack.underWayMost} at once`);
        slack.well();
    });
    test('of one target and incident one is under way: another one does not overtake', async () => {
        const gate = new faults.Gate();
        slack.next(faults.late(gate));
        const before = slack.messages.length;
        const first = courier.deliver(byWebhook(), { incident: 'order', title: 'first' });
        await until('the first to arrive', () => slack.messages.length > before);
        const second = courier.deliver(byWebhook(), { incident: 'order', title: 'second' });
        assert.equal((await courier.deliver(byWebhook(), { incident: 'another' })).outcome, 'sent');
        assert.equal(slack.messages.filter(({ text }) => text.includes('second')).length, 0, 'the second one overtook');
        gate.open();
        assert.equal((await first).outcome, 'sent');
        const { outcome, perhaps_sent: perhaps } = await second;
        assert.ok(outcome === 'sent' || (outcome === 'later' && !perhaps), outcome);
    });
    test('a delivery that comes again while it is under way, or when it is sent, is sent once', async () => {
        const gate = new faults.Gate();
        slack.next(faults.late(gate));
        const before = slack.messages.length;
        const first = courier.deliver(byWebhook(), { incident: 'twice' }, { id: 'twice' });
        await until('it to arrive', () => slack.messages.length > before);
        const again = courier.deliver(byWebhook(), { incident: 'twice' }, { id: 'twice', perhaps_sent: true });
        gate.open();
        assert.equal((await again).outcome, 'sent');
        first.catch(() => {});
        assert.equal((await courier.deliver(byWebhook(), { incident: 'twice' }, { id: 'twice', perhaps_sent: true })).outcome, 'sent');
        assert.equal(slack.messages.length - before, 1);
    });
    test('a delivery that cannot be read is refused by its id; a frame that is none ends the connection, and the courier comes back', async () => {
        const receipt = courier.desk.receiptOf('broken');
        courier.desk.send({ delivery: { id: 'broken', target: { name: 'x', kind: 'pigeon' } } });
        assert.equal((await receipt).outcome, 'refused');
        for (const bytes of [Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('\0\0\0\x03abc'), Buffer.from('\0\0\0\x02{}')]) {
            const hellos = courier.desk.hellos.length;
            courier.desk.write(bytes);
            // It may close the connection, or leave the frame alone; then it takes the next one.
            const next = courier.deliver(byWebhook()).then(() => true, () => false);
            await Promise.race([next, until('another hello', () => courier.desk.hellos.length > hellos)]);
        }
        await atDesk(courier);
        assert.equal((await courier.deliver(byWebhook())).outcome, 'sent');
    });
    test('a service that goes away and comes back finds its courier again', async () => {
        const { file } = courier.desk;
        await courier.desk.close();
        await courier.desk.open(file);
        await atDesk(courier);
        assert.equal((await courier.deliver(byWebhook())).outcome, 'sent');
    });
    test('SIGTERM: what is under way is finished and told', async () => {
        const gate = new faults.Gate();
        slack.next(faults.late(gate));
        const before = slack.messages.length;
        const receipt = courier.deliver(byWebhook());
        await until('it to arrive', () => slack.messages.length > before);
        const ended = courier.running.signal('SIGTERM');
        gate.open();
        assert.equal((await receipt).outcome, 'sent');
        assert.deepEqual(await ended, { code: 0, signal: null });
        await courier.launch();
    });
    test('nothing of an address or a token is in receipts or in the log, and the log is JSON', () => {
        assert.deepEqual(leaksOf(courier, secrets()), []);
        for (const line of courier.log().trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
        assert.deepEqual(courier.desk.strange, []);
    });
});

// Hunts: mail that a careful server refuses, a signature that a receiver cannot check, a card that Teams does not show, a certificate that
// nobody checked.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Hook, Teams } from './fakes/hook.mjs';
import * as faults from './fakes/server.mjs';
import { Slack } from './fakes/slack.mjs';
import { Jira } from './fakes/jira.mjs';
import { MailServer } from './fakes/smtp.mjs';
import { makeCertificates } from './support/bursar.mjs';
import { Courier, hostile, hostileMessage, hugeMessage, leaksOf } from './support/courier.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'bursar-courier-'));
const read = (name) => readFileSync(path.join(folder, name), 'utf8');
let courier, ca, tls;
before(async () => {
    makeCertificates(folder);
    ca = read('ca.pem');
    tls = { cert: read('server.pem'), key: read('server.key') };
    courier = await Courier.start();
});
after(async () => {
    await courier?.stop();
    rmSync(folder, { recursive: true, force: true });
});
const sent = (receipt, fake) => assert.equal(receipt.outcome, 'sent', `${receipt.reason} | ${receipt.answer} | ${fake.refusals.join('; ')}`);

describe('a webhook', () => {
    let hook;
    before(async () => (hook = await Hook.start()));
    after(() => hook?.stop());
    const target = (settings = {}, secrets = {}) => ({ name: 'hook', kind: 'webhook', settings: { url: hook.url, ...settings }, secrets: { key: hook.key, ...secrets } });

    test('gets the message, signed', async () => {
        sent(await courier.deliver(target()), hook);
        assert.deepEqual(hook.refusals, []);
        const words = JSON.stringify(hook.taken[0].body);
        for (const part of ['budget.threshold', 'research has spent 80 %', '812.40 USD', 'firing']) assert.ok(words.includes(part), part);
    });
    test('gets what is hostile or huge as it is, or cut', async () => {
        sent(await courier.deliver(target(), hostileMessage()), hook);
        assert.ok(JSON.stringify(hook.taken.at(-1).body).includes(JSON.stringify(hostile[0]).slice(1, -1)));
        sent(await courier.deliver(target(), hugeMessage()), hook);
        assert.deepEqual(hook.refusals, []);
    });
    test('the same delivery has the same id, so that a receiver knows it', async () => {
        hook.next(faults.resetWhenDone());
        const cut = await courier.deliver(target(), {}, { id: 'again' });
        assert.deepEqual([cut.outcome, cut.perhaps_sent], ['later', true]);
        sent(await courier.deliver(target(), {}, { id: 'again', perhaps_sent: true }), hook);
        assert.equal(hook.repeats.length, 1);
    });
    test('another key is refused by the receiver, and not told as sent', async () => {
        const receipt = await courier.deliver(target({}, { key: 'SecretOfAnother' }));
        assert.equal(receipt.outcome, 'closed', receipt.reason);
        hook.refusals = [];
    });
    test('an authorization goes along', async () => {
        hook.authorization = 'Bearer SecretAuthorization';
        sent(await courier.deliver(target({}, { authorization: 'Bearer SecretAuthorization' })), hook);
        hook.authorization = null;
    });
    const said = [
        ['204', () => faults.answers(204), 'sent'], ['202', () => faults.answers(202), 'sent'], ['400', () => faults.answers(400, 'no'), 'refused'], ['401', () => faults.answers(401, 'no'), 'closed'],
        ['404', () => faults.page(404), 'closed'], ['410', () => faults.answers(410, 'gone'), 'closed'], ['413', () => faults.answers(413, ''), 'refused'], ['429', () => faults.busy(2), 'later'],
        ['500', () => faults.page(500), 'later'], ['a redirect', () => faults.redirect('https://bursar.example.com/'), 'later'],
    ];
    for (const [name, fault, outcome] of said)
        test(`${name} is ${outcome}`, async () => {
            hook.next(fault());
            assert.equal((await courier.deliver(target())).outcome, outcome);
        });
    test('nobody there, never an answer: later', async () => {
        hook.next(faults.silence());
        assert.deepEqual((({ outcome, perhaps_sent: perhaps }) => [outcome, perhaps])(await courier.deliver(target())), ['later', true]);
        await hook.down();
        assert.equal((await courier.deliver(target())).outcome, 'later');
        await hook.up();
    });
    test('an address of the cloud\'s metadata, or plain http to elsewhere, is not asked', async () => {
        for (const url of ['http://169.254.169.254/latest/meta-data', 'http://hooks.example.com/x', 'file:///etc/passwd', 'ftp://127.0.0.1/x', 'gopher://127.0.0.1:25/x']) {
            const receipt = await courier.deliver(target({ url }));
            assert.ok(['refused', 'closed'].includes(receipt.outcome), `${url}: ${receipt.outcome} ${receipt.reason}`);
        }
    });
});

describe('Teams', () => {
    let teams;
    before(async () => (teams = await Teams.start()));
    after(() => teams?.stop());
    const target = () => ({ name: 'teams', kind: 'teams', secrets: { webhook: teams.webhook } });

    test('gets a card', async () => {
        sent(await courier.deliver(target()), teams);
        const words = JSON.stringify(teams.messages[0]);
        for (const part of ['research has spent 80 %', '812.40 USD', '81 %', 'https://bursar.example.com/teams/research?from=2026-11-01&to=2026-11-30']) assert.ok(words.includes(part), part);
    });
    test('gets what is hostile or huge within its limits', async () => {
        for (const message of [hostileMessage(), hugeMessage()]) sent(await courier.deliver(target(), message), teams);
        assert.deepEqual(teams.refusals, []);
    });
    const said = [['400', () => faults.answers(400, '{"error":{"code":"TriggerInputSchemaMismatch"}}'), 'refused'], ['401', () => faults.answers(401, ''), 'closed'], ['404', () => faults.answers(404, '{"error":{"code":"WorkflowNotFound"}}'), 'closed'], ['429', () => faults.busy(4), 'later'], ['502', () => faults.page(502), 'later']];
    for (const [name, fault, outcome] of said)
        test(`${name} is ${outcome}`, async () => {
            teams.next(fault());
            assert.equal((await courier.deliver(target())).outcome, outcome);
        });
    test('the address is a secret, its signature above all', async () => {
        teams.next(faults.answers(404, `no workflow at ${teams.webhook}`));
        await courier.deliver(target());
        assert.deepEqual(leaksOf(courier, [teams.secret]), []);
    });
});

describe('mail', () => {
    const target = (mail, settings = {}) => ({
        name: 'mail',
        kind: 'mail',
        settings: { server: mail.url, from: 'bursar@example.com', to: 'ada@example.com', user: 'bursar', ca, ...settings },
        secrets: { password: 'SecretOfTheMailbox' },
    });
    for (const implicit of [true, false])
        describe(implicit ? 'with TLS from the beginning' : 'with STARTTLS', () => {
            let mail;
            before(async () => (mail = await MailServer.start({ ...tls, implicit })));
            after(() => mail?.stop());

            test('a mail has text and HTML, and says the same in both', async () => {
                sent(await courier.deliver(target(mail)), mail);
                const { parsed, user, tls: encrypted } = mail.mails[0];
                assert.deepEqual([user, encrypted], ['bursar', true]);
                assert.match(parsed.subject, /research has spent 80 %/);
                for (const part of ['812.40 USD of 1,000.00 USD', '81 %', 'At this pace', 'https://bursar.example.com/teams/research?from=2026-11-01&to=2026-11-30']) {
                    assert.ok(parsed.text.includes(part), `text: ${part}`);
                    assert.ok(parsed.html.replaceAll('&amp;', '&').includes(part), `html: ${part}`);
                }
            });
            test('names that want to be headers or HTML are words', async () => {
                sent(await courier.deliver(target(mail), hostileMessage()), mail);
                const { parsed, to } = mail.mails.at(-1);
                assert.deepEqual(to, ['ada@example.com']);
                assert.doesNotMatch(parsed.html, /<script|<img src=x/);
                assert.equal(parsed.headers.has('bcc'), false);
                sent(await courier.deliver(target(mail), hugeMessage()), mail);
                assert.deepEqual(mail.refusals, []);
            });
            test('mails of one incident are one thread, a second copy has the same id', async () => {
                const { thread } = await courier.deliver(target(mail), { incident: 'thread' }, { id: `first ${implicit}` });
                await courier.deliver(target(mail), { incident: 'thread', state: 'resolved' }, { id: `second ${implicit}`, thread });
                // Another courier, which does not know that this one was told.
                await courier.stopAndLaunch();
                await courier.deliver(target(mail), { incident: 'thread', state: 'resolved' }, { id: `second ${implicit}`, thread, perhaps_sent: true });
                const [first, second, copy] = mail.mails.slice(-3).map(({ parsed }) => parsed);
                assert.ok(second.inReplyTo, 'it is no reply');
                assert.equal([second.references].flat()[0], [first.inReplyTo ?? first.messageId].flat()[0]);
                assert.equal(copy.messageId, second.messageId);
                assert.notEqual(first.messageId, second.messageId);
            });
            test('files come along', async () => {
                const bytes = Buffer.from('team,spent\r\nresearch,812.40\n');
                sent(await courier.deliver(target(mail, { to: 'ada@example.com,eve@example.com' }), { attachments: [{ name: 'Verbrauch ä.csv', type: 'text/csv', bytes: bytes.toString('base64') }] }), mail);
                const { parsed, to } = mail.mails.at(-1);
                assert.deepEqual(to, ['ada@example.com', 'eve@example.com']);
                assert.deepEqual(parsed.attachments.map(({ content }) => String(content)), [String(bytes)]);
                assert.match(parsed.attachments[0].filename, /^Verbrauch .+\.csv$/);
            });
            const said = [
                ['421 at the door', 'connect', { code: 421, text: '4.3.2 too many connections' }, 'later'],
                ['454 of the sign-in', 'auth', { code: 454, text: '4.7.0 try later' }, 'later'],
                ['535 of the sign-in', 'auth', { code: 535, text: '5.7.8 bad credentials' }, 'closed'],
                ['553 of the sender', 'from', { code: 553, text: '5.7.1 not your address' }, 'refused'],
                ['550 of the receiver', 'to', { code: 550, text: '5.1.1 no such user' }, 'refused'],
                ['450 of the receiver', 'to', { code: 450, text: '4.2.1 greylisted' }, 'later'],
                ['452 of the mail', 'data', { code: 452, text: '4.3.1 no room' }, 'later'],
                ['552 of the mail', 'data', { code: 552, text: '5.3.4 too large' }, 'refused'],
                ['554 of the mail', 'data', { code: 554, text: '5.7.1 looks like spam' }, 'refused'],
            ];
            for (const [name, stage, fault, outcome] of said)
                test(`${name} is ${outcome}`, async () => {
                    const before = mail.mails.length;
                    mail.next(stage, fault);
                    const receipt = await courier.deliver(target(mail));
                    assert.equal(receipt.outcome, outcome, `${receipt.reason} ${receipt.answer}`);
                    assert.match(receipt.answer, new RegExp(fault.code));
                    assert.equal(mail.mails.length, before);
                });
            test('an answer that is lost: perhaps sent', async () => {
                mail.next('data', 'lost');
                const receipt = await courier.deliver(target(mail));
                assert.deepEqual([receipt.outcome, receipt.perhaps_sent], ['later', true]);
                mail.next('from', 'reset');
                const early = await courier.deliver(target(mail));
                assert.deepEqual([early.outcome, early.perhaps_sent ?? false], ['later', false], 'nothing of it was handed over');
            });
        });
    test('a server without encryption does not get the password', async () => {
        // An address of this machine that is none for the courier.
        const bare = await MailServer.start({ startTls: false, address: '127.0.0.2' });
        const receipt = await courier.deliver(target(bare));
        assert.notEqual(receipt.outcome, 'sent');
        assert.deepEqual([bare.mails.length, bare.signIns], [0, 0]);
        await bare.stop();
    });
    test('a server whose certificate nobody knows gets nothing', async () => {
        const unknown = await MailServer.start({ ...tls, implicit: true });
        const receipt = await courier.deliver(target(unknown, { ca: '' }));
        assert.notEqual(receipt.outcome, 'sent');
        assert.match(receipt.reason, /certificate/i);
        assert.equal(unknown.mails.length, 0);
        await unknown.stop();
    });
});

describe('certificates', () => {
    const kinds = {
        slack: async (options) => Slack.start({ ...options, perSecond: Infinity }).then((fake) => [fake, { name: 'x', kind: 'slack', settings: {}, secrets: { webhook: fake.webhook } }]),
        bot: async (options) => Slack.start({ ...options, perSecond: Infinity }).then((fake) => [fake, { name: 'x', kind: 'slack', settings: { channel: 'C0123', api: fake.api }, secrets: { token: fake.token } }]),
        teams: async (options) => Teams.start(options).then((fake) => [fake, { name: 'x', kind: 'teams', settings: {}, secrets: { webhook: fake.webhook } }]),
        webhook: async (options) => Hook.start(options).then((fake) => [fake, { name: 'x', kind: 'webhook', settings: { url: fake.url }, secrets: { key: fake.key } }]),
        jira: async (options) =>
            Jira.start(options).then((fake) => [fake, { name: 'x', kind: 'jira', settings: { url: fake.origin, flavour: 'cloud', project: 'OPS', issue_type: 'Task', user: fake.credentials.user }, secrets: { token: fake.credentials.token } }]),
    };
    for (const [kind, start] of Object.entries(kinds)) {
        test(`${kind}: a certificate of an authority that the target names is taken`, async () => {
            const [fake, target] = await start({ tls });
            sent(await courier.deliver({ ...target, settings: { ...target.settings, ca } }), fake);
            await fake.stop();
        });
        test(`${kind}: any other is not, and nothing is sent`, async () => {
            makeCertificates(folder, 'DNS:elsewhere.example');
            const wrongName = { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') };
            for (const [name, server, trusted] of [['an unknown authority', tls, ''], ['another authority', tls, wrongName.ca], ['another name', wrongName, wrongName.ca]]) {
                const [fake, target] = await start({ tls: { cert: server.cert, key: server.key } });
                const receipt = await courier.deliver({ ...target, settings: { ...target.settings, ca: trusted } });
                assert.ok(['later', 'closed'].includes(receipt.outcome), `${name}: ${receipt.outcome}`);
                assert.match(receipt.reason, /certificate/i, name);
                assert.equal(fake.requests.length, 0, name);
                await fake.stop();
            }
        });
    }
});

test('nothing of a secret is in receipts or in the log', () =>
    assert.deepEqual(leaksOf(courier, ['SecretThatSignsTheHook', 'SecretOfAnother', 'SecretAuthorization', 'SecretOfTheMailbox', 'SecretSignatureOfTheWorkflow']), []));

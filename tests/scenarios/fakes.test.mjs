// Hunts: a fake of Slack, Teams, a webhook's receiver or a mail server that takes what the real one refuses: every scenario against it
// would then pass for nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Hook, Teams } from './fakes/hook.mjs';
import * as faults from './fakes/server.mjs';
import { methodSays, Slack, webhookErrors, webhookSays } from './fakes/slack.mjs';
import { MailServer } from './fakes/smtp.mjs';
import { makeCertificates } from './support/bursar.mjs';

const post = async (url, body, headers = {}) => {
    const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
};
const mrkdwn = (text) => ({ type: 'mrkdwn', text });
const plainText = (text) => ({ type: 'plain_text', text });
const section = (more) => ({ type: 'section', ...more });
const button = (more) => ({ type: 'button', text: plainText('Open'), url: 'https://bursar.example/', ...more });

describe('Slack', () => {
    let slack;
    before(async () => (slack = await Slack.start({ perSecond: Infinity })));
    after(() => slack?.stop());
    const api = async (method, body, token = slack.token) => JSON.parse((await post(`${slack.api}/${method}`, body, token ? { authorization: `Bearer ${token}` } : {})).text);

    const right = {
        'a text alone': { text: 'research has spent 80 %' },
        'every block that a notice is made of, each at its limits': {
            text: 'x'.repeat(4000),
            blocks: [
                { type: 'header', block_id: 'b'.repeat(255), text: { ...plainText('h'.repeat(150)), emoji: true } },
                section({ text: mrkdwn(`${'s'.repeat(2900)} <https://bursar.example/a?b=c&amp;d|more> &lt;&gt;`) }),
                section({ fields: Array.from({ length: 10 }, (_, at) => mrkdwn(`*${at}*\nvalue`)) }),
                { type: 'divider' },
                { type: 'context', elements: Array.from({ length: 10 }, () => mrkdwn('<!date^1795000000^{date_short}|today>')) },
                { type: 'actions', elements: Array.from({ length: 25 }, (_, at) => button({ action_id: `a${at}`, text: plainText('t'.repeat(75)) })) },
            ],
        },
    };
    for (const [name, message] of Object.entries(right))
        test(`a webhook takes ${name}`, async () => assert.deepEqual(await post(slack.webhook, message).then(({ status, text }) => [status, text]), [200, 'ok'], slack.refusals.at(-1)));

    const wrong = [
        ['no text', { blocks: [{ type: 'divider' }] }, 'no_text'],
        ['a text of spaces', { text: ' ' }, 'no_text'],
        ['an unknown field', { text: 'x', channel: '#general' }, 'invalid_payload'],
        ['a text that is too long', { text: 'x'.repeat(4001) }, 'invalid_payload'],
        ['a text with a mention of everybody', { text: 'hello <!channel>' }, 'invalid_payload'],
        ['an & that is not escaped', { text: 'Research & Development' }, 'invalid_payload'],
        ['a < that is not escaped', { text: 'a < b' }, 'invalid_payload'],
        ['something that is not JSON', '{"text": ', 'invalid_payload'],
        ['half a character', { text: 'x\ud83c' }, 'invalid_payload'],
        ['no blocks in blocks', { text: 'x', blocks: [] }, 'invalid_blocks'],
        ['51 blocks', { text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }, 'invalid_blocks'],
        ['an unknown block', { text: 'x', blocks: [{ type: 'table', rows: [] }] }, 'invalid_blocks'],
        ['an unknown field of a block', { text: 'x', blocks: [{ type: 'divider', text: 'x' }] }, 'invalid_blocks'],
        ['a header of 151 characters', { text: 'x', blocks: [{ type: 'header', text: plainText('h'.repeat(151)) }] }, 'invalid_blocks'],
        ['a header with markup', { text: 'x', blocks: [{ type: 'header', text: mrkdwn('h') }] }, 'invalid_blocks'],
        ['a section of 3,001 characters', { text: 'x', blocks: [section({ text: mrkdwn('s'.repeat(3001)) })] }, 'invalid_blocks'],
        ['a section without anything', { text: 'x', blocks: [section({})] }, 'invalid_blocks'],
        ['an empty text in a section', { text: 'x', blocks: [section({ text: mrkdwn('') })] }, 'invalid_blocks'],
        ['eleven fields', { text: 'x', blocks: [section({ fields: Array.from({ length: 11 }, () => mrkdwn('f')) })] }, 'invalid_blocks'],
        ['a field of 2,001 characters', { text: 'x', blocks: [section({ fields: [mrkdwn('f'.repeat(2001))] })] }, 'invalid_blocks'],
        ['eleven elements of a context', { text: 'x', blocks: [{ type: 'context', elements: Array.from({ length: 11 }, () => mrkdwn('f')) }] }, 'invalid_blocks'],
        ['26 buttons', { text: 'x', blocks: [{ type: 'actions', elements: Array.from({ length: 26 }, () => button()) }] }, 'invalid_blocks'],
        ['a button with 76 characters', { text: 'x', blocks: [{ type: 'actions', elements: [button({ text: plainText('t'.repeat(76)) })] }] }, 'invalid_blocks'],
        ['a button that leads to 3,001 characters', { text: 'x', blocks: [{ type: 'actions', elements: [button({ url: `https://x/${'u'.repeat(2991)}` })] }] }, 'invalid_blocks'],
        ['a button that leads to a script', { text: 'x', blocks: [{ type: 'actions', elements: [button({ url: 'javascript:alert(1)' })] }] }, 'invalid_blocks'],
        ['two blocks of one id', { text: 'x', blocks: [{ type: 'divider', block_id: 'a' }, { type: 'divider', block_id: 'a' }] }, 'invalid_blocks'],
        ['blocks that are too long together', { text: 'x', blocks: Array.from({ length: 5 }, () => section({ text: mrkdwn('s'.repeat(2900)) })) }, 'msg_blocks_too_long'],
    ];
    for (const [name, message, error] of wrong)
        test(`a webhook refuses ${name}`, async () => {
            const before = slack.messages.length;
            assert.deepEqual(await post(slack.webhook, message).then(({ status, text }) => [status, text]), [400, error]);
            assert.equal(slack.messages.length, before);
        });

    test('a webhook refuses other content types, credentials, and other addresses', async () => {
        assert.equal((await post(slack.webhook, { text: 'x' }, { 'content-type': 'text/plain' })).text, 'invalid_payload');
        assert.equal((await post(slack.webhook, { text: 'x' }, { authorization: 'Bearer x' })).text, 'invalid_payload');
        assert.deepEqual((({ status, text }) => [status, text])(await post(`${slack.webhook}x`, { text: 'x' })), [404, 'no_service']);
    });

    test('a message is posted, updated and answered by the bot', async () => {
        const first = await api('chat.postMessage', { channel: 'C0123', text: 'firing' });
        assert.equal(first.ok, true);
        assert.match(first.ts, /^\d{10}\.\d{6}$/);
        assert.equal((await api('chat.update', { channel: first.channel, ts: first.ts, text: 'resolved' })).ok, true);
        const reply = await api('chat.postMessage', { channel: 'C0123', text: 'reply', thread_ts: first.ts });
        assert.equal(slack.messages.find(({ ts }) => ts === first.ts).text, 'resolved');
        assert.equal((await api('chat.postMessage', { channel: 'C0123', text: 'reply', thread_ts: reply.ts })).error, 'cannot_reply_to_message');
    });

    test('a file is offered, uploaded and shared', async () => {
        const offer = await api('files.getUploadURLExternal', { filename: 'usage.csv', length: 3 });
        assert.equal((await post(offer.upload_url, 'a,b,c', { 'content-type': 'text/csv' })).status, 400);
        assert.equal((await api('files.completeUploadExternal', { files: [{ id: offer.file_id }], channel_id: 'C0123' })).error, 'file_not_found');
        assert.equal((await post(offer.upload_url, 'a,b', { 'content-type': 'text/csv' })).text, 'OK - 3');
        assert.equal((await api('files.completeUploadExternal', { files: [{ id: offer.file_id, title: 'Usage' }], channel_id: 'C0123' })).ok, true);
        assert.equal(slack.files.at(-1).shared.channel, 'C0123');
    });

    const refused = [
        ['no token', 'chat.postMessage', { channel: 'C0123', text: 'x' }, 'not_authed', ''],
        ['another token', 'chat.postMessage', { channel: 'C0123', text: 'x' }, 'invalid_auth', 'xoxb-other'],
        ['the token in the body', 'chat.postMessage', { channel: 'C0123', text: 'x', token: 'x' }, 'invalid_arguments'],
        ['the name of a channel', 'chat.postMessage', { channel: '#ops', text: 'x' }, 'channel_not_found'],
        ['an archived channel', 'chat.postMessage', { channel: 'C0ARCHIVED', text: 'x' }, 'is_archived'],
        ['a channel without the bot', 'chat.postMessage', { channel: 'C0OTHER', text: 'x' }, 'not_in_channel'],
        ['a ts that is a number', 'chat.update', { channel: 'C0123', ts: 1795000000.000001, text: 'x' }, 'message_not_found'],
        ['a ts of nothing', 'chat.update', { channel: 'C0123', ts: '1795000000.999999', text: 'x' }, 'message_not_found'],
        ['a method that does not exist', 'chat.remove', {}, 'unknown_method'],
    ];
    for (const [name, method, body, error, token] of refused) test(`${method} refuses ${name}`, async () => assert.equal((await api(method, body, token)).error, error));

    test('a channel takes a burst and then one message a second; others wait for nobody', async () => {
        const paced = await Slack.start({ channels: { C0456: { member: true } } });
        try {
            const say = async (channel) => {
                const answer = await post(`${paced.api}/chat.postMessage`, { channel, text: 'x' }, { authorization: `Bearer ${paced.token}` });
                return [answer.status, answer.headers.get('retry-after'), JSON.parse(answer.text).error];
            };
            for (let i = 0; i < 4; i += 1) assert.equal((await say('C0123'))[0], 200);
            assert.deepEqual(await say('C0123'), [429, '1', 'ratelimited']);
            assert.equal((await post(paced.webhook, { text: 'x' })).status, 429, 'the webhook is of the same channel');
            assert.equal((await say('C0456'))[0], 200);
            assert.deepEqual([paced.messages.length, paced.tooFast, paced.refusals], [5, 2, []]);
        } finally {
            await paced.stop();
        }
    });
    test('scripted faults come in order, once, and say what Slack says', async () => {
        slack.next(webhookSays('no_service'), faults.busy(7), faults.page(503));
        const seen = [];
        for (let i = 0; i < 4; i += 1) seen.push(await post(slack.webhook, { text: 'x' }));
        assert.deepEqual(seen.map(({ status }) => status), [webhookErrors.no_service, 429, 503, 200]);
        assert.equal(seen[1].headers.get('retry-after'), '7');
        slack.nextWhen(({ path: where }) => where === '/api/chat.update', methodSays('fatal_error'));
        assert.equal((await api('chat.postMessage', { channel: 'C0123', text: 'x' })).ok, true);
        assert.equal((await api('chat.update', { channel: 'C0123', ts: 'x', text: 'x' })).error, 'fatal_error');
    });

    test('connections end early, with and without the message being taken', async () => {
        for (const [fault, taken] of [[faults.reset(), 0], [faults.resetWhenDone(), 1], [faults.halfAnAnswer(), 1]]) {
            const before = slack.messages.length;
            slack.next(fault);
            await assert.rejects(post(slack.webhook, { text: 'x' }));
            assert.equal(slack.messages.length - before, taken);
        }
        const gate = new faults.Gate();
        slack.next(faults.late(gate));
        const answer = post(slack.webhook, { text: 'x' });
        gate.open();
        assert.equal((await answer).text, 'ok');
    });
});

describe('a webhook\'s receiver', () => {
    let hook;
    before(async () => (hook = await Hook.start()));
    after(() => hook?.stop());
    const now = () => String(Math.floor(Date.now() / 1000));
    const signed = (id, body, { stamp = now(), key = hook.key, sent = body } = {}) =>
        post(hook.url, sent, { 'bursar-id': id, 'bursar-timestamp': stamp, 'bursar-signature': `v1=${createHmac('sha256', key).update(`${stamp}.${id}.${body}`).digest('hex')}` });

    test('takes what is signed, once', async () => {
        assert.equal((await signed('d1', '{"a":1}')).status, 200);
        assert.equal((await signed('d1', '{"a":1}')).status, 200);
        assert.deepEqual([hook.taken.length, hook.repeats.length], [1, 1]);
    });
    test('refuses another key, another body, an old signature and none', async () => {
        assert.equal((await signed('d2', '{}', { key: 'other' })).status, 401);
        assert.equal((await signed('d2', '{}', { sent: '{ }' })).status, 401);
        assert.equal((await signed('d2', '{}', { stamp: String(Number(now()) - 400) })).status, 400);
        assert.equal((await post(hook.url, {})).status, 400);
        assert.equal(hook.taken.length, 1);
    });
});

describe('Teams', () => {
    let teams;
    before(async () => (teams = await Teams.start()));
    after(() => teams?.stop());
    const message = (body, more = {}) => ({ type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', version: '1.4', body, ...more } }] });
    const block = { type: 'TextBlock', text: 'hello', wrap: true };

    test('takes a card', async () =>
        assert.equal((await post(teams.webhook, message([block, { type: 'FactSet', facts: [{ title: 'Spent', value: '8' }] }], { actions: [{ type: 'Action.OpenUrl', title: 'Open', url: 'https://bursar.example/' }] }))).status, 202, teams.refusals.at(-1)));
    const wrong = [
        ['a text alone', { text: 'hello' }],
        ['text that does not wrap', message([{ type: 'TextBlock', text: 'x' }])],
        ['an unknown element', message([{ type: 'Html', text: 'x' }])],
        ['an unknown field', message([{ ...block, html: 'x' }])],
        ['a button that submits', message([block], { actions: [{ type: 'Action.Submit', title: 'x', url: 'https://x' }] })],
        ['a card of a version that Teams does not show', message([block], { version: '1.6' })],
        ['more than 28 KB', message([{ ...block, text: 'x'.repeat(28 * 1024) }])],
    ];
    for (const [name, body] of wrong) test(`refuses ${name}`, async () => assert.equal((await post(teams.webhook, body)).status, 400));
});

describe('a mail server', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bursar-fakes-'));
    let tls, mail;
    before(async () => {
        makeCertificates(folder);
        tls = { cert: readFileSync(path.join(folder, 'server.pem')), key: readFileSync(path.join(folder, 'server.key')) };
        mail = await MailServer.start({ ...tls });
    });
    after(async () => {
        await mail?.stop();
        rmSync(folder, { recursive: true, force: true });
    });

    const right = [
        'From: Bursar <bursar@example.com>', 'To: ada@example.com', 'Subject: =?UTF-8?B?w4RyZ2Vy?=', 'Date: Mon, 30 Nov 2026 10:00:00 +0100', 'Message-ID: <d1@example.com>', 'MIME-Version: 1.0',
        'Content-Type: multipart/alternative; boundary="b"', '',
        '--b', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64', '', 'aGVsbG8=',
        '--b', 'Content-Type: text/html; charset=utf-8', '', '<p>hello</p>', '--b--', '',
    ].join('\r\n');
    /** curl speaks SMTP with the library that the courier has, too. */
    const send = (server, text, { words = ['--ssl-reqd'], user = 'bursar:SecretOfTheMailbox', to = ['ada@example.com'] } = {}) =>
        new Promise((resolve) => {
            const child = spawn('curl', ['--silent', '--show-error', '--url', server.url, '--cacert', path.join(folder, 'ca.pem'), '--mail-from', 'bursar@example.com', ...to.flatMap((each) => ['--mail-rcpt', each]), ...(user ? ['--user', user] : []), ...words, '--upload-file', '-']);
            let said = '';
            child.stderr.on('data', (piece) => (said += piece));
            child.once('close', (code) => resolve({ code, said }));
            child.stdin.end(text);
        });

    test('takes a mail by STARTTLS and by TLS from the beginning', async () => {
        assert.deepEqual(await send(mail, right), { code: 0, said: '' });
        const implicit = await MailServer.start({ ...tls, implicit: true });
        assert.deepEqual(await send(implicit, right), { code: 0, said: '' });
        await implicit.stop();
        for (const { mails } of [mail, implicit]) assert.deepEqual([mails.length, mails[0].parsed.subject, mails[0].parsed.text.trim(), mails[0].user], [1, 'Ärger', 'hello', 'bursar']);
    });
    test('refuses who has another password, none, or no encryption', async () => {
        for (const options of [{ user: 'bursar:other' }, { user: '' }, { words: [] }]) assert.notEqual((await send(mail, right, options)).code, 0, JSON.stringify(options));
        assert.equal(mail.mails.length, 1);
    });
    const wrong = [
        ['a header twice', right.replace('\r\nTo:', '\r\nSubject: x\r\nTo:'), /subject is there 2 times/],
        ['a copy for everybody that should be hidden', right.replace('\r\nTo:', '\r\nBcc: x@example.com\r\nTo:'), /bcc/],
        ['no message id', right.replace(/Message-ID.*\r\n/, ''), /message-id/],
        ['letters that are not ASCII', right.replace('<p>hello', '<p>Ärger'), /not ASCII/],
        ['a line of 999 characters', right.replace('<p>hello', `<p>${'x'.repeat(996)}`), /more than 998/],
        ['an encoded word that ends within a character', right.replace('w4RyZ2Vy', 'w4RyZ2XD'), /within a character/],
        ['HTML alone', right.replace('text/plain', 'text/css'), /no text\/plain/],
        ['a multipart without an end', right.replace('--b--', ''), /has no end/],
        ['another sender than the envelope', right.replace('<bursar@', '<other@'), /from says/],
    ];
    for (const [name, text, why] of wrong)
        test(`refuses ${name}`, async () => {
            assert.notEqual(text, right);
            assert.notEqual((await send(mail, text)).code, 0);
            assert.match(mail.refusals.join('; '), why);
            assert.equal(mail.mails.length, 1);
            mail.refusals = [];
        });
    test('says what a test tells it to, and loses its answer when it is told to', async () => {
        mail.next('to', { code: 550, text: '5.1.1 no such user' });
        assert.notEqual((await send(mail, right)).code, 0);
        mail.next('data', 'lost');
        assert.notEqual((await send(mail, right)).code, 0);
        assert.equal(mail.mails.length, 2);
    });
});

// Hunts: a usage report that reaches a target without its files or in a form that it cannot show, that cannot be drawn by a courier that has no
// home and may write nowhere, or that holds up what else is to be told.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Hook, Teams } from './fakes/hook.mjs';
import { Jira } from './fakes/jira.mjs';
import { Slack } from './fakes/slack.mjs';
import { MailServer } from './fakes/smtp.mjs';
import { makeCertificates } from './support/bursar.mjs';
import { Courier } from './support/courier.mjs';

const report = JSON.parse(readFileSync(new URL('../fuzz/corpus/report/company.json', import.meta.url), 'utf8'));
const attached = (value, formats = 'pdf,png,csv,html') => [
    { name: `usage-finance-2026-11.report?${formats}`, type: 'application/vnd.bursar.report+json', bytes: Buffer.from(JSON.stringify(value)).toString('base64') },
];
const due = (formats) => ({ kind: 'report.due', severity: 'info', state: 'news', title: 'Usage report of Nordlicht Systems', attachments: attached(report, formats) });
const isPdf = (bytes) => assert.equal(String(bytes.subarray(0, 5)), '%PDF-');
const isPng = (bytes) => assert.equal(bytes.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
const names = (files) => files.map(({ filename, name }) => filename ?? name).sort();
const all = ['csv', 'html', 'pdf', 'png'].map((ending) => `usage-finance-2026-11.${ending}`);

const folder = mkdtempSync(path.join(tmpdir(), 'bursar-courier-'));
let courier;
before(async () => {
    makeCertificates(folder);
    // Neither a home nor anything that says where fonts, caches or languages are.
    courier = await Courier.start({ environment: { HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent', FONTCONFIG_PATH: '/nonexistent', LANG: 'C' } });
});
after(async () => {
    await courier?.stop();
    rmSync(folder, { recursive: true, force: true });
});
const sent = (receipt, fake) => assert.equal(receipt.outcome, 'sent', `${receipt.reason} | ${receipt.answer} | ${fake.refusals.join('; ')}`);
async function withFake(start, work) {
    const fake = await start();
    try {
        await work(fake);
    } finally {
        await fake.stop();
    }
}

describe('a report', () => {
    test('by mail is its body, with the picture in it and the files besides', () =>
        withFake(
            () => MailServer.start({ cert: readFileSync(path.join(folder, 'server.pem')), key: readFileSync(path.join(folder, 'server.key')), implicit: true }),
            async (mail) => {
                const settings = { server: mail.url, from: 'bursar@example.com', to: 'cfo@example.com', user: 'bursar', ca: readFileSync(path.join(folder, 'ca.pem'), 'utf8') };
                sent(await courier.deliver({ name: 'mail', kind: 'mail', settings, secrets: { password: 'SecretOfTheMailbox' } }, due('pdf,csv')), mail);
                const { parsed } = mail.mails[0];
                assert.match(parsed.html, /<h1[^>]*>Usage report of Nordlicht Systems<\/h1>/);
                assert.match(parsed.html, /What changed most|Teams/);
                const inside = parsed.attachments.find(({ cid }) => cid === 'picture@bursar');
                isPng(inside.content);
                assert.ok(inside.related, 'the picture is no part of the page');
                const files = parsed.attachments.filter((each) => each !== inside);
                assert.deepEqual(names(files), ['usage-finance-2026-11.csv', 'usage-finance-2026-11.pdf']);
                isPdf(files.find(({ filename }) => filename.endsWith('.pdf')).content);
            },
        ));
    test('by a bot of Slack has its files in the thread, the same bytes each time', () =>
        withFake(Slack.start, async (slack) => {
            const target = { name: 'finance', kind: 'slack', settings: { channel: 'C0123', api: slack.api }, secrets: { token: slack.token } };
            sent(await courier.deliver(target, due()), slack);
            sent(await courier.deliver(target, { ...due(), incident: 'again' }), slack);
            assert.deepEqual(names(slack.files.slice(0, 4)), all);
            const bytes = (files) => files.map((each) => each.bytes.toString('base64')).sort();
            assert.deepEqual(bytes(slack.files.slice(0, 4)), bytes(slack.files.slice(4)));
        }));
    test('by a webhook of Slack and to Teams is words that say where the files are', async () => {
        await withFake(Slack.start, async (slack) => {
            sent(await courier.deliver({ name: 'ops', kind: 'slack', secrets: { webhook: slack.webhook } }, due()), slack);
            assert.match(JSON.stringify(slack.messages[0]), /cannot come here/);
        });
        await withFake(Teams.start, async (teams) => {
            sent(await courier.deliver({ name: 'teams', kind: 'teams', secrets: { webhook: teams.webhook } }, due()), teams);
            assert.match(JSON.stringify(teams.messages[0]), /cannot come here/);
        });
    });
    test('in Jira is an issue with its files', () =>
        withFake(
            () => Jira.start({ flavour: 'data_center' }),
            async (jira) => {
                const settings = { url: jira.origin, flavour: jira.flavour, project: 'OPS', issue_type: 'Task', labels: 'bursar' };
                sent(await courier.deliver({ name: 'tickets', kind: 'jira', settings, secrets: { token: jira.credentials.token } }, due()), jira);
                assert.deepEqual(names(jira.issues[0].attachments), all);
            },
        ));
    test('by a generic webhook is JSON beside the message', () =>
        withFake(Hook.start, async (hook) => {
            sent(await courier.deliver({ name: 'hook', kind: 'webhook', settings: { url: hook.url }, secrets: { key: hook.key } }, due()), hook);
            const { body } = hook.taken[0];
            assert.deepEqual(body.report, report);
            assert.deepEqual(body.message.attachments, []);
        }));
    test('that is none is refused with its reason, and the next message goes out', () =>
        withFake(Slack.start, async (slack) => {
            const target = { name: 'finance', kind: 'slack', settings: { channel: 'C0123', api: slack.api }, secrets: { token: slack.token } };
            const receipt = await courier.deliver(target, { ...due(), attachments: attached({ ...report, manner: { ...report.manner, time_zone: '../../etc/passwd' } }) });
            assert.equal(receipt.outcome, 'refused');
            assert.match(receipt.reason, /The report could not be written down: .*"time_zone"/);
            assert.deepEqual(slack.messages, []);
            sent(await courier.deliver(target), slack);
        }));
});

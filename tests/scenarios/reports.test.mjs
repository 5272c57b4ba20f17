// Hunts: a report that says another sum than the books, that is told twice or to the wrong people, that names somebody who is to be hidden,
// or that runs in a spreadsheet.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { MailServer } from './fakes/smtp.mjs';
import { atOnce, Company, read, soon } from './support/alerts.mjs';
import { makeCertificates, nanos } from './support/bursar.mjs';
import { slow, until } from './support/process.mjs';

/** The zone in which it is `hour` o'clock now, and some minutes. */
function zoneWhere(hour) {
    let ahead = (hour - new Date().getUTCHours() + 24) % 24;
    if (ahead > 12) ahead -= 24;
    if (ahead === 0) return 'UTC';
    // The names have their signs the other way round.
    return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}
const everywhere = ['ops', 'tickets', 'mail'];

let folder, mail, company, key;
before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bursar-reports-'));
    makeCertificates(folder);
    const pem = (name) => readFileSync(path.join(folder, name), 'utf8');
    mail = await MailServer.start({ cert: pem('server.pem'), key: pem('server.key') });
    company = await Company.start({
        targets: { mail: { mail: { server: mail.url, from: 'bursar@example.com', to: ['finance@example.com'], user: 'bursar', password: 'smtp', ca: pem('ca.pem') } } },
        routes: [{ name: 'budgets', events: ['budget'], to: ['ops'], ...atOnce }],
        policy: {
            // Late in the evening: the day that runs is nearly over.
            organisation: { time_zone: zoneWhere(22) },
            teams: { rnd: {}, 'at-work': { parent: 'rnd' }, '+1-2': { parent: 'rnd', cost_centre: '=1+2' } },
            reports: {
                finance: { every: 'day', to: everywhere, formats: ['csv', 'pdf'] },
                named: { every: 'day', at: '23:59', people: 'shown' },
            },
        },
    });
    await company.bursar.putSecret('smtp', mail.credentials.password);
    key = await company.bursar.issueKey({ team: 'at-work', person: 'zuleika' });
    const formula = await company.bursar.issueKey({ name: 'formula', team: '+1-2' });
    for (const each of [key, key, key, formula]) {
        const answer = await company.bursar.call(each, '/v1/chat/completions', { model: 'demo-gpt', max_tokens: 4010, messages: [{ role: 'user', content: 'x [[demo tokens=4000 first_ms=20]]' }] });
        await answer.text();
        assert.equal(answer.status, 200);
    }
});
after(async () => {
    await company?.stop();
    await mail?.stop();
    rmSync(folder, { recursive: true, force: true });
});

const preview = (query = '', name = 'finance') => company.bursar.must('GET', `reports/${name}/preview?period=current${query}`);
const spent = async (account) => nanos((await company.bursar.must('GET', 'ledger')).spending.find((each) => each.account === account).spent_usd);
const complete = async () => until('the calls to be summed up', async () => (await preview()).total.calls === 4, 2 * soon);

describe('a report of the day that runs', () => {
    test('says what the books say, to the nano-dollar, in sum and by team', async () => {
        await complete();
        const report = await preview();
        assert.equal(nanos(report.total.charge), await spent('org'));
        for (const line of report.teams.lines) assert.equal(nanos(line.now.charge), await spent(`team:${line.name}`), line.name);
        const rnd = await preview('&of=rnd');
        assert.equal(nanos(rnd.total.charge), await spent('team:rnd'));
        assert.equal(rnd.teams.lines.length, 2);
    });
    test('names nobody unless the policy shows people', async () => {
        assert.equal(JSON.stringify(await preview()).includes('zuleika'), false);
        for (const format of ['html', 'csv']) assert.equal((await company.bursar.api('GET', `reports/finance/preview?period=current&format=${format}`)).text.includes('zuleika'), false);
        assert.equal((await preview('', 'named')).people.lines.some(({ name }) => name === 'zuleika'), true);
    });
    test('is read by leads of their own teams only', async () => {
        const { token } = await company.bursar.must('POST', 'operators', { name: 'lea', role: 'team_lead', team: 'at-work' });
        const as = (where) => company.bursar.api('GET', where, undefined, { authorization: `Bearer ${token}` });
        assert.equal((await as('reports/finance/preview?period=current&of=at-work')).status, 200);
        for (const of of ['rnd', 'demo', 'organisation', '%2B1-2']) assert.equal((await as(`reports/finance/preview?period=current&of=${of}`)).status, 403, of);
    });
    test('runs nothing in a spreadsheet', async () => {
        const { text } = await company.bursar.api('GET', 'reports/finance/preview?period=current&format=csv');
        const cells = text.split(/\r?\n/).flatMap((line) => line.split(','));
        for (const cell of cells) assert.doesNotMatch(cell.replace(/^"/, ''), /^[=+@\t]/, cell);
        assert.match(text, /1-2/);
    });
    test('is drawn by bursarctl as PDF and as a picture', () => {
        const file = path.join(folder, 'report.pdf');
        const done = company.bursar.ctl(['report', 'preview', 'finance', '--period', 'current', '--format', 'pdf', '--output', file]);
        assert.equal(done.status, 0, done.stderr);
        assert.equal(readFileSync(file).subarray(0, 5).toString('latin1'), '%PDF-');
        const picture = path.join(folder, 'report.png');
        assert.equal(company.bursar.ctl(['report', 'preview', 'finance', '--period', 'current', '--format', 'png', '--output', picture]).status, 0);
        assert.equal(readFileSync(picture).subarray(1, 4).toString('latin1'), 'PNG');
        assert.equal(company.bursar.ctl(['report', 'preview', 'finance', '--format', 'docx']).status, 2);
        assert.equal(company.bursar.ctl(['report', 'preview', 'nothing']).status, 1);
        const table = company.bursar.ctl(['report', 'preview', 'finance', '--period', 'current']);
        assert.match(table.stdout, /at-work/);
    });
});

describe('a report that is sent', () => {
    const issues = () => company.jira.issues.filter(({ fields }) => !/test/i.test(fields.summary));
    test('reaches mail, Slack and Jira once each, with the figures, though both are killed on the way', async () => {
        await complete();
        // A courier that dies while it sends may send again, and says so; one that is away before does not.
        await company.courier.signal('SIGKILL');
        const sent = await company.bursar.must('POST', 'reports/finance/send', { period: 'current' });
        assert.deepEqual(sent.targets.toSorted(), everywhere.toSorted());
        await company.bursar.kill();
        await company.bursar.launch();
        await company.launchCourier();
        await until('the mail', () => mail.mails.length > 0, slow ? 120_000 : 30_000);
        await company.settled();
        assert.equal(mail.mails.length, 1);
        assert.equal(company.slack.messages.length, 1);
        assert.equal(issues().length, 1);
        // 4 calls of 4,000 tokens at 10 USD a million, and what they asked.
        const figure = /0\.1[67]/;
        assert.match(mail.mails[0].parsed.text, figure);
        assert.match(read(company.slack.messages[0]), figure);
        assert.match(JSON.stringify(issues()[0].fields), figure);
        for (const words of [mail.mails[0].parsed.text, read(company.slack.messages[0]), JSON.stringify(issues()[0])]) assert.equal(words.includes('zuleika'), false);
        assert.deepEqual([company.slack.refusals, mail.refusals, company.jira.refusals], [[], [], []]);
        assert.deepEqual(mail.mails[0].parsed.attachments.map(({ filename }) => path.extname(filename)).filter((end) => end !== '.png').toSorted(), ['.csv', '.pdf']);
        const [kept] = (await company.bursar.must('GET', 'reports')).kept;
        assert.equal(kept.number, sent.number);
        assert.equal(nanos((await company.bursar.must('GET', `reports/kept/${kept.number}`)).total.charge), await spent('org'));
        const rows = (await company.bursar.must('GET', 'audit?action=report.send')).entries;
        assert.equal(rows.filter(({ outcome }) => outcome === 'ok').length, 1);
    });
    test('goes where somebody wants it, and is refused where it cannot', async () => {
        const before = company.slack.messages.length;
        assert.equal(company.bursar.ctl(['report', 'send', 'finance', '--of', 'rnd', '--period', 'current', '--to', 'ops']).status, 0);
        await until('the message', () => company.slack.messages.length === before + 1, 2 * soon);
        assert.match(read(company.slack.messages.at(-1)), /rnd/);
        assert.equal(company.bursar.ctl(['report', 'send', 'finance', '--to', 'oops']).status, 1);
        assert.equal(mail.mails.length, 1);
    });
});

test('a schedule tells the day that is over once, whatever is killed around it', { timeout: 240_000 }, async () => {
    const told = () => [mail.mails.length, company.slack.messages.length, company.jira.issues.length];
    await company.settled();
    const before = told();
    await company.courier.signal('SIGKILL');
    // The organisation moves to where it is past two in the morning: there a day is over that nobody was told of.
    const zone = zoneWhere(2);
    await company.bursar.changePolicy((policy) => {
        policy.organisation.time_zone = zone;
        policy.reports.finance.at = '00:00';
    });
    const scheduled = async () => (await company.bursar.must('GET', 'reports')).kept.filter(({ by }) => by === 'schedule');
    const kept = await until('the report', async () => ((await scheduled()).length > 0 ? scheduled() : null), 60_000);
    for (let round = 0; round < 3; round += 1) {
        await company.bursar.kill();
        await company.bursar.launch();
    }
    await company.launchCourier();
    await until('all three', () => told().every((count, at) => count > before[at]), slow ? 120_000 : 60_000);
    // The next looks of the steward find nothing to do.
    const looks = Date.now() + 12_000;
    await until('two more looks', () => Date.now() > looks, 20_000);
    await company.settled();
    assert.deepEqual(told(), before.map((count) => count + 1));
    assert.deepEqual(await scheduled(), kept);
    assert.equal(kept.length, 1);
});

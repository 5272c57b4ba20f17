// Hunts: two issues for one incident, an issue that stays open when all is well, an issue that cannot be made because of a field, a language or
// a text; a token in a receipt.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { wordsOfAdf } from './fakes/adf.mjs';
import { Jira } from './fakes/jira.mjs';
import * as faults from './fakes/server.mjs';
import { Courier, hostileMessage, hugeMessage, leaksOf } from './support/courier.mjs';
import { until } from './support/process.mjs';

const custom = {
    customfield_10010: { name: 'Team', required: true, schema: { type: 'option', custom: 'select', customId: 10010 }, allowedValues: [{ id: '1', value: 'Platform' }] },
    customfield_10011: { name: 'Points', schema: { type: 'number' } },
};
const targetOf = (jira, settings = {}) => ({
    name: 'tickets',
    kind: 'jira',
    settings: {
        url: jira.origin,
        flavour: jira.flavour,
        project: 'OPS',
        issue_type: 'Task',
        labels: 'bursar',
        ...(jira.cloud ? { user: jira.credentials.user } : {}),
        ...settings,
    },
    secrets: { token: jira.credentials.token },
});
const words = (jira, text) => (jira.cloud ? wordsOfAdf(text) : text);
const is = (method, end) => (request) => request.method === method && end.test(request.path);
const creates = is('POST', /\/issue$/);
const comments = is('POST', /\/comment$/);

let courier;
before(async () => (courier = await Courier.start()));
after(() => courier?.stop());

/** A Jira and a delivery to it; every refusal of the fake is a defect of the courier, unless a test says that it waits for one. */
async function withJira(options, work) {
    const jira = await Jira.start(options);
    try {
        await work(jira, (message, more, settings) => courier.deliver(targetOf(jira, settings), message, more));
    } finally {
        await jira.stop();
    }
}
const sent = (receipt, jira) => {
    assert.equal(receipt.outcome, 'sent', `${receipt.reason} | ${receipt.answer} | ${jira.refusals.join('; ')}`);
    return receipt;
};

for (const flavour of ['cloud', 'data_center']) {
    describe(flavour, () => {
        for (const language of ['en', 'de', 'ja'])
            test(`an incident is one issue, from its beginning to its end and again, where statuses are called as in "${language}"`, () =>
                withJira({ flavour, language }, async (jira, deliver) => {
                    const first = sent(await deliver(), jira);
                    assert.equal(first.thread.key, 'OPS-1');
                    const [issue] = jira.issues;
                    assert.match(issue.fields.summary, /research has spent 80 %/);
                    for (const part of ['812.40 USD of 1,000.00 USD', '81 %', 'At this pace']) assert.ok(words(jira, issue.fields.description).includes(part), part);
                    assert.ok(JSON.stringify(issue.fields.description).includes('https://bursar.example.com/teams/research?from=2026-11-01&to=2026-11-30'));
                    assert.ok(issue.fields.labels.includes('bursar'));

                    const { thread } = first;
                    sent(await deliver({ title: 'research has spent 100 %' }, { thread }), jira);
                    assert.match(words(jira, issue.comments[0]), /100 %/);
                    assert.equal(jira.categoryOf(issue), 'new');
                    sent(await deliver({ state: 'resolved', title: 'research is within its budget again' }, { thread }), jira);
                    assert.equal(jira.categoryOf(issue), 'done');
                    assert.match(words(jira, issue.comments.at(-1)), /within its budget/);
                    sent(await deliver({ state: 'resolved' }, { thread }), jira);
                    assert.deepEqual(issue.moves, ['done'], 'what is closed is closed again');
                    sent(await deliver({ title: 'research has spent 90 %' }, { thread }), jira);
                    assert.notEqual(jira.categoryOf(issue), 'done', 'it fires, and its issue is closed');
                    assert.equal(jira.issues.length, 1);
                    assert.deepEqual(jira.refusals, []);
                }));

        test('names that want to be markup are words, and what is too long is cut', () =>
            withJira({ flavour }, async (jira, deliver) => {
                sent(await deliver(hostileMessage({ incident: 'hostile' })), jira);
                sent(await deliver(hugeMessage({ incident: 'huge' })), jira);
                sent(await deliver(hugeMessage({ incident: 'huge' }), { thread: { key: 'OPS-2' } }), jira);
                assert.deepEqual(jira.refusals, []);
                const [issue] = jira.issues;
                assert.equal(issue.fields.summary.includes('\n'), false);
                assert.ok(words(jira, issue.fields.description).includes('Ärger 🦀'));
                if (!jira.cloud) {
                    // Wiki markup: what opens a macro, a mention, an image or a link is escaped.
                    for (const mark of ['{color:red}', '[~admin]', '!x.png!']) assert.doesNotMatch(issue.fields.description, new RegExp(`(?<!\\\\)${mark.replace(/[[\]{}!]/g, '\\$&')}`));
                }
            }));

        test('required fields, components, labels and the assignee of the team are set', () =>
            withJira({ flavour, custom, components: ['Costs', 'Other'] }, async (jira, deliver) => {
                const user = jira.users[0];
                const settings = { fields: JSON.stringify({ customfield_10010: { value: 'Platform' }, customfield_10011: 5 }), components: 'Costs', labels: 'bursar,costs', assignees: JSON.stringify({ research: user }) };
                sent(await deliver({}, {}, settings), jira);
                const { fields } = jira.issues[0];
                assert.deepEqual([fields.customfield_10010, fields.customfield_10011], [{ value: 'Platform' }, 5]);
                assert.deepEqual(fields.components, [{ name: 'Costs' }]);
                for (const label of ['bursar', 'costs']) assert.ok(fields.labels.includes(label), JSON.stringify(fields.labels));
            }));

        test('a required field that nobody set is named, and the message is refused', () =>
            withJira({ flavour, custom }, async (jira, deliver) => {
                const receipt = await deliver();
                assert.equal(receipt.outcome, 'refused');
                assert.match(receipt.reason, /Team|customfield_10010/);
                assert.equal(jira.issues.length, 0);
            }));

        test('a kill -9 between the issue and the receipt, and a second try: one issue', () =>
            withJira({ flavour }, async (jira, deliver) => {
                jira.nextWhen(creates, faults.silenceWhenDone());
                deliver({}, { id: `${flavour} cut` }).catch(() => {});
                await until('the issue', () => jira.issues.length === 1);
                await courier.kill();
                await courier.launch();
                const receipt = sent(await deliver({}, { id: `${flavour} cut`, perhaps_sent: true }), jira);
                assert.equal(receipt.thread.key, 'OPS-1');
                assert.deepEqual([jira.issues.length, jira.issues[0].comments.length], [1, 0], 'it is told twice');
            }));
        for (const [name, fault] of [['ends', faults.resetWhenDone], ['ends in the middle', faults.halfAnAnswer], ['never comes', faults.silenceWhenDone]])
            test(`the answer to a create that ${name}: perhaps sent, and the next try finds it`, () =>
                withJira({ flavour }, async (jira, deliver) => {
                    jira.nextWhen(creates, fault());
                    const id = `${flavour} create that ${name}`;
                    const cut = await deliver({}, { id });
                    assert.equal(jira.requests.filter(creates).length, 1, 'it was sent again by itself');
                    assert.deepEqual([cut.outcome, cut.perhaps_sent], ['later', true], cut.reason);
                    const receipt = sent(await deliver({}, { id, perhaps_sent: true }), jira);
                    assert.equal(receipt.thread.key, 'OPS-1');
                    assert.deepEqual([jira.issues.length, jira.issues[0].comments.length], [1, 0], 'it is told twice');
                }));
        for (const [name, fault] of [['ends', faults.resetWhenDone], ['ends in the middle', faults.halfAnAnswer]])
            test(`the answer to a comment that ${name}: perhaps sent, and the next try sees it`, () =>
                withJira({ flavour }, async (jira, deliver) => {
                    const { thread } = sent(await deliver(), jira);
                    jira.nextWhen(comments, fault());
                    const id = `${flavour} comment that ${name}`;
                    const cut = await deliver({ title: 'news' }, { id, thread });
                    assert.deepEqual([cut.outcome, cut.perhaps_sent], ['later', true], cut.reason);
                    sent(await deliver({ title: 'news' }, { id, thread, perhaps_sent: true }), jira);
                    assert.equal(jira.issues[0].comments.length, 1, 'it is told twice');
                }));
        test('an issue that somebody deleted: a new one is made', () =>
            withJira({ flavour }, async (jira, deliver) => {
                sent(await deliver(), jira);
                jira.issues = [];
                const receipt = await deliver({ title: 'research has spent 100 %' }, { thread: { key: 'OPS-1' } });
                sent(receipt, jira);
                assert.equal(jira.issues.length, 1);
            }));
        test('files are attached, and one that is too large does not cost the issue', () =>
            withJira({ flavour, attachmentMax: 1000 }, async (jira, deliver) => {
                const attachments = (bytes) => [{ name: 'usage ä "2026".csv', type: 'text/csv', bytes: Buffer.alloc(bytes, 'a,b\n').toString('base64') }];
                sent(await deliver({ state: 'news', incident: 'report', attachments: attachments(40) }), jira);
                assert.deepEqual(jira.issues[0].attachments.map(({ bytes }) => bytes.length), [40]);
                const receipt = await deliver({ state: 'news', incident: 'large report', attachments: attachments(4000) });
                assert.ok(['refused', 'sent'].includes(receipt.outcome), receipt.outcome);
                assert.equal(receipt.thread.key, 'OPS-2', 'the service does not know of the issue that is there');
            }));

        const said = [
            ['401', () => faults.answers(401, { errorMessages: ['Client must be authenticated to access this resource.'] }, { 'content-type': 'application/json' }), { outcome: 'closed' }],
            ['403', () => faults.answers(403, { errorMessages: ['You do not have permission to create issues in this project.'], errors: {} }, { 'content-type': 'application/json' }), { outcome: 'closed' }],
            ['404', () => faults.answers(404, { errorMessages: ["No project could be found with key 'OPS'."], errors: {} }, { 'content-type': 'application/json' }), { outcome: 'closed' }],
            ['429 with Retry-After', () => faults.busy(11, '{"message":"Rate limit exceeded."}', { 'ratelimit-reason': 'jira-burst-based' }), { outcome: 'later', wait_ms: 11_000 }],
            ['503', () => faults.page(503), { outcome: 'later' }],
            ['a page of HTML with 200', () => faults.page(200), { outcome: 'later' }],
            ['half JSON', () => faults.wrongJson(201), { outcome: 'later' }],
            ['an answer without an end', () => faults.endless(201, 8 << 20), { outcome: 'later' }],
        ];
        for (const [name, fault, expected] of said)
            test(`${name} to a create is ${expected.outcome}`, () =>
                withJira({ flavour }, async (jira, deliver) => {
                    jira.nextWhen(creates, fault());
                    const receipt = await deliver();
                    for (const [key, value] of Object.entries(expected)) assert.equal(receipt[key], value, `${key}: ${JSON.stringify(receipt)}`);
                    assert.equal(jira.faultsLeft, 0);
                }));
        test('the reason of a rate limit is told', () =>
            withJira({ flavour }, async (jira, deliver) => {
                jira.always(faults.busy(5, '{}', { 'ratelimit-reason': 'jira-per-issue-on-write' }));
                const receipt = await deliver();
                assert.deepEqual([receipt.outcome, receipt.wait_ms], ['later', 5000]);
                assert.match(`${receipt.reason} ${receipt.answer}`, /jira-per-issue-on-write/);
            }));
        test('a comment that fails is tried again, and is not a second issue', () =>
            withJira({ flavour }, async (jira, deliver) => {
                const { thread } = sent(await deliver(), jira);
                jira.nextWhen(comments, faults.page(500));
                assert.equal((await deliver({ title: 'news' }, { thread })).outcome, 'later');
                sent(await deliver({ title: 'news' }, { thread }), jira);
                assert.deepEqual([jira.issues.length, jira.issues[0].comments.length], [1, 1]);
            }));
        test('another token is closed, and says so', () =>
            withJira({ flavour }, async (jira) => {
                const target = targetOf(jira);
                const receipt = await courier.deliver({ ...target, secrets: { token: 'SecretOfYesterday' } });
                assert.equal(receipt.outcome, 'closed');
                assert.match(receipt.answer, /401/);
            }));
    });
}

test('closing where a screen asks for a resolution', () =>
    withJira({ resolutionOnScreen: true }, async (jira, deliver) => {
        const { thread } = sent(await deliver(), jira);
        const receipt = await deliver({ state: 'resolved' }, { thread });
        assert.ok(['sent', 'refused'].includes(receipt.outcome));
        if (receipt.outcome === 'sent') assert.equal(jira.categoryOf(jira.issues[0]), 'done');
        else assert.match(receipt.reason, /resolution/i);
    }));

test('a project whose screen has no labels is told in words, without an issue', () =>
    withJira({ withLabels: false }, async (jira, deliver) => {
        const receipt = await deliver();
        assert.equal(receipt.outcome, 'refused');
        assert.match(receipt.reason, /label/i);
        assert.equal(jira.issues.length, 0);
    }));

test('a search of Cloud that follows behind does not make a second issue', () =>
    withJira({ searchLag: 1 }, async (jira, deliver) => {
        jira.nextWhen(creates, faults.resetWhenDone());
        const id = 'follows behind';
        let receipt = await deliver({}, { id });
        for (let tries = 0; receipt.outcome === 'later' && tries < 5; tries += 1) receipt = await deliver({}, { id, perhaps_sent: true, thread: receipt.thread });
        sent(receipt, jira);
        assert.equal(jira.issues.length, 1);
    }));

test('nothing of a token is in receipts or in the log', () => assert.deepEqual(leaksOf(courier, ['SecretOfJira', 'SecretPersonalAccessToken', 'SecretOfYesterday']), []));

// Hunts: a request for more that is answered by somebody who may not, by whoever asked, by a stranger, twice or never; a move that nobody sees
// because something was down; a comment that comes at every look; a Jira that is asked although it wants a pause.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { wordsOfAdf } from './fakes/adf.mjs';
import * as faults from './fakes/server.mjs';
import { atOnce, Company } from './support/alerts.mjs';
import { slow, until } from './support/process.mjs';
import { hire } from './support/staff.mjs';

const soon = slow ? 120_000 : 20_000;
const kills = Number(process.env.BURSAR_APPROVAL_KILLS ?? 6);
const people = {
    lea: { email: 'lea@corp.example', groups: ['users', 'leads'] },
    mia: { email: 'mia@corp.example', groups: ['users'] },
    fritz: { email: 'fritz@corp.example', groups: ['finance'] },
    sven: { groups: ['users', 'leads'] },
};
/** As Jira shows them. */
const of = (name, more = {}) => ({ account: `5b10:${name}`, name: `${name} of Jira`, email: `${name}@corp.example`, ...more });
const searches = (request) => request.method === 'POST' && /\/search(\/jql)?$/.test(request.path) && /labels in/.test(request.body.toString());

for (const flavour of ['cloud', 'data_center']) {
    describe(`requests in Jira ${flavour}`, () => {
        let company;
        const keys = {};
        before(async () => {
            company = await Company.start({
                jira: { flavour, answering: true },
                policy: {
                    teams: { demo: { groups: ['users'], leads: ['leads'], budgets: [{ limit: '100 USD', per: 'month' }] } },
                    identity: { scim: { hr: { title: 'HR' } }, roles: { finance: ['finance'] } },
                },
                tickets: { approvals: { approve: 'Approved', decline: '10004', by: ['*leads*'], people: { '5b10:sven': 'sven' } } },
                routes: [{ name: 'requests', events: ['request'], to: ['tickets'], ...atOnce }],
                sections: { courier: { issues_every_seconds: 1 } },
            });
            await hire(company.bursar, people);
            for (const name of ['mia', 'lea']) keys[name] = await company.bursar.issueKey({ name, person: name });
        });
        after(() => company?.stop());

        /** Asks for more; the number of the request and its issue. */
        async function ask(by = 'mia') {
            const asked = await company.bursar.api(
                'POST', 'requests', { account: 'team:demo', limit: 'per month', amount: '1 USD', until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'a demo' },
                { authorization: `Bearer ${keys[by]}` },
            );
            assert.equal(asked.status, 201, asked.text);
            const { number } = asked.body;
            const issue = await until(`the issue of request ${number}`, () => company.jira.issues.find(({ fields }) => JSON.stringify(fields).includes('asks for') && numberOf(fields) === number), 2 * soon);
            return { number, key: issue.key, issue };
        }
        const words = (text) => (company.jira.cloud ? wordsOfAdf(text) : text);
        const numberOf = (fields) => Number(/Number\W+(\d+)/.exec(words(fields.description))?.[1]);
        const said = (issue) => issue.comments.map(words);
        const stateOf = async (number) => (await company.bursar.must('GET', 'requests')).requests.find((each) => each.number === number);
        const answered = (number, state) => until(`request ${number} to be ${state}`, async () => (await stateOf(number)).state === state, soon);
        const audited = async (number, filter = '') => (await company.bursar.must('GET', `audit?object=request:${number}&limit=100${filter}`)).entries.map((entry) => ({ ...entry, detail: JSON.parse(entry.detail ?? '{}') }));
        /** So many looks have come and gone. */
        async function looks(count) {
            const before = company.jira.requests.filter(searches).length;
            await until(`${count} looks`, () => company.jira.requests.filter(searches).length >= before + count, soon);
        }
        const objection = (issue, pattern) => until(`a comment ${pattern} on ${issue.key}`, () => said(issue).some((text) => pattern.test(text)), soon);

        test('a lead moves the issue: it is approved, in force, audited with the account, and the issue closes; setting it back revokes nothing', async () => {
            const { number, key, issue } = await ask();
            await looks(2);
            assert.equal((await stateOf(number)).state, 'open');
            company.jira.moveBy(key, 'Approved', of('lea'));
            await answered(number, 'approved');
            const request = await stateOf(number);
            assert.equal(request.decided_by, 'person:lea');
            const [row, ...more] = await audited(number, '&action=request.approve');
            assert.deepEqual([more.length, row.actor, row.outcome], [0, 'person:lea', 'ok']);
            assert.deepEqual([row.detail.issue, row.detail.jira_account, row.detail.target], [key, '5b10:lea', 'tickets']);
            const budget = (await company.bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === 'team:demo');
            assert.equal(budget.limit_usd, '101.00');
            await until('the issue to be closed', () => company.jira.categoryOf(issue) === 'done', 2 * soon);
            const other = await ask();
            company.jira.moveBy(key, 'Open', of('lea'));
            company.jira.moveBy(key, 'Declined', of('lea'));
            await looks(3);
            assert.equal((await stateOf(number)).state, 'approved');
            company.jira.moveBy(other.key, 'Declined', of('fritz'));
            await answered(other.number, 'declined');
        });
        test('finance declines by the other status, which the policy has by its number', async () => {
            const { number, key } = await ask();
            company.jira.moveBy(key, 'Declined', of('fritz'));
            await answered(number, 'declined');
            assert.equal((await stateOf(number)).decided_by, 'person:fritz');
        });
        test('a member, whoever asked and a stranger change nothing and are told so once; who may answers after them', async () => {
            const cases = [
                { by: 'lea', mover: of('mia'), says: /may not answer this request/ },
                { by: 'lea', mover: of('lea'), says: /Nobody decides about what he asked for himself/ },
                { by: 'mia', mover: of('mallory'), says: /knows nobody by the Jira account/ },
                { by: 'mia', mover: of('lea', { account: 'x', email: undefined }), says: /knows nobody by the Jira account/ },
            ];
            if (company.jira.cloud) cases.push({ by: 'mia', mover: of('lea', { account: 'qm:1', type: 'customer' }), says: /knows nobody by the Jira account/ });
            for (const { by, mover, says } of cases) {
                const { number, key, issue } = await ask(by);
                company.jira.moveBy(key, 'Approved', mover);
                await objection(issue, says);
                await looks(3);
                assert.equal(said(issue).filter((text) => says.test(text)).length, 1, 'it is told again and again');
                assert.equal((await stateOf(number)).state, 'open', `${mover.name} decided`);
                assert.equal(issue.status, '10003', 'the issue was moved back');
                assert.ok((await audited(number)).some(({ outcome, detail }) => outcome !== 'ok' && detail.issue === key), 'the refusal is not in the audit');
                company.jira.moveBy(key, 'Open', of('fritz'));
                company.jira.moveBy(key, 'Approved', of('fritz'));
                await answered(number, 'approved');
            }
        });
        test('an account without an address is whom the policy says', async () => {
            const { number, key } = await ask();
            company.jira.moveBy(key, 'Approved', of('sven', { email: undefined }));
            await answered(number, 'approved');
            assert.equal((await stateOf(number)).decided_by, 'person:sven');
        });
        test('an issue that is moved while the courier or Jira is away is seen when they are back', async () => {
            const first = await ask();
            await company.courier.signal('SIGKILL');
            company.jira.moveBy(first.key, 'Approved', of('lea'));
            await company.launchCourier();
            await answered(first.number, 'approved');
            const second = await ask();
            await company.jira.down();
            company.jira.moveBy(second.key, 'Declined', of('lea'));
            await pause(2500);
            assert.equal((await stateOf(second.number)).state, 'open');
            await company.jira.up();
            await until('the decision', async () => (await stateOf(second.number)).state === 'declined', 4 * soon);
        });
        test('a Jira that asks for a pause is not asked meanwhile', async () => {
            const { number, key } = await ask();
            await looks(1);
            company.jira.nextWhen(searches, faults.busy(4, '{}'));
            await until('the pause to begin', () => company.jira.faultsLeft === 0, soon);
            const begun = Date.now();
            const before = company.jira.requests.filter(searches).length;
            company.jira.moveBy(key, 'Approved', of('lea'));
            await pause(3000);
            if (Date.now() - begun < 3800) assert.equal(company.jira.requests.filter(searches).length, before);
            await answered(number, 'approved');
        });
        test(`${kills} kills of both while issues are moved: each request is decided once, each objection is told once`, async (t) => {
            const seen = [];
            for (let round = 0; round < kills; round += 1) {
                const { number, key, issue } = await ask();
                const wrong = round % 2 === 1;
                company.jira.moveBy(key, 'Approved', wrong ? of('mia') : of('lea'));
                await pause((round * 433) % 1500);
                await Promise.all([company.bursar.kill(), company.courier.signal('SIGKILL')]);
                await company.bursar.launch();
                await company.launchCourier();
                seen.push({ number, issue, wrong });
            }
            for (const { number, issue, wrong } of seen) {
                if (wrong) await objection(issue, /may not answer this request/);
                else await answered(number, 'approved');
            }
            await company.settled();
            await looks(3);
            for (const { number, issue, wrong } of seen) {
                const decisions = (await audited(number, '&action=request.approve&outcome=ok')).length;
                const objections = said(issue).filter((text) => /may not answer/.test(text)).length;
                assert.deepEqual([(await stateOf(number)).state, decisions, objections], wrong ? ['open', 0, 1] : ['approved', 1, 0], `request ${number}`);
            }
            t.diagnostic(`${kills} deaths of both, ${seen.length} requests`);
        });
        test('Jira refused nothing, and neither log has a secret', async () => {
            assert.deepEqual(company.jira.refusals, []);
            assert.equal(company.courier.words().includes(company.jira.credentials.token), false);
            assert.equal((await company.bursar.must('POST', 'audit/verify')).intact, true);
        });
    });
}

test('without "approvals" in the policy nobody looks, and a move means nothing', async () => {
    const company = await Company.start({
        jira: { answering: true },
        policy: { identity: { scim: { hr: { title: 'HR' } } }, teams: { demo: { groups: ['users'], leads: ['leads'], budgets: [{ limit: '100 USD', per: 'month' }] } } },
        routes: [{ name: 'requests', events: ['request'], to: ['tickets'], ...atOnce }],
        sections: { courier: { issues_every_seconds: 1 } },
    });
    try {
        await hire(company.bursar, people);
        const key = await company.bursar.issueKey({ name: 'mia', person: 'mia' });
        const asked = await company.bursar.api('POST', 'requests', { account: 'team:demo', limit: 'per month', amount: '1 USD', until: new Date(Date.now() + 3_600_000).toISOString(), reason: 'a demo' }, { authorization: `Bearer ${key}` });
        assert.equal(asked.status, 201, asked.text);
        await until('the issue', () => company.jira.issues.length === 1, soon);
        company.jira.moveBy('OPS-1', 'Approved', of('lea'));
        await pause(3000);
        assert.equal(company.jira.requests.filter(searches).length, 0);
        assert.equal((await company.bursar.must('GET', 'requests')).requests[0].state, 'open');
    } finally {
        await company.stop();
    }
});

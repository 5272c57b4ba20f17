// Hunts: a limit that is passed and nobody hears of it, or twice, too late, in the wrong order, with a wrong figure; an end that is not told,
// or that nobody asked for; a message that is lost because its target was away.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import * as faults from './fakes/server.mjs';
import { webhookSays } from './fakes/slack.mjs';
import { atOnce, Company, guests, read, soon } from './support/alerts.mjs';
import { nanos } from './support/bursar.mjs';
import { slow, until } from './support/process.mjs';

const parallel = 8;

/** One call of 1,000 words at 10 USD per million: a cent, and what its question costs. */
async function call(company, key, words = 1000) {
    const answer = await company.bursar.call(key, '/v1/chat/completions', { model: 'demo-gpt', max_tokens: words + 10, messages: [{ role: 'user', content: `x [[demo tokens=${words} first_ms=20]]` }] });
    await answer.text();
    return answer.status;
}
const budgetOf = async (company, account, per = 'month') => (await company.bursar.must('GET', 'budgets')).budgets.find((budget) => budget.account === account && budget.per === per);

describe('a team under load', () => {
    let company, key;
    const crossed = {};
    before(async () => {
        company = await Company.start({ policy: { budgets: [{ limit: '1 USD', per: 'month', warn: ['50%', '80%', '100%'] }], teams: guests } });
        key = await company.bursar.issueKey();
    });
    after(() => company?.stop());
    const messages = () => company.told(/demo/);

    test('passes 50, 80 and 100 %: one message each, soon, in order, with its figures', async () => {
        // When a mark is passed at the latest: when the answers that are over cost so much.
        let open = true;
        const look = async () => {
            const spent = Number((await budgetOf(company, 'team:demo')).spent_usd);
            for (const mark of [50, 80, 100]) if (spent * 100 >= mark && !crossed[mark]) crossed[mark] = Date.now();
        };
        const load = Array.from({ length: parallel }, async () => {
            while (open) if ((await call(company, key)) !== 200) break;
        });
        const watch = (async () => {
            while (open && !crossed[80]) await look();
        })();
        await Promise.all(load);
        // What is left is less than a call may cost at most; small ones fill it up.
        for (let words = 400; words >= 1; words = Math.floor(words / 2)) while ((await call(company, key, words)) === 200);
        open = false;
        await watch;
        await look();
        await until('three messages', () => messages().length >= 3, 2 * soon);
        const marks = messages().map((message) => (/used up/.test(read(message)) ? 100 : Number(/has spent (\d+) %/.exec(read(message))?.[1])));
        assert.deepEqual(marks, [50, 80, 100]);
        const final = nanos((await budgetOf(company, 'team:demo')).spent_usd);
        for (const [at, mark] of [50, 80].entries()) {
            const figures = /(\d+\.\d+) USD of 1\.00 USD/.exec(read(messages()[at]));
            assert.ok(figures, `no figures in: ${read(messages()[at])}`);
            // People read cents, rounded up.
            assert.ok(nanos(figures[1]) >= BigInt(mark) * 10_000_000n && nanos(figures[1]) < final + 10_000_000n, `${figures[1]} at ${mark} %`);
            const bar = Number(/(\d+) %/.exec(read(messages()[at]).split('▓').at(-1))?.[1]);
            assert.ok(bar >= mark && bar <= 100, `the bar says ${bar} %`);
        }
        const arrived = company.slack.requests.map(({ at }) => at);
        for (const [at, mark] of [50, 80, 100].entries()) if (crossed[mark]) assert.ok(arrived[at] - crossed[mark] <= soon, `${mark} %: told after ${arrived[at] - crossed[mark]} ms`);
        assert.deepEqual(company.slack.refusals, []);
    });
    test('is within its limit again when that is raised: one message says so', async () => {
        await company.bursar.changePolicy((policy) => (policy.teams.demo.budgets[0].limit = '10 USD'));
        await until('that it is over', () => messages().length >= 4, 2 * soon);
        assert.match(read(messages()[3]), /resolved/i);
        await company.settled();
        assert.equal(messages().length, 4);
    });
    test('is told of again when it passes the mark of the new limit, and a restart of both tells nothing twice', async () => {
        await company.bursar.kill();
        await company.courier.signal('SIGKILL');
        await company.bursar.launch();
        await company.launchCourier();
        await company.news('after the restart');
        await until('the news', () => company.told(/after the restart/).length === 1, 2 * soon);
        assert.equal(messages().filter((message) => !/after the restart/.test(read(message))).length, 4);
    });
});

describe('a limit of a minute', () => {
    let company, key;
    const minute = 60_000;
    before(async () => {
        company = await Company.start({ policy: { budgets: [{ limit: '0.1 USD', per: 'minute', warn: ['80%'] }], teams: guests } });
        key = await company.bursar.issueKey();
    });
    after(() => company?.stop());

    test('is told of once a minute; that the minute is over, nobody hears', async (t) => {
        const next = () => Math.ceil((Date.now() + 1) / minute) * minute;
        if (next() - Date.now() < 10_000) await until('a new minute', ((border) => () => Date.now() > border)(next()), 15_000);
        for (let i = 0; i < 9; i += 1) await call(company, key);
        await until('the message', () => company.told(/demo/).length === 1, 2 * soon);
        const border = next();
        t.diagnostic(`waits ${Math.round((border - Date.now()) / 1000)} s for the end of a minute`);
        await until('the next minute', () => Date.now() > border + 1000, 75_000);
        await until('the incident to end', async () => (await company.bursar.must('GET', 'alerts/incidents?state=firing')).incidents.length === 0, 2 * soon);
        await company.news('next minute');
        await until('the news', () => company.told(/next minute/).length === 1, 2 * soon);
        assert.equal(company.told(/demo/).length, 1, 'the end of a period is no news');
        for (let i = 0; i < 9; i += 1) await call(company, key);
        await until('the message of this minute', () => company.told(/demo/).length === 2, 2 * soon);
    });
});

describe('targets in trouble', () => {
    let company;
    before(async () => {
        company = await Company.start({
            policy: { teams: guests },
            routes: [
                { name: 'news', events: ['credit'], to: ['ops'], ...atOnce },
                { name: 'rest', to: ['tickets'], ...atOnce },
            ],
            trouble: 'tickets',
        });
    });
    after(() => company?.stop());
    const target = async (name = 'ops') => (await company.bursar.must('GET', 'alerts/targets')).targets.find((each) => each.name === name);
    const tryIt = (name = 'ops') => company.bursar.api('POST', `alerts/targets/${name}/test`);

    test('a test says that it is one, and shows what the other side said', async () => {
        const good = await tryIt();
        assert.equal(good.status, 200, good.text);
        assert.deepEqual([good.body.outcome, good.body.answer], ['sent', 'HTTP 200: ok']);
        assert.match(read(company.slack.messages.at(-1)), /test/i);
        company.slack.next(webhookSays('channel_is_archived'));
        const bad = await tryIt();
        assert.equal(bad.body.outcome, 'closed');
        assert.match(bad.body.answer, /410: channel_is_archived/);
        assert.equal((await tryIt('tickets')).status, 200);
        assert.equal((await tryIt('nobody')).status, 404);
        await tryIt();
    });
    test('one that refuses a message for good: it lies among the dead, and can be sent again', async () => {
        company.slack.next(webhookSays('invalid_blocks'));
        await company.news('refused');
        const [dead] = await until('the dead letter', async () => ((await company.dead()).length > 0 ? company.dead() : null), 2 * soon);
        assert.match(JSON.stringify(dead), /invalid_blocks/);
        await company.bursar.must('POST', `alerts/deliveries/${dead.id}/resend`);
        await until('it to be told', () => company.told(/refused/).length === 1, 2 * soon);
        assert.deepEqual(await company.dead(), []);
    });
    test('one that is down for a while: nothing is lost, each is told once', async () => {
        company.slack.always(faults.page(503));
        for (const name of ['first', 'second', 'third']) await company.news(`while down ${name}`);
        await until('a try', () => company.slack.requests.at(-1).answer === undefined, 2 * soon);
        company.slack.well();
        await until('all of them', () => company.told(/while down third/).length > 0, slow ? 120_000 : 60_000);
        await company.settled();
        for (const name of ['first', 'second', 'third']) assert.equal(company.told(new RegExp(`while down ${name}`)).length, 1, name);
    });
    test('one that takes nothing any more is parked, another one is told, and a test that passes lets the rest go', async () => {
        const issues = company.jira.issues.length;
        company.slack.always(webhookSays('no_service'));
        await company.news('while parked');
        await until('it to be parked', async () => (await target()).state === 'parked', 2 * soon);
        assert.match((await target()).answer, /no_service/);
        await until('the issue', () => company.jira.issues.slice(issues).some(({ fields }) => /ops/.test(fields.summary)), 2 * soon);
        const tries = company.slack.requests.length;
        await company.news('still parked');
        assert.ok(company.slack.requests.length - tries <= 1, 'what is parked is not tried');
        company.slack.well();
        // Whoever tries it sooner than Slack takes the next message is told so, and tries again.
        await until('a test that passes', async () => (await tryIt()).body.outcome === 'sent', 2 * soon);
        await until('the rest', () => company.told(/while parked/).length === 1 && company.told(/still parked/).length === 1, 2 * soon);
        await until('the issue to be closed', () => company.jira.issues.slice(issues).every((issue) => company.jira.categoryOf(issue) === 'done'), 2 * soon);
    });
    test('a courier that is away: calls and changes go on, and it gets all when it comes', async () => {
        await company.courier.signal('SIGKILL');
        await company.news('while away');
        await until('the service to know', async () => !(await company.connected()));
        await company.launchCourier();
        await until('the news', () => company.told(/while away/).length === 1, slow ? 120_000 : 30_000);
    });
    test('neither log has a secret', () => {
        const log = readFileSync(company.bursar.path('bursard.log'), 'utf8');
        for (const secret of ['SecretOfTheWebhook', 'SecretOfJira']) assert.equal(log.includes(secret), false, 'the service logs it');
        assert.equal(readFileSync(company.bursar.path('courier.log'), 'utf8').includes('SecretOf'), false, 'the courier logs it');
    });
    test('nothing of the API shows a secret', async () => {
        for (const where of ['alerts/targets', 'alerts/deliveries', 'alerts/deliveries?state=dead', 'alerts/incidents', 'audit?limit=1000'])
            assert.equal((await company.bursar.api('GET', where)).text.includes('SecretOf'), false, where);
    });
});

describe('silences', () => {
    let company;
    before(async () => (company = await Company.start({ policy: { teams: guests } })));
    after(() => company?.stop());

    test('what is silenced is not told, and what comes after it is', async () => {
        const made = await company.bursar.must('POST', 'alerts/silences', { events: 'credit', reason: 'the books are being moved', until: new Date(Date.now() + 3_600_000).toISOString() });
        await company.news('silenced');
        // Whoever is silenced later, or earlier, than it happens is not silenced.
        await until('that it is known', async () => (await company.bursar.api('GET', 'alerts/incidents')).text.includes('silenced'));
        const { silences } = await company.bursar.must('GET', 'alerts/silences');
        assert.match(JSON.stringify(silences), /the books are being moved/);
        assert.equal((await company.bursar.api('DELETE', `alerts/silences/${made.number}`)).status, 204);
        await company.news('spoken');
        await until('the news', () => company.told(/spoken/).length === 1, 2 * soon);
        assert.equal(company.told(/silenced/).length, 0);
    });
});

test('while Slack hangs, calls are as fast as before', async (t) => {
    const company = await Company.start({ policy: { budgets: [{ limit: '100 USD', per: 'month' }], teams: guests } });
    try {
        const key = await company.bursar.issueKey();
        const measure = async () => {
            const times = [];
            for (let i = 0; i < 150; i += 1) {
                const begun = performance.now();
                assert.equal(await call(company, key, 3), 200);
                times.push(performance.now() - begun);
                if (i % 10 === 0) await company.news(`load ${i}`);
            }
            times.sort((a, b) => a - b);
            return { median: times[75], high: times[142] };
        };
        await measure();
        const well = await measure();
        company.slack.always(faults.silence());
        const hanging = await measure();
        t.diagnostic(`median ${well.median.toFixed(1)} ms, then ${hanging.median.toFixed(1)} ms; 95 % within ${well.high.toFixed(1)} ms, then ${hanging.high.toFixed(1)} ms`);
        assert.ok(hanging.median < 1.5 * well.median + 5, `median ${hanging.median} ms, was ${well.median} ms`);
        company.slack.well();
    } finally {
        await company.stop();
    }
});

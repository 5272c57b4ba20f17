// Hunts: a message that is lost when the service or the courier dies, told twice without a word about it, oftener than once for each death,
// and a second issue for the same thing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { atOnce, Company, guests, read } from './support/alerts.mjs';
import { slow, until } from './support/process.mjs';

const kills = Number(process.env.BURSAR_ALERT_KILLS ?? Math.min(40, process.env.BURSAR_KILLS ?? 40));
const perRound = 5;
/** The same moments for the same seed: mulberry32. */
const seed = Number(process.env.BURSAR_SEED ?? Date.now() % 1_000_000);
function randomOf(state) {
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

let company;
after(() => company?.stop());

test(`${kills} kills of service and courier while ${kills * perRound} things happen: each is told, and no issue is there twice`, { timeout: Math.max(880_000, kills * 7_500) }, async (t) => {
    t.diagnostic(`BURSAR_SEED=${seed}`);
    const random = randomOf(seed);
    // Slack's own pace would make the rest of it a digest, which is another test's.
    company = await Company.start({ slack: { perSecond: 20 }, policy: { teams: guests }, routes: [{ name: 'all', to: ['ops', 'tickets'], ...atOnce }] });
    const raised = new Map(); // number of the credit → its reason, of those whose answer came
    let number = 0;
    const raise = async () => {
        const reason = `happening-${(number += 1)}-`;
        try {
            const { status, body } = await company.bursar.api('POST', 'credits', { account: 'team:guests', amount: '0.01 USD', reason });
            if (status === 201) raised.set(body.number, reason);
        } catch {
            // Killed under it: whether it happened is in the books.
        }
    };
    for (let round = 0; round < kills; round += 1) {
        const load = (async () => {
            for (let i = 0; i < perRound; i += 1) await raise();
        })();
        await pause(20 + random() * (round % 5 === 4 ? 1200 : 350));
        if (random() < 0.5) {
            await company.bursar.kill();
            await load;
            await company.bursar.launch();
        } else {
            await company.courier.signal('SIGKILL');
            await load;
            company.startCourier();
        }
    }
    await until('the courier to be there', () => company.connected());
    await company.settled(Math.max(slow ? 600_000 : 240_000, kills * 4_000));
    const credits = [];
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
        const page = (await company.bursar.must('GET', `credits?limit=1000&before=${before}`)).credits;
        if (page.length === 0) break;
        credits.push(...page);
        before = page.at(-1).number;
    }
    for (const [each] of raised) assert.ok(credits.some((credit) => credit.number === each), `credit ${each} was answered and is gone`);
    assert.ok(credits.length > 3 * kills, 'hardly anything happened');
    t.diagnostic(`${credits.length} events, ${company.slack.messages.length} messages, ${company.jira.issues.length} issues`);

    const count = (texts, reason) => texts.filter((text) => text.includes(reason)).length;
    const slack = company.slack.messages.map(read);
    const issues = company.jira.issues.map(({ fields }) => JSON.stringify([fields.summary, fields.description]));
    const lost = credits.filter(({ reason }) => count(slack, reason) === 0).map(({ reason }) => reason);
    assert.deepEqual(lost, [], 'never told');
    const copies = credits.reduce((sum, { reason }) => sum + count(slack, reason) - 1, 0);
    assert.ok(copies <= kills, `${copies} copies of ${kills} deaths`);
    for (const { reason } of credits) {
        const texts = slack.filter((text) => text.includes(reason));
        for (const copy of texts.slice(1)) assert.match(copy, /perhaps/i, `a copy of ${reason} does not say that it may be one`);
    }
    assert.deepEqual(credits.filter(({ reason }) => count(issues, reason) !== 1).map(({ reason }) => [reason, count(issues, reason)]), [], 'not one issue each');
    assert.deepEqual([company.slack.refusals, company.jira.refusals], [[], []]);
    assert.equal((await company.bursar.must('POST', 'audit/verify')).intact, true);
});

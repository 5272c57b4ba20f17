// Hunts: a flood after an outage, or nothing after it; calls that are slower because somebody cannot be told; a night that is not quiet, a
// morning without its news; something that is silenced for good, or told although it was silenced.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as faults from './fakes/server.mjs';
import { Ahead } from './support/ahead.mjs';
import { atOnce, Company, guests, read, soon } from './support/alerts.mjs';
import { slow, until } from './support/process.mjs';

const zone = 'Europe/Berlin';
const calls = slow ? 30 : 150;
const call = async (company, key, words = 3) => {
    const answer = await company.bursar.call(key, '/v1/chat/completions', { model: 'demo-gpt', max_tokens: words + 10, messages: [{ role: 'user', content: `x [[demo tokens=${words}]]` }] });
    await answer.text();
    return answer.status;
};
/** A team's mark is passed: something that lasts. One call of 1,000 words is a cent. */
const pass = async (company, key) => assert.equal(await call(company, key, 1000), 200);
const known = (company, pattern) => until(`an incident ${pattern}`, async () => pattern.test((await company.bursar.api('GET', 'alerts/incidents')).text), 4 * soon);
const reconnected = (company) => until('the courier to be back', () => company.connected(), 4 * soon);

// A sanitiser has clock functions of its own.
const later = slow ? { skip: 'the calendar of this build cannot be moved' } : {};

describe('two days in which Slack takes nothing', later, () => {
    let company, ahead, key;
    before(async () => {
        company = await Company.start({ policy: { budgets: [{ limit: '100 USD', per: 'month' }], teams: { ...guests, lab: { budgets: [{ limit: '0.018 USD', per: 'ever', warn: ['50%'] }] } } } });
        ahead = new Ahead(company.bursar);
        key = await company.bursar.issueKey();
    });
    after(() => company?.stop());
    /** {p50, p99} in milliseconds; every call has to go well. */
    async function measure() {
        const times = [];
        for (let i = 0; i < calls; i += 1) {
            const begun = performance.now();
            assert.equal(await call(company, key), 200, 'a call fails because Slack is away');
            times.push(performance.now() - begun);
        }
        times.sort((a, b) => a - b);
        return { p50: times[Math.floor(calls / 2)], p99: times[Math.floor(calls * 0.99)] };
    }

    test('end with one message, which says what lasts; calls go on as before', async (t) => {
        await measure();
        const well = await measure();
        company.slack.always(faults.page(503));
        const told = company.slack.messages.length;
        const lab = await company.bursar.issueKey({ name: 'lab', team: 'lab' });
        await pass(company, lab);
        await known(company, /team:lab/);
        const away = [];
        let happened = 0;
        for (let hours = 0; hours < 48; hours += 8) {
            for (let i = 0; i < 5; i += 1) await company.news(`missed ${(happened += 1)}`);
            away.push(await measure());
            // After each leap it is tried at once; after the last one, it works.
            if (hours === 40) company.slack.well();
            await ahead.by(8);
            await reconnected(company);
        }
        await until('the digest', () => company.slack.messages.length > told, 4 * soon);
        await company.settled();
        const messages = company.slack.messages.slice(told);
        assert.equal(messages.length, 1, messages.map(read).join('\n---\n'));
        const words = read(messages[0]);
        assert.match(words, /could not be told in time/);
        assert.match(words, /lab/, 'what lasts is not in it');
        const [, count] = /(\d+) messages/.exec(words);
        assert.equal(Number(count), happened + 1);
        const figures = ({ p50, p99 }) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
        t.diagnostic(`Slack well: ${figures(well)}; away: ${away.map(figures).join('; ')}`);
    });
});

describe('quiet hours', later, () => {
    let company, ahead;
    before(async () => {
        company = await Company.start({ policy: { teams: guests }, routes: [{ name: 'all', to: ['ops'], ...atOnce, quiet: { from: '20:00', to: '07:00' } }] });
        ahead = new Ahead(company.bursar);
    });
    after(() => company?.stop());

    test('are quiet, and the morning brings the rest in one message', async () => {
        await ahead.to('12:00', zone);
        await reconnected(company);
        await company.news('by day');
        await until('the news of the day', () => company.told(/by day/).length === 1, 4 * soon);
        await ahead.to('21:00', zone);
        await reconnected(company);
        for (const name of ['first', 'second', 'third']) await company.news(`by night ${name}`);
        await known(company, /by night third/);
        await ahead.to('02:00', zone);
        await reconnected(company);
        await company.news('deep in the night');
        await known(company, /deep in the night/);
        assert.equal(company.told(/night/).length, 0, 'the night is not quiet');
        await ahead.to('07:01', zone);
        await reconnected(company);
        await until('the morning', () => company.told(/night/).length > 0, 4 * soon);
        await company.settled();
        const [message, ...more] = company.told(/night/);
        assert.deepEqual(more.map(read), []);
        const words = read(message);
        assert.match(words, /4 messages from the quiet hours/);
        for (const name of ['by night first', 'by night second', 'by night third', 'deep in the night']) assert.ok(words.includes(name), `${name} is not in: ${words}`);
        await company.news('by day again');
        await until('news of the day at once', () => company.told(/by day again/).length === 1, 4 * soon);
    });
});

describe('a silence', later, () => {
    let company, ahead, lab;
    before(async () => {
        company = await Company.start({ policy: { teams: { ...guests, lab: { budgets: [{ limit: '0.018 USD', per: 'ever', warn: ['50%'] }] } } } });
        ahead = new Ahead(company.bursar);
        lab = await company.bursar.issueKey({ name: 'lab', team: 'lab' });
    });
    after(() => company?.stop());

    test('keeps what lasts until it ends, and news for good; a restart in between changes nothing', async () => {
        for (const events of ['budget', 'credit']) await company.bursar.must('POST', 'alerts/silences', { events, reason: 'the lab moves', until: ahead.now(6).toISOString() });
        await pass(company, lab);
        await company.news('fell into it');
        await known(company, /team:lab/);
        await known(company, /fell into it/);
        await ahead.by(3);
        await reconnected(company);
        await company.news('this too');
        await known(company, /this too/);
        assert.equal(company.slack.messages.length, 0);
        await ahead.by(3.1);
        await reconnected(company);
        await until('what lasts', () => company.told(/lab/).length === 1, 4 * soon);
        await company.news('after it');
        await until('the news', () => company.told(/after it/).length === 1, 4 * soon);
        await company.settled();
        assert.equal(company.told(/fell into it|this too/).length, 0);
        assert.equal(company.told(/lab/).length, 1);
    });
});

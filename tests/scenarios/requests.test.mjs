// Hunts: an increase that does not reach the next call, outlives its time or is lost by a restart, and a step of it that is not in
// the audit.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { until } from './support/process.mjs';

let bursar, key, finance, lead;
before(async () => {
    // Enough for nothing: a call of at most 100 words costs a tenth of a cent here.
    bursar = await Bursar.start({
        policy: {
            budgets: [{ limit: '0.0002 USD', per: 'month', warn: ['50%'] }],
            teams: { guests: { budgets: [{ limit: '0 USD', per: 'ever' }] } },
        },
    });
    key = await bursar.issueKey({ name: 'alice', person: 'alice' });
    finance = (await bursar.must('POST', 'operators', { name: 'fritz', role: 'finance' })).token;
    lead = (await bursar.must('POST', 'operators', { name: 'lea', role: 'team_lead', team: 'demo' })).token;
});
after(() => bursar?.stop());

/** A request to the control plane with another token than the operator's. */
const as = (token, method, where, body) => bursar.api(method, where, body, { authorization: `Bearer ${token}` });

async function call(by = key) {
    const answer = await bursar.call(by, '/v1/chat/completions', {
        model: 'demo-gpt',
        max_tokens: 100,
        messages: [{ role: 'user', content: 'x [[demo tokens=80]]' }],
    });
    await answer.text();
    return answer.status;
}

async function limitOf(account) {
    const { budgets } = await bursar.must('GET', 'budgets');
    return budgets.find((budget) => budget.account === account).limit_usd;
}

const ask = (ends, amount = '0.002 USD') =>
    as(key, 'POST', 'requests', { account: 'team:demo', limit: 'per month', amount, until: new Date(ends).toISOString(), reason: 'a demo' });

test('a member asks by key, a lead grants it, the next call passes, and a restart keeps it', async () => {
    assert.notEqual(await call(), 200, 'the limit is too small for a call');
    const asked = await ask(Date.now() + 3_600_000);
    assert.equal(asked.status, 201, asked.text);
    assert.equal((await as(key, 'POST', `requests/${asked.body.number}/approve`, {})).status, 401, 'a member grants it himself');
    assert.notEqual(await call(), 200, 'asking is not having');
    assert.equal((await as(lead, 'POST', `requests/${asked.body.number}/approve`, {})).status, 200);
    assert.equal(await call(), 200);
    assert.equal(await limitOf('team:demo'), '0.0022');

    await bursar.kill();
    await bursar.launch();
    assert.equal(await limitOf('team:demo'), '0.0022');
    assert.equal(await call(), 200);
});

test('an increase ends by itself', async () => {
    const before = await limitOf('team:demo');
    const asked = await ask(Date.now() + 4_000);
    assert.equal(asked.status, 201, asked.text);
    assert.equal((await as(finance, 'POST', `requests/${asked.body.number}/approve`, { amount: '0.001 USD' })).status, 200);
    assert.notEqual(await limitOf('team:demo'), before);
    await until('the end of the increase', async () => (await limitOf('team:demo')) === before);
    const { requests } = (await as(key, 'GET', 'requests?limit=1')).body;
    assert.deepEqual([requests[0].state, requests[0].granted], ['approved', '0.001']);
});

test('a prepaid team calls for what was paid in', async () => {
    const guest = await bursar.issueKey({ name: 'guest', team: 'guests' });
    assert.notEqual(await call(guest), 200);
    assert.equal((await as(finance, 'POST', 'credits', { account: 'team:guests', amount: '0.01 USD', reason: 'invoice 7' })).status, 201);
    assert.equal(await call(guest), 200);
    assert.equal((await as(finance, 'POST', 'credits', { account: 'team:guests', amount: '-0.01 USD', reason: 'a mistake' })).status, 409, 'it is spent');
});

test('the commands of members, leads and finance do what they say', async () => {
    const ctl = (token, words, code = 0) => {
        const done = bursar.ctl(words, { environment: { BURSAR_TOKEN: token } });
        assert.equal(done.status, code, `bursarctl ${words.join(' ')}: ${done.stdout}${done.stderr}`);
        return done;
    };
    assert.match(ctl(key, ['budget', 'mine']).stdout, /team:demo\s+0\.0022 USD\s+per month \(adjusted\)/);
    assert.match(ctl(bursar.token, ['budget', 'list']).stdout, /team:guests\s+0\.01 USD\s+for good/);
    const words = ['budget', 'ask', '--account', 'team:demo', '--limit', 'per month', '--amount', '0.001 USD', '--until', '2100-01-01', '--reason', 'x'];
    assert.match(ctl(key, words, 1).stderr, /366 days/);
    words[words.indexOf('2100-01-01')] = new Date(Date.now() + 86_400_000 * 2).toISOString().slice(0, 10);
    const number = /Request (\d+)/.exec(ctl(key, words).stderr)[1];
    assert.match(ctl(lead, ['budget', 'requests', '--state', 'open']).stdout, new RegExp(`${number}\\s+open\\s+team:demo`));
    ctl(lead, ['decline', number], 2);
    ctl(lead, ['decline', number, '--reason', 'wait']);
    ctl(lead, ['approve', number], 1);
    const second = /Request (\d+)/.exec(ctl(key, words).stderr)[1];
    ctl(key, ['budget', 'withdraw', second]);
    const third = /Request (\d+)/.exec(ctl(key, words).stderr)[1];
    ctl(finance, ['approve', third, '--amount', '0.0005 USD', '--reason', 'half']);
    ctl(finance, ['budget', 'credit', '--account', 'team:guests', '--amount', '1 USD', '--reason', 'invoice 8']);
    assert.match(ctl(finance, ['budget', 'credit']).stdout, /team:guests\s+1\.00\s+operator:fritz\s+invoice 8/);
    ctl(finance, ['budget', 'correct', '--amount', '1 USD', '--reason', 'x'], 2);
    assert.match(ctl(finance, ['budget', 'correct']).stderr, /no corrections/);
    assert.match(ctl(finance, ['alerts', '--kind', 'request.approved']).stdout, /fritz has approved request/);
    ctl(bursar.token, ['key', 'pause', 'guest', '--reason', 'too much']);
    assert.match(ctl(bursar.token, ['key', 'list']).stdout, /reason=too much/);
    ctl(bursar.token, ['key', 'resume', 'guest']);
    ctl(bursar.token, ['key', 'resume', 'guest'], 1);
});

test('a limit that reaches its mark is an alert, once', async () => {
    const found = async () => (await bursar.must('GET', 'alerts?kind=budget')).alerts.filter(({ subject }) => subject === 'team:demo');
    // 80 words cost 0.0008: with two calls more than half of 0.0022 is spent.
    await until('the alert', async () => (await found()).length > 0);
    const [alert] = await found();
    assert.match(alert.text, /^Team demo has spent 50 % of its 0\.00\d+ USD for \w+/);
    assert.equal(alert.detail.percent, 50);
    await bursar.stopService();
    await bursar.launch();
    assert.equal((await found()).length, 1);
});

test('every step is in the audit, and its chain is whole', async () => {
    const { entries } = await bursar.must('GET', 'audit?limit=1000');
    const count = (action, outcome = 'ok') => entries.filter((entry) => entry.action === action && entry.outcome === outcome).length;
    assert.equal(count('request.make'), 5);
    assert.equal(count('request.approve'), 3);
    assert.equal(count('request.approve', 'unauthenticated'), 1);
    assert.equal(count('request.decline'), 1);
    assert.equal(count('request.withdraw'), 1);
    assert.equal(count('credit.enter'), 2);
    assert.equal(count('credit.enter', 'conflict'), 1);
    assert.equal(count('key.pause'), 1);
    assert.ok((await bursar.must('POST', 'audit/verify', {})).intact);
});

// Hunts: a limit of tokens or calls, of some calls only, between dates or rolling, that lets one call too many pass or refuses one that
// it does not count; a charge where a cost belongs, or the other way round; a soft limit that refuses, or that nobody hears of.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { rowOf, settled, sum, tokensOf } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { readStream, send } from './support/calls.mjs';
import { until } from './support/process.mjs';

const day = 86_400_000;
const dateIn = (days) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(new Date(Date.now() + days * day));

/** Each with a team of its own. `tries` are calls one after the other: the model, "pass" or "refused", and its tags. */
const cases = {
    'calls per day': {
        budgets: [{ limit: '2 calls', per: 'day' }],
        tries: [['demo-gpt', 'pass'], ['demo-claude', 'pass'], ['demo-gpt', 'refused'], ['demo-claude', 'refused']],
        sentence: /^The call budget of team "t\d+" for today is used up \(2 calls\)\. It starts again on .* 00:00 \(Europe\/Berlin\)\. Ask finance@example\.com for more\.$/,
    },
    'calls in any 60 minutes': {
        budgets: [{ limit: '2 calls', per: 'hour', rolling: true }],
        tries: [['demo-gpt', 'pass'], ['demo-gpt', 'pass'], ['demo-gpt', 'refused']],
        sentence: /^The call budget of team "t\d+" in any 60 minutes is used up \(2 calls\)\. The first of it comes free on \d+ \w+ \d{4}, \d\d:\d\d \(Europe\/Berlin\)\./,
    },
    'of one model, by its name or another one': {
        budgets: [{ limit: '1 calls', per: 'day', of: 'model:demo-gpt' }],
        tries: [['demo-claude', 'pass'], ['another-name', 'pass'], ['demo-gpt', 'refused'], ['another-name', 'refused'], ['demo-claude', 'pass'], ['demo-small', 'pass']],
        sentence: /^The call budget of team "t\d+" for the model "demo-gpt" for today is used up \(1 call\)\./,
    },
    'of a limit for a name that stands for a model': {
        budgets: [{ limit: '1 calls', per: 'day', of: 'model:another-name' }],
        tries: [['demo-gpt', 'pass'], ['another-name', 'refused'], ['demo-gpt', 'refused']],
        sentence: /for the model "/,
    },
    'of a tier': {
        budgets: [{ limit: '1 calls', per: 'week', of: 'tier:small' }],
        tries: [['demo-gpt', 'pass'], ['demo-small', 'pass'], ['demo-small', 'refused'], ['demo-gpt', 'pass']],
        sentence: /for the tier "small" for this week/,
    },
    'of a tag': {
        budgets: [{ limit: '1 calls', per: 'day', of: 'tag:nightly' }],
        tries: [['demo-gpt', 'pass'], ['demo-gpt', 'pass', 'nightly2'], ['demo-gpt', 'pass', 'one, nightly'], ['demo-gpt', 'refused', 'nightly'], ['demo-claude', 'refused', 'a,nightly,b'], ['demo-gpt', 'pass', 'a,b'], ['demo-gpt', 'pass']],
        sentence: /for the tag "nightly" for today/,
    },
    'between dates': {
        budgets: [{ limit: '1 calls', from: dateIn(-1), until: dateIn(2) }],
        tries: [['demo-gpt', 'pass'], ['demo-gpt', 'refused']],
        sentence: /^The call budget of team "t\d+" until .* is used up \(1 call\)\. It ends on .* 00:00 \(Europe\/Berlin\)\./,
    },
    'before its dates and behind them it limits nothing': {
        budgets: [{ limit: '0 calls', from: dateIn(2), until: dateIn(3) }, { limit: '0 calls', from: dateIn(-3), until: dateIn(-1) }],
        tries: [['demo-gpt', 'pass'], ['demo-claude', 'pass']],
    },
    'a soft limit refuses nothing': {
        budgets: [{ limit: '1 calls', per: 'day', hard: false }, { limit: '0.0001 USD', per: 'month', hard: false }, { limit: '5 tokens', per: 'hour', hard: false }],
        tries: [['demo-gpt', 'pass'], ['demo-gpt', 'pass'], ['demo-claude', 'pass']],
    },
    'a call that the provider refuses is none': {
        budgets: [{ limit: '1 calls', per: 'day' }],
        tries: [['demo-gpt', 'status=400'], ['demo-gpt', 'pass'], ['demo-gpt', 'refused']],
        sentence: /is used up \(1 call\)/,
    },
    'the tightest of several': {
        budgets: [{ limit: '100 calls', per: 'hour' }, { limit: '1 calls', per: 'day' }, { limit: '1 USD', per: 'month' }],
        tries: [['demo-gpt', 'pass'], ['demo-gpt', 'refused']],
        sentence: /for today is used up \(1 call\)/,
    },
};
const teamOf = Object.fromEntries(Object.keys(cases).map((name, i) => [name, `t${i}`]));

let bursar;
before(async () => {
    bursar = await Bursar.start({
        policy: {
            organisation: { contact: 'finance@example.com', budgets: [{ limit: '1000 USD', per: 'month' }] },
            models: {
                'demo-gpt': { aliases: ['another-name'], channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] },
                'demo-small': { tier: 'small', channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] },
            },
            teams: {
                ...Object.fromEntries(Object.entries(cases).map(([name, { budgets }]) => [teamOf[name], { models: ['tier:standard', 'tier:small'], budgets }])),
                words: { budgets: [{ limit: '600 tokens', per: 'day' }] },
                crowd: { budgets: [{ limit: '7 calls', per: 'day' }, { limit: '7 calls', per: 'day', of: 'tier:standard' }] },
                marked: { budgets: [{ limit: '0.05 USD', per: 'month' }] },
                brink: { budgets: [{ limit: '0.0015 USD', per: 'day' }] },
                gift: { budgets: [{ limit: '0 USD', per: 'ever' }] },
                warned: { budgets: [{ limit: '2 calls', per: 'day', hard: false, warn: ['50%', '100%'] }] },
            },
            charging: [{ team: 'marked', factor: 1.25, per_call: '0.02 USD' }, { team: 'gift', factor: 0 }],
        },
    });
});
after(() => bursar?.stop());

async function call(key, model = 'demo-gpt', directives = 'tokens=3', tags = '', more = {}) {
    const dialect = model === 'demo-claude' ? 'anthropic' : 'openai';
    const answer = await send(bursar, key, dialect, `hello [[demo ${directives}]]`, { model, max_tokens: 50, headers: tags ? { 'x-bursar-tags': tags } : {}, ...more });
    return { status: answer.status, text: await answer.text(), call: answer.headers.get('x-bursar-call-id'), retryAfter: answer.headers.get('retry-after') };
}

const limitsOf = async (account) => (await bursar.must('GET', 'budgets')).budgets.filter((budget) => budget.account === account);

for (const [name, { tries, sentence }] of Object.entries(cases)) {
    test(name, async () => {
        const key = await bursar.issueKey({ team: teamOf[name] });
        for (const [i, [model, expected, tags]] of tries.entries()) {
            const got = await call(key, model, expected.startsWith('status') ? expected : 'tokens=3', tags);
            const where = `${i}: ${model} ${tags ?? ''}: ${got.text}`;
            if (expected === 'pass') {
                assert.equal(got.status, 200, where);
            } else if (expected === 'refused') {
                assert.equal(got.status, model === 'demo-claude' ? 429 : 402, where);
                assert.match(JSON.parse(got.text).error.message, sentence);
            } else {
                assert.equal(got.status, 400, where);
            }
        }
    });
}

test('tokens per day are those of the bill, and never more than the limit', async () => {
    const key = await bursar.issueKey({ team: 'words' });
    const billed = bursar.provider.bill().length;
    let refused = null;
    for (let i = 0; i < 40 && !refused; i += 1) {
        const got = await call(key, 'demo-gpt', 'tokens=40', '', i % 2 ? { stream: true } : {});
        if (got.status !== 200) refused = got;
    }
    assert.ok(refused, 'the limit never came');
    assert.match(JSON.parse(refused.text).error.message, /^The token budget of team "words" for today has [\d,]+ tokens? left of 600 tokens, and this call may need up to [\d,]+ tokens/);
    await settled(bursar);
    const used = sum(bursar.provider.bill().slice(billed).map(tokensOf));
    const [limit] = await limitsOf('team:words');
    assert.deepEqual([limit.measure, limit.limit, BigInt(limit.spent), limit.held], ['tokens', 600, used, 0]);
    assert.ok(used <= 600n && used > 300n, `${used} of 600 tokens`);
});

test('forty calls at once get as many as there are, and no more', async () => {
    const key = await bursar.issueKey({ team: 'crowd' });
    const ends = await Promise.all(Array.from({ length: 40 }, (_, i) => call(key, i % 2 ? 'demo-gpt' : 'demo-claude', 'tokens=20 delay_ms=2', '', { stream: true })));
    assert.equal(ends.filter(({ status }) => status === 200).length, 7);
    for (const end of ends) if (end.status === 200) assert.equal(readStream(end.text).end, 'whole');
    await settled(bursar);
    for (const limit of await limitsOf('team:crowd')) assert.deepEqual([limit.spent, limit.held, limit.remaining], [7, 0, 0], limit.kind);
});

test('a team pays what it is charged, the organisation what the provider is paid, and usage shows both', async () => {
    const key = await bursar.issueKey({ team: 'marked' });
    const before = await settled(bursar);
    const billed = bursar.provider.bill().length;
    assert.equal((await call(key)).status, 200);
    assert.equal((await call(key, 'demo-claude')).status, 200);
    const refused = await call(key);
    assert.equal(refused.status, 402, 'two fees of two cents are spent; the third passes five cents');
    assert.match(JSON.parse(refused.text).error.message, /^The budget of team "marked" for \w+ has 0\.00\d+ USD left of 0\.05 USD/);
    const { spending } = await settled(bursar);
    const costs = bursar.provider.bill().slice(billed).map((line) => BigInt(line.cost_nanousd));
    const charges = costs.map((cost) => (cost * 5n + 3n) / 4n + nanos('0.02'));
    const marked = spending['team:marked'];
    assert.deepEqual([marked.cost, marked.charge], [sum(costs), sum(charges)]);
    assert.equal(spending.org.cost - before.spending.org.cost, sum(costs));
    assert.equal(spending.org.charge - before.spending.org.charge, sum(charges));
    const [limit] = await limitsOf('team:marked');
    assert.equal(nanos(limit.spent_usd), sum(charges));
    const [org] = await limitsOf('org');
    assert.deepEqual([org.measure, nanos(org.spent_usd)], ['cost', spending.org.cost]);
    await rowOf(bursar, refused.call);
    const [usage] = (await bursar.must('GET', 'usage?group_by=team&team=marked')).rows;
    assert.deepEqual([nanos(usage.cost_usd), nanos(usage.charge_usd), usage.calls, usage.refused], [sum(costs), sum(charges), 3, 1]);
});

test('a stream for which less is left than it is expected to need gets a shorter answer, not one that is cut', async () => {
    const key = await bursar.issueKey({ team: 'brink' });
    const got = await call(key, 'demo-gpt', 'tokens=300', '', { stream: true, max_tokens: 16_000 });
    assert.equal(got.status, 200, got.text);
    const read = readStream(got.text);
    assert.deepEqual([read.end, read.finish], ['whole', 'length'], got.text.slice(-300));
    assert.ok(read.count > 16 && read.count < 150, `${read.count} words`);
    const { spending } = await settled(bursar);
    assert.equal(spending['team:brink'].charge, BigInt(bursar.provider.bill().at(-1).cost_nanousd));
    assert.ok(spending['team:brink'].charge <= nanos('0.0015'));
});

test('what is free for a team costs the organisation, and needs no budget', async () => {
    const key = await bursar.issueKey({ team: 'gift' });
    const got = await call(key, 'demo-gpt', 'tokens=9', '', { stream: true });
    assert.equal(got.status, 200, got.text);
    assert.equal(readStream(got.text).end, 'whole', got.text);
    const { spending } = await settled(bursar);
    assert.equal(spending['team:gift'].charge, 0n);
    assert.equal(spending['team:gift'].cost, BigInt(bursar.provider.bill().at(-1).cost_nanousd));
});

test('a soft limit is told at each of its marks, once, by what is spent', async () => {
    const key = await bursar.issueKey({ team: 'warned' });
    const alerts = async () => (await bursar.must('GET', 'alerts?kind=budget.threshold&limit=1000')).alerts.filter(({ subject }) => subject === 'team:warned');
    for (let i = 0; i < 3; i += 1) assert.equal((await call(key)).status, 200);
    // The steward looks every three seconds.
    await until('the alert', async () => (await alerts()).some(({ detail }) => detail.percent === 100), 40_000);
    const told = await alerts();
    assert.equal(new Set(told.map(({ detail }) => detail.percent)).size, told.length, 'a mark is told twice');
    assert.match(told.find(({ detail }) => detail.percent === 100).text, /^Team warned has used up its 2 calls for \d+ \w+; the limit is a soft one, so calls go on$/);
});

test('a hard limit that is used up is told once, and that it has room again', async () => {
    const limit = (usd) =>
        bursar.changePolicy((document) => {
            document.teams.filled = { models: ['tier:standard'], budgets: [{ limit: `${usd} USD`, per: 'month', warn: ['50%'] }] };
        });
    await limit('0.03');
    const key = await bursar.issueKey({ team: 'filled' });
    const alerts = async () =>
        (await bursar.must('GET', 'alerts?kind=budget&limit=1000')).alerts.filter(({ subject }) => subject === 'team:filled').reverse();
    const kinds = async () => (await alerts()).map(({ kind }) => kind);
    let answer;
    for (let i = 0; i < 400 && answer?.status !== 402; i += 1) answer = await call(key, 'demo-gpt', 'tokens=45');
    assert.equal(answer.status, 402, 'never used up');
    const refusedAt = Date.now();
    await until('that it is used up', async () => (await kinds()).includes('budget.exhausted'), 40_000);
    assert.ok(Date.now() - refusedAt < 5000, `told ${Date.now() - refusedAt} ms after the refusal`);
    assert.deepEqual(await kinds(), ['budget.threshold', 'budget.exhausted']);
    await limit('1');
    await until('that it has room again', async () => (await kinds()).includes('budget.recovered'), 40_000);
    assert.equal((await call(key)).status, 200);
    assert.deepEqual(await kinds(), ['budget.threshold', 'budget.exhausted', 'budget.recovered']);
    assert.match((await alerts()).at(-1).text, /^Team filled has room again: it has spent [23] % of its 1\.00 USD for \w+; calls go on$/);
});

test('a limit between instants ends by itself', async (t) => {
    const ends = new Date(Date.now() + 4000);
    await bursar.changePolicy((document) => {
        document.teams.brief = { models: ['tier:standard'], budgets: [{ limit: '0 calls', from: new Date(ends - day).toISOString(), until: ends.toISOString() }] };
    });
    const key = await bursar.issueKey({ team: 'brief' });
    const refused = await call(key);
    assert.ok(Date.now() < ends, 'too slow');
    assert.equal(refused.status, 402, refused.text);
    t.diagnostic('waits for the end of the limit, at most 4 s');
    await until('its end', () => Date.now() > ends.getTime() + 20);
    assert.equal((await call(key)).status, 200);
});

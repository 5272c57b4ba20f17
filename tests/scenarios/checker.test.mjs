// Hunts: any nano-dollar, token or call that the books have and the provider's own log has not, or the other way round. An independent
// checker: it knows the provider's log, the history of the policy, and which prompt was sent with which key; from these alone it
// computes every balance, and compares.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { costAt, outcomes, settled, sum, tokensOf } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';
import { readStream, send } from './support/calls.mjs';
import { demoPrice } from './support/policy.mjs';
import { slow, until } from './support/process.mjs';

const callsPerPhase = slow ? 60 : 200;
const parallel = 12;
const month = (limit) => ({ limit, per: 'month' });

let bursar;
const keys = []; // {id, key, team, person}
const made = []; // what was sent: {prompt: its words, key, model, ended, status, call}
let killed = false;

const policy = {
    organisation: { budgets: [month('1000 USD')] },
    budgets: [month('100 USD')],
    teams: {
        department: { budgets: [month('500 USD'), month('50M tokens'), month('100000 calls')] },
        alpha: { parent: 'department', budgets: [month('100 USD'), month('10M tokens')] },
        beta: { parent: 'department', budgets: [month('100 USD'), { ...month('100 USD'), measure: 'cost' }] },
        gamma: { budgets: [month('100 USD'), month('10000 calls')], per_person: [month('50 USD')] },
    },
    charging: [{ team: 'beta', factor: 1.3, per_call: '0.0001 USD' }],
};

/** One call that no other is like: the number of words of its prompt tells which it was, however it ends. */
function plan(i) {
    const directives = [`tokens=${5 + ((i * 7) % 60)}`];
    if (i % 5 === 0) directives.push('cached=7');
    if (i % 6 === 1) directives.push('reasoning=4');
    if (i % 25 === 24) directives.push('status=400');
    if (i % 2) directives.push('delay_ms=3');
    const said = `[[demo ${directives.join(' ')}]]`;
    const prompt = 40 + i;
    const content = `${'word '.repeat(prompt - said.split(' ').length)}${said}`;
    const dialect = i % 4 < 2 ? 'openai' : 'anthropic';
    const stream = i % 2 === 1;
    return { prompt, content, dialect, model: dialect === 'openai' ? 'demo-gpt' : 'demo-claude', more: { max_tokens: 90, stream }, key: keys[i % keys.length] };
}

async function make(i) {
    const { prompt, content, dialect, model, more, key } = plan(i);
    const entry = { prompt, key, model, status: 0, ended: false, call: null };
    made.push(entry);
    try {
        const answer = await send(bursar, key.key, dialect, content, more);
        entry.status = answer.status;
        entry.call = answer.headers.get('x-bursar-call-id');
        const text = await answer.text();
        entry.ended = !more.stream || answer.status !== 200 || readStream(text).end === 'whole';
    } catch (error) {
        if (!killed) throw error;
    }
}

/** Calls `from` to `to`, some at once; `watch` is asked after each. */
async function load(from, to, watch = () => {}) {
    let next = from;
    const worker = async () => {
        while (next < to && !killed) {
            await make(next++);
            watch();
        }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
}

before(async () => {
    bursar = await Bursar.start({ policy });
    for (const [team, person] of [['alpha'], ['beta'], ['gamma', 'grace'], ['alpha', 'ada'], ['beta'], ['gamma', 'grace'], ['gamma']]) {
        await bursar.issueKey({ team, ...(person ? { person } : {}), name: `${team}-${keys.length}` });
        keys.push({ id: bursar.lastKey.id, key: bursar.lastKey.key, team, person });
    }
});
after(() => bursar?.stop());

test('a mixed load, a policy that changes, a kill in the middle', async () => {
    await load(0, callsPerPhase);
    await settled(bursar);
    await bursar.changePolicy((document) => {
        document.prices.demo['demo-claude'] = { ...demoPrice, input: '3.00', output: '15.00', cache_read: '0.30' };
        document.charging = [{ team: 'beta', of: 'model:demo-gpt', factor: 0.75 }, { team: 'department', factor: 1.234567, per_call: '0.000000001 USD' }];
    });
    await load(callsPerPhase, 2 * callsPerPhase, () => {
        if (killed || made.length < 1.5 * callsPerPhase) return;
        killed = true;
        void bursar.kill();
    });
    await bursar.running.ended;
    await bursar.launch();
    killed = false;
    await load(2 * callsPerPhase, 3 * callsPerPhase);
    assert.ok(made.filter(({ ended }) => ended).length > 2 * callsPerPhase);
});

/** The policies that were in force, oldest first: {from, document}. */
async function policyHistory() {
    const { revisions } = await bursar.must('GET', 'policy/revisions');
    const history = [];
    for (const { number, at } of revisions) {
        const { documents } = await bursar.must('GET', `policy/revisions/${number}`);
        history.push({ from: Date.parse(at), document: JSON.parse(documents[0].text) });
    }
    return history.sort((one, other) => one.from - other.from);
}

/** In millionths, exactly, from a decimal with up to six digits behind the point. */
const millionths = (factor) => nanos(String(factor)) / 1000n;

function chargeOf(document, team, model, cost) {
    const lineage = [team, document.teams[team].parent].filter(Boolean);
    const fits = (rule) => (!rule.of || rule.of === `model:${model}` || rule.of === `tier:${document.models[model].tier}`) && (!rule.team || lineage.includes(rule.team));
    const rule = (document.charging ?? []).find(fits);
    if (!rule) return cost;
    return (cost * millionths(rule.factor) + 999_999n) / 1_000_000n + (rule.per_call ? nanos(rule.per_call.split(' ')[0]) : 0n);
}

const accountsOf = ({ id, team, person }, document) => ['org', `key:${id}`, `team:${team}`, ...(document.teams[team].parent ? [`team:${document.teams[team].parent}`] : []), ...(person ? [`person:${person}`] : [])];

/** Sums of cost, charge, tokens and calls under names. */
class Sums {
    of = new Map();
    add(name, more) {
        const mine = this.of.get(name) ?? { cost: 0n, charge: 0n, tokens: 0n, calls: 0n };
        for (const measure of Object.keys(mine)) mine[measure] += more[measure] ?? 0n;
        this.of.set(name, mine);
    }
}

test('every balance is what the provider’s log and the policy’s history make it, to the nano-dollar', async (t) => {
    const { spending, lost_calls: lostCalls } = await settled(bursar);
    const rows = await outcomes(bursar);
    const bill = bursar.provider.bill();
    const history = await policyHistory();
    assert.ok(history.length >= 2);
    const at = (line) => history.findLast(({ from }) => from <= Date.parse(line.at)).document;
    const document = history.at(-1).document; // the tree of teams never changed

    // Who sent what: by the words of the prompt.
    const byPrompt = new Map(made.map((entry) => [BigInt(entry.prompt), entry]));
    const sent = (line) => byPrompt.get(tokensOf(line) - BigInt(line.output));
    const seen = new Set();
    for (const line of bill) {
        assert.ok(sent(line), `the provider billed a prompt that nobody sent: ${JSON.stringify(line)}`);
        assert.ok(!seen.has(sent(line)), 'the provider was asked twice for one call');
        seen.add(sent(line));
    }

    // A kill may take a row whose settlement the journal has: its sum is exact, and who was called is known by its client only.
    const lineOf = new Map(bill.map((line) => [sent(line), line]));
    const callers = new Map(made.filter(({ call }) => call).map((entry) => [entry.call, entry]));
    const recordLost = [...rows.values()].filter((row) => row.fault === 'record_lost' && (lineOf.has(callers.get(row.call)) || callers.get(row.call)?.status === 400));
    const withoutRow = new Set(recordLost.map((row) => callers.get(row.call)));
    const estimated = [...rows.values()].filter((row) => ['lost', 'estimated'].includes(row.usage_source) && !recordLost.includes(row));
    const told = new Set([...rows.values()].filter((row) => row.usage_source === 'provider').map((row) => row.provider_request_id));
    const isKnown = (line) => told.has(line.id) || withoutRow.has(sent(line));
    const known = bill.filter(isKnown);
    const untold = bill.filter((line) => !isKnown(line));
    const lost = new Set(lostCalls.map(({ call }) => call));
    const answered = new Set(known.map(sent));
    // A kill may come between an answer's end and the moment at which its settlement is on the disk; such a call is lost, too.
    for (const entry of made) if (entry.ended && entry.status === 200) assert.ok(answered.has(entry) || lost.has(entry.call), `an answer that came whole is not in the books: ${JSON.stringify([entry, rows.get(entry.call)])}`);

    const balances = new Sums();
    const usage = new Sums();
    const day = (time) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Berlin' }).format(new Date(time));
    const book = (key, model, time, amounts) => {
        for (const account of accountsOf(key, document)) balances.add(account, amounts);
        usage.add([key.team, key.id, model, day(time)].join(), amounts);
    };
    for (const line of known) {
        const { key, model } = sent(line);
        const policyThen = at(line);
        const cost = costAt(line, policyThen.prices.demo[model]);
        if (policyThen === history[0].document) assert.equal(cost, BigInt(line.cost_nanousd), 'the checker computes other prices than the provider');
        book(key, withoutRow.has(sent(line)) ? '' : model, line.at, { cost, charge: chargeOf(policyThen, key.team, model, cost), tokens: tokensOf(line), calls: 1n });
    }
    // What a provider refuses costs nothing and counts against no limit; usage tells of it.
    const refused = made.filter(({ status, call }) => status === 400 && !lost.has(call));
    assert.ok(refused.length > 5);
    for (const { key, model } of refused.map((entry) => ({ key: entry.key, model: withoutRow.has(entry) ? '' : entry.model })))
        usage.add([key.team, key.id, model, day(Date.now())].join(), { calls: 1n });
    const exact = new Map(balances.of);
    // The rest nobody can know: it is listed, and bounded by what was held.
    const keyOf = new Map(keys.map((key) => [key.id, key]));
    for (const row of estimated) {
        if (row.fault !== 'record_lost') assert.ok(nanos(row.cost_usd) <= nanos(row.held_usd), JSON.stringify(row));
        t.diagnostic(`${row.usage_source} ${row.call} of ${row.team}: ${row.cost_usd} booked, ${row.held_usd} held`);
        book(keyOf.get(row.key), row.model, row.at, { cost: nanos(row.cost_usd), charge: nanos(row.charge_usd), calls: 1n });
    }
    assert.ok(lostCalls.length > 0, 'the kill hit no call: it proves less than it should');
    assert.deepEqual(lostCalls.map(({ call }) => call).sort(), estimated.filter((row) => row.usage_source === 'lost').map(({ call }) => call).sort());
    const guessed = sum(estimated.map((row) => nanos(row.cost_usd)));
    const unknown = sum(untold.map((line) => costAt(line, at(line).prices.demo[sent(line).model])));
    assert.ok(untold.length <= estimated.length && unknown <= guessed, `${unknown} were billed for calls whose holds were ${guessed}`);

    t.diagnostic(`${bill.length} answers billed, ${known.length} known to the nano-dollar, ${recordLost.length} of them without their row, ${refused.length} refused by the provider, ${estimated.length} lost or estimated (${guessed} booked for ${unknown} billed)`);
    checkLedger(t, spending, balances.of, exact, estimated);
    await checkBudgets(spending);
    await checkUsage(t, usage.of);
});

function checkLedger(t, spending, balances, exact, estimated) {
    const used = Object.keys(spending).filter((account) => Object.values(spending[account]).some(Boolean));
    assert.deepEqual(used.sort(), [...balances.keys()].sort());
    const guessed = new Set(estimated.flatMap((row) => [`key:${row.key}`, `team:${row.team}`, ...(row.person ? [`person:${row.person}`] : []), 'org', 'team:department']));
    for (const [account, expected] of balances) {
        const booked = spending[account];
        t.diagnostic(`${account}: cost ${booked.cost}, charge ${booked.charge}, tokens ${booked.tokens}, calls ${booked.calls}; difference ${booked.cost - expected.cost}, ${booked.charge - expected.charge}`);
        for (const measure of ['cost', 'charge', 'calls']) assert.equal(booked[measure], expected[measure], `${measure} of ${account}`);
        // A lost call has the tokens of its hold, which no report lists one by one.
        if (guessed.has(account)) assert.ok(booked.tokens >= expected.tokens, `tokens of ${account}`);
        else assert.equal(booked.tokens, exact.get(account).tokens, `tokens of ${account}`);
    }
}

/** All was in this month, so each limit has spent what its account has, in its own measure. */
async function checkBudgets(spending) {
    const measures = { money: 'charge', cost: 'cost', tokens: 'tokens', calls: 'calls' };
    const { budgets } = await bursar.must('GET', 'budgets');
    let compared = 0;
    for (const budget of budgets) {
        const account = spending[budget.account];
        const spent = budget.spent_usd === undefined ? BigInt(budget.spent) : nanos(budget.spent_usd);
        assert.equal(spent, account?.[measures[budget.measure]] ?? 0n, `${budget.account} ${budget.kind}`);
        assert.equal(Number(budget.held), 0);
        compared += 1;
    }
    assert.ok(compared >= 10, `only ${compared} limits`);
    assert.ok(budgets.some((budget) => budget.account === 'org' && budget.measure === 'cost'), 'the limit of the organisation counts what is paid');
}

async function checkUsage(t, expected) {
    const { rows, total } = await until('the usage of the last calls', async () => {
        const read = await bursar.must('GET', 'usage?group_by=team,key,model,day');
        return read.total.calls >= Number(sum([...expected.values()].map(({ calls }) => calls))) && read;
    });
    const left = new Map(expected);
    for (const row of rows) {
        const name = [row.group.team, row.group.key, row.group.model, row.group.day].join();
        const sums = left.get(name);
        assert.ok(sums, `usage has a row that nobody expects: ${name}`);
        left.delete(name);
        assert.equal(nanos(row.cost_usd), sums.cost, `cost of ${name}`);
        assert.equal(nanos(row.charge_usd), sums.charge, `charge of ${name}`);
        assert.equal(BigInt(row.calls), sums.calls, `calls of ${name}`);
    }
    assert.deepEqual([...left.keys()], [], 'usage has no row of these');
    assert.equal(nanos(total.cost_usd), sum(rows.map((row) => nanos(row.cost_usd))));
    t.diagnostic(`usage: ${rows.length} rows of team, key, model and day; difference 0`);
}

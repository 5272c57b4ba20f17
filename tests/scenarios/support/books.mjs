// What bursard's books say, as numbers: for tests that compare them with the provider's bill.
import assert from 'node:assert/strict';

import { nanos } from './bursar.mjs';
import { demoPrice } from './policy.mjs';
import { until } from './process.mjs';

export const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0n);

/** All outcome rows, by call, page by page. Times are told in milliseconds, so pages overlap by one. */
export async function outcomes(bursar) {
    const rows = new Map();
    let before = '';
    for (;;) {
        const { calls } = await bursar.must('GET', `calls?limit=1000${before}`);
        const fresh = calls.filter((row) => !rows.has(row.call));
        if (fresh.length === 0) return rows;
        for (const row of fresh) rows.set(row.call, row);
        for (const row of calls) assert.deepEqual(rows.get(row.call), row, 'a call has two rows');
        before = `&before=${new Date(Date.parse(calls.at(-1).at) + 1).toISOString()}`;
    }
}

/** The ledger, once nothing is open any more: {org: {cost, charge, tokens, calls}, …} in `spending`, and what the API says. */
export async function settled(bursar) {
    const ledger = await until('every hold to be closed', async () => {
        const read = await bursar.must('GET', 'ledger');
        return read.holds_open === 0 && read;
    });
    assert.equal(nanos(ledger.held_usd), 0n, 'nothing is open, and something is held');
    const spending = Object.fromEntries(
        ledger.spending.map((each) => {
            assert.equal(nanos(each.held_usd), 0n, `${each.account} holds something`);
            return [each.account, { cost: nanos(each.cost_usd), charge: nanos(each.spent_usd), tokens: BigInt(each.tokens), calls: BigInt(each.calls) }];
        }),
    );
    return { ...ledger, spending };
}

/** The outcome row of the call that was answered so. Rows are written off the path of the calls. */
export async function rowOf(bursar, answer) {
    const id = typeof answer === 'string' ? answer : answer.headers.get('x-bursar-call-id');
    return until(`the row of ${id}`, async () => (await bursar.must('GET', `calls?call=${id}`)).calls[0]);
}

/** Nano-dollars of a line of the provider's bill at prices in USD per million tokens, rounded up once. */
export function costAt(line, price = demoPrice) {
    const of = (name) => nanos(price[name]);
    const millionths =
        BigInt(line.input) * of('input') +
        BigInt(line.cache_read) * of('cache_read') +
        BigInt(line.cache_write_5m) * of('cache_write_5m') +
        BigInt(line.cache_write_1h) * of('cache_write_1h') +
        BigInt(line.output) * of('output');
    return (millionths + 999_999n) / 1_000_000n;
}

export const tokensOf = (line) => BigInt(line.input + line.cache_read + line.cache_write_5m + line.cache_write_1h + line.output);

/** What all rows of a usage report say together. */
export async function usageTotal(bursar, query = 'group_by=team') {
    const { rows } = await bursar.must('GET', `usage?${query}`);
    return {
        cost: sum(rows.map((row) => nanos(row.cost_usd))),
        charge: sum(rows.map((row) => nanos(row.charge_usd))),
        calls: sum(rows.map((row) => BigInt(row.calls))),
    };
}

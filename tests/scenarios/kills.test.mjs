// Hunts: money or records lost when bursard dies at any moment: a hold that stays, a call that was served and is not in the books, books
// that differ from the provider's bill by more than the calls that were open, an audit chain that is cut.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { outcomes, sum } from './support/books.mjs';
import { Bursar, nanos } from './support/bursar.mjs';

const kills = Number(process.env.BURSAR_KILLS ?? 200);
const parallel = 12;

/** Calls without a pause until told to stop. Every call has a count of words that no other has, so that the bill tells which it was. */
class Load {
    #stopped = false;

    constructor(bursar, key, words) {
        this.seen = []; // {words, id, ended}; what has not ended was cut
        this.running = Array.from({ length: parallel }, async () => {
            while (!this.#stopped) await this.#call(bursar, key, words);
        });
    }

    async #call(bursar, key, words) {
        const count = words.next++;
        const plain = count % 3 === 0;
        const claude = count % 2 === 0;
        const content = `[[demo tokens=${count} ${plain ? `first_ms=${count % 50}` : 'delay_ms=1'}]]`;
        const body = { model: claude ? 'demo-claude' : 'demo-gpt', max_tokens: count + 10, stream: !plain, messages: [{ role: 'user', content }] };
        const entry = { words: count, id: null, ended: false };
        try {
            const answer = await bursar.call(key, claude ? '/v1/messages' : '/v1/chat/completions', body, {
                headers: claude ? { 'anthropic-version': '2023-06-01' } : {},
            });
            entry.id = answer.headers.get('x-bursar-call-id');
            this.seen.push(entry);
            const text = await answer.text();
            if (answer.status === 200 && (plain || /\[DONE\]|message_stop/.test(text))) entry.ended = true;
        } catch {
            // Killed. That is the point; a short pause, or the client would spin on a closed port.
            await pause(20);
        }
    }

    async stop() {
        this.#stopped = true;
        await Promise.all(this.running);
    }
}

let bursar;
let bill;
let rows;
let ledger;
const seen = [];
const lostByLedger = [];

test(`${kills} kills at random moments under load: no hold is left, the audit is whole`, async () => {
    bursar = await Bursar.start({ policy: { budgets: [{ limit: '1000 USD', per: 'month' }] } });
    const words = { next: 20 };
    const key = await bursar.issueKey();
    for (let round = 0; round < kills; ++round) {
        const load = new Load(bursar, key, words);
        await pause(40 + Math.random() * (round % 4 === 3 ? 1500 : 400));
        await bursar.kill();
        await load.stop();
        seen.push(...load.seen);
        await bursar.launch();
        ledger = await bursar.must('GET', 'ledger');
        assert.equal(ledger.holds_open, 0, `round ${round}: a hold outlived its process`);
        assert.equal(nanos(ledger.held_usd), 0n);
        lostByLedger.push(...ledger.lost_calls);
        assert.equal((await bursar.must('POST', 'audit/verify')).intact, true, `round ${round}`);
    }
    bill = bursar.provider.bill();
    rows = await outcomes(bursar);
    assert.ok(bill.length > kills, 'the load did nothing');
    assert.ok(lostByLedger.length > 0, 'no kill hit a call: this proves nothing');
});

test('nothing was served twice', () => {
    const complete = bill.filter((row) => row.complete).map((row) => row.output);
    assert.equal(new Set(complete).size, complete.length);
});

test('the books equal the bill but for the calls that are flagged as lost', async () => {
    const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:demo');
    const lost = sum(lostByLedger.map((call) => nanos(call.amount_usd)));
    const settled = nanos(budget.spent_usd) - lost;
    const billed = bursar.provider.billed();
    // What the provider billed and no settlement covers belongs to lost calls, and each of those was booked with all that was held for it.
    assert.ok(settled <= billed, `settled ${settled}, billed ${billed}`);
    assert.ok(billed - settled <= lost, `billed ${billed}, settled ${settled}, but only ${lost} flagged as lost`);
    assert.equal(new Set(lostByLedger.map((call) => call.attempt)).size, lostByLedger.length, 'an attempt was booked as lost twice');
});

test('every call that a caller saw begin has its one row, and the lost ones say so', async () => {
    // Rows are written within a second, off the path of the calls; the journal knows whose row a kill took.
    assert.deepEqual(seen.filter(({ id }) => id && !rows.has(id)), []);
    assert.ok(seen.filter(({ ended }) => ended).length > 3 * kills, 'hardly any call came to its end');
    for (const { call, amount_usd: amount } of lostByLedger) {
        assert.equal(rows.get(call)?.usage_source, 'lost', call);
        assert.equal(rows.get(call).cost_usd, amount);
    }
    // Every row that says "the provider told us" is one line of its bill.
    const unmatched = bill.map((row) => BigInt(row.cost_nanousd));
    for (const row of rows.values()) {
        if (row.usage_source !== 'provider' || nanos(row.cost_usd) === 0n) continue;
        const at = unmatched.indexOf(nanos(row.cost_usd));
        assert.notEqual(at, -1, `the provider billed no ${row.cost_usd} (call ${row.call})`);
        unmatched.splice(at, 1);
    }
});

after(() => bursar?.stop());

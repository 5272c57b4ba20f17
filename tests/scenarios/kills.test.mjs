// Hunts: money or records lost when bursard dies at any moment: a hold that stays, a call that was served and is not in the books, books
// that differ from the provider's bill by more than the calls that were open, an audit chain that is cut.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Bursar, nanos } from './support/bursar.mjs';

const kills = Number(process.env.BURSAR_KILLS ?? 20);
const parallel = 12;

/** Calls without a pause until told to stop. Every call has a count of words that no other has, so that the bill tells which it was. */
class Load {
    #stopped = false;

    constructor(bursar, key, words) {
        this.seen = []; // {id, complete}
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
        const entry = { words: count, id: null, complete: false };
        try {
            const answer = await bursar.call(key, claude ? '/v1/messages' : '/v1/chat/completions', body, {
                headers: claude ? { 'anthropic-version': '2023-06-01' } : {},
            });
            entry.id = answer.headers.get('x-bursar-call-id');
            this.seen.push(entry);
            const text = await answer.text();
            entry.complete = answer.status === 200 && (plain || /\[DONE\]|message_stop/.test(text));
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

/** All outcome rows, by call. */
async function outcomes(bursar) {
    const rows = new Map();
    let before = '';
    for (;;) {
        const { calls } = await bursar.must('GET', `calls?limit=500${before && `&before=${encodeURIComponent(before)}`}`);
        const fresh = calls.filter((row) => !rows.has(row.call));
        if (fresh.length === 0) return rows;
        for (const row of fresh) rows.set(row.call, row);
        before = calls.at(-1).call;
    }
}

test(`${kills} kills at random moments under load`, async () => {
    const bursar = await Bursar.start({ policy: { budgets: [{ limit: '1000 USD', per: 'month' }] } });
    const words = { next: 20 };
    const seen = [];
    try {
        const key = await bursar.issueKey();
        for (let round = 0; round < kills; ++round) {
            const load = new Load(bursar, key, words);
            await pause(40 + Math.random() * 400);
            await bursar.kill();
            await load.stop();
            seen.push(...load.seen);
            await bursar.launch();
            const ledger = await bursar.must('GET', 'ledger');
            assert.equal(ledger.holds_open, 0, `round ${round}: a hold outlived its process`);
            assert.equal(nanos(ledger.held_usd), 0n);
            assert.equal((await bursar.must('POST', 'audit/verify')).intact, true, `round ${round}`);
        }

        const bill = bursar.provider.bill();
        const complete = bill.filter((row) => row.complete).map((row) => row.output);
        assert.equal(new Set(complete).size, complete.length, 'a call was served twice');

        const rows = await outcomes(bursar);
        for (const { id, words: count } of seen) assert.ok(rows.has(id), `the call ${id} of ${count} words was answered and is in no row`);
        const settled = [...rows.values()].filter((row) => row.usage_source !== 'lost' && nanos(row.cost_usd) > 0n);
        const lost = [...rows.values()].filter((row) => row.usage_source === 'lost');
        const sum = (list) => list.reduce((total, row) => total + nanos(row.cost_usd), 0n);

        // The books are the sum of the rows: nothing is counted twice, nothing is forgotten.
        const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:demo');
        assert.equal(nanos(budget.spent_usd), sum(settled) + sum(lost));
        // Every settled call is one line of the bill; what is left of the bill belongs to calls that are flagged as lost.
        const unmatched = bill.map((row) => BigInt(row.cost_nanousd));
        for (const row of settled.filter(({ usage_source: source }) => source === 'provider')) {
            const at = unmatched.indexOf(nanos(row.cost_usd));
            assert.notEqual(at, -1, `the provider billed no ${row.cost_usd} (call ${row.call})`);
            unmatched.splice(at, 1);
        }
        const open = lost.length + settled.filter(({ usage_source: source }) => source !== 'provider').length;
        assert.ok(unmatched.length <= open, `${unmatched.length} lines of the bill for ${open} open calls`);
        const ledger = await bursar.must('GET', 'ledger');
        assert.equal(ledger.lost_calls.length, lost.length, 'every lost call is flagged for reconciliation');
        assert.ok(settled.length > kills, 'the load did nothing');
        assert.ok(lost.length > 0, 'no kill hit a call: the test proves nothing');
    } finally {
        await bursar.stop();
    }
});

// Hunts: money spent above a limit when many calls ask at once, and books that differ from what the provider billed.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { slow } from './support/process.mjs';

const calls = slow ? 200 : 1000;

/** Reads an answer to its end, however it ends. */
async function finish(answer) {
    const text = await answer.text().catch((error) => `broken: ${error}`);
    return { status: answer.status, text };
}

test(`${calls} calls at once against a budget that is enough for half of them`, async () => {
    // A plain call of 100 words costs about a tenth of a cent here, so a dollar (slow: less) is gone halfway.
    const limit = slow ? '0.20' : '1';
    const bursar = await Bursar.start({ policy: { budgets: [{ limit: `${limit} USD`, per: 'month' }] } });
    try {
        const key = await bursar.issueKey();
        const ends = await Promise.all(
            Array.from({ length: calls }, (_, i) => {
                const words = 100 + ((i * 37) % 200);
                const content = `call ${i} [[demo tokens=${words} first_ms=${(i * 13) % 40}]]`;
                const claude = i % 3 === 2;
                const body = { model: claude ? 'demo-claude' : 'demo-gpt', max_tokens: 400, messages: [{ role: 'user', content }] };
                if (i % 2) body.stream = true;
                return bursar
                    .call(key, claude ? '/v1/messages' : '/v1/chat/completions', body, {
                        headers: claude ? { 'anthropic-version': '2023-06-01' } : {},
                    })
                    .then(finish);
            }),
        );
        const served = ends.filter((end) => end.status === 200).length;
        const refused = ends.filter((end) => [402, 429].includes(end.status)).length;
        assert.equal(served + refused, calls, JSON.stringify(ends.find((end) => ![200, 402, 429].includes(end.status))));
        assert.ok(served > 0 && refused > 0, `${served} served, ${refused} refused: the budget was not the border`);

        const billed = bursar.provider.billed();
        assert.ok(billed <= nanos(limit), `billed ${billed} of ${nanos(limit)} nano-dollars`);
        // A call holds 400 words and uses 100 at least, so a first wave that fills the budget with holds alone leaves a quarter of it spent.
        assert.ok(billed > nanos(limit) / 5n, `only ${billed} nano-dollars were used: holds are far too big`);
        const ledger = await bursar.must('GET', 'ledger');
        assert.equal(ledger.holds_open, 0);
        assert.equal(nanos(ledger.held_usd), 0n);
        const [budget] = (await bursar.must('GET', 'budgets')).budgets.filter(({ account }) => account === 'team:demo');
        assert.equal(nanos(budget.spent_usd), billed);
        assert.equal(nanos(budget.held_usd), 0n);

        // What was refused cost nothing and is in the books all the same.
        const { rows } = await bursar.must('GET', 'usage?group_by=team');
        assert.equal(rows.reduce((sum, row) => sum + row.calls, 0), calls);
        assert.equal(rows.reduce((sum, row) => sum + row.refused, 0), refused);
        assert.equal(rows.reduce((sum, row) => sum + nanos(row.cost_usd), 0n), billed);
    } finally {
        await bursar.stop();
    }
});

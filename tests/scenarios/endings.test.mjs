// Hunts: an answer that was cut and looks complete, and a call that may have cost the provider something and is booked as free. The provider
// here is a few bytes of our own, so that it can end wherever it likes.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { Bursar, nanos } from './support/bursar.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

/** What the provider answers next: called with the response object and the request's body. */
let answer;
let provider;
let bursar;
let key;

const stream = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const chunk = (delta, more = {}) =>
    `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'demo-gpt', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;
const usage = (output) => `data: ${JSON.stringify({ id: 'c1', choices: [], usage: { prompt_tokens: 7, completion_tokens: output, total_tokens: 7 + output } })}\n\n`;
const finish = chunk({}).replace('"finish_reason":null', '"finish_reason":"stop"');
const price = { input: 2_500n, output: 10_000n }; // nano-dollars per token

before(async () => {
    provider = createServer((request, response) => {
        let body = '';
        request.on('data', (piece) => (body += piece));
        request.on('end', () => answer(response, JSON.parse(body)));
    });
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    bursar = await Bursar.start({
        origin: `http://127.0.0.1:${provider.address().port}`,
        policy: {
            models: {
                'demo-searcher': { channels: [{ provider: 'demo-openai', model: 'searcher' }] },
                'demo-thinker': { hidden_reasoning: true, output_tokens_max: 5000, channels: [{ provider: 'demo-openai', model: 'demo-gpt' }] },
            },
            prices: { searcher: { ...demoPrice, per_web_search: '0.01' } },
            teams: { poor: { budgets: [{ limit: '0.10 USD', per: 'month' }] } },
        },
    });
    key = await bursar.issueKey();
});

after(async () => {
    await bursar?.stop();
    provider?.close();
});

const ask = (more = {}, who = key) =>
    bursar.call(who, '/v1/chat/completions', { model: 'demo-gpt', stream: true, messages: [{ role: 'user', content: 'hi' }], ...more });

/** The text of an answer, to wherever it comes. */
const read = (response) => response.text().catch(() => 'broken');

/** The outcome row of the call that was answered so. */
async function row(response) {
    const id = response.headers.get('x-bursar-call-id');
    return until(`row of ${id}`, async () => (await bursar.must('GET', `calls?call=${id}`)).calls[0]);
}

const cuts = {
    'an error event without its blank line': 'data: {"error":{"message":"overloaded","type":"server_error"}}\n',
    'the last words and the usage without the blank line': `${chunk({ content: 'the last words' }).trimEnd()}`,
    'half of an event': chunk({ content: 'words' }).slice(0, 40),
    'the finish reason, without its blank line': finish.trimEnd(),
};
for (const [name, rest] of Object.entries(cuts)) {
    test(`a stream that ends with ${name} ends with an error event, not as an answer`, async () => {
        answer = (response) => {
            stream(response).write(chunk({ content: 'half an ans' }));
            response.end(rest);
        };
        const response = await ask();
        const text = await read(response);
        assert.match(text, /half an ans/);
        assert.match(text, /data: \{"error":/, text);
        assert.doesNotMatch(text, /\[DONE\]/);
        assert.equal((await row(response)).fault, 'provider_unavailable');
    });
}

test('an error event that is all there is, and is cut, is answered as an error', async () => {
    answer = (response) => stream(response).end('data: {"error":{"message":"overloaded"}}\n');
    const response = await ask();
    assert.equal(response.status, 502);
    assert.match((await response.json()).error.message, /provider/);
});

test('a stream that breaks off before its first event costs what was held', async () => {
    for (const first of ['', ': thinking\n\n']) {
        answer = (response) => {
            stream(response).write(first);
            response.flushHeaders();
            setTimeout(() => response.destroy(), 20);
        };
        const response = await ask({ max_tokens: 1000 });
        await read(response);
        const outcome = await row(response);
        assert.equal(outcome.usage_source, 'estimated');
        assert.ok(nanos(outcome.cost_usd) >= 1000n * price.output, outcome.cost_usd);
        assert.equal(outcome.cost_usd, outcome.held_usd);
    }
});

test('a stream of a model that hides what it thinks, cut, costs what was held', async () => {
    answer = (response) => {
        stream(response).write(chunk({ content: 'hm' }));
        setTimeout(() => response.destroy(), 20);
    };
    const response = await ask({ model: 'demo-thinker' });
    await read(response);
    const outcome = await row(response);
    assert.ok(nanos(outcome.cost_usd) >= 5000n * price.output, outcome.cost_usd);
});

test('a long answer of few tokens is not cut for money that it cannot cost', async () => {
    // 5,000 tokens cost half of the budget; as bytes they would cost four times as much as there is.
    const poor = await bursar.issueKey({ team: 'poor' });
    const words = 'abcdefgh'.repeat(500);
    answer = (response) => {
        stream(response);
        for (let i = 0; i < 10; ++i) response.write(chunk({ content: words }));
        response.end(`${finish}${usage(5000)}data: [DONE]\n\n`);
    };
    const response = await ask({ max_tokens: 5000 }, poor);
    const text = await read(response);
    assert.match(text, /\[DONE\]/, text.slice(-300));
    assert.equal(nanos((await row(response)).cost_usd), 7n * price.input + 5000n * price.output);
});

test('at the edge of the budget a stream is cut, and what came is paid', async () => {
    const poor = await bursar.issueKey({ team: 'poor', budgets: [{ limit: '0.03', per: 'day' }] });
    let sent = 0;
    answer = (response) => {
        stream(response);
        const more = () => {
            if (response.destroyed) return;
            response.write(chunk({ content: 'abcd'.repeat(25) }));
            ++sent;
            setTimeout(more, 1);
        };
        more();
        response.on('close', () => (sent = -sent));
    };
    const response = await ask({ max_tokens: 100_000 }, poor);
    const text = await read(response);
    assert.match(text, /budget/);
    assert.doesNotMatch(text, /\[DONE\]/);
    await until('the provider is told', () => sent < 0);
    const outcome = await row(response);
    assert.equal(outcome.fault, 'budget_exhausted');
    const got = text.split('abcd').length - 1; // one token each
    assert.ok(nanos(outcome.cost_usd) >= BigInt(got) * price.output, `${got} tokens for ${outcome.cost_usd}`);
    assert.ok(nanos(outcome.cost_usd) <= nanos('0.03'), outcome.cost_usd);
});

test('an answer that a middlebox lost is booked, one that the provider refused is not', async () => {
    for (const [status, booked] of [[502, true], [504, true], [524, true], [400, false], [429, false], [500, false], [503, false]]) {
        answer = (response) => response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end('{"error":{"message":"no"}}');
        const response = await ask({ stream: false, max_tokens: 100 });
        await read(response);
        assert.equal(nanos((await row(response)).cost_usd) > 0n, booked, `status ${status}`);
    }
});

test('searches of a chat that never tells them are booked', async () => {
    answer = (response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(
            JSON.stringify({ id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
        );
    const response = await ask({ model: 'demo-searcher', stream: false, max_tokens: 100, web_search_options: {} });
    await read(response);
    const outcome = await row(response);
    assert.equal(outcome.usage.web_searches, 1);
    assert.equal(nanos(outcome.cost_usd), nanos('0.01') + price.input + price.output);
});

test('what limits a call is written as its provider reads it', async () => {
    let seen;
    answer = (response, body) => {
        seen = body;
        response.writeHead(400).end('{}');
    };
    await read(await ask({ stream: false }));
    assert.equal(seen.max_tokens, 16384);
    assert.equal(seen.max_completion_tokens, undefined);
    await read(await bursar.call(key, '/v1/completions', { model: 'demo-gpt', prompt: 'x' }));
    assert.equal(seen.max_tokens, 16);
    await read(await bursar.call(key, '/v1/responses', { model: 'demo-searcher', stream: true, input: 'x', tools: [{ type: 'web_search' }] }));
    assert.equal(seen.max_tool_calls, 5);
    await read(await bursar.call(key, '/v1/responses', { model: 'demo-gpt', stream: true, input: 'x', tools: [{ type: 'web_search' }] }));
    assert.equal(seen.max_tool_calls, undefined, 'what costs nothing needs no bound');
    const refused = await bursar.call(key, '/v1/responses', { model: 'demo-gpt', input: 'x', tools: [{ type: 'code_interpreter' }] });
    assert.match((await refused.json()).error.message, /code_interpreter/);
});

// Hunts: a limit of speed that the official clients do not understand, a wait that is not enough or is hammered away, a call under
// way that is never given back, and a refused call that took something all the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { Bursar } from './support/bursar.mjs';
import { until } from './support/process.mjs';

const team = (rate) => ({ budgets: [{ limit: '100 USD', per: 'month' }], rate });
const chat = (content, more = {}) => ({ model: 'demo-gpt', max_tokens: 50, messages: [{ role: 'user', content }], ...more });

describe('limits of speed', () => {
    let bursar;
    /** Clients of a new key of that team. */
    const clients = async (name, more = {}) => {
        const key = await bursar.issueKey({ team: name });
        return {
            key,
            openai: new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0, ...more }),
            anthropic: new Anthropic({ baseURL: bursar.origin, apiKey: key, maxRetries: 0, ...more }),
        };
    };

    before(async () => {
        bursar = await Bursar.start({
            policy: {
                teams: {
                    three: team({ requests: '3/min' }),
                    words: team({ tokens: '2000/min' }),
                    single: team({ parallel: 1 }),
                    patient: team({ requests: '1/min' }),
                },
            },
        });
    });
    after(() => bursar?.stop());

    test('the official clients see what is left, then the sentence and when to come again', async () => {
        const { key, openai, anthropic } = await clients('three');
        for (const left of ['2', '1']) {
            const { response } = await openai.chat.completions.create(chat('hello [[demo tokens=3]]')).withResponse();
            assert.equal(response.headers.get('x-ratelimit-limit-requests'), '3');
            assert.equal(response.headers.get('x-ratelimit-remaining-requests'), left);
            assert.match(response.headers.get('x-ratelimit-reset-requests'), /^(\d+m)?\d+s$/);
            assert.equal(response.headers.get('x-ratelimit-limit-tokens'), null, 'no limit of tokens, no number of it');
        }
        const claude = { model: 'demo-claude', max_tokens: 50, messages: [{ role: 'user', content: 'hello [[demo tokens=3]]' }] };
        const { response } = await anthropic.messages.create(claude).withResponse();
        assert.equal(response.headers.get('anthropic-ratelimit-requests-remaining'), '0');
        const reset = Date.parse(response.headers.get('anthropic-ratelimit-requests-reset'));
        assert.ok(reset > Date.now() + 50_000 && reset < Date.now() + 65_000, `${reset}`);

        // Neither counting tokens nor asking for the list of models is limited.
        assert.ok((await anthropic.messages.countTokens({ model: 'demo-claude', messages: claude.messages })).input_tokens > 0);
        assert.ok((await openai.models.list()).data.length > 0);

        await assert.rejects(openai.chat.completions.create(chat('hello')), (error) => {
            assert.ok(error instanceof OpenAI.RateLimitError);
            assert.match(error.message, /The limit of team "three" is reached: 3 requests per minute\. Try again in \d+ s\./);
            assert.equal(error.code, 'rate_limited');
            const seconds = Number(error.headers.get('retry-after'));
            assert.ok(seconds > 30 && seconds <= 61, `${seconds}`);
            assert.equal(error.headers.get('x-should-retry'), null);
            assert.equal(error.headers.get('x-ratelimit-remaining-requests'), '0');
            return true;
        });
        await assert.rejects(anthropic.messages.create(claude), (error) => {
            assert.ok(error instanceof Anthropic.RateLimitError);
            assert.equal(error.error.error.type, 'rate_limit_error');
            assert.match(error.error.error.message, /^The limit of team "three" is reached: 3 requests per minute/);
            return true;
        });
        assert.equal((await bursar.call(key, '/v1/responses', { model: 'demo-gpt', input: 'hello' })).status, 429);
        const metrics = await (await fetch(`${bursar.origin}/metrics`, { headers: { authorization: `Bearer ${bursar.token}` } })).text();
        assert.match(metrics, /bursar_rate_limited_total\{account="team"\} 3\n/);
    });

    test('tokens are taken as expected and corrected when the answer has told them', async () => {
        const { openai } = await clients('words');
        const { response } = await openai.chat.completions.create(chat('hello [[demo tokens=5]]', { max_tokens: 900 })).withResponse();
        assert.equal(response.headers.get('x-ratelimit-limit-tokens'), '2000');
        assert.ok(Number(response.headers.get('x-ratelimit-remaining-tokens')) < 1100, 'the whole max_tokens was expected at first');
        // Were the expectation not corrected, the third would find nothing left.
        for (let i = 0; i < 6; i += 1) await openai.chat.completions.create(chat('hello [[demo tokens=5]]', { max_tokens: 900 }));
        await assert.rejects(openai.chat.completions.create(chat('long '.repeat(1500))), (error) => {
            assert.equal(error.status, 413);
            assert.match(error.message, /expected to use about [\d,]+ tokens, and the limit of team "words" is 2,000 tokens per minute/);
            assert.equal(error.headers.get('x-should-retry'), 'false');
            return true;
        });
    });

    test('a call under way is given back, however it ends, and before its end is seen', async () => {
        const { key, openai } = await clients('single');
        const alone = async (what) => {
            // Nobody but this test's last call can hold the place, and not for long.
            await until(`the place after ${what}`, async () => (await bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=2]]'))).status === 200);
        };
        // One after the other never meets itself.
        for (let i = 0; i < 30; i += 1) {
            await openai.chat.completions.create(chat('[[demo tokens=2]]'));
            const stream = await openai.chat.completions.create(chat('[[demo tokens=2]]', { stream: true }));
            for await (const chunk of stream) assert.ok(chunk.id);
        }
        const hanging = new AbortController();
        // The question whether it is under way may come first and take the place for a moment: then the long call asks again.
        const hang = async () => {
            const sent = () => bursar.call(key, '/v1/chat/completions', chat('[[demo hang]]', { stream: true }), { signal: hanging.signal });
            while ((await sent().catch(() => null))?.status === 429);
        };
        const held = hang();
        await until('the first call to be under way', async () => (await bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=2]]'))).status === 429);
        await assert.rejects(openai.chat.completions.create(chat('hello')), /The limit of team "single" is reached: 1 call at once\. Try again when one/);
        hanging.abort();
        await held;
        await alone('a caller who left');

        for (const directive of ['status=500', 'status=400', 'garbage', 'cut=2', 'error_after=1', 'hang_after=2 tokens=9']) {
            for (const stream of [false, true]) {
                const left = new AbortController();
                if (directive.startsWith('hang')) setTimeout(() => left.abort(), 300);
                const answer = await bursar
                    .call(key, '/v1/chat/completions', chat(`[[demo ${directive}]]`, { stream }), { signal: left.signal })
                    .catch(() => null);
                await answer?.text().catch(() => {});
                await alone(`${directive}, ${stream ? 'streamed' : 'plain'}`);
            }
        }
        // A budget, a wrong model and a body that is none are refused in rooms behind and before.
        for (const body of [chat('x', { model: 'nobody' }), { model: 'demo-gpt' }]) {
            assert.ok((await bursar.call(key, '/v1/chat/completions', body)).status >= 400);
            await alone('a wrong request');
        }
    });

    test('a client that retries by retry-after gets through, and its answer of before costs no request', async () => {
        const { key } = await clients('patient');
        const repeated = () => bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=2]]'), { headers: { 'idempotency-key': 'one' } });
        assert.equal((await repeated()).status, 200);
        const again = await repeated();
        assert.equal(again.status, 200, 'a kept answer takes nothing');
        assert.equal(again.headers.get('x-bursar-replayed'), 'true');
        assert.equal(again.headers.get('x-ratelimit-remaining-requests'), null);
        const refused = await bursar.call(key, '/v1/chat/completions', chat('[[demo tokens=2]]'));
        assert.equal(refused.status, 429);
        const promised = Date.now() + 1000 * Number(refused.headers.get('retry-after'));
        // Hammering changes nothing about it.
        for (let i = 0; i < 50; i += 1) assert.equal((await bursar.call(key, '/v1/chat/completions', chat('x'))).status, 429);
        const last = await bursar.call(key, '/v1/chat/completions', chat('x'));
        assert.ok(Math.abs(Date.now() + 1000 * Number(last.headers.get('retry-after')) - promised) < 2500);
        // The official client waits as it is told, if it is told less than a minute.
        const told = async () => Number((await bursar.call(key, '/v1/chat/completions', chat('x'))).headers.get('retry-after'));
        await until('a wait that the client keeps', async () => (await told()) < 50, 90_000);
        const patient = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 2, timeout: 100_000 });
        const answer = await patient.chat.completions.create(chat('[[demo tokens=2]]'));
        assert.equal(answer.choices[0].finish_reason, 'stop');
        assert.ok(Date.now() >= promised - 1500, 'it came through before its time');
    });
});

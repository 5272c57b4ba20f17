// Hunts: what a real model server does that ours does not. llama.cpp's own HTTP server runs a model that is made here, tiny and with
// random weights; Bursar stands before it as in docs/use/providers.md.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { Bursar, nanos, temporaryFolder } from '../support/bursar.mjs';
import { until } from '../support/process.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const python = process.env.BURSAR_PYTHON ?? 'python3';
const price = { input: '1.00', output: '2.00', cache_read: '0.50' };

let folder;
let server;
let bursar;
let openai;
let anthropic;

before(async () => {
    folder = temporaryFolder();
    const portFile = path.join(folder, 'address');
    server = spawn('bash', ['-c', '"$0" tiny_model.py "$1/tiny.gguf" && exec "$0" serve.py "$1/tiny.gguf" "$2"', python, folder, portFile],
                   { cwd: here, stdio: 'ignore' });
    const address = await until('the model server', () => {
        assert.equal(server.exitCode, null, 'the model server ended; are the packages of requirements.txt there? see tests/run model-server');
        return existsSync(portFile) && readFileSync(portFile, 'utf8').trim();
    });
    bursar = await Bursar.start({
        origin: address,
        secrets: {},
        policy: {
            providers: {
                local: { dialect: 'openai', base_url: `${address}/v1`, catalogue: 'demo' },
                'local-messages': { dialect: 'anthropic', base_url: address, catalogue: 'demo' },
            },
            models: {
                tiny: { channels: [{ provider: 'local', model: 'tiny' }] },
                'tiny-messages': { channels: [{ provider: 'local-messages', model: 'tiny' }] },
            },
            prices: { tiny: price },
        },
    });
    const apiKey = await bursar.issueKey();
    openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey, maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: bursar.origin, apiKey, maxRetries: 0 });
});
after(async () => {
    await bursar?.stop();
    server?.kill();
    if (folder) rmSync(folder, { recursive: true, force: true });
});

const messages = [{ role: 'user', content: 'Good morning.' }];

/** What a call must have cost by the server's own count, in nano-dollars. */
function costOf({ prompt_tokens: prompt, completion_tokens: output, prompt_tokens_details: details }) {
    const cached = details?.cached_tokens ?? 0;
    return BigInt(prompt - cached) * 1000n + BigInt(cached) * 500n + BigInt(output) * 2000n;
}

test('a completion, at the price of what the server counted', async () => {
    const { data, response } = await openai.chat.completions.create({ model: 'tiny', messages, max_tokens: 12 }).withResponse();
    assert.equal(data.usage.completion_tokens, 12);
    assert.equal(nanos(response.headers.get('x-bursar-cost-usd')), costOf(data.usage));
});

test('a stream whose usage nobody asked for is metered all the same, and not shown', async () => {
    const { data, response } = await openai.chat.completions
        .create({ model: 'tiny', messages, max_tokens: 12, stream: true }).withResponse();
    let finish;
    for await (const chunk of data) {
        assert.equal(chunk.usage ?? null, null);
        finish = chunk.choices[0].finish_reason ?? finish;
    }
    assert.ok(['length', 'stop'].includes(finish));
    const { calls } = await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`);
    assert.equal(calls[0].usage_source, 'provider');
    assert.ok(calls[0].usage.output > 0 && nanos(calls[0].cost_usd) > 0n);
});

test('a stream with usage: the same count as in the books', async () => {
    const { data, response } = await openai.chat.completions
        .create({ model: 'tiny', messages, max_tokens: 12, stream: true, stream_options: { include_usage: true } }).withResponse();
    let usage;
    for await (const chunk of data) usage = chunk.usage ?? usage;
    const { calls } = await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`);
    assert.equal(nanos(calls[0].cost_usd), costOf(usage));
});

test('the server’s Anthropic dialect, plain and streamed', async () => {
    const plain = await anthropic.messages.create({ model: 'tiny-messages', max_tokens: 12, messages });
    assert.equal(plain.usage.output_tokens, 12);
    // Asked without Bursar, too, the server leaves out its first event when its first token is half a character: one answer in four.
    const streamed = await until('a stream that has its first event', () =>
        anthropic.messages.stream({ model: 'tiny-messages', max_tokens: 12, messages }).finalMessage().catch(() => undefined));
    assert.ok(streamed.usage.output_tokens > 0);
});

test('a refusal of the server arrives as it is', async () => {
    await assert.rejects(
        openai.chat.completions.create({ model: 'tiny', messages: [{ role: 'user', content: 'too long '.repeat(5000) }] }),
        (error) => error.status === 400 && /context|exceed|large/i.test(error.message),
    );
});

test('the books hold nothing when all is done', async () => {
    const ledger = await bursar.must('GET', 'ledger');
    assert.equal(ledger.holds_open, 0);
    assert.equal(nanos(ledger.variance_usd), 0n);
});

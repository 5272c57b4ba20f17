// Hunts: a test of a provider that says what works does not, or that what does not work does; a key that it shows; a call that nobody
// asked for.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { Bursar, makeCertificates, temporaryFolder } from './support/bursar.mjs';
import { program } from './support/process.mjs';

const KEY = 'sk-right-0123456789abcdef0123';
const WRONG = 'sk-wrong-0123456789abcdef0123';
const MODEL = 'house-model';

/** What came in, by provider's server. */
const seen = [];
const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };

function send(response, status, body) {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
}

async function bodyOf(request) {
    let text = '';
    for await (const piece of request) text += piece;
    return text === '' ? {} : JSON.parse(text);
}

/** A provider of OpenAI's dialect. */
function behave({ open = false, list = true, tellUsage = true } = {}) {
    return async (request, response) => {
        const asked = await bodyOf(request);
        seen.push({ url: request.url, key: request.headers.authorization, asked });
        const key = request.headers.authorization?.replace('Bearer ', '');
        if (!open && key !== KEY) return send(response, 401, { error: { message: `Incorrect API key provided: ${key}`, code: 'invalid_api_key' } });
        if (request.url === '/v1/models' && list) return send(response, 200, { object: 'list', data: [{ id: MODEL }, { id: 'other' }] });
        if (request.url !== '/v1/chat/completions') return send(response, 404, { error: { message: 'no such path' } });
        if (asked.model !== MODEL) return send(response, 404, { error: { message: `The model ${asked.model} does not exist` } });
        const said = { id: 'c1', object: 'chat.completion', model: MODEL, created: 1 };
        if (!asked.stream)
            return send(response, 200, { ...said, choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }], ...(tellUsage ? { usage } : {}) });
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const event = (more) => response.write(`data: ${JSON.stringify({ ...said, object: 'chat.completion.chunk', ...more })}\n\n`);
        event({ choices: [{ index: 0, delta: { content: 'ok' }, finish_reason: null }] });
        event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
        if (tellUsage && asked.stream_options?.include_usage) event({ choices: [], usage });
        response.end('data: [DONE]\n\n');
    };
}

const servers = [];
async function serve(handler, tls, address = '127.0.0.1') {
    const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
    server.listen(0, address);
    await once(server, 'listening');
    servers.push(server);
    return server.address().port;
}

let bursar, folder;
before(async () => {
    folder = temporaryFolder();
    makeCertificates(folder);
    const tls = { key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`) };
    const good = await serve(behave(), tls);
    const elsewhere = await serve(behave(), tls, '127.0.0.2');
    const selfSigned = await serve(behave(), { key: readFileSync(`${folder}/ca.key`), cert: readFileSync(`${folder}/ca.pem`) });
    const without = await serve(behave({ list: false }));
    const open = await serve(behave({ open: true, tellUsage: false }));
    const silent = await serve(() => {});
    const closed = http.createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const nobody = closed.address().port;
    closed.close();

    const keys = [{ secret: 'right' }], ca_file = `${folder}/ca.pem`, dialect = 'openai';
    const providers = {
        good: { dialect, base_url: `https://localhost:${good}/v1`, keys, ca_file },
        'wrong-key': { dialect, base_url: `https://localhost:${good}/v1`, keys: [{ secret: 'wrong' }, { secret: 'right' }], ca_file },
        'no-secret': { dialect, base_url: `https://localhost:${good}/v1`, keys: [{ secret: 'forgotten' }], ca_file },
        'wrong-name': { dialect, base_url: 'https://no-such-host.invalid/v1', keys },
        'other-name': { dialect, base_url: `https://127.0.0.2:${elsewhere}/v1`, keys, ca_file },
        'self-signed': { dialect, base_url: `https://127.0.0.1:${selfSigned}/v1`, keys },
        'no-ca': { dialect, base_url: `https://localhost:${good}/v1`, keys },
        nobody: { dialect, base_url: `http://127.0.0.1:${nobody}/v1`, keys },
        'no-list': { dialect, base_url: `http://127.0.0.1:${without}/v1`, keys },
        'says-no-list': { dialect, base_url: `http://127.0.0.1:${without}/v1`, keys, models_path: 'none' },
        silent: { dialect, base_url: `http://127.0.0.1:${silent}/v1`, keys },
        open: { dialect, base_url: `http://127.0.0.1:${open}/v1` },
        'open-with-key': { dialect, base_url: `http://127.0.0.1:${open}/v1`, keys },
    };
    const channels = [{ provider: 'good', model: MODEL }, { provider: 'good', model: 'gone-model', priority: 2 }];
    const policy = { providers, models: { house: { channels } } };
    bursar = await Bursar.start({ policy, providerKey: KEY, secrets: { right: KEY, wrong: WRONG, demo: KEY } });
});
after(async () => {
    await bursar?.stop();
    for (const server of servers) {
        server.closeAllConnections();
        server.close();
    }
});

/** The findings of a test, by what was looked at: "ok …", "BAD …" or "? …". */
async function ask(provider, body = {}) {
    const answer = await bursar.api('POST', `providers/${provider}/test`, body);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes(KEY) && !answer.text.includes(WRONG), 'a key is shown');
    const word = { good: 'ok', bad: 'BAD', unknown: '?' };
    const found = Object.fromEntries(answer.body.findings.map(({ name, state, text }) => [name, `${word[state]} ${text}`]));
    assert.equal(answer.body.good, !Object.values(found).some((text) => text.startsWith('BAD')));
    return found;
}

test('a provider that works is found to, without a call that costs money', async () => {
    seen.length = 0;
    const found = await ask('good');
    assert.equal(found.name, 'ok localhost resolves');
    assert.match(found.connection, /^ok localhost port \d+ takes connections$/);
    assert.match(found.TLS, /^ok trusted; the certificate is valid until 20\d\d-\d\d-\d\dT.* \(\d+ days: /);
    assert.equal(found['key right'], 'ok the provider takes it');
    assert.equal(found.models, 'ok GET /v1/models lists 2 models');
    assert.equal(found[`model ${MODEL}`], 'ok is listed');
    assert.match(found['model gone-model'], /^BAD is not in the list/);
    assert.deepEqual(seen.map(({ url }) => url), ['/v1/models', '/v1/models']);
});

test('with a model it makes two small calls, plain and streamed, and says whether usage is told', async () => {
    seen.length = 0;
    const found = await ask('good', { model: 'house' });
    assert.equal(found['plain call'], 'ok answered');
    assert.equal(found['usage, plain'], 'ok told: 9 input and 2 output tokens');
    assert.equal(found['streamed call'], 'ok answered');
    assert.equal(found['usage, streamed'], 'ok told: 9 input and 2 output tokens');
    const calls = seen.filter(({ url }) => url === '/v1/chat/completions').map(({ asked }) => asked);
    assert.deepEqual(calls.map(({ model, max_tokens, stream }) => [model, max_tokens, stream]), [[MODEL, 16, undefined], [MODEL, 16, true]]);

    const missing = await ask('good', { model: 'no-such-model' });
    assert.equal(missing['plain call'], 'BAD status 404: The model no-such-model does not exist');
    assert.match(missing['streamed call'], /^BAD status 404/);
});

test('a provider of Anthropic’s dialect is asked in it', async () => {
    const found = await ask('demo-anthropic', { model: 'demo-claude' });
    for (const name of ['connection', 'models', 'plain call', 'usage, plain', 'streamed call', 'usage, streamed']) assert.match(found[name], /^ok /, name);
    assert.match(found.models, /GET \/v1\/models\?limit=1000 lists/);
});

test('each key is looked at', async () => {
    const found = await ask('wrong-key', { model: MODEL });
    assert.match(found['key wrong'], /^BAD the provider refuses it \(status 401\).*bursarctl secret put wrong$/);
    assert.equal(found['key right'], 'ok the provider takes it');
    assert.equal(found['plain call'], 'ok answered', 'the key that works makes the calls');
    const forgotten = await ask('no-secret', { model: MODEL });
    assert.match(forgotten['key forgotten'], /^BAD the vault has no secret of that name.*secret put forgotten$/);
    assert.match(forgotten.models, /^\? not known: no key is taken/);
    assert.match(forgotten.calls, /^\? not made/);
});

test('whatever is in the way is named', async () => {
    assert.match((await ask('wrong-name')).name, /^BAD .*no-such-host\.invalid/);
    assert.match((await ask('other-name')).TLS, /^BAD .*certificate.*mismatch/);
    assert.match((await ask('self-signed')).TLS, /^BAD .*self-signed/);
    assert.match((await ask('no-ca')).TLS, /^BAD .*certificate.*ca_file$/);
    const nobody = await ask('nobody');
    assert.equal(nobody.name, 'ok 127.0.0.1 is an address');
    assert.match(nobody.connection, /^BAD .*refused/);
    assert.deepEqual(Object.keys(nobody), ['name', 'connection']);
});

test('a list that is missing, or given to anybody, says what it does not say', async () => {
    const missing = await ask('no-list');
    assert.match(missing.models, /^BAD GET \/v1\/models: status 404: .*models_path: none$/);
    assert.match(missing.TLS, /^\? none/);
    const none = await ask('says-no-list', { model: MODEL });
    assert.match(none.models, /^\? the provider has no list/);
    assert.match(none['key right'], /^\? not known/);
    assert.equal(none['plain call'], 'ok answered');
    assert.match((await ask('open-with-key'))['key right'], /^\? not known: the list of models is given without any key/);
});

test('usage that is not told is bad, because calls are billed by estimates', async () => {
    const found = await ask('open', { model: MODEL });
    assert.match(found['usage, plain'], /^BAD not told/);
    assert.match(found['usage, streamed'], /^BAD not told/);
    assert.equal(found['plain call'], 'ok answered');
});

/** bursarctl beside this process, whose servers must answer meanwhile. */
function ctl(...words) {
    return new Promise((resolve) => {
        const env = { ...process.env, HOME: bursar.folder, BURSAR_URL: bursar.origin, BURSAR_TOKEN: bursar.token };
        execFile(program('bursarctl'), words, { env }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
    });
}

test('bursarctl shows it as a table or JSON, and ends with 1 if something is bad', async () => {
    const bad = await ctl('provider', 'test', 'good');
    assert.equal(bad.code, 1, bad.stderr);
    assert.match(bad.stdout, /^STATE +WHAT +FOUND\nok +name +localhost resolves\n/);
    assert.match(bad.stdout, /^BAD +model gone-model /m);
    const good = await ctl('provider', 'test', 'says-no-list', '--model', MODEL);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    assert.match(good.stderr, /Two calls of up to 16 tokens are made, which the provider may bill/);
    assert.equal(JSON.parse((await ctl('provider', 'test', 'nobody', '--json')).stdout).good, false);
    assert.match((await ctl('provider', 'test', 'unheard-of')).stderr, /no provider of that name/);
    assert.equal((await ctl('provider', 'test', 'a/b')).code, 2);
});

test('the catalogue is listed, and a provider of it needs its name only', async () => {
    const table = (await ctl('provider', 'catalogue')).stdout;
    assert.match(table, /^NAME +WHO +DIALECT +BASE URL/);
    assert.match(table, /^mistral +Mistral AI +openai +https:\/\/api\.mistral\.ai\/v1$/m);
    assert.match(table, /^azure .*\{resource\}.*the name of your Azure OpenAI resource$/m);
    await bursar.changePolicy((policy) => {
        policy.providers.mistral = { keys: [{ secret: 'right' }] };
    });
    const { entries } = JSON.parse((await ctl('provider', 'catalogue', '--json')).stdout);
    const mistral = entries.find(({ name }) => name === 'mistral');
    assert.deepEqual([mistral.used_by, mistral.stream_usage, mistral.max_tokens_name], [['mistral'], false, 'max_tokens']);
});
test('who asked, and for what, is in the audit', async () => {
    const { entries } = await bursar.must('GET', 'audit?limit=200');
    const rows = entries.filter(({ action }) => action === 'provider.test');
    assert.ok(rows.some(({ object, outcome }) => object === 'provider:good model:house' && outcome === 'begun'));
    assert.ok(rows.some(({ object, outcome }) => object === 'provider:good model:house' && outcome === 'ok'));
    const auditor = await bursar.must('POST', 'operators', { name: 'otto', role: 'auditor' });
    const refused = await bursar.api('POST', 'providers/good/test', {}, { authorization: `Bearer ${auditor.token}` });
    assert.equal(refused.status, 403);
});

test('a provider that says nothing holds up neither a second test nor a stop', async () => {
    const first = bursar.api('POST', 'providers/silent/test', {});
    await pause(300);
    const second = await bursar.api('POST', 'providers/good/test', {});
    assert.equal(second.status, 503, second.text);
    assert.match(second.body.detail, /Another provider is being tested/);
    const began = Date.now();
    await bursar.stopService();
    assert.ok(Date.now() - began < 4_000, 'a stop waits for the test');
    const { status, body } = await first;
    assert.equal(status, 200);
    assert.equal(body.good, false);
    assert.deepEqual(body.findings.map(({ name }) => name), ['time']);
});

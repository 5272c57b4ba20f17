// Hunts: a request that reaches a provider without an entry of the policy, for a team that none names, or with an empty budget; a caller's
// credential at the provider, the provider's key at a caller; a call that is served and not booked, or booked and refused; a POST that is run
// twice under one Idempotency-Key although it is free.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';

import OpenAI from 'openai';

import { Bursar, nanos } from './support/bursar.mjs';
import { until } from './support/process.mjs';

const providerKey = 'sk-passthrough-canary-0123456789';
const otherKey = 'sk-passthrough-other-0123456789';

/** What the provider answers next in place of its usual answer. */
let answer = null;
let asked = [];
const refused = [];
let provider;
let bursar;
const keys = {};

/** Refuses whatever no official client would send, and remembers why. */
function strict(seen, response) {
    const wrong = (sentence) => {
        refused.push(sentence);
        response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: sentence } }));
        return true;
    };
    const { headers } = seen;
    if (![`Bearer ${providerKey}`, `Bearer ${otherKey}`].includes(headers.authorization)) return wrong(`authorization: ${headers.authorization}`);
    for (const name of ['x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'idempotency-key', 'x-http-method-override', 'openai-organization', 'connection-secret', 'accept-encoding'])
        if (headers[name] !== undefined) return wrong(`header ${name}`);
    if (Object.keys(headers).some((name) => name.startsWith('x-bursar-') || name.startsWith('x-forwarded-'))) return wrong('headers of Bursar');
    if (JSON.stringify(headers).includes('bsr_')) return wrong('a virtual key');
    if (seen.url.includes('?')) return wrong(`a query: ${seen.url}`);
    if (seen.method !== 'POST' && (seen.body.length > 0 || headers['content-length'] > 0)) return wrong('a body');
    return false;
}

before(async () => {
    provider = createServer((incoming, response) => {
        const pieces = [];
        incoming.on('data', (piece) => pieces.push(piece));
        incoming.on('end', () => {
            const seen = { method: incoming.method, url: incoming.url, headers: incoming.headers, body: Buffer.concat(pieces) };
            asked.push(seen);
            if (strict(seen, response)) return;
            if (answer) return void answer(response, seen);
            response
                .writeHead(200, { 'content-type': 'application/json', 'x-provider-says': `answer ${asked.length}`, 'set-cookie': 'a=b', 'openai-organization': 'acme', location: 'https://elsewhere.example/' })
                .end(JSON.stringify({ id: 'ft-1', object: 'fine_tuning.job', status: 'running', number: asked.length }));
        });
    });
    await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${provider.address().port}`;
    bursar = await Bursar.start({
        origin,
        secrets: { demo: providerKey, other: otherKey },
        policy: {
            providers: {
                openai: {
                    dialect: 'openai',
                    base_url: `${origin}/v1`,
                    keys: [{ secret: 'demo' }],
                    catalogue: 'demo',
                    deadlines: { total: '2s' },
                    passthrough: [
                        { name: 'fine-tuning jobs', method: 'GET', path: '/fine_tuning/jobs/{id}', price: '0.002', allow: ['demo', 'poor', 'few'] },
                        { name: 'cancel', method: 'POST', path: '/fine_tuning/jobs/{id}/cancel', price: 0, allow: ['demo'] },
                        { name: 'stores', method: 'POST', path: '/vector_stores', price: '0.01', allow: 'all' },
                        { name: 'a store less', method: 'DELETE', path: '/vector_stores/{id}', price: 0, allow: 'all' },
                        { name: 'searches', method: 'POST', path: '/vector_stores/{id}/{what}', price: '0.01', allow: 'all' },
                    ],
                },
                cohere: {
                    dialect: 'cohere',
                    base_url: origin,
                    keys: [{ secret: 'demo' }],
                    catalogue: 'demo',
                    passthrough: [{ name: 'connectors', method: 'GET', path: '/v1/connectors', price: '0.01', allow: ['demo'] }],
                },
                three: {
                    dialect: 'openai',
                    base_url: origin,
                    keys: [{ secret: 'missing' }, { secret: 'demo' }],
                    catalogue: 'demo',
                    passthrough: [{ name: 'skills', method: 'GET', path: '/skills', price: '0.01', allow: ['demo'] }],
                },
                two: {
                    dialect: 'openai',
                    base_url: origin,
                    keys: [{ secret: 'missing' }],
                    catalogue: 'demo',
                    passthrough: [{ name: 'skills', method: 'GET', path: '/skills', price: '0.01', allow: ['demo'] }],
                },
            },
            models: { 'at-openai': { channels: [{ provider: 'openai', model: 'demo-gpt' }] } },
            charging: [{ team: 'demo', factor: 2 }],
            teams: {
                poor: { budgets: [{ limit: '0.001 USD', per: 'month' }] },
                few: { budgets: [{ limit: '2 calls', per: 'month' }] },
                others: { models: ['demo-claude'] },
                members: {},
            },
        },
    });
    for (const team of ['demo', 'poor', 'few', 'others', 'members']) keys[team] = await bursar.issueKey({ team });
    keys.narrow = await bursar.issueKey({ models: ['at-openai'] });
});
after(async () => {
    await bursar?.stop();
    provider?.closeAllConnections();
    provider?.close();
});

const job = '/passthrough/openai/fine_tuning/jobs/ft-1';
const cancel = `${job}/cancel`;
const stores = '/passthrough/openai/vector_stores';

const ask = (method, where, { key = keys.demo, body, headers } = {}) =>
    fetch(bursar.origin + where, { method, redirect: 'manual', headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers }, body });
const rowOf = (response) => until('its row', async () => (await bursar.must('GET', `calls?call=${response.headers.get('x-bursar-call-id')}`)).calls[0]);
const spent = async (team = 'demo') => nanos((await bursar.must('GET', 'budgets')).budgets.find(({ account }) => account === `team:${team}`).spent_usd);
/** What reached the provider meanwhile. */
async function sentBy(action) {
    const before = asked.length;
    const result = await action();
    return { result, sent: asked.slice(before) };
}
/** The provider answers so for as long as `action` runs. */
async function answering(how, action) {
    answer = how;
    try {
        return await action();
    } finally {
        answer = null;
    }
}
/** A request as it is written, which fetch would put right. */
const raw = (method, target, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
        const { hostname, port } = new URL(bursar.origin);
        const outgoing = request({ hostname, port, method, path: target, headers: { authorization: `Bearer ${keys.demo}`, ...headers } }, (response) => {
            let text = '';
            response.on('data', (piece) => (text += piece));
            response.on('end', () => resolve({ status: response.statusCode, text }));
        });
        outgoing.on('error', reject);
        outgoing.end(body);
    });

test('an entry passes with the provider’s key and without the caller’s, and its price is booked', async () => {
    const before = await spent();
    const { result, sent } = await sentBy(() =>
        ask('GET', job, { headers: { 'x-http-method-override': 'DELETE', 'openai-organization': 'mine', cookie: 'a=b', 'x-bursar-tags': 'night', 'x-forwarded-for': '10.0.0.1' } }),
    );
    assert.equal(result.status, 200);
    assert.deepEqual(refused, []);
    assert.deepEqual(sent.map(({ method, url }) => [method, url]), [['GET', '/v1/fine_tuning/jobs/ft-1']]);
    assert.equal((await result.json()).number, asked.length);
    assert.equal(result.headers.get('x-provider-says'), `answer ${asked.length}`);
    for (const name of ['set-cookie', 'openai-organization', 'location']) assert.equal(result.headers.get(name), null, name);
    assert.equal(result.headers.get('x-bursar-cost-usd'), '0.002');
    const row = await rowOf(result);
    assert.equal(row.endpoint, 'passthrough');
    assert.equal(row.model, 'openai fine-tuning jobs');
    assert.equal(row.channel, 'openai/passthrough fine-tuning jobs');
    assert.deepEqual([row.held_usd, row.cost_usd, row.charge_usd].map(nanos), [2_000_000n, 2_000_000n, 4_000_000n]);
    assert.equal((await spent()) - before, 4_000_000n);
    const { usage } = await until('its usage', async () => {
        const told = await bursar.must('GET', 'usage?group_by=model');
        return told.rows.some(({ group }) => group.model === 'openai fine-tuning jobs') && { usage: told.rows };
    });
    assert.ok(nanos(usage.find(({ group }) => group.model === 'openai fine-tuning jobs').cost_usd) >= 2_000_000n);
    assert.match(await (await fetch(`${bursar.origin}/metrics`, { headers: { authorization: `Bearer ${bursar.token}` } })).text(), /endpoint="passthrough"/);
});

test('an official client reaches it by its base URL, and bytes pass as they are', async () => {
    const client = new OpenAI({ baseURL: `${bursar.origin}/passthrough/openai`, apiKey: keys.demo, maxRetries: 0 });
    assert.equal((await client.fineTuning.jobs.retrieve('ft-2')).status, 'running');
    const odd = Buffer.from([0, 255, 13, 10, 123]);
    const { result, sent } = await sentBy(() =>
        answering((response, { body }) => response.writeHead(201, { 'content-type': 'application/x-odd' }).end(body), () => ask('POST', stores, { body: odd, headers: { 'content-type': 'application/x-odd' } })),
    );
    assert.equal(result.status, 201);
    assert.equal(result.headers.get('content-type'), 'application/x-odd');
    assert.deepEqual(Buffer.from(await result.arrayBuffer()), odd);
    assert.deepEqual(sent[0].body, odd);
    assert.equal(sent[0].headers['content-type'], 'application/x-odd');
    assert.deepEqual(refused, []);
});

test('what no entry names does not pass, and nobody whom none names', async () => {
    const { sent } = await sentBy(async () => {
        for (const [method, where] of [['POST', job], ['GET', `${job}/events`], ['GET', '/passthrough/openai/fine_tuning/jobs'], ['GET', '/passthrough/nobody/x'], ['GET', '/passthrough/demo-openai/models']]) {
            const answered = await ask(method, where);
            assert.equal(answered.status, 404, where);
            assert.match((await answered.json()).error.message, /passthrough of the provider in the policy/);
        }
        for (const key of [keys.others, keys.members]) {
            const answered = await ask('GET', job, { key });
            assert.equal(answered.status, 403);
            assert.match((await answered.json()).error.message, /may not send "fine-tuning jobs" to openai/);
        }
        // All are those who may use a model there.
        assert.equal((await ask('DELETE', `${stores}/vs-1`, { key: keys.others })).status, 403);
        assert.equal((await ask('GET', job, { key: keys.narrow })).status, 403);
        assert.equal((await ask('GET', job, { key: 'bsr_wrong' })).status, 401);
        for (const what of ['files', 'api_keys', 'FILE_BATCHES']) assert.equal((await ask('POST', `${stores}/vs-1/${what}`, { body: '{}' })).status, 403, what);
    });
    assert.equal(sent.length, 0);
    const { result } = await sentBy(() => ask('DELETE', `${stores}/vs-1`, { key: keys.members }));
    assert.equal(result.status, 200);
});

test('a query, an escape, a climbing path and a body of a GET are refused', async () => {
    const { sent } = await sentBy(async () => {
        for (const target of [`${job}?limit=1`, `${job}?`, `${job}%31`, `${job}%2fevents`, `${job}/%2e%2e/x`, `${job}/../x`, `${job}//x`, `${job}/`, `${job}\\x`, `${job}:verb`])
            assert.equal((await raw('GET', target)).status, 400, target);
        assert.equal((await raw('GET', job, { headers: { 'content-length': 2 }, body: '{}' })).status, 400);
        assert.equal((await raw('PUT', job)).status, 405);
    });
    assert.equal(sent.length, 0);
});

test('passthrough: the price is held, and an exhausted budget refuses it before anything is sent', async () => {
    const { result, sent } = await sentBy(() => ask('GET', job, { key: keys.poor }));
    assert.equal(result.status, 402);
    assert.match((await result.json()).error.message, /budget/);
    assert.equal(sent.length, 0);
    const row = await rowOf(result);
    assert.deepEqual([row.endpoint, row.model, row.fault, row.cost_usd], ['passthrough', 'openai fine-tuning jobs', 'budget_exhausted', '0.00']);
    for (const status of [200, 200, 402]) assert.equal((await ask('GET', job, { key: keys.few })).status, status);
});

test('a refusal of the provider costs nothing and passes in its words, a redirect is not followed', async () => {
    const before = await spent();
    for (const status of [400, 404, 409, 429, 500, 503]) {
        const answered = await answering((response) => response.writeHead(status, { 'content-type': 'application/json', location: '/1', 'operation-location': '/1', 'azure-asyncoperation': '/1' }).end('{"error":{"message":"no such job"}}'), () => ask('GET', job));
        assert.equal(answered.status, status);
        for (const name of ['location', 'operation-location', 'azure-asyncoperation']) assert.equal(answered.headers.get(name), null, name);
        assert.match(await answered.text(), /no such job/);
        assert.equal((await rowOf(answered)).cost_usd, '0.00');
    }
    const { result, sent } = await sentBy(() => answering((response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end(), () => ask('GET', job)));
    assert.ok(result.status >= 400);
    assert.equal(result.headers.get('location'), null);
    assert.doesNotMatch(await result.text(), /elsewhere/);
    assert.equal(sent.length, 1);
    assert.equal((await rowOf(result)).cost_usd, '0.00');
    assert.equal(await spent(), before);
});

test('one attempt: what is cut off or never answered is paid, and not sent again', async () => {
    for (const [name, how] of [
        ['cut', (response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())],
        ['no answer', (response) => response.destroy()],
        ['silence', () => {}],
    ]) {
        const { result, sent } = await sentBy(() => answering(how, () => ask('POST', stores, { body: '{}' })));
        assert.ok(result.status >= 500, name);
        assert.equal(sent.length, 1, name);
        const row = await rowOf(result);
        assert.deepEqual([row.cost_usd, row.usage_source], ['0.01', 'estimated'], name);
    }
});

test('its own key is the operator’s affair, and its health is not judged by what passes', async () => {
    const missing = await ask('GET', '/passthrough/two/skills');
    assert.ok(missing.status >= 500);
    assert.equal((await ask('GET', '/passthrough/three/skills')).status, 200, 'the next key is there');
    const answered = await answering((response) => response.writeHead(401, { 'content-type': 'application/json' }).end(`{"error":{"message":"Incorrect API key: ${providerKey}"}}`), () => ask('GET', job));
    assert.ok(answered.status >= 500);
    assert.doesNotMatch(await answered.text(), /canary/);
    assert.equal((await ask('GET', job)).status, 200);
    const { channels, keys: pool } = await bursar.must('GET', 'providers');
    assert.doesNotMatch(JSON.stringify([channels, pool]), /passthrough|refused/);
});

test('an Idempotency-Key runs a free POST once, also where its answer never came', async () => {
    const headers = { 'idempotency-key': 'one' };
    const { result: answers, sent } = await sentBy(async () => [await ask('POST', cancel, { headers }), await ask('POST', cancel, { headers })]);
    assert.equal(sent.length, 1);
    assert.deepEqual(await answers[0].json(), await answers[1].json());
    assert.equal(answers[1].headers.get('x-bursar-replayed'), 'true');

    const lost = { 'idempotency-key': 'two' };
    const { sent: again } = await sentBy(async () => {
        assert.ok((await answering((response) => response.destroy(), () => ask('POST', cancel, { headers: lost }))).status >= 500);
        const repeated = await ask('POST', cancel, { headers: lost });
        assert.equal(repeated.status, 409);
        assert.match((await repeated.json()).error.message, /Use a new key/);
    });
    assert.equal(again.length, 1);

    const declined = { 'idempotency-key': 'three' };
    const { sent: tried } = await sentBy(async () => {
        assert.equal((await answering((response) => response.writeHead(409).end('busy'), () => ask('POST', cancel, { headers: declined }))).status, 409);
        assert.equal((await ask('POST', cancel, { headers: declined })).status, 200);
    });
    assert.equal(tried.length, 2);

    // Whoever answers that it failed may have done it.
    for (const [status, again] of [[500, 409], [302, 409], [401, 200], [503, 200]]) {
        const key = { 'idempotency-key': `after-${status}` };
        const { result, sent: seen } = await sentBy(async () => {
            const first = await answering((response) => response.writeHead(status).end(), () => ask('POST', cancel, { headers: key }));
            assert.equal((await rowOf(first)).cost_usd, '0.00');
            return ask('POST', cancel, { headers: key });
        });
        assert.equal(result.status, again, `after ${status}`);
        assert.equal(seen.length, again === 409 ? 1 : 2, `after ${status}`);
    }
});

test('the policy refuses entries of what is paid by what it uses, and of what gives keys', async () => {
    const { body, headers } = await bursar.api('GET', 'policy');
    for (const [path, words] of [['/chat/completions', /a price for each call cannot hold/], ['/api_keys', /hands out credentials/]]) {
        const documents = body.documents.map(({ name, text }) => {
            const policy = JSON.parse(text);
            policy.providers.openai.passthrough.push({ name: 'x', method: 'POST', path, price: 1, allow: 'all' });
            return { name, text: JSON.stringify(policy) };
        });
        const put = await bursar.api('PUT', 'policy', { documents, reason: 'scenario' }, { 'if-match': headers.get('etag') });
        assert.ok(put.status >= 400);
        assert.match(put.text, words);
    }
});

test('the provider’s key is in no answer and no log', async () => {
    assert.doesNotMatch(readFileSync(bursar.path('bursard.log'), 'utf8'), /canary/);
    assert.doesNotMatch(JSON.stringify(await bursar.must('GET', 'calls')), /canary/);
    assert.deepEqual(refused, []);
});

test('what passes to a provider of a dialect that no caller speaks leaves a row that can be read', async () => {
    const answered = await ask('GET', '/passthrough/cohere/v1/connectors');
    assert.equal(answered.status, 200);
    assert.equal((await rowOf(answered)).model, 'cohere connectors');
    assert.ok((await bursar.must('GET', 'calls')).calls.length > 0);
    await bursar.stopService();
    await bursar.launch();
    assert.equal((await rowOf(answered)).model, 'cohere connectors');
    assert.equal((await ask('GET', job)).status, 200);
});

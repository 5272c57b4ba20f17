// Hunts: a model in a cloud that is asked in another way than the cloud wants; a token that is asked for wrongly, used after its end or
// seen by anybody; a token endpoint that fails and takes calls with it which could be served.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { JWT } from 'google-auth-library';
import { decodeJwt } from 'jose';
import OpenAI from 'openai';

import { Bursar } from './support/bursar.mjs';
import { Clouds } from './support/clouds.mjs';
import { demoPrice } from './support/policy.mjs';
import { until } from './support/process.mjs';

const vertexPath = '/v1/projects/acme/locations/europe-west4/publishers';
const say = (words) => [{ role: 'user', content: words }];

describe('models in clouds', () => {
    let clouds;
    let bursar;
    let key;
    let openai;
    let anthropic;
    let gemini;

    before(async () => {
        clouds = await Clouds.start();
        const { origin } = clouds;
        const entra = { from: 'entra', url: `${origin}/entra` };
        const google = { from: 'google', url: `${origin}/token` };
        const breaker = { key_first_retry: '1s', key_last_retry: '1s' };
        const at = (provider, model) => ({ channels: [{ provider, model }] });
        bursar = await Bursar.start({
            origin,
            secrets: { demo: 'sk-other', 'azure-key': clouds.key },
            policy: {
                providers: {
                    azure: { base_url: origin, keys: [{ secret: 'azure-key' }] },
                    'azure-secret': { catalogue: 'azure-entra', base_url: `${origin}/openai/v1`, tokens: entra, keys: [{ secret: 'entra-secret' }], breaker },
                    'azure-certificate': { catalogue: 'azure-entra', base_url: `${origin}/openai/v1`, tokens: entra, keys: [{ secret: 'entra-certificate' }] },
                    vertex: { base_url: `${origin}${vertexPath}/google`, tokens: google, keys: [{ secret: 'account' }] },
                    'vertex-anthropic': { base_url: `${origin}${vertexPath}/anthropic`, tokens: google, keys: [{ secret: 'account' }] },
                    unsaid: { dialect: 'anthropic', base_url: origin, catalogue: 'demo', keys: [{ secret: 'account' }] },
                },
                models: {
                    'by-key': at('azure', 'chat-eu'),
                    'by-secret': at('azure-secret', 'gpt-5.4'),
                    'by-certificate': at('azure-certificate', 'gpt-5.4'),
                    unsaid: at('unsaid', 'claude-unsaid'),
                    embeddings: at('azure', 'embed-eu'),
                    gemini: at('vertex', 'gemini-3.5-flash'),
                    claude: at('vertex-anthropic', 'claude-opus-5@20260101'),
                    either: { channels: [{ provider: 'azure-secret', model: 'gpt-5.4' }, { provider: 'azure', model: 'chat-eu', priority: 2 }] },
                },
            },
        }).catch(async (error) => {
            await clouds.stop();
            throw error;
        });
        await bursar.changePolicy((policy) => {
            policy.prices.demo['claude-unsaid'] = demoPrice;
            Object.assign(policy.prices, {
                azure: { 'chat-eu': demoPrice, 'embed-eu': demoPrice, 'gpt-5.4': demoPrice },
                'google-vertex': { 'gemini-3.5-flash': demoPrice, 'claude-opus-5@20260101': demoPrice },
            });
        });
        const { secret, certificate, account } = clouds.credentials();
        for (const [name, value] of Object.entries({ 'entra-secret': secret, 'entra-certificate': certificate, account })) await bursar.putSecret(name, value);
        key = await bursar.issueKey();
        openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: key, maxRetries: 0 });
        anthropic = new Anthropic({ baseURL: bursar.origin, apiKey: key, maxRetries: 0 });
        gemini = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: bursar.origin } });
    });
    after(async () => {
        await bursar?.stop();
        await clouds?.stop();
    });

    const chat = async (model) => (await openai.chat.completions.create({ model, messages: say('Say hello.') })).choices[0].message.content;
    const last = () => clouds.seen.at(-1);

    test('Azure is asked by deployment, version and key', async () => {
        assert.match(await chat('by-key'), /Hello/);
        assert.deepEqual([last().path, last().by], ['/openai/deployments/chat-eu/chat/completions?api-version=2024-10-21', 'key']);
        const stream = await openai.chat.completions.create({ model: 'by-key', messages: say('Say hello.'), stream: true });
        let text = '';
        for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
        assert.match(text, /Hello/);
        const vectors = await openai.embeddings.create({ model: 'embeddings', input: 'three tokens' });
        assert.deepEqual([...vectors.data[0].embedding], [0.5, 0.25]);
        assert.equal(last().path, '/openai/deployments/embed-eu/embeddings?api-version=2024-10-21');
        assert.equal((await openai.responses.create({ model: 'by-key', input: 'Say hello.' })).output_text, 'Hello.');
        assert.equal(last().path, '/openai/responses?api-version=2024-10-21');
        assert.equal(last().body.model, 'chat-eu');
    });

    test('what Azure filters is refused in its own words', async () => {
        await assert.rejects(openai.chat.completions.create({ model: 'by-key', messages: say('a forbidden thing') }), (error) => error.status === 400 && error.code === 'content_filter');
    });

    test('Azure takes tokens that were asked for with a secret or a certificate', async () => {
        for (const model of ['by-secret', 'by-certificate']) {
            assert.match(await chat(model), /Hello/);
            assert.match(last().by, /^azure-canary-token/);
        }
        assert.ok(clouds.asked.some((form) => form.client_secret) && clouds.asked.some((form) => form.client_assertion));
        const answer = await anthropic.messages.create({ model: 'by-secret', max_tokens: 50, messages: say('Say hello.') });
        assert.match(answer.content[0].text, /Hello/);
        const streamed = await anthropic.messages.stream({ model: 'by-certificate', max_tokens: 50, messages: say('Say hello.') }).finalMessage();
        assert.match(streamed.content[0].text, /Hello/);
    });

    test('Vertex serves Gemini and Claude, each in its own dialect and to others', async () => {
        const own = await gemini.models.generateContent({ model: 'gemini', contents: 'Say hello.' });
        assert.match(own.text, /Hello/);
        assert.equal(last().path, `${vertexPath}/google/models/gemini-3.5-flash:generateContent`);
        let text = '';
        for await (const chunk of await gemini.models.generateContentStream({ model: 'gemini', contents: 'Say hello.' })) text += chunk.text ?? '';
        assert.match(text, /Hello/);
        assert.match((await anthropic.messages.create({ model: 'claude', max_tokens: 50, messages: say('Say hello.') })).content[0].text, /Hello/);
        assert.equal(last().path, `${vertexPath}/anthropic/models/claude-opus-5@20260101:rawPredict`);
        const streamed = await anthropic.messages.stream({ model: 'claude', max_tokens: 50, messages: say('Say hello.') }).finalMessage();
        assert.match(streamed.content[0].text, /Hello/);
        assert.equal((await anthropic.messages.countTokens({ model: 'claude', messages: say('Say hello.') })).input_tokens, 17);
        for (const model of ['gemini', 'claude']) assert.match(await chat(model), /Hello/);
        assert.match((await gemini.models.generateContent({ model: 'claude', contents: 'Say hello.' })).text, /Hello/);
        assert.deepEqual(clouds.refused.filter((sentence) => !/content_filter/.test(sentence)), []);
    });

    test('one token serves many calls', async () => {
        const before = clouds.asked.length;
        await Promise.all(Array.from({ length: 10 }, () => chat('by-secret')));
        assert.equal(clouds.asked.length, before);
    });

    test('an assertion says what the vendor’s own library says', async () => {
        const { assertion } = clouds.asked.find((form) => form.assertion);
        const ours = decodeJwt(assertion);
        const client = new JWT({ email: clouds.account, key: clouds.pair.key, keyId: 'key-1', scopes: ['https://www.googleapis.com/auth/cloud-platform'] });
        let theirs;
        client.transporter = { request: async (options) => (theirs = options.data, { data: { access_token: 'x', token_type: 'Bearer', expires_in: 1 } }) };
        await client.authorize();
        const form = new URLSearchParams(theirs.toString());
        assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
        const { iat, exp, aud, ...claims } = decodeJwt(form.get('assertion'));
        assert.equal(aud, 'https://oauth2.googleapis.com/token');
        assert.ok(exp > iat);
        assert.deepEqual({ ...claims, aud: `${clouds.origin}/token`, iat: ours.iat, exp: ours.exp }, ours);
    });

    test('a token that is refused is fetched anew, and the caller sees nothing of it', async () => {
        const before = clouds.asked.length;
        clouds.revoke();
        assert.match(await chat('by-secret'), /Hello/);
        assert.equal(clouds.asked.length, before + 1);
    });

    test('who may not do it gets no other token, and the one that is there stays', async () => {
        const before = clouds.asked.length;
        clouds.forbidding = true;
        await assert.rejects(chat('by-secret'), (error) => error.status >= 500 && !/canary/.test(error.message));
        clouds.forbidding = false;
        assert.match(await until('the key to be back', () => chat('by-secret').catch(() => '')), /Hello/);
        assert.equal(clouds.asked.length, before);
    });

    test('a credential of which the policy does not say what it is leaves the house in no request', async () => {
        const before = clouds.heard;
        await assert.rejects(chat('unsaid'), (error) => error.status >= 500 && /of another kind than the policy says/.test(error.message) && !/PRIVATE KEY/.test(error.message));
        assert.equal(clouds.heard, before);
        const told = (await bursar.must('GET', 'providers')).keys.find((one) => one.secret === 'account' && one.provider === 'unsaid');
        assert.match(told.why, /tokens/);
    });

    test('tokens that end in the middle of the work end no call', async () => {
        clouds.lasts = 2;
        await bursar.putSecret('account', clouds.credentials().account);
        const tokens = new Set();
        await until('three tokens', async () => {
            assert.match(await chat('claude'), /Hello/);
            tokens.add(last().by);
            return tokens.size >= 3;
        });
        clouds.lasts = 3600;
    });

    test('while there are no tokens another channel serves, and who has none is told', async () => {
        clouds.down = true;
        await bursar.putSecret('entra-secret', clouds.credentials().secret);
        assert.match(await chat('either'), /Hello/);
        assert.equal(last().by, 'key');
        await assert.rejects(chat('by-secret'), (error) => [502, 503].includes(error.status));
        const { keys } = await bursar.must('GET', 'providers');
        const told = keys.find((one) => one.secret === 'entra-secret');
        assert.notEqual(told.state, 'well');
        assert.match(told.why, /no token for provider azure-secret with the credential entra-secret: the token endpoint answered 503/);
        clouds.down = false;
        assert.match(await until('a token', () => chat('by-secret').catch(() => '')), /Hello/);
    });

    test('a credential that the endpoint refuses is said to be wrong, without being shown', async () => {
        await bursar.putSecret('entra-secret', JSON.stringify({ tenant: clouds.tenant, client_id: clouds.client, client_secret: 'canary-of-a-wrong-one' }));
        await assert.rejects(chat('by-secret'), (error) => [502, 503].includes(error.status));
        const told = (await bursar.must('GET', 'providers')).keys.find((one) => one.secret === 'entra-secret');
        assert.match(told.why, /answered 401 with the error invalid_client \(AADSTS7000215\)/);
        assert.equal(told.state, 'refused');
    });

    test('the vault takes no credential that could not be asked with', async () => {
        const { account } = clouds.credentials();
        const refused = await bursar.api('PUT', 'secrets/account', { value: account.replace('PRIVATE KEY', 'PUBLIC KEY') });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /private_key/);
        const ctl = bursar.ctl(['secret', 'put', 'account'], { input: account.replace(/"client_email": "[^"]*"/, '"client_email": ""') });
        assert.notEqual(ctl.status, 0);
        assert.match(ctl.stderr, /client_email/);
        const good = bursar.ctl(['secret', 'put', 'account'], { input: account });
        assert.equal(good.status, 0, good.stderr);
        assert.match(await chat('claude'), /Hello/);
    });

    test('a test of a provider asks with a token', async () => {
        // By the API: while bursarctl is waited for, nothing here could answer.
        const report = await bursar.must('POST', 'providers/vertex-anthropic/test', { model: 'claude' });
        assert.ok(report.good, JSON.stringify(report.findings));
        assert.equal(report.findings.filter((one) => /call$/.test(one.name) && one.state === 'good').length, 2, JSON.stringify(report.findings));
        assert.match(last().by, /^vertex-canary-token/);
    });

    test('no log has a token, a secret or a key', async () => {
        const words = bursar.running.words() + (await (await fetch(`${bursar.origin}/metrics`)).text());
        assert.match(words, /no_token/);
        assert.doesNotMatch(words, /canary|PRIVATE KEY|eyJ/);
    });
});

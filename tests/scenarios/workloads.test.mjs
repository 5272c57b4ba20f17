// Hunts: a pipeline that needs a stored key although its platform signs for it, a token of somebody else that passes for one of ours, a
// key that works on after its issuer has taken it back, and a call that nobody pays for.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { Bursar } from './support/bursar.mjs';
import { until } from './support/process.mjs';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An issuer as a CI system has one: discovery, keys, and tokens for its jobs. */
class Issuer {
    static async start() {
        const issuer = new Issuer();
        issuer.keys = [];
        issuer.newKey();
        issuer.server = createServer((request, response) => {
            const answers = {
                '/.well-known/openid-configuration': { issuer: issuer.origin, jwks_uri: `${issuer.origin}/keys`, authorization_endpoint: `${issuer.origin}/a`, token_endpoint: `${issuer.origin}/t` },
                '/keys': { keys: issuer.keys.map((key) => key.jwk) },
            };
            const answer = answers[request.url];
            response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
        });
        await new Promise((resolve) => issuer.server.listen(0, '127.0.0.1', resolve));
        issuer.origin = `http://127.0.0.1:${issuer.server.address().port}`;
        return issuer;
    }

    newKey() {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const kid = randomBytes(6).toString('hex');
        this.keys.unshift({ kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' } });
    }

    token(more = {}, key = this.keys[0]) {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: this.origin, aud: 'bursar', sub: 'repo:acme/app:main', iat: now, exp: now + 600, ...more };
        const input = `${encoded({ alg: 'RS256', kid: key.kid, typ: 'JWT' })}.${encoded(claims)}`;
        return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
    }

    stop() {
        return new Promise((resolve) => this.server.close(resolve));
    }
}

describe('programs with a JWT of their platform', () => {
    let bursar;
    let issuer;
    const call = (token) => bursar.call(token, '/v1/chat/completions', { model: 'demo-gpt', max_tokens: 20, messages: [{ role: 'user', content: 'hello' }] });

    before(async () => {
        issuer = await Issuer.start();
        bursar = await Bursar.start({ policy: { teams: { ci: { budgets: [{ limit: '100 USD', per: 'month' }] } } } });
        await bursar.changePolicy((policy) => {
            policy.identity = { workloads: { builds: { issuer: issuer.origin, audience: 'bursar', subjects: ['repo:acme/app:*'], team: 'ci' } } };
        });
        await until('the keys of the issuer', async () => (await call(issuer.token())).status === 200);
    });
    after(async () => {
        await bursar?.stop();
        await issuer?.stop();
    });

    test('the official client calls with it, and the team pays', async () => {
        const openai = new OpenAI({ baseURL: `${bursar.origin}/v1`, apiKey: issuer.token(), maxRetries: 0 });
        const answer = await openai.chat.completions.create({ model: 'demo-gpt', max_tokens: 20, messages: [{ role: 'user', content: 'hello' }] });
        assert.ok(answer.usage.completion_tokens > 0);
        const calls = await until('its row', async () => {
            const { calls: rows } = await bursar.must('GET', 'calls?team=ci');
            return rows.length >= 2 ? rows : null;
        });
        assert.ok(calls.every((row) => row.key === 'jwt.builds' && row.team === 'ci' && row.person === ''));
    });

    for (const [what, token] of [
        ['another audience', () => issuer.token({ aud: 'somebody-else' })],
        ['several audiences', () => issuer.token({ aud: ['bursar', 'somebody-else'] })],
        ['another repository', () => issuer.token({ sub: 'repo:acme/other:main' })],
        ['a repository whose name begins like ours', () => issuer.token({ sub: 'repo:acme/app-evil:main' })],
        ['no subject', () => issuer.token({ sub: undefined })],
        ['an end that has passed', () => issuer.token({ exp: Math.floor(Date.now() / 1000) - 120 })],
        ['no end', () => issuer.token({ exp: undefined })],
        ['a beginning that is to come', () => issuer.token({ nbf: Math.floor(Date.now() / 1000) + 600 })],
        ['an issuer that nobody named', () => issuer.token({ iss: 'https://elsewhere.example' })],
        ['a changed text', () => issuer.token().replace(/\.[^.]+\./, `.${encoded({ iss: issuer.origin, aud: 'bursar', sub: 'repo:acme/app:main', exp: 4e9 })}.`)],
        ['no signature', () => `${encoded({ alg: 'none' })}.${encoded({ iss: issuer.origin, aud: 'bursar', sub: 'repo:acme/app:main', exp: 4e9 })}.`],
    ])
        test(`refused: ${what}`, async () => {
            const answer = await call(token());
            assert.equal(answer.status, 401);
            const { error } = await answer.json();
            assert.match(error.message, /^This token is not accepted\. Bursar takes its own keys/);
            assert.equal(error.code, 'unauthenticated');
        });

    test('a new key of the issuer is fetched when it is shown', async () => {
        issuer.newKey();
        await until('a token under the new key', async () => (await call(issuer.token())).status === 200, 90_000);
    });

    test('a workload that the policy has no more opens nothing, though its token is good', async () => {
        const token = issuer.token();
        assert.equal((await call(token)).status, 200);
        await bursar.changePolicy((policy) => delete policy.identity.workloads);
        assert.equal((await call(token)).status, 401);
    });
});

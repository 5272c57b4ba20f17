// Hunts: a provider of identities in the tests that does not do what the other scenarios take for granted, which would make them prove
// nothing: the real one, seen by a relying party in plain HTTP, and the hostile one, whose lies have to be lies.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';

import { HostileProvider, logoutModes, modes } from './support/hostile-oidc.mjs';
import { Browser, discover, exchange, formIn, partsOf, request } from './support/oidc-browser.mjs';
import { CompanyProvider } from './support/oidc-provider.mjs';

const callback = 'http://127.0.0.1:9/callback';
const secret = 'a client secret: with / and +';
const client = { id: 'bursar', secret, redirectUris: [callback], postLogoutRedirectUris: ['http://127.0.0.1:9/'] };
const people = [
    { login: 'alice', password: 'correct horse', groups: ['research', 'staff'] },
    { login: 'bob', password: 'battery staple', groups: [] },
];

async function signatureIsGood(discovery, jwt) {
    const [header] = partsOf(jwt);
    const { keys } = await (await fetch(discovery.jwks_uri)).json();
    const jwk = keys.find((key) => key.kid === header.kid);
    if (!jwk) return false;
    const [head, claims, signature] = jwt.split('.');
    return verify('sha256', Buffer.from(`${head}.${claims}`), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url'));
}

describe('the company provider', () => {
    let provider, discovery, hook;
    const told = [];
    before(async () => {
        hook = http.createServer(async (incoming, response) => {
            let text = '';
            for await (const part of incoming) text += part;
            told.push(new URLSearchParams(text).get('logout_token'));
            response.writeHead(200).end();
        });
        await new Promise((resolve) => hook.listen(0, '127.0.0.1', resolve));
        provider = await CompanyProvider.start({ people });
        provider.setClients([{ ...client, backchannelLogoutUri: `http://127.0.0.1:${hook.address().port}/logout` }]);
        discovery = await discover(provider.issuer);
    });
    after(async () => {
        await provider.stop();
        hook.closeAllConnections();
        await new Promise((resolve) => hook.close(resolve));
    });

    async function signIn(login, password, browser = new Browser()) {
        const began = request(discovery, { clientId: client.id, callback });
        const back = await browser.signIn(began.url, { login, password, callback });
        if (!back) return { browser };
        const query = new URL(back).searchParams;
        assert.equal(query.get('state'), began.state);
        assert.equal(query.get('iss'), provider.issuer);
        const { status, body } = await exchange(discovery, { clientId: client.id, secret, callback, code: query.get('code'), verifier: began.verifier });
        assert.equal(status, 200, JSON.stringify(body));
        const [header, claims] = partsOf(body.id_token);
        assert.equal(claims.nonce, began.nonce);
        return { browser, header, claims, tokens: body };
    }

    it('signs in whoever knows the password, with groups in the ID token and in userinfo', async () => {
        const { claims, tokens } = await signIn('alice', 'correct horse');
        assert.equal(claims.iss, provider.issuer);
        assert.equal(claims.aud, 'bursar');
        assert.equal(claims.sub, 'sub-alice');
        assert.equal(claims.preferred_username, 'alice');
        assert.deepEqual(claims.groups, ['research', 'staff']);
        assert.ok(claims.sid);
        assert.ok(await signatureIsGood(discovery, tokens.id_token));
        const info = await (await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } })).json();
        assert.deepEqual(info.groups, ['research', 'staff']);
        assert.equal(info.sub, 'sub-alice');
    });

    it('refuses a wrong password, an unknown person and one who was disabled', async () => {
        assert.equal((await signIn('alice', 'wrong')).claims, undefined);
        assert.equal((await signIn('nobody', 'correct horse')).claims, undefined);
        provider.person('bob').disabled = true;
        assert.equal((await signIn('bob', 'battery staple')).claims, undefined);
        provider.person('bob').disabled = false;
        assert.deepEqual((await signIn('bob', 'battery staple')).claims.groups, []);
    });

    it('asks for PKCE and for the right verifier', async () => {
        const began = request(discovery, { clientId: client.id, callback });
        const back = await new Browser().signIn(began.url, { login: 'alice', password: 'correct horse', callback });
        const code = new URL(back).searchParams.get('code');
        const { status, body } = await exchange(discovery, { clientId: client.id, secret, callback, code, verifier: 'x'.repeat(43) });
        assert.equal(status, 400);
        assert.equal(body.error, 'invalid_grant');
        const bare = new URL(began.url);
        for (const name of ['code_challenge', 'code_challenge_method']) bare.searchParams.delete(name);
        const refused = await new Browser().signIn(bare.href, { login: 'alice', password: 'correct horse', callback });
        assert.equal(new URL(refused).searchParams.get('error'), 'invalid_request');
    });

    it('rotates its keys, with and without the old one', async () => {
        const first = await signIn('alice', 'correct horse');
        provider.rotateKeys({ keepOld: true });
        assert.ok(await signatureIsGood(discovery, first.tokens.id_token));
        const second = await signIn('alice', 'correct horse');
        assert.notEqual(second.header.kid, first.header.kid);
        provider.rotateKeys();
        assert.equal(await signatureIsGood(discovery, first.tokens.id_token), false);
        const { tokens } = await signIn('alice', 'correct horse', second.browser);
        assert.ok(await signatureIsGood(discovery, tokens.id_token));
    });

    it('keeps a session, so that the second sign-in asks for nothing, until it is ended there', async () => {
        const { browser, claims } = await signIn('alice', 'correct horse');
        assert.equal((await signIn('alice', 'not asked', browser)).claims.sid, claims.sid);
        told.length = 0;
        assert.ok((await provider.logout('alice')) > 0);
        const tokens = told.map((each) => partsOf(each));
        assert.ok(tokens.some(([, each]) => each.sid === claims.sid));
        for (const [header, each] of tokens) {
            assert.equal(header.typ, 'logout+jwt');
            assert.ok(each.events['http://schemas.openid.net/event/backchannel-logout']);
            assert.ok(each.jti && each.iat && !each.nonce);
        }
        assert.equal((await signIn('alice', 'now it is asked', browser)).claims, undefined);
        assert.deepEqual(provider.logoutErrors, []);
    });

    it('signs out by the end session address, and tells us', async () => {
        const { browser, tokens, claims } = await signIn('alice', 'correct horse');
        told.length = 0;
        const url = new URL(discovery.end_session_endpoint);
        url.searchParams.set('id_token_hint', tokens.id_token);
        url.searchParams.set('client_id', 'bursar');
        url.searchParams.set('post_logout_redirect_uri', 'http://127.0.0.1:9/');
        const shown = await browser.go(url.href);
        const { action, fields } = formIn(shown.text, shown.url);
        const done = await browser.go(action, { form: { ...fields, logout: 'yes' }, until: 'http://127.0.0.1:9/' });
        assert.equal(done.url, 'http://127.0.0.1:9/');
        assert.deepEqual(told.map((each) => partsOf(each)[1].sid), [claims.sid]);
    });

    it('signs in a device that has no browser', async () => {
        const credentials = { authorization: `Basic ${btoa(`bursar:${encodeURIComponent(secret)}`)}` };
        const ask = async (url, form) => (await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers: credentials })).json();
        const device = await ask(discovery.device_authorization_endpoint, { client_id: 'bursar', scope: 'openid profile email' });
        const poll = () =>
            ask(discovery.token_endpoint, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code });
        assert.equal((await poll()).error, 'authorization_pending');
        const browser = new Browser();
        let shown = await browser.go(device.verification_uri_complete);
        // The code in the address is a form that sends itself in a browser with scripts.
        for (let pages = 0; pages < 3 && !shown.text.includes('Device signed in'); pages += 1) {
            if (shown.url.includes('/interaction/')) {
                shown = await browser.go(shown.url, { form: { login: 'alice', password: 'correct horse' } });
            } else {
                const { action, fields } = formIn(shown.text, shown.url);
                delete fields.abort;
                shown = await browser.go(action, { form: fields });
            }
        }
        assert.match(shown.text, /Device signed in/);
        const tokens = await poll();
        assert.equal(partsOf(tokens.id_token)[1].sub, 'sub-alice');
        assert.notEqual((await poll()).error, undefined);
    });
});

/** A careful relying party, written without ours in mind: what it finds wrong, or nothing. Every check is of OpenID Connect Core §3.1.3.7. */
async function complaint(provider) {
    const within = { signal: AbortSignal.timeout(1000), redirect: 'manual' };
    const read = async (url) => {
        const answer = await fetch(url, within);
        if (answer.status !== 200) throw new Error(`status ${answer.status}`);
        const text = await answer.text();
        if (text.length > 1_000_000) throw new Error('too long');
        const parsed = JSON.parse(text);
        if (JSON.stringify(parsed) !== text) throw new Error('a name twice');
        return parsed;
    };
    const discovery = await read(`${provider.issuer}/.well-known/openid-configuration`);
    if (discovery.issuer !== provider.issuer || !discovery.jwks_uri.startsWith(provider.issuer)) return 'discovery';
    const began = request(discovery, { clientId: provider.clientId, callback });
    const query = new URL((await new Browser().go(began.url, { until: callback })).url).searchParams;
    if (query.get('state') !== began.state || query.get('iss') !== provider.issuer || !query.has('code')) return 'redirect';
    const answer = await fetch(discovery.token_endpoint, {
        ...within,
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code: query.get('code'), redirect_uri: callback, code_verifier: began.verifier }),
        headers: { authorization: `Basic ${btoa(`${provider.clientId}:${provider.secret}`)}` },
    });
    if (answer.status !== 200) return 'token endpoint';
    const { id_token: token = '', access_token: access } = await answer.json();
    const { keys } = await read(discovery.jwks_uri);
    return tokenComplaint(token, { provider, keys, access, nonce: began.nonce }) ?? (await groupsComplaint(discovery, token, access, within));
}

function tokenComplaint(token, { provider, keys, access, nonce }) {
    const parts = token.split('.');
    if (parts.length !== 3 || token.length > 16_384 || keys.length > 100) return 'shape';
    const [header, claims] = partsOf(token);
    const text = Buffer.from(parts[1], 'base64url').toString();
    const now = Date.now() / 1000;
    const key = keys.find((each) => each.kid === header.kid);
    if (JSON.stringify(claims) !== text || header.alg !== 'RS256' || header.typ !== 'JWT' || header.crit || !key) return 'header';
    const good = verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`), createPublicKey({ key, format: 'jwk' }), Buffer.from(parts[2], 'base64url'));
    if (!good) return 'signature';
    const hash = createHash('sha256').update(access).digest().subarray(0, 16).toString('base64url');
    const right = claims.iss === provider.issuer && claims.aud === provider.clientId && (claims.azp ?? claims.aud) === claims.aud && claims.sub &&
        claims.nonce === nonce && claims.exp > now - 60 && claims.iat < now + 60 && (claims.nbf ?? 0) < now + 60 && claims.at_hash === hash;
    return right ? undefined : 'claims';
}

async function groupsComplaint(discovery, token, access, within) {
    const [, claims] = partsOf(token);
    if (claims.groups?.every((each) => typeof each === 'string')) return undefined;
    const info = await (await fetch(discovery.userinfo_endpoint, { ...within, headers: { authorization: `Bearer ${access}` } })).json();
    if (info.sub !== claims.sub) return 'userinfo';
    return info.groups ? undefined : 'groups';
}

describe('the hostile provider', () => {
    let provider;
    before(async () => (provider = await HostileProvider.start()));
    after(() => provider.stop());

    it('lies in every mode that is to be refused, and in no other', async () => {
        for (const [mode, outcome] of Object.entries(modes)) {
            provider.mode = mode;
            const found = await complaint(provider).catch((error) => error.message);
            assert.equal(found === undefined, outcome === 'in', `${mode}: ${found}`);
            assert.equal(found === 'groups', outcome === 'unknown', `${mode}: ${found}`);
        }
        assert.ok(provider.asked('/token') > 40);
    });

    it('sends logout tokens that are wrong in one way each', () => {
        provider.mode = 'good';
        const first = provider.logoutToken('good', 'sid-1');
        assert.equal(provider.logoutToken('replayed', 'sid-1'), first);
        const seen = new Set([first]);
        for (const mode of Object.keys(logoutModes).filter((each) => each !== 'good' && each !== 'replayed')) {
            const token = provider.logoutToken(mode, 'sid-1');
            assert.ok(!seen.has(token), mode);
            seen.add(token);
            const [header, claims] = partsOf(token);
            const good = verify('sha256', Buffer.from(token.split('.').slice(0, 2).join('.')), provider.mint.right.pem, Buffer.from(token.split('.')[2], 'base64url'));
            const plain = good && header.typ === 'logout+jwt' && claims.events?.['http://schemas.openid.net/event/backchannel-logout'] && !claims.nonce &&
                claims.jti && claims.iat > Date.now() / 1000 - 300 && claims.iss === provider.issuer && claims.aud === 'bursar' && (claims.sub || claims.sid);
            assert.equal(Boolean(plain), logoutModes[mode] === 'ends', mode);
        }
    });
});

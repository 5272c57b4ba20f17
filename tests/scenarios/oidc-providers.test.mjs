// Hunts: a provider of identities in the tests that does not do what the other scenarios take for granted, which would make them prove
// nothing: the real one, seen by a relying party in plain HTTP, and the hostile one, whose lies have to be lies.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';

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

// A provider of identities of ours that lies in one way at a time. It signs in whoever comes, without a page.
//
//   const provider = await HostileProvider.start();   or start({ tls: { key, cert } })
//   provider.issuer, provider.clientId, provider.secret
//   provider.mode = 'wrong_nonce'       one of `modes`, from the next request on; 'good' tells the truth
//   provider.person = { sub, preferred_username, email, name, groups, … }   whom it signs in
//   provider.logoutToken('replayed')    one of `logoutModes`
//   provider.requests                   [{ method, path, form, authorization }], the evil places' too
//   provider.forget()                   what was asked so far
//   await provider.stop()
//
// `modes` says for each what has to become of a sign-in: 'in', 'refused' (by us, at once), 'outage' (said as such, within 5 s), 'unknown' (in,
// and groups are unknown). Whoever keeps discovery or keys has to forget them before a mode of theirs. `logoutModes`: 'ends' or 'refused'.
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import { Mint } from './hostile-tokens.mjs';

export const modes = {
    good: 'in',
    // What comes back to us by the browser.
    state_missing: 'refused',
    state_wrong: 'refused',
    iss_wrong: 'refused',
    iss_missing: 'refused',
    iss_wrong_on_error: 'refused',
    error: 'refused',
    code_missing: 'refused',
    // Claims of the ID token.
    nonce_missing: 'refused',
    nonce_wrong: 'refused',
    issuer_wrong: 'refused',
    audience_wrong: 'refused',
    audience_more: 'refused',
    azp_wrong: 'refused',
    exp_missing: 'refused',
    exp_passed: 'refused',
    exp_just_passed: 'in',
    iat_missing: 'refused',
    iat_ahead: 'refused',
    iat_just_ahead: 'in',
    nbf_ahead: 'refused',
    sub_missing: 'refused',
    sub_empty: 'refused',
    at_hash_wrong: 'refused',
    claim_twice: 'refused',
    // Signature and header.
    alg_none: 'refused',
    alg_hs256_public_key: 'refused',
    alg_hs256_client_secret: 'refused',
    alg_swapped: 'refused',
    key_wrong: 'refused',
    key_unknown: 'refused',
    key_in_header: 'refused',
    key_elsewhere: 'refused',
    kid_path: 'refused',
    crit: 'refused',
    access_token_instead: 'refused',
    logout_token_instead: 'refused',
    claims_exchanged: 'refused',
    token_junk: 'refused',
    token_huge: 'refused',
    // Userinfo and groups.
    userinfo_other: 'refused',
    groups_missing: 'unknown',
    groups_elsewhere: 'unknown',
    groups_hasgroups: 'unknown',
    groups_junk: 'unknown',
    // The endpoints.
    discovery_issuer: 'outage',
    discovery_endpoints: 'outage',
    discovery_twice: 'outage',
    discovery_huge: 'outage',
    discovery_mute: 'outage',
    discovery_redirect: 'outage',
    keys_down: 'outage',
    keys_empty: 'outage',
    keys_many: 'outage',
    keys_redirect: 'outage',
    keys_mute: 'outage',
    token_down: 'outage',
    token_redirect: 'outage',
    token_mute: 'outage',
    token_huge_answer: 'outage',
    token_no_id_token: 'outage',
    code_refused: 'refused',
};

export const logoutModes = {
    good: 'ends',
    session_only: 'ends',
    subject_only: 'ends',
    replayed: 'refused',
    nonce: 'refused',
    events_missing: 'refused',
    events_other: 'refused',
    nobody: 'refused',
    jti_missing: 'refused',
    iat_old: 'refused',
    issuer_wrong: 'refused',
    audience_wrong: 'refused',
    key_wrong: 'refused',
    alg_none: 'refused',
    type_wrong: 'refused',
    id_token_instead: 'refused',
};

async function formOf(request) {
    let text = '';
    for await (const part of request) text += part;
    return Object.fromEntries(new URLSearchParams(text));
}

export class HostileProvider {
    static async start({ tls, clientId = 'bursar', secret = randomBytes(16).toString('hex') } = {}) {
        const self = new HostileProvider();
        Object.assign(self, { mode: 'good', clientId, secret, requests: [], codes: new Map(), mute: new Set() });
        self.person = { sub: 'sub-mallory', preferred_username: 'mallory', email: 'mallory@corp.example', name: 'Mallory', groups: ['staff'] };
        const handle = (request, response) => self.handle(request, response);
        self.server = tls ? https.createServer(tls, handle) : http.createServer(handle);
        await new Promise((resolve) => self.server.listen(0, '127.0.0.1', resolve));
        self.issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${self.server.address().port}`;
        self.mint = new Mint(self);
        return self;
    }

    async stop() {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    forget() {
        this.requests.length = 0;
    }

    asked(path) {
        return this.requests.filter((each) => each.path === path).length;
    }

    logoutToken(mode = 'good', sid = this.sid) {
        return this.mint.logoutToken(mode, sid);
    }

    async handle(request, response) {
        const url = new URL(request.url, this.issuer);
        const form = request.method === 'POST' ? await formOf(request) : {};
        this.requests.push({ method: request.method, path: url.pathname, form, authorization: request.headers.authorization });
        const room = {
            '/.well-known/openid-configuration': () => this.discovery(response),
            '/authorize': () => this.authorize(url.searchParams, response),
            '/token': () => this.token(request, form, response),
            '/keys': () => this.keys(response),
            '/evil-keys': () => this.send(response, { keys: [this.mint.evil.jwk] }),
            '/userinfo': () => this.userinfo(response),
        }[url.pathname];
        if (room) room();
        else this.send(response, { error: 'not_found' }, 404);
    }

    send(response, body, status = 200, headers = {}) {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    }

    /** Endpoints that are mute, huge or lead elsewhere, whichever they are. True if it was one of those. */
    misbehave(name, response) {
        const how = this.mode.startsWith(`${name}_`) ? this.mode.slice(name.length + 1) : '';
        if (how === 'mute') return true;
        if (how === 'down') this.send(response, 'Service Unavailable', 503);
        else if (how === 'redirect') this.send(response, '', 302, { location: `${this.issuer}/evil-keys` });
        else if (how === 'huge' && name === 'discovery') this.send(response, `{"issuer":"${'x'.repeat(2_000_000)}"}`);
        else if (how === 'huge_answer') this.send(response, `{"id_token":"${'x'.repeat(2_000_000)}"}`);
        else return false;
        return true;
    }

    discovery(response) {
        if (this.misbehave('discovery', response)) return;
        const at = (path) => `${this.issuer}${path}`;
        const document = {
            issuer: this.mode === 'discovery_issuer' ? 'https://evil.example' : this.issuer,
            authorization_endpoint: at('/authorize'),
            token_endpoint: this.mode === 'discovery_endpoints' ? 'http://192.0.2.1/token' : at('/token'),
            jwks_uri: this.mode === 'discovery_endpoints' ? 'file:///etc/hostname' : at('/keys'),
            userinfo_endpoint: at('/userinfo'),
            authorization_response_iss_parameter_supported: true,
            id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
            token_endpoint_auth_methods_supported: ['client_secret_basic'],
            code_challenge_methods_supported: ['S256'],
            backchannel_logout_supported: true,
        };
        const text = JSON.stringify(document);
        this.send(response, this.mode === 'discovery_twice' ? text.replace('{', '{"issuer":"https://evil.example",') : text);
    }

    authorize(query, response) {
        const code = randomBytes(16).toString('hex');
        this.sid = randomBytes(8).toString('hex');
        this.codes.set(code, { nonce: query.get('nonce'), challenge: query.get('code_challenge'), redirect: query.get('redirect_uri'), sid: this.sid });
        const back = new URL(query.get('redirect_uri'));
        const answer = { code, state: query.get('state'), iss: this.issuer };
        if (this.mode === 'state_missing') delete answer.state;
        if (this.mode === 'state_wrong') answer.state = randomBytes(16).toString('base64url');
        if (this.mode === 'iss_missing') delete answer.iss;
        if (this.mode.startsWith('iss_wrong')) answer.iss = 'https://evil.example';
        if (this.mode === 'error' || this.mode === 'iss_wrong_on_error') {
            delete answer.code;
            Object.assign(answer, { error: 'access_denied', error_description: '<script>alert(1)</script>\n\u001b[31mred' });
        }
        if (this.mode === 'code_missing') delete answer.code;
        for (const [name, value] of Object.entries(answer)) back.searchParams.set(name, value);
        response.writeHead(302, { location: back.href }).end();
    }

    token(request, form, response) {
        if (this.misbehave('token', response)) return;
        const given = this.codes.get(form.code);
        this.codes.delete(form.code);
        const right = `Basic ${btoa(`${encodeURIComponent(this.clientId)}:${encodeURIComponent(this.secret)}`)}`;
        if (request.headers.authorization !== right) return this.send(response, { error: 'invalid_client' }, 401);
        const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
        if (this.mode === 'code_refused' || !given || given.challenge !== challenge || given.redirect !== form.redirect_uri)
            return this.send(response, { error: 'invalid_grant' }, 400);
        const access = randomBytes(16).toString('hex');
        const body = { access_token: access, token_type: 'Bearer', expires_in: 300 };
        if (this.mode !== 'token_no_id_token') body.id_token = this.mint.idToken(given, access);
        this.send(response, body);
    }

    keys(response) {
        if (this.misbehave('keys', response)) return;
        const keys = this.mode === 'keys_empty' ? [] : [this.mint.right.jwk];
        if (this.mode === 'keys_many') for (let i = 0; i < 200; i += 1) keys.push({ ...this.mint.right.jwk, kid: `key-${i}` });
        this.send(response, { keys });
    }

    userinfo(response) {
        const { sub, ...rest } = this.person;
        if (this.mode.startsWith('groups_')) delete rest.groups;
        this.send(response, this.mode === 'userinfo_other' ? { sub: 'sub-boss', groups: ['admins'] } : { sub, ...rest });
    }
}

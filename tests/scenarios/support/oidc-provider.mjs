// A real, certified provider of identities (npm oidc-provider) on loopback: a login page with user and password, groups in the ID token and
// in userinfo, device flow, RP-initiated and back-channel logout, and keys that rotate when a test says so. Needs Node.js 22.
//
//   const provider = await CompanyProvider.start({ people, clients });
//   provider.issuer                      http://127.0.0.1:PORT, or https with `tls`
//   provider.setClients(clients)         once the callbacks' port is known
//   provider.rotateKeys({ keepOld })     signs by a new key; without keepOld the old one is no longer published
//   provider.person('alice')             the person's record, to be changed in place: groups, disabled, password, …
//   await provider.logout('alice')       ends their sessions there, and tells every client by back-channel
//   await provider.stop()
//
// A person: { login, password, sub?, name?, email?, groups?, disabled? }. A client: { id, secret, redirectUris, postLogoutRedirectUris?,
// backchannelLogoutUri? }; one without secret is public. All of them may also use the device flow.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import { Provider } from 'oidc-provider';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
/** The package's own pages load fonts from elsewhere; these load nothing. */
const page = (title, body) =>
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>` +
    `<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`;
const show = (title, body) => async (ctx, ...rest) => {
    ctx.type = 'html';
    ctx.body = page(title, typeof body === 'function' ? body(...rest) : body);
};

/** As fetch, for the logout tokens: the package's own refuses loopback, and fetch takes no CA of ours. */
function post(url, options, trust) {
    return new Promise((resolve, reject) => {
        const { request } = url.startsWith('https:') ? https : http;
        const body = String(options.body ?? '');
        const headers = { ...Object.fromEntries(new Headers(options.headers)), 'content-length': Buffer.byteLength(body) };
        const sent = request(url, { method: options.method ?? 'GET', headers, ca: trust, timeout: 5000 }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => resolve(new Response(answer.statusCode === 204 ? null : Buffer.concat(parts), { status: answer.statusCode })));
        });
        sent.on('timeout', () => sent.destroy(new Error('no answer within 5 s')));
        sent.on('error', reject);
        sent.end(body);
    });
}

async function formOf(request) {
    let text = '';
    for await (const part of request) text += part;
    return new URLSearchParams(text);
}

export class CompanyProvider {
    /** @param {{people: object[], clients?: object[], port?: number, tls?: {key: string, cert: string}, trust?: string, groupsInIdToken?: boolean}} options
     *  `trust`: the CA of the clients' back-channel addresses, PEM. Without groupsInIdToken all claims are in userinfo only. */
    static async start({ people, clients = [], port = 0, tls, trust, groupsInIdToken = true }) {
        const self = new CompanyProvider();
        Object.assign(self, { clients, trust, groupsInIdToken, keys: [], sessions: [], logoutErrors: [] });
        self.people = new Map(people.map((each) => [each.login, { sub: `sub-${each.login}`, ...each }]));
        self.cookieKey = randomBytes(32).toString('hex');
        const handle = (request, response) => self.handle(request, response);
        self.server = tls ? https.createServer(tls, handle) : http.createServer(handle);
        await new Promise((resolve) => self.server.listen(port, '127.0.0.1', resolve));
        self.port = self.server.address().port;
        self.issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${self.port}`;
        self.rotateKeys();
        return self;
    }

    async stop() {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    person(login) {
        return this.people.get(login);
    }

    setClients(clients) {
        this.clients = clients;
        this.rebuild();
    }

    rotateKeys({ keepOld = false } = {}) {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        this.keyCount = (this.keyCount ?? 0) + 1;
        const key = { ...privateKey.export({ format: 'jwk' }), kid: `key-${this.keyCount}`, use: 'sig', alg: 'RS256' };
        // The first key of the set is the one that signs.
        this.keys = keepOld ? [key, ...this.keys] : [key];
        this.rebuild();
    }

    /** Ends what this person has open here, as an administrator of the company would. */
    async logout(login) {
        const { sub } = this.person(login);
        const open = this.sessions.filter((each) => each.sub === sub);
        this.sessions = this.sessions.filter((each) => each.sub !== sub);
        for (const { clientId, sid, session } of open) {
            await (await this.provider.Session.find(session))?.destroy();
            const client = await this.provider.Client.find(clientId);
            if (client?.backchannelLogoutUri) await client.backchannelLogout(sub, sid);
        }
        return open.length;
    }

    accountOf(sub) {
        const person = [...this.people.values()].find((each) => each.sub === sub && !each.disabled);
        if (!person) return undefined;
        const { login, name = login, email = `${login}@corp.example`, groups } = person;
        const claims = { sub, preferred_username: login, name, email, email_verified: true, ...(groups && { groups }) };
        return { accountId: sub, claims: async () => claims };
    }

    /** The storage is the package's own in memory, so a new Provider goes on with the sessions of the last one. */
    rebuild() {
        const provider = new Provider(this.issuer, this.configuration());
        provider.on('authorization.success', ({ oidc }) =>
            this.sessions.push({
                sub: oidc.session.accountId,
                clientId: oidc.client.clientId,
                sid: oidc.session.sidFor(oidc.client.clientId),
                session: oidc.session.jti,
            }),
        );
        provider.on('backchannel.error', (_ctx, error) => this.logoutErrors.push(error));
        this.provider = provider;
        this.callback = provider.callback();
    }

    configuration() {
        return {
            clients: this.clients.map((each) => ({
                client_id: each.id,
                ...(each.secret ? { client_secret: each.secret } : { token_endpoint_auth_method: 'none' }),
                redirect_uris: each.redirectUris,
                post_logout_redirect_uris: each.postLogoutRedirectUris ?? [],
                grant_types: ['authorization_code', deviceGrant],
                response_types: ['code'],
                ...(each.backchannelLogoutUri && { backchannel_logout_uri: each.backchannelLogoutUri, backchannel_logout_session_required: true }),
            })),
            jwks: { keys: this.keys },
            // Cookies know no ports: two providers on one loopback would take each other's.
            cookies: { keys: [this.cookieKey], names: { session: `s${this.port}`, interaction: `i${this.port}`, resume: `r${this.port}` } },
            scopes: ['openid', 'profile', 'email'],
            claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
            conformIdTokenClaims: !this.groupsInIdToken,
            pkce: { required: () => true },
            ttl: { AccessToken: 600, AuthorizationCode: 60, DeviceCode: 600, Grant: 86400, IdToken: 600, Interaction: 600, Session: 86400 },
            findAccount: (_ctx, sub) => this.accountOf(sub),
            loadExistingGrant: (ctx) => this.grant(ctx),
            interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
            fetch: (url, options) => post(url, options, this.trust),
            renderError: async (ctx, out) => show(`Error: ${out.error}`, `<p>${escapeHtml(out.error_description ?? '')}</p>`)(ctx),
            features: {
                devInteractions: { enabled: false },
                backchannelLogout: { enabled: true },
                deviceFlow: {
                    enabled: true,
                    userCodeInputSource: show('Device code', (form) => `${form}<button type="submit" form="op.deviceInputForm">Continue</button>`),
                    userCodeConfirmSource: show('Confirm device', (form, client, _device, code) =>
                        `<p>${escapeHtml(client.clientId)}: <code>${escapeHtml(code)}</code></p>${form}` +
                        '<button type="submit" form="op.deviceConfirmForm">Continue</button>'),
                    successSource: show('Device signed in', '<p>You can close this page.</p>'),
                },
                rpInitiatedLogout: {
                    enabled: true,
                    logoutSource: show('Sign out', (form) => `${form}<button type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>`),
                    postLogoutSuccessSource: show('Signed out', '<p>You have signed out.</p>'),
                },
            },
        };
    }

    /** Nobody is asked for consent: the company has given it. */
    async grant({ oidc }) {
        const known = oidc.session.grantIdFor(oidc.client.clientId);
        if (known) return oidc.provider.Grant.find(known);
        const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
        grant.addOIDCScope('openid profile email');
        await grant.save();
        return grant;
    }

    async handle(request, response) {
        if (!request.url.startsWith('/interaction/')) return this.callback(request, response);
        try {
            await this.interact(request, response);
        } catch (error) {
            response.writeHead(400, { 'content-type': 'text/html; charset=utf-8' });
            response.end(page('Error', `<p>${escapeHtml(error.message)}</p>`));
        }
    }

    async interact(request, response) {
        const { params } = await this.provider.interactionDetails(request, response);
        let wrong = '';
        if (request.method === 'POST') {
            const form = await formOf(request);
            const person = this.person(form.get('login'));
            if (person && !person.disabled && person.password === form.get('password'))
                return this.provider.interactionFinished(request, response, { login: { accountId: person.sub } }, { mergeWithLastSubmission: false });
            wrong = '<p role="alert">Wrong user name or password.</p>';
        }
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
        response.end(
            page('Company sign-in', `${wrong}<form method="post"><label>User name <input name="login" value="${escapeHtml(params.login_hint ?? '')}"></label>` +
                '<label>Password <input name="password" type="password"></label><button type="submit">Sign in</button></form>'),
        );
    }
}

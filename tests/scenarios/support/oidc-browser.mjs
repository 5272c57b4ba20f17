// What a browser does at a provider of identities, by plain HTTP: redirects, cookies, forms. For tests that need no page to be seen.
import { createHash, randomBytes } from 'node:crypto';

export class Browser {
    cookies = new Map();

    /** One exchange without following; cookies are kept per origin. */
    async ask(url, { form, headers = {} } = {}) {
        const { origin } = new URL(url);
        const jar = this.cookies.get(origin) ?? new Map();
        this.cookies.set(origin, jar);
        const answer = await fetch(url, {
            method: form ? 'POST' : 'GET',
            redirect: 'manual',
            body: form ? new URLSearchParams(form) : undefined,
            headers: { ...headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        });
        for (const line of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            if (value === '') jar.delete(name);
            else jar.set(name, value);
        }
        return answer;
    }

    /** Follows redirects until a page, or until an address that begins with `until`, which is given back unasked. */
    async go(url, { form, until } = {}) {
        let answer = await this.ask(url, { form });
        let at = url;
        for (let hops = 0; hops < 10 && answer.headers.has('location'); hops += 1) {
            at = new URL(answer.headers.get('location'), at).href;
            if (until && at.startsWith(until)) return { url: at, status: answer.status, text: '' };
            answer = await this.ask(at);
        }
        return { url: at, status: answer.status, text: await answer.text() };
    }

    /** From the authorization address to the redirect to `callback`, by way of the login page where there is one. */
    async signIn(url, { login, password, callback }) {
        const shown = await this.go(url, { until: callback });
        if (shown.url.startsWith(callback)) return shown.url;
        const done = await this.go(shown.url, { form: { login, password }, until: callback });
        return done.url.startsWith(callback) ? done.url : null;
    }
}

/** The hidden fields of a page's form, and where it goes. */
export function formIn(text, base) {
    const fields = {};
    for (const [tag] of text.matchAll(/<input[^>]*>/g)) {
        const name = /name="([^"]*)"/.exec(tag)?.[1];
        if (name) fields[name] = /value="([^"]*)"/.exec(tag)?.[1] ?? '';
    }
    return { action: new URL(/action="([^"]*)"/.exec(text)?.[1] ?? '', base).href, fields };
}

/** A relying party's first half: where the browser goes, and what to keep for the second. */
export function request(discovery, { clientId, callback, ...more }) {
    const verifier = randomBytes(32).toString('base64url');
    const kept = { verifier, state: randomBytes(16).toString('base64url'), nonce: randomBytes(16).toString('base64url') };
    const url = new URL(discovery.authorization_endpoint);
    const query = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: callback,
        scope: 'openid profile email',
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...more,
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return { ...kept, url: url.href };
}

/** Its second half: the code for tokens. */
export async function exchange(discovery, { clientId, secret, callback, code, verifier }) {
    const answer = await fetch(discovery.token_endpoint, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier }),
        headers: { authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}` },
    });
    return { status: answer.status, body: await answer.json() };
}

export const discover = async (issuer) => (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
export const partsOf = (jwt) => jwt.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));

// People who sign in: what a policy says of their directory or provider, and what a browser of theirs keeps.
import { performance } from 'node:perf_hooks';

import { Browser } from './oidc-browser.mjs';
import { until } from './process.mjs';

export const sessionCookie = '__Host-bursar';

/** A directory of the support files (slapd, Samba) as a policy has it; no sync but the first comes by itself within a test. */
export function directoryPolicy(directory, { sync, ...more } = {}) {
    const { kind, servers, ca, bind_dn, people_base, groups_by } = directory.options();
    return {
        kind, servers, ca, bind: { dn: bind_dn, secret: 'corp-bind' }, people: { base: people_base }, groups: { by: groups_by },
        sync: { every: '24h', grace: '0m', removals_min: 5, ...sync }, ...more,
    };
}

/** One browser at bursard. */
export class Visitor {
    constructor(bursar) {
        this.bursar = bursar;
        this.browser = new Browser();
        /** Kept over a restart, which gives bursard another port here. */
        this.jar = new Map();
        this.browser.cookies.set(bursar.origin, this.jar);
    }

    get cookie() {
        return this.jar.get(sessionCookie);
    }

    /** By the sign-in page's form. */
    async byPassword(directory, user, password) {
        const began = performance.now();
        const answer = await fetch(`${this.bursar.origin}/auth/ldap/${directory}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', origin: this.bursar.origin },
            body: JSON.stringify({ user, password }),
        });
        const text = await answer.text();
        for (const line of answer.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
            if (value) this.jar.set(name, value);
        }
        const took = performance.now() - began;
        return { status: answer.status, headers: answer.headers, body: JSON.parse(text), took };
    }

    /** By a provider with a login page: where the browser ends at bursard, or null if the provider lets nobody out. */
    async byProvider(name, login, password, to = '/keys') {
        const { origin } = this.bursar;
        const callback = `${origin}/auth/oidc/${name}/callback`;
        const back = await this.browser.signIn(`${origin}/auth/oidc/${name}?to=${encodeURIComponent(to)}`, { login, password, callback });
        return back && this.comeBack(back);
    }

    async comeBack(url) {
        const answer = await this.browser.ask(url);
        return { status: answer.status, to: answer.headers.get('location') };
    }

    /** A request of the console's page. */
    async api(method, where, body, more = {}) {
        const headers = { cookie: `${sessionCookie}=${this.cookie}`, ...more };
        if (method !== 'GET') Object.assign(headers, { 'x-bursar-csrf': this.csrf ?? '', origin: this.bursar.origin });
        if (body !== undefined) headers['content-type'] = 'application/json';
        const answer = await fetch(`${this.bursar.origin}/api/v1/${where}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
        const text = await answer.text();
        return { status: answer.status, body: text ? JSON.parse(text) : undefined };
    }

    /** What /me says; from then on changes have their token. */
    async me() {
        const { status, body } = await this.api('GET', 'me');
        if (status === 200) this.csrf = body.csrf;
        return { status, ...body };
    }
}

/** A sync as an operator asks for it; the service's own may be under way. */
export function sync(bursar, directory, body = {}) {
    return until(`a sync of ${directory}`, async () => {
        const answer = await bursar.api('POST', `directories/${directory}/sync`, body);
        if (answer.status === 409) return null;
        if (answer.status !== 200) throw new Error(`sync of ${directory}: ${answer.status} ${answer.text}`);
        return answer.body;
    });
}

export async function personOf(bursar, text) {
    const { people } = await bursar.must('GET', `people?text=${encodeURIComponent(text)}`);
    return people.find((each) => each.user_name === text);
}

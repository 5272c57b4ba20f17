// Hunts: a sign-in through bursard that believes a provider's lie, an answer that was meant for another browser or another provider, a
// return to somebody else's page, or a logout token that nobody should believe.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { HostileProvider, logoutModes, modes } from './support/hostile-oidc.mjs';
import { Visitor } from './support/people.mjs';
import { slow, until } from './support/process.mjs';

describe('a hostile provider of identities', () => {
    let bursar, provider, other, vouching, versions = 0;
    before(async () => {
        provider = await HostileProvider.start();
        other = await HostileProvider.start();
        vouching = await HostileProvider.start();
        const policy = ({ issuer, clientId }, secret) => ({ issuer, client_id: clientId, secret });
        bursar = await Bursar.start({
            policy: {
                teams: { staff: { groups: ['staff'] } },
                identity: {
                    scim: { hr: { title: 'Personnel' } },
                    oidc: {
                        idp: policy(provider, 'idp'), other: policy(other, 'other'),
                        vouching: { ...policy(vouching, 'vouching'), source: 'scim:hr', claims: { subject: 'employee' } },
                    },
                    roles: { operator: ['admins'] },
                },
            },
        });
        await bursar.putSecret('idp', provider.secret);
        await bursar.putSecret('other', other.secret);
        await bursar.putSecret('vouching', vouching.secret);
    });
    after(async () => {
        await bursar?.stop();
        await provider?.stop();
        await other?.stop();
        await vouching?.stop();
    });

    /** A provider whose policy has changed is asked anew for everything. */
    const forget = () => bursar.changePolicy((policy) => (policy.identity.oidc.idp.title = `Version ${(versions += 1)}`));
    const callbackOf = (name) => `${bursar.origin}/auth/oidc/${name}/callback`;
    const beginAt = (name, to = '/keys') => `${bursar.origin}/auth/oidc/${name}?to=${encodeURIComponent(to)}`;

    /** To the provider and back, but the answer is not yet shown to bursard. */
    async function away(visitor, name = 'idp', to = '/keys') {
        const { url } = await visitor.browser.go(beginAt(name, to), { until: callbackOf(name) });
        return url;
    }

    async function signIn(to) {
        const visitor = new Visitor(bursar);
        const url = await away(visitor, 'idp', to);
        const back = url.startsWith(callbackOf('idp')) ? await visitor.comeBack(url) : { to: url.slice(bursar.origin.length) };
        return { visitor, ...back };
    }

    describe('tells lies', () => {
        for (const [mode, outcome] of Object.entries(modes))
            it(`${mode}: ${outcome}`, async () => {
                provider.mode = mode;
                provider.person = { sub: `sub-${mode}`, preferred_username: mode, name: mode, groups: ['admins', 'staff'] };
                provider.forget();
                await forget();
                const began = performance.now();
                const { visitor, to } = await signIn();
                const took = performance.now() - began;
                assert.equal(provider.asked('/evil-keys'), 0);
                if (outcome === 'in' || outcome === 'unknown') {
                    assert.equal(to, '/keys');
                    const me = await visitor.me();
                    assert.equal(me.user_name, mode);
                    assert.equal(me.role, outcome === 'in' ? 'operator' : 'member');
                    assert.deepEqual(me.teams, outcome === 'in' ? ['staff'] : []);
                    return;
                }
                assert.equal(visitor.cookie, undefined);
                assert.match(to, outcome === 'outage' ? /^\/sign-in\?failed=unavailable$/ : /^\/sign-in\?failed=(refused|expired)$/);
                assert.ok(took < (slow ? 25_000 : 5_000), `${took} ms`);
                const { people } = await bursar.must('GET', `people?text=${mode}`);
                assert.deepEqual(people, []);
            });

        it('and each refusal is in the audit with its reason, and no token in the log', async () => {
            const { entries } = await bursar.must('GET', 'audit?limit=500');
            const why = entries.filter((row) => row.action === 'sign_in' && row.object === 'oidc:idp').map((row) => row.detail.why ?? JSON.parse(row.detail).why);
            const wanted = Object.values(modes).filter((each) => each === 'refused').length;
            assert.ok(why.length >= wanted, `${why.length} of ${wanted}`);
            assert.ok(why.every((text) => text.length > 10), JSON.stringify(why));
            assert.doesNotMatch(bursar.running.words(), /eyJ[\w-]{20}/);
        });
    });

    describe('is used by somebody in between', () => {
        before(async () => {
            provider.mode = 'good';
            provider.person = { sub: 'sub-good', preferred_username: 'good', groups: ['staff'] };
            await forget();
        });

        it('an answer is good for one return', async () => {
            const visitor = new Visitor(bursar);
            const url = await away(visitor);
            const kept = new Map(visitor.jar);
            assert.equal((await visitor.comeBack(url)).to, '/keys');
            const thief = new Visitor(bursar);
            for (const [name, value] of kept) thief.jar.set(name, value);
            assert.equal((await thief.comeBack(url)).to, '/sign-in?failed=expired');
            assert.equal(thief.cookie, undefined);
        });

        it('an answer is good for no other browser, and for nobody afterwards', async () => {
            for (const prepare of [() => {}, (thief) => away(thief)]) {
                const visitor = new Visitor(bursar);
                const url = await away(visitor);
                const thief = new Visitor(bursar);
                await prepare(thief);
                provider.forget();
                assert.equal((await thief.comeBack(url)).to, '/sign-in?failed=expired');
                assert.equal(thief.cookie, undefined);
                assert.equal(provider.asked('/token'), 0);
            }
        });

        it('a state that nobody left with is refused, and so is the way back of a stranger', async () => {
            const visitor = new Visitor(bursar);
            const url = new URL(await away(visitor));
            url.searchParams.set('state', 'A'.repeat(43));
            assert.equal((await visitor.comeBack(url.href)).to, '/sign-in?failed=expired');
            assert.equal((await new Visitor(bursar).comeBack(`${callbackOf('idp')}?code=x&state=y`)).to, '/sign-in?failed=expired');
            assert.equal((await visitor.browser.ask(`${callbackOf('nobody')}?code=x&state=y`)).headers.get('location')?.startsWith('/sign-in?failed='), true);
        });

        it('a code of one provider is never shown to another', async () => {
            for (const [begun, back] of [['idp', 'other'], ['other', 'idp']]) {
                const visitor = new Visitor(bursar);
                const url = new URL(await away(visitor, begun));
                for (const each of [provider, other]) each.forget();
                const answer = await visitor.comeBack(`${callbackOf(back)}${url.search}`);
                assert.equal(answer.to, '/sign-in?failed=expired');
                assert.equal(provider.asked('/token') + other.asked('/token'), 0);
            }
        });

        it('an answer that names another provider is refused before its code is used', async () => {
            const visitor = new Visitor(bursar);
            const url = new URL(await away(visitor, 'other'));
            url.searchParams.set('iss', provider.issuer);
            other.forget();
            assert.equal((await visitor.comeBack(url.href)).to, '/sign-in?failed=refused');
            assert.equal(other.asked('/token'), 0);
        });

        it('a new session has a new cookie, whatever cookie came', async () => {
            const visitor = new Visitor(bursar);
            const url = await away(visitor);
            const planted = `bsc_${'a'.repeat(40)}`;
            visitor.jar.set('__Host-bursar', planted);
            await visitor.comeBack(url);
            assert.notEqual(visitor.cookie, planted);
            assert.equal((await visitor.me()).status, 200);
        });
    });

    describe('sends people back', () => {
        const evil = ['//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example/', 'https:evil.example', 'javascript:alert(1)',
            '/%0d%0aset-cookie:a=b', '/%2f%2fevil.example', '/@evil.example', 'evil.example', ' //evil.example', '/a#b',
            `/${'a'.repeat(600)}`, ''];
        for (const to of evil)
            it(`to the start where ${JSON.stringify(to).slice(0, 40)} was asked for`, async () => {
                const { to: got, visitor } = await signIn(to);
                assert.equal(got, '/');
                assert.ok(visitor.cookie);
            });
        it('nowhere where the address has a control character', async () => {
            for (const to of ['/\r\nset-cookie: a=b', '/\tevil']) {
                const answer = await new Visitor(bursar).browser.ask(beginAt('idp', to));
                assert.equal(answer.status, 400);
                assert.equal(answer.headers.get('location'), null);
            }
        });

        for (const to of ['/usage', '/keys?from=2026-01-01&by=day', '/device?code=ABCD-EFGH', '/..//evil.example'])
            it(`to ${to} of ours`, async () => {
                const { to: got } = await signIn(to);
                assert.equal(got, to);
                assert.equal(new URL(got, bursar.origin).origin, bursar.origin);
            });
    });

    describe('signs people out', () => {
        const send = async (token, name = 'idp') => {
            const answer = await fetch(`${bursar.origin}/auth/oidc/${name}/logout`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) });
            await answer.text();
            return answer;
        };
        for (const [mode, outcome] of Object.entries(logoutModes))
            it(`${mode}: ${outcome}`, async () => {
                provider.mode = 'good';
                const { visitor } = await signIn();
                assert.equal((await visitor.me()).status, 200);
                const answer = await send(provider.logoutToken(mode));
                if (outcome === 'ends') {
                    assert.equal(answer.status, 200);
                    await until('the session to end', async () => (await visitor.me()).status === 401, slow ? 30_000 : 5_000);
                    return;
                }
                assert.ok([400, 401].includes(answer.status), `${answer.status}`);
                assert.equal((await visitor.me()).status, 200);
            });

        it('not those of another provider', async () => {
            provider.mode = 'good';
            const { visitor } = await signIn();
            assert.ok([400, 401].includes((await send(provider.logoutToken('good'), 'other')).status));
            assert.equal((await visitor.me()).status, 200);
        });

        it('by the provider\'s own id of them, where another claim says who somebody is', async () => {
            const { token } = await bursar.must('POST', 'operators', { name: 'hr', role: 'scim', source: 'hr' });
            const made = await fetch(`${bursar.origin}/scim/v2/Users`, {
                method: 'POST',
                headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
                body: JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'vera', externalId: 'emp-1', active: true }),
            });
            assert.equal(made.status, 201, await made.text());
            vouching.person = { sub: 'sub-vera', employee: 'emp-1', preferred_username: 'vera', name: 'Vera', groups: ['staff'] };
            const visitor = new Visitor(bursar);
            await visitor.comeBack(await away(visitor, 'vouching'));
            assert.equal((await visitor.me()).user_name, 'vera');
            vouching.person = { sub: 'emp-1' };
            assert.equal((await send(vouching.logoutToken('subject_only'), 'vouching')).status, 200);
            assert.equal((await visitor.me()).status, 200, 'the id of the claim is none of the provider');
            vouching.person = { sub: 'sub-vera' };
            assert.equal((await send(vouching.logoutToken('subject_only'), 'vouching')).status, 200);
            await until('the session to end', async () => (await visitor.me()).status === 401, slow ? 30_000 : 5_000);
        });

        it('and says what is missing where there is no token', async () => {
            assert.ok([400, 401].includes((await send('')).status));
            assert.equal((await send('x'.repeat(20_000))).status, 413);
        });
    });
});

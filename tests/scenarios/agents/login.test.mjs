// Hunts: a coding agent that cannot sign in with the company's account, hides what is left of a budget, says its vendor's sentence instead of
// ours, or goes on after its person has left. The unmodified agent in a terminal; it talks to Bursar alone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Bursar } from '../support/bursar.mjs';
import { Browser } from '../support/oidc-browser.mjs';
import { CompanyProvider } from '../support/oidc-provider.mjs';
import { demoPrice } from '../support/policy.mjs';
import { Slapd } from '../support/slapd.mjs';
import { Terminal, whyNoTerminal } from './terminal.mjs';

const skip = whyNoTerminal();
const limit = 100;
/** As the provider names it, and the directory. */
const groups = ['engineers', 'cn=engineers,ou=groups,dc=corp,dc=example'];
const models = ['claude-opus-4-7', 'claude-haiku-4-5', 'claude-haiku-4-5-20251001'];
const sentence = /The budget of person "[^"]+" for [A-Z][a-z]+ is used up \(100\.00 USD\)/;

const policyWith = (identity) => ({
    models: Object.fromEntries(models.map((name) => [name, { channels: [{ provider: 'demo-anthropic', model: 'demo-claude' }] }])),
    teams: {
        research: { groups, budgets: [{ limit: '10000 USD', per: 'month' }], per_person: [{ limit: `${limit} USD`, per: 'month' }] },
    },
    prices: { 'demo-claude': demoPrice },
    identity: { agents: { login_notice: 'Use it for work.', settings: { model: 'claude-haiku-4-5' } }, ...identity },
});

/** Signs in by the company's provider, in a browser that keeps cookies and follows its redirects. */
async function byProvider(bursar) {
    const browser = new Browser();
    const callback = `${bursar.origin}/auth/oidc/company/callback`;
    const back = await browser.signIn(`${bursar.origin}/auth/oidc/company?to=/device`, { login: 'ana', password: 'ana-password', callback });
    const answer = await browser.ask(back);
    assert.equal(answer.headers.get('location'), '/device', `${answer.status} ${await answer.text()}`);
    return `__Host-bursar=${browser.cookies.get(bursar.origin).get('__Host-bursar')}`;
}

/** Signs in by the form of the sign-in page. */
async function byPassword(bursar) {
    const answer = await fetch(`${bursar.origin}/auth/ldap/corp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: 'alice', password: 'alice-password' }),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.headers.getSetCookie().find((line) => line.startsWith('__Host-bursar=')).split(';')[0];
}

/** What the page at the address does that the agent opened: shows what is asked, and lets it in. */
async function approve(bursar, cookie, address) {
    const url = new URL(address);
    assert.equal(url.origin + url.pathname, `${bursar.origin}/device`);
    const where = `${bursar.origin}/api/v1/device/${url.searchParams.get('user_code')}`;
    const me = await (await fetch(`${bursar.origin}/api/v1/me`, { headers: { cookie } })).json();
    const ask = await (await fetch(where, { headers: { cookie } })).json();
    assert.equal(ask.client, 'claude_code');
    assert.equal((await fetch(`${where}/approve`, { method: 'POST', headers: { cookie } })).status, 403, 'nothing is approved without the token of the page');
    const done = await fetch(`${where}/approve`, { method: 'POST', headers: { cookie, 'x-bursar-csrf': me.csrf } });
    assert.equal(done.status, 200, await done.text());
    return me;
}

/** From "claude auth login" to a signed-in agent, whose person is given. */
async function signIn(terminal, bursar, cookie) {
    terminal.open('auth', 'login');
    await terminal.sees(/Enter to connect/);
    terminal.keys('Enter');
    await terminal.sees(/Trust gateway/);
    // "No" is chosen already, here and below.
    terminal.keys('Up', 'Enter');
    await terminal.sees(/Waiting for sign-in/);
    await terminal.sees(/Use it for work\./);
    const me = await approve(bursar, cookie, await terminal.browsed());
    if (me.email) {
        await terminal.sees(/Signed in to/);
        terminal.keys('Up', 'Enter');
    }
    await terminal.sees(/Connected to Cloud gateway/);
    terminal.keys('Enter');
    terminal.close();
    return me;
}

/** One call as the agent makes it, for what its screen does not show. */
function ask(bursar, token) {
    return bursar.call(token, '/v1/messages?beta=true', {
        model: 'claude-haiku-4-5', max_tokens: 1, messages: [{ role: 'user', content: 'quota' }], tags: { cost_centre: 'CC-1' },
    });
}

const header = (answer, name) => answer.headers.get(`anthropic-ratelimit-unified-${name}`);

/** Makes what the person has spent of the month come to this. */
async function spend(bursar, person, dollars) {
    const { budgets } = await bursar.must('GET', 'budgets');
    const own = budgets.find((each) => each.account === `person:${person}`);
    const missing = (dollars - Number(own.spent_usd)).toFixed(9);
    await bursar.must('POST', 'corrections', { account: `person:${person}`, amount: missing, reason: 'a month of work' });
}

/** A place is filled as it is made, so that whatever was started of it can be stopped. */
async function company(place) {
    place.provider = await CompanyProvider.start({
        people: [{ login: 'ana', password: 'ana-password', name: 'Ana Example', groups: ['engineers'] }],
    });
    const oidc = { company: { issuer: place.provider.issuer, client_id: 'bursar', secret: 'company' } };
    place.bursar = await Bursar.start({ policy: policyWith({ oidc }) });
    place.provider.setClients([{ id: 'bursar', secret: 'oidc-secret', redirectUris: [`${place.bursar.origin}/auth/oidc/company/callback`] }]);
    await place.bursar.putSecret('company', 'oidc-secret');
    place.signIn = byProvider;
}

async function directory(place) {
    place.provider = await Slapd.start();
    const { kind, servers, ca, bind_dn, people_base, groups_by } = place.provider.options();
    const corp = { kind, servers, ca, bind: { dn: bind_dn, secret: 'corp' }, people: { base: people_base }, groups: { by: groups_by } };
    place.bursar = await Bursar.start({ policy: policyWith({ directories: { corp } }) });
    await place.bursar.putSecret('corp', place.provider.bindPassword);
    place.signIn = byPassword;
}

for (const [name, start] of [['an account at the OpenID provider', company], ['an account of the directory', directory]]) {
    describe(`Claude Code with ${name}`, { skip }, () => {
        const place = {};
        let bursar, terminal, cookie, me;
        before(async () => {
            await start(place);
            ({ bursar } = place);
            terminal = new Terminal(bursar.origin);
        });
        after(async () => {
            terminal?.end();
            await bursar?.stop();
            await place.provider?.stop();
        });

        test('signs in by the browser, with a click of its person', async () => {
            cookie = await place.signIn(bursar);
            me = await signIn(terminal, bursar, cookie);
            const status = JSON.parse((await terminal.run('auth', 'status')).said);
            assert.equal(status.apiProvider, 'gateway', JSON.stringify(status));
            const { sessions } = await bursar.must('GET', `people/${me.person}`);
            assert.equal(sessions, 2, 'of the browser and of the agent');
        });

        test('answers a prompt, and the books know whose it was', async () => {
            const { code, said } = await terminal.run('-p', 'say pong');
            assert.equal(code, 0, said);
            const { calls } = await bursar.must('GET', `calls?team=research`);
            assert.ok(calls.some((call) => call.status === 200 && call.person === me.person && call.team === 'research'), JSON.stringify(calls));
        });

        test('gets the models of its team in its own dialect', async () => {
            const { data, has_more: more } = await (await bursar.call(terminal.token, '/v1/models?limit=1000')).json();
            assert.deepEqual(data.map((model) => model.id).filter((id) => id.startsWith('claude-')).sort(), [...models].sort());
            assert.equal(more, false);
        });

        test('is told when four fifths of the budget are spent', async () => {
            await spend(bursar, me.person, 0.8 * limit);
            const answer = await ask(bursar, terminal.token);
            assert.equal(answer.status, 200, await answer.text());
            assert.equal(header(answer, 'status'), 'allowed_warning');
            assert.equal(header(answer, 'overage-utilization'), '0.80');
            assert.equal(header(answer, 'overage-surpassed-threshold'), '0.75');
            assert.equal(answer.headers.get('anthropic-organization-id'), null);
            const usage = await (await bursar.call(terminal.token, '/api/oauth/usage')).json();
            const [row] = usage.limits.filter((each) => each.is_active);
            assert.equal(Date.parse(row.resets_at) / 1000, Number(header(answer, 'overage-reset')));
            assert.equal(usage.extra_usage.utilization, 80);
        });

        test('shows what is left when its person asks', async () => {
            await spend(bursar, me.person, 0.8 * limit);
            terminal.open();
            await terminal.sees(/Cloud gateway/);
            await terminal.types('say pong');
            await terminal.sees(/pong[^]*pong/);
            await terminal.types('/usage');
            // The percents of the headers stand there at once, the money when it has been asked for.
            await terminal.sees(/Spend limit[^]*\$80\.\d\d \/ \$100\.00 spent this month/);
            terminal.close();
        });

        test('shows our sentence, and no other, when the budget is used up', async () => {
            await spend(bursar, me.person, limit);
            const { said } = await terminal.run('-p', 'say pong');
            assert.match(said, sentence, said);
            assert.doesNotMatch(said, /claude\.ai|Server is temporarily/, said);
            const answer = await ask(bursar, terminal.token);
            assert.equal(answer.status, 429);
            assert.equal(answer.headers.get('x-should-retry'), 'false');
            assert.equal(header(answer, 'overage-disabled-reason'), 'org_spend_cap_reached');
            assert.equal(header(answer, 'overage-scope'), null, 'it is the limit of one person');
        });

        test('stays signed in when several of it renew their sign-in at once', async () => {
            await spend(bursar, me.person, 1);
            const before = terminal.token;
            terminal.age();
            const runs = await Promise.all([1, 2, 3].map(() => terminal.run('-p', 'say pong')));
            for (const { code, said } of runs) assert.equal(code, 0, said);
            assert.notEqual(terminal.token, before, 'nobody renewed it');
            const { code, said } = await terminal.run('-p', 'say pong');
            assert.equal(code, 0, said);
            const { sessions } = await bursar.must('GET', `people/${me.person}`);
            assert.equal(sessions, 2, 'a renewal is no new sign-in');
        });

        test('takes its token with it when it signs out', async () => {
            const { token } = terminal;
            assert.equal((await ask(bursar, token)).status, 200);
            const { code, said } = await terminal.run('auth', 'logout');
            assert.equal(code, 0, said);
            assert.equal((await ask(bursar, token)).status, 401);
        });

        test('is refused at once after its person has left', async () => {
            await signIn(terminal, bursar, cookie);
            const { token } = terminal;
            assert.equal((await ask(bursar, token)).status, 200);
            await bursar.must('POST', `people/${me.person}/suspend`, { reason: 'has left' });
            const answer = await ask(bursar, token);
            assert.equal(answer.status, 401);
            assert.equal(answer.headers.get('x-should-retry'), 'false');
            const { code, said } = await terminal.run('-p', 'say pong');
            assert.notEqual(code, 0);
            assert.match(said, /no longer accepts this session|Not signed in|Failed to authenticate/, said);
        });
    });
}

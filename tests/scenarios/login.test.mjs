// Hunts: a sign-in from the command line that finishes without somebody's yes or by way of a stranger, tokens that others can read or that
// outlive the logout, settings of agents that are lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { program, until } from './support/process.mjs';
import { Slapd } from './support/slapd.mjs';

let slapd, bursar, environment;
before(async () => {
    slapd = await Slapd.start();
    bursar = await Bursar.start();
    await bursar.putSecret('ldap-corp', slapd.bindPassword);
    const { servers, ca, bind_dn, people_base } = slapd.options();
    await bursar.changePolicy((policy) => {
        policy.identity = {
            directories: {
                corp: {
                    kind: 'openldap', title: 'Corporate account', servers, ca, bind: { dn: bind_dn, secret: 'ldap-corp' }, people: { base: people_base },
                    groups: { base: slapd.groups, by: 'member' },
                },
            },
        };
        policy.teams.demo.groups = [`cn=engineers,${slapd.groups}`];
    });
    await until('the way to sign in', async () => (await (await fetch(`${bursar.origin}/auth/ways`)).json()).ways.length > 0);
    environment = { DISPLAY: '', WAYLAND_DISPLAY: '', SSH_CONNECTION: '', SSH_TTY: '', BURSAR_TOKEN: '', XDG_CONFIG_HOME: bursar.path('config'), CODEX_HOME: bursar.path('codex'), CLAUDE_CONFIG_DIR: bursar.path('claude') };
});
const logins = [];
after(async () => {
    // One that failed would wait for its code's ten minutes.
    for (const login of logins) login.child.kill();
    await bursar?.stop();
    await slapd?.stop();
});

const signInFile = () => bursar.path('config/bursar/sign-in.json');
const ctl = (...words) => bursar.ctl(words, { environment });

/** A browser that has signed in: its cookie, and what it sends with every change. */
async function signIn(user, password) {
    const answer = await fetch(`${bursar.origin}/auth/ldap/corp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: bursar.origin },
        body: JSON.stringify({ user, password }),
    });
    assert.equal(answer.status, 200, await answer.text());
    const cookie = answer.headers.getSetCookie().map((one) => one.split(';')[0]).find((one) => one.startsWith('__Host-bursar='));
    const me = await (await fetch(`${bursar.origin}/api/v1/me`, { headers: { cookie } })).json();
    const ask = (method, where, body) =>
        fetch(`${bursar.origin}/api/v1/${where}`, {
            method,
            headers: { cookie, 'x-bursar-csrf': me.csrf, origin: bursar.origin, ...(body && { 'content-type': 'application/json' }) },
            body: body && JSON.stringify(body),
        });
    return { me, ask };
}

/** bursarctl that goes on while the test does something else. */
class Login {
    constructor(words = [], more = {}) {
        this.said = '';
        logins.push(this);
        this.child = spawn(program('bursarctl'), ['login', ...words], {
            env: { ...process.env, HOME: bursar.folder, BURSAR_URL: bursar.origin, ...environment, ...more },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (piece) => (this.said += piece));
        this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    }

    /** The code that it shows. */
    async code() {
        return until('the code', () => /user_code=([A-Z0-9-]+)/.exec(this.said)?.[1]);
    }

    /** The page that it wants to have opened. */
    async page() {
        return new URL(await until('the page', () => /^http:.*\/authorize\?\S+$/m.exec(this.said)?.[0]));
    }
}

test('bursarctl waits until somebody has signed in and approved its code, and is that somebody from then on', async () => {
    const login = new Login();
    const code = await login.code();
    const browser = await signIn('alice', 'alice-password');
    const shown = await (await browser.ask('GET', `device/${code}`)).json();
    assert.equal(shown.client, 'bursarctl');
    assert.equal(shown.address, '127.0.0.1');
    assert.ok(!existsSync(signInFile()), 'nobody has said yes yet');
    assert.equal((await browser.ask('POST', `device/${code}/approve`)).status, 200);
    assert.equal(await login.ended, 0, login.said);
    assert.match(login.said, /Signed in as alice \(member\), demo/);
    assert.equal(statSync(signInFile()).mode & 0o777, 0o600);
    assert.doesNotMatch(login.said, /bsa_|bsf_/);

    const who = ctl('whoami', '--json');
    assert.equal(who.status, 0, who.stderr);
    const me = JSON.parse(who.stdout);
    assert.equal(me.person, browser.me.person);
    assert.deepEqual(me.teams, ['demo']);
    assert.equal(me.session.kind, 'cli');
    assert.match(ctl('whoami').stdout, /person: +alice/);
    assert.equal((await browser.ask('POST', `device/${code}/approve`)).status, 404, 'a code is good for one device');
});

test('the access token calls models, and what it costs is the person\'s', async () => {
    const { access_token: access } = JSON.parse(readFileSync(signInFile(), 'utf8'));
    const answer = await send(bursar, access, 'openai', 'hello [[demo tokens=2]]');
    assert.equal(answer.status, 200, await answer.text());
    await until('the call in the usage', async () => {
        const usage = await bursar.must('GET', 'usage?group_by=person');
        return usage.rows.some((row) => JSON.stringify(row).includes('alice'));
    });
});

test('keys of one\'s own are made, rotated and revoked', async () => {
    const made = ctl('my', 'key', 'create', 'laptop', '--json');
    assert.equal(made.status, 0, made.stderr);
    const { id, key, person, team } = JSON.parse(made.stdout);
    assert.deepEqual([person, team], ['alice', 'demo']);
    assert.equal((await send(bursar, key, 'openai', 'hello [[demo tokens=1]]')).status, 200);
    assert.match(ctl('my', 'keys').stdout, /laptop/);
    const next = JSON.parse(ctl('my', 'key', 'rotate', id, '--json').stdout).key;
    assert.equal((await send(bursar, key, 'openai', 'hello [[demo tokens=1]]')).status, 401);
    assert.equal((await send(bursar, next, 'openai', 'hello [[demo tokens=1]]')).status, 200);
    assert.equal(ctl('my', 'key', 'revoke', id).status, 0);
    assert.equal((await send(bursar, next, 'openai', 'hello [[demo tokens=1]]')).status, 401);
    assert.match(ctl('my', 'models').stdout, /demo-gpt/);
    assert.match(ctl('my', 'sessions').stdout, /bursarctl/);
    const refused = ctl('people', 'list');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /role member/);
});

test('a worn access token is renewed, also by several commands at once', async () => {
    const before = JSON.parse(readFileSync(signInFile(), 'utf8'));
    writeFileSync(signInFile(), JSON.stringify({ ...before, expires_at: 1 }));
    const runs = await Promise.all(
        [1, 2, 3].map(
            () =>
                new Promise((resolve) =>
                    spawn(program('bursarctl'), ['whoami'], {
                        env: { ...process.env, HOME: bursar.folder, BURSAR_URL: bursar.origin, ...environment },
                        stdio: 'ignore',
                    }).once('exit', resolve),
                ),
        ),
    );
    assert.deepEqual(runs, [0, 0, 0]);
    const renewed = JSON.parse(readFileSync(signInFile(), 'utf8'));
    assert.notEqual(renewed.access_token, before.access_token);
    assert.ok(renewed.expires_at > Date.now() / 1000);
});

test('an agent gets settings that call Bursar, with all of its other settings as they were', async () => {
    const toml = '# mine\nmodel = "gpt-5"\nmodel_provider = "other"\n\n[model_providers.other]\nname = "Other"\nbase_url = "https://other.example/v1"\n';
    mkdirSync(bursar.path('codex'));
    mkdirSync(bursar.path('claude'));
    writeFileSync(bursar.path('codex/config.toml'), toml);
    writeFileSync(bursar.path('claude/settings.json'), JSON.stringify({ permissions: { deny: ['Read(./.env)'] }, env: { DISABLE_TELEMETRY: '1' } }));
    for (const agent of ['codex', 'claude', 'opencode']) {
        const done = ctl('login', '--configure', agent);
        assert.equal(done.status, 0, done.stderr);
        const keyFile = bursar.path(`config/bursar/keys/${agent}`);
        assert.equal(statSync(keyFile).mode & 0o777, 0o600);
        const key = readFileSync(keyFile, 'utf8').trim();
        assert.equal((await send(bursar, key, 'openai', 'hello [[demo tokens=1]]')).status, 200);
        assert.doesNotMatch(done.stdout + done.stderr, /bsr_/);
    }
    const codex = readFileSync(bursar.path('codex/config.toml'), 'utf8');
    assert.match(codex, /^model_provider = "bursar"\n# mine\nmodel = "gpt-5"\n\n\[model_providers\.other\]/);
    assert.ok(codex.includes(`base_url = "${bursar.origin}/v1"`));
    assert.equal(readFileSync(bursar.path('codex/config.toml.before-bursar-1'), 'utf8'), toml);
    const claude = JSON.parse(readFileSync(bursar.path('claude/settings.json'), 'utf8'));
    assert.deepEqual(claude.permissions, { deny: ['Read(./.env)'] });
    assert.deepEqual(claude.env, { DISABLE_TELEMETRY: '1', ANTHROPIC_BASE_URL: bursar.origin });
    assert.equal(claude.apiKeyHelper, `cat '${bursar.path('config/bursar/keys/claude')}'`);
    const opencode = JSON.parse(readFileSync(bursar.path('config/opencode/opencode.json'), 'utf8')).provider.bursar;
    assert.equal(opencode.options.baseURL, `${bursar.origin}/v1`);
    assert.ok('demo-gpt' in opencode.models);

    const former = readFileSync(bursar.path('config/bursar/keys/codex'), 'utf8').trim();
    assert.equal(ctl('login', '--configure', 'codex').status, 0);
    assert.equal(readFileSync(bursar.path('codex/config.toml'), 'utf8'), codex, 'a second time changes nothing');
    assert.equal(readdirSync(bursar.path('codex')).length, 2);
    assert.equal((await send(bursar, former, 'openai', 'hello [[demo tokens=1]]')).status, 401, 'the former key is the next one now');
    assert.equal(JSON.parse(ctl('my', 'keys', '--json').stdout).keys.filter((one) => one.name.startsWith('codex on ')).length, 1);
    const refused = ctl('login', '--configure', 'gemini');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /GOOGLE_GEMINI_BASE_URL/);
});

test('operators see people and directories by the same tool', async () => {
    const list = bursar.ctl(['people', 'list']);
    assert.match(list.stdout, /alice +alice/);
    assert.match(bursar.ctl(['people', 'show', 'alice']).stdout, /cn=engineers/);
    assert.match(bursar.ctl(['directory']).stdout, /corp +ldap +Corporate account/);
    const tested = bursar.ctl(['directory', 'test', 'corp', '--user', 'alice']);
    assert.equal(tested.status, 0, tested.stdout + tested.stderr);
    const dry = bursar.ctl(['directory', 'sync', 'corp', '--dry-run']);
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /dry_run/);
    assert.equal(bursar.ctl(['directory', 'sync', 'corp']).status, 0);
    assert.match(bursar.ctl(['directory', 'syncs', 'corp']).stdout, /applied/);
    assert.match(bursar.ctl(['people', 'list', '--text', 'mueller']).stdout, /mueller/);
});

test('after the logout the tokens are refused and gone', async () => {
    const { access_token: access, refresh_token: refresh } = JSON.parse(readFileSync(signInFile(), 'utf8'));
    const out = ctl('logout');
    assert.equal(out.status, 0, out.stderr);
    assert.ok(!existsSync(signInFile()));
    assert.equal((await send(bursar, access, 'openai', 'hello [[demo tokens=1]]')).status, 401);
    assert.equal((await bursar.api('GET', 'me', undefined, { authorization: `Bearer ${access}` })).status, 401);
    const again = await fetch(`${bursar.origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh }),
    });
    assert.equal(again.status, 400);
    assert.equal((await again.json()).error, 'invalid_grant');
    const who = ctl('whoami');
    assert.equal(who.status, 1);
    assert.match(who.stderr, /bursarctl login/);
});

test('who is refused in the browser is not signed in', async () => {
    const login = new Login();
    const code = await login.code();
    const browser = await signIn('alice', 'alice-password');
    assert.equal((await browser.ask('POST', `device/${code}/deny`)).status, 200);
    assert.equal(await login.ended, 1, login.said);
    assert.match(login.said, /refused in the browser/);
    assert.ok(!existsSync(signInFile()));
});

/** A machine with a screen, whose browser only writes down what it was given. */
function screen() {
    const opened = bursar.path('opened');
    mkdirSync(bursar.path('bin'), { recursive: true });
    writeFileSync(bursar.path('bin/xdg-open'), `#!/bin/sh\nprintf %s "$1" > '${opened}.new' && mv '${opened}.new' '${opened}'\n`, { mode: 0o755 });
    return { opened, environment: { DISPLAY: ':9', PATH: `${bursar.path('bin')}:${process.env.PATH}` } };
}

test('a browser on this machine is opened, and brings the answer after one click, whatever strangers say to the port', async () => {
    const { opened, environment: withScreen } = screen();
    const login = new Login([], withScreen);
    const page = await login.page();
    await until('the browser', () => existsSync(opened));
    assert.equal(readFileSync(opened, 'utf8'), page.href);
    const asked = Object.fromEntries(page.searchParams);
    assert.match(asked.redirect_uri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    assert.ok(!page.search.includes('%'), 'the way through sign-in pages takes nothing that is encoded');
    for (const strange of ['/favicon.ico', '/callback', '/callback?code=mine&state=guess', `/callback?state=${asked.state}`])
        assert.equal((await fetch(new URL(strange, asked.redirect_uri))).status, 404, strange);
    assert.equal((await fetch(`${asked.redirect_uri}?code=mine&state=${asked.state}`, { method: 'POST' })).status, 404);

    const browser = await signIn('alice', 'alice-password');
    const shown = await (await browser.ask('GET', `authorization${page.search}`)).json();
    assert.equal(shown.client, 'bursarctl');
    assert.equal(shown.host, asked.host);
    assert.ok(!existsSync(signInFile()), 'nobody has said yes yet');
    const approved = await browser.ask('POST', 'authorization/approve', asked);
    assert.equal(approved.status, 200);
    const { to } = await approved.json();
    assert.ok(to.startsWith(`${asked.redirect_uri}?`));
    const last = await fetch(to);
    assert.equal(last.status, 200);
    assert.match(last.headers.get('content-security-policy'), /default-src 'none'; frame-ancestors 'none'/);
    assert.equal(last.headers.get('cache-control'), 'no-store');
    assert.match(await last.text(), /Signed in\. You can close this page/);
    assert.equal(await login.ended, 0, login.said);
    assert.match(login.said, /Signed in as alice \(member\), demo/);
    assert.doesNotMatch(login.said, /bsa_|bsf_|user_code/);
    assert.equal(statSync(signInFile()).mode & 0o777, 0o600);
    assert.equal(JSON.parse(ctl('whoami', '--json').stdout).session.kind, 'cli');
    await assert.rejects(fetch(to), 'nobody listens any more');

    // Whoever reads the code in the browser's history gets nothing, and takes away what it had given.
    const code = new URL(to).searchParams.get('code');
    const again = await fetch(`${bursar.origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code, client_id: 'bursarctl', redirect_uri: asked.redirect_uri, code_verifier: 'x'.repeat(43) }),
    });
    assert.equal((await again.json()).error, 'invalid_grant');
    const who = ctl('whoami');
    assert.equal(who.status, 1);
    assert.match(who.stderr, /Sign in again: bursarctl login/);
    assert.equal(ctl('logout').status, 0);
});

test('a no in the browser signs nobody in, and the browser says so', async () => {
    const login = new Login(['--browser']);
    const page = await login.page();
    assert.match(login.said, /Open this page in a browser on this machine/);
    const browser = await signIn('alice', 'alice-password');
    const { to } = await (await browser.ask('POST', 'authorization/deny', Object.fromEntries(page.searchParams))).json();
    assert.match(await (await fetch(to)).text(), /Nobody is signed in/);
    assert.equal(await login.ended, 1, login.said);
    assert.match(login.said, /refused in the browser/);
    assert.ok(!existsSync(signInFile()));
});

test('a code of somebody else\'s sign-in is refused by the service, not taken for one\'s own', async () => {
    const login = new Login(['--browser']);
    const page = await login.page();
    const browser = await signIn('alice', 'alice-password');
    const challenge = createHash('sha256').update('y'.repeat(43)).digest('base64url');
    const { to } = await (await browser.ask('POST', 'authorization/approve', { ...Object.fromEntries(page.searchParams), code_challenge: challenge })).json();
    assert.match(await (await fetch(to)).text(), /did not work/);
    assert.equal(await login.ended, 1, login.said);
    assert.match(login.said, /not valid here/);
    assert.ok(!existsSync(signInFile()));
});

test('without a screen, over SSH, and where it is wanted, there is a code', async () => {
    const { environment: withScreen, opened } = screen();
    rmSync(opened, { force: true });
    for (const [words, more] of [[[], {}], [['--device'], withScreen], [[], { ...withScreen, SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }]]) {
        const login = new Login(words, more);
        assert.match(await login.code(), /^[A-Z]{4}-[A-Z]{4}$/);
        login.child.kill();
        await login.ended;
    }
    assert.ok(!existsSync(opened));
    const both = ctl('login', '--browser', '--device');
    assert.equal(both.status, 2);
    assert.match(both.stderr, /Give one of them/);
});

test('whoever was suspended is out: the next command says so, and the tokens are removed', async () => {
    const login = new Login();
    const code = await login.code();
    const browser = await signIn('alice', 'alice-password');
    assert.equal((await browser.ask('POST', `device/${code}/approve`)).status, 200);
    assert.equal(await login.ended, 0, login.said);
    const { access_token: access } = JSON.parse(readFileSync(signInFile(), 'utf8'));
    assert.equal(bursar.ctl(['people', 'suspend', 'alice', '--reason', 'a lost laptop']).status, 0);
    assert.ok([401, 403].includes((await send(bursar, access, 'openai', 'hello [[demo tokens=1]]')).status));
    assert.equal(ctl('whoami').status, 1);
    writeFileSync(signInFile(), JSON.stringify({ ...JSON.parse(readFileSync(signInFile(), 'utf8')), expires_at: 1 }));
    const renewed = ctl('whoami');
    assert.equal(renewed.status, 1);
    assert.match(renewed.stderr, /Sign in again: bursarctl login/);
    assert.ok(!existsSync(signInFile()));
    assert.equal(bursar.ctl(['people', 'restore', 'alice']).status, 0);
});

test('the break-glass account is made and sealed on the machine itself, and opens while the directory is down', async () => {
    await bursar.stopService();
    const run = (...words) => bursar.daemon(words);
    const made = run('--break-glass', 'vault envelope 7');
    assert.equal(made.status, 0, made.stderr);
    const passphrase = made.stdout.trim();
    await bursar.launch();
    await slapd.stop();
    const open = () =>
        fetch(`${bursar.origin}/auth/break-glass`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', origin: bursar.origin },
            body: JSON.stringify({ passphrase }),
        });
    const opened = await open();
    assert.equal(opened.status, 200, await opened.text());
    await until('the alert', async () => (await bursar.must('GET', 'alerts')).alerts.some((alert) => /break/.test(alert.kind)));
    await bursar.stopService();
    assert.equal(run('--seal-break-glass').status, 0);
    await bursar.launch();
    assert.equal((await open()).status, 401);
});

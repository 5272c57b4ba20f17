// Hunts: answers of which the set-up makes a service that does not start, that others can read the keys of, or that is another one than asked for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ini, temporaryFolder } from './support/bursar.mjs';
import { program, Running } from './support/process.mjs';
import { DemoProvider } from './support/provider.mjs';

let root;
let beside;
let provider;
let service;
const inside = (name) => path.join(root, name);
const mode = (name) => statSync(inside(name)).mode & 0o777;

/** Runs it without blocking this process; `typed` is what a person would type. */
function setup(words, typed = '') {
    return new Promise((resolve, reject) => {
        const child = spawn(program('bursar-setup'), ['--root', root, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
        const said = { stdout: '', stderr: '' };
        for (const stream of ['stdout', 'stderr']) child[stream].on('data', (piece) => (said[stream] += piece));
        child.on('error', reject);
        child.on('close', (status) => resolve({ status, ...said }));
        child.stdin.on('error', () => {});
        child.stdin.end(typed);
    });
}

const programs = () => ['--bursard', program('bursard'), '--bursarctl', program('bursarctl')];

function answers(more = {}) {
    const file = path.join(beside, 'answers.ini');
    writeFileSync(
        file,
        ini({
            host: { name: 'localhost', address: '127.0.0.1', port: 8443 },
            master_key: { source: 'file' },
            recovery: { file: '/etc/bursar/recovery.key' },
            provider: { name: 'demo', base_url: `${provider.origin}/v1`, key_file: path.join(beside, 'demo.key'), models: 'small' },
            team: { name: 'research', budget_usd: 50 },
            ...more,
        }),
    );
    return file;
}

before(async () => {
    root = temporaryFolder();
    beside = temporaryFolder();
    provider = await DemoProvider.start(beside);
    writeFileSync(path.join(beside, 'demo.key'), `${provider.key}\n`, { mode: 0o600 });
});
after(async () => {
    await service?.stop();
    await provider?.running.stop();
    for (const folder of [root, beside]) rmSync(folder, { recursive: true, force: true });
});

test('answers that are wrong change nothing and are named', async () => {
    const done = await setup(['--answers', answers({ host: { name: 'Not A Host' } }), ...programs()]);
    assert.equal(done.status, 1, done.stdout + done.stderr);
    assert.match(done.stdout, /wrong host: host\.name is "Not A Host"; write a name in small letters/);
    assert.equal(existsSync(inside('etc')), false);
});

test('answers become a configuration that the service takes, and keys that nobody else reads', async () => {
    const done = await setup(['--answers', answers(), '--json', ...programs()]);
    assert.equal(done.status, 0, done.stdout + done.stderr);
    const summary = JSON.parse(done.stdout);
    assert.equal(summary.ok, true);
    assert.ok(summary.findings.some(({ step, text }) => step === 'certificate' && /SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.test(text)), done.stdout);
    assert.match(readFileSync(inside('etc/bursar/operator.token'), 'utf8'), /^bso_\S+\n$/);
    assert.match(readFileSync(inside('etc/bursar/recovery.key'), 'utf8'), /^bsrr-/);
    for (const file of ['etc/bursar/master.key', 'etc/bursar/operator.token', 'etc/bursar/recovery.key', 'etc/bursar/setup.answers'])
        assert.equal(mode(file), 0o600, file);
    assert.ok(!readFileSync(inside('etc/bursar/setup.answers'), 'utf8').includes(provider.key));
    assert.ok(!done.stdout.includes(provider.key) && !done.stderr.includes(provider.key));
});

test('the service starts with what was written, and the set-up puts the provider\'s key into it', async () => {
    // Any free port, which a test has to take; everything else stays as the set-up wrote it.
    const file = inside('etc/bursar/bursard.ini');
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, written.replace('port = 8443\n', 'port = 0\nport_file = port\n'));
    service = new Running('bursard', ['--config', file], path.join(beside, 'bursard.log'));
    await service.until('its port', () => existsSync(inside('etc/bursar/port')) && readFileSync(inside('etc/bursar/port'), 'utf8').trim());
    const port = readFileSync(inside('etc/bursar/port'), 'utf8').trim();
    const ca = readFileSync(inside('etc/bursar/tls/server.pem'), 'utf8');
    const status = await new Promise((resolve, reject) => {
        https.get({ host: '127.0.0.1', servername: 'localhost', port, path: '/healthz', ca, agent: false }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
        }).on('error', reject);
    });
    assert.equal(status, 200, 'trusted by its own certificate, for the name that was asked for');
    writeFileSync(file, written);
    const done = await setup(['--answers', answers(), '--url', `https://localhost:${port}`, ...programs()]);
    assert.match(done.stdout, /The vault has the secret demo/, done.stdout + done.stderr);
    assert.match(done.stdout, /provider: bursarctl provider test demo/, done.stdout + done.stderr);
    assert.match(done.stdout, /The master key .* is kept/);
});

test('check looks at one step, and says by its exit code whether it is right', async () => {
    const good = await setup(['check', 'provider', '--json']);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.equal(JSON.parse(good.stdout).ok, true);
    const wrong = await setup(['check', 'certificate', '--answers', answers({ certificate: { source: 'files', certificate: '/nowhere' } })]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stdout, /certificate\.private_key is missing/);
    assert.equal((await setup(['check', 'nothing'])).status, 2);
});

test('who stops in the middle goes on there', async () => {
    rmSync(inside('etc/bursar/setup.answers'));
    const first = await setup([], 'gateway.example\n192.0.2.1\nstop\n');
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /Nothing was set up/);
    const second = await setup([], 'stop\n');
    assert.doesNotMatch(second.stdout, /Host name of this service \[/);
    assert.match(second.stdout, /Port \[443\]: /);
});

// Hunts: a service that starts with a configuration that it did not understand, or that says too little about what is wrong with it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ini, makeCertificates, temporaryFolder } from './support/bursar.mjs';
import { policyFor } from './support/policy.mjs';
import { program } from './support/process.mjs';

let folder;
const good = () => ({
    listen: { address: '127.0.0.1', port: 0, certificate: 'server.pem', private_key: 'server.key', port_file: 'port' },
    state: { folder: 'state', durability: 'power' },
    master_key: { source: 'file', file: 'master.key' },
    policy: { initial: 'policy' },
    log: { level: 'info' },
});

before(() => {
    folder = temporaryFolder();
    makeCertificates(folder);
    mkdirSync(path.join(folder, 'policy'));
    mkdirSync(path.join(folder, 'state'), { mode: 0o700 });
    writeFileSync(path.join(folder, 'policy/scenario.yaml'), JSON.stringify(policyFor('http://127.0.0.1:9')));
    writeFileSync(path.join(folder, 'master.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
});
after(() => rmSync(folder, { recursive: true, force: true }));

function bursard(...words) {
    return spawnSync(program('bursard'), words, { encoding: 'utf8', cwd: folder, timeout: 20_000 });
}

function check(sections) {
    const file = path.join(folder, 'bursard.ini');
    writeFileSync(file, typeof sections === 'string' ? sections : ini(sections));
    return bursard('--config', file, '--check');
}

test('the configuration that the table below spoils is a good one', () => {
    const done = check(good());
    assert.equal(done.status, 0, done.stderr + done.stdout);
});

/** A sentence, what to spoil, and what the answer must name. What only listening can find out, --check does not say: `late`. */
const spoiled = [
    ['an unknown section', (c) => (c.listne = { port: 1 }), /listne/],
    ['an unknown key', (c) => (c.listen.prot = 1), /prot/],
    ['a port that is no number', (c) => (c.listen.port = 'https'), /port.*https|https.*port/],
    ['a port that is too large', (c) => (c.listen.port = 65536), /65536/],
    ['an address that is none', (c) => (c.listen.address = 'localhost:443'), /address|localhost:443/, 'late'],
    ['a certificate that is not there', (c) => (c.listen.certificate = 'missing.pem'), /missing\.pem/, 'late'],
    ['a private key of another certificate', (c) => (c.listen.private_key = 'ca.key'), /ca\.key|key/, 'late'],
    ['no certificate at all', (c) => (delete c.listen.certificate, delete c.listen.private_key), /certificate/],
    ['a state folder that is not there', (c) => (c.state.folder = 'nowhere'), /nowhere/],
    ['a durability that does not exist', (c) => (c.state.durability = 'fast'), /durability.*fast|fast.*durability/],
    ['a key source that does not exist', (c) => (c.master_key.source = 'cloud'), /cloud/],
    ['a log level that does not exist', (c) => (c.log.level = 'loud'), /loud/],
    ['a limit that is no number', (c) => (c.limits = { calls: 'many' }), /many/],
    ['a limit that is negative', (c) => (c.limits = { body_mib: -1 }), /-1/],
    ['a policy folder that is not there', (c) => (c.policy.initial = 'nowhere'), /nowhere/],
];
for (const [name, spoil, expected, late] of spoiled) {
    test(`${name} stops the start with exit code 78 and names it`, () => {
        const sections = good();
        spoil(sections);
        const checked = check(sections);
        if (!late) assert.equal(checked.status, 78, checked.stderr);
        const done = late ? bursard('--config', path.join(folder, 'bursard.ini')) : checked;
        assert.equal(done.status, 78, done.stdout);
        assert.match(done.stderr, expected);
        assert.equal(done.stderr.trim().split('\n').length, 1, `one sentence, not a page:\n${done.stderr}`);
        assert.equal(bursard('--config', path.join(folder, 'bursard.ini')).status, 78, 'the start itself stops too');
    });
}

test('a policy with mistakes stops the start and names file, line and column', () => {
    mkdirSync(path.join(folder, 'wrong'));
    writeFileSync(path.join(folder, 'wrong/teams.yaml'), 'teams:\n  research:\n    budgets: [{limit: ten USD, per: month}]\n');
    const sections = good();
    sections.policy.initial = 'wrong';
    const done = check(sections);
    assert.equal(done.status, 78, done.stderr);
    assert.match(done.stderr + done.stdout, /teams\.yaml:3:\d+/);
});

test('a master key file that others can read, or that is none, is refused', () => {
    const file = path.join(folder, 'open.key');
    const sections = good();
    sections.master_key.file = 'open.key';
    for (const [bytes, mode, expected] of [
        [randomBytes(32).toString('hex'), 0o644, /0600|mode|permission/i],
        ['too short', 0o600, /open\.key/],
        ['', 0o600, /open\.key/],
    ]) {
        rmSync(file, { force: true });
        writeFileSync(file, bytes);
        chmodSync(file, mode);
        writeFileSync(path.join(folder, 'bursard.ini'), ini(sections));
        const done = bursard('--config', path.join(folder, 'bursard.ini'));
        assert.equal(done.status, 78, done.stderr + done.stdout);
        assert.match(done.stderr + done.stdout, expected);
    }
});

test('a fresh operator token is alone on standard output', () => {
    writeFileSync(path.join(folder, 'bursard.ini'), ini(good()));
    const done = bursard('--config', path.join(folder, 'bursard.ini'), '--issue-operator', 'somebody');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /^bso_\S+\n$/);
    // A full disk must not look like a token that somebody has.
    const full = openSync('/dev/full', 'w');
    const lost = spawnSync(program('bursard'), ['--config', path.join(folder, 'bursard.ini'), '--issue-operator', 'nobody'], {
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    assert.equal(lost.status, 1, lost.stderr);
    assert.match(lost.stderr, /operator revoke \S+/);
});

test('wrong usage is exit code 2, help and version are 0', () => {
    for (const name of ['bursard', 'bursarctl', 'bursar-demo-provider']) {
        const run = (...words) => spawnSync(program(name), words, { encoding: 'utf8', timeout: 20_000 });
        assert.equal(run('--help').status, 0, name);
        assert.match(run('--version').stdout, /\d+\.\d+\.\d+/, name);
        assert.equal(run('--no-such-option').status, 2, name);
    }
    assert.equal(bursard().status, 2);
    assert.equal(bursard('--config', 'missing.ini').status, 78);
    assert.equal(check('this is [no ini').status, 78);
});

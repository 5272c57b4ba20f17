// Hunts: a vault that opens for the wrong key, serves while it is sealed, or loses something when its master key changes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { Bursar, ini } from './support/bursar.mjs';
import { program, until } from './support/process.mjs';

const chat = { model: 'demo-gpt', messages: [{ role: 'user', content: 'x [[demo tokens=2]]' }] };

/** Every file of a folder and below, with its bytes. */
function filesOf(folder) {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`);
}

test('a passphrase: the vault is made by who has the machine, and each start is sealed until it is given', async () => {
    const bursar = await Bursar.start({ passphrase: true });
    try {
        const passphrase = 'correct horse battery staple';
        const sealed = await fetch(`${bursar.origin}/readyz`);
        assert.equal(sealed.status, 503);
        assert.ok((await sealed.json()).checks.some((check) => !check.good && /seal/.test(check.name + check.text)));
        assert.equal((await bursar.api('GET', 'keys')).status, 503);

        // Behind a proxy everybody looks local, so that a plain listener takes nobody's word for it.
        const stranger = await bursar.api('POST', 'vault/unseal', { passphrase });
        assert.equal(stranger.status, 403, stranger.text);
        await bursar.stopService();
        bursar.issueOperator('first', 'operator', passphrase + '\n');
        await bursar.launch();

        writeFileSync(bursar.path('passphrase'), passphrase + '\n', { mode: 0o600 });
        const first = bursar.ctl(['vault', 'unseal', '--passphrase-file', bursar.path('passphrase')]);
        assert.equal(first.status, 0, first.stderr);
        await until('ready', async () => (await fetch(`${bursar.origin}/readyz`)).status === 200);
        await bursar.stopService();

        await bursar.launch();
        assert.equal((await fetch(`${bursar.origin}/readyz`)).status, 503);
        const before = filesOf(bursar.path('state/vault')).map((file) => [file, readFileSync(file).toString('hex')]);
        const wrong = await bursar.api('POST', 'vault/unseal', { passphrase: 'wrong' });
        assert.equal(wrong.status, 401, wrong.text);
        assert.deepEqual(filesOf(bursar.path('state/vault')).map((file) => [file, readFileSync(file).toString('hex')]), before);
        await until('the next try is allowed', async () => (await bursar.api('POST', 'vault/unseal', { passphrase })).status === 200);
        await until('ready', async () => (await fetch(`${bursar.origin}/readyz`)).status === 200);
    } finally {
        await bursar.stop();
    }
});

test('with a passphrase, the first operator token makes the vault; it is asked for without showing it', async () => {
    const bursar = await Bursar.start({ passphrase: true });
    try {
        await bursar.stopService();
        const issue = (input) =>
            spawnSync(program('bursard'), ['--config', bursar.path('bursard.ini'), '--issue-operator', 'first'], { encoding: 'utf8', input });
        for (const [input, expected] of [['', /none was given/], ['too short\n', /passphrase has 12 to/], ['one line is enough\nhere are two\n', /more than one line/]]) {
            const refused = issue(input);
            assert.equal(refused.status, 1, refused.stderr);
            assert.match(refused.stderr, expected);
            assert.equal(refused.stdout, '');
        }
        assert.ok(!existsSync(bursar.path('state/vault/keyring')), 'nothing was made');

        const passphrase = 'correct horse battery staple';
        bursar.token = bursar.issueOperator('first', 'operator', passphrase + '\n');
        assert.equal(issue('another passphrase altogether').status, 78);
        await bursar.launch();
        await bursar.must('POST', 'vault/unseal', { passphrase });
        const who = await bursar.must('GET', 'whoami');
        assert.equal(who.name, 'first');
        await bursar.stopService();

        // On a terminal (script gives the program one): the question, no echo, the token.
        const terminal = spawn('script', ['-qec', `${program('bursard')} --config ${bursar.path('bursard.ini')} --issue-operator second`, '/dev/null']);
        let shown = '';
        terminal.stdout.on('data', (piece) => (shown += piece));
        await until('the question', () => shown.includes('Passphrase of the vault: '));
        terminal.stdin.write(passphrase + '\n');
        const [code] = await once(terminal, 'close');
        assert.equal(code, 0, shown);
        assert.match(shown, /^Passphrase of the vault: [^]*bso_/);
        assert.doesNotMatch(shown, /battery/);
    } finally {
        await bursar.stop();
    }
});

test('an open vault over a database that does not open is not ready, and says why; a scraper sees it all along', async () => {
    const bursar = await Bursar.start({ passphrase: true });
    try {
        const passphrase = 'correct horse battery staple';
        await bursar.stopService();
        bursar.issueOperator('first', 'operator', passphrase + '\n');
        const whole = readFileSync(bursar.path('state/bursar.db'));
        writeFileSync(bursar.path('state/bursar.db'), whole.subarray(0, whole.length >> 1));
        writeFileSync(bursar.path('metrics.token'), 'a-token-of-the-scraper\n', { mode: 0o600 });
        writeFileSync(bursar.path('bursard.ini'), ini({ ...bursar.sections, metrics: { token_file: 'metrics.token' } }));
        await bursar.launch();

        const scrape = async (token) => fetch(`${bursar.origin}/metrics`, { headers: { authorization: `Bearer ${token}` } });
        assert.match(await (await scrape('a-token-of-the-scraper')).text(), /^bursar_vault_unsealed 0$/m);
        assert.equal((await scrape('another-token-altogether')).status, 503);

        const unsealed = await bursar.api('POST', 'vault/unseal', { passphrase });
        assert.ok(unsealed.status >= 500, unsealed.text);
        const ready = await fetch(`${bursar.origin}/readyz`);
        assert.equal(ready.status, 503);
        const { checks } = await ready.json();
        assert.match(checks.find(({ name }) => name === 'database').text, /could not be opened: .*bursar\.db/);
        assert.match(await (await scrape('a-token-of-the-scraper')).text(), /^bursar_vault_unsealed 1$/m);

        writeFileSync(bursar.path('state/bursar.db'), whole);
        await bursar.must('POST', 'vault/unseal', { passphrase });
        assert.equal((await fetch(`${bursar.origin}/readyz`)).status, 200);
    } finally {
        await bursar.stop();
    }
});

test('a sealed vault lends nothing; unsealed again it serves at once', async () => {
    const bursar = await Bursar.start();
    try {
        const key = await bursar.issueKey();
        await bursar.must('POST', 'vault/seal');
        const refused = await bursar.call(key, '/v1/chat/completions', chat);
        assert.equal(refused.status, 503);
        assert.match((await refused.json()).error.message, /seal/i);
        const masterKey = readFileSync(bursar.path('master.key'), 'utf8').trim();
        assert.equal((await bursar.api('POST', 'vault/unseal', { master_key: masterKey.replace(/^./, (c) => (c === '0' ? '1' : '0')) })).status, 401);
        await until('unsealed', async () => (await bursar.api('POST', 'vault/unseal', { master_key: masterKey })).status === 200);
        assert.equal((await bursar.call(key, '/v1/chat/completions', chat)).status, 200);
    } finally {
        await bursar.stop();
    }
});

test('a new master key: the old one does not open the vault any more, and nothing is lost', async () => {
    const bursar = await Bursar.start();
    try {
        const key = await bursar.issueKey();
        const next = bursar.path('next.key');
        writeFileSync(next, randomBytes(32).toString('hex') + '\n', { mode: 0o600 });
        const rotated = bursar.ctl(['vault', 'rotate', '--current-key-file', bursar.path('master.key'), '--next-key-file', next]);
        assert.equal(rotated.status, 0, rotated.stderr);
        assert.equal((await bursar.call(key, '/v1/chat/completions', chat)).status, 200, 'nothing stops for a rotation');
        await bursar.stopService();

        const old = readFileSync(bursar.path('master.key'));
        await assert.rejects(bursar.launch(), /ended with (1|78)/, 'the old key must be refused');
        assert.match(bursar.running.words(), /master key|master_key/i);
        writeFileSync(bursar.path('master.key'), readFileSync(next), { mode: 0o600 });
        assert.notDeepEqual(old, readFileSync(bursar.path('master.key')));
        await bursar.launch();
        assert.equal((await bursar.call(key, '/v1/chat/completions', chat)).status, 200);
        assert.deepEqual((await bursar.must('GET', 'secrets')).secrets.map(({ name }) => name), ['demo']);
    } finally {
        await bursar.stop();
    }
});

test('files of the state folder are for their owner only', async () => {
    const bursar = await Bursar.start();
    try {
        for (const file of filesOf(bursar.path('state'))) assert.equal(statSync(file).mode & 0o077, 0, file);
        assert.equal(statSync(bursar.path('state')).mode & 0o077, 0);
        assert.ok(existsSync(bursar.path('state/control.sock')));
        assert.equal(statSync(bursar.path('state/control.sock')).mode & 0o077, 0);
    } finally {
        await bursar.stop();
    }
});

test('a database that was cut or edited is refused in one sentence and left alone', async () => {
    for (const [name, damage] of [
        ['cut', (bytes) => bytes.subarray(0, bytes.length >> 1)],
        ['edited', (bytes) => Buffer.concat([bytes.subarray(0, 5000), Buffer.from('x'), bytes.subarray(5001)])],
        ['overwritten', () => Buffer.from('SQLite format 3\0 but not really')],
    ]) {
        const bursar = await Bursar.start();
        try {
            await bursar.issueKey();
            await bursar.stopService();
            const file = bursar.path('state/bursar.db');
            const damaged = damage(readFileSync(file));
            writeFileSync(file, damaged);
            await assert.rejects(bursar.launch(), /ended with (1|78)/, name);
            assert.match(bursar.running.words().split('\n').filter(Boolean).at(-1), /bursar\.db/, name);
            assert.deepEqual(readFileSync(file), damaged, `${name}: the file was touched`);
        } finally {
            await bursar.stop().catch(() => {});
        }
    }
});

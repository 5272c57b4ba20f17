// Hunts: a backup that is not of one moment, stops calls while it is made, does not open on a fresh machine, or loses money: what was
// spent when it was made is spent after it was put back.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { outcomes, settled, sum } from './support/books.mjs';
import { Bursar, ini, nanos } from './support/bursar.mjs';
import { program } from './support/process.mjs';

const chat = (words) => ({ model: 'demo-gpt', messages: [{ role: 'user', content: `x [[demo tokens=${words}]]` }] });

const open = [];
after(async () => {
    for (const bursar of open) await bursar.stop().catch(() => {});
});

async function started(options) {
    const bursar = await Bursar.start({ policy: { budgets: [{ limit: '1000 USD', per: 'month' }] }, ...options });
    open.push(bursar);
    mkdirSync(bursar.path('backups'), { mode: 0o700 });
    bursar.sections.backup = { folder: 'backups', every_hours: 0, keep: 3 };
    writeFileSync(bursar.path('bursard.ini'), ini(bursar.sections));
    await bursar.stopService();
    await bursar.launch();
    return bursar;
}

function backup(bursar) {
    const made = bursar.ctl(['backup', 'create', '--json']);
    assert.equal(made.status, 0, made.stderr);
    return JSON.parse(made.stdout).file;
}

const restore = (bursar, file, words = [], input = '') =>
    spawnSync(program('bursard'), ['--config', bursar.path('bursard.ini'), '--restore', file, ...words], { encoding: 'utf8', input });

test('calls go on while a backup is made, and what it has is of one moment: back in place, the books agree with themselves', async () => {
    const bursar = await started();
    const key = await bursar.issueKey();
    let going = true;
    let served = 0;
    const load = Array.from({ length: 8 }, async () => {
        while (going) {
            const answer = await bursar.call(key, '/v1/chat/completions', chat(20));
            assert.equal(answer.status, 200, await answer.text());
            await answer.arrayBuffer().catch(() => {});
            served += 1;
        }
    });
    const files = [];
    for (let i = 0; i < 3; ++i) {
        const before = served;
        const begun = await bursar.must('POST', 'backup');
        assert.equal(typeof begun.running, 'boolean');
        let state;
        do {
            await pause(5);
            state = await bursar.must('GET', 'backup');
        } while (state.running);
        assert.equal(state.failure, undefined, state.failure);
        while (served === before) await pause(5); // the books have moved on
        files.push(state.backups[0].name);
        await pause(1_000 - (Date.now() % 1_000)); // names are of whole seconds
    }
    going = false;
    await Promise.all(load);
    const now = await settled(bursar);
    assert.equal(new Set(files).size, 3);
    await bursar.stopService();
    for (const name of files) {
        const put = restore(bursar, bursar.path(`backups/${name}`));
        assert.equal(put.status, 0, put.stderr);
        await bursar.launch();
        const then = await settled(bursar);
        const rows = [...(await outcomes(bursar)).values()];
        const charged = (some) => sum(some.map((row) => nanos(row.charge_usd)));
        assert.equal(then.spending.org.charge, charged(rows), 'the books and the rows are not of one moment');
        // Calls that were open when it was made are booked at what was held for them.
        const lost = charged(rows.filter((row) => row.usage_source === 'lost'));
        assert.ok(then.spending.org.charge - lost <= now.spending.org.charge, 'more was spent than ever');
        assert.ok(rows.length > 0, 'the backup has no calls: this proves nothing');
        assert.equal(then.spending.org.charge, then.spending['team:demo'].charge, 'the levels do not agree');
        const verified = await bursar.must('POST', 'audit/verify');
        assert.equal(verified.intact, true);
        const { entries } = await bursar.must('GET', 'audit?action=backup.restore');
        assert.ok(entries.length >= 1, 'the audit does not say that this was put back');
        assert.equal((await bursar.call(key, '/v1/chat/completions', chat(2))).status, 200);
        await bursar.stopService();
    }
    assert.ok(readdirSync(bursar.path('state')).filter((name) => name.startsWith('before-restore-')).length >= 3, 'the former states are kept');
});

test('a machine is lost: the backup and the recovery key make another one, whose own master key opens it from then on', async () => {
    const bursar = await started();
    const key = await bursar.issueKey();
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat(50))).status, 200);
    const before = await settled(bursar);
    await bursar.stopService();
    const recovery = bursar.daemon(['--make-recovery-key']);
    assert.equal(recovery.status, 0, recovery.stderr);
    const text = recovery.stdout.trim();
    assert.match(text, /^bsrr(-[0-9a-z]{6}){6}$/);
    await bursar.launch();
    const file = backup(bursar);
    await bursar.stopService();
    copyFileSync(file, bursar.path('taken-away'));

    // Nothing is left but the configuration, and the new machine has a master key of its own.
    for (const name of ['state', 'backups']) rmSync(bursar.path(name), { recursive: true });
    for (const name of ['state', 'backups']) mkdirSync(bursar.path(name), { mode: 0o700 });
    writeFileSync(bursar.path('master.key'), randomBytes(32).toString('hex') + '\n', { mode: 0o600 });
    const taken = bursar.path('taken-away');
    const closed = restore(bursar, taken);
    assert.equal(closed.status, 78, closed.stderr);
    assert.match(closed.stderr, /master key does not fit/);
    for (const [given, expected] of [['', /No recovery key/], ['bsrr-short\n', /not a whole recovery key/], [text.replace(/.$/, text.endsWith('0') ? '4' : '0') + '\n', /recovery key/]]) {
        const refused = restore(bursar, taken, ['--recovery-key'], given);
        assert.notEqual(refused.status, 0);
        assert.match(refused.stderr, expected);
    }
    assert.ok(!existsSync(bursar.path('state/vault/keyring')), 'something was made of what was refused');
    const checked = restore(bursar, taken, ['--recovery-key', '--check-only'], text + '\n');
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(checked.stdout, /could be restored/);
    assert.ok(!existsSync(bursar.path('state/vault/keyring')), 'a check changes nothing');
    const put = restore(bursar, taken, ['--recovery-key'], text.toUpperCase().replaceAll('-', ' ').replace('BSRR ', 'bsrr') + '\n');
    assert.equal(put.status, 0, put.stderr);
    await bursar.launch();
    const now = await settled(bursar);
    assert.deepEqual(now.spending, before.spending);
    assert.equal((await bursar.call(key, '/v1/chat/completions', chat(2))).status, 200, 'keys, policy and the provider key are back');
});

test('a lost master key: the recovery key gives the vault another one, and each new recovery key ends the former', async () => {
    const bursar = await started();
    await bursar.stopService();
    const first = bursar.daemon(['--make-recovery-key']).stdout.trim();
    const second = bursar.daemon(['--make-recovery-key']).stdout.trim();
    assert.notEqual(first, second);
    writeFileSync(bursar.path('master.key'), randomBytes(32).toString('hex') + '\n', { mode: 0o600 });
    const lost = bursar.daemon([]);
    assert.equal(lost.status, 78, lost.stderr);
    const use = (text) => spawnSync(program('bursard'), ['--config', bursar.path('bursard.ini'), '--use-recovery-key'], { encoding: 'utf8', input: text + '\n' });
    const former = use(first);
    assert.equal(former.status, 78, former.stderr);
    assert.match(former.stderr, /newer one was made/);
    const used = use(second);
    assert.equal(used.status, 0, used.stderr);
    await bursar.launch();
    await bursar.must('GET', 'secrets');
});

test('what is no whole backup is refused with a sentence, and the state stays', async () => {
    const bursar = await started();
    const file = backup(bursar);
    await bursar.issueKey();
    const running = restore(bursar, file);
    assert.equal(running.status, 78, 'it was put in the place of a running service');
    assert.match(running.stderr, /another process/);
    await bursar.stopService();
    const whole = readFileSync(file);
    const bad = bursar.path('bad');
    const edited = Buffer.from(whole);
    edited[Math.floor(whole.length / 2)] ^= 1;
    for (const [bytes, expected] of [
        [edited, /damaged/],
        [whole.subarray(0, whole.length - 100), /damaged/],
        [Buffer.from('PK not a backup'), /not a whole backup/],
        [Buffer.concat([Buffer.from('bursar-backup 9\n'), whole.subarray(16)]), /newer version/],
    ]) {
        writeFileSync(bad, bytes);
        const refused = restore(bursar, bad);
        assert.equal(refused.status, 78, refused.stderr);
        assert.match(refused.stderr, expected);
    }
    assert.match(restore(bursar, bursar.path('nothing')).stderr, /Cannot open/);
    assert.equal(existsSync(bursar.path('state/restoring')), false);
    await bursar.launch();
    assert.equal((await bursar.must('GET', 'keys')).keys.length, 1, 'the state is not the one of before');

    const shown = bursar.ctl(['backup', 'show', file]);
    assert.equal(shown.status, 0, shown.stderr);
    assert.match(shown.stdout, /organisation: +\S/);
    assert.doesNotMatch(shown.stdout, /keyring/);
    const listed = bursar.ctl(['backup', 'list']);
    assert.match(listed.stdout, /bursar-\d{8}T\d{6}Z\.backup/);
});

test('killed at any moment of a restore, the next start has the old state or the new one, whole', async () => {
    const bursar = await started();
    await bursar.issueKey({ name: 'in the backup' });
    const file = backup(bursar);
    await bursar.issueKey({ name: 'later' });
    await bursar.stopService();
    const names = async () => {
        await bursar.launch();
        const { keys } = await bursar.must('GET', 'keys');
        await bursar.stopService();
        return keys.map((key) => key.name).sort();
    };
    const seen = new Set();
    const timed = Date.now();
    assert.equal(restore(bursar, file, ['--check-only']).status, 0);
    const took = Date.now() - timed;
    for (let i = 0; i < 12; ++i) {
        const words = ['--config', bursar.path('bursard.ini'), '--restore', file];
        const restoring = spawn(program('bursard'), words, { stdio: 'ignore' });
        const ended = once(restoring, 'exit');
        const killer = setTimeout(() => restoring.kill('SIGKILL'), (took * 1.6 * i) / 11);
        await ended;
        clearTimeout(killer);
        const state = (await names()).join();
        assert.ok(['in the backup,later', 'in the backup'].includes(state), `neither: ${state}`);
        seen.add(state);
        if (state === 'in the backup') {
            await bursar.launch();
            await bursar.issueKey({ name: 'later' });
            await bursar.stopService();
        }
    }
    assert.equal(seen.size, 2, 'the kills were all before or all after');
});

test('the check before an upgrade is good where there is a way back, says stop where none can be made, and reads no file that is no package', async () => {
    const check = (bursar, ...words) => {
        const ran = bursar.ctl(['upgrade', 'check', '--json', ...words]);
        return { ...ran, found: ran.stdout === '' ? {} : Object.fromEntries(JSON.parse(ran.stdout).findings.map((one) => [one.name, one.verdict])) };
    };
    const bursar = await started();
    backup(bursar);
    const good = check(bursar);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    const { space, 'bursar.db': books, 'vault.db': vault, backup: last, approvals } = good.found;
    assert.deepEqual([space, books, vault, last, approvals], ['ok', 'ok', 'ok', 'ok', 'ok'], good.stdout);
    const wrong = check(bursar, '--package', bursar.path('bursard.ini'));
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /cannot be read as a Debian package/);

    const without = await Bursar.start({});
    open.push(without);
    const bad = check(without);
    assert.equal(bad.status, 1, bad.stdout);
    assert.equal(bad.found.backup, 'stop');
});

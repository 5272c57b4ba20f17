// Hunts: a backup that does not reach the store away from the machine, reaches a wrong one, is there by half and believed to be whole, or does
// not come back from there; a failure that nobody is told of.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { FakeS3 } from './fakes/s3.mjs';
import { Bursar, ini } from './support/bursar.mjs';
import { program, until } from './support/process.mjs';
import { Sshd } from './support/sshd.mjs';

const open = [];
after(async () => {
    for (const each of open.reverse()) await each.stop().catch(() => {});
});

async function started(kind, target, secret) {
    const bursar = await Bursar.start();
    open.push(bursar);
    await bursar.putSecret('away', secret);
    mkdirSync(bursar.path('backups'), { mode: 0o700 });
    bursar.sections.backup = { folder: 'backups', every_hours: 0, keep: 9, target: kind };
    bursar.sections.backup_target = { secret: 'away', retry_seconds: 1, ...target };
    writeFileSync(bursar.path('bursard.ini'), ini(bursar.sections));
    await bursar.stopService();
    await bursar.launch();
    return bursar;
}

async function store({ wrongSecret, ...more } = {}) {
    const s3 = await FakeS3.start();
    open.push(s3);
    const bursar = await started('s3', { url: s3.url, bucket: s3.bucket, region: s3.region, prefix: 'machine-1', access_key: s3.accessKey, ...more }, wrongSecret ?? s3.secret);
    return { s3, bursar };
}

/** The name of a new one. Names are of whole seconds. */
async function make(bursar) {
    await pause(1_000 - (Date.now() % 1_000));
    const made = bursar.ctl(['backup', 'create', '--json']);
    assert.equal(made.status, 0, made.stderr);
    return path.basename(JSON.parse(made.stdout).file);
}

const state = (bursar) => bursar.must('GET', 'backup');
const arrived = (bursar, name) => until(`${name} is away`, async () => (await state(bursar)).backups.some((each) => each.name === name && each.away));
const failed = async (bursar) => {
    await until('it failed', async () => (await state(bursar)).target.failure !== undefined);
    return (await state(bursar)).target.failure;
};
/** Not by spawnSync: the store that is asked lives in this process. */
async function fetchBack(bursar, name, to, secret) {
    const child = spawn(program('bursarctl'), ['backup', 'fetch', name, '--to', to, '--config', bursar.path('bursard.ini')], { stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (bytes) => (stderr += bytes));
    child.stdin.end(secret + '\n');
    const [status] = await once(child, 'close');
    return { status, stderr };
}

test('a backup goes to an S3-compatible store as it is, old ones go there, and it comes back and can be restored', async () => {
    const { s3, bursar } = await store({ keep: 3 });
    s3.objects.set('machine-1/notes.txt', Buffer.from('of somebody else'));
    const names = [];
    for (let i = 0; i < 4; ++i) {
        names.push(await make(bursar));
        await arrived(bursar, names.at(-1));
    }
    assert.deepEqual([...s3.objects.keys()].sort(), [...names.slice(1).map((name) => `machine-1/${name}`), 'machine-1/notes.txt'].sort());
    for (const name of names.slice(1)) assert.deepEqual(s3.objects.get(`machine-1/${name}`), readFileSync(bursar.path(`backups/${name}`)));
    const first = (await state(bursar)).backups.find((each) => each.name === names[0]);
    assert.deepEqual([first.here, first.away], [true, false]);
    const listed = bursar.ctl(['backup', 'list']);
    assert.match(listed.stdout, /HERE +AWAY/);
    const egress = bursar.daemon(['--egress', '']);
    assert.match(egress.stdout, new RegExp(`^bursar 127\\.0\\.0\\.1 ${new URL(s3.url).port}$`, 'm'));

    // The machine is lost, but for its configuration and master key.
    await bursar.stopService();
    for (const name of ['state', 'backups']) rmSync(bursar.path(name), { recursive: true });
    for (const name of ['state', 'backups']) mkdirSync(bursar.path(name), { mode: 0o700 });
    const to = bursar.path('fetched');
    const wrong = await fetchBack(bursar, names[3], to, 'not the secret');
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /403 SignatureDoesNotMatch/);
    assert.ok(!existsSync(to));
    const fetched = await fetchBack(bursar, names[3], to, s3.secret);
    assert.equal(fetched.status, 0, fetched.stderr);
    assert.equal(statSync(to).mode & 0o777, 0o600);
    const put = bursar.ctl(['restore', to, '--config', bursar.path('bursard.ini')]);
    assert.equal(put.status, 0, put.stderr);
    await bursar.launch();
    // What is there already is known again, without being sent.
    const before = s3.asked.filter((each) => each.method === 'PUT').length;
    writeFileSync(bursar.path(`backups/${names[3]}`), readFileSync(to));
    await arrived(bursar, names[3]);
    assert.equal(s3.asked.filter((each) => each.method === 'PUT').length, before);
    assert.ok(s3.asked.filter((each) => each.status >= 400).length <= 1, JSON.stringify(s3.asked));
});

test('a store that refuses, is full, hangs or forgets is told of, tried again, and in the end has the backup', async () => {
    const { s3, bursar } = await store({ wrongSecret: 'wrong', stall_seconds: 3 });
    const first = await make(bursar);
    await until('it is refused', async () => /403 SignatureDoesNotMatch.*secret/.test((await state(bursar)).target.failure ?? ''));
    assert.match(bursar.ctl(['doctor']).stdout, /could not be sent to s3:/);
    await bursar.putSecret('away', s3.secret);
    await arrived(bursar, first); // by itself
    assert.equal((await state(bursar)).target.failure, undefined);

    // A newer one is tried at once, however long the pause has become.
    const fails = async (expected) => {
        await make(bursar);
        await until(`it fails as ${expected}`, async () => expected.test((await state(bursar)).target.failure ?? ''));
    };
    s3.full = true;
    await fails(/507 QuotaExceeded.*full/);
    s3.full = false;
    s3.odd = () => true; // no answer, ever
    await fails(/silent for 3 seconds/);
    s3.odd = (request, response) => {
        if (request.method !== 'HEAD') return false;
        response.writeHead(200, { 'content-length': 7 });
        response.end();
        return true;
    };
    await fails(/has 7 of them/);
    s3.odd = null;
    const last = await make(bursar);
    await arrived(bursar, last);
    assert.equal((await state(bursar)).target.failure, undefined);
    assert.deepEqual(s3.objects.get(`machine-1/${last}`), readFileSync(bursar.path(`backups/${last}`)));
});

test('killed while it sends: nothing is there by half, and the next start sends it', async () => {
    const { s3, bursar } = await store();
    const stuck = new Promise((resolve) => {
        s3.odd = (request) => {
            if (request.method !== 'PUT') return false;
            request.once('data', () => {
                request.pause();
                resolve();
            });
            return true;
        };
    });
    const name = await make(bursar);
    await stuck;
    await bursar.kill();
    assert.equal(s3.objects.size, 0);
    s3.odd = null;
    await bursar.launch();
    await arrived(bursar, name);
    assert.deepEqual(s3.objects.get(`machine-1/${name}`), readFileSync(bursar.path(`backups/${name}`)));
});

test('a name that leads to a private address is not asked, and a configuration without a host key or with plain http is refused', async () => {
    const { s3, bursar } = await store();
    const cases = [
        ['s3', { url: 'http://s3.corp.example' }, /only loopback may be/],
        ['s3', { url: s3.url, bucket: 'a/b' }, /bucket/],
        ['s3', { url: s3.url, private_ranges: '10.0.0.0/40' }, /no range/],
        ['sftp', { url: 'sftp://u@127.0.0.1/x' }, /host_key/],
        ['sftp', { url: 'sftp://u:p@127.0.0.1/x' }, /password, which belongs in the vault/],
        ['ftp', {}, /s3, sftp/],
    ];
    const before = readFileSync(bursar.path('bursard.ini'));
    for (const [kind, keys, expected] of cases) {
        const sections = { ...bursar.sections, backup: { ...bursar.sections.backup, target: kind }, backup_target: { ...bursar.sections.backup_target, ...keys } };
        writeFileSync(bursar.path('bursard.ini'), ini(sections));
        const refused = bursar.daemon(['--check']);
        assert.equal(refused.status, 78, JSON.stringify(keys));
        assert.match(refused.stderr, expected);
    }
    const inside = ini({ ...bursar.sections, backup_target: { ...bursar.sections.backup_target, url: 'https://169.254.169.254' } });
    writeFileSync(bursar.path('bursard.ini'), inside);
    const fetched = await fetchBack(bursar, 'bursar-20261130T020000Z.backup', bursar.path('x'), 's');
    assert.match(fetched.stderr, /not public/);
    writeFileSync(bursar.path('bursard.ini'), before);
});

test('a backup goes to a folder by SFTP, only to the server whose key was named, and comes back', async () => {
    const sshd = await Sshd.start();
    open.push(sshd);
    const bursar = await started('sftp', { url: sshd.url, host_key: `SHA256:${'A'.repeat(43)}`, keep: 1 }, sshd.secret);
    const first = await make(bursar);
    assert.match(await failed(bursar), /host key of 127\.0\.0\.1 is not the one/);
    assert.deepEqual(readdirSync(sshd.target), []);
    await bursar.stopService();
    bursar.sections.backup_target.host_key = sshd.hostKey;
    writeFileSync(bursar.path('bursard.ini'), ini(bursar.sections));
    writeFileSync(path.join(sshd.target, 'bursar-20260101T000000Z.backup.part'), 'what a kill left');
    await bursar.launch();
    await arrived(bursar, first);
    assert.deepEqual(readdirSync(sshd.target), [first]);
    const second = await make(bursar);
    await arrived(bursar, second);
    assert.deepEqual(readdirSync(sshd.target), [second], 'one is kept');
    assert.deepEqual(readFileSync(path.join(sshd.target, second)), readFileSync(bursar.path(`backups/${second}`)));
    const fetched = await fetchBack(bursar, second, bursar.path('fetched'), sshd.secret);
    assert.equal(fetched.status, 0, fetched.stderr);
    assert.deepEqual(readFileSync(bursar.path('fetched')), readFileSync(bursar.path(`backups/${second}`)));
    await bursar.putSecret('away', 'a password that it does not take');
    await make(bursar);
    assert.match(await failed(bursar), /refuses the account/);
});

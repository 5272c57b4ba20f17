// Hunts: a certificate of the company's CA that callers refuse or that is renewed too late or with a restart; a CA that fails and takes the good
// certificate along; a key that the client of the CA could read; and strangers at port 80 who get more than the CA may see.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

import { Ca, certificateSeconds, whyNoCa } from './support/acme.mjs';
import { ini, makeCertificates, temporaryFolder } from './support/bursar.mjs';
import { program, Running, until } from './support/process.mjs';

const skip = whyNoCa() ?? false;
const name = 'bursar.corp.example';
let root;
let beside;
let ca;
let clock;
let service;

const inside = (file) => path.join(root, file);
const served = () => inside('var/lib/bursar-certificate/server.pem');
const serial = () => new X509Certificate(readFileSync(served())).serialNumber;
const challenges = () => path.join(beside, 'challenges');

/** Runs a program without blocking this process. */
function run(words, environment = {}, input = '') {
    return new Promise((resolve, reject) => {
        const child = spawn(words[0], words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
        const said = { stdout: '', stderr: '' };
        for (const stream of ['stdout', 'stderr']) child[stream].on('data', (piece) => (said[stream] += piece));
        child.on('error', reject);
        child.on('close', (status) => resolve({ status, ...said }));
        child.stdin.on('error', () => {});
        child.stdin.end(input);
    });
}
/** As the unit does it: the CA's root is the only one that is trusted. */
const setup = (words, environment = {}) =>
    run([...ca.under, program('bursar-setup'), '--root', root, '--challenge', ca.challenge, ...words], { BURSAR_CHALLENGES: challenges(), ...environment });
const ahead = (seconds) => ({ LD_PRELOAD: clock, BURSAR_AHEAD_SECONDS: String(seconds) });

function answers(certificate) {
    const file = path.join(beside, 'answers.ini');
    writeFileSync(
        file,
        ini({
            host: { name, address: '127.0.0.1', port: 8443 },
            certificate: { source: 'acme', acme_url: ca.url, acme_ca_file: ca.file, acme_mail: 'operators@corp.example', ...certificate },
            master_key: { source: 'file' },
            recovery: { make: 'no' },
        }),
    );
    return file;
}

before(async () => {
    if (skip) return;
    root = temporaryFolder();
    beside = temporaryFolder();
    for (const folder of ['ca', 'other', 'challenges']) mkdirSync(path.join(beside, folder));
    clock = path.join(beside, 'clock.so');
    execFileSync(process.env.CC ?? 'clang-19', ['-O1', '-shared', '-fPIC', '-o', clock, fileURLToPath(new URL('support/clock.c', import.meta.url))], { stdio: 'pipe' });
    ca = await Ca.start(path.join(beside, 'ca'));
    await ca.open(challenges());
});
after(async () => {
    await service?.stop();
    await ca?.stop();
    for (const folder of [root, beside]) if (folder) rmSync(folder, { recursive: true, force: true });
});

test('a CA that is not the one that was named is not asked, and nothing is written', { skip }, async () => {
    makeCertificates(path.join(beside, 'other'));
    const done = await setup(['--answers', answers({ acme_ca_file: path.join(beside, 'other/ca.pem') }), '--bursard', program('bursard')]);
    assert.equal(done.status, 1, done.stdout + done.stderr);
    assert.match(done.stdout, /wrong certificate: The CA at localhost:\d+ cannot be asked; look at certificate\.acme_url and certificate\.acme_ca_file/);
    assert.equal(existsSync(inside('etc')), false);
});

test('the set-up gets a certificate that callers trust, and its key stays with the service', { skip }, async () => {
    const done = await setup(['--answers', answers(), '--bursard', program('bursard')]);
    assert.equal(done.status, 0, done.stdout + done.stderr + ca.log().slice(-2000));
    assert.match(done.stdout, /The CA CN=Pebble Intermediate CA \S+ gave a certificate until .*SHA-256/);
    assert.match(ca.log(), /Attempting to validate w\/ HTTP: http:\/\/bursar\.corp\.example/, 'the CA asked whether the name is ours');
    assert.deepEqual(readdirSync(challenges()), [], 'and what it asked for is gone');
    assert.equal(statSync(inside('etc/bursar/tls/acme.key')).mode & 0o777, 0o640);
    assert.match(readFileSync(inside('etc/bursar/tls/acme.csr'), 'utf8'), /BEGIN CERTIFICATE REQUEST/);
    const there = readdirSync(inside('var/lib/bursar-certificate'), { recursive: true });
    for (const file of there.filter((each) => statSync(inside(`var/lib/bursar-certificate/${each}`)).isFile())) {
        const key = readFileSync(inside('etc/bursar/tls/acme.key'), 'utf8').split('\n')[1];
        assert.ok(!readFileSync(inside(`var/lib/bursar-certificate/${file}`), 'utf8').includes(key), `${file} of the client has the certificate's key`);
    }
    const account = there.find((each) => /^account-[0-9a-f]{16}\/private\/key\.pem$/.test(each));
    assert.ok(account, there.join(' '));
    assert.equal(statSync(inside(`var/lib/bursar-certificate/${account}`)).mode & 0o077, 0, 'nobody else reads the account\'s key');
});

/** The serial number that a caller sees who trusts the CA's root and nobody else. */
async function shown() {
    const port = readFileSync(inside('etc/bursar/port'), 'utf8').trim();
    const trusted = await ca.root();
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ host: '127.0.0.1', port, servername: name, ca: trusted }, () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
        });
        socket.once('error', reject);
    });
}

test('it is renewed when a third of its life is left, not before, and the service shows the new one without a restart', { skip }, async () => {
    const file = inside('etc/bursar/bursard.ini');
    writeFileSync(file, readFileSync(file, 'utf8').replace('port = 8443\n', 'port = 0\nport_file = port\n'));
    service = new Running('bursard', ['--config', file], path.join(beside, 'bursard.log'));
    await service.until('its port', () => existsSync(inside('etc/bursar/port')) && readFileSync(inside('etc/bursar/port'), 'utf8').trim());
    const first = serial();
    assert.equal(await shown(), first, 'the chain is whole, and for the name');

    const early = await setup(['renew'], ahead(certificateSeconds / 2));
    assert.equal(early.status, 0, early.stderr);
    assert.match(early.stdout, /needs no renewal/);
    assert.equal(serial(), first);

    const late = await setup(['renew'], ahead((certificateSeconds * 3) / 4));
    assert.equal(late.status, 0, late.stderr + ca.log().slice(-2000));
    assert.match(late.stdout, /is renewed and lasts until/);
    assert.notEqual(serial(), first);
    await until('the new one is shown', async () => (await shown()) === serial());
    const left = readdirSync(inside('var/lib/bursar-certificate')).filter((each) => !each.startsWith('account-'));
    assert.deepEqual(left.sort(), ['request.csr', 'server.pem'], 'renewals leave nothing behind that grows');
});

test('a CA that cannot see that the name is ours is named with its words, and the certificate stays', { skip }, async () => {
    const before = readFileSync(served());
    await ca.shut();
    const done = await setup(['renew'], ahead((certificateSeconds * 3) / 4));
    assert.equal(done.status, 1, done.stdout);
    assert.match(done.stderr, /^bursar-setup: The CA at https:\/\/localhost:\d+\/dir gives no certificate; it has to reach http:\/\/bursar\.corp\.example\/\.well-known\/ on port 80 of this machine: .*connection refused/);
    assert.equal(done.stderr.trim().split('\n').length, 1, 'one line of the journal says it all');
    assert.deepEqual(readFileSync(served()), before);
    assert.deepEqual(readdirSync(challenges()), [], 'nothing is left for strangers');
    assert.equal(await shown(), serial());
});

test('check says when it ends, and of one that is overdue where to look', { skip }, async () => {
    const good = await setup(['check', 'certificate', '--json']);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    const texts = JSON.parse(good.stdout).findings.map(({ text }) => text);
    const until = new X509Certificate(readFileSync(served())).validToDate ?? new Date(new X509Certificate(readFileSync(served())).validTo);
    assert.ok(texts.some((text) => text.includes(until.toISOString().slice(0, 19))), good.stdout);
    assert.ok(texts.some((text) => /bursar-certificate\.timer|timer that renews it/.test(text)), good.stdout);
    const late = await setup(['check', 'certificate'], ahead(certificateSeconds * 0.9));
    assert.match(late.stdout, /journalctl -u bursar-certificate says why/);
});

const kept = 'kept-by-this-test-0123456789.abcdefghijklmnopqrstuvwxyz';
const strangers = [
    ['what the CA asks for', 'GET /.well-known/acme-challenge/kept-by-this-test-0123456789 HTTP/1.1\r\nHost: x\r\n\r\n', 200],
    ['what the CA asks for, in HTTP/1.0 and without a head', 'GET /.well-known/acme-challenge/kept-by-this-test-0123456789 HTTP/1.0\r\n\r\n', 200],
    ['a token that nobody gave', 'GET /.well-known/acme-challenge/AAAAAAAAAAAAAAAAAAAAAAAAAAAA HTTP/1.1\r\n\r\n', 404],
    ['a way out of the folder', 'GET /.well-known/acme-challenge/../../../../etc/passwd HTTP/1.1\r\n\r\n', 404],
    ['a way out that a shell would go', 'GET /.well-known/acme-challenge/$(cat${IFS}/etc/passwd)_______________ HTTP/1.1\r\n\r\n', 404],
    ['another method', 'POST /.well-known/acme-challenge/kept-by-this-test-0123456789 HTTP/1.1\r\n\r\n', 404],
    ['the folder itself', 'GET /.well-known/acme-challenge/ HTTP/1.1\r\n\r\n', 404],
    ['a line without an end', `GET /${'a'.repeat(100_000)}`, 404],
    ['a zero byte', 'GET /.well-known/acme-challenge/kept-by-this-test-0123456789\0 HTTP/1.1x\r\n\r\n', 404],
];

test('port 80 answers the CA\'s question and nothing else', { skip }, async (context) => {
    writeFileSync(path.join(challenges(), 'kept-by-this-test-0123456789'), kept);
    for (const [sentence, request, status] of strangers)
        await context.test(sentence, async () => {
            const done = await run([ca.challenge, 'answer'], { BURSAR_CHALLENGES: challenges() }, request);
            assert.match(done.stdout, new RegExp(`^HTTP/1\\.1 ${status} `), done.stderr);
            const body = done.stdout.split('\r\n\r\n')[1];
            assert.equal(body === kept, status === 200);
            assert.match(done.stdout, new RegExp(`\\r\\nContent-Length: ${body.length}\\r\\n`));
        });
    for (const half of ['', 'GET /.well-known/acme-challenge/kept-by-this-test-0123456789', Buffer.from('160301020001000001fc0303', 'hex')]) {
        const silent = await run([ca.challenge, 'answer'], { BURSAR_CHALLENGES: challenges() }, half);
        assert.deepEqual([silent.status, silent.stdout], [0, ''], 'who goes in the middle of a line is not answered');
    }
});

test('a token that is none is not written anywhere', { skip }, async () => {
    for (const [token, answer] of [
        ['../../etc/cron.d/evil_0123456789', `${'a'.repeat(30)}.${'b'.repeat(30)}`],
        ['a'.repeat(30), 'no answer at all'],
        ['short', `short.${'b'.repeat(30)}`],
    ]) {
        const before = readdirSync(challenges());
        const done = await run([ca.challenge, 'begin', 'http-01', name, token, answer], { BURSAR_CHALLENGES: challenges() });
        assert.equal(done.status, 1);
        assert.match(done.stderr, /the CA's token is none/);
        assert.deepEqual(readdirSync(challenges()), before);
    }
    for (const kind of ['dns-01', 'tls-alpn-01'])
        assert.equal((await run([ca.challenge, 'begin', kind, name, 'a'.repeat(30), `${'a'.repeat(30)}.${'b'.repeat(30)}`], { BURSAR_CHALLENGES: challenges() })).status, 1);
});

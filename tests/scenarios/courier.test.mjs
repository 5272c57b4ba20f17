// Hunts: a bursar-courier that cannot be told how it is used wrongly, that another process of the machine can read, that does not come back
// to a service that went away, that keeps what it should have told, or that ends in the middle of something. Who it writes to is in
// courier-slack, courier-jira and courier-others.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { temporaryFolder } from './support/bursar.mjs';
import { program, Running, until } from './support/process.mjs';

/** Bursard's end of the socket. */
class Service {
    receipts = [];
    hellos = [];
    connections = 0;
    async open(file) {
        this.server = net.createServer((socket) => this.#take(socket));
        await new Promise((resolve) => this.server.listen(file, resolve));
    }
    #take(socket) {
        this.connections += 1;
        this.socket = socket;
        let bytes = Buffer.alloc(0);
        socket.on('error', () => {});
        socket.on('data', (more) => {
            bytes = Buffer.concat([bytes, more]);
            while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
                const end = 4 + bytes.readUInt32BE(0);
                const frame = JSON.parse(bytes.subarray(4, end).toString('utf8'));
                if (frame.courier) this.hellos.push(frame.courier);
                else this.receipts.push(frame.receipt);
                bytes = bytes.subarray(end);
            }
        });
    }
    hand(frame) {
        const bytes = Buffer.from(JSON.stringify(frame));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        this.socket.write(Buffer.concat([length, bytes]));
    }
    receipt(id) {
        return until(`the receipt of ${id}`, () => this.receipts.find((each) => each.id === id));
    }
    async close() {
        this.socket?.destroy();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

const delivery = (id, url, more = {}) => ({
    delivery: {
        id,
        target: { name: 'hook', kind: 'webhook', settings: { url }, secrets: { key: 'SecretOfTheSignature' } },
        message: { incident: `incident of ${id}`, kind: 'request.made', severity: 'info', state: 'news', at: '2026-11-29T21:50:00Z', title: 'Somebody asks for more' },
        ...more,
    },
});

let folder, file, service, courier, receiver, origin;
/** What the receiver does with the next requests; then it says 204. */
let answers = [];
let taken = [];
const launch = async () => {
    const before = service.hellos.length;
    courier = new Running('bursar-courier', ['--socket', file], path.join(folder, 'courier.log'));
    await courier.until('its hello', () => service.hellos.length > before);
};

before(async () => {
    folder = temporaryFolder();
    file = path.join(folder, 'courier.sock');
    receiver = http.createServer((request, response) => {
        const pieces = [];
        request.on('data', (piece) => pieces.push(piece)).on('end', () => {
            taken.push(JSON.parse(Buffer.concat(pieces)).id);
            const answer = answers.shift();
            if (answer) answer(response);
            else response.writeHead(204).end();
        });
    });
    await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${receiver.address().port}/hook`;
    service = new Service();
    await service.open(file);
    await launch();
});
after(async () => {
    await courier?.signal('SIGKILL');
    receiver?.closeAllConnections();
    receiver?.close();
    await service?.close();
    rmSync(folder, { recursive: true, force: true });
});

describe('the command line', () => {
    const run = (...words) => spawnSync(program('bursar-courier'), words, { encoding: 'utf8', timeout: 10_000 });
    test('says what there is, and its version', () => {
        assert.match(run('--help').stdout, /--socket PATH/);
        assert.equal(run('--help').status, 0);
        assert.match(run('--version').stdout, /^bursar-courier \d+\.\d+\.\d+\n$/);
    });
    test('wrong usage is 2, a wrong configuration 78', () => {
        const wrong = path.join(folder, 'wrong.ini');
        writeFileSync(wrong, '[courier]\nsockets = x\n');
        for (const [words, status, why] of [
            [[], 2, /--socket/],
            [['--bogus'], 2, /--bogus/],
            [['--socket'], 2, /--socket/],
            [['--config', path.join(folder, 'nowhere.ini')], 78, /nowhere\.ini/],
            [['--config', wrong], 78, /courier\.sockets/],
            [['--socket', file, '--user', 'nobody-of-that-name'], 78, /nobody-of-that-name/],
        ]) {
            const done = run(...words);
            assert.equal(done.status, status, `${words}: ${done.stderr}`);
            assert.match(done.stderr, why);
            assert.equal(done.stdout, '');
        }
    });
    test("bursard's own configuration is enough", async () => {
        const ini = path.join(folder, 'bursard.ini');
        writeFileSync(ini, '[listen]\nport = 0\n[courier]\nsocket = courier.sock\n[log]\nlevel = info\n');
        const hellos = service.hellos.length;
        const second = new Running('bursar-courier', ['--config', ini], path.join(folder, 'second.log'));
        await second.until('its hello', () => service.hellos.length > hellos);
        await second.stop();
        // The newer connection has taken the desk of the fake; the first courier gets it back.
        await courier.stop();
        await launch();
    });
});

test('its hello says wire, version and how many at once', () => assert.deepEqual([service.hellos[0].wire, service.hellos[0].at_once], [2, 8]));

test('nobody can look into it, it leaves no core, and it gets no rights', () => {
    const status = readFileSync(`/proc/${courier.pid}/status`, 'utf8');
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(readFileSync(`/proc/${courier.pid}/limits`, 'utf8'), /^Max core file size\s+0\s+0/m);
    // What is not dumpable belongs to root, whoever runs it.
    if (process.getuid() !== 0) assert.throws(() => readFileSync(`/proc/${courier.pid}/environ`));
});

test('it opens no port and writes no file', { skip: process.getuid() !== 0 && 'only root may look' }, () => {
    const own = execFileSync('ls', ['-l', `/proc/${courier.pid}/fd`], { encoding: 'utf8' });
    const sockets = [...own.matchAll(/socket:\[(\d+)\]/g)].map(([, inode]) => inode);
    for (const kind of ['tcp', 'tcp6', 'udp', 'udp6']) {
        const listening = readFileSync(`/proc/${courier.pid}/net/${kind}`, 'utf8')
            .split('\n')
            .filter((line) => / 0A /.test(line))
            .map((line) => line.trim().split(/\s+/)[9]);
        for (const inode of sockets) assert.ok(!listening.includes(inode), `it listens on ${kind}`);
    }
    const files = [...own.matchAll(/-> (\/[^\n]+)/g)].map(([, name]) => name).filter((name) => !/^\/(dev|proc)\//.test(name) && !name.endsWith('courier.log'));
    assert.deepEqual(files, []);
});

test('what a receiver answers is what the service hears', async () => {
    for (const [status, outcome] of [[200, 'sent'], [204, 'sent'], [400, 'refused'], [410, 'closed'], [429, 'later'], [500, 'later']]) {
        answers.push((response) => response.writeHead(status, status === 429 ? { 'retry-after': '9' } : {}).end('in words'));
        service.hand(delivery(`status ${status}`, origin));
        const receipt = await service.receipt(`status ${status}`);
        assert.equal(receipt.outcome, outcome, receipt.reason);
        assert.equal(receipt.wait_ms, status === 429 ? 9000 : undefined);
        assert.ok(receipt.answer.startsWith(`HTTP ${status}`), receipt.answer);
    }
});

test('a service that goes away and comes back has its courier again, and what was under way meanwhile is not sent twice', async () => {
    let finish;
    answers.push((response) => (finish = () => response.writeHead(204).end()));
    service.hand(delivery('across', origin));
    await until('it to arrive', () => finish);
    await service.close();
    rmSync(file, { force: true });
    finish();
    await until('its end', () => /"delivery":"across"/.test(courier.words()));
    const hellos = service.hellos.length;
    await service.open(file);
    await courier.until('its second hello', () => service.hellos.length > hellos);
    service.hand(delivery('across', origin, { perhaps_sent: true }));
    assert.equal((await service.receipt('across')).outcome, 'sent');
    assert.equal(taken.filter((id) => id === 'across').length, 1);
});

test('of one incident one is under way; another one is handed back', async () => {
    let finish;
    answers.push((response) => (finish = () => response.writeHead(204).end()));
    const first = delivery('first', origin);
    const second = delivery('second', origin);
    second.delivery.message.incident = first.delivery.message.incident;
    service.hand(first);
    await until('the first to arrive', () => finish);
    service.hand(second);
    service.hand(delivery('other', origin));
    assert.equal((await service.receipt('second')).outcome, 'later');
    assert.equal((await service.receipt('other')).outcome, 'sent');
    assert.ok(!taken.includes('second'));
    finish();
    assert.equal((await service.receipt('first')).outcome, 'sent');
});

test('SIGTERM: what is under way is ended and told, what comes then is handed back', async () => {
    let finish;
    answers.push((response) => (finish = () => response.writeHead(204).end()));
    service.hand(delivery('last', origin));
    await until('it to arrive', () => finish);
    const ended = courier.signal('SIGTERM');
    await courier.until('its word', () => /"stopping"/.test(courier.words()));
    service.hand(delivery('too late', origin));
    assert.equal((await service.receipt('too late')).outcome, 'later');
    finish();
    assert.equal((await service.receipt('last')).outcome, 'sent');
    assert.deepEqual(await ended, { code: 0, signal: null });
    assert.ok(!taken.includes('too late'));
    await launch();
});

test('SIGTERM: who never answers is left after ten seconds', async () => {
    answers.push(() => {});
    service.hand(delivery('mute', origin));
    await until('it to arrive', () => taken.includes('mute'));
    const began = Date.now();
    assert.deepEqual(await courier.signal('SIGTERM'), { code: 0, signal: null });
    assert.ok(Date.now() - began < 15_000);
    assert.ok(!service.receipts.some(({ id }) => id === 'mute'), 'nobody knows how that went, so nobody says');
    await launch();
});

test('a courier that starts before its service waits for it', async () => {
    const place = path.join(folder, 'later');
    mkdirSync(place);
    const socket = path.join(place, 'courier.sock');
    const early = new Running('bursar-courier', ['--socket', socket], path.join(folder, 'early.log'));
    await early.until('its word', () => /"not_connected"/.test(early.words()));
    assert.ok(!existsSync(socket));
    const late = new Service();
    await late.open(socket);
    await early.until('its hello', () => late.hellos.length === 1);
    await early.stop();
    await late.close();
    assert.deepEqual(readdirSync(place).filter((name) => name !== 'courier.sock'), []);
});

test('its log is JSON, one line each, and has no secret', () => {
    const words = courier.words();
    for (const line of words.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line);
    assert.doesNotMatch(words, /SecretOfTheSignature/);
});

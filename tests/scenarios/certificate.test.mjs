// Hunts: a renewed certificate that needs a restart, ends connections that are open, or is taken though it cannot be used.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import tls from 'node:tls';

import { Bursar, makeCertificates } from './support/bursar.mjs';
import { until } from './support/process.mjs';

let bursar;
after(() => bursar?.stop());

const serial = (file) => new X509Certificate(readFileSync(bursar.path(file))).serialNumber;

function connect() {
    const { hostname, port } = new URL(bursar.origin);
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ host: hostname, port, rejectUnauthorized: false }, () => resolve(socket)).once('error', reject);
    });
}

async function shown() {
    const socket = await connect();
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
}

/** The status line of a whole answer. */
const ask = (socket) =>
    new Promise((resolve, reject) => {
        let text = '';
        const take = (bytes) => {
            text += bytes;
            const end = text.indexOf('\r\n\r\n');
            const length = /^content-length: (\d+)/im.exec(text)?.[1];
            if (end < 0 || text.length < end + 4 + Number(length)) return;
            socket.off('data', take);
            resolve(text.split('\r\n')[0]);
        };
        socket.on('data', take).once('close', () => reject(new Error('closed')));
        socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });

test('new files are shown to new connections, open ones go on, and wrong files change nothing', async () => {
    bursar = await Bursar.start({ tls: true, secrets: {} });
    const first = serial('server.pem');
    assert.equal(await shown(), first);
    const held = await connect();
    assert.match(await ask(held), /^HTTP\/1\.1 200/);

    makeCertificates(bursar.folder);
    const second = serial('server.pem');
    assert.notEqual(second, first);
    await until('the new one is shown', async () => (await shown()) === second);
    assert.match(await ask(held), /^HTTP\/1\.1 200/, 'the open connection goes on');

    const key = readFileSync(bursar.path('server.key'));
    writeFileSync(bursar.path('server.key'), 'no key at all');
    await until('it was looked at', () => bursar.running.words().includes('certificate_not_reloaded'));
    assert.equal(await shown(), second);
    writeFileSync(bursar.path('server.key'), key);
    assert.match(await ask(held), /^HTTP\/1\.1 200/);
    held.destroy();
});

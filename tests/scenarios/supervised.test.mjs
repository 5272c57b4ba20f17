// Hunts: a service that opens a port of its own beside the one that systemd hands it, is called ready before it answers, goes on saying that it
// lives without being asked to, or loses who came while it was exchanged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';

import { Bursar, temporaryFolder } from './support/bursar.mjs';
import { program, until } from './support/process.mjs';

const support = path.join(import.meta.dirname, 'support');
let bursar;
let supervisor;
const told = [];
const said = (word) => told.filter((one) => one.said?.split('\n').includes(word)).length;
const ended = () => told.filter((one) => 'ended' in one);
const alive = () => fetch(`http://127.0.0.1:${told[0].port}/healthz`, { headers: { connection: 'close' }, signal: AbortSignal.timeout(30_000) });

before(async () => {
    bursar = new Bursar();
    bursar.options = {};
    bursar.folder = temporaryFolder();
    bursar.providerOrigin = 'http://127.0.0.1:9';
    bursar.configure();
    bursar.issueOperator('scenario');
    supervisor = spawn('python3', [path.join(support, 'supervisor.py'), bursar.folder, program('bursard'), '--config', bursar.path('bursard.ini')], {
        stdio: ['pipe', 'pipe', 'ignore'],
    });
    createInterface({ input: supervisor.stdout }).on('line', (line) => {
        // Lines of the service's own log come by the same way.
        const one = JSON.parse(line);
        if ('port' in one || 'said' in one || 'ended' in one) told.push(one);
    });
    await until('the port', () => told.length > 0);
});

after(() => {
    supervisor?.stdin.end();
    rmSync(bursar.folder, { recursive: true, force: true });
});

test('who comes before there is a service is served by it at the port that was handed over', async () => {
    const early = alive();
    supervisor.stdin.write('start\n');
    assert.equal((await early).status, 200);
    await until('readiness', () => said('READY=1') === 1);
    assert.ok(told.some((one) => one.said?.includes(`STATUS=Listening on port ${told[0].port}`)));
});

test('it says again and again that it lives', async () => {
    await until('three signs of life', () => said('WATCHDOG=1') >= 3);
});

test('it says that it stops, and who comes before the next one is served by that', async () => {
    supervisor.stdin.write('stop\n');
    await until('its end', () => ended().length === 1);
    assert.equal(ended()[0].ended, 0);
    assert.equal(said('STOPPING=1'), 1);
    const between = alive();
    supervisor.stdin.write('start\n');
    assert.equal((await between).status, 200);
    await until('readiness again', () => said('READY=1') === 2);
    supervisor.stdin.write('stop\n');
    await until('its end', () => ended().length === 2);
});

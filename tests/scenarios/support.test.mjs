// Hunts: a secret in a support bundle; a bundle that cannot be made when the service is in trouble, which is when it is needed.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { Bursar } from './support/bursar.mjs';

let bursar;
after(async () => bursar?.stop());

test('a bundle has what helps, and no secret of any kind', async () => {
    bursar = await Bursar.start();
    const key = await bursar.issueKey();
    writeFileSync(bursar.path('log'), `${readFileSync(bursar.path('bursard.log'), 'utf8')}\nsomebody wrote ${key} and ${bursar.token} here\n`);
    const file = bursar.path('bundle.json');
    const made = bursar.ctl(['support-bundle', '--output', file, '--log', bursar.path('log'), '--json']);
    assert.equal(made.status, 0, made.stderr);
    const said = JSON.parse(made.stdout);
    assert.equal(said.file, file);
    assert.equal(said.taken_out.filter((each) => each.what === 'a key or token of Bursar').length, 2);
    const text = readFileSync(file, 'utf8');
    for (const secret of [key, bursar.token, bursar.provider.key, readFileSync(bursar.path('master.key'), 'utf8').trim()]) assert.ok(!text.includes(secret), 'a secret is in it');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const files = JSON.parse(text).bursar_support_bundle;
    assert.ok(JSON.parse(files['checks.json']).checks.length > 3);
    assert.match(files['metrics.txt'], /^bursar_/m);
    assert.match(files['policy.json'], /demo-gpt/);
    assert.match(files['bursard.log'], /"event":"ready"/);
});

test('without a service it says so, in the bundle too', async () => {
    await bursar.stopService();
    const file = bursar.path('bundle.json');
    const made = bursar.ctl(['support-bundle', '--output', file]);
    assert.equal(made.status, 0, made.stderr);
    const files = JSON.parse(readFileSync(file, 'utf8')).bursar_support_bundle;
    assert.match(files['ready.json'], /Nobody listens|refused|not answer/i);
    assert.match(files['about.json'], /kernel/);
});

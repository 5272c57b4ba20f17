// Hunts: a provider key, a virtual key or an operator token anywhere but where it belongs: in files, logs, answers, the support
// bundle, a backup, /proc, a core file.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Bursar, temporaryFolder } from './support/bursar.mjs';
import { program, reach, slow, until } from './support/process.mjs';

const canary = `sk-canary-${randomBytes(24).toString('hex')}`;
const wrongCanary = `sk-wrong-${randomBytes(24).toString('hex')}`;

/** The ways in which bytes hide. */
function disguises(secret) {
    const bytes = Buffer.from(secret);
    return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64').replace(/=+$/, '').slice(0, -2)),
            Buffer.from(encodeURIComponent(secret)), Buffer.from(bytes).reverse(), Buffer.from(secret, 'utf16le')];
}

function assertAbsent(where, content, secrets) {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
    for (const [name, secret] of Object.entries(secrets))
        for (const [i, disguise] of disguises(secret).entries()) assert.ok(!bytes.includes(disguise), `${where} holds the ${name} (form ${i})`);
}

function filesOf(folder) {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
}

const backups = temporaryFolder();
let bursar;
let key;
const answers = [];

before(async () => {
    bursar = await Bursar.start({ providerKey: canary, sections: { backup: { folder: backups, every_hours: 0 } } });
    key = await bursar.issueKey();
    const chat = (content, more = {}) => ({ model: 'demo-gpt', messages: [{ role: 'user', content }], ...more });
    const keep = async (name, answer) => answers.push([name, JSON.stringify([...answer.headers]) + (await answer.text().catch(String))]);
    // Everything that goes well, and everything that goes wrong, with the right key and with a wrong one.
    for (const value of [canary, wrongCanary]) {
        await bursar.putSecret('demo', value);
        for (const directive of ['tokens=3', 'status=400', 'status=401', 'status=500', 'garbage', 'wrong_type', 'lying_length', 'cut=2', 'no_usage'])
            for (const stream of [false, true])
                await keep(`chat ${directive}`, await bursar.call(key, '/v1/chat/completions', chat(`x [[demo ${directive}]]`, { stream })));
        await keep('messages', await bursar.call(key, '/v1/messages', { ...chat('x [[demo tokens=3]]'), model: 'demo-claude', max_tokens: 9 },
                                                 { headers: { 'anthropic-version': '2023-06-01' } }));
        await keep('embeddings', await bursar.call(key, '/v1/embeddings', { model: 'demo-embed', input: 'x' }));
    }
    for (const where of ['openapi.json', 'whoami', 'vault', 'secrets', 'keys', 'policy', 'policy/revisions', 'policy/revisions/1', 'teams', 'budgets',
                         'usage?group_by=team,model', 'calls', 'ledger', 'audit', 'providers', 'operators', 'checks']) {
        const answer = await bursar.api('GET', where);
        assert.equal(answer.status, 200, `${where}: ${answer.text}`);
        answers.push([where, JSON.stringify([...answer.headers]) + answer.text]);
    }
    for (const where of ['/metrics', '/healthz', '/readyz', '/', '/api/v1/nothing'])
        await keep(where, await fetch(bursar.origin + where, { headers: { authorization: `Bearer ${bursar.token}` } }));
});
after(async () => {
    await bursar?.stop();
    rmSync(backups, { recursive: true });
});

test('no answer shows a provider key, or a credential of somebody', () => {
    assert.ok(answers.length > 50);
    for (const [where, text] of answers)
        assertAbsent(where, text, { 'provider key': canary, 'former provider key': wrongCanary, 'virtual key': key, 'operator token': bursar.token });
});

test('no file of the state folder and no log shows one, and the databases hold no plain text', () => {
    const secrets = { 'provider key': canary, 'former provider key': wrongCanary, 'virtual key': key, 'operator token': bursar.token,
                      'master key': readFileSync(bursar.path('master.key'), 'utf8').trim() };
    const files = filesOf(bursar.path('state'));
    assert.ok(files.some((file) => file.endsWith('bursar.db')) && files.some((file) => file.includes('vault')), files.join('\n'));
    for (const file of [...files, bursar.path('bursard.log')]) assertAbsent(file, readFileSync(file), secrets);
    for (const file of files.filter((name) => /\.db(-wal|-shm)?$/.test(name)))
        for (const word of ['SQLite format 3', 'CREATE TABLE', 'demo-gpt', 'Scenario GmbH', 'scenario'])
            assert.ok(!readFileSync(file).includes(word), `${file} holds "${word}" in plain`);
});

test('neither the support bundle nor a backup shows one', async () => {
    // The end of the log goes into the bundle, and is what a secret would come with.
    const bundle = bursar.path('bundle.json');
    const made = bursar.ctl(['support-bundle', '--output', bundle, '--log', bursar.path('bursard.log')]);
    assert.equal(made.status, 0, made.stderr);
    const backup = bursar.ctl(['backup', 'create']);
    assert.equal(backup.status, 0, backup.stderr);
    const files = filesOf(backups);
    assert.equal(files.length, 1, files.join('\n'));
    const secrets = { 'provider key': canary, 'former provider key': wrongCanary, 'virtual key': key, 'operator token': bursar.token,
                      'master key': readFileSync(bursar.path('master.key'), 'utf8').trim() };
    for (const file of [bundle, ...files]) assertAbsent(file, readFileSync(file), secrets);
    for (const [name, text] of Object.entries({ 'support-bundle': made, backup })) assertAbsent(name, text.stdout + text.stderr, secrets);
    assert.match(readFileSync(bundle, 'utf8'), /checks/, 'an empty bundle proves nothing');
    for (const word of ['demo-gpt', 'CREATE TABLE']) assert.ok(!readFileSync(files[0]).includes(word), `the backup holds "${word}" in plain`);
});

test('neither the environment nor the command line of any process shows one', () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
        for (const name of ['environ', 'cmdline']) {
            let content;
            try {
                content = readFileSync(`/proc/${pid}/${name}`);
            } catch {
                continue; // ended, or not ours to read
            }
            assertAbsent(`/proc/${pid}/${name}`, content, { 'provider key': canary });
        }
    }
});

test('a crash leaves no core file with a key in it', { skip: slow && 'a sanitiser catches the signal itself' }, async () => {
    // The same state, served by a process that may write cores as large as it likes, in a folder that shows them.
    await bursar.putSecret('demo', canary);
    await bursar.stopService();
    const cores = bursar.path('cores');
    mkdirSync(cores);
    const child = spawn('bash', ['-c', 'ulimit -c unlimited; exec "$0" --config "$1"', program('bursard'), bursar.path('bursard.ini')], {
        cwd: cores,
        stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal)));
    await until('ready', async () => {
        const port = existsSync(bursar.path('port')) && readFileSync(bursar.path('port'), 'utf8').trim();
        return port && (await reach(`http://127.0.0.1:${port}/readyz`))?.status === 200;
    });
    const dumpable = readFileSync(`/proc/${child.pid}/limits`, 'utf8').match(/Max core file size\s+(\S+)/)[1];
    child.kill('SIGABRT');
    assert.equal(await ended, 'SIGABRT');
    for (const file of filesOf(cores)) assertAbsent(file, readFileSync(file), { 'provider key': canary });
    assert.equal(dumpable, '0', 'bursard should forbid core files to itself');
    assert.deepEqual(filesOf(cores), []);
    await bursar.launch();
});

test('who is not root cannot read the memory of bursard', () => {
    // A process that is not dumpable belongs to root in /proc, whoever runs it.
    const owner = execFileSync('stat', ['-c', '%U', `/proc/${bursar.running.pid}/environ`], { encoding: 'utf8' }).trim();
    assert.equal(owner, 'root');
});

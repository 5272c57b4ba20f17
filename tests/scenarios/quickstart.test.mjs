// Hunts: a newcomer's first five minutes going wrong: printed lines that do not work, a second start that loses the first one's keys, an
// end that leaves something running.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { temporaryFolder } from './support/bursar.mjs';
import { program, root, slow } from './support/process.mjs';

let folder;
let state;
let port;

/** A port that was free a moment ago. */
function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port: found } = server.address();
            server.close(() => resolve(found));
        });
    });
}

function quickstart(words, environment = {}) {
    const { OPENAI_API_KEY: _a, ANTHROPIC_API_KEY: _b, OPENAI_BASE_URL: _c, ...clean } = process.env;
    return spawnSync(path.join(root, 'installer/quickstart'), ['--state', state, ...words], {
        encoding: 'utf8',
        env: { ...clean, ...environment },
        timeout: 30 * 60_000,
    });
}

const alive = (pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

before(async () => {
    folder = temporaryFolder();
    state = path.join(folder, 'a state');
    port = await freePort();
});
after(() => {
    if (existsSync(state)) quickstart(['--stop']);
    rmSync(folder, { recursive: true, force: true });
});

/** What must not stay in the environment of what was started; the base URL is the test's own, so that no provider hears the key. */
const environment = { OPENAI_API_KEY: 'canary-openai', ANTHROPIC_API_KEY: 'canary-anthropic', SOME_OTHER_TOKEN: 'canary-other', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };

/** The names in the environment that a process was started with; nothing if even that is closed to us. */
function environmentOf(pid) {
    try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    } catch (error) {
        assert.equal(error.code, 'EACCES');
        return [];
    }
}

test('the first start, the printed lines, the second start, the end', { skip: slow && 'once is enough' }, () => {
    const first = quickstart(['--port', String(port)]);
    assert.equal(first.status, 0, first.stderr + first.stdout);
    const curls = first.stdout.split('\n').filter((line) => line.startsWith('curl '));
    assert.equal(curls.length, 2);
    const plain = JSON.parse(execFileSync('bash', ['-c', curls[0]], { encoding: 'utf8' }));
    assert.ok(plain.choices[0].message.content.length > 0);
    const streamed = execFileSync('bash', ['-c', curls[1]], { encoding: 'utf8' });
    assert.match(streamed, /^data: \{.*\n\n.*data: \[DONE\]\n\n$/s);

    const file = path.join(state, 'quickstart.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const facts = JSON.parse(readFileSync(file, 'utf8'));
    assert.equal(facts.gateway_url, `https://127.0.0.1:${port}/v1`);
    assert.equal(facts.console_url, `https://127.0.0.1:${port}/`);
    assert.ok(alive(facts.pid) && alive(facts.courier_pid) && alive(facts.demo_provider_pid));
    const ctl = (...words) => execFileSync(path.join(root, 'build/release/bin/bursarctl'), ['--quickstart', file, ...words], { encoding: 'utf8' });
    // The quickstart itself asks which models there are; that is a call too.
    const completions = () => JSON.parse(ctl('calls', '--json')).calls.filter(({ endpoint }) => endpoint === 'chat_completions');
    assert.equal(completions().length, 2);
    ctl('doctor');

    // Again: what runs goes on running, with the same keys.
    const second = quickstart([]);
    assert.equal(second.status, 0, second.stderr);
    const again = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([again.pid, again.courier_pid, again.api_key, again.operator_token], [facts.pid, facts.courier_pid, facts.api_key, facts.operator_token]);

    const stopped = quickstart(['--stop']);
    assert.equal(stopped.status, 0, stopped.stderr);
    assert.ok(!alive(facts.pid) && !alive(facts.courier_pid) && !alive(facts.demo_provider_pid));

    // After an end: other processes, the same keys and books. Providers of the environment are added, their keys to the vault only.
    const third = quickstart([], environment);
    assert.equal(third.status, 0, third.stderr);
    const restarted = JSON.parse(readFileSync(file, 'utf8'));
    for (const pid of [restarted.pid, restarted.courier_pid, restarted.demo_provider_pid]) assert.doesNotMatch(environmentOf(pid).join('\n'), /canary|API_KEY/);
    const secrets = JSON.parse(ctl('secret', 'list', '--json')).secrets.map(({ name }) => name);
    assert.deepEqual(secrets.sort(), ['demo', 'environment-anthropic', 'environment-openai']);
    assert.equal(completions().length, 2);
    assert.ok(JSON.parse(execFileSync('bash', ['-c', curls[0]], { encoding: 'utf8' })).usage.total_tokens > 0);
    assert.equal(quickstart(['--stop']).status, 0);
    assert.equal(quickstart(['--stop']).status, 0, 'stopping twice is no mistake');
});

// The steps behind the build, in a checkout of its own. Where the tests run as root, the user is another one: root may look at every
// process, so it does not notice what is closed to others.
test('who started it without being root finds it, keeps it and ends it', async () => {
    const checkout = path.join(folder, 'checkout');
    const mine = path.join(folder, 'of-a-user');
    const bin = path.join(checkout, 'build/release/bin');
    for (const part of ['installer', 'policies/defaults', 'service/demo/policy']) cpSync(path.join(root, part), path.join(checkout, part), { recursive: true });
    mkdirSync(bin, { recursive: true });
    for (const name of ['bursard', 'bursar-courier', 'bursar-demo-provider']) cpSync(program(name), path.join(bin, name));
    for (const name of ['tls', 'run', 'log', 'policy', 'data']) mkdirSync(path.join(mine, name), { recursive: true });
    const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
    chmodSync(folder, 0o755);
    if (user.uid) for (const name of ['', 'tls', 'run', 'log', 'policy', 'data']) chownSync(path.join(mine, name), user.uid, user.gid);

    const steps = (words) =>
        spawnSync('bash', ['-c', `set -euo pipefail; umask 077; . "$here/lib.sh"; . "$here/quickstart.sh"; ${words}`], {
            encoding: 'utf8',
            cwd: checkout,
            env: { PATH: process.env.PATH, ...environment, root: checkout, here: path.join(checkout, 'installer'), bin, state: mine, state_option: '', port: '', wanted },
            timeout: 120_000,
            ...user,
        });
    const wanted = String(await freePort());
    const start = `port=$wanted; make_certificates; make_master_key; start_demo_provider; make_policy; make_configuration; issue_operator_token;
                   start_bursard; start_courier; wait_until_ready; echo "$demo_pid $bursard_pid $courier_pid"`;
    const stop = 'stop_service bursard "$state/run/bursard.pid"; stop_service bursar-courier "$state/run/courier.pid"; stop_service bursar-demo-provider "$state/run/demo.pid"';
    try {
        const first = steps(start);
        assert.equal(first.status, 0, first.stderr);
        for (const pid of first.stdout.trim().split(' ')) assert.doesNotMatch(environmentOf(pid).join('\n'), /canary/);
        const second = steps(start);
        assert.equal(second.status, 0, second.stderr);
        assert.equal(second.stdout, first.stdout, 'the second start keeps what runs');
        const stopped = steps(stop);
        assert.match(stopped.stderr, /bursard stopped[^]*bursar-demo-provider stopped/);
        for (const pid of first.stdout.trim().split(' ')) assert.ok(!alive(pid), `${pid} runs on`);
    } finally {
        steps(stop);
    }
});

test('a port that somebody else has is said in one sentence', { skip: slow && 'once is enough' }, async () => {
    const other = http.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const taken = other.address().port;
    const refused = quickstart(['--port', String(taken)]);
    other.close();
    assert.equal(refused.status, 1);
    assert.match(refused.stderr.trim().split('\n').at(-1), new RegExp(`port ${taken} is in use.*--port`));
});

test('wrong usage is exit code 2', () => {
    for (const words of [['--prot', '1'], ['--port', 'x'], ['--port', '70000']]) assert.equal(quickstart(words).status, 2, words.join(' '));
});

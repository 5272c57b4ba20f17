// Hunts: a command of bursarctl that does not do what it says, says it to the wrong stream, or ends with the wrong exit code.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { program, until } from './support/process.mjs';

let bursar;
before(async () => {
    bursar = await Bursar.start();
});
after(() => bursar?.stop());

/** Runs it and expects that exit code. */
function ctl(words, { code = 0, ...more } = {}) {
    const done = bursar.ctl(words, more);
    assert.equal(done.status, code, `bursarctl ${words.join(' ')}: ${done.stdout}${done.stderr}`);
    return done;
}

test('every command that only looks prints a table for people and JSON for programs', async () => {
    const key = await bursar.issueKey();
    const call = await bursar.call(key, '/v1/chat/completions', { model: 'demo-gpt', messages: [{ role: 'user', content: 'x [[demo tokens=3]]' }] });
    assert.equal(call.status, 200);
    await call.text();
    for (const words of ['vault status', 'secret list', 'key list', 'policy show', 'policy history', 'usage --by team,model', 'calls', 'budgets', 'budget forecast',
                         'teams', 'ledger', 'providers', 'provider catalogue', 'audit list', 'audit verify', 'operator list', 'whoami', 'doctor']) {
        const people = ctl(words.split(' '));
        assert.ok(people.stdout.trim().length > 0, `${words} says nothing: ${people.stderr}`);
        assert.doesNotMatch(people.stdout, /undefined|\[object/, words);
        const json = JSON.parse(ctl([...words.split(' '), '--json']).stdout);
        assert.equal(typeof json, 'object', words);
    }
    assert.match(ctl(['calls']).stdout, /demo-gpt\s.*\s200\s/);
    assert.match(ctl(['usage', '--by', 'team,model']).stdout, /^TEAM\s+MODEL\s+CALLS[^\n]*\ndemo\s+demo-gpt\s+1\s/);
    assert.match(ctl(['budgets']).stdout, /^team:demo\s+100\.00 USD\s+per month\s+\d/m);
    assert.match(ctl(['whoami']).stdout, /scenario/);
});

test('a secret goes in by standard input or a file and never comes out', () => {
    ctl(['secret', 'put', 'by-stdin'], { input: 'sk-one\n' });
    writeFileSync(bursar.path('value'), 'sk-two');
    ctl(['secret', 'put', 'by-file', '--file', bursar.path('value')]);
    const listed = ctl(['secret', 'list']).stdout;
    assert.match(listed, /by-stdin\s+6\s/);
    assert.match(listed, /by-file\s+6\s/);
    assert.doesNotMatch(listed, /sk-/);
    ctl(['secret', 'put', 'by-word', 'sk-three'], { code: 2 });
    ctl(['secret', 'put', 'empty'], { input: '', code: 1 });
    ctl(['secret', 'put', 'two lines'], { input: 'x', code: 1 });
    ctl(['secret', 'delete', 'by-stdin']);
    ctl(['secret', 'delete', 'by-stdin'], { code: 1 });
    assert.doesNotMatch(ctl(['secret', 'list']).stdout, /by-stdin/);
});

test('a key is alone on standard output, works, is rotated and revoked', async () => {
    const issued = ctl(['key', 'issue', 'build server', '--team', 'demo', '--model', 'demo-gpt', '--budget', '5 USD per month', '--network', '127.0.0.0/8']);
    assert.match(issued.stdout, /^bsr_\S+\n$/);
    const key = issued.stdout.trim();
    assert.equal((await bursar.call(key, '/v1/models')).status, 200);
    const facts = JSON.parse(ctl(['key', 'list', '--json']).stdout).keys.find(({ name }) => name === 'build server');
    assert.deepEqual([facts.team, facts.models, facts.networks], ['demo', ['demo-gpt'], ['127.0.0.0/8']]);
    assert.deepEqual([facts.budgets[0].limit_usd, facts.budgets[0].per, facts.budgets[0].hard], ['5.00', 'month', true]);
    ctl(['key', 'issue', 'evaluation', '--team', 'demo', '--budget', '5M tokens/day rolling', '--budget', '20 USD/week of model:demo-gpt soft']);
    const evaluation = JSON.parse(ctl(['key', 'list', '--json']).stdout).keys.find(({ name }) => name === 'evaluation');
    assert.deepEqual(evaluation.budgets.map(({ kind }) => kind), ['tokens in any 24 hours', 'per week of model:demo-gpt (soft)']);
    assert.match(ctl(['key', 'list']).stdout, /5,000,000 tokens in any 24 hours, 20\.00 USD per week of model:demo-gpt \(soft\)/);
    ctl(['key', 'issue', 'wrong', '--team', 'demo', '--budget', '5 tokens'], { code: 2 });
    ctl(['key', 'revoke', evaluation.id]);
    const next = ctl(['key', 'rotate', facts.id, '--grace', '1h']).stdout.trim();
    for (const text of [key, next]) assert.equal((await bursar.call(text, '/v1/models')).status, 200);
    ctl(['key', 'rotate', facts.id, '--grace', '91d'], { code: 2 });
    const expires = () => JSON.parse(ctl(['key', 'list', '--json']).stdout).keys.find(({ id }) => id === facts.id).expires_at;
    ctl(['key', 'expire', facts.id, '--at', '2030-01-01T00:00:00Z']);
    assert.equal(expires(), '2030-01-01T00:00:00.000Z');
    assert.match(ctl(['key', 'expire', 'build server', '--in', '7d']).stderr, /ends at/);
    assert.ok(Math.abs(Date.parse(expires()) - Date.now() - 7 * 86_400_000) < 60_000);
    ctl(['key', 'issue', 'build server', '--team', 'demo']);
    assert.match(ctl(['key', 'expire', 'build server', '--in', '7d'], { code: 1 }).stderr, /2 keys are called/);
    ctl(['key', 'expire', facts.id], { code: 2 });
    ctl(['key', 'expire', 'nobody', '--in', '1h'], { code: 1 });
    ctl(['key', 'revoke', facts.id]);
    for (const text of [key, next]) assert.equal((await bursar.call(text, '/v1/models')).status, 401);
    ctl(['key', 'revoke', 'nobody'], { code: 1 });
    ctl(['key', 'issue', 'x', '--team', 'no-such-team'], { code: 1 });
    ctl(['key', 'issue', 'x'], { code: 2 });
});

test('a policy is shown, planned, applied and rolled back', () => {
    const folder = bursar.path('shown');
    ctl(['policy', 'show', '--to', folder]);
    assert.deepEqual(readdirSync(folder), ['scenario.yaml']);
    assert.match(ctl(['policy', 'plan', folder]).stdout, /^Nothing changes/);

    const policy = JSON.parse(readFileSync(`${folder}/scenario.yaml`, 'utf8'));
    policy.teams.demo.budgets[0].limit = '250 USD';
    writeFileSync(`${folder}/scenario.yaml`, JSON.stringify(policy));
    writeFileSync(`${folder}/more.yaml`, 'teams:\n  research:\n    budgets: [{limit: 20 USD, per: week}]\n');
    const planned = ctl(['policy', 'plan', folder]).stdout;
    assert.match(planned, /demo.*100\.00 USD.*250\.00 USD/);
    assert.match(planned, /research/);
    // Without a terminal nobody can say yes.
    assert.match(ctl(['policy', 'apply', folder], { code: 2 }).stderr, /--yes/);
    assert.match(ctl(['policy', 'apply', folder, '--yes', '--reason', 'more for demo']).stderr, /Revision 2 is in force/);
    assert.match(ctl(['teams']).stdout, /research/);
    assert.match(ctl(['policy', 'history']).stdout, /2\s.*more for demo/);

    writeFileSync(`${folder}/more.yaml`, 'teams:\n  research:\n    budgets: [{limit: 20 USD, per: fortnight}]\n');
    const wrong = ctl(['policy', 'apply', folder, '--yes'], { code: 1 });
    assert.match(wrong.stderr, new RegExp(`${folder}/more.yaml:3:\\d+: .*fortnight`));
    ctl(['policy', 'plan', bursar.path('no-such-folder')], { code: 1 });

    ctl(['policy', 'rollback', '1', '--yes']);
    assert.doesNotMatch(ctl(['teams']).stdout, /research/);
    assert.match(ctl(['budgets']).stdout, /^team:demo\s+100\.00 USD/m);
    ctl(['policy', 'rollback', '99', '--yes'], { code: 1 });
});

test('prices come from LiteLLM’s file, with what was left out, and are in force after a yes', async () => {
    const file = bursar.path('litellm.json');
    writeFileSync(file, JSON.stringify({
        sample_spec: { litellm_provider: 'one of many', mode: 'chat' },
        'gpt-imported': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 1.5e-7, output_cost_per_token: 6e-7, max_input_tokens: 128000 },
        'gpt-absurd': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 5, output_cost_per_token: 6e-7 },
    }));
    assert.match(ctl(['prices', 'import', file], { code: 2 }).stderr, /--yes/);
    const done = ctl(['prices', 'import', file, '--yes', '--source', 'a test']);
    assert.match(done.stderr, /left out: .*gpt-absurd/);
    const shown = ctl(['policy', 'show']).stdout;
    assert.match(shown, /gpt-imported/);
    assert.match(shown, /0\.15\b/);
    assert.doesNotMatch(shown, /gpt-absurd/);
    writeFileSync(file, 'no json');
    ctl(['prices', 'import', file, '--yes'], { code: 1 });
});

test('an import on top of somebody else’s change undoes nothing', async () => {
    ctl(['policy', 'rollback', '1', '--yes']);
    const file = bursar.path('prices.json');
    writeFileSync(file, JSON.stringify({ 'gpt-late': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 1e-7, output_cost_per_token: 1e-7 } }));
    // Between bursarctl and the service: changes the policy behind the back of whoever plans.
    let planned = 0;
    const between = http.createServer(async (request, response) => {
        const body = Buffer.concat(await request.toArray());
        if (request.url.endsWith('/policy/plan') && ++planned) await bursar.changePolicy((policy) => (policy.organisation.name = 'Changed meanwhile'));
        const answer = await fetch(bursar.origin + request.url, { method: request.method, headers: { ...request.headers, connection: 'close' }, body: body.length ? body : undefined });
        response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '', 'content-type': answer.headers.get('content-type') ?? '' });
        response.end(await answer.text());
    });
    await once(between.listen(0, '127.0.0.1'), 'listening');
    try {
        const child = spawn(program('bursarctl'), ['prices', 'import', file, '--yes'], {
            env: { ...process.env, BURSAR_URL: `http://127.0.0.1:${between.address().port}`, BURSAR_TOKEN: bursar.token },
        });
        let said = '';
        child.stderr.on('data', (piece) => (said += piece));
        const [code] = await once(child, 'close');
        assert.equal(code, 1, said);
        assert.equal(planned, 1);
        assert.match(said, /Somebody else changed the policy meanwhile/);
        const { documents } = await bursar.must('GET', 'policy');
        assert.ok(documents.every(({ text }) => !text.includes('gpt-late')));
        assert.ok(documents.some(({ text }) => text.includes('Changed meanwhile')));
    } finally {
        between.close();
    }
});

test('with --json every command that succeeds prints JSON on standard output, and nothing else', () => {
    const json = (words, more) => JSON.parse(ctl([...words, '--json'], more).stdout);
    assert.equal(json(['secret', 'put', 'short-lived'], { input: 'x' }).name, 'short-lived');
    assert.deepEqual(json(['secret', 'delete', 'short-lived']), { name: 'short-lived', ended: true });
    const { id } = json(['key', 'issue', 'short', '--team', 'demo']);
    assert.ok(json(['key', 'rotate', id]).key.startsWith('bsr_'));
    assert.deepEqual(json(['key', 'revoke', id]), { id, ended: true });
    const operator = json(['operator', 'issue', 'short', '--role', 'finance']);
    assert.deepEqual(json(['operator', 'revoke', operator.id]), { id: operator.id, ended: true });

    const folder = bursar.path('json-policy');
    ctl(['policy', 'show', '--to', folder]);
    const before = json(['policy', 'plan', folder]).base_revision;
    assert.equal(json(['policy', 'apply', folder, '--yes']).revision, before + 1);
    assert.equal(json(['policy', 'rollback', '1', '--yes']).revision, before + 2);
    writeFileSync(bursar.path('some.json'), JSON.stringify({ 'gpt-some': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: 1e-7, output_cost_per_token: 1e-7 } }));
    assert.equal(json(['prices', 'import', bursar.path('some.json'), '--yes']).revision, before + 3);

    assert.equal(json(['vault', 'seal']).state, 'sealed');
    const unsealed = json(['vault', 'unseal', '--key-file', bursar.path('master.key')]);
    assert.equal(unsealed.state, 'unsealed');
    const key = ['--current-key-file', bursar.path('master.key'), '--next-key-file', bursar.path('master.key')];
    assert.equal(json(['vault', 'rotate', ...key]).state, 'unsealed');
});

test('a master key of 32 raw bytes is one too', () => {
    const raw = bursar.path('raw.key');
    // Not text, and with an end that looks like one of a line.
    writeFileSync(raw, Buffer.concat([Buffer.from([0, 0xff]), randomBytes(28), Buffer.from('\r\n')]), { mode: 0o600 });
    ctl(['vault', 'rotate', '--current-key-file', bursar.path('master.key'), '--next-key-file', raw]);
    ctl(['vault', 'seal']);
    ctl(['vault', 'unseal', '--key-file', raw]);
    ctl(['vault', 'rotate', '--current-key-file', raw, '--next-key-file', bursar.path('master.key')]);
    rmSync(raw);
    writeFileSync(raw, randomBytes(31), { mode: 0o600 });
    assert.match(ctl(['vault', 'unseal', '--key-file', raw], { code: 1 }).stderr, /32 raw bytes or 64 hexadecimal/);
});

test('bursarctl keeps its memory to itself: no core file, no other process that looks', async () => {
    const child = spawn(program('bursarctl'), ['secret', 'put', 'waits'], {
        env: { ...process.env, BURSAR_URL: bursar.origin, BURSAR_TOKEN: bursar.token },
    });
    const status = (name) => readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
    await until('it waits for its input', () => status('limits').match(/Max core file size\s+0\s+0/));
    // A process that is not dumpable belongs to root in /proc, whoever runs it.
    await until('not dumpable', () => statSync(`/proc/${child.pid}/environ`).uid === 0);
    child.stdin.end();
    await once(child, 'close');
});

test('an auditor may look and not touch; a revoked token may nothing', () => {
    const issued = ctl(['operator', 'issue', 'eve', '--role', 'auditor']);
    assert.match(issued.stdout, /^bso_\S+\n$/);
    const environment = { BURSAR_TOKEN: issued.stdout.trim() };
    ctl(['calls'], { environment });
    const refused = ctl(['key', 'issue', 'x', '--team', 'demo'], { environment, code: 1 });
    assert.match(refused.stderr, /auditor|may not|role/i);
    const { id } = JSON.parse(ctl(['operator', 'list', '--json']).stdout).operators.find(({ name }) => name === 'eve');
    ctl(['operator', 'revoke', id]);
    ctl(['calls'], { environment, code: 1 });
    const audit = ctl(['audit', 'list', '--limit', '1000']).stdout;
    assert.match(audit, /operator\.revoke/);
    assert.match(audit, /operator:eve\s.*key\.issue\s.*not_permitted/);
});

test('an end of the audit that was noted is compared with', () => {
    const noted = ctl(['audit', 'verify']).stdout.match(/^(\d+):([0-9a-f]{64})$/m);
    assert.ok(noted);
    ctl(['secret', 'put', 'later'], { input: 'x' });
    assert.match(ctl(['audit', 'verify', '--expect', noted[0]]).stdout, /the noted one is among them/);
    assert.match(ctl(['audit', 'verify', '--expect', `${noted[1]}:${noted[2].replace(/^./, (c) => (c === '0' ? '1' : '0'))}`], { code: 1 }).stderr, /written anew/);
    assert.match(ctl(['audit', 'verify', '--expect', `999999:${noted[2]}`, '--json'], { code: 1 }).stderr, /ends before entry 999999/);
    for (const wrong of ['', '7', `x:${noted[2]}`, `${noted[1]}:abc`]) ctl(['audit', 'verify', '--expect', wrong], { code: 2 });
});

test('what stands in the way is said with what to change', () => {
    const cases = [
        [['--url', 'http://127.0.0.1:1', 'whoami'], 1, /Nobody listens.*--url/],
        [['--url', 'https://127.0.0.1:1', 'whoami'], 1, /Nobody listens/],
        [['--token-file', '/nonexistent', 'whoami'], 78, /nonexistent/],
        [['--quickstart', bursar.path('bursard.ini'), 'whoami'], 78, /not a JSON object/],
    ];
    for (const [words, code, expected] of cases) assert.match(ctl(words, { code }).stderr, expected);
    assert.match(ctl(['whoami'], { environment: { BURSAR_TOKEN: '' }, code: 1 }).stderr, /who has signed in.*bursarctl login.*--token-file/);
    assert.match(ctl(['whoami'], { environment: { BURSAR_TOKEN: 'bso_wrong' }, code: 1 }).stderr, /token/i);
});

test('over TLS: trusted with the CA file, refused with words about it without', async () => {
    const secure = await Bursar.start({ tls: true, secrets: {} });
    try {
        assert.match(secure.ctl(['whoami']).stderr, /not trusted.*--ca-file/);
        let done;
        for (let tries = 0; tries < 100; ++tries) {
            done = secure.ctl(['--ca-file', secure.path('ca.pem'), 'whoami']);
            if (done.status === 0) break;
        }
        assert.equal(done.status, 0, done.stderr);
        const doctor = secure.ctl(['--ca-file', secure.path('ca.pem'), 'doctor']);
        assert.match(doctor.stdout, /certificate\s+.*scenario CA/);
    } finally {
        await secure.stop();
    }
});

test('the doctor says what is bad and ends with 1', async () => {
    ctl(['doctor']);
    ctl(['vault', 'seal']);
    const sick = ctl(['doctor'], { code: 1 });
    assert.match(sick.stdout, /^BAD\s+.*seal/im);
    ctl(['vault', 'unseal', '--key-file', bursar.path('master.key')]);
    ctl(['doctor']);
});

test('the completion script is one that bash takes, and knows the commands', () => {
    const script = ctl(['completion', 'bash']).stdout;
    const typed = `${script}\nCOMP_WORDS=(bursarctl vault un); COMP_CWORD=2; _bursarctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    assert.equal(execFileSync('bash', ['-c', typed], { encoding: 'utf8' }), 'unseal\n');
});

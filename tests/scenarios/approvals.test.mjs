// Hunts: a change that one operator makes alone although the policy asks for two; a secret that can be read while it waits; a request that
// a crash loses or repeats, or that two approvers do twice; a script that goes on as if what waits were done.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { sessionCookie, Visitor } from './support/people.mjs';
import { until } from './support/process.mjs';

const secret = 'sk-waiting-7d1f0c52-nobody-reads-this';

/** The files of the service that hold `text`, as it is or in base 64, wherever it begins there. */
function filesWith(bursar, text) {
    const inBase64 = [0, 1, 2].map((skip) => Buffer.from(text.slice(skip, skip + 30)).toString('base64'));
    return readdirSync(bursar.folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`)
        .filter((file) => {
            const bytes = readFileSync(file);
            return [text, ...inBase64].some((form) => bytes.includes(form));
        });
}

describe('the rule of two persons', () => {
    let bursar, bob, carol;
    const answers = [];

    const as = async (token, method, where, body, headers = {}) => {
        const answer = await bursar.api(method, where, body, { authorization: `Bearer ${token}`, ...headers });
        answers.push(answer.text);
        return answer;
    };
    const ask = async (name, value = secret) => {
        const answer = await as(bursar.token, 'PUT', `secrets/${name}`, { value });
        assert.equal(answer.status, 202, answer.text);
        return answer.body.approval.id;
    };
    const approve = (token, id) => as(token, 'POST', `approvals/${id}`, { decision: 'approve' });
    const names = async () => (await bursar.must('GET', 'secrets')).secrets.map((each) => each.name);
    const rows = async (action, object) =>
        (await bursar.must('GET', 'audit?limit=1000')).entries.filter((row) => row.action === action && row.object === object);
    const ctl = (token, words, input = '') => {
        const done = bursar.ctl(words, { input, environment: { BURSAR_TOKEN: token } });
        answers.push(done.stdout + done.stderr);
        return done;
    };

    before(async () => {
        bursar = await Bursar.start();
        bob = (await bursar.must('POST', 'operators', { name: 'bob', role: 'operator' })).token;
        carol = (await bursar.must('POST', 'operators', { name: 'carol', role: 'operator' })).token;
        await bursar.changePolicy((policy) => {
            policy.identity = { ...policy.identity, two_persons: ['secrets', 'policy', 'roles'] };
        });
    });
    after(() => bursar?.stop());

    it('secrets: bursarctl says that it waits and ends with 3; the other one approves', async () => {
        const waits = ctl(bursar.token, ['secret', 'put', 'first'], secret);
        assert.equal(waits.status, 3, waits.stderr);
        const id = /^bursarctl: Nothing was changed yet: .* bursarctl approvals approve ([0-9a-z]{8})\n$/.exec(waits.stderr)?.[1];
        assert.ok(id, waits.stderr);
        assert.equal(waits.stdout, '');
        assert.deepEqual(await names(), ['demo']);

        const own = ctl(bursar.token, ['approvals', 'approve', id]);
        assert.equal(own.status, 1);
        assert.match(own.stderr, /You asked for this yourself/);
        const shown = ctl(bob, ['approvals', 'show', id]);
        assert.match(shown.stdout, /Put into the vault the new secret "first"/);
        assert.deepEqual(filesWith(bursar, secret), []);
        const done = ctl(bob, ['approvals', 'approve', id]);
        assert.equal(done.status, 0, done.stderr);
        assert.match(done.stdout, /fingerprint/);
        assert.deepEqual((await names()).sort(), ['demo', 'first']);
        assert.deepEqual(filesWith(bursar, secret), []);
    });

    it('policy: what was planned comes into force with both names; a change on an older revision is refused and closed', async () => {
        const shown = ctl(bursar.token, ['policy', 'show', '--to', bursar.path('mine')]);
        assert.equal(shown.status, 0, shown.stderr);
        const [file] = readdirSync(bursar.path('mine')).map((name) => bursar.path(`mine/${name}`));
        const policy = JSON.parse(readFileSync(file, 'utf8'));
        policy.identity.sessions = { step_up: '9m' };
        writeFileSync(file, JSON.stringify(policy));
        const first = ctl(bursar.token, ['policy', 'apply', bursar.path('mine'), '--yes', '--json', '--reason', 'shorter']);
        assert.equal(first.status, 3, first.stderr);
        const { id } = JSON.parse(first.stdout).approval;
        const second = ctl(bursar.token, ['policy', 'apply', bursar.path('mine'), '--yes', '--json']);
        const late = JSON.parse(second.stdout).approval.id;

        const listed = (await as(bob, 'GET', 'approvals?state=open')).body.approvals;
        assert.deepEqual(listed.map((each) => each.id), [late, id]);
        assert.match(listed[1].changes.join(), /9 ?m/);
        assert.equal((await approve(bob, id)).status, 200);
        assert.equal((await bursar.must('GET', 'policy')).author, 'scenario (approved by operator:bob)');
        const stale = await approve(bob, late);
        assert.equal(stale.status, 412, stale.text);
        assert.match(stale.body.detail, /is closed/);
        assert.equal((await as(bob, 'GET', `approvals/${late}`)).body.state, 'failed');
    });

    it('roles: the token is shown to whoever approves; declined and withdrawn ones do nothing', async () => {
        const waits = ctl(bursar.token, ['operator', 'issue', 'dora', '--role', 'auditor', '--json']);
        assert.equal(waits.status, 3, waits.stderr);
        const done = bursar.ctl(['approvals', 'approve', JSON.parse(waits.stdout).approval.id], { environment: { BURSAR_TOKEN: bob } });
        assert.equal(done.status, 0, done.stderr);
        assert.match(done.stdout, /^bso_\S+\n$/);
        assert.equal((await as(done.stdout.trim(), 'GET', 'whoami')).body.name, 'dora');

        const dora = (await bursar.must('GET', 'operators')).operators.find((each) => each.name === 'dora');
        const revoke = () => as(bursar.token, 'DELETE', `operators/${dora.id}`);
        const declined = (await revoke()).body.approval.id;
        assert.equal(ctl(bob, ['approvals', 'decline', declined]).status, 2, 'a reason is needed');
        assert.equal(ctl(bob, ['approvals', 'decline', declined, '--reason', 'she stays']).status, 0);
        const withdrawn = (await revoke()).body.approval.id;
        assert.equal(ctl(bob, ['approvals', 'withdraw', withdrawn]).status, 1);
        assert.equal(ctl(bursar.token, ['approvals', 'withdraw', withdrawn]).status, 0);
        for (const id of [declined, withdrawn]) assert.equal((await approve(bob, id)).status, 409);
        assert.ok((await bursar.must('GET', 'operators')).operators.some((each) => each.name === 'dora'));
        assert.match(ctl(bob, ['approvals']).stdout, /she stays|Declined/);
    });

    it('kill -9 between asking and approving loses nothing, and what was done is not done again', async () => {
        const id = await ask('after-a-crash');
        await bursar.kill();
        assert.deepEqual(filesWith(bursar, secret), []);
        await bursar.launch();
        assert.equal((await as(bob, 'GET', `approvals/${id}`)).body.state, 'open');
        assert.equal((await approve(bob, id)).status, 200);
        await bursar.kill();
        await bursar.launch();
        assert.equal((await as(bob, 'GET', `approvals/${id}`)).body.state, 'done');
        assert.equal((await approve(carol, id)).status, 409);
        assert.equal((await rows('secret.put', 'secret:after-a-crash')).filter((row) => row.outcome === 'ok').length, 1);
    });

    it('of two approvers at once exactly one does it', async () => {
        for (let round = 0; round < 5; ++round) {
            const name = `round-${round}`;
            const id = await ask(name);
            const statuses = (await Promise.all([approve(bob, id), approve(carol, id)])).map((answer) => answer.status);
            assert.deepEqual(statuses.sort(), [200, 409]);
            assert.equal((await rows('secret.put', `secret:${name}`)).filter((row) => row.outcome === 'ok').length, 1);
        }
    });

    it('the break-glass account takes the rule out again, alone, and everybody hears of it', async () => {
        await bursar.stopService();
        const made = bursar.daemon(['--break-glass', 'on call']);
        assert.equal(made.status, 0, made.stderr);
        const passphrase = made.stdout.trim().split('\n').at(-1);
        await bursar.launch();
        const visitor = new Visitor(bursar);
        const opened = await fetch(`${bursar.origin}/auth/break-glass`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', origin: bursar.origin },
            body: JSON.stringify({ passphrase }),
        });
        assert.equal(opened.status, 200, await opened.text());
        visitor.jar.set(sessionCookie, new RegExp(`${sessionCookie}=([^;]+)`).exec(opened.headers.getSetCookie().join())[1]);
        await visitor.me();

        const { body, headers } = await bursar.api('GET', 'policy');
        const apply = async (change) => {
            const documents = body.documents.map((each) => {
                const policy = JSON.parse(each.text);
                change(policy.identity);
                return { name: each.name, text: JSON.stringify(policy) };
            });
            return visitor.api('PUT', 'policy', { documents }, { 'if-match': headers.get('etag') });
        };
        const more = await apply((identity) => Object.assign(identity, { two_persons: [], sessions: { step_up: '1h' } }));
        assert.equal(more.status, 202, JSON.stringify(more.body));
        const lifted = await apply((identity) => delete identity.two_persons);
        assert.equal(lifted.status, 200, JSON.stringify(lifted.body));
        assert.match(ctl(bob, ['alerts', '--kind', 'two_persons']).stdout, /break-glass took secrets, policy, roles out/);
        await bursar.putSecret('alone-again', 'sk-x');
    });

    it('the secret is in no file, no answer and no line of the log', async () => {
        await until('the log is written', () => readFileSync(bursar.path('bursard.log'), 'utf8').includes('approvals'));
        assert.deepEqual(filesWith(bursar, secret), []);
        for (const text of answers) assert.ok(!text.includes(secret), text);
        const verified = ctl(bob, ['audit', 'verify']);
        assert.equal(verified.status, 0, verified.stderr);
    });
});

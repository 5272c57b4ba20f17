// Hunts: a directory in trouble that takes somebody's access away, a sync that removes more or fewer than have left, and people who are
// gone after a restart. A real slapd with 2,000 people, behind a relay that can be mute or away.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { directoryPolicy, sync, Visitor } from './support/people.mjs';
import { slow, until } from './support/process.mjs';
import { Relay } from './support/relay.mjs';
import { Slapd } from './support/slapd.mjs';

const everybody = 2000;
const leavers = [1990, 1991, 1992, 1993, 1994].map((number) => `user${number}`);

describe('a directory in trouble', () => {
    let slapd, relay, bursar, policy;
    const staff = {};
    before(async () => {
        slapd = await Slapd.start({ people: everybody });
        relay = await Relay.to({ port: slapd.ports.tls });
        policy = directoryPolicy(slapd, { servers: [`ldaps://127.0.0.1:${relay.port}`] });
        bursar = await Bursar.start({
            policy: { teams: { company: { groups: [`cn=everybody,${slapd.groups}`] } }, identity: { directories: { corp: policy } } },
        });
        await bursar.putSecret('corp-bind', slapd.bindPassword);
        await bursar.putSecret('corp-limited', 'svc-limited-password');
        const first = await sync(bursar, 'corp');
        assert.equal(first.state, 'applied', JSON.stringify(first).slice(0, 500));
        assert.equal(first.arrivals, everybody);
        for (const uid of ['rita', ...leavers]) staff[uid] = await withKey(uid);
    });
    after(async () => {
        await bursar?.stop();
        await relay?.stop();
        await slapd?.stop();
    });

    async function withKey(uid) {
        const visitor = new Visitor(bursar);
        const answer = await visitor.byPassword('corp', uid, `${uid}-password`);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        await visitor.me();
        const { status, body } = await visitor.api('POST', 'me/keys', { name: 'laptop' });
        assert.equal(status, 201, JSON.stringify(body));
        return { visitor, key: body.key };
    }

    const inForce = (change) => bursar.changePolicy((document) => change(document.identity.directories.corp));
    const counted = async (state) => (await bursar.must('GET', `people?state=${state}&limit=1`)).count;
    const source = async () => (await bursar.must('GET', 'directories')).directories.find((each) => each.name === 'corp');
    const check = async () => (await bursar.must('GET', 'checks')).checks.find((each) => each.name === 'directory corp');
    const alerts = async (kind) => (await bursar.must('GET', `alerts?kind=${kind}`)).alerts;

    /** Session, key, and what the key calls. */
    async function access(uid) {
        const { visitor, key } = staff[uid];
        return [(await visitor.me()).status, (await send(bursar, key, 'openai', 'hello')).status];
    }

    async function nobodyLostAnything() {
        assert.equal(await counted('active'), everybody);
        assert.equal(await counted('gone'), 0);
        for (const uid of Object.keys(staff)) assert.deepEqual(await access(uid), [200, 200], uid);
    }

    const troubles = [
        {
            name: 'is down', state: 'failed', kind: 'directory.down',
            begin: () => relay.become('away'), end: () => relay.become('open'),
        },
        {
            name: 'is mute', state: 'failed', kind: 'directory.down',
            begin: () => relay.become('mute'), end: () => relay.become('open'),
        },
        {
            name: 'does not let the service account in', state: 'failed', kind: 'directory.down',
            begin: () => inForce((corp) => (corp.bind.secret = 'corp-limited')), end: () => inForce((corp) => (corp.bind.secret = 'corp-bind')),
        },
        {
            name: 'cuts its list', state: 'stopped', stop: 'partial', kind: 'sync.stopped',
            begin: () => inForce((corp) => (corp.bind = { dn: 'cn=svc-limited,ou=services,dc=corp,dc=example', secret: 'corp-limited' })),
            end: () => inForce((corp) => (corp.bind = policy.bind)),
        },
        {
            name: 'has an empty list', state: 'stopped', stop: 'emptied', kind: 'sync.stopped',
            begin: () => inForce((corp) => (corp.people.filter = '(title=wizard)')), end: () => inForce((corp) => delete corp.people.filter),
        },
    ];
    for (const { name, state, stop, kind, begin, end } of troubles)
        it(`that ${name} takes nothing from anybody, and says so`, async () => {
            const before = (await alerts(kind)).length;
            await begin();
            try {
                const run = await sync(bursar, 'corp');
                assert.equal(run.state, state, JSON.stringify(run).slice(0, 500));
                if (stop) assert.equal(run.stop, stop);
                assert.ok(run.why.length > 20, run.why);
                await nobodyLostAnything();
                await until(`an alert ${kind}`, async () => (await alerts(kind)).length > before);
                const now = await source();
                assert.equal(now.last_sync.state, state);
                assert.equal(now.good, state !== 'failed', JSON.stringify(now));
                if (state === 'failed') assert.ok(now.text.length > 20, now.text);
                assert.equal((await check())?.text, state === 'failed' ? now.text : undefined);
            } finally {
                await end();
            }
            const run = await sync(bursar, 'corp');
            assert.equal(run.state, 'unchanged', JSON.stringify(run).slice(0, 500));
            assert.equal((await source()).good, true);
            await until('the event that it is back', async () => (await alerts('directory.back')).length === (await alerts('directory.down')).length);
            await nobodyLostAnything();
        });

    it('answers a sign-in within five seconds, and that it is the directory', async () => {
        for (const [mode, most] of [['away', slow ? 25_000 : 5_000], ['mute', slow ? 25_000 : 6_000]]) {
            relay.become(mode);
            const began = performance.now();
            const answer = await new Visitor(bursar).byPassword('corp', 'user100', 'user100-password');
            const took = performance.now() - began;
            assert.equal(answer.status, 503);
            assert.equal(answer.body.code, 'directory_unavailable');
            assert.ok(took < most, `${mode}: ${took} ms`);
        }
        relay.become('open');
        const answer = await new Visitor(bursar).byPassword('corp', 'user100', 'user100-password');
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
    });

    it('shows in a dry run who would go, and removes nobody', async () => {
        slapd.remove(leavers.map((uid) => slapd.dnOf[uid]));
        const run = await sync(bursar, 'corp', { dry_run: true });
        assert.equal(run.state, 'dry_run');
        assert.equal(run.leavers, leavers.length);
        await nobodyLostAnything();
    });

    it('lets exactly those go who have left, with their sessions and keys', async () => {
        const run = await sync(bursar, 'corp');
        assert.equal(run.state, 'applied', JSON.stringify(run).slice(0, 500));
        assert.deepEqual(run.details.leavers.toSorted(), leavers.toSorted());
        assert.equal(await counted('active'), everybody - leavers.length);
        for (const uid of leavers) assert.deepEqual(await access(uid), [401, 401], uid);
        assert.deepEqual(await access('rita'), [200, 200]);
        for (const uid of leavers) delete staff[uid];
    });

    it('stops where too many would go, until an operator has confirmed it', async () => {
        const many = Array.from({ length: 300 }, (_, i) => `user${1000 + i}`);
        slapd.remove(many.map((uid) => slapd.dnOf[uid]));
        const run = await sync(bursar, 'corp');
        assert.equal(run.state, 'stopped', JSON.stringify(run).slice(0, 500));
        assert.equal(run.stop, 'too_many');
        assert.equal(await counted('active'), everybody - leavers.length);
        assert.match((await alerts('sync.stopped'))[0].text, /300 of 1995 people would lose access/);
        const confirmed = await sync(bursar, 'corp', { confirmed: true });
        assert.equal(confirmed.state, 'applied', JSON.stringify(confirmed).slice(0, 500));
        assert.equal(confirmed.leavers, many.length);
        assert.equal(await counted('active'), everybody - leavers.length - many.length);
        assert.equal(await counted('gone'), leavers.length + many.length);
        assert.deepEqual(await access('rita'), [200, 200]);
        const { syncs } = await bursar.must('GET', 'directories/corp/syncs');
        assert.deepEqual(syncs.slice(0, 2).map((each) => each.state), ['applied', 'stopped']);
    });

    it('keeps people, sessions and keys over a restart, also while it is down', async () => {
        relay.become('away');
        await bursar.stopService();
        await bursar.launch();
        assert.equal(await counted('active'), everybody - leavers.length - 300);
        assert.equal(await counted('gone'), leavers.length + 300);
        assert.deepEqual(await access('rita'), [200, 200]);
        await until('the service to see it', async () => !(await source()).good);
        assert.deepEqual(await access('rita'), [200, 200]);
        relay.become('open');
    });
});

// Hunts: somebody who has left and still calls; a provider of identities that sees or changes what is another's; a change without a
// record; errors in a shape that a SCIM client does not read.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { until } from './support/process.mjs';

const urn = (name) => `urn:ietf:params:scim:${name}`;
const patchOf = (...Operations) => ({ schemas: [urn('api:messages:2.0:PatchOp')], Operations });
const leaverGoneWithin = 60_000;

let bursar;
before(async () => {
    bursar = await Bursar.start();
    await bursar.changePolicy((policy) => {
        policy.identity = { scim: { entra: { title: 'Microsoft Entra' }, okta: { title: 'Okta' } } };
        policy.teams.demo.groups = ['bursar-users'];
    });
});
after(() => bursar?.stop());

/** A source of people, with a token of its own. */
class Source {
    static async of(name) {
        const source = new Source();
        source.name = name;
        const issued = await bursar.must('POST', 'operators', { name: `${name} provisioning`, role: 'scim', source: name });
        assert.equal(issued.source, name);
        source.token = issued.token;
        source.id = issued.id;
        return source;
    }

    async ask(method, where, body, { token = this.token, ...headers } = {}) {
        const answer = await fetch(`${bursar.origin}/scim/v2${where}`, {
            method,
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json', ...headers },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, text, body: text === '' ? null : JSON.parse(text) };
    }

    async must(method, where, body) {
        const answer = await this.ask(method, where, body);
        assert.ok(answer.status < 300, `${method} ${where}: ${answer.status} ${answer.text}`);
        return answer.body;
    }
}

const personOf = async (userName) => (await bursar.must('GET', `people?text=${userName}`)).people.find((person) => person.user_name === userName);
const audited = async (action) => (await bursar.must('GET', 'audit?limit=200')).entries.filter((entry) => entry.action === action);

/** As Entra's provisioning service sends it: its own extension, strings for truths, capital operations with paths. */
const entra = {
    name: 'entra',
    user: (alias) => ({
        schemas: [urn('schemas:core:2.0:User'), urn('schemas:extension:enterprise:2.0:User')],
        externalId: `0a21f0f2-8d2a-4f8e-bf98-${alias.padEnd(12, '0')}`,
        userName: `${alias}@corp.example`,
        active: true,
        displayName: `${alias} of Entra`,
        emails: [{ primary: true, type: 'work', value: `${alias}@corp.example` }],
        meta: { resourceType: 'User' },
        name: { formatted: `${alias} of Entra`, familyName: 'Entra', givenName: alias },
        [urn('schemas:extension:enterprise:2.0:User')]: { department: 'R&D', employeeNumber: '7' },
    }),
    group: { schemas: [urn('schemas:core:2.0:Group'), 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'], externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159', displayName: 'bursar-users' },
    join: (id) => patchOf({ op: 'Add', path: 'members', value: [{ value: id }] }),
    leave: patchOf({ op: 'Replace', path: 'active', value: 'False' }),
    back: patchOf({ op: 'Replace', path: 'active', value: 'True' }),
    find: (userName) => `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`).replaceAll('%20', '+')}`,
};
/** As Okta sends it: small operations without a path, whole objects. */
const okta = {
    name: 'okta',
    user: (alias) => ({
        schemas: [urn('schemas:core:2.0:User')],
        userName: `${alias}@corp.example`,
        name: { givenName: alias, familyName: 'Okta' },
        emails: [{ primary: true, value: `${alias}@corp.example`, type: 'work' }],
        displayName: `${alias} of Okta`,
        locale: 'en-US',
        externalId: `00u1${alias}`,
        groups: [],
        password: 'not-kept-1',
        active: true,
    }),
    group: { schemas: [urn('schemas:core:2.0:Group')], displayName: 'bursar-users', members: [] },
    join: (id, name) => patchOf({ op: 'add', path: 'members', value: [{ value: id, display: name }] }),
    leave: patchOf({ op: 'replace', value: { active: false } }),
    back: patchOf({ op: 'replace', value: { active: true } }),
    find: (userName) => `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}&startIndex=1&count=100`,
};

for (const shape of [entra, okta])
    describe(`a source that speaks as ${shape.name} does`, () => {
        let source, user, key;
        const alias = `ann-${shape.name}`;
        const userName = `${alias}@corp.example`;
        before(async () => (source = await Source.of(shape.name)));

        test('is told what the server can do, and finds nobody yet', async () => {
            const config = await source.ask('GET', '/ServiceProviderConfig');
            assert.equal(config.status, 200);
            assert.match(config.headers.get('content-type'), /^application\/scim\+json/);
            assert.equal(config.body.patch.supported, true);
            assert.equal((await source.must('GET', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User')).id, urn('schemas:core:2.0:User'));
            assert.ok((await source.must('GET', '/ResourceTypes')).totalResults >= 2);
            assert.equal((await source.must('GET', shape.find(userName))).totalResults, 0);
        });

        test('makes somebody who has no team before a group gives one', async () => {
            const made = await source.ask('POST', '/Users', shape.user(alias));
            assert.equal(made.status, 201, made.text);
            user = made.body;
            assert.equal(made.headers.get('location'), `${bursar.origin}/scim/v2/Users/${user.id}`);
            assert.match(made.headers.get('etag'), /^W\/"\d+"$/);
            assert.equal(user.meta.location, made.headers.get('location'));
            assert.doesNotMatch(made.text, /not-kept-1/);
            const person = await personOf(userName);
            assert.equal(person.source, `scim:${shape.name}`);
            assert.deepEqual(person.teams, []);
            const again = await source.ask('POST', '/Users', shape.user(alias));
            assert.equal(again.status, 409);
            assert.equal(again.body.scimType, 'uniqueness');
            assert.equal((await source.must('GET', shape.find(userName))).totalResults, 1);
        });

        test('puts them in a group, and the policy makes a team of it', async () => {
            const group = await source.must('POST', '/Groups', shape.group);
            const joined = await source.ask('PATCH', `/Groups/${group.id}`, shape.join(user.id, userName));
            assert.ok([200, 204].includes(joined.status), joined.text);
            const person = await until('the team', async () => {
                const now = await personOf(userName);
                return now.teams.length > 0 ? now : null;
            });
            assert.deepEqual(person.teams, ['demo']);
            key = await bursar.issueKey({ name: `key of ${alias}`, person: person.person });
            const answer = await send(bursar, key, 'openai', 'hello [[demo tokens=2]]');
            assert.equal(answer.status, 200, await answer.text());
        });

        test('puts out somebody in the middle of a stream: the next call is refused at once', async () => {
            const stream = await send(bursar, key, 'openai', 'long [[demo tokens=200 delay_ms=20]]', { stream: true });
            assert.equal(stream.status, 200);
            const reading = stream.text().catch(() => '');
            const began = Date.now();
            const answer = await source.ask('PATCH', `/Users/${user.id}`, shape.leave);
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.body.active, false);
            const refused = await until('the refusal of a call', async () => {
                const tried = await send(bursar, key, 'openai', 'again [[demo tokens=1]]');
                const text = await tried.text();
                return tried.status === 401 || tried.status === 403 ? text : null;
            });
            assert.ok(Date.now() - began <= leaverGoneWithin);
            assert.match(refused, /error/);
            await reading;
            const person = await personOf(userName);
            assert.notEqual(person.state, 'active');
            assert.equal((await source.ask('GET', `/Users/${user.id}`)).status, 200, 'who is out can still be read');
        });

        test('lets them back in, and the key works again', async () => {
            const answer = await source.ask('PATCH', `/Users/${user.id}`, shape.back);
            assert.equal(answer.status, 200, answer.text);
            await until('a call', async () => (await send(bursar, key, 'openai', 'back [[demo tokens=1]]')).status === 200);
            assert.equal((await personOf(userName)).state, 'active');
        });

        test('leaves rows in the audit that say who and what', async () => {
            for (const action of ['scim.user.create', 'scim.user.deactivate', 'scim.group.create']) {
                const rows = (await audited(action)).filter((row) => row.actor === `scim:${shape.name}`);
                assert.ok(rows.length > 0, `${action} of ${shape.name}`);
                assert.equal(rows[0].outcome, 'ok');
                assert.ok(JSON.parse(rows[0].detail).token === source.id, rows[0].detail);
            }
            assert.equal((await bursar.must('POST', 'audit/verify')).intact, true);
        });
    });

describe('whoever asks', () => {
    let source;
    before(async () => (source = await Source.of('entra')));
    const refused = async (wanted, method, where, options, body) => {
        const answer = await source.ask(method, where, body, options);
        assert.equal(answer.status, wanted, answer.text);
        assert.match(answer.headers.get('content-type'), /^application\/scim\+json/);
        assert.deepEqual(answer.body.schemas, [urn('api:messages:2.0:Error')]);
        assert.equal(answer.body.status, `${wanted}`);
        return answer;
    };

    test('with a wrong token, an operator\'s token or a key is refused, in SCIM\'s shape', async () => {
        await refused(401, 'GET', '/Users', { token: `${source.token.slice(0, -1)}${source.token.endsWith('a') ? 'b' : 'a'}` });
        await refused(401, 'GET', '/Users', { token: 'nonsense' });
        await refused(401, 'POST', '/Users', { token: await bursar.issueKey() }, entra.user('nobody'));
        await refused(403, 'GET', '/Users', { token: bursar.token });
        await refused(404, 'GET', '/Nothing', {});
        const method = await refused(405, 'DELETE', '/Users', {});
        assert.match(method.headers.get('allow'), /GET, POST/);
    });

    test('with a token of SCIM reaches nothing else', async () => {
        for (const where of ['people', 'keys', 'whoami', 'usage', 'policy'])
            assert.equal((await bursar.api('GET', where, undefined, { authorization: `Bearer ${source.token}` })).status, 403, where);
    });

    test('sees and changes nobody of another source', async () => {
        const other = await Source.of('okta');
        const { id } = await other.must('POST', '/Users', okta.user('olga'));
        await refused(404, 'GET', `/Users/${id}`, {});
        await refused(404, 'PATCH', `/Users/${id}`, {}, entra.leave);
        await refused(404, 'DELETE', `/Users/${id}`, {});
        const mine = await source.must('GET', '/Users?count=200');
        assert.ok(mine.Resources.every((user) => !user.userName.includes('olga')));
        assert.equal((await other.must('GET', `/Users/${id}`)).active, true);
    });

    test('with a stale version changes nothing', async () => {
        const made = await source.ask('POST', '/Users', entra.user('vera'));
        const etag = made.headers.get('etag');
        await source.must('PATCH', `/Users/${made.body.id}`, entra.leave);
        await refused(412, 'PATCH', `/Users/${made.body.id}`, { 'if-match': etag }, entra.back);
        assert.equal((await source.must('GET', `/Users/${made.body.id}`)).active, false);
    });

    test('with more than 4 MiB is refused', async () => {
        await refused(413, 'POST', '/Users', {}, { userName: 'x'.repeat(5 << 20) });
    });

    test('gets a token only for a source that the policy has, and loses it with the source', async () => {
        for (const [body, sentence] of [
            [{ name: 'x', role: 'scim', source: 'nobody' }, /identity\.scim\.nobody/],
            [{ name: 'x', role: 'scim' }, /'source'/],
            [{ name: 'x', role: 'auditor', source: 'entra' }, /'source'/],
        ]) {
            const answer = await bursar.api('POST', 'operators', body);
            assert.equal(answer.status, 400, answer.text);
            assert.match(answer.body.detail, sentence);
        }
        const gone = await Source.of('okta');
        await bursar.changePolicy((policy) => delete policy.identity.scim.okta);
        const answer = await gone.ask('GET', '/Users');
        assert.equal(answer.status, 403);
        assert.match(answer.body.detail, /identity\.scim\.okta/);
    });
});

test('a restart changes nothing about who is in and who is out', async () => {
    const source = await Source.of('entra');
    const { id } = await source.must('POST', '/Users', entra.user('rita'));
    const group = (await source.must('GET', '/Groups')).Resources.find((one) => one.displayName === 'bursar-users');
    await source.ask('PATCH', `/Groups/${group.id}`, entra.join(id));
    const { person } = await personOf('rita@corp.example');
    const key = await bursar.issueKey({ name: 'key of rita', person });
    await source.must('PATCH', `/Users/${id}`, entra.leave);
    await bursar.stopService();
    await bursar.launch();
    assert.ok([401, 403].includes((await send(bursar, key, 'openai', 'hello [[demo tokens=1]]')).status));
    assert.equal((await source.must('GET', `/Users/${id}`)).active, false);
    await source.must('PATCH', `/Users/${id}`, entra.back);
    assert.equal((await send(bursar, key, 'openai', 'hello [[demo tokens=1]]')).status, 200);
});

// Hunts: a person who gets more or less than their directory says: in with a wrong password, in after they have left, out because they were
// renamed, without their team, or with a role that no group gives. One list of cases against the real servers: OpenLDAP, a Samba domain
// controller, and a provider of OpenID Connect.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { CompanyProvider } from './support/oidc-provider.mjs';
import { directoryPolicy, personOf, sync, Visitor } from './support/people.mjs';
import { slow, until } from './support/process.mjs';
import { Relay } from './support/relay.mjs';
import { Samba, whyNoSamba } from './support/samba.mjs';
import { entry, line, Slapd, workers } from './support/slapd.mjs';

const sentence = 'The user name or password is wrong, or the account may not sign in.';
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Both directories have the same people, know their ids, and are told of what has changed by a sync. */
class DirectoryCase {
    constructor(start, password) {
        Object.assign(this, { start, password: (uid) => `${uid}-${password}`, way: 'ldap:corp', refused: (answer) => answer.status === 401 });
    }

    async open() {
        this.directory = await this.start();
        return {
            secrets: { 'corp-bind': this.directory.bindPassword },
            identity: { directories: { corp: directoryPolicy(this.directory, await this.where?.(this.directory)) } },
            group: (cn) => `cn=${cn},${this.directory.groups}`,
        };
    }

    async close() {
        await this.relay?.stop();
        await this.directory?.stop();
    }

    signIn(visitor, uid, password = this.password(uid)) {
        return visitor.byPassword('corp', uid, password);
    }

    leave(uid) {
        this.directory.remove([this.directory.dnOf[uid]]);
    }

    told(bursar) {
        return sync(bursar, 'corp');
    }
}

class SlapdCase extends DirectoryCase {
    constructor() {
        super(() => Slapd.start({ people: 40 }), 'password');
    }

    disable(uid) {
        this.directory.modify(`${line('dn', this.directory.dnOf[uid])}changetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n`);
    }

    /** Another name, and another place in the tree. */
    rename(uid, name) {
        const { directory } = this;
        const place = `ou=moved,${directory.people}`;
        const group = `cn=research,${directory.groups}`;
        directory.add(entry(place, { objectClass: 'organizationalUnit', ou: 'moved' }));
        directory.modify(`${line('dn', directory.dnOf[uid])}changetype: modrdn\nnewrdn: uid=${name}\ndeleteoldrdn: 1\nnewsuperior: ${place}\n`);
        const dn = `uid=${name},${place}`;
        directory.modify(`dn: ${group}\nchangetype: modify\ndelete: member\n${line('member', directory.dnOf[uid])}-\nadd: member\n${line('member', dn)}`);
        directory.dnOf[name] = dn;
        return this.password(uid);
    }
}

class SambaCase extends DirectoryCase {
    constructor() {
        super(() => Samba.start({ people: 40 }), 'Passw0rd');
    }

    /** A domain controller has a network namespace of its own. */
    async where(samba) {
        this.relay = await Relay.into(samba.child.pid, 636, path.join(samba.folder, 'relay'));
        return { servers: [`ldaps://127.0.0.1:${this.relay.port}`] };
    }

    disable(uid) {
        this.directory.modify(`${line('dn', this.directory.dnOf[uid])}changetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n`);
    }

    rename(uid, name) {
        const { directory } = this;
        const place = `OU=Moved,${directory.people}`;
        directory.modify(`${line('dn', directory.dnOf[uid])}changetype: modrdn\nnewrdn: CN=${name}\ndeleteoldrdn: 1\nnewsuperior: ${place}\n`);
        const dn = `CN=${name},${place}`;
        directory.modify(`${line('dn', dn)}changetype: modify\nreplace: sAMAccountName\nsAMAccountName: ${name}\n-\nreplace: userPrincipalName\nuserPrincipalName: ${name}@corp.example\n`);
        directory.dnOf[name] = dn;
        return this.password(uid);
    }
}

/** A provider tells of somebody when they sign in; of their leaving by a logout token, and of nothing by a list. */
class OidcCase {
    way = 'oidc:idp';
    secret = 'a client secret: with / and +';

    refused(answer) {
        return answer === null;
    }

    password(uid) {
        return `${uid}-password`;
    }

    async open() {
        const groups = { olga: ['operators'], adam: ['auditors'] };
        const people = workers.map(([login, name]) => ({ login, name, password: this.password(login), groups: ['research', ...(groups[login] ?? [])] }));
        people.push({ login: 'bob', name: 'Bob', password: this.password('bob'), groups: [] });
        this.provider = await CompanyProvider.start({ people });
        return {
            secrets: { idp: this.secret },
            identity: { oidc: { idp: { issuer: this.provider.issuer, client_id: 'bursar', secret: 'idp' } } },
            group: (cn) => cn,
        };
    }

    /** The client's addresses have our port. */
    ready(bursar) {
        const at = `${bursar.origin}/auth/oidc/idp`;
        this.provider.setClients([{ id: 'bursar', secret: this.secret, redirectUris: [`${at}/callback`], backchannelLogoutUri: `${at}/logout` }]);
    }

    close() {
        return this.provider?.stop();
    }

    async signIn(visitor, uid, password = this.password(uid)) {
        const back = await visitor.byProvider('idp', uid, password);
        return back && { ...back, status: visitor.cookie ? 200 : 403 };
    }

    disable(uid) {
        this.provider.person(uid).disabled = true;
    }

    async leave(uid) {
        this.disable(uid);
        await this.provider.logout(uid);
        assert.deepEqual(this.provider.logoutErrors, []);
    }

    /** Keys outlive a sign-out; whoever has no SCIM suspends by hand. */
    async told(bursar, uid) {
        if (!uid) return;
        const { person } = await personOf(bursar, uid);
        await bursar.must('POST', `people/${person}/suspend`, { reason: 'left the company' });
    }

    rename(uid, name) {
        const person = this.provider.person(uid);
        this.provider.people.delete(uid);
        this.provider.people.set(name, { ...person, login: name, name: 'Other Name' });
        return person.password;
    }
}

function sameForAll(kind) {
    let bursar;
    before(async () => {
        const { secrets, identity, group } = await kind.open();
        bursar = await Bursar.start({
            policy: {
                teams: {
                    research: {
                        groups: [group('research')], models: ['demo-gpt'], budgets: [{ limit: '50 USD', per: 'month' }],
                        per_person: [{ limit: '5 USD', per: 'month' }],
                    },
                },
                identity: { ...identity, roles: { operator: [group('operators')], auditor: [group('auditors')] } },
            },
        });
        for (const [name, value] of Object.entries(secrets)) await bursar.putSecret(name, value);
        kind.ready?.(bursar);
    });
    after(async () => {
        await bursar?.stop();
        await kind.close();
    });

    async function signedIn(uid, password) {
        const visitor = new Visitor(bursar);
        const answer = await kind.signIn(visitor, uid, password);
        assert.ok(visitor.cookie, JSON.stringify(answer));
        visitor.is = await visitor.me();
        assert.equal(visitor.is.status, 200);
        return visitor;
    }

    async function keyOf(visitor, name = 'laptop') {
        const { status, body } = await visitor.api('POST', 'me/keys', { name });
        assert.equal(status, 201, JSON.stringify(body));
        return body;
    }

    const calls = async (key) => (await send(bursar, key, 'openai', 'hello')).status;

    it('lets somebody in, and gives them the team of their group with its models', async () => {
        const rita = await signedIn('rita');
        assert.equal(rita.is.user_name, 'rita');
        assert.equal(rita.is.role, 'member');
        assert.deepEqual(rita.is.teams, ['research']);
        assert.equal(rita.is.way, kind.way);
        const { body } = await rita.api('GET', 'me/models');
        assert.deepEqual(body.models.map((model) => model.name), ['demo-gpt']);
    });

    it('lets them make a key that calls, and shows what it cost against their budgets', async () => {
        const rita = await signedIn('rita');
        const { key, team, person } = await keyOf(rita);
        assert.equal(team, 'research');
        assert.equal(person, rita.is.person);
        assert.equal(await calls(key), 200);
        assert.equal((await send(bursar, key, 'anthropic', 'hello')).status, 403, 'a model that the team has not');
        const usage = await until('the call in the usage', async () => {
            const { body } = await rita.api('GET', 'me/usage?group_by=model');
            return body.rows.length > 0 && body;
        });
        assert.equal(usage.rows[0].group.model, 'demo-gpt', JSON.stringify(usage));
        const { body } = await rita.api('GET', 'budgets/mine');
        const spent = Object.fromEntries(body.budgets.map((budget) => [budget.account, Number(budget.spent_usd ?? budget.spent)]));
        assert.ok(spent['team:research'] > 0, JSON.stringify(body));
        assert.ok(spent[`person:${person}`] > 0, JSON.stringify(body));
        assert.equal((await rita.api('GET', 'people')).status, 403);
    });

    it('takes no change without the token of the page', async () => {
        const rita = await signedIn('rita');
        rita.csrf = '';
        assert.equal((await rita.api('POST', 'me/keys', { name: 'forged' })).status, 403);
        rita.csrf = (await signedIn('olga')).is.csrf;
        assert.equal((await rita.api('POST', 'me/keys', { name: 'forged' })).status, 403);
    });

    it('gives nobody a team or a role but by a group', async () => {
        const bob = await signedIn('bob');
        assert.deepEqual([bob.is.role, bob.is.teams], ['member', []]);
        assert.equal((await bob.api('POST', 'me/keys', { name: 'laptop' })).status, 403);
        assert.deepEqual((await bob.api('GET', 'me/models')).body.models, []);
    });

    it('makes operators and auditors of those whose group the policy names', async () => {
        const olga = await signedIn('olga');
        assert.equal(olga.is.role, 'operator');
        assert.equal((await olga.api('GET', 'people')).status, 200);
        const adam = await signedIn('adam');
        assert.equal(adam.is.role, 'auditor');
        assert.equal((await adam.api('GET', 'people')).status, 200);
        const suspend = { reason: 'an auditor may not' };
        assert.equal((await adam.api('POST', `people/${olga.is.person}/suspend`, suspend)).status, 403);
    });

    it('refuses a wrong password and an unknown user in the same words and time', async () => {
        const took = { rita: [], nobody: [] };
        const words = new Set();
        for (const [uid, tries] of [['rita', 2], ['nobody', 2]])
            for (let i = 0; i < tries; ++i) {
                const visitor = new Visitor(bursar);
                const answer = await kind.signIn(visitor, uid, 'wrong');
                assert.ok(kind.refused(answer), JSON.stringify(answer));
                assert.equal(visitor.cookie, undefined);
                if (!answer) continue; // the provider's own page said it
                assert.ok(answer.body.detail.startsWith(sentence), answer.body.detail);
                words.add(JSON.stringify(answer.body));
                took[uid].push(answer.took);
            }
        if (words.size === 0) return;
        assert.equal(words.size, 1, [...words].join('\n'));
        const [known, unknown] = [median(took.rita), median(took.nobody)];
        assert.ok(Math.abs(known - unknown) < (slow ? 1_000 : 200), `${known} ms for a wrong password, ${unknown} ms for nobody`);
    });

    it('refuses an account that the directory has disabled', async () => {
        kind.disable('dora');
        assert.ok(kind.refused(await kind.signIn(new Visitor(bursar), 'dora')));
    });

    it('puts out whom an operator suspends, key and all, until they are restored', async () => {
        const sue = await signedIn('sue');
        const { key } = await keyOf(sue);
        assert.equal(await calls(key), 200);
        const olga = await signedIn('olga');
        const { body } = await olga.api('POST', `people/${sue.is.person}/suspend`, { reason: 'a lost laptop' });
        assert.equal(body.state, 'suspended');
        assert.equal((await sue.me()).status, 401);
        assert.equal(await calls(key), 401);
        const visitor = new Visitor(bursar);
        await kind.signIn(visitor, 'sue');
        assert.equal(visitor.cookie, undefined);
        assert.equal((await olga.api('POST', `people/${sue.is.person}/restore`)).status, 200);
        assert.equal(await calls(key), 200);
        await signedIn('sue');
    });

    it('knows somebody again after they have another name, with their key', async () => {
        const max = await signedIn('max');
        const { key } = await keyOf(max);
        const password = await kind.rename('max', 'maximilian');
        await kind.told(bursar);
        const again = await signedIn('maximilian', password);
        assert.equal(again.is.person, max.is.person);
        assert.equal(again.is.user_name, 'maximilian');
        assert.deepEqual(again.is.teams, ['research']);
        assert.equal(await calls(key), 200);
        assert.deepEqual((await again.api('GET', 'me/keys')).body.keys.map((each) => each.name), ['laptop']);
    });

    it('ends the session and the key of whoever leaves, and keeps their books', async () => {
        const leo = await signedIn('leo');
        const { key } = await keyOf(leo);
        assert.equal(await calls(key), 200);
        await kind.leave('leo');
        const began = Date.now();
        await kind.told(bursar, 'leo');
        await until('the session to end', async () => (await leo.me()).status === 401, slow ? 30_000 : 5_000);
        assert.equal(await calls(key), 401);
        assert.ok(Date.now() - began < (slow ? 100_000 : 10_000));
        const visitor = new Visitor(bursar);
        await kind.signIn(visitor, 'leo');
        assert.equal(visitor.cookie, undefined);
        const row = await until('the call in the usage', async () => {
            const { rows } = await bursar.must('GET', 'usage?group_by=person');
            return rows.find((each) => each.group.person === leo.is.person);
        });
        assert.equal(row.calls, 1);
        const found = await personOf(bursar, 'leo');
        assert.ok(['gone', 'suspended'].includes(found.state), JSON.stringify(found));
        const verified = await bursar.must('POST', 'audit/verify');
        assert.equal(verified.intact, true, JSON.stringify(verified));
    });
}

describe('people: OpenLDAP', () => sameForAll(new SlapdCase()));

const missing = whyNoSamba();
describe('people: Active Directory', { skip: missing ?? false }, () => sameForAll(new SambaCase()));
if (missing) console.error(`people of a domain controller are left out: ${missing}`);

describe('people: OpenID Connect', () => sameForAll(new OidcCase()));

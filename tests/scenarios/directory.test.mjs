// Hunts: a directory that lets in whom it should not, loses people or groups, or fails without saying why, against the real ones:
// OpenLDAP's slapd and a Samba domain controller, with one list of cases for both.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { makeCertificates, temporaryFolder } from './support/bursar.mjs';
import { program, slow } from './support/process.mjs';
import { Samba, whyNoSamba } from './support/samba.mjs';
import { oddPeople, Slapd } from './support/slapd.mjs';

const sentence = 'The user name or password is wrong, or the account may not sign in.';

/** What a directory answers to one question. */
function asker(directory) {
    return (question, options = {}) => {
        const input = JSON.stringify({ options: directory.options(options), bind_password: directory.bindPassword, ...question });
        const done = directory.inside?.(program('bursar-directory-probe'), [], { input }) ??
            spawnSync(program('bursar-directory-probe'), [], { input, encoding: 'utf8', timeout: 60_000 });
        assert.equal(done.status, 0, done.stderr);
        return JSON.parse(done.stdout);
    };
}

const common = (person) => person.groups.map((group) => /^CN=((?:\\.|[^,])*)/i.exec(group.name)[1].replace(/\\(.)/g, '$1')).sort();

function sameForBoth(kind) {
    let directory, ask, password;
    before(async () => {
        directory = await kind.start();
        ask = asker(directory);
        password = (uid) => `${uid}-${kind.password}`;
    });
    after(() => directory?.stop());

    const signIn = (user, secret, options) => ask({ command: 'sign-in', user, password: secret }, options);
    function refused(answer, why) {
        assert.equal(answer.error?.fault, 'unauthenticated', JSON.stringify(answer));
        assert.ok(answer.error.for_caller.startsWith(sentence), answer.error.for_caller);
        assert.match(answer.error.for_operator, why);
    }
    function unavailable(answer, why) {
        assert.equal(answer.error?.fault, 'directory_unavailable', JSON.stringify(answer));
        assert.match(answer.error.for_operator, why);
        assert.ok(answer.milliseconds < (slow ? 30_000 : 7_000), `${answer.milliseconds} ms`);
    }

    it('lets somebody in by each kind of name, by LDAPS and by StartTLS', () => {
        for (const servers of [directory.options().servers, [directory.startTls]])
            for (const user of kind.namesOfAlice) {
                const { person, error } = signIn(user, password('alice'), { servers });
                assert.equal(person?.user_name, 'alice', `${user}: ${error?.for_operator}`);
                assert.match(person.subject, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
            }
    });

    it('finds all groups, nested ones and a ring of them included, by every way to tell them', () => {
        for (const [groups_by, options, wanted] of kind.groups) {
            const { person } = signIn('alice', password('alice'), { groups_by, ...options });
            assert.deepEqual(common(person), wanted, groups_by);
            assert.ok(person.groups_known);
            assert.ok(person.groups.every((group) => kind.groupId.test(group.id)), JSON.stringify(person.groups));
        }
    });

    it('finds only the direct groups where nested ones do not count', () => {
        const { person } = signIn('alice', password('alice'), { groups_by: 'member', nested: false });
        assert.deepEqual(common(person), ['Sales, EMEA (north) \\ Ö', 'engineers', 'everybody']);
    });

    it('lets people with hard names in, with their groups', () => {
        for (const { uid, cn } of oddPeople) {
            const { person, error } = signIn(uid, password(uid), { groups_by: 'member' });
            assert.equal(person?.user_name, uid, error?.for_operator);
            assert.equal(person.display_name, cn.trim());
            assert.deepEqual(common(person), ['company', 'engineers', 'everybody', 'staff'], uid);
        }
    });

    it('refuses in the same words whatever is wrong, and tells the operator which it was', () => {
        refused(signIn('alice', 'wrong'), /code 49/);
        refused(signIn('nobody', 'wrong'), /nobody is found/);
        refused(signIn('twin@corp.example', password('twin1')), kind.password === 'password' ? /more than one/ : /nobody is found/);
        for (const [uid, why] of kind.notLetIn) refused(signIn(uid, password(uid)), why);
    });

    it('refuses an account that wrong passwords have locked, with the right one', () => {
        for (let i = 0; i < 4; ++i) refused(signIn('locked', 'wrong'), /code 49|locked/i);
        refused(signIn('locked', password('locked')), /locked/i);
        const locked = ask({ command: 'list' }).people.find((person) => person.user_name === 'locked');
        assert.equal(locked.account, 'locked');
    });

    it('takes no password for one', () => {
        for (const secret of ['', ' ', '\t \n', '\0\0']) refused(signIn('alice', secret), /empty/);
    });

    it('takes nothing in a name for a filter', () => {
        for (const user of ['*', 'ali*', 'alice)(uid=*', '*)(|(objectClass=*)', '\\2a', 'alice\\29', '(alice)', 'a'.repeat(300), '', ' ', 'alice\0'])
            refused(signIn(user, password('alice')), /nobody is found|user name/);
    });

    it('lists everybody, with the groups that a sign-in finds', () => {
        for (const [groups_by, options, wanted] of kind.groups) {
            const listing = ask({ command: 'list' }, { groups_by, ...options });
            assert.ok(listing.whole, listing.why_not);
            assert.equal(new Set(listing.people.map((person) => person.subject)).size, kind.people);
            const alice = listing.people.find((person) => person.user_name === 'alice');
            assert.deepEqual(common(alice), wanted, groups_by);
            assert.deepEqual(alice, signIn('alice', password('alice'), { groups_by, ...options }).person);
        }
    });

    it('looks somebody up by the immutable id, and says so when nobody has it', () => {
        const { person } = signIn('alice', password('alice'));
        assert.deepEqual(ask({ command: 'look-up', subject: person.subject }).person, person);
        assert.equal(ask({ command: 'look-up', subject: person.subject.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }).person, null);
    });

    it('lets people bind by themselves where there is no service account', () => {
        const { person, error } = signIn('alice', password('alice'), { bind_dn: '', direct_bind: kind.directBind });
        assert.equal(person?.user_name, 'alice', error?.for_operator);
        refused(signIn('alice', 'wrong', { bind_dn: '', direct_bind: kind.directBind }), /code 49/);
    });

    it('goes on to the next server when one is down, and not after a wrong password', () => {
        const servers = ['ldaps://127.0.0.1:9', ...directory.options().servers];
        const answer = signIn('alice', password('alice'), { servers });
        assert.equal(answer.person?.user_name, 'alice');
        assert.match(answer.health, /127\.0\.0\.1:9 has not answered/);
        refused(signIn('alice', 'wrong', { servers: [directory.options().servers[0], 'ldaps://127.0.0.1:9'] }), /code 49/);
        unavailable(signIn('alice', password('alice'), { servers: ['ldaps://127.0.0.1:9'] }), /cannot be reached: Connection refused/);
    });

    it('says which authority is missing, and sends nothing', () => {
        const folder = temporaryFolder();
        makeCertificates(folder);
        for (const ca of ['', readFileSync(`${folder}/ca.pem`, 'utf8')]) {
            unavailable(signIn('alice', password('alice'), { ca }), /scenario CA.*(not trusted|refused)|signature/);
            const { steps } = ask({ command: 'test' }, { ca });
            assert.equal(steps.find((step) => step.name === 'TLS').state, 'bad');
            assert.equal(steps.find((step) => step.name === 'bind').state, 'skipped');
        }
    });

    it('says that a certificate is for another name', () => {
        const [server] = directory.options().servers;
        unavailable(signIn('alice', password('alice'), { servers: [server.replace('127.0.0.1', kind.otherName)] }), /is not for ".*" but for .*127\.0\.0\.1/);
    });

    it('says that the service account is not let in, and blames nobody else', () => {
        directory.bindPassword += '?';
        unavailable(signIn('alice', password('alice')), /service account .* cannot sign in: .*code 49/);
        directory.bindPassword = directory.bindPassword.slice(0, -1);
    });

    it('names a wrong base with what there is, and a wrong filter with its place', () => {
        unavailable(ask({ command: 'list' }, { people_base: `ou=folk,${kind.root}` }), /code 32/);
        const { steps } = ask({ command: 'test' }, { people_base: `ou=folk,${kind.root}` });
        assert.match(steps.find((step) => step.name === 'search').text, /This server holds .*dc=corp,dc=example/i);
        const narrow = ask({ command: 'test' }, { people_filter: '(title=wizard)' }).steps.find((step) => step.name === 'search');
        assert.match(narrow.text, /\(title=wizard\).*finds nobody.*too narrow/);
        const wrong = ask({ command: 'list' }, { people_filter: '(&(uid=*)' });
        assert.equal(wrong.error.fault, 'wrong_configuration');
        assert.match(wrong.error.for_caller, /people_filter: at character 10: a closing parenthesis is missing/);
    });

    it('shows every step of a sign-in in a test', () => {
        const { steps } = ask({ command: 'test', user: 'alice', password: password('alice') });
        assert.deepEqual(steps.filter((step) => step.state !== 'good'), []);
        const text = (name) => steps.find((step) => step.name === name).text;
        assert.match(text('TLS'), /TLSv1\.[23].*CN ?= ?localhost \(until .*issued by CN ?= ?scenario CA/);
        assert.match(text('search'), /finds more than 500 people/);
        assert.match(text('account'), /alice.*may sign in/);
        assert.match(text('groups'), /Directly: .*engineers.*By way of those: .*company.*staff/);
        assert.ok(!JSON.stringify(steps).includes(password('alice')) && !JSON.stringify(steps).includes(directory.bindPassword));
        const wrong = ask({ command: 'test', user: 'alice', password: 'wrong' }).steps.find((step) => step.name === 'password');
        assert.equal(wrong.state, 'bad');
    });

    kind.more?.(() => ({ directory, ask, signIn, refused, unavailable, password }));
}

const names = ['Sales, EMEA (north) \\ Ö', 'company', 'engineers', 'everybody', 'staff'];
const slapdKind = {
    start: () => Slapd.start({ people: 2000 }),
    password: 'password',
    people: 2000,
    root: 'dc=corp,dc=example',
    namesOfAlice: ['alice', 'ALICE', ' alice ', 'alice@corp.example', 'Alice@CORP.example'],
    groups: [
        ['member', {}, names],
        ['member_of', { groups_filter: '(objectClass=groupOfNames)' }, names],
        ['unique_member', {}, ['u-engineers', 'u-staff']],
        ['member_uid', {}, ['p-engineers', 'p-own']],
    ],
    groupId: /^[0-9a-f-]{36}$/,
    notLetIn: [['reset', /new password/]],
    otherName: '127.0.0.2',
    directBind: 'uid={user},ou=people,dc=corp,dc=example',
    more(scene) {
        it('does not take a list for whole that the server has cut', () => {
            const { ask, directory } = scene();
            const own = directory.bindPassword;
            directory.bindPassword = 'svc-limited-password';
            const listing = ask({ command: 'list' }, { bind_dn: 'cn=svc-limited,ou=services,dc=corp,dc=example' });
            directory.bindPassword = own;
            assert.equal(listing.whole, false, JSON.stringify(listing).slice(0, 300));
            assert.match(listing.why_not, /code 4\b.*cut/);
            assert.ok(listing.people.length > 0 && listing.people.length < 2000);
        });

        it('refuses an empty password where the server would let it in', async () => {
            const { refused } = scene();
            const open = await Slapd.start({ anonymous: true });
            try {
                const word = spawnSync('ldapwhoami', ['-x', '-H', open.startTls, '-D', open.dnOf.alice, '-w', ''], { encoding: 'utf8' });
                assert.equal(word.stdout.trim(), 'anonymous', 'this server should take a name without a password');
                for (const options of [{}, { bind_dn: '', direct_bind: slapdKind.directBind }])
                    for (const secret of ['', '\0', '  ']) refused(asker(open)({ command: 'sign-in', user: 'alice', password: secret }, options), /empty/);
            } finally {
                await open.stop();
            }
        });

        it('sends nothing to a server that offers no StartTLS', async () => {
            const { unavailable } = scene();
            const plain = await Slapd.start({ tls: false });
            try {
                unavailable(asker(plain)({ command: 'sign-in', user: 'alice', password: 'alice-password' }, { servers: [plain.startTls] }), /does not offer StartTLS/);
            } finally {
                await plain.stop();
            }
        });
    },
};

const sambaKind = {
    start: () => Samba.start({ people: 1200 }),
    password: 'Passw0rd',
    people: 1200,
    root: 'dc=corp,dc=example',
    namesOfAlice: ['alice', 'Alice', 'CORP\\alice', 'a.example@corp.example', 'alice@corp.example', 'alice.example@mail.example'],
    groups: [
        ...['token_groups', 'in_chain', 'member_of'].map((by) => [by, {}, ['Domain Users', ...names, 'Users'].sort()]),
        ['member', {}, names],
        // By way of groups that do not count themselves: staff and engineers, and the primary group.
        ...['token_groups', 'in_chain'].flatMap((by) => [
            [by, { groups_filter: '(|(cn=company)(cn=everybody))' }, ['company', 'everybody']],
            [by, { groups_base: 'CN=Builtin,DC=corp,DC=example' }, ['Users']],
            [by, { groups_filter: '(cn=nothing)' }, []],
        ]),
    ],
    groupId: /^S-1-5-(21(-\d+){4}|32-545)$/,
    notLetIn: [['disabled', /disabled .*data 533/], ['expired', /expired .*data 701/], ['reset', /changed first .*data 773/]],
    otherName: 'localhost',
    directBind: '{user}@corp.example',
    more(scene) {
        it('refuses an e-mail address that two people have', () => {
            const { signIn, refused, password } = scene();
            refused(signIn('twin@mail.example', password('twin1')), /more than one/);
        });

        it('finds the servers of a domain by DNS', () => {
            const { signIn, ask, password } = scene();
            const options = { servers: [], domain: 'corp.example' };
            const { person, error } = signIn('alice', password('alice'), options);
            assert.equal(person?.user_name, 'alice', error?.for_operator);
            assert.match(ask({ command: 'test' }, options).steps[0].text, /DNS names for corp.example: ldap:\/\/dc1.corp.example:389/);
        });

        it('finds people from the root of the domain, where the answer also names other servers', () => {
            const { signIn, refused, ask, password } = scene();
            const options = { people_base: 'DC=corp,DC=example' };
            assert.equal(signIn('alice', password('alice'), options).person?.user_name, 'alice');
            refused(signIn('nobody', 'wrong', options), /nobody is found/);
            assert.ok(ask({ command: 'list' }, options).whole);
        });

        it('fetches all members of a large group', () => {
            const { ask } = scene();
            const listing = ask({ command: 'list' }, { groups_by: 'member', page_size: 100 });
            assert.equal(listing.people.filter((person) => common(person).includes('everybody')).length, 1200);
        });
    },
};

describe('directory: OpenLDAP', () => sameForBoth(slapdKind));

const missing = whyNoSamba();
describe('directory: Active Directory', { skip: missing ?? false }, () => sameForBoth(sambaKind));
if (missing) console.error(`the tests against a domain controller are left out: ${missing}`);

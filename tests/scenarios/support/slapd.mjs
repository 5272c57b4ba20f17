// A real OpenLDAP server with a company in it: slapd as a plain process on ports of its own, with TLS by a CA of its own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { makeCertificates, temporaryFolder } from './bursar.mjs';
import { until } from './process.mjs';

const root = 'dc=corp,dc=example';
const admin = { dn: `cn=admin,${root}`, password: 'admin-password' };

/** A port that nobody has just now. */
export async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

/** A value as LDIF has it: base 64, for anything may be in it. */
export const line = (name, value) => `${name}:: ${Buffer.from(value).toString('base64')}\n`;
export const entry = (dn, attributes) =>
    line('dn', dn) +
    Object.entries(attributes)
        .flatMap(([name, values]) => [values].flat().map((value) => line(name, value)))
        .join('') +
    '\n';

/** RFC 4514, as a server writes it. */
const dnValue = (text) => text.replace(/[,+"\\<>;=#]/g, '\\$&').replace(/^ | $/g, '\\ ');

/** People whose names are hard to write into a DN or a filter. */
export const oddPeople = [
    { uid: 'mueller', cn: 'Jürgen Müller' },
    { uid: 'oneil', cn: `O'Neil, Ann (R&D) *` },
    { uid: 'backslash', cn: 'Back\\slash "quoted" + <angle>; #1=2' },
    { uid: 'blank', cn: '# hash and blank ' },
    { uid: 'smile', cn: 'Smile 😀' },
    { uid: 'жанна', cn: 'Жанна Д’Арк' },
];

/** People of the group research: one at work, one who runs Bursar, one who looks at it, and some who will not stay as they are. */
export const workers = [
    ['rita', 'Rita Researcher'], ['olga', 'Olga Operator'], ['adam', 'Adam Auditor'], ['leo', 'Leo Leaver'], ['sue', 'Sue Suspended'], ['dora', 'Dora Disabled'],
    ['max', 'Max Moving'],
];

function company(people) {
    const groups = {};
    const join = (group, dn) => (groups[group] ??= []).push(dn);
    const dnOf = {};
    let text = entry(root, { objectClass: ['dcObject', 'organization'], dc: 'corp', o: 'Corp' });
    for (const ou of ['people', 'groups', 'services', 'policies']) text += entry(`ou=${ou},${root}`, { objectClass: 'organizationalUnit', ou });
    for (const name of ['svc-bursar', 'svc-limited'])
        text += entry(`cn=${name},ou=services,${root}`, { objectClass: ['organizationalRole', 'simpleSecurityObject'], cn: name, userPassword: `${name}-password` });
    text += entry(`cn=default,ou=policies,${root}`, {
        objectClass: ['device', 'pwdPolicy'], cn: 'default', pwdAttribute: 'userPassword', pwdLockout: 'TRUE', pwdMaxFailure: '3',
        pwdLockoutDuration: '0', pwdMustChange: 'TRUE',
    });
    const person = (uid, cn, more = {}, rdn = `uid=${dnValue(uid)}`) => {
        dnOf[uid] = `${rdn},ou=people,${root}`;
        const number = 20_000 + Object.keys(dnOf).length;
        text += entry(dnOf[uid], {
            objectClass: ['inetOrgPerson', 'posixAccount'], uid, cn, sn: cn, displayName: cn, userPassword: `${uid}-password`, uidNumber: `${number}`,
            gidNumber: uid === 'alice' ? '500' : '501', homeDirectory: `/home/${number}`, ...more,
        });
    };
    person('alice', 'Alice Example', { mail: 'Alice@corp.example' });
    person('bob', 'Bob Without Mail');
    person('locked', 'Locked Out', { mail: 'locked@corp.example' });
    person('reset', 'Reset Password');
    person('twin1', 'First Twin', { mail: 'twin@corp.example' });
    person('twin2', 'Second Twin', { mail: 'twin@corp.example' });
    for (const [uid, cn] of workers) person(uid, cn);
    for (const { uid, cn } of oddPeople) person(uid, cn, {}, `cn=${dnValue(cn)}`);
    for (let i = Object.keys(dnOf).length; i < people; ++i) person(`user${i}`, `User ${i}`, { mail: `user${i}@corp.example` });

    for (const uid of ['alice', ...oddPeople.map((odd) => odd.uid)]) join('engineers', dnOf[uid]);
    for (const dn of Object.values(dnOf)) join('everybody', dn);
    join('operators', dnOf.olga);
    join('auditors', dnOf.adam);
    for (const [uid] of workers) join('research', dnOf[uid]);
    const group = (cn) => `cn=${dnValue(cn)},ou=groups,${root}`;
    join('Sales, EMEA (north) \\ Ö', dnOf.alice);
    join('staff', group('engineers'));
    join('company', group('staff'));
    join('staff', group('company')); // a ring
    for (const [cn, member] of Object.entries(groups)) text += entry(group(cn), { objectClass: 'groupOfNames', cn, member });
    const unique = { 'u-engineers': [dnOf.alice], 'u-staff': [group('u-engineers')] };
    for (const [cn, uniqueMember] of Object.entries(unique)) text += entry(group(cn), { objectClass: 'groupOfUniqueNames', cn, uniqueMember });
    text += entry(group('p-own'), { objectClass: 'posixGroup', cn: 'p-own', gidNumber: '500' });
    text += entry(group('p-engineers'), { objectClass: 'posixGroup', cn: 'p-engineers', gidNumber: '700', memberUid: ['alice', 'mueller'] });
    return { text, dnOf };
}

export class Slapd {
    /**
     * @param {{people?: number, anonymous?: boolean, tls?: boolean, names?: string, certified?: object, at?: string}} options
     *        anonymous: it lets a name without a password in; names: of its certificate; certified: the environment in which that is made; at: one
     *        more address of this machine
     */
    static async start(options = {}) {
        const slapd = new Slapd();
        try {
            await slapd.#begin(options);
        } catch (error) {
            await slapd.stop();
            throw error;
        }
        return slapd;
    }

    async #begin(options) {
        this.folder = temporaryFolder();
        this.at = options.at;
        this.ports = { plain: await freePort(), tls: await freePort() };
        makeCertificates(this.folder, options.names, options.certified);
        this.ca = readFileSync(this.path('ca.pem'), 'utf8');
        mkdirSync(this.path('data'));
        this.configure(options);
        await this.launch();
        const { text, dnOf } = company(options.people ?? 20);
        this.dnOf = dnOf;
        this.add(text);
        this.modify(`${line('dn', dnOf.reset)}changetype: modify\nreplace: pwdReset\npwdReset: TRUE\n`);
    }

    path(name) {
        return path.join(this.folder, name);
    }

    configure({ anonymous = false, tls = true }) {
        const schema = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema\n`).join('');
        const modules = ['back_mdb', 'memberof', 'ppolicy'].map((name) => `moduleload ${name}\n`).join('');
        const certificates = tls ? `TLSCACertificateFile ${this.path('ca.pem')}\nTLSCertificateFile ${this.path('server.pem')}\nTLSCertificateKeyFile ${this.path('server.key')}\n` : '';
        writeFileSync(this.path('slapd.conf'), `${schema}modulepath /usr/lib/ldap\n${modules}${certificates}pidfile ${this.path('slapd.pid')}
${anonymous ? 'allow bind_anon_dn bind_anon_cred\n' : ''}
database mdb
suffix ${root}
rootdn ${admin.dn}
rootpw ${admin.password}
directory ${this.path('data')}
dbnosync
maxsize 268435456
index objectClass,uid,mail,cn,member,uniqueMember,memberUid,entryUUID,gidNumber eq
limits dn.exact="cn=svc-bursar,ou=services,${root}" size=unlimited time=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=svc-bursar,ou=services,${root}" read by dn.exact="cn=svc-limited,ou=services,${root}" read by self read by anonymous auth by * none
overlay memberof
overlay ppolicy
ppolicy_default cn=default,ou=policies,${root}
ppolicy_use_lockout
`);
    }

    async launch() {
        const output = openSync(this.path('slapd.log'), 'a', 0o600);
        const addresses = `ldap://127.0.0.1:${this.ports.plain} ldaps://127.0.0.1:${this.ports.tls} ldaps://127.0.0.2:${this.ports.tls} ${this.at ? `ldaps://${this.at}:636` : ''} ${this.#socket}`;
        // It ends with whoever has started it, however that ends.
        this.child = spawn('setpriv', ['--pdeathsig', 'TERM', '/usr/sbin/slapd', '-f', this.path('slapd.conf'), '-h', addresses, '-d', '0'], { stdio: ['ignore', output, output] });
        closeSync(output);
        this.ended = new Promise((resolve) => this.child.once('exit', resolve));
        this.child.once('exit', (code) => (this.code = code ?? -1));
        await until('slapd', () => {
            if (this.code !== undefined) throw new Error(`slapd ended with ${this.code}: ${readFileSync(this.path('slapd.log'), 'utf8').slice(-2000)}`);
            return spawnSync('ldapwhoami', ['-x', '-H', this.#socket]).status === 0;
        });
    }

    get #socket() {
        return `ldapi://${encodeURIComponent(this.path('socket'))}`;
    }

    #write(tool, text) {
        const words = ['-x', '-H', this.#socket, '-D', admin.dn, '-w', admin.password];
        execFileSync(tool, words, { input: text, stdio: ['pipe', 'pipe', 'pipe'] });
    }

    /** @param {string} text LDIF */
    add(text) {
        this.#write('ldapadd', text);
    }

    /** @param {string[]} names DNs */
    remove(names) {
        this.modify(names.map((dn) => `${line('dn', dn)}changetype: delete\n`).join('\n'));
    }

    modify(text) {
        this.#write('ldapmodify', text);
    }

    /** What a policy would say of it; the service account's password goes beside. */
    options(more = {}) {
        return {
            name: 'corp', kind: 'openldap', servers: [`ldaps://127.0.0.1:${this.ports.tls}`], ca: this.ca, bind_dn: `cn=svc-bursar,ou=services,${root}`,
            people_base: `ou=people,${root}`, groups_by: 'member', ...more,
        };
    }

    get startTls() {
        return `ldap://127.0.0.1:${this.ports.plain}`;
    }

    bindPassword = 'svc-bursar-password';
    people = `ou=people,${root}`;
    groups = `ou=groups,${root}`;

    async stop() {
        if (this.child && this.code === undefined) this.child.kill('SIGTERM');
        await this.ended;
        if (this.folder && !process.env.BURSAR_KEEP) rmSync(this.folder, { recursive: true, force: true });
    }
}

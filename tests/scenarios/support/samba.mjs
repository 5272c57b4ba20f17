// A real Active Directory domain controller: Samba in a network namespace of its own, for its ports are fixed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeCertificates, temporaryFolder } from './bursar.mjs';
import { until } from './process.mjs';
import { entry, line, oddPeople, workers } from './slapd.mjs';

const root = 'DC=corp,DC=example';
const staff = `OU=Staff,${root}`;
const add = fileURLToPath(new URL('samba_add.py', import.meta.url));
const dnValue = (text) => text.replace(/[,+"\\<>;=#]/g, '\\$&').replace(/^ | $/g, '\\ ');
/** As the attribute unicodePwd wants it: in quotes, UTF-16. */
const unicode = (password) => `unicodePwd:: ${Buffer.from(`"${password}"`, 'utf16le').toString('base64')}\n`;

/** Why there can be no domain controller here; null if there can. */
export function whyNoSamba() {
    if (spawnSync('samba', ['--version']).error) return 'samba is not installed: installer/dependencies test';
    if (spawnSync('unshare', ['--net', '--mount', 'true']).status !== 0) return 'this machine permits no network namespaces (unshare --net --mount), and a domain controller has fixed ports';
    return null;
}

function company(people) {
    const dnOf = {};
    let text = entry(staff, { objectClass: 'organizationalUnit' }) + entry(`OU=Moved,${staff}`, { objectClass: 'organizationalUnit' });
    let changes = '';
    const person = (uid, cn, more = {}) => {
        dnOf[uid] = `CN=${dnValue(cn)},${staff}`;
        const attributes = {
            objectClass: 'user', cn, sAMAccountName: uid, userPrincipalName: `${uid}@corp.example`, displayName: cn, userAccountControl: '512', ...more,
        };
        // Setting a password takes the domain controller 50 ms, so the many have none.
        const password = uid.startsWith('user') ? '' : unicode(`${uid}-Passw0rd`);
        text += entry(dnOf[uid], attributes).replace(/\n\n$/, `\n${password}\n`);
    };
    const change = (uid, name, value) => {
        changes += `dn:: ${Buffer.from(dnOf[uid]).toString('base64')}\nchangetype: modify\nreplace: ${name}\n${name}: ${value}\n\n`;
    };
    person('svc-bursar', 'Bursar Service');
    person('alice', 'Alice Example', { mail: 'Alice.Example@mail.example', userPrincipalName: 'a.example@corp.example' });
    person('bob', 'Bob Without Mail');
    person('locked', 'Locked Out', { mail: 'locked@mail.example' });
    person('disabled', 'Disabled Account', { userAccountControl: '514' });
    person('expired', 'Expired Account', { accountExpires: '131000000000000000' });
    person('reset', 'Reset Password');
    person('twin1', 'First Twin', { mail: 'twin@mail.example' });
    person('twin2', 'Second Twin', { mail: 'twin@mail.example' });
    for (const { uid, cn } of oddPeople) person(uid, cn);
    for (const [uid, cn] of workers) person(uid, cn);
    for (let i = Object.keys(dnOf).length; i < people; ++i) person(`user${i}`, `User ${i}`, { mail: `user${i}@mail.example`, userAccountControl: '544' });
    change('reset', 'pwdLastSet', '0');
    changes += `dn: ${root}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 3\n\n`;

    const group = (cn) => `CN=${dnValue(cn)},${staff}`;
    const groups = {
        engineers: ['alice', ...oddPeople.map((odd) => odd.uid)].map((uid) => dnOf[uid]),
        everybody: Object.values(dnOf),
        'Sales, EMEA (north) \\ Ö': [dnOf.alice],
        research: workers.map(([uid]) => dnOf[uid]),
        operators: [dnOf.olga],
        auditors: [dnOf.adam],
        staff: [group('engineers')],
        company: [group('staff')],
    };
    for (const [cn, member] of Object.entries(groups)) text += entry(group(cn), { objectClass: 'group', cn, sAMAccountName: cn.replace(/\W/g, ''), member });
    // A ring, once both are there.
    changes += `dn: ${group('staff')}\nchangetype: modify\nadd: member\nmember: ${group('company')}\n\n`;
    return { text: `${text}\n# then\n${changes}`, dnOf };
}

export class Samba {
    /** @param {{people?: number, at?: string}} options at: an address of this namespace, which then is that of the domain controller, too */
    static async start({ people = 1200, at } = {}) {
        const samba = new Samba();
        samba.folder = temporaryFolder();
        samba.inOwn = at === undefined;
        samba.at = at ?? '127.0.0.1';
        try {
            await samba.#begin(people);
        } catch (error) {
            await samba.stop();
            throw error;
        }
        return samba;
    }

    async #begin(people) {
        makeCertificates(this.folder, `IP:${this.at},DNS:dc1.corp.example`);
        this.ca = readFileSync(this.path('ca.pem'), 'utf8');
        const option = (text) => `--option=${text}`;
        execFileSync('samba-tool', [
            'domain', 'provision', `--targetdir=${this.path('dc')}`, '--realm=CORP.EXAMPLE', '--domain=CORP', '--server-role=dc', '--dns-backend=SAMBA_INTERNAL',
            '--adminpass=Passw0rd.12', '--host-name=dc1', `--host-ip=${this.at}`, option(`interfaces=lo${this.inOwn ? '' : ` ${this.at}/24`}`), option('bind interfaces only=yes'),
            option(`tls keyfile=${this.path('server.key')}`), option(`tls certfile=${this.path('server.pem')}`), option(`tls cafile=${this.path('ca.pem')}`),
        ], { stdio: 'pipe' });
        const { text, dnOf } = company(people);
        this.dnOf = dnOf;
        execFileSync('/usr/bin/python3', [add, this.path('dc/etc/smb.conf'), this.path('dc/private/sam.ldb')], { input: text, stdio: ['pipe', 'pipe', 'pipe'] });
        await this.launch();
    }

    path(name) {
        return path.join(this.folder, name);
    }

    async launch() {
        const output = openSync(this.path('samba.log'), 'a', 0o600);
        const words = `ip link set lo up && exec samba -s ${this.path('dc/etc/smb.conf')} --option='server services=ldap dns' --no-process-group -F`;
        // It ends with whoever has started it, however that ends.
        const away = this.inOwn ? ['unshare', '--net'] : [];
        this.child = spawn('setpriv', ['--pdeathsig', 'TERM', ...away, 'bash', '-c', words], { stdio: ['ignore', output, output], detached: true });
        closeSync(output);
        this.ended = new Promise((resolve) => this.child.once('exit', resolve));
        this.child.once('exit', (code) => (this.code = code ?? -1));
        await until('the domain controller', () => {
            if (this.code !== undefined) throw new Error(`samba ended with ${this.code}: ${readFileSync(this.path('samba.log'), 'utf8').slice(-2000)}`);
            return this.inside('bash', ['-c', `exec 3<>/dev/tcp/${this.at}/636`]).status === 0;
        }, 60_000);
    }

    /** Runs a program where the domain controller can be reached, and is the name server. */
    inside(program, words, options = {}) {
        writeFileSync(this.path('resolv.conf'), 'nameserver 127.0.0.1\n');
        // The domain controller does not tell a loopback address of itself.
        writeFileSync(this.path('hosts'), '127.0.0.1 localhost dc1.corp.example\n');
        const script = `for file in resolv.conf hosts; do mount --bind ${this.folder}/$file /etc/$file || exit; done; exec "$0" "$@"`;
        return spawnSync('nsenter', ['--target', `${this.child.pid}`, '--net', 'unshare', '--mount', 'bash', '-c', script, program, ...words],
            { encoding: 'utf8', timeout: 60_000, ...options });
    }

    /** @param {string} text LDIF, as the administrator of the domain */
    modify(text) {
        const words = ['-x', '-H', 'ldaps://127.0.0.1', '-D', 'Administrator@corp.example', '-w', 'Passw0rd.12'];
        const done = this.inside('ldapmodify', words, { input: text, env: { ...process.env, LDAPTLS_REQCERT: 'never' } });
        if (done.status !== 0) throw new Error(`ldapmodify ended with ${done.status}: ${done.stderr}`);
    }

    /** @param {string[]} names DNs */
    remove(names) {
        this.modify(names.map((dn) => `${line('dn', dn)}changetype: delete\n`).join('\n'));
    }

    options(more = {}) {
        return {
            name: 'corp', kind: 'active_directory', servers: ['ldaps://127.0.0.1'], ca: this.ca, bind_dn: 'svc-bursar@corp.example', people_base: staff,
            groups_by: 'token_groups', ...more,
        };
    }

    startTls = 'ldap://127.0.0.1';
    bindPassword = 'svc-bursar-Passw0rd';
    people = staff;
    groups = staff;
    root = root;

    async stop() {
        if (this.child && this.code === undefined) this.#signal('SIGTERM');
        await this.ended;
        // Its helpers would end some time after it, and write until then.
        if (this.child) this.#signal('SIGKILL');
        if (this.folder && !process.env.BURSAR_KEEP) rmSync(this.folder, { recursive: true, force: true, maxRetries: 20 });
    }

    /** To it and all its helpers, as far as they are still there. */
    #signal(name) {
        try {
            process.kill(-this.child.pid, name);
        } catch (error) {
            if (error.code !== 'ESRCH') throw error;
        }
    }
}

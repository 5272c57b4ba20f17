// Hunts: a firewall that cuts the service off from the directory servers that DNS names, or lets it through to others, at other ports, or wherever a
// forged record says. Two machines with a cable between them, the kernel's own nftables, bursard's own look-up.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { temporaryFolder } from './support/bursar.mjs';
import { program, root, until } from './support/process.mjs';

function whyNot() {
    if (process.getuid() !== 0) return 'only root may make rules';
    for (const name of ['nft', 'ip', 'setpriv', 'python3']) if (spawnSync('which', [name]).status !== 0) return `${name} is missing: installer/dependencies test`;
    if (spawnSync('unshare', ['--mount', '--net', 'nft', 'add table inet bursar_try']).status !== 0) return 'no network of its own can be made here, or its kernel has no nftables';
    return null;
}
const skip = whyNot() ?? false;

const domain = 'corp.example';
const machine = '192.0.2.1';
const dc1 = '192.0.2.3';
const dc2 = '192.0.2.4';
const rival = '192.0.2.5';
const far = {
    nameServer: '192.0.2.2',
    // The domain's own address is no directory server, and one that a forged record names is none of the domain's.
    names: { [domain]: '192.0.2.2', [`dc1.${domain}`]: dc1, [`dc2.${domain}`]: dc2, 'dc3.rival.example': rival },
    services: {
        [`_ldap._tcp.dc._msdcs.${domain}`]: [
            { host: `dc1.${domain}`, port: 389 },
            { host: `dc2.${domain}`, port: 636 },
            { host: 'dc3.rival.example', port: 389 },
        ],
    },
    doors: ['192.0.2.2', dc1, dc2, rival].flatMap((host) => [389, 636, 8443].map((port) => ({ host, port }))),
};
let folder;
const children = [];

function begin(words, log) {
    const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.said = '';
    for (const stream of ['stdout', 'stderr']) child[stream].on('data', (piece) => (child.said += piece));
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    child.log = log;
    children.push(child);
    return child;
}
/** As root on the machine with the service. */
const near = (script, ...words) =>
    spawnSync('nsenter', [`--mount=/proc/${children[0].pid}/ns/mnt`, `--net=/proc/${children[0].pid}/ns/net`, '--', 'bash', '-c', script, 'bash', ...words], { encoding: 'utf8', env: { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` } });
/** Whether that user gets a connection. Debian's Python: another one may lie where only root can read. */
function reaches(user, host, port) {
    const done = near('exec setpriv --reuid "$1" --regid "$1" --clear-groups /usr/bin/python3 -c "import socket, sys; print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).recv(9))" "$2" "$3"', user, host, String(port));
    return done.stdout.includes('hello');
}

before(async () => {
    if (skip) return;
    folder = temporaryFolder();
    // An /etc of its own, with the package's users, its configuration, and the company's name server.
    const etc = path.join(folder, 'etc');
    cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.startsWith('/etc/bursar') });
    for (const name of ['passwd', 'group']) writeFileSync(path.join(etc, name), readFileSync(`/etc/${name}`, 'utf8').replace(/^bursar.*\n/gm, ''));
    for (const [name, id] of [['bursar', 65001], ['bursar-courier', 65002]]) {
        writeFileSync(path.join(etc, 'passwd'), `${name}:x:${id}:${id}::/:/usr/sbin/nologin\n`, { flag: 'a' });
        writeFileSync(path.join(etc, 'group'), `${name}:x:${id}:\n`, { flag: 'a' });
    }
    rmSync(path.join(etc, 'resolv.conf'), { force: true });
    writeFileSync(path.join(etc, 'resolv.conf'), `nameserver ${far.nameServer}\noptions timeout:1 attempts:2\n`);
    writeFileSync(path.join(etc, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: dns\n');
    mkdirSync(path.join(etc, 'bursar/policy'), { recursive: true });
    mkdirSync(path.join(folder, 'state'), { mode: 0o700 });
    writeFileSync(path.join(etc, 'bursar/bursard.ini'), `[listen]\naddress = 127.0.0.1\nport = 0\nplain = true\n[state]\nfolder = ${folder}/state\n[master_key]\nsource = passphrase\n[policy]\ninitial = policy\n`);
    writeFileSync(
        path.join(etc, 'bursar/policy/policy.yaml'),
        `organisation: {name: Example}\nidentity:\n  directories:\n    corp: {kind: active_directory, domain: ${domain}, bind: {dn: "svc@${domain}", secret: ldap}, people: {base: "DC=corp,DC=example"}}\n`,
    );
    // bursar-offline without systemd: the same program with the same configuration.
    mkdirSync(path.join(folder, 'bin'));
    writeFileSync(path.join(folder, 'bin/bursar-offline'), `#!/bin/sh\nexec ${program('bursard')} --config /etc/bursar/bursard.ini "$@"\n`, { mode: 0o755 });
    symlinkSync(path.join(root, 'installer/debian/firewall'), path.join(folder, 'bin/bursar-firewall'));

    const machineOf = (more) => ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--net', '--propagation', 'private', 'bash', '-euc', `ip link set lo up; ${more}; echo begun; exec sleep infinity`, 'bash', etc];
    const own = begin(machineOf('mount --bind "$1" /etc'));
    const other = begin(machineOf(':'));
    for (const child of [own, other]) await until('a machine', () => child.said.includes('begun'));
    const cable = `ip link add near type veth peer name far netns ${other.pid} && ip addr add ${machine}/24 dev near && ip link set near up`;
    const laid = spawnSync('nsenter', [`--net=/proc/${own.pid}/ns/net`, 'bash', '-euc', cable], { encoding: 'utf8' });
    if (laid.status !== 0) throw new Error(laid.stderr);
    const addresses = [far.nameServer, dc1, dc2, rival].map((each) => `ip addr add ${each}/24 dev far`).join(' && ');
    const there = spawnSync('nsenter', [`--net=/proc/${other.pid}/ns/net`, 'bash', '-euc', `${addresses} && ip link set far up`], { encoding: 'utf8' });
    if (there.status !== 0) throw new Error(there.stderr);
    const servers = begin(['nsenter', `--net=/proc/${other.pid}/ns/net`, process.execPath, fileURLToPath(new URL('support/far.mjs', import.meta.url)), JSON.stringify(far)]);
    await until('its servers', () => servers.said.includes('ready'));
    await until('the cable', () => reaches('root', dc1, 389));
});
after(async () => {
    for (const child of children.reverse()) child.kill('SIGKILL');
    await Promise.all(children.map((child) => child.ended));
    if (folder && existsSync(folder)) rmSync(folder, { recursive: true, force: true });
});

test('the servers that DNS names are shown with their ports, and nobody outside of the domain', { skip }, () => {
    const plain = near('bursar-offline --egress /etc/bursar/policy');
    assert.equal(plain.status, 0, plain.stderr);
    assert.equal(plain.stdout, `bursar _ldap._tcp.${domain} 636 srv\n`);
    const found = near('bursar-offline --egress /etc/bursar/policy --look-up');
    assert.equal(found.status, 0, found.stderr);
    assert.equal(found.stdout, `bursar dc1.${domain} 389\nbursar dc2.${domain} 636\n`);
});

const ways = [
    ['a server that DNS names, at its port', 'bursar', dc1, 389, true],
    ['another one, at another port', 'bursar', dc2, 636, true],
    ['a port of a server that its record does not name', 'bursar', dc1, 636, false],
    ['any other port there', 'bursar', dc2, 8443, false],
    ['the address of the domain itself', 'bursar', '192.0.2.2', 389, false],
    ['a server of somebody else that a record names', 'bursar', rival, 389, false],
    ['a directory server for the courier', 'bursar-courier', dc1, 389, false],
    ['anything for other users', 'root', rival, 8443, true],
];

test('the service reaches those and nobody else', { skip }, async (context) => {
    for (const [, user, host, port] of ways) assert.ok(reaches(user, host, port), `without rules ${user} reaches ${host}:${port}`);
    const applied = near('bursar-firewall apply');
    assert.equal(applied.status, 0, applied.stderr);
    for (const [sentence, user, host, port, open] of ways) await context.test(`${open ? '' : 'not '}${sentence}`, () => assert.equal(reaches(user, host, port), open));
});

test('a domain whose DNS names nobody is told, and everything else is let through', { skip }, () => {
    const done = near('sed "s/corp.example, bind/nowhere.example, bind/" /etc/bursar/policy/policy.yaml >/etc/bursar/other.yaml; mkdir -p /etc/bursar/other && mv /etc/bursar/other.yaml /etc/bursar/other/; bursar-firewall print --policy /etc/bursar/other');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stderr, /The servers of the domain nowhere\.example are left out: /);
    assert.doesNotMatch(done.stdout, /192\.0\.2\.[2-5] \. /);
});

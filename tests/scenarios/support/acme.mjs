// A company with a CA that speaks ACME (RFC 8555): Pebble, Let's Encrypt's own test server, with a name server of its own. It refuses nonces now and
// then, asks port `port` of every name whether that is ours, and gives certificates of a quarter of an hour.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';

import { makeCertificates } from './bursar.mjs';
import { root, until } from './process.mjs';

export const certificateSeconds = 900;
const nonceRejectPercent = 10;
/** It makes RSA keys first, which a busy machine takes its time for. */
const keysMilliseconds = 180_000;
const challenge = path.join(root, 'installer/debian/challenge');

/** Why there is none here, or null. */
export function whyNoCa() {
    if (process.getuid() !== 0) return 'only root may say whom a program trusts (mount --bind)';
    if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'no mount namespace can be made here (unshare --mount)';
    for (const name of ['uacme', 'pebble', 'pebble-challtestsrv', 'systemd-socket-activate'])
        if (spawnSync('which', [name]).status !== 0) return `${name} is missing: installer/dependencies test`;
    return null;
}

function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.once('error', reject).listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

export class Ca {
    /** @param {string} folder an own one, which exists */
    static async start(folder) {
        const ca = new Ca();
        Object.assign(ca, { folder, children: [], challenge });
        makeCertificates(folder);
        for (const name of ['directory', 'management', 'names', 'namesManagement', 'port']) ca[name] = await freePort();
        const at = (port) => `127.0.0.1:${port}`;
        writeFileSync(
            ca.path('pebble.json'),
            JSON.stringify({
                pebble: {
                    listenAddress: at(ca.directory),
                    managementListenAddress: at(ca.management),
                    certificate: ca.path('server.pem'),
                    privateKey: ca.path('server.key'),
                    httpPort: ca.port,
                    tlsPort: 1,
                    certificateValidityPeriod: certificateSeconds,
                },
            }),
        );
        // Every name is at this machine.
        ca.begin('pebble-challtestsrv', ['-dns01', at(ca.names), '-management', at(ca.namesManagement), '-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', '']);
        ca.begin('pebble', ['-config', ca.path('pebble.json'), '-dnsserver', at(ca.names)], {
            PEBBLE_VA_NOSLEEP: '1',
            PEBBLE_AUTHZREUSE: '0', // each certificate asks whether the name is still ours
            PEBBLE_WFE_NONCEREJECT: String(nonceRejectPercent),
        });
        await until('the CA', () => ca.get(ca.directory, '/dir').catch(() => null), keysMilliseconds);
        return ca;
    }

    path(name) {
        return path.join(this.folder, name);
    }
    get url() {
        return `https://localhost:${this.directory}/dir`;
    }
    /** What the company's machines trust when they speak to the CA itself. */
    get file() {
        return this.path('ca.pem');
    }
    /** Words before a program, for which the CA is the only one that this machine trusts: what the unit's BindReadOnlyPaths= does. */
    get under() {
        return ['unshare', '--mount', '--propagation', 'private', 'sh', '-euc', 'mount --bind "$1" /etc/ssl/certs/ca-certificates.crt; shift; exec "$@"', 'sh', this.file];
    }

    begin(name, words, environment = {}) {
        const log = openSync(this.path(`${name}.log`), 'a', 0o600);
        const child = spawn(name, words, { stdio: ['ignore', log, log], env: { ...process.env, ...environment } });
        closeSync(log);
        child.ended = new Promise((resolve) => child.once('exit', resolve));
        this.children.push(child);
        return child;
    }

    /** What systemd does with bursar-challenge.socket: the program, for each connection. */
    async open(challenges) {
        this.door = this.begin('systemd-socket-activate', ['--accept', '--inetd', `--listen=127.0.0.1:${this.port}`, `--setenv=BURSAR_CHALLENGES=${challenges}`, challenge, 'answer']);
        await until('the port', () => readFileSync(this.path('systemd-socket-activate.log'), 'utf8').includes('Listening on'));
    }
    async shut() {
        this.door.kill('SIGTERM');
        await this.door.ended;
    }

    get(port, name) {
        return new Promise((resolve, reject) => {
            https
                .get({ host: '127.0.0.1', servername: 'localhost', port, path: name, ca: readFileSync(this.file), agent: false }, (answer) => {
                    let text = '';
                    answer.on('data', (piece) => (text += piece)).on('end', () => resolve(text));
                })
                .on('error', reject);
        });
    }
    /** The root of what it gives. */
    root() {
        return this.get(this.management, '/roots/0');
    }
    log() {
        return existsSync(this.path('pebble.log')) ? readFileSync(this.path('pebble.log'), 'utf8') : '';
    }

    async stop() {
        for (const child of this.children) child.kill('SIGTERM');
        await Promise.all(this.children.map((child) => child.ended));
    }
}

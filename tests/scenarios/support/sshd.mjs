// A real OpenSSH server that serves a folder by SFTP, on loopback, with keys that are thrown away.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';

import { temporaryFolder } from './bursar.mjs';
import { until } from './process.mjs';
import { freePort } from './slapd.mjs';

const program = '/usr/sbin/sshd';

export class Sshd {
    static async start() {
        const server = new Sshd();
        server.folder = temporaryFolder();
        server.port = await freePort();
        for (const name of ['host', 'account']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(server.folder, name)]);
        server.target = path.join(server.folder, 'backups');
        mkdirSync(server.target, { mode: 0o700 });
        writeFileSync(path.join(server.folder, 'authorized'), readFileSync(path.join(server.folder, 'account.pub')));
        chmodSync(path.join(server.folder, 'authorized'), 0o600);
        mkdirSync('/run/sshd', { recursive: true });
        const lines = {
            Port: server.port, ListenAddress: '127.0.0.1', HostKey: path.join(server.folder, 'host'), PidFile: 'none', UsePAM: 'no', StrictModes: 'no',
            AuthorizedKeysFile: path.join(server.folder, 'authorized'), PasswordAuthentication: 'no', KbdInteractiveAuthentication: 'no', PermitRootLogin: 'prohibit-password',
            Subsystem: 'sftp internal-sftp', ForceCommand: 'internal-sftp',
        };
        const file = path.join(server.folder, 'sshd_config');
        writeFileSync(file, Object.entries(lines).map(([name, value]) => `${name} ${value}\n`).join(''));
        server.child = spawn(program, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
        server.log = '';
        server.child.stderr.on('data', (bytes) => (server.log += bytes));
        await until('sshd listens', () => new Promise((resolve) => {
            const socket = createConnection(server.port, '127.0.0.1', () => (socket.destroy(), resolve(true))).on('error', () => resolve(false));
        }));
        return server;
    }

    get url() {
        return `sftp://${userInfo().username}@127.0.0.1:${this.port}${this.target}`;
    }

    /** As ssh-keygen -l says it. */
    get hostKey() {
        return execFileSync('ssh-keygen', ['-l', '-f', path.join(this.folder, 'host.pub')], { encoding: 'utf8' }).split(' ')[1];
    }

    /** The account's private key as the vault takes it. */
    get secret() {
        return readFileSync(path.join(this.folder, 'account')).toString('base64');
    }

    async stop() {
        this.child.kill();
        await new Promise((resolve) => (this.child.exitCode === null && this.child.signalCode === null ? this.child.once('exit', resolve) : resolve()));
        rmSync(this.folder, { recursive: true, force: true });
    }
}

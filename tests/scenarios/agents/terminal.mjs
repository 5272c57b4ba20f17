// Claude Code as somebody at a terminal has it: unmodified, in tmux, on a machine whose policy says that it signs in at this gateway. The
// machine is a mount namespace with an /etc of its own, so that the policy reaches nobody else.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryFolder } from '../support/bursar.mjs';
import { until } from '../support/process.mjs';

const claude = fileURLToPath(new URL('node_modules/.bin/claude', import.meta.url));
const seconds = 1_000;
const patience = 60 * seconds;

/** Why no such machine can be made here, or nothing. */
export function whyNoTerminal() {
    if (spawnSync('tmux', ['-V']).status !== 0) return 'tmux is not installed';
    const done = spawnSync('unshare', [...apart, 'true'], { encoding: 'utf8' });
    return done.status === 0 ? undefined : `no mount namespace can be made here: ${done.stderr}`;
}

const apart = ['--user', '--map-current-user', '--keep-caps', '--mount'];

export class Terminal {
    constructor(gateway) {
        this.folder = temporaryFolder();
        for (const name of ['etc/claude-code', 'home', 'tmp', 'work']) mkdirSync(this.path(name), { recursive: true });
        for (const name of ['passwd', 'group', 'hosts', 'resolv.conf', 'nsswitch.conf', 'ssl', 'localtime'])
            if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, this.path(`etc/${name}`), { recursive: true, dereference: true });
        const machine = { forceLoginMethod: 'gateway', forceLoginGatewayUrl: gateway };
        writeFileSync(this.path('etc/claude-code/managed-settings.json'), JSON.stringify(machine));
        const projects = { [this.path('work')]: { hasTrustDialogAccepted: true } };
        writeFileSync(this.path('home/.claude.json'), JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark', projects }));
        writeFileSync(this.path('browser'), `#!/bin/sh\necho "$1" >> '${this.path('browser.log')}'\n`);
        chmodSync(this.path('browser'), 0o755);
        this.environment = {
            PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8', SHELL: '/bin/sh', HOME: this.path('home'), BROWSER: this.path('browser'),
            CLAUDE_CODE_TMPDIR: this.path('tmp'), DISABLE_AUTOUPDATER: '1',
        };
    }

    path(name) {
        return path.join(this.folder, name);
    }

    /** The words of a command on that machine. */
    #there(words) {
        return [...apart, 'sh', '-c', `mount --bind '${this.path('etc')}' /etc && exec "$@"`, 'sh', ...words];
    }

    /** The agent without a screen: what it printed, and how it ended. */
    run(...words) {
        return new Promise((resolve) => {
            const child = spawn('unshare', this.#there(['timeout', '-k', '5', '90', claude, ...words]), {
                cwd: this.path('work'), env: this.environment, stdio: ['ignore', 'pipe', 'pipe'],
            });
            let said = '';
            for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
            child.once('close', (code) => resolve({ code, said }));
        });
    }

    #tmux(...words) {
        return spawnSync('tmux', ['-S', this.path('tmux'), ...words], { encoding: 'utf8', env: this.environment });
    }

    /** The agent with a screen. */
    open(...words) {
        const command = [claude, ...words].join(' ');
        const tmux = ['tmux', '-S', this.path('tmux'), '-f', '/dev/null', 'new-session', '-d', '-x', '160', '-y', '50', `${command}; sleep 3600`];
        execFileSync('unshare', this.#there(tmux), { cwd: this.path('work'), env: this.environment, stdio: 'pipe' });
    }

    close() {
        this.#tmux('kill-server');
    }

    get screen() {
        return this.#tmux('capture-pane', '-pJ').stdout;
    }

    /** Waits until the screen has this, and gives what it shows then. */
    async sees(wanted) {
        let shown = '';
        await until(`${wanted} on the screen`, () => wanted.test((shown = this.screen)), patience).catch((error) => {
            throw new Error(`${error.message}\n${shown}`);
        });
        return shown;
    }

    keys(...keys) {
        this.#tmux('send-keys', ...keys);
    }

    /** Types a line, and sends it when it stands there. */
    async types(line) {
        this.keys('-l', line);
        await this.sees(new RegExp(`[❯>].*${line.replace(/[/.?]/g, '\\$&')}`));
        this.keys('Enter');
    }

    /** Where the agent sent the browser. */
    async browsed() {
        const log = this.path('browser.log');
        return until('the browser', () => existsSync(log) && readFileSync(log, 'utf8').trim().split('\n').at(-1), patience);
    }

    get #credentials() {
        return this.path('home/.claude/.credentials.json');
    }

    /** The access token, from the file in which the agent keeps who has signed in. */
    get token() {
        return JSON.parse(readFileSync(this.#credentials, 'utf8')).enterpriseGateway.jwt;
    }

    /** Lets the agent think that its token ends soon: it renews one that lives for less than five minutes more. */
    age() {
        const kept = JSON.parse(readFileSync(this.#credentials, 'utf8'));
        kept.enterpriseGateway.expiresAt = Date.now() + 200 * seconds;
        writeFileSync(this.#credentials, JSON.stringify(kept), { mode: 0o600 });
    }

    end() {
        this.close();
        rmSync(this.folder, { recursive: true, force: true });
    }
}

// Programs under test: started in the background, their output in a file, ended by pid.
import { spawn } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
export const bin = process.env.BURSAR_BIN ?? path.join(root, 'build/dev/bin');
/** A sanitiser build is some ten times slower: fewer calls, longer limits. */
export const slow = process.env.BURSAR_SLOW === '1';

export function program(name) {
    // Qt's own locks are not known to the thread sanitiser, so its run takes the programs that use it from another build.
    const folder = ['bursarctl', 'bursar-courier', 'bursar-setup'].includes(name) ? (process.env.BURSAR_CTL_BIN ?? bin) : bin;
    const file = path.join(folder, name);
    if (!existsSync(file)) throw new Error(`${file} is missing; build it with: tests/run scenarios`);
    return file;
}

/** Looks until `condition` gives something true, and returns that. */
export async function until(what, condition, milliseconds = slow ? 60_000 : 20_000) {
    const end = Date.now() + milliseconds;
    for (;;) {
        const found = await condition();
        if (found) return found;
        if (Date.now() > end) throw new Error(`waited ${milliseconds} ms for: ${what}`);
        await pause(10);
    }
}

/** The answer, or null when nobody listens yet. */
export const reach = (url, options) => fetch(url, options).catch(() => null);

export class Running {
    /** @param {string} log a file that gets both outputs, appended @param {string[]} under words before the program, which ends by becoming it */
    constructor(name, words, log, environment = {}, under = []) {
        const output = openSync(log, 'a', 0o600);
        this.name = name;
        this.log = log;
        const [first, ...others] = [...under, program(name), ...words];
        this.child = spawn(first, others, { stdio: ['ignore', output, output], env: { ...process.env, ...environment } });
        closeSync(output);
        this.pid = this.child.pid;
        this.ended = new Promise((resolve) => {
            this.child.once('exit', (code, signal) => resolve((this.end = { code, signal })));
        });
    }

    words() {
        return readFileSync(this.log, 'utf8');
    }

    /** Waits for `condition`, but not longer than the program lives. */
    async until(what, condition) {
        return until(`${this.name}: ${what}`, async () => {
            if (this.end) throw new Error(`${this.name} ended with ${this.end.code ?? this.end.signal}:\n${this.words().slice(-3000)}`);
            return condition();
        });
    }

    async signal(name) {
        if (!this.end) this.child.kill(name);
        return this.ended;
    }

    /** Ends it the polite way; anything but exit code 0 is a finding (66 is the thread sanitiser's). */
    async stop() {
        const { code, signal } = await this.signal('SIGTERM');
        if (code !== 0) throw new Error(`${this.name} ended with ${code ?? signal}:\n${this.words().slice(-6000)}`);
    }
}

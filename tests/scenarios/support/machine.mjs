// A machine that things can break of: a disk of its own, name servers of its own and a clock of its own, in a mount namespace that ends with
// the test. bursard runs in it by `under` and `environment`.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryFolder } from './bursar.mjs';
import { until } from './process.mjs';

const diskBytes = 1 << 30;
const clockSource = fileURLToPath(new URL('clock.c', import.meta.url));

/** Why this computer has none of that, or null. */
export function whyNoMachine() {
    if (process.getuid() !== 0) return 'only root may mount a disk';
    if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'no mount namespace can be made here (unshare --mount)';
    if (!existsSync('/dev/loop-control')) return 'there are no loop devices here to make a disk of a file';
    if (spawnSync('mkfs.ext4', ['-V']).error) return 'mkfs.ext4 is missing: installer/dependencies test';
    try {
        accessSync('/sys/fs/ext4', constants.W_OK); // through it the kernel is made to find an error
    } catch {
        return 'this kernel has no ext4, or /sys cannot be written';
    }
    return null;
}

export class Machine {
    /** @param {string} nameServer */
    static async start(nameServer) {
        const machine = new Machine();
        machine.folder = temporaryFolder();
        try {
            await machine.#begin(nameServer);
        } catch (error) {
            await machine.stop();
            throw error;
        }
        return machine;
    }

    async #begin(nameServer) {
        for (const name of ['image', 'clock']) writeFileSync(this.path(name), Buffer.alloc(8));
        truncateSync(this.path('image'), diskBytes);
        execFileSync('mkfs.ext4', ['-q', '-m', '0', this.path('image')], { stdio: 'pipe' });
        writeFileSync(this.path('resolv.conf'), `nameserver ${nameServer}\noptions timeout:1 attempts:1\n`);
        mkdirSync(this.disk);
        execFileSync(process.env.CC ?? 'clang-19', ['-O1', '-shared', '-fPIC', '-o', this.path('clock.so'), clockSource], { stdio: 'pipe' });
        const begin = `mount --bind "$1/resolv.conf" /etc/resolv.conf && touch "$1/begun" && exec sleep infinity`;
        // The namespace lives as long as this process, and this process as long as the test.
        const words = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'bash', '-c', begin, 'bash', this.folder];
        this.keeper = spawn('setpriv', words, { stdio: 'ignore' });
        this.ended = new Promise((resolve) => this.keeper.once('exit', resolve));
        await until('the namespace', () => existsSync(this.path('begun')));
        this.mount();
        this.run('mkdir -m 700 "$1/disk/state"');
    }

    path(name) {
        return path.join(this.folder, name);
    }
    get disk() {
        return this.path('disk');
    }
    get state() {
        return this.path('disk/state');
    }
    get under() {
        return ['nsenter', `--mount=/proc/${this.keeper.pid}/ns/mnt`, '--'];
    }
    environment(more = {}) {
        return { LD_PRELOAD: this.path('clock.so'), BURSAR_CLOCK_FILE: this.path('clock'), ...more };
    }

    /** What it says, as root inside. */
    run(script) {
        const [first, ...others] = [...this.under, 'bash', '-euc', script, 'bash', this.folder];
        return execFileSync(first, others, { encoding: 'utf8', stdio: 'pipe' }).trim();
    }

    mount() {
        this.run('mount -o loop,errors=remount-ro "$1/image" "$1/disk"');
    }
    /** As somebody would who finds a disk that was made read-only. The service must not run. */
    repair() {
        this.run('umount "$1/disk"; e2fsck -fy "$1/image" >"$1/fsck.log" 2>&1 || [ $? -le 2 ]');
        this.mount();
    }
    /** Not a byte is left. */
    fill() {
        // What fallocate cannot take in one piece is written until the disk takes no more.
        this.run(`cd "$1/disk"; free=$(df --output=avail -B1 . | tail -1); [ "$free" -lt 1048576 ] || fallocate -l $((free - 524288)) "filler.$(date +%s%N)"
            dd if=/dev/zero of="filler.$(date +%s%N)" bs=4096 status=none 2>/dev/null || true`);
    }
    empty() {
        this.run('rm -f "$1"/disk/filler.*');
    }
    /** The kernel finds an error in the file system and makes it read-only, also for files that are open. */
    failReadOnly() {
        this.run('device=$(findmnt -no SOURCE "$1/disk"); echo 1 >"/sys/fs/ext4/${device#/dev/}/trigger_fs_error"');
    }

    /** From now on the calendar is so many seconds ahead; less than nothing: behind. */
    moveClock(seconds) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(seconds));
        writeFileSync(this.path('clock'), bytes, { flag: 'r+' });
    }

    async stop() {
        if (this.keeper) {
            this.keeper.kill('SIGKILL');
            await this.ended;
        }
        if (!process.env.BURSAR_KEEP) rmSync(this.folder, { recursive: true, force: true });
    }
}

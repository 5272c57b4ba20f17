// A TCP relay in front of a server, which can be slow, mute or away. To a port of this host, or into the network namespace of a process.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { performance } from 'node:perf_hooks';

import { until } from './process.mjs';

/** In the namespace: from a Unix socket, which is the same everywhere, to the port. */
const inside = `const net = require('node:net');
net.createServer((here) => {
    const there = net.connect(Number(process.argv[2]), '127.0.0.1');
    for (const each of [here, there]) each.on('error', () => { here.destroy(); there.destroy(); });
    here.pipe(there).pipe(here);
}).listen(process.argv[1]);`;

export class Relay {
    /**
     * @param {{port?: number, path?: string}} target
     * @param {{delay?: number, address?: string}} options milliseconds that each piece waits, both ways; where it listens
     */
    static async to(target, { delay = 0, address = '127.0.0.1' } = {}) {
        const relay = new Relay();
        Object.assign(relay, { target, delay, address, mode: 'open', sockets: new Map() });
        relay.server = net.createServer((socket) => relay.take(socket));
        await new Promise((resolve) => relay.server.listen(0, address, resolve));
        relay.port = relay.server.address().port;
        return relay;
    }

    /** @param {number} pid of a process in the namespace @param {string} path of a Unix socket to be made */
    static async into(pid, port, path) {
        const child = spawn('nsenter', ['--target', `${pid}`, '--net', process.execPath, '-e', inside, path, `${port}`], { stdio: 'ignore' });
        await until('the relay in the namespace', () => existsSync(path));
        const relay = await Relay.to({ path });
        relay.child = child;
        return relay;
    }

    take(socket) {
        if (this.mode === 'away') return socket.destroy();
        this.sockets.set(socket, performance.now());
        const there = this.mode === 'mute' ? null : net.connect(this.target);
        const end = () => {
            this.sockets.delete(socket);
            socket.destroy();
            there?.destroy();
        };
        socket.on('error', end).on('end', end).on('close', end);
        if (!there) return socket.resume();
        there.on('error', end).on('close', end);
        const pass = (from, to) => from.on('data', (piece) => {
            if (this.mode === 'mute') return;
            if (this.delay) setTimeout(() => to.writable && to.write(piece), this.delay);
            else to.write(piece);
        });
        pass(socket, there);
        pass(there, socket);
    }

    /** How many connections are open since so many milliseconds. */
    older(milliseconds) {
        return [...this.sockets.values()].filter((began) => performance.now() - began > milliseconds).length;
    }

    /** 'open', 'mute' (takes connections and says nothing) or 'away' (takes none). What is open is cut. */
    become(mode) {
        this.mode = mode;
        for (const socket of this.sockets.keys()) socket.destroy();
    }

    /** Nobody listens any more. With an address of its own its port is still there when it comes back. */
    async leave() {
        this.become('away');
        await new Promise((resolve) => this.server.close(resolve));
    }
    async comeBack() {
        await new Promise((resolve, reject) => this.server.once('error', reject).listen(this.port, this.address, resolve));
        this.become('open');
    }

    async stop() {
        this.become('away');
        this.child?.kill('SIGTERM');
        await new Promise((resolve) => this.server.close(resolve));
    }
}

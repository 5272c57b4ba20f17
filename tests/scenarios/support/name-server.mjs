// A name server of a company (RFC 1035), which can be gone. All names that it knows are at its own address.
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';

const headerBytes = 12;
const typeA = 1;
const nameError = 3;

export class NameServer {
    /** resolv.conf knows no port but 53, so each has an address of its own. @param {string[]} names */
    static async start(names) {
        const server = new NameServer();
        const [a, b, c] = randomBytes(3);
        Object.assign(server, { names: new Set(names), own: `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}` });
        await server.comeBack();
        return server;
    }

    /** Who asks is told at once that nobody is there. */
    async leave() {
        const { socket } = this;
        this.socket = undefined;
        if (socket) await new Promise((resolve) => socket.close(resolve));
    }

    async comeBack() {
        const socket = dgram.createSocket('udp4');
        socket.on('message', (question, from) => socket.send(this.#answer(question), from.port, from.address));
        await new Promise((resolve, reject) => socket.once('error', reject).bind(53, this.own, resolve));
        this.socket = socket;
    }

    #answer(question) {
        const labels = [];
        let at = headerBytes;
        for (; question[at] > 0; at += question[at] + 1) labels.push(question.toString('latin1', at + 1, at + 1 + question[at]));
        const asked = question.subarray(headerBytes, at + 5); // with the ending zero, type and class
        const known = this.names.has(labels.join('.').toLowerCase());
        const found = known && question.readUInt16BE(at + 1) === typeA;
        const header = Buffer.alloc(headerBytes);
        question.copy(header, 0, 0, 2);
        header.writeUInt16BE(0x8580 | (known ? 0 : nameError), 2);
        header.writeUInt16BE(1, 4);
        header.writeUInt16BE(found ? 1 : 0, 6);
        if (!found) return Buffer.concat([header, asked]);
        // The name again by a pointer, type A, class IN, a life of one second, four bytes.
        return Buffer.concat([header, asked, Buffer.from([0xc0, headerBytes, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4, ...this.own.split('.').map(Number)])]);
    }
}

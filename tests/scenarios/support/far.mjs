// The other machine of tests/scenarios/firewall.test.mjs, in a network of its own: a name server (RFC 1035, RFC 2782) and servers that only say hello.
// Its words: a JSON of {names, services, doors}; it says "ready" when everybody is there.
import dgram from 'node:dgram';
import net from 'node:net';

const { nameServer, names, services, doors } = JSON.parse(process.argv[2]);
const headerBytes = 12;
const typeA = 1;
const typeSrv = 33;
const nameError = 3;

const labelled = (name) => Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])]);
/** The name of the question by a pointer, its type, class IN, a life of one second. */
function record(type, data) {
    const head = Buffer.from([0xc0, headerBytes, 0, type, 0, 1, 0, 0, 0, 1, 0, 0]);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
}
function srv({ host, port }, index) {
    const head = Buffer.alloc(6);
    head.writeUInt16BE(index, 0);
    head.writeUInt16BE(port, 4);
    return record(typeSrv, Buffer.concat([head, labelled(host)]));
}

function answer(question) {
    const labels = [];
    let at = headerBytes;
    for (; question[at] > 0; at += question[at] + 1) labels.push(question.toString('latin1', at + 1, at + 1 + question[at]));
    const name = labels.join('.').toLowerCase();
    const type = question.readUInt16BE(at + 1);
    const found = type === typeA && names[name] ? [record(typeA, Buffer.from(names[name].split('.').map(Number)))] : type === typeSrv && services[name] ? services[name].map(srv) : [];
    const header = Buffer.alloc(headerBytes);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | (names[name] || services[name] ? 0 : nameError), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    return Buffer.concat([header, question.subarray(headerBytes, at + 5), ...found]);
}

const socket = dgram.createSocket('udp4');
socket.on('message', (question, from) => socket.send(answer(question), from.port, from.address));
await new Promise((resolve) => socket.bind(53, nameServer, resolve));
for (const { host, port } of doors) await new Promise((resolve) => net.createServer((caller) => caller.end('hello')).listen(port, host, resolve));
console.log('ready');

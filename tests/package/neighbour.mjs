// Another machine of the company, in the network namespace that this program is started in: an OpenLDAP server, a domain controller and Slack,
// joined to a second namespace, in which a container is started, by one cable.
//
//   unshare --net node neighbour.mjs FOLDER
//
// FOLDER gets what whoever sets Bursar up is told: certificates, passwords, the webhook, slack.jsonl with every message that arrived, and `there`:
// the number of a process in the second namespace. A domain controller takes long to be made: `domain-password` is there when it is. Ends with its
// standard input.
import { execFileSync, fork, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Slack } from '../scenarios/fakes/slack.mjs';
import { makeCertificates, temporaryFolder } from '../scenarios/support/bursar.mjs';
import { until } from '../scenarios/support/process.mjs';
import { Slapd } from '../scenarios/support/slapd.mjs';

// Addresses for documentation (RFC 5737): routed nowhere.
const here = { link: 'cable', at: '192.0.2.2', domain: '198.51.100.2' };
const there = { link: 'eth0', at: '192.0.2.1', domain: '198.51.100.1' };

const folder = process.argv[2];
const at = (name) => path.join(folder, name);
const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });

/** Writes down what is taken. */
function note(slack) {
    const take = slack.answer.bind(slack);
    slack.answer = (request) => {
        const answer = take(request);
        appendFileSync(at('slack.jsonl'), `${JSON.stringify(slack.messages.at(-1))}\n`);
        return answer;
    };
}

async function layCable() {
    const own = readlinkSync('/proc/self/ns/net');
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await until('the other namespace', () => {
        const other = readlinkSync(`/proc/${holder.pid}/ns/net`);
        return other !== own && readFileSync(`/proc/${holder.pid}/comm`, 'utf8') === 'sleep\n';
    });
    ip('link', 'add', here.link, 'type', 'veth', 'peer', 'name', there.link, 'netns', String(holder.pid));
    const across = (...words) => execFileSync('nsenter', [`--net=/proc/${holder.pid}/ns/net`, 'ip', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    for (const [run, end] of [[ip, here], [across, there]]) {
        for (const address of [end.at, end.domain]) run('address', 'add', `${address}/24`, 'dev', end.link);
        for (const link of ['lo', end.link]) run('link', 'set', link, 'up');
    }
    return holder;
}

const holder = await layCable();
const certificates = temporaryFolder();
makeCertificates(certificates, 'DNS:hooks.slack.example');
const read = (name) => readFileSync(path.join(certificates, name));
writeFileSync(at('slack.jsonl'), '');
const slack = await Slack.start({ at: here.at, port: 443, tls: { cert: read('server.pem'), key: read('server.key') } });
note(slack);
const slapd = await Slapd.start({ at: here.at, names: 'DNS:ldap.corp.example' });
const written = (name, text) => {
    writeFileSync(at(`${name}.new`), text, { mode: 0o600 });
    renameSync(at(`${name}.new`), at(name));
};

copyFileSync(path.join(certificates, 'ca.pem'), at('slack-ca.pem'));
written('webhook', `${slack.webhook.replace(/^https:\/\/[^/]+/, 'https://hooks.slack.example')}\n`);
written('ldap-ca.pem', slapd.ca);
written('ldap-password', `${slapd.bindPassword}\n`);
written('there', String(holder.pid));
const over = new Promise((resolve) => process.stdin.once('end', resolve));
process.stdin.resume();

// A process of its own: what makes it waits for programs, and Slack has to answer meanwhile.
const domain = fork(fileURLToPath(new URL('neighbour-domain.mjs', import.meta.url)), [folder, here.domain]);
const domainOver = new Promise((resolve) => domain.once('exit', resolve));

await over;
domain.disconnect();
for (const refusal of slack.refusals) appendFileSync(at('refusals'), `${refusal}\n`);
await Promise.all([slack.stop(), slapd.stop(), domainOver]);
holder.kill('SIGKILL');
rmSync(certificates, { recursive: true, force: true });
process.exit(0);

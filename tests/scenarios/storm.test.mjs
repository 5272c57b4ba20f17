// Hunts: everybody signing in at once, by a directory that is slow, who hold up the calls of programs or the operators' requests, or who
// wait without end instead of being told to come back.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

import { Bursar } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { directoryPolicy, sync } from './support/people.mjs';
import { slow } from './support/process.mjs';
import { Relay } from './support/relay.mjs';
import { Slapd } from './support/slapd.mjs';

const people = 1000;
const per_second = slow ? 50 : 200;
const seconds = 5;
/** So many ask the directory at once (staff::Gate). */
const gate = 6;

/** Sends sign-ins at an even pace, each by another person, on a thread of its own; tells what became of them. */
const storm = `
const { parentPort, workerData } = require('node:worker_threads');
const { performance } = require('node:perf_hooks');
const { origin, perSecond, seconds, first } = workerData;
const answers = [];
async function one(number) {
    const began = performance.now();
    const user = 'user' + (first + number % 900);
    const options = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user, password: user + '-password' }) };
    const answer = await fetch(origin + '/auth/ldap/corp', options).catch((error) => ({ status: 0, text: async () => String(error.cause ?? error) }));
    answers.push({ status: answer.status, text: await answer.text(), took: performance.now() - began });
}
const began = performance.now();
const all = [];
const timer = setInterval(() => {
    const due = Math.min(perSecond * seconds, Math.floor((performance.now() - began) / 1000 * perSecond));
    while (all.length < due) all.push(one(all.length));
    if (all.length < perSecond * seconds) return;
    clearInterval(timer);
    Promise.all(all).then(() => parentPort.postMessage(answers));
}, 5);
`;

const quantile = (numbers, share) => numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

describe('everybody signs in at once', () => {
    let slapd, relay, bursar, key;
    before(async () => {
        slapd = await Slapd.start({ people });
        relay = await Relay.to({ port: slapd.ports.tls });
        bursar = await Bursar.start({
            policy: {
                teams: { company: { groups: [`cn=everybody,${slapd.groups}`] } },
                identity: { directories: { corp: directoryPolicy(slapd, { servers: [`ldaps://127.0.0.1:${relay.port}`] }) } },
            },
        });
        await bursar.putSecret('corp-bind', slapd.bindPassword);
        await sync(bursar, 'corp');
        key = await bursar.issueKey();
    });
    after(async () => {
        await bursar?.stop();
        await relay?.stop();
        await slapd?.stop();
    });

    /** Calls one after the other until `done`; how long each took. */
    async function callUntil(done) {
        const took = [];
        while (!done()) {
            const began = performance.now();
            const answer = await send(bursar, key, 'openai', 'hello');
            await answer.text();
            assert.equal(answer.status, 200);
            took.push(performance.now() - began);
        }
        return took;
    }

    /** One storm: how calls went before and during it, what became of the sign-ins, and what operators saw. */
    async function ride() {
        const quiet = performance.now() + 2_000;
        const before = await callUntil(() => performance.now() > quiet);
        relay.delay = 80;
        let most = 0, answers;
        // One that has ended a moment ago may still be there beside the next.
        const watch = setInterval(() => (most = Math.max(most, relay.older(500))), 50);
        const worker = new Worker(storm, { eval: true, workerData: { origin: bursar.origin, perSecond: per_second, seconds, first: 50 } });
        worker.once('message', (told) => (answers = told));
        const operator = [];
        const asking = (async () => {
            while (!answers) {
                const began = performance.now();
                const { status } = await bursar.api('GET', 'whoami');
                operator.push({ status, took: performance.now() - began });
                await new Promise((resolve) => setTimeout(resolve, 100));
            }
        })();
        const during = await callUntil(() => answers);
        await asking;
        await worker.terminate();
        clearInterval(watch);
        relay.delay = 0;
        const seen = { most, answers, operator, calm: quantile(before, 0.99), p99: quantile(during, 0.99), counts: Object.groupBy(answers, (each) => each.status) };
        const told = Object.entries(seen.counts).map(([status, list]) => `${list.length} times ${status}`).join(', ');
        seen.told = `${answers.length} sign-ins: ${told}; calls: p99 ${seen.calm.toFixed(1)} ms before, ${seen.p99.toFixed(1)} ms during; most at the directory: ${most}`;
        return seen;
    }

    function check({ answers, counts, most, operator, told }) {
        assert.ok(most > 0 && most <= gate, `${most} connections to the directory at once`);
        assert.equal(answers.length, per_second * seconds);
        assert.deepEqual(Object.keys(counts).filter((status) => !['200', '503'].includes(status)), [], told);
        assert.ok(counts[200]?.length >= gate, told);
        assert.ok(counts[503]?.length > 0, told);
        for (const { text } of counts[503]) {
            const problem = JSON.parse(text);
            assert.ok(['overloaded', 'directory_unavailable'].includes(problem.code), text);
            assert.match(problem.detail, /Try again in /);
        }
        const unanswered = operator.filter((each) => each.status !== 200);
        assert.ok(unanswered.length <= operator.length / 10, `${unanswered.length} of ${operator.length} requests of an operator were refused`);
    }

    it('and calls go on as before, operators are answered, and nobody waits without end', async () => {
        const rides = [];
        // What else the machine does may slow one down, but not each.
        for (let i = 0; i < 3; ++i) {
            const seen = await ride();
            console.error(seen.told);
            check(seen);
            rides.push(seen.told);
            const longest = Math.max(...seen.answers.map((each) => each.took));
            const operators = quantile(seen.operator.map((each) => each.took), 0.9);
            if (seen.p99 <= Math.max(2 * seen.calm, slow ? 500 : 50) && longest < (slow ? 40_000 : 8_000) && operators < (slow ? 10_000 : 1_000)) return;
            rides.push(`the longest sign-in ${longest} ms, operators ${operators} ms`);
        }
        assert.fail(rides.join('\n'));
    });

    it('and afterwards everybody gets in', async () => {
        for (const user of ['user300', 'user301', 'user302']) {
            const body = JSON.stringify({ user, password: `${user}-password` });
            const answer = await fetch(`${bursar.origin}/auth/ldap/corp`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
            assert.equal(answer.status, 200, await answer.text());
        }
    });
});

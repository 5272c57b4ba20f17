// Hunts: a row of docs/operate/failures.md that is not true: what callers and staff see, what the books and the alerts say and how it comes
// back when a disk, the clock, the name servers, the directory or the provider break, one at a time and in pairs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';

import { settled } from './support/books.mjs';
import { Bursar, temporaryFolder } from './support/bursar.mjs';
import { send } from './support/calls.mjs';
import { Machine, whyNoMachine } from './support/machine.mjs';
import { NameServer } from './support/name-server.mjs';
import { directoryPolicy, Visitor } from './support/people.mjs';
import { reach, root, slow, until } from './support/process.mjs';
import { DemoProvider } from './support/provider.mjs';
import { Relay } from './support/relay.mjs';
import { Slapd } from './support/slapd.mjs';

const page = readFileSync(path.join(root, 'docs/operate/failures.md'), 'utf8');
const unit = readFileSync(path.join(root, 'installer/debian/bursar.service'), 'utf8');
const hour = 3600;
/** Told within a minute, if there is room to write it: no row promises it, and none forbids it. */
const perhaps = new Set(['disk.low', 'disk.ok']);
/** As many failures as put a channel out. */
const callsMade = 5;

/** The rows of the table under that heading, by their columns: what stands in backticks, or the words of a cell that has none. */
function tableUnder(heading) {
    const lines = page.slice(page.indexOf(`## ${heading}\n`)).split('\n').slice(1);
    const first = lines.findIndex((line) => line.startsWith('|'));
    const last = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
    const cells = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());
    const names = cells(lines[first]);
    return lines.slice(first + 2, last).map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])));
}
const coded = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
/** `200`, or the words before a comma: "no answer". */
const plain = (cell) => coded(cell)[0] ?? cell.split(',')[0];

const names = ['disk full', 'disk read-only', 'clock forward', 'clock back', 'DNS gone', 'directory gone', 'provider gone'];
const cannotMeet = 'clock forward + clock back';
const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other) => `${one} + ${other}`)).filter((pair) => pair !== cannotMeet);
const singleRows = tableUnder('One thing breaks');
const pairRows = tableUnder('Two things break');

describe('the table of failures', () => {
    it('has a row for everything that breaks, and for every pair', () => {
        assert.deepEqual(singleRows.map((row) => row.breaks), names);
        assert.deepEqual(pairRows.map((row) => row.breaks), pairs);
    });
});

const why = slow ? 'a sanitiser sees nothing here that other scenarios do not show it' : whyNoMachine();

describe('when things break', { skip: why ?? false }, () => {
    let nameServer, machine, slapd, directory, provider, line, bursar, key;
    before(async () => {
        nameServer = await NameServer.start(['provider.corp.test', 'directory.corp.test']);
        machine = await Machine.start(nameServer.own);
        // Certificates that are good at every time to which the clock is moved.
        machine.moveClock(-12 * hour);
        slapd = await Slapd.start({ names: 'DNS:directory.corp.test', certified: machine.environment() });
        machine.moveClock(0);
        directory = await Relay.to({ port: slapd.ports.tls }, { address: nameServer.own });
        provider = await DemoProvider.start(temporaryFolder());
        line = await Relay.to({ port: Number(new URL(provider.origin).port) }, { address: nameServer.own });
        bursar = await Bursar.start({
            origin: `http://provider.corp.test:${line.port}`, under: machine.under, environment: machine.environment(),
            sections: { state: { folder: machine.state, durability: 'power' } },
            // Each shard looks names up for itself, so with several it would be chance which of them knows one.
            limits: { shards: 1 },
            secrets: { demo: provider.key, 'corp-bind': slapd.bindPassword },
            policy: {
                teams: { company: { groups: [`cn=everybody,${slapd.groups}`] } },
                identity: { directories: { corp: directoryPolicy(slapd, { servers: [`ldaps://directory.corp.test:${directory.port}`] }) } },
            },
        });
        key = await bursar.issueKey();
    });
    after(async () => {
        await bursar?.stop();
        await Promise.all([directory?.stop(), line?.stop(), nameServer?.leave()]);
        await provider?.stop();
        await slapd?.stop();
        await machine?.stop();
    });

    const said = async (answer) => {
        if (!answer) return 'no answer';
        const text = await answer.text();
        return answer.status === 200 ? '200' : `${answer.status} ${/"code":\s*"(\w+)"/.exec(text)?.[1]}`;
    };
    const call = async () => said(await send(bursar, key, 'openai', 'hello [[demo tokens=3]]').catch(() => null));
    const signIn = async () => {
        const answer = await new Visitor(bursar).byPassword('corp', 'rita', 'rita-password').catch(() => null);
        return answer === null ? 'no answer' : answer.status === 200 ? '200' : `${answer.status} ${answer.body.code}`;
    };
    const ready = async () => String((await reach(`${bursar.origin}/readyz`))?.status ?? 'no answer');

    const troubles = {
        'disk full': {
            // What is left of blocks that were taken before is used up, too.
            begin: () => until('the disk to take nothing', async () => {
                machine.fill();
                return (await call()) !== '200' && (await signIn()) !== '200';
            }),
            // Nothing can be told before it is over. The service looks every two seconds.
            seen: () => {
                const begun = performance.now();
                return until('the service to look', () => performance.now() - begun > 6000);
            },
            mend: () => {
                machine.empty();
                return bursar.running.end || until('the service to see it', async () => (await ready()) === '200');
            },
        },
        'disk read-only': {
            begin: async () => {
                machine.failReadOnly();
                await until('the service to see it', async () => (await call(), bursar.running.end));
                restarts(bursar.running.end.code);
                restarts(bursar.daemon([]).status);
            },
            seen: () => {},
            mend: () => machine.repair(),
        },
        'clock forward': { begin: () => machine.moveClock(24 * hour), mend: () => machine.moveClock(0) },
        'clock back': { begin: () => machine.moveClock(-6 * hour), mend: () => machine.moveClock(0) },
        'DNS gone': { begin: () => nameServer.leave(), mend: () => nameServer.comeBack() },
        'directory gone': { begin: () => directory.leave(), mend: () => directory.comeBack() },
        'provider gone': { begin: () => line.leave(), mend: () => line.comeBack() },
    };

    /** systemd starts the service again after that exit code. */
    function restarts(code) {
        const final = /^RestartPreventExitStatus=(.*)$/m.exec(unit)[1].split(' ').map(Number);
        assert.ok(!final.includes(code), `after exit code ${code} the service waits for a person`);
        assert.match(unit, /^Restart=always$/m);
        assert.match(unit, /^StartLimitIntervalSec=0$/m);
    }

    async function measured() {
        const calls = new Set();
        for (let i = 0; i < callsMade; ++i) calls.add(await call());
        return { callers: [...calls].join(' or '), 'sign-in': await signIn(), '/readyz': await ready() };
    }
    const well = { callers: '200', 'sign-in': '200', '/readyz': '200' };
    const becomesWell = () => until('everything to be well', async () => (await call()) === '200' && (await signIn()) === '200' && (await ready()) === '200');
    const alerts = async () => (await bursar.must('GET', 'alerts?limit=500')).alerts;
    async function books() {
        const { spending } = await settled(bursar);
        return { billed: provider.billed(), spent: spending.org.cost };
    }

    /** The kinds that were raised beside those events, once all that are wanted are there. */
    async function raisedBeside(known, wanted) {
        let kinds;
        await until(`the events ${wanted}`, async () => {
            kinds = new Set((await alerts()).filter((each) => !known.has(each.number)).map((each) => each.kind));
            return wanted.every((kind) => kinds.has(kind));
        });
        return [...kinds].filter((kind) => !perhaps.has(kind)).toSorted();
    }

    /** As systemd would. */
    const again = async () => bursar.running.end && bursar.launch();
    /**
     * The first thing is mended, then the second; what is seen in between, where the first can be mended alone. What is shorter than the
     * time between two looks of the service is told to nobody, so nothing is mended before `told` has ended.
     */
    async function mended(first, second, told) {
        let between;
        if (second === troubles['disk read-only']) {
            await second.mend();
            await first.mend();
        } else {
            await (first.seen ?? told)();
            await first.mend();
            await again();
            between = second && (await measured());
            if (second) await told();
            await second?.mend();
        }
        await again();
        await becomesWell();
        return between && [between.callers, between['sign-in']];
    }

    for (const row of [...singleRows, ...pairRows])
        it(row.breaks, async () => {
            const [first, second] = row.breaks.split(' + ').map((name) => troubles[name]);
            const wanted = coded(row.alerts);
            assert.deepEqual(await measured(), well);
            const known = new Set((await alerts()).map((each) => each.number));
            const start = await books();

            await first.begin();
            await second?.begin();
            const seen = await measured();
            const between = await mended(first, second, () => raisedBeside(known, wanted.filter((kind) => kind.endsWith('.down'))));

            await raisedBeside(known, wanted.filter((kind) => kind !== 'channel.back'));
            // A channel must be well for half a minute until that is told; after a start the first call tells it.
            await bursar.stopService();
            await bursar.launch();
            await becomesWell();
            const raised = await raisedBeside(known, wanted);
            const end = await books();
            const promised = { alerts: wanted.toSorted(), between: between && coded(row['first mended']) };
            for (const column of Object.keys(seen)) promised[column] = plain(row[column]);
            assert.deepEqual({ ...seen, alerts: raised, between }, promised);
            assert.equal(end.spent - start.spent, end.billed - start.billed, 'the books are not the bill');
        });
});

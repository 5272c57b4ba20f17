// Hunts: what the vendors' coding agents do that no client library does: long prompts, tools, second turns, and how a person sees it when
// the budget is gone. Their traffic goes to Bursar alone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Bursar } from '../support/bursar.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const sentence = /The budget of team "?poor"?/;
const seconds = 2;

let bursar;
const keys = {};
before(async () => {
    bursar = await Bursar.start({ policy: { teams: { poor: { budgets: [{ limit: '0.000001 USD', per: 'month' }] } } } });
    for (const team of ['demo', 'poor']) keys[team] = await bursar.issueKey({ team });
    mkdirSync(bursar.path('work'));
});
after(() => bursar?.stop());

/** Runs an agent until it ends, or until it has said `enough`; gives what it said and how long that took. */
function agent(name, words, environment, enough) {
    return new Promise((resolve, reject) => {
        const start = performance.now();
        const child = spawn(`${folder}/node_modules/.bin/${name}`, words, {
            cwd: bursar.path('work'),
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: `${process.execPath.replace(/\/node$/, '')}:${process.env.PATH}`, HOME: bursar.path('work'), TERM: 'dumb', ...environment },
        });
        let said = '';
        let took;
        const end = setTimeout(() => child.kill('SIGKILL'), 60_000);
        for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (piece) => {
                said += piece;
                if (enough?.test(said)) took ??= performance.now() - start;
            });
        }
        child.once('error', reject);
        child.once('close', (code) => {
            clearTimeout(end);
            resolve({ code, said, took: took ?? performance.now() - start });
        });
    });
}

const claude = (key, prompt) =>
    agent('claude', ['-p', prompt, '--model', 'demo-claude', '--allowedTools', 'Bash'], {
        ANTHROPIC_BASE_URL: bursar.origin,
        ANTHROPIC_AUTH_TOKEN: key,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
    }, sentence);

const codex = (key, prompt) =>
    agent('codex', [
        'exec', '--skip-git-repo-check', '-s', 'danger-full-access', '-m', 'demo-gpt',
        '-c', 'model_provider=bursar',
        '-c', `model_providers.bursar={name="Bursar",base_url="${bursar.origin}/v1",env_key="BURSAR_KEY",wire_api="responses"}`,
        prompt,
    ], { BURSAR_KEY: key }, sentence);

/** The calls of a team that were answered, newest first. */
async function answered(team) {
    const { calls } = await bursar.must('GET', `calls?team=${team}`);
    return calls.filter((call) => call.status === 200);
}

for (const [name, run] of [['claude', claude], ['codex', codex]]) {
    test(`${name} completes a prompt with a tool round trip, and every turn is in the books`, async () => {
        const before = (await answered('demo')).length;
        const { code, said } = await run(keys.demo, 'Run a command for me. [[demo tool]]');
        assert.equal(code, 0, said);
        assert.match(said, /The tool answered:[^]*pong/, said);
        const all = await answered('demo');
        const turns = all.slice(0, all.length - before);
        assert.ok(turns.length >= 2, `${turns.length} calls for a question and a tool's answer`);
        for (const turn of turns) assert.notEqual(turn.cost_usd, '0.00');
    });

    test(`${name} shows our sentence within ${seconds} seconds when the budget is gone`, async () => {
        const { said, took } = await run(keys.poor, 'say pong');
        assert.match(said, sentence, said);
        assert.ok(took < seconds * 1000, `${took} ms\n${said}`);
        assert.equal((await answered('poor')).length, 0);
    });
}

// Hunts: a coding agent of the Responses API that cannot work with a model of another provider: a tool that has no form there, thinking that
// is lost between its turns, a stream that it does not understand.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { strictAnthropic, strictGemini, strictOpenAi } from '../dialects.mjs';
import { Bursar } from '../support/bursar.mjs';
import { demoPrice } from '../support/policy.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
let servers;
let bursar;
let key;

before(async () => {
    servers = { anthropic: await strictAnthropic(), openai: await strictOpenAi(), gemini: await strictGemini() };
    const keys = [{ secret: 'demo' }];
    bursar = await Bursar.start({
        origin: servers.anthropic.origin,
        policy: {
            providers: {
                'strict-anthropic': { dialect: 'anthropic', base_url: servers.anthropic.origin, keys, catalogue: 'demo' },
                'strict-openai': { dialect: 'openai', base_url: `${servers.openai.origin}/v1`, responses: false, keys, catalogue: 'demo' },
                'strict-gemini': { dialect: 'gemini', base_url: `${servers.gemini.origin}/v1beta`, keys, catalogue: 'demo' },
            },
            models: {
                'at-anthropic': { channels: [{ provider: 'strict-anthropic', model: 'claude-opus-5' }] },
                'at-openai': { channels: [{ provider: 'strict-openai', model: 'gpt-5' }] },
                'at-gemini': { channels: [{ provider: 'strict-gemini', model: 'gemini-3.1-pro' }] },
            },
            prices: { 'claude-opus-5': demoPrice, 'gpt-5': demoPrice, 'gemini-3.1-pro': demoPrice },
        },
    });
    key = await bursar.issueKey();
    mkdirSync(bursar.path('work'));
});
after(async () => {
    await bursar?.stop();
    for (const server of Object.values(servers ?? {})) await server.stop();
});

function codex(model, prompt) {
    return new Promise((resolve, reject) => {
        const child = spawn(`${folder}/node_modules/.bin/codex`, [
            'exec', '--skip-git-repo-check', '-s', 'danger-full-access', '-m', model,
            '-c', 'model_provider=bursar', '-c', 'web_search="disabled"', '-c', 'model_reasoning_effort="high"',
            '-c', `model_providers.bursar={name="Bursar",base_url="${bursar.origin}/v1",env_key="BURSAR_KEY",wire_api="responses"}`,
            prompt,
        ], {
            cwd: bursar.path('work'),
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: `${process.execPath.replace(/\/node$/, '')}:${process.env.PATH}`, HOME: bursar.path('work'), TERM: 'dumb', BURSAR_KEY: key },
        });
        let said = '';
        const end = setTimeout(() => child.kill('SIGKILL'), 120_000);
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (said += piece));
        child.once('error', reject);
        child.once('close', (code) => {
            clearTimeout(end);
            resolve({ code, said });
        });
    });
}

for (const where of ['anthropic', 'openai', 'gemini'])
    test(`codex thinks, uses a tool and reads its result at ${where}`, async () => {
        const { code, said } = await codex(`at-${where}`, 'ponder the weather');
        assert.equal(code, 0, said);
        assert.match(said, /The tools say:/, said);
        assert.deepEqual(servers[where].refused, []);
        if (where !== 'anthropic') return;
        const turn = servers.anthropic.last().messages.find(({ role }) => role === 'assistant');
        assert.deepEqual(turn.content.map(({ type }) => type), ['thinking', 'redacted_thinking', 'tool_use']);
    });

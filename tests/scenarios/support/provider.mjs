// The demo provider as a program of its own, with its bill.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { Running } from './process.mjs';

export class DemoProvider {
    /** @param {string} folder where its files are; @param {{key?: string, words?: string[]}} options */
    static async start(folder, { key = 'sk-demo-provider-key-0123456789', words = [] } = {}) {
        const provider = new DemoProvider();
        provider.key = key;
        provider.billFile = path.join(folder, 'bill.jsonl');
        const portFile = path.join(folder, 'provider.port');
        writeFileSync(path.join(folder, 'provider.key'), key, { mode: 0o600 });
        provider.running = new Running(
            'bursar-demo-provider',
            ['--port', '0', '--port-file', portFile, '--bill', provider.billFile, '--key-file', path.join(folder, 'provider.key'), ...words],
            path.join(folder, 'provider.log'),
        );
        await provider.running.until('its port', () => existsSync(portFile) && readFileSync(portFile, 'utf8').trim());
        provider.origin = `http://127.0.0.1:${readFileSync(portFile, 'utf8').trim()}`;
        return provider;
    }

    /** What it billed so far, one object per answer. A last line that is still being written is left out. */
    bill() {
        if (!existsSync(this.billFile)) return [];
        const text = readFileSync(this.billFile, 'utf8');
        return text
            .slice(0, text.lastIndexOf('\n') + 1)
            .split('\n')
            .filter(Boolean)
            .map((line) => JSON.parse(line));
    }

    /** Nano-dollars, as a BigInt. */
    billed() {
        return this.bill().reduce((sum, row) => sum + BigInt(row.cost_nanousd), 0n);
    }

    async stop() {
        await this.running.stop();
    }
}

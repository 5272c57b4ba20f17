// A bursard of its own in a folder of its own: configuration, policy, secrets and keys as a company would set them up.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { policyFor } from './policy.mjs';
import { program, reach, Running } from './process.mjs';
import { DemoProvider } from './provider.mjs';

export function temporaryFolder() {
    return mkdtempSync(path.join(tmpdir(), 'bursar-scenario-'));
}

/** {a: {b: 1}} as an INI file. */
export function ini(sections) {
    return Object.entries(sections)
        .map(([name, keys]) => `[${name}]\n${Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`).join('')}`)
        .join('\n');
}

/** "1999.871204" in nano-dollars. */
export function nanos(decimal) {
    const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(decimal);
    if (!match) throw new Error(`not money: ${decimal}`);
    const [, sign, whole, fraction = ''] = match;
    return (sign ? -1n : 1n) * (BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
}

export class Bursar {
    /**
     * Starts a demo provider (unless `origin` of another one is given) and a bursard that has it as its provider.
     * @param {{policy?: object, origin?: string, providerKey?: string, providerWords?: string[], passphrase?: boolean, tls?: boolean,
     *          durability?: string, limits?: object, environment?: object, secrets?: object, unseal?: boolean, console?: string, sections?: object,
     *          under?: string[]}} options
     *         sections: more of bursard.ini; under: words that go before bursard's own, of a program that ends by becoming bursard
     */
    static async start(options = {}) {
        const bursar = new Bursar();
        bursar.options = options;
        bursar.folder = temporaryFolder();
        try {
            await bursar.#begin();
        } catch (error) {
            await bursar.stop().catch(() => {});
            throw error;
        }
        return bursar;
    }

    async #begin() {
        const { options } = this;
        // A folder beside: what the provider keeps is not what bursard keeps.
        this.providerFolder = temporaryFolder();
        if (!options.origin) this.provider = await DemoProvider.start(this.providerFolder, { key: options.providerKey, words: options.providerWords });
        this.providerOrigin = options.origin ?? this.provider.origin;
        this.configure();
        if (!options.passphrase) this.token = this.issueOperator('scenario');
        await this.launch();
        if (options.passphrase) return;
        for (const [name, value] of Object.entries(options.secrets ?? { demo: this.provider?.key ?? 'sk-other' })) await this.putSecret(name, value);
    }

    /** Writes the configuration and the first policy; nothing of the service is made yet. */
    configure() {
        const { options } = this;
        mkdirSync(this.path('policy'));
        mkdirSync(this.path('state'), { mode: 0o700 });
        writeFileSync(this.path('policy/scenario.yaml'), JSON.stringify(policyFor(this.providerOrigin, options.policy), null, 1));
        writeFileSync(this.path('master.key'), randomBytes(32).toString('hex') + '\n', { mode: 0o600 });
        const listen = { address: '127.0.0.1', port: 0, port_file: 'port' };
        if (options.tls) {
            makeCertificates(this.folder);
            Object.assign(listen, { certificate: 'server.pem', private_key: 'server.key' });
        } else {
            listen.plain = true;
        }
        this.sections = {
            listen,
            state: { folder: 'state', durability: options.durability ?? 'power' },
            master_key: options.passphrase ? { source: 'passphrase' } : { source: 'file', file: 'master.key' },
            policy: { initial: 'policy' },
            log: { level: 'info' },
            limits: { drain_seconds: 5, ...options.limits },
            ...options.sections,
            ...(options.console ? { console: { folder: options.console } } : {}),
        };
        this.writeConfiguration();
    }

    /** As `sections` says now. */
    writeConfiguration() {
        writeFileSync(this.path('bursard.ini'), ini(this.sections));
    }

    path(name) {
        return path.join(this.folder, name);
    }

    /** `input` is the passphrase, where that is what the master key comes from. */
    issueOperator(name, role = 'operator', input = '') {
        const done = this.daemon(['--issue-operator', name, '--role', role], input);
        if (done.status !== 0) throw new Error(`--issue-operator ended with ${done.status}: ${done.stderr}`);
        return done.stdout.trim().split('\n').at(-1);
    }

    /** Starts bursard over what is in the folder. */
    async launch({ ready = !this.options.passphrase } = {}) {
        rmSync(this.path('port'), { force: true });
        const { environment, under } = this.options;
        this.running = new Running('bursard', ['--config', this.path('bursard.ini')], this.path('bursard.log'), environment, under);
        await this.running.until('its port', () => existsSync(this.path('port')) && readFileSync(this.path('port'), 'utf8').trim());
        const port = readFileSync(this.path('port'), 'utf8').trim();
        this.origin = `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
        if (this.options.tls) return; // fetch does not know this certificate; who asks for TLS looks himself
        if (ready) await this.running.until('ready', async () => (await reach(`${this.origin}/readyz`))?.status === 200);
        else await this.running.until('alive', async () => (await reach(`${this.origin}/healthz`))?.status === 200);
    }

    /** One request to the control plane; `body` of an answer that is JSON is parsed. */
    async api(method, where, body, headers = {}) {
        const answer = await fetch(`${this.origin}/api/v1/${where}`, {
            method,
            headers: {
                ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
                ...(body === undefined ? {} : { 'content-type': 'application/json' }),
                ...headers,
            },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        let parsed = text;
        if (/json/.test(answer.headers.get('content-type') ?? '')) parsed = JSON.parse(text);
        return { status: answer.status, headers: answer.headers, body: parsed, text };
    }

    /** The same, when anything but success is a defect of the test or of bursard. */
    async must(method, where, body, headers) {
        const answer = await this.api(method, where, body, headers);
        if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${where}: ${answer.status} ${answer.text}`);
        return answer.body;
    }

    async putSecret(name, value) {
        await this.must('PUT', `secrets/${name}`, { value });
    }

    /** @returns {Promise<string>} the text of a new virtual key */
    async issueKey(more = {}) {
        this.lastKey = await this.must('POST', 'keys', { name: 'scenario', team: 'demo', ...more });
        return this.lastKey.key;
    }

    /** Puts a policy in force: `change` gets the document in force and changes it. */
    async changePolicy(change) {
        const { body, headers } = await this.api('GET', 'policy');
        const documents = body.documents.map((document) => {
            const policy = JSON.parse(document.text);
            change(policy);
            return { name: document.name, text: JSON.stringify(policy) };
        });
        return this.must('PUT', 'policy', { documents, reason: 'scenario' }, { 'if-match': headers.get('etag') });
    }

    /** A call of the data plane. */
    call(key, where, body, options = {}) {
        return fetch(`${this.origin}${where}`, {
            method: body === undefined ? 'GET' : 'POST',
            ...options,
            headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...options.headers },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    }

    /** bursard as a command over the same folder; the service must not run. */
    daemon(words, input = '') {
        const [first, ...others] = [...(this.options.under ?? []), program('bursard'), '--config', this.path('bursard.ini'), ...words];
        return spawnSync(first, others, { encoding: 'utf8', input });
    }

    /** bursarctl against this service. */
    ctl(words, { input = '', environment = {} } = {}) {
        return spawnSync(program('bursarctl'), words, {
            encoding: 'utf8',
            input,
            env: { ...process.env, HOME: this.folder, BURSAR_URL: this.origin, ...(this.token ? { BURSAR_TOKEN: this.token } : {}), ...environment },
        });
    }

    async stopService() {
        await this.running?.stop();
    }

    async kill() {
        await this.running.signal('SIGKILL');
    }

    async stop() {
        const failures = [];
        for (const part of [this.running, this.provider?.running]) {
            if (part && !part.end) await part.stop().catch((error) => failures.push(error));
        }
        if (failures.length > 0) throw failures[0];
        if (process.env.BURSAR_KEEP) return;
        for (const folder of [this.folder, this.providerFolder]) if (folder) rmSync(folder, { recursive: true, force: true });
    }
}

/** ca.pem, and server.pem with its key for 127.0.0.1 and localhost. */
export function makeCertificates(folder, names = 'IP:127.0.0.1,DNS:localhost', environment = {}) {
    const run = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe', env: { ...process.env, ...environment } });
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    run('req', '-x509', ...curve, '-days', '2', '-subj', '/CN=scenario CA', '-keyout', 'ca.key', '-out', 'ca.pem');
    run('req', ...curve, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
    writeFileSync(path.join(folder, 'extensions'), `subjectAltName=${names}\n`);
    run('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-out', 'server.pem',
        '-extfile', 'extensions');
}

// Hunts: a protocol, a cipher or a weakness in the TLS that callers meet, of which a scanner from outside complains.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { Bursar } from './support/bursar.mjs';
import { until } from './support/process.mjs';

const missing = spawnSync('sslscan', ['--version']).error && 'sslscan is missing: installer/dependencies test';

/** The attributes of every element of that name. */
function elements(xml, name) {
    return [...xml.matchAll(new RegExp(`<${name} ([^>]*?)/?>`, 'g'))].map(([, text]) =>
        Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
    );
}

describe('a scan of the TLS that callers meet', { skip: missing || false }, () => {
    let bursar, xml;
    before(async () => {
        bursar = await Bursar.start({ tls: true, secrets: {} });
        const port = await until('the port', () => readFileSync(bursar.path('port'), 'utf8').trim());
        const scan = spawnSync('sslscan', ['--xml=-', '--no-colour', '--show-certificate', `127.0.0.1:${port}`], { encoding: 'utf8', timeout: 120_000 });
        assert.equal(scan.status, 0, scan.stderr);
        xml = scan.stdout;
    });
    after(() => bursar?.stop());

    it('finds TLS 1.2 and 1.3, and nothing older', () => {
        const enabled = elements(xml, 'protocol').filter((each) => each.enabled === '1').map((each) => `${each.type} ${each.version}`);
        assert.deepEqual(enabled.toSorted(), ['tls 1.2', 'tls 1.3']);
    });

    it('finds only ciphers with forward secrecy and authentication', (t) => {
        const ciphers = elements(xml, 'cipher');
        assert.ok(ciphers.length >= 3, xml);
        for (const { sslversion, cipher, bits } of ciphers) {
            assert.match(cipher, sslversion === 'TLSv1.3' ? /^TLS_(AES|CHACHA20)/ : /^ECDHE-.*(GCM|POLY1305)/, cipher);
            assert.ok(Number(bits) >= 128, cipher);
        }
        t.diagnostic(`sslscan: ${ciphers.map((each) => `${each.sslversion} ${each.cipher}`).join(', ')}`);
    });

    it('finds no renegotiation from outside and no heartbleed', () => {
        assert.deepEqual(elements(xml, 'renegotiation').map((each) => each.supported), ['0']);
        const bleeding = elements(xml, 'heartbleed');
        assert.ok(bleeding.length > 0, xml);
        for (const each of bleeding) assert.equal(each.vulnerable, '0');
    });
});

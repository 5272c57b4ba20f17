// A company as the console meets it: bursard with TLS, people in a real slapd, and two real providers of identities with TLS.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';

import { Bursar, makeCertificates, temporaryFolder } from '../support/bursar.mjs';
import { CompanyProvider } from '../support/oidc-provider.mjs';
import { directoryPolicy, sync } from '../support/people.mjs';
import { entry, Slapd } from '../support/slapd.mjs';
import { built } from './support.mjs';

const secrets = { entra: 'the secret of entra: with / and +', okta: 'the secret of okta' };
const people = [
    { login: 'ines', password: 'correct horse', name: 'Ines Identity', groups: ['research'] },
    { login: 'oskar', password: 'battery staple', name: 'Oskar Operator', groups: ['operators'] },
];

/** Node's own clients trust what it signs, too. */
function trust(certificate) {
    tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificate]);
}

export class Company {
    static async start() {
        const company = new Company();
        try {
            await company.#begin();
        } catch (error) {
            await company.stop().catch(() => {});
            throw error;
        }
        return company;
    }

    async #begin() {
        this.slapd = await Slapd.start({ people: 40 });
        const group = (cn) => `cn=${cn},${this.slapd.groups}`;
        this.slapd.add(entry(group('leads'), { objectClass: 'groupOfNames', cn: 'leads', member: this.slapd.dnOf.max }));
        this.folder = temporaryFolder();
        makeCertificates(this.folder);
        const [key, cert, ca] = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(path.join(this.folder, name), 'utf8'));
        for (const name of Object.keys(secrets)) this[name] = await CompanyProvider.start({ people, tls: { key, cert } });
        const oidc = (name, title) => ({ title, issuer: this[name].issuer, client_id: 'bursar', secret: name, ca });
        this.bursar = await Bursar.start({
            tls: true,
            secrets: {},
            console: built,
            policy: {
                teams: {
                    research: {
                        groups: [group('research'), 'research'], leads: [group('leads')], models: ['demo-gpt'], budgets: [{ limit: '50 USD', per: 'month' }],
                        per_person: [{ limit: '5 USD', per: 'month' }],
                    },
                },
                identity: {
                    directories: { corp: { title: 'Corporate account', ...directoryPolicy(this.slapd) } },
                    oidc: { entra: oidc('entra', 'Entra'), okta: oidc('okta', 'Okta') },
                    roles: { operator: [group('operators'), 'operators'], auditor: [group('auditors')] },
                    sessions: { step_up: '1m' },
                },
            },
        });
        const { origin } = this.bursar;
        trust(readFileSync(this.bursar.path('ca.pem'), 'utf8'));
        for (const [name, secret] of Object.entries(secrets)) {
            this[name].setClients([{ id: 'bursar', secret, redirectUris: [`${origin}/auth/oidc/${name}/callback`], postLogoutRedirectUris: [`${origin}/sign-in`] }]);
            await this.bursar.putSecret(name, secret);
        }
        await this.bursar.putSecret('corp-bind', this.slapd.bindPassword);
        await this.bursar.putSecret('demo', this.bursar.provider.key);
        await sync(this.bursar, 'corp');
    }

    /** The origins that a browser may go to on its way in and out. */
    get providers() {
        return Object.keys(secrets).map((name) => this[name].issuer);
    }

    async stop() {
        const done = await Promise.allSettled([this.bursar?.stop(), ...Object.keys(secrets).map((name) => this[name]?.stop())]);
        await this.slapd?.stop();
        for (const { reason } of done) if (reason) throw reason;
    }
}

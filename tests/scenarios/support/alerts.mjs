// A company that is told of things: bursard, bursar-courier beside it, and fakes of Slack and Jira that it tells.
import { rmSync } from 'node:fs';

import { Jira } from '../fakes/jira.mjs';
import { Slack } from '../fakes/slack.mjs';
import { wordsOf } from '../fakes/slack_blocks.mjs';
import { Bursar } from './bursar.mjs';
import { Running, slow, until } from './process.mjs';

/** How soon a message has to be there, of an event that waits for nothing. */
export const soon = slow ? 60_000 : 5_000;

export class Company {
    /**
     * Slack's webhook is the target "ops", Jira is "tickets".
     * @param {{routes?: object[], policy?: object, targets?: object, trouble?: string, jira?: object, courier?: boolean, limits?: object, tickets?: object, slack?: object, sections?: object}} options
     *         tickets: more of the target of Jira
     */
    static async start(options = {}) {
        const company = new Company();
        try {
            company.slack = await Slack.start(options.slack);
            company.jira = await Jira.start(options.jira);
            company.bursar = await Bursar.start({
                limits: options.limits,
                sections: options.sections,
                policy: { ...options.policy, alerts: company.#alerts(options) },
                secrets: undefined,
            });
            await company.bursar.putSecret('slack-ops', company.slack.webhook);
            await company.bursar.putSecret('jira', company.jira.credentials.token);
            if (options.courier !== false) await company.launchCourier();
        } catch (error) {
            await company.stop().catch(() => {});
            throw error;
        }
        return company;
    }

    #alerts({ routes, targets = {}, trouble, tickets }) {
        const { cloud, credentials, origin, flavour } = this.jira;
        return {
            targets: {
                ops: { slack: { webhook: 'slack-ops' }, per_minute: 600 },
                tickets: { jira: { url: origin, flavour, ...(cloud ? { user: credentials.user } : {}), token: 'jira', project: 'OPS', issue_type: 'Task', labels: ['bursar'], ...tickets }, per_minute: 600 },
                ...targets,
            },
            routes: routes ?? [{ name: 'all', to: ['ops'], ...atOnce }],
            ...(trouble ? { trouble } : {}),
        };
    }

    async launchCourier() {
        this.courier = new Running('bursar-courier', ['--socket', this.bursar.path('state/courier.sock')], this.bursar.path('courier.log'));
        await this.courier.until('the service to know it', () => this.connected());
    }
    /** Without waiting for the service, which may not be there. */
    startCourier() {
        this.courier = new Running('bursar-courier', ['--socket', this.bursar.path('state/courier.sock')], this.bursar.path('courier.log'));
    }
    async metric(name) {
        const text = await (await fetch(`${this.bursar.origin}/metrics`, { headers: { authorization: `Bearer ${this.bursar.token}` } })).text();
        return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
    }
    async connected() {
        return (await this.metric('bursar_courier_connected')) === 1;
    }

    /** Raises an event that is news: a credit, whose reason is in its text. */
    async news(reason, amount = '0.01 USD') {
        return this.bursar.must('POST', 'credits', { account: 'team:guests', amount, reason });
    }
    async waiting() {
        return (await this.bursar.must('GET', 'alerts/deliveries?state=waiting')).deliveries;
    }
    async dead() {
        return (await this.bursar.must('GET', 'alerts/deliveries?state=dead')).deliveries;
    }
    /** Nothing waits any more. */
    settled(milliseconds = slow ? 240_000 : 60_000) {
        return until('everything to be told', async () => (await this.waiting()).length === 0, milliseconds);
    }
    /** Slack's messages whose words fit. */
    told(pattern) {
        return this.slack.messages.filter((message) => pattern.test(`${message.text}\n${wordsOf(message.blocks ?? []).join('\n')}`));
    }

    async stop() {
        const failures = [];
        for (const part of [this.courier]) if (part && !part.end) await part.stop().catch((error) => failures.push(error));
        await this.bursar?.stop().catch((error) => failures.push(error));
        await Promise.all([this.slack?.stop(), this.jira?.stop()]);
        if (this.bursar && !process.env.BURSAR_KEEP) rmSync(this.bursar.folder, { recursive: true, force: true });
        if (failures.length > 0) throw failures[0];
    }
}

/** Of a route that tells at once and never reminds. */
export const atOnce = { group_wait: '0s', group_interval: '10s', repeat_interval: '0s' };
/** A team with a prepaid balance: credits to it are the cheapest news. */
export const guests = { guests: { budgets: [{ limit: '0 USD', per: 'ever' }] } };
/** All that a reader of Slack sees of a message. */
export const read = (message) => `${message.text}\n${wordsOf(message.blocks ?? []).join('\n')}`;

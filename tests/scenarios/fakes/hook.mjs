// Receivers of webhooks: a generic one, which believes nothing but a fresh signature that it has not seen before, and a workflow of
// Microsoft Teams.
import { createHmac, timingSafeEqual } from 'node:crypto';

import { checkTeamsMessage } from './cards.mjs';
import { Fake, json, jsonOf, plain, Refusal } from './server.mjs';

/** How long a receiver takes a request after it was signed. */
const windowSeconds = 300;

/** Checks as docs/reference/webhook.md tells receivers to. */
export class Hook extends Fake {
    static async start(options = {}) {
        const hook = new Hook();
        hook.key = options.key ?? 'SecretThatSignsTheHook';
        hook.authorization = options.authorization ?? null;
        hook.names = { id: 'bursar-id', timestamp: 'bursar-timestamp', signature: 'bursar-signature' };
        /** What was taken, and what came again: a receiver answers a repeat with success and does nothing. */
        hook.taken = [];
        hook.repeats = [];
        await hook.listen(options);
        hook.url = `${hook.origin}/hooks/bursar`;
        return hook;
    }

    answer(request) {
        const refuse = (status, sentence) => {
            throw new Refusal(plain(status, sentence), sentence);
        };
        if (request.method !== 'POST' || request.path !== '/hooks/bursar') refuse(404, `no ${request.method} ${request.path}`);
        if (!/^application\/json(;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) refuse(415, `the content type is ${request.headers['content-type']}`);
        if ((request.headers.authorization ?? null) !== this.authorization) refuse(401, `the authorization is ${request.headers.authorization}`);
        const [id, stamp, signature] = ['id', 'timestamp', 'signature'].map((name) => request.headers[this.names[name]] ?? refuse(400, `no header ${this.names[name]}`));
        if (!/^\d{10}$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > windowSeconds) refuse(400, `signed at ${stamp}, which is not now`);
        const wanted = Buffer.from(`v1=${createHmac('sha256', this.key).update(`${stamp}.${id}.`).update(request.body).digest('hex')}`);
        const given = Buffer.from(signature);
        if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) refuse(401, 'the signature does not fit');
        const body = jsonOf(request.body, (sentence) => refuse(400, sentence));
        if (this.taken.some((each) => each.id === id)) {
            this.repeats.push({ id, body });
            return json(200, { taken: false, reason: 'known' });
        }
        this.taken.push({ id, stamp, body });
        return json(200, { taken: true });
    }
}

export class Teams extends Fake {
    static async start(options = {}) {
        const teams = new Teams();
        teams.messages = [];
        await teams.listen(options);
        teams.secret = 'SecretSignatureOfTheWorkflow';
        teams.webhook = `${teams.origin}/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sig=${teams.secret}`;
        return teams;
    }

    answer(request) {
        const refuse = (status, code, sentence) => {
            throw new Refusal(json(status, { error: { code, message: `The request is not valid: ${code}.` } }), sentence);
        };
        if (request.path !== '/workflows/0a1b/triggers/manual/paths/invoke') refuse(404, 'WorkflowNotFound', `no ${request.path}`);
        if (request.method !== 'POST') refuse(405, 'MethodNotAllowed', `a ${request.method}`);
        if (request.query.get('sig') !== this.secret) refuse(401, 'DirectApiAuthorizationRequired', 'the address was changed on its way');
        if (request.headers.authorization) refuse(400, 'DirectApiInvalidAuthorizationScheme', 'the address is the credential; there is another one');
        if (!/^application\/json(;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) refuse(415, 'UnsupportedMediaType', `the content type is ${request.headers['content-type']}`);
        const body = jsonOf(request.body, (sentence) => refuse(400, 'InvalidJson', sentence));
        checkTeamsMessage(body, request.body.length, (sentence) => refuse(400, 'TriggerInputSchemaMismatch', sentence));
        this.messages.push(body);
        // A workflow says that it took it, not that it did it.
        return { status: 202, headers: {}, body: '' };
    }
}

// Azure OpenAI and Vertex AI as they stand in front of models, with the endpoints that give tokens for them: strict about who asks, what a
// token is asked for with, and where a model is named. Behind them are the strict servers of the dialects.
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';

import { SignJWT, decodeProtectedHeader, importPKCS8, jwtVerify } from 'jose';

import { strictAnthropic, strictGemini, strictOpenAi } from '../dialects.mjs';
import { temporaryFolder } from './bursar.mjs';

const bearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const scopes = { azure: 'https://cognitiveservices.azure.com/.default', vertex: 'https://www.googleapis.com/auth/cloud-platform' };

class Refusal extends Error {
    constructor(status, body) {
        super(JSON.stringify(body));
        Object.assign(this, { status, body });
    }
}

function check(condition, sentence) {
    if (!condition) throw new Refusal(400, { error: 'invalid_request', error_description: sentence });
}

function makePair() {
    const folder = temporaryFolder();
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=bursar', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const pair = { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
    rmSync(folder, { recursive: true });
    return pair;
}

/** What would be in the headers of a stream of Azure's before the model says anything. */
const filterEvent = `data: ${JSON.stringify({
    choices: [], created: 0, id: '', model: '', object: '', prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: 'safe' } } }],
})}\n\n`;
const filtered = {
    error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
        type: null, param: 'prompt', code: 'content_filter', status: 400, innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} },
    },
};
const strangers = {
    azure: { error: { code: '401', message: 'Unauthorized. Access token is missing, invalid, audience is incorrect (https://cognitiveservices.azure.com), or have expired.' } },
    vertex: { error: { code: 401, message: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.', status: 'UNAUTHENTICATED' } },
};

const forbidden = { error: { code: 'PermissionDenied', message: 'The principal `canary` lacks the required data action for this operation.' } };

export class Clouds {
    /** @param {{lasts?: number}} options how many seconds a token lasts */
    static async start({ lasts = 3600 } = {}) {
        const clouds = new Clouds();
        clouds.lasts = lasts;
        clouds.pair = makePair();
        clouds.behind = { openai: await strictOpenAi(), anthropic: await strictAnthropic(), gemini: await strictGemini() };
        clouds.http = createServer((request, response) => clouds.#serve(request, response));
        await new Promise((resolve) => clouds.http.listen(0, '127.0.0.1', resolve));
        clouds.origin = `http://127.0.0.1:${clouds.http.address().port}`;
        return clouds;
    }

    issued = new Map(); // token -> {cloud, until}
    asked = []; // what tokens were asked for with
    seen = []; // requests to models
    refused = []; // and those that were not served
    heard = 0; // requests of any kind
    down = false;
    forbidding = false; // whoever is known may do nothing
    key = 'azure-canary-key';
    clientSecret = 'entra-canary~secret+&=';
    tenant = 'contoso.example';
    client = '6f1d2c3b-0000-4000-8000-000000000001';
    account = 'bursar@acme.iam.gserviceaccount.com';

    credentials() {
        const application = { tenant: this.tenant, client_id: this.client };
        return {
            secret: JSON.stringify({ ...application, client_secret: this.clientSecret }),
            certificate: JSON.stringify({ ...application, certificate: this.pair.certificate, private_key: this.pair.key }),
            account: JSON.stringify({ type: 'service_account', project_id: 'acme', private_key_id: 'key-1', private_key: this.pair.key, client_email: this.account }, null, 2),
        };
    }

    /** Every token that was given is worth nothing any more. */
    revoke() {
        this.issued.clear();
    }

    async stop() {
        this.http.closeAllConnections();
        await new Promise((resolve) => this.http.close(resolve));
        for (const server of Object.values(this.behind)) await server.stop();
    }

    async #serve(request, response) {
        this.heard += 1;
        try {
            const chunks = [];
            for await (const chunk of request) chunks.push(chunk);
            const text = Buffer.concat(chunks).toString('utf8');
            const url = new URL(request.url, this.origin);
            if (url.pathname === '/token' || url.pathname.endsWith('/oauth2/v2.0/token')) return await this.#token(request, url, text, response);
            return await this.#model(request, url, JSON.parse(text), response);
        } catch (error) {
            const refusal = error instanceof Refusal ? error : new Refusal(500, { error: { message: error.stack } });
            this.refused.push(`${request.url}: ${refusal.message}`);
            return response.writeHead(refusal.status, { 'content-type': 'application/json' }).end(JSON.stringify(refusal.body));
        }
    }

    async #token(request, url, text, response) {
        if (this.down) throw new Refusal(503, { error: 'temporarily_unavailable' });
        check(request.method === 'POST' && request.headers['content-type'] === 'application/x-www-form-urlencoded', 'a form is POSTed');
        check(!request.headers.authorization && url.search === '', 'the credential is in the form only');
        const form = Object.fromEntries(new URLSearchParams(text));
        const cloud = url.pathname === '/token' ? 'vertex' : 'azure';
        this.asked.push(form);
        await (cloud === 'vertex' ? this.#google(form) : this.#entra(form, url));
        const token = `${cloud}-canary-token-${this.issued.size}-${this.asked.length}`;
        this.issued.set(token, { cloud, until: Date.now() + this.lasts * 1000 });
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token_type: 'Bearer', expires_in: this.lasts, access_token: token }));
    }

    async #google(form) {
        check(Object.keys(form).sort().join() === 'assertion,grant_type' && form.grant_type === bearerGrant, 'invalid_request');
        const { payload, protectedHeader } = await this.#verified(form.assertion, 'RS256', `${this.origin}/token`, this.account);
        check(protectedHeader.kid === 'key-1' && payload.scope === scopes.vertex, 'kid or scope');
        // The signature is one of one: whoever signs the same signs the same bytes.
        const again = await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(await importPKCS8(this.pair.key, 'RS256'));
        check(again === form.assertion, 'jose signs something else');
    }

    async #entra(form, url) {
        check(url.pathname === `/entra/${this.tenant}/oauth2/v2.0/token`, 'AADSTS90002: no such tenant');
        check(form.grant_type === 'client_credentials' && form.scope === scopes.azure && form.client_id === this.client, 'grant, scope or client');
        if (form.client_secret !== undefined) {
            if (form.client_secret !== this.clientSecret) throw new Refusal(401, { error: 'invalid_client', error_description: `AADSTS7000215: Invalid client secret ${form.client_secret}.` });
            return check(Object.keys(form).length === 4, 'only what is needed');
        }
        check(Object.keys(form).length === 5 && form.client_assertion_type === assertionType, 'client_assertion_type');
        const { payload } = await this.#verified(form.client_assertion, 'PS256', `${this.origin}${url.pathname}`, this.client);
        const thumbprint = createHash('sha256').update(new X509Certificate(this.pair.certificate).raw).digest('base64url');
        check(decodeProtectedHeader(form.client_assertion)['x5t#S256'] === thumbprint && payload.sub === this.client, 'x5t#S256 or sub');
        check(payload.jti.length >= 16 && !this.jtis.has(payload.jti), 'jti');
        return this.jtis.add(payload.jti);
    }

    jtis = new Set();

    async #verified(assertion, algorithm, audience, issuer) {
        const verified = await jwtVerify(assertion, createPublicKey(this.pair.certificate), { algorithms: [algorithm], audience, issuer, typ: 'JWT' }).catch((error) => {
            throw new Refusal(400, { error: 'invalid_grant', error_description: error.message });
        });
        check(verified.payload.exp - verified.payload.iat <= 3600 && verified.payload.iat <= Date.now() / 1000, 'times');
        return verified;
    }

    #authorised(cloud, headers) {
        const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
        const known = this.issued.get(token);
        if (!known || known.cloud !== cloud || known.until < Date.now() || headers['api-key'] || headers['x-api-key'] || headers['x-goog-api-key'])
            throw new Refusal(401, strangers[cloud]);
        return token;
    }

    async #model(request, url, body, response) {
        const { pathname } = url;
        const deployments = /^\/openai\/(?:deployments\/([\w.-]+)\/(chat\/completions|embeddings)|(responses))$/.exec(pathname);
        const own = /^\/openai\/v1\/(chat\/completions|embeddings|responses)$/.exec(pathname);
        const vertex = /^\/v1\/projects\/acme\/locations\/europe-west4\/publishers\/(google|anthropic)\/models\/([\w.@-]+):(\w+)$/.exec(pathname);
        let by = 'key';
        if (deployments) {
            if (request.headers['api-key'] !== this.key || request.headers.authorization) throw new Refusal(401, strangers.azure);
            check(url.search === '?api-version=2024-10-21', 'api-version');
        } else if (own) {
            by = this.#authorised('azure', request.headers);
        } else if (vertex) {
            by = this.#authorised('vertex', request.headers);
        } else throw new Refusal(404, { error: { code: '404', message: 'Resource not found' } });
        if (this.forbidding) throw new Refusal(403, forbidden);
        this.seen.push({ path: pathname + url.search, body, by });
        const verb = deployments ? (deployments[2] ?? deployments[3]) : own?.[1];
        if (vertex) return this.#vertex(vertex, url, body, response);
        return this.#azure(verb, body, response);
    }

    async #azure(verb, body, response) {
        if (JSON.stringify(body).includes('forbidden')) throw new Refusal(400, filtered);
        const send = (whole) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
        if (verb === 'embeddings')
            return send({ object: 'list', model: body.model, data: [{ object: 'embedding', index: 0, embedding: body.encoding_format === 'base64' ? Buffer.from(Float32Array.of(0.5, 0.25).buffer).toString('base64') : [0.5, 0.25] }], usage: { prompt_tokens: 3, total_tokens: 3 } });
        if (verb === 'responses')
            return send({
                id: 'resp_1', object: 'response', created_at: 1795000000, status: 'completed', model: body.model,
                output: [{ type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.', annotations: [] }] }],
                usage: { input_tokens: 11, input_tokens_details: { cached_tokens: 0 }, output_tokens: 3, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 14 },
            });
        return this.#pass(`${this.behind.openai.origin}/v1/chat/completions`, { authorization: 'Bearer x' }, body, response, body.stream ? filterEvent : '');
    }

    async #vertex([, publisher, model, verb], url, body, response) {
        if (publisher === 'google')
            return this.#pass(`${this.behind.gemini.origin}/v1beta/models/${model}:${verb}${url.search}`, { 'x-goog-api-key': 'x' }, body, response);
        const { anthropic_version, ...rest } = body;
        check(anthropic_version === 'vertex-2023-10-16' && url.search === '', 'anthropic_version');
        if (model === 'count-tokens') {
            check(verb === 'rawPredict' && body.model === 'claude-opus-5@20260101', 'the model to count for');
            return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ input_tokens: 17 }));
        }
        check(!('model' in body) && verb === (body.stream ? 'streamRawPredict' : 'rawPredict'), 'a model in the body, or the wrong verb');
        return this.#pass(`${this.behind.anthropic.origin}/v1/messages`, { 'x-api-key': 'x', 'anthropic-version': '2023-06-01' }, { model, ...rest }, response);
    }

    async #pass(to, headers, body, response, first = '') {
        const answer = await fetch(to, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
        if (first && answer.ok) response.write(first);
        Readable.fromWeb(answer.body).on('error', () => response.destroy()).pipe(response);
    }
}

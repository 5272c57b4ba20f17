// What bursard answers to the pages, without bursard: as strict about methods, tokens and bodies, so that a page that forgets one
// fails here too. Nobody but the pages' own tests and `npm run dev` uses it.
import { createHash } from 'node:crypto';
import * as data from './fake-data.mjs';

const zone = 'Europe/Berlin';
const password = 'correct horse';

class Refused extends Error {
    constructor(status, code, detail) {
        super(detail);
        Object.assign(this, { status, code, detail });
    }
}

/** A fake company. `now` is what its clock says; `steppedUp` false makes dangerous actions ask for the password. */
export class FakeApi {
    constructor({ now = Date.now(), steppedUp = true, breakGlass = true, auditRows = 230 } = {}) {
        this.now = now;
        this.steppedUp = steppedUp;
        this.breakGlass = breakGlass;
        this.sessions = new Map();
        this.keys = data.keysOf(now);
        this.requests = data.requestsOf(now);
        this.approvals = data.approvalsOf(now);
        this.people = data.peopleOf(now);
        this.audit = data.auditOf(now, auditRows);
        this.own = null;
        this.count = 0;
        this.device = { user_code: 'WDJB-MJHT', client: 'bursarctl 1.0 on build-07', address: '10.20.4.17', asked_at: new Date(now - 40_000).toISOString() };
        /** path prefix -> status: these fail, for the pages of failures. */
        this.broken = new Map();
        this.log = [];
    }

    /** A session as if `who` had signed in; the value of the cookie. */
    begin(who) {
        this.count += 1;
        const token = createHash('sha256').update(`${who} ${this.count}`).digest('hex');
        this.sessions.set(token, { who, csrf: token.slice(0, 20) });
        return token;
    }

    handle(request) {
        this.log.push(`${request.method} ${request.path}`);
        for (const [prefix, status] of this.broken)
            if (request.path.startsWith(prefix)) throw new Refused(status, status === 503 ? 'storage_unavailable' : 'internal', 'The books cannot be read at the moment. Try again in a minute.');
        const session = this.sessions.get(request.cookie);
        const found = routes.find(([method, pattern]) => method === request.method && pattern.test(request.path));
        if (!found) {
            const other = routes.some(([, pattern]) => pattern.test(request.path));
            throw other ? new Refused(405, 'method_not_allowed', 'Another method.') : new Refused(404, 'not_found', 'There is nothing at this path.');
        }
        const [, pattern, action, needs] = found;
        if (request.path.startsWith('/api/') || needs) {
            if (!session) throw new Refused(401, 'unauthenticated', 'Sign in first.');
            if (request.method !== 'GET' && request.csrf !== session.csrf) throw new Refused(403, 'not_permitted', 'The header x-bursar-csrf is missing or wrong.');
            const role = data.people[session.who].role;
            if (Array.isArray(needs) && !needs.includes(role)) throw new Refused(403, 'not_permitted', `The role ${role} may not do this.`);
        }
        return action(this, request, pattern.exec(request.path).slice(1).map(decodeURIComponent), session);
    }

    dangerous() {
        if (!this.steppedUp) throw new Refused(403, 'step_up_needed', 'Enter your password once more.');
    }
}

const ok = (body, more = {}) => ({ status: 200, body, ...more });
const cookie = (api, who) => ({ cookie: `bursar_session=${api.begin(who)}; Path=/; HttpOnly; SameSite=Lax` });
const only = (body, allowed, required = []) => {
    const wrong = Object.keys(body).find((name) => !allowed.includes(name)) ?? required.find((name) => !body[name] && body[name] !== false);
    if (wrong) throw new Refused(400, 'invalid_request', `"${wrong}" is missing or unknown.`);
};
const find = (list, fits) => list.find(fits) ?? (() => { throw new Refused(404, 'not_found', 'There is no such thing.'); })();

const all = ['team_lead', 'finance', 'auditor', 'operator'];
const wide = ['finance', 'auditor', 'operator'];
const looks = ['auditor', 'operator'];

function usage(api, query, by, names) {
    const found = data.usageOf({ from: query.get('from'), to: query.get('to'), by, names, zone });
    if (query.get('format') !== 'csv') return ok(found);
    const lines = [`day,${by},calls,charge_usd`, ...found.rows.map((row) => `${row.group.day},${row.group[by]},${row.calls},${row.charge_usd}`)];
    return ok(`${lines.join('\r\n')}\r\n`, { type: 'text/csv; charset=utf-8' });
}

function signIn(api, { body }) {
    only(body, ['user', 'password'], ['user', 'password']);
    if (body.user === 'down') throw new Refused(503, 'directory_unavailable', 'The directory does not answer.');
    if (body.user === 'locked') throw new Refused(429, 'locked_out', 'Too many tries. Wait five minutes.');
    const who = body.user.split('@')[0];
    if (!data.people[who] || body.password !== password) throw new Refused(401, 'unauthenticated', 'User name or password is wrong.');
    return ok({}, cookie(api, who));
}

function me(api, _request, _parts, session) {
    const who = data.people[session.who];
    return ok({
        person: session.who, user_name: `${session.who}@corp.example`, email: `${session.who}@example.com`, ...who, organisation: 'Example GmbH', currency: 'USD', time_zone: zone,
        csrf: session.csrf, way: 'ldap:corp', session: { id: 's1', began_at: new Date(api.now).toISOString(), ends_at: new Date(api.now + 3_600_000).toISOString() },
    });
}

function issue(api, { body }) {
    only(body, ['name', 'team', 'models', 'expires_at'], ['name']);
    const id = createHash('sha256').update(String(api.keys.length)).digest('hex').slice(0, 12);
    const key = { ...api.keys[2], ...body, id, created_at: new Date(api.now).toISOString(), expires_at: body.expires_at ?? null, models: body.models ?? [] };
    api.keys.unshift(key);
    return { status: 201, body: { ...key, key: `bsr_${id}_4kq0w8ztv6m1x9c7b5n3hjd2gfs8rpae1u7y0c` } };
}

function rotate(api, { body }, [id]) {
    only(body, ['grace_seconds']);
    const key = find(api.keys, (each) => each.id === id);
    key.old_secret_until = body.grace_seconds ? new Date(api.now + body.grace_seconds * 1000).toISOString() : null;
    return ok({ ...key, key: `bsr_${id}_9m3xk1v7q5z0w2c8b6n4hjd1gfs7rpae0u6y9d` });
}

function revoke(api, _request, [id]) {
    find(api.keys, (each) => each.id === id).revoked_at = new Date(api.now).toISOString();
    return { status: 204 };
}

function decide(what) {
    return (api, { body }, [number]) => {
        only(body, what === 'approve' ? ['amount', 'reason'] : ['reason'], what === 'approve' ? [] : ['reason']);
        const request = find(api.requests, (each) => each.number === Number(number) && each.state === 'open');
        request.state = what === 'approve' ? 'approved' : 'declined';
        return ok(request);
    };
}

function decideAsSecond(api, { body }, [id]) {
    only(body, ['decision', 'reason'], ['decision']);
    api.dangerous();
    const approval = find(api.approvals, (each) => each.id === id && each.state === 'open');
    const state = body.decision === 'approve' ? 'done' : 'declined';
    Object.assign(approval, { state, decided_by: 'person:olga', decided_at: new Date(api.now).toISOString(), reason: body.reason ?? '', outcome: state });
    if (state === 'declined') return ok(approval);
    const answer = approval.action === 'operator.issue' ? { name: 'dora', token: 'bso_4k2m7x9p1q3z_6n8r0t5v' } : {};
    return ok({ approval, status: 200, answer });
}

function takeBack(api, _request, [id]) {
    return ok(Object.assign(find(api.approvals, (each) => each.id === id && each.state === 'open'), { state: 'withdrawn', decided_at: new Date(api.now).toISOString() }));
}

function setState(state) {
    return (api, { body }, [name]) => {
        only(body, state === 'suspended' ? ['reason'] : [], state === 'suspended' ? ['reason'] : []);
        api.dangerous();
        Object.assign(find(api.people, (each) => each.person === name), { state, why: body.reason ?? '', sessions: 0 });
        return ok({});
    };
}

function listPeople(api, { query }) {
    const text = (query.get('text') ?? '').toLowerCase();
    const state = query.get('state') ?? '';
    return ok({ people: api.people.filter((each) => (!state || each.state === state) && `${each.display_name} ${each.user_name}`.toLowerCase().includes(text)) });
}

function readAudit(api, { query }) {
    const before = Number(query.get('before') ?? Infinity);
    const word = (name, text) => {
        const wanted = query.get(name) ?? '';
        return !wanted || (wanted.endsWith('*') ? text.startsWith(wanted.slice(0, -1)) : text === wanted);
    };
    const fits = (entry) =>
        ['actor', 'action', 'object'].every((name) => word(name, entry[name])) && (query.get('outcome') === 'not_ok' ? !['ok', 'begun'].includes(entry.outcome) : word('outcome', entry.outcome)) &&
        entry.at >= (query.get('from') ?? '') && entry.at < (query.get('to') ?? 'a');
    return ok({ entries: api.audit.filter((entry) => entry.number < before && fits(entry)).slice(0, Number(query.get('limit') ?? 100)) });
}

function stepUp(api, { body }, _parts, session) {
    only(body, ['password'], ['password']);
    if (body.password !== password) throw new Refused(401, 'unauthenticated', 'The password is wrong.');
    api.steppedUp = true;
    return ok({}, cookie(api, session.who));
}

function answerDevice(api, _request, [code]) {
    if (code !== api.device?.user_code) throw new Refused(404, 'not_found', 'There is no such code.');
    api.device = null;
    return ok({});
}

const askWords = ['response_type', 'client_id', 'redirect_uri', 'code_challenge', 'code_challenge_method', 'state', 'host'];
const checkAsk = (word) => {
    if (!/^http:\/\/127\.0\.0\.1:\d+\/callback$/.test(word('redirect_uri')) || !word('state')) throw new Refused(400, 'invalid_request', 'This is not an address that bursarctl login makes.');
};
function readAsk(_api, { query }) {
    checkAsk((name) => query.get(name) ?? '');
    return ok({ client: query.get('client_id'), host: query.get('host'), login_notice: 'Prompts are not kept.' });
}
const answerAsk = (words) => (_api, { body }) => {
    only(body, askWords);
    checkAsk((name) => body[name]);
    return ok({ to: `${body.redirect_uri}?${words}&state=${body.state}` });
};

const ways = (api) => ok({
    organisation: 'Example GmbH', break_glass: api.breakGlass,
    ways: [{ kind: 'password', name: 'corp', title: 'Corporate account' }, { kind: 'password', name: 'berlin', title: 'Berlin office' }, { kind: 'redirect', name: 'entra', title: 'Microsoft' }],
});

// [method, path, action, needs]: needs is a list of roles, or true for whoever is signed in; below /api/ somebody always has to be.
const routes = [
    ['GET', /^\/auth\/ways$/, ways],
    ['POST', /^\/auth\/ldap\/([^/]+)$/, signIn],
    ['POST', /^\/auth\/break-glass$/, (api, { body }) => {
        only(body, ['passphrase'], ['passphrase']);
        if (body.passphrase !== password) throw new Refused(401, 'unauthenticated', 'The passphrase is wrong.');
        return ok({}, cookie(api, 'olga'));
    }],
    ['POST', /^\/auth\/logout$/, (api, { cookie: token }) => (api.sessions.delete(token), ok({ to: '' })), true],
    ['POST', /^\/auth\/step-up$/, stepUp, true],
    ['GET', /^\/api\/v1\/me$/, me],
    ['GET', /^\/api\/v1\/me\/keys$/, (api) => ok({ keys: api.keys })],
    ['POST', /^\/api\/v1\/me\/keys$/, issue],
    ['POST', /^\/api\/v1\/me\/keys\/([^/]+)\/rotate$/, rotate],
    ['DELETE', /^\/api\/v1\/me\/keys\/([^/]+)$/, revoke],
    ['GET', /^\/api\/v1\/me\/usage$/, (api, { query }) => usage(api, query, 'model', ['claude-sonnet-4-5', 'gpt-5', 'gpt-5-mini', 'llama-3.3-70b'])],
    ['GET', /^\/api\/v1\/me\/models$/, () => ok({ models: data.models })],
    ['GET', /^\/api\/v1\/me\/sessions$/, (api, { agent }) => ok({ sessions: (api.own ??= data.sessionsOf(api.now, agent)) })],
    ['DELETE', /^\/api\/v1\/me\/sessions\/([^/]+)$/, (api, _request, [id]) => (api.own = api.own.filter((each) => each.id !== id), { status: 204 })],
    ['GET', /^\/api\/v1\/budgets\/mine$/, (api) => ok({ budgets: data.standingsOf(api.now) })],
    ['GET', /^\/api\/v1\/budgets$/, (api) => ok({ budgets: data.standingsOf(api.now) }), wide],
    ['GET', /^\/api\/v1\/teams$/, () => ok({ teams: ['research', 'platform', 'finance'].map((name) => ({ name, parent: '' })) }), wide],
    ['GET', /^\/api\/v1\/teams\/([^/]+)\/people$/, (_api, _request, [team]) => ok({ team, people: data.membersOf(team) }), all],
    ['GET', /^\/api\/v1\/usage$/, (api, { query }) => usage(api, query, 'person', query.get('team') === 'finance' ? [] : ['alice', 'bo', 'lena', 'mira']), all],
    ['GET', /^\/api\/v1\/requests$/, (api) => ok({ requests: api.requests.filter((each) => each.state === 'open') })],
    ['GET', /^\/api\/v1\/approvals$/, (api) => ok({ approvals: api.approvals }), ['operator', 'auditor']],
    ['POST', /^\/api\/v1\/approvals\/(\w+)$/, decideAsSecond, ['operator']],
    ['DELETE', /^\/api\/v1\/approvals\/(\w+)$/, takeBack, ['operator']],
    ['POST', /^\/api\/v1\/requests\/(\d+)\/approve$/, decide('approve'), ['operator', 'finance', 'team_lead']],
    ['POST', /^\/api\/v1\/requests\/(\d+)\/decline$/, decide('decline'), ['operator', 'finance', 'team_lead']],
    ['GET', /^\/api\/v1\/people$/, listPeople, looks],
    ['POST', /^\/api\/v1\/people\/([^/]+)\/suspend$/, setState('suspended'), ['operator']],
    ['POST', /^\/api\/v1\/people\/([^/]+)\/restore$/, setState('active'), ['operator']],
    ['DELETE', /^\/api\/v1\/people\/([^/]+)\/sessions$/, (api, _request, [name]) => (find(api.people, (each) => each.person === name).sessions = 0, { status: 204 }), ['operator']],
    ['GET', /^\/api\/v1\/directories$/, (api) => ok({ directories: data.directoriesOf(api.now) }), looks],
    ['POST', /^\/api\/v1\/directories\/([^/]+)\/test$/, (_api, { body }) => (only(body, ['user', 'password']), ok({ steps: data.stepsFor(body.user, body.password) })), ['operator']],
    ['POST', /^\/api\/v1\/directories\/([^/]+)\/sync$/, (api, { body }, [name]) => (only(body, ['dry_run', 'confirmed']), body.confirmed && api.dangerous(), ok(data.syncFor(api.now, name, body))), ['operator']],
    ['GET', /^\/api\/v1\/directories\/([^/]+)\/syncs$/, (api) => ok({ syncs: data.syncsOf(api.now) }), looks],
    ['GET', /^\/api\/v1\/audit$/, readAudit, looks],
    ['POST', /^\/api\/v1\/audit\/verify$/, (api) => ok({ entries: api.audit[0].number, hash: api.audit[0].hash, intact: true }), looks],
    ['GET', /^\/api\/v1\/device\/([^/]+)$/, (api, _request, [code]) => (api.device?.user_code === code ? ok(api.device) : answerDevice({}, null, [code]))],
    ['POST', /^\/api\/v1\/device\/([^/]+)\/approve$/, answerDevice],
    ['POST', /^\/api\/v1\/device\/([^/]+)\/deny$/, answerDevice],
    ['GET', /^\/api\/v1\/authorization$/, readAsk],
    ['POST', /^\/api\/v1\/authorization\/approve$/, answerAsk('code=one-time')],
    ['POST', /^\/api\/v1\/authorization\/deny$/, answerAsk('error=access_denied')],
];

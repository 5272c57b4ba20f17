// A company that fits on a page, for the fake API. Everything is worked out from `now`, so that pictures stay the same.

const hour = 3_600_000;
const day = 24 * hour;
const iso = (at) => new Date(at).toISOString();

export const people = {
    alice: { display_name: 'Alice Aalto', role: 'member', teams: ['research', 'platform'], leads: [] },
    lena: { display_name: 'Lena Lindqvist', role: 'team_lead', teams: ['research'], leads: ['research', 'platform'] },
    fiona: { display_name: 'Fiona Ferrari', role: 'finance', teams: ['finance'], leads: [] },
    arno: { display_name: 'Arno Abt', role: 'auditor', teams: [], leads: [] },
    olga: { display_name: 'Olga Okafor', role: 'operator', teams: ['platform'], leads: [] },
};

const key = (now, fields) => ({
    team: 'research', person: 'alice', models: [], networks: [], budgets: [], created_at: iso(now - 40 * day), expires_at: null,
    revoked_at: null, old_secret_until: null, last_used_at: null, paused: null, ...fields,
});

export const keysOf = (now) => [
    key(now, { id: '7f3a09c2d114', name: 'Laptop', expires_at: iso(now + 64 * day), last_used_at: iso(now - 4 * 60_000) }),
    key(now, { id: 'b81e77d0aa52', name: 'Nightly evaluation', models: ['claude-sonnet-4-5', 'gpt-5-mini'], expires_at: iso(now + 4 * day), last_used_at: iso(now - 11 * hour) }),
    key(now, { id: '02cc4e9f6b70', name: 'Notebook server', team: 'platform', created_at: iso(now - 2 * day) }),
    key(now, { id: 'e4410b3c9d28', name: 'Spike in September', expires_at: iso(now - 30 * day), last_used_at: iso(now - 33 * day) }),
    key(now, { id: '5d90aa61f3e7', name: 'Old laptop', revoked_at: iso(now - 12 * day), last_used_at: iso(now - 12 * day) }),
];

export const models = [
    { name: 'claude-sonnet-4-5', tier: 'frontier' },
    { name: 'gpt-5', tier: 'frontier' },
    { name: 'gpt-5-mini', tier: 'standard' },
    { name: 'llama-3.3-70b', tier: 'local' },
];

const standing = (now, fields) => {
    const month = new Date(now);
    const all = {
        measure: 'money', per: 'month', rolling: false, of: '', hard: true, kind: 'per month', warn: ['80%'], adjusted: false, held: 0,
        period_start: iso(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 1)),
        period_end: iso(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1)), ...fields,
    };
    return { ...all, remaining: all.limit - all.spent - all.held };
};

export const standingsOf = (now) => [
    standing(now, { account: 'org', limit: 25000, spent: 14208.12 }),
    standing(now, { account: 'team:research', limit: 4000, spent: 3391.4, held: 1.2, adjusted: true }),
    standing(now, { account: 'team:research', limit: 40_000_000, spent: 9_800_000, measure: 'tokens', per: 'day', of: 'tier:frontier', hard: false,
        period_start: iso(now - 10 * hour), period_end: iso(now + 14 * hour) }),
    standing(now, { account: 'team:platform', limit: 1500, spent: 402.75 }),
    standing(now, { account: 'person:alice', limit: 250, spent: 138.28, held: 0.4 }),
    standing(now, { account: 'key:b81e77d0aa52', limit: 200, spent: 12, measure: 'calls', per: 'hour', rolling: true, period_end: iso(now + hour) }),
];

/** Numbers that look thrown, and are the same each time. */
function dice(seed) {
    let state = Math.imul(seed ^ 0x9e3779b9, 2_654_435_761) >>> 0;
    return () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
    };
}

const sums = (charge, calls, input, output) => ({
    calls, refused: Math.floor(calls / 90), errors: Math.floor(calls / 140), retries: 0, input_tokens: input, output_tokens: output,
    cache_read_percent: 41, cost_usd: charge.toFixed(6), charge_usd: charge.toFixed(6),
});

/** Rows by day and one of `names`, the first the dearest. */
export function usageOf({ from, to, by, names, zone }) {
    const rows = [];
    const total = sums(0, 0, 0, 0);
    let charged = 0;
    for (let at = Date.parse(`${from}T00:00:00Z`); at <= Date.parse(`${to}T00:00:00Z`); at += day) {
        const throwDice = dice(at / day);
        const weekend = [0, 6].includes(new Date(at).getUTCDay());
        names.forEach((name, index) => {
            const size = (throwDice() + 0.35) * (weekend ? 0.12 : 1) / (index + 1.2);
            if (throwDice() < 0.08) return;
            const row = sums(size * 3.4, Math.ceil(size * 120), Math.round(size * 900_000), Math.round(size * 61_000));
            rows.push({ group: { day: iso(at).slice(0, 10), [by]: name }, ...row });
            for (const field of ['calls', 'refused', 'errors', 'input_tokens', 'output_tokens']) total[field] += row[field];
            charged += Number(row.charge_usd);
        });
    }
    return { from: `${from}T00:00:00Z`, to: `${to}T23:59:59Z`, time_zone: zone, rows, rows_left_out: 0,
        total: { ...total, cost_usd: charged.toFixed(6), charge_usd: charged.toFixed(6) } };
}

export const sessionsOf = (now, client) => [
    { id: 's1', kind: 'browser', client, address: '10.20.4.17', way: 'ldap:corp', began_at: iso(now - 2 * hour), ends_at: iso(now + 10 * hour), last_used_at: iso(now), current: true },
    { id: 's2', kind: 'agent', client: 'claude-code 2.1', address: '10.20.4.17', way: 'oidc:entra', began_at: iso(now - 20 * hour), ends_at: iso(now + 4 * hour), last_used_at: iso(now - 7 * 60_000), current: false },
    { id: 's3', kind: 'browser', client: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1', address: '10.31.0.9',
        way: 'ldap:corp', began_at: iso(now - 5 * hour), ends_at: iso(now + 7 * hour), last_used_at: iso(now - 3 * hour), current: false },
];

export const membersOf = (team) => (team === 'finance' ? [] : [
    { person: 'lena', display_name: 'Lena Lindqvist', email: 'lena@example.com', state: 'active', role: 'team_lead', keys: 1, charge: '611.902300' },
    { person: 'alice', display_name: 'Alice Aalto', email: 'alice@example.com', state: 'active', role: 'member', keys: 3, charge: '1382.801200' },
    { person: 'bo', display_name: 'Bo <b>Bergström</b>', email: 'bo@example.com', state: 'active', role: 'member', keys: 2, charge: '902.114000' },
    { person: 'mira', display_name: 'Mira Móricz', email: 'mira@example.com', state: 'missing', role: 'member', keys: 1, charge: '494.600000' },
    { person: 'tom', display_name: 'Tom Takahashi', email: 'tom@example.com', state: 'gone', role: 'member', keys: 0, charge: '0.031200' },
]);

export const requestsOf = (now) => [
    { number: 12, account: 'team:research', limit: 'per month', measure: 'money', amount: '500.00', granted: null, until: iso(now + 4 * day),
        reason: 'The evaluation of the new summaries runs until Friday; we are at 85 % already.', state: 'open', asked_by: 'person:lena', asker: 'Lena Lindqvist', asked_at: iso(now - 3 * hour), decided_by: '', decided_at: null, answer: '' },
    { number: 11, account: 'person:alice', limit: 'tokens per day', measure: 'tokens', amount: '2000000', granted: null, until: iso(now + 2 * day),
        reason: 'One long document to translate.', state: 'open', asked_by: 'person:alice', asker: 'Alice Aalto', asked_at: iso(now - 26 * hour), decided_by: '', decided_at: null, answer: '' },
];

const approval = (now, more) => ({
    action: 'policy.apply', changes: [], warnings: [], asked_by: 'person:olga', asked_at: iso(now - 2 * hour), expires_at: iso(now + 22 * hour), state: 'open', decided_by: '',
    decided_at: null, reason: '', outcome: '', ...more,
});
export const approvalsOf = (now) => [
    approval(now, { id: 'k3m9x2p7', asked_by: 'operator:ada', what: 'Apply a policy on revision 41, with 2 changes: more for research',
        changes: ['team research: per month 2,000.00 USD -> 2,500.00 USD', 'model claude-sonnet: new alias "summaries"'], warnings: ['price of gpt-4o: 40 days old'] }),
    approval(now, { id: 'p0d4t8wz', action: 'secret.put', what: 'Give another value to the secret "openai-a".' }),
    approval(now, { id: '7h2qv5nc', action: 'operator.issue', asked_by: 'operator:ada', what: 'Issue a token of the role auditor to "dora".' }),
    approval(now, { id: 'e9f3r6ya', action: 'secret.delete', what: 'Delete the secret "openai-b".', state: 'declined', decided_by: 'operator:ada', decided_at: iso(now - hour),
        reason: 'It is in use until Friday.', outcome: 'Declined; nothing was done.' }),
];

export const directoriesOf = (now) => [
    { name: 'corp', title: 'Corporate account', kind: 'ldap', good: true, text: 'dc1.corp.example answers over LDAPS; certificate until 14 March 2027.', answered_at: iso(now - 40_000), people: 1987,
        last_sync: sync(now - 12 * 60_000, { number: 318, state: 'nothing' }) },
    { name: 'berlin', title: 'Berlin office', kind: 'ldap', good: false, text: 'ldap2.berlin.example: the certificate is of a CA that is not in "ca"; its issuer is "CN=Berlin Root 2".', answered_at: iso(now - 3 * hour), people: 84,
        last_sync: sync(now - 26 * 60_000, { number: 77, state: 'failed', why: 'No server answered.' }) },
    { name: 'entra', title: 'Microsoft', kind: 'oidc', good: true, text: 'Discovery and 4 signing keys are fresh.', answered_at: iso(now - 9 * 60_000), people: 212, last_sync: null },
    { name: 'okta', title: 'Okta', kind: 'scim', good: true, text: 'Last push: 2 changes.', answered_at: iso(now - 6 * 60_000), people: 51, last_sync: null },
];

export const stepsFor = (user, password) => [
    { name: 'resolve', state: 'good', text: '_ldap._tcp.dc._msdcs.corp.example names dc1.corp.example and dc2.corp.example.' },
    { name: 'TLS', state: 'good', text: 'dc1.corp.example: TLS 1.3, CN=dc1.corp.example, issued by CN=Example Root CA, valid until 14 March 2027.' },
    { name: 'bind', state: 'good', text: 'CN=svc-bursar,OU=Services,DC=corp,DC=example is let in.' },
    user ? { name: 'search', state: 'good', text: `(&(objectClass=user)(sAMAccountName=${user})) under OU=People,DC=corp,DC=example: one entry.` }
        : { name: 'search', state: 'good', text: '(objectClass=user) under OU=People,DC=corp,DC=example: entries are there.' },
    user ? { name: 'groups', state: 'good', text: '2 direct (GG-Research, GG-VPN), 1 by way of others (GG-AI-Users).' } : { name: 'groups', state: 'skipped', text: 'Needs a user name.' },
    password === 'wrong' ? { name: 'password', state: 'bad', text: 'The directory says 49, data 52e: the password is wrong.' }
        : { name: 'password', state: password ? 'good' : 'skipped', text: password ? 'It is right.' : 'None was given.' },
    user ? { name: 'teams', state: 'good', text: 'Team research by GG-Research; role member.' } : { name: 'teams', state: 'skipped', text: 'Needs a user name.' },
];

const sync = (at, fields) => ({ source: 'ldap:corp', at: iso(at), stop: '', why: '', arrivals: 0, changes: 0, returns: 0, missing: 0, leavers: 0, ...fields });
/** Too many leave: only what is confirmed is applied. */
export const syncFor = (now, name, { dry_run: dry = false, confirmed = false }) => sync(now, {
    source: `ldap:${name}`, number: dry ? 0 : 319, state: dry ? 'dry_run' : confirmed ? 'applied' : 'stopped',
    ...(confirmed ? {} : { stop: 'too_many', why: '3 of 12 people would lose access, which is more than 1 (10 percent, at least 1). Nobody was removed. If it is right, apply it by hand.' }),
    arrivals: 2, changes: 1, returns: 1, missing: 1, leavers: 2,
    details: { arrivals: ['nadia', 'pete'], changes: ['alice: team platform added, e-mail'], returns: ['viktor'], missing: ['mira'], leavers: ['tom', 'uma'], unusable: 0 },
});

export const syncsOf = (now) => [
    sync(now - 12 * 60_000, { number: 318, state: 'nothing' }),
    sync(now - 42 * 60_000, { number: 317, state: 'applied', arrivals: 2, changes: 1, leavers: 5 }),
    sync(now - 72 * 60_000, { number: 316, state: 'failed', why: 'dc1 and dc2 did not answer within 5 s.' }),
    sync(now - 102 * 60_000, { number: 315, state: 'stopped', stop: 'too_many', leavers: 1940, why: '97 % would leave; the policy lets 10 % go at once.' }),
];

const person = (now, fields) => ({
    email: '', source: 'ldap:corp', subject: '', state: 'active', why: '', role: 'member', teams: ['research'], leads: [], groups: [], created_at: iso(now - 200 * day),
    seen_at: iso(now - 12 * 60_000), missing_since: null, signed_in_at: iso(now - 5 * hour), sessions: 1, keys: 1, ...fields,
});
export const peopleOf = (now) => [
    person(now, { person: 'alice', display_name: 'Alice Aalto', user_name: 'alice@corp.example', teams: ['research', 'platform'], sessions: 3, keys: 3 }),
    person(now, { person: 'arno', display_name: 'Arno Abt', user_name: 'arno@corp.example', role: 'auditor', teams: [], keys: 0 }),
    person(now, { person: 'bo', display_name: 'Bo <b>Bergström</b>', user_name: 'bo@corp.example', keys: 2, signed_in_at: iso(now - 9 * day), sessions: 0 }),
    person(now, { person: 'lena', display_name: 'Lena Lindqvist', user_name: 'lena@corp.example', role: 'team_lead', leads: ['research'] }),
    person(now, { person: 'mira', display_name: 'Mira Móricz', user_name: 'mira@corp.example', state: 'missing', why: 'Not in the last 2 lists; let in until tomorrow.', missing_since: iso(now - 4 * hour) }),
    person(now, { person: 'olga', display_name: 'Olga Okafor', user_name: 'olga@corp.example', role: 'operator', teams: ['platform'], sessions: 2 }),
    person(now, { person: 'pavel', display_name: 'Pavel Petrov', user_name: 'pavel@corp.example', state: 'suspended', why: 'By olga: lost his laptop.', sessions: 0, source: 'oidc:entra' }),
    person(now, { person: 'tom', display_name: 'Tom Takahashi', user_name: 'tom@corp.example', state: 'gone', why: 'Left the directory.', teams: [], sessions: 0, keys: 0, signed_in_at: iso(now - 21 * day) }),
];

const acts = [
    ['person:alice', 'key.issue', 'key:02cc4e9f6b70', 'ok', '{"name":"Notebook server","team":"platform"}'], ['ldap:corp', 'directory.sync', 'directory:corp', 'ok', '{"number":317,"leavers":5}'],
    ['person:olga', 'person.suspend', 'person:pavel', 'ok', '{"reason":"lost his laptop"}'], ['anonymous', 'session.begin', 'directory:corp', 'unauthenticated', '{"user":"admin"}'],
    ['person:lena', 'request.approve', 'request:10', 'ok', '{"granted":"250.00"}'], ['operator:ada', 'policy.apply', 'revision:41', 'ok', null],
    ['person:alice', 'policy.apply', '', 'not_permitted', null], ['person:fiona', 'credit.add', 'credit:7', 'ok', '{"amount":"1000.00"}'], ['operator:ada', 'secret.put', 'secret:=cmd|calc', 'begun', null],
];
export const auditOf = (now, rows) => Array.from({ length: rows }, (_, index) => {
    const number = 48_210 - index;
    const [actor, action, object, outcome, detail] = acts[index % acts.length];
    const throwDice = dice(number);
    return { number, at: iso(now - index * 17 * 60_000), actor, address: '10.20.4.17', action, object, outcome, detail, hash: Array.from({ length: 64 }, () => Math.floor(throwDice() * 16).toString(16)).join('') };
});

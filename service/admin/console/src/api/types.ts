// What the API answers, as far as the pages read it.
import type { Role } from '../access';

export interface Way {
    kind: 'password' | 'redirect';
    name: string;
    title: string;
}
export interface Ways {
    organisation: string;
    ways: Way[];
    break_glass: boolean;
}
export interface Me {
    person: string;
    user_name: string;
    display_name: string;
    email: string;
    role: Role;
    teams: string[];
    leads: string[];
    organisation: string;
    currency: string;
    time_zone: string;
    csrf: string;
    /** "ldap:corp", "oidc:entra", "break-glass" */
    way: string;
    session: { id: string; began_at: string; ends_at: string };
}
export interface Pause {
    until: string | null;
    reason: string;
}
export interface Key {
    id: string;
    name: string;
    team: string;
    person: string;
    models: string[];
    created_at: string;
    expires_at: string | null;
    revoked_at: string | null;
    old_secret_until: string | null;
    last_used_at: string | null;
    paused: Pause | null;
}
/** The text is in this answer only, never again. */
export interface IssuedKey extends Key {
    key: string;
}
export interface Model {
    name: string;
    tier: string;
}
export type Measure = 'money' | 'cost' | 'tokens' | 'calls';
export interface Standing {
    account: string;
    limit: number;
    measure: Measure;
    per: string;
    rolling: boolean;
    of: string;
    hard: boolean;
    adjusted: boolean;
    spent: number;
    held: number;
    remaining: number;
    period_start: string | null;
    period_end: string | null;
}
export interface UsageSums {
    calls: number;
    refused: number;
    errors: number;
    input_tokens: number;
    output_tokens: number;
    cache_read_percent: number;
    charge_usd: string;
}
export type UsageRow = UsageSums & { group: Record<string, string> };
export interface Usage {
    from: string;
    to: string;
    time_zone: string;
    rows: UsageRow[];
    rows_left_out: number;
    total: UsageSums;
}
export interface Session {
    id: string;
    kind: string;
    client: string;
    address: string;
    way: string;
    began_at: string;
    ends_at: string;
    last_used_at: string | null;
    current: boolean;
}
export interface Team {
    name: string;
    parent: string;
}
export interface Member {
    person: string;
    display_name: string;
    email: string;
    state: string;
    role: Role;
    keys: number;
    charge: string;
}
export interface Ask {
    number: number;
    account: string;
    limit: string;
    measure: Measure;
    amount: string;
    until: string;
    reason: string;
    asker: string;
    asked_at: string;
}
/** What waits for a second person, or was decided. */
export interface Approval {
    id: string;
    what: string;
    changes: string[];
    warnings: string[];
    asked_by: string;
    asked_at: string;
    expires_at: string;
    state: string;
    decided_by: string;
    decided_at: string | null;
    reason: string;
    outcome: string;
}
/** Only of what was approved: the answer that the request would have had by itself. */
export interface Approved {
    answer?: { token?: string } | null;
}
export interface Person {
    person: string;
    display_name: string;
    user_name: string;
    email: string;
    source: string;
    state: string;
    why: string;
    role: Role;
    teams: string[];
    leads: string[];
    groups: { id: string; name: string }[];
    created_at: string;
    seen_at: string | null;
    missing_since: string | null;
    signed_in_at: string | null;
    sessions: number;
    keys: number;
}
export type SyncState = 'applied' | 'stopped' | 'nothing' | 'dry_run' | 'failed';
export interface SyncSummary {
    number: number;
    at: string;
    state: SyncState;
    /** Why it took nobody away; empty if nothing stopped it. */
    stop: string;
    why: string;
    arrivals: number;
    changes: number;
    returns: number;
    missing: number;
    leavers: number;
}
export interface Directory {
    name: string;
    title: string;
    kind: 'ldap' | 'oidc' | 'scim';
    good: boolean;
    text: string;
    answered_at: string | null;
    people: number;
    last_sync: SyncSummary | null;
}
export interface Step {
    name: string;
    state: 'good' | 'bad' | 'skipped';
    text: string;
}
export type SyncPart = 'arrivals' | 'changes' | 'returns' | 'missing' | 'leavers';
/** The names are not in it if there were too many; a sync that failed has none. */
export interface Sync extends SyncSummary {
    details?: Partial<Record<SyncPart, string[]>>;
}
export interface AuditEntry {
    number: number;
    at: string;
    actor: string;
    address: string;
    action: string;
    object: string;
    outcome: string;
    detail: string | null;
    hash: string;
}
export interface Verified {
    entries: number;
    hash: string;
    intact: boolean;
}
/** A program on the machine of the browser; the host is what it says of itself. */
export interface AuthorizationAsk {
    client: string;
    host: string;
    login_notice: string;
}
export interface DeviceAsk {
    user_code: string;
    client: string;
    address: string;
    asked_at: string;
}

/** Why the API did not do it: the problem details of RFC 9457. Status 0: no answer at all. */
export interface Problem {
    status: number;
    code: string;
    detail: string;
}
export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface Hooks {
    /** The session is over: to the sign-in page. */
    signedOut: () => void;
    /** Asks the person for the password again; true once the API has taken it. */
    stepUp: () => Promise<boolean>;
}

let csrf = '';
let hooks: Hooks = { signedOut: () => undefined, stepUp: async () => false };

export function setCsrf(token: string): void {
    csrf = token;
}
export function setHooks(next: Partial<Hooks>): void {
    hooks = { ...hooks, ...next };
}

const unreachable: Problem = { status: 0, code: 'unreachable', detail: '' };

function problemOf(status: number, text: string): Problem {
    try {
        const { code, detail } = JSON.parse(text) as Partial<Problem>;
        return { status, code: code ?? '', detail: detail ?? '' };
    } catch {
        return { status, code: '', detail: '' };
    }
}

async function once<T>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET' && csrf) headers['x-bursar-csrf'] = csrf;
    try {
        const response = await fetch(path, {
            method,
            headers,
            body: body === undefined ? null : JSON.stringify(body),
            credentials: 'same-origin',
            cache: 'no-store',
            redirect: 'error',
        });
        const text = await response.text();
        if (!response.ok) return { ok: false, problem: problemOf(response.status, text) };
        return { ok: true, value: (text ? JSON.parse(text) : {}) as T };
    } catch {
        return { ok: false, problem: unreachable };
    }
}

/** One question to the API. A session that has ended leads to the sign-in page; an action that wants the password again is tried
 *  once more behind it. */
export async function ask<T>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
    const first = await once<T>(method, path, body);
    if (first.ok) return first;
    if (first.problem.status === 401) hooks.signedOut();
    if (first.problem.status !== 403 || first.problem.code !== 'step_up_needed') return first;
    if (!(await hooks.stepUp())) return first;
    return once<T>(method, path, body);
}

/** Without what ask() does about sessions: for the ways in and out. */
export const askPlainly = once;

export const post = <T>(path: string, body: unknown = {}): Promise<Answer<T>> => ask<T>('POST', path, body);
export const remove = (path: string): Promise<Answer<unknown>> => ask('DELETE', path);
/** A part of a path or a value of a query. */
export const part = encodeURIComponent;

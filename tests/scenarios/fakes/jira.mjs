// Jira, Cloud (version 3 of its REST API) and Data Center (version 2), as far as issues for incidents need it.
//
//   const jira = await Jira.start({ flavour: 'cloud' });
//   jira.issues                 what is in the project: {key, fields, status, comments, attachments, moves}
//   jira.credentials            what a target needs to get in
//   jira.contract               where BURSAR_JIRA_DESCRIPTION is given: what was held against it
//
// Sources: Atlassian's description of the REST API (npm jira.js 5.4 is made from it), "Rate limiting" and CHANGE-2046 of
// developer.atlassian.com, "HTTP headers" of Data Center's rate limits, JRASERVER-74965 (the old create metadata is gone). Stricter where Jira
// ignores silently what a sender meant.
import assert from 'node:assert/strict';

import { JiraContract } from './jira_contract.mjs';
import { Fake, fields, json, jsonOf, plain, Refusal } from './server.mjs';
import { checkRich, checkValue, fieldsOf, metadataOf } from './jira_fields.mjs';
import { readJql } from './jql.mjs';
import { readMultipart } from './multipart.mjs';

const categories = {
    new: { id: 2, key: 'new', colorName: 'blue-gray', name: 'To Do' },
    indeterminate: { id: 4, key: 'indeterminate', colorName: 'yellow', name: 'In Progress' },
    done: { id: 3, key: 'done', colorName: 'green', name: 'Done' },
};
/** Names are those of the language of the account that asks: nobody may go by them. */
const workflows = {
    en: { statuses: { 1: ['Open', 'new'], 3: ['In Progress', 'indeterminate'], 6: ['Closed', 'done'] }, moves: { 11: ['Stop working', '1'], 21: ['Start working', '3'], 31: ['Close', '6'] } },
    de: { statuses: { 1: ['Offen', 'new'], 3: ['In Arbeit', 'indeterminate'], 6: ['Geschlossen', 'done'] }, moves: { 11: ['Wieder öffnen', '1'], 21: ['Beginnen', '3'], 31: ['Schließen', '6'] } },
    ja: { statuses: { 1: ['未着手', 'new'], 3: ['進行中', 'indeterminate'], 6: ['完了', 'done'] }, moves: { 11: ['再開', '1'], 21: ['開始', '3'], 31: ['完了にする', '6'] } },
};

/** Two more statuses, by which people answer. */
const answering = { statuses: { 10003: ['Approved', 'indeterminate'], 10004: ['Declined', 'done'] }, moves: { 41: ['Approve', '10003'], 51: ['Decline', '10004'] } };
/** As Jira writes times. */
const written = (date) => `${date.toISOString().slice(0, -1)}+0000`;

export class Jira extends Fake {
    /**
     * @param {{flavour?: 'cloud' | 'data_center', language?: string, project?: string, issueTypes?: string[], custom?: object, withLabels?: boolean, components?: string[],
     *          users?: string[], answering?: boolean, searchLag?: number, resolutionOnScreen?: boolean, attachmentMax?: number, tls?: object}} options searchLag: how many searches do
     *          not find a new issue yet (Cloud's search follows behind); answering: the workflow has the statuses Approved and Declined; resolutionOnScreen: closing asks for a resolution
     */
    static async start(options = {}) {
        const jira = new Jira();
        jira.flavour = options.flavour ?? 'cloud';
        jira.cloud = jira.flavour === 'cloud';
        jira.base = `/rest/api/${jira.cloud ? 3 : 2}`;
        jira.project = options.project ?? 'OPS';
        jira.types = (options.issueTypes ?? ['Task', 'Incident']).map((name, at) => ({ id: String(10_001 + at), name, subtask: false }));
        jira.meta = fieldsOf(options);
        jira.workflow = workflows[options.language ?? 'en'];
        if (options.answering) jira.workflow = { statuses: { ...jira.workflow.statuses, ...answering.statuses }, moves: { ...jira.workflow.moves, ...answering.moves } };
        jira.users = options.users ?? (jira.cloud ? ['5b10a2844c20165700ede21g'] : ['ada']);
        jira.searchLag = options.searchLag ?? 0;
        jira.resolutionOnScreen = options.resolutionOnScreen ?? false;
        jira.attachmentMax = options.attachmentMax ?? 10 << 20;
        jira.credentials = jira.cloud ? { user: 'bot@example.com', token: 'ATATT3xSecretOfJira' } : { token: 'SecretPersonalAccessToken' };
        jira.issues = [];
        jira.contract = jira.cloud ? JiraContract.ifDescribed() : null;
        await jira.listen(options);
        return jira;
    }

    answer(request) {
        const answer = this.#described(request);
        const left = this.cloud
            ? { 'x-ratelimit-limit': '350', 'x-ratelimit-remaining': '349', 'x-ratelimit-reset': '2026-12-01T00:00:00Z' }
            : { 'x-ratelimit-limit': '40', 'x-ratelimit-remaining': '39', 'x-ratelimit-fillrate': '1', 'x-ratelimit-interval-seconds': '1', 'retry-after': '0' };
        return { ...answer, headers: { ...answer.headers, ...left } };
    }

    /** Its answer, which is what Atlassian describes. */
    #described(request) {
        try {
            const answer = this.#route(request);
            this.contract?.look(request, answer, true);
            return answer;
        } catch (error) {
            if (error instanceof Refusal) this.contract?.look(request, error.answer, false);
            throw error;
        }
    }
    async stop() {
        await super.stop();
        assert.deepEqual([...(this.contract?.complaints ?? [])], [], "what Atlassian's description does not allow");
    }

    #refuse(status, errors, why) {
        const body = typeof errors === 'string' ? { errorMessages: [errors], errors: {} } : { errorMessages: [], errors };
        throw new Refusal(json(status, body), why ?? `${status}: ${JSON.stringify(errors)}`);
    }

    #authorise(request) {
        const { user, token } = this.credentials;
        const wanted = this.cloud ? `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` : `Bearer ${token}`;
        if (request.headers.authorization === wanted) return;
        const why = request.headers.authorization ? `other credentials, or in another form than ${this.flavour} has them` : 'no credentials';
        throw new Refusal(json(401, { errorMessages: ['Client must be authenticated to access this resource.'], errors: {} }, { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' }), why);
    }

    #route(request) {
        this.#authorise(request);
        const { method } = request;
        // What says that it is a browser needs a browser's proof against forged requests.
        if (method !== 'GET' && /^Mozilla/.test(request.headers['user-agent'] ?? '')) throw new Refusal(plain(403, 'XSRF check failed'), 'the user agent says that it is a browser');
        if (!request.path.startsWith(`${this.base}/`)) this.#refuse(404, 'null for uri', `no ${method} ${request.path}: ${this.flavour} has ${this.base}`);
        const where = request.path.slice(this.base.length + 1).split('/').map(decodeURIComponent);
        const [area, key, part] = where;
        if (area === 'myself' && method === 'GET') return json(200, this.cloud ? { accountId: this.users[0], displayName: 'Bursar', active: true } : { name: 'bursar', displayName: 'Bursar', active: true });
        if (area === 'search') return this.#search(request, where);
        if (area === 'issue' && key === 'createmeta' && method === 'GET') return this.#createMeta(request, where);
        if (area === 'issue' && where.length === 1 && method === 'POST') return this.#create(this.#bodyOf(request));
        if (area === 'issue' && key) {
            const issue = this.issues.find((each) => each.key === key || each.id === key);
            if (!issue) this.#refuse(404, this.cloud ? 'Issue does not exist or you do not have permission to see it.' : 'Issue Does Not Exist', `no issue ${key}`);
            if (!part && method === 'GET') return json(200, { ...this.#shown(issue, (request.query.get('fields') ?? '*all').split(',')), ...this.#historyOf(issue, request) });
            if (part === 'properties' && method === 'GET' && where.length === 4) return this.#propertyOf(issue, where[3]);
            if (part === 'comment' && method === 'GET' && where.length === 3) return this.#commentsOf(issue, request);
            if (!part && method === 'PUT') return this.#edit(issue, this.#bodyOf(request));
            if (part === 'comment' && method === 'POST' && where.length === 3) return this.#comment(issue, this.#bodyOf(request));
            if (part === 'transitions' && method === 'GET') return json(200, { expand: 'transitions', transitions: this.#movesOf(issue, request) });
            if (part === 'transitions' && method === 'POST') return this.#move(issue, this.#bodyOf(request));
            if (part === 'attachments' && method === 'POST') return this.#attach(issue, request);
        }
        return this.#refuse(404, 'null for uri', `no ${method} ${request.path}`);
    }

    #bodyOf(request) {
        if (!/^application\/json(;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? ''))
            throw new Refusal({ status: 415, headers: {}, body: '' }, `the content type is ${request.headers['content-type']}`);
        return jsonOf(request.body, (sentence) => this.#refuse(400, 'There was an error parsing JSON. Check that your request body is valid.', sentence));
    }

    #shape(value, where, required, optional) {
        fields(value, where, required, optional, (sentence) => this.#refuse(400, 'Invalid request payload. Refer to the REST API documentation and try again.', sentence));
    }

    // --- Create metadata

    #page(request, name, all) {
        const startAt = Number(request.query.get('startAt') ?? 0);
        // Data Center's pages are small, so whoever reads the first one only misses fields.
        const maxResults = Math.min(Number(request.query.get('maxResults') ?? 50), this.cloud ? 200 : 50);
        const slice = all.slice(startAt, startAt + maxResults);
        const head = { maxResults, startAt, total: all.length };
        return json(200, this.cloud ? { ...head, [name]: slice } : { ...head, isLast: startAt + slice.length >= all.length, values: slice });
    }

    #createMeta(request, [, , project, types, type, ...rest]) {
        if (types !== 'issuetypes' || rest.length) this.#refuse(404, 'null for uri', 'the create metadata of everything is gone: ask for /createmeta/PROJECT/issuetypes');
        if (project !== this.project) this.#refuse(404, `No project could be found with key or id '${project}'.`);
        if (!type) return this.#page(request, 'issueTypes', this.types);
        if (!this.types.some(({ id }) => id === type)) this.#refuse(404, `The issue type with ID '${type}' does not exist.`);
        return this.#page(request, 'fields', metadataOf(this.meta));
    }

    // --- Issues

    #checkFields(values, known) {
        const errors = {};
        for (const [id, value] of Object.entries(values)) {
            if (['project', 'issuetype'].includes(id)) continue;
            if (!Object.hasOwn(known, id)) errors[id] = `Field '${id}' cannot be set. It is not on the appropriate screen, or unknown.`;
            else if (value !== null) {
                const sentence = checkValue(id, value, known[id], this);
                if (sentence) errors[id] = sentence;
            }
        }
        return errors;
    }

    #create(body) {
        this.#shape(body, 'the body', ['fields'], ['update', 'properties', 'historyMetadata']);
        const values = body.fields;
        this.#shape(values, 'fields', [], Object.keys(values ?? {}));
        const { project, issuetype } = values;
        if (!project || (project.key !== this.project && project.id !== '10000')) this.#refuse(400, { project: 'Specify a valid project ID or key' });
        const type = this.types.find(({ id, name }) => issuetype?.id === id || issuetype?.name === name);
        if (!type) this.#refuse(400, { issuetype: 'Specify an issue type' });
        const errors = this.#checkFields(values, this.meta);
        for (const [id, field] of Object.entries(this.meta)) {
            if (!field.required || field.hasDefaultValue || (values[id] !== undefined && values[id] !== null)) continue;
            errors[id] ??= id === 'summary' ? 'You must specify a summary of the issue.' : `${field.name} is required.`;
        }
        if (Object.keys(errors).length > 0) this.#refuse(400, errors);
        const number = this.issues.length + 1;
        const issue = { id: String(20_000 + number), key: `${this.project}-${number}`, type: type.name, fields: { ...values }, status: '1', resolution: null, properties: this.#propertiesOf(body), comments: [], commentProperties: [], attachments: [], moves: [], history: [], edits: [], hiddenFor: this.searchLag };
        this.issues.push(issue);
        return json(201, { id: issue.id, key: issue.key, self: `${this.origin}${this.base}/issue/${issue.id}` });
    }

    #propertiesOf({ properties = [] }) {
        if (!Array.isArray(properties)) this.#refuse(400, 'properties is not a list');
        for (const property of properties) this.#shape(property, 'a property', ['key', 'value'], []);
        return Object.fromEntries(properties.map(({ key, value }) => [key, value]));
    }
    #propertyOf(issue, key) {
        if (!Object.hasOwn(issue.properties, key)) return json(404, { errorMessages: [`The property with key ${key} does not exist.`], errors: {} });
        return json(200, { key, value: issue.properties[key] });
    }
    #commentsOf(issue, request) {
        if (!['created', '-created', '+created', null].includes(request.query.get('orderBy'))) this.#refuse(400, `orderBy is ${request.query.get('orderBy')}`);
        const withProperties = (request.query.get('expand') ?? '').split(',').includes('properties');
        const all = issue.comments.map((body, at) => ({ id: String(30_001 + at), body, ...(withProperties ? { properties: issue.commentProperties[at] } : {}) }));
        if (request.query.get('orderBy') === '-created') all.reverse();
        const maxResults = Number(request.query.get('maxResults') ?? 50);
        return json(200, { startAt: 0, maxResults, total: all.length, comments: all.slice(0, maxResults) });
    }

    #edit(issue, body) {
        this.#shape(body, 'the body', [], ['fields', 'update']);
        if (body.update && Object.keys(body.update).some((id) => id !== 'labels')) this.#refuse(400, 'only labels are updated piece by piece here');
        const known = Object.fromEntries(Object.entries(this.meta).filter(([id]) => !['project', 'issuetype'].includes(id)));
        const errors = this.#checkFields(body.fields ?? {}, known);
        if (Object.keys(errors).length > 0) this.#refuse(400, errors);
        for (const change of body.update?.labels ?? []) {
            const label = change.add ?? change.remove;
            const sentence = checkValue('labels', [label], this.meta.labels, this);
            if (sentence) this.#refuse(400, { labels: sentence });
            issue.fields.labels = [...(issue.fields.labels ?? []).filter((each) => each !== label), ...(change.add ? [label] : [])];
        }
        issue.edits.push(body);
        Object.assign(issue.fields, body.fields);
        return { status: 204, headers: {}, body: '' };
    }

    #comment(issue, body) {
        this.#shape(body, 'the body', ['body'], ['visibility', 'properties']);
        const sentence = checkRich(body.body, this.cloud);
        if (sentence) this.#refuse(400, { comment: sentence });
        if (body.body === '') this.#refuse(400, { comment: 'Comment body can not be empty!' });
        issue.comments.push(body.body);
        issue.commentProperties.push(body.properties ?? []);
        this.#propertiesOf(body);
        return json(201, { id: String(30_000 + issue.comments.length), self: `${this.origin}${this.base}/issue/${issue.id}/comment/1`, body: body.body });
    }

    #statusOf(id) {
        const [name, category] = this.workflow.statuses[id];
        return { self: `${this.origin}${this.base}/status/${id}`, id, name, description: '', statusCategory: categories[category] };
    }
    categoryOf(issue) {
        return this.workflow.statuses[issue.status][1];
    }

    #movesOf(issue, request) {
        return Object.entries(this.workflow.moves)
            .filter(([, [, to]]) => to !== issue.status)
            .map(([id, [name, to]]) => {
                const move = { id, name, to: this.#statusOf(to), hasScreen: false, isGlobal: true, isInitial: false, isConditional: false };
                if (!this.#asksForResolution(to)) return move;
                const resolution = { required: true, key: 'resolution', name: 'Resolution', schema: { type: 'resolution', system: 'resolution' }, operations: ['set'], allowedValues: [{ id: '10000', name: 'Done' }] };
                return { ...move, hasScreen: true, ...(/transitions\.fields/.test(request.query.get('expand') ?? '') ? { fields: { resolution } } : {}) };
            });
    }
    #asksForResolution(status) {
        return this.resolutionOnScreen && this.workflow.statuses[status][1] === 'done';
    }

    #move(issue, body) {
        this.#shape(body, 'the body', ['transition'], ['fields', 'update']);
        this.#shape(body.transition, 'transition', ['id'], []);
        const { id } = body.transition;
        const move = typeof id === 'string' ? this.workflow.moves[id] : null;
        if (!move || move[1] === issue.status) this.#refuse(400, `Transition id '${id}' is not valid for this issue.`);
        const closes = this.workflow.statuses[move[1]][1] === 'done';
        const resolution = body.fields?.resolution;
        if (resolution && !this.#asksForResolution(move[1])) this.#refuse(400, { resolution: "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown." });
        if (this.#asksForResolution(move[1]) && resolution?.name !== 'Done' && resolution?.id !== '10000') this.#refuse(400, { resolution: 'Resolution is required.' });
        this.#put(issue, move[1], { account: this.cloud ? this.users[0] : 'bursar', name: 'Bursar' });
        issue.resolution = closes ? 'Done' : null;
        return { status: 204, headers: {}, body: '' };
    }

    #changes = 10_100;
    #put(issue, status, who) {
        const [from, to] = [issue.status, status].map((id) => ({ id, name: this.workflow.statuses[id][0] }));
        const author = this.cloud
            ? { accountId: who.account, ...(who.email ? { emailAddress: who.email } : {}), displayName: who.name, active: true, timeZone: 'Europe/Berlin', accountType: who.type ?? 'atlassian' }
            : { name: who.account, key: `JIRAUSER${10_100 + who.account.length}`, ...(who.email ? { emailAddress: who.email } : {}), displayName: who.name, active: true, timeZone: 'Europe/Berlin' };
        const item = { field: 'status', fieldtype: 'jira', ...(this.cloud ? { fieldId: 'status' } : {}), from: from.id, fromString: from.name, to: to.id, toString: to.name };
        issue.history.push({ id: String((this.#changes += 1)), author, created: written(new Date()), items: [item] });
        issue.status = status;
        issue.moves.push(this.categoryOf(issue));
    }
    /** Somebody drags an issue to a status: {account, name, email?, type?} is how Jira shows whoever did it. */
    moveBy(key, status, who) {
        const issue = this.issues.find((each) => each.key === key);
        const [id] = Object.entries(this.workflow.statuses).find(([, [name]]) => name === status);
        this.#put(issue, id, who);
    }
    #historyOf(issue, request) {
        const wanted = (request.query.get('expand') ?? '').split(',').filter(Boolean);
        const known = ['renderedFields', 'names', 'schema', 'transitions', 'operations', 'editmeta', 'changelog', 'versionedRepresentations'];
        for (const each of wanted) if (!known.includes(each)) this.#refuse(400, `expand has ${each}`);
        if (!wanted.includes('changelog')) return {};
        // Cloud begins with the newest, Data Center with the oldest.
        const histories = this.cloud ? [...issue.history].reverse() : issue.history;
        return { changelog: { startAt: 0, maxResults: histories.length, total: histories.length, histories } };
    }

    #attach(issue, request) {
        if (request.headers['x-atlassian-token'] !== 'no-check') throw new Refusal(plain(403, 'XSRF check failed'), 'no X-Atlassian-Token: no-check');
        const parts = readMultipart(request, (sentence) => this.#refuse(400, 'No files to attach', sentence));
        if (parts.length === 0 || parts.some(({ name, filename }) => name !== 'file' || !filename)) this.#refuse(400, 'No files to attach', 'a part is not called "file" or has no name of a file');
        if (parts.some(({ bytes }) => bytes.length > this.attachmentMax)) this.#refuse(413, `The attachment exceeds the maximum size of ${this.attachmentMax} bytes.`);
        issue.attachments.push(...parts);
        return json(200, parts.map(({ filename, type, bytes }, at) => ({ id: String(40_000 + at), filename, mimeType: type, size: bytes.length })));
    }

    // --- Search

    #shown(issue, names) {
        const all = {
            summary: issue.fields.summary,
            labels: issue.fields.labels ?? [],
            status: this.#statusOf(issue.status),
            resolution: issue.resolution ? { id: '10000', name: issue.resolution } : null,
            created: '2026-11-30T00:00:00.000+0000',
            attachment: issue.attachments.map(({ filename, bytes }, at) => ({ id: String(40_000 + at), filename, size: bytes.length })),
            ...(names.includes('*all') ? { comment: { comments: issue.comments.map((body) => ({ body })) }, description: issue.fields.description } : {}),
        };
        const shown = names.some((name) => name.startsWith('*')) ? all : Object.fromEntries(names.filter((name) => name in all).map((name) => [name, all[name]]));
        return { expand: '', id: issue.id, key: issue.key, self: `${this.origin}${this.base}/issue/${issue.id}`, fields: shown };
    }

    #search(request, where) {
        if (this.cloud && where.length === 1) {
            const gone = 'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046';
            throw new Refusal(json(410, { errorMessages: [gone], errors: {} }), 'the old search');
        }
        if (where.length > 2 || (where[1] ?? '') !== (this.cloud ? 'jql' : '') || request.method !== 'POST') this.#refuse(404, 'null for uri', `no ${request.method} ${request.path}`);
        const body = this.#bodyOf(request);
        this.#shape(body, 'the body', ['jql'], this.cloud ? ['nextPageToken', 'maxResults', 'fields', 'expand', 'properties', 'fieldsByKeys', 'failFast', 'reconcileIssues'] : ['startAt', 'maxResults', 'fields', 'expand', 'validateQuery']);
        const matches = readJql(body.jql, {
            project: () => [this.project, '10000'],
            labels: ({ fields: { labels } }) => labels ?? [],
            statuscategory: (issue) => [categories[this.categoryOf(issue)].name, this.categoryOf(issue)],
            status: (issue) => [this.workflow.statuses[issue.status][0]],
            resolution: ({ resolution }) => (resolution ? [resolution] : []),
            issuetype: ({ type }) => [type],
            key: ({ key }) => [key],
            created: () => [],
            updated: () => [],
        }, (sentence) => this.#refuse(400, sentence));
        const reconcile = (body.reconcileIssues ?? []).map(String);
        const found = this.issues.filter((issue) => (issue.hiddenFor-- > 0 ? reconcile.includes(issue.id) : true)).filter(matches);
        if (!/ order by created asc\s*$/i.test(body.jql)) found.reverse();
        const page = found.slice(body.startAt ?? 0, (body.startAt ?? 0) + (body.maxResults ?? 50));
        // The new search gives ids alone unless it is told what else.
        const issues = page.map((issue) => (this.cloud && !body.fields ? { id: issue.id } : this.#shown(issue, body.fields ?? ['*navigable'])));
        if (this.cloud) return json(200, { issues, isLast: true });
        return json(200, { expand: 'schema,names', startAt: body.startAt ?? 0, maxResults: body.maxResults ?? 50, total: found.length, issues });
    }
}

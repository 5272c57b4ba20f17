// Holds what goes to and from the fake Jira Cloud against Atlassian's published description of Jira Cloud, where BURSAR_JIRA_DESCRIPTION says where
// that is. What the fake accepts has to be a request that is described, and what it answers an answer that is.
import { Description } from '../support/description.mjs';

let description;

export class JiraContract {
    /** "METHOD /path SCHEMA" → how often it was looked at. */
    counts = {};
    complaints = new Set();

    /** One for the fake, or null where there is no description to hold it against. */
    static ifDescribed() {
        if (!process.env.BURSAR_JIRA_DESCRIPTION) return null;
        description ??= new Description('BURSAR_JIRA_DESCRIPTION');
        return new JiraContract();
    }

    /** @param {boolean} accepted whether the fake found nothing wrong with the request, so that nothing may be wrong with it */
    look(request, { status, headers, body }, accepted) {
        const operation = description.operationOf(request.method, request.path);
        const name = `${request.method} ${operation?.path ?? request.path}`;
        // Refused is also what nobody has ever described.
        if (!operation) return accepted && this.#say(`${name}: it is not described`);
        if (accepted) this.#lookAtRequest(name, operation, request);
        const described = operation.responses[status];
        const json = /^application\/json/.test(headers['content-type'] ?? '');
        const schema = described?.content?.['application/json']?.schema;
        if (accepted && !described) this.#say(`${name}: the status ${status} is not described`);
        if (accepted && schema && !json && status !== 204) this.#say(`${name} ${status}: the answer is not JSON`);
        if (accepted && !schema && body) this.#say(`${name} ${status}: no body is described`);
        if (json) this.#judge(`${name} ${status}`, accepted && schema ? schema : 'ErrorCollection', JSON.parse(body));
    }

    #lookAtRequest(name, { parameters, requestBody }, { query, headers, body }) {
        const known = Object.fromEntries(parameters.filter((each) => each.in === 'query').map((each) => [each.name, each]));
        for (const [parameter, value] of query) {
            const type = known[parameter]?.schema?.type;
            if (!type) this.#say(`${name}: nobody knows the parameter "${parameter}"`);
            else if (type === 'integer' ? !/^\d+$/.test(value) : type === 'boolean' && !['true', 'false'].includes(value)) this.#say(`${name}: ${parameter}=${value} is no ${type}`);
        }
        for (const [parameter, { required }] of Object.entries(known)) if (required && !query.has(parameter)) this.#say(`${name}: the parameter "${parameter}" is missing`);
        const type = headers['content-type']?.split(';')[0];
        if (!requestBody) return body.length > 0 && this.#say(`${name}: it has a body`);
        if (!requestBody.content[type]) return this.#say(`${name}: ${type} is none of its types`);
        if (type === 'application/json') this.#judge(name, requestBody.content[type].schema, JSON.parse(body.toString('utf8')));
    }

    #judge(name, schema, value) {
        this.counts[name] = (this.counts[name] ?? 0) + 1;
        for (const complaint of description.complaints(schema, value, name)) this.#say(complaint);
    }

    #say(complaint) {
        this.complaints.add(complaint);
    }
}

// Hunts: a request of the courier to Jira Cloud, or an answer of the fake one, that Atlassian's published description does not allow. The fake holds
// everything against it in every test that has one (fakes/jira_contract.mjs); here it is shown that it sees faults, and that each request was looked at.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Jira } from './fakes/jira.mjs';
import { JiraContract } from './fakes/jira_contract.mjs';
import { Courier } from './support/courier.mjs';
import { skipWithout } from './support/description.mjs';

const skip = skipWithout('BURSAR_JIRA_DESCRIPTION', "Atlassian's published description of Jira Cloud's REST API, version 3, as JSON (developer.atlassian.com/cloud/jira/platform/rest/v3)");
const golden = (name) => readFileSync(fileURLToPath(new URL(`../golden/integrations/${name}.json`, import.meta.url)));
const issue = '/rest/api/3/issue/OPS-1';

const request = (method, url, body) => {
    const { pathname, searchParams } = new URL(url, 'http://jira');
    return { method, path: pathname, query: searchParams, headers: body === undefined ? {} : { 'content-type': 'application/json' }, body: Buffer.from(body === undefined ? '' : Buffer.isBuffer(body) ? body : JSON.stringify(body)) };
};
const answer = (status, body) => ({ status, headers: body === undefined ? {} : { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) });
const created = answer(201, { id: '1', key: 'OPS-1', self: 'https://jira.example/1' });

describe("Atlassian's published description", { skip }, () => {
    const said = (...exchange) => {
        const contract = JiraContract.ifDescribed();
        contract.look(...exchange, true);
        return [...contract.complaints];
    };
    test('the written requests of the courier are what it allows', () => {
        assert.deepEqual(said(request('POST', '/rest/api/3/issue', golden('jira-cloud-create')), created), []);
        assert.deepEqual(said(request('POST', `${issue}/comment`, golden('jira-cloud-comment')), answer(201, { id: '1' })), []);
    });

    const faults = [
        ['a path that is none', request('GET', '/rest/api/3/issues'), answer(200, {}), 'it is not described'],
        ['another method', request('PATCH', issue, {}), answer(204), 'it is not described'],
        ['a field of a request that nobody knows', request('POST', '/rest/api/3/issue', { fields: {}, labels: [] }), created, 'nobody knows "labels"'],
        ['a list that is an object', request('POST', '/rest/api/3/issue', { fields: {}, properties: {} }), created, 'object is not array'],
        ['a search by an old name', request('POST', '/rest/api/3/search/jql', { jql: 'x', startAt: 0 }), answer(200, { issues: [] }), 'nobody knows "startAt"'],
        ['a number that is a text', request('POST', '/rest/api/3/search/jql', { jql: 'x', maxResults: '5' }), answer(200, { issues: [] }), 'string is not integer'],
        ['a transition by a number', request('POST', `${issue}/transitions`, { transition: { id: 31 } }), answer(204), 'number is not string'],
        ['a parameter that nobody knows', request('GET', `${issue}?field=status`), answer(200, { id: '1' }), 'nobody knows the parameter "field"'],
        ['a parameter that is no number', request('GET', `${issue}/comment?maxResults=all`), answer(200, { comments: [] }), 'maxResults=all is no integer'],
        ['a body where none is taken', request('GET', issue, {}), answer(200, { id: '1' }), 'it has a body'],
        ['a status that is none', request('POST', '/rest/api/3/issue', { fields: {} }), answer(200, {}), 'the status 200 is not described'],
        ['a field of an answer that nobody knows', request('GET', issue), answer(200, { id: '1', status: {} }), 'nobody knows "status"'],
        ['a field of an answer within a list', request('GET', `${issue}/transitions`), answer(200, { transitions: [{ id: 31 }] }), 'number is not string'],
        ['an error in another form', request('POST', '/rest/api/3/issue', { fields: {} }), answer(400, { errors: ['no'] }), 'a list is not object'],
    ];
    for (const [name, asked, answered, complaint] of faults)
        test(`it sees ${name}`, () => {
            const complaints = said(asked, answered);
            assert.ok(complaints.some((each) => each.endsWith(complaint)), complaints.join('; ') || 'nothing is wrong');
        });

    describe('a courier and the fake', () => {
        let courier, jira;
        before(async () => {
            jira = await Jira.start({ resolutionOnScreen: true });
            courier = await Courier.start();
        });
        after(() => courier?.stop());

        test('every request of an incident, and every answer, is what it allows', async (t) => {
            const { user, token } = jira.credentials;
            const settings = { url: jira.origin, flavour: 'cloud', project: 'OPS', issue_type: 'Task', labels: 'bursar', components: 'Costs', user, assignees: JSON.stringify({ research: jira.users[0] }) };
            const deliver = async (message, more) => {
                const receipt = await courier.deliver({ name: 'tickets', kind: 'jira', settings, secrets: { token } }, message, more);
                assert.equal(receipt.outcome, 'sent', receipt.reason);
                return receipt;
            };
            const attachments = [{ name: 'usage.csv', type: 'text/csv', bytes: Buffer.from('a,b\n').toString('base64') }];
            const { thread } = await deliver({ attachments });
            await deliver({}, { id: 'again', perhaps_sent: true });
            await deliver({ title: 'news' }, { id: 'news', thread });
            await deliver({ title: 'news' }, { id: 'news', thread, perhaps_sent: true });
            await deliver({ state: 'resolved' }, { thread });
            await deliver({ state: 'firing' }, { thread });
            const authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
            await fetch(`${jira.origin}${issue}?expand=changelog&fields=status`, { headers: { authorization } });
            await jira.stop();

            t.diagnostic(Object.entries(jira.contract.counts).map(([name, count]) => `${count} ${name}`).join(', '));
            const { counts } = jira.contract;
            const path = '/rest/api/3/issue/{issueIdOrKey}';
            for (const name of ['POST /rest/api/3/issue', 'POST /rest/api/3/issue 201', 'POST /rest/api/3/search/jql', 'POST /rest/api/3/search/jql 200', `POST ${path}/comment`, `POST ${path}/comment 201`, `GET ${path}/transitions 200`, `POST ${path}/transitions`, `POST ${path}/attachments 200`, `GET ${path} 200`])
                assert.ok(counts[name] > 0, `nothing was looked at as ${name}`);
        });
    });
});

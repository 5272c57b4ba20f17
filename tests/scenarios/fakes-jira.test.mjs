// Hunts: a fake of Jira that takes what the real one refuses: fields that are not on the screen, documents that are none, searches that are
// gone, names that go by another language.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Jira } from './fakes/jira.mjs';
import { wordsOfAdf } from './fakes/adf.mjs';

const paragraph = (...texts) => ({ type: 'paragraph', content: texts.map((text) => (typeof text === 'string' ? { type: 'text', text } : text)) });
const doc = (...content) => ({ type: 'doc', version: 1, content });
const custom = {
    customfield_10010: { name: 'Team', required: true, schema: { type: 'option', custom: 'select', customId: 10010 }, allowedValues: [{ id: '1', value: 'Platform' }] },
    customfield_10011: { name: 'Points', schema: { type: 'number' } },
};

function client(jira) {
    const { user, token } = jira.credentials;
    const authorization = jira.cloud ? `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` : `Bearer ${token}`;
    return async (method, where, body, headers = {}) => {
        const answer = await fetch(`${jira.origin}${where.startsWith('/') ? where : `${jira.base}/${where}`}`, {
            method,
            headers: { authorization, ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }), ...headers },
            body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
        });
        const text = await answer.text();
        return { status: answer.status, headers: answer.headers, text, body: /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : null };
    };
}

for (const flavour of ['cloud', 'data_center']) {
    const cloud = flavour === 'cloud';
    describe(flavour, () => {
        let jira, ask;
        const rich = (text) => (cloud ? doc(paragraph(text)) : text);
        const issue = (more = {}) => ({ fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x', description: rich('y'), labels: ['bursar'], customfield_10010: { value: 'Platform' }, ...more } });
        const search = (jql, more = {}) => ask('POST', cloud ? 'search/jql' : 'search', { jql, ...more });
        before(async () => {
            jira = await Jira.start({ flavour, custom, language: 'de' });
            ask = client(jira);
        });
        after(() => jira?.stop());

        test('an issue is created, found, commented, closed and opened again', async () => {
            const made = await ask('POST', 'issue', issue({ labels: ['bursar', 'incident-1a2b'] }));
            assert.equal(made.status, 201, made.text);
            assert.deepEqual(Object.keys(made.body), ['id', 'key', 'self']);
            const found = await search('project = OPS AND labels = "incident-1a2b"', { fields: ['status'] });
            assert.deepEqual(found.body.issues.map(({ key, fields }) => [key, fields.status.statusCategory.key]), [[made.body.key, 'new']]);
            assert.equal((await ask('POST', `issue/${made.body.key}/comment`, { body: rich('news') })).status, 201);
            const moves = (await ask('GET', `issue/${made.body.key}/transitions`)).body.transitions;
            const done = moves.find(({ to }) => to.statusCategory.key === 'done');
            assert.equal(done.name, 'Schließen');
            assert.equal((await ask('POST', `issue/${made.body.key}/transitions`, { transition: { id: done.id } })).status, 204);
            assert.equal((await ask('POST', `issue/${made.body.key}/transitions`, { transition: { id: done.id } })).status, 400, 'it is closed');
            assert.equal((await ask('POST', `issue/${made.body.key}/transitions`, { transition: { name: 'Close' } })).status, 400, 'by name');
            assert.equal((await ask('POST', `issue/${made.body.key}/transitions`, { transition: { id: '11' } })).status, 204);
            assert.deepEqual(jira.issues[0].moves, ['done', 'new']);
        });

        const wrong = [
            ['without a summary', { summary: undefined }, 'summary', /must specify/],
            ['with a summary of 256 characters', { summary: 's'.repeat(256) }, 'summary', /255/],
            ['with a summary of two lines', { summary: 'a\nb' }, 'summary', /newline/],
            ['with a label of two words', { labels: ['two words'] }, 'labels', /spaces/],
            ['without a required field', { customfield_10010: undefined }, 'customfield_10010', /Team is required/],
            ['with a choice that is none', { customfield_10010: { value: 'Other' } }, 'customfield_10010', /invalid/],
            ['with a choice that is a string', { customfield_10010: 'Platform' }, 'customfield_10010', /object/],
            ['with a number that is a string', { customfield_10011: '5' }, 'customfield_10011', /number/],
            ['with a field that is not on the screen', { customfield_1: 'x' }, 'customfield_1', /cannot be set/],
            ['with an unknown component', { components: [{ name: 'Other' }] }, 'components', /invalid/],
            ['with somebody who is unknown', { assignee: cloud ? { accountId: 'x' } : { name: 'x' } }, 'assignee', /cannot be assigned/],
            ['with an assignee of the other flavour', { assignee: cloud ? { name: 'ada' } : { accountId: '5b10' } }, 'assignee', /expected Object/],
            ['with a description of the other flavour', { description: cloud ? 'y' : doc(paragraph('y')) }, 'description', /Operation value must be/],
            ['with a description that is too long', { description: rich('d'.repeat(32_768)) }, 'description', /32,?767/],
            ['of another project', { project: { key: 'NO' } }, 'project', /valid project/],
            ['of an unknown type', { issuetype: { name: 'Epic' } }, 'issuetype', /issue type/],
        ];
        for (const [name, more, field, why] of wrong)
            test(`no issue is created ${name}`, async () => {
                const answer = await ask('POST', 'issue', issue(more));
                assert.equal(answer.status, 400);
                assert.match(answer.body.errors[field] ?? '', why);
                assert.equal(jira.issues.length, 1);
            });

        test('who has no token, another one or one in another form stays out', async () => {
            for (const authorization of ['', 'Bearer x', 'Basic eDp4', cloud ? `Bearer ${jira.credentials.token}` : `Basic ${Buffer.from(`bot:${jira.credentials.token}`).toString('base64')}`])
                assert.equal((await ask('GET', 'myself', undefined, { authorization })).status, 401, authorization);
            assert.equal((await ask('GET', 'myself')).status, 200);
        });

        test('what is gone is gone, and what says that it is a browser is not let in', async () => {
            assert.equal((await ask('GET', 'issue/createmeta?projectKeys=OPS')).status, 404);
            assert.equal((await ask('POST', cloud ? 'search' : 'search/jql', { jql: 'project = OPS' })).status, cloud ? 410 : 404);
            assert.equal((await ask('GET', cloud ? '/rest/api/2/issue/OPS-1' : '/rest/api/3/issue/OPS-1')).status, 404);
            assert.equal((await ask('POST', 'issue', issue(), { 'user-agent': 'Mozilla/5.0' })).text, 'XSRF check failed');
            assert.equal((await ask('POST', 'issue', issue(), { 'content-type': 'text/plain' })).status, 415);
        });

        test('the create metadata names what is required', async () => {
            const name = (plural) => (cloud ? plural : 'values');
            const types = (await ask('GET', 'issue/createmeta/OPS/issuetypes')).body[name('issueTypes')];
            const fields = (await ask('GET', `issue/createmeta/OPS/issuetypes/${types[0].id}`)).body[name('fields')];
            assert.deepEqual(fields.filter(({ required }) => required).map(({ fieldId }) => fieldId), ['summary', 'issuetype', 'project', 'customfield_10010']);
            assert.equal((await ask('GET', 'issue/createmeta/NO/issuetypes')).status, 404);
        });

        test('a search that Jira does not understand is refused, and what has no resolution is not found by !=', async () => {
            for (const jql of ['', 'order by created', 'labels = incident:1', 'labels ~~ x', 'nonsense = 1', 'project = OPS and', 'project = OPS AND (labels = x', 'project = OPS labels = x'])
                assert.equal((await search(jql)).status, 400, jql);
            const count = async (jql) => (await search(jql, { fields: ['status'] })).body.issues.length;
            assert.equal(await count('project = OPS AND resolution != Done'), 0);
            assert.equal(await count('project = OPS AND (resolution is EMPTY OR resolution != Done) ORDER BY created DESC'), 1);
            assert.equal(await count('project = "OPS" AND labels in (bursar, other) AND statusCategory != Done'), 1);
            assert.equal(await count('project = OPS AND labels not in ("bursar")'), 0);
            assert.equal((await search('project = OPS', { startat: 0 })).status, 400, 'an unknown field');
        });

        test('a file is attached with the header that says that it is no forgery', async () => {
            const form = () => {
                const data = new FormData();
                data.append('file', new Blob(['a,b'], { type: 'text/csv' }), 'usage.csv');
                return data;
            };
            assert.equal((await ask('POST', 'issue/OPS-1/attachments', form())).status, 403);
            assert.equal((await ask('POST', 'issue/OPS-1/attachments', form(), { 'x-atlassian-token': 'no-check' })).status, 200);
            assert.deepEqual(jira.issues[0].attachments.map(({ filename, type, bytes }) => [filename, type, String(bytes)]), [['usage.csv', 'text/csv', 'a,b']]);
        });
    });
}

test('labels that are not on the screen cannot be set', async () => {
    const jira = await Jira.start({ withLabels: false });
    const answer = await client(jira)('POST', 'issue', { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x', labels: ['bursar'] } });
    assert.match(answer.body.errors.labels, /not on the appropriate screen/);
    await jira.stop();
});

test('a new issue is not found at once where search follows behind, unless it is asked for', async () => {
    const jira = await Jira.start({ searchLag: 2 });
    const ask = client(jira);
    const made = await ask('POST', 'issue', { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x' } });
    const found = async (more) => (await ask('POST', 'search/jql', { jql: 'project = OPS', ...more })).body.issues.length;
    assert.deepEqual([await found({}), await found({ reconcileIssues: [Number(made.body.id)] }), await found({})], [0, 1, 1]);
    await jira.stop();
});

test('closing asks for a resolution where the workflow has a screen for it', async () => {
    const jira = await Jira.start({ resolutionOnScreen: true });
    const ask = client(jira);
    await ask('POST', 'issue', { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x' } });
    const moves = (await ask('GET', 'issue/OPS-1/transitions?expand=transitions.fields')).body.transitions;
    assert.equal(moves.find(({ id }) => id === '31').fields.resolution.required, true);
    assert.match((await ask('POST', 'issue/OPS-1/transitions', { transition: { id: '31' } })).body.errors.resolution, /required/);
    assert.equal((await ask('POST', 'issue/OPS-1/transitions', { transition: { id: '31' }, fields: { resolution: { name: 'Done' } } })).status, 204);
    await jira.stop();
});

describe('documents', () => {
    let jira, ask;
    before(async () => {
        jira = await Jira.start();
        ask = client(jira);
        await ask('POST', 'issue', { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'x' } });
    });
    after(() => jira?.stop());
    const comment = (body) => ask('POST', 'issue/OPS-1/comment', { body });
    const cell = (type, text) => ({ type, content: [paragraph(text)] });

    test('every node that a notice is made of is taken', async () => {
        const body = doc(
            { type: 'heading', attrs: { level: 2 }, content: [{ type: 'text', text: 'Spent' }] },
            paragraph({ type: 'text', text: 'bold', marks: [{ type: 'strong' }] }, { type: 'hardBreak' }, { type: 'text', text: 'open', marks: [{ type: 'link', attrs: { href: 'https://bursar.example/' } }] }),
            { type: 'table', content: [{ type: 'tableRow', content: [cell('tableHeader', 'Spent'), cell('tableCell', '8 USD')] }] },
            { type: 'bulletList', content: [{ type: 'listItem', content: [paragraph('one')] }] },
            { type: 'panel', attrs: { panelType: 'warning' }, content: [paragraph({ type: 'status', attrs: { text: 'firing', color: 'red' } })] },
            { type: 'codeBlock', content: [{ type: 'text', text: '▓▓▓░' }] },
            { type: 'rule' },
        );
        const answer = await comment(body);
        assert.equal(answer.status, 201, answer.text);
        assert.match(wordsOfAdf(jira.issues[0].comments[0]), /Spent\nbold.*8 USD.*firing/s);
    });

    const wrong = [
        ['text outside of a paragraph', doc({ type: 'text', text: 'x' })],
        ['an empty text', doc(paragraph(''))],
        ['an unknown node', doc({ type: 'html' })],
        ['an unknown mark', doc(paragraph({ type: 'text', text: 'x', marks: [{ type: 'bold' }] }))],
        ['a mark twice', doc(paragraph({ type: 'text', text: 'x', marks: [{ type: 'em' }, { type: 'em' }] }))],
        ['code in bold', doc(paragraph({ type: 'text', text: 'x', marks: [{ type: 'code' }, { type: 'strong' }] }))],
        ['a link to a script', doc(paragraph({ type: 'text', text: 'x', marks: [{ type: 'link', attrs: { href: 'javascript:x' } }] }))],
        ['a heading of level 7', doc({ type: 'heading', attrs: { level: 7 } })],
        ['a heading without a level', doc({ type: 'heading' })],
        ['an empty list', doc({ type: 'bulletList', content: [] })],
        ['a list that has text', doc({ type: 'bulletList', content: [paragraph('x')] })],
        ['a table within a list', doc({ type: 'bulletList', content: [{ type: 'listItem', content: [{ type: 'table', content: [{ type: 'tableRow', content: [] }] }] }] })],
        ['a cell without a paragraph', doc({ type: 'table', content: [{ type: 'tableRow', content: [{ type: 'tableCell', content: [{ type: 'text', text: 'x' }] }] }] })],
        ['an unknown panel', doc({ type: 'panel', attrs: { panelType: 'danger' }, content: [paragraph('x')] })],
        ['an unknown attribute', doc({ type: 'rule', attrs: { width: 1 } })],
        ['bold code blocks', doc({ type: 'codeBlock', content: [{ type: 'text', text: 'x', marks: [{ type: 'strong' }] }] })],
        ['another version', { ...doc(paragraph('x')), version: 2 }],
        ['a string', 'x'],
    ];
    for (const [name, body] of wrong)
        test(`refused: ${name}`, async () => {
            const answer = await comment(body);
            assert.equal(answer.status, 400);
            assert.ok(answer.body.errors.comment);
        });
});

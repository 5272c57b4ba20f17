// Hunts: a message of a bot that is told a second time in place of being changed, an API whose address the policy cannot say, and a token that
// goes to another one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { atOnce, Company, guests, read, soon } from './support/alerts.mjs';
import { until } from './support/process.mjs';

let company, key;
before(async () => {
    company = await Company.start({ policy: { teams: guests, budgets: [{ limit: '0.018 USD', per: 'month', warn: ['50%'] }] } });
    await company.bursar.putSecret('bot', company.slack.token);
    await company.bursar.changePolicy((policy) => {
        policy.alerts.targets.bot = { slack: { token: 'bot', channel: 'C0123', api: `${company.slack.api}/` }, per_minute: 600 };
        policy.alerts.routes = [{ name: 'all', to: ['bot'], ...atOnce }];
    });
    key = await company.bursar.issueKey();
});
after(() => company?.stop());
const ofTheBot = () => company.slack.messages.filter(({ by }) => by === 'bot');

test('one message goes from firing to resolved, with its story in its thread', async () => {
    const answer = await company.bursar.call(key, '/v1/chat/completions', { model: 'demo-gpt', max_tokens: 1010, messages: [{ role: 'user', content: 'x [[demo tokens=1000]]' }] });
    await answer.text();
    assert.equal(answer.status, 200);
    await until('the message', () => ofTheBot().length === 1, 2 * soon);
    const [message] = ofTheBot();
    assert.match(read(message), /demo has spent/);
    assert.equal(message.edited, undefined);
    await company.bursar.changePolicy((policy) => (policy.teams.demo.budgets[0].limit = '10 USD'));
    await until('the message to change', () => message.edited, 2 * soon);
    assert.match(read(message), /resolved/i);
    await company.settled();
    const replies = ofTheBot().filter(({ thread_ts }) => thread_ts === message.ts);
    assert.equal(ofTheBot().length, 1 + replies.length, 'a second message');
    assert.equal(replies.length, 1);
    assert.deepEqual(company.slack.refusals, []);
});
test('news is a message of its own, at the pace that Slack keeps', async () => {
    for (let i = 0; i < 8; i += 1) await company.news(`bot ${i}`);
    await until('all of them', () => company.told(/bot 7/).length === 1, 60_000);
    await company.settled();
    for (let i = 0; i < 8; i += 1) assert.equal(company.told(new RegExp(`bot ${i}`)).length, 1, `bot ${i}`);
    assert.ok(company.slack.tooFast > 0, 'nobody was too fast, so this shows nothing');
});
test('an address without TLS elsewhere is refused with the policy', async () => {
    const { body, headers } = await company.bursar.api('GET', 'policy');
    const documents = body.documents.map((document) => {
        const policy = JSON.parse(document.text);
        policy.alerts.targets.bot.slack.api = 'http://chat.example/api';
        return { name: document.name, text: JSON.stringify(policy) };
    });
    const answer = await company.bursar.api('PUT', 'policy', { documents, reason: 'wrong' }, { 'if-match': headers.get('etag') });
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.text, /must begin with https/);
});

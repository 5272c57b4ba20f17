// Hunts: doors of others, a decision without its reason, a dangerous action that does not ask again, a sync that acts before it is
// read, an export that runs in a spreadsheet, a page that only a mouse can use.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, open, settled } from './support.mjs';

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser?.close());

function pageTest(name, options, act) {
    test(name, async () => {
        const it = await open(browser, options);
        try {
            await settled(it.page);
            await act(it.page, it);
            assert.deepEqual(it.wrong, []);
        } finally {
            await it.close();
        }
    });
}
const button = (page, name) => page.getByRole('button', { name, exact: true });
const posts = (api) => api.log.filter((line) => !line.startsWith('GET'));

const doors = {
    alice: ['My keys', 'My usage'],
    lena: ['My keys', 'My usage', 'Team'],
    fiona: ['My keys', 'My usage', 'Team'],
    arno: ['My keys', 'My usage', 'Team', 'Directory', 'Two persons', 'Audit log'],
    olga: ['My keys', 'My usage', 'Team', 'Directory', 'Two persons', 'Audit log'],
};
const first = { alice: 'My keys', lena: 'Team research', fiona: 'Team research', arno: 'Audit log', olga: 'Directory' };
for (const [who, shown] of Object.entries(doors))
    pageTest(`${who} begins on a page of the role, and sees no door of others`, { who, path: '/' }, async (page) => {
        await page.getByRole('heading', { name: first[who], level: 1 }).waitFor();
        const links = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts();
        assert.deepEqual(links.map((text) => text.trim()), [...shown, 'Sessions', 'Connect a device']);
    });

pageTest('a page of another role is explained, and asks the API nothing', { who: 'alice', path: '/audit' }, async (page, { api }) => {
    await page.getByText('This page is not for your role').waitFor();
    assert.deepEqual(api.log.filter((line) => line.includes('/audit')), []);
});

pageTest('a lead approves a part of a request, and declines only with a reason', { who: 'lena', path: '/team' }, async (page, { api }) => {
    await button(page, 'Approve request 12').click();
    await page.getByRole('textbox', { name: 'Amount to grant' }).fill('250');
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('Approved. It counts from now on.').waitFor();
    await button(page, 'Decline request 11').click();
    assert.equal(await page.getByRole('dialog').getByRole('button', { name: 'Decline', exact: true }).isDisabled(), true);
    await page.getByRole('textbox', { name: 'Your reason' }).fill('Next week, please.');
    await page.getByRole('dialog').getByRole('button', { name: 'Decline', exact: true }).click();
    await page.getByText('No request is open').waitFor();
    assert.deepEqual(posts(api), ['POST /api/v1/requests/12/approve', 'POST /api/v1/requests/11/decline']);
});

pageTest('a second person approves and declines what somebody else asked for, and takes back what is their own', { who: 'olga', path: '/approvals' }, async (page, { api }) => {
    await page.getByText('2 changes', { exact: true }).click();
    await page.getByText('new alias "summaries"').waitFor();
    const own = 'Give another value to the secret "openai-a".';
    assert.equal(await button(page, `Approve: ${own}`).count(), 0);
    await button(page, `Take back: ${own}`).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take back', exact: true }).click();
    await page.getByText('Taken back; nothing was done.').waitFor();
    await button(page, 'Decline: Apply a policy on revision 41, with 2 changes: more for research').click();
    assert.equal(await page.getByRole('dialog').getByRole('button', { name: 'Decline', exact: true }).isDisabled(), true);
    await page.getByRole('textbox', { name: 'Your reason' }).fill('Not on a Friday.');
    await page.getByRole('dialog').getByRole('button', { name: 'Decline', exact: true }).click();
    await page.getByText('Declined; nothing was done.').first().waitFor();
    await button(page, 'Approve: Issue a token of the role auditor to "dora".').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByLabel('The new token').getByText('bso_4k2m7x9p1q3z_6n8r0t5v').waitFor();
    await page.getByRole('dialog').getByRole('button').last().click();
    await page.getByText('Nothing waits for a second person').waitFor();
    assert.deepEqual(posts(api), ['DELETE /api/v1/approvals/p0d4t8wz', 'POST /api/v1/approvals/k3m9x2p7', 'POST /api/v1/approvals/7h2qv5nc']);
});

pageTest('an auditor looks at what waits and decides nothing', { who: 'arno', path: '/approvals' }, async (page) => {
    await page.getByText('Give another value to the secret "openai-a".').waitFor();
    assert.equal(await page.getByRole('button', { name: /^(Approve|Decline|Take back)/ }).count(), 0);
});

pageTest('another team has its own people and budgets', { who: 'fiona', path: '/team' }, async (page) => {
    await page.getByText('alice@example.com').waitFor();
    await page.getByRole('combobox', { name: 'Team' }).selectOption('finance');
    await page.getByText('Nobody is in this team').waitFor();
    await page.getByText('This team has no budget of its own').waitFor();
});

pageTest('a connection test shows every step in words', { who: 'olga', path: '/directory/at/corp' }, async (page) => {
    await page.getByRole('textbox', { name: 'User name (optional)' }).fill('alice');
    await page.getByLabel('Password (optional)').fill('wrong');
    await button(page, 'Run the test').click();
    await page.getByText('1 step failed.').waitFor();
    const steps = await page.locator('.step-name').allInnerTexts();
    assert.deepEqual(steps.map((step) => step.replace(/\s*:\s*\w+$/, '')), [
        'Name of the server', 'Encryption and certificate', 'Sign-in of the service account', 'Search for the person', 'Groups, direct and nested', 'Password', 'Teams and role',
    ]);
    await page.getByText('49, data 52e').waitFor();
    assert.equal(await page.getByLabel('Password (optional)').inputValue(), '');
});

pageTest('a sync is read before it is applied', { who: 'olga', path: '/directory/at/corp' }, async (page, { api }) => {
    await button(page, 'Show what would change').click();
    for (const name of ['tom', 'uma', 'mira', 'nadia', 'viktor', 'alice']) await page.locator('.diff').getByText(name, { exact: true }).waitFor();
    await page.getByText('3 of 12 people would lose access').waitFor();
    assert.deepEqual(posts(api), ['POST /api/v1/directories/corp/sync']);
    await button(page, 'Apply this proposal').click();
    await page.getByText('2 people lose access').waitFor();
    const [request] = await Promise.all([page.waitForRequest(/\/sync$/), button(page, 'Apply').click()]);
    assert.deepEqual(request.postDataJSON(), { confirmed: true });
    await page.getByText('The sync is applied.').waitFor();
});

pageTest('a dangerous action asks for the password, and goes on behind it', { who: 'olga', path: '/directory/people', steppedUp: false }, async (page, { api }) => {
    await button(page, 'What to do with Alice Aalto').click();
    await page.getByRole('menuitem', { name: 'Suspend' }).click();
    await page.getByRole('textbox', { name: 'Reason, for the audit log' }).fill('Lost her badge');
    await button(page, 'Suspend').click();
    await page.getByRole('heading', { name: 'Is it still you?' }).waitFor();
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill('wrong');
    await button(page, 'Confirm').click();
    await page.getByText('The password is wrong.').waitFor();
    await page.getByRole('textbox', { name: 'Password', exact: true }).fill('correct horse');
    await button(page, 'Confirm').click();
    await page.getByText('Alice Aalto is suspended.').waitFor();
    const suspend = 'POST /api/v1/people/alice/suspend';
    assert.deepEqual(posts(api), [suspend, 'POST /auth/step-up', 'POST /auth/step-up', suspend]);
});

pageTest('whoever does not confirm has changed nothing', { who: 'olga', path: '/directory/people', steppedUp: false }, async (page, { api }) => {
    await button(page, 'What to do with Alice Aalto').click();
    await page.getByRole('menuitem', { name: 'Suspend' }).click();
    await page.getByRole('textbox', { name: 'Reason, for the audit log' }).fill('Lost her badge');
    await button(page, 'Suspend').click();
    await page.getByRole('dialog', { name: 'Is it still you?' }).getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Enter your password once more.').waitFor();
    assert.equal(api.people.find((person) => person.person === 'alice').state, 'active');
});

pageTest('a person is found, suspended and restored', { who: 'olga', path: '/directory/people' }, async (page) => {
    await page.getByRole('textbox', { name: 'Name, user name or e-mail' }).fill('lena');
    await page.keyboard.press('Enter');
    await page.getByText('Alice Aalto').waitFor({ state: 'detached' });
    for (const [action, done] of [['Suspend', 'Lena Lindqvist is suspended.'], ['Restore', 'Lena Lindqvist is let in again.']]) {
        await button(page, 'What to do with Lena Lindqvist').click();
        await page.getByRole('menuitem', { name: action }).click();
        if (action === 'Suspend') await page.getByRole('textbox', { name: 'Reason, for the audit log' }).fill('Leave of absence');
        await button(page, action).click();
        await page.getByText(done).waitFor();
    }
    await page.getByRole('combobox', { name: 'State' }).selectOption('gone');
    await page.getByText('Nobody found').waitFor();
});

pageTest('an auditor looks at directories, and runs nothing', { who: 'arno', path: '/directory/at/corp' }, async (page) => {
    await page.getByRole('table', { name: 'History of syncs' }).waitFor();
    assert.equal(await page.getByText('only operators run tests and syncs').count(), 2);
    for (const name of ['Sync now', 'Show what would change', 'Run the test']) assert.equal(await button(page, name).count(), 0);
    await page.getByRole('link', { name: 'All sources' }).click();
    await page.getByRole('link', { name: 'People', exact: true }).click();
    await page.getByRole('cell', { name: /Alice Aalto/ }).waitFor();
    assert.equal(await button(page, 'What to do with Alice Aalto').count(), 0);
});

pageTest('the log is filtered, read on, verified and taken along', { who: 'arno', path: '/audit' }, async (page) => {
    const rows = page.getByRole('table', { name: 'Audit log' }).getByRole('row');
    assert.equal(await rows.count(), 101);
    await button(page, 'Load older entries').click();
    await page.getByText('200 shown of 200 loaded entries').waitFor();
    await page.getByRole('textbox', { name: /^Filter by words/ }).fill('secret.put calc');
    await page.getByText('22 shown of 200 loaded entries').waitFor();
    const [csv] = await Promise.all([page.waitForEvent('download'), button(page, 'CSV').click()]);
    const lines = readFileSync(await csv.path(), 'utf8').split('\r\n');
    assert.equal(lines.length, 1 + 22 + 1);
    const [json] = await Promise.all([page.waitForEvent('download'), button(page, 'JSON').click()]);
    assert.equal(JSON.parse(readFileSync(await json.path(), 'utf8'))[0].object, 'secret:=cmd|calc');
    await button(page, 'Verify now').click();
    await page.getByText('The chain is intact: 48,210 entries').waitFor();
    await button(page, `Details of entry ${JSON.parse(readFileSync(await json.path(), 'utf8'))[0].number}`).click();
    await page.getByText(/^SHA-256/).waitFor();
});

pageTest('the whole log is searched by the API, and read on with the same words', { who: 'arno', path: '/audit' }, async (page, { api }) => {
    const answers = [];
    page.on('response', (response) => response.url().includes('/api/v1/audit?') && answers.push(new URL(response.url()).searchParams));
    await page.getByLabel('Action', { exact: true }).fill('policy.*');
    await page.getByLabel('Outcome').selectOption('ok');
    await button(page, 'Search').click();
    const wanted = api.audit.filter((entry) => entry.action.startsWith('policy.') && entry.outcome === 'ok');
    assert.ok(wanted.length > 0 && wanted.length < 100, `${wanted.length}`);
    await page.getByText(`${wanted.length} shown of ${wanted.length} loaded`).waitFor();
    assert.deepEqual(Object.fromEntries(answers.at(-1)), { limit: '100', action: 'policy.*', outcome: 'ok' });
    assert.equal(await button(page, 'Load older entries').count(), 0);
    await page.getByLabel('Action', { exact: true }).fill('');
    await page.getByLabel('Outcome').selectOption('');
    await button(page, 'Search').click();
    await page.getByText('100 shown of 100 loaded entries').waitFor();
});

pageTest('the keyboard alone is enough: skip link, menu, dialog and back', { who: 'alice', path: '/keys' }, async (page) => {
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute('aria-label') || document.activeElement?.id);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'New key');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
    for (let step = 0; step < 12; step += 1) {
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null), true, `step ${step} left the dialog`);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'New key');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Rotate' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Revoke "Laptop"?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'What to do with Laptop');
});

pageTest('on a small screen the menu opens, leads on and closes', { who: 'olga', path: '/directory', width: 390, height: 844 }, async (page) => {
    const audit = page.getByRole('link', { name: 'Audit log' });
    assert.equal(await audit.isVisible(), false);
    await button(page, 'Open menu').click();
    await audit.click();
    await page.getByRole('heading', { name: 'Audit log' }).waitFor();
    assert.equal(await audit.isVisible(), false);
    await button(page, 'Open menu').click();
    await page.keyboard.press('Escape');
    assert.equal(await audit.isVisible(), false);
});

pageTest('a new page takes the focus to its heading, for those who listen', { who: 'alice', path: '/keys' }, async (page) => {
    await page.getByRole('link', { name: 'My usage' }).click();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1' && document.activeElement.textContent === 'My usage');
    assert.equal(await page.title(), 'My usage · Bursar');
});

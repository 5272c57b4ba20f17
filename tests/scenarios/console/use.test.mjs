// Hunts: a sign-in that leads to somebody else's page, a key that can be read twice, a device that is let in by following a link,
// an action without its token, a failure that leaves the person alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, open, settled } from './support.mjs';

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser?.close());

/** A test with a page of its own, whose end also asks that nothing went wrong in it. */
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
const field = (page, name) => page.getByRole('textbox', { name });
const pathOf = (page) => new URL(page.url()).pathname + new URL(page.url()).search;

async function signIn(page, user, password) {
    await field(page, 'User name or e-mail').fill(user);
    await page.getByLabel('Password').fill(password);
    await button(page, 'Sign in').click();
}

pageTest('a password leads to the page that was asked for', { path: '/usage' }, async (page) => {
    await page.getByRole('heading', { name: 'Sign in to Example GmbH' }).waitFor();
    assert.equal(pathOf(page), '/sign-in?to=%2Fusage');
    await signIn(page, 'alice', 'correct horse');
    await page.getByRole('heading', { name: 'My usage' }).waitFor();
    assert.equal(pathOf(page), '/usage');
});

for (const to of ['//evil.example/', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '/%0d%0aevil'])
    pageTest(`a sign-in never leads to ${to}`, { path: `/sign-in?to=${encodeURIComponent(to)}` }, async (page, { origin }) => {
        const link = await page.getByRole('link', { name: 'Continue with Microsoft' }).getAttribute('href');
        assert.equal(link, '/auth/oidc/entra?to=%2F');
        await signIn(page, 'alice', 'correct horse');
        await page.getByRole('heading', { name: 'My keys' }).waitFor();
        assert.equal(page.url(), `${origin}/keys`);
    });

pageTest('what is wrong with a sign-in is said in words, and the password is not kept', { path: '/sign-in' }, async (page) => {
    for (const [user, sentence] of [
        ['alice', 'User name or password is wrong, or the account may not sign in.'],
        ['locked', 'Too many tries.'],
        ['down', 'The directory does not answer.'],
    ]) {
        await signIn(page, user, 'wrong');
        await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
        assert.equal(await page.getByLabel('Password').inputValue(), '');
    }
});

pageTest('a provider that sent somebody back is explained', { path: '/sign-in?failed=expired&to=/usage', language: 'de' }, async (page) => {
    await page.getByRole('alert').filter({ hasText: 'Das hat zu lange gedauert.' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Weiter mit Microsoft' }).getAttribute('href'), '/auth/oidc/entra?to=%2Fusage');
});

pageTest('emergency access is offered only where it is on', { path: '/sign-in', breakGlass: false }, async (page) => {
    assert.equal(await page.getByText('Emergency access').count(), 0);
});

pageTest('emergency access warns before it asks', { path: '/sign-in' }, async (page) => {
    await button(page, 'Emergency access').click();
    await page.getByText('Every use raises an alert').waitFor();
    await page.getByLabel('Passphrase').fill('correct horse');
    await button(page, 'Enter in an emergency').click();
    await page.getByRole('heading', { name: 'Directory' }).waitFor();
});

pageTest('a key is shown once, with lines to paste, and can be rotated and revoked', { who: 'alice', path: '/keys' }, async (page, { origin }) => {
    await button(page, 'New key').click();
    await field(page, 'Name').fill('Test bench');
    await button(page, 'Create key').click();
    const text = await page.getByLabel('The key').innerText();
    assert.match(text, /^bsr_[0-9a-z]{12}_[0-9a-z]+$/);
    for (const name of ['curl', 'Python', 'Node.js', 'Anthropic SDK', 'Claude Code', 'Codex', 'opencode']) {
        await page.getByRole('tab', { name, exact: true }).click();
        const snippet = await page.getByLabel(`Example for ${name}`, { exact: true }).first().innerText();
        assert.ok(snippet.includes(text) && snippet.includes(origin), name);
    }
    // Neither a slip of the finger nor a click beside it loses the key.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    assert.equal(await page.getByLabel('The key').count(), 1);
    await button(page, 'I have saved it').click();
    await page.getByRole('cell', { name: /^Test bench/ }).waitFor();
    assert.equal((await page.content()).includes(text), false);

    await button(page, 'What to do with Test bench').click();
    await page.getByRole('menuitem', { name: 'Rotate' }).click();
    await button(page, 'Make a new secret').click();
    await page.getByText('The old secret works until 26 Nov 2026').waitFor();
    assert.notEqual(await page.getByLabel('The key').innerText(), text);
    await button(page, 'I have saved it').click();

    await button(page, 'What to do with Test bench').click();
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await button(page, 'Revoke key').click();
    await page.getByText('"Test bench" is revoked.').waitFor();
    await page.getByText('Show 3 ended keys').waitFor();
    assert.equal(await page.getByRole('cell', { name: /^Test bench/ }).count(), 0);
});

pageTest('the key and what is typed for it go to the clipboard', { who: 'alice', path: '/keys' }, async (page) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await button(page, 'New key').click();
    await field(page, 'Name').fill('Clipboard');
    await button(page, 'Create key').click();
    const text = await page.getByLabel('The key').innerText();
    await button(page, 'Copy key').click();
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
});

pageTest('another period asks for other days, also as CSV', { who: 'alice', path: '/usage' }, async (page, { api }) => {
    await page.getByLabel('Period').selectOption('last_month');
    await settled(page);
    const link = page.getByRole('link', { name: 'CSV' });
    assert.equal(await link.getAttribute('href'), '/api/v1/me/usage?group_by=day,model&from=2026-10-01&to=2026-10-31&format=csv');
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.match(readFileSync(await download.path(), 'utf8'), /^day,model,calls,charge_usd\r\n2026-10-01,/);
    assert.ok(api.log.filter((line) => line === 'GET /api/v1/me/usage').length >= 3);
});

pageTest('the chart says in words what it is, and its figures are in a table', { who: 'alice', path: '/usage' }, async (page) => {
    await page.getByRole('img', { name: /By day and model: a bar chart/ }).waitFor();
    assert.equal(await page.getByRole('table', { name: 'Model' }).getByRole('row').count(), 5);
    assert.equal(await page.locator('.recharts-bar-rectangle').count() > 20, true);
    assert.equal(await page.getByRole('meter').count(), 6);
});

pageTest('a failure says what to do, and the same page goes on', { who: 'alice', path: '/usage' }, async (page, { api }) => {
    api.broken.set('/api/v1/me/usage', 503);
    await page.reload();
    await page.getByRole('alert').filter({ hasText: 'Try again in a minute.' }).waitFor();
    await page.getByRole('meter').first().waitFor();
    api.broken.clear();
    await button(page, 'Try again').click();
    await page.getByRole('table', { name: 'Model' }).waitFor();
});

pageTest('a session that ended elsewhere leads to the sign-in and back', { who: 'alice', path: '/keys' }, async (page, { api }) => {
    api.sessions.clear();
    await page.getByRole('link', { name: 'My usage' }).click();
    await page.getByRole('heading', { name: 'Sign in to Example GmbH' }).waitFor();
    await signIn(page, 'alice', 'correct horse');
    await page.getByRole('heading', { name: 'My usage' }).waitFor();
});

pageTest('signing out ends the session at the server', { who: 'alice', path: '/keys' }, async (page, { api }) => {
    await button(page, 'Sign out').click();
    await page.getByRole('heading', { name: 'Sign in to Example GmbH' }).waitFor();
    assert.equal(api.sessions.size, 0);
});

pageTest('a link with a code in it approves nothing by itself', { who: 'alice', path: '/device?user_code=wdjbmjht' }, async (page, { api }) => {
    await page.getByText('bursarctl 1.0 on build-07').waitFor();
    await page.getByText('10.20.4.17').waitFor();
    assert.deepEqual(api.log.filter((line) => line.startsWith('POST')), []);
    await button(page, 'Approve').click();
    await page.getByText('Approved. You can go back to your terminal').waitFor();
    assert.deepEqual(api.log.filter((line) => line.startsWith('POST')), ['POST /api/v1/device/WDJB-MJHT/approve']);
});

pageTest('a code is taken as people type it, and can be denied', { who: 'alice', path: '/device' }, async (page, { api }) => {
    await field(page, 'Code').fill('wdjb mjhx');
    await button(page, 'Continue').click();
    await page.getByText('Nobody waits with the code WDJB-MJHX').waitFor();
    await button(page, 'Enter another code').click();
    await field(page, 'Code').fill(' wdjb mjht ');
    await button(page, 'Continue').click();
    await button(page, 'Deny').click();
    await page.getByText('Denied.').waitFor();
    assert.ok(api.log.includes('POST /api/v1/device/WDJB-MJHT/deny'));
});

const askOf = (redirect) => `/authorize?response_type=code&client_id=bursarctl&redirect_uri=${redirect}&code_challenge=c&code_challenge_method=S256&state=st4te&host=build-07`;

pageTest('a link to let a program in does nothing by itself, and leads back to the program after a yes or a no', { who: 'alice', path: '/keys' }, async (page, { api, origin }) => {
    for (const [name, words] of [['Approve', 'code=one-time'], ['Deny', 'error=access_denied']]) {
        await page.goto(origin + askOf(`${origin}/callback`));
        await page.getByText('bursarctl on build-07 wants to sign in as').waitFor();
        await page.getByText('Prompts are not kept.').waitFor();
        assert.deepEqual(api.log.filter((line) => line.startsWith('POST')), name === 'Approve' ? [] : ['POST /api/v1/authorization/approve']);
        await button(page, name).click();
        await page.waitForURL(`${origin}/callback?${words}&state=st4te`);
    }
});

pageTest('a link that would send an answer elsewhere shows why not, and no button', { who: 'alice', path: askOf('http://evil.example/callback') }, async (page) => {
    await page.getByRole('alert').waitFor();
    assert.equal(await button(page, 'Approve').count(), 0);
});

pageTest('sessions of one\'s own can be ended', { who: 'alice', path: '/sessions' }, async (page) => {
    await button(page, 'End claude-code 2.1').click();
    await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText('1 session is over.').waitFor();
    await page.getByText('claude-code 2.1').waitFor({ state: 'detached' });
    await button(page, 'End all others').click();
    await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText('Safari 18, iOS').waitFor({ state: 'detached' });
    assert.equal(await page.getByText('this one').count(), 1);
});

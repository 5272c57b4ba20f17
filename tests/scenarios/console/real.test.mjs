// Hunts: a page and an API that each keep their own promise and not each other's: a real bursard with TLS serves the console, people come
// from a real slapd and from two real providers of identities, and the key that a page shows is used by a real client.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import { program, until } from '../support/process.mjs';
import { Company } from './company.mjs';
import { axeFindings, launch, settled, watch } from './support.mjs';

let browser, company, origin;
const opened = [];

/** A window of somebody's own browser. */
async function visit(where = '/', { scheme = 'light', language = 'en', width = 1280, programs = [] } = {}) {
    const context = await browser.newContext({
        viewport: { width, height: 900 }, colorScheme: scheme, locale: language === 'de' ? 'de-DE' : 'en-US', reducedMotion: 'reduce', ignoreHTTPSErrors: true,
    });
    const page = await context.newPage();
    const wrong = await watch(page, origin, [...company.providers, ...programs]);
    opened.push({ page, wrong });
    await page.goto(origin + where);
    await settled(page);
    return page;
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const heading = (page, name) => page.getByRole('heading', { name, level: 1 });
const pathOf = (page) => new URL(page.url()).pathname + new URL(page.url()).search;
const read = async (page, where) => (await page.request.get(`${origin}${where}`)).json();

async function enter(page, user, password = `${user}-password`) {
    await page.getByRole('textbox', { name: 'User name or e-mail' }).fill(user);
    await page.getByLabel('Password').fill(password);
    await button(page, 'Sign in').click();
}

async function signedIn(user, where = '/keys', options = {}) {
    const page = await visit(where, options);
    await enter(page, user);
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await settled(page);
    return page;
}

/** At the provider's own page. */
async function proveAt(page, login, password) {
    await heading(page, 'Company sign-in').waitFor();
    await page.getByLabel('User name').fill(login);
    await page.getByLabel('Password').fill(password);
    await button(page, 'Sign in').click();
}

async function suspend(page, name, reason) {
    await button(page, `What to do with ${name}`).click();
    await page.getByRole('menuitem', { name: 'Suspend' }).click();
    await page.getByRole('textbox', { name: 'Reason, for the audit log' }).fill(reason);
    await button(page, 'Suspend').click();
}

/** Once it is so long ago that an operator signed in that a dangerous action asks again. */
async function proofIsOld(page) {
    const { session } = await read(page, '/api/v1/me');
    await until('the proof to be old', () => Date.now() > Date.parse(session.proved_at) + 60_000, 90_000);
}

before(async () => {
    browser = await launch();
    company = await Company.start();
    ({ origin } = company.bursar);
});
after(async () => {
    await browser?.close();
    await company?.stop();
});

describe('the console of a real bursard', () => {
    let olga, oskar;
    before(async () => {
        olga = await signedIn('olga', '/directory');
        oskar = await visit('/sign-in?to=/directory/people');
        await oskar.getByRole('link', { name: 'Continue with Okta' }).click();
        await proveAt(oskar, 'oskar', 'battery staple');
        await heading(oskar, 'Directory').waitFor();
    });

    test('a wrong password is explained, and the right one leads to where somebody wanted to go', async () => {
        const page = await visit('/usage');
        await heading(page, 'Sign in to Scenario GmbH').waitFor();
        await enter(page, 'rita', 'wrong');
        await page.getByRole('alert').filter({ hasText: 'User name or password is wrong, or the account may not sign in.' }).waitFor();
        assert.equal(await page.getByLabel('Password').inputValue(), '');
        await enter(page, 'rita');
        await heading(page, 'My usage').waitFor();
        assert.equal(pathOf(page), '/usage');
        await page.getByText('No calls in this period').waitFor();
    });

    test('a key made on the page works in a real client, its call shows up in my usage, and once revoked it is refused', async () => {
        const page = await signedIn('rita');
        await page.getByText('You have no keys yet').waitFor();
        await button(page, 'New key').first().click();
        await page.getByRole('textbox', { name: 'Name' }).fill('Laptop');
        await button(page, 'Create key').click();
        const apiKey = await page.getByLabel('The key').innerText();
        const snippet = await page.getByLabel('Example for curl', { exact: true }).first().innerText();
        assert.ok(snippet.includes(apiKey) && snippet.includes(origin) && snippet.includes('demo-gpt'), snippet);
        await button(page, 'I have saved it').click();
        await page.getByRole('cell', { name: /^Laptop/ }).waitFor();

        const client = new OpenAI({ apiKey, baseURL: `${origin}/v1`, maxRetries: 0 });
        const ask = () => client.chat.completions.create({ model: 'demo-gpt', messages: [{ role: 'user', content: 'hello' }] });
        const answer = await ask();
        assert.ok(answer.choices[0].message.content.length > 0);

        await page.getByRole('link', { name: 'My usage' }).click();
        const row = page.getByRole('table', { name: 'Model' }).getByRole('row', { name: /demo-gpt/ });
        await until('the call in the usage', async () => {
            await page.reload();
            await settled(page);
            return (await row.count()) === 1;
        });
        assert.match(await row.innerText(), /^demo-gpt\s+1\s/);
        assert.equal(await page.getByRole('meter').count(), 2);

        await page.getByRole('link', { name: 'My keys' }).click();
        await button(page, 'What to do with Laptop').click();
        await page.getByRole('menuitem', { name: 'Revoke' }).click();
        await button(page, 'Revoke key').click();
        await page.getByText('"Laptop" is revoked.').waitFor();
        await assert.rejects(ask(), (error) => error instanceof OpenAI.AuthenticationError);
    });

    test('a provider of identities lets somebody in, and signing out ends both sessions', async () => {
        const page = await visit('/usage');
        await page.getByRole('link', { name: 'Continue with Entra' }).click();
        await proveAt(page, 'ines', 'wrong');
        await page.getByRole('alert').filter({ hasText: 'Wrong user name or password.' }).waitFor();
        await proveAt(page, 'ines', 'correct horse');
        await heading(page, 'My usage').waitFor();
        await page.getByText('Ines Identity').waitFor();
        await button(page, 'Sign out').click();
        await page.waitForURL(`${company.entra.issuer}/**`);
        await button(page, 'Sign out').click();
        await heading(page, 'Sign in to Scenario GmbH').waitFor();
        assert.equal(new URL(page.url()).origin, origin);
        assert.equal((await page.request.get(`${origin}/api/v1/me`)).status(), 401);
        await page.getByRole('link', { name: 'Continue with Entra' }).click();
        await heading(page, 'Company sign-in').waitFor();
    });

    test('a device is let in by its code, and only by the button under the warning', async () => {
        const asked = await fetch(`${origin}/oauth/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: 'bursarctl' }) });
        const device = await asked.json();
        const page = await signedIn('rita', new URL(device.verification_uri_complete).pathname + new URL(device.verification_uri_complete).search);
        await page.getByText('Approve only if you started this yourself').waitFor();
        await page.getByText(device.user_code, { exact: true }).waitFor();
        await page.getByText('bursarctl', { exact: true }).waitFor();
        await page.getByText('127.0.0.1', { exact: true }).waitFor();
        await button(page, 'Approve').click();
        await page.getByText('Approved. You can go back to your terminal').waitFor();
        const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code };
        const token = await (await fetch(device.verification_uri.replace('/device', '/oauth/token'), { method: 'POST', body: new URLSearchParams(form) })).json();
        const me = await (await fetch(`${origin}/api/v1/me`, { headers: { authorization: `Bearer ${token.access_token}` } })).json();
        assert.equal(me.user_name, 'rita');
        await page.getByRole('link', { name: 'Sessions' }).click();
        await button(page, 'End bursarctl').click();
        await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
        await page.getByText('1 session is over.').waitFor();
        assert.equal((await fetch(`${origin}/api/v1/me`, { headers: { authorization: `Bearer ${token.access_token}` } })).status, 401);
    });

    test('bursarctl on this machine is let in by the button, for somebody who first had to sign in at a provider', async () => {
        const login = spawn(program('bursarctl'), ['login', '--browser'], {
            env: {
                ...process.env, HOME: company.bursar.folder, XDG_CONFIG_HOME: company.bursar.path('config'), DISPLAY: '', WAYLAND_DISPLAY: '',
                BURSAR_URL: origin, BURSAR_CA_FILE: company.bursar.path('ca.pem'), BURSAR_TOKEN: '',
            },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        let said = '';
        for (const stream of [login.stdout, login.stderr]) stream.on('data', (piece) => (said += piece));
        const ended = new Promise((resolve) => login.once('exit', resolve));
        try {
            const address = new URL(await until('the page', () => /^https:.*\/authorize\?\S+$/m.exec(said)?.[0]));
            const programs = [new URL(address.searchParams.get('redirect_uri')).origin];
            const page = await visit(address.pathname + address.search, { programs });
            await page.getByRole('link', { name: 'Continue with Entra' }).click();
            await proveAt(page, 'ines', 'correct horse');
            await heading(page, 'Sign a program in').waitFor();
            await page.getByText(`bursarctl on ${address.searchParams.get('host')} wants to sign in as Ines Identity.`).waitFor();
            await page.getByText('Approve only if you started this yourself just now').waitFor();
            assert.deepEqual(await axeFindings(page), []);
            assert.equal(login.exitCode, null, 'nobody has clicked yet');
            await button(page, 'Approve').click();
            await page.getByText('Signed in. You can close this page and go back to your terminal.').waitFor();
            assert.equal(await ended, 0, said);
            assert.match(said, /Signed in as ines/);
        } finally {
            login.kill();
        }
    });

    test('a lead sees the people, the budgets and the requests of the team, and decides', async () => {
        const rita = await signedIn('rita');
        const { csrf } = await read(rita, '/api/v1/me');
        const end = new Date(Date.now() + 86_400_000).toISOString();
        const asked = await rita.request.post(`${origin}/api/v1/requests`, {
            headers: { 'x-bursar-csrf': csrf, origin }, data: { account: 'team:research', limit: 'per month', amount: '7', until: end, reason: 'One more evaluation.' },
        });
        assert.equal(asked.status(), 201, await asked.text());
        const page = await signedIn('max', '/');
        await heading(page, 'Team research').waitFor();
        await page.getByRole('table', { name: 'Members' }).getByRole('row', { name: /Rita Researcher/ }).waitFor();
        await page.getByText('One more evaluation.').waitFor();
        await page.getByRole('button', { name: /^Approve request/ }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
        await page.getByText('Approved. It counts from now on.').waitFor();
        await page.getByRole('link', { name: 'My usage' }).click();
        await settled(page);
        assert.ok((await page.getByRole('meter').count()) >= 2, 'the limits of the lead');
        assert.equal(await page.getByRole('alert').count(), 0);
    });

    test('an auditor walks the chain of the log, looks at directories, and has keys and limits like everybody', async () => {
        const page = await signedIn('adam', '/');
        await heading(page, 'Audit log').waitFor();
        await button(page, 'Verify now').click();
        await page.getByText(/The chain is intact: [\d,]+ entries/).waitFor();
        await page.getByRole('table', { name: 'Audit log' }).getByText(/^person:/).first().waitFor();
        await page.getByLabel('Who', { exact: true }).fill('person:adam');
        await page.getByLabel('Action', { exact: true }).fill('audit.*');
        await button(page, 'Search').click();
        await page.getByText('1 shown of 1 loaded entry').waitFor();
        await page.getByRole('table', { name: 'Audit log' }).getByText('audit.verify').waitFor();
        await page.goto(`${origin}/directory/at/corp`);
        await page.getByRole('table', { name: 'History of syncs' }).waitFor();
        assert.equal(await button(page, 'Sync now').count(), 0);
        await page.goto(`${origin}/usage`);
        await settled(page);
        assert.equal(await page.getByRole('alert').count(), 0);
        assert.ok((await page.getByRole('meter').count()) >= 2, 'the limits of the auditor');
    });

    test('the test of a directory shows each step of a sign-in, and of a wrong password which one fails', async () => {
        await olga.goto(`${origin}/directory/at/corp`);
        const steps = async () => {
            await button(olga, 'Run the test').click();
            await olga.locator('.steps').waitFor();
            return (await olga.locator('.step-name').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
        };
        await olga.getByRole('textbox', { name: 'User name (optional)' }).fill('rita');
        await olga.getByLabel('Password (optional)').fill('rita-password');
        const good = await steps();
        assert.ok(good.length >= 5, good.join());
        await olga.getByText('Everything works.').waitFor();
        await olga.getByText('Teams: research. Role: member.').waitFor();
        await olga.getByLabel('Password (optional)').fill('wrong');
        await button(olga, 'Run the test').click();
        await olga.getByText('1 step failed.').waitFor();
        assert.match(await olga.locator('.step-bad .step-name').innerText(), /^Password/);
        assert.deepEqual(await axeFindings(olga), []);
        for (const name of good) assert.match(name, /^[A-Z][a-z]+/, `no words for the step ${name}`);
    });

    test('a provider of identities is tested by the same page', async () => {
        await olga.goto(`${origin}/directory/at/entra`);
        await heading(olga, 'Entra').waitFor();
        await button(olga, 'Run the test').click();
        await olga.getByText('Everything works.').waitFor();
        for (const name of await olga.locator('.step-name').allInnerTexts()) assert.match(name, /^[A-Z][a-z]+/, `no words for the step ${name}`);
    });

    test('a sync shows whom it would take before it takes them', async () => {
        company.slapd.remove([company.slapd.dnOf.leo]);
        await olga.goto(`${origin}/directory/at/corp`);
        await button(olga, 'Show what would change').click();
        await olga.locator('.diff').getByText(/leo/i).first().waitFor();
        await button(olga, 'Apply this proposal').click();
        await olga.getByText('1 person loses access').waitFor();
        await button(olga, 'Apply').click();
        await olga.getByText('The sync is applied.').waitFor();
        await olga.getByRole('table', { name: 'History of syncs' }).getByRole('row').nth(1).getByText('applied').waitFor();
        await olga.goto(`${origin}/directory/people`);
        await olga.getByRole('textbox', { name: 'Name, user name or e-mail' }).fill('leo');
        await olga.keyboard.press('Enter');
        await olga.getByRole('row', { name: /^Leo Leaver/ }).getByText('left', { exact: true }).waitFor();
    });

    test('an operator who suspends somebody is asked for the password, and the suspended are out at once', async () => {
        const sue = await signedIn('sue');
        await proofIsOld(olga);
        await olga.goto(`${origin}/directory/people`);
        await settled(olga);
        await suspend(olga, 'Sue Suspended', 'Lost her badge');
        const dialog = olga.getByRole('dialog', { name: 'Is it still you?' });
        await dialog.getByLabel('Password').first().fill('wrong');
        await button(dialog, 'Confirm').click();
        await dialog.getByText('The user name or password is wrong').waitFor();
        await dialog.getByLabel('Password').first().fill('olga-password');
        await button(dialog, 'Confirm').click();
        await olga.getByText('Sue Suspended is suspended.').waitFor();
        await sue.getByRole('link', { name: 'My usage' }).click();
        await heading(sue, 'Sign in to Scenario GmbH').waitFor();
        await enter(sue, 'sue');
        await sue.getByRole('alert').waitFor();
        assert.equal((await sue.request.get(`${origin}/api/v1/me`)).status(), 401);
    });

    test('an operator of a provider proves it there, comes back to the page, and restores somebody', async () => {
        await proofIsOld(oskar);
        await oskar.goto(`${origin}/directory/people`);
        await settled(oskar);
        const restore = async () => {
            await button(oskar, 'What to do with Sue Suspended').click();
            await oskar.getByRole('menuitem', { name: 'Restore' }).click();
            await button(oskar, 'Restore').click();
        };
        await restore();
        await oskar.getByRole('dialog', { name: 'Is it still you?' }).getByRole('link', { name: 'Sign in again' }).click();
        // His session there would do for a sign-in; for this he is asked again.
        await proveAt(oskar, 'oskar', 'battery staple');
        await heading(oskar, 'Directory').waitFor();
        assert.equal(pathOf(oskar), '/directory/people');
        await restore();
        await oskar.getByText('Sue Suspended is let in again.').waitFor();
        await signedIn('sue');
    });

    const pages = {
        '/keys': 'My keys', '/usage': 'My usage', '/team': /^Team/, '/directory': 'Directory', '/directory/people': 'Directory', '/directory/at/corp': 'Corporate account',
        '/directory/at/okta': 'Okta', '/audit': 'Audit log', '/sessions': 'Sessions', '/device': 'Connect a device',
    };
    for (const options of [{ scheme: 'light', width: 1280 }, { scheme: 'dark', width: 390, language: 'de' }])
        test(`no page has a serious finding of axe, ${options.scheme} at ${options.width} px`, async () => {
            const stranger = await visit('/sign-in', options);
            await stranger.locator('h1').waitFor();
            assert.deepEqual(await axeFindings(stranger), []);
            const state = await olga.context().storageState();
            const page = await visit('/sign-in', options);
            await page.context().addCookies(state.cookies);
            for (const [where, title] of Object.entries(pages)) {
                await page.goto(origin + where);
                await (options.language ? page.locator('h1') : heading(page, title)).waitFor();
                await settled(page);
                // A hundred rows alike take axe minutes.
                if (where === '/audit') await page.locator('.filter input').fill('audit.verify');
                assert.deepEqual(await axeFindings(page), [], where);
                assert.equal(await page.getByRole('alert').count(), 0, where);
            }
        });

    test('no page complained, broke its policy, or asked anybody but its own origin', () => {
        assert.ok(opened.length >= 10);
        assert.deepEqual(opened.flatMap(({ wrong }) => wrong), []);
    });
});

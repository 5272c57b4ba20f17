// Hunts: a page that a screen reader or a keyboard cannot use, that breaks its own policy, asks another host, complains in the
// browser's console or scrolls sideways: every page, light and dark, wide and narrow, in both languages.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { contentSecurityPolicy } from '../../../service/admin/console/dev/serve.mjs';
import { axeFindings, built, launch, open, overflow, painted, settled } from './support.mjs';

const pages = [
    ['sign-in', '', '/sign-in?failed=refused'],
    ['keys', 'alice', '/keys'],
    ['usage', 'alice', '/usage'],
    ['sessions', 'alice', '/sessions'],
    ['device, to enter a code', 'alice', '/device'],
    ['device, to confirm one', 'alice', '/device?user_code=wdjbmjht'],
    ['a program to let in', 'alice', '/authorize?client_id=bursarctl&redirect_uri=http://127.0.0.1:4711/callback&state=st4te&host=build-07'],
    ['team', 'lena', '/team'],
    ['team, empty', 'fiona', '/team'],
    ['directory', 'olga', '/directory'],
    ['directory of one source', 'olga', '/directory/at/corp'],
    ['directory of a broken one', 'olga', '/directory/at/berlin'],
    ['people', 'olga', '/directory/people'],
    ['approvals', 'olga', '/approvals'],
    ['approvals, to look at', 'arno', '/approvals'],
    ['audit', 'arno', '/audit'],
    ['a page for others', 'alice', '/audit'],
    ['no page', 'alice', '/nowhere'],
];

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser?.close());

/** A page that is closed when the test ends, however that is. */
async function opened(t, options) {
    const it = await open(browser, options);
    t.after(it.close);
    return it;
}

const looks = [
    ['light', 1280],
    ['dark', 1280],
    ['dark', 390],
    ['light', 390],
];

for (const language of ['en', 'de'])
    for (const [name, who, path] of pages)
        test(`${name} is whole, light and dark, wide and narrow, in ${language}`, async (t) => {
            const { page, wrong } = await opened(t, { who, path, language, auditRows: 12 });
            await settled(page);
            for (const [scheme, width] of looks) {
                await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
                await page.setViewportSize({ width, height: 900 });
                await page.waitForFunction((wanted) => document.documentElement.dataset.mantineColorScheme === wanted, scheme);
                await painted(page);
                const seen = await page.evaluate(() => ({
                    language: document.documentElement.lang,
                    headings: document.querySelectorAll('h1').length,
                    mains: document.querySelectorAll('main').length,
                    styles: document.querySelectorAll('style').length,
                }));
                assert.deepEqual(seen, { language, headings: 1, mains: 1, styles: 0 });
                assert.deepEqual([...(await axeFindings(page)), ...(await overflow(page))], [], `${scheme}, ${width}`);
            }
            assert.deepEqual(wrong, []);
        });

test('every dialog is whole too, where there is least room', async (t) => {
    const dialogs = [
        ['alice', '/keys', async (page) => page.getByRole('button', { name: 'New key' }).click()],
        ['alice', '/keys', async (page) => {
            await page.getByRole('button', { name: 'What to do with Laptop' }).click();
            await page.getByRole('menuitem', { name: 'Rotate' }).click();
        }],
        ['lena', '/team', async (page) => page.getByRole('button', { name: 'Approve request 12' }).click()],
        ['olga', '/directory/people', async (page) => {
            await page.getByRole('button', { name: 'What to do with Alice Aalto' }).click();
            await page.getByRole('menuitem', { name: 'Suspend' }).click();
        }],
    ];
    for (const scheme of ['light', 'dark'])
        for (const [who, path, act] of dialogs) {
            const { page, wrong } = await opened(t, { who, path, scheme, width: 390, height: 844 });
            await settled(page);
            await act(page);
            await page.getByRole('dialog').waitFor();
            await painted(page);
            assert.equal(await page.evaluate(() => document.querySelectorAll('style').length), 0);
            assert.deepEqual([...wrong, ...(await axeFindings(page)), ...(await overflow(page))], [], path);
        }
});

test('the files need no inline script or style, and their names change with their content', () => {
    const html = readFileSync(`${built}/index.html`, 'utf8');
    assert.equal(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/i.test(html), false);
    assert.match(contentSecurityPolicy, /script-src 'self'; style-src 'self';/);
    assert.equal(/unsafe|https?:|\*/.test(contentSecurityPolicy), false);
    for (const name of readdirSync(`${built}/assets`)) assert.match(name, /-[\w-]{8}\.(js|css)$/, name);
});

test('the licences of what is in the files go along', () => {
    const text = readFileSync(`${built}/licences.txt`, 'utf8');
    for (const name of ['react-dom', '@mantine/core', 'recharts', 'react-router']) assert.match(text, new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'));
});

test('what an answer calls a name is text, whatever is in it', async (t) => {
    const { page, wrong } = await opened(t, { who: 'olga', path: '/directory/people' });
    await settled(page);
    assert.equal(await page.getByText('Bo <b>Bergström</b>').count(), 1);
    assert.equal(await page.locator('td b').count(), 0);
    assert.deepEqual(wrong, []);
});

test('dark colours that were chosen are there before the first paint', async (t) => {
    const { page, origin } = await opened(t, { path: '/sign-in', scheme: 'light' });
    await settled(page);
    await page.getByText('Dark colours').check({ force: true });
    assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), 'dark');
    // Without the program of the pages only the script in the head is left.
    await page.route('**/assets/*.js', (route) => route.abort());
    await page.goto(`${origin}/sign-in`);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), 'dark');
});

test('the language can be changed, and stays', async (t) => {
    const { page } = await opened(t, { path: '/sign-in', language: 'en' });
    await settled(page);
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('heading', { name: 'Anmeldung bei Example GmbH' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Anmeldung bei Example GmbH' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
});

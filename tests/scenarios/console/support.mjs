// A browser, the built console and the fake API, for the tests beside this file and for the pictures of the documents.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { FakeApi } from '../../../service/admin/console/dev/fake-api.mjs';
import { serve } from '../../../service/admin/console/dev/serve.mjs';

export const now = Date.parse('2026-11-25T13:20:00Z');
export const built = process.env.BURSAR_CONSOLE_OUT ?? fileURLToPath(new URL('../../../build/console', import.meta.url));
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function launch() {
    assert.ok(existsSync(`${built}/index.html`), `the console is not built at ${built}: installer/console`);
    return chromium.launch({ executablePath: process.env.BURSAR_CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

/** A page of the console in a context of its own. `who`: signed in as; none: nobody. */
export async function open(browser, { who = '', path = '/', scheme = 'light', language = 'en', width = 1280, height = 900, clock = now, ...options } = {}) {
    const api = new FakeApi({ now: clock, ...options });
    const server = await serve(built, api);
    const origin = `http://127.0.0.1:${server.address().port}`;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language === 'de' ? 'de-DE' : 'en-US', reducedMotion: 'reduce' });
    if (who) await context.addCookies([{ name: 'bursar_session', value: api.begin(who), url: origin }]);
    const page = await context.newPage();
    await page.clock.setFixedTime(clock);
    const wrong = await watch(page, origin);
    await page.goto(origin + path);
    const close = async () => {
        await context.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    };
    return { api, page, origin, wrong, close };
}

/** What a page must never do: complain, break its policy, or ask anybody but its own origin. `providers`: where it may send the
 *  whole window. */
export async function watch(page, origin, providers = []) {
    const wrong = [];
    await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
    page.on('console', (message) => {
        // The browser itself reports each answer of 400 and above; which those are, the tests say.
        if (['error', 'warning'].includes(message.type()) && !/^Failed to load resource/.test(message.text())) wrong.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
    page.on('request', (request) => {
        const away = request.isNavigationRequest() && providers.some((each) => request.url().startsWith(`${each}/`));
        if (!away && !request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url())) wrong.push(`asks ${request.url()}`);
    });
    return wrong;
}

/** Until what was asked for is there and nothing is a bone any more. */
export async function settled(page) {
    await page.waitForLoadState('networkidle');
    await page.waitForFunction(() => document.querySelector('.waiting, .splash, .mantine-Skeleton-root') === null);
}

/** Until colours and sizes are those of the scheme and width just chosen: even the shortest transition takes a frame. */
export const painted = (page) =>
    page.evaluate(async () => {
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        await frame();
        await frame();
        while (document.getAnimations().some((each) => each instanceof CSSTransition)) await frame();
    });

const serious = ['serious', 'critical'];
/** What axe calls serious or critical, as lines. */
export async function axeFindings(page) {
    const { violations } = await new AxeBuilder({ page }).analyze();
    return violations
        .filter((violation) => serious.includes(violation.impact))
        .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary ?? ''}`));
}

/** What is wider than the window, so that the page would scroll sideways. */
export const overflow = (page) =>
    page.evaluate(() => {
        const wide = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= wide) return [];
        return [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > wide + 1).map((each) => `${each.tagName}.${each.className}`).slice(0, 5);
    });

// Takes the pictures of the documents anew: node pictures.mjs [FOLDER]
import { fileURLToPath } from 'node:url';
import { launch, open, settled } from './support.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../docs/pictures', import.meta.url));
const pictures = [
    ['sign-in', { path: '/sign-in', height: 820 }],
    ['keys', { who: 'alice', path: '/keys', height: 620 }],
    ['usage', { who: 'alice', path: '/usage', height: 1000 }],
    ['usage-dark', { who: 'alice', path: '/usage', height: 1000, scheme: 'dark' }],
    ['usage-390', { who: 'alice', path: '/usage', width: 390, height: 844 }],
    ['team', { who: 'lena', path: '/team', height: 1000 }],
    ['directory', { who: 'olga', path: '/directory/at/corp', height: 1000 }],
    ['audit', { who: 'arno', path: '/audit', height: 800 }],
];

const browser = await launch();
for (const [name, options] of pictures) {
    const { page, close } = await open(browser, options);
    await settled(page);
    if (name === 'directory') {
        await page.getByRole('textbox', { name: 'User name (optional)' }).fill('alice');
        await page.getByRole('button', { name: 'Run the test' }).click();
        await page.getByText('Everything works.').waitFor();
        await page.getByRole('heading', { name: 'Connection test' }).scrollIntoViewIfNeeded();
    }
    await page.screenshot({ path: `${folder}/console-${name}.png` });
    await close();
}
await browser.close();

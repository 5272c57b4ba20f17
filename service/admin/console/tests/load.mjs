// The sources are TypeScript, which Node.js 18 does not read: esbuild, which Vite brings, makes a module of one.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What `path` of src/ exports. Only for modules that need no page. */
export async function load(path) {
    const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, platform: 'node' });
    return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

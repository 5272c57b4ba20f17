import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licences } from './licences.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const fake = process.env.BURSAR_CONSOLE_API ?? 'http://127.0.0.1:4180';

export default defineConfig({
    plugins: [licences()],
    build: {
        outDir: process.env.BURSAR_CONSOLE_OUT ?? `${root}build/console`,
        emptyOutDir: true,
        target: 'es2022',
        // The policy of the pages allows scripts, styles and fonts from files only.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 700,
        rollupOptions: {
            // The "use client" of libraries that also render on servers.
            onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
        },
    },
    server: { port: 4181, proxy: { '/api': fake, '/auth': fake } },
});

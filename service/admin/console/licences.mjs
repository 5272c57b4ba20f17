// The built files hold other people's code, whose licences want their text to go along: licences.txt beside index.html.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

function packageOf(file) {
    for (let folder = dirname(file); folder.includes('node_modules'); folder = dirname(folder)) {
        const manifest = join(folder, 'package.json');
        if (!existsSync(manifest)) continue;
        const { name, version, license } = JSON.parse(readFileSync(manifest, 'utf8'));
        if (name && version) return { folder, name, version, license: license ?? 'see below' };
    }
    return null;
}

function paragraphOf({ folder, name, version, license }) {
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
    return `${name} ${version} (${license})\n\n${text}`.trim();
}

/** A plugin of Vite. */
export function licences() {
    return {
        name: 'bursar-licences',
        apply: 'build',
        generateBundle(_options, bundle) {
            const found = new Map();
            for (const chunk of Object.values(bundle)) {
                for (const id of Object.keys(chunk.modules ?? {})) {
                    const file = id.replace(/^\0/, '').split('?')[0];
                    const from = file.includes('node_modules') ? packageOf(file) : null;
                    if (from) found.set(`${from.name} ${from.version}`, from);
                }
            }
            const paragraphs = [...found.keys()].sort().map((key) => paragraphOf(found.get(key)));
            this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `${paragraphs.join(`\n\n${'-'.repeat(72)}\n\n`)}\n` });
        },
    };
}

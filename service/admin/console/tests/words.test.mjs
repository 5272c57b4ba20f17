// Hunts: a text that one language lacks or that was never translated, a placeholder that a translation lost, a text that nobody shows.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));
const book = (language) => JSON.parse(readFileSync(join(src, 'words', `${language}.json`), 'utf8'));
const en = book('en');
const de = book('de');

// The same in both languages, on purpose.
const alike = new Set([
    'account.person', 'account.team', 'device.code', 'keys.name', 'keys.team', 'limit.mine', 'nav.team', 'people.teams', 'role.operator', 'sign_in.passphrase',
    'team.choose', 'team.person', 'team.title', 'usage.figure.tokens',
]);

const sources = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'utf8'))
    .join('\n');

test('both languages have the same texts', () => {
    assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
});

test('no text is empty or left in English', () => {
    const wrong = Object.keys(en).filter((key) => !en[key].trim() || !de[key]?.trim() || (en[key] === de[key] && !alike.has(key)));
    assert.deepEqual(wrong, []);
});

test('the list of texts that are alike names only such', () => {
    assert.deepEqual([...alike].filter((key) => en[key] === undefined || en[key] !== de[key]), []);
});

test('a translation fills in the same values', () => {
    const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    assert.deepEqual(Object.keys(en).filter((key) => holes(en[key]).join() !== holes(de[key]).join()), []);
});

test('what is counted has a form for one and a form for many', () => {
    const lonely = Object.keys(en).filter((key) => /_(one|other)$/.test(key) && en[key.replace(/_(one|other)$/, key.endsWith('_one') ? '_other' : '_one')] === undefined);
    assert.deepEqual(lonely, []);
});

test('every text is shown somewhere', () => {
    const literal = (key) => ["'", '"', '`'].some((quote) => sources.includes(`${quote}${key}${quote}`));
    // Names that are put together: `keys.end.${value}`, `people.${what}_title`, and named('role', …), which reads "role.…".
    const built = [...sources.matchAll(/`([a-z_.]+)\$\{[^}]+\}([a-z_]*)`/g)].map(([, head, tail]) => new RegExp(`^${head.replaceAll('.', '\\.')}[\\w]+${tail}$`));
    const named = [...sources.matchAll(/named\(([^;]*?)\)/g)].flatMap(([, words]) => [...words.matchAll(/'([a-z_.]+)'/g)].map(([, prefix]) => `${prefix}.`));
    const unused = Object.keys(en).filter(
        (key) => !literal(key) && !literal(key.replace(/_(one|other)$/, '')) && !built.some((pattern) => pattern.test(key)) && !named.some((prefix) => key.startsWith(prefix)),
    );
    assert.deepEqual(unused, []);
});

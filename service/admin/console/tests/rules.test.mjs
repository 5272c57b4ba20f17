// Hunts: a way back to somebody else's page, a formula in an export, days lost around the changes of the clocks, a forecast out of
// nothing, a snippet without its key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { safeReturnPath } = await load('return_path.ts');
const { csvOf } = await load('csv.ts');
const { project } = await load('projection.ts');
const { spanOf, datesOf, dateIn, startOfDate, plusDays, isDate } = await load('periods.ts');
const { chartOf, linesOf, colours, rest } = await load('pages/usage_figures.ts');
const { snippetsFor } = await load('pages/snippets.ts');
const { formatsOf } = await load('words/formats.ts');
const { anything, auditCsv, filtered, queryOf } = await load('pages/audit_filter.ts');
const { pagesOf, firstPageOf } = await load('access.ts');

test('after a sign-in only paths of this origin are opened', () => {
    const cases = [
        ['/usage', '/usage'],
        ['/device?user_code=ABCD-EFGH', '/device?user_code=ABCD-EFGH'],
        ['/authorize?redirect_uri=http://127.0.0.1:4711/callback&state=x_Y', '/authorize?redirect_uri=http://127.0.0.1:4711/callback&state=x_Y'],
        [null, '/'],
        ['', '/'],
        ['usage', '/'],
        ['//evil.example', '/'],
        ['/\\evil.example', '/'],
        ['/a\\b', '/'],
        ['https://evil.example/', '/'],
        ['javascript:alert(1)', '/'],
        ['/\t/evil.example', '/'],
        ['/%0d%0aSet-Cookie:x', '/'],
        ['/%5Cevil.example', '/'],
        ['/keys?name=caf%C3%A9', '/keys?name=caf%C3%A9'],
        ['/\r\nevil', '/'],
        ['/sign-in?to=/keys', '/'],
        ['/auth/logout', '/'],
        ['/api/v1/me', '/'],
    ];
    for (const [asked, opened] of cases) assert.equal(safeReturnPath(asked), opened, JSON.stringify(asked));
    for (const [asked] of cases) assert.equal(new URL(safeReturnPath(asked), 'https://bursar.example').origin, 'https://bursar.example');
});

test('no cell of an export is a formula', () => {
    assert.equal(csvOf([['=1+1', '+1', '-1', '@x', '\tx', 'plain']]), "'=1+1,'+1,'-1,'@x,'\tx,plain\r\n");
    assert.equal(csvOf([['a,b', 'say "hi"', 'two\nlines']]), '"a,b","say ""hi""","two\nlines"\r\n');
    const entry = { number: 1, at: '', actor: '=cmd|x', address: '', action: '', object: '', outcome: 'ok', detail: null, hash: '' };
    assert.match(auditCsv([entry]), /\r\n1,,'=cmd\|x,/);
});

test('the filter of the audit log wants every word, anywhere in the row', () => {
    const rows = [
        { number: 1, at: '', actor: 'person:alice', address: '', action: 'key.issue', object: '', outcome: 'ok', detail: null, hash: '' },
        { number: 2, at: '', actor: 'person:alice', address: '', action: 'policy.apply', object: '', outcome: 'not_permitted', detail: '{"why":"Night"}', hash: '' },
    ];
    const numbers = (text) => filtered(rows, text).map((row) => row.number);
    assert.deepEqual(numbers('ALICE key'), [1]);
    assert.deepEqual(numbers('night'), [2]);
    assert.deepEqual(numbers('alice'), [1, 2]);
    assert.deepEqual(numbers(''), [1, 2]);
});

test('a search of the audit log asks for what was filled in, and for whole days of the organisation', () => {
    assert.equal(queryOf(anything, 'Europe/Berlin'), '');
    const wanted = { actor: ' person:ann&x ', action: 'key.*', outcome: 'not_ok', from: '2026-11-01', to: '2026-11-30' };
    assert.equal(
        queryOf(wanted, 'Europe/Berlin'),
        '&actor=person%3Aann%26x&action=key.*&outcome=not_ok&from=2026-10-31T23%3A00%3A00.000Z&to=2026-11-30T23%3A00%3A00.000Z',
    );
    assert.equal(queryOf({ ...anything, from: '2026-11', to: 'x' }, 'UTC'), '');
});

test('a pace is followed to the end of the period, and to the limit if it comes first', () => {
    const day = 86_400_000;
    assert.deepEqual(project({ spent: 50, limit: 100, start: 0, end: 30 * day, now: 10 * day }), { atEnd: 150, reachedAt: 20 * day });
    assert.deepEqual(project({ spent: 20, limit: 100, start: 0, end: 30 * day, now: 10 * day }), { atEnd: 60, reachedAt: null });
    assert.deepEqual(project({ spent: 0, limit: 100, start: 0, end: 30 * day, now: 10 * day }), { atEnd: 0, reachedAt: null });
});

test('nothing is foretold from the first moments of a period', () => {
    assert.equal(project({ spent: 50, limit: 100, start: 0, end: 30 * 86_400_000, now: 60_000 }), null);
    assert.equal(project({ spent: 50, limit: 100, start: 10, end: 10, now: 20 }), null);
});

test('periods are whole days of the calendar, over the ends of months and years', () => {
    assert.deepEqual(spanOf('last_month', '2027-01-15'), { from: '2026-12-01', to: '2026-12-31' });
    assert.deepEqual(spanOf('last_month', '2028-03-31'), { from: '2028-02-01', to: '2028-02-29' });
    assert.deepEqual(spanOf('week', '2026-03-02'), { from: '2026-02-24', to: '2026-03-02' });
    assert.equal(datesOf({ from: '2026-03-28', to: '2026-03-30' }).join(), '2026-03-28,2026-03-29,2026-03-30');
    assert.equal(datesOf({ from: '2026-02-02', to: '2026-02-01' }).length, 0);
    assert.ok(isDate('2026-02-28') && !isDate('2026-2-28') && !isDate('2026-13-01'));
});

test('a day begins at local midnight, also when the clocks change', () => {
    const cases = [
        ['2026-07-15', 'Europe/Berlin', '2026-07-14T22:00:00.000Z'],
        ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
        ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
        ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
        ['2026-01-01', 'America/Los_Angeles', '2026-01-01T08:00:00.000Z'],
        ['2026-01-01', 'Pacific/Auckland', '2025-12-31T11:00:00.000Z'],
    ];
    for (const [date, zone, instant] of cases) assert.equal(new Date(startOfDate(date, zone)).toISOString(), instant, `${date} ${zone}`);
    assert.equal(dateIn('Europe/Berlin', Date.parse('2026-11-30T23:30:00Z')), '2026-12-01');
    assert.equal(plusDays('2026-02-28', 1), '2026-03-01');
});

const row = (day, model, charge) => ({ group: { day, model }, calls: 1, refused: 0, errors: 0, input_tokens: 10, output_tokens: 1, cache_read_percent: 0, charge_usd: String(charge) });

test('a chart has every day, and one colour for all that are too many', () => {
    const names = Array.from({ length: 10 }, (_, index) => `model-${index}`);
    const usage = { rows: names.map((name, index) => row('2026-11-02', name, 10 - index)) };
    const chart = chartOf(usage, 'model', 'charge', { from: '2026-11-01', to: '2026-11-03' });
    assert.deepEqual(chart.days.map((day) => day.date), ['2026-11-01', '2026-11-02', '2026-11-03']);
    assert.equal(chart.series.length, colours.length + 1);
    assert.equal(chart.series.at(-1).name, rest);
    assert.equal(chart.days[1][rest], 3 + 2 + 1);
    assert.equal(chart.days[0]['model-0'], 0);
});

test('the lines of a table add up, the dearest first, with shares of the whole', () => {
    const lines = linesOf({ rows: [row('2026-11-01', 'small', 1), row('2026-11-01', 'large', 2), row('2026-11-02', 'large', 1)] }, 'model');
    assert.deepEqual(lines.map(({ name, charge, calls, share }) => [name, charge, calls, share]), [['large', 3, 2, 0.75], ['small', 1, 1, 0.25]]);
});

test('every snippet has the key, the place and the model', () => {
    for (const { name, text } of snippetsFor('https://bursar.example', 'bsr_key', 'some-model'))
        for (const wanted of ['https://bursar.example', 'bsr_key', 'some-model']) assert.ok(text.includes(wanted), `${name} lacks ${wanted}`);
});

test('sums, dates and distances read as the language writes them', () => {
    const english = formatsOf('en-GB', 'Europe/Berlin', 'USD');
    const german = formatsOf('de-DE', 'Europe/Berlin', 'USD');
    assert.equal(english.money('1234.5'), '$1,234.50');
    assert.equal(german.money('1234.5').replace(/\s/g, ' '), '1.234,50 $');
    assert.equal(english.money('0.0312'), '$0.0312');
    assert.equal(english.instant('2026-11-30T23:30:00Z'), '1 Dec 2026, 00:30');
    assert.equal(german.day('2026-11-30T23:30:00Z'), '01.12.2026');
    assert.equal(english.date('2026-11-30'), '30 Nov 2026');
});

test('whoever has a role begins on a page that it has', () => {
    for (const role of ['member', 'team_lead', 'finance', 'auditor', 'operator']) assert.ok(pagesOf(role).includes(firstPageOf(role)), role);
    assert.ok(!pagesOf('member').includes('team') && !pagesOf('finance').includes('audit') && !pagesOf('team_lead').includes('directory'));
});

// The Atlassian Document Format as Jira Cloud takes it in descriptions and comments, for the nodes that a notice is made of. The rules
// are those of the JSON schema that Atlassian publishes (npm @atlaskit/adf-schema 57, dist/json-schema/v1/full.json, November 2026): which
// node may be in which, attributes, marks, nothing beyond them.
import { fields, text } from './server.mjs';

// Jira counts the document as it is stored.
const charactersMax = 32_767;

const inline = ['text', 'hardBreak', 'emoji', 'date', 'status', 'mention', 'inlineCard'];
const localId = { localId: (value) => typeof value === 'string' };
const oneOf = (...values) => (value) => values.includes(value);
const isString = (value) => typeof value === 'string' && value !== '';
const cell = { colspan: Number.isInteger, rowspan: Number.isInteger, colwidth: Array.isArray, background: isString };
const inCell = ['paragraph', 'panel', 'blockquote', 'orderedList', 'bulletList', 'rule', 'heading', 'codeBlock'];

/** node → what is in it, its attributes (those with ! must be there), whether it has content and how much at least. */
const nodes = {
    doc: { holds: ['paragraph', 'heading', 'bulletList', 'orderedList', 'table', 'rule', 'panel', 'codeBlock', 'blockquote', 'expand'], least: 0 },
    paragraph: { holds: inline, least: 0, optional: true },
    heading: { holds: inline, least: 0, optional: true, attributes: { 'level!': (value) => Number.isInteger(value) && value >= 1 && value <= 6 } },
    bulletList: { holds: ['listItem'], least: 1 },
    orderedList: { holds: ['listItem'], least: 1, attributes: { order: (value) => Number.isInteger(value) && value >= 0 } },
    listItem: { holds: ['paragraph', 'bulletList', 'orderedList', 'codeBlock'], least: 1, first: ['paragraph', 'codeBlock'] },
    table: { holds: ['tableRow'], least: 1, attributes: { isNumberColumnEnabled: oneOf(true, false), layout: oneOf('default', 'wide', 'full-width', 'center', 'align-start', 'align-end'), width: Number.isFinite, displayMode: oneOf('default', 'fixed') } },
    tableRow: { holds: ['tableCell', 'tableHeader'], least: 1 },
    tableCell: { holds: inCell, least: 1, attributes: cell },
    tableHeader: { holds: inCell, least: 1, attributes: cell },
    panel: { holds: ['paragraph', 'heading', 'bulletList', 'orderedList', 'codeBlock', 'rule'], least: 1, attributes: { 'panelType!': oneOf('info', 'note', 'tip', 'warning', 'error', 'success') } },
    codeBlock: { holds: ['text'], least: 0, optional: true, bare: true, attributes: { language: isString } },
    blockquote: { holds: ['paragraph', 'orderedList', 'bulletList', 'codeBlock'], least: 1 },
    expand: { holds: ['paragraph', 'heading', 'bulletList', 'orderedList', 'table', 'rule', 'panel', 'codeBlock', 'blockquote'], least: 1, attributes: { title: (value) => typeof value === 'string' } },
    rule: {},
    hardBreak: { attributes: { text: oneOf('\n') } },
    emoji: { attributes: { 'shortName!': isString, id: isString, text: isString } },
    date: { attributes: { 'timestamp!': (value) => /^\d{10,13}$/.test(value) } },
    status: { attributes: { 'text!': isString, 'color!': (value) => /^(neutral|purple|blue|red|yellow|green)$/.test(value), style: isString } },
    mention: { attributes: { 'id!': isString, text: isString, accessLevel: isString } },
    inlineCard: { attributes: { 'url!': (value) => URL.canParse(value) } },
};

const marks = {
    strong: {},
    em: {},
    strike: {},
    underline: {},
    code: {},
    subsup: { 'type!': oneOf('sub', 'sup') },
    textColor: { 'color!': (value) => /^#[0-9a-fA-F]{6}$/.test(value) },
    link: { 'href!': (value) => /^(https?:|mailto:)/.test(value) && URL.canParse(value), title: isString },
};

function checkAttributes(value, where, rules, refuse) {
    const must = Object.keys(rules).filter((name) => name.endsWith('!'));
    if (value === undefined && must.length === 0) return;
    const known = { ...Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name.replace('!', ''), rule])), ...localId };
    fields(value, `${where}.attrs`, must.map((name) => name.slice(0, -1)), Object.keys(known), refuse);
    for (const [name, each] of Object.entries(value)) if (!known[name](each)) refuse(`${where}.attrs.${name} is ${JSON.stringify(each)}`);
}

function checkMarks(value, where, refuse) {
    if (!Array.isArray(value)) refuse(`${where}.marks is not a list`);
    const kinds = value.map((mark) => mark?.type);
    if (new Set(kinds).size !== kinds.length) refuse(`${where} has a mark twice`);
    if (kinds.includes('code') && kinds.some((kind) => !['code', 'link'].includes(kind))) refuse(`${where}: code goes with nothing but a link`);
    for (const mark of value) {
        if (!Object.hasOwn(marks, mark?.type ?? '')) refuse(`${where} has the unknown mark ${mark?.type}`);
        fields(mark, `${where}.marks`, ['type'], Object.keys(marks[mark.type]).length ? ['attrs'] : [], refuse);
        checkAttributes(mark.attrs, `${where}.marks.${mark.type}`, marks[mark.type], refuse);
    }
}

function checkNode(node, where, allowed, refuse, bare = false) {
    if (!allowed.includes(node?.type)) refuse(`${where} may not be ${node?.type}`);
    if (node.type === 'text') {
        fields(node, where, ['type', 'text'], bare ? [] : ['marks'], refuse);
        text(node.text, `${where}.text`, { most: charactersMax }, refuse);
        if ('marks' in node) checkMarks(node.marks, where, refuse);
        return;
    }
    const { holds, least = 0, optional, attributes = {}, first } = nodes[node.type];
    const top = node.type === 'doc';
    fields(node, where, ['type', ...(top ? ['version'] : []), ...(holds && !optional ? ['content'] : [])], [...(top ? [] : ['attrs']), ...(holds ? ['content'] : [])], refuse);
    if (!top) checkAttributes(node.attrs, where, attributes, refuse);
    if (!holds || !('content' in node)) return;
    if (!Array.isArray(node.content) || node.content.length < least) refuse(`${where}.content has fewer than ${least} nodes`);
    if (first && !first.includes(node.content[0]?.type)) refuse(`${where} begins with ${node.content[0]?.type}`);
    node.content.forEach((each, at) => checkNode(each, `${where}.content[${at}]`, holds, refuse, nodes[node.type].bare));
}

export function checkAdf(value, refuse) {
    checkNode(value, 'doc', ['doc'], refuse);
    if (value.version !== 1) refuse(`doc.version is ${value.version}`);
    const characters = JSON.stringify(value).length;
    if (characters > charactersMax) refuse(`the document has ${characters} characters, more than ${charactersMax}`);
}

/** What a reader sees, in order. */
export const wordsOfAdf = (node) =>
    node === null || typeof node !== 'object' ? '' : (node.text ?? node.attrs?.text ?? '') + (node.content ?? []).map(wordsOfAdf).join(node.type === 'doc' || /List|Row|table/.test(node.type) ? '\n' : '');

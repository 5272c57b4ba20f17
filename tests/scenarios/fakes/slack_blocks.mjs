// Block Kit as Slack takes it, for the blocks that a notice is made of. Limits are those in the comments of Slack's published types
// (npm @slack/types 3.2, block-kit/*.d.ts) and of docs.slack.dev, November 2026. Stricter than Slack where Slack shows something wrong
// instead of refusing it.
import { fields, list, text } from './server.mjs';

const blocksMax = 50;
// Not documented: slackapi/bolt-js issue 2509 found it between 13,172 and 13,297, and it counts more than the texts.
const blocksCharactersMax = 13_200;

/** Escapes are complete, and what stands in < > is a link or a date: neither a mention that nobody meant nor half a tag. */
export function checkMrkdwn(words, where, refuse) {
    if (/&(?!amp;|lt;|gt;)/.test(words)) refuse(`${where} has an & that is not escaped: ${words}`);
    const rest = words.replace(/<(https?:\/\/[^\s<>|]+|mailto:[^\s<>|]+)(\|[^<>|]*)?>/g, '').replace(/<!date\^\d+\^[^<>|]+\|[^<>|]+>/g, '');
    if (/[<>]/.test(rest)) refuse(`${where} has a < or > that is not escaped, or mentions somebody: ${words}`);
}

function checkText(value, where, { most = 3000, kinds = ['plain_text', 'mrkdwn'] }, refuse) {
    if (!kinds.includes(value?.type)) refuse(`${where} is ${value?.type}, not ${kinds.join(' or ')}`);
    fields(value, where, ['type', 'text'], value.type === 'plain_text' ? ['emoji'] : ['verbatim'], refuse);
    text(value.text, `${where}.text`, { most }, refuse);
    for (const name of ['emoji', 'verbatim']) if (name in value && typeof value[name] !== 'boolean') refuse(`${where}.${name} is not a boolean`);
    if (value.type === 'mrkdwn') checkMrkdwn(value.text, where, refuse);
}

function checkUrl(value, where, refuse) {
    text(value, where, { most: 3000 }, refuse);
    if (!/^https?:\/\/[^\s]+$/.test(value) || !URL.canParse(value)) refuse(`${where} is no address: ${value}`);
}

function checkImage(value, where, extra, refuse) {
    fields(value, where, ['type', 'image_url', 'alt_text'], extra, refuse);
    checkUrl(value.image_url, `${where}.image_url`, refuse);
    text(value.alt_text, `${where}.alt_text`, { most: 2000 }, refuse);
}

function checkButton(value, where, refuse) {
    fields(value, where, ['type', 'text'], ['action_id', 'url', 'value', 'style', 'accessibility_label'], refuse);
    if (value.type !== 'button') refuse(`${where} is ${value.type}, not button`);
    checkText(value.text, `${where}.text`, { most: 75, kinds: ['plain_text'] }, refuse);
    if ('action_id' in value) text(value.action_id, `${where}.action_id`, { most: 255 }, refuse);
    if ('value' in value) text(value.value, `${where}.value`, { most: 2000 }, refuse);
    if ('accessibility_label' in value) text(value.accessibility_label, `${where}.accessibility_label`, { most: 75 }, refuse);
    if ('style' in value && !['primary', 'danger'].includes(value.style)) refuse(`${where}.style is ${value.style}`);
    // A button without an address asks an app to answer, and there is none that listens.
    if (!('url' in value)) refuse(`${where} leads nowhere`);
    checkUrl(value.url, `${where}.url`, refuse);
}

const blocks = {
    header: (block, where, refuse) => {
        fields(block, where, ['type', 'text'], ['block_id'], refuse);
        checkText(block.text, `${where}.text`, { most: 150, kinds: ['plain_text'] }, refuse);
    },
    section: (block, where, refuse) => {
        fields(block, where, ['type'], ['block_id', 'text', 'fields', 'accessory', 'expand'], refuse);
        if (!block.text && !block.fields) refuse(`${where} has neither text nor fields`);
        if ('text' in block) checkText(block.text, `${where}.text`, { most: 3000 }, refuse);
        if ('fields' in block) {
            list(block.fields, `${where}.fields`, { most: 10 }, refuse);
            block.fields.forEach((field, at) => checkText(field, `${where}.fields[${at}]`, { most: 2000 }, refuse));
        }
        if (block.accessory?.type === 'button') checkButton(block.accessory, `${where}.accessory`, refuse);
        else if ('accessory' in block) checkImage(block.accessory, `${where}.accessory`, [], refuse);
    },
    context: (block, where, refuse) => {
        fields(block, where, ['type', 'elements'], ['block_id'], refuse);
        list(block.elements, `${where}.elements`, { most: 10 }, refuse);
        block.elements.forEach((element, at) => {
            if (element?.type === 'image') checkImage(element, `${where}.elements[${at}]`, [], refuse);
            else checkText(element, `${where}.elements[${at}]`, { most: 3000 }, refuse);
        });
    },
    actions: (block, where, refuse) => {
        fields(block, where, ['type', 'elements'], ['block_id'], refuse);
        list(block.elements, `${where}.elements`, { most: 25 }, refuse);
        block.elements.forEach((element, at) => checkButton(element, `${where}.elements[${at}]`, refuse));
        const ids = block.elements.flatMap(({ action_id: id }) => (id === undefined ? [] : [id]));
        if (new Set(ids).size !== ids.length) refuse(`${where} has an action_id twice`);
    },
    divider: (block, where, refuse) => fields(block, where, ['type'], ['block_id'], refuse),
    image: (block, where, refuse) => {
        checkImage(block, where, ['block_id', 'title'], refuse);
        if (block.type !== 'image') refuse(`${where} is no image`);
        if ('title' in block) checkText(block.title, `${where}.title`, { most: 2000, kinds: ['plain_text'] }, refuse);
    },
};

/** `refuse(error, sentence)` with the words of Slack and with ours. */
export function checkBlocks(value, refuse) {
    const wrong = (sentence) => refuse('invalid_blocks', sentence);
    list(value, 'blocks', { least: 1, most: blocksMax }, wrong);
    value.forEach((block, at) => {
        const where = `blocks[${at}]`;
        const check = Object.hasOwn(blocks, block?.type ?? '') ? blocks[block.type] : null;
        if (!check) wrong(`${where} is of the unknown type ${block?.type}`);
        check(block, where, wrong);
        if ('block_id' in block) text(block.block_id, `${where}.block_id`, { most: 255 }, wrong);
    });
    const ids = value.flatMap(({ block_id: id }) => (id === undefined ? [] : [id]));
    if (new Set(ids).size !== ids.length) wrong('a block_id is there twice');
    const characters = JSON.stringify(value).length;
    if (characters > blocksCharactersMax) refuse('msg_blocks_too_long', `all blocks have ${characters} characters, more than ${blocksCharactersMax}`);
}

/** All that a reader sees, one string per text. */
export function wordsOf(value) {
    if (Array.isArray(value)) return value.flatMap(wordsOf);
    if (value === null || typeof value !== 'object') return [];
    if (['plain_text', 'mrkdwn'].includes(value.type)) return [value.text];
    return Object.values(value).flatMap(wordsOf);
}

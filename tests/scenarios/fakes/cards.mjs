// Adaptive Cards as a workflow webhook of Microsoft Teams takes them, for the elements that a notice is made of. Sources: the schema of
// Adaptive Cards 1.5 (adaptivecards.io) and "Create incoming webhooks with workflows" of learn.microsoft.com, which also has the limit of
// 28 KB for a message, November 2026.
import { fields, list, text } from './server.mjs';

const messageBytesMax = 28 * 1024;
const any = ['id', 'isVisible', 'separator', 'spacing'];
const sizes = ['default', 'small', 'medium', 'large', 'extraLarge'];
const colours = ['default', 'dark', 'light', 'accent', 'good', 'warning', 'attention'];
const spacings = ['default', 'none', 'small', 'medium', 'large', 'extraLarge', 'padding'];
const styles = ['default', 'emphasis', 'good', 'attention', 'warning', 'accent'];
const actionsMax = 6;

const chosen = (value, name, where, among, refuse) => {
    if (name in value && !among.some((each) => each.toLowerCase() === String(value[name]).toLowerCase())) refuse(`${where}.${name} is ${value[name]}`);
};

function checkAction(action, where, refuse) {
    fields(action, where, ['type', 'title', 'url'], ['style', 'iconUrl', 'tooltip', 'id'], refuse);
    if (action.type !== 'Action.OpenUrl') refuse(`${where} is ${action.type}: a workflow answers to nothing but Action.OpenUrl`);
    text(action.title, `${where}.title`, { most: 200 }, refuse);
    if (!/^https?:\/\//.test(action.url) || !URL.canParse(action.url)) refuse(`${where}.url is ${action.url}`);
}

const elements = {
    TextBlock: (block, where, refuse) => {
        fields(block, where, ['type', 'text'], [...any, 'size', 'weight', 'color', 'wrap', 'isSubtle', 'horizontalAlignment', 'maxLines', 'fontType', 'style'], refuse);
        text(block.text, `${where}.text`, { most: messageBytesMax }, refuse);
        chosen(block, 'size', where, sizes, refuse);
        chosen(block, 'weight', where, ['default', 'lighter', 'bolder'], refuse);
        chosen(block, 'color', where, colours, refuse);
        chosen(block, 'fontType', where, ['default', 'monospace'], refuse);
        chosen(block, 'style', where, ['default', 'columnHeader', 'heading'], refuse);
        chosen(block, 'horizontalAlignment', where, ['left', 'center', 'right'], refuse);
        for (const name of ['wrap', 'isSubtle']) if (name in block && typeof block[name] !== 'boolean') refuse(`${where}.${name} is not a boolean`);
        // Text that does not wrap is cut on the right, and nobody knows.
        if (block.wrap !== true) refuse(`${where} does not wrap`);
    },
    FactSet: (set, where, refuse) => {
        fields(set, where, ['type', 'facts'], any, refuse);
        list(set.facts, `${where}.facts`, { most: 100 }, refuse);
        set.facts.forEach((fact, at) => {
            fields(fact, `${where}.facts[${at}]`, ['title', 'value'], [], refuse);
            for (const name of ['title', 'value']) text(fact[name], `${where}.facts[${at}].${name}`, { most: messageBytesMax }, refuse);
        });
    },
    Container: (container, where, refuse) => {
        fields(container, where, ['type', 'items'], [...any, 'style', 'bleed', 'minHeight', 'verticalContentAlignment'], refuse);
        chosen(container, 'style', where, styles, refuse);
        checkElements(container.items, `${where}.items`, refuse);
    },
    ColumnSet: (set, where, refuse) => {
        fields(set, where, ['type', 'columns'], [...any, 'style', 'bleed'], refuse);
        list(set.columns, `${where}.columns`, { most: 20 }, refuse);
        set.columns.forEach((column, at) => {
            fields(column, `${where}.columns[${at}]`, ['type', 'items'], [...any, 'width', 'style', 'verticalContentAlignment'], refuse);
            if (column.type !== 'Column') refuse(`${where}.columns[${at}] is ${column.type}`);
            checkElements(column.items, `${where}.columns[${at}].items`, refuse);
        });
    },
    ActionSet: (set, where, refuse) => {
        fields(set, where, ['type', 'actions'], any, refuse);
        checkActions(set.actions, `${where}.actions`, refuse);
    },
    RichTextBlock: (block, where, refuse) => {
        fields(block, where, ['type', 'inlines'], [...any, 'horizontalAlignment'], refuse);
        list(block.inlines, `${where}.inlines`, { most: 100 }, refuse);
    },
};

function checkElements(value, where, refuse) {
    list(value, where, { most: 200 }, refuse);
    value.forEach((element, at) => {
        const here = `${where}[${at}]`;
        if (!Object.hasOwn(elements, element?.type ?? '')) refuse(`${here} is of the unknown type ${element?.type}`);
        chosen(element, 'spacing', here, spacings, refuse);
        elements[element.type](element, here, refuse);
    });
}

function checkActions(value, where, refuse) {
    list(value, where, { most: actionsMax }, refuse);
    value.forEach((action, at) => checkAction(action, `${where}[${at}]`, refuse));
}

/** `bytes`: how long the body was. */
export function checkTeamsMessage(body, bytes, refuse) {
    if (bytes > messageBytesMax) refuse(`the message has ${bytes} bytes, more than ${messageBytesMax}`);
    fields(body, 'the message', ['type', 'attachments'], ['summary'], refuse);
    if (body.type !== 'message') refuse(`the type is ${body.type}`);
    list(body.attachments, 'attachments', { most: 1 }, refuse);
    const [attachment] = body.attachments;
    fields(attachment, 'the attachment', ['contentType', 'content'], ['contentUrl'], refuse);
    if (attachment.contentType !== 'application/vnd.microsoft.card.adaptive') refuse(`the attachment is ${attachment.contentType}`);
    if ('contentUrl' in attachment && attachment.contentUrl !== null) refuse('the attachment is somewhere else');
    const card = attachment.content;
    fields(card, 'the card', ['type', 'version', 'body'], ['$schema', 'actions', 'fallbackText', 'msteams', 'speak', 'lang'], refuse);
    if (card.type !== 'AdaptiveCard') refuse(`the card is ${card.type}`);
    if (!/^1\.[0-5]$/.test(card.version)) refuse(`the card's version is ${card.version}: Teams shows up to 1.5`);
    if ('$schema' in card && !/^https?:\/\/adaptivecards\.io\/schemas\/adaptive-card\.json$/.test(card.$schema)) refuse(`the schema is ${card.$schema}`);
    checkElements(card.body, 'body', refuse);
    if ('actions' in card) checkActions(card.actions, 'actions', refuse);
}

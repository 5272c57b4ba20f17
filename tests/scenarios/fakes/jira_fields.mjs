// The fields of an issue: what a project of Jira tells of them (create metadata) and what it says to values that do not fit. Field
// types and the shape of the metadata are those of Atlassian's description of its REST API (npm jira.js 5.4, version3/models, November 2026).
import { checkAdf } from './adf.mjs';

const summaryMax = 255;
const textMax = 32_767;
const labelMax = 255;

const system = (name, schema, { system: word, ...more } = {}) => ({ name, required: false, hasDefaultValue: false, operations: ['set'], schema: word ? { ...schema, system: word } : schema, ...more });

/** Field id → metadata, of a project whose create screen also shows `custom`. */
export function fieldsOf({ custom = {}, withLabels = true, components = ['Costs'], priorities = ['Highest', 'High', 'Medium', 'Low'] }) {
    const named = (names) => names.map((name, at) => ({ id: String(at + 1), name }));
    const all = {
        summary: system('Summary', { type: 'string' }, { required: true, system: 'summary' }),
        issuetype: system('Issue Type', { type: 'issuetype' }, { required: true, system: 'issuetype' }),
        project: system('Project', { type: 'project' }, { required: true, system: 'project' }),
        description: system('Description', { type: 'string' }, { system: 'description' }),
        labels: system('Labels', { type: 'array', items: 'string' }, { system: 'labels', operations: ['add', 'set', 'remove'] }),
        components: system('Components', { type: 'array', items: 'component' }, { system: 'components', allowedValues: named(components) }),
        priority: system('Priority', { type: 'priority' }, { system: 'priority', hasDefaultValue: true, allowedValues: named(priorities) }),
        assignee: system('Assignee', { type: 'user' }, { system: 'assignee' }),
        duedate: system('Due date', { type: 'date' }, { system: 'duedate' }),
    };
    if (!withLabels) delete all.labels;
    for (const [id, field] of Object.entries(custom)) all[id] = system(field.name, field.schema, { required: false, ...field });
    return all;
}

export const metadataOf = (fields) => Object.entries(fields).map(([fieldId, field]) => ({ ...field, fieldId, key: fieldId }));

const onlyOneOf = (value, names) => {
    const has = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
    return has.length === 1 && names.includes(has[0]) && typeof value[has[0]] === 'string' ? has[0] : null;
};

function checkChoice(value, allowed, names, label) {
    const by = onlyOneOf(value, names);
    if (!by) return `Specify the ${label} as an object with ${names.map((name) => `"${name}"`).join(' or ')}`;
    return allowed.some((each) => each[by] === value[by]) ? null : `The ${label} selected is invalid.`;
}

function checkLabels(value) {
    if (!Array.isArray(value)) return 'data was not an array';
    for (const label of value) {
        if (typeof label !== 'string' || label === '') return 'string expected at index 0';
        if (/\s/.test(label)) return `The label '${label}' contains spaces which is invalid.`;
        if (label.length > labelMax) return `The label '${label.slice(0, 20)}...' exceeds the maximum length for a single label (${labelMax} characters).`;
    }
    return null;
}

function checkString(id, value) {
    if (typeof value !== 'string') return 'Operation value must be a string';
    if (!value.isWellFormed()) return 'The text is cut within a character.';
    if (id === 'summary') {
        if (value.trim() === '') return 'You must specify a summary of the issue.';
        if (/[\r\n]/.test(value)) return 'The summary is invalid because it contains newline characters.';
        if (value.length > summaryMax) return `Summary must be less than or equal to ${summaryMax} characters.`;
    }
    return value.length > textMax ? 'The entered text is too long. It exceeds the allowed limit of 32,767 characters.' : null;
}

/** A text with markup: a document in Cloud's version 3, a string with wiki markup in version 2. */
export function checkRich(value, cloud) {
    if (!cloud) return checkString('', value);
    if (value === null || typeof value !== 'object') return 'Operation value must be an Atlassian Document (see the Atlassian Document Format)';
    try {
        checkAdf(value, (sentence) => {
            throw new RangeError(sentence);
        });
    } catch (error) {
        if (error instanceof RangeError) return `INVALID_INPUT ${error.message}`;
        throw error;
    }
    return null;
}

/** Jira's sentence about a value of a field that does not fit, or null. */
export function checkValue(id, value, field, { cloud, users }) {
    const { type, items } = field.schema;
    if (id === 'description') return checkRich(value, cloud);
    if (id === 'labels') return checkLabels(value);
    if (id === 'assignee') {
        const by = onlyOneOf(value, cloud ? ['accountId', 'id'] : ['name']);
        if (!by) return cloud ? 'expected Object containing an accountId' : 'expected Object containing a `name` property';
        return users.includes(value[by]) ? null : `User '${value[by]}' cannot be assigned issues.`;
    }
    if (type === 'string') return checkString(id, value);
    if (type === 'number') return Number.isFinite(value) ? null : 'Operation value must be a number';
    if (type === 'date') return /^\d{4}-\d\d-\d\d$/.test(value) ? null : 'Error parsing date string';
    if (type === 'priority') return checkChoice(value, field.allowedValues, ['id', 'name'], 'priority');
    if (type === 'option') return checkChoice(value, field.allowedValues, ['id', 'value'], 'option');
    if (type === 'array') {
        if (!Array.isArray(value)) return 'data was not an array';
        if (items === 'string') return checkLabels(value);
        const names = items === 'option' ? ['id', 'value'] : ['id', 'name'];
        return value.map((each) => checkChoice(each, field.allowedValues, names, field.name)).find(Boolean) ?? null;
    }
    return null;
}

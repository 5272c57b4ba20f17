// A published OpenAPI description as a judge of what is on the wire. It is stricter than the description, so that a union of fifty forms does not
// let everything through: objects have no fields but those that are described, and which form of a union is meant follows from its `type`,
// `object` or `role`. It is more lenient in one thing: forms of a union may overlap.
import { existsSync, readFileSync } from 'node:fs';

import Ajv from 'ajv/dist/2020.js';

const kinds = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
/** What says which form of a union is meant, in this order. */
const markers = ['type', 'object', 'role'];
/** What is taken over as it stands; texts, examples and extensions stay behind. */
const plain = ['type', 'enum', 'const', 'format', 'pattern', 'required', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'];
const unions = ['anyOf', 'oneOf'];

/** Why a test that needs the description in the file of this variable is skipped, or false. */
export function skipWithout(variable, what) {
    return process.env[variable] ? false : `${variable} is not set: give it the path of ${what}`;
}

function documentOf(variable) {
    const file = process.env[variable];
    if (!existsSync(file)) throw new Error(`${variable} is ${file}, where no file is: give it the path of the published description, or do not set it`);
    return JSON.parse(readFileSync(file, 'utf8'));
}

export class Description {
    #ajv = new Ajv({ strict: false, allErrors: true, verbose: true, logger: false, formats: { uri: (text) => URL.canParse(text) } });
    #rewritten = {};
    #judges = new Map();

    /** @param {string} variable that has the path of the description */
    constructor(variable) {
        this.document = documentOf(variable);
        for (const [name, schema] of Object.entries(this.document.components.schemas)) this.#rewritten[name] = this.#rewrite(schema);
        this.#ajv.addSchema({ $id: 'description', components: { schemas: this.#rewritten } });
    }

    /**
     * What is wrong with a value, each as "SCHEMA /place: what", without the numbers of places in lists.
     * @param {string | object} schema the name of one, or one that stands within an operation
     */
    complaints(schema, value, name = typeof schema === 'string' ? schema : 'body') {
        if (!this.#judges.has(schema)) this.#judges.set(schema, this.#compile(schema));
        const judge = this.#judges.get(schema);
        judge(value);
        // What only says that one of the others below it has failed is no news.
        const errors = (judge.errors ?? []).filter(({ keyword }) => keyword !== 'if');
        return [...new Set(errors.map((error) => `${name} ${error.instancePath.replace(/\/\d+(?=\/|$)/g, '/*')}: ${inWords(error)}`))];
    }

    /** The operation that a request is, with the names in its path; null if none is described. */
    operationOf(method, path) {
        const parts = path.split('/');
        const fits = (template) => template.split('/').length === parts.length && template.split('/').every((part, at) => /^\{.*\}$/.test(part) || part === parts[at]);
        // A word is nearer than a name for any word.
        const [found] = Object.keys(this.document.paths).filter((template) => fits(template) && this.document.paths[template][method.toLowerCase()]).sort((a, b) => a.split('{').length - b.split('{').length);
        if (!found) return null;
        const item = this.document.paths[found];
        const operation = item[method.toLowerCase()];
        return { path: found, ...operation, parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])] };
    }

    #compile(schema) {
        if (typeof schema === 'object') return this.#ajv.compile({ ...this.#rewrite(schema), $id: `inline-${this.#judges.size}` });
        const judge = this.#ajv.getSchema(`description#/components/schemas/${schema}`);
        if (!judge) throw new Error(`the description has no schema ${schema}`);
        return judge;
    }

    /** The schema behind references, with what it is composed of as one. */
    #whole(schema) {
        const { $ref, ...beside } = schema;
        if ($ref) {
            const target = this.document.components.schemas[$ref.split('/').at(-1)];
            if (!$ref.startsWith('#/components/schemas/') || !target) throw new Error(`the description refers to ${$ref}, which is not there`);
            return { ...this.#whole(target), ...beside };
        }
        if (!schema.allOf) return schema;
        const { allOf, ...one } = schema;
        const whole = { ...one, properties: { ...one.properties }, required: [...(one.required ?? [])] };
        for (const part of allOf.map((each) => this.#whole(each))) {
            const { properties, required, ...other } = part;
            for (const union of unions) {
                if (!other[union]) continue;
                // Two unions hold at once.
                whole.both = [...(whole.both ?? []), { [union]: other[union] }];
                delete other[union];
            }
            Object.assign(whole, { ...other, ...one });
            Object.assign(whole.properties, properties);
            whole.required.push(...(required ?? []));
        }
        if (Object.keys(whole.properties).length === 0) delete whole.properties;
        if (whole.required.length === 0) delete whole.required;
        return whole;
    }

    #rewrite(schema) {
        if (schema === true || schema === undefined) return true;
        if (schema === false) return false;
        // A list of one is how 3.0 puts a text beside a reference. What refers to itself must not be unfolded here.
        const $ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0].$ref : undefined);
        const { nullable } = schema;
        if ($ref && !schema.properties) return nullable ? orNull({ $ref: `description#${$ref.slice(1)}` }) : { $ref: `description#${$ref.slice(1)}` };
        const whole = this.#whole(schema);
        const out = Object.fromEntries(plain.filter((name) => name in whole).map((name) => [name, whole[name]]));
        // A bound is a number beside it in 3.1, and was a word in 3.0.
        for (const name of ['exclusiveMinimum', 'exclusiveMaximum']) if (typeof out[name] === 'boolean') delete out[name];
        // A form without fields says nothing of its fields.
        if (Object.keys(whole.properties ?? {}).length > 0) {
            out.properties = Object.fromEntries(Object.entries(whole.properties).map(([name, each]) => [name, this.#rewrite(each)]));
            out.additionalProperties = [undefined, true].includes(whole.additionalProperties) ? Boolean(unions.some((union) => whole[union]) || whole.both) : this.#rewrite(whole.additionalProperties);
        } else if (whole.additionalProperties !== undefined) {
            out.additionalProperties = this.#rewrite(whole.additionalProperties);
        }
        if (whole.items) out.items = this.#rewrite(whole.items);
        if (whole.not) out.not = this.#rewrite(whole.not);
        out.allOf = [whole, ...(whole.both ?? [])].flatMap((each) => unions.filter((union) => each[union]).map((union) => this.#union(each[union])));
        if (out.allOf.length === 0) delete out.allOf;
        return nullable || whole.nullable ? orNull(out) : out;
    }

    /** Forms within forms are forms. */
    #formsOf(branches) {
        return branches.flatMap((branch) => {
            const whole = this.#whole(branch);
            const union = unions.find((name) => whole[name]);
            return union && !whole.properties && (whole.type ?? 'object') === 'object' && !whole.both ? this.#formsOf(whole[union]) : [{ branch, whole }];
        });
    }

    #union(branches) {
        const forms = this.#formsOf(branches).map((form) => ({ ...form, kinds: kindsOf(form.whole), rewritten: this.#rewrite(form.branch) }));
        if (forms.some((form) => form.kinds === null)) return { anyOf: forms.map(({ rewritten }) => rewritten) };
        const known = [...new Set(forms.flatMap((form) => form.kinds))];
        const each = known.map((kind) => {
            const fit = forms.filter((form) => form.kinds.includes(kind));
            return { if: { type: kind }, then: kind === 'object' ? chosen(fit) : oneOrMore(fit) };
        });
        return { type: known, allOf: each };
    }
}

const oneOrMore = (forms) => (forms.length === 1 ? forms[0].rewritten : { anyOf: forms.map(({ rewritten }) => rewritten) });

/** The words that a form of a union has at a marker; null if it may be any. */
function wordsAt(whole, marker) {
    const property = whole.properties?.[marker];
    const said = property?.anyOf?.find(({ type }) => type !== 'null') ?? property;
    const words = said?.const !== undefined ? [said.const] : said?.enum;
    return words?.every((word) => typeof word === 'string') ? words : null;
}

/** Whether a form need not say its marker. */
const silent = ({ required, properties }, marker) => !required?.includes(marker) || properties[marker].anyOf?.some(({ type }) => type === 'null');

/** One of several forms of objects, by its marker. */
function chosen(forms) {
    const marker = markers.find((name) => forms.every(({ whole }) => wordsAt(whole, name)));
    if (forms.length === 1 || !marker) return oneOrMore(forms);
    const words = [...new Set(forms.flatMap(({ whole }) => wordsAt(whole, marker)))];
    const cases = words.map((word) => ({
        if: { properties: { [marker]: { const: word } }, required: [marker] },
        then: oneOrMore(forms.filter(({ whole }) => wordsAt(whole, marker).includes(word))),
    }));
    const optional = forms.filter(({ whole }) => silent(whole, marker));
    if (optional.length === 0) return { properties: { [marker]: { enum: words } }, required: [marker], allOf: cases };
    const said = { properties: { [marker]: { type: 'string' } }, required: [marker] };
    return { properties: { [marker]: { enum: [...words, null] } }, allOf: [...cases, { if: { not: said }, then: oneOrMore(optional) }] };
}

/** The kinds of JSON that a schema takes, as far as it says so. */
function kindsOf({ type, properties, enum: words, const: word, items, nullable }) {
    const said = type ?? (properties ? 'object' : items ? 'array' : null);
    const values = words ?? (word !== undefined ? [word] : null);
    const known = said ? [said].flat() : values?.map((value) => (value === null ? 'null' : typeof value));
    if (!known) return null;
    return kinds.filter((kind) => known.includes(kind) || (nullable && kind === 'null'));
}

function orNull(schema) {
    if (schema.type && !schema.allOf) return { ...schema, type: [schema.type, 'null'].flat(), ...(schema.enum ? { enum: [...schema.enum, null] } : {}) };
    return { if: { not: { type: 'null' } }, then: schema };
}

function inWords({ keyword, params, data, message }) {
    if (keyword === 'additionalProperties') return `nobody knows "${params.additionalProperty}"`;
    if (keyword === 'required') return `"${params.missingProperty}" is missing`;
    if (keyword === 'enum' || keyword === 'const') return `${JSON.stringify(data)} is none of its words`;
    if (keyword === 'type') return `${data === null ? 'null' : Array.isArray(data) ? 'a list' : typeof data} is not ${[params.type].flat().join(' or ')}`;
    return message;
}

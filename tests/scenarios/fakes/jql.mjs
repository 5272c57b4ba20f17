// As much of JQL as is needed to look for an issue: comparisons, `in`, `is EMPTY`, AND, OR, brackets, ORDER BY. What has no value is found
// by neither = nor !=, as in Jira (JRASERVER-21070); and words with special characters have to be quoted.

class Reader {
    constructor(words, refuse) {
        this.refuse = refuse;
        this.tokens = [];
        const pattern = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(!=|!~|>=|<=|[=<>~(),])|([\p{L}\p{N}_.\-[\]]+))/uy;
        while (pattern.lastIndex < words.length) {
            const rest = words.slice(pattern.lastIndex);
            if (rest.trim() === '') break;
            const found = pattern.exec(words);
            if (!found) refuse(`Error in the JQL Query: The character '${rest.trim()[0]}' is a reserved JQL character. You must enclose it in a string or use the escape sequence.`);
            this.tokens.push(found[1] ? { kind: 'text', value: found[1].slice(1, -1).replace(/\\(.)/g, '$1') } : found[2] ? { kind: 'sign', value: found[2] } : { kind: 'word', value: found[3] });
        }
    }
    get peek() {
        return this.tokens[0] ?? { kind: 'end', value: 'the end' };
    }
    take(kind, value) {
        const token = this.peek;
        if ((kind && token.kind !== kind) || (value && token.value.toLowerCase() !== value)) this.refuse(`Error in the JQL Query: Expecting ${value ?? kind} but got '${token.value}'.`);
        this.tokens.shift();
        return token.value;
    }
    at(word) {
        return this.peek.kind !== 'text' && this.peek.value.toLowerCase() === word;
    }
}

function values(reader) {
    if (!reader.at('(')) return [value(reader)];
    reader.take();
    const all = [value(reader)];
    while (reader.at(',')) {
        reader.take();
        all.push(value(reader));
    }
    reader.take('sign', ')');
    return all;
}

function value(reader) {
    if (!['text', 'word'].includes(reader.peek.kind)) reader.refuse(`Error in the JQL Query: Expecting a value but got '${reader.peek.value}'.`);
    return reader.take().toLowerCase();
}

function comparison(reader, fieldsOf) {
    const name = reader.take('word').toLowerCase();
    if (!Object.hasOwn(fieldsOf, name)) reader.refuse(`Field '${name}' does not exist or you do not have permission to view it.`);
    const of = (issue) => fieldsOf[name](issue).map((each) => String(each).toLowerCase());
    if (reader.at('is')) {
        reader.take();
        const not = reader.at('not');
        if (not) reader.take();
        if (!reader.at('empty') && !reader.at('null')) reader.refuse("Error in the JQL Query: 'is' goes with EMPTY only.");
        reader.take();
        return (issue) => (of(issue).length === 0) !== not;
    }
    const not = reader.at('not') || reader.at('!=');
    if (reader.at('not')) reader.take();
    if (!['=', '!=', 'in'].some((each) => reader.at(each))) reader.refuse(`Error in the JQL Query: Expecting operator but got '${reader.peek.value}'.`);
    const many = reader.take().toLowerCase() === 'in';
    const wanted = many ? values(reader) : [value(reader)];
    return (issue) => {
        const has = of(issue);
        return has.length > 0 && wanted.some((each) => has.includes(each)) !== not;
    };
}

function term(reader, fieldsOf) {
    if (!reader.at('(')) return comparison(reader, fieldsOf);
    reader.take();
    const inner = either(reader, fieldsOf);
    reader.take('sign', ')');
    return inner;
}

function both(reader, fieldsOf) {
    const terms = [term(reader, fieldsOf)];
    while (reader.at('and')) {
        reader.take();
        terms.push(term(reader, fieldsOf));
    }
    return (issue) => terms.every((each) => each(issue));
}

function either(reader, fieldsOf) {
    const terms = [both(reader, fieldsOf)];
    while (reader.at('or')) {
        reader.take();
        terms.push(both(reader, fieldsOf));
    }
    return (issue) => terms.some((each) => each(issue));
}

/** A function that says of an issue whether it is found; `fieldsOf`: name → its values for an issue. `refuse` gets Jira's sentence. */
export function readJql(words, fieldsOf, refuse) {
    if (typeof words !== 'string') refuse('The JQL is not a string.');
    const reader = new Reader(words, refuse);
    if (reader.peek.kind === 'end' || reader.at('order')) refuse('Unbounded JQL queries are not allowed here. Please add a search restriction to your query.');
    const found = either(reader, fieldsOf);
    if (reader.at('order')) {
        reader.take();
        reader.take('word', 'by');
        const name = reader.take('word').toLowerCase();
        if (!Object.hasOwn(fieldsOf, name)) refuse(`Not able to sort using field '${name}'.`);
        if (reader.at('asc') || reader.at('desc')) reader.take();
    }
    if (reader.peek.kind !== 'end') refuse(`Error in the JQL Query: Expecting either 'OR' or 'AND' but got '${reader.peek.value}'.`);
    return found;
}

// What a mail has to be like before a careful server takes it: RFC 5322 (lines, headers), RFC 2045 and 2047 (MIME, words in headers),
// RFC 5321 (envelope).

const lineMax = 998;
const encodedWordMax = 75;
const once = ['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type', 'in-reply-to', 'references', 'sender', 'reply-to', 'cc'];
const must = ['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type'];

/** [name in small letters, unfolded value] of each. */
export function headersOf(part) {
    return part
        .replace(/\r\n[ \t]+/g, ' ')
        .split('\r\n')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
}

const split = (words) => {
    const at = words.indexOf('\r\n\r\n');
    return at < 0 ? [words, ''] : [words.slice(0, at + 2), words.slice(at + 4)];
};

function checkHeaders(head, envelope) {
    const wrong = [];
    const headers = headersOf(head);
    const count = (name) => headers.filter(([each]) => each === name).length;
    const get = (name) => headers.find(([each]) => each === name)?.[1] ?? '';
    for (const [name] of headers) if (!/^[!-9;-~]+$/.test(name)) wrong.push(`"${name}" is no name of a header`);
    for (const name of must) if (count(name) === 0) wrong.push(`there is no header ${name}`);
    for (const name of once) if (count(name) > 1) wrong.push(`the header ${name} is there ${count(name)} times`);
    if (count('bcc')) wrong.push('a header bcc is sent to everybody');
    if (!/^<[^<>\s@]+@[^<>\s@]+>$/.test(get('message-id'))) wrong.push(`the message id is ${get('message-id')}`);
    if (count('in-reply-to') && !/^<[^<>\s@]+@[^<>\s@]+>$/.test(get('in-reply-to'))) wrong.push(`in-reply-to is ${get('in-reply-to')}`);
    if (!/^(\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? [+-]\d{4}$/.test(get('date')) || Number.isNaN(Date.parse(get('date')))) wrong.push(`the date is ${get('date')}`);
    if (get('mime-version') !== '1.0') wrong.push(`the version of MIME is ${get('mime-version')}`);
    for (const word of head.match(/=\?[^\s]*/g) ?? []) {
        if (word.length > encodedWordMax) wrong.push(`an encoded word has ${word.length} characters`);
        if (!/^=\?utf-8\?(b\?[A-Za-z0-9+/]*=*|q\?[!->@-~]*)\?=[,;>)]?$/i.test(word)) wrong.push(`${word} is no encoded word`);
        // A character may not be cut in two: each word is decoded by itself.
        const base64 = /\?b\?([^?]*)\?=/i.exec(word)?.[1];
        if (base64 !== undefined && Buffer.from(base64, 'base64').toString('utf8').includes('\uFFFD')) wrong.push(`${word} ends within a character`);
    }
    if (!get('from').includes(envelope.from)) wrong.push(`from says ${get('from')}, the envelope ${envelope.from}`);
    for (const address of envelope.to) if (!get('to').includes(address) && !get('cc').includes(address)) wrong.push(`${address} gets it and is not named`);
    return wrong;
}

function checkPart(words, wrong, seen) {
    const [head, body] = split(words);
    const headers = Object.fromEntries(headersOf(head));
    const type = headers['content-type'] ?? 'text/plain';
    const kind = type.split(';')[0].trim().toLowerCase();
    seen.push(kind);
    const encoding = (headers['content-transfer-encoding'] ?? '7bit').toLowerCase();
    if (kind.startsWith('multipart/')) {
        const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
        if (!boundary || boundary.length > 70) return wrong.push(`${kind} has the boundary ${boundary}`);
        const pieces = `\r\n${body}`.split(`\r\n--${boundary}`);
        if (!pieces.at(-1).startsWith('--')) wrong.push(`${kind} has no end`);
        if (pieces.length < 3) wrong.push(`${kind} has no parts`);
        return pieces.slice(1, -1).forEach((piece) => checkPart(piece.replace(/^[ \t]*\r\n/, ''), wrong, seen));
    }
    const isFile = /^attachment\b/i.test(headers['content-disposition'] ?? '');
    if (kind.startsWith('text/') && !isFile && !/charset="?utf-8"?/i.test(type)) wrong.push(`${kind} does not say that it is UTF-8`);
    if (encoding === 'base64' && !/^[A-Za-z0-9+/=\r\n]*$/.test(body)) wrong.push(`${kind} is not base64`);
    if (encoding === 'base64' && body.split('\r\n').some((line) => line.length > 76)) wrong.push(`${kind} has lines of base64 longer than 76`);
    if (encoding === 'quoted-printable' && /=(?![0-9A-F]{2}|\r\n)/.test(body)) wrong.push(`${kind} is not quoted-printable`);
    if (!['7bit', 'base64', 'quoted-printable'].includes(encoding)) wrong.push(`${kind} is encoded as ${encoding}`);
    return undefined;
}

/** What is wrong with it, one sentence each. */
export function checkMail(raw, envelope) {
    const words = raw.toString('latin1');
    const wrong = [];
    if (/[^\r]\n|^\n|\r(?!\n)/.test(words)) wrong.push('a line does not end with CR LF');
    if (words.split('\r\n').some((line) => line.length > lineMax)) wrong.push(`a line has more than ${lineMax} characters`);
    if (/[^\t\r\n -~]/.test(words)) wrong.push('there are bytes that are not ASCII, and nobody asked whether the server takes them');
    const [head] = split(words);
    wrong.push(...checkHeaders(head, envelope));
    const seen = [];
    checkPart(words, wrong, seen);
    for (const kind of ['text/plain', 'text/html']) if (!seen.includes(kind)) wrong.push(`there is no ${kind}`);
    if (seen.includes('text/html') && seen.indexOf('text/html') < seen.indexOf('text/plain')) wrong.push('plain text comes first: the last alternative is the best');
    return wrong;
}

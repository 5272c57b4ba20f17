// multipart/form-data (RFC 7578), strictly.

/** @returns {{name: string, filename?: string, type?: string, bytes: Buffer}[]} */
export function readMultipart(request, refuse) {
    const type = /^multipart\/form-data;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))$/.exec(request.headers['content-type'] ?? '');
    if (!type) refuse(`the content type is ${request.headers['content-type']}`);
    const mark = Buffer.from(`--${type[1] ?? type[2]}`);
    const { body } = request;
    if (!body.subarray(0, mark.length).equals(mark)) refuse('the body does not begin with its boundary');
    const parts = [];
    for (let at = mark.length; ; ) {
        if (body.subarray(at, at + 2).toString() === '--') {
            if (body.subarray(at + 2).toString().trim() !== '') refuse('something follows the last boundary');
            return parts;
        }
        const end = body.indexOf(Buffer.concat([Buffer.from('\r\n'), mark]), at);
        const head = body.indexOf('\r\n\r\n', at);
        if (body.subarray(at, at + 2).toString() !== '\r\n' || end < 0 || head < 0 || head > end) refuse('a part is not complete');
        parts.push(readPart(body.subarray(at + 2, head).toString('utf8'), body.subarray(head + 4, end), refuse));
        at = end + 2 + mark.length;
    }
}

function readPart(head, bytes, refuse) {
    const headers = Object.fromEntries(head.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const [kind, ...attributes] = (headers['content-disposition'] ?? '').split(/;\s*(?=(?:[^"]*"[^"]*")*[^"]*$)/);
    if (kind !== 'form-data') refuse(`a part is "${kind}"`);
    const read = Object.fromEntries(attributes.map((each) => /^([a-z*]+)="(.*)"$/.exec(each)?.slice(1) ?? refuse(`the attribute ${each} is not quoted`)));
    return { name: read.name, filename: read.filename, type: headers['content-type'], bytes };
}

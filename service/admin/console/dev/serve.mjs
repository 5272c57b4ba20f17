// The built pages and the fake API on one port, under the policy of the pages that bursard sends.
//   node dev/serve.mjs [PORT]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeApi } from './fake-api.mjs';

export const contentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const bodyBytesMax = 64 * 1024;
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8', '.woff2': 'font/woff2' };
const cookieOf = (request) => /bursar_session=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];

async function bodyOf(request) {
    const chunks = [];
    let bytes = 0;
    for await (const chunk of request) {
        bytes += chunk.length;
        if (bytes > bodyBytesMax) throw new Error('too large');
        chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    return text && request.headers['content-type'] === 'application/json' ? JSON.parse(text) : {};
}

async function answerApi(api, request, response, url) {
    let answer;
    try {
        const body = await bodyOf(request);
        const { method, headers } = request;
        answer = api.handle({ method, path: url.pathname, query: url.searchParams, body, cookie: cookieOf(request), csrf: headers['x-bursar-csrf'], agent: headers['user-agent'] ?? '' });
    } catch (error) {
        const { status = 500, code = 'internal', detail = String(error) } = error;
        response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
        response.end(JSON.stringify({ type: 'about:blank', title: code, status, detail, code }));
        return;
    }
    const { status, body, type = 'application/json', cookie } = answer;
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...(cookie && { 'set-cookie': cookie }) });
    response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}

async function answerFile(folder, response, path) {
    const headers = { 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' };
    const wanted = normalize(path).replace(/^(\.\.[/\\])+/, '');
    const file = extname(wanted) ? wanted : 'index.html';
    try {
        const content = await readFile(join(folder, file));
        response.writeHead(200, { ...headers, 'content-type': types[extname(file)] ?? 'application/octet-stream' });
        response.end(content);
    } catch {
        response.writeHead(404, headers);
        response.end();
    }
}

/** Serves `folder` and `api` on a port of 127.0.0.1; 0 takes a free one. */
export function serve(folder, api, port = 0) {
    const server = createServer((request, response) => {
        const url = new URL(request.url, 'http://fake');
        const isApi = /^\/(api|auth)\//.test(url.pathname);
        void (isApi ? answerApi(api, request, response, url) : answerFile(folder, response, url.pathname));
    });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const folder = process.env.BURSAR_CONSOLE_OUT ?? fileURLToPath(new URL('../../../../build/console', import.meta.url));
    const server = await serve(folder, new FakeApi(), Number(process.argv[2] ?? 4180));
    console.log(`http://127.0.0.1:${server.address().port}/ (alice, lena, fiona, arno or olga; password "correct horse")`);
}

// An S3-compatible store on loopback. It recomputes every signature (Amazon S3 API reference, "Signature Calculations for the Authorization
// Header", read 2026-11) from what it received, refuses what does not fit, and checks the hash of every body.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const error = (status, code) => ({ status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>` });
const pageSize = 2; // small, so that lists have pages

export class FakeS3 {
    static async start({ bucket = 'backups', accessKey = 'AKTEST', secret = 'secret/of+the=account', region = 'eu-test-1' } = {}) {
        const fake = new FakeS3();
        Object.assign(fake, { bucket, accessKey, secret, region, objects: new Map(), asked: [], odd: null });
        fake.server = http.createServer((request, response) => fake.#answer(request, response));
        await new Promise((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
        fake.url = `http://127.0.0.1:${fake.server.address().port}`;
        return fake;
    }

    stop() {
        this.server.closeAllConnections();
        return new Promise((resolve) => this.server.close(resolve));
    }

    #signatureFits(request, bodyHash) {
        const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? '');
        if (!match) return 'AuthorizationHeaderMalformed';
        const [, accessKey, day, region, signed, signature] = match;
        const time = request.headers['x-amz-date'] ?? '';
        if (accessKey !== this.accessKey) return 'InvalidAccessKeyId';
        if (region !== this.region) return 'AuthorizationHeaderMalformed';
        if (!/^\d{8}T\d{6}Z$/.test(time) || !time.startsWith(day)) return 'AccessDenied';
        const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
        if (Math.abs(Date.now() - at) > 15 * 60_000) return 'RequestTimeTooSkewed';
        const names = signed.split(';');
        if (names.join() !== [...names].sort().join() || !names.includes('host')) return 'AuthorizationHeaderMalformed';
        // Every x-amz header has to be signed.
        if (Object.keys(request.headers).some((name) => name.startsWith('x-amz-') && !names.includes(name))) return 'AccessDenied';
        if (request.headers['x-amz-content-sha256'] !== bodyHash) return 'XAmzContentSHA256Mismatch';
        const [path, query = ''] = request.url.split('?');
        const sorted = query.split('&').filter(Boolean).map((each) => (each.includes('=') ? each : `${each}=`)).sort().join('&');
        const canonical = [request.method, path, sorted, ...names.map((name) => `${name}:${request.headers[name].trim().replace(/ +/g, ' ')}`), '', signed, bodyHash].join('\n');
        const scope = `${day}/${region}/s3/aws4_request`;
        const key = [day, region, 's3', 'aws4_request'].reduce(hmac, `AWS4${this.secret}`);
        const right = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
        return timingSafeEqual(Buffer.from(right), Buffer.from(signature)) ? null : 'SignatureDoesNotMatch';
    }

    async #answer(request, response) {
        if (this.odd?.(request, response)) return;
        const pieces = [];
        try {
            for await (const piece of request) pieces.push(piece);
        } catch {
            return; // the client went away: nothing is stored
        }
        const body = Buffer.concat(pieces);
        const wrong = this.#signatureFits(request, sha256(body));
        const answer = wrong ? error(wrong === 'AuthorizationHeaderMalformed' ? 400 : 403, wrong) : this.#do(request, body);
        this.asked.push({ method: request.method, url: request.url, status: answer.status });
        const bytes = Buffer.from(answer.body ?? '');
        response.writeHead(answer.status, { 'content-length': answer.length ?? bytes.length });
        response.end(request.method === 'HEAD' ? undefined : bytes);
    }

    #do(request, body) {
        const url = new URL(request.url, this.url);
        const [, bucket, ...rest] = url.pathname.split('/');
        const key = rest.join('/');
        if (bucket !== this.bucket) return error(404, 'NoSuchBucket');
        if (key === '') return request.method === 'GET' && url.searchParams.get('list-type') === '2' ? this.#list(url.searchParams) : error(405, 'MethodNotAllowed');
        if (request.method === 'PUT') {
            if (this.full) return error(507, 'QuotaExceeded');
            this.objects.set(key, body);
            return { status: 200 };
        }
        if (request.method === 'DELETE') {
            this.objects.delete(key);
            return { status: 204 };
        }
        const object = this.objects.get(key);
        if (!object) return error(404, 'NoSuchKey');
        return request.method === 'HEAD' ? { status: 200, length: object.length } : { status: 200, body: object };
    }

    #list(query) {
        const keys = [...this.objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort();
        const from = query.get('continuation-token') ? keys.findIndex((key) => key > Buffer.from(query.get('continuation-token'), 'base64').toString()) : 0;
        const page = from < 0 ? [] : keys.slice(from, from + pageSize);
        const more = from >= 0 && from + pageSize < keys.length;
        const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>${this.objects.get(key).length}</Size></Contents>`).join('');
        const next = more ? `<NextContinuationToken>${Buffer.from(page.at(-1)).toString('base64')}</NextContinuationToken>` : '';
        return { status: 200, body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents}</ListBucketResult>` };
    }
}

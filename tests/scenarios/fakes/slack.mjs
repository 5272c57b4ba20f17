// Slack's incoming webhooks and the few methods of its Web API that an app with a bot token needs.
//
//   const slack = await Slack.start();
//   slack.webhook                          the address of a webhook
//   slack.messages                         what is in the channels now: {channel, ts, text, blocks, thread_ts, edited, by}
//   slack.next(webhookSays('no_service'))  the next request is answered so
//
// Of one channel one message a second is taken, with a small burst; `perSecond` is another pace.
//
// Sources: docs.slack.dev (rate limits, methods chat.postMessage, chat.update, files.*), the changelog of errors of webhooks (17 May 2016), node-slack-sdk.
import { checkBlocks, checkMrkdwn } from './slack_blocks.mjs';
import { answers, Fake, fields, json, jsonOf, plain, Refusal, text } from './server.mjs';

/** What a webhook says in plain words, and the status that comes with it. */
export const webhookErrors = {
    invalid_payload: 400,
    user_not_found: 400,
    invalid_blocks: 400,
    no_text: 400,
    missing_text_or_fallback_or_attachments: 400,
    msg_blocks_too_long: 400,
    action_prohibited: 403,
    invalid_token: 403,
    posting_to_general_channel_denied: 403,
    channel_not_found: 404,
    no_service: 404,
    no_service_id: 404,
    no_team: 404,
    team_disabled: 404,
    channel_is_archived: 410,
    rollup_error: 500,
};
export const webhookSays = (error) => answers(webhookErrors[error], error, { 'content-type': 'text/html' });
/** The Web API says almost everything with 200. */
export const methodSays = (error) => answers(200, JSON.stringify({ ok: false, error }), { 'content-type': 'application/json; charset=utf-8' });

// chat.update refuses longer ones (msg_too_long); chat.postMessage cuts them at 40,000.
const textMax = 4000;
/** Messages that a channel takes at once. */
const burst = 4;
const path = '/services/T0FAKE/B0FAKE/SecretOfTheWebhook';

export class Slack extends Fake {
    static async start(options = {}) {
        const slack = new Slack();
        slack.token = options.token ?? 'xoxb-1111-2222-SecretOfTheBot';
        slack.channels = { C0123: { member: true }, C0ARCHIVED: { member: true, archived: true }, C0OTHER: { member: false }, ...options.channels };
        slack.messages = [];
        slack.perSecond = options.perSecond ?? 1;
        slack.files = [];
        await slack.listen(options);
        slack.webhook = `${slack.origin}${path}`;
        slack.api = `${slack.origin}/api`;
        return slack;
    }

    #stamps = 0;
    #stamp() {
        return `1795000000.${String((this.#stamps += 1)).padStart(6, '0')}`;
    }

    /** How often it was too fast. */
    tooFast = 0;
    #room = {};
    /** The answer to one message too many; null: it may go. */
    #pace(channel, body, type) {
        const now = Date.now();
        const room = (this.#room[channel] ??= { tokens: burst, at: now });
        room.tokens = Math.min(burst, room.tokens + ((now - room.at) / 1000) * this.perSecond);
        room.at = now;
        if (this.perSecond === Infinity || room.tokens >= 1) {
            room.tokens -= 1;
            return null;
        }
        this.tooFast += 1;
        return { status: 429, headers: { 'content-type': type, 'retry-after': String(Math.ceil((1 - room.tokens) / this.perSecond)) }, body };
    }

    answer(request) {
        if (request.path.startsWith('/services/')) return this.#takeWebhook(request);
        if (request.path.startsWith('/upload/')) return this.#takeUpload(request);
        const method = request.path.replace(/^\/api\//, '');
        return this.#takeMethod(request, method);
    }

    // --- Webhooks

    #takeWebhook(request) {
        const refuse = (error, sentence) => {
            throw new Refusal(plain(webhookErrors[error], error), sentence);
        };
        if (request.method !== 'POST' || request.path !== path) refuse('no_service', `no webhook at ${request.method} ${request.path}`);
        const wrong = (sentence) => refuse('invalid_payload', sentence);
        if (!/^application\/json(;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) wrong(`the content type is ${request.headers['content-type']}`);
        if (request.headers.authorization) wrong('a webhook needs no credentials, and gets some');
        const body = jsonOf(request.body, wrong);
        // Slack ignores what an app's webhook may not choose (channel, username, icon); a message that relies on it is wrong.
        fields(body, 'the message', [], ['text', 'blocks', 'unfurl_links', 'unfurl_media', 'mrkdwn', 'thread_ts'], wrong);
        this.#checkMessage(body, refuse);
        const tooFast = this.#pace('C0123', 'rate_limited', 'text/plain');
        if (tooFast) return tooFast;
        this.messages.push({ channel: 'C0123', ts: this.#stamp(), by: 'webhook', ...body });
        return plain(200, 'ok');
    }

    #checkMessage(body, refuse) {
        if (typeof body.text !== 'string' || body.text.trim() === '') refuse('no_text', 'there is no text for those who see no blocks');
        text(body.text, 'text', { most: textMax }, (sentence) => refuse('invalid_payload', sentence));
        checkMrkdwn(body.text, 'text', (sentence) => refuse('invalid_payload', sentence));
        if ('blocks' in body) checkBlocks(body.blocks, refuse);
        for (const name of ['unfurl_links', 'unfurl_media', 'mrkdwn', 'reply_broadcast'])
            if (name in body && typeof body[name] !== 'boolean') refuse('invalid_payload', `${name} is not a boolean`);
    }

    // --- Web API

    #takeMethod(request, method) {
        const refuse = (error, sentence) => {
            throw new Refusal(json(200, { ok: false, error }), `${method}: ${sentence}`);
        };
        const known = { 'auth.test': 1, 'chat.postMessage': 1, 'chat.update': 1, 'files.getUploadURLExternal': 1, 'files.completeUploadExternal': 1 };
        if (!Object.hasOwn(known, method)) refuse('unknown_method', `no method ${method}`);
        if (request.method !== 'POST') refuse('invalid_post_type', 'not a POST');
        const authorization = request.headers.authorization ?? '';
        if (!authorization) refuse('not_authed', 'no token');
        if (authorization !== `Bearer ${this.token}`) refuse('invalid_auth', 'another token');
        if (request.query.size > 0) refuse('invalid_arguments', 'arguments in the address, where logs keep them');
        const body = this.#argumentsOf(request, refuse);
        if ('token' in body) refuse('invalid_arguments', 'the token is in the body, too');
        if (method === 'auth.test') return json(200, { ok: true, url: 'https://example.slack.com/', team: 'Example', user: 'bursar', team_id: 'T0FAKE', user_id: 'U0FAKE', bot_id: 'B0FAKE' });
        if (method === 'chat.postMessage') return this.#post(body, refuse);
        if (method === 'chat.update') return this.#update(body, refuse);
        return method === 'files.getUploadURLExternal' ? this.#offerUpload(body, refuse) : this.#completeUpload(body, refuse);
    }

    #argumentsOf(request, refuse) {
        const type = request.headers['content-type'] ?? '';
        if (/^application\/x-www-form-urlencoded/.test(type)) {
            const form = Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
            for (const name of ['blocks', 'files']) if (name in form) form[name] = jsonOf(Buffer.from(form[name]), (sentence) => refuse('invalid_arguments', sentence));
            if ('length' in form) form.length = Number(form.length);
            return form;
        }
        if (!/^application\/json(;\s*charset=utf-8)?$/i.test(type)) {
            if (type === '' && request.body.length === 0) return {};
            refuse('invalid_post_type', `the content type is ${type}`);
        }
        return jsonOf(request.body, (sentence) => refuse('invalid_json', sentence));
    }

    #channelOf(body, refuse) {
        // chat.update takes ids only, so a name would do for the first message and fail for the second.
        if (!/^[CGD][A-Z0-9]+$/.test(body.channel ?? '') || !Object.hasOwn(this.channels, body.channel)) refuse('channel_not_found', `no channel ${body.channel}`);
        const channel = this.channels[body.channel];
        if (channel.archived) refuse('is_archived', `${body.channel} is archived`);
        if (!channel.member) refuse('not_in_channel', `the bot is not in ${body.channel}`);
        return body.channel;
    }

    #parentOf(body, refuse) {
        const parent = this.messages.find(({ channel, ts }) => channel === body.channel && ts === body.thread_ts);
        if (!parent) refuse('thread_not_found', `no message ${body.thread_ts} in ${body.channel}`);
        if (parent.thread_ts) refuse('cannot_reply_to_message', `${body.thread_ts} is a reply itself`);
    }

    #post(body, refuse) {
        fields(body, 'the message', ['channel'], ['text', 'blocks', 'thread_ts', 'reply_broadcast', 'unfurl_links', 'unfurl_media', 'mrkdwn', 'metadata'], (sentence) =>
            refuse('invalid_arguments', sentence));
        const channel = this.#channelOf(body, refuse);
        this.#checkMessage(body, refuse);
        if ('thread_ts' in body) this.#parentOf(body, refuse);
        const tooFast = this.#pace(channel, JSON.stringify({ ok: false, error: 'ratelimited' }), 'application/json; charset=utf-8');
        if (tooFast) return tooFast;
        const message = { ...body, channel, ts: this.#stamp(), by: 'bot' };
        this.messages.push(message);
        return json(200, { ok: true, channel, ts: message.ts, message: { type: 'message', bot_id: 'B0FAKE', ts: message.ts, text: body.text, blocks: body.blocks ?? [] } });
    }

    #update(body, refuse) {
        fields(body, 'the message', ['channel', 'ts'], ['text', 'blocks', 'metadata'], (sentence) => refuse('invalid_arguments', sentence));
        const channel = this.#channelOf(body, refuse);
        if (typeof body.ts !== 'string' || !/^\d{10}\.\d{6}$/.test(body.ts)) refuse('message_not_found', `${body.ts} is no ts`);
        const message = this.messages.find((each) => each.channel === channel && each.ts === body.ts);
        if (!message) refuse('message_not_found', `no message ${body.ts} in ${channel}`);
        if (message.by !== 'bot') refuse('cant_update_message', 'a message of somebody else');
        this.#checkMessage(body, refuse);
        message.history = [...(message.history ?? []), { text: message.text, blocks: message.blocks }];
        Object.assign(message, { text: body.text, blocks: body.blocks, edited: true });
        return json(200, { ok: true, channel, ts: body.ts, text: body.text, message: { type: 'message', text: body.text } });
    }

    // --- Files: a place is asked for, the bytes are put there, then they are shared.

    #offerUpload(body, refuse) {
        fields(body, 'the arguments', ['filename', 'length'], ['alt_txt', 'snippet_type'], (sentence) => refuse('invalid_arguments', sentence));
        text(body.filename, 'filename', { most: 255 }, (sentence) => refuse('invalid_arguments', sentence));
        if (!Number.isSafeInteger(body.length) || body.length <= 0) refuse('missing_argument', `length is ${body.length}`);
        const file = { id: `F0${this.files.length + 1}`, filename: body.filename, length: body.length, bytes: null, shared: null };
        this.files.push(file);
        return json(200, { ok: true, upload_url: `${this.origin}/upload/${file.id}`, file_id: file.id });
    }

    #takeUpload(request) {
        const refuse = (sentence) => {
            throw new Refusal(plain(400, 'bad request'), `upload: ${sentence}`);
        };
        const file = this.files.find(({ id }) => request.path === `/upload/${id}`);
        if (!file || request.method !== 'POST') refuse(`no place at ${request.method} ${request.path}`);
        if (request.headers.authorization) refuse('the address is the credential; the token goes nowhere else');
        if (/^multipart/.test(request.headers['content-type'] ?? '')) refuse('raw bytes, please');
        if (request.body.length !== file.length) refuse(`${request.body.length} bytes, not the ${file.length} that were announced`);
        file.bytes = request.body;
        return plain(200, `OK - ${file.length}`);
    }

    #completeUpload(body, refuse) {
        fields(body, 'the arguments', ['files'], ['channel_id', 'thread_ts', 'initial_comment'], (sentence) => refuse('invalid_arguments', sentence));
        if (!Array.isArray(body.files) || body.files.length === 0) refuse('invalid_arguments', 'no files');
        const files = body.files.map((entry) => {
            fields(entry, 'a file', ['id'], ['title'], (sentence) => refuse('invalid_arguments', sentence));
            const file = this.files.find(({ id }) => id === entry.id);
            if (!file?.bytes) refuse('file_not_found', `nothing was uploaded as ${entry.id}`);
            return file;
        });
        if ('channel_id' in body) this.#channelOf({ channel: body.channel_id }, refuse);
        if ('thread_ts' in body) this.#parentOf({ channel: body.channel_id, thread_ts: body.thread_ts }, refuse);
        for (const file of files) file.shared = { channel: body.channel_id, thread_ts: body.thread_ts };
        return json(200, { ok: true, files: body.files });
    }
}

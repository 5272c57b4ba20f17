// Calls in both dialects, and what a careful client takes their ends for.
import { eventsOf } from './sse.mjs';

/** Where a call of that dialect goes, and what stands in it. `content` may have directives of the demo provider. */
export function ask(dialect, content, more = {}) {
    const claude = dialect === 'anthropic';
    const { headers, ...body } = more;
    return {
        where: claude ? '/v1/messages' : '/v1/chat/completions',
        body: { model: claude ? 'demo-claude' : 'demo-gpt', messages: [{ role: 'user', content }], ...(claude ? { max_tokens: 400 } : {}), ...body },
        options: { headers: { ...(claude ? { 'anthropic-version': '2023-06-01' } : {}), ...headers } },
    };
}

export function send(bursar, key, dialect, content, more = {}, signal = undefined) {
    const { where, body, options } = ask(dialect, content, more);
    return bursar.call(key, where, body, { ...options, signal });
}

/** The events of a stream in their meaning: `end` is "whole" (with its finish reason), "error" (with what it says) or "none". */
export function readStream(text) {
    const read = { id: null, words: '', finish: null, end: 'none', error: null };
    for (const { event, data } of eventsOf(text)) {
        if (data === '[DONE]') {
            read.end = read.end === 'error' ? 'error' : 'whole';
            continue;
        }
        if (!data.startsWith('{')) continue;
        const said = JSON.parse(data);
        if (event === 'error' || said.error) {
            read.end = 'error';
            read.error = said.error;
        } else if (said.type === undefined) {
            read.id ??= said.id;
            read.words += said.choices?.[0]?.delta?.content ?? '';
            read.finish = said.choices?.[0]?.finish_reason ?? read.finish;
        } else {
            read.id ??= said.message?.id ?? null;
            read.words += said.delta?.text ?? '';
            read.finish = said.delta?.stop_reason ?? read.finish;
            if (said.type === 'message_stop') read.end = 'whole';
        }
    }
    read.count = read.words.split(/\s+/).filter(Boolean).length;
    return read;
}

/** Whether the answer is one of its own accord, not one that ran out of room. */
export const finishedByItself = (read) => read.end === 'whole' && ['stop', 'end_turn'].includes(read.finish);
export const ranOutOfRoom = (read) => read.end === 'whole' && ['length', 'max_tokens'].includes(read.finish);

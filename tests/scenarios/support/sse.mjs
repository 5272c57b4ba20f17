// Server-sent events as a strict reader sees them.

/** All events of a whole body: [{event, data}], data as text. */
export function eventsOf(text) {
    return text
        .split(/\r?\n\r?\n/)
        .filter((block) => block.trim() !== '')
        .map((block) => {
            const event = { event: 'message', data: '' };
            for (const line of block.split(/\r?\n/)) {
                if (line.startsWith('event:')) event.event = line.slice(6).trim();
                if (line.startsWith('data:')) event.data += (event.data ? '\n' : '') + line.slice(5).replace(/^ /, '');
            }
            return event;
        });
}

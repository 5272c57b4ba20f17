// Vectors of the strict providers: of each text others, and such as real ones send: long decimals that are no floats of 32 bits.
import { createHash } from 'node:crypto';

/** @returns {number[]} `size` numbers from -1 to 1, of the text alone */
export function vectorOf(text, size) {
    const numbers = [];
    for (let block = 0; numbers.length < size; block++) {
        const bytes = createHash('sha256').update(`${block} ${text}`).digest();
        for (let at = 0; at < bytes.length && numbers.length < size; at += 4) numbers.push(bytes.readInt32LE(at) / 2 ** 31);
    }
    return numbers;
}

/** What texts may ask for: a vector less than there are texts, or one that is longer than its neighbours. */
export function spoilt(vectors, texts, resized) {
    if (texts.some((text) => /one too few/.test(text))) return vectors.slice(1);
    return vectors.map((vector, i) => (/one too long/.test(texts[i]) ? resized(vector) : vector));
}

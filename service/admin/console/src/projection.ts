export interface Course {
    spent: number;
    limit: number;
    start: number;
    end: number;
    now: number;
}
/** Where the spending of a period ends if it goes on as it went: the sum at the end, and when the limit is reached (only if within
 *  the period). Null while too little of the period is over to say anything. Times are milliseconds. */
export function project({ spent, limit, start, end, now }: Course): { atEnd: number; reachedAt: number | null } | null {
    const least = Math.max((end - start) / 50, 30 * 60_000);
    const passed = Math.min(now, end) - start;
    if (!(end > start) || passed < least) return null;
    const pace = spent / passed;
    const atEnd = pace * (end - start);
    const reached = pace > 0 && spent < limit ? start + limit / pace : null;
    return { atEnd, reachedAt: reached !== null && reached < end ? reached : null };
}

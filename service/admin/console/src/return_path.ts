/** `to` if it is a path of this origin that may be opened after a sign-in, else "/". Whatever a browser could read as another
 *  host ("//evil", "/\evil", controls that it drops) is none. */
export function safeReturnPath(to: string | null): string {
    if (!to || !/^\/[!-~]*$/.test(to)) return '/';
    if (/^\/[/\\]/.test(to) || to.includes('\\') || /%(?:[01][0-9a-f]|7f|5c)/i.test(to)) return '/';
    if (to === '/sign-in' || to.startsWith('/sign-in?') || /^\/(auth|api)\//.test(to)) return '/';
    return to;
}

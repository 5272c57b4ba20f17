/** A cell that no spreadsheet takes for a formula, quoted where it must be (RFC 4180). */
function cell(text: string): string {
    const tame = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

export function csvOf(rows: readonly (readonly string[])[]): string {
    return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** Hands `text` to the browser as a file. */
export function saveAs(name: string, type: string, text: string): void {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
}

"""What a program wrote to a terminal, as a picture. Only plain text: anything that moves the cursor is refused, not guessed at."""
import html
import re

COLUMNS = 130
FONT, LINE, CHARACTER = 12, 17, 7.23
LEFT, TOP = 16, 44
BACKGROUND, TEXT, TYPED, HEADING, FRAME = "#0f172a", "#e2e8f0", "#86efac", "#93c5fd", "#1e293b"


def lines_of(recorded):
    """Bytes of a terminal as lines, folded where it would have folded them."""
    text = recorded.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    if odd := re.search(r"[^\n\x20-\x7e\u00a0-\uffff]", text):
        raise ValueError(f"the recording has {odd.group()!r}, which this does not draw")
    folded = []
    for line in text.split("\n"):
        folded += [line[at:at + COLUMNS] for at in range(0, len(line), COLUMNS)] or [""]
    return folded


def escaped(text):
    """For XML; blanks that stand together stay so in every viewer."""
    return html.escape(text, quote=False).replace("  ", "\u00a0\u00a0")


def drawn(line, number):
    y = TOP + LINE * (number + 1)
    answer = re.match(r"(.*(?:\]|written): )(.*)$", line)
    style = f' fill="{HEADING}" font-weight="600"' if line.startswith("== ") else ""
    if line.startswith("# "):
        answer = re.match(r"(# )(.*)$", line)
    if not answer:
        return f'<text x="{LEFT}" y="{y}"{style}>{escaped(line)}</text>'
    asked, typed = (escaped(part) for part in answer.groups())
    return f'<text x="{LEFT}" y="{y}">{asked}<tspan fill="{TYPED}" font-weight="600">{typed}</tspan></text>'


def picture(recorded, label):
    lines = lines_of(recorded)
    while lines and not lines[-1].strip():
        lines.pop()
    width, height = round(2 * LEFT + COLUMNS * CHARACTER), TOP + LINE * (len(lines) + 1)
    rows = "\n".join(drawn(line, number) for number, line in enumerate(lines) if line)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{html.escape(label)}">
<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>
<rect width="{width}" height="30" rx="8" fill="{FRAME}"/>
<text x="{width / 2}" y="20" text-anchor="middle" font-family="system-ui, sans-serif" font-size="12" fill="#94a3b8">{html.escape(label)}</text>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="{FONT}" fill="{TEXT}">
{rows}
</g>
</svg>
"""

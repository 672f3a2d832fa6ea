"""The HTML of blocks: diagrams, transcripts, and what is not run here."""

import html

from lab import transcript
from lab.diagram import Diagram
from lab.pages import Fence
from lab.placeholders import PLACEHOLDERS
from lab.sources import Source


def not_run(fence: Fence, source: Source) -> str:
    """Return a block that nobody ran here, with its system and its source."""
    code = html.escape("\n".join(fence.lines))
    return (
        f'<figure class="not-run"><figcaption><span class="badge">not run here</span> '
        f"{html.escape(fence.attributes['system'])}; "
        f'<a href="{source.url}">{html.escape(source.title)}</a>, '
        f"{html.escape(source.publisher)}</figcaption>"
        f"<pre><code>{code}</code></pre></figure>"
    )


def diagram(drawn: Diagram) -> str:
    """Return a diagram as a figure, which a screen reader reads by its alternative."""
    text = html.escape("\n".join(drawn.rows))
    return (
        f'<figure class="diagram" role="img" aria-label="{html.escape(drawn.alternative())}" '
        f'style="--columns: {drawn.columns}"><pre aria-hidden="true">{text}</pre></figure>'
    )


def console(script: transcript.Transcript, anchor: str) -> str:
    """Return a transcript as HTML; the copy button takes the commands alone."""
    commands = [step.command for step in script.steps if not step.returns]
    code = "".join(_step(script, step) for step in script.steps)
    copied = html.escape("\n".join(commands))
    return (
        f'<div class="console highlight" id="{anchor}" data-network="{script.network}">'
        f'<pre data-copy="{copied}" tabindex="0"><code>{code}</code></pre></div>'
    )


def _step(script: transcript.Transcript, step: transcript.Step) -> str:
    rows = [_prompt(step)]
    for line in script.lines[step.line : step.last_line]:
        kind = "note" if transcript.EXIT.fullmatch(line) or line == "..." else "output"
        rows.append(f'<span class="{kind}">{_placeholders_of(line)}</span>')
    return '<span class="step">' + "\n".join(rows) + "\n</span>"


def _prompt(step: transcript.Step) -> str:
    host = html.escape(step.host)
    if step.returns:
        rest = html.escape(step.prompt.removeprefix(step.host))
        return f'<span class="return"><span class="host-{host}">{host}</span>{rest}</span>'
    sign = "#" if step.root else "$"
    return (
        f'<span class="prompt host-{host}">{host}{sign}</span> '
        f'<span class="command">{html.escape(step.command)}</span>'
    )


def _placeholders_of(line: str) -> str:
    text = html.escape(line)
    for placeholder in PLACEHOLDERS:
        about = html.escape(placeholder.about)
        text = text.replace(placeholder.name, f'<abbr title="{about}">{placeholder.name}</abbr>')
    return text

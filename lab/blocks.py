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


def diagram(drawn: Diagram, anchor: str) -> str:
    """Return a diagram as a figure, which a screen reader reads by its alternative."""
    text, said = html.escape("\n".join(drawn.rows)), html.escape(drawn.alternative())
    return (
        f'<figure class="diagram" id="{anchor}" role="img" aria-label="{said}" '
        f'style="--columns: {drawn.columns}"><pre aria-hidden="true">{text}</pre></figure>'
    )


def console(script: transcript.Transcript, anchor: str) -> str:
    """Return a transcript as HTML.

    Its commands belong to several hosts and terminals, so each is copied alone: `no-copy` keeps
    the theme from copying all at once, and the focus goes to `code`, which the theme scrolls.
    """
    code = "".join(_step(script, step) for step in script.steps)
    return (
        f'<div class="console highlight no-copy" id="{anchor}" data-network="{script.network}">'
        f'<pre><code tabindex="0">{code}</code></pre></div>'
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
    sign, command = "#" if step.root else "$", html.escape(step.command)
    return (
        f'<span class="prompt host-{host}">{host}{sign}</span> '
        f'<span class="command">{command}</span>{_copy(command)}'
    )


def _copy(command: str) -> str:
    """Return a button that the theme's script puts life into; it has no text to be selected."""
    return (
        '<button class="copy md-code__button" type="button" data-md-type="copy" '
        f'data-clipboard-text="{command}" title="Copy" aria-label="Copy {command}"></button>'
    )


def _placeholders_of(line: str) -> str:
    text = html.escape(line)
    for placeholder in PLACEHOLDERS:
        about = html.escape(placeholder.about)
        text = text.replace(placeholder.name, f'<abbr title="{about}">{placeholder.name}</abbr>')
    return text

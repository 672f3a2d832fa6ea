"""The listing on the page Proofs: the proofs of each page, with the way back to its sentences.

## page                        in the table of contents
its constants and helpers      folded
### first sentence             a link back, and what a tick leads to
> other sentences              links back
code
"""

import html
import re
from collections.abc import Callable, Iterator

from markdown.extensions.toc import slugify

from lab import builder
from lab.claims import LINK, Claim
from lab.helpers import glossary, helpers_of
from lab.pages import Page
from lab.processor import State
from lab.proofs import Proof

# Whoever searches for a sentence wants the page that says it, not the code of its proof.
UNSOUGHT = "data-search-exclude"
Convert = Callable[[str], str]


def anchor_of(path: str) -> str:
    """Return the name that a page can link to the transcript at `path` by."""
    return re.sub(r"[^a-z0-9]+", "-", path.removeprefix("snippets/").lower()).strip("-")


def listing(state: State, convert: Convert) -> Iterator[str]:
    """Yield the lines of the listing: headings of pages as Markdown, all else as kept HTML."""
    words = glossary(state.root, [proof.source for proof in state.site.proofs])
    if words:
        rows = [f"| `{name}` | {about} |" for name, about in words.items()]
        table = "\n".join(["| name | in a proof |", "|---|---|", *rows])
        yield from (
            f"## Names in the code {{: #names {UNSOUGHT} }}",
            "",
            state.keep(convert(table)),
            "",
        )
    for page in state.site.pages:
        own = [proof for proof in state.site.proofs if proof.page == page.path]
        if own:
            link = f'<a href="{state.link(page.url)}">{html.escape(page.title)}</a>'
            shown = [
                *_helpers(state, own),
                *[line for proof in own for line in _proof(state, proof)],
            ]
            yield from (f"## {link} {{: #of-{page.stem} {UNSOUGHT} }}", "")
            yield from (state.keep(convert("\n".join(shown))), "")


def _helpers(state: State, proofs: list[Proof]) -> list[str]:
    """Return what the proofs of a page use besides themselves, folded."""
    out = []
    for file in dict.fromkeys(proof.file for proof in proofs):
        for module, code in helpers_of(state.root / file):
            out += [f"`{module}`", "", *_code(code)]
    if not out:
        return []
    summary = "<summary>Constants and helpers of these proofs</summary>"
    return ['<details markdown="1">', summary, "", *out, "</details>", ""]


def _proof(state: State, proof: Proof) -> list[str]:
    page = state.site.page(proof.page)
    (_, first), *others = proof.quotes
    shown = [
        f"It runs [{name}]({state.link(url)})."
        for name in proof.transcripts
        if (url := _shows(page, name))
    ]
    return [
        f"### {_quote(state, proof, first)} {{: #{proof.anchor} {UNSOUGHT} }}",
        "",
        *[f"> {_quote(state, proof, text)}\n" for _, text in others],
        f"`{proof.file}`, line {proof.line}. {' '.join(shown)}",
        "",
        *_code(proof.source),
    ]


def _code(text: str) -> list[str]:
    """Return code without a button to copy it: alone, it runs nowhere."""
    return ["```{ .python .no-copy }", text, "```", ""]


def _shows(page: Page, name: str) -> str:
    path = next((path for _, path in page.includes if path.endswith("/" + name)), "")
    return f"{page.url}#{anchor_of(path)}" if path else ""


# -- the way back ---------------------------------------------------------------------------------


def tick_id(proof: Proof, text: str) -> str:
    """Return the name of the tick that leads from a sentence to this proof."""
    quotes = [quote for _, quote in proof.quotes]
    return f"{proof.anchor}-{quotes.index(text) + 1}"


def diagram_id(page: Page, line: int) -> str:
    """Return the name of the diagram whose fence begins in a line."""
    drawn = [fence.line for fence in page.fences if fence.kind == "diagram"]
    return f"diagram-{drawn.index(line) + 1}"


def _quote(state: State, proof: Proof, text: str) -> str:
    """Return a quotation as a link to its place on the page; say what it is, if no sentence."""
    claim, page = state.site.said(proof.page, text), state.site.page(proof.page)
    kind, anchor = _place(page, claim, proof)
    badge = f' <span class="badge">{kind}</span>' if kind else ""
    return f"[{_readable(text)}]({state.link(page.url)}{anchor}){badge}"


def _place(page: Page, claim: Claim, proof: Proof) -> tuple[str, str]:
    """Return what a claim is, unless it is a sentence, and the fragment that leads to it."""
    kind = "in a table" if claim.text.startswith("|") else ""
    if claim.file == builder.FILE:
        return "about the site", ""
    if claim.prose:
        return kind, f"#{tick_id(proof, claim.text)}"
    if claim.heading:
        return "heading", f"#{_slug(claim.text)}"
    if any(fence.line == claim.line and fence.kind == "diagram" for fence in page.fences):
        return "in a diagram", f"#{diagram_id(page, claim.line)}"
    return kind, f"#{_slug(page.section(claim.line)[1])}"


def _slug(heading: str) -> str:
    """Return the name that the extension `toc` gives to a heading."""
    return slugify(LINK.sub(r"\1", heading).replace("`", ""), "-")


def _readable(text: str) -> str:
    """Return a quotation without its links, and a row of a table without its bars."""
    plain = LINK.sub(r"\1", text)
    if not plain.startswith("|"):
        return plain
    return " · ".join(filter(None, (cell.strip() for cell in plain.strip("|").split("|"))))

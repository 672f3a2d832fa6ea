"""The Python-Markdown extension `lab.markdown`: what the site shows of transcripts and proofs.

It never starts anything; it reads pages, snippets, tests, sources.toml and the record.

    processor   registry        priority   job
    Checks      preprocessors   40         refuse what is untrue; know which page this is
    Markers     preprocessors   39         put what is computed in place of [PROOFS] and its like
    Blocks      preprocessors   38         draw diagrams, transcripts and blocks that are not run
    Ticks       preprocessors   37         put marks behind sentences, sources at the end
    Stash       preprocessors   29         hand the HTML of the others to Markdown, unread

The first four run before pymdownx.snippets (32) and the fences (25), while a line of the page is
still a line; the last after normalize_whitespace (30), which would break Markdown's placeholders.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from markdown import Markdown
from markdown.extensions import Extension

from lab import blocks, pages, record, snippets, transcript
from lab.claims import ADMONITION, ELSEWHERE, FOOTNOTE, TABLE_RULE, Claim
from lab.diagram import Diagram
from lab.listing import anchor_of, diagram_id, tick_id
from lab.markers import Markers
from lab.pages import Fence, Page
from lab.problems import problems_of
from lab.processor import PROOFS_PAGE, Processor, State, failing
from lab.proofs import Proof
from lab.site import OPEN, SOURCED, Site

ROOT = Path(__file__).parent.parent
NO_BREAK = "\u00a0"
ROW = re.compile(r"[\s>]*\|")
TOKEN = re.compile("\ue000(\\d+)\ue001")


class LabExtension(Extension):
    """See the table of the module."""

    def __init__(self, **options: object) -> None:
        self.config = {"root": [str(ROOT), "the folder that holds docs/, snippets/ and tests/"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:
        state = State(Path(self.getConfig("root")))
        md.registerExtension(self)
        for priority, kind in ((40, Checks), (39, Markers), (38, Blocks), (37, Ticks), (29, Stash)):
            md.preprocessors.register(kind(md, state), f"lab_{kind.__name__.lower()}", priority)


class Checks(Processor):
    """Refuse a build in which a page and its proofs disagree; in CI also one with open claims."""

    @failing
    def run(self, lines: list[str]) -> list[str]:
        self.state.find(lines)
        if self.state.page:
            check_site(self.state.site)
            check_page(self.state.site, self.state.page)
        return lines


def check_site(found: Site) -> None:
    """Raise the first fault of what pages share: proofs, sources, snippets and the record."""
    for problem in problems_of(found):
        raise problem
    snippets.check_snippets(found.root)
    record.load(found.root)


def check_page(found: Site, page: Page) -> None:
    """Raise the first fault of a page; in CI, an open claim is one."""
    pages.check_fences(page)
    if os.environ.get("CI"):
        for problem in found.open_claims(page):
            raise problem


class Blocks(Processor):
    """Draw diagrams and transcripts, and mark what is not run here."""

    @failing
    def run(self, lines: list[str]) -> list[str]:
        if not self.state.page:
            return lines
        out = list(lines)
        for fence in reversed(self.state.page.fences):
            made = self._made(fence)
            if made:
                first = fence.line - 1 - self.state.offset
                indent = re.match(r" *", out[first])[0]
                length = len(fence.lines) + 2
                # As many lines as before: the processors below count them.
                out[first : first + length] = [
                    indent + self.state.keep(made),
                    *[""] * (length - 1),
                ]
        return out

    def _made(self, fence: Fence) -> str:
        if fence.kind == "diagram":
            page = self.state.page
            return blocks.diagram(Diagram(page.path, fence), diagram_id(page, fence.line))
        if fence.kind == "console":
            path = fence.include
            script = transcript.load(self.state.root / path, path)
            return blocks.console(script, anchor_of(path))
        if fence.kind == "not-run":
            return blocks.not_run(fence, self.state.site.sources[fence.attributes["source"]])
        return ""


class Ticks(Processor):
    """Put a mark behind each proven, sourced or open sentence, and add the sources it names."""

    @failing
    def run(self, lines: list[str]) -> list[str]:
        if not self.state.page:
            return lines
        page = self.state.page
        out = self._marked(lines, page.path, self.state.offset)
        for number, path in reversed(page.parts):
            index = number - 1 - self.state.offset
            part = (self.state.root / path).read_text(encoding="utf-8").splitlines()
            out[index : index + 1] = self._marked(part, path, 0)
        names = dict.fromkeys(name for line in out for name in FOOTNOTE.findall(line))
        return [*out, "", *[self._definition(name) for name in names]]

    def _marked(self, lines: list[str], file: str, offset: int) -> list[str]:
        """Return the lines of a page, or of a part of it, with the marks of its claims."""
        out, rows = list(lines), {}
        for claim in self.state.site.claims_of(self.state.page):
            if claim.file == file and claim.prose and (mark := self._mark(claim)):
                index = claim.line - 1 - offset
                if ROW.match(out[index]):
                    rows[index] = mark
                else:
                    out[index] = _append(out[index], mark)
        for index in _tables(lines, rows):
            out[index] = _widen(out[index], rows.get(index, ""))
        return out

    def _mark(self, claim: Claim) -> str:
        marks = [self._tick(claim, proof) for proof in self.state.site.proofs_of(claim)]
        state = self.state.site.state(claim)
        if state == SOURCED or ELSEWHERE.search(claim.text):
            marks.append('<span class="badge">not run here</span>')
        if state == OPEN:
            marks.append('<span class="badge open">open</span>')
        return "&#8288;".join(marks)

    def _tick(self, claim: Claim, proof: Proof) -> str:
        """Return a link to a proof, with a name that the proof leads back to."""
        link = self.state.link(f"{PROOFS_PAGE}#{proof.anchor}")
        label = f"Proof in {proof.place}"
        # An instruction may stand on a page twice, a name may not.
        is_first = claim is self.state.site.said(claim.page, claim.text)
        name = f' id="{tick_id(proof, claim.text)}"' if is_first else ""
        return f'<a class="tick"{name} href="{link}" title="{label}" aria-label="{label}">✓</a>'

    def _definition(self, name: str) -> str:
        source = self.state.site.sources[name]
        return f"[^{name}]: [{source.title}]({source.url}), {source.publisher}, seen {source.seen}."


def _append(line: str, mark: str) -> str:
    """Return a line with a mark behind its sentence, inside the title of a box.

    A no-break space keeps the mark in the line of the last word.
    """
    if (match := ADMONITION.fullmatch(line)) and match["title"]:
        return f'{line.rstrip()[:-1]}{NO_BREAK}{mark}"'
    return f"{line.rstrip()}{NO_BREAK}{mark}" + ("  " if line.endswith("  ") else "")


def _tables(lines: list[str], rows: Iterable[int]) -> set[int]:
    """Return the indexes of all lines of the tables that `rows` belong to."""
    found: set[int] = set()
    for row in rows:
        for step in (-1, 1):
            index = row
            while 0 <= index < len(lines) and ROW.match(lines[index]):
                found.add(index)
                index += step
    return found


def _widen(line: str, mark: str) -> str:
    """Return a row with one more cell: a mark in the last one would seem to prove that alone."""
    is_rule = TABLE_RULE.fullmatch(line) and "-" in line
    cell = "---" if is_rule else f" {mark} "
    return f"{line.rstrip().removesuffix('|')}|{cell}|"


class Stash(Processor):
    """Put Markdown's own placeholders in place of ours."""

    def run(self, lines: list[str]) -> list[str]:
        def store(match: re.Match) -> str:
            return self.md.htmlStash.store(self.state.blocks[int(match[1])])

        return [TOKEN.sub(store, line) for line in lines]


def makeExtension(**options: object) -> LabExtension:
    return LabExtension(**options)

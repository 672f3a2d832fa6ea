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

import functools
import html
import os
import re
from collections.abc import Callable
from pathlib import Path

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from lab import blocks, pages, record, site, transcript
from lab.claims import ADMONITION, ELSEWHERE, FOOTNOTE, Claim
from lab.diagram import Diagram
from lab.errors import LabError
from lab.pages import Fence, Page
from lab.placeholders import TABLE
from lab.proofs import Proof
from lab.site import OPEN, Site

try:
    from mkdocs.exceptions import BuildError
except ImportError:  # another builder; any exception stops it
    BuildError = Exception

ROOT = Path(__file__).parent.parent
PROOFS_PAGE = "proofs/"
NO_BREAK = "\u00a0"
TOKEN = re.compile("\ue000(\\d+)\ue001")
Run = Callable[["Processor", list[str]], list[str]]


class Failed(BuildError):
    """A LabError as MkDocs prints it: the message, no traceback, exit status 1."""


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


class State:
    """The page that is being converted, found by its text: so this works in any builder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site: Site | None = None
        self.page: Page | None = None
        self.offset = 0  # blank lines that the builder took from the beginning
        self.blocks: list[str] = []  # HTML that waits for the stash

    def keep(self, block: str) -> str:
        """Return a token that stands for a block of HTML until `Stash` runs."""
        self.blocks.append(block)
        return f"\ue000{len(self.blocks) - 1}\ue001"  # private use: in no page

    def find(self, lines: list[str]) -> None:
        """Find the page that consists of `lines`, in the site as it is now."""
        self.blocks.clear()
        self.site = site.load(self.root)
        text = "\n".join(lines).strip()
        self.page = None
        for page in self.site.pages:
            if page.text.strip() == text:
                blank = len(page.text) - len(page.text.lstrip("\n"))
                self.page, self.offset = page, blank - _leading_blank(lines)

    def link(self, target: str) -> str:
        """Return the relative address of `target` below the site's root."""
        return "../" * self.page.url.count("/") + target


def _leading_blank(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _failing(function: Run) -> Run:
    """Turn a LabError into what MkDocs shows without a traceback."""

    @functools.wraps(function)
    def run(self: "Processor", lines: list[str]) -> list[str]:
        try:
            return function(self, lines)
        except LabError as error:
            raise Failed(str(error)) from None

    return run


class Processor(Preprocessor):
    def __init__(self, md: Markdown, state: State) -> None:
        super().__init__(md)
        self.state = state


class Checks(Processor):
    """Refuse a build in which a page and its proofs disagree; in CI also one with open claims."""

    @_failing
    def run(self, lines: list[str]) -> list[str]:
        self.state.find(lines)
        if self.state.page:
            found, page = self.state.site, self.state.page
            for problem in found.problems:
                raise problem
            pages.check_snippets(self.state.root)
            pages.check_fences(page)
            said = "\n".join(line for _, line in page.prose)
            shown = f"{pages.shown_text(self.state.root, page)}\n{said}"
            for fence in page.fences:
                if fence.kind == "diagram":
                    _check_diagram(Diagram(page.path, fence), shown)
            if os.environ.get("CI"):
                for problem in found.open_claims(page):
                    raise problem
        return lines


def _check_diagram(diagram: Diagram, shown: str) -> None:
    for problem in (*diagram.problems(), *diagram.unseen(shown)):
        raise problem


class Markers(Processor):
    """Replace a line such as [PROOFS] by what the proofs, the claims or the record say."""

    @_failing
    def run(self, lines: list[str]) -> list[str]:
        if not self.state.page:
            return lines
        made = {
            "[PROOFS]": self._proofs,
            "[COVERAGE]": lambda: [site.coverage_table(self.state.site)],
            "[VERSIONS]": self._versions,
            "[PLACEHOLDERS]": lambda: TABLE,
        }
        out: list[str] = []
        for line in lines:
            text = "\n".join(made[line.strip()]()) if line.strip() in made else line
            # One line for each line, so that the numbers of the lines below stay true.
            out.append(self.state.keep(self._convert(text)) if text != line else line)
        return [*out, "", self._foot()]

    def _convert(self, text: str) -> str:
        extensions = ["tables", "pymdownx.superfences", "pymdownx.highlight", "attr_list"]
        return Markdown(extensions=extensions).convert(text)

    def _proofs(self) -> list[str]:
        found, out = self.state.site, []
        for page in found.pages:
            own = [proof for proof in found.proofs if proof.page == page.path]
            if own:
                out += [
                    f"## [{page.title}]({self.state.link(page.url)})" + f" {{: #of-{page.stem} }}",
                    "",
                ]
            for proof in own:
                out += self._proof(proof)
        return out

    def _proof(self, proof: Proof) -> list[str]:
        shown = [
            f"It runs [{name_}]({self.state.link(url)})."
            for name_ in proof.transcripts
            if (url := self._shows(proof.page, name_))
        ]
        return [
            f"### {proof.title} {{: #{proof.anchor} }}",
            "",
            *[f"> {_unlinked(text)}\n" for _, text in proof.quotes],
            f"`{proof.file}`, line {proof.line}. {' '.join(shown)}",
            "",
            "```python",
            proof.source,
            "```",
            "",
        ]

    def _shows(self, page_path: str, name: str) -> str:
        page = next(page for page in self.state.site.pages if page.path == page_path)
        path = next((path for _, path in page.includes if path.endswith("/" + name)), "")
        return f"{page.url}#{_anchor(path)}" if path else ""

    def _versions(self) -> list[str]:
        found = record.load(self.state.root)
        rows = [f"| {name} | {version} |" for name, version in found["versions"].items()]
        return ["| what | version |", "|---|---|", *rows, f"| day of the record | {found['day']} |"]

    def _foot(self) -> str:
        found = record.load(self.state.root)
        names = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        claims = self.state.site.claims_of(self.state.page)
        proven = sum(bool(self.state.site.proofs_of(claim)) for claim in claims)
        sourced = sum(bool(claim.sources) for claim in claims)
        link = self.state.link(f"{PROOFS_PAGE}#of-{self.state.page.stem}")
        return self.state.keep(
            f'<p class="recorded">Statements here: <a href="{link}">{proven} proven</a>, '
            f"{sourced} with a source. Recorded on {found['day']} with {html.escape(names)}.</p>"
        )


def _unlinked(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)


def _anchor(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.removeprefix("snippets/").lower()).strip("-")


class Blocks(Processor):
    """Draw diagrams and transcripts, and mark what is not run here."""

    @_failing
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
            return blocks.diagram(Diagram(self.state.page.path, fence))
        if fence.kind == "console":
            path = fence.include
            script = transcript.load(self.state.root / path, path)
            return blocks.console(script, _anchor(path))
        if fence.kind == "not-run":
            return blocks.not_run(fence, self.state.site.sources[fence.attributes["source"]])
        return ""


class Ticks(Processor):
    """Put a mark behind each proven, sourced or open sentence, and add the sources it names."""

    @_failing
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
        out = list(lines)
        for claim in self.state.site.claims_of(self.state.page):
            if claim.file == file and claim.prose:
                index = claim.line - 1 - offset
                out[index] = _append(out[index], self._mark(claim))
        return out

    def _mark(self, claim: Claim) -> str:
        marks = []
        for proof in self.state.site.proofs_of(claim):
            link = self.state.link(f"{PROOFS_PAGE}#{proof.anchor}")
            label = f"Proof: {html.escape(proof.title)}"
            marks.append(
                f'<a class="tick" href="{link}" title="{label}" aria-label="{label}">✓</a>'
            )
        if ELSEWHERE.search(claim.text):
            marks.append('<span class="badge">not run here</span>')
        if self.state.site.state(claim) == OPEN:
            marks.append('<span class="badge open">open</span>')
        return "&#8288;".join(marks)

    def _definition(self, name: str) -> str:
        source = self.state.site.sources[name]
        return f"[^{name}]: [{source.title}]({source.url}), {source.publisher}, seen {source.seen}."


def _append(line: str, mark: str) -> str:
    """Return a line with a mark behind its sentence, inside a row or the title of a box.

    A no-break space keeps the mark in the line of the last word.
    """
    if not mark:
        return line
    if (match := ADMONITION.fullmatch(line)) and match["title"]:
        return f'{line.rstrip()[:-1]}{NO_BREAK}{mark}"'
    if line.rstrip().endswith("|"):
        return f"{line.rstrip()[:-1].rstrip()}{NO_BREAK}{mark} |"
    return f"{line.rstrip()}{NO_BREAK}{mark}" + ("  " if line.endswith("  ") else "")


class Stash(Processor):
    """Put Markdown's own placeholders in place of ours."""

    def run(self, lines: list[str]) -> list[str]:
        def store(match: re.Match) -> str:
            return self.md.htmlStash.store(self.state.blocks[int(match[1])])

        return [TOKEN.sub(store, line) for line in lines]


def makeExtension(**options: object) -> LabExtension:
    return LabExtension(**options)

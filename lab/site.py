"""The site: the match between the claims of pages, the proofs that quote them and the sources.

    page ── one line, one sentence ──► claim ◄── quotes, word for word ── proof (a test)
                                         ▲
                                         └────── carries, word for word ── source

A claim is proven, sourced or open.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab import builder, pages, sources, texts, transcript
from lab.claims import ELSEWHERE, KEY, Claim, claims_of, named_by
from lab.errors import LabError
from lab.pages import Page
from lab.proofs import Proof, proofs_in
from lab.sources import Source

PROVEN, SOURCED, OPEN, SHOWN = "proven", "sourced", "open", "shown"


@dataclass(eq=False)
class Site:
    """Pages, their claims, the proofs that quote them and the sources behind them."""

    root: Path
    pages: list[Page]
    claims: list[Claim]
    proofs: list[Proof]
    sources: dict[str, Source]
    _by_quote: dict[tuple[str, str], list[Proof]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for proof in self.proofs:
            for _, text in proof.quotes:
                self._by_quote.setdefault((proof.page, text), []).append(proof)

    def claims_of(self, page: Page) -> list[Claim]:
        return [claim for claim in self.claims if claim.page == page.path]

    def proofs_of(self, claim: Claim) -> list[Proof]:
        return self._by_quote.get((claim.page, claim.text), [])

    def said(self, page: str, text: str) -> Claim:
        """Return the claim of a page with this text; if there are more, the first in prose."""
        found = [c for c in self.claims if (c.page, c.text) == (page, text)]
        return min(found, key=lambda claim: not claim.prose)

    def state(self, claim: Claim) -> str:
        """Return proven, sourced, shown or open.

        Shown is what does not count: a heading that its section proves, an instruction whose
        values stand in the block below it.
        """
        if claim.heading and self.proofs_of(claim):
            return SHOWN
        if claim.sources:
            return PROVEN if self.proofs_of(claim) else SOURCED
        if self.proofs_of(claim) and not ELSEWHERE.search(claim.text):
            return PROVEN
        if claim.instruction and not self._unseen(claim):
            return SHOWN
        return OPEN

    def count(self, page: Page) -> dict[str, int]:
        states = [self.state(claim) for claim in self.claims_of(page)]
        return {state: states.count(state) for state in (PROVEN, SOURCED, OPEN)}

    def _unseen(self, claim: Claim) -> list[str]:
        """Return what an instruction names, and the block below it does not: file, command, key."""
        shown: set[str] = set()
        page = self.page(claim.page)
        if fence := pages.below(page, page.position(claim.file, claim.line)[0]):
            shown |= {fence.attributes.get("title", ""), *fence.lines}
            if fence.include.endswith(".console") and (self.root / fence.include).is_file():
                steps = transcript.load(self.root / fence.include, strict=False).steps
                shown |= {step.command for step in steps} | {step.key for step in steps}
        return [name for name in named_by(claim.text) if KEY.sub(r"^\1", name) not in shown]

    def page(self, path: str) -> Page:
        return next(page for page in self.pages if page.path == path)

    # -- open claims ------------------------------------------------------------------------------

    def open_claims(self, page: Page) -> Iterator[LabError]:
        """Yield an error for each open claim of a page."""
        for claim in self.claims_of(page):
            if self.state(claim) == OPEN:
                yield self._open_error(claim)

    def _open_error(self, claim: Claim) -> LabError:
        facts = [("claim", claim.text)]
        module = f"tests/test_{Path(claim.page).stem.replace('-', '_')}.py"
        quote = f"quote it in the docstring of a test in {module}"
        cite = f"name a source behind it, as in [^name], from {sources.FILE}"
        if self.proofs_of(claim):
            system = ELSEWHERE.search(claim.text)[0]
            what = f"this claim names {system}, which the lab cannot run"
            return LabError(claim.place, what, facts, cite)
        if claim.instruction:
            facts.append(("values", ", ".join(f"`{code}`" for code in self._unseen(claim))))
            what = "this instruction names what the block below it does not show"
            return LabError(claim.place, what, facts, f"show it in a block, or {quote}")
        return LabError(claim.place, "this claim is open", facts, f"{quote}, or {cite}")

    def code_of(self, page: Page) -> str:
        """Return the code of all proofs of a page."""
        return "".join(proof.evidence for proof in self.proofs if proof.page == page.path)

    def played(self, proof: Proof) -> str:
        """Return the text of the transcripts that a proof plays."""
        folder = self.root / "snippets" / Path(proof.page).stem
        files = [folder / name for name in proof.transcripts]
        return "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


# -- loading --------------------------------------------------------------------------------------


def load(root: Path, only: str = "") -> Site:
    """Read pages, proofs and sources. Raises Malformed at the first that cannot be read.

    With `only`, the path of a page, the claims and proofs are those of this page alone.
    """
    folders = [(root / "docs", "*"), (root / "tests", "*.py"), (root / "snippets", "*")]
    files = [file for folder, pattern in folders for file in folder.rglob(pattern)]
    files += [root / sources.FILE, root / builder.FILE]
    stamp = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(files) if path.is_file())
    return _load(root, stamp, only)


@functools.lru_cache(maxsize=1)
def _load(root: Path, stamp: tuple, only: str) -> Site:
    found = pages.load_pages(root)
    titles = {page.path: page.title for page in found if page.title}
    for page in found:
        pages.check_includes(root, page)
    chosen = [page for page in found if page.path == (only or page.path)]
    claims = [claim for page in chosen for claim in _in_order(page, titles, root)]
    if found[0] in chosen:
        claims += _claims_of_the_builder(root, found[0])
    quoted = {(claim.page, claim.text) for claim in claims}
    proofs = [
        proof
        for file in sorted((root / "tests").rglob("*.py"))
        for name in [file.relative_to(root).as_posix()]
        for proof in proofs_in(texts.read(file, name), name, quoted)
        if proof.page == (only or proof.page)
    ]
    return Site(root, chosen, claims, proofs, sources.load(root / sources.FILE))


def _in_order(page: Page, titles: dict[str, str], root: Path) -> list[Claim]:
    """Return the claims of a page from its first line to its last, then those of its parts."""
    found = claims_of(page, titles, root)
    return sorted(found, key=lambda claim: (claim.file != page.path, claim.line))


def _claims_of_the_builder(root: Path, first: Page) -> Iterator[Claim]:
    """Yield what mkdocs.yml says to search engines, in the navigation and at the foot of pages.

    It belongs to the first page, whose title the site may share.
    """
    for line, text, is_label in builder.said(root):
        if is_label or text != first.title:
            yield Claim(first.path, builder.FILE, line, text, prose=False, heading=is_label)


# -- coverage -------------------------------------------------------------------------------------


def coverage_table(
    site: Site,
    chosen: Iterable[Page] | None = None,
    name_of: Callable[[Page], str] = lambda page: page.path,
) -> str:
    """Return proven, sourced and open claims for each page, and their sum, as a Markdown table."""
    rows = [(name_of(page), site.count(page)) for page in chosen or site.pages]
    total = {state: sum(count[state] for _, count in rows) for state in (PROVEN, SOURCED, OPEN)}
    rows.append(("all", total))
    width = max(len(name) for name, _ in rows)
    lines = [
        f"| {'page':<{width}} | proven | sourced | open |",
        f"|{'-' * (width + 2)}|-------:|--------:|-----:|",
    ]
    lines += [
        f"| {name:<{width}} | {c[PROVEN]:>6} | {c[SOURCED]:>7} | {c[OPEN]:>4} |" for name, c in rows
    ]
    return "\n".join(lines)

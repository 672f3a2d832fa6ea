"""The site: the match between the claims of pages, the proofs that quote them and the sources.

    page ── one line, one sentence ──► claim ◄── quotes, word for word ── proof (a test)
                                         ▲
                                         └────── carries, word for word ── source

A claim is proven, sourced or open.
"""

import difflib
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lab import pages, sources, transcript
from lab.claims import CODE, ELSEWHERE, FOOTNOTE, Claim, claims_of
from lab.diagram import Diagram
from lab.errors import LabError
from lab.pages import Page
from lab.proofs import Proof, proofs_in
from lab.sources import Source

SAID_BY_BUILDER = ("site_name", "site_description", "copyright")
NAVIGATION = re.compile(r" +- (?P<name>[^:]+):(?: \S+\.md)?$")
PROVEN, SOURCED, OPEN, SHOWN = "proven", "sourced", "open", "shown"


@dataclass
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

    def state(self, claim: Claim) -> str:
        """Return proven, sourced, shown or open.

        Shown is what does not count: a heading that its section proves, an instruction whose
        values stand beside it.
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
        """Return what an instruction names, and no block beside it shows: file, command or key."""
        shown: set[str] = set()
        for fence in pages.beside(self._page(claim.page), claim.line):
            shown |= {fence.attributes.get("title", ""), *fence.lines}
            if fence.include.endswith(".console") and (self.root / fence.include).is_file():
                steps = transcript.load(self.root / fence.include, strict=False).steps
                shown |= {step.command for step in steps} | {step.key for step in steps}
        return [code for code in CODE.findall(claim.text) if code not in shown]

    def _page(self, path: str) -> Page:
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
            what = "this instruction names what the blocks beside it do not show"
            return LabError(claim.place, what, facts, f"show it in a block, or {quote}")
        return LabError(claim.place, "this claim is open", facts, f"{quote}, or {cite}")

    # -- what is untrue ---------------------------------------------------------------------------

    @functools.cached_property
    def problems(self) -> list[LabError]:
        """Everything that makes the match between pages, proofs and sources untrue."""
        return list(self._problems())

    def _problems(self) -> Iterator[LabError]:
        yield from self._repeated_claims()
        yield from self._stray_quotations()
        yield from self._proofs_of_other_things()
        yield from self._proofs_of_other_diagrams()
        yield from self._proofs_out_of_order()
        yield from self._strange_headings()
        yield from self._strangers()
        yield from self._unknown_sources()
        yield from self._unsupported()
        for page in self.pages:
            if self.claims_of(page) and not any(proof.page == page.path for proof in self.proofs):
                yield LabError(
                    page.path,
                    "this page has no proof",
                    remedy=f"begin a module of tests/ with the docstring {page.path}",
                )

    def _repeated_claims(self) -> Iterator[LabError]:
        """A sentence means what it does where it stands, so a page has it once."""
        first: dict[tuple[str, str], Claim] = {}
        for claim in self.claims:
            other = first.setdefault((claim.page, claim.text), claim)
            if other is not claim and claim.prose and not claim.instruction:
                facts = [("sentence", claim.text), ("first", other.place)]
                yield LabError(claim.place, "this sentence stands twice", facts, "say it once")

    def _stray_quotations(self) -> Iterator[LabError]:
        for proof in self.proofs:
            if not any(page.path == proof.page for page in self.pages):
                yield LabError(proof.file, f"there is no page {proof.page}")
                continue
            known = {claim.text: claim for claim in self.claims if claim.page == proof.page}
            for line, text in proof.quotes:
                if text not in known:
                    facts = [("quoted", text), *_nearest(text, known)]
                    what = f"{proof.page} has no such sentence"
                    remedy = "make the docstring and the page say the same"
                    yield LabError(f"{proof.file}:{line}", what, facts, remedy)

    def _proofs_of_other_things(self) -> Iterator[LabError]:
        for proof in self.proofs:
            yield from proof.unnamed(self._played(proof))

    def _proofs_of_other_diagrams(self) -> Iterator[LabError]:
        """A proof says in words what one diagram shows, and runs what that diagram runs."""
        for page in self.pages:
            drawn = {
                fence.attributes["alt"]: Diagram(page.path, fence)
                for fence in page.fences
                if fence.kind == "diagram" and "alt" in fence.attributes
            }
            for proof in self.proofs:
                quoted = [text for _, text in proof.quotes if text in drawn]
                if proof.page == page.path and quoted:
                    yield from self._check_drawn(proof, [drawn[text] for text in quoted])

    def _check_drawn(self, proof: Proof, diagrams: list[Diagram]) -> Iterator[LabError]:
        if len(diagrams) > 1:
            lines = ", ".join(str(diagram.fence.line) for diagram in diagrams)
            what = f"{proof.name} says what {len(diagrams)} diagrams show"
            remedy = "let each be said by a proof of its own, so that they cannot change places"
            yield LabError(proof.place, what, [("lines", f"{lines} of {proof.page}")], remedy)
        evidence = proof.evidence + self._played(proof)
        for command in (command.rpartition(": ")[2] for command in diagrams[0].commands):
            if command not in evidence:
                what = f"{proof.name} says what a diagram shows, and does not run what runs there"
                facts = [("diagram", f"{proof.page}:{diagrams[0].fence.line}"), ("run", command)]
                yield LabError(proof.place, what, facts, "let the proof run it")

    def _proofs_out_of_order(self) -> Iterator[LabError]:
        """The proofs of a page follow its lines, so two sentences cannot change places."""
        for page in self.pages:
            first: dict[str, Claim] = {}
            claims = [claim for claim in self.claims_of(page) if claim.file == page.path]
            for claim in sorted(claims, key=lambda claim: not claim.prose):
                for proof in self.proofs_of(claim):
                    first.setdefault(proof.place, claim)
            own = [proof for proof in self.proofs if proof.place in first]
            for before, proof in itertools.pairwise(own):
                other, claim = first[before.place], first[proof.place]
                if before.file == proof.file and other.line > claim.line:
                    facts = [("its sentence", f"{claim.text} (line {claim.line})")]
                    facts += [(before.name, f"{other.text} (line {other.line})")]
                    what = f"{proof.name} stands behind {before.name}, and its sentence before"
                    remedy = "let the sentences of the page and their proofs stand in one order"
                    yield LabError(proof.place, what, facts, remedy)

    def _strange_headings(self) -> Iterator[LabError]:
        """Yield each heading that is quoted, but by no proof of what stands under it."""
        for page in self.pages:
            claims = [claim for claim in self.claims_of(page) if claim.file == page.path]
            for heading in claims:
                place, text = page.section(heading.line)
                if place != heading.line:
                    continue
                quoting = {proof.place for proof in self.proofs_of(heading)}
                under = {
                    proof.place
                    for claim in claims
                    if claim.line != place and page.section(claim.line)[0] == place
                    for proof in self.proofs_of(claim)
                }
                if quoting and under and not quoting & under:
                    facts = [("heading", text), ("quoted by", min(quoting))]
                    what = "no proof of this section quotes its heading"
                    yield LabError(
                        heading.place, what, facts, "quote it where its section is proven"
                    )

    def _strangers(self) -> Iterator[LabError]:
        """Yield each file that no proof of the section around it runs."""
        for page in self.pages:
            for line, path in page.includes:
                name, section = Path(path).name, page.section(line)
                proofs = [
                    proof
                    for claim in self.claims_of(page)
                    if claim.file == page.path and page.section(claim.line) == section
                    for proof in self.proofs_of(claim)
                ]
                if path.startswith("snippets/") and not any(self._runs(p, name) for p in proofs):
                    facts = [("section", section[1] or "(none)")]
                    what = f"no proof of this section runs {name}"
                    remedy = "let one run it, or show it in the section that it belongs to"
                    yield LabError(f"{page.path}:{line}", what, facts, remedy)

    def _runs(self, proof: Proof, name: str) -> bool:
        """Tell whether a proof, or a transcript that it plays, names a file or its module."""
        names = {name, name.removesuffix(".py") + ":app"}
        return any(text in proof.evidence + self._played(proof) for text in names)

    def _played(self, proof: Proof) -> str:
        """Return the text of the transcripts that a proof plays."""
        folder = self.root / "snippets" / Path(proof.page).stem
        files = [folder / name for name in proof.transcripts]
        return "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())

    def _uses(self) -> Iterator[tuple[str, str, str]]:
        """Yield each use of a source: its name, the place, and the text that rests on it.

        The text begins with the heading of its section, so it cannot move to another.
        """
        for claim in self.claims:
            for name in claim.sources:
                place = _behind_heading(self._page(claim.page), claim.line)
                yield name, claim.place, place + claim.text
        for page in self.pages:
            for fence in page.fences:
                if name := fence.attributes.get("source"):
                    system = f"{fence.attributes.get('system')}:"
                    block = "\n".join([system, *fence.lines])
                    place = _behind_heading(page, fence.line)
                    yield name, f"{page.path}:{fence.line}", place + block

    def _unknown_sources(self) -> Iterator[LabError]:
        uses = list(self._uses())
        for name, place, _ in uses:
            if name not in self.sources:
                close = difflib.get_close_matches(name, self.sources, n=1, cutoff=0)
                facts = [("nearest", close[0])] if close else []
                yield LabError(place, f"{sources.FILE} has no source called {name}", facts)
        for page in self.pages:
            for number, line in page.prose:
                if line.lstrip().startswith("#") and FOOTNOTE.search(line):
                    yield LabError(f"{page.path}:{number}", "a heading carries no source")
        for name in sorted(self.sources.keys() - {name for name, _, _ in uses}):
            yield LabError(sources.FILE, f"no page uses the source {name}", remedy="remove it")

    def _unsupported(self) -> Iterator[LabError]:
        """Yield each text that its source does not carry, and each that a source carries alone."""
        uses = [use for use in self._uses() if use[0] in self.sources]
        for name, place, text in uses:
            if text not in self.sources[name].supports:
                known = dict.fromkeys(self.sources[name].supports)
                yield LabError(
                    place,
                    f"the source {name} does not carry this",
                    [("text", text), *_nearest(text, known)],
                    f"read the document again, and make `supports` in {sources.FILE} say the same",
                )
        resting = {(name, text): place for name, place, text in uses}
        for name, source in self.sources.items():
            for text in source.supports:
                if (name, text) not in resting:
                    known = {said: None for used, said in resting if used == name}
                    yield LabError(
                        f"{sources.FILE} [{name}]",
                        "no page rests this on it",
                        [("text", text), *_nearest(text, known)],
                        "make the page and `supports` say the same",
                    )


def _behind_heading(page: Page, line: int) -> str:
    heading = page.section(line)[1]
    return f"{heading} | " if heading else ""


def _nearest(text: str, known: dict[str, Claim | None]) -> list[tuple[str, str]]:
    close = difflib.get_close_matches(text, known, n=1, cutoff=0)
    if not close:
        return []
    claim = known[close[0]]
    where = f" (line {claim.line})" if claim else ""
    return [("nearest", close[0] + where)]


# -- loading --------------------------------------------------------------------------------------


def load(root: Path) -> Site:
    """Read pages, proofs and sources. Raises Malformed at the first that cannot be read."""
    folders = [(root / "docs", "*.md"), (root / "tests", "*.py"), (root / "snippets", "*")]
    files = [file for folder, pattern in folders for file in folder.rglob(pattern)]
    files.append(root / sources.FILE)
    stamp = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(files) if path.is_file())
    return _load(root, stamp)


@functools.lru_cache(maxsize=1)
def _load(root: Path, stamp: tuple) -> Site:
    found = pages.load_pages(root)
    titles = {page.path: page.title for page in found if page.title}
    for page in found:
        pages.check_includes(root, page)
    claims = [claim for page in found for claim in _in_order(page, titles, root)]
    claims += _claims_of_the_builder(root, titles.get("docs/index.md", ""))
    quoted = {(claim.page, claim.text) for claim in claims}
    proofs = [
        proof
        for file in sorted((root / "tests").rglob("*.py"))
        for proof in proofs_in(
            file.read_text(encoding="utf-8"), file.relative_to(root).as_posix(), quoted
        )
    ]
    return Site(root, found, claims, proofs, sources.load(root / sources.FILE))


def _in_order(page: Page, titles: dict[str, str], root: Path) -> list[Claim]:
    """Return the claims of a page from its first line to its last, then those of its parts."""
    found = claims_of(page, titles, root)
    return sorted(found, key=lambda claim: (claim.file != page.path, claim.line))


def _claims_of_the_builder(root: Path, first: str) -> Iterator[Claim]:
    """Yield what mkdocs.yml says to search engines, in the navigation and at the foot of pages.

    `first` is the title of the first page, which the site may share.
    """
    file = root / "mkdocs.yml"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    section = ""
    for number, line in enumerate(lines, 1):
        if line[:1].strip():
            section, _, text = line.partition(": ")
            said = text if section in SAID_BY_BUILDER and text != first else ""
        else:
            match = NAVIGATION.match(line) if section == "nav:" else None
            said = match["name"] if match else ""
        if said:
            heading = section == "nav:"
            yield Claim("docs/index.md", "mkdocs.yml", number, said, prose=False, heading=heading)


# -- coverage -------------------------------------------------------------------------------------


def coverage_table(site: Site, chosen: Iterable[Page] | None = None) -> str:
    """Return proven, sourced and open claims for each page, and their sum, as a Markdown table."""
    rows = [(page.path, site.count(page)) for page in (site.pages if chosen is None else chosen)]
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

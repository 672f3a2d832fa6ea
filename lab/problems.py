"""Problems: everything that makes the match between pages, proofs and sources untrue.

A sentence has its proof or its source, in one order, in its own section, and each side says the
same; an error names both places and the sentence that comes nearest.
"""

import difflib
import functools
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from lab import pages, snippets, sources
from lab.claims import ELSEWHERE, FOOTNOTE, Claim
from lab.diagram import Diagram
from lab.errors import LabError
from lab.pages import Page
from lab.proofs import Proof
from lab.site import Site, load


@functools.lru_cache(maxsize=1)
def problems_of(site: Site) -> list[LabError]:
    """Return what is untrue, in a fixed order; a site is looked through once."""
    return list(_problems(site))


def failures_of(site: Site, chosen: Iterable[Page]) -> list[LabError]:
    """Return what is untrue anywhere, and what is open on the chosen pages."""
    return [*problems_of(site), *(error for page in chosen for error in site.open_claims(page))]


def failures_on(root: Path, path: str) -> list[LabError]:
    """Return what is untrue or open on one page, without a look at the others."""
    site = load(root, only=path)
    found = failures_of(site, site.pages)
    return [error for error in found if not error.place.startswith(sources.FILE)]  # of other pages


def _problems(site: Site) -> Iterator[LabError]:
    if broken := list(_broken_diagrams(site)):
        # What these say is read from their strokes: a lost box would be missed elsewhere as well.
        yield from broken
        return
    yield from _repeated_claims(site)
    yield from _stray_quotations(site)
    yield from _proofs_of_other_things(site)
    yield from _proofs_of_other_diagrams(site)
    yield from _proofs_out_of_order(site)
    yield from _strange_headings(site)
    yield from _headings_of_other_systems(site)
    yield from _strangers(site)
    yield from snippets.problems_of(site)
    yield from _unknown_sources(site)
    yield from _unsupported(site)
    for page in site.pages:
        if site.claims_of(page) and not any(proof.page == page.path for proof in site.proofs):
            yield LabError(
                page.path,
                "this page has no proof",
                remedy=f"begin a module of tests/ with the docstring {page.path}",
            )


def _broken_diagrams(site: Site) -> Iterator[LabError]:
    for page in site.pages:
        drawn = [Diagram(page.path, fence) for fence in page.fences if fence.kind == "diagram"]
        if drawn:
            said = "\n".join(line for _, line in page.prose)
            shown = f"{pages.shown_text(site.root, page)}\n{said}"
            for diagram in drawn:
                yield from diagram.problems()
                yield from diagram.unseen(shown)


def _repeated_claims(site: Site) -> Iterator[LabError]:
    """A sentence means what it does where it stands, so a page has it once."""
    first: dict[tuple[str, str], Claim] = {}
    for claim in site.claims:
        other = first.setdefault((claim.page, claim.text), claim)
        if other is not claim and claim.prose and not claim.instruction:
            facts = [("sentence", claim.text), ("first", other.place)]
            yield LabError(claim.place, "this sentence stands twice", facts, "say it once")


def _stray_quotations(site: Site) -> Iterator[LabError]:
    for proof in site.proofs:
        if not any(page.path == proof.page for page in site.pages):
            yield LabError(proof.file, f"there is no page {proof.page}")
            continue
        known = {claim.text: claim for claim in site.claims if claim.page == proof.page}
        for line, text in proof.quotes:
            if text not in known:
                facts = [("quoted", text), *_nearest(text, known)]
                what = f"{proof.page} has no such sentence"
                remedy = "make the docstring and the page say the same"
                yield LabError(f"{proof.file}:{line}", what, facts, remedy)


def _proofs_of_other_things(site: Site) -> Iterator[LabError]:
    for proof in site.proofs:
        yield from proof.unnamed(site.played(proof))


def _proofs_of_other_diagrams(site: Site) -> Iterator[LabError]:
    """A proof says in words what one diagram shows, and runs what that diagram runs."""
    for page in site.pages:
        drawn = {
            fence.attributes["alt"]: Diagram(page.path, fence)
            for fence in page.fences
            if fence.kind == "diagram" and "alt" in fence.attributes
        }
        for proof in site.proofs:
            quoted = [text for _, text in proof.quotes if text in drawn]
            if proof.page == page.path and quoted:
                yield from _check_drawn(site, proof, [drawn[text] for text in quoted])


def _check_drawn(site: Site, proof: Proof, diagrams: list[Diagram]) -> Iterator[LabError]:
    if len(diagrams) > 1:
        lines = ", ".join(str(diagram.fence.line) for diagram in diagrams)
        what = f"{proof.name} says what {len(diagrams)} diagrams show"
        remedy = "let each be said by a proof of its own, so that they cannot change places"
        yield LabError(proof.place, what, [("lines", f"{lines} of {proof.page}")], remedy)
    evidence = proof.evidence + site.played(proof)
    for command in (command.rpartition(": ")[2] for command in diagrams[0].commands):
        if command not in evidence:
            what = f"{proof.name} says what a diagram shows, and does not run what runs there"
            facts = [("diagram", f"{proof.page}:{diagrams[0].fence.line}"), ("run", command)]
            yield LabError(proof.place, what, facts, "let the proof run it")


def _proofs_out_of_order(site: Site) -> Iterator[LabError]:
    """The proofs of a page follow its lines, so two sentences cannot change places."""
    for page in site.pages:
        first: dict[str, Claim] = {}
        claims = [claim for claim in site.claims_of(page) if claim.file == page.path]
        for claim in sorted(claims, key=lambda claim: not claim.prose):
            for proof in site.proofs_of(claim):
                first.setdefault(proof.place, claim)
        own = [proof for proof in site.proofs if proof.place in first]
        for before, proof in itertools.pairwise(own):
            other, claim = first[before.place], first[proof.place]
            if before.file == proof.file and other.line > claim.line:
                facts = [("its sentence", f"{claim.text} (line {claim.line})")]
                facts += [(before.name, f"{other.text} (line {other.line})")]
                what = f"{proof.name} stands behind {before.name}, and its sentence before"
                remedy = "let the sentences of the page and their proofs stand in one order"
                yield LabError(proof.place, what, facts, remedy)


def _strange_headings(site: Site) -> Iterator[LabError]:
    """Yield each heading that is quoted, but by no proof of what stands under it."""
    for page in site.pages:
        claims = [claim for claim in site.claims_of(page) if claim.file == page.path]
        for heading in claims:
            place, text = page.section(heading.line)
            if place != heading.line:
                continue
            quoting = {proof.place for proof in site.proofs_of(heading)}
            under = {
                proof.place
                for claim in claims
                if claim.line != place and page.section(claim.line)[0] == place
                for proof in site.proofs_of(claim)
            }
            if quoting and under and not quoting & under:
                facts = [("heading", text), ("quoted by", min(quoting))]
                what = "no proof of this section quotes its heading"
                yield LabError(heading.place, what, facts, "quote it where its section is proven")


def _headings_of_other_systems(site: Site) -> Iterator[LabError]:
    """What the lab cannot run needs a source, and no heading or label of mkdocs.yml carries one."""
    for claim in site.claims:
        if claim.heading and (system := ELSEWHERE.search(claim.text)):
            what = f"this heading names {system[0]}, which the lab cannot run"
            remedy = "name it in a sentence below, which can carry a source"
            yield LabError(claim.place, what, [("heading", claim.text)], remedy)


def _strangers(site: Site) -> Iterator[LabError]:
    """Yield each file that no proof of the section around it runs, but for what the build runs."""
    for page in site.pages:
        computed = {fence.include for fence in page.fences if fence.is_computed}
        for line, path in page.includes:
            name, section = Path(path).name, page.section(line)
            proofs = [
                proof
                for claim in site.claims_of(page)
                if claim.file == page.path and page.section(claim.line) == section
                for proof in site.proofs_of(claim)
            ]
            is_shown = path.startswith("snippets/") and path not in computed
            if is_shown and not any(_runs(site, p, name) for p in proofs):
                facts = [("section", section[1] or "(none)")]
                what = f"no proof of this section runs {name}"
                remedy = "let one run it, or show it in the section that it belongs to"
                yield LabError(f"{page.path}:{line}", what, facts, remedy)


def _runs(site: Site, proof: Proof, name: str) -> bool:
    """Tell whether a proof, or a transcript that it plays, names a file or its module."""
    names = {name, name.removesuffix(".py") + ":app"}
    return any(text in proof.evidence + site.played(proof) for text in names)


# -- sources --------------------------------------------------------------------------------------


def _uses(site: Site) -> Iterator[tuple[str, str, str]]:
    """Yield each use of a source: its name, the place, and the text that rests on it.

    The text begins with the heading of its section and, unless a proof keeps it in order, with the
    sentence before it: there it cannot leave its place.
    """
    for claim in site.claims:
        for name in claim.sources:
            is_kept = bool(site.proofs_of(claim))
            page = site.page(claim.page)
            place = _place(site, page, page.position(claim.file, claim.line), is_kept)
            yield name, claim.place, place + claim.text
    for page in site.pages:
        for fence in page.fences:
            if name := fence.attributes.get("source"):
                system = f"{fence.attributes.get('system')}:"
                block = "\n".join([system, *fence.lines])
                place = _place(site, page, (fence.line, 0))
                yield name, f"{page.path}:{fence.line}", place + block


def _unknown_sources(site: Site) -> Iterator[LabError]:
    uses = list(_uses(site))
    for name, place, _ in uses:
        if name not in site.sources:
            close = difflib.get_close_matches(name, site.sources, n=1, cutoff=0)
            facts = [("nearest", close[0])] if close else []
            yield LabError(place, f"{sources.FILE} has no source called {name}", facts)
    for page in site.pages:
        for number, line in page.prose:
            if line.lstrip().startswith("#") and FOOTNOTE.search(line):
                yield LabError(f"{page.path}:{number}", "a heading carries no source")
    for name in sorted(site.sources.keys() - {name for name, _, _ in uses}):
        yield LabError(sources.FILE, f"no page uses the source {name}", remedy="remove it")


def _unsupported(site: Site) -> Iterator[LabError]:
    """Yield each text that its source does not carry, and each that a source carries alone."""
    uses = [use for use in _uses(site) if use[0] in site.sources]
    for name, place, text in uses:
        if text not in site.sources[name].supports:
            known = dict.fromkeys(site.sources[name].supports)
            yield LabError(
                place,
                f"the source {name} does not carry this",
                [("text", text), *_nearest(text, known)],
                f"read the document again, and make `supports` in {sources.FILE} say the same",
            )
    resting = {(name, text): place for name, place, text in uses}
    for name, source in site.sources.items():
        for text in source.supports:
            if (name, text) not in resting:
                known = {said: None for used, said in resting if used == name}
                yield LabError(
                    f"{sources.FILE} [{name}]",
                    "no page rests this on it",
                    [("text", text), *_nearest(text, known)],
                    "make the page and `supports` say the same",
                )


def _place(site: Site, page: Page, at: tuple[int, int], is_kept: bool = False) -> str:
    """Return the heading that a line stands under and the sentence before it, each with a bar."""
    section = page.section(at[0])
    shown = {page.position(c.file, c.line): c.text for c in site.claims_of(page) if c.prose}
    before = [shown[p] for p in sorted(shown) if p < at and page.section(p[0]) == section]
    parts = [section[1], *([] if is_kept else before[-1:])]
    return "".join(f"{part} | " for part in parts if part)


def _nearest(text: str, known: dict[str, Claim | None]) -> list[tuple[str, str]]:
    close = difflib.get_close_matches(text, known, n=1, cutoff=0)
    if not close:
        return []
    claim = known[close[0]]
    where = f" (line {claim.line})" if claim else ""
    return [("nearest", close[0] + where)]

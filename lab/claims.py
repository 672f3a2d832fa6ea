"""Which lines of a page are claims: sentences that state a fact, and so can be wrong.

CONTRIBUTING.md states the rule in words; `claims_of` states it in code.  A page says more than its
lines: what a computed block prints, what a diagram says to those who cannot see it, and the parts
that a page includes are claims of the page as well.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import texts
from lab.diagram import Diagram
from lab.errors import Malformed
from lab.pages import INCLUDE, Fence, Page
from lab.placeholders import TABLE

# A line that begins with one of these verbs tells you to do something.
VERBS = (
    "Add Ask Change Choose Copy Create Edit Find Follow Install Open Pick Press Read Remove Run "
    "Save Send Set Start Stop Try Type Use Write"
).split()
# Besides code, it has no other word than these: any more could say what is the case.
PLAIN = (
    "a again an as file folder it line page program second server terminal the them these this with"
).split()
# What cannot be run in the lab: a claim that names it needs a source.
ELSEWHERE = re.compile(
    r"\b(?:AirPlay|Android|Apple|Brave|Chrome(?:OS|book)?|[Dd]ocker|Edge(?! cases?\b)|Firefox"
    r"|FreeBSD|iOS|iPad(?:OS)?|iPhone|Kubernetes|Mac(?:Book)?|[Mm]acOS|Microsoft|Opera|OS X"
    r"|[Pp]odman|PowerShell|Safari|Windows|WSL2?)s?\b"
    r"|\b(?i:all|another|any|each|every|many|most|no|other|some)"
    r"(?: (?:modern|operating|other|Unix))* systems?\b(?! calls?\b)"
)
CODE = re.compile(r"`([^`]+)`")
KEY = re.compile(r"Ctrl\+([A-Z])")
FOOTNOTE = re.compile(r"\[\^([\w-]+)\]")
FOOTNOTE_TEXT = re.compile(r"\s*\[\^[\w-]+\]:.*")
LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
LINK_ONLY = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)[.:]?")
MARKUP = re.compile(r"^\s*(?:[-*+] |\d+\. |> ?)*")
ADMONITION = re.compile(
    r"\s*(?:!!!|\?\?\?\+?) (?:note|tip|info|example|warning|danger)(?: \"(?P<title>[^\"]*)\")?"
)
TABLE_RULE = re.compile(r"\s*\|[\s|:-]+\|\s*")
# An end, and a beginning behind it; no end is in "e.g. Uvicorn".
TWO_SENTENCES = re.compile(
    r"(?<=[\w`)\"*\]])(?<!\bcf)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)[.!?][)\"*_\]]* +(?=[A-Z0-9`(\[\"*_])"
)
HEADING = re.compile(r"#+ *(?P<text>.*)")
SAYS = re.compile(r"\w|`|[^\x00-\x7f]")  # a letter, a value, a sign such as ✗
MARKER = re.compile(r"\[[A-Z]+\]")
MARKERS = ("[COVERAGE]", "[PLACEHOLDERS]", "[PROOFS]", "[VERSIONS]")  # lab.markers replaces them
_THING = f"(?:`|{'|'.join(PLAIN)})"
_JOINT = "(?:, and|,| and)"
_VERB = f"(?:{'|'.join(VERBS).lower()})"
# Each verb begins the line or follows an "and" at once, as in "Run `x` and `y`, and stop it.": one
# that follows a noun would say what that does, as in "Start the program and the page start."
INSTRUCTION = re.compile(
    f"(?:{'|'.join(VERBS)}|Then {_VERB})(?:{_JOINT}? {_THING}|{_JOINT} (?:then )?{_VERB})*[.:]?"
)


@dataclass(frozen=True)
class Claim:
    """A sentence that can be wrong: one line, without the marks of lists and footnotes.

    `file` and `line` tell where it stands; it is a claim of `page`, which shows it.  Only what is
    `prose` can carry a mark; a diagram's alternative and a computed line cannot.  A heading names
    its section: a proof of that section quotes it, but it does not count.
    """

    page: str
    file: str
    line: int
    text: str
    sources: tuple[str, ...] = ()
    instruction: bool = False
    prose: bool = True
    heading: bool = False

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def bare(line: str) -> str:
    """Return the sentence of a line: without list, quote and footnote marks."""
    return FOOTNOTE.sub("", MARKUP.sub("", line, count=1)).strip()


def named_by(text: str) -> list[str]:
    """Return what a line names in code, and the keys that it names."""
    return [match[1] or match[0] for match in re.finditer(f"{CODE.pattern}|{KEY.pattern}", text)]


def claims_of(page: Page, titles: dict[str, str], root: Path) -> Iterator[Claim]:
    """Yield the claims and instructions of a page; `titles` are those of all pages, by path.

    Raises Malformed for a line with two sentences, and for a footnote that the page writes itself.
    """
    yield from _prose_claims(page, page, titles)
    for _, path in page.parts:
        part = Page(path, texts.read(root / path, path))
        if part.fences or part.parts or any(line.startswith("#") for _, line in part.prose):
            raise Malformed(path, "a part that a page includes holds prose alone")
        yield from _prose_claims(part, page, titles)
    for fence in page.fences:
        for text in _said_by(fence, page, root):
            yield Claim(page.path, page.path, fence.line, text, prose=False)


def _prose_claims(file: Page, page: Page, titles: dict[str, str]) -> Iterator[Claim]:
    lines = file.prose
    for number, line in lines:
        if line.strip() == "[PLACEHOLDERS]":
            for row in filter(None, map(_sentence, TABLE)):
                yield Claim(page.path, file.path, number, row, prose=False)
        text = "" if line.strip() in MARKERS else _sentence(line)
        if not text or _is_navigation(text, page, titles):
            continue
        _check_line(f"{file.path}:{number}", line, text)
        heading = line.startswith("#")  # a mark would stand in the table of contents
        sources = () if heading else tuple(FOOTNOTE.findall(line))
        instruction = is_instruction(text) and not sources
        yield Claim(page.path, file.path, number, text, sources, instruction, not heading, heading)


def _check_line(place: str, line: str, text: str) -> None:
    if FOOTNOTE_TEXT.fullmatch(line):
        remedy = "move it there, and name it here as in [^name]"
        raise Malformed(place, "a source stands in sources.toml", [("line", text)], remedy)
    if MARKER.fullmatch(line.strip()):
        raise Malformed(place, f"there is no marker {text}", [("markers", ", ".join(MARKERS))])
    if not text.startswith("|") and TWO_SENTENCES.search(CODE.sub("`x`", text)):
        raise Malformed(
            place,
            "this line has two sentences",
            [("line", text)],
            "write one sentence on each line, so that each can be proven",
        )


def _sentence(line: str) -> str:
    """Return what the line says, or nothing: a rule says nothing."""
    stripped = line.strip()
    if match := ADMONITION.fullmatch(line):
        return match["title"] or ""
    if INCLUDE.fullmatch(line) or TABLE_RULE.fullmatch(line):
        return ""
    if match := HEADING.fullmatch(stripped):
        return FOOTNOTE.sub("", match["text"]).strip()  # `1. ` is text there, and no list mark
    text = stripped if FOOTNOTE_TEXT.fullmatch(line) else bare(stripped)
    return text if SAYS.search(text) else ""


def _is_navigation(text: str, page: Page, titles: dict[str, str]) -> bool:
    """A line that is a link, and only calls the other page by its title, states nothing."""
    match = LINK_ONLY.fullmatch(text)
    if not match or "://" in match[2]:
        return False
    target = (Path(page.path).parent / match[2].partition("#")[0]).as_posix()
    parts: list[str] = []
    for part in target.split("/"):
        parts = parts[:-1] if part == ".." else [*parts, part]
    return titles.get("/".join(parts)) == match[1]


def is_instruction(text: str) -> bool:
    """Tell whether a line only says what to do: verbs of the list, code, and plain words."""
    return bool(INSTRUCTION.fullmatch(KEY.sub("`", CODE.sub("`", text))))


def _said_by(fence: Fence, page: Page, root: Path) -> Iterator[str]:
    """Yield what a block says: a diagram's alternative, boxes and arrows; a computed line."""
    if fence.kind == "diagram":
        yield from filter(None, [fence.attributes.get("alt")])
        yield from Diagram(page.path, fence).statements()
    elif fence.is_computed:
        for line in _computed(fence, page, root).split("\n"):
            yield from filter(None, [_sentence(line.lstrip("# "))])


def _computed(fence: Fence, page: Page, root: Path) -> str:
    """Return what a computed block prints, as markdown-exec runs it while the site is built."""
    out = io.StringIO()
    file = root / fence.include
    code = texts.read(file, fence.include) if fence.include else "\n".join(fence.lines)
    try:
        with contextlib.redirect_stdout(out):
            exec(code, {"__name__": "__main__"})
    except Exception as error:
        place = f"{page.path}:{fence.line}"
        raise Malformed(place, "this block fails", [("reason", repr(error))]) from None
    return out.getvalue()

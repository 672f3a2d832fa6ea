"""Pages as the lab reads them: lines, fences and includes.

Pages are plain Markdown with one sentence on each line, so most questions about a page are
questions about its lines; nothing here renders anything.
"""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab import builder, texts
from lab.errors import Malformed

FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,}) *(?P<info>.*)")
INCLUDE = re.compile(r'\s*--8<-- "(?P<path>[^"]+)"\s*')
COMPUTED = re.compile(r'\bexec="on"')
# What docs/ holds besides pages: nothing that could say what no proof has seen.
ASSETS = re.compile(r"docs/(record\.json|assets/(lab\.css|fonts/([\w-]+\.woff2|OFL\.txt)))")
# A comment of HTML or a character that is not seen could hide a line, or turn it round.
UNSEEN = re.compile(r"<[!?]|-->|\?>")
# Text that a style sheet writes, draws as a picture, or spells with escapes.
STYLED_TEXT = re.compile(r"content\s*:[^;]*\w[^;]*|list-style[\w-]*\s*:[^;]*[\"'][^;]*|data:|\\")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True)
class Fence:
    """A fenced block: `kind` is the first word after the ticks, `line` that of the ticks."""

    kind: str
    info: str
    line: int
    lines: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, str]:
        return dict(ATTRIBUTE.findall(self.info))

    @property
    def is_computed(self) -> bool:
        """Whether markdown-exec runs the block while the site is built."""
        return self.kind == "python" and bool(COMPUTED.search(self.info))

    @property
    def include(self) -> str:
        """The path that the block shows, if it shows a file and nothing else."""
        if len(self.lines) == 1 and (match := INCLUDE.fullmatch(self.lines[0])):
            return match["path"]
        return ""


@dataclass(frozen=True)
class Page:
    """A Markdown file of docs/; `path` is relative to the root of the repository."""

    path: str
    text: str

    @property
    def stem(self) -> str:
        """The name that page, snippet folder and test module share."""
        return Path(self.path).stem

    @property
    def url(self) -> str:
        """The address of the page below the site's root, as MkDocs builds it."""
        inner = self.path.removeprefix("docs/").removesuffix(".md")
        return inner.removesuffix("index") if inner.endswith("index") else inner + "/"

    @cached_property
    def _scan(self) -> tuple[list[tuple[int, str]], list[Fence]]:
        prose, fences, opened = [], [], None
        for number, line in enumerate(self.text.split("\n"), 1):
            if opened is None:
                if match := FENCE.fullmatch(line):
                    opened = (match, number, [])
                else:
                    prose.append((number, line))
            elif line.strip() == opened[0]["ticks"]:
                match, first, body = opened
                kind = match["info"].split(" ")[0]
                fences.append(Fence(kind, match["info"], first, tuple(body)))
                opened = None
            else:
                opened[2].append(line.removeprefix(opened[0]["indent"]))
        if opened:
            raise Malformed(f"{self.path}:{opened[1]}", "this fence is never closed")
        return prose, fences

    @property
    def prose(self) -> list[tuple[int, str]]:
        """The lines outside fences, with their numbers."""
        return self._scan[0]

    @property
    def fences(self) -> list[Fence]:
        return self._scan[1]

    @property
    def title(self) -> str:
        return next((line[2:].strip() for _, line in self.prose if line.startswith("# ")), "")

    def section(self, line: int) -> tuple[int, str]:
        """Return the heading that a line stands under: its line and text, or 0 and ""."""
        headings = [pair for pair in self.prose if pair[1].startswith("#") and pair[0] <= line]
        place, text = headings[-1] if headings else (0, "")
        return place, text.lstrip("# ")

    @property
    def parts(self) -> list[tuple[int, str]]:
        """Each file that the page includes as prose, outside fences, with the line."""
        found = [(number, INCLUDE.fullmatch(line)) for number, line in self.prose]
        return [(number, match["path"]) for number, match in found if match]

    def position(self, file: str, line: int) -> tuple[int, int]:
        """Return where the page shows a line of its own, or of a part: first the page's line."""
        included = next((number for number, path in self.parts if path == file), 0)
        return (included, line) if included else (line, 0)

    @property
    def includes(self) -> list[tuple[int, str]]:
        """Each path that the page shows or includes, with the line of the include."""
        return self.parts + [
            (fence.line + offset, match["path"])
            for fence in self.fences
            for offset, line in enumerate(fence.lines, 1)
            if (match := INCLUDE.fullmatch(line))
        ]


def load_pages(root: Path) -> list[Page]:
    """Read every page of docs/, as the navigation orders them. Raises Malformed without any."""
    files = sorted(path for path in (root / "docs").rglob("*") if path.is_file())
    order = builder.order(root)
    pages = [_load_page(root, path) for path in files if path.suffix == ".md"]
    pages.sort(key=lambda page: _position(order, page.path.removeprefix("docs/")))
    if not pages:
        raise Malformed(str(root / "docs"), "no pages")
    parts = {path for page in pages for _, path in page.parts}
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.suffix != ".md" and name not in parts and not ASSETS.fullmatch(name):
            what = "docs/ holds pages, their parts, style sheets and fonts alone"
            raise Malformed(name, what, remedy="move it elsewhere")
        if path.suffix == ".css" and (found := STYLED_TEXT.search(texts.read(path, name))):
            what = "a style sheet says nothing in words"
            raise Malformed(name, what, [("found", found[0])], "say it on a page")
    return pages


def _position(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _load_page(root: Path, path: Path) -> Page:
    """Read a page. Raises Malformed for what stands outside its lines."""
    name = path.relative_to(root).as_posix()
    text = texts.read(path, name)
    if text.startswith(("---", "\ufeff")):
        what = "a page begins with its first line: no front matter, no byte order mark"
        raise Malformed(f"{name}:1", what, remedy="remove it")
    page = Page(name, text)
    hidden = {n: UNSEEN.search(re.sub("`[^`]*`", "", line)) for n, line in page.prose}
    for number, line in enumerate(text.split("\n"), 1):
        odd = next((c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Co")), "")
        if odd or hidden.get(number):
            found = f"U+{ord(odd):04X}" if odd else hidden[number][0]
            what = "something here is not seen by a reader, or hides what stands beside it"
            raise Malformed(f"{name}:{number}", what, [("found", found)], "remove it")
    return page


def check_includes(root: Path, page: Page) -> None:
    """Raise Malformed, with page and line, if an include of `page` does not exist."""
    for line, path in page.includes:
        if not (root / path).is_file():
            raise Malformed(
                f"{page.path}:{line}",
                f"there is no file {path}",
                [("nearest", _nearest(root, path))],
                "mend the path, or add the file",
            )


def shown_text(root: Path, page: Page) -> str:
    """Return what the fences of a page show, but for diagrams: code, commands and output."""
    parts = ["\n".join(fence.lines) for fence in page.fences if fence.kind != "diagram"]
    files = [path for _, path in page.includes if (root / path).is_file()]
    return "\n".join([*parts, *(texts.read(root / path, path) for path in files)])


def below(page: Page, line: int) -> Fence | None:
    """Return the block that a line leads to: the next one."""
    return next((fence for fence in page.fences if fence.line > line), None)


def check_fences(page: Page) -> None:
    """Raise Malformed for a fence that nobody accounts for.

    A fence is a snippet or a transcript that exists as a file, a diagram, computed while the site
    is built, or marked as not run here with a system and a source.
    """
    for fence in page.fences:
        place = f"{page.path}:{fence.line}"
        if fence.kind == "not-run":
            _check_not_run(fence, place)
        elif (title := fence.attributes.get("title")) and _misnames(fence, title):
            facts = [("title", title), ("file", fence.include)]
            raise Malformed(place, "this title names another file than the block shows", facts)
        elif fence.include and Path(fence.include).parent.as_posix() != f"snippets/{page.stem}":
            facts = [("shown", fence.include), ("folder", f"snippets/{page.stem}/")]
            raise Malformed(place, "this block shows a file of another page", facts)
        elif not _is_accounted_for(fence):
            raise Malformed(
                place,
                "nobody runs this block",
                [("block", f"```{fence.info}"), ("begins", fence.lines[0] if fence.lines else "")],
                'move it to snippets/ and show the file with `--8<--`, or mark it "not-run"',
            )


def _misnames(fence: Fence, title: str) -> bool:
    return title != Path(fence.include).name


def _is_accounted_for(fence: Fence) -> bool:
    if fence.kind == "console":
        return fence.include.endswith(".console")
    is_file = fence.include.startswith("snippets/") and not fence.include.endswith(".console")
    return is_file or fence.kind == "diagram" or fence.is_computed


def _check_not_run(fence: Fence, place: str) -> None:
    if missing := {"system", "source"} - fence.attributes.keys():
        names = " and ".join(sorted(missing))
        remedy = 'write ```not-run system="Windows" source="ms-netstat"'
        raise Malformed(place, f"this block is not run, and lacks {names}", remedy=remedy)


def _nearest(root: Path, path: str) -> str:
    files = [
        file.relative_to(root).as_posix()
        for file in (root / "snippets").rglob("*")
        if file.is_file()
    ]
    return next(iter(difflib.get_close_matches(path, files, n=1, cutoff=0)), "(snippets/ is empty)")

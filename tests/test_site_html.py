"""The HTML of the built site."""

import functools
import itertools
import json
import os.path
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from conftest import ROOT

from lab import pages, record, transcript
from lab.claims import Claim
from lab.diagram import Diagram
from lab.helpers import helpers_of
from lab.pages import Page
from lab.placeholders import PLACEHOLDERS
from lab.proofs import Proof
from lab.site import PROVEN, SHOWN, SOURCED, Site, coverage_table, load

PAGES = pages.load_pages(ROOT)
LINES = 150  # a page that needs more is two pages
VOID = set("area base br col embed hr img input link meta source track wbr".split())
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


@dataclass(eq=False)
class Element:
    """An element of a page, with its children in order."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list = field(default_factory=list)

    def __iter__(self) -> Iterator["Element"]:
        """Every element below this one, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", name: str = "") -> list["Element"]:
        """Every element below with this tag and this class."""
        return [e for e in self if tag in ("", e.tag) and (not name or name in e.classes)]

    def above(self, *tags: str) -> "Element":
        return self if self.tag in tags else self.parent.above(*tags)


class Reader(HTMLParser):
    """Reads HTML into elements."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.current = Element("", {})

    def handle_starttag(self, tag: str, attrs: list) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.children.append(made)
        if tag not in VOID:
            self.current = made

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert tag == self.current.tag, f"</{tag}> ends <{self.current.tag}>, {self.getpos()}"
            self.current = self.current.parent

    def handle_data(self, data: str) -> None:
        self.current.children.append(data)


@functools.cache
def read(file: Path) -> Element:
    reader = Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    reader.close()
    assert reader.current is reader.root, f"<{reader.current.tag}> never ends"
    return reader.root


@pytest.fixture
def built(built_site: Path) -> Callable[[Page], Element]:
    """Return a page of the built site."""
    return lambda page: read(built_site / page.url / "index.html")


def every_file(site: Path, suffix: str) -> list[Path]:
    found = sorted(site.rglob(f"*{suffix}"))
    assert found
    return found


def plain(text: str) -> str:
    """The letters of a sentence, without Markdown's marks, bars of tables and spaces."""
    return re.sub(r"[\s`|·*_\u2060]", "", re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text))


# -- links ----------------------------------------------------------------------------------------


def references(root: Element) -> list[str]:
    return [e.attributes[n] for e in root for n in ("href", "src") if n in e.attributes]


def broken(site: Path, file: Path) -> Iterator[str]:
    """Yield each link of a page within the site that leads to no file, or to no anchor."""
    for link in references(read(file)):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        start = site if parts.path.startswith("/") else file.parent
        path = Path(os.path.normpath(start / unquote(parts.path).lstrip("/")))
        target = file if not parts.path else path / "index.html" if path.is_dir() else path
        if (
            not target.is_file()
            or not target.is_relative_to(site)
            or (parts.fragment and unquote(parts.fragment) not in ids(read(target)))
        ):
            yield link


@functools.cache
def named(root: Element) -> dict[str, Element]:
    return {e.attributes["id"]: e for e in root if "id" in e.attributes}


def ids(root: Element) -> list[str]:
    return [e.attributes["id"] for e in root if "id" in e.attributes]


def test_every_link_within_the_site_leads_somewhere(built_site: Path) -> None:
    files = every_file(built_site, ".html")
    assert len(files) == len(PAGES) + 1  # 404
    for file in files:
        assert len(references(read(file))) >= 5
        assert list(broken(built_site, file)) == [], file


def test_a_broken_link_is_found(built_site: Path, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    good = '<p id="a"><a href="#a">a</a><a href="https://x.y/z#a">b</a><img src="index.html"></p>'
    bad = ["#b", "gone/", "../x.html", "index.html#b", "/gone.css"]
    file.write_text(good + "".join(f'<a href="{link}">c</a>' for link in bad), encoding="utf-8")
    assert list(broken(tmp_path, file)) == bad


@each_page
def test_no_link_leads_to_the_readers_own_computer(page: Page, built) -> None:
    """An address of an example is code: on the reader's computer nothing answers there."""
    for anchor in built(page).all("a"):
        host = urlsplit(anchor.attributes.get("href", "")).hostname or ""
        assert not re.fullmatch(r"localhost|[\d.]+|.*:.*", host), anchor.attributes


# -- other hosts ----------------------------------------------------------------------------------

LOADED = {"src", "srcset", "data", "poster", "action", "formaction", "background", "ping"}
FOREIGN = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//|\s*(?:https?|ftp|wss?):", re.I)
IN_STYLE = re.compile(r"@import\s+(?:url\()?[\"']?([^\"');]+)|url\(\s*[\"']?([^\"')]+)")
IN_SCRIPT = re.compile(
    r"\bfetch\b|XMLHttpRequest|sendBeacon|WebSocket|EventSource|https?:|import\("
)


def loads(root: Element) -> Iterator[str]:
    """Yield each address that a browser asks without a click."""
    for element in root:
        for name, value in element.attributes.items():
            if name in LOADED or (name == "href" and element.tag not in ("a", "area")):
                yield value
            if name == "style":
                yield from styled(value)
        if element.tag == "style":
            yield from styled(element.text)
        if element.attributes.get("http-equiv", "").lower() == "refresh":
            yield element.attributes["content"].partition("=")[2]


def styled(text: str) -> list[str]:
    return [one or other for one, other in IN_STYLE.findall(text)]


def test_no_page_loads_anything_from_another_host(built_site: Path) -> None:
    for file in every_file(built_site, ".html"):
        found = list(loads(read(file)))
        assert len(found) >= 5
        assert [address for address in found if FOREIGN.match(address)] == [], file


def test_no_style_loads_anything_from_another_host(built_site: Path) -> None:
    for file in every_file(built_site, ".css"):
        found = styled(file.read_text(encoding="utf-8"))
        assert [address for address in found if FOREIGN.match(address)] == [], file


@each_page
def test_no_page_writes_a_script_that_asks(page: Page, built) -> None:
    """Scripts on a page are Material's, and there is nothing for which Material's asks others."""
    root = built(page)
    scripts = [e.text for e in root.all("script") if "src" not in e.attributes]
    assert len(scripts) > 2
    assert [text for text in scripts if IN_SCRIPT.search(text)] == []
    assert root.all(name="mermaid") == []  # would load Mermaid from a content delivery network
    assert [e for e in root if e.attributes.get("data-md-component") == "source"] == []


@pytest.mark.parametrize(
    ("html", "address"),
    [
        ('<img src="//x.y/z">', "//x.y/z"),
        ('<link rel="preload" href="https://x.y/z">', "https://x.y/z"),
        ('<style>@import "https://x.y/z";</style>', "https://x.y/z"),
        ("<style>a { background: url( 'http://x.y/z' ) }</style>", "http://x.y/z"),
        ('<p style="background: url(//x.y/z)">', "//x.y/z"),
        ('<meta http-equiv="Refresh" content="0; url=https://x.y/z">', "https://x.y/z"),
        ('<form action="https://x.y/z"></form>', "https://x.y/z"),
    ],
)
def test_what_is_loaded_from_another_host_is_found(html: str, address: str) -> None:
    reader = Reader()
    reader.feed(html)
    assert list(loads(reader.root)) == [address]
    assert FOREIGN.match(address)


@pytest.mark.parametrize("address", ["a.css", "../a.css", "/a.css", "#a", "data:image/png;base64,"])
def test_what_is_loaded_from_here_is_fine(address: str) -> None:
    assert not FOREIGN.match(address)


# -- ticks and proofs -----------------------------------------------------------------------------


@functools.cache
def site() -> Site:
    return load(ROOT)


def expected_ticks(page: Page) -> list[tuple[Claim, Proof]]:
    return [(c, proof) for c in site().claims_of(page) if c.prose for proof in site().proofs_of(c)]


@each_page
def test_every_proven_sentence_has_its_ticks(page: Page, built) -> None:
    ticks = built(page).all("a", "tick")
    expected = expected_ticks(page)
    up = "../" * page.url.count("/")
    assert [tick.attributes["href"] for tick in ticks] == [
        f"{up}proofs/#{proof.anchor}" for _, proof in expected
    ]
    for tick, (claim, proof) in zip(ticks, expected, strict=True):
        assert plain(claim.text) in plain(tick.above("tr", "li", "p", "summary").text)
        name = f"Proof in {proof.place}"
        assert tick.attributes["aria-label"] == tick.attributes["title"] == name


def test_ticks_are_counted() -> None:
    assert sum(len(expected_ticks(page)) for page in PAGES) > 60


def section(root: Element, anchor: str) -> list[Element]:
    """The elements from a heading to the next."""
    heading = named(root)[anchor]
    around = [e for e in heading.parent.children if isinstance(e, Element)]
    found = []
    for element in around[around.index(heading) + 1 :]:
        if element.tag in ("h2", "h3"):
            break
        found.append(element)
    return found


def quotations(shown: Element, proof: Proof) -> list[Element]:
    """The links of a proof's heading and of the blocks of quotations below it."""
    quotes = [part for part in section(shown, proof.anchor) if part.tag == "blockquote"]
    return [link for part in (named(shown)[proof.anchor], *quotes) for link in part.all("a")]


def test_every_tick_leads_to_its_test(built) -> None:
    shown = built(next(page for page in PAGES if page.path == "docs/proofs.md"))
    for proof in site().proofs:
        parts = section(shown, proof.anchor)
        quoted = [plain(link.text) for link in quotations(shown, proof)]
        assert quoted == [plain(text) for _, text in proof.quotes]
        (code,) = (code for part in parts for code in part.all("code") if code.parent.tag == "pre")
        assert code.text == proof.source + "\n"
        origin, *_ = (part for part in parts if part.tag == "p")
        assert proof.file in origin.text


def test_every_quotation_leads_back(built) -> None:
    """To its tick, which leads here; or to the diagram, the table or the heading that says it."""
    shown = built(next(page for page in PAGES if page.path == "docs/proofs.md"))
    found = []
    for proof in site().proofs:
        page = site().page(proof.page)
        for (_, text), link in zip(proof.quotes, quotations(shown, proof), strict=True):
            path, _, anchor = link.attributes["href"].partition("#")
            assert path == f"../{page.url}"
            if site().said(page.path, text).file == "mkdocs.yml":
                continue
            place = named(built(page))[anchor]
            found.append(place.tag)
            if place.tag == "a":
                assert place.attributes["href"].endswith(f"#{proof.anchor}")
                assert plain(text) in plain(place.above("tr", "li", "p", "summary").text)
            elif site().said(page.path, text).heading:
                assert plain(text) == plain(place.text.partition("¶")[0])
    assert {"a", "figure", "h1", "h2"} <= set(found)


@each_page
def test_a_name_of_a_place_is_given_once(page: Page, built) -> None:
    names = ids(built(page))
    assert len(names) == len(set(names))


def test_the_code_around_the_proofs_is_shown(built) -> None:
    """Folded, once for each page: each module's constants and helpers, as they stand there."""
    shown = built(next(page for page in PAGES if page.path == "docs/proofs.md"))
    folded = [d for d in shown.all("details") if d.parent.tag == "article"]
    modules = list(dict.fromkeys(proof.file for proof in site().proofs))
    expected = [
        pair
        for page in PAGES
        for file in modules
        for pair in helpers_of(ROOT / file)
        if any(p.page == page.path and p.file == file for p in site().proofs)
    ]
    names = [p.text for d in folded for p in d.all("p")]
    codes = [c.text for d in folded for c in d.all("code") if c.parent.tag == "pre"]
    assert list(zip(names, codes, strict=True)) == [(name, f"{code}\n") for name, code in expected]
    assert len(folded) == len(modules)


def test_the_glossary(built) -> None:
    shown = built(next(page for page in PAGES if page.path == "docs/proofs.md"))
    (table,) = (part for part in section(shown, "names") if part.tag == "table")
    rows = [[cell.text for cell in row.all("td")] for row in table.all("tr")[1:]]
    assert rows == [[name, about.replace("`", "")] for name, about in GLOSSARY.items()]


def test_a_search_finds_pages_rather_than_proofs(built_site: Path) -> None:
    index = json.loads((built_site / "search" / "search_index.json").read_text("utf-8"))
    sections = {entry["location"] for entry in index["docs"]}
    assert [place for place in sections if re.search(r"#(?:of|test)-|#names", place)] == []
    headings = {
        f"{page.url}#{e.attributes['id']}"
        for page in PAGES
        for e in read(built_site / page.url / "index.html").all("h2")
        if "id" in e.attributes and "data-search-exclude" not in e.attributes
    }
    assert {page.url for page in PAGES} | headings == sections
    said = "".join(entry["text"] for entry in index["docs"])
    assert "cannot_reach" not in said


@each_page
def test_every_footnote_names_its_source(page: Page, built) -> None:
    root = built(page)
    names = {name for claim in site().claims_of(page) for name in claim.sources}
    notes = {
        e.attributes["id"].removeprefix("fn:"): e for e in root.all("li") if "id" in e.attributes
    }
    assert notes.keys() == names
    for name, note in notes.items():
        link = note.all("a")[0]
        source = site().sources[name]
        assert (link.attributes["href"], link.text) == (source.url, source.title)
        assert source.publisher in note.text


# -- what is said ---------------------------------------------------------------------------------

BLOCKS = ("p", "li", "td", "tr", "summary", "div", "blockquote", "dd", "dt", "article", "")
APART = {"pre", "figure", "h1", "h2", "h3", "h4", "th", "nav", "sup", "script"}  # looked at below
MARKS = {"tick", "badge", "headerlink", "footnote", "recorded", "filename"}
DESCRIPTION = "Host and port binding with FastAPI and Uvicorn, each sentence proven or sourced"
WORDS = {
    "Where does your server listen?", "Home", "Start", "The proof",  # mkdocs.yml
    "Skip to content", "Initializing search", "Table of contents", "Previous", "Next",
    "Note", "Example", "Tip", "Warning",  # admonitions without a title
    "Constants and helpers of these proofs",  # lab/listing.py
}  # fmt: skip


# What the page Proofs says of the names in its code: docstrings of fixtures and of lab.reach, which
# no proof quotes.  Tests of the lab prove them; whoever changes one reads it again here.
GLOSSARY = {
    "home": "A laptop, a phone and a desktop on one Wi-Fi, with the snippets of the page.",
    "two_networks": "A laptop on two networks at the same time.",
    "internet": "A laptop and a phone behind a router, and a stranger beyond it.",
    "container": "A container behind a bridge of the laptop.",
    "play": "Run a transcript of the page, by its file name, and check that it is as recorded.",
    "repository": "A fresh copy of the repository, without its history and its virtual environment.",
    "site": "Return the HTML of a page of the built site, by its address below the root.",
    "ask": "Send a GET request through a socket of `host` and return the body of the answer.",
    "reaches": "Tell whether a request from `host` gets an answer.",
    "check_reaches": "Assert that a request from `host` gets an answer, and return its body.",
    "cannot_reach": "Assert that `host` is refused: a reset comes back at once "
    "(RFC 9293, section 3.10.7.1).",
    "cannot_hear": "Assert that `host` times out: nothing at all comes back.",
    "cannot_route": "Assert that `host` knows no way to the address, and sends nothing "
    "(connect(2)).",
}


def texts(element: Element, block: Element) -> Iterator[tuple[Element, str]]:
    """Yield each text of running prose, with the block that it stands in."""
    for child in element.children:
        if isinstance(child, str):
            yield block, child
        elif child.tag not in APART and not child.classes & MARKS:
            is_block = child.tag in BLOCKS and not (child.tag == "td" and block.tag == "tr")
            yield from texts(child, child if is_block else block)


def prose(root: Element) -> list[str]:
    """What the blocks of an article say, without marks and spaces; a row is one block."""
    blocks: dict[int, str] = {}
    (article,) = root.all("article")
    for block, text in texts(article, article):
        blocks[id(block)] = blocks.get(id(block), "") + plain(text)
    return [text for text in blocks.values() if text]


def computed(page: Page) -> list[str]:
    """What the page's markers say, line by line; what its computed blocks say are claims."""
    made = {
        "[COVERAGE]": coverage_table(site(), name_of=lambda page: page.title).splitlines(),
        "[PLACEHOLDERS]": [p.name + p.about for p in PLACEHOLDERS],
        "[VERSIONS]": [a + b for a, b in record.load(ROOT)["versions"].items()]
        + ["day of the record" + record.load(ROOT)["day"]],
        "[PROOFS]": [text for proof in site().proofs for _, text in proof.quotes]
        + [name + about for name, about in GLOSSARY.items()],
    }
    return [line for _, marker in page.prose for line in made.get(marker.strip(), [])]


def known(page: Page) -> list[str]:
    """What a page may say: what is proven, sourced, an instruction, a title or computed."""
    states = (PROVEN, SOURCED, SHOWN)
    said = [c.text for c in site().claims_of(page) if site().state(c) in states]
    titles = [other.title for other in PAGES]
    return sorted(
        {plain(text) for text in [*said, *titles, *computed(page), *WORDS]} - {""}, key=len
    )


@each_page
def test_a_page_says_nothing_that_is_not_known(page: Page, built) -> None:
    """Whatever way a sentence takes into the HTML, it is proven, sourced or computed."""
    said = prose(built(page))
    assert said
    for text in known(page)[::-1]:  # the longest first
        said = [left.replace(text, "", 1) if left != text else "" for left in said]
    origin = re.compile(r"tests/\w+\.py(,line\d+\.(Itruns[\w-]+\.console\.)*)?")
    assert [left for left in said if left and not origin.fullmatch(left)] == []


@each_page
def test_nothing_is_said_around_a_page(page: Page, built) -> None:
    """Beside the article stand titles, headings, and the few words of the theme."""
    root = built(page)
    headings = {e.text.partition("¶")[0] for e in root if re.fullmatch("h[1-6]", e.tag)}
    expected = {plain(t) for t in WORDS | headings | {other.title for other in PAGES}}
    said = {
        plain(child)
        for element in root.all("body")[0]
        if not {e.tag for e in lineage(element)} & {"article", "script", "style"}
        for child in element.children
        if isinstance(child, str)
    }
    assert said - expected - {""} == set()


def lineage(element: Element) -> Iterator[Element]:
    yield element
    if element.parent:
        yield from lineage(element.parent)


@each_page
def test_a_label_of_the_navigation_is_the_title_of_its_page(page: Page, built) -> None:
    by_url = {f"/{other.url}": other.title for other in PAGES}
    for link in built(page).all("a", "md-nav__link"):
        target = urljoin(f"/{page.url}", link.attributes["href"])
        if "#" not in target:
            label = " ".join(link.text.split())
            assert label in (by_url[target], "Home" if target == "/" else "")


@each_page
def test_the_description_is_true(page: Page, built) -> None:
    (meta,) = (e for e in built(page).all("meta") if e.attributes.get("name") == "description")
    assert meta.attributes["content"] == DESCRIPTION
    assert [str(error) for error in site().open_claims(page)] == []


def test_our_styles_say_nothing() -> None:
    for file in (ROOT / "docs").rglob("*.css"):
        assert re.findall(r"(?<![\w-])content\s*:.*", file.read_text(encoding="utf-8")) == []


@each_page
def test_tooltips_are_ours(page: Page, built) -> None:
    """A tooltip that a page writes by hand would be a sentence that nobody quotes."""
    (article,) = built(page).all("article")
    for element in article:
        if "title" in element.attributes:
            ours = element.classes & {"tick", "headerlink", "footnote-backref", "copy"}
            assert ours or element.tag == "abbr", element.attributes


# -- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, id=p.path) for p in PAGES] + [pytest.param(None, id="404")],
)
def test_shape(page: Page | None, built, built_site: Path) -> None:
    root = built(page) if page else read(built_site / "404.html")
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    assert len(root.all("h1")) == 1
    assert len(root.all("title")) == 1
    found = ids(root)
    assert sorted(found) == sorted(set(found))


@each_page
def test_headings_skip_no_level(page: Page, built) -> None:
    (article,) = built(page).all("article")
    levels = [int(e.tag[1]) for e in article if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels


@each_page
def test_pictures_have_words(page: Page, built) -> None:
    root = built(page)
    for image in root.all("img"):
        assert "alt" in image.attributes, image.attributes
    for figure in root.all("figure"):
        captions = [caption.text.strip() for caption in figure.all("figcaption")]
        assert figure.attributes.get("aria-label") or any(captions), figure.text
    for element in root:
        if element.attributes.get("role") == "img":
            assert element.attributes["aria-label"]


@each_page
def test_links_and_buttons_have_names(page: Page, built) -> None:
    for element in [*built(page).all("a"), *built(page).all("button")]:
        name = element.attributes.get("aria-label") or element.attributes.get("title")
        assert name or element.text.strip(), element.attributes


@each_page
def test_abbreviations_are_explained(page: Page, built) -> None:
    for element in built(page).all("abbr"):
        assert element.attributes["title"]


@each_page
def test_nothing_is_left_of_the_markup(page: Page, built) -> None:
    """A page that the extension did not find, or a block that it broke, shows its Markdown."""
    (article,) = built(page).all("article")
    assert len(article.all("p", "recorded")) == 1
    said = "\n".join(
        "".join(c for c in e.children if isinstance(c, str))
        for e in article
        if e.tag not in ("code", "pre", "span", "abbr")
    )
    assert (
        re.findall(r"```|~~~|--8<--|!!!|\?\?\?|===|\[\^|\]\(|\{:|[\ue000\ue001\x02\x03]", said)
        == []
    )
    assert re.findall(r"^\s*\[[A-Z]+\]\s*$", said, re.M) == []


@each_page
def test_a_page_is_short(page: Page) -> None:
    assert len(page.text.splitlines()) < LINES


# -- blocks ---------------------------------------------------------------------------------------


def fences(page: Page, kind: str) -> list[pages.Fence]:
    return [fence for fence in page.fences if fence.kind == kind]


@each_page
def test_diagrams(page: Page, built) -> None:
    figures = built(page).all("figure", "diagram")
    drawn = [Diagram(page.path, fence) for fence in fences(page, "diagram")]
    assert [f.attributes["aria-label"] for f in figures] == [d.alternative() for d in drawn]
    assert [f.text for f in figures] == ["\n".join(d.rows) for d in drawn]
    for figure in figures:
        assert figure.attributes["role"] == "img"
        assert figure.all("pre")[0].attributes["aria-hidden"] == "true"


@each_page
def test_transcripts(page: Page, built) -> None:
    """A transcript on a page is its file, and each command is copied alone."""
    blocks = built(page).all("div", "console")
    assert len(blocks) == len(fences(page, "console"))
    for block, fence in zip(blocks, fences(page, "console"), strict=True):
        text = (ROOT / fence.include).read_text(encoding="utf-8")
        header, _, rest = text.partition("\n")
        (pre,) = block.all("pre")
        assert pre.text == (rest if header.startswith("# network: ") else text)
        steps = transcript.load(ROOT / fence.include).steps
        commands = [step.command for step in steps if not step.returns]
        copied = [b.attributes["data-clipboard-text"] for b in block.all("button", "copy")]
        assert copied == commands
        assert "no-copy" in block.classes
        assert block.attributes["data-network"] in text or not header.startswith("# network")
        assert pre.all("code")[0].attributes["tabindex"] == "0"


@each_page
def test_programs(page: Page, built) -> None:
    """A program on a page is its file, byte for byte, under its title."""
    shown = [
        (block.all(name="filename")[0].text, code.text)
        for block in built(page).all("div", "highlight")
        if "console" not in block.classes and page.path != "docs/proofs.md"
        for code in block.all("code")
    ]
    assert shown == [
        (fence.attributes["title"], (ROOT / fence.include).read_text(encoding="utf-8"))
        for fence in fences(page, "python")
        if fence.include and not fence.is_computed
    ]


@each_page
def test_blocks_that_are_not_run(page: Page, built) -> None:
    figures = built(page).all("figure", "not-run")
    marked = fences(page, "not-run")
    assert [f.all("code")[0].text for f in figures] == ["\n".join(m.lines) for m in marked]
    for figure, fence in zip(figures, marked, strict=True):
        (caption,) = figure.all("figcaption")
        assert caption.all("span", "badge")[0].text == "not run here"
        assert fence.attributes["system"] in caption.text
        source = site().sources[fence.attributes["source"]]
        assert caption.all("a")[0].attributes["href"] == source.url


def test_blocks_are_counted() -> None:
    found = {kind: sum(len(fences(p, kind)) for p in PAGES) for kind in ("diagram", "console")}
    assert found["diagram"] >= 5
    assert found["console"] == len(list((ROOT / "snippets").rglob("*.console")))

"""Claims, quotations, sources and fences."""

import datetime
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import ROOT, _clean_environment

from lab import __main__ as cli
from lab import builder, claims, pages, record, snippets, sources
from lab.errors import LabError, Malformed
from lab.pages import Page
from lab.problems import problems_of
from lab.proofs import Proof, proofs_in
from lab.site import PROVEN, SHOWN, SOURCED, Site, coverage_table, load

PAGE = "docs/start/page.md"
TITLES = {"docs/index.md": "Where?", "docs/start/other.md": "The other page"}
SENTENCE = "Uvicorn takes port `8000`."
FENCE = '```python title="main.py"\n--8<-- "snippets/page/main.py"\n```'
SHOWN_FILE = '```console\n--8<-- "snippets/page/run.console"\n```'
MODULE = f'''"""{PAGE}"""


def test_it(home):
    """{SENTENCE}"""
    assert home.port == 8000
'''
SOURCE = """\
[ip-7]
title = "ip(7)"
publisher = "Linux"
url = "https://man7.org/ip.7.html"
seen = 2026-01-02
says = "0.0.0.0 binds to all."
digest = "DIGEST"
supports = ["Linux binds."]

[publishers]
"Linux" = "man7.org"
"""


def signed(text: str) -> str:
    """Sign the sources of a file, in order, wherever it says DIGEST."""
    for values in tomllib.loads(text).values():
        if values.get("digest") == "DIGEST":
            text = text.replace("DIGEST", sources.digest(values), 1)
    return text


def read(text: str) -> list[claims.Claim]:
    return list(claims.claims_of(Page(PAGE, text), TITLES, Path()))


def said(text: str) -> list[str]:
    """The claims of a page, each behind its line; instructions behind a `do`."""
    return [f"{c.line} {'do ' * c.instruction}{c.text}" for c in read(text)]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path):
    """A repository of one page and one proof; give other files, and get the site that they make."""

    def make(page: str = SENTENCE, **others: str) -> Site:
        files = {"tests/test_page.py": MODULE, "sources.toml": ""} | others
        files["sources.toml"] = signed(files["sources.toml"])
        write(tmp_path, {PAGE: f"[VERSIONS]\n\n{page}\n"} | files)
        return load(tmp_path)

    return make


def told(errors) -> list[str]:
    return [str(error) for error in errors]


def message(text: str) -> str:
    return textwrap.dedent(text).strip()


def check_refused(call, text: str, kind: type[LabError] = Malformed) -> None:
    """Assert that a call raises an error of which the whole text is this."""
    with pytest.raises(kind) as refused:
        call()
    assert str(refused.value) == message(text)


# -- which lines are claims -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Uvicorn takes port `8000`.", ["1 Uvicorn takes port `8000`."]),
        ("# Title\n\n## Transcripts\n\n### Run it\n", ["1 Title", "3 Transcripts", "5 do Run it"]),
        ("## Why 8000\n", ["1 Why 8000"]),
        ("## Phones\n", ["1 Phones"]),
        ("## Port `8000`\n", ["1 Port `8000`"]),
        ("## A phone reaches it\n", ["1 A phone reaches it"]),
        ("#The server: a phone\n", ["1 The server: a phone"]),
        ("# How a phone reaches it\n", ["1 How a phone reaches it"]),
        ("# How does it work?\n", ["1 How does it work?"]),
        ("## Is it public?\n", ["1 Is it public?"]),
        ("## Avoid&nbsp;this\n", ["1 Avoid&nbsp;this"]),
        ("## Run-as-root\n", ["1 Run-as-root"]),
        ("## Ticks ✓\n", ["1 Ticks ✓"]),
        ("## not here\n", ["1 not here"]),
        ("Why is it public?\n", ["1 Why is it public?"]),
        ("One is `1`.\nTwo is `2`.\n", ["1 One is `1`.", "2 Two is `2`."]),
        ("- One.\n* Two.\n+ Three.\n1. Four.\n", ["1 One.", "2 Two.", "3 Three.", "4 Four."]),
        ("- One.\n    - Two.\n        1. Three.\n", ["1 One.", "2 Two.", "3 Three."]),
        ("> One.\n> - Two.\n", ["1 One.", "2 Two."]),
        ("    Indented.\n", ["1 Indented."]),
        ("It ends in spaces.  \n", ["1 It ends in spaces."]),
        ("| who | bind |\n|---|---|\n| you | `::` |\n", ["1 | who | bind |", "3 | you | `::` |"]),
        ("|:--|--:|\n| b. C is `d`. | |\n", ["2 | b. C is `d`. | |"]),
        ("!!! note\n    Its body.\n", ["2 Its body."]),
        ('!!! note "Its title"\n    Its body.\n', ["1 Its title", "2 Its body."]),
        ('??? example "Its title"\n', ["1 Its title"]),
        ('???+ warning "Its title"\n', ["1 Its title"]),
        ('!!! note inline end "Its title"\n', ['1 !!! note inline end "Its title"']),
        ("!!! A phone reaches it\n", ["1 !!! A phone reaches it"]),
        ("=== A phone reaches it\n", ["1 === A phone reaches it"]),
        ('!!! note ""\n', []),
        ("<!-- A comment. -->\n", ["1 <!-- A comment. -->"]),
        ("<!-->A sentence.<!---->\n", ["1 <!-->A sentence.<!---->"]),
        ("| `::` | ✗ |\n", ["1 | `::` | ✗ |"]),
        ("<!--\nA sentence.\n", ["2 A sentence."]),
        ("Who reaches `0.0.0.0`?\n", ["1 Who reaches `0.0.0.0`?"]),
        ("---\n***\n\n...\n", []),
        ("[PROOFS]\n  [COVERAGE]\n", []),
        ("[Proofs]\n", ["1 [Proofs]"]),
        ("{: #anchor }\n", ["1 {: #anchor }"]),
        ("Телефон достигает.\n", ["1 Телефон достигает."]),
        ("Linux refuses.[^ip-7]\n", ["1 Linux refuses."]),
        ("Linux[^ip-7] refuses.[^man]\n", ["1 Linux refuses."]),
        ("[^ip-7] A sentence.\n", ["1 A sentence."]),
        ("*[HTML]: A sentence.\n", ["1 *[HTML]: A sentence."]),
        ("![A phone](phone.png)\n", ["1 ![A phone](phone.png)"]),
        ("<p>A phone.</p>\n", ["1 <p>A phone.</p>"]),
        ("- [The other page](other.md)\n", []),
        ("- [The other page](other.md#part)\n", []),
        ("[Where?](../index.md)\n", []),
        ("[Another name](other.md)\n", ["1 [Another name](other.md)"]),
        ("[The other page](gone.md)\n", ["1 [The other page](gone.md)"]),
        ("[The other page](../index.md)\n", ["1 [The other page](../index.md)"]),
        ("[Where?](https://fastapi.tiangolo.com/)\n", ["1 [Where?](https://fastapi.tiangolo.com/)"]),
        ("Read [The other page](other.md) and act.\n", ["1 Read [The other page](other.md) and act."]),
        ("Read [why it is so](other.md).\n", ["1 Read [why it is so](other.md)."]),
        ("It prints `a. B` and `C! D`.\n", ["1 It prints `a. B` and `C! D`."]),
    ],
)  # fmt: skip
def test_claims(text: str, found: list[str]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Run `uvicorn main:app` and `curl http://127.0.0.1:8000/`.",
        "Save this program as `main.py`.",
        "Pick a page.",
        "Press `Ctrl+C`.",
        "Run `main.py`, and stop it.",
        "Run `x` and `y`.",
        "Run `x`, `y`, and `z`, and then stop it.",
        "Press Ctrl+C.",
        "Then run `python main.py`.",
        "Open a second terminal.",
        "Stop the server with `^C`.",
        "Install `httpx`, change the file and set `port`:",
        "Use `main.py` again, stop it, and press `^C`.",
    ],
)
def test_instructions(text: str) -> None:
    assert said(text) == [f"1 do {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "Bind `127.0.0.1` and reach the app.",
        "Run `uvicorn main:app` to reach it.",
        "Run `uvicorn main:app`, since a phone asks.",
        "Run `uvicorn main:app`: all is well.",
        "Bind `::` because IPv4 comes along.",
        "Bind `::`; IPv4 comes along.",
        "Open port 8000.",
        "Open `main.py` on Windows.",
        "Press the key of your Mac.",
        "Bind `127.0.0.1` while nobody asks.",
        "Bind `127.0.0.1` unless a phone asks.",
        "Runs `uvicorn main:app`.",
        "Run `uvicorn main:app` as root.",
        "Run `curl` in another terminal.",
        "Save `main.py` quickly.",
        "Read [what phones do](other.md).",
        "`Run` this.",
        "run `uvicorn main:app`.",
        "Stop it and the page and the program stop.",
        "Start the program and the page start.",
        "Find the page open.",
        "Stop the program, it write the file.",
        "Send it; the page open.",
        "Write the program; this program run.",
        "Press `^C` and it stop.",
        "Press Ctrl+C and it stop.",
        "Type `main.py`: the program read the file.",
        "Run the program again and read `main.py` and it start.",
        "Then the program stop.",
        "Run `x` and `y` stop.",
        "Change the file, then the server start.",
        "Run the program?",
    ],
)
def test_an_instruction_with_a_fact_is_a_claim(text: str) -> None:
    assert said(text) == [f"1 {text}"]


def test_an_instruction_with_a_source_is_a_claim() -> None:
    (claim,) = read("Bind `::`.[^ip-7]\n")
    assert (claim.instruction, claim.sources) == (False, ("ip-7",))


def test_fences_hold_no_claims() -> None:
    inside = '!!! note\n\n    ```console\n    --8<-- "snippets/page/run.console"\n    ```\n\n    It ran.\n'
    assert said(f"{FENCE}\n\nIt runs.\n\n{inside}") == ["5 It runs.", "13 It ran."]
    assert said("~~~~ text\n```\nInside.\n~~~\n~~~~\nOutside.\n") == ["6 Outside."]


@pytest.mark.parametrize(
    "line",
    [
        "Uvicorn takes it. FastAPI takes none.",
        "It takes `8000`. `9000` is free.",
        "- It is (so)! It is.",
        "It is **so**. **It** is.",
        "It speaks HTTP. It listens.",
        "It is free. 127.0.0.1 is taken.",
        "It is free. [Uvicorn](x.md) is not.",
        "**It is free.** The phone is not.",
        "It is free. (It is not.)",
        "(It is free.) It is not.",
    ],
)
def test_two_sentences_on_one_line(line: str) -> None:
    check_refused(
        lambda: read(f"# T\n\n{line}\n"),
        f"""
        {PAGE}:3: this line has two sentences
          line:   {line.removeprefix("- ")}
          remedy: write one sentence on each line, so that each can be proven
        """,
    )


def test_a_marker_that_does_not_exist() -> None:
    check_refused(
        lambda: read("# T\n\n  [SAFE]\n"),
        f"""
        {PAGE}:3: there is no marker [SAFE]
          markers: [COVERAGE], [PLACEHOLDERS], [PROOFS], [VERSIONS]
        """,
    )
    (claim,) = read('```python exec="on"\nprint("[PROOFS]")\n```\n')  # nothing replaces it there
    assert claim.text == "[PROOFS]"


def test_an_abbreviation_ends_no_sentence() -> None:
    line = "A server, e.g. Uvicorn, i.e. a program, takes a port (cf. RFC 6335), vs. Gunicorn."
    assert said(line) == [f"1 {line}"]


# -- proofs ---------------------------------------------------------------------------------------


def in_module(body: str, page: str = PAGE, file: str = "tests/test_page.py") -> list[Proof]:
    text = f'"""{page}"""\n\n{textwrap.dedent(body)}'
    return proofs_in(text, file, {(PAGE, SENTENCE)})


QUOTING = f'def test_it():\n    """{SENTENCE}"""\n    assert True\n'


def test_a_proof_carries_the_first_paragraph_of_its_docstring() -> None:
    body = '''
        def test_first(home):
            """One.
            Two.

            No quotation.
            """
            # Nobody proves a comment.
            play("a.console"), play("b-c.console")  # nor this
            assert home


        async def test_second():
            """Three."""
            assert True


        def test_third():
            assert True


        def helper():
            """Help."""
        '''
    first, second = in_module(body)
    assert first.quotes == ((5, "One."), (6, "Two."))
    assert first.place == "tests/test_page.py:4"
    assert first.anchor == "test-page-test-first"
    assert first.transcripts == ["a.console", "b-c.console"]
    assert first.source == (
        'def test_first(home):\n\n    play("a.console"), play("b-c.console")\n    assert home'
    )
    assert second.quotes == ((16, "Three."),)


def test_other_modules_have_no_proofs() -> None:
    assert in_module(QUOTING, page="The lab's own tests") == []
    assert in_module(QUOTING, page=f"{PAGE} and more") == []
    assert proofs_in(QUOTING, "tests/test_page.py") == []


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        (QUOTING.replace("test_it", "it"), "tests/test_page.py:3", "its name does not begin with test_"),
        (
            "class TestIt:\n" + textwrap.indent(QUOTING, "    "),
            "tests/test_page.py:4",
            "it stands inside another function or class",
        ),
        (
            "def make():\n" + textwrap.indent(QUOTING, "    "),
            "tests/test_page.py:4",
            "it stands inside another function or class",
        ),
        (QUOTING + QUOTING, "tests/test_page.py:6", "a second function of this name hides the first"),
        (
            "def test_it(): ...\n" + QUOTING,
            "tests/test_page.py:4",
            "a second function of this name hides the first",
        ),
        (
            "@pytest.mark.skip\n" + QUOTING,
            "tests/test_page.py:4",
            "it is marked with pytest.mark.skip",
        ),
        (
            "@pytest.mark.skipif(True, reason='later')\n" + QUOTING,
            "tests/test_page.py:4",
            "it is marked with pytest.mark.skipif(True, reason='later')",
        ),
        (
            "@mark.slow\n@mark.xfail\n" + QUOTING,
            "tests/test_page.py:5",
            "it is marked with mark.xfail",
        ),
        (QUOTING, "tests/proofs.py:3", "pytest does not collect proofs.py"),
    ],
    ids=["name", "class", "function", "twice", "empty first", "skip", "skipif", "xfail", "file"],
)  # fmt: skip
def test_a_quotation_that_pytest_does_not_run(body: str, place: str, reason: str) -> None:
    name = re.search(rf"def (\w+)\(\):\n +\"\"\"{re.escape(SENTENCE)}", body)[1]
    check_refused(
        lambda: in_module(body, file=place.partition(":")[0]),
        f"""
        {place}: {name} quotes a sentence, but pytest does not run it
          reason: {reason}
          remedy: make it a plain test function
        """,
    )


def test_a_helper_of_the_same_name_as_a_nested_one_is_no_proof() -> None:
    body = QUOTING + '\n\ndef make():\n    def helper():\n        """No sentence of the page."""\n'
    assert [proof.name for proof in in_module(body)] == ["test_it"]


def test_a_proof_without_assertion() -> None:
    check_refused(
        lambda: in_module(QUOTING.replace("assert True", "home.run('true')")),
        """
        tests/test_page.py:3: test_it asserts nothing
          remedy: assert what its sentence says
        """,
    )


@pytest.mark.parametrize(
    "body",
    [
        "assert True",
        "with pytest.raises(OSError): connect()",
        "check_reaches(phone, URL)",
        "reach.cannot_hear(phone, URL)",
        "for _ in (1, 2):\n        assert True",
    ],
)
def test_what_counts_as_an_assertion(body: str) -> None:
    assert len(in_module(QUOTING.replace("assert True", body))) == 1


def test_pytest_collects_every_proof() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0"],
        cwd=ROOT,
        env=_clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    collected = {line.partition("[")[0] for line in listed.splitlines() if "::" in line}
    proofs = load(ROOT).proofs
    assert len(proofs) > 60
    assert {f"{proof.file}::{proof.name}" for proof in proofs} <= collected


# -- pages against proofs -------------------------------------------------------------------------


def test_a_sound_site_has_no_problems(small) -> None:
    site = small()
    assert told(problems_of(site)) == []
    assert told(site.open_claims(site.pages[0])) == []
    assert [site.state(claim) for claim in site.claims] == [PROVEN]
    assert site.proofs_of(site.claims[0]) == site.proofs


def test_a_stray_quotation(small) -> None:
    site = small("It is free.\nUvicorn takes the port `8000`.")
    assert told(problems_of(site)) == [
        message(f"""
            tests/test_page.py:5: {PAGE} has no such sentence
              quoted:  {SENTENCE}
              nearest: Uvicorn takes the port `8000`. (line 4)
              remedy:  make the docstring and the page say the same
            """)
    ]


def test_a_stray_quotation_on_a_page_without_sentences(small) -> None:
    assert told(problems_of(small(""))) == [
        message(f"""
            tests/test_page.py:5: {PAGE} has no such sentence
              quoted: {SENTENCE}
              remedy: make the docstring and the page say the same
            """)
    ]


def test_a_sentence_that_stands_twice(small) -> None:
    site = small(f"{SENTENCE}\n\n- {SENTENCE}\n\nPick a page.\n\nPick a page.")
    assert told(problems_of(site)) == [
        message(f"""
            {PAGE}:5: this sentence stands twice
              sentence: {SENTENCE}
              first:    {PAGE}:3
              remedy:   say it once
            """)
    ]


def test_what_the_builder_says_is_of_the_first_page(small) -> None:
    lines = (
        "site_name: Who listens?\nsite_description: All of it\n"
        "nav:\n  - Home: index.md\n  - Phones reach it all:\n      - a.md\ncopyright: Nobody\n"
    )
    site = small(**{"docs/index.md": "# Start\n", "mkdocs.yml": lines})
    said = [(c.page, c.place, c.text, c.prose) for c in site.claims if c.file == "mkdocs.yml"]
    assert said == [
        ("docs/index.md", "mkdocs.yml:1", "Who listens?", False),
        ("docs/index.md", "mkdocs.yml:2", "All of it", False),
        ("docs/index.md", "mkdocs.yml:4", "Home", False),
        ("docs/index.md", "mkdocs.yml:5", "Phones reach it all", False),
        ("docs/index.md", "mkdocs.yml:7", "Nobody", False),
    ]


def test_pages_stand_in_the_order_of_the_navigation(small) -> None:
    files = {f"docs/{name}.md": "" for name in ("a", "b", "c")}
    site = small(**files, **{"mkdocs.yml": "nav:\n  - C: c.md\n  - start/page.md\n  - a.md\n"})
    assert [page.stem for page in site.pages] == ["c", "page", "a", "b"]
    again = small(**files, **{"mkdocs.yml": "nav:\n  - a.md\n  - c.md\n  - start/page.md\n"})
    assert [page.stem for page in again.pages] == ["a", "c", "page", "b"]


def test_a_page_stands_in_the_navigation_by_its_whole_path(small) -> None:
    files = dict.fromkeys(["docs/start/local.md", "docs/c.md", "docs/local.md"], "")
    nav = "# Not local.md first.\nnav:\n  - start/local.md\n  - c.md\n  - local.md\n"
    site = small(**files, **{"mkdocs.yml": nav})
    assert [page.path for page in site.pages][:3] == list(files)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("site_description: >-\n  All\n  of it\n", ["1 All of it"]),
        ("copyright: 'Nobody: at all'  # a comment\n", ["1 Nobody: at all"]),
        ("site_name: Who?  # a comment\n", ["1 Who?"]),
        ("copyright:\nsite_description: ~\n", []),
        ('nav:\n- "One: two": a.md  # three\n', ["2 One: two"]),
        ("nav:\n  - Out: https://example.com/\n", ["2 Out"]),
        ("nav: [{A: [{B: b.md}]}]\n", ["1 A", "1 B"]),
        ("a: !!python/name:os.system\nsite_name: A\n", ["2 A"]),
        ("- nothing\n", "mkdocs.yml: this is no table of settings"),
        ("site_name: !ENV [A, b]\n", "mkdocs.yml:1: site_name is no plain text"),
        ("site_name: !ENV A\n", "mkdocs.yml:1: site_name is no plain text"),
        ("site_name: [A\n", "mkdocs.yml: this is not YAML"),
    ],
)
def test_what_the_builder_says(tmp_path: Path, text: str, found: list[str] | str) -> None:
    write(tmp_path, {"mkdocs.yml": text})
    try:
        told = [f"{line} {text}" for line, text, _ in builder.said(tmp_path)]
    except Malformed as error:
        told = str(error).partition("\n")[0]
    assert told == found


def test_a_proof_of_no_page(small) -> None:
    lost = {"tests/test_gone.py": MODULE.replace(PAGE, "docs/gone.md")}
    assert told(problems_of(small(**lost))) == ["tests/test_gone.py: there is no page docs/gone.md"]


def test_a_sentence_of_another_page_is_stray(small) -> None:
    other = {
        "docs/start/other.md": f"{SENTENCE}\n",
        "tests/test_other.py": MODULE.replace(PAGE, "docs/start/other.md"),
    }
    assert [text.partition("\n")[0] for text in told(problems_of(small("Another.", **other)))] == [
        f"tests/test_page.py:5: {PAGE} has no such sentence"
    ]


def test_a_page_without_proof(small) -> None:
    alone = {"docs/alone.md": "It is alone.\n", "docs/silent.md": "[VERSIONS]\n"}
    assert told(problems_of(small(**alone))) == [
        message("""
            docs/alone.md: this page has no proof
              remedy: begin a module of tests/ with the docstring docs/alone.md
            """)
    ]


def test_a_heading_is_quoted_but_does_not_count(small) -> None:
    text = f"{SENTENCE}\n\n## Ports\n\n[PROOFS]"
    site = small(text)
    assert told(site.open_claims(site.pages[0]))[0].startswith(f"{PAGE}:5: this claim is open")
    quoted = MODULE.replace(f'{SENTENCE}"""', f'{SENTENCE}\n    Ports\n    """')
    site = small(text, **{"tests/test_page.py": quoted})
    assert told(problems_of(site)) == []
    assert [site.state(claim) for claim in site.claims] == [PROVEN, SHOWN]


def test_an_open_claim(small) -> None:
    site = small(f"{SENTENCE}\nA phone reaches it.")
    assert told(site.open_claims(site.pages[0])) == [
        message(f"""
            {PAGE}:4: this claim is open
              claim:  A phone reaches it.
              remedy: quote it in the docstring of a test in tests/test_page.py, or name a source behind it, as in [^name], from sources.toml
            """)
    ]


@pytest.mark.parametrize(
    "system", ["macOS", "Windows", "Docker", "iPhone", "Chrome", "WSL2", "every system"]
)
def test_a_claim_about_another_system_needs_a_source(small, system: str) -> None:
    sentence = f"On {system} Uvicorn takes port `8000`."
    module = {"tests/test_page.py": MODULE.replace(SENTENCE, sentence)}
    site = small(sentence, **module)
    assert told(problems_of(site)) == []
    assert told(site.open_claims(site.pages[0])) == [
        message(f"""
            {PAGE}:3: this claim names {system}, which the lab cannot run
              claim:  {sentence}
              remedy: name a source behind it, as in [^name], from sources.toml
            """)
    ]
    carried = {"sources.toml": SOURCE.replace("Linux binds.", sentence)}
    sourced = small(f"{sentence}[^ip-7]", **module, **carried)
    assert told(sourced.open_claims(sourced.pages[0])) == []
    assert sourced.state(sourced.claims[0]) == PROVEN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Every system refuses ports below 1024.", "Every system"),
        ("All systems do.", "All systems"),
        ("Most systems have `lsof`.", "Most systems"),
        ("It works on other operating systems.", "other operating systems"),
        ("On OS X and FreeBSD it waits.", "OS X"),
        ("A MacBook takes it.", "MacBook"),
        ("Macs take it.", "Macs"),
        ("iPadOS takes it.", "iPadOS"),
        ("ChromeOS takes it.", "ChromeOS"),
        ("FreeBSD takes it.", "FreeBSD"),
        ("Podman takes it.", "Podman"),
        ("Opera takes it.", "Opera"),
        ("Brave takes it.", "Brave"),
        ("`docker run -p 8000:8000 app` takes it.", "docker"),
        ("On Windows of any age it waits.", "Windows"),
        ("Edge takes it.", "Edge"),
        ("With every system call it waits.", ""),
        ("Edge cases are rare.", ""),
        ("Its `docker0` has `172.17.0.1`.", ""),
        ("The operating system answers.", ""),
    ],
)
def test_what_the_lab_cannot_run(text: str, named: str) -> None:
    found = claims.ELSEWHERE.search(text)
    assert (found[0] if found else "") == named


def test_a_heading_names_no_other_system(small) -> None:
    text = f"{SENTENCE}\n\n## macOS takes port `8000`"
    quoted = MODULE.replace(f'{SENTENCE}"""', f'{SENTENCE}\n    macOS takes port `8000`\n    """')
    files = {
        "tests/test_page.py": quoted,
        "docs/index.md": "",
        "mkdocs.yml": "nav:\n  - Docker: a.md\n",
    }
    assert told(problems_of(small(text, **files)))[:2] == [
        message(f"""
            {PAGE}:5: this heading names macOS, which the lab cannot run
              heading: macOS takes port `8000`
              remedy:  name it in a sentence below, which can carry a source
            """),
        message("""
            mkdocs.yml:2: this heading names Docker, which the lab cannot run
              heading: Docker
              remedy:  name it in a sentence below, which can carry a source
            """),
    ]


def test_an_instruction_names_what_the_block_below_it_shows(small) -> None:
    """A word of a block is not enough: a file is its title, a command a whole step."""
    steps = {
        "snippets/page/run.console": "laptop$ uvicorn main:app\nlaptop (uvicorn main:app): ^C\n",
        "snippets/page/main.py": "",
    }
    run = "Run `uvicorn` and `main.py`, and press `^C`."
    save = "Save this program as `main.py`."
    text = f"{SENTENCE}\n\n{save}\n\n{FENCE}\n\n{run}\n\n{SHOWN_FILE}"
    site = small(text, **steps)
    assert told(site.open_claims(site.pages[0])) == [
        message(f"""
            {PAGE}:11: this instruction names what the block below it does not show
              claim:  {run}
              values: `uvicorn`, `main.py`
              remedy: show it in a block, or quote it in the docstring of a test in tests/test_page.py
            """)
    ]
    seen = small(text.replace("`uvicorn` and `main.py`", "`uvicorn main:app`"), **steps)
    assert [seen.state(claim) for claim in seen.claims] == [PROVEN, SHOWN, SHOWN]
    assert told(seen.open_claims(seen.pages[0])) == []


@pytest.mark.parametrize(
    ("run", "unseen"),
    [
        ("Stop the server with `^C`.", ""),
        ("Press Ctrl+C.", ""),
        ("Press `Ctrl+C`.", ""),
        ("Press Ctrl+D.", "`Ctrl+D`"),
        ("Then run `uvicorn main:app`, and press `Ctrl+D`.", "`Ctrl+D`"),
        ("Use `main:app` and Ctrl+C.", "`main:app`"),
    ],
)
def test_an_instruction_names_a_key_that_the_block_below_it_shows(small, run, unseen) -> None:
    steps = "laptop$ uvicorn main:app\nlaptop (uvicorn main:app): ^C\n"
    site = small(f"{SENTENCE}\n\n{run}\n\n{SHOWN_FILE}", **{"snippets/page/run.console": steps})
    found = [f"  values: {unseen}" in error for error in told(site.open_claims(site.pages[0]))]
    assert found == ([True] if unseen else [])


def test_coverage_counts_each_claim_once(small) -> None:
    site = small(
        f"{SENTENCE}\nLinux binds.[^ip-7]\nA phone reaches it.\nPick a page.",
        **{"sources.toml": SOURCE},
    )
    assert coverage_table(site) == message(f"""
        | page               | proven | sourced | open |
        |--------------------|-------:|--------:|-----:|
        | {PAGE} |      1 |       1 |    1 |
        | all                |      1 |       1 |    1 |
        """)


# -- proofs of other things -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("A phone takes port `8000`.", "phone"),
        ("Uvicorn takes port `8001`.", "8001"),
        ("It ends with `exit status`.", "exit"),
        ("It takes `--port 8000` and `reload`.", "reload"),
        ("It ends with exit status 5.", "5"),
        ("It is 8000 or 80.", "80"),
        ("Ctrl+D ends it.", "Ctrl+D"),
        ("A firewall drops it.", "firewall"),
        ("The request times out.", "times out"),
        ("The request is refused.", "refus"),
        ("It answers a browser.", "browser"),
    ],
)
def test_a_proof_that_never_names_what_its_sentence_does(small, sentence: str, name: str) -> None:
    body = MODULE.replace("assert home", "assert home.run('--port 8000')")
    site = small(sentence, **{"tests/test_page.py": body.replace(SENTENCE, sentence)})
    assert told(problems_of(site)) == [
        message(f"""
            tests/test_page.py:5: test_it never names `{name}`, and its sentence does
              sentence: {sentence}
              remedy:   try what the sentence says, or say what is tried
            """)
    ]


def test_what_a_proof_names_may_stand_in_its_module_and_transcripts(small) -> None:
    sentence = "A phone takes `8000`, `9000`, `a_b` and `C`."
    module = f'''"""{PAGE}"""


PORT = 8000


def ask(host="phone"):
    """Names 7000."""
    return answer(PORT)


def answer(port):
    assert port


def test_it(play):
    """{sentence}

    `7000` is only talked about.
    """
    assert ask() == play("run.console")
'''
    files = {"tests/test_page.py": module, "snippets/page/run.console": "laptop$ a_b 9000\n"}
    site = small(sentence, **files)
    assert told(problems_of(site)) == []
    (proof,) = site.proofs
    assert "7000" not in proof.evidence
    lost = small(sentence, **files | {"snippets/page/run.console": "laptop$ a_b\n"})
    assert "never names `9000`" in told(problems_of(lost))[0]
    talk = module.replace("`9000`", "`7000`")
    told_only = small(sentence.replace("9000", "7000"), **files | {"tests/test_page.py": talk})
    assert "never names `7000`" in told(problems_of(told_only))[0]


def test_two_sentences_that_change_places(small) -> None:
    module = MODULE.replace(
        "def",
        """def test_first(home):
    \"\"\"It waits.\"\"\"
    assert home


def""",
    )
    sound, changed = f"It waits.\n{SENTENCE}", f"{SENTENCE}\nIt waits."
    assert told(problems_of(small(sound, **{"tests/test_page.py": module}))) == []
    assert told(problems_of(small(changed, **{"tests/test_page.py": module}))) == [
        message(f"""
            tests/test_page.py:9: test_it stands behind test_first, and its sentence before
              its sentence: {SENTENCE} (line 3)
              test_first:   It waits. (line 4)
              remedy:       let the sentences of the page and their proofs stand in one order
            """)
    ]


@pytest.mark.parametrize("used", ['play("run.console")', '"run.console"'])
def test_a_file_is_run_by_a_proof_of_its_section(small, used: str) -> None:
    files = {
        "snippets/page/run.console": "laptop$ true\n",
        "tests/test_page.py": MODULE.replace("home.port", f"{used}, home.port"),
    }
    assert told(problems_of(small(f"## Run it\n\n{SENTENCE}\n\n{SHOWN_FILE}", **files))) == []
    text = f"{SENTENCE}\n\n## Run it\n\n{SHOWN_FILE}"
    assert told(problems_of(small(text, **files))) == [
        message(f"""
            {PAGE}:8: no proof of this section runs run.console
              section: Run it
              remedy:  let one run it, or show it in the section that it belongs to
            """)
    ]


@pytest.mark.parametrize("step", ["uvicorn main:app", "python main.py"])
def test_a_program_may_be_run_by_a_transcript_that_a_proof_plays(small, step: str) -> None:
    files = {
        "snippets/page/run.console": f"laptop$ {step}\n",
        "snippets/page/main.py": "",
        "tests/test_page.py": MODULE.replace("home.port", 'play("run.console"), home.port'),
    }
    assert told(problems_of(small(f"{SENTENCE}\n\n{FENCE}", **files))) == []
    other = files | {"snippets/page/run.console": "laptop$ true\n"}
    (problem,) = told(problems_of(small(f"{SENTENCE}\n\n{FENCE}", **other)))
    assert problem.startswith(f"{PAGE}:6: no proof of this section runs main.py\n")


# -- sources --------------------------------------------------------------------------------------


def test_an_unknown_source(small) -> None:
    site = small(f"Linux binds.[^ip-7]\n{SENTENCE}[^ip7]", **{"sources.toml": SOURCE})
    assert told(problems_of(site)) == [
        f"{PAGE}:4: sources.toml has no source called ip7\n  nearest: ip-7"
    ]


def test_an_unknown_source_where_there_is_none(small) -> None:
    site = small(f"{SENTENCE}[^ip-7]")
    assert told(problems_of(site)) == [f"{PAGE}:3: sources.toml has no source called ip-7"]


def test_an_unknown_source_of_a_block_that_is_not_run(small) -> None:
    site = small(f'{SENTENCE}\n\n```not-run system="Windows" source="ip7"\nnetstat\n```')
    assert told(problems_of(site)) == [f"{PAGE}:5: sources.toml has no source called ip7"]


def test_an_unused_source(small) -> None:
    assert told(problems_of(small(**{"sources.toml": SOURCE}))) == [
        "sources.toml: no page uses the source ip-7\n  remedy: remove it",
        message("""
            sources.toml [ip-7]: no page rests this on it
              text:   Linux binds.
              remedy: make the page and `supports` say the same
            """),
    ]


def test_a_block_that_is_not_run_rests_on_its_source(small) -> None:
    block = '```not-run system="Windows" source="ip-7"\nnetstat -a\nnetstat -b\n```'
    carried = {"sources.toml": SOURCE.replace("Linux binds.", "Windows:\\nnetstat -a\\nnetstat -b")}
    assert told(problems_of(small(f"{block}\n\n{SENTENCE}", **carried))) == []
    assert told(problems_of(small(f"{block.replace('-b', '-c')}\n\n{SENTENCE}", **carried))) == [
        message(f"""
            {PAGE}:3: the source ip-7 does not carry this
              text:    Windows:
                       netstat -a
                       netstat -c
              nearest: Windows:
                       netstat -a
                       netstat -b
              remedy:  read the document again, and make `supports` in sources.toml say the same
            """),
        message("""
            sources.toml [ip-7]: no page rests this on it
              text:    Windows:
                       netstat -a
                       netstat -b
              nearest: Windows:
                       netstat -a
                       netstat -c
              remedy:  make the page and `supports` say the same
            """),
    ]


def test_a_sentence_that_its_source_does_not_carry(small) -> None:
    text = f"Linux never binds.[^ip-7]\n{SENTENCE}"
    assert told(problems_of(small(text, **{"sources.toml": SOURCE}))) == [
        message(f"""
            {PAGE}:3: the source ip-7 does not carry this
              text:    Linux never binds.
              nearest: Linux binds.
              remedy:  read the document again, and make `supports` in sources.toml say the same
            """),
        message("""
            sources.toml [ip-7]: no page rests this on it
              text:    Linux binds.
              nearest: Linux never binds.
              remedy:  make the page and `supports` say the same
            """),
    ]


def test_a_footnote_that_moves_to_another_source(small) -> None:
    other = (
        SOURCE.partition("[publishers]")[0]
        .replace("ip-7", "ip-8")
        .replace("Linux binds.", "Run it | Linux ends.")
    )
    both = {"sources.toml": other + SOURCE}
    sound = f"Linux binds.[^ip-7]\n\n## Run it\n\nLinux ends.[^ip-8]\n{SENTENCE}"
    assert told(problems_of(small(sound, **both))) == []
    moved = sound.replace("ip-7", "x").replace("ip-8", "ip-7").replace("[^x]", "[^ip-8]")
    assert [text.partition("\n")[0] for text in told(problems_of(small(moved, **both)))] == [
        f"{PAGE}:3: the source ip-8 does not carry this",
        f"{PAGE}:7: the source ip-7 does not carry this",
        "sources.toml [ip-8]: no page rests this on it",
        "sources.toml [ip-7]: no page rests this on it",
    ]


def test_a_heading_carries_no_source(small) -> None:
    text = f"Linux binds.[^ip-7]\n\n## Ports[^ip-7]\n\n{SENTENCE}"
    assert told(problems_of(small(text, **{"sources.toml": SOURCE}))) == [
        f"{PAGE}:5: a heading carries no source"
    ]


def test_what_rests_on_a_source_stays_behind_its_sentence(small) -> None:
    files = {"sources.toml": SOURCE.replace("Linux binds.", f"{SENTENCE} | Linux binds.")}
    assert told(problems_of(small(f"{SENTENCE}\nLinux binds.[^ip-7]", **files))) == []
    assert told(problems_of(small(f"Linux binds.[^ip-7]\n{SENTENCE}", **files)))[0] == message(f"""
        {PAGE}:3: the source ip-7 does not carry this
          text:    Linux binds.
          nearest: {SENTENCE} | Linux binds.
          remedy:  read the document again, and make `supports` in sources.toml say the same
        """)
    proven = MODULE.replace(f'{SENTENCE}"""', f'{SENTENCE}\n    Linux binds.\n    """')
    kept = {"sources.toml": SOURCE, "tests/test_page.py": proven}
    assert told(problems_of(small(f"{SENTENCE}\nLinux binds.[^ip-7]", **kept))) == []


def test_what_rests_on_a_source_stays_in_its_section(small) -> None:
    block = '```not-run system="Windows" source="ip-7"\nnetstat\n```'
    carried = '"Ports | Linux binds.", "Hosts | Windows:\\nnetstat"'
    files = {"sources.toml": SOURCE.replace('"Linux binds."', carried)}
    sound = f"{SENTENCE}\n\n## Ports\n\nLinux binds.[^ip-7]\n\n## Hosts\n\n{block}\n"
    assert told(problems_of(small(sound, **files))) == []
    moved = sound.replace("Ports", "x").replace("Hosts", "Ports").replace("x", "Hosts")
    assert [text.partition("\n")[0] for text in told(problems_of(small(moved, **files)))] == [
        f"{PAGE}:7: the source ip-7 does not carry this",
        f"{PAGE}:11: the source ip-7 does not carry this",
        "sources.toml [ip-7]: no page rests this on it",
        "sources.toml [ip-7]: no page rests this on it",
    ]


def test_a_page_writes_no_footnote_itself() -> None:
    check_refused(
        lambda: read("[^ip-7]: A definition.\n"),
        f"""
        {PAGE}:1: a source stands in sources.toml
          line:   [^ip-7]: A definition.
          remedy: move it there, and name it here as in [^name]
        """,
    )


PLACE = "sources.toml [ip-7]"
SHAPE = f"{PLACE}: a source has digest, publisher, says, seen, supports, title, url"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('title = "ip(7)"\n', "", f"{SHAPE}\n  odd: title"),
        ("says =", "say =", f"{SHAPE}\n  odd: say, says"),
        ("[ip-7]", "[ip-7]\nday = 1", f"{SHAPE}\n  odd: day"),
        (
            "https://man7.org",
            "http://man7.org",
            f"{PLACE}: the address is not https\n  url: http://man7.org/ip.7.html",
        ),
        (
            "//man7.org",
            "//man7.org.example.com",
            f"{PLACE}: the address is not its publisher's\n"
            "  url:       https://man7.org.example.com/ip.7.html\n"
            "  publisher: Linux: man7.org\n"
            "  remedy:    mend the address, or add the publisher and its host to [publishers]",
        ),
        (
            '"Linux" =',
            '"BSD" =',
            f"{PLACE}: the address is not its publisher's\n"
            "  url:       https://man7.org/ip.7.html\n"
            "  publisher: Linux: (unknown)\n"
            "  remedy:    mend the address, or add the publisher and its host to [publishers]",
        ),
        (
            "2026-01-02",
            '"2026-01-02"',
            f"{PLACE}: `seen` is a day, as in 2026-11-21\n  seen: 2026-01-02",
        ),
        (
            "2026-01-02",
            "9998-01-02",
            f"{PLACE}: this day lies in the future\n"
            "  day:    9998-01-02\n"
            "  today:  2026-11-22 (UTC)\n"
            "  remedy: set the clock, or the day",
        ),
        ('"ip(7)"', '" "', f"{PLACE}: `title` is empty"),
        ('publisher = "Linux"', 'publisher = ""', f"{PLACE}: `publisher` is empty"),
        ('"0.0.0.0 binds to all."', '"\\t"', f"{PLACE}: `says` is empty"),
        ('["Linux binds."]', "[]", f"{PLACE}: `supports` is empty"),
        (
            "[ip-7]",
            "[ip-7",
            "sources.toml: this is not TOML: Expected ']' at the end of a table declaration (at line 1, column 6)",
        ),
    ],
    ids="missing misspelt odd http host unknown text future title publisher says supports toml".split(),
)  # fmt: skip
def test_a_malformed_source(tmp_path, monkeypatch, old: str, new: str, error: str) -> None:
    monkeypatch.setattr(record, "_today", lambda: datetime.date(2026, 11, 22))
    file = tmp_path / "sources.toml"
    assert SOURCE.count(old) == 1
    changed = SOURCE.replace(old, new)
    with suppress(KeyError, tomllib.TOMLDecodeError):
        changed = signed(changed)
    file.write_text(changed)
    check_refused(lambda: sources.load(file), error)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ip(7)"', '"ip(8)"'),
        ("ip.7.html", "ip.8.html"),
        ("2026-01-02", "2026-01-03"),
        ("binds to all", "binds to none"),
        ("Linux binds.", "Linux never binds."),
    ],
)
def test_a_source_that_changed_after_it_was_looked_at(tmp_path: Path, old: str, new: str) -> None:
    file = tmp_path / "sources.toml"
    file.write_text(signed(SOURCE).replace(old, new))
    before, after = (tomllib.loads(text)["ip-7"] for text in (signed(SOURCE), file.read_text()))
    check_refused(
        lambda: sources.load(file),
        f"""
        {PLACE}: this changed after the document was looked at
          says:   {after["says"]}
          digest: {before["digest"]}
          remedy: read the document, set `seen` to that day, and then `digest = "{sources.digest(after)}"`; a new `seen` makes another digest
        """,
    )


def test_a_source_that_was_seen_where_the_day_has_begun(tmp_path: Path, monkeypatch) -> None:
    """East of UTC a day begins up to fourteen hours earlier."""
    file = tmp_path / "sources.toml"
    file.write_text(signed(SOURCE))
    monkeypatch.setattr(record, "_today", lambda: datetime.date(2026, 1, 1))
    assert sources.load(file)
    monkeypatch.setattr(record, "_today", lambda: datetime.date(2025, 12, 31))
    with pytest.raises(Malformed, match="this day lies in the future"):
        sources.load(file)


def test_a_sound_source(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    assert sources.load(file) == {}
    file.write_text(signed(SOURCE))
    (source,) = sources.load(file).values()
    assert (source.name, source.seen, source.says) == (
        "ip-7",
        "2026-01-02",
        "0.0.0.0 binds to all.",
    )
    assert source.supports == ("Linux binds.",)


# -- what blocks and parts say --------------------------------------------------------------------


def test_the_alternative_of_a_diagram_is_a_claim() -> None:
    (claim,) = read('\n\n```diagram alt="A phone asks"\nphone\n```\n')
    assert (claim.place, claim.text, claim.prose) == (f"{PAGE}:3", "A phone asks", False)


DRAWN = """
```diagram network="home" run="uvicorn main:app" alt="It answers"
┌────────────────┐   ┌───────┐
│ laptop         │   │ phone │
│ 127.0.0.1:8000 │◄──┤       │
└────────────────┘   └───────┘
```

```diagram network="home" run="container: curl localhost" alt="It is asked"
┌────────────────┐   ┌───────┐
│ laptop         │   │ phone │
│ 127.0.0.1:8000 │◄──┤       │
└────────────────┘   └───────┘
```
"""


@pytest.mark.parametrize(
    ("quoted", "does", "problem"),
    [
        ("It answers", "uvicorn main:app", ""),
        ("It is asked", "curl localhost", ""),
        (
            "It is asked",
            "uvicorn main:app",
            f"""
            tests/test_page.py:4: test_it says what a diagram shows, and does not run what runs there
              diagram: {PAGE}:12
              run:     curl localhost
              remedy:  let the proof run it
            """,
        ),
        (
            "It answers\n    It is asked",
            "uvicorn main:app; curl localhost",
            f"""
            tests/test_page.py:4: test_it says what 2 diagrams show
              lines:  5, 12 of {PAGE}
              remedy: let each be said by a proof of its own, so that they cannot change places
            """,
        ),
    ],
)
def test_a_proof_of_a_diagram_runs_what_the_diagram_runs(
    small, quoted: str, does: str, problem: str
) -> None:
    module = MODULE.replace(SENTENCE, f"{SENTENCE}\n    {quoted}\n    ")
    module = module.replace("home.port == 8000", f"home.run('{does}') == 8000")
    site = small(f"{SENTENCE}\n{DRAWN}", **{"tests/test_page.py": module})
    assert told(problems_of(site)) == ([message(problem)] if problem else [])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (re.sub("[┌│└].*\n", "", DRAWN), "this diagram is empty"),
        (
            DRAWN.replace(' alt="It answers"', ""),
            'a diagram has alt="…": what it shows, in words and without numbers',
        ),
    ],
)
def test_a_diagram_that_lost_what_a_proof_quotes(small, text: str, what: str) -> None:
    """It is named, where the proof would find no such sentence."""
    module = MODULE.replace(SENTENCE, f"{SENTENCE}\n    It answers\n    ")
    site = small(f"{SENTENCE}\n{text}", **{"tests/test_page.py": module})
    assert told(problems_of(site))[0] == f"{PAGE}:5: {what}"
    assert not any("has no such sentence" in problem for problem in told(problems_of(site)))


def test_what_a_computed_block_prints_is_a_claim() -> None:
    code = "print('| `a` | b |')\nprint('|---|---|')\nprint('| c | d |')\nprint('# e')\nprint('f.')"
    found = read(f'Here.\n\n```python exec="on"\n{code}\n```\n')
    assert [(c.line, c.text, c.prose) for c in found] == [
        (1, "Here.", True),
        (3, "| `a` | b |", False),
        (3, "| c | d |", False),
        (3, "e", False),
        (3, "f.", False),
    ]


def test_a_computed_block_that_fails() -> None:
    check_refused(
        lambda: read('# T\n```python exec="on"\n1 / 0\n```\n'),
        f"""
        {PAGE}:2: this block fails
          reason: ZeroDivisionError('division by zero')
        """,
    )


def test_a_part_that_a_page_includes_is_of_the_page(small) -> None:
    text = f'{SENTENCE}\n\n--8<-- "docs/assets/part.txt"\n'
    site = small(text, **{"docs/assets/part.txt": "[VERSIONS]\n\nIt waits.\n"})
    claim = site.claims[-1]
    assert (claim.page, claim.place, claim.text) == (PAGE, "docs/assets/part.txt:3", "It waits.")
    assert told(site.open_claims(site.pages[0]))[0].startswith(
        "docs/assets/part.txt:3: this claim is open"
    )


def test_a_part_that_changes_is_read_again(small, tmp_path: Path) -> None:
    part = "docs/parts/p.txt"
    assert small(f'{SENTENCE}\n\n--8<-- "{part}"\n', **{part: "It waits.\n"})
    write(tmp_path, {part: "It ends now.\n"})
    assert [claim.text for claim in load(tmp_path).claims] == [SENTENCE, "It ends now."]


def test_what_a_part_says_stands_where_the_page_includes_it(small) -> None:
    """Its fourth line is no fourth line of the page, which stands under another heading."""
    part = "docs/parts/p.txt"
    text = f'## One\n\n{SENTENCE}\n\n## Two\n\nIt waits.\n\n--8<-- "{part}"\n\nIt ends.[^ip-7]\n\n{SHOWN_FILE}\n'
    module = MODULE.replace(f'{SENTENCE}"""', f'{SENTENCE}\n    It waits.\n    """')
    carried = '"Two | It waits. | Linux binds.", "Two | Run `true`. | It ends."'
    files = {
        part: "\n\n\nLinux binds.[^ip-7]\n" + 20 * "\n" + "Run `true`.\n",
        "tests/test_page.py": module.replace("home.port", '"run.console", home.port'),
        "snippets/page/run.console": "laptop$ true\n",
        "sources.toml": SOURCE.replace('"Linux binds."', carried),
    }
    site = small(text, **files)
    assert told(problems_of(site)) == []
    assert [site.state(claim) for claim in site.claims if claim.file == part] == [SOURCED, SHOWN]


@pytest.mark.parametrize(
    "part", ["```text\n```\n", '--8<-- "docs/assets/part.txt"\n', "It waits.\n\n## Two\n"]
)
def test_a_part_holds_prose_alone(small, part: str) -> None:
    check_refused(
        lambda: small('--8<-- "docs/assets/part.txt"', **{"docs/assets/part.txt": part}),
        "docs/assets/part.txt: a part that a page includes holds prose alone",
    )


# -- fences and includes --------------------------------------------------------------------------


def check_page(text: str, error: str) -> None:
    check_refused(lambda: pages.check_fences(Page(PAGE, text)), error)


def test_a_fence_never_closed() -> None:
    check_refused(
        lambda: read("# T\n\n```python\nprint()\n`` `\n"), f"{PAGE}:3: this fence is never closed"
    )


NOBODY = f"""
    {PAGE}:2: nobody runs this block
      block:  ```%s
      begins: %s
      remedy: move it to snippets/ and show the file with `--8<--`, or mark it "not-run"
    """


@pytest.mark.parametrize(
    ("info", "body"),
    [
        ("python", "print()"),
        ("", "netstat -an"),
        ("python", '--8<-- "snippets/page/main.py" # and more'),
        ("python", '--8<-- "snippets/page/run.console"'),
        ("console", "laptop$ true"),
        ("console", '--8<-- "snippets/page/main.py"'),
        ('console exec="on"', "laptop$ true"),
        ('python exec="off"', "print()"),
    ],
)
def test_a_fence_that_nobody_runs(info: str, body: str) -> None:
    check_page(f"\n```{info}\n{body}\n```\n", NOBODY % (info, body))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("python", "lab/claims.py"),
        ("python", "snippets/other/main.py"),
        ("python", "snippets/page/../other/main.py"),
        ("console", "snippets/other/run.console"),
    ],
)
def test_a_fence_that_shows_a_file_of_another_page(kind: str, path: str) -> None:
    check_page(
        f'\n```{kind}\n--8<-- "{path}"\n```\n',
        f"""
        {PAGE}:2: this block shows a file of another page
          shown:  {path}
          folder: snippets/page/
        """,
    )


@pytest.mark.parametrize("title", ["mian.py", "main.py: run it", "snippets/page/main.py"])
def test_a_title_that_names_another_file(title: str) -> None:
    check_page(
        "\n" + FENCE.replace("main.py", title, 1),
        f"""
        {PAGE}:2: this title names another file than the block shows
          title: {title}
          file:  snippets/page/main.py
        """,
    )


def test_a_fence_with_more_than_its_include() -> None:
    first = '--8<-- "snippets/page/main.py"'
    check_page(f"\n```python\n{first}\nprint()\n```\n", NOBODY % ("python", first))


def test_an_empty_fence_is_not_run_either() -> None:
    check_page("\n```python\n```\n", (NOBODY % ("python", "")).replace("begins: ", "begins:"))


@pytest.mark.parametrize(
    ("info", "missing"),
    [
        ('not-run system="Windows"', "source"),
        ('not-run source="ip-7"', "system"),
        ("not-run", "source and system"),
    ],
)
def test_a_block_that_is_not_run_needs_a_source(info: str, missing: str) -> None:
    check_page(
        f"\n```{info}\nnetstat\n```\n",
        f"""
        {PAGE}:2: this block is not run, and lacks {missing}
          remedy: write ```not-run system="Windows" source="ms-netstat"
        """,
    )


@pytest.mark.parametrize(
    ("info", "body"),
    [
        ('python title="main.py"', '--8<-- "snippets/page/main.py"'),
        ("console", '  --8<-- "snippets/page/run.console"'),
        ('python exec="on"', "print()"),
        ('diagram alt="A laptop"', "laptop"),
        ('not-run system="Windows" source="ip-7"', "netstat"),
    ],
)
def test_a_fence_that_is_accounted_for(info: str, body: str) -> None:
    page = Page(PAGE, f"\n```{info}\n{body}\n```\n")
    pages.check_fences(page)
    (fence,) = page.fences
    assert (fence.kind, fence.line, fence.lines) == (info.split(maxsplit=1)[0], 2, (body,))


def test_a_fence_in_an_admonition_loses_its_indent() -> None:
    text = '??? example\n\n    ```console\n    --8<-- "snippets/page/run.console"\n    ```\n'
    page = Page(PAGE, text)
    assert page.fences[0].include == "snippets/page/run.console"
    assert page.includes == [(4, "snippets/page/run.console")]


def test_an_include_that_does_not_exist(tmp_path: Path) -> None:
    page = Page(PAGE, f"# T\n\n{FENCE}\n")
    write(tmp_path, {"snippets/page/mian.py": "", "snippets/page/other.console": ""})
    check_refused(
        lambda: pages.check_includes(tmp_path, page),
        f"""
        {PAGE}:4: there is no file snippets/page/main.py
          nearest: snippets/page/mian.py
          remedy:  mend the path, or add the file
        """,
    )


def test_an_include_where_nothing_exists(tmp_path: Path) -> None:
    check_refused(
        lambda: pages.check_includes(tmp_path, Page(PAGE, FENCE)),
        f"""
        {PAGE}:2: there is no file snippets/page/main.py
          nearest: (snippets/ is empty)
          remedy:  mend the path, or add the file
        """,
    )


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("port = 8000  # of the app\n", 1, "port = 8000  # of the app"),
        ("\n# A phone reaches it.\n", 2, "# A phone reaches it."),
        ('"""A module."""\n', 1, '"""A module."""'),
        ("def f():\n    'It waits.'\n\n\nf()\n", 2, "'It waits.'"),
        ("def it_waits():\n    return 1\n", 1, "def it_waits():"),
        ("HOST: str = str('0.0.0.0')\n", 1, "HOST: str = str('0.0.0.0')"),
        ("a = b = 1\nprint(c := 2)\n", 1, "a = b = 1"),
        ("if 1:\n    pass\n", 2, "pass"),
        ("x = 1\n('It waits.')\nprint(x)\n", 2, "('It waits.')"),
        ("NOTE = 'It waits.'\n", 1, "NOTE = 'It waits.'"),
        ("assert 'It waits.'\n", 1, "assert 'It waits.'"),
    ],
)
def test_prose_in_a_snippet(tmp_path: Path, code: str, line: int, text: str) -> None:
    write(tmp_path, {"snippets/page/main.py": code})
    check_refused(
        lambda: snippets.check_snippets(tmp_path),
        f"""
        snippets/page/main.py:{line}: a snippet says nothing in prose, which nobody would prove
          line:   {text}
          remedy: say it on the page
        """,
    )


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("phone$ echo It reaches.", "this command prints what it is told"),
        ("phone$ printf reached", "this command prints what it is told"),
        ('phone$ python -c "print(1)"', "this command prints what it is told"),
        ("phone$ curl http://x/ || ip route", "a step is one command"),
        ("phone$ : 0.0.0.0; ss -ltn", "a step is one command"),
        ("phone$ ss -ltn | sed s/80/81/", "a step is one command"),
        ("phone$ HOST=0.0.0.0 uvicorn main:app", "no program here reads HOST"),
        ("phone$ PORT=80 HOST=0.0.0.0 uvicorn main:app", "no program here reads HOST"),
        ("phone$ PORT=80 echo reached", "this command prints what it is told"),
        ("phone$ timeout 2 echo reached", "this command prints what it is told"),
        (
            "phone$ curl -A 'nobody can reach it' http://x/",
            "a command carries a sentence, which nobody would prove",
        ),
        (
            "phone# uvicorn main:app",
            "no proof names this step, and `#` gives it more than it may need",
        ),
    ],
)
def test_a_step_that_may_say_more_than_the_host(tmp_path: Path, command: str, what: str) -> None:
    write(tmp_path, {"snippets/page/run.console": f"{command}\n"})
    page = Page(PAGE, '# T\n\n```console\n--8<-- "snippets/page/run.console"\n```\n')
    (found,) = snippets.problems_of(Site(tmp_path, [page], [], [], {}))
    assert str(found).splitlines()[:2] == [
        f"snippets/page/run.console:1: {what}",
        f"  step:   {command}",
    ]


@pytest.mark.parametrize(
    "command",
    [
        "phone$ UVICORN_PORT=8080 uvicorn main:app",
        "phone$ kill $(lsof -t -iTCP:8000 -sTCP:LISTEN)",
        "phone# nft add chain ip nat x '{ type nat hook prerouting priority dstnat; }'",
        "phone$ sed -i 's/Hello/Good morning/' main.py",
        "phone$ ss -ltnp 'sport = :8000'",
        "phone$ curl -c cookies http://192.168.1.100:8000/",
    ],
)
def test_a_step_that_shows_the_host(tmp_path: Path, command: str) -> None:
    write(tmp_path, {"snippets/page/run.console": f"{command}\n"})
    page = Page(PAGE, '# T\n\n```console\n--8<-- "snippets/page/run.console"\n```\n')
    assert list(snippets.problems_of(Site(tmp_path, [page], [], [], {}))) == []


def test_a_part_that_nobody_runs(tmp_path: Path) -> None:
    write(tmp_path, {"snippets/page/main.py": 'if __name__ == "__main__":\n    print()\n'})
    text = '# T\n\n```python title="main.py"\n--8<-- "snippets/page/main.py"\n```\n'
    page = Page(PAGE, text)
    assert told(snippets.problems_of(Site(tmp_path, [page], [], [], {}))) == [
        "snippets/page/main.py: nobody runs the part below `if __name__`\n"
        "  remedy: show `python main.py`, or remove the part"
    ]
    run = Page(PAGE, text + "Run `python main.py`.\n\n```console\nlaptop$ python main.py\n```\n")
    assert told(snippets.problems_of(Site(tmp_path, [run], [], [], {}))) == []


@pytest.mark.parametrize(
    ("code", "place", "what"),
    [
        (b"x = (\n", "1", "this program is not valid Python"),
        (b"x = 1\ny = 'It\n", "2", "this program is not valid Python"),
        (b"x = 1\n# \xff\n", "2", "this is not UTF-8 text (invalid start byte)"),
    ],
)
def test_a_program_that_cannot_be_read(tmp_path: Path, code: bytes, place: str, what: str) -> None:
    write(tmp_path, {"snippets/page/main.py": ""})
    (tmp_path / "snippets/page/main.py").write_bytes(code)
    with pytest.raises(Malformed) as caught:
        snippets.check_snippets(tmp_path)
    assert str(caught.value).startswith(f"snippets/page/main.py:{place}: {what}")


def test_strings_of_a_snippet_are_code(tmp_path: Path) -> None:
    write(tmp_path, {"snippets/page/main.py": "print('# no comment', \"it\")\n"})
    snippets.check_snippets(tmp_path)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("<!--", "<!"),
        ("-->", "-->"),
        ("Port <!-- not --> `8000`.", "<!"),
        ("<?x", "<?"),
        ("Port `\u202e8000\u202c`.", "U+202E"),
        ("Port\u200b 8000", "U+200B"),
        ("Port\x08 8000", "U+0008"),
        ("Port \ue000", "U+E000"),
    ],
)
def test_what_a_reader_does_not_see(tmp_path: Path, line: str, found: str) -> None:
    write(tmp_path, {PAGE: f"# Page\n\nIn code `<!-- x -->` is shown.\n{line}\n"})
    check_refused(
        lambda: pages.load_pages(tmp_path),
        f"""
        {PAGE}:4: something here is not seen by a reader, or hides what stands beside it
          found:  {found}
          remedy: remove it
        """,
    )


@pytest.mark.parametrize("first", ["---\ntitle: A\n---\n", "--- \n", "\ufeff"])
def test_a_page_begins_with_its_first_line(tmp_path: Path, first: str) -> None:
    write(tmp_path, {PAGE: f"{first}# Page\n"})
    check_refused(
        lambda: pages.load_pages(tmp_path),
        f"""
        {PAGE}:1: a page begins with its first line: no front matter, no byte order mark
          remedy: remove it
        """,
    )


@pytest.mark.parametrize(
    "name",
    "docs/more.html docs/start/more.markdown docs/a.png docs/assets/a.js docs/b.css "
    "docs/assets/ports.txt docs/assets/fonts/notes.txt docs/assets/more.css".split(),
)
def test_a_file_that_is_no_page(tmp_path: Path, name: str) -> None:
    write(tmp_path, {PAGE: "# Page\n", "docs/assets/lab.css": "", name: ""})
    check_refused(
        lambda: pages.load_pages(tmp_path),
        f"""
        {name}: docs/ holds pages, their parts, style sheets and fonts alone
          remedy: move it elsewhere
        """,
    )


@pytest.mark.parametrize(
    ("style", "found"),
    [
        ("a::after { content: 'It waits'; color: red; }", "content: 'It waits'"),
        ("a::after { content : 'It waits'; }", "content : 'It waits'"),
        ('b { content: " " attr(title) "x"; }', 'content: " " attr(title) "x"'),
        ("li { list-style-type: 'false: '; }", "list-style-type: 'false: '"),
        ("h1 { background: url('data:image/svg+xml,x'); }", "data:"),
        ("a::after { c\\6fntent: 'x'; }", "\\"),
    ],
)
def test_a_style_sheet_says_nothing(tmp_path: Path, style: str, found: str) -> None:
    write(tmp_path, {PAGE: "# Page\n", "docs/assets/lab.css": style})
    check_refused(
        lambda: pages.load_pages(tmp_path),
        f"""
        docs/assets/lab.css: a style sheet says nothing in words
          found:  {found}
          remedy: say it on a page
        """,
    )
    write(tmp_path, {"docs/assets/lab.css": "a::before { content: '·'; font-weight: 400; }"})
    assert len(pages.load_pages(tmp_path)) == 1


def test_an_orphan(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["snippets/page/main.py", "snippets/page/a/lost.py"], ""))
    write(tmp_path, {"snippets/page/__pycache__/main.pyc": ""})
    assert told(snippets.orphans(tmp_path, [Page(PAGE, FENCE)])) == [
        message("""
            snippets/page/a/lost.py: no page shows this file
              remedy: show it in a fence with `--8<-- "snippets/page/a/lost.py"`, or remove it
            """)
    ]


def test_what_a_page_shows(tmp_path: Path) -> None:
    write(tmp_path, {"snippets/page/main.py": "port=8000"})
    drawn = '```diagram alt="A"\nnot shown\n```\n```not-run system="A" source="b"\nnetstat\n```\n'
    shown = pages.shown_text(tmp_path, Page(PAGE, f"{FENCE}\n{drawn}"))
    assert "port=8000" in shown
    assert "netstat" in shown
    assert "not shown" not in shown


def test_no_pages(tmp_path: Path) -> None:
    check_refused(lambda: pages.load_pages(tmp_path), f"{tmp_path / 'docs'}: no pages")


@pytest.mark.parametrize(
    ("path", "url", "stem"),
    [
        ("docs/index.md", "", "index"),
        ("docs/proofs.md", "proofs/", "proofs"),
        ("docs/start/local.md", "start/local/", "local"),
        ("docs/start/index.md", "start/", "index"),
    ],
)
def test_where_a_page_is(path: str, url: str, stem: str) -> None:
    assert (Page(path, "").url, Page(path, "").stem) == (url, stem)


def test_a_changed_file_is_read_again(small, tmp_path: Path) -> None:
    assert small() is load(tmp_path)
    assert small("Another.") is load(tmp_path)
    assert [claim.text for claim in load(tmp_path).claims] == ["Another."]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("docs/start/local.md", ["docs/start/local.md"]),
        ("loc", ["docs/start/local.md"]),
        ("how-proven", ["docs/how-proven.md"]),
        ("oca", []),
        ("docs", []),
        ("start/local.md", []),
    ],
)
def test_which_claims_are_listed(capsys, name: str, found: list[str]) -> None:
    status = cli.main(["claims", name])
    told = capsys.readouterr()
    listed = {line.partition(":")[0] for line in told.out.splitlines() if line[:5] == "docs/"}
    assert list(listed) == found
    assert (status == 2) == (not found)
    assert found or told.err == f"{name}: there is no such page\n"


def test_a_list_that_nobody_reads_on() -> None:
    """As in `python -m lab claims | head`."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "lab", "claims", "index"],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=20,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")

"""The HTML that the extension makes of pages."""

import datetime
import json
import re
import textwrap
import tomllib
from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from markdown import Markdown

from lab import record, sources
from lab.claims import MARKERS
from lab.markdown import NO_BREAK, LabExtension, _append
from lab.processor import Failed

PAGE = "docs/start/page.md"
SENTENCE = "Uvicorn takes port `8000`."
SAID = "Uvicorn takes port <code>8000</code>."
OPEN = '<span class="badge open">open</span>'
ELSEWHERE = '<span class="badge">not run here</span>'
SOURCE = """\
[ip-7]
title = "ip(7), <b>"
publisher = "Linux & friends"
url = "https://man7.org/ip.7.html"
seen = 2026-01-02
says = "0.0.0.0 binds to all."
digest = "DIGEST"
supports = ["Linux binds."]

[publishers]
"Linux & friends" = "man7.org"
"""
VERSIONS = {"Uvicorn": "0.54.0", "a <b>": "1"}
FOOT = re.compile(r'\n<p class="recorded">.*?</p>', re.S)
EXTENSIONS = ["admonition", "attr_list", "footnotes", "tables", "toc",
              "pymdownx.details", "pymdownx.superfences", "pymdownx.snippets"]  # fmt: skip


class Small:
    """A repository of one page, and the extension on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("sources.toml", "")
        self.record(VERSIONS)
        self.prove()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def record(self, versions: dict[str, str]) -> None:
        told = {"day": "2026-03-04", "versions": versions}
        self.write("docs/record.json", json.dumps(told | {"digest": record._digest(told)}))

    def cite(self, *texts: str, title: str = "ip(7), <b>") -> None:
        """Write a source that carries these texts."""
        carried = SOURCE.replace('["Linux binds."]', json.dumps(texts or ["Linux binds."]))
        carried = carried.replace("ip(7), <b>", title)
        now = sources.digest(tomllib.loads(carried)["ip-7"])
        self.write("sources.toml", carried.replace("DIGEST", now))

    def prove(self, page: str = PAGE, **sentences: str) -> None:
        """Write a proof of each sentence; its name is `test_` and the keyword."""
        tests = [
            f'def test_{name}(home):\n    """{text}"""\n    assert home or {text!r}\n'
            for name, text in sentences.items()
        ]
        module = f"tests/test_{Path(page).stem}.py"
        self.write(module, "\n\n".join([f'"""{page}"""\n', *tests]))

    def convert(self, text: str) -> str:
        """Return the HTML of a text, whatever page it is; a mark has a plain space before it."""
        snippets = {"base_path": [str(self.root)], "check_paths": True}
        markdown = Markdown(
            extensions=[LabExtension(root=str(self.root)), *EXTENSIONS],
            extension_configs={"pymdownx.snippets": snippets},
        )
        return re.sub(f"{NO_BREAK}(?=<)", " ", markdown.convert(text))

    def show(self, text: str, **sentences: str) -> str:
        """Return the HTML of a page that has these proofs, without its foot and their lines.

        Without any, it has one of SENTENCE, which runs every snippet that there is.
        """
        text = textwrap.dedent(text).lstrip("\n")
        self.write(PAGE, text)
        self.prove(**sentences or {"it": SENTENCE})
        if not sentences:
            files = sorted(path.name for path in (self.root / "snippets").rglob("*.*"))
            module = self.root / "tests" / "test_page.py"
            module.write_text(f"{module.read_text()}    run({files})\n")
        html = re.sub(r"(Proof in [\w/.]+):\d+", r"\1", self.convert(text))
        assert len(FOOT.findall("\n" + html)) == 1
        return FOOT.sub("", "\n" + html).lstrip("\n")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    monkeypatch.delenv("CI", raising=False)  # there, an open claim is an error
    return Small(tmp_path)


def tick(name: str = "it", *, is_first: bool = True) -> str:
    proof = f"test-page-test-{name.replace(' ', '-')}"
    link, name_ = f"../../proofs/#{proof}", f' id="{proof}-1"' if is_first else ""
    label = 'title="Proof in tests/test_page.py" aria-label="Proof in tests/test_page.py"'
    return f'<a class="tick"{name_} href="{link}" {label}>✓</a>'


def copy(command: str) -> str:
    return (
        '<button class="copy md-code__button" type="button" data-md-type="copy" '
        f'data-clipboard-text="{command}" title="Copy" aria-label="Copy {command}"></button>'
    )


def html(text: str) -> str:
    return textwrap.dedent(text).strip()


def test_a_mark_stays_in_the_line_of_the_last_word() -> None:
    assert _append("It waits.", "<a>") == f"It waits.{NO_BREAK}<a>"
    assert _append("It waits.  ", "<a>") == f"It waits.{NO_BREAK}<a>  "


# -- ticks ----------------------------------------------------------------------------------------


def test_a_paragraph(small: Small) -> None:
    assert small.show(f"{SENTENCE}\n") == (
        "<p>Uvicorn takes port <code>8000</code>. "
        '<a class="tick" id="test-page-test-it-1" href="../../proofs/#test-page-test-it" '
        'title="Proof in tests/test_page.py" aria-label="Proof in tests/test_page.py">✓</a></p>'
    )


def test_a_paragraph_of_two_lines(small: Small) -> None:
    shown = small.show(f"{SENTENCE}\nIt waits.\n", it=SENTENCE, waits="It waits.")
    assert shown == f"<p>{SAID} {tick()}\nIt waits. {tick('waits')}</p>"


def test_a_line_that_breaks(small: Small) -> None:
    shown = small.show(f"{SENTENCE}  \nIt waits.\n", it=SENTENCE, waits="It waits.")
    assert shown == f"<p>{SAID} {tick()}<br />\nIt waits. {tick('waits')}</p>"


def test_a_list(small: Small) -> None:
    text = f"""
        - {SENTENCE}
            1. It waits.
        - It ends.
        """
    shown = small.show(text, it=SENTENCE, waits="It waits.", ends="It ends.")
    assert shown == html(f"""
        <ul>
        <li>{SAID} {tick()}<ol>
        <li>It waits. {tick("waits")}</li>
        </ol>
        </li>
        <li>It ends. {tick("ends")}</li>
        </ul>
        """)


def test_a_table_row(small: Small) -> None:
    text = "|  |  |\n|---|---|\n| a phone | `0.0.0.0` |\n| nobody |  |\n"
    rows = {"phone": "| a phone | `0.0.0.0` |", "nobody": "| nobody |  |"}
    assert small.show(text, **rows) == html(f"""
        <table>
        <thead>
        <tr>
        <th></th>
        <th></th>
        <th></th>
        </tr>
        </thead>
        <tbody>
        <tr>
        <td>a phone</td>
        <td><code>0.0.0.0</code></td>
        <td>{tick("phone")}</td>
        </tr>
        <tr>
        <td>nobody</td>
        <td></td>
        <td>{tick("nobody")}</td>
        </tr>
        </tbody>
        </table>
        """)


def test_a_head_row(small: Small) -> None:
    shown = small.show("| who | `::` |\n|---|---|\n| a | b |\n", head="| who | `::` |")
    assert f"<th>who</th>\n<th><code>::</code></th>\n<th>{tick('head')}</th>" in shown
    assert f"<td>b</td>\n<td>{OPEN}</td>" in shown


def test_a_table_without_marks(small: Small) -> None:
    shown = small.show(f"[VERSIONS]\n\n{SENTENCE}\n\n| [The page](page.md) |\n|---|\n")
    assert "<th></th>" not in shown


def test_the_body_of_an_admonition(small: Small) -> None:
    assert small.show(f"!!! note\n    {SENTENCE}\n") == html(f"""
        <div class="admonition note">
        <p class="admonition-title">Note</p>
        <p>{SAID} {tick()}</p>
        </div>
        """)
    assert small.show(f"??? example\n\n    - {SENTENCE}\n") == html(f"""
        <details class="example">
        <summary>Example</summary>
        <ul>
        <li>{SAID} {tick()}</li>
        </ul>
        </details>
        """)


@pytest.mark.parametrize("mark", ["!!!", "???"])
def test_the_title_of_an_admonition(small: Small, mark: str) -> None:
    shown = small.show(f'{mark} note "It waits."\n    {SENTENCE}\n', waits="It waits.", it=SENTENCE)
    assert f"{mark} note" not in shown
    assert f"<p>{SAID} {tick()}</p>" in shown
    assert tick("waits") in shown


def test_a_sentence_that_ends_in_code(small: Small) -> None:
    text = "The answer is `{}`"
    assert small.show(f"{text}\n", it=text) == f"<p>The answer is <code>{{}}</code> {tick()}</p>"


def test_a_sentence_that_ends_in_a_link(small: Small) -> None:
    text = "It has [docs](https://fastapi.tiangolo.com/)"
    assert small.show(f"{text}\n", it=text) == (
        f'<p>It has <a href="https://fastapi.tiangolo.com/">docs</a> {tick()}</p>'
    )


def test_a_sentence_that_ends_in_a_footnote(small: Small) -> None:
    small.cite(SENTENCE)
    assert small.show(f"{SENTENCE}[^ip-7]\n") == html(f"""
        <p>{SAID}<sup id="fnref:ip-7"><a class="footnote-ref" href="#fn:ip-7">1</a></sup> {tick()}</p>
        <div class="footnote">
        <hr />
        <ol>
        <li id="fn:ip-7">
        <p><a href="https://man7.org/ip.7.html">ip(7), <b></a>, Linux &amp; friends, seen 2026-01-02.&#160;<a class="footnote-backref" href="#fnref:ip-7" title="Jump back to footnote 1 in the text">&#8617;</a></p>
        </li>
        </ol>
        </div>
        """)


def test_a_sentence_with_two_proofs(small: Small) -> None:
    shown = small.show(f"{SENTENCE}\n", it=SENTENCE, it_again=SENTENCE)
    assert shown == f"<p>{SAID} {tick()}&#8288;{tick('it again')}</p>"


def test_a_sentence_with_a_source_alone_has_no_tick(small: Small) -> None:
    small.cite()
    shown = small.show(f"Linux binds.[^ip-7]\n\n{SENTENCE}\n")
    assert shown.startswith('<p>Linux binds.<sup id="fnref:ip-7">')
    assert f"</sup> {ELSEWHERE}</p>" in shown


def test_a_sentence_about_another_system(small: Small) -> None:
    small.cite("On Windows it waits.")
    text = "On Windows it waits."
    assert f"</sup> {ELSEWHERE}</p>" in small.show(f"{text}[^ip-7]\n\n{SENTENCE}\n")
    assert f"</sup> {tick()}&#8288;{ELSEWHERE}</p>" in small.show(f"{text}[^ip-7]\n", it=text)


def test_an_open_sentence(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{SENTENCE}\n\nIt waits.\n"
    assert small.show(text) == f"<p>{SAID} {tick()}</p>\n<p>It waits. {OPEN}</p>"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed) as failed:
        small.show(text)
    assert str(failed.value) == html(f"""
        {PAGE}:3: this claim is open
          claim:  It waits.
          remedy: quote it in the docstring of a test in tests/test_page.py, or name a source behind it, as in [^name], from sources.toml
        """)


def test_a_page_in_the_root(small: Small) -> None:
    small.write(PAGE, "")
    small.write("docs/index.md", f"{SENTENCE}\n")
    small.prove("docs/index.md", it=SENTENCE)
    shown = small.convert(f"{SENTENCE}\n")
    assert (
        f'<p>{SAID} <a class="tick" id="test-index-test-it-1" href="proofs/#test-index-test-it"'
        in shown
    )
    assert '<a href="proofs/#of-index">1 proven</a>' in shown


# -- what stays as it is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Ports of `laptop`\n", '<h2 id="ports-of-laptop">Ports of <code>laptop</code></h2>'),
        ("Pick a page.\n", "<p>Pick a page.</p>"),
        ("- [The page](page.md)\n", '<ul>\n<li><a href="page.md">The page</a></li>\n</ul>'),
        ("---\n", "<hr />"),
    ],
)
def test_what_says_nothing_stays_as_it_is(small: Small, text: str, shown: str) -> None:
    made = small.show(f"# The page\n\n{SENTENCE}\n\n{text}")
    assert made == f'<h1 id="the-page">The page</h1>\n<p>{SAID} {tick()}</p>\n{shown}'


def test_a_sentence_in_a_program_stays_as_it_is(small: Small) -> None:
    code = f'print("""\n{SENTENCE}\n[PROOFS]\n""")\n'
    small.write("snippets/page/main.py", code)
    shown = small.show(f'{SENTENCE}\n\n```python\n--8<-- "snippets/page/main.py"\n```\n')
    program = re.sub(r"</?span[^>]*>", "", shown.partition("\n")[2])
    assert program == (
        f'<div class="highlight"><pre><code>print("""\n{SENTENCE}\n[PROOFS]\n""")\n</code></pre></div>'
    )


def test_a_text_that_is_no_page_stays_as_it_is(small: Small) -> None:
    small.show(f"{SENTENCE}\n")
    assert small.convert(f"{SENTENCE}\nIt waits.\n\n[PROOFS]\n") == (
        f"<p>{SAID}\nIt waits.</p>\n<p>[PROOFS]</p>"
    )
    assert small.convert("") == ""


def test_blank_lines_around_a_page_do_not_matter(small: Small) -> None:
    small.show(f"# T\n\n{SENTENCE}\n")
    for text in (f"# T\n\n{SENTENCE}", f"\n\n# T\n\n{SENTENCE}\n\n"):
        assert SAID in small.convert(text)


# -- blocks ---------------------------------------------------------------------------------------


def test_a_transcript(small: Small) -> None:
    small.write(
        "snippets/page/run.console",
        "# network: home\n"
        'laptop$ curl "http://127.0.0.1:8000/?a=1&b=<2>"\n'
        '{"a":"<b>"}\n'
        "laptop# ip -brief a\n"
        "Started [PID] <x>\n"
        "phone$ false\n"
        "[exit 1]\n"
        "laptop (ip -brief a): ^C\n"
        "Bye from [PID] at [PORT]\n"
        "phone$ dmesg\n"
        "...\n",
    )
    shown = small.show(f'{SENTENCE}\n\n```console\n--8<-- "snippets/page/run.console"\n```\n')
    said, _, block = shown.partition("\n")
    assert said == f"<p>{SAID} {tick()}</p>"
    assert block == html(f"""
        <div class="console highlight no-copy" id="page-run-console" data-network="home"><pre><code tabindex="0"><span class="step"><span class="prompt host-laptop">laptop$</span> <span class="command">curl &quot;http://127.0.0.1:8000/?a=1&amp;b=&lt;2&gt;&quot;</span><button class="copy md-code__button" type="button" data-md-type="copy" data-clipboard-text="curl &quot;http://127.0.0.1:8000/?a=1&amp;b=&lt;2&gt;&quot;" title="Copy" aria-label="Copy curl &quot;http://127.0.0.1:8000/?a=1&amp;b=&lt;2&gt;&quot;"></button>
        <span class="output">{{&quot;a&quot;:&quot;&lt;b&gt;&quot;}}</span>
        </span><span class="step"><span class="prompt host-laptop">laptop#</span> <span class="command">ip -brief a</span>{copy("ip -brief a")}
        <span class="output">Started <abbr title="the number of a process">[PID]</abbr> &lt;x&gt;</span>
        </span><span class="step"><span class="prompt host-phone">phone$</span> <span class="command">false</span>{copy("false")}
        <span class="note">[exit 1]</span>
        </span><span class="step"><span class="return"><span class="host-laptop">laptop</span> (ip -brief a): ^C</span>
        <span class="output">Bye from <abbr title="the number of a process">[PID]</abbr> at <abbr title="the ephemeral port of a client">[PORT]</abbr></span>
        </span><span class="step"><span class="prompt host-phone">phone$</span> <span class="command">dmesg</span>{copy("dmesg")}
        <span class="note">...</span>
        </span></code></pre></div>
        """)


def test_a_transcript_in_an_admonition(small: Small) -> None:
    small.write("snippets/page/run.console", "laptop$ hostname\nlaptop\n")
    text = f"""
        ??? example

            ```console
            --8<-- "snippets/page/run.console"
            ```

            {SENTENCE}
        """
    shown = small.show(text).splitlines()
    assert shown[:3] == [
        '<details class="example">',
        "<summary>Example</summary>",
        '<div class="console highlight no-copy" id="page-run-console" data-network="home">'
        '<pre><code tabindex="0"><span class="step"><span class="prompt host-laptop">laptop$</span>'
        f' <span class="command">hostname</span>{copy("hostname")}',
    ]
    assert shown[-2:] == [f"<p>{SAID} {tick()}</p>", "</details>"]


def test_a_diagram(small: Small) -> None:
    text = f"""
        ```diagram alt="<b> laptop & phone: me."
        ┌─────────────────────────┐
        │ laptop <-> phone & "me" │
        └─────────────────────────┘
        ```

        {SENTENCE}
        The laptop and the phone ask me.
        """
    told = {"it": SENTENCE, "ask": "The laptop and the phone ask me."}
    assert small.show(text, **told) == html(f"""
        <figure class="diagram" id="diagram-1" role="img" aria-label="&lt;b&gt; laptop &amp; phone: me." style="--columns: 27"><pre aria-hidden="true">┌─────────────────────────┐
        │ laptop &lt;-&gt; phone &amp; &quot;me&quot; │
        └─────────────────────────┘</pre></figure>
        <p>{SAID} {tick()}
        The laptop and the phone ask me. {tick("ask")}</p>
        """)


def test_a_diagram_says_who_reaches_what(small: Small) -> None:
    text = f"""
        {SENTENCE}

        ```diagram network="home" run="uvicorn main:app" alt="Two hosts"
        ┌──────────────────┐    ┌───────┐
        │ laptop           │    │ phone │
        │ 127.0.0.1:80     │╳───┤       │
        │ 192.168.1.100:80 │◄───┤       │
        └──────────────────┘    └───────┘
        ```
        """
    shown = small.show(text)
    label = re.search('aria-label="([^"]*)" style="--columns: 33"', shown)[1]
    assert label == (
        "Two hosts. phone does not reach 127.0.0.1:80. phone reaches 192.168.1.100:80."
    )


def test_a_block_that_is_not_run(small: Small) -> None:
    carried = 'Win & dows:\nnetstat <a> & "b" | findstr :8000\n\necho `8000`'
    small.cite(f"{SENTENCE} | {carried}", title="ip(7), &")
    text = f"""
        {SENTENCE}

        ```not-run system="Win & dows" source="ip-7"
        netstat <a> & "b" | findstr :8000

        echo `8000`
        ```
        """
    assert small.show(text) == html(f"""
        <p>{SAID} {tick()}</p>
        <figure class="not-run"><figcaption>{ELSEWHERE} Win &amp; dows; <a href="https://man7.org/ip.7.html">ip(7), &amp;</a>, Linux &amp; friends</figcaption><pre><code>netstat &lt;a&gt; &amp; &quot;b&quot; | findstr :8000

        echo `8000`</code></pre></figure>
        """)


def test_blocks_leave_the_lines_below_in_their_places(small: Small) -> None:
    small.write("snippets/page/run.console", "laptop$ hostname\nlaptop\n")
    block = '```console\n--8<-- "snippets/page/run.console"\n```\n'
    text = f"[VERSIONS]\n\n{block}\nPick a page.\n\n{block}\n{SENTENCE}\n\nPick a page.\n"
    shown = small.show(text)
    assert shown.count("<p>Pick a page.</p>") == 2
    assert shown.count(f"<p>{SAID} {tick()}</p>") == 1


# -- markers and the foot -------------------------------------------------------------------------


def test_the_foot(small: Small) -> None:
    small.cite(f"Ports | {SENTENCE} | Linux binds.")
    text = f"# Ports\n\n{SENTENCE}\nLinux binds.[^ip-7]\n\n- It waits.\n"
    small.show(text, it=f"{SENTENCE}\n    Ports\n    ", waits="It waits.")
    shown = small.convert((small.root / PAGE).read_text())
    assert FOOT.search(shown)[0].strip() == (
        '<p class="recorded">Statements here: <a href="../../proofs/#of-page">2 proven</a>, '
        "1 sourced. Recorded on 2026-03-04 with Uvicorn 0.54.0, a &lt;b&gt; 1.</p>"
    )


def test_the_foot_counts_as_the_coverage_does(small: Small) -> None:
    """A sentence with a proof and a source is proven, and so is a box of a diagram."""
    small.cite(SENTENCE)
    drawn = '```diagram alt="It waits"\n┌────┐\n│ It │\n└────┘\n```\n'
    text = f"{SENTENCE}[^ip-7]\n\n{drawn}\n[COVERAGE]\n"
    small.show(text, it=SENTENCE, drawn="It waits")
    shown = small.convert(text)
    proven, sourced, _ = cells(shown)[1:4]
    assert (proven, sourced) == ("2", "0")
    assert f">{proven} proven</a>, {sourced} sourced." in shown


def test_versions(small: Small) -> None:
    small.record({"Uvicorn": "0.54.0", "Linux": "1"})
    assert small.show(f"[VERSIONS]\n\n{SENTENCE}\n") == html(f"""
        <table>
        <thead>
        <tr>
        <th>what</th>
        <th>version</th>
        </tr>
        </thead>
        <tbody>
        <tr>
        <td>Uvicorn</td>
        <td>0.54.0</td>
        </tr>
        <tr>
        <td>Linux</td>
        <td>1</td>
        </tr>
        <tr>
        <td>day of the record</td>
        <td>2026-03-04</td>
        </tr>
        </tbody>
        </table>
        <p>{SAID} {tick()}</p>
        """)


def cells(text: str) -> list[str]:
    return re.findall(r"<td[^>]*>(.*?)</td>", text)


def test_coverage(small: Small) -> None:
    shown = cells(small.show(f"{SENTENCE}\nPick a page.\nIt waits.\n\n[COVERAGE]\n"))
    assert shown == [PAGE, "1", "0", "1", "all", "1", "0", "1"]


def test_placeholders(small: Small) -> None:
    shown = cells(small.show(f"{SENTENCE}\n\n[PLACEHOLDERS]\n"))
    assert shown[:2] == ["<code>[PID]</code>", "the number of a process"]
    assert len(shown) >= 8


@pytest.mark.parametrize("marker", MARKERS)
def test_every_marker_is_replaced(small: Small, marker: str) -> None:
    shown = small.show(f"{SENTENCE}\n\n{marker}\n", it=SENTENCE)
    assert shown.startswith(f"<p>{SAID} {tick()}</p>\n<")
    assert f"<p>{marker}" not in shown


def test_proofs(small: Small) -> None:
    small.write("snippets/page/run.console", "laptop$ hostname\nlaptop\n")
    small.write("docs/start/page.md", f"# The page\n\n{SENTENCE}\n")
    block = '```console\n--8<-- "snippets/page/run.console"\n```\n'
    linked = f"{SENTENCE[:-1]} of [another](other.md)."
    text = f"# The page\n\n{linked}\n\n{block}\n[PROOFS]\n"
    name = 'runs_it(play):\n    """SENTENCE"""\n    assert play("run.console") < "& 8000"\n\n\ndef test_x'
    shown = small.show(text, **{name.replace("SENTENCE", linked): linked})
    made = re.sub(r"</?span[^>]*>", "", shown.partition("</div>\n")[2])
    assert made == html("""
        <h2 data-search-exclude id="of-page"><a href="../../start/page/">The page</a></h2>
        <h3 data-search-exclude id="test-page-test-runs-it"><a href="../../start/page/#test-page-test-runs-it-1">Uvicorn takes port <code>8000</code> of another.</a></h3>
        <p><code>tests/test_page.py</code>, line 4. It runs <a href="../../start/page/#page-run-console">run.console</a>.</p>
        <div class="no-copy highlight"><pre><code>def test_runs_it(play):
            assert play("run.console") &lt; "&amp; 8000"
        </code></pre></div>
        <h3 data-search-exclude id="test-page-test-x"><a href="../../start/page/#test-page-test-x-1">Uvicorn takes port <code>8000</code> of another.</a></h3>
        <p><code>tests/test_page.py</code>, line 9. </p>
        <div class="no-copy highlight"><pre><code>def test_x(home):
            assert home or 'Uvicorn takes port `8000` of [another](other.md).'
        </code></pre></div>
        """)


def test_a_quotation_leads_to_its_place(small: Small) -> None:
    drawn = '```diagram alt="It waits"\n┌────┐\n│ It │\n└────┘\n```\n'
    text = f"# The `page`\n\n{drawn}\n| [a](a.md) | `::` |  |\n|---|---|---|\n\n{SENTENCE}\n\n[PROOFS]\n"
    quotes = f"{SENTENCE}\n    The `page`\n    | [a](a.md) | `::` |  |"
    shown = small.show(text, drawn="It waits", it=quotes)
    to = '<a href="../../start/page/'
    assert f'{to}#test-page-test-it-1">{SAID}</a></h3>' in shown
    assert f'{to}#the-page">The <code>page</code></a> <span class="badge">heading</span>' in shown
    row = f'{to}#test-page-test-it-3">a · <code>::</code></a> <span class="badge">in a table</span>'
    assert row in shown
    assert f'{to}#diagram-1">It waits</a> <span class="badge">in a diagram</span></h3>' in shown
    for name in ("the-page", "diagram-1", "test-page-test-it-1", "test-page-test-it-3"):
        assert shown.count(f' id="{name}"') == 1


def test_what_stands_twice_has_one_name(small: Small) -> None:
    shown = small.show(
        f"Pick a page.\n\n{SENTENCE}\n\nPick a page.\n", two="Pick a page.", it=SENTENCE
    )
    assert f"<p>Pick a page. {tick('two')}</p>" in shown
    assert f"<p>Pick a page. {tick('two', is_first=False)}</p>" in shown


def test_a_tick_names_the_place_of_its_proof(small: Small) -> None:
    small.show(f"{SENTENCE}\n", it=SENTENCE)
    html = small.convert(f"{SENTENCE}\n")
    assert re.findall(r'aria-label="(Proof[^"]*)"', html) == ["Proof in tests/test_page.py:4"]


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("It waits.\n", f"tests/test_page.py:5: {PAGE} has no such sentence"),
        (f"{SENTENCE}[^ip]\n", f"{PAGE}:1: sources.toml has no source called ip"),
        (f"{SENTENCE}\n```text\nx\n```\n", f"{PAGE}:2: nobody runs this block"),
        (
            f'{SENTENCE}\n```python\n--8<-- "snippets/page/main.py"\n```\n',
            f"{PAGE}:3: there is no file snippets/page/main.py",
        ),
        (
            f'{SENTENCE}\n```diagram alt="A"\n─\n```\n',
            f"{PAGE}:3:1: the stroke ─ meets nothing to the left",
        ),
        (
            f'{SENTENCE}\n```diagram alt="A"\nreload\n```\n',
            f"{PAGE}:3:1: the alternative of this diagram does not say `reload`",
        ),
        (f"{SENTENCE}\n```python\n", f"{PAGE}:2: this fence is never closed"),
        (f"{SENTENCE} It waits.\n", f"{PAGE}:1: this line has two sentences"),
    ],
)
def test_an_error_is_a_message_of_mkdocs(small: Small, text: str, error: str) -> None:
    with pytest.raises(click.ClickException) as failed:
        small.show(text)
    assert type(failed.value) is Failed
    assert failed.value.exit_code == 1
    assert failed.value.message.partition("\n")[0] == error
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def test_a_transcript_that_cannot_be_read(small: Small) -> None:
    small.write("snippets/page/run.console", "hostname\n")
    with pytest.raises(Failed) as failed:
        small.show(f'{SENTENCE}\n\n```console\n--8<-- "snippets/page/run.console"\n```\n')
    assert str(failed.value) == html("""
        snippets/page/run.console:1: this line comes before the first step
          line:   hostname
          remedy: begin a step with a prompt, such as `laptop$ curl http://127.0.0.1:8000/`
        """)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"day": "yesterday", "versions": {}}', "Invalid isoformat string: 'yesterday'"),
        ('{"day": "2026-03-04", "versions": {}, "digest": ""}', "it was changed by hand"),
    ],
)
def test_a_record_that_cannot_be_read(small: Small, text: str, reason: str) -> None:
    small.write("docs/record.json", text)
    with pytest.raises(Failed) as failed:
        small.show(f"{SENTENCE}\n")
    assert str(failed.value) == html(f"""
        docs/record.json: this is not a record
          reason: {ValueError(reason)!r}
          remedy: make record
        """)


@pytest.mark.parametrize(("today", "is_future"), [(4, False), (3, False), (2, True)])
def test_a_record_of_a_day_that_has_not_come(small, monkeypatch, today: int, is_future) -> None:
    """A day begins earlier in the east, and a record is checked in UTC."""
    monkeypatch.setattr(record, "_today", lambda: datetime.date(2026, 3, today))
    with pytest.raises(Failed) if is_future else nullcontext() as failed:
        small.show(f"{SENTENCE}\n")
    if is_future:
        assert str(failed.value) == html("""
            docs/record.json: this day lies in the future
              day:    2026-03-04
              today:  2026-03-02 (UTC)
              remedy: set the clock, or the day
            """)


def test_a_record_is_of_a_day_in_utc(small: Small, monkeypatch) -> None:
    at_night = datetime.datetime(2026, 3, 4, 23, 30, tzinfo=datetime.UTC)

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return at_night.astimezone(tz or datetime.timezone(datetime.timedelta(hours=9)))

    monkeypatch.setattr(record.datetime, "datetime", Clock)
    record.write(small.root)
    assert record.load(small.root)["day"] == "2026-03-04"


def test_a_problem_of_one_page_stops_every_page(small: Small) -> None:
    small.show(f"{SENTENCE}\n")
    small.write("docs/alone.md", "It is alone.\n")
    with pytest.raises(Failed, match=r"^docs/alone.md: this page has no proof\n"):
        small.convert(f"{SENTENCE}\n")

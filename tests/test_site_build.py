"""What the site promises as a whole: coverage, versions, and a build on every system."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Repository, _clean_environment

from lab import record
from lab.problems import problems_of
from lab.site import OPEN, PROVEN, SOURCED, load

FOUNDING = ("docs/start/local.md", "docs/start/loopback-or-all.md")
CLAIMS, PROOFS = 161, 106  # a claim or a proof that is lost is noticed here


def test_every_page_proves_what_it_says() -> None:
    site = load(ROOT)
    assert [str(problem) for problem in problems_of(site)] == []
    assert [str(error) for page in site.pages for error in site.open_claims(page)] == []


@pytest.mark.parametrize("path", FOUNDING)
def test_a_founding_page_is_proven_rather_than_sourced(path: str) -> None:
    site = load(ROOT)
    (page,) = (page for page in site.pages if page.path == path)
    count = site.count(page)
    assert count[OPEN] == 0
    assert count[PROVEN] >= 4 * count[SOURCED]


def test_claims_and_proofs_are_counted() -> None:
    site = load(ROOT)
    counted = [claim for claim in site.claims if site.state(claim) in (PROVEN, SOURCED, OPEN)]
    assert (len(counted), len(site.proofs)) == (CLAIMS, PROOFS)


def test_the_record_is_of_the_pinned_versions() -> None:
    """An upgrade without a new record is noticed."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.M))
    versions = record.load(ROOT)["versions"]
    assert list(versions) == ["Python", *record.PACKAGES, "Linux", "curl"]
    for name, package in record.PACKAGES.items():
        assert versions[name] == pins[package], f"{package}: run `make record`"


SETTINGS = """
site_name site_description dev_addr watch nav
theme.name theme.font theme.features theme.icon.logo
theme.palette.media theme.palette.scheme theme.palette.primary theme.palette.accent
theme.palette.toggle.icon theme.palette.toggle.name
extra_css extra.generator hooks plugins plugins.markdown-exec.languages
markdown_extensions markdown_extensions.toc.permalink
markdown_extensions.pymdownx.snippets.base_path markdown_extensions.pymdownx.snippets.check_paths
validation.omitted_files validation.absolute_links validation.unrecognized_links validation.anchors
"""
EXTENSIONS = [
    *("lab.markdown", "admonition", "attr_list", "footnotes", "tables"),
    {"toc": {"permalink": True}},
    *("pymdownx.details", "pymdownx.highlight", "pymdownx.superfences"),
    {"pymdownx.snippets": {"base_path": ["."], "check_paths": True}},
]


def _paths(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of each setting below `value`; those of the navigation are claims."""
    if isinstance(value, dict) and path != "nav":
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}".strip("."))
    elif isinstance(value, list) and path != "nav":
        for inner in value:
            yield from _paths(inner, path)
    else:
        yield path


def test_no_setting_says_a_word_that_nobody_knows() -> None:
    """A title, a label of an icon or a template of the builder's would stand on every page."""
    found = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert set(_paths(found)) == set(SETTINGS.split())
    assert found["markdown_extensions"] == EXTENSIONS
    assert found["hooks"] == ["lab/hooks.py"]
    assert found["extra_css"] == ["assets/lab.css"]
    states = [(p["media"], p["scheme"], p["toggle"]["name"]) for p in found["theme"]["palette"]]
    assert states == [
        ("(prefers-color-scheme)", "default", "Switch to light"),
        ("(prefers-color-scheme: light)", "default", "Switch to dark"),
        ("(prefers-color-scheme: dark)", "slate", "Switch to automatic"),
    ]


# What dresses a page; what could hide, move or reverse what it says is not among them.  A width
# or a padding can push text out of sight: what is cut off is found in a browser.
DRESSES = """
background border border-bottom border-radius border-top color container-type cursor
font-display font-family font-feature-settings font-size font-style font-weight line-height
margin margin-top max-width min-width overflow padding padding-right padding-top src text-align
text-decoration text-underline-offset user-select vertical-align white-space width
word-break
"""
# The one thing that may be hidden: a button that says nothing, where no script answers it.
DEAD = ".no-js .md-typeset .console .copy"


def test_the_style_sheet_dresses_and_no_more() -> None:
    """What is shown all the same is read by tests/test_site_browser.py."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "docs/assets/lab.css").read_text(), flags=re.S)
    declared = re.findall(r"(?<=[{;])\s*([\w-]+)\s*:([^;{}]*)[;}]", text)
    names = {name for name, _ in declared if not name.startswith("--")}
    assert names - {"display"} == set(DRESSES.split())
    shown = text.replace(f"{DEAD} {{\n  display: none;\n}}", "")
    assert set(re.findall(r"(?<![\w-])display\s*:\s*([^;}]*)", shown)) == {"block", "inline-block"}


# A value, a selector or a medium can hide words as well, and no browser shows every state: so a
# style is signed by whoever has looked at every page with it, light and dark, wide and narrow.
SEEN = "4b2ceacaa0b9"


def test_the_style_sheet_was_looked_at() -> None:
    now = hashlib.sha256((ROOT / "docs/assets/lab.css").read_bytes()).hexdigest()[:12]
    assert now == SEEN, f'look at every page, in every state; then SEEN = "{now}"'


def test_every_package_is_pinned_exactly() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", "-e ."))]
    assert len(pins) > 50
    assert [line for line in pins if not re.match(r"[\w.-]+==[\w.]+( ;|$)", line)] == []


# macOS and Windows lack these, or these import them.
MISSING = (
    "uvloop",
    "fcntl",
    "termios",
    "pty",
    "tty",
    "lab.runner",
    "lab.zygote",
    "lab.terminal",
    "lab.keeper",
    "lab.spaces",
)
BLOCK = f"import sys, ctypes\nfor name in {MISSING}: sys.modules[name] = None\n"


def test_the_site_builds_without_what_only_linux_has(tmp_path: Path) -> None:
    """A build on macOS or Windows imports none of this; it was not tried there."""
    program = (
        f"{BLOCK}from mkdocs.__main__ import cli\n"
        f"cli(['build', '--strict', '--site-dir', {str(tmp_path)!r}])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=_clean_environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "start" / "local" / "index.html").is_file()


@pytest.mark.parametrize("command", [("check",), ("record",), ("shell", "laptop"), ("on", "phone")])
def test_the_lab_says_that_it_needs_linux(command: tuple[str, ...]) -> None:
    program = f"{BLOCK}sys.platform = 'darwin'\nfrom lab.__main__ import main\nsys.exit(main())\n"
    ended = subprocess.run(
        [sys.executable, "-c", program, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[:2] == [
        "the lab: hosts are Linux network namespaces, and this is not Linux",
        "  system: darwin",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("tests/test_local.py", "Ctrl+C ends the server,", "Ctrl+C ends it,"),
        ("sources.toml", 'title = "', 'title = "The '),
        ("docs/record.json", '"digest": "', '"digest": "0'),
        ("docs/start/local.md", "```", "```text\n```\n```"),
        ("mkdocs.yml", "nav:", "copyright: It is new.\nnav:"),  # an open claim of the first page
    ],
)
def test_a_fault_is_told_by_its_own_place(
    repository: Repository, file: str, old: str, new: str
) -> None:
    """MkDocs names no page beside it, and keeps what it built before."""
    path = repository.path / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    repository.write("site/index.html", "built before")
    ended = repository.run("mkdocs", "build", CI="true")
    assert ended.status == 1
    (error,) = (line for line in ended.lines if line.startswith("ERROR"))
    assert re.match(rf"ERROR +-  {file}\b", error)
    assert "Error reading page" not in ended.output
    assert (repository.path / "site/index.html").read_text() == "built before"


@pytest.mark.parametrize(("options", "level"), [([], "WARNING"), (["--strict"], "INFO")])
def test_a_build_tells_open_claims(repository: Repository, options: list, level: str) -> None:
    """Outside CI they do not fail it, even if it is strict."""
    page = repository.path / "docs/start/containers.md"
    lines = [*page.read_text("utf-8").splitlines(), "", "Port `8001` is better."]
    page.write_text("\n".join(lines) + "\n", "utf-8")
    ended = repository.run("mkdocs", "build", *options)
    assert ended.status == 0
    told = f"lab: docs/start/containers.md:{len(lines)}: this claim is open"
    first = ended.lines.index(f"{level:<8}-  {told}")
    assert [line.split()[0] for line in ended.lines[first + 1 : first + 3]] == ["claim:", "remedy:"]


def test_two_builds_are_the_same(built_site: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=_clean_environment(), capture_output=True, check=True)
    pages = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.html"))
    assert len(pages) > 6
    for page in pages:
        assert (tmp_path / page).read_bytes() == (built_site / page).read_bytes(), page

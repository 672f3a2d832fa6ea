"""What the site promises as a whole: coverage, versions, and a build on every system."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, _clean_environment

from lab import record
from lab.site import OPEN, PROVEN, SOURCED, load

FOUNDING = ("docs/start/local.md", "docs/start/loopback-or-all.md")
CLAIMS, PROOFS = 119, 83  # a claim or a proof that is lost is noticed here


def test_every_page_proves_what_it_says() -> None:
    site = load(ROOT)
    assert [str(problem) for problem in site.problems] == []
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
    for name, package in record.PACKAGES.items():
        assert versions[name] == pins[package], f"{package}: run `make record`"


def test_every_package_is_pinned_exactly() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", "-e ."))]
    assert len(pins) > 50
    assert [line for line in pins if not re.match(r"[\w.-]+==[\w.]+( ;|$)", line)] == []


def test_the_site_builds_without_what_only_linux_has(tmp_path: Path) -> None:
    """A build on macOS or Windows imports none of this; it was not tried there."""
    missing = (
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
    program = (
        "import sys, ctypes\n"
        f"for name in {missing}: sys.modules[name] = None\n"
        "from mkdocs.__main__ import cli\n"
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


def test_two_builds_are_the_same(built_site: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=_clean_environment(), capture_output=True, check=True)
    pages = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.html"))
    assert len(pages) > 6
    for page in pages:
        assert (tmp_path / page).read_bytes() == (built_site / page).read_bytes(), page

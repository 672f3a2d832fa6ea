"""What README.md, CONTRIBUTING.md, the Makefile and CI say of each other and of the code."""

import re
import subprocess

import pytest
from conftest import IS_LINUX, NEEDS_LINUX, ROOT, require

from lab.placeholders import PLACEHOLDERS


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.S)


def test_the_address_of_the_site_is_the_same_everywhere() -> None:
    (address,) = re.findall(r"^dev_addr: (\S+)", read("mkdocs.yml"), re.M)
    assert f"http://{address}/" in read("README.md")
    assert f"http://{address}/" in read("Makefile")
    assert not address.endswith(":8000")


def test_every_target_that_the_papers_name_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    named = set(re.findall(r"\bmake ([a-z]+)\b(?! )", read("README.md") + read("CONTRIBUTING.md")))
    assert named
    assert named <= targets


@pytest.mark.parametrize(
    "page", ["loopback-or-all", "loopback-or-all.md", "docs/start/loopback-or-all.md"]
)
def test_make_tests_a_page_by_its_name_or_its_path(page: str) -> None:
    require("make")
    told = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--dry-run",
            "--old-file=.venv/.ready",
            "test",
            f"PAGE={page}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    assert told.endswith('pytest -n 0 --claims -m "not slow" tests/test_loopback_or_all.py\n')


def test_what_needs_linux_exists() -> None:
    assert [name for name in NEEDS_LINUX if not list((ROOT / "tests").glob(f"{name}*.py"))] == []


def test_ci_installs_what_the_readme_names() -> None:
    (told,) = re.findall(r"apt-get install (.+)", read("README.md"))
    (done,) = re.findall(r"recommends \\\n +(.+) > /dev/null", read(".ci/run"))
    assert told.split() == done.split()


def test_the_proof_that_contributing_shows_is_in_the_suite() -> None:
    (shown,) = blocks(read("CONTRIBUTING.md"), "python")
    page, _, proof = shown.partition("\n\n\n")
    module = read("tests/test_containers.py")
    assert module.startswith(page.rstrip('"'))
    assert proof.strip() in module


def test_the_papers_know_the_placeholders() -> None:
    known = {placeholder.name for placeholder in PLACEHOLDERS}
    named = set(re.findall(r"`(\[[A-Z]+\])`", read("CONTRIBUTING.md") + read("docs/how-proven.md")))
    assert named
    assert named <= known


@pytest.mark.skipif(not IS_LINUX, reason="hosts are Linux network namespaces")
def test_the_session_of_the_readme() -> None:
    from lab.network import PLANS
    from lab.runner import Network

    (session,) = blocks(read("README.md"), "text")
    enter, start, ask, answer = session.strip().splitlines()
    folder = enter.removeprefix("laptop$ cd ")
    with Network(PLANS["home"]) as network:
        network.laptop.copy(ROOT / "snippets" / folder)
        network.laptop.serve(start.removeprefix("laptop$ ").removesuffix(" &"))
        assert network.phone.run(ask.removeprefix("laptop$ phone ")).output == answer

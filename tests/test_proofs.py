"""docs/proofs.md"""

import re
from importlib.metadata import version

from conftest import ROOT

from lab.proofs import proofs_in
from lab.site import load


def test_each_test_carries_its_sentences(site):
    """Each test below carries, word for word, the sentences that it proves.
    Proofs
    """
    shown = site("proofs/")
    modules = sorted((ROOT / "tests").glob("test_*.py"))
    proofs = [p for file in modules for p in proofs_in(file.read_text(), f"tests/{file.name}")]
    assert len(proofs) > 60
    for proof in proofs:
        assert f'id="{proof.anchor}"' in shown, proof.name


def section(shown: str, heading: str) -> list[list[str]]:
    """Return the rows of the table below a heading, as text."""
    (below,) = re.findall(rf"<h2 [^>]*>{heading}<.*?</table>", shown, re.S)
    rows = re.findall(r"<tr>(.*?)</tr>", below, re.S)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]


def test_the_coverage(site):
    """Coverage"""
    page, *counts = zip(*section(site("proofs/"), "Coverage"), strict=True)
    found = load(ROOT)
    names = [f'<a href="#of-{page.stem}">{page.title}</a>' for page in found.pages]
    assert page == ("page", *names, "all")
    assert [name for name, *_ in counts] == ["proven", "sourced", "open"]
    for name, *numbers, total in counts:
        assert [int(n) for n in numbers] == [found.count(page)[name] for page in found.pages]
        assert int(total) == sum(map(int, numbers))


def test_the_versions(site):
    """Recorded with"""
    shown = dict(section(site("proofs/"), "Recorded with"))
    assert shown["Uvicorn"] == version("uvicorn")
    assert shown["FastAPI"] == version("fastapi")
    assert {"what", "Python", "Linux", "curl", "day of the record"} < shown.keys()

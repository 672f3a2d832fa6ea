"""Every proof fails when what it observes is noise: see lab/noise.py."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, _clean_environment

from lab import noise
from lab.site import load

# What says where to bind; more than a look at who is asked.
BINDS = re.compile(r"\b(?:[Bb]ind|[Bb]ound|[Ll]isten)|--host|\| (?:yes|no)\b")


def run(kind: str, *selection: str) -> str:
    """Run proofs under noise and return what pytest printed."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-rpfE", "-n", "2"]
    ended = subprocess.run(
        [*command, "--noise", kind, *selection],
        cwd=ROOT,
        env=_clean_environment(),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return ended.stdout


def passed(output: str) -> list[str]:
    return re.findall(r"^PASSED (\S+)", output, re.M)


def proofs(kind: str) -> list[str]:
    """Only what starts a server can tell a living one from a dead one, or from one elsewhere."""
    found = load(ROOT).proofs
    if kind in (noise.DEAD, noise.MOVED):
        found = [proof for proof in found if ".serve(" in proof.source]
    if kind == noise.MOVED:
        found = [p for p in found if BINDS.search(" ".join(text for _, text in p.quotes))]
    return sorted({f"{proof.file}::{proof.name}" for proof in found})


@pytest.mark.parametrize("kind", noise.KINDS)
def test_no_proof_passes_under_noise(kind: str) -> None:
    selection = proofs(kind)
    output = run(kind, *selection)
    assert passed(output) == []
    assert f"{len(selection)} failed" in output, output


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("silent", "assert home.laptop.run('uvicorn main:app').status == 0"),
        ("loud", "assert home.phone.run('curl http://192.168.1.100:8000/').status != 0"),
        (
            "dead",
            "home.laptop.serve('uvicorn main:app'); assert home.laptop.run('true').status == 0",
        ),
        (
            "moved",
            "assert home.laptop.serve('uvicorn main:app --host 127.0.0.1').listening()",
        ),
    ],
    ids=noise.KINDS,
)
def test_a_proof_that_proves_nothing_is_found(repository, kind: str, body: str) -> None:
    module = "tests/test_vacuous.py"
    repository.write(module, f'"""docs/start/local.md"""\n\n\ndef test_it(home):\n    {body}\n')
    ended = repository.run("pytest", "-q", "-rp", "-n", "0", "--noise", kind, module)
    assert passed(ended.output) == ["tests/test_vacuous.py::test_it"], ended.output

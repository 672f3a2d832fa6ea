"""Every proof fails when what it observes is noise: see lab/noise.py."""

import inspect
import re
import subprocess
import sys
from contextlib import nullcontext

import pytest
from conftest import ROOT, _clean_environment

from lab import noise
from lab.runner import Network, RunningHost
from lab.site import load
from lab.terminal import Terminal

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


def broken(output: str) -> list[str]:
    """A proof that fails at the noise, and not at what it asserts, has not been tried."""
    return re.findall(r"^\S+:\d+: (?:AttributeError|NameError|TypeError)\b.*", output, re.M)


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
    assert broken(output) == []
    assert f"{len(selection)} failed" in output, output


@pytest.mark.parametrize(
    ("real", "noisy"),
    [
        (Terminal, noise.NoisyTerminal),
        (RunningHost, noise.NoisyHost),
        (Network, noise.NoisyNetwork),
    ],
)
def test_noise_takes_what_the_lab_takes(real: type, noisy: type) -> None:
    public = [name for name in dir(real) if not name.startswith("_")]
    assert [name for name in public if not hasattr(noisy, name)] == []
    for name, method in inspect.getmembers(real, inspect.isfunction):
        if name in public:
            taken = inspect.signature(getattr(noisy, name)).parameters
            assert "_" in taken or list(taken) == list(inspect.signature(method).parameters), name


@pytest.mark.parametrize("kind", [noise.SILENT, noise.LOUD])
def test_a_socket_under_noise(kind: str) -> None:
    """What a proof sends comes to nothing, and no call meets the machine that the suite runs on."""
    with noise.NoisySocket(kind) as made:
        for call in (
            lambda: made.bind(("127.0.0.1", 1)),
            lambda: made.connect(("127.0.0.1", 1)),
            lambda: made.listen(),
            lambda: made.sendall(b"GET"),
            lambda: made.recv(1),
            lambda: made.makefile("rb").read(),
        ):
            with pytest.raises(OSError, match="noise") if kind == noise.LOUD else nullcontext():
                assert not call()
        assert made.getsockname() == ("203.0.113.255", 9)


def test_a_failure_of_the_noise_itself_is_found(repository) -> None:
    body = "assert home.laptop.serve('uvicorn main:app').no_such_method()"
    module = "tests/test_vacuous.py"
    repository.write(module, f'"""docs/start/local.md"""\n\n\ndef test_it(home):\n    {body}\n')
    ended = repository.run("pytest", "-q", "--tb=line", "-n", "0", "--noise", "silent", module)
    (line,) = broken(ended.output)
    assert "'NoisyTerminal' object has no attribute 'no_such_method'" in line


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("silent", "home.laptop.serve('uvicorn main:app').end(); assert True"),
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
    ids=["ended", *noise.KINDS],
)
def test_a_proof_that_proves_nothing_is_found(repository, kind: str, body: str) -> None:
    module = "tests/test_vacuous.py"
    repository.write(module, f'"""docs/start/local.md"""\n\n\ndef test_it(home):\n    {body}\n')
    ended = repository.run("pytest", "-q", "-rp", "-n", "0", "--noise", kind, module)
    assert passed(ended.output) == ["tests/test_vacuous.py::test_it"], ended.output

"""What pytest says when what the proofs stand on cannot be had: failed tests, no broken pytest."""

import sys

import pytest
from conftest import ROOT

PROOFS = ("-q", "-n", "0", "tests/test_local.py", "-k", "'lsof_says or httpx_goes'")


def test_a_transcript_that_cannot_be_read_fails_its_proof_alone(repository) -> None:
    """Transcripts are played ahead of their proofs, and what goes wrong there is told by these."""
    repository.change(
        "snippets/local/free.console", "[exit 1]\nlaptop$ python", "[exit 1]\na\n$ py"
    )
    ended = repository.run("pytest", *PROOFS[:-1], "lsof_says or httpx_goes")
    assert ended.status == 1
    assert ended.lines[-1].startswith("1 failed, 1 passed")
    assert "free.console:3: this line comes after the end of a step's output" in ended.output
    assert "INTERNALERROR" not in ended.output


def test_proofs_fail_where_namespaces_are_not_permitted(home) -> None:
    """With -x the network that was built for the second is never asked for."""
    forbid = "echo 0 > /proc/sys/user/max_user_namespaces"
    pytest = f"cd {ROOT} && {sys.executable} -m pytest -x {' '.join(PROOFS)}"
    told = f'unshare --user --map-root-user bash -c "{forbid} && {pytest}"'
    ended = home.laptop.run(told)
    assert ended.status == 1
    assert ended.lines[-1].startswith("1 failed, ")
    assert "setting: user.max_user_namespaces = 0" in ended.output
    assert "INTERNALERROR" not in ended.output


CLAIMS = ("-q", "-n", "0", "--claims", "tests/test_local.py", "-k", "claims or httpx_goes")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "docs/start/local.md",
            "# ",
            "Port `8001` is better.\n\n# ",
            "docs/start/local.md:1: this claim is open\n  claim:  Port `8001` is better.\n  remedy: ",
        ),
        (
            "tests/test_local.py",
            "Ctrl+C ends the server,",
            "Ctrl+C ends it,",
            ": docs/start/local.md has no such sentence\n  quoted:  ",
        ),
        ("sources.toml", 'title = "', 'title = "The ', "sources.toml"),
        ("docs/start/containers.md", "# ", "Port `8001` is better.\n\n# ", None),
    ],
)
def test_claims_are_checked_beside_the_proofs_of_a_page(repository, file, old, new, told) -> None:
    """Open claims of other pages are none of its business; what is untrue anywhere is."""
    path = repository.path / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    ended = repository.run("pytest", *CLAIMS)
    assert ended.lines[-1].startswith("1 failed, 1 passed" if told else "2 passed")
    assert (told or "") in ended.output
    assert "Traceback" not in ended.output

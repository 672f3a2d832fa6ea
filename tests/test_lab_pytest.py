"""What pytest says when what the proofs stand on cannot be had: failed tests, no broken pytest."""

import sys

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

"""Who reaches whom: requests between hosts, as proofs state them.

A request that must fail proves nothing if the same request could never succeed: the server may be
down, the name misspelt, the network cut.  So each `cannot_…` demands a control, a request that must
get its answer, and makes it before and after.
"""

import shlex

from lab.runner import Result, RunningHost

REFUSED, TIMED_OUT = 7, 28  # curl(1), exit codes: failed to connect; operation timeout
PATIENCE = 2  # seconds that curl waits for a packet to come back
Control = tuple[RunningHost, str]


def ask(host: RunningHost, url: str) -> Result:
    """Send a request from `host` with curl and return how it ended."""
    return host.run(
        f"curl --globoff --silent --show-error --max-time {PATIENCE} {shlex.quote(url)}"
    )


def check_reaches(host: RunningHost, url: str) -> str:
    """Assert that a request from `host` gets an answer, and return its body."""
    result = ask(host, url)
    assert result.status == 0, f"{host.name} cannot reach {url}: {result.output}"
    assert result.output, f"{host.name} got an empty answer from {url}"
    return result.output


def cannot_reach(host: RunningHost, url: str, *, control: Control) -> None:
    """Assert that `host` is refused: the answer is a reset, at once."""
    _check_fails(host, url, REFUSED, "Failed to connect", control)


def cannot_hear(host: RunningHost, url: str, *, control: Control) -> None:
    """Assert that `host` times out: nothing at all comes back."""
    _check_fails(host, url, TIMED_OUT, "timed out", control)


def _check_fails(host: RunningHost, url: str, status: int, message: str, control: Control) -> None:
    check_reaches(*control)
    result = ask(host, url)
    assert result.status == status, f"{host.name} asked {url}: exit {result.status}"
    assert message in result.output, result.output
    check_reaches(*control)

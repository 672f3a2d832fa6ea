"""Who reaches whom: requests between hosts, as proofs state them.

A request that must fail proves nothing if the same request could never succeed: the server may be
down, the address misspelt, the network cut.  So each `cannot_…` demands a control, a request that
must get its answer, and makes it before and after.
"""

import errno
import http.client
import socket
from urllib.parse import urlsplit

from lab.runner import RunningHost

PATIENCE = 2.0  # seconds without a packet from the other side
LOCALHOST = ("::1", "127.0.0.1")  # as the hosts file of the lab has it; the first that accepts
Control = tuple[RunningHost, str]


def ask(host: RunningHost, url: str) -> str:
    """Send a GET request through a socket of `host` and return the body of the answer.

    Raises OSError as connect(2) does, and TimeoutError after PATIENCE seconds.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.sock = _connect(host, parts.hostname, parts.port)
    try:
        connection.request("GET", parts.path or "/", headers={"Connection": "close"})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _connect(host: RunningHost, name: str, port: int) -> socket.socket:
    *first, last = LOCALHOST if name == "localhost" else (name,)
    for address in first:
        try:
            return _connect(host, address, port)
        except ConnectionRefusedError:
            continue
    made = host.socket(socket.AF_INET6 if ":" in last else socket.AF_INET)
    made.settimeout(PATIENCE)
    try:
        made.connect((last, port))
    except BaseException:
        made.close()
        raise
    return made


def reaches(host: RunningHost, url: str) -> bool:
    """Tell whether a request from `host` gets an answer."""
    try:
        return bool(ask(host, url))
    except OSError:
        return False


def check_reaches(host: RunningHost, url: str) -> str:
    """Assert that a request from `host` gets an answer, and return its body."""
    try:
        body = ask(host, url)
    except OSError as error:
        raise AssertionError(f"{host.name} cannot reach {url}: {error}") from None
    assert body, f"{host.name} got an empty answer from {url}"
    return body


def cannot_reach(host: RunningHost, url: str, *, control: Control) -> None:
    """Assert that `host` is refused: a reset comes back at once (RFC 9293, section 3.10.7.1)."""
    _check_fails(host, url, "refused", control)


def cannot_hear(host: RunningHost, url: str, *, control: Control) -> None:
    """Assert that `host` times out: nothing at all comes back."""
    _check_fails(host, url, "timed out", control)


def cannot_route(host: RunningHost, url: str, *, control: Control) -> None:
    """Assert that `host` knows no way to the address, and sends nothing (connect(2))."""
    _check_fails(host, url, "no route", control)


def _check_fails(host: RunningHost, url: str, expected: str, control: Control) -> None:
    """A port that nobody serves refuses everybody, so the control asks for the same one."""
    assert urlsplit(url).port == urlsplit(control[1]).port, f"{url} and {control[1]}: two ports"
    check_reaches(*control)
    try:
        happened = f"answered {ask(host, url)!r}"
    except OSError as error:
        happened = _name(error)
    assert happened == expected, f"{host.name} asked {url}: {happened}, not {expected}"
    check_reaches(*control)


def _name(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    names = {errno.ECONNREFUSED: "refused", errno.ENETUNREACH: "no route"}
    return names.get(error.errno, str(error))

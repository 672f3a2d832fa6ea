"""Networks in which nothing is as it should be, to find proofs that prove nothing.

A proof must fail when what it observes is noise.  Under SILENT every command succeeds, prints
nothing and listens nowhere; under LOUD every command fails, prints rubbish and listens elsewhere.
A proof that passes under SILENT looks at no output; one that passes under LOUD has no control.
Under DEAD the lab is real, but each server is killed once it listens: a proof that starts a server
and passes all the same says nothing about that server.  Under MOVED each server listens on the
wildcard address where it was told the loopback one, and the other way round: a proof of where to
bind that passes all the same says nothing about that.
"""

import functools
import re
import signal
import socket
from collections.abc import Callable

from lab.network import Plan
from lab.runner import Network, Result
from lab.terminal import Terminal
from lab.transcript import Outcome, Transcript

SILENT, LOUD, DEAD, MOVED = "silent", "loud", "dead", "moved"
KINDS = (SILENT, LOUD, DEAD, MOVED)


class NoisyTerminal:
    """Stands for a command that is running, and tells lies about it."""

    descriptors: tuple[int, ...] = ()

    def __init__(self, kind: str, command: str) -> None:
        self.command, self.pid = command, 1
        self.status = _status(kind)
        self._kind = kind

    def lines(self) -> list[str]:
        return _lines(self._kind)

    def log(self) -> str:
        return "\n".join(self.lines())

    def fileno(self) -> int:
        return -1

    def take(self) -> bytes:
        return "\n".join(self.lines()).encode()

    def listening(self) -> list[tuple[str, int]]:
        return [] if self._kind == SILENT else [("203.0.113.255", 9)]

    def poll(self) -> int:
        return self.status

    def wait_end(self, deadline: float = 0) -> int:
        return self.status

    def wait_listening(self, deadline: float = 0) -> bool:
        return self._kind == SILENT

    def wait_output(self, enough: Callable, is_promising: object = 0, deadline: float = 0) -> bool:
        return self._kind == SILENT

    def _do_nothing(self, *_: object) -> None: ...

    press = type = resize = kill = kill_session = end = close = _do_nothing


class NoisySocket(socket.socket):
    """A socket on no network: every call succeeds and nothing comes, or none does."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def _do(self, *_: object) -> None:
        if self._kind == LOUD:
            raise OSError("noise")

    bind = connect = listen = sendall = _do

    def recv(self, *_: object) -> bytes:
        self._do()
        return b""

    def recv_into(self, *_: object) -> int:
        return len(self.recv())

    def getsockname(self) -> tuple[str, int]:
        return ("203.0.113.255", 9)


class NoisyHost:
    """Stands for a host; see the module."""

    folder = "/"

    def __init__(self, kind: str, name: str) -> None:
        self.name, self._kind = name, kind

    def copy(self, source: object) -> None: ...

    def run(self, command: str, **_: object) -> Result:
        return Result(command, _status(self._kind), _lines(self._kind))

    def start(self, command: str, **_: object) -> NoisyTerminal:
        return NoisyTerminal(self._kind, command)

    serve = start

    def socket(self, *_: object) -> NoisySocket:
        return NoisySocket(self._kind)


class NoisyNetwork:
    """Stands for a network; see the module."""

    def __init__(self, kind: str, plan: Plan) -> None:
        self.plan = plan
        self.hosts = {name: NoisyHost(kind, name) for name in plan.host_names}
        self.__dict__.update(self.hosts)

    def ask(self, *_: object, **__: object) -> tuple[dict, list[int]]:
        return {}, []

    def close(self) -> None: ...

    def reset(self) -> None: ...


def kill_servers(network: Network) -> None:
    """Let every server of `network` that a proof starts die as soon as it listens."""
    for host in network.hosts.values():
        host.serve = functools.partial(_serve_and_kill, host.serve)


def move_servers(network: Network) -> None:
    """Let every Uvicorn of `network` that a proof starts listen where it was not told to."""
    for host in network.hosts.values():
        host.serve = functools.partial(_serve_elsewhere, host.serve)


def _serve_elsewhere(serve: Callable[..., Terminal], command: str, **options: bool) -> Terminal:
    return serve(moved(command), **options)


def moved(command: str) -> str:
    """Return a command that binds the wildcard address instead of the loopback one, or vice versa.

    Uvicorn binds the loopback address if it is told none.
    """
    option = re.search(r"--(?:host|bind) (\S+)", command)
    is_loopback = not option or option[1] == "127.0.0.1"
    address = "0.0.0.0" if is_loopback else "127.0.0.1"
    if option:
        return command[: option.start(1)] + address + command[option.end(1) :]
    return f"{command} --host {address}" if command.startswith("uvicorn ") else command


def _serve_and_kill(serve: Callable[..., Terminal], command: str, **options: bool) -> Terminal:
    server = serve(command, **options)
    server.kill_session(signal.SIGKILL)
    server.wait_end()
    return server


def play(kind: str, script: Transcript) -> list[Outcome]:
    """Return what the steps of a transcript did, under noise."""
    return [Outcome(step, _lines(kind), _status(kind)) for step in script.steps]


def _status(kind: str) -> int:
    return 1 if kind == LOUD else 0


def _lines(kind: str) -> list[str]:
    return ["noise"] if kind == LOUD else []

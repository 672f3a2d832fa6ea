"""Networks that are up, and commands on their hosts.

    zygote ──► Network ── has ──► RunningHost ── starts ──► Terminal

Only this module starts commands, but for those that a shell of lab.shell hands to other hosts.
"""

import contextlib
import os
import select
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from lab import keeper, spaces, warm
from lab.errors import LabError
from lab.network import Plan
from lab.terminal import DEADLINE, Terminal, open_terminal
from lab.zygote import check_ready, locale, zygote


@dataclass
class Result:
    """How a command ended: its exit status and what its terminal showed, line by line."""

    command: str
    status: int
    lines: list[str]

    @property
    def output(self) -> str:
        return "\n".join(self.lines)


class Network:
    """A network of hosts, up from creation to `close`; hosts are its attributes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.terminals: list[Terminal] = []  # a terminal that closes hangs up its command
        self.is_pristine = True  # no command has had the privilege to change the network
        self._lock = threading.Lock()
        self._control = zygote().open(plan)
        self._holder = -1
        told, _ = keeper.receive(self._control)
        with contextlib.suppress(ProcessLookupError):  # the next message says why it has ended
            self._holder = os.pidfd_open(told["holder"]) if told else -1
        ready, _ = keeper.receive(self._control)
        try:
            check_ready(ready)
        except LabError:
            self._control.close()
            if self._holder >= 0:
                os.close(self._holder)
            raise
        self._control.settimeout(DEADLINE)
        self.scratch = ready["scratch"]
        self.hosts = {name: RunningHost(self, name) for name in plan.host_names}

    def __getattr__(self, name: str) -> "RunningHost":
        try:
            return self.__dict__["hosts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the network; return when the kernel has removed them.

        Raises LabError if that takes longer than DEADLINE. What is closed may be closed again.
        """
        if self._holder < 0:
            return
        holder, self._holder = self._holder, -1
        with contextlib.suppress(OSError):  # the keeper has ended already
            self._control.shutdown(socket.SHUT_RDWR)  # it ends then; when all is gone, the holder
        self._control.close()
        # It becomes readable at the end (pidfd_open(2)).
        ended, _, _ = select.select([holder], [], [], DEADLINE)
        os.close(holder)
        self._close_terminals()
        if not ended:
            what = f"after {DEADLINE:g} s the processes of this network have not ended"
            raise LabError("the lab", what, [("network", self.plan.name)])

    def reset(self) -> None:
        """End every command, and empty the home and the /tmp of every host.

        For a network that `is_pristine`.  A command finds no process, port or file of those before
        it.  What the kernel remembers stays: connections in TIME-WAIT, of which no server that sets
        SO_REUSEADDR takes notice, counters of interfaces, and addresses of neighbours.
        """
        assert self.is_pristine, "a privileged command may have changed this network"
        self.ask("reset")
        self._close_terminals()
        for host in self.hosts.values():
            host.folder = f"{self.scratch}/{host.name}"

    def _close_terminals(self) -> None:
        for terminal in self.terminals:
            terminal.close()
        self.terminals.clear()

    def ask(self, request: str, *descriptors: int, **values: object) -> tuple[dict, list[int]]:
        """Send a request to the keeper and return its reply. Raises LabError."""
        with self._lock:
            reply, passed = self._exchange({"do": request, **values}, descriptors)
        if reply is None:
            raise LabError("the lab", "the keeper of this network has ended")
        if "error" in reply:
            what = f"a host cannot do what was asked of it: {request}"
            raise LabError("the lab", what, [("answer", reply["step"])])
        return reply, passed

    def _exchange(self, message: dict, descriptors: tuple) -> tuple[dict | None, list[int]]:
        """Send a message and return the answer to it; None instead means that nobody is there."""
        if self._control.fileno() < 0:  # closed
            return None, []
        try:
            keeper.send(self._control, message, descriptors)
            return keeper.receive(self._control)
        except BrokenPipeError:
            return None, []
        except TimeoutError:
            self._control.close()  # a late answer would be taken for that to another request
            what = f"after {DEADLINE:g} s the keeper of this network has not answered"
            raise LabError("the lab", what, [("asked", f"to {message['do']}")]) from None


class RunningHost:
    """A host of a network that is up; commands run in its home, or in a copied folder."""

    def __init__(self, network: Network, name: str) -> None:
        self.network, self.name = network, name
        self.folder = f"{network.scratch}/{name}"

    def copy(self, source: Path) -> None:
        """Copy a folder to this host and let commands run in the copy. Raises LabError."""
        source = source.resolve()
        try:
            folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise _no_copy(source, error.strerror) from None
        try:
            reply, _ = self.network.ask("copy", folder, host=self.name, name=source.name)
        finally:
            os.close(folder)
        if "wrong" in reply:
            raise _no_copy(source / reply["wrong"], reply["why"])
        self.folder = reply["folder"]

    def start(
        self,
        command: str,
        *,
        root: bool = False,
        cold: bool = False,
        size: tuple[int, int] | None = None,
    ) -> Terminal:
        """Start a command in a new terminal of this host.

        `root` keeps every capability, `cold` forbids a fork of the zygote, `size` (rows, columns)
        makes the terminal an interactive one.
        """
        self.network.is_pristine &= not root
        argv = None if cold else warm.words(command)
        screen, theirs = open_terminal(size)
        ended, status = os.pipe()
        try:
            reply, _ = self.network.ask(
                "start",
                theirs,
                theirs,
                theirs,
                status,
                host=self.name,
                argv=argv or ["bash", "-c", command],
                folder=self.folder,
                environ=_environment(self.folder),
                root=root,
                is_warm=bool(argv),
            )
        finally:
            os.close(theirs)
            os.close(status)
        terminal = Terminal(self, command, reply["pid"], screen, ended)
        self.network.terminals.append(terminal)
        return terminal

    def run(self, command: str, *, root: bool = False, deadline: float = DEADLINE) -> Result:
        """Run a command to its end. Raises LabError after `deadline` seconds."""
        terminal = self.start(command, root=root)
        terminal.wait_end(deadline)
        return Result(command, terminal.status, terminal.lines())

    def serve(self, command: str, *, root: bool = False, cold: bool = False) -> Terminal:
        """Start a server and return once it accepts connections. Raises LabError with its log."""
        terminal = self.start(command, root=root, cold=cold)
        if not terminal.wait_listening():
            raise LabError(
                command,
                f"this server ended with exit status {terminal.status} before it accepted",
                [("log", terminal.log() or "(empty)")],
            )
        return terminal

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """Return a new socket that lives on this host, with a timeout of DEADLINE seconds."""
        _, (descriptor,) = self.network.ask(
            "socket", host=self.name, family=int(family), kind=int(kind)
        )
        made = socket.socket(fileno=descriptor)
        made.settimeout(DEADLINE)
        return made


def _no_copy(path: Path, why: str) -> LabError:
    what = "this cannot be copied to a host"
    remedy = "mend or remove it: what lies beside a transcript is copied with it"
    return LabError(str(path), what, [("answer", why)], remedy)


def _environment(folder: str) -> dict[str, str]:
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "PATH": f"{os.path.dirname(sys.executable)}:{system}",
        "HOME": folder,
        "USER": spaces.USER,
        "SHELL": "/bin/bash",
        # Two edits within a second and of one length would look the same to Python's cache.
        "PYTHONDONTWRITEBYTECODE": "1",
        **locale(),
    }

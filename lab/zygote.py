"""The process that keepers are forked from, as the runner sees it; lab.keeper is its inside."""

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from lab import keeper, warm
from lab.errors import LabError, NotPermitted
from lab.network import Plan

ROOT = Path(__file__).parent.parent
# How the kernel refuses a namespace, or says that it knows no such kind (unshare(2)).
REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.EINVAL, errno.ENOSYS}
KINDS = ("user", "net", "pid", "mnt", "uts", "ipc")  # of namespaces that the lab makes

_lock = threading.Lock()
_zygote: "Zygote | None" = None


class Zygote:
    """The process that keepers are forked from; one for each process that uses the lab."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
        with theirs:
            start = f"from lab import keeper; keeper.main({theirs.fileno()})"
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    f"import sys; sys.path.insert(1, {str(ROOT)!r}); {start}",
                    " " * warm.ROOM,
                ],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=environ | locale(),
                start_new_session=True,  # Ctrl+C is for the runner alone
            )
        try:
            check_ready(keeper.receive(self._control)[0])
        except LabError:
            self._control.close()  # a process that is not ready ends by itself
            self.process.wait()
            raise

    def open(self, plan: Plan) -> socket.socket:
        """Return the control socket of a new keeper that holds a network of `plan`."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            keeper.send(self._control, {"plan": plan.name}, (theirs.fileno(),))
        return mine


def zygote() -> Zygote:
    """Return the zygote of this process, started on first use."""
    global _zygote
    with _lock:
        if _zygote is None or _zygote.process.poll() is not None:
            _zygote = Zygote()
        return _zygote


def check_ready(message: dict | None) -> None:
    if message is None:
        what = "its first process ended before it was ready"
        raise LabError("the lab", what, remedy="the reason stands above")
    if message.get("lacks"):
        what = f"{sys.executable} has no package {message['lacks']}"
        remedy = "use .venv/bin/python, which `make test` makes, or install requirements.txt"
        raise LabError("the lab", what, remedy=remedy)
    if message.get("missing"):
        what = f"the program {message['missing']} is not on this machine"
        remedy = "install it; README.md lists the system packages that the lab runs"
        raise LabError("the lab", what, remedy=remedy)
    if "ready" not in message:
        raise _refusal(message)


def _refusal(message: dict) -> NotPermitted:
    """Tell namespaces that are forbidden from all else that can fail while a network is built."""
    number = message.get("error")
    facts = [("tried", f"to {message.get('step', 'start the lab')}")]
    facts += [("answer", os.strerror(number))] if number else []
    facts += [("detail", message["detail"])] if message.get("detail") else []
    if number not in REFUSALS or message.get("file"):  # no namespace has the name of a file
        return NotPermitted("the lab", "the network cannot be built on this system", facts)
    setting, remedy = _forbidding()
    what = "this system does not permit namespaces"
    return NotPermitted("the lab", what, facts + setting, remedy)


def _forbidding() -> tuple[list[tuple[str, str]], str]:
    """Return which setting of this system forbids namespaces, if it can be seen, and the remedy."""
    for setting, forbids, value in (
        *((f"user/max_{kind}_namespaces", "0", "15000") for kind in KINDS),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ):
        with contextlib.suppress(OSError):
            if Path("/proc/sys", setting).read_text().strip() == forbids:
                name = setting.replace("/", ".")
                return [("setting", f"{name} = {forbids}")], f"sudo sysctl -w {name}={value}"
    return [], "in a container, allow namespaces (Docker: --privileged); else run as root"


def locale() -> dict[str, str]:
    """Fix what output depends on besides the program: language, time zone, kind of terminal."""
    return {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "xterm"}

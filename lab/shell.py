"""An interactive shell on a host, and commands on the other hosts from inside it."""

import contextlib
import errno
import os
import select
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator

from lab import drawing, keeper
from lab.errors import LabError, Malformed
from lab.network import Plan, check_host, find_plan
from lab.runner import Network
from lab.terminal import Screen, Terminal, open_terminal
from lab.zygote import ROOT

ENDING = (signal.SIGTERM, signal.SIGHUP)
CONTROL, NETWORK, PRIVILEGE = "LAB_CONTROL", "LAB_NETWORK", "LAB_PRIVILEGE"
# What a terminal, `kill` and a closed window send to a command here is meant for the one elsewhere.
HANDED_ON = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGTSTP,
    signal.SIGWINCH,
)


def open_shell(plan: Plan, host: str, *, root: bool) -> int:
    """Open a shell on `host` and return its exit status. The network ends with it."""
    if not sys.stdin.isatty():
        raise Malformed("python -m lab shell", "this needs a terminal", remedy="run it by hand")
    with Network(plan) as network:
        for running in network.hosts.values():
            running.copy(ROOT / "snippets")
        control, _ = network.ask("listen")
        print(drawing.draw(plan))
        others = [name for name in plan.host_names if name != host]
        print(f"This is {host}. Run a command elsewhere: {others[0]} curl http://…   Leave: exit\n")
        return _attach(_start(network, host, control["path"], root=root))


def _start(network: Network, host: str, control: str, *, root: bool) -> Terminal:
    command = _command(network.plan, host, control, root=root)
    return network.hosts[host].start(command, root=root, size=_terminal_size())


def _command(plan: Plan, host: str, control: str, *, root: bool) -> str:
    """Return the command of a shell on `host` in which every other host is a command."""
    python = shutil.which("python", path=os.path.dirname(sys.executable)) or sys.executable
    functions = "".join(
        f'{name}() {{ {python} -m lab on {name} "$@"; }}\n'
        for name in plan.host_names
        if name != host
    )
    sign = "#" if root else "$"
    setup = (
        f"PS1='{host}{sign} '\nunset HISTFILE PROMPT_COMMAND\n"
        f"export {CONTROL}={control} {NETWORK}={plan.name} {PRIVILEGE}={int(root)}\n"
    )
    return f"exec bash --noprofile --rcfile <(cat <<'END'\n{setup}{functions}END\n) -i"


def _terminal_size() -> tuple[int, int]:
    size = shutil.get_terminal_size()
    return size.lines, size.columns


def _attach(terminal: Screen) -> int:
    """Join the terminal of this process and that of a shell until one of them ends."""
    saved = termios.tcgetattr(0)
    signal.signal(signal.SIGWINCH, lambda *_: terminal.resize(_terminal_size()))
    for number in ENDING:
        signal.signal(number, _leave)
    try:
        tty.setraw(0)
        with _signalled() as signalled:
            _pass_on(terminal, signalled)
    except OSError as error:
        if error.errno != errno.EIO:  # the window is closed
            raise
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
        for number in (signal.SIGWINCH, *ENDING):
            signal.signal(number, signal.SIG_DFL)
    return 128 + signal.SIGHUP if terminal.status is None else terminal.status


def _leave(number: int, _: object) -> None:
    """End as the signal would have, but by an exception, so that the terminal is restored."""
    sys.exit(128 + number)


@contextlib.contextmanager
def _signalled() -> Iterator[int]:
    """Open a descriptor that is readable once a signal has come, for whoever waits with select.

    Python handles a signal between two calls: one that comes just before a call that waits would
    have to wait as long (signal.set_wakeup_fd).
    """
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(write)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def _pass_on(terminal: Screen, signalled: int) -> None:
    """Hand on keys and output until the shell ends, or nobody can type any more."""
    keys = b""
    while terminal.status is None:
        waiting = [terminal] if keys else []  # it takes no more than it has room for
        ready, _, _ = select.select([0, signalled, *terminal.descriptors], waiting, [])
        if signalled in ready:
            os.read(signalled, 4096)
        if 0 in ready:
            typed = os.read(0, 4096)
            if not typed:
                return
            keys += typed
        keys = keys[terminal.type(keys) :]
        os.write(1, terminal.take())
    os.write(1, terminal.take())


def run_on(host: str, argv: list[str]) -> int:
    """Run `argv` on another host; return its exit status. Without `argv` it is a shell.

    It has every privilege if this process has. Raises Malformed.
    """
    with _control() as control:
        plan = find_plan(os.environ.get(NETWORK, ""), "python -m lab on")
        check_host(plan, host, "python -m lab on", "use one of these hosts")
        if argv or not sys.stdin.isatty():
            return _run(control, host, argv or ["bash", "--norc"])
        return _open_inner(control, plan, host)


def _control() -> socket.socket:
    """Return a connection to the keeper of the shell that this runs in. Raises Malformed."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        control.connect(os.environ[CONTROL])
    except (KeyError, OSError):
        control.close()
        raise Malformed(
            "python -m lab on",
            "there is no network here",
            remedy="open one with `python -m lab shell laptop`, and run this inside it",
        ) from None
    return control


def _start_on(
    control: socket.socket, host: str, argv: list[str], streams: tuple[int, int, int]
) -> tuple[int, int]:
    """Start `argv` on another host; return its process, and the end of a pipe for its status."""
    ended, status = os.pipe()
    request = {
        "do": "start",
        "host": host,
        "argv": argv,
        "folder": os.getcwd(),
        "environ": dict(os.environ),
        "root": _is_root(),
        "is_warm": False,
    }
    keeper.send(control, request, (*streams, status))
    os.close(status)
    reply, _ = keeper.receive(control)
    if reply is None:
        raise LabError("python -m lab on", "the keeper of this network has ended")
    if "error" in reply:
        raise LabError("python -m lab on", reply["step"])
    return reply["pid"], ended


def _is_root() -> bool:
    """Tell whether the shell that this runs in has every privilege."""
    return os.environ.get(PRIVILEGE) == "1"


def _open_inner(control: socket.socket, plan: Plan, host: str) -> int:
    """Open a shell on another host, in a terminal of its own.

    Job control needs a controlling terminal, and ours is that of another session already
    (TIOCSCTTY(2const)).  When this process ends, however it does, the terminal hangs up.
    """
    command = _command(plan, host, os.environ[CONTROL], root=_is_root())
    screen, theirs = open_terminal(_terminal_size())
    _, ended = _start_on(control, host, ["bash", "-c", command], (theirs, theirs, theirs))
    os.close(theirs)
    return _attach(Screen(screen, ended))


def _run(control: socket.socket, host: str, argv: list[str]) -> int:
    """Run a command on another host with the streams of this process, as a job of our shell."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)  # until there is whom to hand them to
    pid, ended = _start_on(control, host, argv, (0, 1, 2))

    def hand_on(number: int, _: object) -> None:
        """Signal the process group of the command, as a terminal does."""
        if number == signal.SIGTSTP:
            # An orphaned process group does not stop for SIGTSTP (credentials(7), setpgid(3p)).
            _signal_group(control, pid, signal.SIGSTOP)
            os.kill(os.getpid(), signal.SIGSTOP)  # here we stay until fg or bg
            number = signal.SIGCONT
        _signal_group(control, pid, number)

    for number in HANDED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as in the background of a script
            signal.signal(number, hand_on)
    with _signalled() as signalled:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
        while ended not in select.select([ended, signalled], [], [])[0]:
            os.read(signalled, 4096)
    code = int(os.read(ended, 16) or b"127")
    return code if code >= 0 else 128 - code


def _signal_group(control: socket.socket, pid: int, number: int) -> None:
    keeper.send(control, {"do": "signal", "pid": -pid, "number": int(number)})
    keeper.receive(control)  # the command may have ended meanwhile

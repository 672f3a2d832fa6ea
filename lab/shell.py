"""An interactive shell on a host, and commands on the other hosts from inside it."""

import os
import select
import shutil
import signal
import socket
import sys
import termios
import tty

from lab import drawing, keeper
from lab.errors import LabError, Malformed
from lab.network import Plan, check_host, find_plan
from lab.runner import Network
from lab.terminal import Terminal
from lab.zygote import ROOT

CONTROL, NETWORK, PRIVILEGE = "LAB_CONTROL", "LAB_NETWORK", "LAB_PRIVILEGE"


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
    python = shutil.which("python", path=os.path.dirname(sys.executable)) or sys.executable
    functions = "".join(
        f'{name}() {{ {python} -m lab on {name} "$@"; }}\n'
        for name in network.hosts
        if name != host
    )
    sign = "#" if root else "$"
    setup = (
        f"PS1='{host}{sign} '\nunset HISTFILE PROMPT_COMMAND\n"
        f"export {CONTROL}={control} {NETWORK}={network.plan.name} {PRIVILEGE}={int(root)}\n"
    )
    command = f"exec bash --noprofile --rcfile <(cat <<'END'\n{setup}{functions}END\n) -i"
    return network.hosts[host].start(command, root=root, size=_terminal_size())


def _terminal_size() -> tuple[int, int]:
    size = shutil.get_terminal_size()
    return size.lines, size.columns


def _attach(terminal: Terminal) -> int:
    """Join the real terminal and that of the shell until the shell ends."""
    saved = termios.tcgetattr(0)
    signal.signal(signal.SIGWINCH, lambda *_: terminal.resize(_terminal_size()))
    try:
        tty.setraw(0)
        while terminal.status is None:
            ready, _, _ = select.select([0, *terminal.descriptors], [], [])
            if 0 in ready:
                terminal.type(os.read(0, 4096))
            os.write(1, terminal.take())
        os.write(1, terminal.take())
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
    return terminal.status


def run_on(host: str, argv: list[str]) -> int:
    """Run `argv` on another host with the streams of this process; return its exit status.

    Without `argv` it is a shell; it has every privilege if this one has. Raises Malformed.
    """
    with _control() as control:
        plan = find_plan(os.environ.get(NETWORK, ""), "python -m lab on")
        check_host(plan, host, "python -m lab on", "use one of these hosts")
        ended, status = os.pipe()
        root = os.environ.get(PRIVILEGE) == "1"
        sign = "#" if root else "$"
        request = {
            "do": "start",
            "host": host,
            "argv": argv or ["bash", "--norc", "-i"],
            "folder": os.getcwd(),
            "environ": dict(os.environ) | {"PS1": f"{host}{sign} "},
            "root": root,
            "is_warm": False,
        }
        keeper.send(control, request, (0, 1, 2, status))
        os.close(status)
        reply, _ = keeper.receive(control)
        if "error" in reply:
            raise LabError("python -m lab on", reply["step"])
        return _wait(control, reply["pid"], ended)


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


def _wait(control: socket.socket, pid: int, ended: int) -> int:
    """Return the exit status of a command; hand Ctrl+C on to it."""
    while True:
        try:
            code = int(os.read(ended, 16) or b"127")
        except KeyboardInterrupt:
            keeper.send(control, {"do": "signal", "pid": pid, "number": int(signal.SIGINT)})
        else:
            return code if code >= 0 else 128 - code

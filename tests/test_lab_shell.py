"""The command line of the lab: shells in a terminal, pictures, checks and records."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import __main__ as cli
from lab.network import PLANS
from lab.transcript import clean
from lab.zygote import ROOT, zygote

LAB = [sys.executable, "-m", "lab"]
SECONDS = 10.0  # for whatever a terminal is expected to show
SIZE = ("COLUMNS", "LINES")  # readline, which pytest imports, sets them for every child


def block(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


def wait_until(done: Callable[[], object], seconds: float = SECONDS) -> bool:
    """Ask again and again, and return whether it came true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        select.select([], [], [], 0.01)
    return True


def children(pid: int) -> set[tuple[int, str]]:
    """Return the descendants of a process, each with its start time (proc_pid_stat(5))."""
    stats = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            text = Path(f"/proc/{int(entry)}/stat").read_text()
            stats[int(entry)] = text.rpartition(")")[2].split()
    found, added = set(), {pid}
    while added:
        added = {child for child, fields in stats.items() if int(fields[1]) in added}
        found |= added
    return {(child, stats[child][19]) for child in found}


def is_alive(process: tuple[int, str]) -> bool:
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process[0]}/stat").read_text()
        return text.rpartition(")")[2].split()[19] == process[1]
    return False


# -- a shell in a terminal ------------------------------------------------------------------------


class Shell:
    """`python -m lab shell …`, in a terminal of 30 rows and 100 columns."""

    def __init__(
        self,
        *arguments: str,
        prompt: str = "laptop$ ",
        start: tuple[str, ...] = ("setsid", "--ctty"),  # the terminal is its own
    ) -> None:
        self.prompt = prompt
        self.screen, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        self._text = b""
        self.process = subprocess.Popen(
            [*start, *LAB, "shell", *arguments],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k not in SIZE},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=not start,
        )
        os.close(theirs)
        self.greeting = self.read_prompt()

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def read_until(self, end: str) -> list[str]:
        """Return what the terminal shows up to `end`, line by line."""
        deadline = time.monotonic() + SECONDS
        while end.encode() not in self._text:
            left = deadline - time.monotonic()
            assert left > 0, f"no {end!r} in {self._text!r}"
            if select.select([self.screen], [], [], left)[0]:
                self._text += os.read(self.screen, 4096)
        before, _, self._text = self._text.partition(end.encode())
        return clean(before.decode())

    def read_prompt(self) -> list[str]:
        return self.read_until(self.prompt)

    def run(self, command: str) -> list[str]:
        """Type a command and return what it printed, without its echo."""
        self.type(command + "\n")
        return self.read_prompt()[1:]

    def close(self) -> None:
        if self.screen >= 0:
            os.close(self.screen)
            self.screen = -1
        try:
            self.process.wait(timeout=5)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A shell on the laptop that tests share; each leaves it as it was."""
    with contextlib.closing(Shell("laptop")) as opened:
        yield opened


def test_a_shell_shows_the_network_and_a_prompt(shell):
    assert shell.greeting == [
        *HOME.splitlines(),
        "",
        "This is laptop. Run a command elsewhere: phone curl http://…   Leave: exit",
    ]


def test_a_shell_has_the_snippets(shell):
    found = " ".join(shell.run("pwd; ls")).split()
    assert found[0].endswith("/laptop/snippets")
    assert found[1:] == sorted(path.name for path in (ROOT / "snippets").iterdir())


def test_the_phone_asks_a_server_of_the_laptop(shell):
    shell.run("cd local; uvicorn main:app --host 0.0.0.0 --log-level error & cd ..")
    up = "until ss -ltn | grep -q :8000; do :; done; echo up"
    assert shell.run(up) == ["up"]
    assert shell.run("phone curl --silent http://192.168.1.100:8000/") == ['{"message":"Hello"}']
    assert shell.run("phone curl --silent http://127.0.0.1:8000/; echo $?") == ["7"]
    shell.run("kill %1; wait")
    assert shell.run("curl --silent http://127.0.0.1:8000/; echo $?") == ["7"]


def test_every_other_host_is_a_command(shell):
    assert shell.run("phone hostname; desktop hostname; hostname") == ["phone", "desktop", "laptop"]
    assert shell.run("type laptop") == ["bash: type: laptop: not found"]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("phone true; echo $?", ["0"]),
        ("phone sh -c 'exit 7'; echo $?", ["7"]),
        ("phone sh -c 'kill -TERM $$'; echo $?", ["143"]),
        ("cd local; phone ls main.py; cd ..", ["main.py"]),
        ("COLOUR=red phone printenv COLOUR", ["red"]),
        ("phone echo 'a  b' '*'", ["a  b *"]),
        ("phone sh -c 'test -t 0 && test -t 1 && test -t 2'; echo $?", ["0"]),
        ("phone seq 3 | wc --lines", ["3"]),
        ("phone seq 3 > /dev/null", []),
        ("phone ls /nonesuch 2> /dev/null; echo $?", ["2"]),
        ("echo typed | phone cat", ["typed"]),
        ("phone grep CapEff /proc/self/status", ["CapEff:\t0000000000000000"]),
    ],
)
def test_a_command_on_another_host_is_like_one_here(shell, command, shown):
    """It has its streams, folder, environment, arguments and exit status."""
    assert shell.run(command) == shown


def test_a_program_that_does_not_exist_on_another_host(shell):
    *lines, status = shell.run("phone nonesuch; echo $?")
    assert lines[0].startswith("nonesuch: ")
    assert status == "127"


def test_a_privileged_shell_is_privileged_on_every_host():
    with contextlib.closing(Shell("laptop", "--root", prompt="laptop# ")) as opened:
        assert opened.run("phone nft add table inet wall; echo $?") == ["0"]
        assert opened.run("phone nft list tables") == ["table inet wall"]


def test_a_host_that_does_not_exist_in_a_shell(shell):
    """No function is called so; by hand, the command says which hosts there are."""
    assert shell.run("tablet true") == ["bash: tablet: command not found"]
    *lines, status = shell.run("python -m lab on tablet true; echo $?")
    assert lines[0].endswith(": the network home has no host called tablet")
    assert lines[1].split() == ["hosts:", "laptop,", "phone,", "desktop"]
    assert status == "2"


def test_ctrl_c_ends_a_command_on_another_host():
    """And nothing else: the shell goes on, however often."""
    shell = Shell("laptop")
    try:
        for _ in range(5):
            shell.type("phone sh -c 'echo up; exec sleep 4711'\n")
            shell.read_until("up\r\n")
            shell.type("\x03")
            shell.read_prompt()
            assert shell.run("echo $?; pgrep sleep") == ["130"]
    finally:
        shell.close()


def test_ctrl_c_ends_a_command_that_prints_on():
    with contextlib.closing(Shell("laptop")) as opened:
        opened.type("timeout 8 yes\n")
        opened.read_until("y\r\n" * 20000)
        opened.type("\x03")
        opened.read_prompt()
        assert opened.run("echo $?") == ["130"]


@pytest.mark.parametrize("signal_", ["TERM", "INT", "HUP", "KILL"])
def test_a_background_command_on_another_host_is_a_job(shell, signal_):
    """What ends the job here ends the command there, and its children."""
    shell.run("phone sh -c 'sleep 4711; true' &")
    assert wait_until(lambda: states("sleep", shell) == "S")
    shell.run(f"kill -{signal_} %1; wait")
    assert wait_until(lambda: states("sleep", shell) == "")


def test_ctrl_z_stops_a_command_on_another_host(shell):
    shell.type("phone sh -c 'sleep 4711; true'\n")
    for resume in ("fg\n", "bg; fg\n"):
        assert wait_until(lambda: states("sleep", shell) == "S")
        assert wait_until(lambda: is_command_in_front(shell))
        shell.type("\x1a")
        assert "Stopped" in shell.read_prompt()[-1]
        assert wait_until(lambda: states("sleep", shell) == "T")
        shell.type(resume)
    assert wait_until(lambda: states("sleep", shell) == "S")
    assert wait_until(lambda: is_command_in_front(shell))
    shell.type("\x03")
    shell.read_prompt()
    assert wait_until(lambda: states("sleep", shell) == "")


def test_a_shell_on_another_host(shell):
    """A host's name alone opens one there, from which the others are commands as well."""
    with inside(shell, "phone", "exit 5"):
        assert shell.run("hostname; laptop hostname") == ["phone", "laptop"]
        assert shell.run("echo ${HISTFILE-none}; [ -o monitor ]; echo $?") == ["none", "0"]
        check_sizes(shell)
    assert shell.run("echo $?; hostname") == ["5", "laptop"]
    assert shell.run("stty -a | grep -o ' -*icanon'") == [" icanon"]


def test_the_keys_of_a_shell_on_another_host(shell):
    """Ctrl+C ends a server there and Ctrl+Z stops it; fg and bg let it go on."""
    ask = "curl --silent --max-time 1 http://127.0.0.1:8000/; echo $?"
    with inside(shell, "phone"):
        shell.type("uvicorn main:app --app-dir local --no-access-log\n")
        shell.read_until("CTRL+C to quit)")
        shell.type("\x1a")
        assert "Stopped" in shell.read_prompt()[-1]
        assert shell.run(ask) == ["28"]
        shell.run("bg")
        assert shell.run(ask) == ['{"message":"Hello"}0']
        shell.type("fg\n")
        assert wait_until(lambda: is_command_in_front(shell))
        shell.type("\x03")
        assert "Finished server process" in shell.read_prompt()[-1]
        assert shell.run(ask) == ["7"]


def test_a_shell_on_another_host_reads_a_pipe(shell):
    assert shell.run("echo 'hostname; exit 5' | phone; echo $?") == ["phone", "5"]


@pytest.mark.parametrize("ending", ["window", "kill"])
def test_a_shell_on_another_host_ends_with_its_own(ending):
    shell = Shell("laptop")
    try:
        shell.type("phone\n")
        shell.read_until("phone$ ")
        shell.type("sleep 4711 & sleep 4712\n")
        assert wait_until(lambda: states("sleep", shell) == "SS")
        processes = children(shell.process.pid)
        if ending == "kill":
            shell.process.kill()
        shell.close()
        assert wait_until(lambda: not any(map(is_alive, processes)))
    finally:
        shell.close()


def test_what_runs_in_a_shell_on_another_host_ends_when_that_is_killed(shell):
    shell.type("phone\n")
    shell.read_until("phone$ ")
    shell.type("sleep 4711 & pkill -KILL --full 'lab on phon[e]'; sleep 4712\n")
    shell.read_prompt()
    assert wait_until(lambda: states("sleep", shell) == "")
    assert shell.run("stty -a | grep -o ' -*icanon'") == [" icanon"]


@contextlib.contextmanager
def inside(shell: Shell, host: str, leave: str = "exit") -> Iterator[None]:
    """Type into a shell that the name of a host opens on it."""
    prompt, shell.prompt = shell.prompt, f"{host}$ "
    try:
        assert shell.run(host) == []
        yield
    finally:
        shell.prompt = prompt
    assert shell.run(leave) == ["exit"]


def check_sizes(shell: Shell) -> None:
    """Change the size of the window, and see that it is known inside."""
    assert shell.run("stty size") == ["30 100"]
    for size in ((20, 90), (30, 100)):
        shown = "{} {}".format(*size)
        shell.type(f"echo up; until [ \"$(stty size)\" = '{shown}' ]; do :; done; stty size\n")
        shell.read_until("up\r\n")
        termios.tcsetwinsize(shell.screen, size)
        assert shell.read_prompt() == [shown]


def test_the_terminal_has_the_size_of_the_real_one(shell):
    check_sizes(shell)


def test_a_shell_writes_no_history(shell):
    assert shell.run("echo ${HISTFILE-none}") == ["none"]


@pytest.mark.parametrize("leave", ["exit 3\n", "\x04"])
def test_leaving_a_shell_ends_everything(leave):
    shell = Shell("phone", prompt="phone$ ")
    processes = children(shell.process.pid)
    try:
        shell.run("laptop sleep 4711 & sleep 4712 &")
        assert wait_until(lambda: states("sleep", shell) == "SS")
        processes |= children(shell.process.pid)
        shell.type(leave)
        assert shell.process.wait(timeout=SECONDS) == (3 if "exit" in leave else 0)
        assert wait_until(lambda: not any(map(is_alive, processes)))
        assert is_line_mode(shell.screen)
    finally:
        shell.close()


def stats(program: str, shell: Shell) -> list[list[str]]:
    """Return what proc_pid_stat(5) tells, from field 3 on, of each process inside by its name."""
    found = []
    for child, _ in children(shell.process.pid):
        with contextlib.suppress(OSError):
            head, _, fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")
            if head.partition("(")[2] == program:
                found.append(fields.split())
    return found


def states(program: str, shell: Shell) -> str:
    """Return a letter for each: S sleeps, T is stopped; zombies have ended."""
    return "".join(fields[0] for fields in stats(program, shell)).replace("Z", "")


def is_command_in_front(shell: Shell) -> bool:
    """Tell whether the keys go to a command: bash is in the background of its terminal."""
    return not any(fields[2] == fields[5] for fields in stats("bash", shell))


def is_line_mode(screen: int) -> bool:
    """Tell whether the terminal is as it was: with echo, and read line by line."""
    flags = termios.tcgetattr(screen)[3]
    return bool(flags & termios.ECHO and flags & termios.ICANON)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_shell_that_is_killed_leaves_the_terminal_as_it_was(name):
    shell = Shell("laptop")
    processes = children(shell.process.pid)
    try:
        assert not is_line_mode(shell.screen)
        shell.process.send_signal(signal.Signals[name])
        assert shell.process.wait(timeout=SECONDS) == 128 + signal.Signals[name]
        assert is_line_mode(shell.screen)
        assert wait_until(lambda: not any(map(is_alive, processes)))
    finally:
        shell.close()


def test_a_shell_ends_when_its_terminal_is_lost():
    """Also where that is not its controlling terminal, so that no SIGHUP tells it."""
    shell = Shell("laptop", start=())
    processes = children(shell.process.pid)
    try:
        shell.close()
        assert shell.process.returncode == 129
        assert wait_until(lambda: not any(map(is_alive, processes)))
    finally:
        shell.close()


def test_a_long_text_is_pasted(shell):
    """All of it arrives, though nobody reads it for a while."""
    lines = 1300 * (99 * "x" + "\n")
    shell.type("stty -echo; echo up; sleep 0.3; cat > pasted\n")
    shell.read_until("up\r\n")
    shell.type(lines + "\x04")
    shell.read_prompt()
    shell.run("stty echo")
    assert shell.run("wc --bytes < pasted; rm pasted") == ["130000"]


def test_closing_the_window_ends_everything():
    shell = Shell("laptop")
    processes = children(shell.process.pid)
    try:
        assert len(processes) >= 4
        shell.close()
        assert wait_until(lambda: not any(map(is_alive, processes)))
    finally:
        shell.close()


def test_a_shell_of_root_on_another_network():
    shell = Shell("router", "--network", "internet", "--root", prompt="router# ")
    try:
        assert shell.run("nft add table inet shop; nft list tables") == ["table inet shop"]
        assert shell.run("stranger hostname") == ["stranger"]
        shell.type("exit\n")
        assert shell.process.wait(timeout=SECONDS) == 0
    finally:
        shell.close()


# -- the command line -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab() -> None:
    """The first process of the lab, started once for every test that runs a transcript."""
    zygote()


def run(capsys: pytest.CaptureFixture, *arguments: str | Path) -> tuple[int, str, str]:
    """Run one command of the lab and return its exit status, its output and its errors."""
    status = cli.main([str(a) for a in arguments])
    output, errors = capsys.readouterr()
    return status, re.sub(r"\d+\.\d s", "N s", output), errors


def test_a_shell_needs_a_terminal(capsys, monkeypatch):
    with open(os.devnull) as no_terminal:
        monkeypatch.setattr(sys, "stdin", no_terminal)
        assert run(capsys, "shell", "laptop") == (
            2,
            "",
            block("""
            python -m lab shell: this needs a terminal
              remedy: run it by hand
            """),
        )


def test_a_shell_needs_a_host_of_its_network(capsys):
    status, output, errors = run(capsys, "shell", "stranger")
    assert (status, output) == (2, "")
    assert errors.splitlines()[:2] == [
        "python -m lab shell: the network home has no host called stranger",
        "  hosts:  laptop, phone, desktop",
    ]
    assert "--network" in errors.splitlines()[2]


def test_on_needs_a_shell(capsys, monkeypatch):
    monkeypatch.delenv("LAB_CONTROL", raising=False)
    assert run(capsys, "on", "phone", "curl", "http://192.168.1.100:8000/") == (
        2,
        "",
        block("""
        python -m lab on: there is no network here
          remedy: open one with `python -m lab shell laptop`, and run this inside it
        """),
    )


def test_on_needs_a_shell_that_is_still_open(capsys, monkeypatch, tmp_path):
    """A process may outlive its shell, and its environment with it."""
    monkeypatch.setenv("LAB_CONTROL", str(tmp_path / "gone"))
    assert run(capsys, "on", "phone", "true") == (
        2,
        "",
        block("""
        python -m lab on: there is no network here
          remedy: open one with `python -m lab shell laptop`, and run this inside it
        """),
    )


HOME = """\
home: a laptop, a phone and a desktop on one Wi-Fi
                           wifi
┌────────────────────────┐  │
│ laptop                 │  │
│ wlan0  192.168.1.100   ├──┤
│        2001:db8:1::100 │  │
└────────────────────────┘  │
┌────────────────────────┐  │
│ phone                  │  │
│ wlan0  192.168.1.50    ├──┤
│        2001:db8:1::50  │  │
└────────────────────────┘  │
┌────────────────────────┐  │
│ desktop                │  │
│ wlan0  192.168.1.60    ├──┤
│        2001:db8:1::60  │  │
└────────────────────────┘  │
"""
TWO_NETWORKS = """\
two-networks: a laptop that is on the Wi-Fi and on a second network at the same time
                           wifi  cable
┌────────────────────────┐  │     │
│ laptop                 │  │     │
│ wlan0  192.168.1.100   ├──┤     │
│        2001:db8:1::100 │  │     │
│ eth0  10.8.0.5         ├──│─────┤
└────────────────────────┘  │     │
┌────────────────────────┐  │     │
│ phone                  │  │     │
│ wlan0  192.168.1.50    ├──┤     │
│        2001:db8:1::50  │  │     │
└────────────────────────┘  │     │
┌────────────────────────┐  │     │
│ colleague              │  │     │
│ eth0  10.8.0.7         ├──│─────┤
└────────────────────────┘  │     │
"""


@pytest.mark.parametrize(("name", "picture"), [("home", HOME), ("two-networks", TWO_NETWORKS)])
def test_hosts_draws_a_network(capsys, name, picture):
    assert run(capsys, "hosts", name) == (0, picture + "\n", "")


def test_hosts_draws_every_network(capsys):
    status, output, errors = run(capsys, "hosts")
    assert (status, errors) == (0, "")
    pictures = output.split("\n\n")[:-1]
    assert len(pictures) == len(PLANS)
    for picture, plan in zip(pictures, PLANS.values(), strict=True):
        lines = picture.splitlines()
        assert lines[0] == f"{plan.name}: {plan.about}"
        assert lines[1].split() == list(plan.links)
        words = [line.strip("│├┤─ ").split("│")[0].split("├")[0].split() for line in lines[2:]]
        shown = [word for row in words for word in row if word[0] not in "┌└┐┘"]
        assert shown == [
            word
            for host in plan.hosts
            for word in (
                host.name,
                *(
                    word
                    for i in host.interfaces
                    for word in (i.name, *(a.partition("/")[0] for a in i.addresses))
                ),
            )
        ]


def test_hosts_of_a_network_that_does_not_exist(capsys):
    assert run(capsys, "hosts", "cafe") == (
        2,
        "",
        block("""
        python -m lab hosts: there is no network called cafe
          networks: home, two-networks, internet, container
        """),
    )


@pytest.mark.parametrize("command", ["check", "record"])
def test_a_path_that_does_not_exist(capsys, tmp_path, command):
    path = tmp_path / "none"
    assert run(capsys, command, path) == (
        2,
        "",
        f"{path}: this is neither a folder nor a .console file\n",
    )


def test_a_transcript_that_does_not_exist(capsys, tmp_path):
    path = tmp_path / "x.console"
    error = f"{path}: there is no such transcript\n"
    checked = f"FAIL {path}  N s\n1 transcripts, 0 steps: not as recorded\n"
    assert run(capsys, "check", path) == (2, checked, error)
    assert run(capsys, "record", path) == (2, f"FAIL {path}: not written\n", error)
    assert not path.exists()


@pytest.mark.parametrize("command", ["check", "record"])
def test_an_empty_folder(capsys, tmp_path, command):
    assert run(capsys, command, tmp_path) == (2, "", f"{tmp_path}: no transcripts here\n")


@pytest.mark.parametrize("command", ["check", "record"])
def test_a_file_that_is_no_transcript(capsys, tmp_path, command):
    path = tmp_path / "main.py"
    path.write_text("laptop$ ls\nx\n")
    assert run(capsys, command, path) == (
        2,
        "",
        f"{path}: this is neither a folder nor a .console file\n",
    )
    assert path.read_text() == "laptop$ ls\nx\n"


def test_check_says_what_is_as_recorded(lab, capsys, tmp_path):
    """A folder stands for every transcript in it, however deep."""
    write(tmp_path / "b.console", "laptop$ echo a\na\n")
    write(tmp_path / "a" / "c.console", "phone$ false\n[exit 1]\nphone$ true\n")
    assert run(capsys, "check", tmp_path) == (
        0,
        f"ok   {tmp_path}/a/c.console  N s\n"
        f"ok   {tmp_path}/b.console  N s\n"
        "2 transcripts, 3 steps: as recorded\n",
        "",
    )


def test_check_says_what_differs_and_writes_nothing(lab, capsys, tmp_path):
    path = write(tmp_path / "x.console", "laptop$ echo a\nb\nlaptop$ false\n[exit 2]\n")
    before = path.stat()
    assert run(capsys, "check", path) == (
        1,
        f"FAIL {path}  N s\n1 transcripts, 2 steps: not as recorded\n",
        block(f"""
        {path}:1: `laptop$ echo a` did something else
          output: - b
                  + a
          remedy: python -m lab record {path}, or mend what it runs
        {path}:3: `laptop$ false` did something else
          expected: exit 2
          actual:   exit 1
          output:   (none)
          remedy:   python -m lab record {path}, or mend what it runs
        """),
    )
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_check_ends_with_the_worst_status(lab, capsys, tmp_path):
    write(tmp_path / "a.console", "laptop$ echo a\nb\n")
    write(tmp_path / "b.console", "tablet$ echo a\na\n")
    write(tmp_path / "c.console", "laptop$ echo a\na\n")
    status, output, errors = run(capsys, "check", tmp_path)
    assert status == 2
    assert [line[:4] for line in output.splitlines()] == ["FAIL", "FAIL", "ok  ", "3 tr"]
    assert [line for line in errors.splitlines() if not line.startswith(" ")] == [
        f"{tmp_path}/a.console:1: `laptop$ echo a` did something else",
        f"{tmp_path}/b.console:1: the network home has no host called tablet",
    ]


def test_a_transcript_of_the_repository_is_called_by_its_path_there(capsys, monkeypatch):
    """So the command that an error names works from the root of the repository."""
    monkeypatch.chdir(ROOT / "snippets")
    monkeypatch.setattr(cli.transcript, "load", refuse)
    status, output, errors = run(capsys, "check", "how-proven")
    name = "snippets/how-proven/example.console"
    assert (status, output.splitlines()[0]) == (2, f"FAIL {name}  N s")
    assert errors == f"{name}: no\n"


def refuse(path: Path, name: str, **_: object) -> None:
    raise cli.Malformed(name, "no")


def test_record_writes_what_was_printed(lab, capsys, tmp_path):
    path = write(tmp_path / "x.console", "laptop$ echo a\nlaptop$ echo b; false\nold\n")
    after = "laptop$ echo a\na\nlaptop$ echo b; false\nb\n[exit 1]\n"
    assert run(capsys, "record", path) == (0, f"new  {path}  N s\n", "")
    assert path.read_text() == after
    written = path.stat().st_mtime_ns
    assert run(capsys, "record", path) == (0, f"same {path}  N s\n", "")
    assert (path.read_text(), path.stat().st_mtime_ns) == (after, written)
    assert run(capsys, "check", path)[0] == 0


@pytest.mark.parametrize(
    ("text", "status", "what"),
    [
        ("laptop$ echo a\nlaptop$ nonesuch\n", 1, "a program of this step is not on this machine"),
        ("laptop$ echo a\ntablet$ echo a\n", 2, "the network home has no host called tablet"),
        ("laptop$ echo a\nx\n...\nx\n", 2, "this line comes after the end of a step's output"),
    ],
)
def test_record_writes_nothing_unless_every_step_is_finished(
    lab, capsys, tmp_path, text, status, what
):
    """What stands beside it is written all the same."""
    path = write(tmp_path / "a.console", text)
    other = write(tmp_path / "b.console", "laptop$ echo b\n")
    ended, output, errors = run(capsys, "record", tmp_path)
    assert (ended, output) == (status, f"FAIL {path}: not written\nnew  {other}  N s\n")
    assert what in errors.splitlines()[0]
    assert path.read_text() == text
    assert other.read_text() == "laptop$ echo b\nb\n"


def test_a_record_that_is_interrupted_says_what_is_true(tmp_path):
    """What it calls new is written, and no more is."""
    first = write(tmp_path / "a.console", "laptop$ echo a\n")
    second = write(tmp_path / "b.console", "laptop$ sleep 2; echo b\n")
    with subprocess.Popen(
        [*LAB, "record", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert select.select([process.stdout], [], [], SECONDS)[0]
            assert process.stdout.readline().startswith(f"new  {first}")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors == "interrupted\n"
    assert first.read_text() == "laptop$ echo a\na\n"
    assert second.read_text() == "laptop$ sleep 2; echo b\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["chek"], "argument COMMAND: invalid choice: 'chek'"),
        (["shell"], "the following arguments are required: host"),
        (["shell", "laptop", "--network", "cafe"], "argument --network: invalid choice: 'cafe'"),
    ],
)
def test_arguments_that_cannot_be_read(capsys, arguments, error):
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2
    assert error in capsys.readouterr().err


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_no_signal_is_ignored_on_a_host(tmp_path):
    """Whoever starts the lab may ignore some, as nohup(1) does, or a shell for `&`."""
    lines = [f"laptop$ kill -{name} $$\n[exit {128 + getattr(signal, 'SIG' + name)}]\n"
             for name in ("HUP", "INT", "TERM")]  # fmt: skip
    path = write(tmp_path / "x.console", "".join(lines))
    ignoring = ["sh", "-c", "trap '' HUP INT TERM; exec \"$@\"", "sh"]
    ended = subprocess.run(
        [*ignoring, *LAB, "check", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")

"""Programs that start warm: what they see, print and end with is that of a cold start."""

import json
import re
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import warm, zygote
from lab.network import PLANS
from lab.runner import Network, RunningHost
from lab.terminal import Terminal
from lab.zygote import ROOT

SEES = """
    import json, locale, logging, multiprocessing, os, signal, sys, threading, warnings
    found = {
        "arguments": sys.argv,
        "original arguments": sys.orig_argv,
        "name": __name__,
        "file": __file__,
        "names of the module": sorted(globals()),
        "builtins": str(__builtins__)[:20],
        "search path": sys.path,
        "interpreter": [sys.executable, sys.prefix, str(sys.flags), sys._xoptions],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "home": os.path.expanduser("~"),
        "terminals": [os.isatty(number) for number in range(3)],
        "names of the streams": [s.name for s in (sys.stdin, sys.stdout, sys.stderr)],
        "encodings": [(s.encoding, s.errors) for s in (sys.stdin, sys.stdout, sys.stderr)],
        "buffers": [s.line_buffering for s in (sys.stdin, sys.stdout, sys.stderr)],
        "descriptors": sorted(map(int, os.listdir("/proc/self/fd"))),
        "signals": {s.name: str(signal.getsignal(s)) for s in signal.Signals},
        "process": [os.getpid() == os.getsid(0) == os.getpgid(0) == os.tcgetpgrp(0)],
        "threads": [t.name for t in threading.enumerate()],
        "multiprocessing": multiprocessing.current_process().name,
        "warnings": [str(warnings.filters), sys.warnoptions],
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": str(logging.getLogger().handlers),
        "bytecode": sys.dont_write_bytecode,
        "privileges": [line for line in open("/proc/self/status") if line[:3] in ("Cap", "Sig")],
        "limits": open("/proc/self/limits").read(),
        "name of the process": open("/proc/self/comm").read(),
        "command line": open("/proc/self/cmdline").read().rstrip("\\0"),
    }
    print(json.dumps(found))
    """
FACETS = re.findall(r'^ +"([a-z ]+)": ', SEES, re.MULTILINE)

# How a program can end, and what it prints then.
ENDS = {
    "prints": "print('out'); import sys; print('err', file=sys.stderr)",
    "prints_no_line_end": "print('a', end='')",
    "prints_text": "print('→ ü')",
    "prints_surrogates": "import sys; print('\\udcff', file=sys.stderr)",
    "status_0": "import sys; sys.exit(0)",
    "status_1": "import sys; sys.exit(1)",
    "status_7": "import sys; print('a'); sys.exit(7)",
    "status_256": "import sys; sys.exit(256)",
    "status_minus_1": "import sys; sys.exit(-1)",
    "status_true": "import sys; sys.exit(True)",
    "status_none": "raise SystemExit",
    "status_text": "import sys; sys.exit('no such thing')",
    "ends_at_once": "import os; print('a', flush=True); os._exit(9)",
    "raises": """
        def outer():
            inner()
        def inner():
            raise ValueError("wrong")
        outer()
        """,
    "raises_chained": """
        try:
            {}["key"]
        except KeyError as error:
            raise RuntimeError("also") from error
        """,
    "raises_group": "raise ExceptionGroup('both', [ValueError(1), TypeError(2)])",
    "raises_in_a_library": "import json; json.loads('{')",
    "raises_interrupt": "raise KeyboardInterrupt",
    "is_no_python": "print('never')\nx = = 1",
    "is_badly_indented": "if True:\nprint()",
    "does_not_exist": None,
    "imports_nothing": "import no_such_module",
    "imports_its_neighbour": "import neighbour; print(neighbour.__file__)",
    "reads_beside_itself": "print(open('neighbour.py').read())",
    "warns": "import warnings; warnings.warn('old', DeprecationWarning)",
    "kills_itself": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "aborts": "import os; os.abort()",
    "runs_at_exit": "import atexit; atexit.register(print, 'bye'); 1 / 0",
    "runs_a_thread": """
        import threading
        ended = threading.Event()
        threading.Thread(target=lambda: ended.wait() and print("thread")).start()
        print("main")
        ended.set()
        """,
    "fails_in_a_thread": "import threading; threading.Thread(target=lambda: 1 / 0, name='t').start()",
    "starts_a_process": """
        import multiprocessing, sys
        def child():
            print(__name__, sys.argv, sys.path[0])
        if __name__ == "__main__":
            process = multiprocessing.get_context("spawn").Process(target=child)
            process.start()
            process.join()
        """,
    "waits": """
        import signal
        print("up", flush=True)
        signal.pause()
        """,
    "runs_a_command": "import subprocess; subprocess.run(['sh', '-c', 'trap'])",
    "logs": "import logging; logging.warning('careful')",
    "closes_its_streams": "import sys; sys.stdout.close(); sys.stderr.close()",
    "has_annotations": "count: int = 1; print(__annotations__)",
}  # fmt: skip


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """The laptop, with the programs of this module."""
    folder = tmp_path_factory.mktemp("programs")
    programs = {**ENDS, "sees": SEES, "neighbour": "# a neighbour"}
    for name, text in programs.items():
        if text is not None:
            text = textwrap.dedent(text).lstrip("\n")
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
    with Network(PLANS["home"]) as network:
        network.laptop.copy(folder)
        yield network.laptop


@pytest.fixture(scope="module")
def seen(laptop: RunningHost) -> tuple[dict, dict]:
    """What the same program sees when it is started warm, and cold."""
    both = []
    for cold in (False, True):
        terminal = laptop.start("python sees.py a b=1 -c", cold=cold)
        assert terminal.wait_end() == 0, terminal.lines()
        both.append(json.loads("".join(terminal.lines())))
    return both[0], both[1]


def end(host: RunningHost, command: str, *, cold: bool) -> tuple[int, list[str]]:
    terminal = host.start(command, cold=cold)
    return terminal.wait_end(), plain(terminal)


def plain(terminal: Terminal) -> list[str]:
    """Return what a terminal shows, without what differs from run to run."""
    return [re.sub(r"process \[\d+\]|:\d{5}|0x[0-9a-f]+", "…", line) for line in terminal.lines()]


# -- what a program sees --------------------------------------------------------------------------


@pytest.mark.parametrize("facet", FACETS)
def test_a_program_sees_the_same(seen, facet):
    warm_one, cold_one = seen
    assert warm_one[facet] == cold_one[facet]


def test_a_warm_program_is_warm(laptop):
    """It did not read the packages again: otherwise there is nothing to compare."""
    laptop.run("echo 'import sys; print(\"uvicorn\" in sys.modules)' > loaded.py")
    assert end(laptop, "python loaded.py", cold=False) == (0, ["True"])
    assert end(laptop, "python loaded.py", cold=True) == (0, ["False"])


@pytest.mark.parametrize(
    "command",
    [
        "python main.py",
        "python sub/main.py --port=8000 a,b +1 @x 50%",
        "uvicorn main:app --host 0.0.0.0",
        "uvicorn",
    ],
)
def test_a_plain_command_starts_warm(command):
    assert warm.words(command) == command.split(" ")


@pytest.mark.parametrize(
    "command",
    [
        "",
        " ",
        "python",
        "python -m http.server",
        "python -u main.py",
        "python main.txt",
        "python3 main.py",
        "./uvicorn main:app",
        "fastapi dev",
        "PORT=80 python main.py",
        "python main.py &",
        "python main.py | cat",
        "python main.py > log",
        "python $NAME.py",
        "python ~/main.py",
        "python *.py",
        "python 'main.py'",
        'python "main.py"',
        "python main.py; true",
        "python main.py # comment",
        "python main.py \\",
        "python main.py\ttab",
        "python main.py\nls",
        "python {a,b}.py",
        "python !1.py",
        "python `ls`.py",
        "cat main.py",
    ],
)
def test_any_other_command_goes_to_a_shell(command):
    assert warm.words(command) is None


# -- how a program ends ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ENDS.keys() - {"waits"}))
def test_a_program_ends_the_same(laptop, name):
    command = f"python {name}.py"
    assert end(laptop, command, cold=False) == end(laptop, command, cold=True)


@pytest.mark.parametrize(
    ("name", "status", "line"),
    [
        ("status_7", 7, "a"),
        ("status_text", 1, "no such thing"),
        ("raises", 1, "ValueError: wrong"),
        ("raises_interrupt", 130, "KeyboardInterrupt"),
        ("runs_at_exit", 1, "bye"),
    ],
)
def test_an_end_is_the_one_that_is_meant(laptop, name, status, line):
    ended, lines = end(laptop, f"python {name}.py", cold=False)
    assert (ended, lines[-1]) == (status, line)


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGKILL", "SIGINT"])
def test_a_waiting_program_ends_the_same_by_a_signal(laptop, number):
    ends = []
    for cold in (False, True):
        terminal = laptop.start("python waits.py", cold=cold)
        assert terminal.wait_output(lambda lines: lines == ["up"])
        if number == "SIGINT":
            terminal.press("^C")
        else:
            terminal.kill(signal.Signals[number])
        status, lines = terminal.wait_end(), terminal.lines()
        ends.append((status, lines[0], lines[-1]))  # and where it was, which is not the same
    assert ends[0] == ends[1]
    assert ends[0][0] > 128


# -- servers --------------------------------------------------------------------------------------

URL = "http://127.0.0.1:8000/"


@pytest.fixture(scope="module")
def local() -> Iterator[RunningHost]:
    """The laptop, with the snippets of a page."""
    with Network(PLANS["home"]) as network:
        network.laptop.copy(ROOT / "snippets" / "local")
        yield network.laptop


def serve(host: RunningHost, command: str, count: int, *, cold: bool) -> dict[str, object]:
    """Start a server that prints `count` lines, ask it, look at it, and press Ctrl+C."""
    server = host.serve(command, cold=cold)
    assert server.wait_output(lambda lines: len(lines) >= count), server.lines()
    answer = host.run(f"curl --silent {URL}").output
    assert server.wait_output(lambda lines: len(lines) > count), server.lines()
    found = {
        "answer": answer,
        "listening": server.listening(),
        "names by ss": set(re.findall(r'"([^"]+)",pid', host.run("ss -ltnp").output)),
        "names by lsof": {line.split()[0] for line in host.run("lsof -i :8000").lines[1:]},
    }
    server.press("^C")
    return found | {"status": server.wait_end(), "lines": plain(server)}


@pytest.mark.parametrize(
    ("command", "count", "name"),
    [
        ("uvicorn main:app", 4, "uvicorn"),
        ("uvicorn main:app --reload", 6, "uvicorn"),
        ("python main.py", 6, "python"),
    ],
)
def test_a_server_is_the_same(local, command, count, name):
    warm_one = serve(local, command, count, cold=False)
    assert warm_one == serve(local, command, count, cold=True)
    assert warm_one["answer"] == '{"message":"Hello"}'
    assert name in warm_one["names by ss"] & warm_one["names by lsof"]


@pytest.mark.parametrize(
    ("command", "status"),
    [("uvicorn", 2), ("uvicorn nothing:app", 3), ("uvicorn main:app --port 80", 3)],
)
def test_a_server_that_does_not_start_says_the_same(local, command, status):
    ended = end(local, command, cold=False)
    assert ended == end(local, command, cold=True)
    assert ended[0] == status


def test_no_cache_is_left_beside_a_program(local):
    """A cache would hide an edit of the same length within a second."""
    assert end(local, "python client.py", cold=False)[0] == 1
    assert end(local, "uvicorn main:app --port 80", cold=False)[0] == 3
    assert "main.py" in local.run("ls").output
    assert "__pycache__" not in local.run("ls").output


@pytest.mark.parametrize("name", ["python", "python3"])
def test_the_interpreter_is_that_of_a_cold_start(monkeypatch, name):
    """However the lab was started: `lsof` names a second process by it."""
    monkeypatch.setattr(sys, "executable", str(Path(sys.executable).with_name(name)))
    monkeypatch.setattr(zygote, "_zygote", None)
    shown = "echo 'import sys; print(sys.executable)' > shows.py"
    try:
        with Network(PLANS["home"]) as network:
            network.laptop.run(shown)
            for command in ("python shows.py", "uvicorn shows:app"):
                warm_one = end(network.laptop, command, cold=False)
                assert warm_one == end(network.laptop, command, cold=True)
    finally:
        started = zygote._zygote
        started._control.close()
        started.process.wait(timeout=5)


def test_ps_shows_the_same_command(local):
    """What a reader would look for with `ps` or `pgrep --full`."""
    shown = []
    for cold in (False, True):
        server = local.serve("uvicorn main:app", cold=cold)
        shown.append(local.run(f"ps -o args= -p {server.pid}").output)
        server.press("^C")
        server.wait_end()
    assert shown[0] == shown[1]

"""Python programs that start at once: forked from a process that has imported their packages.

What a program can see is what a cold start shows it: arguments, `__main__`, module search path,
working directory, environment, streams, exit status and signals.  tests/test_lab_warm.py compares
the two.  Only plain commands are started this way; a command with shell syntax goes to a shell.
"""

import atexit
import builtins
import contextlib
import ctypes
import importlib
import io
import multiprocessing.process
import os
import re
import shlex
import signal
import sys
import threading
import types
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points

from lab.syscalls import set_name

PRELOADED = (
    "uvicorn.main",
    "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.supervisors",
    "fastapi",
    "fastapi.responses",
    "concurrent.futures.thread",
    "encodings.idna",
    "multiprocessing.process",
    "anyio._backends._asyncio",  # a first request imports it
    "httpx",
    "httpcore",
    "certifi",
)
SCRIPTS = ("uvicorn",)
# No quoting, expansion, redirection or list of a shell is in these characters.
PLAIN = re.compile(r"[\w./:@%+=, -]+")
ROOM = 4096  # bytes for the arguments of a program, in those of the zygote
COLD_PATH: list[str] = []  # sys.path without the entries that the zygote was given
ENTRIES: dict[str, Callable[[], object]] = {}  # what each console script calls


def preload() -> None:
    """Import what the programs of the pages need, and nothing of the pages."""
    COLD_PATH[:] = sys.path[2:]  # less '' and the folder of lab, see lab.zygote
    for name in PRELOADED:
        importlib.import_module(name)
    for name in SCRIPTS:  # looking for it takes 10 ms
        (entry,) = entry_points(group="console_scripts", name=name)
        ENTRIES[name] = entry.load()

    def route() -> dict[str, str]: ...

    sys.modules["fastapi"].FastAPI().get("/")(route)  # a first route imports what is left


def words(command: str) -> list[str] | None:
    """Return the words of a command that can be started warm, else None."""
    if not PLAIN.fullmatch(command) or not (split := shlex.split(command)):
        return None
    is_program = split[0] == "python" and len(split) > 1 and split[1].endswith(".py")
    return split if is_program or split[0] in SCRIPTS else None


def run(argv: list[str], environ: dict[str, str]) -> None:
    """Run `argv` in this process, which must be a fresh fork, and end it. Never returns."""
    program = os.path.join(os.path.dirname(sys.executable), argv[0])
    # What the shell adds that a cold command is started from.
    os.environ.clear()
    os.environ.update(environ, PWD=os.getcwd(), SHLVL="0", _=program)
    sys.dont_write_bytecode = bool(environ.get("PYTHONDONTWRITEBYTECODE"))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)  # as the interpreter does when it starts
    multiprocessing.process.ORIGINAL_DIR = os.getcwd()  # a spawned child puts it for '' in sys.path
    _open_streams()
    is_program = argv[0] == "python"
    if is_program:
        sys.executable = program
        _set_name(argv[0], argv)
    else:
        sys.executable = _interpreter_of(program)
        _set_name(argv[0], [sys.executable, program, *argv[1:]])
    try:
        status = _status_of(_run_program if is_program else _run_script, argv)
    except KeyboardInterrupt:
        _report()
        _flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        status = 130
    os._exit(status)


def _interpreter_of(script: str) -> str:
    """Return the interpreter that the first line of a console script names."""
    with open(script, encoding="utf-8") as file:
        named = file.readline().removeprefix("#!").strip()
    return named if os.path.basename(named).startswith("python") else sys.executable


def _status_of(function: Callable[[list[str]], None], argv: list[str]) -> int:
    """Return the exit status that the interpreter would end with."""
    try:
        try:
            function(argv)
        finally:
            threading._shutdown()
    except SystemExit as end:
        status = _exit_status(end.code)
    except KeyboardInterrupt:
        raise
    except BaseException:
        _report()
        status = 1
    else:
        status = 0
    atexit._run_exitfuncs()
    _flush()
    return status


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _run_program(argv: list[str]) -> None:
    """Do what `python FILE` does: FILE is `__main__`, its folder comes first in sys.path."""
    path = os.path.abspath(argv[1])
    try:
        with io.open_code(path) as file:
            text = file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{argv[0]}: can't open file {path!r}: {reason}", file=sys.stderr)
        sys.exit(2)
    sys.argv[:] = argv[1:]
    sys.orig_argv[:] = argv
    main = _new_main(path)
    exec(compile(text, path, "exec"), main.__dict__)


def _run_script(argv: list[str]) -> None:
    """Do what the console script of an installed package does."""
    script = os.path.join(os.path.dirname(sys.executable), argv[0])
    sys.argv[:] = [script, *argv[1:]]
    sys.orig_argv[:] = [sys.executable, *sys.argv]
    _new_main(script)
    sys.exit(ENTRIES[argv[0]]())


def _new_main(path: str) -> types.ModuleType:
    """Make the module `__main__` of the file at `path`, and search modules beside it first."""
    sys.path[:] = [os.path.dirname(path), *COLD_PATH]
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=None,
        __file__=path,
        __loader__=SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = main
    return main


def _open_streams() -> None:
    """Open the standard streams as the interpreter does under the locale of the lab."""
    for descriptor, name, errors in (
        (0, "stdin", "surrogateescape"),
        (1, "stdout", "surrogateescape"),
        (2, "stderr", "backslashreplace"),
    ):
        raw = io.FileIO(descriptor, "wb" if descriptor else "rb", closefd=False)
        raw.name = f"<{name}>"
        buffer = io.BufferedWriter(raw) if descriptor else io.BufferedReader(raw)
        lines = name == "stderr" or raw.isatty()
        stream = io.TextIOWrapper(buffer, "utf-8", errors, line_buffering=lines)
        stream.mode = "w" if descriptor else "r"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _set_name(name: str, argv: list[str]) -> None:
    """Let `ss`, `lsof` and `ps` call the process what they call a cold one.

    The kernel reads /proc/PID/cmdline from the memory that held the arguments (proc_pid_stat(5),
    fields 48 and 49); the zygote got a long one to make room.
    """
    set_name(name)
    with open("/proc/self/stat") as stat:
        start, end = map(int, stat.read().rpartition(")")[2].split()[45:47])
    text = b"".join(os.fsencode(word) + b"\0" for word in argv)[: end - start]
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)


def _report() -> None:
    kind, error, traceback = sys.exc_info()
    while traceback and traceback.tb_frame.f_globals.get("__name__") == __name__:
        traceback = traceback.tb_next
    sys.excepthook(kind, error.with_traceback(traceback), traceback)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, AttributeError, OSError):  # the program closed it
            stream.flush()

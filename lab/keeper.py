"""The processes that hold networks, and their protocol.

    runner ──► zygote ──fork──► keeper of a network ──fork──► a command on a host
               imports uvicorn    PID 1 of its own              own session and terminal
               once                PID namespace

A keeper is the init of a PID namespace: when it ends, for whatever reason, the kernel kills every
process in it (pid_namespaces(7)), and with them go the mounts and the network namespaces, because
nothing else refers to them.  A keeper ends when the control socket to its runner closes, which the
kernel does even after SIGKILL.  So nothing has to be cleaned up, and nothing can be left.

The zygote lives in a user namespace (user_namespaces(7)) that maps the caller to user 1000, `you`,
so root and ordinary users get the same lab.  It has imported Uvicorn and FastAPI once; a server
that is forked from it starts in a tenth of the time of a cold one (see lab.warm).

Messages are JSON in packets of a Unix socket; descriptors travel beside them (unix(7)).
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import socket
import termios
from pathlib import Path
from typing import Any

from lab import sockets, warm
from lab.errors import LabError
from lab.spaces import USER_ID, HostSpace, build_hosts, mount_scratch
from lab.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    die_with_parent,
    enter,
    make_mounts_private,
    mount,
    set_capabilities,
    unshare,
)

MAX_MESSAGE = 65536
# What a caller may ignore, as under nohup(1) or in the background, and Python itself does.
RESET = (
    *(signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM),
    *(signal.SIGPIPE, signal.SIGXFSZ),
)


def send(connection: socket.socket, message: dict[str, Any], descriptors: tuple = ()) -> None:
    """Send one message with `descriptors` beside it. Raises LabError if it is too long."""
    data = json.dumps(message).encode()
    if len(data) > MAX_MESSAGE:  # the receiver would get a part of it
        what = f"a command takes {MAX_MESSAGE} bytes with its environment, and this has {len(data)}"
        raise LabError("the lab", what, remedy="let it read from a file what is long")
    socket.send_fds(connection, [data], list(descriptors))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Return the next message and its descriptors; None instead means that the peer is gone."""
    data, descriptors = _packet(connection)
    return (json.loads(data) if data else None), descriptors


def _packet(connection: socket.socket) -> tuple[bytes, list[int]]:
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, MAX_MESSAGE, 4)
    except ConnectionResetError:
        return b"", []
    return data, descriptors


# -- the zygote -----------------------------------------------------------------------------------


def main(control: int) -> None:
    """Fork a keeper for each network that the runner asks for, until the runner is gone.

    PR_SET_PDEATHSIG is not for this process: it would die with the thread that started it.
    """
    runner = socket.socket(fileno=control)
    with contextlib.suppress(BrokenPipeError):  # it may be gone before this is ready
        if _prepare(runner):
            _fork_keepers(runner)


def _prepare(runner: socket.socket) -> bool:
    """Become what keepers are forked from; tell the runner, and return, whether that went well."""
    try:
        _enter_user_namespace()
    except OSError as error:
        send(runner, {"error": error.errno, "step": "make a user namespace"})
        return False
    try:
        gc.disable()  # nothing that is imported is garbage; looking takes a tenth of the time
        warm.preload()
    except ModuleNotFoundError as error:
        send(runner, {"lacks": error.name})
        return False
    gc.collect()
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps keepers
    send(runner, {"ready": True})
    return True


def _fork_keepers(runner: socket.socket) -> None:
    while True:
        message, descriptors = receive(runner)
        if message is None:
            return
        (connection,) = descriptors
        with socket.socket(fileno=connection) as network_control:
            if os.fork() == 0:
                runner.close()
                _hold(message["plan"], network_control)


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    # user_namespaces(7): without privilege outside, setgroups must be denied before gid_map.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{USER_ID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{USER_ID} {gid} 1")


def _hold(plan: str, connection: socket.socket) -> None:
    """Run a keeper to its end; this process stays its parent, so a closed socket means all gone."""
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    send(connection, {"holder": os.getpid()})  # the first message, before any of the keeper
    try:
        unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)
        pid = os.fork()
        if pid == 0:
            die_with_parent()
            _keep(plan, connection)
        os.waitpid(pid, 0)
    except OSError as error:
        send(connection, {"error": error.errno, "step": "make a PID and a mount namespace"})
    finally:
        os._exit(0)


def _keep(plan: str, connection: socket.socket) -> None:
    step = "mount /proc"
    try:
        make_mounts_private()
        mount("proc", "/proc")
        step = "mount a scratch folder"
        scratch = mount_scratch()
        step = "build the network"
        set_capabilities(every=True)  # for ip(8)
        hosts = build_hosts(plan, scratch)
    except OSError as error:
        missing = error.filename if error.filename == "ip" else None
        told = {"error": error.errno, "step": step, "detail": str(error)}
        send(connection, told | {"missing": missing, "file": error.filename})
        os._exit(1)
    try:
        Keeper(hosts, scratch, connection).serve()
    finally:
        os._exit(0)


# -- the keeper -----------------------------------------------------------------------------------


class Keeper:
    """Starts commands on hosts and says how they end; see the methods `do_…` for the requests."""

    def __init__(self, hosts: dict[str, HostSpace], scratch: Path, runner: socket.socket) -> None:
        self._hosts, self._scratch, self._runner = hosts, scratch, runner
        self._statuses: dict[int, int] = {}  # process → descriptor that gets its exit status
        self._started: dict[socket.socket, int] = {}  # process of the lab → what it started
        self._listener: socket.socket | None = None
        self._wakeup, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(write)

    def serve(self) -> None:
        """Answer requests until the runner is gone."""
        send(self._runner, {"ready": True, "scratch": str(self._scratch)})
        peers = [self._runner]
        while True:
            waiting = [self._wakeup, *peers, *([self._listener] if self._listener else [])]
            for ready in select.select(waiting, [], [])[0]:
                if ready is self._wakeup:
                    self._reap()
                elif ready is self._listener:
                    peers.append(self._listener.accept()[0])
                elif not self._answer(ready):
                    if ready is self._runner:
                        return
                    peers.remove(ready)
                    ready.close()
                    self._end_orphan(ready)

    def _answer(self, peer: socket.socket) -> bool:
        """Do what a peer asks for, and tell it what became of that; False if the peer is gone."""
        data, descriptors = _packet(peer)
        if not data:
            return False
        self._reap()  # so that an answer is never older than an end
        passed = ()
        try:
            message = json.loads(data)
            reply, passed = getattr(self, "do_" + message.pop("do"))(descriptors, **message)
        except OSError as error:
            reply = {"error": error.errno, "step": str(error)}
        except Exception as error:  # nothing that a peer sends may end the network
            reply = {"error": None, "step": f"{type(error).__name__}: {error}"}
        if peer is not self._runner and "pid" in reply:
            self._started[peer] = reply["pid"]
        try:
            send(peer, reply, passed)
        except OSError:  # it did not wait for the answer
            return False
        finally:
            for descriptor in (*descriptors, *passed):
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        return True

    def _end_orphan(self, peer: socket.socket) -> None:
        """End what a process of the lab started, unless it waited for the end: it was killed."""
        session, known = self._started.pop(peer, None), set()
        while session in self._statuses and (found := {*sockets.members(session)} - known):
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            known |= found  # another look, for what these have forked meanwhile

    def _reap(self, options: int = os.WNOHANG) -> None:
        """Pass on the statuses of what has ended; with `options` 0, wait until all has."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, options))[0]:
                descriptor = self._statuses.pop(ended[0], None)
                if descriptor is not None:
                    with contextlib.suppress(BrokenPipeError):  # nobody wants to know
                        os.write(descriptor, str(os.waitstatus_to_exitcode(ended[1])).encode())
                    os.close(descriptor)

    def do_start(self, descriptors, host, argv, folder, environ, root, is_warm):
        """Start `argv` on `host` with three streams; its status goes to the fourth descriptor."""
        *streams, status = descriptors
        pid = os.fork()
        if pid == 0:
            try:
                _become(self._hosts[host], streams, root)
                os.chdir(folder)
                os.closerange(3, 4096)
                if is_warm:
                    warm.run(argv, environ)
                os.execvpe(argv[0], argv, environ)
            except BaseException as error:
                os.write(2, f"{argv[0]}: {error}\n".encode())
            finally:
                os._exit(127)
        self._statuses[pid] = os.dup(status)
        return {"pid": pid}, ()

    def do_copy(self, descriptors, host, name):
        """Copy a folder into the home of `host`; return its path there, or what went wrong.

        A descriptor leads to the folder from every process, also where a mount covers its path.
        """
        source, target = f"/proc/self/fd/{descriptors[0]}", self._hosts[host].home / name
        ignore = shutil.ignore_patterns("__pycache__", "*.console")
        try:
            shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)
        except shutil.Error as error:
            path, _, why = error.args[0][0]
            return {"wrong": os.path.relpath(path, source), "why": why.partition(": ")[0]}, ()
        return {"folder": str(target)}, ()

    def do_listening(self, descriptors, session):
        """Tell where the processes of a session listen."""
        return {"listening": sockets.listening(session)}, ()

    def do_is_mute(self, descriptors, session):
        """Tell whether the processes of a session hold a socket that nobody listens on."""
        return {"mute": sockets.is_mute(session)}, ()

    def do_socket(self, descriptors, host, family, kind):
        """Return a new socket that lives on `host`."""
        enter(self._hosts[host].network, CLONE_NEWNET)
        made = socket.socket(family, kind)
        return {}, (made.detach(),)

    def do_nothing(self, descriptors):
        """Answer, so that the runner knows of every end up to now."""
        return {}, ()

    def do_signal(self, descriptors, pid, number):
        """Send a signal to a command, or to its group if `pid` is negative, as kill(2) does.

        One that has ended gets none: its number may be another's by now.
        """
        if abs(pid) in self._statuses:
            os.kill(pid, number)
        return {}, ()

    def do_signal_session(self, descriptors, session, number):
        """Send a signal to every process of a session."""
        for pid in sockets.members(session):
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, number)
        return {}, ()

    def do_reset(self, descriptors):
        """End every command, and empty the folders of all hosts."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all of the PID namespace but its init, which this is
        self._reap(0)
        for space in self._hosts.values():
            space.empty()
        return {}, ()

    def do_listen(self, descriptors):
        """Accept control connections from processes of the lab, for `python -m lab on`."""
        path = str(self._scratch / ".lab")
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(path)
        self._listener.listen()
        return {"path": path}, ()


def _become(space: HostSpace, streams: list[int], root: bool) -> None:
    """Turn this process into one of a host: streams, namespaces, privileges."""
    signal.set_wakeup_fd(-1)
    for number in RESET:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    with contextlib.suppress(OSError):  # a pipe cannot be a controlling terminal
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    space.enter()
    set_capabilities(every=root)

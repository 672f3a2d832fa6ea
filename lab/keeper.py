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
import ctypes
import errno
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import network, sockets, warm
from lab.network import PLANS

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID = 0x10000000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 47, 2
CAPABILITY_VERSION_3 = 0x20080522
MAX_MESSAGE = 65536

USER, USER_ID = "you", 1000
# The folder of a command lies in a tmpfs over one of these: they exist (FHS 3.0), and whichever is
# taken must not hide Python, the packages or the repository.
SCRATCH_CANDIDATES = ("/mnt", "/srv", "/media", "/opt", "/home")

_libc = ctypes.CDLL(None, use_errno=True)


def send(connection: socket.socket, message: dict[str, Any], descriptors: tuple = ()) -> None:
    """Send one message with `descriptors` beside it."""
    socket.send_fds(connection, [json.dumps(message).encode()], list(descriptors))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Return the next message and its descriptors; None instead means that the peer is gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, MAX_MESSAGE, 4)
    except ConnectionResetError:
        return None, []
    return (json.loads(data) if data else None), descriptors


# -- the zygote -----------------------------------------------------------------------------------


def main(control: int) -> None:
    """Fork a keeper for each network that the runner asks for, until the runner is gone.

    PR_SET_PDEATHSIG is not for this process: it would die with the thread that started it.
    """
    runner = socket.socket(fileno=control)
    try:
        _enter_user_namespace()
    except OSError as error:
        send(runner, {"error": error.errno, "step": "make a user namespace"})
        return
    warm.preload()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps keepers
    send(runner, {"ready": True})
    while True:
        message, descriptors = receive(runner)
        if message is None:
            return
        (connection,) = descriptors
        with socket.socket(fileno=connection) as network_control:
            pid = os.fork()
            if pid == 0:
                runner.close()
                _hold(message["plan"], network_control)
            send(network_control, {"holder": pid})


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(CLONE_NEWUSER))
    # user_namespaces(7): without privilege outside, setgroups must be denied before gid_map.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{USER_ID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{USER_ID} {gid} 1")


def _hold(plan: str, connection: socket.socket) -> None:
    """Run a keeper to its end; this process stays its parent, so a closed socket means all gone."""
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        _check(_libc.unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC))
        pid = os.fork()
        if pid == 0:
            _die_with_parent()
            _keep(plan, connection)
        os.waitpid(pid, 0)
    except OSError as error:
        send(connection, {"error": error.errno, "step": "make a PID and a mount namespace"})
    finally:
        os._exit(0)


def _keep(plan: str, connection: socket.socket) -> None:
    step = "mount /proc"
    try:
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        _mount("proc", "/proc", "proc")
        step = "mount a scratch folder"
        scratch = _mount_scratch()
        step = "build the network"
        _set_capabilities(every=True)  # for ip(8)
        hosts = _build_hosts(plan, scratch)
    except OSError as error:
        missing = error.filename if error.filename == "ip" else None
        told = {"error": error.errno, "step": step, "detail": str(error), "missing": missing}
        send(connection, told)
        os._exit(1)
    try:
        Keeper(hosts, scratch, connection).serve()
    finally:
        os._exit(0)


# -- hosts: namespaces and files ------------------------------------------------------------------


@dataclass(frozen=True)
class HostSpace:
    """The namespaces of a host, as descriptors, and its home folder as the keeper sees it."""

    network: int
    mounts: int
    names: int
    home: Path

    def enter(self) -> None:
        network.enter(self.network)
        network.enter(self.names, CLONE_NEWUTS)
        network.enter(self.mounts, CLONE_NEWNS)


def scratch_folder() -> str:
    """Return the folder that the tmpfs of a network covers: the first that hides nothing needed."""
    needed = {sys.prefix, sys.base_prefix, str(Path(__file__).parent), os.getcwd()}
    needed |= {os.path.realpath(path) for path in (*needed, sys.executable)}
    for candidate in SCRATCH_CANDIDATES:
        hides = any(os.path.commonpath([candidate, path]) == candidate for path in needed)
        if os.path.isdir(candidate) and not hides:
            return candidate
    raise FileNotFoundError(errno.ENOENT, f"no usable folder among {SCRATCH_CANDIDATES}")


def _mount_scratch() -> Path:
    scratch = Path(scratch_folder())
    _mount("tmpfs", str(scratch), "tmpfs")
    etc = scratch / "etc"
    etc.mkdir()
    files = {
        # Names are looked up in the hosts file and nowhere else: no lookup leaves the lab.
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
        "resolv.conf": "",
        "passwd": f"root:x:0:0::/:/bin/sh\n{USER}:x:{USER_ID}:{USER_ID}::{scratch}:/bin/bash\n",
        "group": f"root:x:0:\n{USER}:x:{USER_ID}:\n",
    }
    for name, text in files.items():
        (etc / name).write_text(text)
        if os.path.exists(f"/etc/{name}"):
            _bind(etc / name, f"/etc/{name}")
    return scratch


def _build_hosts(plan_name: str, scratch: Path) -> dict[str, HostSpace]:
    plan = PLANS[plan_name]

    def set_sysctl(name: str, value: str) -> None:
        Path("/proc/sys", name).write_text(value)

    namespaces = network.build(plan, set_sysctl)
    hosts_file = scratch / "etc" / "hosts"
    hosts_file.write_text(_hosts_text(plan))
    spaces = {}
    for host in plan.hosts:
        network.enter(namespaces[host.name])
        home = scratch / host.name
        home.mkdir()
        _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWUTS))
        socket.sethostname(host.name)
        _bind(hosts_file, "/etc/hosts")
        with contextlib.suppress(OSError):  # where it is refused, /sys shows no host's interfaces
            _mount("sysfs", "/sys", "sysfs")
        mounts, names = (_open_namespace(kind) for kind in ("mnt", "uts"))
        spaces[host.name] = HostSpace(namespaces[host.name], mounts, names, home)
    return spaces


def _hosts_text(plan: network.Plan) -> str:
    """Return the hosts file; `localhost` has both loopback addresses, as on Debian."""
    named = [f"{address} {host}" for address, host in plan.addresses.items() if ":" not in address]
    loopback = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    return "\n".join([*loopback, *named, ""])


def _open_namespace(kind: str) -> int:
    return os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def _mount(source: str, target: str, kind: str) -> None:
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), 0, None))


def _bind(source: Path, target: str) -> None:
    _check(_libc.mount(bytes(source), os.path.realpath(target).encode(), None, MS_BIND, None))


# -- the keeper -----------------------------------------------------------------------------------


class Keeper:
    """Starts commands on hosts and says how they end; see the methods `do_…` for the requests."""

    def __init__(self, hosts: dict[str, HostSpace], scratch: Path, runner: socket.socket) -> None:
        self._hosts, self._scratch, self._runner = hosts, scratch, runner
        self._statuses: dict[int, int] = {}  # process → descriptor that gets its exit status
        self._listener: socket.socket | None = None
        self._wakeup, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.set_blocking(write, False)
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

    def _answer(self, peer: socket.socket) -> bool:
        message, descriptors = receive(peer)
        if message is None:
            return False
        self._reap()  # so that an answer is never older than an end
        try:
            reply, passed = getattr(self, "do_" + message.pop("do"))(descriptors, **message)
        except OSError as error:
            reply, passed = {"error": error.errno, "step": str(error)}, ()
        send(peer, reply, passed)
        for descriptor in (*descriptors, *passed):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        return True

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wakeup, 4096)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
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

    def do_copy(self, descriptors, host, source, name):
        """Copy the folder `source` into the home of `host`; return its path there."""
        target = self._hosts[host].home / name
        ignore = shutil.ignore_patterns("__pycache__", "*.console")
        shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)
        return {"folder": str(target)}, ()

    def do_listening(self, descriptors, session):
        """Tell where the processes of a session listen."""
        return {"listening": sockets.listening(session)}, ()

    def do_is_mute(self, descriptors, session):
        """Tell whether the processes of a session hold a socket that nobody listens on."""
        return {"mute": sockets.is_mute(session)}, ()

    def do_socket(self, descriptors, host, family, kind):
        """Return a new socket that lives on `host`."""
        network.enter(self._hosts[host].network)
        made = socket.socket(family, kind)
        return {"made": True}, (made.detach(),)

    def do_nothing(self, descriptors):
        """Answer, so that the runner knows of every end up to now."""
        return {}, ()

    def do_signal(self, descriptors, pid, number):
        os.kill(pid, number)
        return {"sent": number}, ()

    def do_signal_session(self, descriptors, session, number):
        """Send a signal to every process of a session."""
        for pid in sockets.members(session):
            os.kill(pid, number)
        return {"sent": number}, ()

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
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # whatever our caller ignores
    os.setsid()
    with contextlib.suppress(OSError):  # a pipe cannot be a controlling terminal
        fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    space.enter()
    _set_capabilities(every=root)


def _set_capabilities(*, every: bool) -> None:
    """Give up all capabilities, or keep them across execve(2) (capabilities(7), ambient set)."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    bits = (1 << (last + 1)) - 1 if every else 0
    low, high = bits & 0xFFFFFFFF, bits >> 32
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("=6I", low, low, low, high, high, high)))
    for number in range(last + 1) if every else ():
        _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))


def _die_with_parent() -> None:
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

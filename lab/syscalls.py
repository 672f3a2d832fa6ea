"""System calls that Python's library lacks before 3.12, or lacks at all.

Each raises OSError with the number that the kernel gave.
"""

import ctypes
import os
import signal
import struct
import sys
from pathlib import Path

# sched.h, mount.h, prctl.h and capability.h of include/uapi/linux
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_NAME, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 15, 47, 2
CAPABILITY_VERSION_3 = 0x20080522

# Pages are built on every system, and the build reads the plans of networks.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def unshare(flags: int) -> None:
    """Move this process into new namespaces (unshare(2))."""
    _check(_libc.unshare(flags))


def enter(namespace: int, kind: int) -> None:
    """Move this thread into a namespace, given by a descriptor (setns(2))."""
    _check(_libc.setns(namespace, kind))


def make_mounts_private() -> None:
    """Let no mount of this namespace reach another (mount_namespaces(7))."""
    _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))


def mount(kind: str, target: str) -> None:
    """Mount a file system that has no device (mount(2))."""
    _check(_libc.mount(kind.encode(), target.encode(), kind.encode(), 0, None))


def bind(source: Path, target: str) -> None:
    """Show `source` at `target`, which may be a link (mount(2), MS_BIND)."""
    _check(_libc.mount(bytes(source), os.path.realpath(target).encode(), None, MS_BIND, None))


def die_with_parent() -> None:
    """Let this process be killed when the thread that forked it ends (PR_SET_PDEATHSIG(2const))."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def set_name(name: str) -> None:
    """Set the name of this thread in /proc/PID/comm (PR_SET_NAME(2const))."""
    _check(_libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0))


def set_capabilities(*, every: bool) -> None:
    """Give up all capabilities, or keep them across execve(2) (capabilities(7), ambient set)."""
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    bits = (1 << (last + 1)) - 1 if every else 0
    low, high = bits & 0xFFFFFFFF, bits >> 32
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, struct.pack("=6I", low, low, low, high, high, high)))
    for number in range(last + 1) if every else ():
        _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

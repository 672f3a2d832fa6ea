"""What a host is made of: namespaces, and the files that it sees.

A host has the machine's files, but for those that say who and where it is.  Its home and its /tmp
are its own: what a command leaves there is gone with the network.
"""

import contextlib
import errno
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from lab import network
from lab.network import PLANS
from lab.syscalls import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUTS, bind, enter, mount, unshare

USER, USER_ID = "you", 1000
# The folder of a command lies in a tmpfs over one of these: they exist (FHS 3.0), and whichever is
# taken must not hide Python, the packages or the repository.
SCRATCH_CANDIDATES = ("/mnt", "/srv", "/media", "/opt", "/home")
TMP = os.path.realpath("/tmp")


@dataclass(frozen=True)
class HostSpace:
    """The namespaces of a host, as descriptors, and its home and /tmp as the keeper sees them."""

    network: int
    mounts: int
    names: int
    home: Path
    tmp: Path

    def empty(self) -> None:
        """Remove what commands have left in the home and in /tmp."""
        shutil.rmtree(self.home)
        self.home.mkdir()
        kept = {os.path.relpath(path, TMP).split("/")[0] for path in _needed_below_tmp()}
        for entry in self.tmp.iterdir():  # what is mounted at /tmp cannot be made anew
            if entry.is_symlink() or not entry.is_dir():
                entry.unlink()
            elif entry.name not in kept:
                shutil.rmtree(entry)

    def enter(self) -> None:
        enter(self.network, CLONE_NEWNET)
        enter(self.names, CLONE_NEWUTS)
        enter(self.mounts, CLONE_NEWNS)


def _needed() -> set[str]:
    """Return the folders of Python, its packages and the repository, which no mount may hide."""
    needed = {sys.prefix, sys.base_prefix, os.path.dirname(__file__), os.getcwd()}
    needed.update(filter(os.path.isdir, sys.path))  # a .pth file may name any folder (site module)
    python = os.path.dirname(os.path.realpath(sys.executable))
    return needed | {python} | set(map(os.path.realpath, needed))


def _needed_below_tmp() -> list[str]:
    """Return the outermost of them that lie below /tmp."""
    below = {Path(path) for path in _needed() if os.path.commonpath([TMP, path]) == TMP}
    return [str(path) for path in below if not below.intersection(path.parents)]


def scratch_folder() -> str:
    """Return the folder that the tmpfs of a network covers: the first that hides nothing needed."""
    needed = _needed()
    for candidate in SCRATCH_CANDIDATES:
        hides = any(os.path.commonpath([candidate, path]) == candidate for path in needed)
        if os.path.isdir(candidate) and not hides:
            return candidate
    raise FileNotFoundError(errno.ENOENT, f"no usable folder among {SCRATCH_CANDIDATES}")


def mount_scratch() -> Path:
    scratch = Path(scratch_folder())
    mount("tmpfs", str(scratch))
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
            bind(etc / name, f"/etc/{name}")
    return scratch


def _cover_tmp(own: Path) -> None:
    """Let the folder `own` be the /tmp of this mount namespace; what is needed stays in its place.

    Descriptors lead to that once it is hidden; they must be of this namespace (mount(2), EINVAL).
    """
    own.mkdir(parents=True)
    own.chmod(0o1777)
    needed = _needed_below_tmp()
    if TMP in needed or not os.path.isdir(TMP):
        return
    descriptors = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in needed]
    bind(own, TMP)
    for path, descriptor in zip(needed, descriptors, strict=True):
        os.makedirs(path)
        bind(Path(f"/proc/self/fd/{descriptor}"), path)
        os.close(descriptor)


def build_hosts(plan_name: str, scratch: Path) -> dict[str, HostSpace]:
    plan = PLANS[plan_name]

    def set_sysctl(name: str, value: str) -> None:
        Path("/proc/sys", name).write_text(value)

    namespaces = network.build(plan, set_sysctl)
    hosts_file = scratch / "etc" / "hosts"
    hosts_file.write_text(_hosts_text(plan))
    spaces = {}
    for host in plan.hosts:
        enter(namespaces[host.name], CLONE_NEWNET)
        home = scratch / host.name
        home.mkdir()
        unshare(CLONE_NEWNS | CLONE_NEWUTS)
        socket.sethostname(host.name)
        bind(hosts_file, "/etc/hosts")
        tmp = scratch / "tmp" / host.name
        _cover_tmp(tmp)
        with contextlib.suppress(OSError):  # where it is refused, /sys shows no host's interfaces
            mount("sysfs", "/sys")
        mounts, names = (_open_namespace(kind) for kind in ("mnt", "uts"))
        spaces[host.name] = HostSpace(namespaces[host.name], mounts, names, home, tmp)
    return spaces


def _hosts_text(plan: network.Plan) -> str:
    """Return the hosts file; `localhost` has both loopback addresses, as on Debian."""
    named = [f"{address} {host}" for address, host in plan.addresses.items() if ":" not in address]
    loopback = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    return "\n".join([*loopback, *named, ""])


def _open_namespace(kind: str) -> int:
    return os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)

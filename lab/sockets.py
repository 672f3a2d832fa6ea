"""Which process holds which TCP socket, as the kernel tells (proc_pid_net(5), proc_pid_fd(5))."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TCP_LISTEN = "0A"  # include/net/tcp_states.h
TABLES = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "unix", "netlink", "packet")


def of_session(session: int) -> tuple[list[tuple[str, int]], bool]:
    """Return where the processes of `session` listen, and whether they hold a mute socket.

    A mute socket stands in no table of the kernel: it may be bound, but nobody listens on it.
    """
    held = {inode for pid in members(session) for inode in _inodes(pid)}
    if not held:
        return [], False
    listening = {
        address
        for name in ("tcp", "tcp6")
        for address, state, inode in _rows(session, name)
        if state == TCP_LISTEN and inode in held
    }
    return sorted(listening), bool(held - _known_inodes(session))


def members(session: int) -> Iterator[int]:
    """Yield the processes of a session (proc_pid_stat(5), field 6)."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    yield int(entry)


def _inodes(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                target = os.readlink(entry.path)
                if target.startswith("socket:["):
                    yield target[8:-1]


def _rows(pid: int, table: str) -> Iterator[tuple[tuple[str, int], str, str]]:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            yield _address(fields[1]), fields[3], fields[9]


def _known_inodes(pid: int) -> set[str]:
    known = set()
    for table in TABLES:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                known.update(line.split()[6:])  # each table has its inode in another late column
    return known


def _address(text: str) -> tuple[str, int]:
    """Decode `0100007F:1F40`: 32-bit words in host byte order, then the port."""
    digits, port = text.split(":")
    words = [int(digits[i : i + 8], 16) for i in range(0, len(digits), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words)), int(port, 16)

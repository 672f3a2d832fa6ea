"""Which process holds which TCP socket, as the kernel tells (proc_pid_net(5), proc_pid_fd(5))."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TCP_LISTEN = "0A"  # include/net/tcp_states.h
TABLES = ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "unix", "netlink", "packet")


def listening(session: int) -> list[tuple[str, int]]:
    """Return where the processes of `session` listen."""
    held = _held(session)
    found = {
        address
        for name in ("tcp", "tcp6")
        for address, state, inode in (_rows(session, name) if held else ())
        if state == TCP_LISTEN and inode in held
    }
    return sorted(found)


def is_mute(session: int) -> bool:
    """Tell whether the processes of `session` hold a socket that stands in no table of the kernel.

    It may be bound, but nobody listens on it.
    """
    return bool(_held(session) - _known_inodes(session))


def _held(session: int) -> set[str]:
    return {inode for pid in members(session) for inode in _inodes(pid)}


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

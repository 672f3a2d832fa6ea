"""A command in a terminal of its own: what it printed, where it listens, how it ended.

Every wait is for an event and has a deadline: output, an end, or a listening socket as the kernel
reports it; never for a line in a log.  Only that nothing more is printed has to be told by time.
"""

import errno
import os
import pty
import select
import signal
import termios
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lab import transcript
from lab.errors import LabError

if TYPE_CHECKING:
    from lab.runner import RunningHost

DEADLINE = 20.0  # seconds for a step to end, to listen, or to print what is expected
SETTLE = 3.0  # seconds without output after which no more of it is waited for
TICK = 0.1  # seconds between two looks at the tables of sockets, if nothing is printed meanwhile
COLUMNS, ROWS = 80, 40
# More than the kernel keeps of what nobody has read, some 20 KB: so one look takes all that was
# printed before it, and yet ends while a command prints on.
LOOK = 65536
MOST = 10_000_000  # bytes of output that are kept of a command
LAST = 50  # lines of it that an error shows


class Screen:
    """Our side of a terminal: what its command printed, and how that ended."""

    def __init__(self, screen: int, ended: int) -> None:
        self.status: int | None = None
        self._screen, self._ended, self._text = screen, ended, bytearray()
        self._is_silent = False  # nobody can write to the screen any more

    def close(self) -> None:
        """Close the screen; a command that still runs gets SIGHUP."""
        for descriptor in (self._screen, self._ended):
            if descriptor >= 0:
                os.close(descriptor)
        self._screen = self._ended = -1
        self._is_silent = True

    @property
    def descriptors(self) -> list[int]:
        """What becomes readable when the command prints or ends."""
        screen = [] if self._is_silent else [self._screen]
        return [number for number in (*screen, self._ended) if number >= 0]

    def fileno(self) -> int:
        """What becomes writable when the command takes more keys."""
        return self._screen

    def type(self, data: bytes) -> int:
        """Write to the command as a keyboard would; return how many bytes it takes now."""
        try:
            return os.write(self._screen, data)
        except BlockingIOError:
            return 0

    def take(self) -> bytes:
        """Return what the terminal has shown since the last call, as it came."""
        self._look()
        data = bytes(self._text)
        self._text.clear()
        return data

    def resize(self, size: tuple[int, int]) -> None:
        termios.tcsetwinsize(self._screen, size)

    def _look(self, seconds: float = 0) -> None:
        ready, _, _ = select.select(self.descriptors, [], [], seconds)
        if self._screen in ready:
            self._read()
        if self._ended in ready:
            self._take_status()

    def _take_status(self) -> None:
        text = os.read(self._ended, 16)
        os.close(self._ended)
        self._ended = -1
        code = int(text or b"127")
        self.status = code if code >= 0 else 128 - code  # as a shell says: 128 + signal

    def _read(self) -> bytes:
        """Read what has been printed up to now, and return what is new."""
        before = len(self._text)
        while (
            not self._is_silent
            and len(self._text) < before + LOOK
            and select.select([self._screen], [], [], 0)[0]
        ):
            try:
                data = os.read(self._screen, 65536)
            except OSError as error:
                if error.errno != errno.EIO:  # pty(7): every descriptor of the other side is closed
                    raise
                data = b""
            # The screen stays open: closing it would hang up a server that let go of its terminal.
            self._is_silent = not data
            self._text += data
        return bytes(self._text[before:])


class Terminal(Screen):
    """A command in a terminal of its own: what it printed, whether it listens, how it ended."""

    def __init__(
        self, host: "RunningHost", command: str, pid: int, screen: int, ended: int
    ) -> None:
        super().__init__(screen, ended)
        self.host, self.command, self.pid = host, command, pid
        self.position = 0  # lines that have been shown

    def lines(self) -> list[str]:
        """Return what the terminal has shown so far, as plain lines."""
        self._read()
        return transcript.clean(self._text.decode(errors="replace"))

    def log(self) -> str:
        """Return the last lines of what the terminal has shown, for an error."""
        self._read()
        return self._tail()

    def _tail(self) -> str:
        tail = self._text[-COLUMNS * LAST :]  # to clean all of it may take seconds
        lines = transcript.clean(tail.decode(errors="replace"))
        is_all = len(tail) == len(self._text) and len(lines) <= LAST
        return "\n".join(lines if is_all else ["[…]", *lines[-LAST:]])

    def press(self, key: str) -> None:
        """Press Ctrl+C: the terminal sends SIGINT to its foreground process group (termios(3))."""
        assert key == transcript.CONTROL_C, key
        os.write(self._screen, b"\x03")

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self.host.network.ask("signal", pid=self.pid, number=int(number))

    def kill_session(self, number: signal.Signals) -> None:
        """Send a signal to every process of the command's session, its children too."""
        self.host.network.ask("signal_session", session=self.pid, number=int(number))

    def end(self) -> None:
        """End every process of the session at once, and return when the command is gone."""
        self.kill_session(signal.SIGKILL)
        self.wait_end()

    def wait_end(self, deadline: float = DEADLINE) -> int:
        """Return the exit status, as a shell tells it. Raises LabError after `deadline` seconds."""
        if not self._wait(lambda: self.status is not None, deadline):
            what = f"after {deadline:g} s this command has not ended"
            raise LabError(self.command, what, self._facts(), "let it end")
        self._drain()
        return self.status

    def poll(self) -> int | None:
        """Return the exit status, or None while the command runs, as of this moment."""
        if self.status is None:
            self.host.network.ask("nothing")
            self._look()
        return self.status

    def wait_listening(self, deadline: float = DEADLINE) -> bool:
        """Return True once the command accepts connections, False if it ends before.

        Raises LabError after `deadline` seconds, and tells a server that never accepts from a
        command that goes on too long.
        """
        if not self._wait(lambda: self.status is not None or self.listening(), deadline):
            raise self._overrun(deadline)
        if self.status is not None:
            self._drain()
        return self.status is None

    def wait_output(
        self,
        enough: Callable[[list[str]], bool],
        is_promising: Callable[[list[str]], bool] = lambda _: True,
        deadline: float = DEADLINE,
    ) -> bool:
        """Return whether `enough(lines)` came true before the command ended or fell silent.

        While the output is promising, silence lasts until the deadline; else SETTLE seconds.
        """
        end = time.monotonic() + deadline
        while not enough(lines := self.lines()):
            before = len(self._text)
            left = end - time.monotonic()
            pause = left if is_promising(lines) else min(SETTLE, left)
            if pause <= 0 or not self._wait(
                lambda before=before: len(self._text) > before or self.status is not None, pause
            ):
                return enough(self.lines())
            if self.status is not None:
                self._drain()
                return enough(self.lines())
        return True

    def listening(self) -> list[tuple[str, int]]:
        """Return the addresses and ports that the command listens on, from the kernel's tables."""
        reply, _ = self.host.network.ask("listening", session=self.pid)
        return [(address, port) for address, port in reply["listening"]]

    def _overrun(self, deadline: float) -> LabError:
        reply, _ = self.host.network.ask("is_mute", session=self.pid)
        if reply["mute"]:
            what = f"after {deadline:g} s this server has a socket but accepts no connections"
        else:
            what = f"after {deadline:g} s this command has neither ended nor accepted connections"
        return LabError(self.command, what, self._facts(), "let it end, or let it listen")

    def _facts(self) -> list[tuple[str, str]]:
        return [("host", self.host.name), ("output", self.log() or "(none)")]

    def _wait(self, done: Callable[[], object], deadline: float) -> bool:
        end = time.monotonic() + deadline
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._look(min(TICK, left))
        return True

    def _read(self) -> bytes:
        """Read on, and answer what is asked. Raises LabError when that is more than is kept."""
        data = super()._read()
        self._answer(data)
        if len(self._text) > MOST:
            what = f"this command printed more than {MOST / 1e6:g} MB"
            facts = [("host", self.host.name), ("output", self._tail())]
            raise LabError(self.command, what, facts, "let it print less, or into a file")
        return data

    def _answer(self, data: bytes) -> None:
        """Tell the colours of this terminal to a program that asks, as real ones do (OSC 10, 11).

        `fastapi dev` waits for the answer before it starts.
        """
        for query, colour in ((b"\x1b]10;?", b"ffff/ffff/ffff"), (b"\x1b]11;?", b"0000/0000/0000")):
            if query in data:
                os.write(self._screen, query[:-1] + b"rgb:" + colour + b"\x1b\\")

    def _drain(self) -> None:
        """Read to the end of the output, which comes once every process has let go of it."""
        self._wait(lambda: self._is_silent, 1.0)


def open_terminal(size: tuple[int, int] | None) -> tuple[int, int]:
    """Return both sides of a terminal; without a size it shows what is printed and nothing else."""
    screen, theirs = pty.openpty()
    if size is None:
        mode = termios.tcgetattr(theirs)
        mode[1] &= ~termios.OPOST
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
    termios.tcsetwinsize(theirs, size or (ROWS, COLUMNS))
    os.set_blocking(screen, False)
    return screen, theirs

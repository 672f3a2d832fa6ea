"""Diagrams: one picture of boxes and arrows, checked stroke by stroke, and read.

    ┌─────────┐   ┌────────────────┐      ►  a request that gets an answer
    │ laptop  ├──►│ 127.0.0.1:8000 │      ╳  a request that gets none
    └─────────┘   └────────────────┘      The first line in a box names it.

A request is an arrow to a row of a box that begins with an address and a port; it comes from the
outermost box around its start, which names a host.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import LabError
from lab.network import PLANS, Plan
from lab.pages import Fence

UP, DOWN, LEFT, RIGHT = (-1, 0), (1, 0), (0, -1), (0, 1)
ARMS = {
    "─": (LEFT, RIGHT), "│": (UP, DOWN), "┌": (RIGHT, DOWN), "┐": (LEFT, DOWN),
    "└": (RIGHT, UP), "┘": (LEFT, UP), "├": (UP, DOWN, RIGHT), "┤": (UP, DOWN, LEFT),
    "┬": (LEFT, RIGHT, DOWN), "┴": (LEFT, RIGHT, UP), "┼": (UP, DOWN, LEFT, RIGHT),
}  # fmt: skip
HEADS = {"►": RIGHT, "◄": LEFT, "▲": UP, "▼": DOWN}
CROSS = "╳"
DRAWN = {*ARMS, *HEADS, CROSS}
NAMES = {UP: "above", DOWN: "below", LEFT: "to the left", RIGHT: "to the right"}

ENDPOINT = re.compile(r"(?P<address>\d+(?:\.\d+){3}|\[[0-9a-f:]+\]|localhost):(?P<port>\d+)")
ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]*:){2,}[0-9a-f]*)(?![\w.])")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+(?:\.[a-z]+)?")
IPV6 = re.compile(r"(?:[0-9a-f]*:){2,}[0-9a-f]*")
PORT = re.compile(r":(\d+)\b")
VALUE = re.compile(r"--[a-z][\w-]*(?: [^\s│├┤]+)?|\{[^{}]*\}")
EVERYWHERE = {"127.0.0.1", "0.0.0.0", "::1", "::"}


@dataclass(frozen=True)
class Box:
    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True)
class Request:
    """An arrow that a host sends: `reaches` is what the drawing says of it."""

    host: str
    endpoint: str
    reaches: bool
    line: int


class Diagram:
    """A diagram of a page; `page` and the fence's line make the places of its errors."""

    def __init__(self, page: str, fence: Fence) -> None:
        self.page, self.fence, self.rows = page, fence, fence.lines
        attributes = fence.attributes
        self.alt = attributes.get("alt", "")
        self.commands = [c.strip() for c in attributes.get("run", "").split(";") if c.strip()]
        self.plan: Plan | None = PLANS.get(attributes.get("network", ""))

    def at(self, row: int, column: int) -> str:
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return " "

    @property
    def columns(self) -> int:
        return max(map(len, self.rows), default=0)

    def error(self, row: int, column: int, what: str) -> LabError:
        line = self.fence.line + 1 + row
        place = f"{self.page}:{line}:{column + 1}"
        text = self.rows[row] if row < len(self.rows) else ""
        return LabError(place, what, [("row", text), ("here", " " * column + "^")])

    # -- strokes ----------------------------------------------------------------------------------

    def problems(self) -> Iterator[LabError]:
        """Yield each stroke that meets nothing, each odd character, and a missing alternative."""
        if not self.alt or re.search(r"\d", self.alt):
            what = 'a diagram has alt="…": what it shows, in words and without numbers'
            yield self.error(0, 0, what)
        name = self.fence.attributes.get("network", "")
        if name and not self.plan:
            yield self.error(0, 0, f"there is no network called {name}")
        for row, text in enumerate(self.rows):
            for column, character in enumerate(text):
                yield from self._character_problems(row, column, character)
        yield from self._word_problems()

    def _character_problems(self, row: int, column: int, character: str) -> Iterator[LabError]:
        if character not in DRAWN and not " " <= character <= "~":
            name = unicodedata.name(character, f"U+{ord(character):04X}")
            yield self.error(row, column, f"{name} is not one column wide in every font")
        for direction in ARMS.get(character, ()):
            if not self._meets(row, column, direction):
                what = f"the stroke {character} meets nothing {NAMES[direction]}"
                yield self.error(row, column, what)
        if character in HEADS:
            direction = HEADS[character]
            if not self._has_arm(row, column, _opposite(direction)):
                yield self.error(row, column, f"no stroke leads to the arrow head {character}")
            if self._next(row, column, direction) == " ":
                yield self.error(row, column, f"the arrow head {character} points at nothing")
        if character == CROSS and not self._cross_is_sound(row, column):
            yield self.error(row, column, f"{CROSS} ends a stroke and stands at a box")

    def _meets(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        other = self._next(row, column, direction)
        return (
            _opposite(direction) in ARMS.get(other, ())
            or HEADS.get(other) == direction
            or other == CROSS
        )

    def _has_arm(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        return _opposite(direction) in ARMS.get(self._next(row, column, direction), ())

    def _cross_is_sound(self, row: int, column: int) -> bool:
        return any(
            self._has_arm(row, column, d) and self._next(row, column, _opposite(d)) in ARMS
            for d in (LEFT, RIGHT)
        )

    def _next(self, row: int, column: int, direction: tuple[int, int]) -> str:
        return self.at(row + direction[0], column + direction[1])

    # -- what it says -----------------------------------------------------------------------------

    def _word_problems(self) -> Iterator[LabError]:
        """Each address belongs to the network and to the host around it."""
        for row, text in enumerate(self.rows):
            for match in ADDRESS.finditer(text):
                if what := self._misplaced(match[0], row, match.start()):
                    yield self.error(row, match.start(), what)
        if self.plan:
            yield from self._network_problems()
            return
        for row, text in enumerate(self.rows):
            if match := ENDPOINT.search(text):
                what = "an address with a port stands in a diagram of a network alone"
                yield self.error(row, match.start(), what)

    def _network_problems(self) -> Iterator[LabError]:
        """Arrows, ports and interfaces are those of the network; each outermost box is a host."""
        yield from self._arrow_problems()
        yield from self._port_problems()
        yield from self._interface_problems()
        for box in self._outermost():
            if (name := self._name(box)) not in self.plan.host_names:
                what = f"the network {self.plan.name} has no host called {name or '(no name)'}"
                yield self.error(box.top, box.left, what)
        if not self.requests():
            yield self.error(0, 0, "a diagram of a network draws a request: ├──► or ├──╳")

    def _unsaid_words(self) -> Iterator[LabError]:
        """Each word is in the alternative, or a name of the network or of what runs in it."""
        known = {word.casefold() for word in WORD.findall(" ".join([self.alt, *self.commands]))}
        if self.plan:
            known |= {"lo", *self.plan.host_names}
            known |= {i.name for host in self.plan.hosts for i in host.interfaces}
        for row, text in enumerate(self.rows):
            for match in WORD.finditer(VALUE.sub(lambda m: " " * len(m[0]), text)):
                if match[0].casefold() not in known:
                    what = f"the alternative of this diagram does not say `{match[0]}`"
                    yield self.error(row, match.start(), what)

    def _interface_problems(self) -> Iterator[LabError]:
        """A box that names an interface and an address says that the one has the other."""
        interfaces = {i.name: i for host in self.plan.hosts for i in host.interfaces}
        for row, text in enumerate(self.rows):
            for match in WORD.finditer(text):
                if match[0] not in {"lo", *interfaces}:
                    continue
                inside = [b for b in self.boxes() if b.holds(row, match.start())]
                if not inside:
                    yield self.error(row, match.start(), f"{match[0]} belongs to no box")
                    continue
                box = min(inside, key=lambda b: (b.bottom - b.top) * (b.right - b.left))
                words = " ".join(r[box.left : box.right] for r in self.rows[box.top : box.bottom])
                for address in ADDRESS.findall(words.replace(":", " ")):
                    if not self._has(match[0], address):
                        what = f"{match[0]} does not have the address {address}"
                        yield self.error(row, match.start(), what)

    def _has(self, interface: str, address: str) -> bool:
        if interface == "lo":
            return address.startswith("127.")
        return any(
            address == own.partition("/")[0]
            for host in self.plan.hosts
            for found in host.interfaces
            if found.name == interface
            for own in found.addresses
        )

    def _misplaced(self, address: str, row: int, column: int) -> str:
        """Say what is wrong with an address: unknown, or in the box of another host."""
        owners = self.plan.addresses if self.plan else {}
        if address not in EVERYWHERE | owners.keys():
            where = f"the network {self.plan.name}" if self.plan else "a diagram without one"
            return f"{address} is no address of {where}"
        owner = owners.get(address)
        around = [self._name(box) for box in self._outermost() if box.holds(row, column)]
        if owner and around and around[0] != owner:
            return f"{address} is an address of {owner}, not of {around[0]}"
        return ""

    def _arrow_problems(self) -> Iterator[LabError]:
        """Every arrow of a network is a request, or comes back from where one went."""
        answered = {(request.line, request.host) for request in self.requests()}
        for row, column, direction in self._heads():
            if direction in (UP, DOWN):
                yield self.error(row, column, "in a network, an arrow lies on its side")
                continue
            if self._request(row, column, direction):
                continue
            if self.at(row, column) == CROSS:
                yield self.error(row, column, "this request goes to no address and port")
            elif not self._comes_back(row, column, direction) or not answered:
                yield self.error(row, column, "this arrow is no request, and answers none")

    def _heads(self) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Yield each arrow head and cross, with the direction that it points in."""
        for row, text in enumerate(self.rows):
            for column, character in enumerate(text):
                for direction in (LEFT, RIGHT, UP, DOWN):
                    pointed = HEADS.get(character) == direction
                    crossed = character == CROSS and direction in (LEFT, RIGHT)
                    if (pointed or crossed) and self._has_arm(row, column, _opposite(direction)):
                        yield row, column, direction

    def _comes_back(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        """Whether an arrow begins at a box that a request goes to."""
        start = self._start(row, column, direction)
        goals = {request.line - self.fence.line - 1: request for request in self.requests()}
        return any(
            box.holds(row, start) and any(box.top < line < box.bottom for line in goals)
            for box in self.boxes()
            if box not in self._outermost()
        )

    def _start(self, row: int, column: int, direction: tuple[int, int]) -> int:
        """Return the column of the border that the stroke behind a head leaves."""
        start, step = column, direction[1]
        while self.at(row, start - step) in "─┼":
            start -= step
        return start - step

    def _port_problems(self) -> Iterator[LabError]:
        ports = {request.endpoint.rpartition(":")[2] for request in self.requests()}
        for row, text in enumerate(self.rows):
            for match in PORT.finditer(IPV6.sub(lambda m: " " * len(m[0]), text)):
                if match[1] not in ports:
                    what = f"no request here asks for port {match[1]}"
                    yield self.error(row, match.start(), what)

    def unseen(self, shown: str) -> Iterator[LabError]:
        """Yield each word that the alternative lacks, and each option and answer not in `shown`.

        `shown` is what the page shows and says.
        """
        yield from self._unsaid_words()
        for row, text in enumerate(self.rows):
            for match in VALUE.finditer(text):
                is_option = match[0].startswith("--") and self.plan
                if match[0] not in (" ".join(self.commands) if is_option else shown):
                    what = f"what runs for this diagram does not have {match[0]}"
                    yield self.error(row, match.start(), what)

    def statements(self) -> Iterator[str]:
        """Yield what a diagram without a network says: of each box, and by each arrow."""
        if self.plan:
            return
        for box in self.boxes():
            name, *others = self._text(box)
            if others:
                yield f"{name}: {' '.join(others)}"
        for row, column, (down, right) in self._heads():
            start = row - down, column - right
            while self.at(*start) in "─│":
                start = start[0] - down, start[1] - right
            names = [
                self._text(box)[0]
                for end in (start, (row + down, column + right))
                for box in self.boxes()
                if box.holds(*end)
            ]
            if len(names) > 1:
                yield " ".join([names[0], self._label(start, (row, column)), names[-1]])

    def _text(self, box: Box) -> list[str]:
        rows = self.rows[box.top + 1 : box.bottom]
        return [row[box.left + 1 : box.right].strip() for row in rows] or [""]

    def _label(self, start: tuple[int, int], head: tuple[int, int]) -> str:
        """Return what stands beside an arrow: above one that lies, to the right of another."""
        if start[0] == head[0]:
            left, right = sorted((start[1], head[1]))
            return self.rows[head[0] - 1][left + 1 : right].strip() if head[0] else ""
        beside = (self.rows[row][head[1] + 1 :] for row in (head[0], start[0]))
        return next(filter(None, (re.split("  |[│┌└├▲▼]", text)[0].strip() for text in beside)), "")

    def requests(self) -> list[Request]:
        """Return the requests that are drawn, from top to bottom."""
        found = (self._request(*head) for head in self._heads() if head[2] in (LEFT, RIGHT))
        return [request for request in found if request]

    def _request(self, row: int, column: int, direction: tuple[int, int]) -> Request | None:
        step = direction[1]
        text = self.rows[row][column + 1 :] if step > 0 else self.rows[row][:column]
        cells = [cell.strip() for cell in re.split("[│├┤┼]", text)]
        cell = next((c for c in (cells if step > 0 else reversed(cells)) if c), "")
        endpoint = ENDPOINT.match(cell)
        if not endpoint:
            return None
        start = self._start(row, column, direction)
        around = [box for box in self._outermost() if box.holds(row, start)]
        host = self._name(around[0]) if around else ""
        line = self.fence.line + 1 + row
        return Request(host, endpoint[0], self.at(row, column) != CROSS, line)

    def boxes(self) -> list[Box]:
        """Return every rectangle that is drawn."""
        return [
            Box(top, left, bottom, right)
            for top, row in enumerate(self.rows)
            for left, character in enumerate(row)
            if character in "┌├┬┼"
            for right in self._run(top, left, RIGHT)
            for bottom in self._run(top, left, DOWN)
            if self.at(bottom, right) in "┘┤┴┼"
            and right in self._run(bottom, left, RIGHT)
            and bottom in self._run(top, right, DOWN)
        ]

    def _run(self, row: int, column: int, direction: tuple[int, int]) -> list[int]:
        """Return where an unbroken line from here passes, in rows or columns."""
        passed, (down, right) = [], direction
        while direction in ARMS.get(self.at(row, column), ()):
            row, column = row + down, column + right
            if _opposite(direction) not in ARMS.get(self.at(row, column), ()):
                break
            passed.append(row if down else column)
        return passed

    def _outermost(self) -> list[Box]:
        found = [box for box in self.boxes() if self.at(box.top, box.left) == "┌"]
        return [
            box
            for box in found
            if not any(
                other != box
                and other.holds(box.top, box.left)
                and other.holds(box.bottom, box.right)
                for other in found
            )
        ]

    def _name(self, box: Box) -> str:
        row = self.rows[box.top + 1][box.left + 1 : box.right]
        return re.split("[│├┤]", row)[0].strip()

    def alternative(self) -> str:
        """Return the text alternative: what the author says, then each request."""
        said = [
            f"{r.host} {'reaches' if r.reaches else 'does not reach'} {r.endpoint}"
            for r in self.requests()
        ]
        return ". ".join([self.alt.rstrip("."), *said]) + "."


def _opposite(direction: tuple[int, int]) -> tuple[int, int]:
    return -direction[0], -direction[1]

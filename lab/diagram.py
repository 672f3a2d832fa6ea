"""Diagrams: one picture of boxes and arrows, checked stroke by stroke, and read.

    ┌─────────┐   ┌────────────────┐      ►  a request that gets an answer
    │ laptop  ├──►│ 127.0.0.1:8000 │      ╳  a request that gets none
    └─────────┘   └────────────────┘      The first line in a box names it.

A request is an arrow to a row of a box that begins with an address and a port; it comes from the
outermost box around its start, which names a host.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import LabError
from lab.network import PLANS, Plan
from lab.pages import Fence
from lab.strokes import CROSS, DOWN, LEFT, RIGHT, UP, Box, Strokes

ENDPOINT = re.compile(r"(?P<address>\d+(?:\.\d+){3}|\[[0-9a-f:]+\]|localhost):(?P<port>\d+)")
ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]*:){2,}[0-9a-f]*)(?![\w.])")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+(?:\.[a-z]+)?")
TEXT = re.compile(r"[^\s─│┌┐└┘├┤┬┴┼►◄▲▼╳]+")
IPV6 = re.compile(r"(?:[0-9a-f]*:){2,}[0-9a-f]*")
PORT = re.compile(r":(\d+)\b")
VALUE = re.compile(r"--[a-z][\w-]*(?: [^\s│├┤]+)?|\{[^{}]*\}")
DENIALS = {"not", "no", "neither", "nor", "never", "cannot"}  # of an alternative
EVERYWHERE = {"127.0.0.1", "0.0.0.0", "::1", "::"}


@dataclass(frozen=True)
class Request:
    """An arrow that a host sends: `reaches` is what the drawing says of it."""

    host: str
    endpoint: str
    reaches: bool
    line: int


class Diagram(Strokes):
    """A diagram of a page; `page` and the fence's line make the places of its errors."""

    def __init__(self, page: str, fence: Fence) -> None:
        super().__init__(fence.lines)
        self.page, self.fence = page, fence
        attributes = fence.attributes
        self.alt = attributes.get("alt", "")
        self.commands = [c.strip() for c in attributes.get("run", "").split(";") if c.strip()]
        self.plan: Plan | None = PLANS.get(attributes.get("network", ""))

    def error(self, row: int, column: int, what: str) -> LabError:
        line = self.fence.line + 1 + row
        place = f"{self.page}:{line}:{column + 1}"
        return LabError(place, what, [("row", self.rows[row]), ("here", " " * column + "^")])

    def _error_of_fence(self, what: str) -> LabError:
        """An error of the whole, where its fence begins."""
        return LabError(f"{self.page}:{self.fence.line}", what)

    # -- strokes ----------------------------------------------------------------------------------

    def problems(self) -> Iterator[LabError]:
        """Yield what is odd: nothing drawn, no alternative, a stroke, an address, an arrow."""
        if not any(row.strip() for row in self.rows):
            yield self._error_of_fence("this diagram is empty")
            return
        if not self.alt or re.search(r"\d", self.alt):
            what = 'a diagram has alt="…": what it shows, in words and without numbers'
            yield self._error_of_fence(what)
        name = self.fence.attributes.get("network", "")
        if name and not self.plan:
            yield self._error_of_fence(f"there is no network called {name}")
        for problem in self.loose_ends():
            yield self.error(*problem)
        yield from self._word_problems()

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
        yield from self._alternative_problems()
        yield from self._interface_problems()
        for box in self.outermost:
            if (name := self.name_of(box)) not in self.plan.host_names:
                what = f"the network {self.plan.name} has no host called {name or '(no name)'}"
                yield self.error(box.top, box.left, what)
        if not self.requests():
            yield self._error_of_fence("a diagram of a network draws a request: ├──► or ├──╳")

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
                inside = [b for b in self.boxes if b.holds(row, match.start())]
                if not inside:
                    yield self.error(row, match.start(), f"{match[0]} belongs to no box")
                    continue
                box = min(inside, key=lambda b: (b.bottom - b.top) * (b.right - b.left))
                words = " ".join(r[box.left : box.right] for r in self.rows[box.top : box.bottom])
                for address in ADDRESS.findall(words):
                    if not self._has(match[0], address):
                        what = f"{match[0]} does not have the address {address}"
                        yield self.error(row, match.start(), what)

    def _has(self, interface: str, address: str) -> bool:
        if interface == "lo":
            return address.startswith("127.") or address == "::1"
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
        around = [self.name_of(box) for box in self.outermost if box.holds(row, column)]
        if owner and around and around[0] != owner:
            return f"{address} is an address of {owner}, not of {around[0]}"
        return ""

    def _arrow_problems(self) -> Iterator[LabError]:
        """Every arrow of a network is a request, or comes back from where one went."""
        answered = {(request.line, request.host) for request in self.requests()}
        for row, column, direction in self.heads():
            if direction in (UP, DOWN):
                yield self.error(row, column, "in a network, an arrow lies on its side")
                continue
            if self._request(row, column, direction):
                continue
            if self.at(row, column) == CROSS:
                yield self.error(row, column, "this request goes to no address and port")
            elif not self._comes_back(row, column, direction) or not answered:
                yield self.error(row, column, "this arrow is no request, and answers none")

    def _comes_back(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        """Whether an arrow begins at a box that a request goes to."""
        start = self.start_of(row, column, direction)
        goals = {request.line - self.fence.line - 1: request for request in self.requests()}
        return any(
            box.holds(row, start) and any(box.top < line < box.bottom for line in goals)
            for box in self.boxes
            if box not in self.outermost
        )

    def _alternative_problems(self) -> Iterator[LabError]:
        """Yield each host that reaches or does not, as the author says, and the arrows deny."""
        drawn = {(request.host, request.reaches) for request in self.requests()}
        for part in re.split("[,;.]", self.alt):
            words = re.findall(r"\w+", part)
            reaches = not DENIALS.intersection(words)
            if not reaches or any(word.startswith("reach") for word in words):
                for host in self.plan.host_names:
                    if host in words and (host, reaches) not in drawn:
                        says = "reaches it" if reaches else "does not reach it"
                        what = f"the alternative says that {host} {says}, and no arrow does"
                        yield self._error_of_fence(what)

    def _port_problems(self) -> Iterator[LabError]:
        ports = {request.endpoint.rpartition(":")[2] for request in self.requests()}
        for row, text in enumerate(self.rows):
            for match in PORT.finditer(IPV6.sub(lambda m: " " * len(m[0]), text)):
                if match[1] not in ports:
                    what = f"no request here asks for port {match[1]}"
                    yield self.error(row, match.start(), what)

    def _stray_words(self) -> Iterator[LabError]:
        """Each word stands in a box, or beside an arrow that it names; each label has its words."""
        boxes = self.boxes
        left = Counter(WORD.findall(" ".join(label for _, label, _ in self._arrows())))
        for row, text in enumerate(self.rows if boxes else ()):
            for match in WORD.finditer(text):
                if not any(box.holds(row, match.start()) for box in boxes):
                    left[match[0]] -= 1
                    if left[match[0]] < 0:
                        what = f"`{match[0]}` names no box and no arrow"
                        yield self.error(row, match.start(), what)

    def unseen(self, shown: str) -> Iterator[LabError]:
        """Yield each word that the alternative lacks, and each option and answer not in `shown`.

        `shown` is what the page shows and says.
        """
        if self.alt:
            yield from self._unsaid_words()
        yield from self._stray_words()
        for row, text in enumerate(self.rows):
            for match in VALUE.finditer(text):
                is_option = match[0].startswith("--") and self.plan
                if match[0] not in (" ".join(self.commands) if is_option else shown):
                    what = f"what runs for this diagram does not have {match[0]}"
                    yield self.error(row, match.start(), what)

    def statements(self) -> Iterator[str]:
        """Yield what a diagram says in words: in each box of several lines, by each arrow.

        In a network the requests are measured, so there only an arrow with a label says more.
        """
        for box in self._innermost():
            name, *others = filter(None, self.text_of(box))
            if others:
                yield f"{name}: {' '.join(others)}"
        for name, words in self._around_boxes():
            yield f"{name}: {' '.join(words)}"
        for start, label, end in self._arrows():
            if label or not self.plan:
                yield f"{start} {label} {end}"

    def _around_boxes(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each box that holds others, and its own words behind its name.

        Labels of arrows and goals of requests are none of them.
        """
        labels = Counter(" ".join(label for _, label, _ in self._arrows()).split())
        goals = {(r.line - self.fence.line - 1, r.endpoint) for r in self.requests()}
        innermost = self._innermost()
        words: dict[Box, list[str]] = {}
        for row, text in enumerate(self.rows):
            for match in TEXT.finditer(text):
                around = [box for box in self.boxes if box.holds(row, match.start())]
                box = min(around, key=lambda box: box.area, default=None)
                if box is None or box in innermost or (row, match[0]) in goals:
                    continue
                if labels[match[0]]:
                    labels[match[0]] -= 1
                else:
                    words.setdefault(box, []).append(match[0])
        for box, own in words.items():
            name = self.name_of(box)
            if others := own[len(name.split()) :]:
                yield name, others

    def _arrows(self) -> Iterator[tuple[str, str, str]]:
        """Yield each arrow between two boxes: the name of one, its label, that of the other."""
        for row, column, (down, right) in self.heads():
            start = row - down, column - right
            while self.at(*start) in "─│":
                start = start[0] - down, start[1] - right
            names = [
                self.text_of(box)[0]
                for end in (start, (row + down, column + right))
                for box in self._innermost()
                if box.holds(*end)
            ]
            if len(names) > 1:
                yield names[0], self._label(start, (row, column)), names[-1]

    def _innermost(self) -> list[Box]:
        found = self.boxes
        return [
            box
            for box in found
            if any(self.text_of(box))
            and not any(
                other != box
                and box.holds(other.top, other.left)
                and box.holds(other.bottom, other.right)
                for other in found
            )
        ]

    def _label(self, start: tuple[int, int], head: tuple[int, int]) -> str:
        """Return what stands beside an arrow: above one that lies, to the right of another."""
        if start[0] == head[0]:
            left, right = sorted((start[1], head[1]))
            return self.rows[head[0] - 1][left + 1 : right].strip() if head[0] else ""
        beside = (self.rows[row][head[1] + 1 :] for row in (head[0], start[0]))
        return next(filter(None, (re.split("  |[│┌└├▲▼]", text)[0].strip() for text in beside)), "")

    def requests(self) -> list[Request]:
        """Return the requests that are drawn, from top to bottom."""
        found = (self._request(*head) for head in self.heads() if head[2] in (LEFT, RIGHT))
        return [request for request in found if request]

    def _request(self, row: int, column: int, direction: tuple[int, int]) -> Request | None:
        step = direction[1]
        text = self.rows[row][column + 1 :] if step > 0 else self.rows[row][:column]
        cells = [cell.strip() for cell in re.split("[│├┤┼]", text)]
        cell = next((c for c in (cells if step > 0 else reversed(cells)) if c), "")
        endpoint = ENDPOINT.match(cell)
        if not endpoint:
            return None
        start = self.start_of(row, column, direction)
        around = [box for box in self.outermost if box.holds(row, start)]
        host = self.name_of(around[0]) if around else ""
        line = self.fence.line + 1 + row
        return Request(host, endpoint[0], self.at(row, column) != CROSS, line)

    def alternative(self) -> str:
        """Return the text alternative: what the author says, then each request."""
        said = [
            f"{r.host} {'reaches' if r.reaches else 'does not reach'} {r.endpoint}"
            for r in self.requests()
        ]
        return ". ".join([self.alt.rstrip("."), *said]) + "."

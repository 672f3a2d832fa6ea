"""Diagrams: one picture of boxes and arrows, checked stroke by stroke, and read.

    ┌─────────┐   ┌────────────────┐      ►  a request that gets an answer
    │ laptop  ├──►│ 127.0.0.1:8000 │      ╳  a request that gets none
    └─────────┘   └────────────────┘      The first line in a box names it.

A request is an arrow to a row of a box that begins with an address and a port; it comes from the
outermost box around its start, which names a host.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lab.errors import LabError
from lab.network import PLANS, Plan
from lab.pages import Fence
from lab.strokes import CROSS, DRAWN, RIGHT, Arrow, Box, Strokes, Word

ENDPOINT = re.compile(r"(?P<address>\d+(?:\.\d+){3}|\[[0-9a-f:]+\]|localhost):(?P<port>\d+)")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]+(?:\.[a-z]+)?")
IPV6 = re.compile(r"(?:[0-9a-f]*:){2,}[0-9a-f]*")
ADDRESS = re.compile(rf"(?<![\w.:])(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|{IPV6.pattern})(?![\w.])")
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
        # A line with a loose end makes no box, and then nothing stands where it seems to.
        for problem in list(self.loose_ends()) or self.stray_strokes():
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
                box = min(inside, key=lambda box: box.area)
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
        for arrow in self.arrows:
            if not arrow.is_level:
                yield self.error(*arrow.head, "in a network, an arrow lies on its side")
            elif not self._goal(arrow):
                if self.at(*arrow.head) == CROSS:
                    yield self.error(*arrow.head, "this request goes to no address and port")
                elif not self._answers(arrow):
                    yield self.error(*arrow.head, "this arrow is no request, and answers none")

    def _answers(self, arrow: Arrow) -> bool:
        """Whether requests come the other way, from box to box, and each of them reaches."""
        ends = self.ends_of(arrow)
        asked = [
            self.at(*other.head) != CROSS
            for other in self.arrows
            if self._goal(other) and self.ends_of(other) == ends[::-1]
        ]
        return None not in ends and bool(asked) and all(asked)

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
        """Whatever stands outside of every box stands beside an arrow that it names."""
        labels = {word for arrow in self.arrows for word in self.label_of(arrow)}
        for word in self.words:
            if not self.box_around(word) and word not in labels:
                what = f"`{word.text}` names no box and no arrow"
                yield self.error(word.row, word.column, what)

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
        """Yield what a diagram says in words: where a box stands, what it holds, each arrow.

        In a network the requests are measured: a box that one goes to says its place by that, and
        only an arrow with a label says more.
        """
        goals = {self._goal(arrow) for arrow in self.arrows}
        for box, own in self.own_words.items():
            title = self.title_of(box)
            if not {*title} <= goals:
                yield from self._place_of(box)
            if others := [w.text for w in own if w not in title and w not in goals]:
                yield f"{_text(title)}: {' '.join(others)}"
        for arrow in self.arrows:
            label, ends = _text(self.label_of(arrow)), self.ends_of(arrow)
            if None not in ends and (label or not self.plan):
                start, end = (_text(self.title_of(box)) for box in ends)
                yield f"{start} {label} {end}"

    def _place_of(self, box: Box) -> Iterator[str]:
        """Yield in which box another stands; one that stands alone, and says no more, is there."""
        title = _text(self.title_of(box))
        around = [other for other in self.own_words if other.contains(box)]
        if around:
            yield f"{_text(self.title_of(min(around, key=lambda b: b.area)))}: {title}"
        elif not self.plan and self.title_of(box) == self.own_words[box]:
            joined = {end for arrow in self.arrows for end in self.ends_of(arrow)}
            yield from [title] if box not in joined else []

    def requests(self) -> list[Request]:
        """Return the requests that are drawn, from top to bottom."""
        return [
            Request(
                next((self.name_of(b) for b in self.outermost if b.holds(*arrow.start)), ""),
                goal.text,
                self.at(*arrow.head) != CROSS,
                self.fence.line + 1 + goal.row,
            )
            for arrow in self.arrows
            if (goal := self._goal(arrow))
        ]

    def _goal(self, arrow: Arrow) -> Word | None:
        """Return the address and port behind the border that an arrow points at, if any."""
        row, border = arrow.end
        left = border if arrow.direction == RIGHT else border - 1
        while arrow.direction != RIGHT and left >= 0 and self.at(row, left) not in DRAWN:
            left -= 1
        inside = [word for word in self.words if word.row == row and word.column > left]
        if not arrow.is_level or not inside or not ENDPOINT.fullmatch(inside[0].text):
            return None
        between = self.rows[row][left + 1 : inside[0].column]
        return None if between.strip() else inside[0]

    def alternative(self) -> str:
        """Return the text alternative: what the author says, then each request."""
        said = [
            f"{r.host} {'reaches' if r.reaches else 'does not reach'} {r.endpoint}"
            for r in self.requests()
        ]
        return ". ".join([self.alt.rstrip("."), *said]) + "."


def _text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)

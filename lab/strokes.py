"""Strokes: boxes and arrows in lines of text, as they meet.

┌─────────┐   ┌────────────────┐      An arrow has a head, and a stroke that leads to it.
│ laptop  ├──►│ 127.0.0.1:8000 │      The first line in a box names it.
└─────────┘   └────────────────┘      ╳ ends an arrow that does not arrive.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

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
TEXT = re.compile(rf"[^\s{''.join(DRAWN)}]+")
Cell = tuple[int, int]  # row and column, from 0; or a step from one cell to the next
# A cell, and what is wrong there.
Problem = tuple[int, int, str]


@dataclass(frozen=True)
class Word:
    row: int
    column: int
    text: str

    @property
    def end(self) -> int:
        return self.column + len(self.text)


@dataclass(frozen=True)
class Box:
    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def corners(self) -> list[Cell]:
        return [
            (row, column) for row in (self.top, self.bottom) for column in (self.left, self.right)
        ]

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def contains(self, other: "Box") -> bool:
        return other != self and all(self.holds(*corner) for corner in other.corners)

    def border(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield each cell of the border, with each direction that the border takes from it."""
        for column in range(self.left, self.right):
            for row in (self.top, self.bottom):
                yield from ((row, column, RIGHT), (row, column + 1, LEFT))
        for row in range(self.top, self.bottom):
            for column in (self.left, self.right):
                yield from ((row, column, DOWN), (row + 1, column, UP))

    def side(self, direction: Cell) -> frozenset[Cell]:
        """Return the cells of one side, without its corners: no arrow meets a corner."""
        if direction in (LEFT, RIGHT):
            column = self.left if direction == LEFT else self.right
            return frozenset((row, column) for row in range(self.top + 1, self.bottom))
        row = self.top if direction == UP else self.bottom
        return frozenset((row, column) for column in range(self.left + 1, self.right))


@dataclass(frozen=True)
class Arrow:
    """A straight line that leaves a box at `start`; `head` stands in front of the next one."""

    start: Cell
    head: Cell
    direction: Cell

    @property
    def is_level(self) -> bool:
        return self.direction in (LEFT, RIGHT)

    @property
    def end(self) -> Cell:
        return step(self.head, self.direction)

    def stem(self) -> Iterator[Cell]:
        """Yield each cell from the start to the one behind the head."""
        cell = self.start
        while cell != self.head:
            yield cell
            cell = step(cell, self.direction)


class Strokes:
    """A drawing, as rows of characters."""

    def __init__(self, rows: tuple[str, ...]) -> None:
        self.rows = rows

    def at(self, row: int, column: int) -> str:
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return " "

    @property
    def columns(self) -> int:
        return max(map(len, self.rows), default=0)

    # -- strokes meet -----------------------------------------------------------------------------

    def loose_ends(self) -> Iterator[Problem]:
        """Yield each stroke that meets nothing, and each character of another width."""
        for row, text in enumerate(self.rows):
            for column, character in enumerate(text):
                yield from self._character_problems(row, column, character)

    def _character_problems(self, row: int, column: int, character: str) -> Iterator[Problem]:
        if character not in DRAWN and not " " <= character <= "~":
            name = unicodedata.name(character, f"U+{ord(character):04X}")
            yield row, column, f"{name} is not one column wide in every font"
        for direction in ARMS.get(character, ()):
            if not self._meets(row, column, direction):
                what = f"the stroke {character} meets nothing {NAMES[direction]}"
                yield row, column, what
        if character in HEADS:
            direction = HEADS[character]
            if not self._has_arm(row, column, opposite(direction)):
                yield row, column, f"no stroke leads to the arrow head {character}"
            if self._next(row, column, direction) == " ":
                yield row, column, f"the arrow head {character} points at nothing"
        if character == CROSS and not self._cross_is_sound(row, column):
            yield row, column, f"{CROSS} ends a stroke and stands at a box"

    def _meets(self, row: int, column: int, direction: Cell) -> bool:
        other = self._next(row, column, direction)
        return (
            opposite(direction) in ARMS.get(other, ())
            or HEADS.get(other) == direction
            or other == CROSS
        )

    def _has_arm(self, row: int, column: int, direction: Cell) -> bool:
        return opposite(direction) in ARMS.get(self._next(row, column, direction), ())

    def _cross_is_sound(self, row: int, column: int) -> bool:
        return any(
            self._has_arm(row, column, d) and self._next(row, column, opposite(d)) in ARMS
            for d in (LEFT, RIGHT)
        )

    def _next(self, row: int, column: int, direction: Cell) -> str:
        return self.at(row + direction[0], column + direction[1])

    # -- arrows -----------------------------------------------------------------------------------

    def heads(self) -> Iterator[tuple[int, int, Cell]]:
        """Yield each arrow head and cross, with the direction that it points in."""
        for row, text in enumerate(self.rows):
            for column, character in enumerate(text):
                for direction in (LEFT, RIGHT, UP, DOWN):
                    pointed = HEADS.get(character) == direction
                    crossed = character == CROSS and direction in (LEFT, RIGHT)
                    if (pointed or crossed) and self._has_arm(row, column, opposite(direction)):
                        yield row, column, direction

    @cached_property
    def arrows(self) -> list[Arrow]:
        """Every head with the line behind it, which may pass through borders."""
        return [
            Arrow(self._start(row, column, direction), (row, column), direction)
            for row, column, direction in self.heads()
        ]

    def _start(self, row: int, column: int, direction: Cell) -> Cell:
        back = opposite(direction)
        cell = step((row, column), back)
        while self.at(*cell) in ("─┼" if direction in (LEFT, RIGHT) else "│┼"):
            cell = step(cell, back)
        return cell

    def ends_of(self, arrow: Arrow) -> tuple[Box | None, Box | None]:
        """Return the box that an arrow leaves and the one that it points at, from outside."""
        sides = ((arrow.start, arrow.direction), (arrow.end, opposite(arrow.direction)))
        left, reached = (
            min((b for b in self.boxes if cell in b.side(d)), key=lambda b: b.area, default=None)
            for cell, d in sides
        )
        return left, reached

    def stray_strokes(self) -> Iterator[Problem]:
        """Yield each arrow that does not join two boxes, and each other line, as in a table."""
        corners = Counter(box.corners[0] for box in self.boxes)
        for corner in (corner for corner, count in corners.items() if count > 1):
            yield *corner, "a line divides this box: draw boxes apart, or one in another"
        drawn = {arm for box in self.boxes for arm in box.border()}
        for arrow in self.arrows:
            if None in self.ends_of(arrow):
                yield *arrow.head, "this arrow does not lead from one box to another"
            for cell in arrow.stem():
                drawn |= {(*cell, arrow.direction)}
                drawn |= {(*cell, opposite(arrow.direction))} if cell != arrow.start else set()
        for row, text in enumerate(self.rows):
            strays = [
                column
                for column, character in enumerate(text)
                if any((row, column, arm) not in drawn for arm in ARMS.get(character, ()))
            ]
            for column in strays:
                if column - 1 not in strays:
                    yield row, column, "this line belongs to no box and to no arrow"

    # -- boxes ------------------------------------------------------------------------------------

    @cached_property
    def boxes(self) -> list[Box]:
        """Every rectangle that is drawn, and has a corner: lines between others make none."""
        found = [
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
        return [box for box in found if any(self.at(*corner) in "┌┐└┘" for corner in box.corners)]

    def _run(self, row: int, column: int, direction: Cell) -> list[int]:
        """Return where an unbroken line from here passes, in rows or columns."""
        passed, (down, right) = [], direction
        while direction in ARMS.get(self.at(row, column), ()):
            row, column = row + down, column + right
            if opposite(direction) not in ARMS.get(self.at(row, column), ()):
                break
            passed.append(row if down else column)
        return passed

    @cached_property
    def outermost(self) -> list[Box]:
        """The boxes in no other, which are hosts."""
        found = [box for box in self.boxes if self.at(box.top, box.left) == "┌"]
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

    def name_of(self, box: Box) -> str:
        row = self.rows[box.top + 1][box.left + 1 : box.right]
        return re.split("[│├┤]", row)[0].strip()

    # -- words ------------------------------------------------------------------------------------

    @cached_property
    def words(self) -> list[Word]:
        return [
            Word(row, match.start(), match[0])
            for row, text in enumerate(self.rows)
            for match in TEXT.finditer(text)
        ]

    def box_around(self, word: Word) -> Box | None:
        """Return the smallest box that a word stands in."""
        around = (box for box in self.boxes if box.holds(word.row, word.column))
        return min(around, key=lambda box: box.area, default=None)

    def label_of(self, arrow: Arrow) -> list[Word]:
        """Return what stands beside an arrow: above one that lies, to the right of another.

        The words of a box that holds no other are its own, though an arrow passes below them.
        """
        beside = self._above(arrow) if arrow.is_level else self._to_the_right(arrow)
        holders = {box for box in self.boxes if any(box.contains(other) for other in self.boxes)}
        return [word for word in beside if self.box_around(word) in {None, *holders}]

    def _above(self, arrow: Arrow) -> Iterator[Word]:
        left, right = sorted((arrow.start[1], arrow.end[1]))
        for word in self.words:
            if word.row == arrow.head[0] - 1 and left < word.column and word.end <= right:
                yield word

    def _to_the_right(self, arrow: Arrow) -> Iterator[Word]:
        """Yield the words one space from the line, and those one space from them, row by row."""
        for row in sorted({row for row, _ in (arrow.head, *arrow.stem())} - {arrow.start[0]}):
            end = arrow.head[1] + 1
            for word in self.words:
                if word.row == row and word.column in (end, end + 1):
                    yield word
                    end = word.end

    @cached_property
    def own_words(self) -> dict[Box, list[Word]]:
        """The words of each box that stand in no box inside of it and beside no arrow."""
        labels = {word for arrow in self.arrows for word in self.label_of(arrow)}
        found: dict[Box, list[Word]] = {}
        for word in self.words:
            box = self.box_around(word)
            if box and word not in labels:
                found.setdefault(box, []).append(word)
        return found

    def title_of(self, box: Box) -> list[Word]:
        """Return the words of the first row in a box that has any."""
        own = self.own_words.get(box, [])
        return [word for word in own if word.row == own[0].row]


def step(cell: Cell, direction: Cell) -> Cell:
    return cell[0] + direction[0], cell[1] + direction[1]


def opposite(direction: Cell) -> Cell:
    return -direction[0], -direction[1]

"""Strokes: boxes and arrows in lines of text, as they meet.

┌─────────┐   ┌────────────────┐      An arrow has a head, and a stroke that leads to it.
│ laptop  ├──►│ 127.0.0.1:8000 │      The first line in a box names it.
└─────────┘   └────────────────┘      ╳ ends an arrow that does not arrive.
"""

import re
import unicodedata
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
# Row and column, from 0, and what is wrong there.
Problem = tuple[int, int, str]


@dataclass(frozen=True)
class Box:
    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


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

    def _meets(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        other = self._next(row, column, direction)
        return (
            opposite(direction) in ARMS.get(other, ())
            or HEADS.get(other) == direction
            or other == CROSS
        )

    def _has_arm(self, row: int, column: int, direction: tuple[int, int]) -> bool:
        return opposite(direction) in ARMS.get(self._next(row, column, direction), ())

    def _cross_is_sound(self, row: int, column: int) -> bool:
        return any(
            self._has_arm(row, column, d) and self._next(row, column, opposite(d)) in ARMS
            for d in (LEFT, RIGHT)
        )

    def _next(self, row: int, column: int, direction: tuple[int, int]) -> str:
        return self.at(row + direction[0], column + direction[1])

    # -- arrows -----------------------------------------------------------------------------------

    def heads(self) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Yield each arrow head and cross, with the direction that it points in."""
        for row, text in enumerate(self.rows):
            for column, character in enumerate(text):
                for direction in (LEFT, RIGHT, UP, DOWN):
                    pointed = HEADS.get(character) == direction
                    crossed = character == CROSS and direction in (LEFT, RIGHT)
                    if (pointed or crossed) and self._has_arm(row, column, opposite(direction)):
                        yield row, column, direction

    def start_of(self, row: int, column: int, direction: tuple[int, int]) -> int:
        """Return the column of the border that the stroke behind a head leaves."""
        start, step = column, direction[1]
        while self.at(row, start - step) in "─┼":
            start -= step
        return start - step

    # -- boxes ------------------------------------------------------------------------------------

    @cached_property
    def boxes(self) -> list[Box]:
        """Every rectangle that is drawn."""
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

    def text_of(self, box: Box) -> list[str]:
        rows = self.rows[box.top + 1 : box.bottom]
        return [row[box.left + 1 : box.right].strip() for row in rows] or [""]


def opposite(direction: tuple[int, int]) -> tuple[int, int]:
    return -direction[0], -direction[1]

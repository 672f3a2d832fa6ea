"""What can go wrong, in one shape: place, what happened, the facts that disagree, the remedy.

LabError                exit 1   a page, a snippet, a transcript or a proof is wrong
├── Mismatch            exit 1   expected and actual differ
├── Malformed           exit 2   a file or an argument cannot be read as what it should be
└── NotPermitted        exit 3   this system does not let the lab run
"""

from collections.abc import Iterable


class LabError(Exception):
    """A failure that tells where, what, which facts disagree, and what to do.

    `place` is `file:line`, a file, or a command; `facts` are pairs of a label and a text.
    """

    exit_status = 1

    def __init__(
        self,
        place: str,
        what: str,
        facts: Iterable[tuple[str, str]] = (),
        remedy: str = "",
    ) -> None:
        self.place, self.what, self.facts, self.remedy = place, what, tuple(facts), remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        rows = [*self.facts, ("remedy", self.remedy)] if self.remedy else list(self.facts)
        width = max((len(label) for label, _ in rows), default=0) + 1
        lines = [f"{self.place}: {self.what}"]
        for label, text in rows:
            first, *rest = text.splitlines() or [""]
            lines.append(f"  {label + ':':<{width}} {first}".rstrip())
            lines += [f"  {'':<{width}} {line}".rstrip() for line in rest]
        return "\n".join(lines)

    def __reduce__(self) -> tuple:  # errors cross process borders (pytest-xdist)
        return type(self), (self.place, self.what, self.facts, self.remedy)


class Mismatch(LabError):
    """Expected and actual differ."""


class Malformed(LabError):
    """A file or an argument cannot be read as what it should be."""

    exit_status = 2


class NotPermitted(LabError):
    """This system does not let the lab run."""

    exit_status = 3

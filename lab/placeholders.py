"""Placeholders: names such as [PID] for values that differ from run to run.

One table serves the comparison of transcripts, their recording, and the readers of the site.
"""

import re
from dataclasses import dataclass

# ip_local_port_range is 32768 to 60999 by default (kernel, ip-sysctl): no port of a page.
EPHEMERAL = r"(?:3[2-9]|[45]\d|60)\d{3}"


@dataclass(frozen=True)
class Placeholder:
    """A name for a value that differs from run to run.

    `found` finds the value in what was printed, as its only group that matches.
    """

    name: str
    about: str
    found: re.Pattern


PLACEHOLDERS = (
    Placeholder(
        "[PID]",
        "the number of a process",
        re.compile(r"(?:process |pid=)(\[\d+\]|\d+)|^[a-z]+ +(\d+)(?= +you )"),
    ),
    Placeholder("[MS]", "a time in milliseconds", re.compile(r"after (\d+) m(?:s|illiseconds)")),
    Placeholder(
        "[PORT]",
        "the ephemeral port of a client",
        re.compile(rf"(?:\d|\]):({EPHEMERAL}) - |:({EPHEMERAL})->|->[^ ]*:({EPHEMERAL})\b"),
    ),
    Placeholder(
        "[FD]",
        "the number of a descriptor",
        re.compile(r"fd=(\d+)|(?<= you)\s+(\d+)(?=u )"),
    ),
    Placeholder("[DEVICE]", "the kernel's number of a socket", re.compile(r"IPv[46] +(\d+)(?= )")),
    Placeholder(
        "[FOLDER]",
        "the folder that the command ran in",
        re.compile(r"directories: \['(/[^']*)'"),
    ),
)
# The same message in older and newer versions of a program.
SPELLINGS = (("Couldn't connect to server", "Could not connect to server"),)  # curl 8.10
TABLE = (
    "| placeholder | stands for |",
    "|---|---|",
    *(f"| `{placeholder.name}` | {placeholder.about} |" for placeholder in PLACEHOLDERS),
)
HEAD = re.compile(r"COMMAND [A-Z/ ]+")
NAMES = re.compile("|".join(re.escape(placeholder.name) for placeholder in PLACEHOLDERS))


def matches(expected: str, actual: str) -> bool:
    """Compare a line exactly, but for placeholders and known spellings.

    A placeholder stands where the table finds its value, and nowhere else: so a status or an
    address cannot hide behind one, nor a value behind the name of another.  Columns are padded to
    fit their values, so in a line with a placeholder, and in the head of lsof(8) above such lines,
    a run of spaces is one space.
    """
    expected, actual = _spelled(expected), _spelled(actual)
    if NAMES.search(expected):
        return _unpadded(hide(actual)) == _unpadded(expected)
    if HEAD.fullmatch(expected):
        return _unpadded(actual) == _unpadded(expected)
    return expected == actual


def _unpadded(line: str) -> str:
    return re.sub(r"(?<=\S) +", " ", line)


def _spelled(line: str) -> str:
    for old, new in SPELLINGS:
        line = line.replace(old, new)
    return line


def hide(line: str) -> str:
    """Return a line with a placeholder for each value that differs from run to run."""
    for placeholder in PLACEHOLDERS:
        matches_found = list(placeholder.found.finditer(line))
        for match in reversed(matches_found):
            group = next(i for i, text in enumerate(match.groups(), 1) if text)
            line = line[: match.start(group)] + placeholder.name + line[match.end(group) :]
    return line

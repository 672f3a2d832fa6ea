"""Transcripts: text to steps and back, and expected against actual.

    # network: home             the network; `home` if the line is missing
    laptop$ python main.py      a step: prompt, command; `#` instead of `$` runs it as root
    INFO:     Started server process [PID]      expected output, with placeholders
    ...                         the rest of the output is not shown
    [exit 1]                    exit status, if it is not 0
    laptop (python main.py): ^C     back in the terminal of a command; `^C` presses Ctrl+C there

CONTRIBUTING.md has the whole format in ten points.
"""

import contextlib
import difflib
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import LabError, Malformed, Mismatch
from lab.placeholders import NAMES, hide, matches

HEADER = re.compile(r"# network: (?P<network>\S+)")
PROMPT = re.compile(r"(?P<host>[a-z][a-z0-9-]*)(?P<sign>[$#]) (?P<command>\S.*)")
RETURN = re.compile(r"(?P<host>[a-z][a-z0-9-]*) \((?P<command>\S.*)\):(?: (?P<key>\S+))?")
EXIT = re.compile(r"\[exit (?P<status>\d+)\]")
# Ports, but for those of clients, never are placeholders.
HIDDEN_PORT = re.compile(r"(?::|\bport )\[(?!PORT\])[A-Z]+\]")
CONTROL_C = "^C"
REST = "..."
# ECMA-48 control sequences (colours) and operating system commands (links) of a terminal.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>]")


@dataclass
class Step:
    """One prompt with its command and what follows; `line` counts from 1 in the file.

    A return has `returns` set: it shows what a command that is still running printed since.
    """

    host: str
    command: str
    line: int
    root: bool = False
    returns: bool = False
    key: str = ""
    output: list[str] = field(default_factory=list)
    shows_rest: bool = True
    status: int = 0
    last_line: int = 0  # of the step's output in the file

    @property
    def prompt(self) -> str:
        if self.returns:
            return f"{self.host} ({self.command}):" + (f" {self.key}" if self.key else "")
        return f"{self.host}{'#' if self.root else '$'} {self.command}"


@dataclass
class Outcome:
    """What a step printed and how it ended; `status` is None while it runs."""

    step: Step
    output: list[str]
    status: int | None


@dataclass
class Transcript:
    """The steps of a file, in order, on one network."""

    path: str
    network: str
    steps: list[Step]
    lines: list[str]
    network_line: int = 1


def load(path: Path, name: str = "", *, strict: bool = True) -> Transcript:
    """Read a transcript; `name` is what errors call it. Raises Malformed."""
    name = name or str(path)
    try:
        return parse(path.read_bytes().decode(), name, strict=strict)
    except FileNotFoundError:
        raise Malformed(name, "there is no such transcript") from None
    except UnicodeDecodeError as error:
        raise Malformed(name, f"this is not UTF-8 text ({error.reason})") from None


def parse(text: str, path: str, *, strict: bool = True) -> Transcript:
    """Turn text into a transcript. Raises Malformed with the line."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    network, network_line, steps = "home", 1, []
    for number, line in enumerate(lines, 1):
        if not steps and (header := HEADER.fullmatch(line)):
            network, network_line = header["network"], number
        elif match := PROMPT.fullmatch(line):
            _check_comment(match["command"], f"{path}:{number}")
            steps.append(_step(match, number))
        elif match := RETURN.fullmatch(line):
            steps.append(_return(match, number, path, steps))
        elif steps:
            _add_output(steps[-1], line, number, path)
        elif line.strip():
            raise Malformed(
                f"{path}:{number}",
                "this line comes before the first step",
                [("line", line)],
                "begin a step with a prompt, such as `laptop$ curl http://127.0.0.1:8000/`",
            )
    for step in steps:
        _finish(step, lines)
    if not steps:
        raise Malformed(path, "no steps: this transcript runs nothing", remedy="add a step")
    if strict and not any(step.output or step.status for step in steps):
        raise Malformed(path, "this transcript compares nothing", remedy=_record(path))
    return Transcript(path, network, steps, lines, network_line)


def _check_comment(command: str, place: str) -> None:
    """A comment of the shell would be prose that nobody proves."""
    with contextlib.suppress(ValueError):  # quotes that the shell will complain of
        if shlex.split(command, comments=True) != shlex.split(command):
            what = "a command has a comment, which nobody would prove"
            raise Malformed(place, what, [("command", command)], "say it on the page")


def _step(match: re.Match, number: int) -> Step:
    return Step(match["host"], match["command"], number, match["sign"] == "#", last_line=number)


def _return(match: re.Match, number: int, path: str, steps: list[Step]) -> Step:
    host, command, key = match["host"], match["command"], match["key"] or ""
    place = f"{path}:{number}"
    if key not in ("", CONTROL_C):
        raise Malformed(place, f"no key is called {key}", [("keys", CONTROL_C)])
    started = [s for s in steps if not s.returns and (s.host, s.command) == (host, command)]
    if not started:
        running = ", ".join(f"{s.host} ({s.command})" for s in steps if not s.returns)
        raise Malformed(
            place,
            f"nothing above runs `{command}` on {host}",
            [("started", running or "nothing")],
            "put the whole command of an earlier step between the parentheses",
        )
    if not started[-1].shows_rest:
        raise Malformed(
            place,
            f"line {started[-1].line} hides the rest of its output, so this cannot continue it",
            remedy=f"show all that line {started[-1].line} prints",
        )
    return Step(host, command, number, returns=True, key=key, last_line=number)


def _add_output(step: Step, line: str, number: int, path: str) -> None:
    if not line.strip() and (step.status or not step.shows_rest):
        return
    if step.status or (not step.shows_rest and not EXIT.fullmatch(line)):
        raise Malformed(
            f"{path}:{number}",
            "this line comes after the end of a step's output",
            [("line", line)],
            "`...` ends the output, `[exit N]` ends the step",
        )
    if HIDDEN_PORT.search(line):
        what = "a placeholder stands where a port stands"
        raise Malformed(f"{path}:{number}", what, [("line", line)], "write the port")
    if match := EXIT.fullmatch(line):
        step.status = int(match["status"])
        if not step.status:
            raise Malformed(f"{path}:{number}", "[exit 0] is never written", remedy="remove it")
        step.last_line = number
    elif line == REST:
        step.shows_rest = False
        step.last_line = number
    else:
        step.output.append(line.rstrip())


def _finish(step: Step, lines: list[str]) -> None:
    """Blank lines at the end of a step only separate it from the next."""
    while step.output and not step.output[-1]:
        step.output.pop()
    step.last_line = max(step.last_line, step.line + len(step.output))


# -- expected against actual ----------------------------------------------------------------------


def clean(text: str) -> list[str]:
    """Return what a terminal shows of `text`: no colours, no spaces or blank lines at the end."""
    plain = ESCAPES.sub("", text).replace("\r\n", "\n")
    lines = [line.rpartition("\r")[2].rstrip() for line in plain.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def agrees(outcome: Outcome) -> bool:
    """Tell whether what a step printed, and its exit status, are as expected."""
    step, actual = outcome.step, outcome.output
    if (outcome.status or 0) != step.status:
        return False
    if not step.shows_rest:
        actual = actual[: len(step.output)]
    return len(actual) == len(step.output) and all(map(matches, step.output, actual))


def mismatch(path: str, outcome: Outcome) -> Mismatch:
    """Describe the difference between a step and what it did."""
    step = outcome.step
    facts = []
    if (outcome.status or 0) != step.status:
        actual = "still running" if outcome.status is None else f"exit {outcome.status}"
        facts += [("expected", f"exit {step.status}"), ("actual", actual)]
    facts.append(("output", "\n".join(_diff(outcome)) or "(none)"))
    what = f"`{step.prompt}` did something else"
    return Mismatch(f"{path}:{step.line}", what, facts, f"{_record(path)}, or mend what it runs")


def _diff(outcome: Outcome) -> list[str]:
    shown = redacted(outcome)
    rows = difflib.ndiff(outcome.step.output, shown)
    return [row.rstrip() for row in rows if not row.startswith("?")]


def _record(path: str) -> str:
    return f"python -m lab record {path}"


# -- recording ------------------------------------------------------------------------------------


def redacted(outcome: Outcome) -> list[str]:
    """Return the output with placeholders; a line that agrees keeps those that it has."""
    expected = outcome.step.output
    lines = []
    for line in outcome.output:
        kept = next((text for text in expected if matches(text, line)), line)
        lines.append(kept if NAMES.search(kept) else hide(kept))
    if not outcome.step.shows_rest:
        del lines[len(expected) :]
    return lines


def recorded(transcript: Transcript, outcomes: list[Outcome]) -> str:
    """Return the text of the transcript with the output of this run, last step first.

    Raises LabError for output that would read as something else than output.
    """
    lines = list(transcript.lines)
    for outcome in reversed(outcomes):
        step = outcome.step
        text = redacted(outcome)
        _check_readable(transcript.path, step, text)
        if not step.shows_rest:
            text.append(REST)
        if outcome.status:
            text.append(f"[exit {outcome.status}]")
        lines[step.line : step.last_line] = text
    return "\n".join(lines) + "\n"


def _check_readable(path: str, step: Step, output: list[str]) -> None:
    for line in output:
        if line == REST or any(p.fullmatch(line) for p in (PROMPT, RETURN, EXIT)):
            raise LabError(
                f"{path}:{step.line}",
                "this step prints a line that would read as a part of the transcript",
                [("line", line)],
                "let the command print something else",
            )

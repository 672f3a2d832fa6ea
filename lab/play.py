"""A transcript while it runs: its steps, in order, on a network of its own."""

from pathlib import Path

from lab import transcript
from lab.errors import LabError, Malformed
from lab.network import check_host, find_plan
from lab.placeholders import matches
from lab.runner import Network
from lab.terminal import DEADLINE, SETTLE, Terminal
from lab.transcript import Outcome, Step, Transcript


def run(script: Transcript, folder: Path) -> list[Outcome]:
    """Run every step on a network of its own, in a copy of `folder`, and return what they did.

    Raises Malformed for an unknown network or host, LabError for a step that cannot be finished.
    """
    plan = find_plan(script.network, f"{script.path}:{script.network_line}")
    for step in script.steps:
        check_host(plan, step.host, f"{script.path}:{step.line}")
    with Network(plan) as network:
        play = Play(script, network, folder)
        outcomes = [play.take(step) for step in script.steps]
        play.end()
        return outcomes


class Play:
    """A transcript while it runs: the terminals that stayed open, newest last."""

    def __init__(self, script: Transcript, network: Network, folder: Path) -> None:
        self._script, self._network = script, network
        self._open: list[tuple[Step, Terminal]] = []
        self._patience = DEADLINE  # seconds that a step waits for what it expects
        for name in {step.host for step in script.steps}:
            network.hosts[name].copy(folder)

    def take(self, step: Step) -> Outcome:
        """Do one step and return its outcome."""
        place = f"{self._script.path}:{step.line}"
        try:
            outcome = self._return(step) if step.returns else self._command(step)
        except Malformed:
            raise
        except LabError as error:
            raise LabError(
                place, error.what, [("step", step.prompt), *error.facts], error.remedy
            ) from None
        if not transcript.agrees(outcome):
            self._patience = SETTLE  # what later steps expect may never come
        return outcome

    def end(self) -> None:
        """Raise LabError if a server that nobody stopped has ended."""
        for step, terminal in self._open:
            if terminal.poll() is not None:
                raise self._died(step, terminal)

    def _command(self, step: Step) -> Outcome:
        terminal = self._network.hosts[step.host].start(step.command, root=step.root)
        stays = terminal.wait_listening()
        if stays:
            self._open.append((step, terminal))
            self._await_output(step, terminal)
        lines = terminal.lines()
        if terminal.status == 127 and step.status != 127:
            raise _missing(step, lines)
        if stays:
            lines = lines[: len(step.output)] if self._is_as_expected(step, lines) else lines
        terminal.position = len(lines)
        return Outcome(step, lines, terminal.status)

    def _return(self, step: Step) -> Outcome:
        terminal = self._find(step)
        start = terminal.position
        if step.key:
            if terminal.poll() is not None:
                raise self._ended()
            terminal.press(step.key)
            terminal.wait_end()
        elif terminal.poll() is None:
            self._await_output(step, terminal)
        if step.key or terminal.status is not None:
            self._open = [pair for pair in self._open if pair[1] is not terminal]
        lines = terminal.lines()[start:]
        terminal.position = start + len(lines)
        return Outcome(step, lines, terminal.status)

    def _find(self, step: Step) -> Terminal:
        for started, terminal in reversed(self._open):
            if (started.host, started.command) == (step.host, step.command):
                return terminal
        raise self._ended()

    @staticmethod
    def _ended() -> LabError:
        return LabError("", "this command has ended, so there is nothing to return to")

    def _await_output(self, step: Step, terminal: Terminal) -> None:
        """Wait for what is expected; once the output differs, for silence alone."""
        start = terminal.position
        terminal.wait_output(
            lambda lines: not step.status and self._is_enough(step, lines[start:]),
            lambda lines: self._is_promising(step, lines[start:]),
            self._patience,
        )

    @staticmethod
    def _is_promising(step: Step, lines: list[str]) -> bool:
        """Whether more output may make it what is expected; the last line may not be whole."""
        begun = lines[:-1]
        is_short = len(lines) <= len(step.output)
        return bool(step.output) and is_short and all(map(matches, step.output, begun))

    def _is_enough(self, step: Step, lines: list[str]) -> bool:
        """Whether what is expected has come; where nothing is, silence has to tell."""
        is_hidden = not step.output and not step.shows_rest
        return is_hidden or self._is_as_expected(step, lines)

    @staticmethod
    def _is_as_expected(step: Step, lines: list[str]) -> bool:
        shown, expected = lines[: len(step.output)], step.output
        whole = bool(expected) and len(shown) == len(expected)
        return whole and all(map(matches, expected, shown))

    def _died(self, step: Step, terminal: Terminal) -> LabError:
        return LabError(
            f"{self._script.path}:{step.line}",
            f"this server ended with exit status {terminal.status}, and no step says so",
            [("step", step.prompt), ("log", terminal.log() or "(empty)")],
            f"show its end: `{step.host} ({step.command}): ^C`, or keep it alive",
        )


def _missing(step: Step, lines: list[str]) -> LabError:
    return LabError(
        "",
        "a program of this step is not on this machine",
        [("output", "\n".join(lines))],
        "install it; README.md lists the system packages that the lab runs",
    )

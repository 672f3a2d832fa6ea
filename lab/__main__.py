"""`python -m lab`: its commands, what they print, and their exit statuses."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import drawing, pages, record, site, snippets, transcript
from lab.errors import LabError, Malformed
from lab.network import PLANS, check_host, find_plan
from lab.pages import Page
from lab.problems import failures_of
from lab.transcript import Outcome, Transcript

ROOT = Path(__file__).parent.parent
Command = Callable[[argparse.Namespace], int]
# Path, transcript if it could be read, outcomes or what went wrong, seconds.
Run = tuple[Path, Transcript | None, list[Outcome] | LabError, float]


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the lab and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except LabError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as in `python -m lab claims | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The test bench of the site")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(run=run)
        return command

    check = add("check", _check, "run transcripts and compare what they print")
    check.add_argument("path", nargs="*", help="a transcript or a folder; all, if there is none")
    recording = add("record", _record, "run transcripts and write what they print into them")
    recording.add_argument(
        "path", nargs="*", help="a transcript or a folder; all, if there is none"
    )
    shell = add("shell", _shell, "open a shell on a host, with the snippets and the other hosts")
    shell.add_argument("host")
    shell.add_argument("--network", default="home", choices=PLANS)
    shell.add_argument("--root", action="store_true", help="with every capability")
    hosts = add("hosts", _hosts, "draw the networks and their hosts")
    hosts.add_argument("network", nargs="*", help="all, if there is none")
    listing = add("claims", _claims, "list claims: proven, sourced or open")
    about = "a page, or the start of its file's name; all, if there is none"
    listing.add_argument("page", nargs="*", help=about)
    on = add("on", _on, "run a command on another host; only inside `python -m lab shell`")
    on.add_argument("host")
    on.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    return parser


# -- transcripts ----------------------------------------------------------------------------------


def find_transcripts(paths: Iterable[str]) -> list[Path]:
    """Return the transcripts that the paths name, sorted. Raises Malformed if there is none."""
    found: list[Path] = []
    for path in [Path(p) for p in paths] or [ROOT / "snippets"]:
        if path.is_dir():
            found += sorted(path.rglob("*.console"))
        elif path.suffix == ".console":
            found.append(path)
        else:
            raise Malformed(str(path), "this is neither a folder nor a .console file")
    if not found:
        raise Malformed(", ".join(paths) or "snippets", "no transcripts here")
    return found


def _name(path: Path) -> str:
    """Return the path as errors show it: relative to the repository where that is shorter."""
    absolute = path.resolve()
    return absolute.relative_to(ROOT).as_posix() if absolute.is_relative_to(ROOT) else str(path)


def _run_all(paths: list[Path], *, strict: bool) -> Iterator[Run]:
    """Run transcripts on all cores, and yield what became of each, in order."""
    _require_linux()
    from lab import play  # noqa: PLC0415 - Linux only

    def run_one(path: Path) -> Run:
        start = time.monotonic()
        script, result = None, None
        try:
            script = transcript.load(path, _name(path), strict=strict)
            result = play.run(script, path.parent)
        except LabError as error:
            result = error
        return path, script, result, time.monotonic() - start

    pool = ThreadPoolExecutor(os.cpu_count())
    yield from pool.map(run_one, paths)


def _check(options: argparse.Namespace) -> int:
    paths = find_transcripts(options.path)
    worst = steps = 0
    for path, script, result, seconds in _run_all(paths, strict=True):
        failures = _failures(script, result)
        print(f"{'FAIL' if failures else 'ok':4} {_name(path)}  {seconds:.1f} s", flush=True)
        steps += len(script.steps) if script else 0
        for failure in failures:
            worst = max(worst, failure.exit_status)
            print(failure, file=sys.stderr)
    if not options.path:
        found = pages.load_pages(ROOT)
        snippets.check_snippets(ROOT)
        for page in found:
            pages.check_includes(ROOT, page)
            pages.check_fences(page)
        for orphan in snippets.orphans(ROOT, found):
            worst = max(worst, orphan.exit_status)
            print(orphan, file=sys.stderr)
    print(f"{len(paths)} transcripts, {steps} steps: {'not ' if worst else ''}as recorded")
    return worst


def _failures(script: Transcript | None, result: list[Outcome] | LabError) -> list[LabError]:
    if isinstance(result, LabError):
        return [result]
    wrong = [outcome for outcome in result if not transcript.agrees(outcome)]
    return [transcript.mismatch(script.path, outcome) for outcome in wrong]


def _record(options: argparse.Namespace) -> int:
    worst = 0
    for path, script, result, seconds in _run_all(find_transcripts(options.path), strict=False):
        try:
            if isinstance(result, LabError):
                raise result
            new = transcript.recorded(script, result)
        except LabError as error:
            worst = max(worst, error.exit_status)
            print(f"FAIL {_name(path)}: not written", flush=True)
            print(error, file=sys.stderr)
            continue
        changed = new != path.read_text(encoding="utf-8")
        if changed:
            path.write_text(new, encoding="utf-8")
        state = "new" if changed else "same"
        print(f"{state:4} {_name(path)}  {seconds:.1f} s", flush=True)
    if not worst and not options.path:
        record.write(ROOT)
    return worst


def _require_linux() -> None:
    if sys.platform != "linux":
        raise Malformed(
            "the lab",
            "hosts are Linux network namespaces, and this is not Linux",
            [("system", sys.platform)],
            "run this in a Linux virtual machine; the site itself builds and serves here",
        )


# -- playing --------------------------------------------------------------------------------------


def _shell(options: argparse.Namespace) -> int:
    _require_linux()
    from lab import shell  # noqa: PLC0415

    plan = find_plan(options.network, "python -m lab shell")
    remedy = "use one of these hosts, or name another network with --network"
    check_host(plan, options.host, "python -m lab shell", remedy)
    return shell.open_shell(plan, options.host, root=options.root)


def _on(options: argparse.Namespace) -> int:
    _require_linux()
    from lab import shell  # noqa: PLC0415

    return shell.run_on(options.host, options.argv)


def _hosts(options: argparse.Namespace) -> int:
    for name in options.network or PLANS:
        print(drawing.draw(find_plan(name, "python -m lab hosts")))
    return 0


# -- claims ---------------------------------------------------------------------------------------


def _claims(options: argparse.Namespace) -> int:
    found = site.load(ROOT)
    wanted = [
        page
        for page in found.pages
        if not options.page or any(_is_called(page, name) for name in options.page)
    ]
    if not wanted:
        raise Malformed(", ".join(options.page), "there is no such page")
    for page in wanted:
        for claim in found.claims_of(page):
            print(f"{claim.place}: {found.state(claim):8} {claim.text}")
            for proof in found.proofs_of(claim):
                print(f"{'':4}{proof.place} {proof.name}")
    print(site.coverage_table(found, wanted))
    failures = failures_of(found, wanted)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _is_called(page: Page, name: str) -> bool:
    return page.path == name or page.stem.startswith(name)


if __name__ == "__main__":
    status = main()
    # Not sys.exit: it would wait for the steps that still run. Their networks end with us.
    os._exit(status)

"""Fixtures of the proofs: networks, transcripts, the built site and a copy of the repository.

Every proof observes through one of them, so that `--noise` can replace what it observes.
"""

import ast
import functools
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IS_LINUX = sys.platform == "linux"
# These need the lab, and the lab needs Linux; all other tests run on every system.
NEEDS_LINUX = ("test_lab_", "test_site_lab", "test_local", "test_loopback", "test_containers",
               "test_how_proven", "test_index", "test_proofs", "test_transcripts", "test_diagrams",
               "test_noise")  # fmt: skip

if IS_LINUX:
    from lab import noise, transcript
    from lab.errors import LabError
    from lab.network import PLANS
    from lab.play import run as run_transcript
    from lab.runner import Network, Result
    from lab.zygote import zygote


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--noise",
        choices=["silent", "loud", "dead", "moved"],
        help="let proofs observe noise; each of them must fail",
    )


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if not IS_LINUX and collection_path.name.startswith(NEEDS_LINUX):
        return True
    return None


def pytest_report_header() -> str:
    if IS_LINUX:
        return "lab: hosts are Linux network namespaces"
    if os.environ.get("CI"):
        raise pytest.UsageError("the suite runs on Linux: hosts are Linux network namespaces")
    return f"left out, because hosts are Linux network namespaces: {', '.join(NEEDS_LINUX)}…"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a transcript in one worker, which runs it once."""
    for item in items:
        if "play" in item.fixturenames:
            folder = snippets_of(item).name
        elif hasattr(item, "callspec") and item.callspec.id.endswith(".console"):
            folder = item.callspec.id.split("/")[0]
        else:
            continue
        item.add_marker(pytest.mark.xdist_group(folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """In CI, what cannot run is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped, and in CI that is a failure: {report.longrepr}"
        )
    return report


@functools.cache
def page_of(module_path: Path) -> str:
    """Return the page that a module of proofs names in the first line of its docstring."""
    return (ast.get_docstring(ast.parse(module_path.read_text("utf-8"))) or "").partition("\n")[0]


def snippets_of(request: pytest.FixtureRequest | pytest.Item) -> Path:
    return ROOT / "snippets" / Path(page_of(request.path)).stem


def require(program: str) -> None:
    """Skip, or fail in CI, if a program of the system is missing."""
    if not shutil.which(program):
        message = f"{program} is not on this machine; README.md says how to install it"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


# -- networks -------------------------------------------------------------------------------------

FIXTURES = {name.replace("-", "_"): name for name in PLANS} if IS_LINUX else {}
_builder = ThreadPoolExecutor(max_workers=1)
_ahead: "dict[str, Future[Network]]" = {}  # by the name of the plan
_wanted = ""  # the name of the plan that the next proof observes


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the zygote while pytest collects; a process that runs no test needs none."""
    is_worker = hasattr(session.config, "workerinput")
    if IS_LINUX and (is_worker or _is_alone(session.config)):
        _builder.submit(zygote)


def _is_alone(config: pytest.Config) -> bool:
    """Tell whether this process runs the tests, without workers."""
    options, is_worker = config.option, hasattr(config, "workerinput")
    return not options.numprocesses and not is_worker and not options.collectonly


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Know the network of the next proof, and build it beside this one if this one has another.

    Only proofs stand it: a test of the lab counts the processes there are.
    """
    global _wanted
    noise_ = item.config.getoption("noise")
    are_proofs = nextitem and all(page_of(i.path).startswith("docs/") for i in (item, nextitem))
    _wanted = _network_of(nextitem) if are_proofs and noise_ in (None, "dead", "moved") else ""
    has_another = noise_ or _wanted != _network_of(item)
    if _wanted and has_another and _wanted not in _ahead:
        _ahead[_wanted] = _builder.submit(Network, PLANS[_wanted])


def _network_of(item: pytest.Item) -> str:
    return next((FIXTURES[name] for name in item.fixturenames if name in FIXTURES), "")


def pytest_sessionfinish() -> None:
    for future in _ahead.values():
        with suppress(LabError):  # where no network can be built, the tests have said so
            future.result().close()
    _builder.shutdown()
    _player.shutdown(cancel_futures=True)


def _open(name: str) -> "Network":
    future = _ahead.pop(name, None)
    return future.result() if future else Network(PLANS[name])


def _leave(network: "Network") -> None:
    """Close a network, or keep it for the next proof if it can be as new."""
    if network.is_pristine and network.plan.name == _wanted:
        network.reset()
        _ahead[_wanted] = Future()
        _ahead[_wanted].set_result(network)
    else:
        network.close()


def _network(request: pytest.FixtureRequest, name: str) -> Iterator["Network"]:
    kind = request.config.getoption("noise")
    if kind in ("silent", "loud"):
        yield noise.NoisyNetwork(kind, PLANS[name])
        return
    network = _open(name)
    try:
        if kind:
            {"dead": noise.kill_servers, "moved": noise.move_servers}[kind](network)
        folder = snippets_of(request)
        for host in network.hosts.values() if folder.is_dir() else ():
            host.copy(folder)
        yield network
    finally:
        network.close() if kind else _leave(network)


@pytest.fixture
def home(request: pytest.FixtureRequest) -> Iterator["Network"]:
    """A laptop, a phone and a desktop on one Wi-Fi, with the snippets of the page."""
    yield from _network(request, "home")


@pytest.fixture
def two_networks(request: pytest.FixtureRequest) -> Iterator["Network"]:
    """A laptop on two networks at the same time."""
    yield from _network(request, "two-networks")


@pytest.fixture
def internet(request: pytest.FixtureRequest) -> Iterator["Network"]:
    """A laptop and a phone behind a router, and a stranger beyond it."""
    yield from _network(request, "internet")


@pytest.fixture
def container(request: pytest.FixtureRequest) -> Iterator["Network"]:
    """A container behind a bridge of the laptop."""
    yield from _network(request, "container")


# -- transcripts ----------------------------------------------------------------------------------


_player = ThreadPoolExecutor(max_workers=1)
PLAYED = re.compile(r'\bplay\("([\w-]+\.console)"\)')


@functools.cache
def outcomes_of(path: Path) -> "Future[list[transcript.Outcome]]":
    """Run a transcript once for each process; the result is what its steps did."""

    def run() -> "list[transcript.Outcome]":
        script = transcript.load(path, path.relative_to(ROOT).as_posix())
        return run_transcript(script, path.parent)

    return _player.submit(run)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Without workers, run the transcripts of the proofs beside those that come first."""
    if _is_alone(session.config) and not session.config.option.noise:
        for item in session.items:
            if "play" in getattr(item, "fixturenames", ()) and page_of(item.path):
                for name in PLAYED.findall(inspect.getsource(item.function)):
                    outcomes_of(snippets_of(item) / name)


class Played:
    """A transcript that has run: what the step with a prompt printed, and how it ended."""

    def __init__(self, outcomes: "list[transcript.Outcome]") -> None:
        self.outcomes = outcomes

    def __getitem__(self, prompt: str) -> "Result":
        return self.all(prompt)[0]

    def all(self, prompt: str) -> "list[Result]":
        """Return the results of every step with this prompt, in order."""
        found = [o for o in self.outcomes if o.step.prompt == prompt]
        assert found, f"no step is `{prompt}`"
        return [Result(o.step.command, o.status or 0, o.output) for o in found]


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Callable[[str], Played]:
    """Run a transcript of the page, by its file name, and check that it is as recorded."""

    def run(name: str) -> Played:
        path = snippets_of(request) / name
        script = transcript.load(path, path.relative_to(ROOT).as_posix())
        if kind := request.config.getoption("noise"):
            return Played(noise.play(kind, script))
        outcomes = outcomes_of(path).result()
        for outcome in outcomes:
            if not transcript.agrees(outcome):
                raise transcript.mismatch(script.path, outcome)
        return Played(outcomes)

    return run


# -- the site and the repository ------------------------------------------------------------------


@dataclass
class Repository:
    """A copy of this repository, to make things false in."""

    path: Path
    noise: str | None

    def run(self, *arguments: str, **environ: str) -> "Result":
        """Run `python -m …` in the copy and return its exit status and all its output."""
        if self.noise:
            return noise.NoisyHost(self.noise, "").run(" ".join(arguments))
        ended = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.path,
            env=_clean_environment() | {"PYTHONPATH": str(self.path)} | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=110,
            check=False,
        )
        return Result(" ".join(arguments), ended.returncode, ended.stdout.splitlines())

    def change(self, file: str, old: str, new: str) -> None:
        """Replace `old`, which must stand there once, by `new`."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        (self.path / file).write_text(text.replace(old, new), encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        (self.path / file).parent.mkdir(parents=True, exist_ok=True)
        (self.path / file).write_text(text, encoding="utf-8")


def _clean_environment() -> dict[str, str]:
    """Leave out what this run of pytest, or CI, would tell the programs that it starts."""
    drop = ("CI", "PYTEST_", "COV_")
    return {k: v for k, v in os.environ.items() if not k.startswith(drop)} | {
        "NO_MKDOCS_2_WARNING": "1"
    }


@pytest.fixture
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """A fresh copy of the repository, without its history and its virtual environment."""
    copy = tmp_path / "repository"
    leave = shutil.ignore_patterns(".*", "site", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, copy, ignore=leave)
    return Repository(copy, request.config.getoption("noise"))


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly, in a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT,
        env=_clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return target


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return the HTML of a page of the built site, by its address below the root."""
    if request.config.getoption("noise"):
        return lambda _: ""
    folder = request.getfixturevalue("built_site")
    return lambda url: (folder / url / "index.html").read_text(encoding="utf-8")

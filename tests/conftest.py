"""Fixtures of the proofs: networks, transcripts, the built site and a copy of the repository.

Every proof observes through one of them, so that `--noise` can replace what it observes.
"""

import ast
import functools
import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
IS_LINUX = sys.platform == "linux"
# These need the lab, and the lab needs Linux; all other tests run on every system.
NEEDS_LINUX = ("test_lab_", "test_local", "test_loopback", "test_containers", "test_how_proven",
               "test_index", "test_proofs", "test_transcripts", "test_diagrams",
               "test_noise")  # fmt: skip

if IS_LINUX:
    from lab import noise, transcript
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
    parser.addoption(
        "--claims",
        action="store_true",
        help="fail as `python -m lab claims` does for the page of the proofs",
    )


def pytest_configure() -> None:
    """Let children be interrupted, even if this process is not: under nohup(1), or after `&`.

    execve(2) keeps signals that are ignored, and resets those that are handled.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP) if IS_LINUX else ():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what shares a transcript in one worker, which runs it once; add what --claims asks."""
    for item in items:
        if "play" in item.fixturenames:
            folder = snippets_of(item).name
        elif hasattr(item, "callspec") and item.callspec.id.endswith(".console"):
            folder = item.callspec.id.split("/")[0]
        else:
            continue
        item.add_marker(pytest.mark.xdist_group(folder))
    if config.option.claims:
        modules = dict.fromkeys(item.getparent(pytest.Module) for item in items)
        items[:0] = [
            _test_of_claims(module)
            for module in modules
            if page_of(module.path).startswith("docs/")
        ]


def _test_of_claims(module: pytest.Module) -> pytest.Function:
    """Return a test that the page of a module has no open claim, and no fault.

    It comes first, and is done here while the quick proofs wait for their servers elsewhere.
    """

    def check_claims() -> None:
        from lab.errors import LabError
        from lab.problems import failures_on

        try:
            failures = failures_on(ROOT, page_of(module.path))
        except LabError as error:  # a page or a source that cannot be read
            failures = [error]
        if failures:
            pytest.fail("\n".join(map(str, failures)), pytrace=False)

    return pytest.Function.from_parent(module, name="claims", callobj=check_claims)


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


def _network(request: pytest.FixtureRequest, name: str) -> Iterator["Network | None"]:
    kind = request.config.getoption("noise")
    if kind in ("silent", "loud"):
        yield noise.NoisyNetwork(kind, PLANS[name])
        return
    if request.node.nodeid in _begun:
        yield None  # it has one, see _prove
        return
    with Network(PLANS[name]) as network:
        if kind:
            {"dead": noise.kill_servers, "moved": noise.move_servers}[kind](network)
        _copy(snippets_of(request), network)
        yield network


def _copy(folder: Path, network: "Network") -> None:
    for host in network.hosts.values() if folder.is_dir() else ():
        host.copy(folder)


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


def _played(folder: Path, name: str) -> Played:
    """Return a transcript of a page that has run, and is as recorded."""
    path = folder / name
    outcomes = outcomes_of(path).result()
    for outcome in outcomes:
        if not transcript.agrees(outcome):
            raise transcript.mismatch(path.relative_to(ROOT).as_posix(), outcome)
    return Played(outcomes)


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Callable[[str], Played]:
    """Run a transcript of the page, by its file name, and check that it is as recorded."""
    folder = snippets_of(request)
    if kind := request.config.getoption("noise"):
        return lambda name: Played(noise.play(kind, transcript.load(folder / name)))
    return functools.partial(_played, folder)


# -- proofs beside each other ---------------------------------------------------------------------
# Without workers, for `make test PAGE=…`: a proof waits for its servers most of the time.


_provers = ThreadPoolExecutor(max_workers=os.cpu_count())
_begun: "dict[str, Future[None]]" = {}  # by the id of the test
_idle: "list[Network]" = []
_lending = threading.Lock()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the zygote while pytest collects; a process that runs no test needs none."""
    is_worker = hasattr(session.config, "workerinput")
    if IS_LINUX and (is_worker or _is_alone(session.config)):
        _provers.submit(zygote)


def _is_alone(config: pytest.Config) -> bool:
    """Tell whether this process runs the tests, without workers."""
    options, is_worker = config.option, hasattr(config, "workerinput")
    return not options.numprocesses and not is_worker and not options.collectonly


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin every quick proof of hosts and transcripts; pytest reports each in its turn.

    A test of the lab counts the processes there are, so among such tests none is begun.
    """
    if not IS_LINUX or not _is_alone(session.config) or session.config.option.noise:
        return
    if all(page_of(item.path).startswith("docs/") for item in session.items):
        for item in session.items:
            folder, names = snippets_of(item), inspect.signature(item.function).parameters
            is_slow = item.get_closest_marker("slow")  # Ctrl+C should not have to wait for it
            if names and names.keys() <= {*FIXTURES, "play"} and not is_slow:
                for name in PLAYED.findall(inspect.getsource(item.function)):
                    outcomes_of(folder / name)
                _begun[item.nodeid] = _provers.submit(_prove, item.function, folder)


def _prove(function: Callable[..., None], folder: Path) -> None:
    """Run a proof with networks and transcripts of its own."""
    with ExitStack() as stack:
        observed = {
            name: stack.enter_context(_lent(FIXTURES[name], folder))
            if name in FIXTURES
            else functools.partial(_played, folder)
            for name in inspect.signature(function).parameters
        }
        function(**observed)


@contextmanager
def _lent(name: str, folder: Path) -> Iterator["Network"]:
    """Lend a network that is reset, which no command could change, or one that is built now."""
    with _lending:
        found = next((network for network in _idle if network.plan.name == name), None)
        if found:
            _idle.remove(found)
    network = found or Network(PLANS[name])
    try:
        _copy(folder, network)
        yield network
    finally:
        if network.is_pristine:
            network.reset()
            _idle.append(network)
        else:
            network.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Wait for the end of a proof that has been begun."""
    if begun := _begun.get(pyfuncitem.nodeid):
        begun.result()
        return True
    return None


def pytest_sessionfinish() -> None:
    _provers.shutdown(cancel_futures=True)
    _player.shutdown(cancel_futures=True)
    for network in _idle:
        network.close()


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

"""Networks of namespaces: who reaches whom, what is out of reach, and that nothing is left."""

import itertools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from importlib.util import find_spec
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from lab import keeper, runner, zygote
from lab.errors import LabError, Malformed, NotPermitted
from lab.network import PLANS, Plan, check_host, find_plan
from lab.runner import Network, RunningHost
from lab.spaces import SCRATCH_CANDIDATES
from lab.zygote import ROOT

HOME = PLANS["home"]
NAMED = [pytest.param(plan, id=name) for name, plan in PLANS.items()]
EXAMPLE = "snippets/how-proven/example.console"
OUTSIDE = ("192.0.2.1", "2001:db8:ffff::1")  # addresses of documentation (RFC 5737, RFC 3849)


def block(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


def wait_until(done: Callable[[], object], seconds: float = 5) -> bool:
    """Ask again and again, and return whether it came true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        select.select([], [], [], 0.01)
    return True


@pytest.fixture(params=NAMED)
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    with Network(request.param) as up:
        yield up


@pytest.fixture
def network_of_home() -> Iterator[Network]:
    with Network(HOME) as up:
        yield up


# -- plans ----------------------------------------------------------------------------------------


def test_a_network_that_does_not_exist():
    with pytest.raises(Malformed) as raised:
        find_plan("cafe", "x.console:1")
    assert str(raised.value) == block("""
        x.console:1: there is no network called cafe
          networks: home, two-networks, internet, container""")


def test_a_host_that_does_not_exist():
    with pytest.raises(Malformed) as raised:
        check_host(PLANS["internet"], "desktop", "x.console:2")
    assert str(raised.value) == block("""
        x.console:2: the network internet has no host called desktop
          hosts:  laptop, phone, router, stranger
          remedy: use one of these hosts, or begin the transcript with `# network: NAME`""")


@pytest.mark.parametrize("plan", NAMED)
def test_no_two_interfaces_share_an_address(plan: Plan):
    addresses = [a for h in plan.hosts for i in h.interfaces for a in i.addresses]
    assert len(plan.addresses) == len(addresses) > 0
    assert set(plan.addresses.values()) == set(plan.host_names)


# -- who reaches whom -----------------------------------------------------------------------------


def neighbours(plan: Plan) -> Iterator[tuple[str, str, str, str]]:
    """Yield pairs of hosts on one link, each with its address there, of one IP version."""
    ends = [
        (host.name, interface.link, ip_interface(address))
        for host in plan.hosts
        for interface in host.interfaces
        for address in interface.addresses
    ]
    for (name, link, own), (other, same, theirs) in itertools.permutations(ends, 2):
        if name != other and link == same and own.version == theirs.version:
            yield name, str(own.ip), other, str(theirs.ip)


def open_socket(host: RunningHost, address: str) -> socket.socket:
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6
    return host.socket(family)


def test_neighbours_reach_each_other(network):
    """The server sees the client's own address: nothing stands between the two."""
    pairs = list(neighbours(network.plan))
    assert {name for name, *_ in pairs} == set(network.plan.host_names)
    for name, own, other, address in pairs:
        with (
            open_socket(network.hosts[other], address) as server,
            open_socket(network.hosts[name], address) as client,
        ):
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((address, 8000))
            server.listen()
            client.connect((address, 8000))
            accepted, (seen, *_) = server.accept()
            accepted.close()
            assert seen == own


def test_each_host_has_a_table_of_connections_of_its_own(network):
    """A look at the machine's, which is long, takes some milliseconds; -N means it is shared."""
    setting = "net/ipv4/tcp_ehash_entries"
    if not os.path.exists(f"/proc/sys/{setting}"):
        pytest.skip("this kernel knows no such table; Linux 6.1 does")
    for host in network.hosts.values():
        assert host.run(f"cat /proc/sys/{setting}").output == "256", host.name


def test_home_has_both_versions_of_ip():
    assert {ip_address(own).version for _, own, *_ in neighbours(HOME)} == {4, 6}


def test_both_loopback_addresses_work(network):
    for host, address in itertools.product(network.hosts.values(), ("127.0.0.1", "::1")):
        with open_socket(host, address) as server, open_socket(host, address) as client:
            server.bind((address, 8000))
            server.listen()
            client.connect((address, 8000))
            assert client.getpeername()[0] == address


def test_a_gateway_leads_to_the_other_side():
    """The phone reaches the router's outer address, and the stranger has no way back in."""
    with Network(PLANS["internet"]) as network:
        with network.router.socket() as server, network.phone.socket() as client:
            server.bind(("0.0.0.0", 8000))
            server.listen()
            client.connect(("203.0.113.1", 8000))
        with network.stranger.socket() as client, pytest.raises(OSError, match="unreachable"):
            client.connect(("192.168.1.50", 8000))


@pytest.mark.parametrize("address", OUTSIDE)
def test_no_host_has_a_route_outwards(network, address):
    """The kernel says so at once, or the gateway does; nobody looks for a neighbour."""
    for host in network.hosts.values():
        with open_socket(host, address) as client:
            assert os.strerror(client.connect_ex((address, 9))) == "Network is unreachable"


def test_routes_lead_to_the_plan_alone(network):
    for host in network.plan.hosts:
        lines = network.hosts[host.name].run("tail --lines=+2 /proc/net/route").lines
        found = {tuple(line.split()[:3]) for line in lines}
        gateway = bytes(reversed(ip_address(host.gateway).packed)).hex() if host.gateway else ""
        own = {
            (i.name, bytes(reversed(net.network_address.packed)).hex().upper(), "0" * 8)
            for i in host.interfaces
            for net in (ip_interface(a).network for a in i.addresses)
            if net.version == 4
        }
        default = {r for r in found if r[1] == "0" * 8}
        assert found - default == own
        assert {r[2].lower() for r in default} == ({gateway} if gateway else set())


# -- what cannot be seen --------------------------------------------------------------------------


def test_a_host_has_its_own_interfaces_alone(network):
    for host in network.plan.hosts:
        lines = network.hosts[host.name].run("tail --lines=+3 /proc/net/dev").lines
        expected = {"lo", *(interface.name for interface in host.interfaces)}
        assert {line.partition(":")[0].strip() for line in lines} == expected


def test_sys_shows_the_interfaces_of_the_host():
    with Network(HOME) as network:
        assert network.laptop.run("ls /sys/class/net").output.split() == ["lo", "wlan0"]


def test_only_processes_of_the_network_can_be_seen():
    with Network(HOME) as network:
        network.phone.start("cat")
        seen = network.laptop.run("cat /proc/[0-9]*/stat").lines
        assert len(seen) == 3  # the keeper, `cat` on the phone, and the one that asks


def test_a_port_that_is_taken_on_this_machine():
    """The same address and port are free in the lab, and neither side notices the other."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as real,
        Network(HOME) as network,
        network.laptop.socket() as server,
        network.laptop.socket() as client,
    ):
        address = real.getsockname()
        server.bind(address)
        server.listen()
        client.connect(address)
        accepted, peer = server.accept()
        accepted.close()
        assert peer == client.getsockname()
        real.setblocking(False)
        with pytest.raises(BlockingIOError):
            real.accept()
        with closing(socket.create_connection(address)) as own:
            assert own.getpeername() == address
            assert wait_until(lambda: accepts(real))


def accepts(server: socket.socket) -> bool:
    with suppress(BlockingIOError):
        server.accept()[0].close()
        return True
    return False


def test_hosts_have_ports_of_their_own():
    with Network(HOME) as network:
        with network.laptop.socket() as one, network.phone.socket() as two:
            for server in (one, two):
                server.bind(("0.0.0.0", 8000))
                server.listen()
        with network.laptop.socket() as one, network.laptop.socket() as two:
            one.bind(("0.0.0.0", 8000))
            one.listen()
            with pytest.raises(OSError, match="in use"):
                two.bind(("0.0.0.0", 8000))


# -- nothing is left ------------------------------------------------------------------------------

Process = tuple[int, str]  # number and start time, because numbers are used again
# A process of a session of its own, which holds no terminal.
DAEMON = "setsid --fork sh -c '> up; exec sleep 4711' <&- >&- 2>&-; until [ -e up ]; do :; done"
LONG = """
laptop$ python serve.py
ready
phone$ DAEMON
laptop$ exec cat
never
"""
SERVE = """
import signal, socket
server = socket.create_server(("0.0.0.0", 8000))
print("ready", flush=True)
signal.pause()
"""


def stat(pid: int) -> tuple[int, str]:
    """Return the parent of a process and its start time (proc_pid_stat(5), fields 4 and 22)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), fields[19]


def family(pid: int) -> set[Process]:
    """Return every descendant of a process."""
    parents, started = {}, {}
    for entry in os.listdir("/proc"):
        with suppress(OSError, ValueError):
            parents[int(entry)], started[int(entry)] = stat(int(entry))
    found, added = set(), {pid}
    while added:
        added = {child for child, parent in parents.items() if parent in added}
        found |= added
    return {(child, started[child]) for child in found}


def is_alive(process: Process) -> bool:
    with suppress(OSError):
        return stat(process[0])[1] == process[1]
    return False


def namespaces_of(pid: int) -> set[str]:
    """Return the network namespaces that a process is in, or holds by a descriptor."""
    links = [f"/proc/{pid}/ns/net"]
    with suppress(OSError):
        links += [f"/proc/{pid}/fd/{number}" for number in os.listdir(f"/proc/{pid}/fd")]
    found = set()
    for link in links:
        with suppress(OSError):
            found.add(os.readlink(link))
    return {name for name in found if name.startswith("net:")}


def all_namespaces(*, but: set[int]) -> set[str]:
    """Return the network namespaces that any process is in, or holds, apart from some."""
    others = {int(entry) for entry in os.listdir("/proc") if entry.isdigit()} - but
    return set().union(*map(namespaces_of, others))


def name_of(process: Process) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process[0]}/comm").read_text().strip()
    return ""


def runs(program: str, processes: set[Process]) -> bool:
    return program in map(name_of, processes)


class Traces:
    """What a network leaves while it is up: processes, namespaces, mounts and files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._files()
        self._own = os.readlink("/proc/self/ns/net")

    def _files(self) -> tuple:
        places = [Path(p) for p in (*SCRATCH_CANDIDATES, "/run/netns") if os.path.isdir(p)]
        names = [sorted(os.listdir(p)) for p in places]
        files = sorted((p, p.stat().st_mtime_ns) for p in self._folder.rglob("*"))
        return names, files, Path("/proc/self/mountinfo").read_text()

    def take(self, processes: set[Process]) -> None:
        """Look at a network that is up: its namespaces are held by its own processes alone.

        So they are gone when these are; their numbers may then be given to other networks.
        """
        self.processes, pids = processes, {pid for pid, _ in processes}
        namespaces = set().union(*map(namespaces_of, pids)) - {self._own}
        assert len(namespaces) == len(HOME.hosts) + 1  # each host, and the switches
        assert not namespaces & all_namespaces(but=pids)

    def are_gone(self) -> bool:
        return not any(map(is_alive, self.processes)) and self._files() == self._before


@pytest.fixture
def long_transcript(tmp_path: Path) -> Path:
    """A transcript with a server, a daemon, and a step that waits."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "serve.py").write_text(SERVE)
    (folder / "x.console").write_text(LONG.replace("DAEMON", DAEMON))
    return folder / "x.console"


@pytest.fixture
def checking(long_transcript: Path) -> Iterator[subprocess.Popen]:
    """`python -m lab check` in the middle of the long transcript."""
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "check", str(long_transcript)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert wait_until(lambda: runs("cat", family(process.pid)), 20)
            yield process
        finally:
            process.kill()


def test_nothing_is_left_after_a_network(tmp_path):
    """When `close` returns, every command has ended; what held them follows."""
    traces = Traces(tmp_path)
    before = family(os.getpid())
    with Network(HOME) as network:
        network.laptop.start("exec cat")
        network.phone.run(DAEMON)
        assert wait_until(lambda: runs("cat", family(os.getpid())))
        shared = zygote.zygote().process.pid
        traces.take({p for p in family(os.getpid()) - before if p[0] != shared})
        commands = {p for p in traces.processes if name_of(p) in ("cat", "sleep")}
        assert len(commands) == 2
    assert not any(map(is_alive, commands))
    assert wait_until(traces.are_gone)


def test_nothing_is_left_after_an_exception(tmp_path):
    traces = Traces(tmp_path)
    zygote.zygote()
    before = family(os.getpid())
    with pytest.raises(ZeroDivisionError):
        fail_in_a_network(before, traces)
    assert wait_until(traces.are_gone)


def fail_in_a_network(before: set[Process], traces: Traces) -> None:
    with Network(HOME) as network:
        network.laptop.start("exec cat")
        traces.take(family(os.getpid()) - before)
        raise ZeroDivisionError


def test_nothing_is_left_after_a_keeper_is_killed(tmp_path):
    """And each request from then on says what happened."""
    traces = Traces(tmp_path)
    zygote.zygote()
    before = family(os.getpid())
    with Network(HOME) as network:
        network.laptop.start("exec cat")
        traces.take(family(os.getpid()) - before)
        keeper = min(traces.processes, key=lambda process: int(process[1]))[0]
        os.kill(keeper, signal.SIGKILL)
        assert wait_until(traces.are_gone)
        for _ in range(2):
            with pytest.raises(LabError) as raised:
                network.phone.run("true")
            assert str(raised.value) == "the lab: the keeper of this network has ended"


def test_nothing_is_left_after_ctrl_c(long_transcript, checking):
    """And it ends at once, not only when the running step has overrun its deadline."""
    traces = Traces(long_transcript.parent)
    traces.take(family(checking.pid))
    checking.send_signal(signal.SIGINT)
    output, _ = checking.communicate(timeout=5)
    assert (checking.returncode, output) == (130, "interrupted\n")
    assert wait_until(traces.are_gone)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_nothing_is_left_after(name, long_transcript, checking):
    traces = Traces(long_transcript.parent)
    traces.take(family(checking.pid))
    assert runs("sleep", traces.processes)
    checking.send_signal(signal.Signals[name])
    assert checking.wait(timeout=5) == -signal.Signals[name]
    assert wait_until(traces.are_gone)


def test_a_keeper_that_does_not_answer(monkeypatch):
    """Each wait for it has a deadline, and `close` never says that all is gone when it is not."""
    monkeypatch.setattr(runner, "DEADLINE", 0.3)
    zygote.zygote()
    before = family(os.getpid())
    network = Network(HOME)
    stopped = family(os.getpid()) - before
    try:
        for pid, _ in stopped:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(LabError) as raised:
            network.laptop.run("true")
        assert str(raised.value) == block("""
            the lab: after 0.3 s the keeper of this network has not answered
              asked: to start""")
        with pytest.raises(LabError, match="the keeper of this network has ended"):
            network.laptop.run("true")
        with pytest.raises(LabError) as raised:
            network.close()
        assert str(raised.value) == block("""
            the lab: after 0.3 s the processes of this network have not ended
              network: home""")
    finally:
        for pid, _ in stopped:
            os.kill(pid, signal.SIGCONT)
    assert wait_until(lambda: not any(map(is_alive, stopped)))


def test_a_network_may_be_closed_again():
    """The second time closes no descriptor, which may be another's by then."""
    with Network(HOME) as network:
        network.laptop.start("cat")
        network.close()
        with tempfile.TemporaryFile() as other, tempfile.TemporaryFile() as another:
            network.close()
            for file in (other, another):
                assert os.fstat(file.fileno())
    with pytest.raises(LabError, match="the keeper of this network has ended"):
        network.laptop.run("true")


def test_nothing_is_said_after_a_runner_that_did_not_wait():
    """Such as one that was interrupted within its first second."""
    gone, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    gone.close()
    with control:
        start = f"from lab import keeper; keeper.main({control.fileno()})"
        ended = subprocess.run(
            [sys.executable, "-c", start],
            pass_fds=[control.fileno()],
            cwd=ROOT,
            capture_output=True,
            timeout=20,
        )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


# -- requests that cannot be carried out ----------------------------------------------------------


def test_a_command_that_is_too_long(network_of_home):
    with pytest.raises(LabError) as raised:
        network_of_home.laptop.run("echo " + 70000 * "x")
    assert str(raised.value).startswith(
        "the lab: a command takes 65536 bytes with its environment, and this has 70"
    )
    assert network_of_home.laptop.run("echo still here").output == "still here"


def test_a_command_for_another_host_that_is_too_long(network_of_home):
    """It says so, fails, and the network is still there."""
    control = network_of_home.ask("listen")[0]["path"]
    on = f"LAB_CONTROL={control} LAB_NETWORK=home {sys.executable} -m lab on phone echo"
    ended = network_of_home.laptop.run(f"cd {ROOT}; {on} $(seq 20000); echo $?; {on} still here")
    what, _remedy, *others = ended.lines
    assert what.startswith("the lab: a command takes 65536 bytes with its environment, and this")
    assert others == ["1", "still here"]


def test_a_request_that_the_kernel_refuses(network_of_home):
    with pytest.raises(LabError) as raised:
        network_of_home.laptop.socket(12345)
    assert str(raised.value) == block("""
        the lab: a host cannot do what was asked of it: socket
          answer: [Errno 97] Address family not supported by protocol""")


@pytest.mark.parametrize(
    "request_",
    [b"{", b"[]", b"\xff", b'{"do": "fly"}', b'{"do": "signal"}', b"1" * 70000,
     b'{"do": "copy", "host": "laptop", "name": "x"}'],
)  # fmt: skip
def test_a_request_that_makes_no_sense(network_of_home, request_):
    network_of_home._control.send(request_)
    reply, _ = keeper.receive(network_of_home._control)
    assert reply["error"] is None
    assert network_of_home.laptop.run("echo still here").output == "still here"


VANISH = """
import socket, sys
for _ in range(100):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.connect(sys.argv[1])
        control.send(bytes(1))
"""


def test_a_peer_that_does_not_wait_for_the_answer(network_of_home):
    """Such as a shell that is closed while it starts a command on another host."""
    control = network_of_home.ask("listen")[0]["path"]
    vanish = network_of_home.laptop.run(f"python -c '{VANISH}' {control}")
    assert (vanish.status, vanish.output) == (0, "")
    assert network_of_home.laptop.run("echo still here").output == "still here"


# -- where namespaces are not permitted -----------------------------------------------------------


def refused(setting: str) -> tuple[int, str]:
    """Run the lab on a host of the lab, in a user namespace that forbids others by a setting."""
    lab = f"cd {ROOT} && {sys.executable} -m lab check {EXAMPLE} 2>&1 >/dev/null"
    forbid = f"echo 0 > /proc/sys/user/{setting}"
    with Network(HOME) as network:
        result = network.laptop.run(f"unshare --user --map-root-user bash -c '{forbid} && {lab}'")
    return result.status, result.output


def test_user_namespaces_that_are_not_permitted():
    assert refused("max_user_namespaces") == (
        3,
        block("""
        the lab: this system does not permit namespaces
          tried:   to make a user namespace
          answer:  No space left on device
          setting: user.max_user_namespaces = 0
          remedy:  sudo sysctl -w user.max_user_namespaces=15000"""),
    )


def test_network_namespaces_that_are_not_permitted():
    status, output = refused("max_net_namespaces")
    assert status == 3
    assert "\n  setting: user.max_net_namespaces = 0\n" in output


def test_the_program_that_builds_networks_is_missing(monkeypatch, tmp_path):
    """PATH is where the lab looks for ip(8); Python itself is found without it."""
    monkeypatch.setattr(zygote, "_zygote", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError) as raised:
        Network(HOME)
    assert str(raised.value) == block("""
        the lab: the program ip is not on this machine
          remedy: install it; README.md lists the system packages that the lab runs""")
    zygote._zygote._control.close()
    zygote._zygote.process.wait(timeout=5)


def test_a_package_is_missing():
    """As with the system's own Python, outside of the virtual environment."""
    with pytest.raises(LabError) as raised:
        zygote.check_ready({"lacks": "uvicorn"})
    assert str(raised.value) == block(f"""
        the lab: {sys.executable} has no package uvicorn
          remedy: use .venv/bin/python, which `make test` makes, or install requirements.txt""")


def test_a_network_that_cannot_be_built(monkeypatch, tmp_path):
    """Namespaces are permitted, but the kernel lacks something; this is what ip(8) says then."""
    fake = tmp_path / "ip"
    fake.write_text("#!/bin/sh\necho 'RTNETLINK answers: Operation not supported' >&2\nexit 2\n")
    fake.chmod(0o755)
    monkeypatch.setattr(zygote, "_zygote", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(LabError) as raised:
        Network(HOME)
    assert str(raised.value) == block("""
        the lab: the network cannot be built on this system
          tried:  to build the network
          detail: RTNETLINK answers: Operation not supported""")
    zygote._zygote._control.close()
    zygote._zygote.process.wait(timeout=5)


def test_a_setting_that_cannot_be_written():
    """Such as one of IPv6 where there is none, or any that the engine of a container protects."""
    path = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
    denied = PermissionError(13, "Permission denied", path)
    told = {"error": 13, "step": "build the network", "detail": str(denied), "file": path}
    assert str(zygote._refusal(told)) == block(f"""
        the lab: the network cannot be built on this system
          tried:  to build the network
          answer: Permission denied
          detail: [Errno 13] Permission denied: '{path}'""")


def test_a_refusal_that_no_setting_explains(monkeypatch):
    """Such as in a container, whose engine filters the system call."""
    monkeypatch.setattr(Path, "read_text", lambda *_: "1000")
    assert str(zygote._refusal({"error": 1, "step": "make a user namespace"})) == block("""
        the lab: this system does not permit namespaces
          tried:  to make a user namespace
          answer: Operation not permitted
          remedy: in a container, allow namespaces (Docker: --privileged); else run as root""")


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("user/max_user_namespaces", "0", "15000"),
        ("user/max_net_namespaces", "0", "15000"),
        ("user/max_pid_namespaces", "0", "15000"),
        ("user/max_mnt_namespaces", "0", "15000"),
        ("user/max_uts_namespaces", "0", "15000"),
        ("user/max_ipc_namespaces", "0", "15000"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ],
)
def test_the_setting_that_forbids_is_named(monkeypatch, setting, value, remedy):
    def read_text(path: Path, *_: object) -> str:
        if path == Path("/proc/sys", setting):
            return f"{value}\n"
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)
    refusal = zygote._refusal({"error": 13, "step": "make a user namespace"})
    name = setting.replace("/", ".")
    assert (type(refusal), refusal.exit_status) == (NotPermitted, 3)
    assert str(refusal) == block(f"""
        the lab: this system does not permit namespaces
          tried:   to make a user namespace
          answer:  Permission denied
          setting: {name} = {value}
          remedy:  sudo sysctl -w {name}={remedy}""")


# -- an ordinary user -----------------------------------------------------------------------------


def as_nobody(*command: str, **options: object) -> subprocess.CompletedProcess:
    """Run a command as an ordinary user: as the one that runs this suite, unless that is root."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env"]
    return subprocess.run(
        [*([] if os.getuid() else nobody), *command],
        capture_output=True,
        text=True,
        timeout=20,
        **options,
    )


def public_python() -> str:
    """Return an interpreter of this version that every user may run, with these packages."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    readable = f"open({find_spec('fastapi').origin!r})"
    for path in (sys._base_executable, shutil.which(version, path="/usr/bin:/usr/local/bin")):
        if path and as_nobody(path, "-c", readable).returncode == 0:
            return os.path.realpath(path)
    message = f"no {version} here is open to every user, or the packages are not"
    return pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def test_an_ordinary_user_gets_the_same_lab():
    """The packages are those of this suite; interpreter and lab are where every user may read."""
    python = public_python()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("lab", "snippets/how-proven"):
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        make_environment(folder / "venv", python, sysconfig.get_path("purelib"))
        run = [folder / "venv/bin/python", "-B", "-m", "lab", "check", EXAMPLE]
        ended = as_nobody(*map(str, run), cwd=folder)
    assert ended.stderr == ""
    assert ended.stdout.startswith("ok   snippets/how-proven/example.console  ")
    assert ended.returncode == 0


def make_environment(folder: Path, python: str, packages: str) -> None:
    """Make a virtual environment of an interpreter and the packages of another."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    (folder / "pyvenv.cfg").write_text(f"home = {os.path.dirname(python)}\n")
    (site / "packages.pth").write_text(packages + "\n")
    script = folder / "bin" / "uvicorn"
    script.write_text(f"#!{folder}/bin/python\nfrom uvicorn import main\n\nmain()\n")
    script.chmod(0o755)

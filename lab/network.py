"""Networks of hosts, made of anonymous network namespaces.

    laptop ── wifi ── phone     ┌────────┐ wlan0   ┌─────────────┐   wlan0 ┌───────┐
                                │ laptop ├─────────┤ bridge wifi ├─────────┤ phone │
                                └────────┘  veth   └─────────────┘   veth  └───────┘

A host is one network namespace (network_namespaces(7)), held by a file descriptor and never by a
name under /run/netns: when the last descriptor and the last process are gone, so is the host.
An interface is one end of a veth pair (veth(4)); the other end is a port of the link's bridge.
No namespace has a route, an interface or an address of the machine that the lab runs on.

Only this module builds networks.
"""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab.errors import Malformed
from lab.syscalls import CLONE_NEWNET, enter, unshare


@dataclass(frozen=True)
class Interface:
    """Where a host meets a link; addresses carry their prefix length, as in 192.168.1.100/24."""

    name: str
    link: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Host:
    """A machine of the story; `gateway` is the address of its default router."""

    name: str
    interfaces: tuple[Interface, ...]
    gateway: str = ""
    forwards: bool = False


@dataclass(frozen=True)
class Plan:
    """The hosts of a network, the links between them follow from their interfaces."""

    name: str
    about: str
    hosts: tuple[Host, ...]

    @property
    def host_names(self) -> tuple[str, ...]:
        return tuple(host.name for host in self.hosts)

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(i.link for host in self.hosts for i in host.interfaces))

    @property
    def addresses(self) -> dict[str, str]:
        """Each address of the network, without prefix length, and the host that has it."""
        return {
            address.partition("/")[0]: host.name
            for host in self.hosts
            for interface in host.interfaces
            for address in interface.addresses
        }


def _wifi(number: int) -> Interface:
    return Interface("wlan0", "wifi", (f"192.168.1.{number}/24", f"2001:db8:1::{number}/64"))


_LAPTOP = Host("laptop", (_wifi(100),))
_PHONE = Host("phone", (_wifi(50),))
_DESKTOP = Host("desktop", (_wifi(60),))

PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("home", "a laptop, a phone and a desktop on one Wi-Fi", (_LAPTOP, _PHONE, _DESKTOP)),
        Plan(
            "two-networks",
            "a laptop that is on the Wi-Fi and on a second network at the same time",
            (
                Host("laptop", (_wifi(100), Interface("eth0", "cable", ("10.8.0.5/24",)))),
                _PHONE,
                Host("colleague", (Interface("eth0", "cable", ("10.8.0.7/24",)),)),
            ),
        ),
        Plan(
            "internet",
            "a laptop and a phone behind a home router, and a stranger on the other side of it",
            (
                Host("laptop", (_wifi(100),), gateway="192.168.1.1"),
                Host("phone", (_wifi(50),), gateway="192.168.1.1"),
                Host(
                    "router",
                    (_wifi(1), Interface("eth0", "outside", ("203.0.113.1/24",))),
                    forwards=True,
                ),
                Host("stranger", (Interface("eth0", "outside", ("203.0.113.99/24",)),)),
            ),
        ),
        Plan(
            "container",
            "a container behind a bridge of the laptop, as a container engine sets it up",
            (
                Host(
                    "laptop",
                    (_wifi(100), Interface("docker0", "bridge", ("172.17.0.1/16",))),
                    forwards=True,
                ),
                _PHONE,
                Host(
                    "container",
                    (Interface("eth0", "bridge", ("172.17.0.2/16",)),),
                    gateway="172.17.0.1",
                ),
            ),
        ),
    )
}


def find_plan(name: str, place: str) -> Plan:
    """Return the plan called `name`; `place` is where the name was read.

    Raises Malformed, naming the plans there are.
    """
    if name not in PLANS:
        known = ", ".join(PLANS)
        raise Malformed(place, f"there is no network called {name}", [("networks", known)])
    return PLANS[name]


IN_TRANSCRIPT = "use one of these hosts, or begin the transcript with `# network: NAME`"


def check_host(plan: Plan, name: str, place: str, remedy: str = IN_TRANSCRIPT) -> None:
    """Raise Malformed unless `plan` has a host called `name`."""
    if name not in plan.host_names:
        raise Malformed(
            place,
            f"the network {plan.name} has no host called {name}",
            [("hosts", ", ".join(plan.host_names))],
            remedy,
        )


def new_namespace() -> int:
    """Move the calling thread into a new network namespace and return a descriptor of it."""
    unshare(CLONE_NEWNET)
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def build(plan: Plan, set_sysctl: Callable[[str, str], None]) -> dict[str, int]:
    """Build the network of `plan` and return a namespace descriptor for each host.

    Must run in a process of one thread with CAP_SYS_ADMIN and CAP_NET_ADMIN in its user namespace,
    the second in its ambient set (capabilities(7)), because ip(8) does part of the work.
    `set_sysctl(name, value)` writes a setting of the current namespace. Raises OSError.
    """
    switches = new_namespace()
    set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")  # a switch has no address of its own
    # A host's own table of connections instead of the machine's, which is so long that a look at it
    # takes 3 ms (ip-sysctl, Linux 6.1).
    with contextlib.suppress(FileNotFoundError):
        set_sysctl("net/ipv4/tcp_child_ehash_entries", "256")
    namespaces = {}
    for host in plan.hosts:
        enter(switches, CLONE_NEWNET)  # a namespace has the table that the one it is made in says
        namespaces[host.name] = new_namespace()
        _quieten(set_sysctl)  # before there is an interface, which takes over the defaults
    enter(switches, CLONE_NEWNET)
    _ip(_link_commands(plan, namespaces), namespaces.values())
    for host in plan.hosts:
        enter(namespaces[host.name], CLONE_NEWNET)
        _ip(_host_commands(host))
        if host.forwards:
            set_sysctl("net/ipv4/ip_forward", "1")
    return {**namespaces, "": switches}


def _link_commands(plan: Plan, namespaces: Mapping[str, int]) -> Iterator[str]:
    for link in plan.links:
        yield f"link add {link} type bridge"
        yield f"link set {link} up"
    for host in plan.hosts:
        for interface in host.interfaces:
            port = f"{host.name[:8]}-{interface.name}"
            peer = f"{interface.name} netns /proc/self/fd/{namespaces[host.name]}"
            yield f"link add {port} type veth peer name {peer}"
            yield f"link set {port} master {interface.link} up"


def _quieten(set_sysctl: Callable[[str, str], None]) -> None:
    """Let a host send nothing of its own accord, so that packet counters mean something."""
    for scope in ("all", "default"):
        set_sysctl(f"net/ipv6/conf/{scope}/router_solicitations", "0")
        set_sysctl(f"net/ipv6/conf/{scope}/accept_dad", "0")
        for version in ("mldv1", "mldv2"):  # no report of a group some time later
            set_sysctl(f"net/ipv6/conf/{scope}/{version}_unsolicited_report_interval", "1")
    set_sysctl("net/ipv6/conf/default/addr_gen_mode", "1")  # no link-local address


def _host_commands(host: Host) -> Iterator[str]:
    yield "link set lo up"
    for interface in host.interfaces:
        yield f"link set {interface.name} up"
        for address in interface.addresses:
            # An IPv6 address is usable at once, without duplicate address detection.
            at_once = " nodad" if ":" in address else ""
            yield f"address add {address} dev {interface.name}{at_once}"
    if host.gateway:
        yield f"route add default via {host.gateway}"


def _ip(commands: Iterable[str], namespaces: Iterable[int] = ()) -> None:
    """Let ip(8) carry out `commands` in the current namespace. Raises OSError with its message."""
    ended = subprocess.run(
        ["ip", "-batch", "-"],
        input="\n".join(commands),
        pass_fds=tuple(namespaces),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise OSError(ended.stderr.strip())

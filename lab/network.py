"""Networks of hosts, made of anonymous network namespaces.

    laptop ── wifi ── phone     ┌────────┐ wlan0   ┌─────────────┐   wlan0 ┌───────┐
                                │ laptop ├─────────┤ bridge wifi ├─────────┤ phone │
                                └────────┘  veth   └─────────────┘   veth  └───────┘

A host is one network namespace (network_namespaces(7)), held by a file descriptor and never by a
name under /run/netns: when the last descriptor and the last process are gone, so is the host.
An interface is one end of a veth pair (veth(4)); the other end is a port of the link's bridge.
No namespace has a route, an interface or an address of the machine that the lab runs on.

Only this module speaks netlink.
"""

import ctypes
import ipaddress
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.errors import Malformed

CLONE_NEWNET = 0x40000000
IFA_F_NODAD = 0x02  # an IPv6 address is usable at once, without duplicate address detection

# Pages are built on every system, and the build reads the plans; only Linux can build a network.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


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
    _check(_libc.unshare(CLONE_NEWNET))
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(namespace: int, kind: int = CLONE_NEWNET) -> None:
    """Move the calling thread into `namespace` (setns(2)). Raises OSError."""
    _check(_libc.setns(namespace, kind))


def build(plan: Plan, set_sysctl: Callable[[str, str], None]) -> dict[str, int]:
    """Build the network of `plan` and return a namespace descriptor for each host.

    Must run in a process of one thread with CAP_SYS_ADMIN and CAP_NET_ADMIN in its user namespace.
    `set_sysctl(name, value)` writes a setting of the current namespace. Raises OSError.
    """
    switches = new_namespace()
    set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")  # a switch has no address of its own
    namespaces = {}
    for host in plan.hosts:
        namespaces[host.name] = new_namespace()
        _quieten(set_sysctl)  # before there is an interface, which takes over the defaults
    _build_links(plan, switches, namespaces)
    for host in plan.hosts:
        enter(namespaces[host.name])
        _configure(host, set_sysctl)
    return {**namespaces, "": switches}


def _build_links(plan: Plan, switches: int, namespaces: Mapping[str, int]) -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415 - Linux only, and a quarter of a second

    enter(switches)
    with IPRoute() as switch:
        for link in plan.links:
            switch.link("add", ifname=link, kind="bridge", state="up")
        for host in plan.hosts:
            for interface in host.interfaces:
                port = f"{host.name[:8]}-{interface.name}"
                peer = {"ifname": interface.name, "net_ns_fd": namespaces[host.name]}
                switch.link("add", ifname=port, kind="veth", peer=peer)
                (index,) = switch.link_lookup(ifname=port)
                (bridge,) = switch.link_lookup(ifname=interface.link)
                switch.link("set", index=index, master=bridge, state="up")


def _quieten(set_sysctl: Callable[[str, str], None]) -> None:
    """Let a host send nothing of its own accord, so that packet counters mean something."""
    for scope in ("all", "default"):
        set_sysctl(f"net/ipv6/conf/{scope}/router_solicitations", "0")
        set_sysctl(f"net/ipv6/conf/{scope}/accept_dad", "0")
        set_sysctl(f"net/ipv6/conf/{scope}/addr_gen_mode", "1")  # no link-local address
        for version in ("mldv1", "mldv2"):  # no report of a group some time later
            set_sysctl(f"net/ipv6/conf/{scope}/{version}_unsolicited_report_interval", "1")


def _configure(host: Host, set_sysctl: Callable[[str, str], None]) -> None:
    from pyroute2 import IPRoute  # noqa: PLC0415

    with IPRoute() as route:
        route.link("set", index=1, state="up")  # lo is always the first
        for interface in host.interfaces:
            set_sysctl(f"net/ipv6/conf/{interface.name}/addr_gen_mode", "1")
            (index,) = route.link_lookup(ifname=interface.name)
            route.link("set", index=index, state="up")
            for address in interface.addresses:
                parsed = ipaddress.ip_interface(address)
                flags = {"flags": IFA_F_NODAD} if parsed.version == 6 else {}
                route.addr(
                    "add",
                    index=index,
                    address=str(parsed.ip),
                    prefixlen=parsed.network.prefixlen,
                    **flags,
                )
        if host.gateway:
            route.route("add", dst="default", gateway=host.gateway)
    if host.forwards:
        set_sysctl("net/ipv4/ip_forward", "1")


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

"""docs/start/loopback-or-all.md

Not proven here, because the lab cannot run it: the firewall of Windows, and a Wi-Fi that keeps its
clients apart.
"""

import re

import pytest
from test_local import WALL, browse

from lab.reach import cannot_hear, cannot_reach, cannot_route, check_reaches, reaches

LOOPBACK = "uvicorn main:app --host 127.0.0.1"
ALL = "uvicorn main:app --host 0.0.0.0"
OWN = "http://localhost:8000/"
WIFI = "http://192.168.1.100:8000/"
ROUTE = "ip route add 192.168.1.0/24 via 203.0.113.1"
SEEN_AS = {"laptop": "127.0.0.1", "phone": "192.168.1.50", "desktop": "192.168.1.60"}


def restart(host, old, command: str):
    """End a server, and start another in its place."""
    old.end()
    return host.serve(command)


def test_which_to_bind(home):
    """Bind `127.0.0.1` while only this computer needs the app, and `0.0.0.0` only while you test from a phone or another computer.
    127.0.0.1 or 0.0.0.0
    | who asks, and for what | `--host 127.0.0.1` | `--host 0.0.0.0` |
    """
    server = home.laptop.serve(LOOPBACK)
    for other in (home.phone, home.desktop):
        cannot_reach(other, WIFI, control=(home.laptop, OWN))
    restart(home.laptop, server, ALL)
    for host, url in ((home.laptop, OWN), (home.phone, WIFI), (home.desktop, WIFI)):
        assert SEEN_AS[host.name] in check_reaches(host, url)


@pytest.mark.slow
def test_no_browser_of_a_phone_reaches_the_loopback_address(home):
    """A laptop with two addresses and a server on the loopback address alone; its own browser reaches it, a phone does not
    laptop: uvicorn --host 127.0.0.1
    laptop: browser
    """
    addresses = home.laptop.run("ip -4 -brief address").lines
    assert len(addresses) == 2
    server = home.laptop.serve(LOOPBACK)
    assert server.listening() == [("127.0.0.1", 8000)]
    assert '{"you are":"127.0.0.1"}' in browse(home.laptop, OWN)
    assert "you are" not in browse(home.phone, WIFI)
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))


@pytest.mark.slow
def test_both_browsers_reach_the_wildcard_address(home):
    """The same laptop with a server on all its addresses; its own browser and the phone both reach it
    laptop: uvicorn --host 0.0.0.0
    phone: browser
    """
    assert home.laptop.serve(ALL).listening() == [("0.0.0.0", 8000)]
    assert '{"you are":"127.0.0.1"}' in browse(home.laptop, OWN)
    assert '{"you are":"192.168.1.50"}' in browse(home.phone, WIFI)


def test_the_laptops_interfaces(play):
    """The laptop has two interfaces here: `lo` has `127.0.0.1`, and `wlan0`, the Wi-Fi, has `192.168.1.100`."""
    shown = play("address.console")["laptop$ ip -4 -brief address"]
    rows = [line.split() for line in shown.lines]
    assert [(name.partition("@")[0], address) for name, _, address, *_ in rows] == [
        ("lo", "127.0.0.1/8"),
        ("wlan0", "192.168.1.100/24"),
    ]


def test_the_phone_asks_for_the_wifi_address(home, play):
    """On Linux `ip -4 -brief address` shows it: the phone asks for the one of the Wi-Fi, here `192.168.1.100`, without the `/24`.
    What is your address?
    192.168.1.100:8000: wlan0
    """
    shown = play("address.console")["laptop$ ip -4 -brief address"].lines
    (wifi,) = (line.split()[2] for line in shown if line.startswith("wlan0"))
    wifi, _, length = wifi.partition("/")
    assert (wifi, length) == ("192.168.1.100", "24")
    home.laptop.serve(ALL)
    assert check_reaches(home.phone, f"http://{wifi}:8000/") == '{"you are":"192.168.1.50"}'


@pytest.mark.slow
def test_the_laptops_browser_reaches_both(home):
    """| a browser on the laptop, `http://localhost:8000/` | yes | yes |"""
    for command, address in ((LOOPBACK, "127.0.0.1"), (ALL, "0.0.0.0")):
        server = home.laptop.serve(command)
        assert server.listening() == [(address, 8000)]
        assert '{"you are":"127.0.0.1"}' in browse(home.laptop, OWN)
        server.end()


def test_the_laptops_python_client_reaches_both(home):
    """| a Python client on the laptop, `http://localhost:8000/` | yes | yes |"""
    assert "http://localhost:8000/" in home.laptop.run("cat client.py").output
    for command, address in ((LOOPBACK, "127.0.0.1"), (ALL, "0.0.0.0")):
        server = home.laptop.serve(command)
        assert server.listening() == [(address, 8000)]
        assert home.laptop.run("python client.py").output == "{'you are': '127.0.0.1'}"
        server.end()


def test_a_phone_reaches_the_wildcard_address_alone(home):
    """| a phone on the Wi-Fi, `http://192.168.1.100:8000/` | no, refused | yes |"""
    server = home.laptop.serve(LOOPBACK)
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))
    restart(home.laptop, server, ALL)
    assert check_reaches(home.phone, WIFI) == '{"you are":"192.168.1.50"}'


def test_another_computer_reaches_the_wildcard_address_alone(home):
    """| another computer on the Wi-Fi, `http://192.168.1.100:8000/` | no, refused | yes |"""
    server = home.laptop.serve(LOOPBACK)
    cannot_reach(home.desktop, WIFI, control=(home.laptop, OWN))
    restart(home.laptop, server, ALL)
    assert check_reaches(home.desktop, WIFI) == '{"you are":"192.168.1.60"}'


def test_no_firewall_between(home):
    """No firewall stands between these computers.
    Who reaches it?
    """
    for host in home.hosts.values():
        rules = host.run("nft list ruleset", root=True)
        assert (rules.status, rules.output) == (0, "")
    home.laptop.serve(ALL)
    for host in (home.phone, home.desktop):
        assert SEEN_AS[host.name] in check_reaches(host, WIFI)


def test_the_safer_of_the_two(home):
    """`127.0.0.1` is the safer of the two: one of these three computers reaches the app, and with `0.0.0.0` all three do."""
    urls = {name: OWN if name == "laptop" else WIFI for name in home.hosts}
    counts = []
    for command in (LOOPBACK, ALL):
        server = home.laptop.serve(command)
        counts.append([name for name, url in urls.items() if reaches(home.hosts[name], url)])
        server.end()
    assert counts == [["laptop"], ["laptop", "phone", "desktop"]]


def test_the_app_tells_each_client_its_address(home):
    """The app answers each client with the address that the client comes from."""
    home.laptop.serve(ALL)
    for host, address in SEEN_AS.items():
        url = OWN if host == "laptop" else WIFI
        assert check_reaches(home.hosts[host], url) == f'{{"you are":"{address}"}}'


def test_the_phone_asks_itself(play):
    """The phone that asks for `127.0.0.1` asks itself, and nothing listens there.
    127.0.0.1: this computer alone
    """
    run = play("loopback.console")
    assert run["laptop$ curl http://127.0.0.1:8000/"].output == '{"you are":"127.0.0.1"}'
    refused = run["phone$ curl http://127.0.0.1:8000/"]
    assert refused.status == 7
    assert "127.0.0.1 port 8000" in refused.output


def test_loopback_never_leaves_the_computer(home, play):
    """A request to `127.0.0.1` never leaves the computer: the Wi-Fi interface sends no packet while `lo` does.
    127.0.0.1:8000: lo
    """
    shown = play("packets.console")["laptop$ python packets.py"]
    assert shown.lines == ["lo sent packets", "wlan0 sent nothing"]
    home.laptop.serve(LOOPBACK)
    assert home.laptop.run("python packets.py").lines == shown.lines
    # A question to the Wi-Fi that nobody answers: what is counted is sent, and not received.
    asking = 'urllib.request.urlopen("http://127.0.0.1:8000/").read()'
    elsewhere = '__import__("socket").socket(2, 2).sendto(b"", ("192.168.1.77", 9))'
    home.laptop.run(f"sed -i 's#{asking}#{elsewhere}#' packets.py")
    counted = home.laptop.run("python packets.py").lines
    assert counted == ["lo sent nothing", "wlan0 sent packets"]


def test_packets_of_every_program_count(home):
    """`packets.py` counts what every program sends, so try it while no other one uses the Wi-Fi."""
    home.laptop.serve(LOOPBACK)
    assert home.laptop.run("python packets.py").lines == ["lo sent packets", "wlan0 sent nothing"]
    other = home.laptop.start(f'python -c "{OTHER}"')
    assert other.wait_output(lambda lines: bool(lines))
    assert home.laptop.run("python packets.py").lines == ["lo sent packets", "wlan0 sent packets"]


# A program that goes on sending to the Wi-Fi.
OTHER = "import socket; s = socket.socket(2, 2); print('sending', flush=True); [s.sendto(b'', ('192.168.1.50', 9)) for _ in iter(int, 1)]"


def test_no_firewall_takes_part(home):
    """The kernel refuses the phone because nothing listens on the address that the phone asks for, and it does so with no firewall rule at all."""
    server = home.laptop.serve(LOOPBACK)
    for host in (home.laptop, home.phone):
        rules = host.run("nft list ruleset", root=True)
        assert (rules.status, rules.output) == (0, "")
    assert server.listening() == [("127.0.0.1", 8000)]
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))
    restart(home.laptop, server, "uvicorn main:app --host 192.168.1.100")
    assert check_reaches(home.phone, WIFI) == '{"you are":"192.168.1.50"}'


@pytest.mark.slow
def test_a_firewall_looks_different(home, play):
    """A firewall that drops packets looks different: the phone is not refused, it times out.
    Refused, or no answer?
    """
    run = play("firewall.console")
    refused, reached = run.all(f"phone$ curl {WIFI}")
    assert (refused.status, reached.status) == (7, 0)
    assert run[f"phone$ curl --max-time 2 {WIFI}"].status == 28
    home.laptop.serve(ALL)
    assert check_reaches(home.phone, WIFI)
    for rule in (*WALL, "add rule inet wall input iif wlan0 tcp dport 8000 drop"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    cannot_hear(home.phone, WIFI, control=(home.laptop, OWN))


@pytest.mark.slow
def test_a_rejection_looks_like_no_listener(home):
    """A firewall that rejects them looks the same to curl as an address where nothing listens: exit status 7."""
    server = home.laptop.serve(LOOPBACK)
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))
    unheard = home.phone.run(f"curl {WIFI}")
    restart(home.laptop, server, ALL)
    assert home.phone.run(f"curl {WIFI}").status == 0
    for rule in (*WALL, "add rule inet wall input iif wlan0 reject with icmpx admin-prohibited"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    rejected = home.phone.run(f"curl {WIFI}")
    assert (unheard.status, rejected.status) == (7, 7)
    same = [re.sub(r"after \d+ ms", "", result.output) for result in (unheard, rejected)]
    assert same[0] == same[1]


def test_every_network_of_the_computer(two_networks, play):
    """`0.0.0.0` takes connections on every network that the computer is on, the second as well as the Wi-Fi.
    0.0.0.0: every IPv4 address of this computer
    """
    run = play("all.console")
    for name, address in (("phone", "192.168.1.50"), ("desktop", "192.168.1.60")):
        assert address in run[f"{name}$ curl {WIFI}"].output
    laptop = two_networks.laptop
    server = laptop.serve("uvicorn main:app --host 192.168.1.100")
    cannot_reach(
        two_networks.colleague, "http://10.8.0.5:8000/", control=(two_networks.phone, WIFI)
    )
    restart(laptop, server, ALL)
    assert check_reaches(two_networks.phone, WIFI) == '{"you are":"192.168.1.50"}'
    colleague = check_reaches(two_networks.colleague, "http://10.8.0.5:8000/")
    assert colleague == '{"you are":"10.8.0.7"}'


def test_a_later_address_is_covered(home, play):
    """It covers an address that the computer gets after the server has started."""
    later = "http://192.168.1.101:8000/"
    assert play("two-networks.console")[f"phone$ curl {later}"].status == 0
    home.laptop.serve(ALL)
    assert "192.168.1.101" not in home.laptop.run("ip -brief address").output
    home.laptop.run("ip address add 192.168.1.101/24 dev wlan0", root=True)
    assert check_reaches(home.phone, later) == '{"you are":"192.168.1.50"}'


def test_ipv6_is_not_covered(home):
    """It does not cover IPv6: a request to an IPv6 address of the same computer is refused."""
    server = home.laptop.serve(ALL)
    for host, url in (
        (home.phone, "http://[2001:db8:1::100]:8000/"),
        (home.laptop, "http://[::1]:8000/"),
    ):
        cannot_reach(host, url, control=(home.phone, WIFI))
    restart(home.laptop, server, "uvicorn main:app --host ::")
    assert "2001:db8:1::50" in check_reaches(home.phone, "http://[2001:db8:1::100]:8000/")


@pytest.mark.slow
def test_an_empty_host_covers_both(home):
    """`--host ''` covers both: Uvicorn opens one socket for IPv4 and one for IPv6, but with `--reload` only the one for IPv4."""
    server = home.laptop.serve("uvicorn main:app --host ''")
    assert server.listening() == [("0.0.0.0", 8000), ("::", 8000)]
    assert check_reaches(home.phone, WIFI) == '{"you are":"192.168.1.50"}'
    assert "2001:db8:1::50" in check_reaches(home.phone, "http://[2001:db8:1::100]:8000/")
    server.end()
    server = home.laptop.serve("uvicorn main:app --host '' --reload")
    assert server.listening() == [("0.0.0.0", 8000)]
    cannot_reach(home.phone, "http://[2001:db8:1::100]:8000/", control=(home.phone, WIFI))


@pytest.mark.slow
def test_the_other_ways_to_say_it(home):
    """`fastapi dev --host 0.0.0.0` and `uvicorn.run("main:app", host="0.0.0.0")` bind the same."""
    run = "import uvicorn; uvicorn.run('main:app', host='0.0.0.0')"
    found = []
    for command in (ALL, "fastapi dev --host 0.0.0.0", f'python -c "{run}"'):
        server = home.laptop.serve(command)
        found.append(server.listening())
        assert check_reaches(home.phone, WIFI) == '{"you are":"192.168.1.50"}'
        server.end()
    assert found == [[("0.0.0.0", 8000)]] * 3


def test_one_address_alone(home):
    """`--host 192.168.1.100` serves the Wi-Fi alone: then `http://localhost:8000/` on the laptop is refused."""
    home.laptop.serve("uvicorn main:app --host 192.168.1.100")
    assert check_reaches(home.phone, WIFI) == '{"you are":"192.168.1.50"}'
    assert check_reaches(home.laptop, WIFI) == '{"you are":"192.168.1.100"}'
    cannot_reach(home.laptop, OWN, control=(home.phone, WIFI))


def test_it_is_no_address_to_ask_for(home):
    """It is no address to ask for: Linux takes a request to `http://0.0.0.0:8000/` as one to this computer, so it shows nothing about other computers."""
    home.laptop.serve(LOOPBACK)
    assert check_reaches(home.laptop, "http://0.0.0.0:8000/") == '{"you are":"127.0.0.1"}'
    cannot_reach(home.phone, "http://0.0.0.0:8000/", control=(home.laptop, OWN))


def test_the_second_network(two_networks):
    """Here the laptop is on a second network too: its `eth0` has `10.8.0.5`, and a colleague there has `10.8.0.7`."""
    second = two_networks.laptop.run("ip -4 -brief address show eth0").output
    assert "10.8.0.5/24" in second
    assert "10.8.0.7/24" in two_networks.colleague.run("ip -4 -brief address").output


FORWARD = (
    "add table ip nat",
    "add chain ip nat prerouting '{ type nat hook prerouting priority dstnat; }'",
    "add rule ip nat prerouting iif eth0 tcp dport 8000 dnat to 192.168.1.100",
)


def test_whose_packets_reach_it(internet):
    """It is open to every computer whose packets reach one of its IPv4 addresses: from the same network, by a route, or by a forwarding rule.
    Is it public now?
    """
    internet.laptop.serve(ALL)
    cannot_route(internet.stranger, WIFI, control=(internet.phone, WIFI))
    assert internet.stranger.run(ROUTE, root=True).status == 0
    assert check_reaches(internet.stranger, WIFI) == '{"you are":"203.0.113.99"}'
    public = "http://203.0.113.1:8000/"
    cannot_reach(internet.stranger, public, control=(internet.phone, WIFI))
    for rule in FORWARD:
        assert internet.router.run(f"nft {rule}", root=True).status == 0
    assert check_reaches(internet.stranger, public) == '{"you are":"203.0.113.99"}'


def test_the_router_and_the_stranger(internet):
    """Here the router has `203.0.113.1` on its outside, and a stranger there has `203.0.113.99`."""
    assert "203.0.113.1/24" in internet.router.run("ip -4 -brief address show eth0").output
    assert "203.0.113.99/24" in internet.stranger.run("ip -4 -brief address show eth0").output


def test_the_stranger_has_no_route(internet):
    """The stranger has no route to `192.168.1.100`, and the address of the router answers with a refusal."""
    internet.laptop.serve(ALL)
    route = internet.stranger.run("ip route get 192.168.1.100")
    assert route.status != 0
    assert "unreachable" in route.output
    control = (internet.phone, WIFI)
    cannot_route(internet.stranger, WIFI, control=control)
    assert "203.0.113.1/24" in internet.router.run("ip -brief address").output
    cannot_reach(internet.stranger, "http://203.0.113.1:8000/", control=control)


def test_one_rule_lets_the_stranger_in(play):
    """One forwarding rule on the router is enough: then the stranger reaches the app."""
    before, after = play("internet.console").all("stranger$ curl http://203.0.113.1:8000/")
    assert before.status == 7
    assert after.output == '{"you are":"203.0.113.99"}'


def test_one_route_lets_the_stranger_in(internet):
    """One route is enough too: with a way to `192.168.1.0/24` by the router, the stranger reaches the app without any rule."""
    internet.laptop.serve(ALL)
    cannot_route(internet.stranger, WIFI, control=(internet.phone, WIFI))
    assert internet.stranger.run(ROUTE, root=True).status == 0
    assert check_reaches(internet.stranger, WIFI) == '{"you are":"203.0.113.99"}'
    assert internet.router.run("nft list ruleset", root=True).lines == []


@pytest.mark.slow
def test_a_public_address_is_public(internet):
    """On a computer with a public address, such as a rented server, `0.0.0.0` is public at once, unless a firewall stands before it."""
    public = "http://203.0.113.1:8000/"
    server = internet.router.serve(LOOPBACK)
    cannot_reach(internet.stranger, public, control=(internet.router, OWN))
    restart(internet.router, server, ALL)
    assert check_reaches(internet.stranger, public) == '{"you are":"203.0.113.99"}'
    for rule in (*WALL, "add rule inet wall input iif eth0 tcp dport 8000 drop"):
        assert internet.router.run(f"nft {rule}", root=True).status == 0
    cannot_hear(internet.stranger, public, control=(internet.router, OWN))


def test_a_container_has_its_own_loopback(container):
    """Bind `0.0.0.0` inside a container, because `127.0.0.1` there is the loopback address of the container.
    The exception: containers
    """
    inside = "http://172.17.0.2:8000/"
    server = container.container.serve(LOOPBACK)
    cannot_reach(container.laptop, OWN, control=(container.container, OWN))
    cannot_reach(container.laptop, inside, control=(container.container, OWN))
    restart(container.container, server, ALL)
    assert check_reaches(container.laptop, inside) == '{"you are":"172.17.0.1"}'

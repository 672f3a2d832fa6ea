"""docs/start/cannot-reach.md

Not proven here, because the lab cannot run it: Windows, macOS, WSL 2, and the words of a browser.
"""

import pytest
from test_local import WALL

from lab.reach import cannot_hear, cannot_reach, cannot_route, check_reaches

ALL = "uvicorn main:app --host 0.0.0.0"
OWN = "http://127.0.0.1:8000/"
WIFI = "http://192.168.1.100:8000/"
HELLO = '{"message":"Hello"}'
REJECT = "add rule inet wall input iif wlan0 tcp dport 8000 reject with"


def test_ask_on_the_laptop_first(home):
    """Ask on the laptop first, at the address that the phone asks for: if the laptop is refused there as well, the server listens elsewhere.
    The phone cannot reach it
    """
    server = home.laptop.serve("uvicorn main:app")
    for host in (home.laptop, home.phone):
        cannot_reach(host, WIFI, control=(home.laptop, OWN))
    assert server.listening() == [("127.0.0.1", 8000)]
    server.end()
    home.laptop.serve(ALL)
    for host in (home.laptop, home.phone):
        assert check_reaches(host, WIFI) == HELLO


def test_the_drawing(home):
    """A laptop with a server on its loopback address alone: its own curl reaches that address, but neither that curl nor the phone reaches the Wi-Fi address
    laptop: curl
    192.168.1.100:8000: wlan0
    """
    assert "192.168.1.100" in home.laptop.run("ip -brief address show wlan0").output
    assert home.laptop.serve("uvicorn main:app").listening() == [("127.0.0.1", 8000)]
    assert home.laptop.run(f"curl {OWN}").output == HELLO
    assert home.laptop.run(f"curl {WIFI}").status == 7
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))


def test_what_ss_shows(home, play):
    """If `ss -ltn` shows `127.0.0.1:8000`, no other computer reaches the app: bind `0.0.0.0`."""
    run = play("look.console")
    before, after = run.all("laptop$ ss -ltn")
    assert "127.0.0.1:8000" in before.output
    refused, answered = run.all(f"laptop$ curl {WIFI}")
    assert (refused.status, answered.status) == (7, 0)
    assert " 0.0.0.0:8000" in after.output
    assert run[f"phone$ curl {WIFI}"].output == HELLO
    home.laptop.serve("uvicorn main:app")
    for other in (home.phone, home.desktop):
        cannot_reach(other, WIFI, control=(home.laptop, OWN))


@pytest.mark.slow
def test_what_stands_between(home):
    """If the laptop gets its answer at `http://192.168.1.100:8000/` and the phone does not, look between them: at the firewall, and at the Wi-Fi."""
    home.laptop.serve(ALL)
    assert check_reaches(home.phone, WIFI) == HELLO
    for rule in (*WALL, "add rule inet wall input iif wlan0 drop"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    cannot_hear(home.phone, WIFI, control=(home.laptop, WIFI))
    assert home.laptop.run("nft flush ruleset", root=True).status == 0
    assert check_reaches(home.phone, WIFI) == HELLO
    assert home.phone.run("ip link set wlan0 down", root=True).status == 0
    cannot_route(home.phone, WIFI, control=(home.laptop, WIFI))


def test_outside_the_wifi(internet):
    """The phone has to be on the same Wi-Fi: outside, nothing has a route to `192.168.1.100`."""
    internet.laptop.serve(ALL)
    cannot_route(internet.stranger, WIFI, control=(internet.phone, WIFI))


def ask(host, address: str = "192.168.1.100", port: int = 8000) -> str:
    """Return what ask.py prints behind address and port."""
    return host.run(f"python ask.py {address} {port}").output.partition(f"{port}: ")[2]


@pytest.mark.slow
def test_what_it_prints(home, play):
    """It prints `accepts`, or one of the next three headings.
    Ask from another computer
    """
    headings = ("Connection refused", "timed out", "No route to host")
    for name, heading in zip(("refused", "timeout", "address"), headings, strict=True):
        asked = [o for o in play(f"{name}.console").outcomes if "ask.py" in o.step.command]
        failed, accepted = (o.output[0] for o in asked)
        assert (failed.endswith(f": {heading}"), accepted.endswith(": accepts")) == (True, True)
    assert ask(home.phone) == "Connection refused"
    home.laptop.serve(ALL)
    assert ask(home.phone) == "accepts"


def test_refused(home, play):
    """Nothing listens on that address and port, or a firewall rejects the phone with a reset.
    Connection refused
    """
    said = play("refused.console")["phone$ python ask.py 192.168.1.100 8000"].output
    assert said.endswith("Connection refused")
    server = home.laptop.serve("uvicorn main:app")
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))
    assert ask(home.phone) == "Connection refused"
    server.end()
    home.laptop.serve(ALL)
    assert ask(home.phone) == "accepts"
    for rule in (*WALL, f"{REJECT} tcp reset"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    assert ask(home.phone) == "Connection refused"


def test_the_port_of_the_log(play):
    """Ask for the port that the log of Uvicorn names."""
    run = play("refused.console")
    log = run["laptop$ uvicorn main:app --host 0.0.0.0 --port 8080"].output
    assert "Uvicorn running on http://0.0.0.0:8080" in log
    assert run["phone$ python ask.py 192.168.1.100 8080"].output.endswith("accepts")


@pytest.mark.slow
def test_timed_out(home, play):
    """Something on the way drops the packets: a firewall, or a Wi-Fi that keeps its clients apart.
    timed out
    """
    before, _ = play("timeout.console").all("phone$ python ask.py 192.168.1.100 8000")
    assert before.output.endswith("timed out")
    home.laptop.serve(ALL)
    assert ask(home.phone) == "accepts"
    for rule in (*WALL, "add rule inet wall input iif wlan0 drop"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    cannot_hear(home.phone, WIFI, control=(home.laptop, OWN))
    assert ask(home.phone) == "timed out"


@pytest.mark.slow
def test_a_rule_lets_the_phone_in(play):
    """`nft list ruleset` shows the rules of a Linux firewall, and a rule in front of them that accepts port `8000` lets the phone in."""
    run = play("timeout.console")
    assert 'iif "wlan0" drop' in run["laptop# nft list ruleset"].output
    shut, opened = run.all("phone$ python ask.py 192.168.1.100 8000")
    assert shut.status == 1
    assert opened.output.endswith("accepts")


@pytest.mark.slow
def test_no_route(home, play):
    """Nobody on the Wi-Fi has the address that the phone asks for, or a firewall rejects the phone.
    No route to host
    """
    run = play("address.console")
    assert run["phone$ python ask.py 192.168.1.77 8000"].output.endswith("No route to host")
    assert run["phone$ python ask.py 192.168.1.100 8000"].output.endswith("accepts")
    home.laptop.serve(ALL)
    for rule in (*WALL, f"{REJECT} icmpx admin-prohibited"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    assert ask(home.phone) == "No route to host"
    assert home.laptop.run("nft flush ruleset", root=True).status == 0
    assert ask(home.phone) == "accepts"


def test_https(play):
    """Uvicorn says so when the phone asks for `https://`: type `http://` in front of the address.
    Invalid HTTP request received.
    """
    run = play("https.console")
    assert run["phone$ curl --silent https://192.168.1.100:8000/"].status == 35
    said = run[f"laptop ({ALL}):"].lines
    assert said == ["WARNING:  Invalid HTTP request received."]
    assert run[f"phone$ curl {WIFI}"].output == HELLO

"""Requests between hosts: each helper has a case in which it must complain."""

import pytest

from lab.network import PLANS
from lab.reach import cannot_hear, cannot_reach, cannot_route, check_reaches, reaches
from lab.runner import Network

OWN = "http://127.0.0.1:8000/"
WIFI = "http://192.168.1.100:8000/"
UNUSED = "http://192.168.1.60:8000/"
BEYOND = "http://203.0.113.99:8000/"
SILENT = "http://192.168.1.101:8000/"
SERVE = "python -m http.server 8000 --bind"


@pytest.fixture(scope="module")
def network():
    """A laptop that answers at one address and is silent at another; the desktop serves nothing."""
    with Network(PLANS["home"]) as network:
        network.laptop.serve(f"{SERVE} 0.0.0.0")
        network.laptop.run("ip address add 192.168.1.101/24 dev wlan0", root=True)
        for rule in (
            "add table inet wall",
            "add chain inet wall input '{ type filter hook input priority 0; }'",
            "add rule inet wall input ip daddr 192.168.1.101 drop",
        ):
            assert network.laptop.run(f"nft {rule}", root=True).status == 0
        yield network


def test_what_reaches(network):
    assert "Directory listing" in check_reaches(network.phone, WIFI)
    assert "Directory listing" in check_reaches(network.laptop, "http://localhost:8000/")
    assert [reaches(network.phone, url) for url in (WIFI, UNUSED, BEYOND)] == [True, False, False]


def test_what_does_not_reach(network):
    control = (network.phone, WIFI)
    cannot_reach(network.phone, UNUSED, control=control)
    cannot_route(network.phone, BEYOND, control=control)
    cannot_hear(network.phone, SILENT, control=control)


@pytest.mark.parametrize(
    ("check", "url", "complaint"),
    [
        (cannot_reach, WIFI, "phone asked {url}: answered '<!DOCTYPE"),
        (cannot_reach, BEYOND, "phone asked {url}: no route, not refused"),
        (cannot_reach, SILENT, "phone asked {url}: timed out, not refused"),
        (cannot_hear, UNUSED, "phone asked {url}: refused, not timed out"),
        (cannot_route, UNUSED, "phone asked {url}: refused, not no route"),
    ],
)
def test_one_failure_is_not_the_other(network, check, url, complaint):
    with pytest.raises(AssertionError) as raised:
        check(network.phone, url, control=(network.phone, WIFI))
    assert str(raised.value).startswith(complaint.format(url=url))


@pytest.mark.parametrize("check", [cannot_reach, cannot_hear, cannot_route])
def test_a_control_must_succeed(network, check):
    with pytest.raises(AssertionError, match=f"desktop cannot reach {UNUSED}: .*refused"):
        check(network.phone, UNUSED, control=(network.desktop, UNUSED))


def test_a_control_asks_for_the_same_port(network):
    """A port that nobody serves refuses everybody."""
    other = "http://192.168.1.100:9/"
    with pytest.raises(AssertionError, match=f"{other} and {WIFI}: two ports"):
        cannot_reach(network.phone, other, control=(network.phone, WIFI))


def test_an_answer_has_a_body(network):
    network.desktop.serve(f"{SERVE} 127.0.0.1")
    network.desktop.run("touch index.html")
    with pytest.raises(AssertionError, match="desktop got an empty answer"):
        check_reaches(network.desktop, OWN)


def test_localhost_is_asked_by_both_addresses(network):
    """The first that accepts answers: ::1, and 127.0.0.1 where nothing listens on the other."""
    network.phone.run("echo four > index.html; mkdir six; echo six > six/index.html")
    network.phone.serve(f"{SERVE} 127.0.0.1")
    assert check_reaches(network.phone, "http://localhost:8000/") == "four\n"
    network.phone.serve(f"{SERVE} ::1 --directory six")
    assert check_reaches(network.phone, "http://localhost:8000/") == "six\n"

"""docs/index.md"""

import re

import pytest

from lab.reach import cannot_reach, check_reaches

WIFI = "http://192.168.1.100:8000/"
OWN = "http://127.0.0.1:8000/"
SERVE = "python -m http.server 8000 --bind"


def test_this_computer(home):
    """Where does your server listen?
    | you want to reach the app from | bind |
    | [this computer](start/local.md) | `127.0.0.1` |
    """
    home.laptop.serve(f"{SERVE} 127.0.0.1")
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))


def test_a_phone(home):
    """| [a phone on the same Wi-Fi](start/loopback-or-all.md) | `0.0.0.0` |"""
    home.laptop.serve(f"{SERVE} 0.0.0.0")
    assert "Directory listing" in check_reaches(home.phone, WIFI)


def test_outside_a_container(container):
    """| [outside a container](start/containers.md) | `0.0.0.0`, inside it |"""
    container.container.serve(f"{SERVE} 0.0.0.0")
    assert "Directory listing" in check_reaches(container.laptop, "http://172.17.0.2:8000/")


@pytest.mark.slow
def test_every_command_is_run_and_compared(repository):
    """The suite runs every command behind a prompt on the host that the prompt names, and compares every output with the page.
    How we know
    Host and port binding with FastAPI and Uvicorn, each sentence proven or sourced
    """
    example = "snippets/how-proven/example.console"
    checked = repository.run("lab", "check", example)
    assert checked.status == 0
    assert "4 steps: as recorded" in checked.output
    repository.change(example, "laptop$ curl", "phone$ curl")
    elsewhere = repository.run("lab", "check", example)
    assert elsewhere.status == 1
    assert "phone$ curl http://127.0.0.1:8000/" in elsewhere.output
    repository.change(example, "phone$ curl http://127", "laptop$ curl http://127")
    repository.change(example, '{"message":"Hello"}', '{"message":"Hallo"}')
    assert "Hallo" in repository.run("lab", "check", example).output
    assert repository.run("lab", "claims").status == 0


def test_the_second_host_tries(home):
    """Each host has interfaces, addresses and ports of its own, so "the phone cannot reach it" is tried from a second host."""
    home.laptop.serve(f"{SERVE} 127.0.0.1")
    cannot_reach(home.phone, WIFI, control=(home.laptop, OWN))
    interfaces = {name: host.run("ip -brief address").output for name, host in home.hosts.items()}
    assert "192.168.1.100" in interfaces["laptop"]
    assert "192.168.1.50" in interfaces["phone"]
    assert "192.168.1.100" not in interfaces["phone"]


@pytest.mark.slow
def test_a_tick_leads_to_the_test(site):
    """A ✓ behind a sentence leads to the test that proves it."""
    proof = "proofs/#test-index-test-a-tick-leads-to-the-test"
    assert f'href="{proof}"' in site("")
    assert f'id="{proof.partition("#")[2]}"' in site("proofs/")


@pytest.mark.slow
def test_the_navigation(site):
    """Home
    Start
    The proof
    """
    shown = site("")
    (home,) = re.findall(r'<a href="\."[^>]*>\s*<span[^>]*>\s*([^<]+?)\s*</span>', shown)
    assert home == "Home"
    sections = re.findall(r'<nav class="md-nav" data-md-level="1".*?</nav>', shown, re.S)
    links = {
        re.search(r"</span>\s*([^<]+?)\s*</label>", section)[1]: re.findall('href="(.+?)"', section)
        for section in sections
    }
    assert list(links) == ["Start", "The proof"]
    assert all(link.startswith("start/") for link in links["Start"])
    assert links["The proof"] == ["how-proven/", "proofs/"]

"""docs/how-proven.md"""

import re
import socket
import time

import pytest

from lab.placeholders import PLACEHOLDERS
from lab.reach import cannot_reach

EXAMPLE = "snippets/how-proven/example.console"


@pytest.mark.slow
def test_transcripts_run_on_hosts_and_tests_carry_sentences(repository):
    """The lab runs the transcripts of a page on hosts, and a test carries each sentence that it proves.
    How this site is proven
    A page of docs/ shows programs and transcripts of snippets/, and tests/ holds proofs, each of which quotes a page and uses lab/, which runs transcripts on hosts, each a namespace
    docs/: a page
    docs/ shows snippets/
    snippets/: programs and transcripts
    tests/: proofs
    tests/ quotes docs/
    tests/ uses lab/
    lab/ runs snippets/
    """
    page = (repository.path / "docs/how-proven.md").read_text()
    for shown in ("main.py", "example.console"):
        assert (repository.path / "snippets/how-proven" / shown).is_file()
        assert f'--8<-- "snippets/how-proven/{shown}"' in page
    assert "from lab." in (repository.path / "tests/test_how_proven.py").read_text()
    assert "ok" in repository.run("lab", "check", EXAMPLE).output
    listed = repository.run("lab", "claims", "how-proven").lines
    carried = next(i for i, line in enumerate(listed) if "proven   The lab runs" in line)
    assert "tests/test_how_proven.py:" in listed[carried + 1]


def test_a_host_is_a_network_namespace(home):
    """A host is a Linux network namespace: it has its own interfaces, addresses, routes and ports.
    Hosts
    lab/: hosts, each a namespace
    """
    spaces = {host.run("readlink /proc/self/ns/net").output for host in home.hosts.values()}
    assert len(spaces) == len(home.hosts)
    assert all(space.startswith("net:[") for space in spaces)
    addresses = {host.run("ip -brief -4 address show wlan0").output for host in home.hosts.values()}
    assert len(addresses) == len(home.hosts)
    assert "192.168.1.100" in home.laptop.run("ip route").output
    for host in home.hosts.values():
        assert host.serve("uvicorn main:app").listening() == [("127.0.0.1", 8000)]


def test_the_laptop_has_all_its_ports(home):
    """The laptop of these pages listens on its port `8000` whatever your own computer has on that port."""
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        server = home.laptop.serve(f"uvicorn main:app --port {port}")
        assert server.listening() == [("127.0.0.1", port)]
    assert home.laptop.serve("uvicorn main:app").listening() == [("127.0.0.1", 8000)]


def test_no_way_out(home):
    """No host has a way to your network or to the internet, and its `127.0.0.1` is its own, not yours."""
    for host in home.hosts.values():
        assert host.run("ip -4 route show table main").output.startswith("192.168.1.0/24 dev wlan0")
        assert len(host.run("ip -4 route show table main").lines) == 1
        assert host.run("ip route get 203.0.113.1").status != 0
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        home.laptop.serve(f"uvicorn main:app --host 192.168.1.100 --port {port}")
        control = (home.laptop, f"http://192.168.1.100:{port}/")
        cannot_reach(home.laptop, f"http://127.0.0.1:{port}/", control=control)


def test_the_phone_is_a_host_with_curl(home):
    """The phone is a host of this kind, and asks with curl in the transcripts."""
    assert home.phone.run("hostname").output == "phone"
    assert home.phone.run("readlink /proc/self/ns/net").output.startswith("net:[")
    assert home.phone.run("curl --version").output.startswith("curl ")


def test_the_prompt_names_host_and_privilege(home):
    """The name before `$` is the host that ran the command; `#` in its place means with every privilege.
    Transcripts
    """
    plain, full = (home.laptop.run("grep CapEff /proc/self/status", root=r) for r in (False, True))
    assert plain.output.endswith("\t0000000000000000")
    assert full.output.endswith("ffff")
    assert home.laptop.run("hostname").output == "laptop"


def test_a_server_stays_up(play):
    """A server stays up, and the transcript goes on when the kernel says that it accepts connections."""
    run = play("example.console")
    assert run["laptop$ curl http://127.0.0.1:8000/"].output == '{"message":"Hello"}'
    assert "Application startup complete." in run["laptop$ uvicorn main:app"].output


def test_a_return_shows_what_was_printed_since(play):
    """The line `laptop (uvicorn main:app):` goes back to the terminal of that command, and shows what it printed since."""
    run = play("example.console")
    assert '"GET / HTTP/1.1" 200 OK' in run["laptop (uvicorn main:app):"].output
    assert "GET" not in run["laptop$ uvicorn main:app"].output


@pytest.mark.slow
def test_only_placeholders_may_differ(repository):
    """A word in brackets stands for a value that differs from run to run, and the rest of a line is compared as it is."""
    assert repository.run("lab", "check", EXAMPLE).status == 0
    repository.change(EXAMPLE, "process [PID]", "process [99999]")
    assert repository.run("lab", "check", EXAMPLE).status == 1
    repository.change(EXAMPLE, "process [99999]", "process [PID]")
    repository.change(EXAMPLE, "port 8000 after", "port 8001 after")
    assert repository.run("lab", "check", EXAMPLE).status == 1


@pytest.mark.slow
def test_what_the_placeholders_stand_for(home):
    """| placeholder | stands for |
    | `[PID]` | the number of a process |
    | `[MS]` | a time in milliseconds |
    | `[PORT]` | the ephemeral port of a client |
    | `[FD]` | the number of a descriptor |
    | `[DEVICE]` | the kernel's number of a socket |
    | `[FOLDER]` | the folder that the command ran in |
    """
    laptop = home.laptop
    server = laptop.serve("uvicorn main:app")
    with laptop.socket() as client:
        client.connect(("127.0.0.1", 8000))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        port = client.getsockname()[1]
        assert server.wait_output(lambda lines: "200 OK" in lines[-1])
    assert hidden("[PID]", server.lines()[0]) == server.pid
    assert hidden("[PORT]", server.lines()[-1]) == port
    held = laptop.run("ss -ltnp").lines[-1]
    assert hidden("[PID]", held) == server.pid
    descriptor = hidden("[FD]", held)
    inode = laptop.run(f"readlink /proc/{server.pid}/fd/{descriptor}").output
    named = laptop.run("lsof -i :8000").lines[-1]
    assert (hidden("[PID]", named), hidden("[FD]", named)) == (server.pid, descriptor)
    assert inode == f"socket:[{hidden('[DEVICE]', named)}]"
    began = time.monotonic()
    refused = home.phone.run("curl http://192.168.1.100:8000/").lines[-1]
    assert 0 <= hidden("[MS]", refused) <= (time.monotonic() - began) * 1000
    watching = laptop.serve("uvicorn main:app --port 8001 --reload").lines()[0]
    assert hidden("[FOLDER]", watching) == laptop.run("pwd").output == laptop.folder


def hidden(name: str, line: str) -> int | str:
    """Return what a placeholder would stand for in a line."""
    (placeholder,) = (p for p in PLACEHOLDERS if p.name == name)
    (found,) = (next(filter(None, match.groups())) for match in placeholder.found.finditer(line))
    return int(found.strip("[]")) if found.strip("[]").isdigit() else found


@pytest.mark.slow
def test_a_tick_leads_to_its_proof(site):
    """A ✓ leads from a sentence to its proof on the page [Proofs](proofs.md), and the sentence there leads back.
    Ticks
    """
    anchor = "test-how-proven-test-a-tick-leads-to-its-proof"
    ticks = re.findall(r'<a class="tick" id="([^"]+)" href="([^"]+)"', site("how-proven/"))
    assert (f"{anchor}-1", f"../proofs/#{anchor}") in ticks
    assert f'id="{anchor}"' in site("proofs/")
    assert f'href="../how-proven/#{anchor}-1"' in site("proofs/")


@pytest.mark.slow
def test_sources_and_what_is_not_run(site):
    """A number behind a sentence leads to its source, and "not run here" marks what the lab cannot run."""
    shown = site("start/cannot-reach/")
    (cited,) = re.findall(r"<li>On macOS, .*?</li>", shown, re.S)
    (other,) = re.findall(r"<li>With <code>ufw</code>, .*?</li>", shown, re.S)
    assert "not run here" in cited
    assert "not run here" in other
    assert 'href="#fn:apple-firewall"' in cited
    (source,) = re.findall(r'<li id="fn:apple-firewall">.*?</li>', shown, re.S)
    assert "https://support.apple.com/guide/security/" in source
    (proven,) = re.findall(r"<p>Ask on the laptop first.*?</p>", shown, re.S)
    assert "not run here" not in proven


@pytest.mark.slow
def test_a_changed_sentence_fails_the_build(repository):
    """If one character of a proven sentence changes, the build of this site fails."""
    assert repository.run("mkdocs", "build", "--strict").status == 0
    repository.change("docs/start/local.md", "Ctrl+C ends the server,", "Ctrl+C ends the server;")
    built = repository.run("mkdocs", "build", "--strict")
    assert built.status == 1
    assert "docs/start/local.md has no such sentence" in built.output


@pytest.mark.slow
def test_an_open_claim_fails_in_ci(repository):
    """If a page states something new without proof or source, the build fails in CI."""
    page = "docs/start/containers.md"
    repository.write(page, (repository.path / page).read_text() + "\nPort `8001` is better.\n")
    assert repository.run("mkdocs", "build", "--strict").status == 0
    built = repository.run("mkdocs", "build", "--strict", CI="true")
    assert built.status == 1
    assert "this claim is open" in built.output
    assert "Port `8001` is better." in built.output

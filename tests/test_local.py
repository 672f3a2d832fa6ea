"""docs/start/local.md

Not proven here, because the lab cannot run it: what macOS and Windows do.
"""

import re

import pytest
from conftest import require

from lab.reach import cannot_hear, cannot_reach, check_reaches

OWN = "http://127.0.0.1:8000/"
WIFI = "http://192.168.1.100:8000/"
HELLO = '{"message":"Hello"}'
WALL = (
    "add table inet wall",
    "add chain inet wall input '{ type filter hook input priority 0; }'",
)


def test_only_this_computer_reaches_127_0_0_1(home):
    """Bind the address `127.0.0.1` and the port `8000`: programs on this computer reach the app, and no other computer does.
    Serve an app on your own computer
    client GET / 127.0.0.1:8000
    127.0.0.1:8000 {"message":"Hello"} client
    127.0.0.1:8000: Uvicorn main.py
    """
    server = home.laptop.serve("uvicorn main:app")
    assert server.listening() == [("127.0.0.1", 8000)]
    assert check_reaches(home.laptop, OWN) == HELLO
    for other in (home.phone, home.desktop):
        cannot_reach(other, WIFI, control=(home.laptop, OWN))


@pytest.mark.slow
def test_the_client_is_a_browser_or_curl(home):
    """A client, which is a browser or curl, and a Uvicorn server on one computer; the GET request goes to the server, the response comes back
    laptop: client
    client: browser or curl
    """
    server = home.laptop.serve("python main.py")
    assert home.laptop.run(f"curl {OWN}").output == HELLO
    assert HELLO in browse(home.laptop, OWN)
    assert server.wait_output(lambda lines: sum("GET / " in line for line in lines) == 2)


@pytest.mark.slow
def test_what_the_extra_brings(home):
    """`fastapi[standard]` brings Uvicorn, the command `fastapi`, and httpx."""
    read = "from importlib.metadata import requires as r; "
    wanted = "print(*[w.split(';')[0] for w in r('fastapi') if w.endswith('standard' + chr(34))])"
    needed = home.laptop.run(f'python -c "{read}{wanted}"').output.split()
    for name in ("uvicorn", "fastapi-cli", "httpx"):
        assert [w for w in needed if re.fullmatch(rf"{name}\b(?!-).*", w)]
    assert home.laptop.run("fastapi --version").status == 0
    without = "import sys; sys.modules['fastapi_cli'] = None; sys.modules['fastapi_cli.cli'] = None"
    missing = home.laptop.run(f'python -c "{without}; from fastapi.cli import main; main()"')
    assert (missing.status, "fastapi[standard]" in missing.output) == (1, True)


@pytest.mark.slow
def test_reload_picks_up_an_edit(home, play):
    """With `reload=True` Uvicorn starts the app again when you save `main.py`: the second answer comes from the edited file.
    Run `python main.py` and send requests from a second terminal.
    """
    assert "reload=True" in home.laptop.run("cat main.py").output
    run = play("run.console")
    assert "Application startup complete." in run["laptop$ python main.py"].output
    first, second = run.all(f"laptop$ curl {OWN}")
    assert first.output == HELLO
    assert second.output == '{"message":"Good morning"}'


def test_ctrl_c_frees_the_port(home):
    """Ctrl+C ends the server, and the port is free again."""
    server = home.laptop.serve("uvicorn main:app")
    assert home.laptop.run("python is_free.py 127.0.0.1 8000").status == 1
    server.press("^C")
    server.wait_end()
    assert home.laptop.run("python is_free.py 127.0.0.1 8000").output == "127.0.0.1:8000: free"


@pytest.mark.slow
def test_the_guard_is_needed(home):
    """Without the line `if __name__ == "__main__":` no server accepts connections, though the log says `Uvicorn running`: with `reload=True` a second process imports the program, would start a server too, and ends with `RuntimeError`."""
    guard = 'if __name__ == "__main__":'
    assert "reload=True" in home.laptop.run("cat main.py").output
    home.laptop.run(f"sed 's/{guard}/if True:/' main.py > unguarded.py")
    assert "if True:" in home.laptop.run("cat unguarded.py").output
    started = home.laptop.start("python unguarded.py")
    told = "start a new process before the"
    assert started.wait_output(lambda lines: any(told in line for line in lines))
    assert any("RuntimeError" in line for line in started.lines())
    assert sum("Uvicorn running" in line for line in started.lines()) == 2
    assert started.listening() == []
    started.end()
    assert home.laptop.serve("python main.py").listening() == [("127.0.0.1", 8000)]


@pytest.mark.slow
def test_both_ways_open_the_same_listener(home, play):
    """Both ways open the same listener: one IPv4 socket on `127.0.0.1`, port `8000`.
    The same from the command line
    """
    in_words = "uvicorn main:app --host 127.0.0.1 --port 8000 --reload"
    assert "127.0.0.1:8000" in play("command.console")[f"laptop$ {in_words}"].output
    found = []
    for command in ("python main.py", in_words):
        server = home.laptop.serve(command)
        found.append((server.listening(), home.laptop.run("ss -ltn").output))
        server.end()
    assert found[0] == found[1]
    assert found[0][0] == [("127.0.0.1", 8000)]


def test_the_loopback_address_is_each_computers_own(home):
    """`127.0.0.1` is a loopback address: on each computer it means that computer, so a phone that asks for it asks itself.
    Why 127.0.0.1
    """
    home.laptop.serve("uvicorn main:app")
    cannot_reach(home.phone, OWN, control=(home.laptop, OWN))
    home.phone.serve("uvicorn other:app")
    assert check_reaches(home.phone, OWN) == '{"message":"I am another app"}'
    assert check_reaches(home.laptop, OWN) == HELLO


@pytest.mark.slow
def test_the_wildcard_address_lets_the_phone_in(home):
    """`0.0.0.0` stands for every IPv4 address of the computer, so a phone on the same Wi-Fi reaches the app, unless a firewall drops its packets."""
    server = home.laptop.serve("uvicorn main:app --host 0.0.0.0")
    assert server.listening() == [("0.0.0.0", 8000)]
    assert check_reaches(home.phone, WIFI) == HELLO
    assert check_reaches(home.laptop, OWN) == HELLO
    for rule in (*WALL, "add rule inet wall input iif wlan0 tcp dport 8000 drop"):
        assert home.laptop.run(f"nft {rule}", root=True).status == 0
    cannot_hear(home.phone, WIFI, control=(home.laptop, OWN))


def test_uvicorns_defaults(home):
    """Uvicorn listens on `127.0.0.1` and port `8000` if you name neither.
    Why 8000
    | command | default host | default port |
    | `uvicorn` | `127.0.0.1` | `8000` |
    """
    assert home.laptop.serve("uvicorn main:app").listening() == [("127.0.0.1", 8000)]


@pytest.mark.slow
def test_variables_stand_in_for_options(home):
    """The variables `UVICORN_HOST` and `UVICORN_PORT` stand in for the options that you leave out; `fastapi` reads `PORT`."""
    variables = "UVICORN_HOST=0.0.0.0 UVICORN_PORT=8080"
    for command, listener in (
        (f"{variables} uvicorn main:app", ("0.0.0.0", 8080)),
        (f"{variables} uvicorn main:app --host 127.0.0.1", ("127.0.0.1", 8080)),
        (f"{variables} uvicorn main:app --port 8000", ("0.0.0.0", 8000)),
        (f"{variables} fastapi run main.py", ("0.0.0.0", 8000)),
        ("PORT=8080 fastapi run main.py", ("0.0.0.0", 8080)),
    ):
        server = home.laptop.serve(command)
        assert server.listening() == [listener]
        server.end()


@pytest.mark.slow
def test_the_defaults_of_the_fastapi_command(home, play):
    """`fastapi dev` takes the same pair; `fastapi run` takes `0.0.0.0` and port `8000`.
    | `fastapi dev` | `127.0.0.1` | `8000` |
    | `fastapi run` | `0.0.0.0` | `8000` |
    """
    for command, address in (("dev", "127.0.0.1"), ("run", "0.0.0.0")):
        said = play("defaults.console")[f"laptop$ fastapi {command} main.py"].output
        assert f"Server started at http://{address}:8000" in said
        server = home.laptop.serve(f"fastapi {command} main.py")
        assert server.listening() == [(address, 8000)]
        server.end()


@pytest.mark.slow
def test_fastapi_opens_no_socket(home):
    """FastAPI has no port of its own: importing the app opens no socket."""
    count = "import os; print(sum('socket' in os.readlink(f'/proc/self/fd/{d}') for d in range(3, 9) if os.path.exists(f'/proc/self/fd/{d}')))"
    opened = "import socket; s = socket.socket(); "
    assert home.laptop.run(f'python -c "from main import app; {count}"').output == "0"
    assert home.laptop.run(f'python -c "{opened}{count}"').output == "1"


def test_other_ports_work_as_well(home):
    """Uvicorn takes `8080`, `3000` and `5000` as readily as `8000`.
    Another port
    """
    for port in (8080, 3000, 5000, 8000):
        home.laptop.serve(f"uvicorn main:app --port {port}")
        assert check_reaches(home.laptop, f"http://127.0.0.1:{port}/") == HELLO


def test_ports_from_1024_up_need_no_privilege(home):
    """A port from `1024` up needs no privilege on Linux."""
    assert home.laptop.run("grep CapEff /proc/self/status").output.endswith("0" * 16)
    for port in (1024, 1025, 49151, 65535):
        server = home.laptop.serve(f"uvicorn main:app --port {port}")
        assert server.listening() == [("127.0.0.1", port)]


def test_ports_below_1024_are_refused(home, play):
    """Below `1024`, Linux refuses an ordinary user: Uvicorn ends with `[Errno 13]`, permission denied, and exit status 3."""
    shown = play("privileged.console")["laptop$ uvicorn main:app --port 1023"]
    assert home.laptop.run("id -u").output == "1000"
    for result in (
        shown,
        home.laptop.run("uvicorn main:app --port 1"),
        home.laptop.run("uvicorn main:app --port 80"),
        home.laptop.run("uvicorn main:app --port 80 --reload"),
    ):
        assert result.status == 3
        assert "[Errno 13]" in result.output
        assert "permission denied" in result.output.casefold()
    assert home.laptop.serve("uvicorn main:app --port 1024").listening()


def test_a_setting_moves_the_border(home):
    """The setting `net.ipv4.ip_unprivileged_port_start` says where the free ports begin; its default is `1024`."""
    assert home.laptop.run("sysctl -n net.ipv4.ip_unprivileged_port_start").output == "1024"
    assert home.laptop.run("uvicorn main:app --port 80").status == 3
    home.laptop.run("sysctl -w net.ipv4.ip_unprivileged_port_start=80", root=True)
    assert home.laptop.serve("uvicorn main:app --port 80").listening() == [("127.0.0.1", 80)]
    assert home.laptop.run("uvicorn main:app --port 79").status == 3


BIND = (
    "python -c \"import os, socket; socket.create_server(('127.0.0.1', 80)); print(os.getuid())\""
)


def test_the_capability_decides_and_not_the_user(home):
    """The capability `CAP_NET_BIND_SERVICE` lets any user bind a port below that, and without it even user number 0 is refused."""
    bind = "CAP_NET_BIND_SERVICE".removeprefix("CAP_").lower()  # as setpriv(1) spells it
    alone = f"setpriv --inh-caps=-all,+{bind} --ambient-caps=-all,+{bind}"
    without = f"setpriv --inh-caps=-{bind} --ambient-caps=-{bind}"
    assert home.laptop.run(f"{alone} {BIND}", root=True).output == "1000"
    # User 0 of a user namespace of its own, which has no power over the laptop's network.
    as_root = "unshare --user --map-root-user"
    assert home.laptop.run(f"{as_root} id -u").output == "0"
    for refused in (
        home.laptop.run(f"{without} {BIND}", root=True),
        home.laptop.run(f"{as_root} {BIND}"),
    ):
        assert refused.status == 1
        assert "PermissionError" in refused.output


def test_a_port_is_free_on_an_address(home):
    """Ask for the address that you will bind: a port that is free on `127.0.0.1` can be taken on another address, and then `0.0.0.0` is refused.
    Is the port free?
    """
    home.laptop.serve("uvicorn main:app --host 192.168.1.100")
    assert home.laptop.run("python is_free.py 127.0.0.1 8000").status == 0
    assert home.laptop.run("python is_free.py 0.0.0.0 8000").status == 1
    refused = home.laptop.run("uvicorn main:app --host 0.0.0.0")
    assert (refused.status, "[Errno 98]" in refused.output) == (3, True)
    assert home.laptop.serve("uvicorn main:app").listening() == [("127.0.0.1", 8000)]


def test_lsof_says_nothing_of_a_free_port(play):
    """`lsof -i :8000` prints nothing and ends with exit status 1 while none of your processes uses the port."""
    free, taken = play("free.console").all("laptop$ lsof -i :8000")
    assert (free.status, free.output) == (1, "")
    assert (taken.status, len(taken.lines)) == (0, 2)


def test_a_taken_port_shows_its_holder(play):
    """A port that is taken shows as `LISTEN`, with the process that holds it."""
    run = play("free.console")
    for output in (
        run.all("laptop$ lsof -i :8000")[1].output,
        run["laptop$ ss -ltnp 'sport = :8000'"].output,
    ):
        assert "LISTEN" in output
        assert "uvicorn" in output


def test_lsof_needs_privilege_and_ss_does_not(home):
    """`lsof` shows only processes that you may look into; on Linux `ss -ltn` shows every TCP listener."""
    home.laptop.serve("uvicorn main:app", root=True)
    unseen = home.laptop.run("lsof -i :8000")
    assert (unseen.status, unseen.output) == (1, "")
    assert "127.0.0.1:8000" in home.laptop.run("ss -ltn").output
    assert "LISTEN" in home.laptop.run("lsof -i :8000", root=True).output


def test_a_second_server_is_refused(play):
    """A second server on a taken port ends with `[Errno 98]`, `address already in use` and exit status 3, after the app has started and stopped."""
    second = play("free.console").all("laptop$ uvicorn main:app")[1]
    assert second.status == 3
    started, refused, stopped = (
        next(i for i, line in enumerate(second.lines) if text in line)
        for text in ("startup complete", "[Errno 98]", "shutdown complete")
    )
    assert started < refused < stopped
    assert "address already in use" in second.lines[refused]


@pytest.mark.slow
def test_a_second_reloader_is_refused(home):
    """With `--reload` it ends with `[Errno 98]` and `Address already in use` before the app starts."""
    home.laptop.serve("uvicorn main:app")
    second = home.laptop.run("uvicorn main:app --reload")
    assert second.status == 3
    assert "[Errno 98] Address already in use" in second.output
    assert "application startup" not in second.output
    free = home.laptop.serve("uvicorn main:app --port 8001 --reload")
    assert free.wait_output(lambda lines: any("application startup" in line for line in lines))


def test_kill_frees_the_port(play):
    """`kill` with the number that `lsof -t -iTCP:8000 -sTCP:LISTEN` prints ends the server, and the port is free again."""
    run = play("free.console")
    taken, free = run.all("laptop$ python is_free.py 127.0.0.1 8000")[1:]
    assert (taken.status, free.output) == (1, "127.0.0.1:8000: free")
    assert run["laptop$ kill $(lsof -t -iTCP:8000 -sTCP:LISTEN)"].status == 0


STAY = "import signal, socket; c = socket.create_connection(('127.0.0.1', 8000)); print('connected', flush=True); signal.pause()"


def test_lsof_names_clients_as_well(home):
    """Without `-sTCP:LISTEN` it prints the numbers of connected clients too, and `kill` would end those as well."""
    server = home.laptop.serve("uvicorn main:app")
    client = home.laptop.start(f'python -c "{STAY}"')
    assert client.wait_output(lambda lines: lines == ["connected"])
    both, one = "lsof -t -iTCP:8000", "lsof -t -iTCP:8000 -sTCP:LISTEN"
    assert home.laptop.run(one).lines == [str(server.pid)]
    assert sorted(home.laptop.run(both).lines) == sorted([str(server.pid), str(client.pid)])
    home.laptop.run(f"kill $({both})")
    assert (server.wait_end(), client.wait_end()) == (143, 143)


@pytest.mark.slow
def test_both_names_reach_the_app(home, play):
    """`http://127.0.0.1:8000/` and `http://localhost:8000/` reach the same app, with curl, with httpx and with the `fetch` of a browser.
    Ask it from a program
    Run `uvicorn browser:app` and open `http://localhost:8000/page`.
    """
    run = play("clients.console")
    for name in ("127.0.0.1", "localhost"):
        assert run[f"laptop$ curl http://{name}:8000/"].output == HELLO
    answers = run["laptop$ python client.py"].lines
    assert answers == [f"{n} 200 {{'message': 'Hello'}}" for n in ("127.0.0.1", "localhost")]
    assert 'fetch("http://localhost:8000/")' in home.laptop.run("cat browser.py").output
    home.laptop.serve("uvicorn browser:app")
    assert '<p id="answer">Hello</p>' in browse(home.laptop, "http://localhost:8000/page")
    _let_the_page_ask(home.laptop, "127.0.0.1")
    assert '<p id="answer">Hello</p>' in browse(home.laptop, "http://127.0.0.1:8001/page")


def _let_the_page_ask(laptop, name: str) -> None:
    """Serve the page on port 8001, and let it fetch from there by `name`."""
    laptop.run(f"sed -i 's#//localhost:8000/#//{name}:8001/#' browser.py")
    laptop.serve("uvicorn browser:app --port 8001")


def browse(host, url: str) -> str:
    """Open a page in a browser on `host`, let its scripts end, and return what it has become."""
    require("chromium")
    quiet = "--disable-background-networking --disable-component-update --disable-sync"
    return host.run(
        f"chromium --headless --no-sandbox --disable-gpu --no-first-run {quiet}"
        f" --user-data-dir=profile --virtual-time-budget=5000 --dump-dom {url} 2>/dev/null"
    ).output


# What an app adds to let pages of another origin read its answers.
ALLOW = """
from fastapi.middleware.cors import CORSMiddleware
app.add_middleware(CORSMiddleware, allow_origins=["http://127.0.0.1:8001"])
"""


@pytest.mark.slow
def test_two_names_are_two_origins(home):
    """To a browser these are two origins: a page from `http://127.0.0.1:8000` cannot read an answer from `http://localhost:8000`, unless the app allows that."""
    home.laptop.serve("uvicorn browser:app")
    assert '<p id="answer">Hello</p>' in browse(home.laptop, "http://localhost:8000/page")
    assert '<p id="answer">no answer yet</p>' in browse(home.laptop, "http://127.0.0.1:8000/page")
    home.laptop.run(f"cat >> browser.py <<'END'\n{ALLOW}END")
    _let_the_page_ask(home.laptop, "localhost")
    assert '<p id="answer">Hello</p>' in browse(home.laptop, "http://127.0.0.1:8001/page")


def test_localhost_has_two_addresses(home):
    """`localhost` is a name for both loopback addresses, `127.0.0.1` and `::1`."""
    found = home.laptop.run(
        "python -c \"import socket; print(*[a[4][0] for a in socket.getaddrinfo('localhost', 8000, type=socket.SOCK_STREAM)])\""
    )
    assert sorted(found.output.split()) == ["127.0.0.1", "::1"]


def test_a_client_can_meet_another_app_at_localhost(play):
    """A client that tries `::1` first meets another app there, if one listens on it.
    When localhost is not 127.0.0.1
    """
    answers = play("localhost.console")["laptop$ python client.py"].lines
    assert answers[0] == "127.0.0.1 200 {'message': 'Hello'}"
    assert answers[1] == "localhost 200 {'message': 'I am another app'}"


def test_the_address_means_the_app(play):
    """A client that names `127.0.0.1` reaches the app all the same."""
    answers = play("localhost.console")["laptop$ python client.py"].lines
    assert answers[0] == "127.0.0.1 200 {'message': 'Hello'}"


def test_httpx_goes_on_to_127_0_0_1(home):
    """If nothing listens on `::1`, httpx goes on to `127.0.0.1` and gets its answer."""
    server = home.laptop.serve("uvicorn main:app")
    assert server.listening() == [("127.0.0.1", 8000)]
    cannot_reach(home.laptop, "http://[::1]:8000/", control=(home.laptop, OWN))
    assert home.laptop.run("python client.py").lines[1] == "localhost 200 {'message': 'Hello'}"


@pytest.mark.slow
def test_the_host_localhost(home):
    """`--host localhost` listens on both addresses; with `--reload`, on `127.0.0.1` alone."""
    server = home.laptop.serve("uvicorn main:app --host localhost")
    assert server.listening() == [("127.0.0.1", 8000), ("::1", 8000)]
    server.end()
    server = home.laptop.serve("uvicorn main:app --host localhost --reload")
    assert server.listening() == [("127.0.0.1", 8000)]
    cannot_reach(home.laptop, "http://[::1]:8000/", control=(home.laptop, OWN))

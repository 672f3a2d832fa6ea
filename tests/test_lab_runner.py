"""Transcripts that are run for real: those that must fail, word for word, and those that work."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import play, terminal, transcript, zygote
from lab.errors import LabError
from lab.network import PLANS
from lab.runner import Network
from lab.terminal import Terminal
from lab.zygote import ROOT

# Those that wait for Ctrl+C look up now and then: it may come just before they begin to wait.
PROGRAMS = {
    # Answers each request with a text, and says who asked.
    "serve.py": """
        import socket, sys
        address, port, text = sys.argv[1:]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = socket.create_server((address, int(port)), family=family)
        print("ready", flush=True)
        while True:
            connection, (client, *_) = server.accept()
            with connection:
                connection.sendall(text.encode())
            print("asked by", client, flush=True)
        """,
    "ask.py": """
        import socket, sys
        with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
            print(connection.makefile().read())
        """,
    # Ends after one request, with the status that it is given.
    "once.py": """
        import os, socket, sys
        server = socket.create_server(("127.0.0.1", 8000))
        print("ready", flush=True)
        connection, _ = server.accept()
        connection.sendall(str(os.getpid()).encode())
        print("bye", flush=True)
        sys.exit(int(sys.argv[1]))
        """,
    # Lets it end, and ends itself when the kernel has forgotten it.
    "bury.py": """
        import os, select, socket
        with socket.create_connection(("127.0.0.1", 8000)) as connection:
            pid = connection.makefile().read()
        while os.path.exists(f"/proc/{pid}"):
            select.select([], [], [], 0.005)
        """,
    "bound.py": """
        import signal, socket
        bound = socket.socket()
        bound.bind(("127.0.0.1", 8000))
        print("bound", flush=True)
        signal.pause()
        """,
    "deaf.py": """
        import signal, socket
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        server = socket.create_server(("127.0.0.1", 8000))
        print("ready", flush=True)
        signal.pause()
        """,
    "polite.py": """
        import signal, socket
        try:
            server = socket.create_server(("127.0.0.1", 8000))
            print("ready", flush=True)
            signal.pause()
        except KeyboardInterrupt:
            print("bye")
        """,
    "quiet.py": """
        import signal, socket
        server = socket.create_server(("127.0.0.1", 8000))
        signal.pause()
        """,
    "wordy.py": """
        import signal, socket
        print("first\\nsecond", flush=True)
        server = socket.create_server(("127.0.0.1", 8000))
        signal.pause()
        """,
    # Writes a line in two pieces.
    "pieces.py": """
        import select, signal, socket
        server = socket.create_server(("127.0.0.1", 8000))
        print("Hel", end="", flush=True)
        select.select([], [], [], 0.2)
        print("lo", flush=True)
        signal.pause()
        """,
    # Has no terminal any more, as a daemon has none.
    "daemon.py": """
        import os, socket
        for stream in range(3):
            os.close(stream)
        server = socket.create_server(("127.0.0.1", 8000))
        while True:
            connection, _ = server.accept()
            connection.sendall(b"hello")
            connection.close()
        """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a page, with every program."""
    made = tmp_path / "page"
    made.mkdir()
    for name, text in PROGRAMS.items():
        (made / name).write_text(textwrap.dedent(text).lstrip())
    return made


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of a second; they are default arguments, bound when the module was read."""
    for method in (Terminal.wait_end, Terminal.wait_listening):
        monkeypatch.setattr(method, "__defaults__", (1.0,))
    monkeypatch.setattr(terminal, "SETTLE", 0.2)


@pytest.fixture
def home() -> Iterator[Network]:
    with Network(PLANS["home"]) as network:
        yield network


def block(text: str) -> str:
    return textwrap.dedent(text).removeprefix("\n")


def check(folder: Path, text: str) -> list[transcript.Outcome]:
    """Run a transcript and raise what `python -m lab check` prints first."""
    script = transcript.parse(block(text), "x.console")
    outcomes = play.run(script, folder)
    for outcome in outcomes:
        if not transcript.agrees(outcome):
            raise transcript.mismatch(script.path, outcome)
    return outcomes


def error(folder: Path, text: str) -> str:
    with pytest.raises(LabError) as raised:
        check(folder, text)
    return str(raised.value)


# -- transcripts that cannot be run ---------------------------------------------------------------


def test_a_host_that_does_not_exist(folder):
    assert error(folder, "laptop$ true\ntablet$ ls\nx\n") == block("""
        x.console:2: the network home has no host called tablet
          hosts:  laptop, phone, desktop
          remedy: use one of these hosts, or begin the transcript with `# network: NAME`""")


def test_a_network_that_does_not_exist(folder):
    assert error(folder, "# network: cafe\nlaptop$ ls\nx\n") == block("""
        x.console:1: there is no network called cafe
          networks: home, two-networks, internet, container""")


def test_the_network_need_not_stand_in_the_first_line(folder):
    assert error(folder, "\n\n\n# network: cafe\nlaptop$ ls\nx\n").startswith("x.console:3: ")


def test_no_steps(folder):
    assert error(folder, "# network: home\n") == block("""
        x.console: no steps: this transcript runs nothing
          remedy: add a step""")


def test_nothing_compared(folder):
    assert error(folder, "laptop$ ls\n...\n") == block("""
        x.console: this transcript compares nothing
          remedy: python -m lab record x.console""")


def test_a_program_that_does_not_exist(folder):
    assert error(folder, "laptop$ true\nphone$ nonesuch --version\n1.0\n") == block("""
        x.console:2: a program of this step is not on this machine
          step:   phone$ nonesuch --version
          output: bash: line 1: nonesuch: command not found
          remedy: install it; README.md lists the system packages that the lab runs""")


def test_a_program_that_does_not_exist_in_a_pipe(folder):
    assert error(folder, "phone$ true | nonesuch\n1.0\n") == block("""
        x.console:1: a program of this step is not on this machine
          step:   phone$ true | nonesuch
          output: bash: line 1: nonesuch: command not found
          remedy: install it; README.md lists the system packages that the lab runs""")


def test_exit_status_127_may_be_what_is_shown(folder):
    check(folder, "laptop$ nonesuch\nbash: line 1: nonesuch: command not found\n[exit 127]\n")


def test_a_server_that_never_accepts(folder, hurry):
    assert error(folder, "laptop$ python bound.py\nbound\n") == block("""
        x.console:1: after 1 s this server has a socket but accepts no connections
          step:   laptop$ python bound.py
          host:   laptop
          output: bound
          remedy: let it end, or let it listen""")


def test_a_step_that_does_not_end(folder, hurry):
    assert error(folder, "laptop$ true\nlaptop$ echo a; cat\na\n") == block("""
        x.console:2: after 1 s this command has neither ended nor accepted connections
          step:   laptop$ echo a; cat
          host:   laptop
          output: a
          remedy: let it end, or let it listen""")


def test_a_server_that_does_not_mind_ctrl_c(folder, hurry):
    """It did accept connections, so the error says no more than that it has not ended."""
    text = "laptop$ python deaf.py\nready\nlaptop (python deaf.py): ^C\n"
    assert error(folder, text) == block("""
        x.console:3: after 1 s this command has not ended
          step:   laptop (python deaf.py): ^C
          host:   laptop
          output: ready
          remedy: let it end""")


def test_a_server_that_dies_before_it_accepts(folder):
    text = "laptop$ python serve.py 192.0.2.1 8000 x\nready\n"
    assert error(folder, text).startswith(
        block("""
        x.console:1: `laptop$ python serve.py 192.0.2.1 8000 x` did something else
          expected: exit 0
          actual:   exit 1
          output:   - ready
                    + Traceback (most recent call last):
        """)
    )


def test_a_server_that_dies_unshown(folder):
    text = """
        laptop$ python once.py 3
        ready
        laptop$ python bury.py
        """
    assert error(folder, text) == block("""
        x.console:1: this server ended with exit status 3, and no step says so
          step:   laptop$ python once.py 3
          log:    ready
                  bye
          remedy: show its end: `laptop (python once.py 3): ^C`, or keep it alive""")


def test_a_server_that_dies_behind_hidden_output(folder):
    text = """
        laptop$ python once.py 0
        ...
        laptop$ python bury.py; echo gone
        gone
        """
    assert error(folder, text).startswith("x.console:1: this server ended with exit status 0, and")


def test_ctrl_c_for_a_server_that_has_died(folder):
    """A key that nobody heard did not end the server."""
    text = """
        laptop$ python once.py 0
        ready
        laptop$ python bury.py
        laptop (python once.py 0): ^C
        bye
        """
    assert error(folder, text).startswith(
        "x.console:4: this command has ended, so there is nothing to return to\n"
    )


def test_ctrl_c_for_a_server_whose_end_was_seen(folder):
    text = """
        laptop$ python once.py 0
        ready
        laptop$ python bury.py
        laptop (python once.py 0):
        bye
        laptop (python once.py 0): ^C
        """
    assert error(folder, text).startswith(
        "x.console:6: this command has ended, so there is nothing to return to\n"
    )


def test_a_return_to_an_ended_command(folder):
    text = """
        laptop$ python polite.py
        ready
        laptop (python polite.py): ^C
        bye
        laptop (python polite.py):
        """
    assert error(folder, text) == block("""
        x.console:5: this command has ended, so there is nothing to return to
          step: laptop (python polite.py):""")


def test_a_return_to_a_command_that_never_stayed(folder):
    assert error(folder, "laptop$ echo a\na\nlaptop (echo a): ^C\n") == block("""
        x.console:3: this command has ended, so there is nothing to return to
          step: laptop (echo a): ^C""")


def test_output_that_differs(folder):
    text = """
        # network: home
        laptop$ python serve.py 192.168.1.100 8000 hello
        ready
        phone$ python ask.py 192.168.1.100 8000
        hallo
        """
    assert error(folder, text) == block("""
        x.console:4: `phone$ python ask.py 192.168.1.100 8000` did something else
          output: - hallo
                  + hello
          remedy: python -m lab record x.console, or mend what it runs""")


def test_output_of_a_server_that_differs(folder, hurry):
    text = "laptop$ python serve.py 127.0.0.1 8000 hello\nsteady\n"
    assert error(folder, text) == block("""
        x.console:1: `laptop$ python serve.py 127.0.0.1 8000 hello` did something else
          output: - steady
                  + ready
          remedy: python -m lab record x.console, or mend what it runs""")


def test_a_status_that_differs(folder):
    assert error(folder, "laptop$ exit 4\n[exit 3]\n") == block("""
        x.console:1: `laptop$ exit 4` did something else
          expected: exit 3
          actual:   exit 4
          output:   (none)
          remedy:   python -m lab record x.console, or mend what it runs""")


def test_a_server_that_should_have_ended(folder, hurry):
    assert error(folder, "laptop$ python polite.py\nready\n[exit 3]\n") == block("""
        x.console:1: `laptop$ python polite.py` did something else
          expected: exit 3
          actual:   still running
          output:     ready
          remedy:   python -m lab record x.console, or mend what it runs""")


def test_the_end_of_a_server_that_is_not_shown(folder):
    """A server that failed while it was asked is no server that only printed something."""
    text = """
        laptop$ python once.py 3
        ready
        laptop$ python bury.py
        laptop (python once.py 3):
        bye
        """
    assert error(folder, text) == block("""
        x.console:4: `laptop (python once.py 3):` did something else
          expected: exit 0
          actual:   exit 3
          output:     bye
          remedy:   python -m lab record x.console, or mend what it runs""")


# -- transcripts that work ------------------------------------------------------------------------


def test_several_terminals_of_one_host(folder):
    """Each keeps its own output, and a return goes to the one that it names."""
    outcomes = check(
        folder,
        """
        laptop$ python serve.py 127.0.0.1 8000 one
        ready
        laptop$ python serve.py 127.0.0.1 8001 two
        ready
        laptop$ python ask.py 127.0.0.1 8001
        two
        laptop$ python ask.py 127.0.0.1 8000
        one
        laptop (python serve.py 127.0.0.1 8001 two):
        asked by 127.0.0.1
        laptop (python serve.py 127.0.0.1 8000 one):
        asked by 127.0.0.1
        laptop$ python ask.py 127.0.0.1 8000
        one
        laptop (python serve.py 127.0.0.1 8000 one):
        asked by 127.0.0.1
        """,
    )
    assert [outcome.status for outcome in outcomes] == [None, None, 0, 0, None, None, 0, None]


def test_ctrl_c_ends_a_server_and_frees_its_port(folder):
    outcomes = check(
        folder,
        """
        laptop$ python polite.py
        ready
        laptop (python polite.py): ^C
        bye
        laptop$ python polite.py
        ready
        laptop (python polite.py): ^C
        bye
        """,
    )
    assert [outcome.status for outcome in outcomes] == [None, 0, None, 0]


def test_ctrl_c_ends_a_program_that_has_no_answer_to_it(folder, hurry):
    check(
        folder,
        """
        laptop$ python quiet.py
        laptop (python quiet.py): ^C
        Traceback (most recent call last):
        ...
        [exit 130]
        laptop$ true
        """,
    )


def test_a_server_shows_its_end(folder):
    check(
        folder,
        """
        laptop$ python once.py 3
        ready
        laptop$ python bury.py
        laptop (python once.py 3):
        bye
        [exit 3]
        """,
    )


def test_a_server_is_compared_only_where_it_is_shown(folder):
    check(
        folder,
        """
        laptop$ python serve.py 127.0.0.1 8000 hello
        ready
        laptop$ python ask.py 127.0.0.1 8000 && python ask.py 127.0.0.1 8000
        hello
        hello
        """,
    )


def test_what_a_server_printed_beyond_what_is_shown_comes_with_a_return(folder):
    check(
        folder,
        """
        laptop$ python wordy.py
        first
        laptop (python wordy.py):
        second
        """,
    )


def test_a_server_that_prints_nothing(folder, hurry):
    check(folder, "laptop$ python quiet.py\nlaptop$ echo a\na\n")


def test_a_line_is_awaited_to_its_end(folder):
    check(folder, "laptop$ python pieces.py\nHello\n")


def test_a_file_edited_between_two_steps(folder):
    """An edit of the same length, at the same time, is seen all the same."""
    (folder / "main.py").write_text("import text")
    (folder / "text.py").write_text("print('one')")
    os.utime(folder / "text.py", (0, 0))
    check(
        folder,
        """
        laptop$ python main.py
        one
        laptop$ sed -i s/one/two/ text.py && touch --date=@0 text.py
        laptop$ python main.py
        two
        """,
    )


def test_the_folder_of_a_transcript_is_copied(tmp_path):
    """Each host has a copy of its own, without transcripts and caches; the original stays."""
    for name in ("main.py", "text", "x.console"):
        (tmp_path / name).touch()
    (tmp_path / "__pycache__").mkdir()
    check(
        tmp_path,
        """
        laptop$ ls && rm text && echo a > new
        main.py  text
        laptop$ ls
        main.py  new
        phone$ ls
        main.py  text
        """,
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        "main.py", "text", "x.console", "__pycache__",
    }  # fmt: skip


def test_a_transcript_of_the_folder_that_one_is_in(folder, monkeypatch):
    """The process that copies is in another one."""
    (folder / "page" / "deep").mkdir(parents=True)
    for where, shown in ((folder, "page"), (folder / "page", "deep")):
        monkeypatch.chdir(where)
        check(Path(), f"laptop$ basename $PWD; ls --directory */\n{where.name}\n{shown}/\n")


def test_what_cannot_be_copied(folder):
    (folder / "sub").mkdir()
    (folder / "sub" / "old").symlink_to("gone")
    text = f"""
        {folder}/sub/old: this cannot be copied to a host
          answer: [Errno 2] No such file or directory
          remedy: mend or remove it: what lies beside a transcript is copied with it"""
    assert error(folder, "laptop$ ls\nx\n") == block(text)
    assert error(folder / "none", "laptop$ ls\nx\n") == block(f"""
        {folder}/none: this cannot be copied to a host
          answer: No such file or directory
          remedy: mend or remove it: what lies beside a transcript is copied with it""")


COVERED = r"""
import sys
from pathlib import Path
from lab import play, transcript

script = transcript.parse("laptop$ cat text\na\n", "x.console")
print(play.run(script, Path(sys.argv[1]))[0].output)
"""


def test_a_folder_that_the_homes_of_hosts_cover(home):
    """They lie in a tmpfs, which hides what the machine has there: here, a host of the lab."""
    folder = home.laptop.folder
    made = home.laptop.run(f"mkdir page; echo a > page/text; printf %s '{COVERED}' > run.py")
    assert made.status == 0
    python = f"PYTHONPATH={ROOT} {sys.executable}"
    ran = home.laptop.run(f"cd /; {python} {folder}/run.py {folder}/page")
    assert ran.output == "['a']"


def test_every_host_has_a_tmp_of_its_own(home, tmp_path):
    """Nothing of the machine's is there but what a command needs, and nothing gets there."""
    name = f"/tmp/lab-{os.getpid()}"
    left = home.laptop.run(f"echo a > {name}; mktemp --directory --tmpdir; cat {name}")
    assert (left.status, left.lines[1:]) == (0, ["a"])
    assert home.phone.run(f"cat {name}").status == 1
    assert not os.path.exists(name)
    assert not os.path.exists(left.lines[0])
    assert home.laptop.run("stat --format %a /tmp").lines == ["1777"]
    assert home.laptop.run(f"test -e {tmp_path}").status == 1


def test_a_repository_below_tmp_stays_where_it_is(tmp_path):
    """Programs there may be asked for by name, and a network that is reset has it still."""
    shutil.copytree(ROOT / "lab", tmp_path / "lab")
    program = f"""
from lab.network import PLANS
from lab.runner import Network

with Network(PLANS["home"]) as network:
    for _ in range(2):
        print(network.laptop.run("ls {tmp_path}; ls /tmp; touch /tmp/x; mkdir /tmp/y").lines)
        network.reset()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    first, second = ended.stdout.splitlines()
    assert first == second
    assert first.startswith("['lab', ")
    assert "'x'" not in first


def test_root_has_capabilities_and_a_user_has_none(folder):
    """Both are the user `you`; only capabilities tell them apart."""
    check(
        folder,
        """
        laptop$ id --user --name; grep CapEff /proc/self/status
        you
        CapEff:\t0000000000000000
        laptop# id --user --name; nft add table inet shop && nft list tables
        you
        table inet shop
        laptop$ nft list tables
        Operation not permitted (you must be root)
        netlink: Error: cache initialization failed: Operation not permitted
        [exit 1]
        laptop$ python serve.py 127.0.0.1 80 hello
        ...
        [exit 1]
        laptop# python serve.py 127.0.0.1 80 hello
        ready
        laptop$ python ask.py 127.0.0.1 80
        hello
        phone# nft list tables
        """,
    )


def test_names_come_from_the_hosts_file(folder):
    check(
        folder,
        """
        # network: two-networks
        laptop$ hostname; cat /etc/hosts
        laptop
        127.0.0.1 localhost
        ::1 localhost ip6-localhost ip6-loopback
        192.168.1.100 laptop
        10.8.0.5 laptop
        192.168.1.50 phone
        10.8.0.7 colleague
        phone$ hostname; getent hosts colleague
        phone
        10.8.0.7        colleague
        phone$ getent hosts example.com
        [exit 2]
        phone$ python serve.py phone 8000 hello
        ready
        laptop$ python ask.py phone 8000
        hello
        """,
    )


def test_ipv4_and_ipv6(folder):
    check(
        folder,
        """
        laptop$ python serve.py 192.168.1.100 8000 four
        ready
        laptop$ python serve.py 2001:db8:1::100 8000 six
        ready
        phone$ python ask.py 192.168.1.100 8000; python ask.py 2001:db8:1::100 8000
        four
        six
        laptop (python serve.py 192.168.1.100 8000 four):
        asked by 192.168.1.50
        laptop (python serve.py 2001:db8:1::100 8000 six):
        asked by 2001:db8:1::50
        """,
    )


def test_language_time_zone_and_terminal_are_fixed(folder, monkeypatch):
    for name, value in {"LANG": "de_DE", "TZ": "Asia/Tokyo", "COLUMNS": "9", "SECRET": "1"}.items():
        monkeypatch.setenv(name, value)
    check(
        folder,
        """
        laptop$ echo $LANG $TZ $TERM ${COLUMNS-none} ${SECRET-none} ${PYTHONPATH-none}; stty size
        C.UTF-8 UTC xterm none none none
        40 80
        """,
    )


def test_two_transcripts_have_the_same_port_at_the_same_time(folder, request):
    """Each goes on only when the server of the other is up."""
    meeting = tempfile.mkdtemp(dir="/var/tmp")  # hosts of two networks share no /tmp
    request.addfinalizer(lambda: shutil.rmtree(meeting))
    mine, theirs = f"{meeting}/mine", f"{meeting}/theirs"
    os.mkfifo(mine)
    os.mkfifo(theirs)
    script = """
        laptop$ python serve.py 0.0.0.0 8000 {0}
        ready
        laptop$ {1}
        go
        phone$ python ask.py 192.168.1.100 8000
        {0}
        """
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(check, folder, script.format("one", f"echo go > {mine}; cat {theirs}"))
        second = pool.submit(check, folder, script.format("two", f"cat {mine}; echo go > {theirs}"))
        assert [len(first.result()), len(second.result())] == [3, 3]


# -- terminals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("printf 'no end of line'", ["no end of line"]),
        (r"printf 'a\377b\n'", ["a\ufffdb"]),
        (r"printf '\033[31mred\033[0m\n'", ["red"]),
        ("seq 100000", [str(number) for number in range(1, 100001)]),
        ("echo out; echo err >&2", ["out", "err"]),
        ("test -t 0 && test -t 1 && test -t 2 && echo terminal", ["terminal"]),
        ("stty echo opost; echo a", ["a"]),
    ],
)
def test_what_a_terminal_shows(home, command, lines):
    result = home.laptop.run(command)
    assert (result.status, result.lines) == (0, lines)


def test_a_server_may_close_its_terminal(folder):
    check(
        folder,
        """
        laptop$ python daemon.py
        ...
        laptop$ python ask.py 127.0.0.1 8000
        hello
        """,
    )


def test_a_terminal_tells_its_colours(home):
    """A program that asks gets an answer; `fastapi dev` waits for it."""
    question = r"stty raw; printf '\033]11;?\033\\'; head --bytes=25 | tr -d '\033'"
    assert home.laptop.run(question).lines == ["]11;rgb:0000/0000/0000\\"]


def test_a_reader_that_has_enough_ends_the_writer(home):
    """The writer gets SIGPIPE, as in every shell, and says nothing."""
    assert home.laptop.run("yes | head --lines=1").lines == ["y"]


@pytest.mark.parametrize("command", ["python polite.py", "nice python polite.py"])
def test_ctrl_c_works_where_the_caller_ignores_it(folder, hurry, monkeypatch, command):
    """A shell lets its background commands ignore SIGINT; what the lab runs does not."""
    monkeypatch.setattr(zygote, "_zygote", None)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        check(folder, f"laptop$ {command}\nready\nlaptop ({command}): ^C\nbye\n")
    finally:
        signal.signal(signal.SIGINT, before)
        end(zygote._zygote)


def end(started: zygote.Zygote) -> None:
    """End a zygote that a test has started beside the one of this process."""
    started._control.close()
    started.process.wait(timeout=5)


# -- hosts, as proofs use them --------------------------------------------------------------------


def test_serve_shows_the_log_of_a_server_that_ended(home):
    with pytest.raises(LabError) as raised:
        home.laptop.serve("echo no; exit 3")
    assert str(raised.value) == block("""
        echo no; exit 3: this server ended with exit status 3 before it accepted
          log: no""")


def test_serve_says_that_the_log_is_empty(home):
    with pytest.raises(LabError) as raised:
        home.laptop.serve("false")
    assert str(raised.value) == block("""
        false: this server ended with exit status 1 before it accepted
          log: (empty)""")


def test_run_has_a_deadline(home):
    with pytest.raises(LabError) as raised:
        home.phone.run("echo a; cat", deadline=0.3)
    assert str(raised.value) == block("""
        echo a; cat: after 0.3 s this command has not ended
          host:   phone
          output: a
          remedy: let it end""")


def test_the_deadline_holds_for_a_command_that_prints_on(home, monkeypatch):
    monkeypatch.setattr(terminal, "MOST", 1e12)  # a fast machine reaches 10 MB before
    start = time.monotonic()
    with pytest.raises(LabError) as raised:
        home.laptop.run("timeout 15 yes", deadline=0.3)
    assert time.monotonic() - start < 5
    what, *facts = str(raised.value).splitlines()
    assert what == "timeout 15 yes: after 0.3 s this command has not ended"
    assert facts[:3] == ["  host:   laptop", "  output: […]", "          y"]
    assert len(facts) < 60


def test_there_is_an_end_to_what_is_kept_of_the_output(home, monkeypatch):
    monkeypatch.setattr(terminal, "MOST", 200_000)
    monkeypatch.setattr(terminal, "LAST", 2)
    with pytest.raises(LabError) as raised:
        home.laptop.run("timeout 15 seq 1000000000")
    what, *facts = str(raised.value).splitlines()
    assert what == "timeout 15 seq 1000000000: this command printed more than 0.2 MB"
    assert facts[1] == "  output: […]"
    assert len(facts) == 5


def test_one_look_takes_all_that_was_printed_before_it(home):
    printing = home.laptop.start("printf %8000s | tr ' ' x; touch done; cat")
    home.laptop.run("until test -e done; do sleep 0.01; done")
    assert printing.lines() == ["x" * 8000]


def test_the_kernel_says_where_a_server_listens(folder, home):
    home.laptop.copy(folder)
    server = home.laptop.serve("python serve.py :: 8000 hello")
    assert server.listening() == [("::", 8000)]
    server.kill(signal.SIGTERM)
    server.wait_end()
    assert server.listening() == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGHUP"])
def test_a_signal_gives_the_status_that_a_shell_gives(home, name):
    number = signal.Signals[name]
    assert home.laptop.run(f"kill -{number} $$").status == 128 + number


def test_a_signal_for_a_command_that_has_ended_reaches_nobody(home):
    ended = home.laptop.start("true")
    ended.wait_end()
    ended.kill(signal.SIGTERM)
    ended.kill_session(signal.SIGTERM)
    home.laptop.start("cat").kill(signal.SIGKILL)
    assert home.laptop.run("echo still here").output == "still here"


def test_a_network_outlives_the_thread_that_opened_it(monkeypatch):
    """The first network of a process starts the zygote, and the zygote must stay."""
    monkeypatch.setattr(zygote, "_zygote", None)
    opened = []
    thread = threading.Thread(target=lambda: opened.append(Network(PLANS["home"])))
    thread.start()
    thread.join()
    started = zygote._zygote
    try:
        with opened[0] as network:
            assert network.laptop.run("sleep 0.1; echo a").lines == ["a"]
        assert started.process.poll() is None
    finally:
        end(started)


def test_a_network_that_is_reset_has_nothing_of_its_commands(folder, home):
    """No process, no port, no file and no terminal of a command is left."""
    home.laptop.copy(folder)
    server = home.laptop.serve("python serve.py 0.0.0.0 8000 hello")
    hidden = home.laptop.start("(trap '' HUP TERM; setsid sleep 99) & sleep 99")
    home.phone.run(
        "echo mine > left.txt; mkdir /tmp/left; touch /tmp/left/a /tmp/b; ln -s b /tmp/c"
    )
    home.reset()
    assert home.terminals == []
    for ended in (server, hidden):
        assert ended.descriptors == []
    _keeper, *others = home.laptop.run("ps -e -o comm=").lines
    assert others == ["ps"]
    assert home.laptop.run("ss -ltn").lines[1:] == []
    for host in home.hosts.values():
        assert host.run("pwd; ls -A").lines == [f"{home.scratch}/{host.name}"]
    assert home.phone.run("ls -d /tmp/left /tmp/b /tmp/c 2> /dev/null").lines == []
    assert home.is_pristine


def test_a_network_that_may_be_changed_is_not_reset(home):
    home.laptop.run("ip link set wlan0 down", root=True)
    assert not home.is_pristine
    with pytest.raises(AssertionError, match="a privileged command may have changed"):
        home.reset()

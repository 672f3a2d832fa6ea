"""Transcripts as text: what they say, what agrees with them, what a record writes."""

import pickle
import textwrap
from pathlib import Path

import pytest

from lab.errors import LabError, Malformed, Mismatch
from lab.placeholders import PLACEHOLDERS, matches
from lab.transcript import (
    Outcome,
    Step,
    Transcript,
    agrees,
    clean,
    load,
    mismatch,
    parse,
    recorded,
)

PATH = "snippets/page/x.console"
Printed = str | tuple[str, int | None]


def block(text: str) -> str:
    """A text as it stands in this file, without its margin and its first line break."""
    return textwrap.dedent(text).removeprefix("\n")


def read(text: str) -> Transcript:
    return parse(block(text), PATH)


def only(text: str) -> Step:
    (step,) = parse(block(text), PATH, strict=False).steps
    return step


def outcomes(script: Transcript, printed: tuple[Printed, ...]) -> list[Outcome]:
    """What the steps did: their output, or a pair of output and exit status."""
    pairs = [(p, 0) if isinstance(p, str) else p for p in printed]
    return [
        Outcome(step, clean(block(text)), status)
        for step, (text, status) in zip(script.steps, pairs, strict=True)
    ]


def record(text: str, *printed: Printed) -> str:
    script = parse(block(text), PATH, strict=False)
    return recorded(script, outcomes(script, printed))


def error(text: str) -> str:
    with pytest.raises(Malformed) as raised:
        read(text)
    return str(raised.value)


def difference(text: str, printed: Printed) -> str:
    (outcome,) = outcomes(parse(block(text), PATH), (printed,))
    assert not agrees(outcome)
    return str(mismatch(PATH, outcome))


# -- steps ----------------------------------------------------------------------------------------


def test_a_step_is_a_prompt_a_command_and_its_output():
    step = only("""
        laptop$ curl http://127.0.0.1:8000/
        {"message":"Hello"}
        """)
    assert step == Step(
        host="laptop",
        command="curl http://127.0.0.1:8000/",
        line=1,
        output=['{"message":"Hello"}'],
        last_line=2,
    )
    assert step.prompt == "laptop$ curl http://127.0.0.1:8000/"


def test_a_number_sign_is_the_prompt_of_root():
    step = only("laptop# nft list ruleset")
    assert step == Step("laptop", "nft list ruleset", 1, root=True, last_line=1)
    assert step.prompt == "laptop# nft list ruleset"


def test_a_return_names_a_command_that_runs():
    _, step = read("""
        laptop$ python main.py
        ready
        laptop (python main.py):
        bye
        """).steps
    assert step == Step("laptop", "python main.py", 3, returns=True, output=["bye"], last_line=4)
    assert step.prompt == "laptop (python main.py):"


def test_a_return_may_press_ctrl_c():
    _, step = read("""
        laptop$ python main.py
        ready
        laptop (python main.py): ^C
        """).steps
    assert (step.returns, step.key, step.output) == (True, "^C", [])
    assert step.prompt == "laptop (python main.py): ^C"


@pytest.mark.parametrize("command", ["python -c 'f(1)(2)'", "python -c 'f(g(1))'"])
def test_a_return_may_name_a_command_with_parentheses(command):
    _, step = read(f"laptop$ {command}\nready\nlaptop ({command}): ^C\n").steps
    assert (step.command, step.key) == (command, "^C")


def test_an_exit_status_ends_a_step():
    step = only("""
        phone$ curl http://192.168.1.100:8000/
        curl: (7) Failed to connect
        [exit 7]
        """)
    assert (step.status, step.output, step.last_line) == (7, ["curl: (7) Failed to connect"], 3)


def test_three_dots_hide_the_rest():
    step = only("""
        laptop$ python main.py
        first
        ...
        """)
    assert (step.shows_rest, step.output, step.last_line) == (False, ["first"], 3)


def test_an_exit_status_may_follow_three_dots():
    step = only("""
        laptop$ python main.py
        ...
        [exit 3]
        """)
    assert (step.shows_rest, step.status, step.output, step.last_line) == (False, 3, [], 3)


def test_the_first_line_picks_the_network():
    script = read("""
        # network: internet
        router$ true
        x
        """)
    assert (script.path, script.network) == (PATH, "internet")
    assert [step.line for step in script.steps] == [2]


def test_the_network_is_home_unless_it_is_named():
    assert read("laptop$ true\nx\n").network == "home"


def test_blank_lines_separate_steps():
    """Blank lines count as output only where output follows them."""
    first, second = read("""

        laptop$ one

        a

        b


        phone$ two
        c

        """).steps
    assert (first.line, first.output, first.last_line) == (2, ["", "a", "", "b"], 6)
    assert (second.line, second.output, second.last_line) == (9, ["c"], 10)


@pytest.mark.parametrize("end", ["...", "[exit 7]"])
def test_a_blank_line_may_follow_any_end_of_a_step(end):
    first, second = read(f"laptop$ one\nx\n{end}\n\nphone$ two\n").steps
    assert (first.output, first.last_line, second.line) == (["x"], 3, 5)


@pytest.mark.parametrize(
    "line",
    [
        "Laptop$ ls",
        "laptop $ ls",
        " laptop$ ls",
        "laptop$",
        "laptop$ls",
        "1laptop$ ls",
        "price$5",
        "laptop (python main.py)",
        "laptop():",
        "# network: internet",
        "# a comment",
        "....",
        " ...",
        "[exit]",
        "[exit soon]",
        " [exit 1]",
        "[PATH]",
        "^C",
    ],
)
def test_what_only_looks_like_a_sign_is_output(line):
    step = only(f"laptop$ cat notes\n{line}\nlast\n")
    assert (step.output, step.status, step.shows_rest) == ([line, "last"], 0, True)


def test_spaces_at_the_end_of_a_line_are_no_output():
    assert only("laptop$ ls\na  \n \t\n").output == ["a"]


def test_windows_line_ends_read_the_same():
    assert (
        read("laptop$ one\r\na\r\n\r\nphone$ two\r\n").steps
        == read("laptop$ one\na\n\nphone$ two\n").steps
    )


# -- errors of a file -----------------------------------------------------------------------------


def test_a_file_that_does_not_exist(tmp_path):
    with pytest.raises(Malformed) as raised:
        load(tmp_path / "x.console", PATH)
    assert str(raised.value) == "snippets/page/x.console: there is no such transcript"


def test_a_file_is_called_by_its_path_unless_it_has_a_name(tmp_path):
    path = tmp_path / "x.console"
    with pytest.raises(Malformed) as raised:
        load(path)
    assert str(raised.value) == f"{path}: there is no such transcript"


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "x.console"
    path.write_bytes(b"laptop$ ls\n\xff\n")
    with pytest.raises(Malformed) as raised:
        load(path, PATH)
    assert str(raised.value) == (
        "snippets/page/x.console: this is not UTF-8 text (invalid start byte)"
    )


def test_a_file_is_utf_8_whatever_the_locale(tmp_path: Path):
    path = tmp_path / "x.console"
    path.write_bytes("laptop$ echo →\n→\n".encode())
    assert load(path, PATH).steps[0].output == ["→"]


def test_a_line_before_the_first_step():
    assert error("""

        Laptop$ ls
        """) == block("""
        snippets/page/x.console:2: this line comes before the first step
          line:   Laptop$ ls
          remedy: begin a step with a prompt, such as `laptop$ curl http://127.0.0.1:8000/`""")


@pytest.mark.parametrize("text", ["", "\n\n", "# network: home\n"])
def test_no_steps(text):
    assert error(text) == block("""
        snippets/page/x.console: no steps: this transcript runs nothing
          remedy: add a step""")


def test_nothing_compared():
    assert error("""
        laptop$ python main.py
        ...
        laptop$ true
        """) == block("""
        snippets/page/x.console: this transcript compares nothing
          remedy: python -m lab record snippets/page/x.console""")


def test_an_exit_status_alone_is_something_to_compare():
    assert read("laptop$ false\n[exit 1]\n").steps[0].status == 1


def test_a_key_that_does_not_exist():
    assert error("""
        laptop$ python main.py
        ready
        laptop (python main.py): ^D
        """) == block("""
        snippets/page/x.console:3: no key is called ^D
          keys: ^C""")


def test_a_return_to_what_nothing_started():
    assert error("""
        laptop$ python main.py
        ready
        phone$ ls
        laptop (uvicorn main:app):
        """) == block("""
        snippets/page/x.console:4: nothing above runs `uvicorn main:app` on laptop
          started: laptop (python main.py), phone (ls)
          remedy:  put the whole command of an earlier step between the parentheses""")


def test_a_return_to_a_command_of_another_host():
    assert error("""
        laptop$ python main.py
        ready
        phone (python main.py): ^C
        """) == block("""
        snippets/page/x.console:3: nothing above runs `python main.py` on phone
          started: laptop (python main.py)
          remedy:  put the whole command of an earlier step between the parentheses""")


def test_a_return_before_the_first_step():
    assert error("laptop (python main.py):\n") == block("""
        snippets/page/x.console:1: nothing above runs `python main.py` on laptop
          started: nothing
          remedy:  put the whole command of an earlier step between the parentheses""")


def test_a_return_to_hidden_output():
    assert error("""
        # network: home

        laptop$ python main.py
        ...
        laptop (python main.py):
        bye
        """) == block("""
        snippets/page/x.console:5: line 3 hides the rest of its output, so this cannot continue it
          remedy: show all that line 3 prints""")


@pytest.mark.parametrize("end", ["...", "[exit 1]"])
def test_output_after_the_end_of_a_step(end):
    assert error(f"laptop$ ls\n{end}\nmore\n") == block("""
        snippets/page/x.console:3: this line comes after the end of a step's output
          line:   more
          remedy: `...` ends the output, `[exit N]` ends the step""")


@pytest.mark.parametrize(
    ("first", "second"), [("[exit 1]", "[exit 2]"), ("[exit 1]", "..."), ("...", "...")]
)
def test_a_second_end_of_a_step(first, second):
    assert error(f"laptop$ ls\n{first}\n{second}\n") == block(f"""
        snippets/page/x.console:3: this line comes after the end of a step's output
          line:   {second}
          remedy: `...` ends the output, `[exit N]` ends the step""")


@pytest.mark.parametrize("zero", ["0", "00"])
def test_exit_status_0_is_never_written(zero):
    assert error(f"laptop$ ls\na\n[exit {zero}]\n") == block("""
        snippets/page/x.console:3: [exit 0] is never written
          remedy: remove it""")


@pytest.mark.parametrize(
    "line", ["http://127.0.0.1:[PID]/", "[::1]:[FD]", "Failed to connect to x port [MS]"]
)
def test_a_placeholder_for_a_port_of_a_server(line):
    assert error(f"laptop$ ls\n\n{line}\n") == block(f"""
        snippets/page/x.console:3: a placeholder stands where a port stands
          line:   {line}
          remedy: write the port""")


def test_a_placeholder_for_a_port_of_a_client():
    assert only("laptop$ ls\n127.0.0.1:[PORT] - ok\n").output == ["127.0.0.1:[PORT] - ok"]


# -- what a terminal shows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("", []),
        ("\n\n", []),
        ("a\n", ["a"]),
        ("a", ["a"]),
        ("a\n\nb\n\n", ["a", "", "b"]),
        ("\na\n", ["", "a"]),
        ("  a  \n", ["  a"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("10 %\r100 %\n", ["100 %"]),
        ("\x1b[32mINFO\x1b[0m:     up\n", ["INFO:     up"]),
        ("\x1b[1;38;5;208mx\x1b[m\n", ["x"]),
        ("\x1b[?25la\x1b[2K\x1b[?25h\n", ["a"]),
        ("\x1b]8;;http://127.0.0.1:8000\x1b\\link\x1b]8;;\x1b\\\n", ["link"]),
        ("\x1b]0;title\x07a\n", ["a"]),
        ("\x1b=a\x1b>\n", ["a"]),
        ("a\tb → ü\n", ["a\tb → ü"]),
    ],
)
def test_escapes_and_ends_of_lines_are_not_shown(printed, shown):
    assert clean(printed) == shown


@pytest.mark.parametrize("command", ["true  # all is well", "#", "curl x #y"])
def test_a_comment_of_the_shell(command):
    with pytest.raises(Malformed) as raised:
        parse(f"laptop$ {command}\nx\n", PATH)
    assert str(raised.value) == block(f"""
        {PATH}:1: a command has a comment, which nobody would prove
          command: {command}
          remedy:  say it on the page""")


@pytest.mark.parametrize("command", ["sed 's#a#b#' x", "echo '# no comment'", "echo it's"])
def test_what_is_no_comment(command):
    assert parse(f"laptop$ {command}\nx\n", PATH).steps[0].command == command


# -- comparison -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("", ""),
        ("Hello", "Hello"),
        ("Started server process [PID]", "Started server process [4711]"),
        ("users:((uvicorn,pid=[PID],fd=[FD]))", "users:((uvicorn,pid=4711,fd=13))"),
        ("after [MS] ms: no", "after 0 ms: no"),
        ("127.0.0.1:[PORT] - ok", "127.0.0.1:43210 - ok"),
        ("IPv4 [DEVICE] 0t0", "IPv4 123456 0t0"),
        ("directories: ['[FOLDER]']", "directories: ['/mnt/laptop/local']"),
        ("pid=[PID] process [PID]", "pid=1 process [2]"),
        ("[PATH] a.b*c(d)", "[PATH] a.b*c(d)"),
        ("a.b*c(d) pid=[PID]", "a.b*c(d) pid=1"),
        ("COMMAND PID   NAME", "COMMAND     PID NAME"),
        ("users:  pid=[PID]  you", "users: pid=1 you"),
        ("  indented  pid=[PID]", "  indented pid=1"),
        ("Couldn't connect to server", "Could not connect to server"),
        ("Could not connect to server", "Couldn't connect to server"),
        ("after [MS] ms: Couldn't connect to server", "after 1 ms: Could not connect to server"),
    ],
)
def test_lines_that_agree(expected, actual):
    assert matches(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("Hello", "hello"),
        ("Hello", "Hello!"),
        ("Hello", ""),
        ("", "Hello"),
        ("ab", "a b"),
        ("  a", " a"),
        ("a", " a"),
        ("a b", "a\tb"),
        ("127.0.0.1:8000", "127.0.0.2:8000"),
        ("http://127.0.0.1:8000/ [PID]", "http://127a0.0.1:8000/ 1"),
        ("http://127.0.0.1:8000/ [PID]", "http://127.0.0.1:8001/ 1"),
        ("pid=[PID]", "pid="),
        ("pid=[PID]", "pid=x"),
        ("pid=[PID]", "pid=1 2"),
        ("after [MS] ms", "after 1.5 ms"),
        ("after [MS] ms", "after -1 ms"),
        ("1:[PORT] - ok", "1:8000 - ok"),
        ("1:[PORT] - ok", "1:123456 - ok"),
        ("directories: ['[FOLDER]']", "directories: ['relative/folder']"),
        # where no placeholder belongs, and under the name of another
        ("HTTP/1.1 [PID] OK", "HTTP/1.1 200 OK"),
        ("192.168.1.[FD]", "192.168.1.50"),
        ("after [PID] ms", "after 3 ms"),
        ("pid=[FD],fd=[PID]", "pid=3,fd=4"),
        ("[PID]", "1"),
        ("[PATH]", "/usr/bin"),
        ("[pid]", "1"),
        ("4711", "[PID]"),
    ],
)
def test_lines_that_differ(expected, actual):
    assert not matches(expected, actual)


@pytest.mark.parametrize(
    ("text", "printed", "result"),
    [
        ("laptop$ x\na\n", "a\n", True),
        ("laptop$ x\na\n", "a\nb\n", False),
        ("laptop$ x\na\nb\n", "a\n", False),
        ("laptop$ x\na\nb\n", "b\na\n", False),
        ("laptop$ x\n", "", True),
        ("laptop$ x\n", "a\n", False),
        ("laptop$ x\na\n\nb\n", "a\n\nb\n", True),
        ("laptop$ x\na\n\nb\n", "a\nb\n", False),
        ("laptop$ x\na\n...\n", "a\nb\nc\n", True),
        ("laptop$ x\na\n...\n", "a\n", True),
        ("laptop$ x\na\n...\n", "b\na\n", False),
        ("laptop$ x\na\n...\n", "", False),
        ("laptop$ x\n...\n", "", True),
        ("laptop$ x\n...\n", "anything\n", True),
        ("laptop$ x\n...\n", ("anything\n", 1), False),
        ("laptop$ x\n...\n[exit 1]\n", ("anything\n", 1), True),
        ("laptop$ x\na\n", ("a\n", 1), False),
        ("laptop$ x\na\n[exit 1]\n", "a\n", False),
        ("laptop$ x\na\n[exit 1]\n", ("a\n", 1), True),
        ("laptop$ x\na\n[exit 1]\n", ("a\n", 2), False),
        ("laptop$ x\na\n", ("a\n", None), True),
        ("laptop$ x\na\n[exit 1]\n", ("a\n", None), False),
    ],
)
def test_output_and_status_must_agree(text, printed, result):
    (outcome,) = outcomes(parse(text, PATH, strict=False), (printed,))
    assert agrees(outcome) is result


# -- mismatches -----------------------------------------------------------------------------------


def test_a_difference_in_output():
    text = """
        # network: home
        laptop$ python main.py
        INFO:     Started server process [PID]
        INFO:     Uvicorn running on http://127.0.0.1:8000
        """
    printed = """
        INFO:     Started server process [4711]
        INFO:     Uvicorn running on http://0.0.0.0:8000
        """
    assert difference(text, printed) == block("""
        snippets/page/x.console:2: `laptop$ python main.py` did something else
          output:   INFO:     Started server process [PID]
                  - INFO:     Uvicorn running on http://127.0.0.1:8000
                  + INFO:     Uvicorn running on http://0.0.0.0:8000
          remedy: python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_difference_in_status():
    assert difference("phone$ curl x\n[exit 7]\n", ("", 28)) == block("""
        snippets/page/x.console:1: `phone$ curl x` did something else
          expected: exit 7
          actual:   exit 28
          output:   (none)
          remedy:   python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_difference_in_both():
    assert difference("phone# curl x\na\n", ("b\n", 1)) == block("""
        snippets/page/x.console:1: `phone# curl x` did something else
          expected: exit 0
          actual:   exit 1
          output:   - a
                    + b
          remedy:   python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_command_that_should_have_ended():
    assert difference("laptop$ python main.py\na\n[exit 3]\n", ("a\n", None)) == block("""
        snippets/page/x.console:1: `laptop$ python main.py` did something else
          expected: exit 3
          actual:   still running
          output:     a
          remedy:   python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_difference_in_a_return():
    script = read("laptop$ python main.py\na\nlaptop (python main.py): ^C\nbye\n")
    outcome = outcomes(script, ("a\n", "a\n"))[1]
    assert str(mismatch(PATH, outcome)) == block("""
        snippets/page/x.console:3: `laptop (python main.py): ^C` did something else
          output: - bye
                  + a
          remedy: python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_difference_shows_nothing_of_the_hidden_rest():
    assert difference("laptop$ x\na\n...\n", "b\nc\nd\n") == block("""
        snippets/page/x.console:1: `laptop$ x` did something else
          output: - a
                  + b
          remedy: python -m lab record snippets/page/x.console, or mend what it runs""")


def test_a_difference_shows_lines_that_agree_as_such():
    """Padding beside a placeholder and the spelling of a message are no difference."""
    text = "laptop$ ss -ltn\npid=[PID]  Port\nLISTEN 80\nCouldn't connect to server\n"
    printed = "pid=7      Port\nLISTEN     81\nCould not connect to server\n"
    assert difference(text, printed) == block("""
        snippets/page/x.console:1: `laptop$ ss -ltn` did something else
          output:   pid=[PID]  Port
                  - LISTEN 80
                  + LISTEN     81
                    Couldn't connect to server
          remedy: python -m lab record snippets/page/x.console, or mend what it runs""")


def test_an_error_crosses_processes():
    found = mismatch(PATH, outcomes(read("laptop$ x\na\n"), ("b\n",))[0])
    copy = pickle.loads(pickle.dumps(found))
    assert (type(copy), str(copy)) == (Mismatch, str(found))


# -- recording ------------------------------------------------------------------------------------

NEW = """
    # network: home

    laptop$ python main.py
    phone$ curl http://192.168.1.100:8000/

    laptop$ ls
    old
    older
    [exit 2]
    laptop (python main.py): ^C

    """
NEW_RECORDED = """
    # network: home

    laptop$ python main.py
    INFO:     Started server process [PID]
    ready
    phone$ curl http://192.168.1.100:8000/
    curl: (7) Failed to connect to 192.168.1.100 port 8000 after [MS] ms: no
    [exit 7]

    laptop$ ls
    laptop (python main.py): ^C
    bye

    bye
    [exit 130]

    """
NEW_PRINTED = (
    ("\x1b[32mINFO\x1b[0m:     Started server process [4711]\r\nready\r\n", None),
    ("curl: (7) Failed to connect to 192.168.1.100 port 8000 after 12 ms: no\n", 7),
    ("", 0),
    ("bye\n\nbye\n\n", 130),
)


def test_a_record_writes_output_and_status():
    assert record(NEW, *NEW_PRINTED) == block(NEW_RECORDED)


def test_a_second_record_changes_nothing():
    assert record(NEW_RECORDED, *NEW_PRINTED) == block(NEW_RECORDED)


def test_what_was_recorded_agrees():
    script = read(NEW_RECORDED)
    assert all(map(agrees, outcomes(script, NEW_PRINTED)))


@pytest.mark.parametrize(
    ("before", "printed", "after"),
    [
        ("laptop$ x", "a\n", "laptop$ x\na\n"),
        ("laptop$ x\n", "", "laptop$ x\n"),
        ("laptop$ x\na\nb\nc\n", "b\n", "laptop$ x\nb\n"),
        ("laptop$ x\na\n\n\n", "b\n", "laptop$ x\nb\n\n\n"),
        ("laptop$ x\n\na\n", "a\n", "laptop$ x\na\n"),
        ("laptop$ x\na\n[exit 1]\n", "a\n", "laptop$ x\na\n"),
        ("laptop$ x\na\n[exit 1]\n", ("a\n", 2), "laptop$ x\na\n[exit 2]\n"),
        ("laptop$ x\na\n[exit 1]\n", ("a\n", None), "laptop$ x\na\n"),
        ("laptop$ x\na\n", ("", 255), "laptop$ x\n[exit 255]\n"),
        ("laptop$ x\n...\n", "a\nb\n", "laptop$ x\n...\n"),
        ("laptop$ x\na\n...\n", "b\nc\n", "laptop$ x\nb\n...\n"),
        ("laptop$ x\na\nb\n...\n", "c\n", "laptop$ x\nc\n...\n"),
        ("laptop$ x\na\n...\n[exit 1]\n", ("b\nc\n", 2), "laptop$ x\nb\n...\n[exit 2]\n"),
        ("laptop$ x\na\n...\n\n[exit 1]\n", ("b\n", 1), "laptop$ x\nb\n...\n[exit 1]\n"),
    ],
)
def test_a_record_of_one_step(before, printed, after):
    assert record(before, printed) == after
    assert record(after, printed) == after


def test_a_record_touches_only_output():
    """Commands, spaces in them, the network and the lines between steps stay."""
    before = "\n# network: internet\n\nrouter# ls  -l  \n\n\nphone$ b\nold\n\n\nphone$ c\n\n"
    after = "\n# network: internet\n\nrouter# ls  -l  \na\n\n\nphone$ b\nnew\n\n\nphone$ c\n\n"
    assert record("\n" + before, "a\n", "new\n", "") == after


def test_a_record_keeps_placeholders_where_they_are():
    text = "laptop$ ps\npid=[PID],fd=[FD]\nafter [MS] ms\n"
    assert record(text, "pid=12,fd=3\nafter 1 ms\n") == text
    odd = "laptop$ ps\nnumber [PID]\n"
    assert record(odd, "number 12\n") == "laptop$ ps\nnumber 12\n"


def test_a_record_keeps_placeholders_of_lines_that_moved():
    before = "laptop$ x\none pid=[PID]\ntwo fd=[FD]\n"
    after = "laptop$ x\nnew\ntwo fd=[FD]\none pid=[PID]\none pid=[PID]\n"
    assert record(before, "new\ntwo fd=3\none pid=4\none pid=5\n") == after


def test_a_record_replaces_a_line_that_differs_beside_its_placeholder():
    text = "laptop$ x\none [PID] up\n"
    assert record(text, "one 4711 down\n") == "laptop$ x\none 4711 down\n"


def test_a_record_of_what_agrees_changes_nothing():
    """Padding and the spelling of a message stay as they are, as placeholders do."""
    text = "laptop$ x\npid=[PID]  Port\ncurl: (7) Couldn't connect to server\n"
    printed = "pid=7      Port\ncurl: (7) Could not connect to server\n"
    assert agrees(outcomes(parse(text, PATH), (printed,))[0])
    assert record(text, printed) == text


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("INFO:     Started server process [4711]", "INFO:     Started server process [PID]"),
        (
            "INFO:     Started reloader process [12] using WatchFiles",
            "INFO:     Started reloader process [PID] using WatchFiles",
        ),
        (
            "INFO:     127.0.0.1:54321 - \"GET / HTTP/1.1\" 200 OK",
            "INFO:     127.0.0.1:[PORT] - \"GET / HTTP/1.1\" 200 OK",
        ),
        (
            "INFO:     ::1:54321 - \"GET / HTTP/1.1\" 200 OK",
            "INFO:     ::1:[PORT] - \"GET / HTTP/1.1\" 200 OK",
        ),
        (
            "curl: (28) Connection timed out after 2001 milliseconds",
            "curl: (28) Connection timed out after [MS] milliseconds",
        ),
        (
            "LISTEN 0 2048 127.0.0.1:8000 0.0.0.0:* users:((\"uvicorn\",pid=12,fd=13))",
            "LISTEN 0 2048 127.0.0.1:8000 0.0.0.0:* users:((\"uvicorn\",pid=[PID],fd=[FD]))",
        ),
        (
            "uvicorn   12  you   13u  IPv4  67890      0t0  TCP 127.0.0.1:8000 (LISTEN)",
            "uvicorn   [PID]  you   [FD]u  IPv4  [DEVICE]      0t0  TCP 127.0.0.1:8000 (LISTEN)",
        ),
        (
            "curl 12 you 5u IPv6 67890 0t0 TCP [::1]:54321->[::1]:8000 (ESTABLISHED)",
            "curl [PID] you [FD]u IPv6 [DEVICE] 0t0 TCP [::1]:[PORT]->[::1]:8000 (ESTABLISHED)",
        ),
        (
            "uvicorn 12 you 5u IPv4 67890 0t0 TCP 127.0.0.1:8000->127.0.0.1:54321 (ESTABLISHED)",
            "uvicorn [PID] you [FD]u IPv4 [DEVICE] 0t0 TCP 127.0.0.1:8000->127.0.0.1:[PORT]"
            " (ESTABLISHED)",
        ),
        (
            "Will watch for changes in these directories: ['/mnt/laptop/local']",
            "Will watch for changes in these directories: ['[FOLDER]']",
        ),
    ],
)  # fmt: skip
def test_a_record_puts_a_placeholder_for_what_differs_from_run_to_run(printed, written):
    assert record("laptop$ x\n", printed + "\n") == f"laptop$ x\n{written}\n"
    assert matches(written, printed)


@pytest.mark.parametrize(
    "line",
    [
        "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
        "LISTEN 0 2048 127.0.0.1:49152 0.0.0.0:*",
        "curl: (7) Failed to connect to 192.168.1.100 port 8000",
        '"GET / HTTP/1.1" 404 Not Found',
        "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000)",
        "exit status 3",
    ],
)
def test_a_record_keeps_addresses_ports_and_statuses(line):
    assert record("laptop$ x\n", line + "\n") == f"laptop$ x\n{line}\n"


@pytest.mark.parametrize("port", [8000, 12345, 32768, 60999, 61000])
def test_a_record_agrees_with_what_it_recorded(port):
    """A port that a client was told to use is no ephemeral one, and stands as it is."""
    line = f"INFO:     127.0.0.1:{port} - 200 OK"
    recorded_line = record("laptop$ x\n", line + "\n").splitlines()[1]
    assert matches(recorded_line, line)
    assert (recorded_line == line) is (port not in range(32768, 61000))


def test_every_placeholder_has_a_name_of_its_own():
    names = [placeholder.name for placeholder in PLACEHOLDERS]
    assert len(set(names)) == len(names)
    assert all(name == f"[{name[1:-1].upper()}]" for name in names)


@pytest.mark.parametrize(
    "line",
    ["laptop$ ls", "phone# ls", "...", "[exit 3]", "[exit 0]", "laptop (x):", "laptop (x): ^C"],
)
def test_a_record_refuses_output_that_would_read_as_something_else(line):
    """Such a line, once written, is a step or an end, and no longer what was printed."""
    with pytest.raises(LabError):
        record("laptop$ x\n", f"first\n{line}\nlast\n")


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_ends_a_line(character):
    """What Python also splits lines at is recorded and read back as one line."""
    after = record("laptop$ x\n", f"a{character}b\n")
    assert after == f"laptop$ x\na{character}b\n"
    assert only(after).output == [f"a{character}b"]

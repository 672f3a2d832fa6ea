"""Strokes, names and requests of diagrams."""

import textwrap

import pytest

from lab.diagram import Diagram, Request
from lab.pages import Fence
from lab.strokes import ARMS, HEADS, NAMES, Box

PAGE = "docs/start/page.md"
ALT = 'alt="A laptop and a phone"'
HOME = f'{ALT} network="home"'
REFUSED = """
┌────────────────────┐    ┌──────────┐
│ laptop             │    │ phone    │
│ ┌────────────────┐ │    │ ┌──────┐ │
│ │ 127.0.0.1:8000 │ │    │ │      │ │
│ └────────────────┘ │    │ │ curl │ │
│ 192.168.1.100:8000 │╳───┼─┤      │ │
└────────────────────┘    │ └──────┘ │
                          └──────────┘
"""


def draw(text: str, info: str = ALT) -> Diagram:
    """A diagram whose first row is line 11 of the page."""
    rows = textwrap.dedent(text).strip("\n").splitlines()
    return Diagram(PAGE, Fence("diagram", f"diagram {info}", 10, tuple(rows)))


def boxed(text: str) -> str:
    line = "─" * (len(text) + 2)
    return f"┌{line}┐\n│ {text} │\n└{line}┘"


def problems(text: str, info: str = ALT) -> list[str]:
    return [str(problem) for problem in draw(text, info).problems()]


def whats(text: str, info: str = ALT) -> list[str]:
    """What is wrong and where, without the row."""
    return [p.partition("\n")[0].removeprefix(f"{PAGE}:") for p in problems(text, info)]


def requests(text: str, info: str = HOME) -> list[tuple[str, str, bool]]:
    return [(r.host, r.endpoint, r.reaches) for r in draw(text, info).requests()]


# -- strokes --------------------------------------------------------------------------------------


def test_an_error_shows_row_and_column() -> None:
    text = """
        ┌────┐
        │ A  │
        └─── ┘
        """
    assert problems(text) == [
        f"{PAGE}:13:4: the stroke ─ meets nothing to the right\n  row:  └─── ┘\n  here:    ^",
        f"{PAGE}:13:6: the stroke ┘ meets nothing to the left\n  row:  └─── ┘\n  here:      ^",
    ]


def test_a_lonely_stroke_meets_nothing_anywhere() -> None:
    assert whats("┼") == [
        f"11:1: the stroke ┼ meets nothing {where}"
        for where in ("above", "below", "to the left", "to the right")
    ]


def around(character: str, arms: list[tuple[int, int]], ends: dict | None = None) -> str:
    """Draw a character in the second row and column, with a stroke, or its end, at each arm."""
    rows = [list("   ") for _ in range(3)]
    rows[1][1] = character
    for down, right in arms:
        rows[1 + down][1 + right] = (ends or {}).get((down, right), "─" if right else "│")
    return "\n".join("".join(row) for row in rows)


def at_the_middle(text: str) -> list[str]:
    rows = text.splitlines()
    diagram = Diagram(PAGE, Fence("diagram", ALT, 10, tuple(rows)))
    found = [str(problem).partition("\n")[0] for problem in diagram.problems()]
    return [p.partition(": ")[2] for p in found if p.startswith(f"{PAGE}:12:2: ")]


@pytest.mark.parametrize(
    ("character", "missing"),
    [(character, arm) for character, arms in ARMS.items() for arm in arms],
    ids=lambda value: value if isinstance(value, str) else NAMES[value],
)
def test_a_stroke_meets_another_in_each_direction(character: str, missing: tuple) -> None:
    others = [arm for arm in ARMS[character] if arm != missing]
    what = f"the stroke {character} meets nothing {NAMES[missing]}"
    assert at_the_middle(around(character, others)) == [what]
    assert at_the_middle(around(character, [*others, missing])) == []
    beside = {missing: "│" if missing[1] else "─"}  # a stroke that runs past
    assert at_the_middle(around(character, [*others, missing], beside)) == [what]


@pytest.mark.parametrize("head", HEADS)
def test_an_arrow_head_ends_a_stroke(head: str) -> None:
    away = HEADS[head]
    stroke = "─" if away[1] else "│"
    back = (-away[0], -away[1])
    assert at_the_middle(around(stroke, [back, away], {away: head})) == []
    assert at_the_middle(around(stroke, [back, away], {back: head})) == [
        f"the stroke {stroke} meets nothing {NAMES[back]}"
    ]


@pytest.mark.parametrize("head", HEADS)
def test_an_arrow_head_leads_from_a_stroke_to_something(head: str) -> None:
    away = HEADS[head]
    back = (-away[0], -away[1])
    assert at_the_middle(around(head, [back, away])) == []
    assert at_the_middle(around(head, [back])) == [f"the arrow head {head} points at nothing"]
    assert at_the_middle(around(head, [away])) == [f"no stroke leads to the arrow head {head}"]
    assert at_the_middle(around(head, [])) == [
        f"no stroke leads to the arrow head {head}",
        f"the arrow head {head} points at nothing",
    ]


@pytest.mark.parametrize(
    ("row", "sound"),
    [
        ("├─╳│", True),
        ("│╳─┤", True),
        ("├─╳┤", True),
        ("├─╳ │", False),
        ("│ ╳─┤", False),
        ("├─ ╳│", False),
        ("╳", False),
        ("├─╳ x", False),
    ],
)
def test_a_cross_stands_between_a_stroke_and_a_box(row: str, sound: bool) -> None:
    column = row.index("╳") + 1
    found = [what for what in whats(row) if what.startswith(f"11:{column}:")]
    assert found == ([] if sound else [f"11:{column}: ╳ ends a stroke and stands at a box"])


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("→", "RIGHTWARDS ARROW"),
        ("═", "BOX DRAWINGS DOUBLE HORIZONTAL"),
        ("╭", "BOX DRAWINGS LIGHT ARC DOWN AND RIGHT"),
        ("…", "HORIZONTAL ELLIPSIS"),
        ("é", "LATIN SMALL LETTER E WITH ACUTE"),
        ("\N{NO-BREAK SPACE}", "NO-BREAK SPACE"),
        ("📱", "MOBILE PHONE"),
        ("電", "CJK UNIFIED IDEOGRAPH-96FB"),
        ("\t", "U+0009"),
    ],
)
def test_characters_of_other_widths(character: str, name: str) -> None:
    row = f"a {character} b"
    diagram = draw(row)
    assert [str(p).partition("\n")[0] for p in diagram.problems()] == [
        f"{PAGE}:11:3: {name} is not one column wide in every font"
    ]


# -- what it must say -----------------------------------------------------------------------------


@pytest.mark.parametrize("info", ["", 'alt=""', 'alt="2 hosts"', 'network="home"'])
def test_a_diagram_has_an_alternative_without_numbers(info: str) -> None:
    text = REFUSED if "network" in info else "┌──┐\n└──┘"
    assert problems(text, info) == [
        f'{PAGE}:10: a diagram has alt="…": what it shows, in words and without numbers'
    ]
    assert list(draw("┌──┐\n│on│\n└──┘", "").unseen("")) == []  # each word would be said again


def test_an_empty_diagram() -> None:
    for info in ("", ALT, HOME):
        assert problems("", info) == [f"{PAGE}:10: this diagram is empty"]
    blank = Diagram(PAGE, Fence("diagram", ALT, 10, ("", "  ")))
    assert [str(p) for p in blank.problems()] == [f"{PAGE}:10: this diagram is empty"]
    assert draw("").columns == 0


def test_an_unknown_network() -> None:
    assert whats("laptop", f'{ALT} network="hom"') == ["10: there is no network called hom"]


def test_an_unknown_host() -> None:
    assert whats(REFUSED.replace("│ phone ", "│ fon   "), HOME) == [
        "11:27: the network home has no host called fon"
    ]
    assert whats(REFUSED.replace("│ phone ", "│       "), HOME) == [
        "11:27: the network home has no host called (no name)"
    ]
    assert whats(REFUSED.replace("│ phone ", "│ phones"), HOME) == [
        "11:27: the network home has no host called phones"
    ]


@pytest.mark.parametrize("address", ["192.168.1.101", "10.8.0.5", "8.8.8.8", "1.2.3.4"])
def test_an_unknown_address(address: str) -> None:
    text = REFUSED.replace("                          └─", f"{address:<26}└─")
    assert whats(text, HOME) == [f"18:1: {address} is no address of the network home"]


def test_an_address_of_another_host() -> None:
    text = SIDE.replace("192.168.1.100:80", "192.168.1.50:80 ").replace("wlan0", "     ")
    assert whats(text, HOME) != []


def test_an_unknown_address_without_network() -> None:
    assert whats("ask 192.168.1.100") == [
        "11:5: 192.168.1.100 is no address of a diagram without one"
    ]
    assert whats("ask 2001:db8::1 now") == [
        "11:5: 2001:db8::1 is no address of a diagram without one"
    ]


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0", "::1", "::", "version 1.2.3", "a:b"])
def test_addresses_of_every_host_and_other_words(text: str) -> None:
    assert whats(text) == []


def test_a_port_that_no_request_asks_for() -> None:
    assert whats(REFUSED.replace("127.0.0.1:8000", "127.0.0.1:8001"), HOME) == [
        "14:14: no request here asks for port 8001"
    ]


def test_a_diagram_of_a_network_without_request() -> None:
    text = REFUSED.replace("│╳───┼─┤", "│    │ │")
    assert whats(text, HOME)[-1] == "10: a diagram of a network draws a request: ├──► or ├──╳"


def test_a_word_that_the_alternative_does_not_say() -> None:
    text = "laptop Laptop app a 80 and"
    what = f"{PAGE}:12:17: the alternative of this diagram does not say `app`"
    assert [str(problem) for problem in draw(boxed(text)).unseen("The app.")] == [
        f"{what}\n  row:  │ {text} │\n  here: {' ' * 16}^"
    ]
    known = HOME + ' run="uvicorn main:app"'
    words = "a desktop and wlan0, lo, uvicorn main"
    assert list(draw(boxed(words), known).unseen("")) == []
    assert list(draw(boxed("a desktop and eth0"), known).unseen("eth0")) != []


@pytest.mark.parametrize(
    ("label", "column", "value"),
    [
        ("uvicorn --host 0.0.0.0", 11, "--host 0.0.0.0"),
        ("main.py --reload", 11, "--reload"),
        ('{"Hello":"message"}', 3, '{"Hello":"message"}'),
    ],
)
def test_a_value_that_the_page_does_not_show(label: str, column: int, value: str) -> None:
    shown = 'uvicorn main.py --host 127.0.0.1 reload\n{"message":"Hello"}'
    info = 'alt="Uvicorn with main.py"'
    assert [str(problem) for problem in draw(boxed(label), info).unseen(shown)] == [
        f"{PAGE}:12:{column}: what runs for this diagram does not have {value}\n"
        f"  row:  │ {label} │\n  here: {' ' * (column - 1)}^"
    ]
    assert list(draw(boxed(label), info).unseen(f"{shown}\n{label}")) == []


def test_an_option_of_a_network_is_one_of_what_runs() -> None:
    shown = "uvicorn --host 127.0.0.1 --host 0.0.0.0 {a}"
    text = boxed("uvicorn --host 0.0.0.0 {a}")
    info = HOME + ' run="uvicorn main:app --host {}"'
    assert list(draw(text, info.format("0.0.0.0")).unseen(shown)) == []
    (problem,) = draw(text, info.format("127.0.0.1")).unseen(shown)
    assert problem.what == "what runs for this diagram does not have --host 0.0.0.0"


# -- interfaces and arrows ------------------------------------------------------------------------

SIDE = """
┌───────────────────────┐    ┌───────┐
│ laptop                │    │ phone │
│    ┌──────────────────┤    │       │
│    │ 192.168.1.100:80 │◄───┤       │
│    │ wlan0            │    │       │
│    └──────────────────┤    │       │
└───────────────────────┘    └───────┘
"""


def test_an_interface_has_the_address_beside_it() -> None:
    assert whats(SIDE, HOME) == []
    assert whats(SIDE.replace("wlan0", "lo   "), HOME) == [
        "15:8: lo does not have the address 192.168.1.100"
    ]
    local = SIDE.replace("192.168.1.100:80", "127.0.0.1:80    ")
    assert whats(local.replace("wlan0", "lo   "), HOME) == []
    assert whats(local, HOME) == ["15:8: wlan0 does not have the address 127.0.0.1"]


SIDE6 = """
┌──────────────────────────────┐    ┌───────┐
│ laptop                       │    │ phone │
│    ┌─────────────────────────┤    │       │
│    │ [2001:db8:1::100]:8000  │◄───┤       │
│    │ wlan0                   │    │       │
│    └─────────────────────────┤    │       │
└──────────────────────────────┘    └───────┘
"""


def test_an_interface_has_the_ipv6_address_beside_it() -> None:
    assert whats(SIDE6, HOME) == []
    assert whats(SIDE6.replace("wlan0", "lo   "), HOME) == [
        "15:8: lo does not have the address 2001:db8:1::100"
    ]
    local = SIDE6.replace("[2001:db8:1::100]:8000", "[::1]:8000            ")
    assert whats(local.replace("wlan0", "lo   "), HOME) == []
    assert whats(local, HOME) == ["15:8: wlan0 does not have the address ::1"]


def test_an_interface_outside_of_every_box() -> None:
    whats(SIDE + "wlan0", HOME)


def test_an_endpoint_of_ipv6() -> None:
    ipv6 = SIDE.replace("192.168.1.100:80", "[::1]:80        ").replace("wlan0", "     ")
    assert whats(ipv6, HOME) == []


def test_an_endpoint_without_network() -> None:
    assert whats("ask 127.0.0.1:80") == [
        "11:5: an address with a port stands in a diagram of a network alone"
    ]


def test_in_a_network_an_arrow_lies_on_its_side() -> None:
    desktop = """
                             │
                             ▼
                        ┌─────────┐
                        │ desktop │
                        └─────────┘
    """
    text = SIDE.strip("\n").replace("└───────┘", "└───┬───┘") + textwrap.indent(desktop, "    ")
    assert whats(text, HOME) == ["19:34: in a network, an arrow lies on its side"]


@pytest.mark.parametrize(
    ("sign", "what"),
    [
        ("◄", "this arrow is no request, and answers none"),
        ("╳", "this request goes to no address and port"),
    ],
)
def test_an_arrow_that_is_no_request(sign: str, what: str) -> None:
    text = SIDE.replace("│ wlan0            │    │", f"│ wlan0            │{sign}───┤")
    assert whats(text, HOME) == [f"15:26: {what}"]


def test_an_answer_comes_back_from_where_a_request_went() -> None:
    assert problems(INSIDE.replace("[::1]:8000    ", "127.0.0.1:8000"), HOME) == []
    back = SIDE.replace("│ wlan0            │    │", "│ wlan0            ├───►│")
    assert whats(back, HOME) == []
    refused = back.replace("│◄───┤", "│╳───┤")
    assert whats(refused, HOME) == ["15:29: this arrow is no request, and answers none"]


def test_an_answer_goes_to_the_box_that_asked() -> None:
    text = """
        ┌─────────────────────────────┐   ┌──────────┐
        │ laptop                      │   │ phone    │
        │ ┌──────┐ ┌────────────────┐ │   │ ┌──────┐ │
        │ │ curl │ │ 0.0.0.0:80     │◄┼───┼─┤ curl │ │
        │ │      │ │ uvicorn        ├─┼───┼►│      │ │
        │ └──────┘ │                │ │   │ └──────┘ │
        │          │                │ │   │          │
        │          └────────────────┘ │   └──────────┘
        └─────────────────────────────┘
        """
    assert whats(text, HOME) == []
    other = text.replace(
        "│          │                │ │   │", "│          │                ├─┼──►│"
    )
    assert whats(other, HOME) == ["17:34: this arrow is no request, and answers none"]
    itself = text.replace(
        "│      │ │ uvicorn        ├─┼───┼►│", "│      │◄┤ uvicorn        │ │   │ │"
    )
    assert whats(itself, HOME) == ["15:11: this arrow is no request, and answers none"]


# -- requests -------------------------------------------------------------------------------------


def test_a_refused_request_from_the_right() -> None:
    assert problems(REFUSED, HOME) == []
    assert draw(REFUSED, HOME).requests() == [Request("phone", "192.168.1.100:8000", False, 16)]


def test_an_answered_request_from_the_right() -> None:
    text = REFUSED.replace("╳", "◄")
    assert problems(text, HOME) == []
    assert requests(text) == [("phone", "192.168.1.100:8000", True)]


INSIDE = """
┌────────────────────────────────┐
│ laptop                         │
│ ┌──────┐    ┌────────────────┐ │
│ │ curl ├───►│ [::1]:8000     │ │
│ │      │◄───┤ uvicorn        │ │
│ └──────┘    └────────────────┘ │
└────────────────────────────────┘
"""


def test_a_request_inside_one_host_and_its_answer() -> None:
    assert requests(INSIDE) == [("laptop", "[::1]:8000", True)]
    ipv4 = INSIDE.replace("[::1]:8000    ", "127.0.0.1:8000")
    assert problems(ipv4, HOME) == []
    assert requests(ipv4) == [("laptop", "127.0.0.1:8000", True)]
    assert requests(ipv4.replace("─►│ 127", "─╳│ 127")) == [("laptop", "127.0.0.1:8000", False)]
    assert requests(ipv4.replace("127.0.0.1:8000", "localhost:8000")) == [
        ("laptop", "localhost:8000", True)
    ]


@pytest.mark.parametrize("sign", ["►", "╳"])
def test_a_request_from_the_left_through_borders(sign: str) -> None:
    text = """
        ┌──────────┐    ┌────────────────────┐
        │ phone    │    │ laptop             │
        │ ┌──────┐ │    │ ┌────────────────┐ │
        │ │ curl ├─┼────┼►│ 127.0.0.1:8000 │ │
        │ └──────┘ │    │ └────────────────┘ │
        └──────────┘    └────────────────────┘
        """.replace("►", sign)
    assert problems(text, HOME) == []
    assert requests(text) == [("phone", "127.0.0.1:8000", sign == "►")]


def test_an_endpoint_on_a_side_of_its_host() -> None:
    text = """
        ┌──────────────────┐   ┌───────────────────┐
        │ laptop           │   │ desktop           │
        │    ┌─────────────┤   │ ┌───────────────┐ │
        │    │ 0.0.0.0:80  │◄──┼─┤ browser, curl │ │
        │    │ Wi-Fi       │   │ │               │ │
        └────┴─────────────┘   │ └───────────────┘ │
                               └───────────────────┘
        """
    assert problems(text, HOME) == []
    assert requests(text) == [("desktop", "0.0.0.0:80", True)]


def test_requests_come_from_top_to_bottom() -> None:
    text = """
        ┌──────────────────┐   ┌───────┐
        │ laptop           │   │ phone │
        │ 127.0.0.1:80     │╳──┤       │
        │ 192.168.1.100:80 │◄──┤       │
        │ 0.0.0.0:80       │◄──┤       │
        └──────────────────┘   └───────┘
        """
    assert problems(text, HOME) == []
    assert [(r.endpoint, r.reaches, r.line) for r in draw(text, HOME).requests()] == [
        ("127.0.0.1:80", False, 13),
        ("192.168.1.100:80", True, 14),
        ("0.0.0.0:80", True, 15),
    ]


@pytest.mark.parametrize(
    "label", ["server         ", "port 8000      ", "a 127.0.0.1:80 ", "127.0.0.1      "]
)
def test_an_arrow_to_anything_else_is_no_request(label: str) -> None:
    text = INSIDE.replace("[::1]:8000    ", label[:14])
    assert requests(text) == []


def test_an_arrow_from_no_host_has_none() -> None:
    text = """
           ┌────────────────┐
        ├─►│ 127.0.0.1:8000 │
           └────────────────┘
        """
    assert requests(text) == [("", "127.0.0.1:8000", True)]


# -- boxes ----------------------------------------------------------------------------------------


def test_nested_boxes() -> None:
    text = """
        ┌───────┐
        │ A ┌──┐│
        │   │B ││
        │   └──┘│
        └───────┘
        """
    assert draw(text).boxes == [Box(0, 0, 4, 8), Box(1, 4, 3, 7)]
    assert problems(text) == []


def test_boxes_that_share_a_side() -> None:
    text = """
        ┌──┬──┐
        │a │b │
        ├──┼──┤
        │c │d │
        └──┴──┘
        """
    assert len(draw(text).boxes) == 9  # four, four of two, and the whole
    what = "a line divides this box: draw boxes apart, or one in another"
    assert whats(text) == [f"{place}: {what}" for place in ("11:1", "11:4", "13:1")]


def test_a_gap_makes_no_box() -> None:
    assert draw("┌──┐\n│  │\n└─ ┘").boxes == []
    assert draw("┌──┐\n│   \n└──┘").boxes == []
    assert draw("┌──┐\n│A │\n└──┘").boxes == [Box(0, 0, 2, 3)]


@pytest.mark.parametrize(
    ("point", "inside"),
    [((0, 0), True), ((2, 3), True), ((1, 1), True), ((3, 0), False), ((0, 4), False)],
)
def test_what_a_box_holds(point: tuple[int, int], inside: bool) -> None:
    assert Box(0, 0, 2, 3).holds(*point) is inside


# -- the text alternative -------------------------------------------------------------------------


def test_the_alternative_tells_each_request() -> None:
    assert draw(REFUSED, HOME).alternative() == (
        "A laptop and a phone. phone does not reach 192.168.1.100:8000."
    )
    assert draw(INSIDE, 'alt="A laptop." network="home"').alternative() == (
        "A laptop. laptop reaches [::1]:8000."
    )
    assert draw("laptop").alternative() == "A laptop and a phone."


def test_how_wide_and_what_runs() -> None:
    diagram = draw(REFUSED, f'{HOME} run="laptop: uvicorn main:app; phone: true;"')
    assert diagram.commands == ["laptop: uvicorn main:app", "phone: true"]
    assert diagram.columns == len(REFUSED.splitlines()[1])


# -- statements -----------------------------------------------------------------------------------

PARTS = """
┌───────┐ shows ┌──────────┐
│ page  ├──────►│ snippet  │
│ words │       │ programs │
└───────┘       └──────────┘
    ▲ quotes, by word ▲ runs
    │                 │  twice
┌───┴───┐ uses  ┌─────┴────┐
│ proof │◄──────┤ lab      │
└───────┘       └──────────┘
"""


def test_a_diagram_without_network_says_what_boxes_hold_and_arrows_do() -> None:
    assert list(draw(PARTS).statements()) == [
        "page: words",
        "snippet: programs",
        "page shows snippet",
        "proof quotes, by word page",
        "lab runs snippet",
        "lab uses proof",
    ]


@pytest.mark.parametrize(
    ("old", "new", "statement"),
    [
        ("├──────►│", "│◄──────┤", "snippet shows page"),
        ("shows", "hides", "page hides snippet"),
        (" shows ", "       ", "page  snippet"),
        ("words ", "images", "page: images"),
        ("runs", "reads", "lab reads snippet"),
        ("│◄──────┤", "├──────►│", "proof uses lab"),
    ],
)
def test_a_change_of_the_drawing_is_another_statement(old: str, new: str, statement: str) -> None:
    said = set(draw(PARTS.replace(old, new)).statements())
    assert said - set(draw(PARTS).statements()) == {statement}


def test_an_arrow_without_box_says_nothing() -> None:
    assert list(draw("──►").statements()) == []


@pytest.mark.parametrize(
    ("alt", "wrong"),
    [
        ("A laptop; a phone does not reach it", ""),
        ("A laptop; neither a phone nor a tablet reaches it", ""),
        ("The phone is refused", ""),
        ("The phone reaches it", "phone reaches it"),
        ("The laptop does not, the phone asks", "laptop does not reach it"),
    ],
)
def test_the_alternative_agrees_with_the_arrows(alt: str, wrong: str) -> None:
    expected = [f"10: the alternative says that {wrong}, and no arrow does"] if wrong else []
    assert whats(REFUSED, f'alt="{alt}" network="home"') == expected


LABELLED = """
┌───────────────────────────────────┐
│ laptop                            │
│ ┌──────┐ GET / ┌────────────────┐ │
│ │ curl ├──────►│ 127.0.0.1:8000 │ │
│ └──────┘       │ main.py        │ │
│                └────────────────┘ │
└───────────────────────────────────┘
"""


def test_a_network_says_what_boxes_hold_and_what_arrows_are_called() -> None:
    assert list(draw(REFUSED, HOME).statements()) == ["laptop: 127.0.0.1:8000", "phone: curl"]
    assert list(draw(LABELLED, HOME).statements()) == [
        "laptop: curl",
        "127.0.0.1:8000: main.py",
        "curl GET / 127.0.0.1:8000",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("│ laptop ", "│ phone  ", "phone: curl"),
        ("│ curl ├", "│ gets ├", "laptop: gets"),
        ("│ └──────┘       │", "│ └──────┘ GET / │", "laptop: GET /"),
        ("│                └", "│ on 0.0.0.0     └", "laptop: on 0.0.0.0"),
        ("│                └", "│ 127.0.0.1:8000 └", "laptop: 127.0.0.1:8000"),
    ],
)
def test_a_box_around_others_says_what_it_holds_besides(old: str, new: str, said: str) -> None:
    assert LABELLED.count(old) == 1
    known = ["127.0.0.1:8000: main.py", "curl GET / 127.0.0.1:8000", "laptop: curl"]
    assert sorted(draw(LABELLED, HOME).statements()) == known
    found = [s for s in draw(LABELLED.replace(old, new), HOME).statements() if s not in known]
    assert said in found
    assert len(found) == (2 if new == "│ gets ├" else 1)  # the box, and the arrow from it


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("└──────────┘\n    ▲", "└──────────┘ runs\n    ▲"),
        ("uses  ┌─────┴────┐", "uses  ┌─────┴────┐ runs"),
    ],
)
def test_a_word_that_names_nothing(old: str, new: str) -> None:
    info = 'alt="page words snippet programs shows quotes, by word runs twice proof uses lab"'
    sound = PARTS.replace("  twice", "       ")
    assert [str(p) for p in draw(sound, info).unseen("")] == []
    (problem, *_) = draw(sound.replace(old, new, 1), info).unseen("")
    assert "`runs` names no box and no arrow" in str(problem)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("┐    ┌──────────┐\n", "┐    ┌──────────┐ ::\n", "11:40"),
        ("│    │ ┌──────┐ │", "│ 80 │ ┌──────┐ │", "13:24"),
        ("                          └─", " 127.0.0.1                └─", "18:2"),
        ("                          └──────────┘", " " * 26 + "└──────────┘\n   =", "19:4"),
    ],
)
def test_whatever_stands_outside_of_boxes_names_an_arrow(old: str, new: str, place: str) -> None:
    assert REFUSED.count(old) == 1
    (problem,) = draw(REFUSED.replace(old, new), HOME + ' run="curl"').unseen("")
    assert problem.place == f"{PAGE}:{place}"
    assert problem.what.endswith("names no box and no arrow")


@pytest.mark.parametrize("text", ["::1", "80", "lo", "phone", "="])
def test_whatever_stands_in_a_host_is_said(text: str) -> None:
    inside = REFUSED.replace("│ curl │", f"│ {text:<5}│" if len(text) == 5 else f"│ {text:<4} │")
    beside = REFUSED.replace("│ phone    │\n", f"│ phone    │\n{'│':<21}│    │ {text:<9}│\n")
    for drawn in (inside, beside):
        assert problems(drawn, HOME) == []
        assert f"phone: {text}" in draw(drawn, HOME).statements()


def test_a_box_in_a_box_says_where_it_stands() -> None:
    text = """
        ┌────────────────────┐
        │ house              │
        │ ┌────────────────┐ │  ┌──────┐
        │ │ room           │ │  │ tree │
        │ │ ┌────────────┐ │ │  └──────┘
        │ │ │ table      │ │ │
        │ │ │ four legs  │ │ │
        │ │ └────────────┘ │ │
        │ └────────────────┘ │
        └────────────────────┘
        """
    said = ["house", "house: room", "room: table", "table: four legs", "tree"]
    assert sorted(draw(text).statements()) == said


LINES = """
┌───────────────┐    ┌──────────┐
│ laptop        │    │ phone    │
│ ┌───────────┐ │    │ ┌──────┐ │
│ │ ::1       │ │    │ │ curl │ │
│ └───────────┘ │    │ └──────┘ │
│ 0.0.0.0:80    │◄───┤          │
└───────────────┘    └──────────┘
"""


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("│ ::1       │ │    │ │", "│ ::1       ├─┼────┼─┤", 15),  # from box to box
        ("│ ::1       │ │    │", "│ ::1       ├─┼────┤", 15),
        ("│ ::1       │ │", "│ ::1       ├─┤", 15),  # in one host
        ("│ │ ::1       │", "├─┤ ::1       │", 1),
    ],
)
def test_a_line_belongs_to_a_box_or_an_arrow(old: str, new: str, column: int) -> None:
    assert problems(LINES, HOME) == []
    what = f"14:{column}: this line belongs to no box and to no arrow"
    assert whats(LINES.replace(old, new), HOME) == [what]
    plain = LINES.replace("0.0.0.0:80", "          ")
    assert whats(plain.replace(old, new)) == [what]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("│ │ ::1       │ │", "│ │ ::1       ├►│", 16),  # to the box around
        ("│ │ ::1       │", "├►│ ::1       │", 2),  # from the box around
    ],
)
def test_an_arrow_leads_from_a_box_to_another(old: str, new: str, column: int) -> None:
    plain = LINES.replace("0.0.0.0:80", "          ")
    what = "this arrow does not lead from one box to another"
    assert whats(plain.replace(old, new)) == [f"14:{column}: {what}"]


def test_a_request_goes_to_the_box_that_it_points_at() -> None:
    """A box that stands between would be passed over."""
    text = """
        ┌─────────────────────┐   ┌───────┐
        │ laptop              │   │ phone │
        │ ┌────────────┐ ┌──┐ │   │       │
        │ │ 0.0.0.0:80 │ │  │◄┼───┤       │
        │ └────────────┘ └──┘ │   │       │
        └─────────────────────┘   └───────┘
        """
    assert requests(text) == []
    mirrored = """
        ┌───────┐   ┌─────────────────────┐
        │ phone │   │ laptop              │
        │       │   │ ┌──┐ ┌────────────┐ │
        │       ├───┼►│  │ │ 0.0.0.0:80 │ │
        │       │   │ └──┘ └────────────┘ │
        └───────┘   └─────────────────────┘
        """
    assert requests(mirrored) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(" shows ", "ashowsb"), ("┐ shows ┌", "┐ showsx┌"), ("┐ uses  ┌", "┐ usesxx┌")],
)
def test_a_label_is_all_that_stands_beside_an_arrow(old: str, new: str) -> None:
    statements = list(draw(PARTS.replace(old, new)).statements())
    assert any(new.strip("┐┌ ") in statement for statement in statements)


def test_the_label_of_an_upright_arrow_has_a_word_in_each_row() -> None:
    text = PARTS.replace("│  twice", "│ twice ")
    assert "lab runs twice snippet" in draw(text).statements()
    none = PARTS.replace("runs", "    ").replace("twice", "     ")
    assert "lab  snippet" in draw(none).statements()


@pytest.mark.parametrize("info", [ALT, HOME])
def test_lines_between_boxes_make_no_box(info: str) -> None:
    """They would hold whatever stands between two hosts."""
    text = """
        ┌────────────┐    ┌───────┐
        │ laptop     │    │ phone │
        │            ├────┤       │
        │            │ 80 │       │
        │            ├────┤       │
        │ 0.0.0.0:80 │◄───┤       │
        └────────────┘    └───────┘
        """
    if info == ALT:
        text = text.replace("0.0.0.0:80", "          ")
    what = "this line belongs to no box and to no arrow"
    assert whats(text, info) == [f"13:14: {what}", f"15:14: {what}"]
    (stray,) = draw(text, info).unseen("")
    assert (stray.place, stray.what) == (f"{PAGE}:14:16", "`80` names no box and no arrow")

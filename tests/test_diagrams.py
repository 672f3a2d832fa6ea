"""What a diagram draws as reaching or not reaching is what happens; so is what a table says."""

import re

import pytest
from conftest import ROOT

from lab import pages
from lab.diagram import Diagram
from lab.network import PLANS
from lab.reach import ask, reaches
from lab.runner import Network

FOUND = [
    Diagram(page.path, fence)
    for page in pages.load_pages(ROOT)
    for fence in page.fences
    if fence.kind == "diagram"
]
DRAWN = 6  # diagrams of the pages
REQUESTS = 9  # arrows in them that a host sends


def measure(diagram: Diagram) -> dict[str, bool]:
    """Run the diagram's commands, send its requests, and return which reach."""
    with Network(PLANS[diagram.plan.name]) as network:
        for host in network.hosts.values():
            host.copy(ROOT / "snippets" / pages.Page(diagram.page, "").stem)
        for command in diagram.commands:
            host, _, rest = command.rpartition(": ")
            network.hosts[host or diagram.plan.host_names[0]].serve(rest)
        return {
            f"{r.host} → {r.endpoint}": reaches(network.hosts[r.host], f"http://{r.endpoint}/")
            for r in diagram.requests()
        }


def drawn(diagram: Diagram) -> dict[str, bool]:
    return {f"{r.host} → {r.endpoint}": r.reaches for r in diagram.requests()}


@pytest.mark.parametrize("diagram", FOUND, ids=lambda d: f"{d.page}:{d.fence.line}")
def test_strokes_and_names_are_sound(diagram: Diagram) -> None:
    assert [str(problem) for problem in diagram.problems()] == []


@pytest.mark.parametrize(
    "diagram", [d for d in FOUND if d.plan], ids=lambda d: f"{d.page}:{d.fence.line}"
)
def test_arrows_tell_the_truth(diagram: Diagram) -> None:
    assert drawn(diagram) == measure(diagram), f"{diagram.page}:{diagram.fence.line}"


def test_a_false_arrow_is_found() -> None:
    true = next(d for d in FOUND if "127.0.0.1" in d.fence.info)
    false = pages.Fence(
        "diagram", true.fence.info, true.fence.line, tuple(r.replace("╳", "◄") for r in true.rows)
    )
    lie = Diagram(true.page, false)
    assert drawn(lie) != drawn(true)
    assert measure(lie) == drawn(true)


# -- tables of who reaches whom -------------------------------------------------------------------


OPTION = re.compile(r"`(--host \S+)`")
CELLS = 8  # of such tables on the pages
NAMED = {"another computer": "desktop"}  # as the network `home` calls it


def tables() -> list[tuple[str, list[list[str]]]]:
    """Return each table with an option in its head, as cells, and the snippets of its page."""
    found = []
    for page in pages.load_pages(ROOT):
        rows = [line.strip("| ").split(" | ") for _, line in page.prose if line.startswith("| ")]
        for number, row in enumerate(rows):
            if OPTION.search(" ".join(row)):
                body = [other for other in rows[number + 1 :] if len(other) == len(row)]
                found.append((page.stem, [row, *body]))
    return found


def measure_table(stem: str, rows: list[list[str]]) -> list[list[str]]:
    """Return the rows with what happens in each cell, with a server of each column."""
    (_, *heads), *body = rows
    measured = [row[:1] for row in body]
    with Network(PLANS["home"]) as network:
        for host in network.hosts.values():
            host.copy(ROOT / "snippets" / stem)
        for head in heads:
            server = network.laptop.serve(f"uvicorn main:app {OPTION.search(head)[1]}")
            for row in measured:
                (url,) = re.findall("`(.+?)`", row[0])
                named = [host for words, host in NAMED.items() if words in row[0]]
                named += [name for name in network.hosts if re.search(rf"\b{name}\b", row[0])]
                row.append(answer(network.hosts[named[0]], url))
            server.end()
    return [rows[0], *measured]


def answer(host, url: str) -> str:
    try:
        return "yes" if ask(host, url) else "no"
    except ConnectionRefusedError:
        return "no, refused"
    except TimeoutError:
        return "no, no answer"


@pytest.mark.parametrize(("stem", "rows"), tables(), ids=lambda value: str(value)[:20])
def test_tables_tell_the_truth(stem: str, rows: list[list[str]]) -> None:
    assert rows == measure_table(stem, rows)


def test_a_false_table_is_found() -> None:
    """Two columns, or two cells of a row, that changed places."""
    ((stem, rows),) = tables()
    heads, *body = rows
    assert rows != measure_table(stem, [[heads[0], *reversed(heads[1:])], *body])
    assert sum(len(row) - 1 for row in body) == CELLS


def test_every_diagram_is_counted() -> None:
    assert len(FOUND) == DRAWN
    assert sum(len(diagram.requests()) for diagram in FOUND) == REQUESTS

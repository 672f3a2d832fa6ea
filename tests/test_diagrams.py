"""What a diagram draws as reaching or not reaching is what happens."""

import pytest
from conftest import ROOT

from lab import pages
from lab.diagram import Diagram
from lab.network import PLANS
from lab.reach import reaches
from lab.runner import Network

FOUND = [
    Diagram(page.path, fence)
    for page in pages.load_pages(ROOT)
    for fence in page.fences
    if fence.kind == "diagram"
]
DRAWN = 5  # diagrams of the pages
REQUESTS = 6  # arrows in them that a host sends


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


def test_every_diagram_is_counted() -> None:
    assert len(FOUND) == DRAWN
    assert sum(len(diagram.requests()) for diagram in FOUND) == REQUESTS

"""Every transcript does what it says."""

from pathlib import Path

import pytest
from conftest import ROOT, outcomes_of

from lab import pages, snippets, transcript

FILES = sorted((ROOT / "snippets").rglob("*.console"))
STEPS = 117  # what the pages show; a step that is lost, or not found, is noticed here


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT / "snippets").as_posix())
def test_is_as_recorded(path: Path) -> None:
    script = transcript.load(path, path.relative_to(ROOT).as_posix())
    outcomes = outcomes_of(path).result()
    assert len(outcomes) == len(script.steps)
    for outcome in outcomes:
        if not transcript.agrees(outcome):
            raise transcript.mismatch(script.path, outcome)


def test_every_step_is_counted() -> None:
    assert sum(len(transcript.load(path).steps) for path in FILES) == STEPS


def test_every_snippet_is_shown_and_every_include_exists() -> None:
    site = pages.load_pages(ROOT)
    for page in site:
        pages.check_includes(ROOT, page)
    assert [str(error) for error in snippets.orphans(ROOT, site)] == []

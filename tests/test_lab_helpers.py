"""What the page Proofs shows beside the proofs: constants, helpers and a glossary."""

from pathlib import Path

from conftest import ROOT

from lab.helpers import glossary, helpers_of

OTHER = '''\
"""docs/start/other.md"""

import os

PORT = 8000  # the default


def browse(host):
    """Return what a browser shows; `0.0.0.0` is safe."""
    "Nobody proves this."
    # Nor this.
    return host.ask(PORT)


def another():
    return browse
'''
MODULE = '''\
"""docs/start/page.md"""

import pytest
from other import browse as look

WIFI, OWN = "http://192.168.1.100/", "http://127.0.0.1/"
URL = (
    WIFI  # of the phone
)
UNUSED = "0.0.0.0 is safe"


def test_it(home):
    """A sentence."""
    assert check(look(home)) and URL


@pytest.fixture
def check(answer):
    """Never shown."""

    def inner():
        """Nor this."""
        return check

    return answer or inner
'''


def test_helpers_are_what_the_proofs_use(tmp_path: Path) -> None:
    """Comments and docstrings are left out, and so is what no proof uses."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "other.py").write_text(OTHER, "utf-8")
    module = tmp_path / "tests" / "test_page.py"
    module.write_text(MODULE, "utf-8")
    assert dict(helpers_of(module)) == {
        "tests/other.py": "PORT = 8000\n\n\ndef browse(host):\n\n    return host.ask(PORT)",
        "tests/test_page.py": (
            'WIFI, OWN = "http://192.168.1.100/", "http://127.0.0.1/"\n'
            "URL = (\n    WIFI\n)\n\n\n"
            "@pytest.fixture\ndef check(answer):\n\n"
            "    def inner():\n        return check\n\n    return answer or inner"
        ),
    }


def test_a_module_without_helpers_shows_none(tmp_path: Path) -> None:
    module = tmp_path / "test_page.py"
    module.write_text(
        'UNUSED = 1\n\n\ndef test_it(home):\n    """A."""\n    assert home\n', "utf-8"
    )
    assert list(helpers_of(module)) == []


def test_the_glossary_has_what_proofs_use(tmp_path: Path) -> None:
    code = "def test_it(container):\n    assert reaches(container.phone, 8000)\n"
    assert glossary(ROOT, [code]) == {
        "container": "A container behind a bridge of the laptop.",
        "reaches": "Tell whether a request from `host` gets an answer.",
    }
    assert glossary(tmp_path, [code]) == {}

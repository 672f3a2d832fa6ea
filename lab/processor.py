"""A preprocessor of Python-Markdown that knows which page it works on.

Those of lab.markdown and lab.markers share one State for each conversion.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from markdown import Markdown
from markdown.preprocessors import Preprocessor

from lab import site
from lab.errors import LabError
from lab.pages import Page
from lab.site import Site

try:
    from mkdocs.exceptions import BuildError
except ImportError:  # another builder; any exception stops it
    BuildError = Exception

PROOFS_PAGE = "proofs/"
P, T = ParamSpec("P"), TypeVar("T")


class Failed(BuildError):
    """A LabError as MkDocs prints it: the message, no traceback, exit status 1."""


class State:
    """The page that is being converted, found by its text: so this works in any builder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site: Site | None = None
        self.page: Page | None = None
        self.offset = 0  # blank lines that the builder took from the beginning
        self.blocks: list[str] = []  # HTML that waits for the stash

    def keep(self, block: str) -> str:
        """Return a token that stands for a block of HTML until `Stash` runs."""
        self.blocks.append(block)
        return f"\ue000{len(self.blocks) - 1}\ue001"  # private use: in no page

    def find(self, lines: list[str]) -> None:
        """Find the page that consists of `lines`, in the site as it is now."""
        self.blocks.clear()
        self.site = site.load(self.root)
        text = "\n".join(lines).strip()
        self.page = None
        for page in self.site.pages:
            if page.text.strip() == text:
                blank = len(page.text) - len(page.text.lstrip("\n"))
                self.page, self.offset = page, blank - _leading_blank(lines)

    def link(self, target: str) -> str:
        """Return the relative address of `target` below the site's root."""
        return "../" * self.page.url.count("/") + target


def _leading_blank(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def failing(function: Callable[P, T]) -> Callable[P, T]:
    """Turn a LabError into what MkDocs shows without a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except LabError as error:
            raise Failed(str(error)) from None

    return run


class Processor(Preprocessor):
    def __init__(self, md: Markdown, state: State) -> None:
        super().__init__(md)
        self.state = state

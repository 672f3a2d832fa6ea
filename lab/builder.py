"""What mkdocs.yml says: the pages in their order, and words of its own.

Its nodes are composed, and no object is made of them: so no tag of it means anything here.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from lab import texts
from lab.errors import Malformed

FILE = "mkdocs.yml"
SAID = ("site_name", "site_description", "copyright")


def order(root: Path) -> list[str]:
    """Return the pages of the navigation from first to last, by their paths below docs/."""
    return [
        node.value
        for setting, value in _settings(root)
        if setting == "nav"
        for node, is_label in _navigation(value)
        if not is_label
    ]


def said(root: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield what search engines, the navigation and the foot of a page are told, with its line.

    The last of the three tells a label of the navigation.  Raises Malformed for what is no text.
    """
    for setting, value in _settings(root):
        if setting == "nav":
            for node, is_label in _navigation(value):
                if is_label:
                    yield _line(node), node.value, True
        elif setting in SAID and not value.tag.endswith(":null"):
            if not value.tag.startswith("tag:yaml.org") or not isinstance(value, yaml.ScalarNode):
                place = f"{FILE}:{_line(value)}"
                raise Malformed(place, f"{setting} is no plain text", remedy="write it out")
            yield _line(value), " ".join(value.value.split()), False


def _settings(root: Path) -> list[tuple[str, yaml.Node]]:
    """Return the settings and their values, in order."""
    file = root / FILE
    text = texts.read(file, FILE) if file.is_file() else ""
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Malformed(FILE, "this is not YAML", [("reason", str(error))]) from None
    if top and not isinstance(top, yaml.MappingNode):
        raise Malformed(FILE, "this is no table of settings")
    return [(key.value, value) for key, value in top.value] if top else []


def _navigation(node: yaml.Node) -> Iterator[tuple[yaml.Node, bool]]:
    """Yield the labels and the paths of a part of the navigation; the second tells a label."""
    if isinstance(node, yaml.ScalarNode):
        yield node, False
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _navigation(item)
    else:
        for label, value in node.value:
            yield label, True
            yield from _navigation(value)


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1

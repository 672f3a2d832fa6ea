"""Sources: the first-party documents behind what the lab cannot run, in sources.toml.

A source carries the sentences and blocks that rest on it, word for word, as a proof carries its
sentences; so neither can change, and no footnote can move, without the other.  Whoever has looked
at the document signs all of it with `digest`, which a later edit by hand does not have.
"""

import datetime
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab import texts
from lab.errors import Malformed
from lab.record import check_day

FILE = "sources.toml"
SIGNED = ("title", "publisher", "url", "seen", "says", "supports")
FIELDS = frozenset({*SIGNED, "digest"})


@dataclass(frozen=True)
class Source:
    """A first-party document; `seen` is the day it was looked at, `supports` what rests on it."""

    name: str
    title: str
    publisher: str
    url: str
    seen: str
    says: str
    supports: tuple[str, ...]


def digest(values: dict) -> str:
    """Return the digest of what a source is, says and carries, and when it was looked at."""
    text = json.dumps([str(values[key]) for key in SIGNED])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def load(path: Path) -> dict[str, Source]:
    """Read the sources. Raises Malformed, naming the source and the field."""
    try:
        table = tomllib.loads(texts.read(path, FILE))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise Malformed(FILE, f"this is not TOML: {error}") from None
    hosts = table.pop("publishers", {})
    return {name: _source(name, values, hosts) for name, values in table.items()}


def _source(name: str, values: dict, hosts: dict[str, str]) -> Source:
    place = f"{FILE} [{name}]"
    if not isinstance(values, dict):
        raise Malformed(place, "a source is a table", [("found", repr(values))])
    if values.keys() != FIELDS:
        odd = ", ".join(sorted(values.keys() ^ FIELDS))
        raise Malformed(place, f"a source has {', '.join(sorted(FIELDS))}", [("odd", odd)])
    for key in ("title", "publisher", "url", "says", "supports"):
        said = values[key] if key == "supports" else [values[key]]
        if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            what = "a list of texts" if key == "supports" else "a text"
            raise Malformed(place, f"`{key}` is {what}", [(key, repr(values[key]))])
        if not said or not all(text.strip() for text in said):
            raise Malformed(place, f"`{key}` is empty")
    _check_address(place, values, hosts)
    if not isinstance(values["seen"], datetime.date):
        raise Malformed(place, "`seen` is a day, as in 2026-11-21", [("seen", str(values["seen"]))])
    check_day(place, values["seen"])
    if values["digest"] != (now := digest(values)):
        raise Malformed(
            place,
            "this changed after the document was looked at",
            [("says", values["says"]), ("digest", str(values["digest"]))],
            f'read the document, set `seen` to that day, and then `digest = "{now}"`; '
            "a new `seen` makes another digest",
        )
    found = {key: str(values[key]) for key in SIGNED if key != "supports"}
    return Source(name, **found, supports=tuple(values["supports"]))


def _check_address(place: str, values: dict, hosts: dict[str, str]) -> None:
    """A document is first-party: it stands where its publisher publishes."""
    try:
        address = urlsplit(values["url"])
    except ValueError as error:
        what = f"this is no address: {error}"
        raise Malformed(place, what, [("url", values["url"])]) from None
    if address.scheme != "https":
        raise Malformed(place, "the address is not https", [("url", values["url"])])
    host = hosts.get(values["publisher"])
    if address.hostname != host:
        raise Malformed(
            place,
            "the address is not its publisher's",
            [
                ("url", values["url"]),
                ("publisher", f"{values['publisher']}: {host or '(unknown)'}"),
            ],
            "mend the address, or add the publisher and its host to [publishers]",
        )

"""What the transcripts were recorded with, and when; the site prints it on every page."""

import datetime
import hashlib
import json
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from lab.errors import Malformed

FILE = "docs/record.json"
PACKAGES = {"Uvicorn": "uvicorn", "FastAPI": "fastapi"}


def versions() -> dict[str, str]:
    """Return the versions of what is at work in a transcript, on this machine."""
    curl = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "Python": platform.python_version(),
        **{name: version(package) for name, package in PACKAGES.items()},
        "Linux": _number(platform.release()),
        "curl": _number(curl),
    }


def write(root: Path) -> None:
    """Write the record of this day, in UTC, and this machine."""
    record = {"day": _today().isoformat(), "versions": versions()}
    record["digest"] = _digest(record)
    (root / FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def load(root: Path) -> dict:
    """Read the record. Raises Malformed."""
    try:
        record = json.loads((root / FILE).read_text(encoding="utf-8"))
        day = datetime.date.fromisoformat(record["day"])
        told = {"day": record["day"], "versions": dict(record["versions"])}
        if record["digest"] != _digest(told):
            raise ValueError("it was changed by hand")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Malformed(
            FILE, "this is not a record", [("reason", repr(error))], "make record"
        ) from None
    check_day(FILE, day)
    return told


def check_day(place: str, day: datetime.date) -> None:
    """Raise Malformed for a day that has not come; east of UTC it comes up to a day earlier."""
    if day > _today() + datetime.timedelta(days=1):
        facts = [("day", str(day)), ("today", f"{_today()} (UTC)")]
        raise Malformed(place, "this day lies in the future", facts, "set the clock, or the day")


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _digest(record: dict) -> str:
    """A record is made by a run; the digest shows an edit by hand."""
    text = json.dumps([record["day"], record["versions"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _number(text: str) -> str:
    return re.search(r"\d+(?:\.\d+)+", text)[0]

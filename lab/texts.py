"""Texts: files as UTF-8 text, with an error that names the file."""

from pathlib import Path

from lab.errors import Malformed


def read(path: Path, name: str) -> str:
    """Return the text of a file, which errors call `name`. Raises Malformed, FileNotFoundError."""
    data = path.read_bytes()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"this is not UTF-8 text ({error.reason})"
        raise Malformed(f"{name}:{line}", what, remedy="save the file as UTF-8") from None

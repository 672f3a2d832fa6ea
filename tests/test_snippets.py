"""Every app of the snippets, imported and run under a real Uvicorn server on loopback."""

import ast
import asyncio
import importlib.util
import inspect
import re
import sys
import threading
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import uvicorn
from conftest import ROOT
from fastapi.routing import APIRoute

APPS = sorted(
    path for path in (ROOT / "snippets").rglob("*.py") if "FastAPI()" in path.read_text("utf-8")
)
ANSWERS = {
    "cannot-reach/main.py": {"message": "Hello"},
    "local/main.py": {"message": "Hello"},
    "local/other.py": {"message": "I am another app"},
    "loopback-or-all/main.py": {"you are": "127.0.0.1"},
    "containers/main.py": {"message": "Hello from the container"},
    "how-proven/main.py": {"message": "Hello"},
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "snippets").as_posix()


def load(path: Path) -> ModuleType:
    """Import a snippet as a module of its own, whatever else is called `main`."""
    spec = importlib.util.spec_from_file_location(f"snippet_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Started(uvicorn.Server):
    """A server that says when it accepts connections, or has given up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.is_up.set()


@pytest.mark.parametrize("path", APPS, ids=name_of)
def test_the_app_answers_under_uvicorn(path: Path) -> None:
    config = uvicorn.Config(load(path).app, host="127.0.0.1", port=0, log_config=None)
    server = Started(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        assert server.is_up.wait(20)
        assert server.started
        address, port = server.servers[0].sockets[0].getsockname()
        response = httpx.get(f"http://{address}:{port}/", trust_env=False)
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()
    assert response.status_code == 200
    assert response.json() == ANSWERS[name_of(path)]


ROUTES = {"local/browser.py": {"/": "read_root", "/page": "read_page"}}


@pytest.mark.parametrize("path", [*APPS, ROOT / "snippets/local/browser.py"], ids=name_of)
def test_an_app_says_nothing_but_its_answers(path: Path, monkeypatch) -> None:
    """A title, a summary or the name of a route would be prose that nobody proves."""
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.delitem(sys.modules, "main", raising=False)
    app = load(path).app
    monkeypatch.delitem(sys.modules, "main", raising=False)
    names = ROUTES.get(name_of(path), {"/": "read_root"})
    assert {r.path: r.name for r in app.routes if isinstance(r, APIRoute)} == names
    endpoints = [r.endpoint for r in app.routes if isinstance(r, APIRoute)]
    assert {p for e in endpoints for p in inspect.signature(e).parameters} <= {"request"}
    told = app.openapi()
    assert told["info"] == {"title": "FastAPI", "version": "0.1.0"}
    for route, (operation,) in {r: o.values() for r, o in told["paths"].items()}.items():
        assert operation["summary"] == names[route].replace("_", " ").title()
        assert operation.keys() == {"summary", "operationId", "responses"}
        assert list(operation["responses"]) == ["200"]


@pytest.mark.parametrize("path", sorted((ROOT / "snippets").rglob("*.py")), ids=name_of)
def test_what_a_program_says_is_seen(path: Path) -> None:
    """Each string of words is printed in a transcript, or looked for by a proof, of its page."""
    module = f"test_{path.parent.name.replace('-', '_')}.py"
    seen = (ROOT / "tests" / module).read_text("utf-8")
    seen += "".join(file.read_text("utf-8") for file in path.parent.glob("*.console"))
    strings = [n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if is_text(n)]
    for line in (line for text in strings for line in text.split("\n")):
        assert not re.search(r"(?<!:)//|/\*|<!--", line), f"a comment in a string: {line}"
        for words in re.findall(
            r"[A-Za-z]+(?: [A-Za-z]+)+", re.sub("<[^>]*>|[^ ]*[=()]+[^ ]*", "\n", line)
        ):
            assert words in seen, f"nobody sees: {words}"


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_app_has_an_answer() -> None:
    assert {name_of(path) for path in APPS} == set(ANSWERS)


@pytest.mark.parametrize("path", APPS, ids=name_of)
def test_importing_starts_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: pytest.fail("a server was started"))
    assert load(path).app

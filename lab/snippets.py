"""Snippets: the programs and transcripts that pages show.

Nothing in them may say more than a run of them shows: no prose in a program, no part of it that
never runs, no command that prints what it is told.
"""

import ast
import io
import itertools
import re
import shlex
import tokenize
from collections.abc import Iterator
from pathlib import Path

from lab import pages, texts, transcript
from lab.errors import LabError, Malformed
from lab.pages import Page
from lab.site import Site

# What prints what it is told, whatever the host is like, or runs what does.
SPEAKERS = frozenset("echo printf : cat sh bash env eval exec timeout".split())
CONFIGURE = frozenset("ip nft sysctl".split())  # programs that change a host, which needs `#`
LIST = frozenset("; && || & |".split())  # of a shell (bash(1), "Lists" and "Pipelines")
VARIABLE = re.compile(r"(\w+)=.*", re.S)
READ = re.compile(r"UVICORN_\w+|PORT")  # by Uvicorn and by FastAPI's command
SENTENCE = re.compile(r"(?:[A-Za-z]+ ){2}[A-Za-z]+")
GUARD = re.compile(r'^if __name__ == "__main__":$', re.M)


def problems_of(site: Site) -> Iterator[LabError]:
    """Yield an error for each step and each program that says more than it shows."""
    yield from _strange_steps(site)
    yield from _unrun_parts(site)


def check_snippets(root: Path) -> None:
    """Raise Malformed for a program that is no Python, and for prose in it."""
    for file in sorted((root / "snippets").rglob("*.py")):
        name = file.relative_to(root).as_posix()
        text = texts.read(file, name)
        _check_syntax(name, text)
        for number in sorted(_prose_of(text)):
            raise Malformed(
                f"{name}:{number}",
                "a snippet says nothing in prose, which nobody would prove",
                [("line", text.splitlines()[number - 1].strip())],
                "say it on the page",
            )


def _check_syntax(name: str, text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        line = [("line", error.text.strip())] if error.text else []
        what = "this program is not valid Python"
        raise Malformed(f"{name}:{error.lineno or 1}", what, line, error.msg) from None


def _prose_of(text: str) -> Iterator[int]:
    """Yield the lines of comments, idle values, names that nothing reads, and assertions."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0]
    tree = ast.parse(text)
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(getattr(node, "ctx", None), ast.Load) and isinstance(node, ast.Name)
    }
    for node in ast.walk(tree):
        idle = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Name)
        names = _names_of(node)
        if idle or (names and not names & used) or isinstance(node, ast.Assert | ast.Pass):
            yield node.lineno


def _names_of(node: ast.AST) -> set[str]:
    """Return the names that a statement makes, but for a function that a decorator takes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set() if node.decorator_list else {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return set()
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def orphans(root: Path, pages: list[Page]) -> Iterator[Malformed]:
    """Yield an error for each file of snippets/ that no page shows."""
    shown = {path for page in pages for _, path in page.includes}
    for file in sorted((root / "snippets").rglob("*")):
        name = file.relative_to(root).as_posix()
        if file.is_file() and "__pycache__" not in file.parts and name not in shown:
            yield Malformed(
                name,
                "no page shows this file",
                remedy=f'show it in a fence with `--8<-- "{name}"`, or remove it',
            )


def _strange_steps(site: Site) -> Iterator[LabError]:
    """Yield each step of a page that may say more than the host shows."""
    for page in site.pages:
        code = site.code_of(page)
        for _, path in page.includes:
            if path.endswith(".console") and (site.root / path).is_file():
                for step in transcript.load(site.root / path, path, strict=False).steps:
                    if not step.returns and (what := _says_more(step, code)):
                        remedy = "show a program whose output tells about the host"
                        facts = [("step", step.prompt)]
                        yield LabError(f"{path}:{step.line}", what, facts, remedy)


def _says_more(step: transcript.Step, code: str) -> str:
    """Return what is wrong with a step, or nothing; `code` is that of the page's proofs."""
    try:
        words = list(shlex.shlex(step.command, posix=True, punctuation_chars=True))
        whole = shlex.split(step.command)
    except ValueError:
        return ""  # the shell says so when it runs
    if LIST.intersection(words):
        return "a step is one command"
    assigned = list(itertools.takewhile(bool, map(VARIABLE.fullmatch, whole)))
    if idle := [match[1] for match in assigned if not READ.fullmatch(match[1])]:
        return f"no program here reads {idle[0]}"
    program, *options = whole[len(assigned) :] or [":"]
    if program in SPEAKERS or (program == "python" and "-c" in options):
        return "this command prints what it is told"
    if any(SENTENCE.search(word) and not word.startswith("{") for word in options):
        return "a command carries a sentence, which nobody would prove"
    if step.root and program not in CONFIGURE and step.prompt not in code:
        return "no proof names this step, and `#` gives it more than it may need"
    return ""


def _unrun_parts(site: Site) -> Iterator[LabError]:
    """Yield each program with a part for `python FILE` that nothing on its page starts so."""
    for page in site.pages:
        seen = site.code_of(page) + pages.shown_text(site.root, page)
        for _, path in page.includes:
            file, started = site.root / path, f"python {Path(path).name}"
            has_part = path.endswith(".py") and GUARD.search(texts.read(file, path))
            if has_part and started not in seen:
                what = "nobody runs the part below `if __name__`"
                yield LabError(path, what, remedy=f"show `{started}`, or remove the part")

"""Proofs: tests that carry the sentences of a page, word for word, in their docstrings."""

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.claims import CODE, KEY
from lab.errors import LabError, Malformed
from lab.network import PLANS

HOSTS = frozenset(host for plan in PLANS.values() for host in plan.host_names)
# A word of the field, and what a proof that tries it has in its code.
TERMS = {
    r"refus": r"cannot_reach|\b7\b|[Rr]efus|\[Errno 13\]",
    r"times? out|timeout": r"cannot_hear|\b28\b",
    r"no route": r"cannot_route|ip route",
    r"firewall": r"\bnft\b",
    r"packet": r"\bnft\b|packets",
    r"[Cc]apabilit|privilege": r"CapEff|--inh-caps|root=True|\$ lsof|privileged",
    r"browser": r"browse\(",
    r"curl": r"curl",
    r"httpx": r"client\.py|\bhttpx\b",
    r"route": r"route",
    r"\breach(?:es)?\b|\byes\b": r"reach|curl|browse\(|client\.py",
    r"\b(?:no|not|never|cannot|nothing)\b": (
        r"cannot_|\bnot\b|!=|\bno \b|another|nothing|== (?:\[\]|'0?'|[1-9])|, ''\)|'0' \* 16"
    ),
}
# The names and numbers inside code: `uvicorn --port 80` has uvicorn, port and 80.
TOKEN = re.compile(r"[A-Za-z][A-Za-z_]+|\d+(?:\.\d+)*")


@dataclass(frozen=True)
class Proof:
    """A test and the sentences that it quotes, each with its line in the test's file.

    `source` is the test without its docstring; `evidence` adds what it uses of its module.
    """

    page: str
    file: str
    line: int
    name: str
    quotes: tuple[tuple[int, str], ...]
    source: str
    evidence: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def anchor(self) -> str:
        return f"{Path(self.file).stem}-{self.name}".replace("_", "-")

    @property
    def transcripts(self) -> list[str]:
        """The names of the transcripts that the proof runs."""
        return sorted(set(re.findall(r"[\w-]+\.console", self.evidence)))

    def unnamed(self, shown: str) -> Iterator[LabError]:
        """Yield an error for each quotation that names what the proof does not.

        `shown` is the text of the transcripts that the proof runs.  A sentence about the phone
        that is tried from the desktop is found here.
        """
        evidence = self.evidence + shown
        for line, text in self.quotes:
            if missing := list(_missing(text, evidence)):
                yield LabError(
                    f"{self.file}:{line}",
                    f"{self.name} never names `{missing[0]}`, and its sentence does",
                    [("sentence", text)],
                    "try what the sentence says, or say what is tried",
                )


def _missing(text: str, evidence: str) -> Iterator[str]:
    """Yield what a sentence names and a proof does not: names, numbers, hosts, keys and terms."""
    for code in CODE.findall(text):
        for token in TOKEN.findall(code):
            if token.casefold() not in evidence.casefold():
                yield token
    plain = CODE.sub("", text)
    hosts = HOSTS.intersection(re.findall("[a-z]+", plain))
    yield from (host for host in sorted(hosts) if host not in evidence)
    numbers = set(re.findall(r"\d+", evidence))
    yield from (n for n in re.findall(r"(?<![\w.])\d+(?![\d.]*\w)", plain) if n not in numbers)
    yield from (f"Ctrl+{key}" for key in KEY.findall(text) if f"^{key}" not in evidence)
    for term, tried in TERMS.items():
        if (found := re.search(term, plain)) and not re.search(tried, evidence):
            yield found[0]


def _parsed(text: str, file: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        place, line = f"{file}:{error.lineno or 1}", (error.text or "").strip()
        what = "this module of tests is not valid Python"
        raise Malformed(place, what, [("line", line)], error.msg) from None


def proofs_in(text: str, file: str, claims: Iterable[tuple[str, str]] = ()) -> list[Proof]:
    """Return the proofs of a module that begins with the path of its page.

    Raises Malformed for a proof that pytest does not collect, or that asserts nothing; `claims` are
    pairs of page and sentence, to find quotations where no test is.
    """
    tree = _parsed(text, file)
    page = (ast.get_docstring(tree) or "").partition("\n")[0].strip()
    if not re.fullmatch(r"docs/\S+\.md", page):
        return []
    quoted, proofs, names, lines = set(claims), [], set(), without_comments(text)
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        quotes = _quotes(node)
        is_test = node.name.startswith("test_")
        if not is_test and not any((page, sentence) in quoted for _, sentence in quotes):
            continue
        place = f"{file}:{node.lineno}"
        if quotes:
            _check_collected(node, tree, place, names)
            _check_asserts(node, place)
            source = _without_docstring(lines, node)
            evidence = _evidence(node, tree)
            proofs.append(Proof(page, file, node.lineno, node.name, quotes, source, evidence))
        names.add(node.name)
    return sorted(proofs, key=lambda proof: proof.line)


def _quotes(node: ast.FunctionDef) -> tuple[tuple[int, str], ...]:
    """Return the lines of the docstring's first paragraph, with their numbers."""
    if ast.get_docstring(node) is None:
        return ()
    constant = node.body[0].value
    quotes = []
    for offset, line in enumerate(constant.value.splitlines()):
        if not line.strip():
            break
        quotes.append((constant.lineno + offset, line.strip()))
    return tuple(quotes)


def without_comments(text: str) -> list[str]:
    """Return the lines of a module without comments: they are shown, and nobody proves them."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start[0] - 1, token.start[1]
            lines[row] = lines[row][:column].rstrip()
    return lines


def _without_docstring(lines: list[str], node: ast.FunctionDef) -> str:
    """Return the source of a test; its docstring stands on the page of proofs already."""
    docstring = node.body[0]
    parts = (
        lines[node.lineno - 1 : docstring.lineno - 1]
        + lines[docstring.end_lineno : node.end_lineno]
    )
    return textwrap.dedent("\n".join(parts))


def _evidence(node: ast.FunctionDef, tree: ast.Module) -> str:
    """Return the code of a test and of what it uses of its module, without docstrings."""
    defined = {}
    for item in tree.body:
        if isinstance(item, ast.Assign):
            defined |= {target.id: item for target in item.targets if isinstance(target, ast.Name)}
        elif isinstance(item, ast.FunctionDef):
            defined[item.name] = item
    parts, waiting, seen = [], [node], {node.name}
    while waiting:
        current = waiting.pop()
        body = [*getattr(current, "decorator_list", []), *getattr(current, "body", [current])]
        if isinstance(current, ast.FunctionDef) and ast.get_docstring(current) is not None:
            body.remove(current.body[0])
            parts.append(ast.unparse(current.args))
        for statement in body:
            parts.append(ast.unparse(statement))
            used = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} - seen
            seen |= used
            waiting += [defined[name] for name in sorted(used) if name in defined]
    return "\n".join(parts)


def _check_collected(node: ast.FunctionDef, tree: ast.Module, place: str, names: set) -> None:
    file = Path(place.rpartition(":")[0]).name
    skips = [
        ast.unparse(d) for d in node.decorator_list if re.search(r"skip|xfail", ast.unparse(d))
    ]
    reason = (
        (not file.startswith("test_") and f"pytest does not collect {file}")
        or (not node.name.startswith("test_") and "its name does not begin with test_")
        or (node not in tree.body and "it stands inside another function or class")
        or (node.name in names and "a second function of this name hides the first")
        or (skips and f"it is marked with {skips[0]}")
    )
    if reason:
        what = f"{node.name} quotes a sentence, but pytest does not run it"
        raise Malformed(place, what, [("reason", reason)], "make it a plain test function")


def _has_text(node: ast.expr | None) -> bool:
    inner = ast.walk(node) if node else ()
    return any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in inner)


def _check_asserts(node: ast.FunctionDef, place: str) -> None:
    """An assertion is an assert statement, or a call of a helper that asserts, by its name.

    A message would be prose that is shown with the proof, and nobody would prove it.
    """
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert) and _has_text(inner.msg):
            what = f"an assertion of {node.name} has a message, which nobody would prove"
            raise Malformed(place, what, remedy="remove it: the sentence says what is wrong")
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return
        if isinstance(inner, ast.Call):
            name = ast.unparse(inner.func).rpartition(".")[2]
            if name == "raises" or name.startswith(("check_", "cannot_")):
                return
    raise Malformed(place, f"{node.name} asserts nothing", remedy="assert what its sentence says")

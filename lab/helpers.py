"""Helpers: what proofs use besides themselves, so that a stranger can read them.

    names in a proof ──► constants and functions of tests/ ──► the names in those, and so on

Comments and docstrings are left out: they are shown, and nobody proves them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab.proofs import without_comments


@dataclass(frozen=True)
class Module:
    """A module of tests/: what it defines, and what it has from its neighbours."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def tests(self) -> list[ast.FunctionDef]:
        functions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        return [node for node in functions if node.name.startswith("test_")]

    @cached_property
    def defined(self) -> dict[str, ast.stmt]:
        """The constants, functions and classes of the module, by name."""
        found: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                targets = [inner for target in node.targets for inner in ast.walk(target)]
                found |= {name.id: node for name in targets if isinstance(name, ast.Name)}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[node.name] = node
        return found

    @cached_property
    def imported(self) -> dict[str, tuple[Path, str]]:
        """The names from other modules of the folder: the module, and its name for each."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                path = self.path.parent / f"{node.module}.py"
                if path.is_file():
                    found |= {a.asname or a.name: (path, a.name) for a in node.names}
        return found

    def code(self, nodes: list[ast.stmt]) -> str:
        """Return the code of definitions in the order of the module, constants first."""
        lines, parts = without_comments(self.text), []
        for node in sorted(nodes, key=lambda node: (not isinstance(node, ast.Assign), node.lineno)):
            first = min(inner.lineno for inner in (node, *getattr(node, "decorator_list", [])))
            unread = {number for inner in ast.walk(node) for number in _lines_of_a_string(inner)}
            numbers = range(first, node.end_lineno + 1)
            kept = [lines[number - 1] for number in numbers if number not in unread]
            parts += [*([] if isinstance(node, ast.Assign) else ["", ""]), *kept]
        return "\n".join(parts).strip("\n")


def helpers_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each module that the tests of a module use something of, with that code."""
    modules = {path: Module(path)}
    waiting = [(path, name) for test in modules[path].tests for name in _names(test)]
    used: dict[Path, dict[str, ast.stmt]] = {}
    while waiting:
        place, name = waiting.pop()
        module = modules.setdefault(place, Module(place))
        if name in module.imported:
            waiting.append(module.imported[name])
        elif name in module.defined and name not in used.setdefault(place, {}):
            used[place][name] = module.defined[name]
            waiting += [(place, inner) for inner in _names(module.defined[name])]
    for place in sorted(used, key=lambda place: (place == path, place)):
        if nodes := list(dict.fromkeys(used[place].values())):
            yield f"{place.parent.name}/{place.name}", modules[place].code(nodes)


def _names(node: ast.AST) -> list[str]:
    return sorted({inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)})


def _lines_of_a_string(node: ast.AST) -> range:
    """Return the lines of a docstring, or of any string that stands alone."""
    alone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr)
    return range(node.lineno, node.end_lineno + 1) if alone else range(0)


# -- glossary -------------------------------------------------------------------------------------


def glossary(root: Path, proofs: list[str]) -> dict[str, str]:
    """Return each fixture and each check of lab.reach that proofs use, with what it is for."""
    functions = [node for code in proofs for node in ast.parse(code).body]
    used = {argument.arg for node in functions for argument in node.args.args}
    used |= {name for node in functions for name in _names(node)}
    return {
        node.name: (ast.get_docstring(node) or "").partition("\n")[0]
        for path in (root / "tests" / "conftest.py", root / "lab" / "reach.py")
        for node in (Module(path).defined.values() if path.is_file() else ())
        if isinstance(node, ast.FunctionDef) and node.name in used
    }

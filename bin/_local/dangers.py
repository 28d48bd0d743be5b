"""Code that could open the portal to somebody who should not be in: bin/lint dangers.

Rules of our own, beside those of ruff (pyproject.toml), which knows neither Django's doors nor our scopes. What a rule
refuses and is right all the same is argued in argued_dangers.toml, by file, function and rule, with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .arguing import unargued
from .paths import TOP

ARGUED = Path(__file__).with_name("argued_dangers.toml")
# By the name that an argument gives: what to do instead.
RULES = {
    "sql": "give values as parameters and names by psycopg.sql: SQL is not put together of what is not written there",
    "safe-html": "let the template escape it, or format_html: what is marked safe is believed",
    "csrf-exempt": "another site's page could send it in the name of who is signed in",
    "no-sign-in": "the page answers whoever asks",
    "own-door": "the view says itself who is recognised, or let in, where all others share one answer",
    "unscoped": "ask a selector, or .visible_to(actor): what an address names may be of somebody else's system",
}
RUNS = {"execute", "executemany", "raw", "copy"}  # methods whose first argument is SQL
EXTRA = "extra"  # Django's own, whose every argument is SQL
MARKS = {"mark_safe", "SafeString", "SafeText"}
DOORS = {"authentication_classes", "permission_classes", "throttle_classes"}
NAMING = {"pk", "id", "uid", "key", "slug", "pk__in", "id__in"}  # by which an address names a row
COMPILED = {"sql_with_params", "as_sql"}  # Django's own SQL, with its parameters beside it
OPENINGS = {"csrf_exempt": "csrf-exempt", "login_not_required": "no-sign-in"}
ORGANISATION = {"Team"}  # of no system: whoever signs in may name one
EDGE = re.compile(r"apps/\w+/(views\w*(\.py|/.*)|api/.*)")
IN_TEMPLATES = re.compile(r"\|\s*safe(seq)?\b|\{%\s*autoescape\s+off\b")
FOLDERS = ("apps", "secops_portal", "cli/secops_cli")


@dataclass(frozen=True)
class Finding:
    """One place that one rule refuses. path: from the top; place: function or class, "" for the module's own."""

    path: str
    line: int
    place: str
    rule: str

    @property
    def key(self) -> str:
        """As an argument names it: without the line, which changes with every edit above."""
        return " ".join(filter(None, (self.path, self.place, self.rule)))

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.key}: {RULES[self.rule]}"


@dataclass
class Module:
    """A module as it is written. top: the folder that `path` begins at, to look imported constants up."""

    path: str
    text: str
    top: Path = TOP
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    def __post_init__(self) -> None:
        self.values = _assigned(self.tree.body)
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    self.imported[name.asname or name.name] = node.module, name.name

    def is_fixed(self, name: str) -> bool:
        """Whether a name of the module stands for text that is written down, here or where it comes from."""
        if name in self.values:
            return all(is_written(value, self, {}) for value in self.values[name])
        if name in self.imported:
            module, original = self.imported[name]
            file = self.top / (module.replace(".", "/") + ".py")
            if file.is_file():
                there = Module(str(file.relative_to(self.top)), file.read_text(), self.top)
                return there.is_fixed(original)
        return False


def is_written(node: ast.expr, module: Module, local: Mapping[str, list[ast.expr]]) -> bool:
    """Whether an expression is text that is written down in the code, whatever somebody sends.

    local: what the function around it assigns to names; a name of its parameters is no key of it.
    """
    if isinstance(node, ast.Name) and not local.get(node.id):
        return module.is_fixed(node.id)
    pieces = local[node.id] if isinstance(node, ast.Name) else _pieces(node)
    return pieces is not None and all(is_written(each, module, local) for each in pieces)


def _pieces(node: ast.expr) -> list[ast.expr] | None:
    """What an expression is put together of; None where nobody knows."""
    pieces: list[ast.expr] | None = None
    match node:
        case ast.Constant():
            pieces = []
        case ast.JoinedStr(values=parts) | ast.Dict(values=parts):
            pieces = parts
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            pieces = parts
        case ast.FormattedValue(value=value) | ast.Subscript(value=value):
            pieces = [value]
        case ast.BinOp(left=left, right=right):
            pieces = [left, right]
        case ast.IfExp(body=one, orelse=other):
            pieces = [one, other]
        case ast.Call():
            pieces = _pieces_of_call(node)
    return pieces


def _pieces_of_call(call: ast.Call) -> list[ast.expr] | None:
    name = _last(call.func)
    if _names(call)[:1] == ["sql"]:  # psycopg's, which quotes whatever else it is given
        made = (each for each in ast.walk(call) if isinstance(each, ast.Call))
        return [text for each in made if _names(each) == ["sql", "SQL"] for text in each.args]
    if name in COMPILED:
        return []
    if name in {"format", "join", "strip"} and isinstance(call.func, ast.Attribute):
        return [call.func.value, *call.args, *(keyword.value for keyword in call.keywords)]
    return None


def in_python(module: Module) -> Iterator[Finding]:
    """What the rules refuse in a module."""
    is_edge = bool(EDGE.fullmatch(module.path))
    for node, place, local in _walk(module.tree):
        for rule in _rules(node, module, local, is_edge=is_edge):
            yield Finding(module.path, getattr(node, "lineno", 1), place, rule)


def in_template(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if IN_TEMPLATES.search(line):
            yield Finding(path, number, "", "safe-html")


def _rules(
    node: ast.AST, module: Module, local: Mapping[str, list[ast.expr]], *, is_edge: bool
) -> Iterator[str]:
    match node:
        case ast.Call() as call:
            name = _last(call.func)
            if (_is_sql(call, name) and not is_written(call.args[0], module, local)) or (
                name == EXTRA and isinstance(call.func, ast.Attribute)
            ):
                yield "sql"
            if name in MARKS or (
                name in {"format_html", "format_html_join"}
                and not all(
                    is_written(each, module, local) for each in call.args[: _fixed_of(name)]
                )
            ):
                yield "safe-html"
            if is_edge and _is_unscoped(call, name):
                yield "unscoped"
        case ast.Name() | ast.Attribute() if _last(node) in OPENINGS:
            yield OPENINGS[_last(node)]
        case ast.Assign(targets=[ast.Name(id=name)]) if name in DOORS and is_edge:
            yield "own-door"


def _fixed_of(name: str) -> int:
    """How many arguments of format_html and its like are markup."""
    return 2 if name == "format_html_join" else 1


def _is_sql(call: ast.Call, name: str) -> bool:
    if not call.args:
        return False
    if name == "RawSQL":
        return True
    return isinstance(call.func, ast.Attribute) and name in RUNS and _names(call)[:1] != ["copy"]


def _is_unscoped(call: ast.Call, name: str) -> bool:
    """A row that is asked for by what an address names it by, and by nothing that says of whom it is."""
    if name in {"get_object_or_404", "aget_object_or_404"}:
        return not any("visible_to" in _names(each) for each in call.args[:1])
    words = _names(call)
    if words[:1] and words[0] in ORGANISATION:
        return False
    if name not in {"get", "filter"} or not {"objects", "_default_manager"} & set(words):
        return False
    named = {keyword.arg for keyword in call.keywords}
    return bool(named & NAMING) and "visible_to" not in words


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _last_call(node: ast.expr) -> str:
    return _last(node.func) if isinstance(node, ast.Call) else ""


def _names(node: ast.expr) -> list[str]:
    """The words of a chain such as System.objects.filter(...).get(...), from its root."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=name):
            return [*_names(value), name]
        case ast.Call(func=func):
            return _names(func)
    return []


def _assigned(body: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """What is assigned to plain names, each with all its values; nothing of nested functions."""
    found: dict[str, list[ast.expr]] = {}
    for node in body:
        for target, value in _assignments(node):
            if isinstance(target, ast.Tuple) and _last_call(value) in COMPILED:
                target = target.elts[0]  # noqa: PLW2901  # the SQL, before its parameters
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
        if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            for part in ("body", "orelse", "finalbody"):
                for name, values in _assigned(getattr(node, part, [])).items():
                    found.setdefault(name, []).extend(values)
    return found


def _assignments(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case ast.AugAssign(target=target, value=value):
            yield target, value


def _walk(
    node: ast.AST, place: str = "", local: Mapping[str, list[ast.expr]] | None = None
) -> Iterator[tuple[ast.AST, str, Mapping[str, list[ast.expr]]]]:
    """Every node, with the function or class that it stands in, and what that assigns."""
    for child in ast.iter_child_nodes(node):
        inner, known = place, local or {}
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{place}.{child.name}" if place else child.name
            if not isinstance(child, ast.ClassDef):
                known = {**known, **_assigned(child.body)}
        yield child, inner, known
        yield from _walk(child, inner, known)


def findings(top: Path = TOP) -> list[Finding]:
    """All of the portal, without migrations (locks.py reads those) and the scripts of this folder."""
    found: list[Finding] = []
    for folder in FOLDERS:
        for file in sorted((top / folder).rglob("*.py")):
            if "migrations" not in file.parts:
                found += in_python(Module(str(file.relative_to(top)), file.read_text(), top))
    for file in sorted((top / "templates").rglob("*.*")):
        found += in_template(str(file.relative_to(top)), file.read_text())
    return found


def main() -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    told: dict[str, Any] = tomllib.loads(ARGUED.read_text())
    wrong = unargued(findings(), told)
    print("\n".join(wrong) or "nothing that is not argued")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

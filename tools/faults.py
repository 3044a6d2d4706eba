"""Small faults that tools/mutants.py puts into a source file, one at a time.

A comparison that takes in its limit or no longer does, + for -, * for /, another number, True for False,
"and" for "or", min for max; a negation, a sign, a keyword argument or a whole call left out. Annotations,
messages of errors, docstrings and how drawings look are left alone. Lines keep their numbers.
"""

import ast
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

OPERATORS: dict[type, tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.And: ("and", "or"), ast.Or: ("or", "and"),
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
}  # fmt: skip
UNARY = {ast.Not: "not", ast.USub: "-"}
EXTREMES = {"min": "max", "max": "min"}
LEFT_ALONE = {  # keyword arguments that eyes judge, and zip's strict, which changes nothing that is right
    "alpha", "bbox", "capsize", "color", "dpi", "edgecolor", "facecolor", "figsize", "fontsize", "foreground",
    "ha", "layout", "linestyle", "linewidth", "markersize", "path_effects", "s", "strict", "style", "va",
    "weight", "width_ratios", "zorder",
}  # fmt: skip


class Mutant(NamedTuple):
    """A file with one fault in it: where it is, the line as it was, and what was changed."""

    path: Path
    line: int
    text: str
    change: str
    source: str


class Edit(NamedTuple):
    """Bytes `start` to `end` of a source make place for `new`."""

    start: int
    end: int
    new: str
    change: str


class Source:
    """A source text, with the places of its syntax tree's nodes as bytes of the whole."""

    def __init__(self, text: str) -> None:
        self.data, self.starts = text.encode(), [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def start(self, node: Any) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: Any) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def line(self, place: int) -> int:
        return self.data.count(b"\n", 0, place) + 1

    def words(self, start: int, end: int) -> str:
        """What stands there, in one line."""
        return " ".join(self.data[start:end].decode().split())

    def edited(self, edit: Edit) -> str:
        """The text after the edit, with as many lines as before."""
        lost = self.data[edit.start : edit.end].count(b"\n")
        return (self.data[: edit.start] + edit.new.encode() + b"\n" * lost + self.data[edit.end :]).decode()

    def _between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Edit:
        """The operator between two operands, replaced."""
        place = self.data.index(old.encode(), self.end(left), self.start(right))
        return Edit(place, place + len(old), new, f"{old} to {new}")

    def edits(self, node: Any) -> Iterator[Edit]:
        """What can be done to this node, its children left aside."""
        start, end = (self.start(node), self.end(node)) if hasattr(node, "lineno") else (0, 0)
        for left, operator, right in _operations(node):
            if type(operator) in OPERATORS:
                yield self._between(left, right, *OPERATORS[type(operator)])
        if isinstance(node, ast.UnaryOp) and (sign := UNARY.get(type(node.op))):
            words = self.words(start, end)
            yield Edit(start, start + len(sign), " " * len(sign), f"{words} to {words[len(sign) :].strip()}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            new = _other_number(node.value)
            yield Edit(start, end, f"{new!r}", f"{node.value!r} to {new!r}")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield Edit(start, end, "pass", "statement dropped")
        elif isinstance(node, ast.Call):
            yield from self._edits_of_call(node)

    def _edits_of_call(self, node: ast.Call) -> Iterator[Edit]:
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in EXTREMES:
            end = self.end(node.func)
            yield Edit(end - len(name), end, EXTREMES[name], f"{name} to {EXTREMES[name]}")
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in LEFT_ALONE:
                start, end = self.start(keyword), self.end(keyword)
                comma = re.compile(rb"\s*,").match(self.data, end)
                yield Edit(start, comma.end() if comma else end, "", f"{self.words(start, end)} dropped")


def _operations(node: Any) -> Iterator[tuple[ast.AST, ast.AST, ast.AST]]:
    """(left operand, operator, right operand) of all that have two."""
    if isinstance(node, ast.Compare):
        yield from zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
    elif isinstance(node, ast.BoolOp):
        yield from ((left, node.op, right) for left, right in pairwise(node.values))
    elif isinstance(node, ast.BinOp):
        yield node.left, node.op, node.right
    elif isinstance(node, ast.AugAssign):
        yield node.target, node.op, node.value


def _other_number(value: float) -> float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else 2 * value or 1.0


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes in their order, without annotations, messages of errors, looks, and what runs only as a script.

    Before Python 3.12 the parts of an f-string do not know their places.
    """
    if isinstance(node, ast.Raise) or (isinstance(node, ast.JoinedStr) and sys.version_info < (3, 12)):
        return
    if isinstance(node, ast.keyword) and node.arg in LEFT_ALONE:
        return
    if isinstance(node, ast.If) and getattr(getattr(node.test, "left", None), "id", "") == "__name__":
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "format_spec"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _nodes(child)


def mutants_of(path: Path) -> list[Mutant]:
    """Every fault of one file. Changes alike in one line are told apart by their number."""
    whole = path.read_text("utf-8")
    source, lines = Source(whole), whole.split("\n")
    found: dict[tuple[int, str], Mutant] = {}
    for node in _nodes(ast.parse(whole)):
        for edit in source.edits(node):
            line, change, number = source.line(edit.start), edit.change, 1
            while (line, change) in found:
                number += 1
                change = f"{edit.change} ({number})"
            text = lines[line - 1].strip()
            found[line, change] = Mutant(path, line, text, change, source.edited(edit))
    return list(found.values())

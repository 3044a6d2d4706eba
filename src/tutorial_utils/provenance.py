"""Which code trained a network: a digest that sees what is computed, and neither comments nor layout."""

import ast
import dis
import hashlib
import json
import linecache
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType
from typing import Any

RECIPES = "tutorial_utils.recipes"
PLAIN = (int, float, complex, str, bytes, bool, type(None))


def code_digest(*roots: Any) -> str | None:
    """16 hexadecimal digits for functions and classes, and for all of the page's own code that they reach.

    Followed are functions, classes and plain constants of the page (or module) itself and of
    `tutorial_utils.recipes`, through globals, closures, defaults, `functools.partial` and containers. Other
    modules are not: a better progress bar trains no other network. Two sources that differ in comments,
    docstrings or line breaks alone have one digest, on every version of Python. None where a source can't be
    had, as of code typed into a bare `exec`.
    """
    found: dict[str, Any] = {}
    try:
        for root in roots:
            _visit(root, "root", found, set())
    except LookupError:
        return None
    return hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()[:16]


def outline(node: Any) -> Any:
    """A syntax tree as nested lists, without docstrings, places and what changes with Python's version."""
    if isinstance(node, list):
        return [outline(each) for each in node if not _is_docstring(each)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in ("ctx", "kind")]
    return [type(node).__name__, *([n, outline(value)] for n, value in fields if value not in (None, []))]


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _visit(thing: Any, name: str, found: dict[str, Any], seen: set[int]) -> None:
    if isinstance(thing, PLAIN):
        found[f"{name} = {thing!r}"] = None
        return
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, partial):
        parts: Any = [thing.func, *thing.args, *thing.keywords.items()]
    elif isinstance(thing, Mapping):
        parts = thing.items()
    elif isinstance(thing, list | tuple | set | frozenset):
        parts = thing
    elif isinstance(thing, MethodType):
        parts = [thing.__func__]
    elif hasattr(thing, "__wrapped__"):  # by a decorator, which is a library's
        parts = [thing.__wrapped__]
    elif isinstance(thing, FunctionType) and _is_ours(thing.__module__):
        _add_source(thing.__code__, found)
        for key, value in _reached(thing):
            _visit(value, key, found, seen)
        return
    elif isinstance(thing, type) and _is_ours(thing.__module__):
        parts = _add_class(thing, found)
    else:
        return
    for place, part in enumerate(parts):
        _visit(part, f"{name}[{place}]", found, seen)


def _is_ours(module: str | None) -> bool:
    package = (module or "").split(".")[0]
    if package == "tutorial_utils":
        return module.startswith(RECIPES)
    return package == "__main__" or package.startswith("test_")


def _reached(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function reads besides its arguments, by name."""
    names = {
        step.argval
        for code in _nested(function.__code__)
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for name in sorted(names & function.__globals__.keys()):
        yield name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield "defaults", function.__defaults__
    yield "keyword defaults", function.__kwdefaults__


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _add_class(cls: type, found: dict[str, Any]) -> list[Any]:
    """Add the class's source; return its methods and bases, which are visited next."""
    methods = [value for value in vars(cls).values() if isinstance(value, FunctionType)]
    if not methods:
        raise LookupError(cls)
    nodes = [node for node in _tree(methods[0].__code__.co_filename) if isinstance(node, ast.ClassDef)]
    _add([node for node in nodes if node.name == cls.__name__][-1:], cls.__name__, found)
    return [*methods, *cls.__bases__]


def _add_source(code: CodeType, found: dict[str, Any]) -> None:
    kinds = (ast.Lambda,) if code.co_name == "<lambda>" else (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in _tree(code.co_filename) if isinstance(node, kinds))
    _add([node for node in nodes if _first_line(node) == code.co_firstlineno], code.co_name, found)


def _add(nodes: Iterable[ast.AST], name: str, found: dict[str, Any]) -> None:
    outlines = [outline(node) for node in nodes]
    if not outlines:
        raise LookupError(name)
    found[f"{name}: {json.dumps(outlines)}"] = None


def _first_line(node: Any) -> int:
    return min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))


def _tree(filename: str) -> list[ast.AST]:
    """All nodes of a source file, or of a notebook's cell, which the kernel has put into `linecache`."""
    try:
        return _nodes("".join(linecache.getlines(filename)))
    except SyntaxError as problem:
        raise LookupError(filename) from problem


@lru_cache
def _nodes(source: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source)))

"""What a student handed in, made fit for nbgrader: what can be mended is, and is said; the rest is refused.

Answers are never touched. Everything else stands as it was released: nbgrader's metadata, given code, checks.
"""

import ast
import copy
import json
import re
import unicodedata
from collections.abc import Iterable

import nbformat
from exercises import exercises, role
from IPython.core.inputtransformer2 import TransformerManager
from pages import SOLUTIONS, as_text, read

Notebook = nbformat.NotebookNode
Cell = nbformat.NotebookNode

FORBIDDEN = re.compile(r'[\[\]*?,<>:"/\\|\x00-\x1f\x7f\ud800-\udfff]')  # globs, CSV, paths, Windows
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", flags=re.I)  # what Windows opens instead
MAKERS = {
    "code": nbformat.v4.new_code_cell,
    "markdown": nbformat.v4.new_markdown_cell,
    "raw": nbformat.v4.new_raw_cell,
}
MAX_BYTES = 200  # of a name: file systems take 255, and nbgrader adds to it
AGAIN = "Ask for the .ipynb as JupyterLab saves it (File, Download)."


class Refused(ValueError):
    """This file can't be graded. The message says why, and what to do."""


def safe_name(name: str) -> str:
    """`name`, a student's, as file systems, nbgrader's patterns and its CSV can take it.

    Raises `Refused` where nothing is left of it, or too much.
    """
    safe = FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    if safe[:1] in tuple("=+-@"):  # a formula to a spreadsheet, an option to a command
        safe = f"_{safe}"
    if DEVICES.match(safe):
        safe = f"_{safe}"
    if not safe.strip("_"):
        raise Refused(
            f"its name, {name!r}, has no letter or digit that can be kept: rename it after the student"
        )
    if len(safe.encode()) > MAX_BYTES:
        raise Refused(f"its name has {len(safe.encode())} bytes, {MAX_BYTES} are the limit: shorten it")
    return safe


def parse(content: bytes) -> Notebook:
    """The notebook in a file's bytes, without outputs, in today's format. Raises `Refused`."""
    if not content.strip():
        raise Refused(f"it is empty. {AGAIN}")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise Refused(f"it is a web page, perhaps that of a log-in, and no notebook. {AGAIN}")
    if content[:2] == b"PK":
        raise Refused("it is a zip archive: unpack it, and put the notebook in its place")
    try:
        raw = json.loads(content)  # finds UTF-8 with and without a byte order mark, and UTF-16
    except (ValueError, RecursionError) as problem:
        raise Refused(f"it is no notebook, or cut off: it is not JSON ({problem}). {AGAIN}") from None
    if not isinstance(raw, dict) or raw.get("nbformat") != 4 or not isinstance(raw.get("cells"), list):
        raise Refused(f"it is JSON, but no notebook of format 4. {AGAIN}")
    try:
        notebook = nbformat.v4.new_notebook(cells=[_cell(cell) for cell in raw["cells"]])
        as_text(_numbered(notebook)).encode()
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError, UnicodeEncodeError) as problem:
        raise Refused(f"it is a damaged notebook ({problem!r:.100}). {AGAIN}") from None
    return notebook


def _cell(raw: dict) -> Cell:
    """A cell of today's format, with what grading needs: its text, and the name that nbgrader gave it."""
    mark = raw.get("metadata", {}).get("nbgrader")
    known = isinstance(mark, dict) and isinstance(mark.get("grade_id"), str)
    parts = {
        "source": raw["source"] if isinstance(raw["source"], str) else "".join(raw["source"]),
        "metadata": nbformat.from_dict({"nbgrader": mark} if known else {}),
    }
    if "attachments" in raw and raw["cell_type"] != "code":
        parts["attachments"] = nbformat.from_dict(raw["attachments"])
    return MAKERS[raw["cell_type"]](**parts)


def _numbered(notebook: Notebook) -> Notebook:
    """Ids that differ, as the format asks, and that are the same each time."""
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"
    return notebook


def marked(notebook: Notebook) -> dict[str, Cell]:
    """The cells that nbgrader knows, by their names; of several with one name the first."""
    cells: dict[str, Cell] = {}
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cells.setdefault(cell.metadata.nbgrader.grade_id, cell)
    return cells


def mend(notebook: Notebook, released: Notebook) -> list[str]:
    """Make `notebook`, a student's, in place what was released, but for answers and the student's own cells.

    Returns what was changed. Raises `Refused` where an answer's cell is missing.
    """
    wanted, found = marked(released), marked(notebook)
    _expect_answers([name for name, cell in wanted.items() if role(cell, "solution")], found)
    notes = _strip_others(notebook, wanted, found)
    changed, kept = [], []
    for name in (name for name in wanted if name in found):
        theirs = _as_released(notebook, found[name], wanted[name])
        if theirs is not None:
            changed.append(name)
            kept += _keep_imports(notebook, name, theirs, wanted[name])
    order = [name for name in marked(notebook) if name in wanted]
    deleted = [name for name in wanted if name not in order]
    if order != [name for name in wanted if name in found]:
        notes.append("the cells are in another order than released")
    _put_back(notebook, wanted, deleted)
    notebook.metadata = copy.deepcopy(released.metadata)
    _numbered(notebook)
    notes += [f"put back as released, since it was changed: {', '.join(changed)}"] * bool(changed)
    notes += [f"kept from there in a cell of their own: {'; '.join(kept)}"] * bool(kept)
    return notes + [f"put back, since it was deleted: {', '.join(deleted)}"] * bool(deleted)


def _expect_answers(answers: list[str], found: Iterable[str]) -> None:
    missing = [name for name in answers if name not in found]
    if not missing:
        return
    if not found:
        raise Refused(f"no cell has nbgrader's metadata: the service that exported it dropped them. {AGAIN}")
    for path in sorted(SOLUTIONS.glob("*.ipynb")) if len(missing) == len(answers) else []:
        if set(list(exercises(read(path)))[1:]) & set(found):
            raise Refused(f"it holds exercises of {path.stem}, and none of this assignment's")
    raise Refused(
        f"it lacks the cells of the answers {', '.join(missing)}: deleted, or without nbgrader's metadata, "
        "which some services drop. Ask for the .ipynb as JupyterLab saves it, or paste the answers into a "
        "copy of the released notebook"
    )


def _strip_others(notebook: Notebook, wanted: dict[str, Cell], found: dict[str, Cell]) -> list[str]:
    """Take nbgrader's metadata from copies of a cell and from cells of no exercise that was asked for."""
    copies, strange = [], []
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name and (name not in wanted or found[name] is not cell):
            (copies if name in wanted else strange).append(name)
            del cell.metadata["nbgrader"]
    notes = [f"occurs more than once, and the first one counts: {', '.join(copies)}"] * bool(copies)
    return notes + [f"not in this assignment, so without points: {', '.join(strange)}"] * bool(strange)


def _as_released(notebook: Notebook, cell: Cell, released: Cell) -> str | None:
    """Give `cell` its released type and metadata, and its source where that is locked.

    Returns the source that it had, where that was locked and another.
    """
    theirs, locked = cell.source, role(released, "locked")
    fresh = copy.deepcopy(released)
    fresh.source = released.source if locked else theirs
    fresh.update({"attachments": cell.attachments} if "attachments" in cell and not locked else {})
    notebook.cells[_place(notebook, cell)] = fresh
    return theirs if locked and _lines(theirs) != _lines(released.source) else None


def _place(notebook: Notebook, cell: Cell) -> int:
    return next(index for index, other in enumerate(notebook.cells) if other is cell)


def _lines(source: str) -> list[str]:
    return [line.rstrip() for line in source.strip().splitlines()]


def _imports(source: str) -> list[str]:
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return []
    return [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def _keep_imports(notebook: Notebook, name: str, theirs: str, released: Cell) -> list[str]:
    """Imports that the student added to given code go to a cell of their own after it."""
    if released.cell_type != "code" or role(released, "grade"):
        return []
    ours = _imports(released.source)
    added = [line for line in _imports(theirs) if line not in ours]
    if added:
        place = _place(notebook, marked(notebook)[name]) + 1
        notebook.cells.insert(place, nbformat.v4.new_code_cell("\n".join(added)))
    return added


def _put_back(notebook: Notebook, wanted: dict[str, Cell], deleted: list[str]) -> None:
    """Insert each deleted cell before the released one that follows: checks see the student's own cells."""
    names = list(wanted)
    for name in reversed(deleted):
        here = marked(notebook)
        after = [here[other] for other in names[names.index(name) + 1 :] if other in here]
        place = _place(notebook, after[0]) if after else len(notebook.cells)
        notebook.cells.insert(place, copy.deepcopy(wanted[name]))

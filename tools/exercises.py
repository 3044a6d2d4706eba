"""Make the students' notebooks from the solutions: what `make exercises` does. (Grading: tools/grading.py.)

A solution notebook marks its cells as nbgrader does: `nbgrader` metadata, and `### BEGIN SOLUTION` to
`### END SOLUTION` around what students must not see. An exercise is a second-level heading and the cells that
follow it; its name is that of its function. Cells tagged `instructor` are for instructors only.
"""

import copy
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import nbformat
from badges import badges, place
from pages import ROOT, SOLUTIONS, STUDENTS, as_text, read, tags

from tutorial_utils.files import write_atomically

README = SOLUTIONS / "README.md"
HEADING = re.compile(r"## (\d+)\. (\w+ it): (.+) \((\d+) min\)\n")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
STUBS = {"code": "raise NotImplementedError", "markdown": "*Your derivation goes here.*"}
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

SHOWS = "# What a right answer shows:"

Notebook = nbformat.NotebookNode
Cell = nbformat.NotebookNode


def role(cell: Cell, name: str) -> bool:
    """Whether nbgrader's metadata give the cell this role: `grade`, `solution` or `locked`."""
    return bool(cell.metadata.get("nbgrader", {}).get(name))


def is_check(cell: Cell) -> bool:
    return cell.cell_type == "code" and role(cell, "grade")


def exercises(notebook: Notebook) -> dict[str, list[Cell]]:
    """The cells of each exercise, by the name of its function; what stands before the first is under ""."""
    groups: list[list[Cell]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            groups.append([])
        groups[-1].append(cell)
    named = {"": groups[0]}
    for cells in groups[1:]:
        solutions = [cell for cell in cells if cell.cell_type == "code" and role(cell, "solution")]
        if len(solutions) != 1 or sum(map(is_check, cells)) != 1:
            heading = cells[0].source.splitlines()[0]
            raise ValueError(f"an exercise has one solution and one check, unlike {heading!r}")
        named[solutions[0].metadata.nbgrader.grade_id] = cells
    return named


def clear(source: str, stub: str) -> str:
    """`source` with `stub` in the place of what stands between the markers."""
    lines, inside = [], False
    for line in source.splitlines():
        marker = line.strip()
        if marker in (BEGIN, END):
            if inside == (marker == BEGIN):
                raise ValueError(f"{marker!r} has no partner in:\n{source}")
            inside = not inside
            lines += [line.replace(BEGIN, stub)] if inside else []
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f"{BEGIN!r} has no partner in:\n{source}")
    return "\n".join(lines)


def assignment(
    solutions: Notebook, *, only: Collection[str] = (), points: Mapping[str, float] | None = None
) -> Notebook:
    """The solutions as nbgrader's source: no notes for instructors, and checks that "Run all" passes over.

    `only` keeps some exercises, by the names of their functions; `points` sets those of their checks.
    """
    notebook = copy.deepcopy(solutions)
    groups = exercises(notebook)
    unknown = sorted({*only, *(points or {})} - {*groups} | {*only, *(points or {})} & {""})
    if unknown:
        names = ", ".join(name for name in groups if name)
        raise ValueError(f"no exercise {', '.join(map(repr, unknown))}; there are {names}")
    for name in points or {}:
        if only and name not in only:
            raise ValueError(f"points for {name!r}, which is not in the assignment")
    chosen = [name for name in groups if name and (not only or name in only)]
    _describe(notebook.cells[0], groups, chosen)
    kept = [cells for name, cells in groups.items() if not only or name in ("", *only)]
    notebook.cells = [cell for cells in kept for cell in cells if "instructor" not in tags(cell)]
    for name, value in (points or {}).items():
        next(filter(is_check, groups[name])).metadata.nbgrader.points = value
    for cell in filter(is_check, notebook.cells):
        cell.metadata["tags"] = [*tags(cell), "raises-exception"]
    return notebook


def points_alone(notebook: Notebook) -> Notebook:
    """Let the cells with points hold the check alone; what followed it in its cell gets a cell of its own.

    A plot that fails, or a warning that it prints, then costs no points.
    """
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if is_check(cell) and "\n" in cell.source:
            cell.source, rest = cell.source.split("\n", 1)
            after = nbformat.v4.new_code_cell(f"{SHOWS}\n{rest}", id=f"{cell.id}-shows")
            after.metadata["tags"] = list(tags(cell))
            cells.append(after)
    notebook.cells = cells
    return notebook


def _describe(opening: Cell, groups: Mapping[str, list[Cell]], chosen: list[str]) -> None:
    """Let the opening speak of the chosen exercises: how many, how long, and a hint for one of them."""
    minutes = sum(int(HEADING.match(groups[name][0].source)[4]) for name in chosen)
    number = NUMBERS[len(chosen)]
    words = "This one belongs" if len(chosen) == 1 else f"These {number} belong"
    source = re.sub(r"These \w+ belong", words, opening.source, count=1)
    source = re.sub(r"about \d+ minutes in all", f"about {minutes} minutes in all", source, count=1)
    hinted = re.search(r'checks\.hint\("(\w+)"', source)[1]
    if hinted not in chosen:
        source = source.replace(f'checks.hint("{hinted}"', f'checks.hint("{chosen[0]}"')
    opening.source = source


def student_copy(solutions: Notebook) -> Notebook:
    """What students get: the assignment with a stub in the place of each solution."""
    notebook = assignment(solutions)
    for cell in notebook.cells:
        if role(cell, "solution") != (BEGIN in cell.source):
            raise ValueError(f"solution cells, and they alone, hold {BEGIN!r}:\n{cell.source}")
        cell.source = clear(cell.source, STUBS.get(cell.cell_type, ""))
    return notebook


def relink(notebook: Notebook, chapters: str) -> Notebook:
    """Let links to the chapters, which stand beside `solutions`, lead to `chapters`."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../notebooks/", f"]({chapters}")
    return notebook


def generated() -> dict[Path, str]:
    """The students' notebooks as they should be: the text of each file."""
    texts = {}
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        notebook, target = relink(student_copy(read(path)), "../"), STUDENTS / path.name
        page = target.relative_to(ROOT).as_posix()
        notebook.cells[0].source = place(notebook.cells[0].source, badges(page, shown_in=page))
        texts[target] = as_text(notebook)
    return texts


def table() -> str:
    """The exercises of every chapter as a Markdown table, for the instructors' README."""
    lines = [
        "| chapter | | exercise | function | minutes | points |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        for name, cells in list(exercises(read(path)).items())[1:]:
            number, kind, title, minutes = HEADING.match(cells[0].source).groups()
            points = next(filter(is_check, cells)).metadata.nbgrader.points
            chapter = f"[{path.stem}]({path.name})" if number == "1" else ""
            lines.append(f"| {chapter} | {number} | *{kind}:* {title} | `{name}` | {minutes} | {points} |")
    return "\n".join(lines)


def readme() -> str:
    """The instructors' README with the table of today."""
    text = README.read_text("utf-8")
    return re.sub(r"(<!-- table[^\n]*-->\n).*?(<!-- end -->)", rf"\g<1>{table()}\n\g<2>", text, flags=re.S)


def regenerate() -> None:
    STUDENTS.mkdir(exist_ok=True)
    write_atomically(README, readme().encode())
    texts = generated()
    for path, text in texts.items():
        write_atomically(path, text.encode())
        print(path.relative_to(ROOT))
    for path in {*STUDENTS.glob("*.ipynb")} - {*texts}:
        raise ValueError(f"{path.relative_to(ROOT)} has no source in {SOLUTIONS.name}: delete it")


def main() -> None:
    try:
        regenerate()
    except ValueError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()

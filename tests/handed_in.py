"""What students hand in, for the tests: notebooks of chapter 2 with one answer, whole or battered."""

import json
from pathlib import Path

import exercises as tool
import nbformat

CHAPTER = "02_losses"
ANSWER = "def mse(x, y):\n    return (x - y).square().mean()\n"


def release(course: Path) -> Path:
    """Write what students get to a course's folder."""
    notebook = tool.points_alone(tool.student_copy(tool.read(tool.SOLUTIONS / f"{CHAPTER}.ipynb")))
    path = course / "release" / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    return path


def by_name(notebook: dict) -> dict[str, dict]:
    """The cells that nbgrader knows."""
    cells = [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells}


def unchanged(notebook, cells) -> None:
    pass


def solved(released: Path, change=unchanged) -> dict:
    """A student's notebook, as JSON's dict; `change` gets it and its cells by name."""
    notebook = json.loads(released.read_text("utf-8"))
    by_name(notebook)["mse"]["source"] = ANSWER
    change(notebook, by_name(notebook))
    return notebook


def copies(notebook, cells):
    notebook["cells"] += [dict(cells["check_mse"]), dict(cells["mse"])]

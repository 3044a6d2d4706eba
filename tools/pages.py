"""The course's notebooks as files: where they are, how one is read and written, and what is counted in it."""

import ast
import hashlib
import json
import re
import subprocess
from pathlib import Path

import nbformat

from tutorial_utils.files import write_atomically
from tutorial_utils.provenance import outline

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STUDENTS = ROOT / "notebooks" / "exercises"
SOLUTIONS = ROOT / "solutions"
EXERCISES = sorted([*STUDENTS.glob("*.ipynb"), *SOLUTIONS.glob("*.ipynb")])


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def as_text(notebook: nbformat.NotebookNode) -> str:
    return nbformat.writes(notebook) + "\n"


def write(path: Path, notebook: nbformat.NotebookNode) -> None:
    write_atomically(path, as_text(notebook).encode())


def cells_of(notebook: nbformat.NotebookNode, kind: str) -> list[nbformat.NotebookNode]:
    """Those of a kind: "code" or "markdown"."""
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def code_digest(notebook: nbformat.NotebookNode) -> str:
    """A digest of what decides what a run prints: the code cells and their tags.

    The cell for Colab is left out: it prints nothing, and holds the repository's address. What a recipe of
    the package computes counts as the page's own.
    """
    tagged = [[cell.source, sorted(tags(cell))] for cell in cells_of(notebook, "code")]
    parts: list = [part for part in tagged if "colab" not in part[1]]
    used = "\n".join(source for source, _ in parts)
    for recipe in sorted((ROOT / "src" / "tutorial_utils" / "recipes").glob("*.py")):
        if re.search(rf"\brecipes(\.| import ){recipe.stem}\b", used):
            parts.append(outline(ast.parse(recipe.read_text("utf-8"))))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def timed_record(notebook: nbformat.NotebookNode) -> dict:
    """What is recorded of a page, without figures of earlier code: budgets are for today's."""
    record, digest = dict(notebook.metadata.get("tutorial", {})), code_digest(notebook)
    if record.get("timed") != digest:
        for key in ("cpu_minutes", "processor_minutes", "memory_gb"):
            record.pop(key, None)
    if record.get("avx2", {}).get("executed") != digest:
        record.pop("avx2", None)
    return record


def pictures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The outputs that are figures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in outputs if "image/png" in output.get("data", {})]


def words(notebook: nbformat.NotebookNode) -> int:
    """How many words of prose a page has: no formulas, no code, no addresses."""
    prose = "\n".join(cell.source for cell in cells_of(notebook, "markdown"))
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|\]\([^)]*\)", " ", prose, flags=re.S)
    return len(re.findall(r"[A-Za-zÀ-ž][\w’'-]*", prose))


def files_of(checkout: Path) -> list[Path]:
    """The course's files in a git checkout: those in the index and those that could be, nothing ignored.

    Raises `OSError` or `subprocess.CalledProcessError` where there is no git or no checkout.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.splitlines() if (path := checkout / name).is_file()]

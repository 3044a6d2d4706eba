"""Execute notebooks from a clean kernel and store their outputs, so that every page comes from one run.

Chapters also get their minutes, memory, long cells and code digest in `metadata.tutorial`, and the picture
of the cell tagged `cover` goes to assets/figures/<chapter>.png. What they enter goes on the leaderboard.
Exercises and solutions are stored without outputs. With --avx2 a run only adds its minutes and memory.
"""

import argparse
import asyncio
import base64
import copy
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from notebook_runner import LONG_SECONDS, Run, execute
from pages import CHAPTERS, ROOT, code_digest, read, tags, write

from tutorial_utils import leaderboard
from tutorial_utils.files import write_atomically


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what changes from run to run or from machine to machine."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    notebook.metadata["language_info"] = {"name": "python", "file_extension": ".py"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.pop("transient", None)


def cover(notebook: nbformat.NotebookNode) -> bytes | None:
    """The first picture of the cell tagged `cover`."""
    for cell in notebook.cells:
        if "cover" in tags(cell):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output.data["image/png"])
    return None


def update_readme() -> None:
    """Write each chapter's measured minutes and memory into the README's table."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    for path in CHAPTERS:
        record = read(path).metadata.get("tutorial", {})
        row = next((line for line in text.splitlines() if f"(notebooks/{path.name})" in line), None)
        if row and "cpu_minutes" in record:
            cells = row.split("|")
            if len(cells) != 9:
                sys.exit(f"README.md: the row of {path.name} has {len(cells) - 2} columns, not 7")
            cells[4], cells[5] = f" {record.cpu_minutes:.1f} ", f" {record.memory_gb:.1f} GB "
            cells[7] = f" {record.avx2.minutes:.1f} " if "avx2" in record else " "
            text = text.replace(row, "|".join(cells))
    write_atomically(readme, text.encode())


@contextmanager
def leaderboard_open(*, keep: bool) -> Iterator[None]:
    """Let the notebook write to a copy of the board, which replaces it once the notebook ran to its end."""
    if not keep:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / leaderboard.FILE.name
        before = leaderboard.FILE.read_bytes() if leaderboard.FILE.exists() else b"{}"
        copy.write_bytes(before)
        os.environ["TUTORIAL_LEADERBOARD"] = str(copy)
        try:
            yield
        finally:
            del os.environ["TUTORIAL_LEADERBOARD"]
        if copy.read_bytes() != before:
            write_atomically(leaderboard.FILE, copy.read_bytes())


def refresh(path: Path, *, discard_outputs: bool) -> None:
    notebook = read(path)
    with leaderboard_open(keep=not discard_outputs):
        run = timed_run(notebook, path)
    if discard_outputs or path.parent != ROOT / "notebooks":
        return
    clean(notebook)
    record = notebook.metadata.setdefault("tutorial", {})
    record.update(
        **figures(run),
        executed=code_digest(notebook),
        long_cells={name: round(seconds) for name, seconds in run.seconds.items() if seconds >= LONG_SECONDS},
    )
    picture = cover(notebook)
    if picture:
        write_atomically(ROOT / "assets" / "figures" / f"{path.stem}.png", picture)
    write(path, notebook)


def time_with_avx2(path: Path) -> None:
    """Add what a run takes without the instructions that most laptops lack; the page stays as it is."""
    page = read(path)
    run = figures(timed_run(copy.deepcopy(page), path))
    page.metadata.setdefault("tutorial", {})["avx2"] = {
        "minutes": run["cpu_minutes"], "memory_gb": run["memory_gb"], "executed": code_digest(page),
    }  # fmt: skip
    write(path, page)


def timed_run(notebook: nbformat.NotebookNode, path: Path) -> Run:
    print(path.relative_to(ROOT))
    run = asyncio.run(execute(notebook, path.parent))
    print(f"\r  {run.minutes:.2f} minutes, {run.peak_gb or float('nan'):.2f} GB at most")
    return run


def figures(run: Run) -> dict[str, float]:
    """What is recorded of a run, rounded up."""
    if run.peak_gb is None:
        sys.exit("this system does not tell a kernel's peak memory: make the pages on Linux")
    return {
        "cpu_minutes": math.ceil(10 * run.minutes) / 10,
        "memory_gb": math.ceil(100 * run.peak_gb) / 100,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    parser.add_argument("--only-training", action="store_true", help="those that make checkpoints")
    parser.add_argument("--discard-outputs", action="store_true", help="run, but store nothing")
    parser.add_argument("--avx2", action="store_true", help="time with AVX2 only, as most laptops have it")
    options = parser.parse_args()
    if options.avx2:
        if platform.machine().lower() not in ("x86_64", "amd64"):
            sys.exit(f"this machine ({platform.machine()}) has no AVX2: time the chapters on an x86 machine")
        os.environ |= {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
    os.environ["TUTORIAL_HEADLESS"] = "1"
    paths = [path.resolve() for path in options.notebooks]
    paths = paths or CHAPTERS
    if options.only_training:
        trains = re.compile(r"load_or_train\(|shipped\(|stored\(")
        paths = [path for path in paths if trains.search(path.read_text("utf-8"))]
        if not paths:
            print("no notebook trains a checkpoint")
    for path in paths:
        try:
            if options.avx2:
                time_with_avx2(path)
            else:
                refresh(path, discard_outputs=options.discard_outputs)
        except CellExecutionError as problem:
            sys.exit(f"\n{path} failed; nothing of it was stored.\n{problem}")
    if not options.discard_outputs:
        update_readme()


if __name__ == "__main__":
    main()

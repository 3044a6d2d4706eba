"""Execute notebooks from a clean kernel and store their outputs, so that every page comes from one run.

Chapters also get their minutes, memory and code digest in `metadata.tutorial`, and the picture of the cell
tagged `cover` goes to assets/figures/<chapter>.png. What they enter goes on the leaderboard. Exercises and
solutions are stored without outputs.
"""

import argparse
import asyncio
import base64
import math
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError
from notebook_runner import ROOT, code_digest, execute

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
        if "cover" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output.data["image/png"])
    return None


def update_readme() -> None:
    """Write each chapter's measured minutes and memory into the README's table."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        record = nbformat.read(path, as_version=4).metadata.get("tutorial", {})
        if "cpu_minutes" in record:
            text = re.sub(
                rf"(\(notebooks/{path.name}\) \|[^|]*\|)[^|]*\|[^|]*\|",
                rf"\g<1> {record.cpu_minutes:.1f} | {record.memory_gb:.1f} GB |",
                text,
            )
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
    notebook = nbformat.read(path, as_version=4)
    print(path.relative_to(ROOT))
    with leaderboard_open(keep=not discard_outputs):
        minutes, peak_gb = asyncio.run(execute(notebook, path.parent))
    print(f"\r  {minutes:.2f} minutes, {peak_gb or float('nan'):.2f} GB at most")
    if discard_outputs or path.parent != ROOT / "notebooks":
        return
    clean(notebook)
    record = notebook.metadata.setdefault("tutorial", {})
    record.update(
        cpu_minutes=math.ceil(10 * minutes) / 10,
        memory_gb=math.ceil(100 * (peak_gb or 0)) / 100,
        executed=code_digest(notebook),
    )
    picture = cover(notebook)
    if picture:
        write_atomically(ROOT / "assets" / "figures" / f"{path.stem}.png", picture)
    write_atomically(path, nbformat.writes(notebook).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    parser.add_argument("--only-training", action="store_true", help="those that make checkpoints")
    parser.add_argument("--discard-outputs", action="store_true", help="run, but store nothing")
    options = parser.parse_args()
    os.environ["TUTORIAL_HEADLESS"] = "1"
    paths = [path.resolve() for path in options.notebooks]
    paths = paths or sorted((ROOT / "notebooks").glob("*.ipynb"))
    if options.only_training:
        trains = re.compile(r"load_or_train\(|shipped\(|stored\(")
        paths = [path for path in paths if trains.search(path.read_text("utf-8"))]
        if not paths:
            print("no notebook trains a checkpoint")
    for path in paths:
        try:
            refresh(path, discard_outputs=options.discard_outputs)
        except CellExecutionError as problem:
            sys.exit(f"\n{path} failed; nothing of it was stored.\n{problem}")
    if not options.discard_outputs:
        update_readme()


if __name__ == "__main__":
    main()

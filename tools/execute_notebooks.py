"""Execute notebooks from a clean kernel and store their outputs, so that every page comes from one run.

Chapters also get their minutes, memory, long cells and code digest in `metadata.tutorial`, and the picture
of the cell tagged `cover` goes to assets/figures/<chapter>.png. What they enter goes on the leaderboard.
Exercises and solutions are stored without outputs. With --avx2 a run only adds its minutes and memory.

All this is done on two cores of a CPU, for which the budgets are. On a GPU a run only adds its minutes
there; TUTORIAL_DEVICE=cpu makes the page.
"""

import argparse
import asyncio
import base64
import json
import math
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nbformat
import torch
from budgets import CORES, recorded_over_budget
from measuring import busy, machine, usable_cores
from nbclient.exceptions import CellExecutionError
from notebook_runner import LONG_SECONDS, Run, execute
from pages import CHAPTERS, ROOT, code_digest, read, tags, timed_record, write

from tutorial_utils import leaderboard
from tutorial_utils.device import get_device
from tutorial_utils.files import write_atomically

BOARDS = [leaderboard.CLOTHES]


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


def use_two_cores() -> None:
    """Keep this process, and the kernels that it starts, to as many cores as the budgets are for."""
    if usable_cores() > CORES and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if usable_cores() != CORES:
        sys.exit(
            f"minutes are recorded on {CORES} cores; this system gives {usable_cores()}, with no choice: "
            "make the pages on Linux, on a machine with two cores or more"
        )
    os.environ["OMP_NUM_THREADS"] = str(CORES)


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
def leaderboard_open() -> Iterator[None]:
    """Let the notebook write to copies of the boards, which replace them once the notebook ran to its end."""
    with tempfile.TemporaryDirectory() as folder:
        before = {board.file: board.file.read_bytes() for board in BOARDS if board.file.exists()}
        for file, content in before.items():
            (Path(folder) / file.name).write_bytes(content)
        os.environ["TUTORIAL_LEADERBOARD"] = folder
        try:
            yield
        finally:
            del os.environ["TUTORIAL_LEADERBOARD"]
        for file, content in before.items():
            entered = (Path(folder) / file.name).read_bytes()
            if entered != content:
                write_atomically(file, entered)


def refresh(path: Path, *, keep_figures: bool = False) -> None:
    """Make a chapter's page. Exercises and solutions are stored without outputs, and only run.

    With `keep_figures` minutes and memory stay those of an earlier run, whose code `timed` names.
    """
    if path.parent != ROOT / "notebooks":
        timed_run(read(path), path)
        return
    notebook = read(path)
    with leaderboard_open(), asked_what_it_loaded(notebook) as loaded:
        run = timed_run(notebook, path)
    clean(notebook)
    record, digest = notebook.metadata.setdefault("tutorial", {}), code_digest(notebook)
    if record.get("executed") != digest:  # then the GPU ran other code
        for key in ("gpu", "gpu_minutes"):
            record.pop(key, None)
    record.update(executed=digest, checkpoints=loaded)
    if not keep_figures:
        time_page(record, run)
    picture = cover(notebook)
    if picture:
        write_atomically(ROOT / "assets" / "figures" / f"{path.stem}.png", picture)
    write(path, notebook)


def time_page(record: dict, run: Run) -> None:
    """Write down what the run took."""
    minutes, digest = figures(run), record["executed"]
    if torch.backends.cpu.get_cpu_capability() == "AVX2":  # this run was one with AVX2 only
        record["avx2"] = {**minutes, "executed": digest}
    long = {name: round(seconds) for name, seconds in run.seconds.items() if seconds >= LONG_SECONDS}
    record.update(cpu_minutes=minutes.pop("minutes"), **minutes)
    record.update(machine=machine(), threads=CORES, timed=digest, long_cells=long)


@contextmanager
def asked_what_it_loaded(notebook: nbformat.NotebookNode) -> Iterator[dict[str, str]]:
    """Filled when the notebook ran: the shipped results that it asked for, with the digest of their code."""
    question = "import json; from tutorial_utils import records; print(json.dumps(records.used))"
    notebook.cells.append(nbformat.v4.new_code_cell(question))
    loaded: dict[str, str] = {}
    try:
        yield loaded
        loaded.update(json.loads(notebook.cells[-1].outputs[0].text))
    finally:
        del notebook.cells[-1]


def time_with_avx2(path: Path) -> None:
    """Add what a run takes without the instructions that most laptops lack; the page stays as it is."""
    run, page = figures(timed_run(read(path), path)), read(path)
    page.metadata.setdefault("tutorial", {})["avx2"] = {**run, "executed": code_digest(page)}
    write(path, page)


def time_on_gpu(path: Path) -> None:
    """Add the minutes of a run on this GPU; the page and the CPU's minutes stay as they are."""
    minutes, page = rounded_up(timed_run(read(path), path).figures.minutes, 1), read(path)
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else get_device().type
    page.metadata.setdefault("tutorial", {}).update(gpu_minutes=minutes, gpu=name)
    write(path, page)
    print("  only gpu_minutes are stored: set TUTORIAL_DEVICE=cpu to make the page on two cores")


def timed_run(notebook: nbformat.NotebookNode, path: Path) -> Run:
    print(path.relative_to(ROOT))
    run = asyncio.run(execute(notebook, path.parent))
    took = run.figures
    print(f"\r  {took.minutes:.2f} minutes, {took.peak_gb or float('nan'):.2f} GB at most")
    if busy(took):
        print("  WARNING: the machine was busy with other work: run this page again when it is quiet")
    return run


def figures(run: Run) -> dict[str, float]:
    """What is recorded of a run, rounded up."""
    took = run.figures
    if took.peak_gb is None or took.processor_minutes is None:
        sys.exit("this system does not tell a kernel's memory and processor time: make the pages on Linux")
    return {
        "minutes": rounded_up(took.minutes, 1),
        "processor_minutes": rounded_up(took.processor_minutes, 1),
        "memory_gb": rounded_up(took.peak_gb, 2),
    }


def rounded_up(value: float, digits: int) -> float:
    return math.ceil(value * 10**digits) / 10**digits


def over_budget(paths: list[Path]) -> list[str]:
    """What is wrong with the records of these chapters, a line each."""
    records = {path: timed_record(read(path)) for path in paths}
    problems = {path.stem: recorded_over_budget(record) for path, record in records.items()}
    return [f"{name} {problem}" for name, problem in problems.items() if problem]


def task(*, avx2: bool, keep_figures: bool) -> Callable[[Path], object]:
    """What is done with each notebook on this machine."""
    if get_device().type != "cpu":
        return time_on_gpu
    use_two_cores()
    return time_with_avx2 if avx2 else partial(refresh, keep_figures=keep_figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every chapter")
    parser.add_argument("--keep-figures", action="store_true", help="minutes stay those of an earlier run")
    parser.add_argument("--avx2", action="store_true", help="time with AVX2 only, as most laptops have it")
    options = parser.parse_args()
    if options.avx2:
        if platform.machine().lower() not in ("x86_64", "amd64"):
            sys.exit(f"this machine ({platform.machine()}) has no AVX2: time the chapters on an x86 machine")
        os.environ |= {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "TUTORIAL_DEVICE": "cpu"}
    os.environ["TUTORIAL_HEADLESS"] = "1"
    paths = [path.resolve() for path in options.notebooks]
    paths = paths or CHAPTERS
    work = task(avx2=options.avx2, keep_figures=options.keep_figures)
    for path in paths:
        try:
            work(path)
        except CellExecutionError as problem:
            sys.exit(f"\n{path} failed; nothing of it was stored.\n{problem}")
    update_readme()
    sys.exit("\n".join(over_budget(paths)) or None)


if __name__ == "__main__":
    main()

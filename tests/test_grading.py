"""Claims: the path in solutions/README.md grades chapter 4 rightly, what can't be graded gets no score."""

import csv
import os
import re
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path

import disposable
import exercises as tool
import grading
import nbformat
import psutil
import pytest
from disposable import Limits

nbgrader_apps = pytest.importorskip("nbgrader.apps", reason="needs the extra `instructor`")

CHAPTER = "04_gan"
RIGHT = ("discriminator_loss", "generator_loss", "gradient_penalty", "dirac_gan")
WRONG = {"upsampling_plan": [(2, 1)] * 6, "discriminator_step": 0.0}  # and one is not attempted
BLOCKS = re.compile(r"```bash\n(.*?)```", flags=re.S)


def command(line: str) -> int:
    """Run a line of the README in this process; its exit status."""
    program, *words = shlex.split(line)
    try:
        if program == "nbgrader":
            nbgrader_apps.NbGraderApp.clear_instance()
            nbgrader_apps.NbGraderApp.launch_instance(words)
        else:
            assert [program, words[0]] == ["python", "tools/grading.py"]
            sys.argv = words
            grading.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def by_name(notebook: nbformat.NotebookNode) -> dict[str, nbformat.NotebookNode]:
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata.nbgrader.grade_id: cell for cell in cells}


def hand_in(folder: Path, released: Path, student: str, answers: dict[str, str], change) -> None:
    """A student's file: the released one with `answers`, from function name to the cell's source."""
    notebook = tool.read(released)
    for name, cell in by_name(notebook).items():
        cell.source = answers.get(name, cell.source)
    change(notebook, by_name(notebook))
    (folder / f"{student}.ipynb").write_bytes(b"\xef\xbb\xbf" + nbformat.writes(notebook).encode())


def batter(notebook, cells) -> None:
    """What may happen to a file without making a right answer wrong, or a wrong one right."""
    cells["setup"].source = "import statistics\n" + cells["setup"].source + "\ndata = None"
    cells["generator_loss"].source += "\nprint(statistics.mean([1, 2]))"
    first, second, body = cells["gradient_penalty"].source.split("\n", 2)
    warning = "    __import__('warnings').warn('odd, and on stderr')"
    cells["gradient_penalty"].source = "\n".join([first, second, warning, body])
    cells["dirac_gan"].source += "\nplt = None  # so that the plot after the check fails"
    notebook.cells.append(nbformat.from_dict(cells["check_discriminator_loss"] | {"id": "pasted"}))
    cells["check_upsampling_plan"].source = "print('✓ upsampling_plan is right')"
    for name in ("step-run", "check_discriminator_step"):
        notebook.cells.remove(cells[name])


def deletes_all_and_ends_itself(notebook, cells) -> None:
    notebook.cells.insert(
        0, nbformat.v4.new_code_cell("import os, shutil\nshutil.rmtree('../../..')\nos._exit(0)")
    )


def test_the_readmes_path_grades_and_tells_graded_failed_refused_and_absent_apart(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook

    repository, course = tmp_path / "repository", tmp_path / "course"
    downloads = tmp_path / "downloads" / CHAPTER
    for folder in (repository, downloads):
        folder.mkdir(parents=True)
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sys, "argv", sys.argv)
    scripts = str(Path(sys.executable).parent)  # as where it is activated: nbgrader calls alembic
    monkeypatch.setenv("PATH", os.pathsep.join([scripts, os.environ["PATH"]]))
    lines = [line for block in BLOCKS.findall(tool.README.read_text("utf-8")) for line in block.splitlines()]
    make, release, *others = (line for line in lines if "pip install" not in line)
    assert [command(make), command(release)] == [0, 0]
    released = course / "release" / CHAPTER / f"{CHAPTER}.ipynb"

    source = tool.read(course / "source" / CHAPTER / f"{CHAPTER}.ipynb")
    points = {
        c.metadata.nbgrader.grade_id: c.metadata.nbgrader.points for c in filter(tool.is_check, source.cells)
    }
    right = {name: cell.source for name, cell in by_name(source).items() if tool.role(cell, "solution")}
    answers = {name: right[name] for name in RIGHT}
    answers |= {name: f"def {name}(*inputs):\n    return {value}" for name, value in WRONG.items()}
    hand_in(downloads, released, "Ada [2]", answers, batter)
    hand_in(downloads, released, "eve", right, deletes_all_and_ends_itself)
    (downloads / "dan.ipynb").write_text("<html>Log in</html>")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.add_student("fay")
        book.update_or_create_assignment(CHAPTER, duedate=datetime(2020, 1, 31))

    assert [command(line) for line in others] == [1, 1, 0, 0, 0]  # one refused, one failed
    report = course / f"report_{CHAPTER}.csv"
    rows = list(csv.DictReader(report.read_text("utf-8").splitlines()))
    assert [(row["student"], row["status"], row["score"]) for row in rows] == [
        ("Ada _2_", "graded", f"{sum(points[f'check_{name}'] for name in RIGHT):.1f}"),
        ("dan", "refused", ""),
        ("eve", "failed", ""),
        ("fay", "not handed in", ""),
    ]
    assert rows[0]["file"] == "Ada [2].ipynb"
    assert "deleted: step-run" in rows[0]["note"]
    assert "import statistics" in rows[0]["note"]
    assert "late" in rows[0]["note"]
    assert rows[0]["due"] == "2020-01-31 00:00:00 UTC"
    assert "kernel died" in rows[2]["note"]
    returned = sorted(path.name for path in (tmp_path / "returns" / CHAPTER).iterdir())
    assert returned == ["Ada [2].html"]
    hand_in(downloads, released, "eve", right, lambda notebook, cells: None)
    assert [command(others[0]), command(others[2])] == [1, 0]
    assert f"eve,eve.ipynb,not graded yet,,{sum(points.values()):.1f}" in report.read_text("utf-8")


PYTHON = [sys.executable, "-c"]
LOOP = "while True:\n  try:\n    while True: pass\n  except BaseException: pass"
KERNEL = (
    f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {LOOP!r}], start_new_session=True)\n"
)


@pytest.mark.parametrize(
    ("code", "limits", "problem"),
    [
        ("pass", Limits(), None),
        ("import os; os._exit(3)", Limits(), "ended with status 3"),
        (LOOP, Limits(seconds=1), "stopped after 1 seconds"),
        (KERNEL + LOOP, Limits(seconds=1), "stopped after 1 seconds"),
        (KERNEL, Limits(), None),
        ("x = bytearray(10**9)\nimport time; time.sleep(9)", Limits(memory_gb=0.3), "GB of memory; 0.3 are"),
        ("print('x' * 10**7, flush=True)", Limits(written_mb=5), "had written 10 MB; 5 are the limit"),
        ("f = open('big', 'w')\nwhile True: f.write('x' * 10**5)", Limits(written_mb=5), "5 are the limit"),
    ],
)
def test_a_run_ends_at_its_limits_and_leaves_no_process(tmp_path, monkeypatch, code, limits, problem):
    monkeypatch.setattr(disposable.uuid, "uuid4", lambda: type("Mark", (), {"hex": str(tmp_path)}))
    start = time.monotonic()
    outcome = disposable.run([*PYTHON, code], tmp_path, tmp_path / "log.txt", limits)
    assert outcome == problem if problem is None else problem in outcome
    assert time.monotonic() - start < 30
    left = [process for process in psutil.process_iter() if disposable._carries(process, str(tmp_path))]
    assert not left


def test_isolation_hides_the_course_and_shows_the_copy(tmp_path):
    words = disposable.isolated(["run", "me"], tmp_path / "copy", tmp_path / "course")
    binds = list(zip(words, words[1:], words[2:], strict=False))
    assert ("--bind", str(tmp_path / "copy"), str(tmp_path / "copy")) in binds
    assert words.index(str(tmp_path / "course")) < words.index(str(tmp_path / "copy"))
    assert words[-2:] == ["run", "me"]
    assert "--unshare-all" in words

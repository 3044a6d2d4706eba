"""Claim: the path in solutions/README.md releases chapter 4's exercises and grades them rightly."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import exercises as tool
import nbformat
import pytest

CHAPTER = "04_gan"
WRONG = {  # a typical mistake in each
    "discriminator_loss": "return (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()) / 2",
    "generator_loss": "return torch.log(1 - torch.sigmoid(fake_logits)).mean()",
    "gradient_penalty": "return None",
    "upsampling_plan": "return [(2, 1)] * 6",
    "discriminator_step": "optimizer.step()",
    "dirac_gan": "return torch.zeros(num_steps + 1, 2)",
    "kl_minus_2js": "return (q * (q / p).log()).sum()",
}


def hand_in(folder: Path, student: str, answers: dict[str, str], change=None) -> None:
    """A student's notebook: stubs replaced by `answers`, from function name to the cell's source."""
    notebook = tool.read(tool.STUDENTS / f"{CHAPTER}.ipynb")
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    if change:
        change(notebook)
    nbformat.write(notebook, folder / f"{student}.ipynb")


def switch_checks_off(notebook: nbformat.NotebookNode) -> None:
    """Overwrite a check, delete another."""
    checks = [cell for cell in notebook.cells if tool.is_check(cell)]
    checks[0].source = "print('✓ discriminator_loss is right')"
    notebook.cells.remove(checks[1])


def commands() -> str:
    """What the README tells an instructor to type, but for the installation."""
    blocks = re.findall(r"```bash\n(.*?)```", tool.README.read_text("utf-8"), flags=re.S)
    return "\n".join(block for block in blocks if "pip install" not in block)


@pytest.mark.skipif(os.name != "posix", reason="the README's commands are for a POSIX shell")
def test_the_readmes_path_grades_complete_half_and_wrong_submissions(tmp_path):
    pytest.importorskip("nbgrader", reason="needs the extra `instructor`")
    repository, downloads = tmp_path / "repository", tmp_path / "downloads"
    downloads.mkdir()
    for part in ("tools", "solutions"):
        shutil.copytree(tool.ROOT / part, repository / part)
    shutil.copyfile(tool.ROOT / "pyproject.toml", repository / "pyproject.toml")

    source = tool.read(tool.SOLUTIONS / f"{CHAPTER}.ipynb")
    groups = {name: cells for name, cells in tool.exercises(source).items() if name}
    points = {
        name: next(filter(tool.is_check, cells)).metadata.nbgrader.points for name, cells in groups.items()
    }
    right = {c.metadata.nbgrader.grade_id: c.source for c in source.cells if tool.role(c, "solution")}
    wrong = {
        name: re.sub(rf" *{tool.BEGIN}.*{tool.END}", f"    {WRONG[name]}", right[name], flags=re.S)
        for name in groups
    }
    half = dict(list(right.items())[: len(right) // 2])
    hand_in(downloads, "ada", right)
    hand_in(downloads, "ben", half)
    hand_in(downloads, "cleo", wrong, switch_checks_off)

    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        ["bash", "-ec", commands()], cwd=repository, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-3000:]

    released = (tmp_path / "course" / "release" / CHAPTER / f"{CHAPTER}.ipynb").read_text("utf-8")
    theirs, ours = nbformat.reads(released, as_version=4), tool.read(tool.STUDENTS / f"{CHAPTER}.ipynb")
    for cell, other in zip(theirs.cells[1:], ours.cells[1:], strict=True):  # the first one's link differs
        assert (cell.source, tool.tags(cell)) == (other.source, tool.tags(other))

    with (tmp_path / "course" / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {name: float(row["score"]) for name, row in rows.items()} == {
        "ada": sum(points.values()),
        "ben": sum(points[name] for name in half if name in points),
        "cleo": 0,
    }
    assert {float(row["max_score"]) for row in rows.values()} == {sum(points.values())}

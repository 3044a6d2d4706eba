"""Claims: students' copies are the solutions without what students must not see, and run as they should."""

import asyncio
import re

import exercises as tool
import nbformat
import pytest
import torch
from answers import RIGHT, WRONG
from notebook_runner import Client
from pages import CHAPTERS

from tutorial_utils import checks

SOLUTIONS = sorted(tool.SOLUTIONS.glob("*.ipynb"))
KINDS = {"Write it", "Predict it", "Diagnose it", "Explore it", "Prove it"}


@pytest.fixture(params=SOLUTIONS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def solutions(path):
    return tool.read(path)


def bodies(notebook):
    """What stands between the markers."""
    text = "\n".join(cell.source for cell in notebook.cells)
    return re.findall(rf"{tool.BEGIN}\n(.*?)\n *{tool.END}", text, flags=re.S)


def errors_of(notebook):
    """Execute to the end; the cells that raised, with what they raised."""

    async def run():
        await Client(notebook, timeout=120, allow_errors=True).async_execute()

    asyncio.run(run())
    return [
        (cell, output)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def test_every_chapter_has_exercises():
    assert [path.name for path in SOLUTIONS] == [path.name for path in CHAPTERS]


def test_students_copies_and_the_table_are_in_step():
    generated = tool.generated()
    assert {path: path.read_text("utf-8") for path in tool.STUDENTS.glob("*.ipynb")} == generated, (
        "run `make exercises`"
    )
    assert tool.README.read_text("utf-8") == tool.readme(), "run `make exercises`"


def test_kinds_are_mixed_and_sizes_kept(solutions):
    named = list(tool.exercises(solutions).items())[1:]
    assert 5 <= len(named) <= 8
    headings = [tool.HEADING.match(cells[0].source) for _, cells in named]
    assert [int(heading[1]) for heading in headings] == list(range(1, len(named) + 1))
    assert {heading[2] for heading in headings} == KINDS
    minutes = sum(int(heading[4]) for heading in headings)
    assert f"about {minutes} minutes in all" in solutions.cells[0].source


def test_chapter_links_to_each_exercise_where_the_reader_is_ready(path, solutions):
    chapter = tool.read(tool.ROOT / "notebooks" / path.name)
    body, closing = "\n".join(c.source for c in chapter.cells if c.cell_type == "markdown").split(
        "## Exercises"
    )
    named = list(tool.exercises(solutions).items())[1:]
    for number in range(1, len(named) + 1):
        assert f"[exercise {number}](exercises/{path.name})" in body
    minutes = sum(int(tool.HEADING.match(cells[0].source)[4]) for _, cells in named)
    assert f"(exercises/{path.name}) has" in closing
    assert f"about {minutes} minutes in all" in closing


def test_each_exercise_has_its_parts(solutions):
    assert "colab" in tool.tags(solutions.cells[1])
    for name, cells in list(tool.exercises(solutions).items())[1:]:
        (check,) = filter(tool.is_check, cells)
        assert check.source.splitlines()[0] == f"checks.check_{name}({name})"
        assert f"check_{name}" in checks.__all__
        (answer,) = (cell for cell in cells if cell.cell_type == "code" and tool.role(cell, "solution"))
        assert f"def {name}(" in answer.source
        (note,) = (cell for cell in cells if "instructor" in tool.tags(cell))
        minutes = tool.HEADING.match(cells[0].source)[4]
        assert note.source.startswith(f"**For instructors.** {minutes} minutes, ")
        assert f" {check.metadata.nbgrader.points} point" in note.source
        assert "*Idea:*" in note.source
        assert "*Common mistakes:*" in note.source
        proofs = [cell for cell in cells if cell.cell_type == "markdown" and tool.role(cell, "solution")]
        assert len(proofs) == ("Prove it" in cells[0].source)


def test_nbgrader_accepts_the_metadata(path):
    v3 = pytest.importorskip("nbgrader.nbgraderformat")
    for notebook in (tool.read(path), tool.read(tool.STUDENTS / path.name)):
        v3.MetadataValidator().validate_nb(notebook)


def test_students_see_no_solution_and_no_note(path, solutions):
    copy = tool.read(tool.STUDENTS / path.name)
    seen = "\n".join(cell.source for cell in copy.cells)
    assert bodies(solutions)
    assert not [body for body in bodies(solutions) if body in seen]
    assert "SOLUTION" not in seen
    assert "instructor" not in seen.lower()
    stubs = [cell for cell in copy.cells if tool.role(cell, "solution") and cell.cell_type == "code"]
    assert all(cell.source.endswith("\n    raise NotImplementedError") for cell in stubs)
    for cell in copy.cells:
        assert ("raises-exception" in tool.tags(cell)) == tool.is_check(cell)


def test_students_copy_runs_to_its_end_and_reports_each_exercise_as_not_attempted(path):
    copy = tool.read(tool.STUDENTS / path.name)
    errors = errors_of(copy)
    assert [cell.id for cell, _ in errors] == [cell.id for cell in filter(tool.is_check, copy.cells)]
    names = list(tool.exercises(copy))[1:]
    for name, (_, error) in zip(names, errors, strict=True):
        assert error.ename == "NotAttempted"
        assert error.traceback == [f"… {name}: not attempted yet"]
    for cell in copy.cells:
        assert not [output for output in cell.get("outputs", []) if output.get("name") == "stderr"]


def test_each_exercise_runs_alone(solutions, monkeypatch):
    """Readers follow the chapter's links in their own order, and instructors assign subsets."""
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    before, *groups = tool.exercises(solutions).values()
    start = {}
    for cell in before:
        if cell.cell_type == "code" and "colab" not in tool.tags(cell):
            exec(cell.source, start)
    for cells in groups:
        names = dict(start)
        for cell in cells:
            if cell.cell_type == "code":
                exec(cell.source, names)


def test_every_check_is_assigned_and_has_its_answers():
    names = {name.removeprefix("check_") for name in checks.__all__ if name.startswith("check_")}
    assigned = [name for path in SOLUTIONS for name in list(tool.exercises(tool.read(path)))[1:]]
    assert sorted(assigned) == sorted(names)
    for name in names:
        assert len(RIGHT[name]) >= 2, name
        assert len(WRONG[name]) >= 6, name


def test_markers_without_partner_are_errors():
    assert tool.clear("a\n    ### BEGIN SOLUTION\nb\n    ### END SOLUTION\nc", "stub") == "a\n    stub\nc"
    for source in ("### BEGIN SOLUTION\na", "### END SOLUTION", "### BEGIN SOLUTION\n### BEGIN SOLUTION"):
        with pytest.raises(ValueError, match="has no partner"):
            tool.clear(source, "stub")


def test_a_solution_outside_of_a_solution_cell_is_an_error(solutions):
    solutions.cells[0].source += f"\n{tool.BEGIN}\n{tool.END}"
    with pytest.raises(ValueError, match="solution cells, and they alone"):
        tool.student_copy(solutions)


def test_a_subset_with_other_points():
    chapter = tool.read(tool.SOLUTIONS / "04_gan.ipynb")
    part = tool.assignment(chapter, only=["kl_minus_2js", "generator_loss"], points={"generator_loss": 7})
    assert list(tool.exercises(part)) == ["", "generator_loss", "kl_minus_2js"]  # in the chapter's order
    assert [c.metadata.nbgrader.points for c in filter(tool.is_check, part.cells)] == [7, 3]
    assert not [cell for cell in part.cells if "instructor" in tool.tags(cell)]
    opening = part.cells[0].source
    assert "These two belong" in opening
    assert "about 35 minutes in all" in opening
    alone = tool.assignment(chapter, only=["kl_minus_2js"]).cells[0].source
    assert "This one belongs" in alone
    assert 'checks.hint("kl_minus_2js")' in alone
    for bad in ({"only": ["generatr_loss"]}, {"points": {"generatr_loss": 1}}):
        with pytest.raises(ValueError, match="'generatr_loss'; there are discriminator_loss, generator_loss"):
            tool.assignment(chapter, **bad)
    with pytest.raises(ValueError, match="points for 'generator_loss', which is not in the assignment"):
        tool.assignment(chapter, only=["kl_minus_2js"], points={"generator_loss": 7})


def test_assigning_and_collecting_overwrite_nothing(tmp_path):
    tool.assign("04_gan", tmp_path, [], [])
    source = tmp_path / "source" / "04_gan" / "04_gan.ipynb"
    assert nbformat.read(source, as_version=4).cells
    assert "](../notebooks/" not in source.read_text("utf-8")
    with pytest.raises(ValueError, match="exists"):
        tool.assign("04_gan", tmp_path, [], [])
    with pytest.raises(ValueError, match=r"no 99_none\.ipynb"):
        tool.assign("99_none", tmp_path, [], [])
    with pytest.raises(ValueError, match="not 'mse:3'"):
        tool.assign("02_losses", tmp_path, [], ["mse:3"])
    with pytest.raises(ValueError, match="no notebooks in"):
        tool.collect("04_gan", tmp_path, tmp_path / "downloads")
    (tmp_path / "ada.ipynb").write_bytes(source.read_bytes())
    tool.collect("04_gan", tmp_path, tmp_path)
    submitted = tmp_path / "submitted" / "ada" / "04_gan" / "04_gan.ipynb"
    assert submitted.read_bytes() == source.read_bytes()
    (tmp_path / "ben.ipynb").write_bytes(source.read_bytes())
    tool.collect("04_gan", tmp_path, tmp_path)  # the same file again, and a new one
    (tmp_path / "ada.ipynb").write_text("a later version")
    with pytest.raises(ValueError, match="delete it to take in the later version"):
        tool.collect("04_gan", tmp_path, tmp_path)
    submitted.unlink()
    tool.collect("04_gan", tmp_path, tmp_path)
    assert submitted.read_text() == "a later version"

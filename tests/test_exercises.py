"""Claims: students' copies are the solutions without what students must not see; exercises stand alone."""

import builtins
import re
import symtable

import exercises as tool
import grading
import nbformat
import pytest
from answers import RIGHT, WRONG
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


def reads_and_writes(source):
    """The global names that a cell reads, in its functions, too, and those that it makes."""
    reads, writes = set(), set()

    def walk(table):
        for symbol in table.get_symbols():
            if table.get_type() == "module" or symbol.is_global():
                if symbol.is_referenced():
                    reads.add(symbol.get_name())
                if symbol.is_assigned() or symbol.is_imported():
                    writes.add(symbol.get_name())
        for child in table.get_children():
            walk(child)

    walk(symtable.symtable(source, "cell", "exec"))
    return reads, writes


def strangers(notebook):
    """By exercise, the names that its cells read and that neither they nor those before exercise 1 make."""
    before, *groups = tool.exercises(notebook).items()
    start = set(dir(builtins))
    found = {}
    for name, cells in (before, *groups):
        known = set(start)
        for cell in cells:
            if cell.cell_type == "code" and "colab" not in tool.tags(cell):
                reads, writes = reads_and_writes(cell.source)
                known |= writes
                found.setdefault(name, set()).update(reads - known)
        if name == "":
            start = known
    return {name: names for name, names in found.items() if names}


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


def test_each_exercise_stands_alone(solutions):
    """Readers follow the chapter's links in their own order, and instructors assign subsets."""
    assert strangers(solutions) == {}


def test_an_exercise_that_leans_on_another_is_found():
    def cell(source, **marks):
        return nbformat.v4.new_code_cell(source, metadata={"nbgrader": marks} if marks else {})

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [cell("import math\nn = 3"), cell("unknown", grade_id="setup")]
    for name, given in (
        ("first", "made_here = [k * n for k in range(3)]"),
        ("second", "def helper(x):\n    return [made_here[x], math.pi, first]"),
    ):
        notebook.cells += [
            nbformat.v4.new_markdown_cell(f"## {name}"),
            cell(given),
            cell(f"def {name}(made_here):\n    return made_here", grade_id=name, solution=True),
            cell(f"checks({name})", grade_id=f"check_{name}", grade=True),
        ]
    assert strangers(notebook) == {
        "": {"unknown"},
        "first": {"checks"},
        "second": {"made_here", "first", "checks"},
    }


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


def test_assigning_overwrites_nothing_and_names_what_is_wrong(tmp_path):
    grading.assign("04_gan", tmp_path, [], [])
    source = tmp_path / "source" / "04_gan" / "04_gan.ipynb"
    assert nbformat.read(source, as_version=4).cells
    assert "](../notebooks/" not in source.read_text("utf-8")
    with pytest.raises(ValueError, match="exists"):
        grading.assign("04_gan", tmp_path, [], [])
    with pytest.raises(ValueError, match=r"no 99_none\.ipynb"):
        grading.assign("99_none", tmp_path, [], [])
    with pytest.raises(ValueError, match="not 'mse:3'"):
        grading.assign("02_losses", tmp_path, [], ["mse:3"])


def test_points_hang_on_the_check_alone(solutions):
    assignment = tool.assignment(solutions)
    lines = "\n".join(cell.source for cell in assignment.cells).splitlines()
    alone = tool.points_alone(assignment)
    assert not [cell for cell in filter(tool.is_check, alone.cells) if "\n" in cell.source]
    sources = [cell.source for cell in alone.cells]
    assert [line for line in "\n".join(sources).splitlines() if line != tool.SHOWS] == lines
    nbformat.validate(alone)

"""Claims: every form of a notebook is read, names are made safe, and all but answers stands as released."""

import json

import exercises as tool
import nbformat
import pytest
from handed_in import ANSWER, by_name, copies, release, solved, unchanged
from nbformat.v4 import new_code_cell
from submissions import Refused, mend, parse, safe_name


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return release(tmp_path_factory.mktemp("course"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("smith[2]", "smith_2_"),
        ("what?*", "what__"),
        ("Lovelace, Ada", "Lovelace_ Ada"),
        (".ada", "ada"),
        ("ada. ", "ada"),
        ("a/b\\c", "a_b_c"),
        ('<a>:"b"|c', "_a___b__c"),
        ("con", "_con"),
        ("ad\udcffa", "ad_a"),
        ("COM1.x", "_COM1.x"),
        ("-rf", "_-rf"),
        ("=1+1", "_=1+1"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("Müller (1) & O'Brien+50%", "Müller (1) & O'Brien+50%"),
    ],
)
def test_names_are_made_safe_and_ordinary_ones_stay(name, safe):
    assert safe_name(name) == safe
    assert safe_name(safe) == safe


@pytest.mark.parametrize("name", ["...", "[]", "é" * 120])
def test_names_of_which_nothing_is_left_are_refused(name):
    with pytest.raises(Refused, match="its name"):
        safe_name(name)


def without_minor(notebook, cells):
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        cell["metadata"]["id"] = cell.pop("id")


def minor_zero_with_ids(notebook, cells):
    notebook["nbformat_minor"] = 0


def version_4_4(notebook, cells):
    without_minor(notebook, cells)
    notebook["nbformat_minor"] = 4
    notebook["metadata"] = {}


def as_editors_do(notebook, cells):
    for cell in notebook["cells"]:
        cell["metadata"] |= {"vscode": {"languageId": "python"}, "tags": ["a", "a"]}
        cell |= {"source": "".join(cell["source"]), "id": "same", "extra": 1}
    notebook["cells"].append({"cell_type": "code", "source": "1", "metadata": {}, "outputs": "none"})


@pytest.mark.parametrize(
    ("change", "encode"),
    [
        (unchanged, lambda text: b"\xef\xbb\xbf" + text.encode()),
        (unchanged, lambda text: text.encode("utf-16")),
        (unchanged, lambda text: text.replace("\n", "\r\n").encode()),
        (without_minor, str.encode),
        (minor_zero_with_ids, str.encode),
        (version_4_4, str.encode),
        (as_editors_do, str.encode),
    ],
)
def test_every_form_of_a_notebook_is_taken_with_its_answers(released, change, encode):
    notebook = parse(encode(json.dumps(solved(released, change), indent=1)))
    assert mend(notebook, tool.read(released)) == []
    nbformat.validate(notebook)
    assert by_name(notebook)["mse"].source == ANSWER


def other_exercise(notebook, cells):
    mark = {"grade_id": "check_other", "grade": True, "points": 9}
    notebook["cells"].append(new_code_cell("1", metadata={"nbgrader": mark}))


def changed_setup(notebook, cells):
    cells["setup"]["source"] = f"%matplotlib inline\nimport statistics\n{cells['setup']['source']}\nF = None"


def deleted(notebook, cells):
    for name in ("setup", "kl-run", "check_mse"):
        notebook["cells"].remove(cells[name])


def changed_marks(notebook, cells):
    cells["check_mse"]["source"] = "pass"
    cells["check_mse"]["metadata"]["nbgrader"] |= {"points": 99, "locked": False}
    cells["mse"] |= {"cell_type": "raw"}
    del cells["mse"]["outputs"], cells["mse"]["execution_count"]


def reordered(notebook, cells):
    notebook["cells"].remove(cells["mse"])
    notebook["cells"].append(cells["mse"])


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (copies, "occurs more than once, and the first one counts: check_mse, mse"),
        (other_exercise, "not in this assignment, so without points: check_other"),
        (
            changed_setup,
            "since it was changed: setup; kept from there in a cell of their own: import statistics",
        ),
        (deleted, "since it was deleted: setup, check_mse, kl-run"),
        (changed_marks, "since it was changed: check_mse"),
        (reordered, "another order than released"),
    ],
)
def test_all_but_answers_stands_as_released_and_it_is_said(released, change, note):
    theirs, ours = parse(json.dumps(solved(released, change)).encode()), tool.read(released)
    assert note in "; ".join(mend(theirs, ours))
    named = [cell.metadata.nbgrader.grade_id for cell in theirs.cells if "nbgrader" in cell.metadata]
    assert sorted(named) == sorted(by_name(ours))
    assert named == [*by_name(ours)] or change is reordered
    for name, cell in by_name(ours).items():
        mended = by_name(theirs)[name]
        assert (mended.cell_type, mended.metadata) == (cell.cell_type, cell.metadata)
        assert mended.source == (ANSWER if name == "mse" else cell.source)
    assert ("import statistics" in [cell.source for cell in theirs.cells]) == (change is changed_setup)
    nbformat.validate(theirs)

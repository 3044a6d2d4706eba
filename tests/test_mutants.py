"""Claims: faults are put where they belong and nowhere else; the tool tells which of them tests notice."""

import ast
import os
import textwrap

import mutants as tool
import pytest
from faults import mutants_of

TOY = '''
    """A module with 1 docstring."""

    def largest(values: "list[1]", *, start: float = 0.5) -> "1 < 2":
        """Not 2."""
        if not values and start >= 0:
            raise ValueError(f"no values, {len(values) + 1}", 3)
        print("größer", end="",
              flush=True, color=1 + 2)
        return max(values) ** -2 + start
'''
CHANGES = {
    "0.5 to 1.0", "not values to values", "and to or", ">= to >", "0 to 1", "statement dropped",
    "True to False", 'end="" dropped', "flush=True dropped", "max to min", "** to *", "-2 to 2", "2 to 3",
    "+ to -",
}  # fmt: skip


@pytest.fixture
def toy(tmp_path):
    path = tmp_path / "toy_module.py"
    path.write_text(textwrap.dedent(TOY).lstrip(), "utf-8")
    return path


def test_each_kind_of_fault_is_made_and_nothing_else_is_touched(toy):
    faults, whole = mutants_of(toy), toy.read_text("utf-8")
    assert {fault.change for fault in faults} == CHANGES
    assert len(faults) == len(CHANGES)
    for fault in faults:
        assert ast.dump(ast.parse(fault.source)) != ast.dump(ast.parse(whole))
        before, after = whole.split("\n"), fault.source.split("\n")
        assert len(before) == len(after)
        assert before[: fault.line - 1] == after[: fault.line - 1]
        assert before[fault.line - 1].strip() == fault.text


def test_changes_alike_in_one_line_are_numbered(tmp_path):
    (tmp_path / "toy.py").write_text("a = 1 + 1 + 1.5\n")
    sources = {fault.change: fault.source for fault in mutants_of(tmp_path / "toy.py")}
    assert sources == {
        "+ to -": "a = 1 + 1 - 1.5\n", "+ to - (2)": "a = 1 - 1 + 1.5\n",
        "1 to 2": "a = 2 + 1 + 1.5\n", "1 to 2 (2)": "a = 1 + 2 + 1.5\n", "1.5 to 3.0": "a = 1 + 1 + 3.0\n",
    }  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_fault_is_noticed_where_a_test_fails_and_survives_where_none_does(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module, tests = tmp_path / "toy_squares.py", tmp_path / "test_toy_squares.py"
    module.write_text("def square(x):\n    return x * x if x > 0 else x**2\n")
    tests.write_text("from toy_squares import square\n\ndef test_square():\n    assert square(3) == 9\n")
    alive = list(tool.survivors(mutants_of(module), lambda _: (str(tests),), tmp_path, jobs=2))
    assert sorted(fault.change for fault in alive) == ["** to *", "0 to 1", "2 to 3", "> to >="]
    tests.write_text("def test_wrong():\n    assert False\n")
    with pytest.raises(ValueError, match="without any fault these tests fail"):
        next(tool.survivors(mutants_of(module), lambda _: (str(tests),), tmp_path))


def test_the_share_is_counted_a_module_and_in_all():
    lines = tool.summary({"b.py": (1, 4), "a.py": (2, 2)})
    assert [line.split() for line in lines] == [
        ["a.py", "2", "of", "2", "100.0%"],
        ["b.py", "1", "of", "4", "25.0%"],
        ["all", "3", "of", "6", "50.0%"],
    ]  # fmt: skip


@pytest.mark.parametrize(("goal", "status"), [(0.5, 0), (0.51, 1)])
def test_known_faults_are_not_run_and_too_many_survivors_are_an_error(
    tmp_path, monkeypatch, capsys, goal, status
):
    module = tmp_path / "toy.py"
    module.write_text("a = 1\nb = 2 + 3\n")
    listing = tmp_path / "equal.txt"
    listing.write_text("What this is.\n\ntoy.py\na = 1\n1 to 2\nnobody reads a\n")
    for name, value in {"ROOT": tmp_path, "PACKAGE": tmp_path, "EQUAL": listing, "GOAL": goal}.items():
        monkeypatch.setattr(tool, name, value)
    monkeypatch.setattr(tool, "prepare", lambda: None)
    monkeypatch.setattr(tool.os, "fork", None, raising=False)
    monkeypatch.setattr(tool, "survivors", lambda tried, *_, jobs: tried[:1])
    monkeypatch.setattr(tool.sys, "argv", ["mutants.py", "--sample", "2"])
    with pytest.raises(SystemExit) as end:
        tool.main()
    assert end.value.code == status
    shown = capsys.readouterr().out
    assert "4 faults, 1 of them known to change nothing" in shown
    assert "toy.py:2: " in shown
    assert "b = 2 + 3" in shown
    assert "all" + " " * 25 + "    1 of     2   50.0%" in shown


def test_each_fault_that_is_listed_as_equal_is_one():
    listed = tool.known_as_equal(tool.EQUAL)
    made = {
        (name, fault.text, fault.change)
        for name in {name for name, *_ in listed}
        for fault in mutants_of(tool.PACKAGE / name)
    }
    assert listed <= made


def test_every_module_has_tests():
    for path in tool.PACKAGE.rglob("*.py"):
        if "checks" not in path.parts and path.name != "__init__.py":
            for test in tool.tests_of(path.relative_to(tool.PACKAGE).as_posix()):
                assert os.path.exists(test.partition("::")[0])

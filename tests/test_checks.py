"""Claims: each check accepts right answers however written, and names the mistake in each wrong one."""

import ast
import inspect
import io
import os
import re
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

import exercises as tool
import pytest
import torch
from answers import FILES, RIGHT, WRONG
from torch.nn import functional as F

from tutorial_utils import checks
from tutorial_utils.checks import CheckFailed, NotAttempted

CHECKS = Path(checks.__file__).parent


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tensors as small as these are no faster with more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def seeds(request):
    return range(20 if request.config.getoption("--all-seeds") else 3)


def check_of(name):
    return getattr(checks, f"check_{name}")


def places(answers):
    return [(name, place) for name, given in answers.items() for place in range(len(given))]


@pytest.mark.parametrize(("name", "place"), places(RIGHT))
def test_right_answers_pass_however_written(name, place, seeds, capsys):
    for seed in seeds:
        torch.manual_seed(seed)
        assert check_of(name)(RIGHT[name][place]) is None
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"✓ {name} is right"] * len(seeds)


@cache
def failure(name, place, seed):
    """What the check says of the wrong answer at this place; it must say something."""
    torch.manual_seed(seed)
    with pytest.raises(CheckFailed) as caught:
        check_of(name)(WRONG[name][place][0])
    assert not isinstance(caught.value, NotAttempted)
    return str(caught.value)


@pytest.mark.filterwarnings("ignore:Using backward")  # one of the mistakes
@pytest.mark.parametrize(("name", "place"), places(WRONG))
def test_wrong_answers_fail_with_the_right_message(name, place, seeds):
    for seed in seeds:
        assert re.search(WRONG[name][place][1], failure(name, place, seed))


def not_attempted(*_, **__):
    raise NotImplementedError


def texts(node):
    """The texts below this node that a message can hold: no docstrings, hints, or words to look for."""
    if isinstance(node, ast.Compare | ast.GeneratorExp) or getattr(node, "name", "") == "hint":
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
        yield node.value
    skipped = list(getattr(node, "decorator_list", []))
    if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
        skipped.append(node.body[0])
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from texts(child)


@pytest.mark.filterwarnings("ignore:Using backward")
def test_every_message_is_one_that_a_known_answer_gets(seeds):
    said = [failure(name, place, seed) for name, place in places(WRONG) for seed in seeds]
    with pytest.raises(NotAttempted) as caught:
        checks.check_mse(partial(not_attempted))
    said = "\n".join([*said, str(caught.value)])
    for path in CHECKS.rglob("*.py"):
        for text in texts(ast.parse(path.read_text("utf-8"))):
            assert text in said, path


def test_an_exercise_has_one_place():
    """Exercise 4.3 is gradient_penalty in 04_gan: its check is in checks/gan, its answers in answers/gan."""
    assigned = {
        f"{path.stem[3:]}/{name}"
        for path in tool.SOLUTIONS.glob("*.ipynb")
        for name in list(tool.exercises(tool.read(path)))[1:]
    }
    for files in (FILES, CHECKS.glob("*/[!_]*.py")):
        assert {f"{path.parent.name}/{path.stem}" for path in files} == assigned
    for place in assigned:
        check = inspect.unwrap(check_of(Path(place).name))
        assert Path(inspect.getsourcefile(check)) == CHECKS / f"{place}.py"


@pytest.mark.parametrize("name", RIGHT)
def test_not_attempted_is_told_apart_from_none(name):
    with pytest.raises(NotAttempted, match="not attempted"):
        check_of(name)(not_attempted)
    with pytest.raises(CheckFailed, match="return statement") as caught:
        check_of(name)(lambda *_, **__: None)
    assert not isinstance(caught.value, NotAttempted)


@pytest.mark.parametrize("name", RIGHT)
def test_an_answer_that_raises_is_a_failure_that_says_so(name):
    with pytest.raises(CheckFailed, match="ZeroDivisionError"):
        check_of(name)(lambda *_, **__: 1 / 0)

    def two_lines(*_, **__):
        raise RuntimeError("two\nlines")

    with pytest.raises(CheckFailed, match="two lines") as caught:
        check_of(name)(two_lines)
    assert "\n" not in str(caught.value)


def test_failure_is_one_line_and_offers_a_hint():
    with pytest.raises(CheckFailed) as caught:
        checks.check_mse(lambda x, y: (x - y).abs().mean())
    (line,) = caught.value._render_traceback_()
    assert line.startswith("✗ mse: this is the mean absolute error")
    assert "hint('mse')" in line
    assert issubclass(CheckFailed, AssertionError)


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", "✓ ✗ …"), ("cp1252", "ok wrong …"), ("ascii", "ok wrong ...")]
)
def test_marks_are_words_where_they_cannot_be_printed(encoding, marks, monkeypatch):
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding))
    checks.check_mse(F.mse_loss)
    for answer in (F.l1_loss, not_attempted):
        with pytest.raises(CheckFailed) as caught:
            checks.check_mse(answer)
        print(*caught.value._render_traceback_())
    checks.hint("best_sigma")
    sys.stdout.flush()
    *lines, hint = output.getvalue().decode(encoding).splitlines()
    assert [line.split()[0] for line in lines] == marks.split()
    assert hint.startswith("Hint 1: The log-density of x")


def test_a_right_answer_is_right_on_a_windows_pipe():
    """It ended in a UnicodeEncodeError."""
    code = "from tutorial_utils import checks; checks.check_mse(lambda x, y: (x - y).square().mean())"
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert run.stdout.split() == b"ok mse is right".split()


def test_hints_are_there_and_bad_requests_are_named(capsys):
    for name in RIGHT:
        checks.hint(name)
        checks.hint(name, 2)
    assert capsys.readouterr().out.count("Hint 1:") == len(RIGHT)
    with pytest.raises(ValueError, match="'mze'"):
        checks.hint("mze")
    with pytest.raises(ValueError, match="not 3"):
        checks.hint("mse", 3)


def test_checks_work_where_gradients_are_off():
    with torch.no_grad():
        checks.check_mse(F.mse_loss)


def test_checks_leave_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    checks.check_mse(F.mse_loss)
    assert torch.equal(torch.rand(1), expected)

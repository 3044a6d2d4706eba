"""Claims: each check accepts right answers however written, and names the mistake in each wrong one."""

import inspect
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


@pytest.mark.filterwarnings("ignore:Using backward")  # one of the mistakes
@pytest.mark.parametrize(("name", "place"), places(WRONG))
def test_wrong_answers_fail_with_the_right_message(name, place, seeds):
    answer, message = WRONG[name][place]
    for seed in seeds:
        torch.manual_seed(seed)
        with pytest.raises(CheckFailed, match=message) as caught:
            check_of(name)(answer)
        assert not isinstance(caught.value, NotAttempted)


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
    def stub(*_, **__):
        raise NotImplementedError

    with pytest.raises(NotAttempted, match="not attempted"):
        check_of(name)(stub)
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

"""Claims: work in parts gives what the whole would, too few or too many parts are an error, and a model's
submodules come back to the mode that each had."""

import pytest
import torch
from torch import nn

from tutorial_utils.batching import device_of, eval_mode, fill, in_chunks


def test_fill_joins_parts_as_cat_does():
    parts = [torch.rand(3, 2), torch.rand(4, 2), torch.rand(1, 2)]
    assert torch.equal(fill(8, iter(parts)), torch.cat(parts))
    assert fill(2, [torch.ones(2, 1, dtype=torch.float64)]).dtype == torch.float64


@pytest.mark.parametrize(("num_rows", "message"), [(5, "have 4 rows, not the 5"), (3, "more than the 3")])
def test_too_few_and_too_many_parts_are_named(num_rows, message):
    with pytest.raises(ValueError, match=message):
        fill(num_rows, [torch.rand(2, 1), torch.rand(2, 1)])


def test_chunks_hold_rows_that_belong_together():
    x, y = torch.arange(10.0), torch.arange(10.0) ** 2
    sizes = []

    def difference(a, b, nothing):
        assert nothing is None
        sizes.append(len(a))
        return b - a

    assert torch.equal(in_chunks(difference, x, y, None, size=4), y - x)
    assert sizes == [4, 4, 2]
    with pytest.raises(ValueError, match=r"not \[9, 10\]"):
        in_chunks(difference, x, y[1:], None, size=4)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("problem", [None, Interrupted, KeyboardInterrupt])
def test_eval_mode_gives_every_submodule_its_own_mode_back(problem):
    """The second layer is frozen on purpose; `model.train(was_training)` would wake it."""
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2), nn.Sequential(nn.Dropout()))
    model[1].eval()
    before = [module.training for module in model.modules()]
    assert before == [True, True, False, True, True]

    def work():
        with eval_mode(model):
            assert not any(module.training for module in model.modules())
            if problem:
                raise problem

    if problem:
        with pytest.raises(problem):
            work()
    else:
        work()
    assert [module.training for module in model.modules()] == before


def test_a_model_without_weights_lies_on_the_cpu():
    assert device_of(nn.ReLU()) == torch.device("cpu")
    assert device_of(nn.Linear(1, 1, device="meta")) == torch.device("meta")

"""The check of `pinball_minimizer`: any c that is as good as the quantile."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check
from tutorial_utils.checks.numbers import as_number


@check(
    "pinball_minimizer",
    "Move c up a little. What does each value above c save for every unit, and what does each value below "
    "it cost? When do the two balance?",
    "A value above c saves tau, a value below costs 1 - tau. They balance where a share tau of the values "
    "lies below c: sort and count, or take torch.quantile.",
)
def check_pinball_minimizer(fn: Callable) -> None:
    """`fn(values, tau)`: a number c of smallest mean pinball loss over values (N,), where 0 < tau < 1.

    Judged by that loss, so that every way to interpolate between neighbouring values passes.
    """
    skewed = 1 + torch.empty(600).exponential_()
    for values, tau in (
        (skewed, 0.9),
        (skewed, 0.1),
        (skewed, 0.5),
        (-20 * torch.empty(501, dtype=torch.float64).exponential_(), 0.7),
        (1 + torch.rand(1), 0.3),
    ):
        _judge(as_number(call(fn, values, tau)).item(), values.double(), tau)


def _judge(c: float, values: Tensor, tau: float) -> None:
    if not math.isfinite(c):
        raise CheckFailed(f"c must be a finite number, not {c}.")
    neighbours = [values.quantile(tau, interpolation=side).item() for side in ("lower", "higher")]
    smallest = min(_loss(c, values, tau) for c in neighbours)
    spread = (values - values.median()).abs().mean()
    loss = _loss(c, values, tau)
    if loss - smallest <= 0.002 * spread + 1e-4 * values.abs().mean():
        return
    for message, wrong in _mistakes(values, tau, smallest).items():
        if abs(c - wrong) < 0.01 * spread + 1e-6:
            raise CheckFailed(message)
    if c == int(c):
        raise CheckFailed(
            f"{c:.0f} is none of the values. Is it an index? Return the value that stands there."
        )
    raise CheckFailed(
        f"for tau = {tau}, c = {c:.4g} has a mean loss of {loss:.4g}, and another c has {smallest:.4g}. "
        f"{(values < c).double().mean():.0%} of the values lie below yours. How many should?"
    )


def _loss(c: float, values: Tensor, tau: float) -> float:
    return torch.maximum(tau * (values - c), (tau - 1) * (values - c)).mean().item()


def _mistakes(values: Tensor, tau: float, smallest: float) -> dict[str, Tensor | float]:
    low, mean, high = values.min(), values.mean(), values.max()
    return {
        "this is the mean, which squared error asks for.": mean,
        "this is the median, which is right for tau = 0.5 only.": values.median(),
        "this is the (1 - tau)-quantile. A value *above* c costs tau a unit, so a large tau pushes c up.":
        values.quantile(1 - tau),
        "this is the largest value. The values below it cost something, too: 1 - tau a unit.": high,
        "this is the smallest value. The values above it cost tau a unit.": low,
        "this is tau times the largest value. Count values; their size does not matter.": tau * high,
        "this is tau times the mean. The loss is not squared: no mean comes out of it.": tau * mean,
        "this is a share tau of the way from the smallest to the largest value. Count values, not distances.":
        low + tau * (high - low),
        "this is the tau-quantile of a Gaussian with the values' mean and deviation. These values are "
        "skewed.": mean + values.std() * math.sqrt(2) * torch.erfinv(torch.tensor(2 * tau - 1)),
        "this is the smallest loss. Return the c that has it.": smallest,
        "this is tau. Return one of the values, or a number between two of them.": tau,
    }  # fmt: skip

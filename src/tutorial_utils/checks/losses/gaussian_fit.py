"""The check of `gaussian_fit`: the two moments that forward KL asks for."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect_any_device
from tutorial_utils.checks.numbers import expect_number


@check(
    "gaussian_fit",
    "Only -Σ p log q(x) depends on q. Write out log q and set the derivatives with respect to μ and σ² to 0.",
    "Both answers are expectations under p: of x, and of (x - mean)².",
)
def check_gaussian_fit(fn: Callable) -> None:
    """`fn(x, p)`: mean and variance of the Gaussian q of smallest KL(p || q), for p (G,) on points x (G,)."""
    for num_points, lowest, scale, dtype in (
        (9, 1.0, 12.0, torch.float32),  # here no two mistakes give the same number
        (60, -4.0, 0.9, torch.float32),
        (5, 200.0, 90.0, torch.float64),
        (2, -3.0, 1.0, torch.float64),
    ):
        ramp = torch.linspace(0, 1, num_points, dtype=dtype)
        x = lowest + scale * (ramp**2 + 0.03 / num_points * torch.randn(num_points, dtype=dtype))
        logits = 0.1 * torch.randn(num_points, dtype=dtype) - ramp
        logits[-1] = logits.max() + 0.5  # the mode is at an end, far from mean and median
        p = logits.softmax(0)
        value = call(fn, x, p)
        numbers = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(numbers, tuple | list) or len(numbers) != 2:
            raise CheckFailed("it must return two numbers, the mean and the variance.")
        _compare_moments(*numbers, x.double(), p.double())
    expect_any_device(fn, x, p)


def _compare_moments(mean: object, variance: object, x: Tensor, p: Tensor) -> None:
    expect_number(
        mean,
        (p * x).sum(),
        _wrong_means(x, p),
        otherwise="the first number is not the mean of x under p.",
    )
    expect_number(
        variance,
        _variance(x, p),
        _wrong_variances(x, p),
        otherwise="the mean is right, but the second number is not the variance of x under p.",
    )


def _variance(x: Tensor, p: Tensor) -> Tensor:
    return (p * (x - (p * x).sum()).square()).sum()


def _wrong_means(x: Tensor, p: Tensor) -> dict[str, Tensor | tuple[Tensor, ...]]:
    variance = _variance(x, p)
    return {
        "the mean comes first, then the variance.": (variance, variance.sqrt()),
        "this is the plain mean of the points. Weight each by its probability.": x.mean(),
        "the mean is at the mode, the likeliest point. That is where *reverse* KL likes to sit.":
        x[p.argmax()],
        "this is the median under p. Setting the derivative to 0 gives the mean.":
        x[(p.cumsum(0) < 0.5).sum()],
        "p · x is averaged. p sums to 1 already: take the sum.": (p * x).sum() / len(x),
    }  # fmt: skip


def _wrong_variances(x: Tensor, p: Tensor) -> dict[str, Tensor | tuple[Tensor, ...]]:
    right, squares, count = _variance(x, p), (x - (p * x).sum()).square(), len(x)
    return {
        "the second number is the standard deviation. Return its square, the variance.": right.sqrt(),
        "this is E[x²]. Subtract the mean before you square.": (p * x.square()).sum(),
        "the squared deviations are not weighted by p.": (
            squares.mean(), squares.sum(), squares.sum() / (count - 1), x.var(), x.var(correction=0),
        ),
        "N - 1 belongs to an estimate from samples. p is known: nothing is corrected.": (
            right * count / (count - 1), right / (1 - p.square().sum()), right / (count - 1),
        ),
        "the deviations are taken from the mode. Take them from the mean.":
        (p * (x - x[p.argmax()]).square()).sum(),
        "this is the precision, 1 / σ². Return σ².": 1 / right,
        "this is log σ². Return σ².": right.log(),
        "this is the mean absolute deviation. Square the deviations.": (p * squares.sqrt()).sum(),
    }  # fmt: skip

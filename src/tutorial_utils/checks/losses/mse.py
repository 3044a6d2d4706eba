"""The check of `mse`: a mean of squared differences, and its gradient."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import call, call_with_gradients, check, expect, expect_any_device

ROOT = "this is the root of the mean squared error. Leave the root out."
SUM = "this is the sum over every element. Take the mean, so that the batch size does not matter."
PER_IMAGE = "this sums within each image and averages over the batch only. Take the mean over every element."
ONE_EACH = "this is one number for each image. Average over the batch as well: a loss is one scalar."


@check(
    "mse",
    "Subtract, square, average: three operations, and the average runs over every axis.",
    "Tensor.mean() without arguments averages over all elements and returns a scalar.",
)
def check_mse(fn: Callable) -> None:
    """`fn(x, y)`: a scalar, the mean of the squared difference over every element."""
    for shape, dtype in (
        ((4, 1, 6, 6), torch.float32),
        ((1, 3, 5, 7), torch.float32),
        ((9,), torch.float64),
        ((3, 2), torch.float64),
    ):
        x, y = torch.rand(shape, dtype=dtype) + 0.2, torch.rand(shape, dtype=dtype)
        expect(
            call(fn, x, y),
            (x - y).square().mean(),
            _mistakes(x - y),
            otherwise="this is not the mean over every element of (x - y)².",
        )
    x, y = torch.rand(4, 1, 3, 3), torch.rand(4, 1, 3, 3)
    _, gradients = call_with_gradients(fn, x, y)
    for gradient, sign in zip(gradients, (1, -1), strict=True):
        expect(
            gradient,
            sign * 2 * (x - y) / x.numel(),
            otherwise="the value is right but its gradient is not 2 (x - y) / n: part of the "
            "computation is detached.",
        )
    expect_any_device(fn, x, y)


def _mistakes(difference: Tensor) -> dict[str, Tensor]:
    square = difference.square()
    right, cancelled = square.mean(), "the differences are not squared: positive and negative ones cancel."
    return {
        ROOT: right.sqrt(),
        SUM: square.sum(),
        PER_IMAGE: square.flatten(1).sum(1).mean() if square.ndim > 1 else square.sum(),
        ONE_EACH: square.flatten(1).mean(1) if square.ndim > 1 else square,
        "this is the mean absolute error. Square the differences.": difference.abs().mean(),
        cancelled: difference.mean(),
        f"{cancelled} Also, the sign of the difference should not matter.": -difference.mean(),
        "this is half the mean squared error. The factor ½ belongs to the Gaussian log-likelihood, not to "
        "the MSE.": 0.5 * right,
        "the average is taken before the square. Square each difference first.": difference.mean() ** 2,
        "nothing is averaged: this is one number for each element.": square,
    }

"""The check of `best_variance`: the variance that a squared error hides."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect_any_device
from tutorial_utils.checks.numbers import as_number, expect_number


@check(
    "best_variance",
    "Differentiate (8), averaged over the images, with respect to v: each pixel gives "
    "1 / 2v - (x - x_hat)² / 2v².",
    "Set the sum over all pixels of all images to zero, and multiply by 2v². How often does v occur?",
)
def check_best_variance(fn: Callable) -> None:
    """`fn(x, x_hat)`, (B, ...) each: the one variance v that minimises the mean of (8); one number."""
    for size, scale, dtype in (
        ((5, 1, 4, 3), 1.0, torch.float32),
        ((4, 3, 5, 6), 0.3, torch.float32),
        ((1, 1, 3, 4), 1.0, torch.float64),
        ((7, 9), 1e-3, torch.float64),
    ):
        x = torch.rand(size, dtype=dtype)
        spread = torch.rand(size[0], *[1] * (len(size) - 1), dtype=dtype)  # images restored well and badly
        x_hat = x + scale * (0.2 + spread) * (0.5 * torch.randn(size, dtype=dtype) - 0.3)
        value = call(fn, x, x_hat)
        _expect_one_for_all(value, x)
        residual = (x - x_hat).double()
        expect_number(
            value,
            residual.square().mean().item(),
            {message: number.tolist() for message, number in _wrong_variances(residual, x.double()).items()},
            otherwise=f"at v = {as_number(value):.4g} the derivative of (8), averaged over the images, is "
            f"{_slope(as_number(value), residual):.3g} and not 0.",
            tolerance=2e-5,
        )
    expect_any_device(fn, x, x_hat)


def _expect_one_for_all(value: object, x: Tensor) -> None:
    if isinstance(value, Tensor) and value.numel() > 1:
        shared = "One v is shared by all: take the mean over images and pixels."
        if value.shape == x.shape:
            raise CheckFailed(f"this is one number for each pixel of each image. {shared}")
        which = "image" if value.shape[0] == len(x) else "channel" if value.shape == x.shape[1:2] else "pixel"
        raise CheckFailed(f"this is one variance for each {which}. {shared}")


def _slope(v: Tensor, residual: Tensor) -> float:
    v = v.clone().requires_grad_()
    nats = 0.5 * (torch.log(2 * math.pi * v) + residual.square() / v).flatten(1).sum(1).mean()  # eq. (8)
    return torch.autograd.grad(nats, v)[0].item()


def _wrong_variances(residual: Tensor, x: Tensor) -> dict[str, Tensor]:
    squares, count = residual.square(), residual.numel()
    right = squares.mean()
    centred = (residual - residual.mean()).square().sum()
    numbers = {
        "this is the standard deviation. Return its square, v.": [right.sqrt()],
        "this is half of it: set the derivative to zero again. Both terms of (8) have the half.": [right / 2],
        "this is twice too much: set the derivative to zero again. Both terms of (8) have the half.":
        [2 * right],
        "this is the variance of the residuals, with their mean taken off. In (8) x_hat is the mean: "
        "whatever it misses on average counts, too.": [centred / count, centred / (count - 1)],
        "this divides by N - 1. No mean was estimated here: (8) is smallest with N.":
        [squares.sum() / (count - 1)],
        "this is the mean absolute error. (8) has squares.": [residual.abs().mean()],
        "this squares the mean absolute error. Square first, then take the mean.":
        [residual.abs().mean() ** 2],
        "this squares the mean residual. Square first, then take the mean.": [residual.mean() ** 2],
        "this is a sum. v belongs to one pixel: take the mean over pixels and images.":
        [squares.sum(), squares.sum() / len(x), squares.sum() * len(x) / count],
        "this is the logarithm of v.": [right.log(), right.log() / 2],
        "this is the precision, 1 / v.": [1 / right],
        "this is the variance of the pixels themselves. What counts is how far x_hat is off.":
        [x.var(), x.var(unbiased=False)],
        "this is the distortion (8) at the best v. Return v.":
        [count / len(x) / 2 * (torch.log(2 * math.pi * right) + 1)],
    } | _of_each_image(residual)  # fmt: skip
    return {message: torch.stack(wrong) for message, wrong in numbers.items()}


def _of_each_image(residual: Tensor) -> dict[str, list[Tensor]]:
    rows = residual.flatten(1)
    each = rows.square().mean(1)
    return {
        "the mean is taken off within each image. In (8) x_hat is the mean: whatever it misses counts, too.":
        [rows.var(1, unbiased=unbiased).mean() for unbiased in (True, False)],
        "each image's root, or its own v on a log scale, is averaged. Average the squares over all pixels.":
        [each.sqrt().mean(), each.sqrt().mean() ** 2, each.log().mean().exp()],
        "this is one image's v. All of them count.": [each.amax(), each.amin(), each[0], each[-1]],
        "this is the median. Squared errors have a mean far above it.":
        [rows.square().median(), each.median()],
    }  # fmt: skip

"""The check of `covariance`: unbiased, and exact far from 0."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect, expect_any_device


@check(
    "covariance",
    "features.T @ features / N and the outer product of the means are both near a million here, and float32 "
    "keeps seven digits of each. Their difference, about 1, is what is left of the last ones.",
    "Convert the features to float64 first, subtract each feature's mean, and only then multiply. Divide by "
    "N - 1.",
)
def check_covariance(fn: Callable) -> None:
    """`fn(features)`: the unbiased covariance (D, D), float64, of features (N, D), however far from 0."""
    _expect_no_rounding(fn)
    for num, dims, dtype in (
        (9, 4, torch.float32), (6, 3, torch.float64), (5, 5, torch.float32), (2, 1, torch.float32),
        (7, 1, torch.float64), (2, 6, torch.float32),
    ):  # fmt: skip
        features = torch.randn(num, dims, dtype=dtype) @ torch.randn(dims, dims, dtype=dtype)
        features = features + 2 * torch.randn(dims, dtype=dtype)
        expect(
            _as_double(call(fn, features)),
            torch.cov(features.double().T).reshape(dims, dims),
            _covariance_mistakes(features.double()),
            otherwise="this is not the mean product of two features' deviations from their means, with N - 1 "
            "for N.",
            tolerance=1e-3,
        )
    if call(fn, features).dtype != torch.float64:
        raise CheckFailed(
            f"the numbers are right, but they are {call(fn, features).dtype}. Return float64, whatever the "
            "features are: the distance takes differences of these numbers, too."
        )
    expect_any_device(fn, features)


def _as_double(value: object) -> object:
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def _expect_no_rounding(fn: Callable) -> None:
    """Fail where the answer holds near 0, N or N - 1, and not near 1,000. Other slips come later."""
    near = torch.randn(300, 5) + 0.5 * torch.randn(300, 1) + torch.tensor([1.0, -2.0, 3.0, -1.0, 2.0])
    for features in (near, near + 1000, near - 1000 * (1 + torch.rand(5))):
        value, right = _as_double(call(fn, features)), torch.cov(features.double().T)
        fits = isinstance(value, Tensor) and value.shape == right.shape
        right = right.to(value.device) if fits else right
        if fits and min((value - right * factor).abs().max() for factor in (1, 299 / 300)) < 2e-3:
            continue
        if features is near or not fits:
            return
        beginning = (
            "right near 0, but for features near ±1,000 rounding eats it (it finds a variance of "
            f"{value.diagonal().min():.2g}). "
        )
        if call(fn, features).dtype == torch.float64:
            raise CheckFailed(
                f"{beginning}It is converted to float64 too late: the digits are lost before. Convert the "
                "features themselves, before anything else."
            )
        raise CheckFailed(
            f"{beginning}It takes the difference of two numbers near a million, and float32 has seven "
            "digits. Convert to float64 first, and subtract the mean before you multiply."
        )


def _covariance_mistakes(x: Tensor) -> dict[str, list[Tensor]]:
    num, right = len(x), torch.cov(x.T).reshape(x.shape[1], x.shape[1])
    outer, product = torch.outer(x.mean(0), x.mean(0)), x.T @ x
    overall, rows = x - x.mean(), x - x.mean(1, keepdim=True)
    mistakes = {
        "for a single feature torch.cov and numpy return one number. The shape must be (1, 1): reshape it.":
        [right.squeeze()] if x.shape[1] == 1 else [],
        "it is divided by N. The unbiased covariance is divided by N - 1.": [right * (num - 1) / num],
        "the sum over the samples is not divided by N - 1.": [right * (num - 1)],
        "the mean is not taken off: this is the mean of x x'.": [product / num, product / (num - 1), product],
        "the product is divided by N - 1 and the mean's is not scaled along: mean(x x') - m m' is divided by "
        "N, and the whole of it must be multiplied by N / (N - 1).": [product / (num - 1) - outer],
        "one mean is taken over all numbers. Each feature has its own: mean(0).":
        [overall.T @ overall / (num - 1), overall.T @ overall / num],
        "these are standard deviations, or roots of them.": [right.diagonal().sqrt(), right.abs().sqrt()],
        "only variances are given. Off the diagonal stands how two features move together.":
        [right.diagonal(), right.diagonal().diag()],
    }  # fmt: skip
    if num > 2 and x.shape[1] > 1:
        sideways = [torch.cov(x), torch.cov(x, correction=0), rows @ rows.T, overall @ overall.T / (num - 1)]
        centered = x - x.mean(0)
        mistakes["the product runs over the wrong axis: it is (N, N), over samples. Samples are in rows, so "
                 "it must be x.T @ x, (D, D), and torch.cov wants the transpose."] = [
            *sideways, centered @ centered.T / (num - 1), centered @ centered.T / num]  # fmt: skip
        mistakes[
            "the mean of each sample is taken off, over its features. Each feature's is wanted: mean(0)."
        ] = [rows.T @ rows / (num - 1), rows.T @ rows / num]
        mistakes["these are correlations. A covariance keeps each feature's spread."] = [torch.corrcoef(x.T)]
    return mistakes

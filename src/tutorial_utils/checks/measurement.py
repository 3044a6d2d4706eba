"""Chapter 6's checks about measuring: two known Gaussians, a covariance, and the bootstrap."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect, expect_any_device
from tutorial_utils.checks.scalars import as_number
from tutorial_utils.metrics import frechet_distance


def _numbers(fn: Callable, cases: list[tuple]) -> Tensor:
    """The answer's number for each case, as one tensor: compared at once, no slip fits by accident."""
    return torch.stack([as_number(call(fn, *case)) for case in cases])


@check(
    "frechet_of_shifted",
    "In equation (2), m' - m has dim coordinates, each of them shift. Both covariances are diagonal: C = I "
    "and C' = scale² I.",
    "A root of scale² I is scale I, so tr (C C')^½ = dim · scale. Then tr C + tr C' - 2 tr (C C')^½ is dim "
    "times a square.",
)
def check_frechet_of_shifted(fn: Callable) -> None:
    """`fn(dim, scale, shift)`: eq. (2) between N(0, I) and N(shift, scale² I), dim >= 1, scale >= 0.

    Right is what the package measures on samples that have exactly these means and covariances.
    """
    scales, shifts = torch.rand(4).double(), 0.3 + 1.2 * torch.rand(4).double()
    dims = (3 + torch.randperm(6))[:3].tolist()
    cases = [(dims[0], 0.2 + 0.5 * scales[0].item(), shifts[0].item())]
    cases += [(dims[1], 1.5 + scales[1].item(), -shifts[1].item()), (dims[2], 0.0, shifts[2].item())]
    cases += [(1, 2 + scales[3].item(), shifts[3].item()), (128, 0.9, 0.1), (5, 1.0, 0.0)]
    measured = [
        frechet_distance(_whitened(dim), scale * _whitened(dim) + shift) for dim, scale, shift in cases
    ]
    expect(
        _numbers(fn, cases),
        torch.tensor(measured, dtype=torch.float64),
        _shifted_mistakes(*torch.tensor(cases, dtype=torch.float64).T),
        otherwise="samples with these means and covariances are at another distance. Put m = 0, C = I, m' = "
        "(shift, ..., shift) and C' = scale² I into equation (2).",
        not_finite="it contains inf or NaN. A collapsed generator, scale 0, is at a finite distance.",
        tolerance=1e-3,
    )


def _whitened(dim: int) -> Tensor:
    """Random samples (dim + 10, dim) in float64, with mean 0 and covariance I but for rounding."""
    samples = torch.randn(dim + 10, dim, dtype=torch.float64)
    samples = samples - samples.mean(0)
    root = torch.linalg.cholesky(samples.T @ samples / (len(samples) - 1))
    return torch.linalg.solve_triangular(root, samples.T, upper=False).T


def _shifted_mistakes(dim: Tensor, scale: Tensor, shift: Tensor) -> dict[str, list[Tensor]]:
    means, spreads = shift**2, (scale - 1) ** 2
    once, length = means + spreads, dim.sqrt() * shift.abs()
    return {
        "this is for one dimension. Both terms are sums over dim coordinates.": [once],
        "one of the two terms is taken once, the other dim times. Both are sums over dim coordinates.":
        [dim * means + spreads, means + dim * spreads],
        "this is the root of the distance. By convention it stays squared.": [(dim * once).sqrt()],
        "squares add up: dim times one coordinate's, not √dim times.": [dim.sqrt() * once],
        "the means are not squared: the first term is the squared length of their difference.":
        [first + dim * spreads for first in (dim * shift, dim * shift.abs(), shift.abs(), length)],
        "the shift is summed over the coordinates before it is squared. Square each, then sum.":
        [dim**2 * means + dim * spreads],
        "mean and spread are squared together. They are two terms.": [
            dim * (shift + scale - 1) ** 2, dim * (shift.abs() + (scale - 1).abs()) ** 2],
        "the covariances are compared entry by entry, scale² with 1. Equation (2) compares their roots.":
        [dim * (means + (scale**2 - 1) ** 2)],
        "the root of C C' is missing: of scale² I it is scale I.":
        [dim * (means + 1 - scale**2), dim * (means + (1 - scale**2).abs()), dim * (means + scale**2 - 1)],
        "the spreads differ by scale - 1, and this must be squared.":
        [dim * (means + (scale - 1).abs()), dim * (means + scale - 1), dim * (means + 1 - scale)],
        "scale is taken for a variance. It is a standard deviation: C' = scale² I.":
        [dim * (means + (scale.sqrt() - 1) ** 2)],
        "only the means are compared. The covariances count, too.": [dim * means],
        "the means are missing.": [dim * spreads],
        "the last term of equation (2), -2 tr (C C')^½, is missing: equals would not be at distance 0.":
        [dim * (means + 1 + scale**2)],
        "the factor 2 of the last term is missing: equals would not be at distance 0.":
        [dim * (means + 1 + scale**2 - scale)],
        "the last term is added. It is taken off.": [dim * (means + (1 + scale) ** 2)],
    }  # fmt: skip


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


@check(
    "left_out_share",
    "What is the probability that one draw misses a given sample? And that all N draws do?",
    "The draws are independent: multiply. The expected share is the probability for one sample, since all "
    "have the same.",
)
def check_left_out_share(fn: Callable) -> None:
    """`fn(num_samples)`: (1 - 1/N)^N for N >= 1, the expected share that N draws with replacement miss."""
    counts = torch.tensor([1, 2, 3, 10, int(torch.randint(4, 10, ())), 1000]).double()
    miss = 1 - 1 / counts
    right = miss**counts
    mistakes = {
        "this is 1/e, the limit. For few samples the share is another; for one it is 0.": [
            torch.full_like(right, math.exp(-1)), math.exp(-1) * (1 - 1 / (2 * counts))],
        "this is the share that IS drawn.": [1 - right, torch.full_like(right, 1 - math.exp(-1))],
        "there is one factor too few: (1 - 1/N)^(N - 1) is the share that is drawn exactly once. All N draws "
        "must miss.": [miss ** (counts - 1)],
        "there is one factor too many: there are N draws.": [miss ** (counts + 1)],
        "this is the share that a single draw leaves out. There are N draws.": [miss],
        "this is the probability that one draw hits a given sample.": [1 / counts],
        "half is a guess. Work it out for two samples: (1/2)².": [torch.full_like(right, 0.5)],
        "this is exp(-1/N), near 1. The power N belongs to (1 - 1/N).": [(-1 / counts).exp()],
        "this is a number of samples. Divide by N.": [counts * right],
        "this is the probability to hit a given sample every time, or its complement. All must miss.": [
            counts**-counts, 1 - counts**-counts],
        "without replacement nothing would be left out. With it, something is.": [torch.zeros_like(right)],
    }  # fmt: skip
    values = _numbers(fn, [(int(count),) for count in counts])
    otherwise = "this is not the probability that all of N independent draws miss a given sample."
    expect(values, right, mistakes, otherwise=otherwise, tolerance=1e-4)
    (value,) = _numbers(fn, [(10**6,)])
    if abs(value.item() / (1 - 1e-6) ** 10**6 - 1) > 1e-4:
        raise CheckFailed(
            f"right for few samples, but for a million it gives {value:.4f}: in float32, 1 - 1/N is rounded. "
            "Use Python's floats, or float64."
        )

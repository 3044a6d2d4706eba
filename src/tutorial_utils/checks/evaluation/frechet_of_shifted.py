"""The check of `frechet_of_shifted`: the distance of two known Gaussians."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import check, expect
from tutorial_utils.checks.numbers import numbers_for
from tutorial_utils.metrics import frechet_distance


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
        numbers_for(fn, cases),
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
        "only the means are compared. The covariances count, too.": [dim * means],
        "the means are missing.": [dim * spreads],
    } | {
        message: [dim * (means + wrong) for wrong in each] for message, each in _wrong_spreads(scale).items()
    }  # fmt: skip


def _wrong_spreads(scale: Tensor) -> dict[str, list[Tensor]]:
    """What stands for (scale - 1)²."""
    at_0 = "is missing: equals would not be at distance 0."
    return {
        "the covariances are compared entry by entry, scale² with 1. Equation (2) compares their roots.":
        [(scale**2 - 1) ** 2],
        "the root of C C' is missing: of scale² I it is scale I.":
        [1 - scale**2, (1 - scale**2).abs(), scale**2 - 1],
        "the spreads differ by scale - 1, and this must be squared.":
        [(scale - 1).abs(), scale - 1, 1 - scale],
        "scale is taken for a variance. It is a standard deviation: C' = scale² I.":
        [(scale.sqrt() - 1) ** 2],
        f"the last term of equation (2), -2 tr (C C')^½, {at_0}": [1 + scale**2],
        f"the factor 2 of the last term {at_0}": [1 + scale**2 - scale],
        "the last term is added. It is taken off.": [(1 + scale) ** 2],
    }  # fmt: skip

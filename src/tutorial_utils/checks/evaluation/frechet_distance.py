"""The check of `frechet_distance`: two Gaussians compared, singular ones included."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect
from tutorial_utils.checks.numbers import as_float, collect
from tutorial_utils.metrics.distributions import square_root

SINGULAR = (
    "it contains inf or NaN where covariances are singular: eigenvalues that should be 0 round to just "
    "below, and their root is NaN. Clamp them at 0 first. And such a covariance has no inverse."
)
NOT_FINITE = (
    "it contains inf or NaN though both covariances can be inverted: a root of negative numbers. Is it the "
    "root of single entries of C C' (torch.sqrt) rather than of its eigenvalues? Does eigh get C C', which "
    "is not symmetric? Is a covariance (N, N), over the samples, instead of (D, D)?"
)
SIZES = " (It was right for two sets of one size; these differ in theirs.)"
INVERTIBLE = " (It was right where both covariances can be inverted; these have fewer samples than features.)"


def _number(value: Any) -> Tensor:
    if isinstance(value, complex | np.complexfloating) or (isinstance(value, Tensor) and value.is_complex()):
        raise CheckFailed(
            "it returned a complex number. C C' is not symmetric, so its root and its eigenvalues come out "
            "complex, with an imaginary part that is 0 but for rounding: take .real."
        )
    return as_float(value)


def _trace_of_root(product: Tensor) -> Tensor:
    return torch.linalg.eigvals(product).real.clamp(min=0).sqrt().sum()


def _between_covariances(c: Tensor, d: Tensor) -> Tensor:
    return c.trace() + d.trace() - 2 * _trace_of_root(c @ d)


def _mistakes(real: Tensor, fake: Tensor) -> dict[str, Tensor | list[Tensor]]:
    gap, c, d = real.mean(0) - fake.mean(0), torch.cov(real.T), torch.cov(fake.T)
    means, root = gap.square().sum(), _trace_of_root(c @ d)
    traces, right = c.trace() + d.trace(), means + _between_covariances(c, d)
    return (
        {message: means + traces - 2 * wrong for message, wrong in _wrong_roots(c, d).items()}
        | _wrong_means(real, fake)
        | _only_variances(c, d, means, len(real), len(fake))
        | _wrong_covariances(real, fake, means)
        | {
            "the factor 2 of the last term is missing.": right + root,
            "the last term is added. It is taken off, or equal sets would not be at distance 0.":
            right + 4 * root,
            "the last term is missing: equal sets would not be at distance 0.": means + traces,
            "only the means are compared. The covariances count, too.": means,
            "this is the root of the distance. By convention it stays squared.": right.sqrt(),
        }
        | (_wrong_axis(real, fake) if len(real) == len(fake) else {})
    )  # fmt: skip


def _wrong_roots(c: Tensor, d: Tensor) -> dict[str, Tensor]:
    """What stands for tr (C C')^½."""
    product, misplaced = c @ d, "the root is missing or in the wrong place: "
    return {
        f"{misplaced}the trace of (C C')^½ is wanted, not that of C C'.": product.trace(),
        f"{misplaced}this is tr(C^½ C'^½), which is tr (C C')^½ only where the covariances commute.":
        (square_root(c) @ square_root(d)).trace(),
        f"{misplaced}these are roots of single entries of C C'. The root of a matrix is wanted: the roots of "
        "its eigenvalues.": product.diagonal().clamp(min=0).sqrt().sum(),
        f"{misplaced}this is the root of the trace of C C'. It is the trace of the root.":
        product.trace().sqrt(),
        f"{misplaced}C C' is not symmetric, so its singular values are not its eigenvalues.":
        torch.linalg.svdvals(product).sqrt().sum(),
        f"{misplaced}eigh and eigvalsh take a matrix for symmetric and read half of it. C C' is not.":
        torch.linalg.eigvalsh(product).clamp(min=0).sqrt().sum(),
    }  # fmt: skip


def _wrong_means(real: Tensor, fake: Tensor) -> dict[str, Tensor | list[Tensor]]:
    gap, shape = real.mean(0) - fake.mean(0), _between_covariances(torch.cov(real.T), torch.cov(fake.T))
    means, num_dims = gap.square().sum(), len(gap)
    return {
        "the means are not squared: the first term is the squared length of their difference.":
        [first + shape
         for first in (gap.norm(), gap.sum(), -gap.sum(), gap.abs().sum(), gap.abs().mean(), gap.mean(),
                       gap.mean().abs(), gap.abs().max(), gap.square().mean().sqrt(), gap.sum().abs())],
        "the means are missing.": shape,
        "it is averaged over the features. Sum over them.":
        [means / num_dims + shape, (means + shape) / num_dims],
        "the mean runs over all numbers at once. Each feature has its own.":
        (real.mean() - fake.mean()).square() + shape,
    }  # fmt: skip


def _only_variances(
    c: Tensor, d: Tensor, means: Tensor, num_real: int, num_fake: int
) -> dict[str, list[Tensor]]:
    v, w = c.diagonal(), d.diagonal()
    of_n = v * (1 - 1 / num_real), w * (1 - 1 / num_fake)  # divided by N
    return {
        "only variances are used. Off the diagonal of a covariance stands how the features move together.": [
            means + (v.sqrt() - w.sqrt()).square().sum(),
            means + (of_n[0].sqrt() - of_n[1].sqrt()).square().sum(),
            means + _between_covariances(v.sqrt().diag(), w.sqrt().diag()),
            means + (v - w).abs().sum(),
            means + (v + w - 2 * v * w).sum(),
            means + (v - w).square().sum(),
        ],
    }


def _wrong_covariances(real: Tensor, fake: Tensor, means: Tensor) -> dict[str, Tensor | list[Tensor]]:
    c, d = torch.cov(real.T), torch.cov(fake.T)
    n, m = len(real), len(fake)
    raw, other = real.T @ real, fake.T @ fake  # second moments, not divided
    return {
        "the covariances are compared entry by entry. The distance takes the root of their product.":
        [means + (c - d).square().sum(), means + (c - d).norm()],
        "these are correlations. A covariance keeps each feature's spread.":
        means + _between_covariances(torch.corrcoef(real.T), torch.corrcoef(fake.T)),
        "the mean is not taken off: the mean of x x' is not the covariance.":
        [means + _between_covariances(raw / (n - less), other / (m - less)) for less in (0, 1)],
        "the covariances are divided by N. The unbiased ones are divided by N - 1.":
        means + _between_covariances(c * (1 - 1 / n), d * (1 - 1 / m)),
        "the covariances are not divided by N - 1: these are sums over the samples.":
        means + _between_covariances(c * (n - 1), d * (m - 1)),
    }  # fmt: skip


def _wrong_axis(real: Tensor, fake: Tensor) -> dict[str, list[Tensor]]:
    """Of sets of one size, where it goes unnoticed."""
    means = (real.mean(0) - fake.mean(0)).square().sum()
    rows = (real.mean(1) - fake.mean(1)).square().sum()
    upright = _between_covariances(torch.cov(real.T), torch.cov(fake.T))
    sideways = _between_covariances(torch.cov(real), torch.cov(fake))
    return {
        "a mean or a covariance runs over the wrong axis, over the features of one sample. Samples are in "
        "rows, and torch.cov wants the transpose: the covariance must be (D, D).":
        [means + sideways, rows + sideways, rows + upright],
    }  # fmt: skip


@check(
    "frechet_distance",
    "You need the mean and the covariance of each set. torch.cov takes one feature a row: hand it the "
    "transpose.",
    "tr (C C')^½ is the sum of the roots of the eigenvalues of C C'. They are those of C^½ C' C^½, "
    "too, which is symmetric.",
    "eigh(C) gives values w and vectors V: C^½ = V diag(√max(w, 0)) Vᵀ. Then eigvalsh of C^½ C' C^½: clamp, "
    "root, sum. (Or eigvals of C C' itself, then .real.)",
)
def check_frechet_distance(fn: Callable) -> None:
    """`fn(real, fake)`: |m - m'|² + tr C + tr C' - 2 tr (C C')^½ of features (N, D), (N', D)."""
    pairs = [_sets(40, 40, 5), _sets(50, 50, 3), _sets(30, 30, 4)]
    precise = [(real.double(), fake.double()) for real, fake in pairs]
    if _takes_float64(fn, *precise[0]):
        _compare(fn, precise, tolerance=1e-3)  # there each slip is told from rounding
    _compare(fn, pairs, tolerance=1e-3)
    _compare(fn, [_sets(60, 45, 3), _sets(45, 60, 4)], tolerance=1e-3, ending=SIZES)
    real = torch.randn(6, 9)  # fewer samples than features: covariances without an inverse
    singular = [(real, real.flip(1) + 1), (2 * real, real.flip(1)), _sets(6, 6, 9)]
    _compare(fn, singular, tolerance=1e-2, ending=INVERTIBLE, not_finite=SINGULAR)
    same, zero = _number(call(fn, real, real.clone())), torch.zeros((), dtype=torch.float64)
    expect(same, zero, otherwise="equal sets must be at distance 0.", not_finite=SINGULAR, tolerance=1e-2)


def _takes_float64(fn: Callable, real: Tensor, fake: Tensor) -> bool:
    """False for an answer that makes float32 constants of its own. What else it raises, `call` reports."""
    try:
        fn(real.clone(), fake.clone())
    except Exception:
        return False
    return True


def _sets(num_real: int, num_fake: int, num_dims: int) -> tuple[Tensor, Tensor]:
    mixing, middle = torch.randn(2, num_dims, num_dims), 2 * torch.randn(2, num_dims)
    real = torch.randn(num_real, num_dims) @ mixing[0] + middle[0]
    return real, torch.randn(num_fake, num_dims) @ mixing[1] + middle[1]


def _compare(
    fn: Callable,
    pairs: list[tuple[Tensor, Tensor]],
    *,
    tolerance: float,
    ending: str = "",
    not_finite: str = NOT_FINITE,
) -> None:
    """All pairs at once, so that two slips are not taken for each other by accident."""
    values, rights = [], []
    precise = [(real.double(), fake.double()) for real, fake in pairs]
    for given, (x, y) in zip(pairs, precise, strict=True):
        values.append(_number(call(fn, *given)))
        means = (x.mean(0) - y.mean(0)).square().sum()
        rights.append(means + _between_covariances(torch.cov(x.T), torch.cov(y.T)))
    expect(
        torch.stack(values),
        torch.stack(rights),
        lambda: collect([_mistakes(*pair) for pair in precise]),
        otherwise="this is not |m - m'|² + tr C + tr C' - 2 tr (C C')^½, with covariances divided by N - 1."
        + ending,
        not_finite=not_finite,
        tolerance=tolerance,
    )

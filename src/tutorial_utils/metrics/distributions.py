"""Two sets of features compared through their moments, and one set of class probabilities."""

import math

import torch
from torch import Tensor

from tutorial_utils.images import show_beyond
from tutorial_utils.metrics.inputs import as_rows, whole_number

BLOCK = 1000  # rows at a time, so that float64 copies stay small


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Fréchet distance between two Gaussians fitted to features (Heusel et al. 2017, eq. 6).

    |m - m'|² + tr C + tr C' - 2 tr (C C')^½, with means m and unbiased covariances C of real (N, D) and fake
    (N', D). 0 for equals; in the features' unit, squared. Few samples bias it upwards: compare at one N.
    Raises `ValueError` for other shapes, values that are not finite, or fewer than 2 samples.
    """
    real, fake = as_rows(real=real, fake=fake)
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"a covariance needs 2 samples or more, not {len(real)} and {len(fake)}")
    (mean, covariance), (fake_mean, fake_covariance) = map(moments, (real, fake))
    # (C C')^½ has the eigenvalues of (C^½ C' C^½)^½, and these are the singular values of C^½ C'^½
    cross = torch.linalg.svdvals(square_root(covariance) @ square_root(fake_covariance)).sum()
    means = (mean - fake_mean).square().sum()
    return max((means + covariance.trace() + fake_covariance.trace() - 2 * cross).item(), 0.0)


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and unbiased covariance (D, D) of features (N, D), in float64."""
    mean = torch.stack([part.double().sum(0) for part in features.split(BLOCK)]).sum(0) / len(features)
    covariance = mean.new_zeros(len(mean), len(mean))
    for part in features.split(BLOCK):
        centered = part.double() - mean
        covariance.addmm_(centered.T, centered)
    return mean, covariance / (len(features) - 1)


def square_root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a symmetric matrix (D, D) without negative eigenvalues, up to rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def kernel_distance(
    real: Tensor,
    fake: Tensor,
    *,
    num_subsets: int,
    subset_size: int,
    generator: torch.Generator | None = None,
) -> tuple[float, float]:
    """Squared maximum mean discrepancy with the kernel (x · y / D + 1)³ (Bińkowski et al. 2018): mean, std.

    The unbiased estimate, so that it is 0 on average, and may be negative, for two samples of one
    distribution. It is averaged over `num_subsets` pairs of subsets of real (N, D) and fake (N', D), each of
    `subset_size` rows drawn without replacement by `generator` (on the CPU). std is the unbiased standard
    deviation over the subsets, nan for a single one.
    Raises `ValueError` for other shapes, values that are not finite, or a size that does not fit.
    """
    real, fake = as_rows(real=real, fake=fake)
    fewest = min(len(real), len(fake))
    subset_size = whole_number("subset_size", subset_size, 2, fewest, "the size of the smaller set")
    num_subsets = whole_number("num_subsets", num_subsets, 1, 10**9, "how often to measure")
    values = []
    for _ in range(num_subsets):
        x, y = (
            each[torch.randperm(len(each), generator=generator, device="cpu")[:subset_size].to(each.device)]
            for each in (real, fake)
        )
        values.append(_discrepancy(x.double(), y.double()))
    return _mean_and_std(values)


def _mean_and_std(values: list[Tensor]) -> tuple[float, float]:
    several = torch.stack(values)
    return several.mean().item(), several.std().item() if len(values) > 1 else math.nan


def _discrepancy(x: Tensor, y: Tensor) -> Tensor:
    """Bińkowski et al. 2018, eq. 4, of x (N, D) and y (N, D): the mean over pairs, no row with itself."""
    count, num_dims = x.shape

    def total(a: Tensor, b: Tensor) -> Tensor:
        blocks = (part @ b.T for part in a.split(BLOCK))
        return torch.stack([each.div_(num_dims).add_(1).pow_(3).sum() for each in blocks]).sum()

    with_itself = sum(((each.square().sum(1) / num_dims + 1) ** 3).sum() for each in (x, y))
    within = (total(x, x) + total(y, y) - with_itself) / (count * (count - 1))
    return within - 2 * total(x, y) / count**2


def inception_score(probabilities: Tensor, *, num_splits: int) -> tuple[float, float]:
    """exp of the mean KL(p(y|x) || p(y)) over class probabilities (N, C) (Salimans et al. 2016): mean, std.

    Between 1 and C. Computed for each of `num_splits` parts of the rows, in their order, which must be a
    random one; p(y) is a part's own mean. std is the unbiased standard deviation over the parts, nan for one.
    Raises `ValueError` unless rows are probabilities that sum to 1, each value and each sum to within 0.001
    (in half precision, two of its steps), or where a part would be empty.
    """
    (probabilities,) = as_rows(probabilities=probabilities)
    low, high = probabilities.min().item(), probabilities.max().item()
    off = (probabilities.double().sum(1) - 1).abs().max().item()
    rounding = max(1e-3, 2 * torch.finfo(probabilities.dtype).eps)
    if low < -rounding or high > 1 + rounding or off > rounding:
        raise ValueError(
            "probabilities must lie in [0, 1] and sum to 1 in each row, "
            f"to within {rounding:.4g}; they lie in [{show_beyond(low, -rounding)}, "
            f"{show_beyond(high, 1 + rounding)}] and a sum is off by {show_beyond(off, rounding)}: "
            "apply a softmax to logits"
        )
    num_splits = whole_number("num_splits", num_splits, 1, len(probabilities), "the number of rows")
    scores = []
    for part in probabilities.double().clamp(min=0).tensor_split(num_splits):
        divergence = torch.special.xlogy(part, part) - torch.special.xlogy(part, part.mean(0))  # 0 log 0 = 0
        scores.append(divergence.sum(1).mean().exp())
    return _mean_and_std(scores)

"""Numbers that say how good an image is (chapter 2), and how good a set of samples is (chapters 4 and 5).

A metric of sets takes features or images, one a row, real ones first, and computes in float64.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.images import check_images

EXACT = "donot_use_mm_for_euclid_dist"  # a product of matrices would round equal distances differently


def _check_pair(images: Tensor, reference: Tensor) -> None:
    check_images(images)
    check_images(reference, name="reference")
    if images.shape != reference.shape:
        raise ValueError(
            f"images and reference must have one shape, not {tuple(images.shape)} "
            f"and {tuple(reference.shape)}"
        )


def psnr(images: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, -10 log10 of the mean squared error: (B,), inf for equals.

    Both (B, C, H, W) in [0, 1], so the peak is 1. Raises `ValueError` for anything else.
    """
    _check_pair(images, reference)
    return -10 * (images - reference).square().flatten(1).mean(1).log10()


def gaussian_window(size: int = 11, sigma: float = 1.5) -> Tensor:
    """Weights (size, size) that sum to 1, float32."""
    ticks = torch.arange(size) - (size - 1) / 2
    line = torch.softmax(-ticks.square() / (2 * sigma**2), 0)
    return line[:, None] * line


def ssim(images: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004, eq. 13): (B,), 1 for equals, down to -1. Differentiable.

    Both (B, C, H, W) in [0, 1], at least 11 pixels a side. The window is 11 × 11, Gaussian with sigma 1.5,
    and used only where it fits whole; the value is the mean over its places and the channels.
    Raises `ValueError` for anything else.
    """
    _check_pair(images, reference)
    if min(images.shape[2:]) < 11:
        raise ValueError(f"ssim needs at least 11 × 11 pixels, not {tuple(images.shape[2:])}")
    x, y = images.flatten(0, 1)[:, None], reference.flatten(0, 1)[:, None]  # (B·C, 1, H, W)
    window = gaussian_window().to(x)[None, None]
    mean_x, mean_y = F.conv2d(x, window), F.conv2d(y, window)
    var_x = F.conv2d(x * x, window) - mean_x**2
    var_y = F.conv2d(y * y, window) - mean_y**2
    cov = F.conv2d(x * y, window) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return similarity.flatten(1).mean(1).unflatten(0, images.shape[:2]).mean(1)


def _rows(**sets: Tensor) -> list[Tensor]:
    """Each set as (N, D). Raises `ValueError` unless all are finite floats (N, ...) with one D."""
    first = next(iter(sets))
    for name, rows in sets.items():
        if rows.ndim < 2 or rows.shape[1:] != sets[first].shape[1:]:
            raise ValueError(
                f"{name} must be (N, ...), alike in all but N to {first}, {tuple(sets[first].shape)}; "
                f"it is {tuple(rows.shape)}"
            )
        if not rows.is_floating_point():
            raise ValueError(f"{name} must be floats, not {rows.dtype}")
        if rows.numel() == 0:
            raise ValueError(f"{name} is empty: {tuple(rows.shape)}")
        if not torch.stack(rows.aminmax()).isfinite().all():  # NaN propagates; no copy of the data is made
            raise ValueError(f"{name} contains NaN or infinity: look at what the generator draws")
    return [rows.flatten(1) for rows in sets.values()]


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Fréchet distance between two Gaussians fitted to features (Heusel et al. 2017, eq. 6).

    |m - m'|² + tr C + tr C' - 2 tr (C C')^½, with means m and unbiased covariances C of real (N, D) and fake
    (N', D). 0 for equals; in the features' unit, squared. Few samples bias it upwards: compare at one N.
    Raises `ValueError` for other shapes, values that are not finite, or fewer than 2 samples.
    """
    real, fake = (features.double() for features in _rows(real=real, fake=fake))
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"a covariance needs 2 samples or more, not {len(real)} and {len(fake)}")
    covariances = [torch.cov(features.T).reshape(2 * features.shape[1:]) for features in (real, fake)]
    roots = [_square_root(covariance) for covariance in covariances]
    # (C C')^½ has the eigenvalues of (C^½ C' C^½)^½, and these are the singular values of C^½ C'^½
    cross = torch.linalg.svdvals(roots[0] @ roots[1]).sum()
    means = (real.mean(0) - fake.mean(0)).square().sum()
    return max((means + covariances[0].trace() + covariances[1].trace() - 2 * cross).item(), 0.0)


def _square_root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a symmetric matrix (D, D) without negative eigenvalues, up to rounding."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def nearest_neighbors(rows: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """For each of rows (N, ...) the Euclidean distance to its nearest of reference (M, ...), and its index.

    Two tensors (N,). Distances of copies are exactly 0. Memory stays bounded, whatever N and M.
    Raises `ValueError` for other shapes or values that are not finite.
    """
    reference, rows = _rows(reference=reference, rows=rows)
    center = reference.mean(0).double()  # a product of matrices rounds less near the origin
    distance, index = [], []
    for part in rows.split(500):
        part = part.double() - center
        best = part.new_full((len(part),), torch.inf)
        place = torch.zeros(len(part), dtype=torch.long, device=part.device)
        for start in range(0, len(reference), 1000):
            block = reference[start : start + 1000].double() - center
            found, where = torch.cdist(part, block).min(1)
            place = torch.where(found < best, start + where, place)
            best = torch.minimum(found, best)
        distance.append((part - (reference[place].double() - center)).norm(dim=1))  # again, exactly
        index.append(place)
    return torch.cat(distance).to(rows.dtype), torch.cat(index)


def memorization_ratio(train: Tensor, held_out: Tensor, fake: Tensor) -> float:
    """Median distance of fake to its nearest in train, over that of held_out: chapter 1's novelty, relative.

    Each (N, ...), features or images. 1: as far from the training set as fresh data; 0: copies. Blur lowers
    it without any copying and noise raises it, so it is never the only verdict.
    Raises `ValueError` for other shapes, values that are not finite, or held_out copied from train.
    """
    train, held_out, fake = _rows(train=train, held_out=held_out, fake=fake)
    fresh = nearest_neighbors(held_out, train)[0].median().item()
    if fresh == 0:
        raise ValueError("half of held_out lies in train: held_out must be data that nothing was fitted to")
    return nearest_neighbors(fake, train)[0].median().item() / fresh


def modes_covered(points: Tensor, centers: Tensor, *, radius: float) -> int:
    """How many of centers (K, D) have at least one of points (N, D) within `radius`, its edge included.

    Raises `ValueError` for other shapes, values that are not finite, or a radius that is not positive.
    """
    centers, points = _rows(centers=centers, points=points)
    if not radius > 0:
        raise ValueError(f"radius must be positive, not {radius}")
    return int((nearest_neighbors(centers, points)[0] <= radius).sum())


def density_coverage(real: Tensor, fake: Tensor, *, k: int = 5) -> tuple[float, float]:
    """Density and coverage (Naeem et al. 2020, eqs. 4 and 5) of fake (M, D) against real (N, D).

    Around each real point lies a ball that reaches its k-th nearest other real point. Density: in how many
    balls a fake point lies on average, over k; 1 for real data, more where fakes crowd into dense places.
    Coverage: the share of the balls that hold a fake point, at most 1. Balls are closed (distance <= radius).
    Raises `ValueError` for other shapes, values that are not finite, or k outside 1 to N - 1.
    """
    real, fake = _rows(real=real, fake=fake)
    if not 1 <= k < len(real):
        raise ValueError(f"k must be between 1 and {len(real) - 1}, one less than the real points, not {k}")
    real, fake = real.double(), fake.double()
    hits, covered = 0, 0
    for start in range(0, len(real), 200):
        balls = real[start : start + 200]
        to_real = torch.cdist(balls, real, compute_mode=EXACT)
        own = torch.arange(len(balls), device=real.device)
        to_real[own, start + own] = torch.inf  # a point is not its own neighbour
        radius = to_real.topk(k, largest=False).values[:, -1:]
        inside = torch.cdist(balls, fake, compute_mode=EXACT) <= radius
        hits += int(inside.sum())
        covered += int(inside.any(1).sum())
    return hits / (k * len(fake)), covered / len(real)

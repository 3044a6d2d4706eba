"""Who lies how near to whom: neighbours, balls around points, and the metrics made of them."""

import torch
from torch import Tensor

from tutorial_utils.metrics.balls import ball_radii, count_inside, neighbor_distances
from tutorial_utils.metrics.inputs import as_rows, whole_number


def nearest_neighbors(rows: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """For each of rows (N, ...) the Euclidean distance to its nearest of reference (M, ...), and its index.

    Two tensors (N,) on the device of rows, the distances float32, or float64 where rows are. Distances of
    copies are exactly 0. Memory stays bounded, whatever N and M.
    Raises `ValueError` for other shapes or values that are not finite.
    """
    given = rows
    reference, rows = as_rows(reference=reference, rows=rows)
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
    dtype = torch.promote_types(rows.dtype, torch.float32)
    return torch.cat(distance).to(dtype).to(given.device), torch.cat(index).to(given.device)


def memorization_ratio(train: Tensor, held_out: Tensor, fake: Tensor) -> float:
    """Median distance of fake to its nearest in train, over that of held_out: chapter 1's novelty, relative.

    Each (N, ...), features or images. 1: as far from the training set as fresh data; 0: copies. Blur lowers
    it without any copying and noise raises it, so it is never the only verdict.
    Raises `ValueError` for other shapes, values that are not finite, or held_out copied from train.
    """
    train, held_out, fake = as_rows(train=train, held_out=held_out, fake=fake)
    fresh = nearest_neighbors(held_out, train)[0].median().item()
    if fresh == 0:
        raise ValueError("half of held_out lies in train: held_out must be data that nothing was fitted to")
    return nearest_neighbors(fake, train)[0].median().item() / fresh


def modes_covered(points: Tensor, centers: Tensor, *, radius: float) -> int:
    """How many of centers (K, D) have at least one of points (N, D) within `radius`, its edge included.

    Raises `ValueError` for other shapes, values that are not finite, or a radius that is not positive.
    """
    centers, points = as_rows(centers=centers, points=points)
    if not radius > 0:
        raise ValueError(f"radius must be positive, not {radius}")
    return int((nearest_neighbors(centers, points)[0] <= radius).sum())


def precision_recall(
    real: Tensor, fake: Tensor, *, k: int = 3, real_radii: Tensor | None = None
) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019, eq. 2) of fake (M, D) against real (N, D).

    Around each point lies a ball that reaches its k-th nearest other point of the same set. Precision: the
    share of fakes that lie in some real ball. Recall: the share of real points that lie in some fake ball.
    Balls are closed (distance <= radius). `real_radii` is `ball_radii(real, k)`, where that is known already.
    Raises `ValueError` for other shapes, values that are not finite, or k outside 1 to the fewest points - 1.
    """
    real, fake = as_rows(real=real, fake=fake)
    k = _check_both(k, real, fake)
    radii = _radii(real, k, real_radii)
    _, of_fake, of_real = count_inside(real, radii[None], fake, point_radii=ball_radii(fake, k))
    return _share(of_fake), _share(of_real)


def density_coverage(
    real: Tensor, fake: Tensor, *, k: int = 5, real_radii: Tensor | None = None
) -> tuple[float, float]:
    """Density and coverage (Naeem et al. 2020, eqs. 4 and 5) of fake (M, D) against real (N, D).

    Around each real point lies a ball that reaches its k-th nearest other real point. Density: in how many
    balls a fake point lies on average, over k; 1 for real data, more where fakes crowd into dense places.
    Coverage: the share of the balls that hold a fake point, at most 1. Balls are closed (distance <= radius).
    `real_radii` is `ball_radii(real, k)`, where that is known already.
    Raises `ValueError` for other shapes, values that are not finite, or k outside 1 to N - 1.
    """
    real, fake = as_rows(real=real, fake=fake)
    k = whole_number("k", k, 1, len(real) - 1, "one less than the real points")
    in_ball, _, _ = count_inside(real, _radii(real, k, real_radii)[None], fake)
    return in_ball.sum().item() / (k * len(fake)), _share(in_ball)


def compare_balls(
    real: Tensor,
    fake: Tensor,
    *,
    k: int = 3,
    density_k: int = 5,
    real_radii: tuple[Tensor, Tensor] | None = None,
) -> dict[str, float]:
    """What `precision_recall` says with k and `density_coverage` with density_k, by name, in less time.

    `real_radii` is `ball_radii(real, k)` and `ball_radii(real, density_k)`, where they are known already. For
    the rest, errors included, see those two.
    """
    real, fake = as_rows(real=real, fake=fake)
    k = _check_both(k, real, fake)
    density_k = whole_number("density_k", density_k, 1, len(real) - 1, "one less than the real points")
    if real_radii is None:
        distances = neighbor_distances(real, max(k, density_k))
        real_radii = distances[:, k - 1], distances[:, density_k - 1]
    radii = torch.stack([_radii(real, k, known) for known in real_radii])
    in_ball, of_fake, of_real = count_inside(real, radii, fake, point_radii=ball_radii(fake, k))
    return {
        "precision": _share(of_fake[0]),
        "recall": _share(of_real),
        "density": in_ball[1].sum().item() / (density_k * len(fake)),
        "coverage": _share(in_ball[1]),
    }


def _check_both(k: int, real: Tensor, fake: Tensor) -> int:
    fewest = min(len(real), len(fake))
    return whole_number("k", k, 1, fewest - 1, "one less than the points of the smaller set")


def _radii(real: Tensor, k: int, known: Tensor | None) -> Tensor:
    if known is not None and known.shape != (len(real),):
        raise ValueError(f"real_radii must be ({len(real)},), one for each of real, not {tuple(known.shape)}")
    return ball_radii(real, k) if known is None else known.to(real.device)


def _share(counts: Tensor) -> float:
    """How many of the counts are above 0, as a share."""
    return (counts > 0).double().mean().item()

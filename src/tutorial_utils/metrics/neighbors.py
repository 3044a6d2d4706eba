"""Who lies how near to whom: neighbours, balls around points, and the metrics made of them."""

from collections.abc import Iterator

import torch
from torch import Tensor

from tutorial_utils.metrics.inputs import as_rows, check_between

EXACT = "donot_use_mm_for_euclid_dist"
BLOCK = 50  # balls at a time: 4 MB of distances to 10,000 points


def nearest_neighbors(rows: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """For each of rows (N, ...) the Euclidean distance to its nearest of reference (M, ...), and its index.

    Two tensors (N,). Distances of copies are exactly 0. Memory stays bounded, whatever N and M.
    Raises `ValueError` for other shapes or values that are not finite.
    """
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
    return torch.cat(distance).to(torch.promote_types(rows.dtype, torch.float32)), torch.cat(index)


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
    check_between("k", k, 1, min(len(real), len(fake)) - 1, "one less than the points of the smaller set")
    radii = _radii(real, k, real_radii)
    _, of_fake = count_inside(real, radii, fake)
    _, of_real = count_inside(fake, ball_radii(fake, k), real)
    return (of_fake > 0).double().mean().item(), (of_real > 0).double().mean().item()


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
    check_between("k", k, 1, len(real) - 1, "one less than the real points")
    radii = _radii(real, k, real_radii)
    in_ball, _ = count_inside(real, radii, fake)
    return in_ball.sum().item() / (k * len(fake)), (in_ball > 0).double().mean().item()


def ball_radii(points: Tensor, k: int) -> Tensor:
    """The distance of each of points (N, D) to its k-th nearest other one: (N,) float64."""
    radii = torch.empty(len(points), dtype=torch.float64, device=points.device)
    for start, block, squares, rounding in _blocks(points, points):
        own = torch.arange(len(block), device=points.device)
        squares[own, start + own] = torch.inf  # a point is not its own neighbour
        edge = (squares + rounding).topk(k, largest=False).values[:, -1:]  # not below the k-th true square
        _compute_exactly(squares, squares - rounding <= edge, block, points)
        radii[start : start + len(block)] = squares.topk(k, largest=False).values[:, -1].sqrt()
    return radii


def _radii(real: Tensor, k: int, known: Tensor | None) -> Tensor:
    if known is not None and known.shape != (len(real),):
        raise ValueError(f"real_radii must be ({len(real)},), one for each of real, not {tuple(known.shape)}")
    return ball_radii(real, k) if known is None else known


def count_inside(centers: Tensor, radii: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """For closed balls around centers (N, D): how many of points (M, D) each holds, (N,), and in how many
    each point lies, (M,)."""
    in_ball, of_point = (
        torch.zeros(len(each), dtype=torch.long, device=points.device) for each in (centers, points)
    )
    for start, block, squares, rounding in _blocks(centers, points):
        edge = radii[start : start + len(block), None].square()
        surely, perhaps = squares <= edge - rounding, squares <= edge + rounding
        _compute_exactly(squares, surely ^ perhaps, block, points)
        inside = squares <= edge * (1 + 1e-12)  # distances that are equal but for rounding are equal
        in_ball[start : start + len(block)] = inside.sum(1)
        of_point += inside.sum(0)
    return in_ball, of_point


def _blocks(rows: Tensor, reference: Tensor) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """Squared distances (B, M) in float64 from a block of rows (N, D) at a time to reference (M, D).

    Yields the block's start, the block, the squares, and a bound (B, M) of their rounding error: a product
    of matrices is six times faster than differences, but near 0 it rounds.
    """
    center = reference.double().mean(0)
    reference = reference.double() - center
    norms = reference.square().sum(1)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK].double()
        near = block - center
        scale = near.square().sum(1, keepdim=True) + norms
        squares = torch.addmm(scale, near, reference.T, alpha=-2)
        yield start, block, squares, scale.mul_(2 * torch.finfo(scale.dtype).eps * (rows.shape[1] + 8))


def _compute_exactly(squares: Tensor, chosen: Tensor, block: Tensor, reference: Tensor) -> None:
    """Replace the chosen squared distances (B, M), in place, by sums of squared differences."""
    if chosen.sum() > 0.05 * chosen.numel():  # nearly all points in one place: one by one would take minutes
        squares.copy_(
            torch.where(chosen, torch.cdist(block, reference.double(), compute_mode=EXACT) ** 2, squares)
        )
        return
    for part in chosen.nonzero().split(2000):
        row, column = part.T
        squares[row, column] = (block[row] - reference[column].double()).square().sum(1)

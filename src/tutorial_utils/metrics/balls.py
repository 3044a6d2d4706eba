"""Balls around points: how far they reach, and who lies in them. Exact, at the speed of a matrix product."""

from collections.abc import Iterator

import torch
from torch import Tensor

EXACT = "donot_use_mm_for_euclid_dist"
BLOCK = 100  # rows at a time: 8 MB of distances to 10,000 points
SPARE = 8  # more neighbours than wanted, so that they almost always settle who the nearest are
TIE = 1 + 1e-12  # squares that are equal but for rounding are equal


def ball_radii(points: Tensor, k: int) -> Tensor:
    """The distance of each of points (N, D) to its k-th nearest other one: (N,) float64."""
    return neighbor_distances(points, k)[:, -1]


def neighbor_distances(points: Tensor, k: int) -> Tensor:
    """The distances of each of points (N, D) to its k nearest other ones, ascending: (N, k) float64."""
    distances = torch.empty(len(points), k, dtype=torch.float64, device=points.device)
    for start, block, bounds, _ in _blocks(points, points):
        own = torch.arange(len(block), device=points.device)
        bounds[own, start + own] = torch.inf  # a point is not its own neighbour
        lowest, place = bounds.topk(min(k + SPARE, len(points) - 1), largest=False)
        row = own[:, None].expand_as(place).flatten()
        squares = _squares(block, points, row, place.flatten()).view_as(lowest).sort(1).values[:, :k]
        unsure = squares[:, -1] > lowest[:, -1]  # else all that were left out are at least as far
        if unsure.any():
            squares[unsure] = _search(block[unsure], points, bounds[unsure], squares[unsure])
        distances[start : start + len(block)] = squares.sqrt()
    return distances


def _search(block: Tensor, points: Tensor, bounds: Tensor, squares: Tensor) -> Tensor:
    """The k smallest squared distances of block (B, D) to points, where some k of them, (B, k), are known."""
    row, column = (bounds <= squares[:, -1:]).nonzero(as_tuple=True)
    bounds[row, column] = _squares(block, points, row, column)
    return bounds.topk(squares.shape[1], largest=False).values


def count_inside(
    centers: Tensor, radii: Tensor, points: Tensor, *, point_radii: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """For closed balls around centers (N, D), one for each of radii (R, N): how many of points (M, D) each
    holds, (R, N), and in how many each point lies, (R, M). For balls around points, with point_radii (M,): in
    how many each center lies, (N,)."""
    edges = radii.square() * TIE
    no_balls = edges.new_full((len(points),), -torch.inf)
    back = no_balls if point_radii is None else point_radii.square() * TIE
    in_ball = torch.zeros_like(edges, dtype=torch.long)
    of_point = in_ball.new_zeros(len(edges), len(points))
    of_center = in_ball.new_zeros(len(centers))
    for start, block, bounds, (slack, other_slack) in _blocks(centers, points):
        here = slice(start, start + len(block))
        near = (bounds <= edges[:, here].amax(0)[:, None]) | (bounds <= back)
        row, column = near.nonzero(as_tuple=True)
        limits = torch.cat([edges[:, here][:, row], back[None, column]])  # (R + 1, pairs)
        squares = bounds[row, column]
        highest = squares + slack[row] + other_slack[column]
        unsure = ((squares <= limits) & (highest > limits)).any(0)
        squares[unsure] = _squares(block, points, row[unsure], column[unsure])
        *inside, around_points = squares <= limits
        for which, chosen in enumerate(inside):
            in_ball[which, here] = row[chosen].bincount(minlength=len(block))
            of_point[which] += column[chosen].bincount(minlength=len(points))
        of_center[here] = row[around_points].bincount(minlength=len(block))
    return in_ball, of_point, of_center


def _blocks(rows: Tensor, reference: Tensor) -> Iterator[tuple[int, Tensor, Tensor, tuple[Tensor, Tensor]]]:
    """Lower bounds (B, M) of squared distances from a block of rows (N, D) at a time to reference (M, D).

    A product of matrices is six times faster than differences, but near 0 it rounds. Yields the block's
    start, the block in float64, the bounds, which the next block overwrites, and by how much they may be too
    low: the sum of a number for each row, (B,), and one for each of reference, (M,).
    """
    reference = reference.double()
    center = reference.mean(0)
    reference = reference - center
    norms = reference.square().sum(1)
    rounding = 4 * torch.finfo(norms.dtype).eps * (rows.shape[1] + 8)  # of a square, over both norms' sum
    right = torch.cat([reference, torch.ones_like(norms)[:, None], (1 - rounding) * norms[:, None]], 1).T
    bounds = norms.new_empty(min(BLOCK, len(rows)), len(norms))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK].double()
        near = block - center
        own = near.square().sum(1)
        left = torch.cat([-2 * near, (1 - rounding) * own[:, None], torch.ones_like(own)[:, None]], 1)
        torch.mm(left, right, out=bounds[: len(block)])  # |x|² + |y|² - 2 x · y
        yield start, block, bounds[: len(block)], (2 * rounding * own, 2 * rounding * norms)


def _squares(block: Tensor, reference: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Squared distances of pairs, of block[row] to reference[column], each (P, D), by differences: (P,)."""
    if len(row) > 0.05 * len(block) * len(reference):  # one by one would take minutes
        return torch.cdist(block, reference.double(), compute_mode=EXACT)[row, column] ** 2
    squares = block.new_empty(len(row))
    for part in torch.arange(len(row), device=row.device).split(2000):
        differences = block[row[part]] - reference[column[part]].double()
        squares[part] = differences.square().sum(1)
    return squares

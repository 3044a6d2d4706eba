"""The check of `precision` (Kynkäänniemi et al. 2019): the share of fakes inside real balls."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, Mistakes, call, check, expect
from tutorial_utils.checks.numbers import as_float, collect
from tutorial_utils.metrics.balls import EXACT

NOT_THE_SHARE = (
    "this is not the share of fakes in a ball around a real point that reaches the k-th nearest other real "
    "point. (A point's own distance need not come out as exactly 0: leave it out by its place.)"
)
ALL_INSIDE = (
    "every fake counts as inside, in every case. Look at the direction of <=, at the radii (values, not "
    "indices; the nearest, not the farthest), and at which set is compared with which."
)
NONE_INSIDE = (
    "no fake counts as inside, in any case. A fake must lie in one ball, not in all: any, not all. Or "
    "are the radii 0, since each point is taken for its own neighbour?"
)
TWINS = (
    "two real points lie on one another here, and each is the other's neighbour, at distance 0. Leave out "
    "the point itself by its place, not every distance of 0."
)


def _distances(a: Tensor, b: Tensor, power: float = 2) -> Tensor:
    return torch.cdist(a.double(), b.double(), p=power, compute_mode=EXACT)


def _radius(points: Tensor, k: int, power: float = 2) -> Tensor:
    """To the k-th nearest other point; k = 0 is the point itself, and beyond the last one is infinite."""
    if k >= len(points):
        return torch.full((len(points),), torch.inf, dtype=torch.float64)
    return _distances(points, points, power).sort(1).values[:, k]


def _share(covered: Tensor) -> Tensor:
    return covered.double().mean()


def _precision(real: Tensor, fake: Tensor, k: int) -> Tensor:
    return _share((_distances(fake, real) <= _radius(real, k)).any(1))


def _mistakes(real: Tensor, fake: Tensor, k: int) -> Mistakes:
    return _of_other_sets(real, fake, k) | _of_other_balls(real, fake, k)


def _of_other_sets(real: Tensor, fake: Tensor, k: int) -> Mistakes:
    """Where the right balls, or those of another k or set, are counted another way."""
    inside = _distances(fake, real) <= _radius(real, k)  # (M, N)
    return {
        "real and fake have changed places: this is recall, the share of real points in the balls of the "
        "fakes. For precision the balls stand around real points.":
        [_precision(fake, real, other) for other in (k, k - 1, k + 1)],
        "k is off by one: the radius reaches the k-th nearest OTHER point. (Among the sorted distances of a "
        "point its own 0 comes first, and does not count.)":
        [_precision(real, fake, other) for other in (k - 1, k + 1)],
        "this is coverage, the share of real balls that hold a fake. Precision is the share of fakes that "
        "lie in some ball.": _share(inside.any(0)),
        "this is density, or a mean over all pairs: how many balls, not whether there is one.":
        [inside.sum(1).double().mean() / k, inside.double().mean(), inside.sum(1).double().mean()],
        "this is the share of fakes outside. Precision counts those inside.": 1 - _share(inside.any(1)),
        "this is a count, or per cent. Return the share, between 0 and 1.":
        [inside.any(1).double().sum(), 100 * _share(inside.any(1))],
    }  # fmt: skip


def _of_other_balls(real: Tensor, fake: Tensor, k: int) -> Mistakes:
    between, radius = _distances(fake, real), _radius(real, k)  # (M, N), (N,)
    nearest = between.argmin(1)
    return {
        "distances are compared with squared distances: square both or neither.":
        [_share((between <= radius**2).any(1)), _share((between**2 <= radius).any(1))],
        "each ball has its own radius. This uses one for all.":
        [_share((between <= one).any(1))
         for one in (radius.mean(), radius.max(), radius.min(), radius.median())],
        "only the ball of the nearest real point is tried. A larger ball farther away may hold it, too.":
        _share(between.gather(1, nearest[:, None])[:, 0] <= radius[nearest]),
        "the radii are measured from fake to real points. A ball reaches the k-th nearest real neighbour of "
        "a REAL point.": _share((between <= between.sort(0).values[min(k, len(fake)) - 1]).any(1)),
        "the balls stand around real points, but their radii come from the fakes (or the other way round).":
        _share((between <= _radius(fake, k)[:, None]).any(1)),
        "these are not Euclidean distances, but sums of absolute differences.":
        _share((_distances(fake, real, 1) <= _radius(real, k, 1)).any(1)),
    }  # fmt: skip


@check(
    "precision",
    "First the radii: all distances among the real points, sorted along a row. The first is the point's own, "
    "0; the k-th after it is the radius.",
    "A fake counts if its distance to any real point is at most that point's radius. The mean of these is "
    "the answer.",
    "In little memory: for one real point, its distances to all reals give the radius, and those to all "
    "fakes say which are inside. Combine the real points by | on a bool tensor (M,).",
)
def check_precision(fn: Callable) -> None:
    """`fn(real, fake, *, k=3)`: the share of fakes (M, D) in a ball around a real point (N, D), a number."""
    cases = [
        _scattered(*sizes)
        for sizes in ((60, 50, 2, 2, 1.0), (50, 70, 3, 4, 0.2), (40, 40, 2, 1, 4.0), (45, 60, 4, 3, 0.5))
    ]
    _compare(fn, cases, NOT_THE_SHARE, named=True)
    for real, fake, _ in cases:
        if as_float(call(fn, real, fake)) != as_float(call(fn, real, fake, k=3)):
            raise CheckFailed("it is right where k is given, but without it k must be 3.")
    line = torch.arange(6.0)[:, None]  # neighbours are 1 apart, so fakes can lie exactly on the edge
    beyond = torch.tensor([[6.0], [-1.0], [7.0], [2.5]])
    _compare(fn, [(line, beyond, 1)], "the edge belongs to a ball: distance <= radius.")
    twins = torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    beside = torch.tensor([[0.0, -2.0], [0.0, 0.0], [3.0, 1.0]])
    _compare(fn, [(twins, beside, 1)], TWINS)


def _scattered(
    num_real: int, num_fake: int, num_dims: int, k: int, scale: float
) -> tuple[Tensor, Tensor, int]:
    """Real points with balls of very different sizes, and fakes beside them."""
    real = torch.randn(num_real, num_dims) * 2 * torch.rand(num_real, 1)
    return scale * real, scale * (2 * torch.randn(num_fake, num_dims) + 0.5), k


def _compare(
    fn: Callable, cases: list[tuple[Tensor, Tensor, int]], otherwise: str, *, named: bool = False
) -> None:
    """All cases at once: shares of few points would agree by accident."""
    values = torch.stack([as_float(call(fn, real, fake, k=k)) for real, fake, k in cases])
    if named and (values == 1).all():
        raise CheckFailed(ALL_INSIDE)
    if named and (values == 0).all():
        raise CheckFailed(NONE_INSIDE)
    expect(
        values,
        torch.stack([_precision(*case) for case in cases]),
        (lambda: collect([_mistakes(*case) for case in cases])) if named else None,
        otherwise=otherwise,
        tolerance=1e-6,
    )

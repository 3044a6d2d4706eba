"""The check of `copied_share`: a number that finds copies of training points."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check
from tutorial_utils.checks.numbers import as_number, numbers_for

Case = tuple[Tensor, Tensor, Tensor]  # train (N, D), held_out (M, D), fake (K, D)

KINDS = ((4, torch.float32), (16, torch.float64), (100, torch.float32))  # the features, and their type
SHARES, UNITS, ALLOWED = (0.0, 0.1, 0.3, 1.0), (1e3, 1e-3), 0.08
NUM_TRAIN, NUM_HELD_OUT, NUM_FAKE = 400, 500, 600
RATIO = (
    "this is the memorisation ratio, or 1 minus it. A median hardly moves while fewer than half of the fakes "
    "are copies. Judge each fake by itself."
)
GENEROUS = (
    "about half of the fresh fakes pass for copies: the threshold is what is usual between fresh and "
    "training points. Take one that fresh data hardly ever get below."
)
NOT_COPIED = "this is the share that is NOT copied."
COUNT = "this is a count, or in percent. Divide by the number of fakes."
SIZE = "the count is divided by the size of train or held_out. Divide by the number of fakes."
OF_TRAIN = "this is the share of training points that were copied. Ask how many of the fakes are copies."


@check(
    "copied_share",
    "A median asks what the typical fake does. Ask each fake by itself: is its nearest training image nearer "
    "than that of fresh data ever is?",
    "held_out tells how near fresh data come to train: take, say, the 1 % quantile of its distances to their "
    "nearest training points as the threshold. The answer is the share of fakes below it.",
)
def check_copied_share(fn: Callable) -> None:
    """`fn(train, held_out, fake)`: how many of fake (K, D) are near-copies of train (N, D), in [0, 1].

    Copies are off by a thousandth of the spacing. Averaged over nine data sets, 0.08 are allowed.
    """
    cases, values = _until_sure(fn)
    if values.max() < 0.05:
        raise CheckFailed(
            "it finds hardly a copy, even where all fakes are copies. They carry faint noise, so no distance "
            "is exactly 0, and they lie near train, not near held_out."
        )
    if values.min() > 0.95 and values.max() < 1.05:
        raise CheckFailed(
            "it calls (nearly) everything a copy, fresh draws, too. The threshold is too large."
        )
    _expect_no_slip(values, cases)
    _expect_any_unit(fn, cases[6], values[6])
    if not _in_range(values):
        raise CheckFailed(
            f"a share lies between 0 and 1, and this is {values[values.sub(0.5).abs().argmax()]:.3g}."
        )
    _expect_shares(values.unflatten(0, (-1, len(SHARES))).mean(0))


def _until_sure(fn: Callable) -> tuple[list[Case], Tensor]:
    """The answers for three rounds of three data sets, or for fewer where no more could make up for them."""
    cases, values = [], torch.empty(0, dtype=torch.float64)
    for rounds in (1, 2, 3):
        new = [case for kind in KINDS for case in _with_copies(*kind)]
        cases, values = cases + new, torch.cat([values, numbers_for(fn, new)])
        found = values.unflatten(0, (-1, len(SHARES))).mean(0)
        if not _in_range(values) or rounds * max(found[0], 1 - found[-1]) > 3 * ALLOWED:
            break  # no share below 0 or above 1 can follow
    return cases, values


def _in_range(values: Tensor) -> bool:
    return bool(values.min() >= -1e-6 and values.max() <= 1 + 1e-6)


def _with_copies(num_dims: int, dtype: torch.dtype) -> list[Case]:
    """Points in five clusters, and fakes of which each of SHARES are training points plus noise."""
    middles, spreads = 3 * torch.randn(5, num_dims, dtype=dtype), 0.4 + 0.6 * torch.rand(5, 1, dtype=dtype)
    which = torch.randint(5, (NUM_TRAIN + NUM_HELD_OUT + NUM_FAKE,))
    points = middles[which] + spreads[which] * torch.randn(len(which), num_dims, dtype=dtype)
    train, held_out, fresh = points.split([NUM_TRAIN, NUM_HELD_OUT, NUM_FAKE])
    copies = train[torch.randint(NUM_TRAIN, (NUM_FAKE,))]
    noise = 1e-3 * _spacing(train).median() * F.normalize(torch.randn_like(copies), dim=1)
    copies = copies + noise.to(dtype)
    fakes = [torch.cat([copies[:count], fresh[count:]]) for count in (round(s * NUM_FAKE) for s in SHARES)]
    return [(train, held_out, fake[torch.randperm(NUM_FAKE)]) for fake in fakes]


def _nearest(points: Tensor, others: Tensor) -> Tensor:
    return torch.cdist(points.double(), others.double()).amin(1)


def _spacing(points: Tensor) -> Tensor:
    return torch.cdist(points.double(), points.double()).fill_diagonal_(torch.inf).amin(1)


def _expect_no_slip(values: Tensor, cases: list[Case]) -> None:
    """Fail with the first mistake that gives these values in every case.

    On average one of them, 1 minus the memorisation ratio, comes near enough to the shares to pass.
    """
    left: set[int] | None = None
    for value, case in zip(values.tolist(), cases, strict=True):
        slips = _slips(*case)
        fits = {i for i, (_, number, unit) in enumerate(slips) if abs(value - number) < 0.05 * unit}
        left = fits if left is None else left & fits
        if not left:
            return
    raise CheckFailed(slips[min(left)][0])


def _slips(train: Tensor, held_out: Tensor, fake: Tensor) -> list[tuple[str, float, float]]:
    """The message of each mistake, the number that it gives, and that which it gives for a share of 1."""
    near, usual, spacing = _nearest(fake, train), _nearest(held_out, train), _spacing(train)
    found, ratio = (near < usual.quantile(0.01)).double().mean(), near.median() / usual.median()
    copied = (_nearest(train, fake) < usual.quantile(0.01)).double().mean()
    limits = usual.median(), usual.mean(), spacing.median(), spacing.mean()
    slips = [
        *((RATIO, number, 1) for number in (ratio, 1 - ratio, (1 - ratio).clamp(min=0))),
        *((GENEROUS, (near < limit).double().mean(), 1) for limit in limits),
        *((NOT_COPIED, number, 1) for number in (1 - found, near.mean() / usual.mean())),
        *((COUNT, total * found, total) for total in (NUM_FAKE, 100)),
        *((SIZE, NUM_FAKE / size * found, NUM_FAKE / size) for size in (NUM_TRAIN, NUM_HELD_OUT)),
        (OF_TRAIN, copied, 1),
    ]
    return [(message, float(number), unit) for message, number, unit in slips]


def _expect_any_unit(fn: Callable, case: tuple[Tensor, Tensor, Tensor], before: Tensor) -> None:
    for factor in UNITS:
        value = as_number(call(fn, *(factor * points for points in case)))
        if (value - before).abs() > 0.05:
            raise CheckFailed(
                f"the same data in other units, times {factor:g}, get {value:.2f} instead of {before:.2f}: a "
                "threshold is fixed. Take it from the data, from the distances of held_out to train."
            )


def _expect_shares(found: Tensor) -> None:
    for share, value in zip(SHARES, found.tolist(), strict=True):
        if abs(value - share) <= ALLOWED:
            continue
        if share == 0:
            raise CheckFailed(
                f"of fresh fakes alone it calls {value:.0%} copies. Fresh data hardly ever may pass for one: "
                "see how near held_out comes to train."
            )
        missed = (
            "Too few are found. Copies carry faint noise, so no distance to train is exactly 0; and train "
            "and held_out differ in size, so that fresh data are not equally near to both."
            if value < share
            else "Fresh data hardly ever may pass for one: see how near held_out comes to train."
        )
        raise CheckFailed(f"where {share:.0%} of the fakes are copies, it answers {value:.3g}. {missed}")

"""The check of `copied_share`: a number that finds copies of training points."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check
from tutorial_utils.checks.numbers import as_number, numbers_for

SHARES, UNITS = (0.0, 0.1, 0.3, 1.0), (1e3, 1e-3)
NUM_TRAIN, NUM_HELD_OUT, NUM_FAKE = 400, 500, 600


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
    cases = [
        _with_copies(share, num_dims, dtype)
        for num_dims, dtype in 3 * ((4, torch.float32), (16, torch.float64), (100, torch.float32))
        for share in SHARES
    ]
    values = numbers_for(fn, cases)
    if values.max() < 0.05:
        raise CheckFailed(
            "it finds hardly a copy, even where all fakes are copies. They carry faint noise, so no distance "
            "is exactly 0, and they lie near train, not near held_out."
        )
    if values.min() > 0.95 and values.max() < 1.05:
        raise CheckFailed(
            "it calls (nearly) everything a copy, fresh draws, too. The threshold is too large."
        )
    wrong = [_copying_mistakes(*case) for case in cases]
    for message in wrong[0]:
        for numbers in torch.tensor([row[message] for row in wrong], dtype=torch.float64).T:
            if ((values - numbers).abs() < 0.05 * numbers.abs().max().clamp(min=1)).all():
                raise CheckFailed(message)
    _expect_any_unit(fn, cases[6], values[6])
    if not (values.min() >= -1e-6 and values.max() <= 1 + 1e-6):
        raise CheckFailed(
            f"a share lies between 0 and 1, and this is {values[values.sub(0.5).abs().argmax()]:.3g}."
        )
    _expect_shares(values.unflatten(0, (-1, len(SHARES))).mean(0))


def _with_copies(share: float, num_dims: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Points in five clusters: train, held_out, and fakes of which a share are training points plus noise."""
    middles, spreads = 3 * torch.randn(5, num_dims, dtype=dtype), 0.4 + 0.6 * torch.rand(5, 1, dtype=dtype)
    which = torch.randint(5, (NUM_TRAIN + NUM_HELD_OUT + NUM_FAKE,))
    points = middles[which] + spreads[which] * torch.randn(len(which), num_dims, dtype=dtype)
    train, held_out, fake = points.split([NUM_TRAIN, NUM_HELD_OUT, NUM_FAKE])
    copies = train[torch.randint(NUM_TRAIN, (round(share * NUM_FAKE),))]
    noise = 1e-3 * _spacing(train).median() * F.normalize(torch.randn_like(copies), dim=1)
    fake = torch.cat([copies + noise.to(dtype), fake[len(copies) :]])
    return train, held_out, fake[torch.randperm(NUM_FAKE)]


def _nearest(points: Tensor, others: Tensor) -> Tensor:
    return torch.cdist(points.double(), others.double()).amin(1)


def _spacing(points: Tensor) -> Tensor:
    return torch.cdist(points.double(), points.double()).fill_diagonal_(torch.inf).amin(1)


def _copying_mistakes(train: Tensor, held_out: Tensor, fake: Tensor) -> dict[str, list[float]]:
    near, usual, spacing = _nearest(fake, train), _nearest(held_out, train), _spacing(train)
    threshold = usual.quantile(0.01)
    found, ratio = (near < threshold).double(), (near.median() / usual.median()).item()
    generous = [(near < limit).double().mean().item()
                for limit in (usual.median(), usual.mean(), spacing.median(), spacing.mean())]  # fmt: skip
    return {
        "this is the memorisation ratio, or 1 minus it. A median hardly moves while fewer than half of the "
        "fakes are copies. Judge each fake by itself.": [ratio, 1 - ratio, max(1 - ratio, 0)],
        "about half of the fresh fakes pass for copies: the threshold is what is usual between fresh and "
        "training points. Take one that fresh data hardly ever get below.": generous,
        "this is the share that is NOT copied.": [
            1 - found.mean().item(), (near.mean() / usual.mean()).item()],
        "this is a count, or in percent. Divide by the number of fakes.": [
            found.sum().item(), 100 * found.mean().item()],
        "the count is divided by the size of train or held_out. Divide by the number of fakes.": [
            found.sum().item() / NUM_TRAIN, found.sum().item() / NUM_HELD_OUT],
        "this is the share of training points that were copied. Ask how many of the fakes are copies.": [
            (_nearest(train, fake) < threshold).double().mean().item()],
    }  # fmt: skip


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
        if abs(value - share) <= 0.08:
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

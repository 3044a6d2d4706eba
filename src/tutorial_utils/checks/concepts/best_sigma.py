"""The check of `best_sigma`: the width of a kernel density, judged by held-out images."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check
from tutorial_utils.checks.numbers import as_number


@check(
    "best_sigma",
    "The log-density of x: logsumexp over the training images of -|x - x_i|² / 2σ², minus log N, minus "
    "D / 2 · log(2πσ²).",
    "Try many widths, evenly spaced in their logarithm, and keep the one with the largest *mean log*-density "
    "of held_out. Then search more finely around it.",
    "For the squared distances take torch.cdist once. Only the division by 2σ² changes.",
)
def check_best_sigma(fn: Callable) -> None:
    """`fn(train, held_out)`: the width of the kernel density on train (N, D) that held_out (M, D) likes most.

    Judged by the held-out log-likelihood that it gives up: 0.02 nats a dimension are allowed.
    """
    cases = []
    for num_train, num_held_out, num_dims, spread in (
        (60, 50, 3, 1.0),
        (10, 300, 4, 0.2),
        (200, 8, 3, 5.0),
        (30, 20, 400, 0.02),
    ):
        middles = spread * torch.randn(4, num_dims)
        which = torch.randint(4, (num_train + num_held_out,))
        noise = 0.3 * spread * torch.randn(len(which), num_dims)
        noise[num_train:] *= 1.5  # what suits train alone is too narrow
        points = middles[which] + noise
        train, held_out = points.split([num_train, num_held_out])
        cases.append((as_number(call(fn, train, held_out)).item(), train.double(), held_out.double()))
    _judge(cases)


def _log_density(squares: Tensor, widths: Tensor, num_dims: int) -> Tensor:
    """Of M points at squared distances (M, N) from the training points, for W widths: (W, M)."""
    log_sum = (-squares / (2 * widths[:, None, None] ** 2)).logsumexp(2) - math.log(squares.shape[1])
    return log_sum - num_dims / 2 * torch.log(2 * math.pi * widths[:, None] ** 2)


def _best(scores: Tensor, widths: Tensor) -> float:
    return widths[scores.argmax()].item()


def _judge(cases: list[tuple[float, Tensor, Tensor]]) -> None:
    """Of (sigma, train, held_out): what each sigma gives up. A mistake is named where it fits all cases."""
    lost, best = [], []
    for sigma, train, held_out in cases:
        if not (math.isfinite(sigma) and sigma > 0):
            raise CheckFailed(f"a width must be positive and finite, not {sigma}.")
        squares, widths = torch.cdist(held_out, train).square(), _widths(train)
        best.append(_best(_log_density(squares, widths, train.shape[1]).mean(1), widths))
        both = torch.tensor([best[-1], sigma], dtype=torch.float64)
        most, score = _log_density(squares, both, train.shape[1]).mean(1).tolist()
        lost.append((most - score) / train.shape[1])
    if max(lost) <= 0.02:
        return
    wrong = [
        _mistakes(train, held_out, right) for (_, train, held_out), right in zip(cases, best, strict=True)
    ]
    for message in wrong[0]:
        if all(abs(math.log(case[0] / w[message])) < 0.15 for case, w in zip(cases, wrong, strict=True)):
            raise CheckFailed(message)
    place = lost.index(max(lost))
    raise CheckFailed(_far_off(cases[place][0], best[place], lost[place]))


def _widths(train: Tensor) -> Tensor:
    return torch.logspace(-2.5, 1.5, 201, dtype=torch.float64) * train.std()


def _mistakes(train: Tensor, held_out: Tensor, right: float) -> dict[str, float]:
    squares, widths, num_dims = torch.cdist(held_out, train).square(), _widths(train), train.shape[1]
    scores = _log_density(squares, widths, num_dims)
    return {
        "this is the variance. Return its root, σ.": right**2,
        "the kernel is exp(-d² / 2σ²): is the 2 missing?": math.sqrt(2) * right,
        "train and held_out have changed places: the Gaussians stand on train.":
        _best(_log_density(squares.T, widths, num_dims).mean(1), widths),
        "the volume is that of one dimension: the term log(2πσ²) / 2 must be taken D times.":
        _best(_log_density(squares, widths, 1).mean(1), widths),
        "this averages densities over the images, and then a few easy images decide. Average their "
        "logarithms.": _best(scores.logsumexp(1), widths),
    }  # fmt: skip


def _far_off(sigma: float, right: float, lost: float) -> str:
    if sigma < right / 5:
        return (
            f"a width as small as {sigma:.3g} wins where *training* images are scored (each finds itself), "
            "where the sign is wrong, or where the volume weighs too much (D is the length of a row; d² is "
            "divided by 2σ²). Score held_out, and take the largest log-density."
        )
    if sigma > 5 * right:
        return (
            f"a width as large as {sigma:.3g} wins only where the density is not divided by its volume: the "
            "term D / 2 · log(2πσ²) is missing."
        )
    return (
        f"σ = {sigma:.3g} gives held_out a mean log-density that is {lost:.3g} nats a dimension below "
        f"that of {right:.3g}. Is the search too coarse, or its range too small for data of this scale?"
    )

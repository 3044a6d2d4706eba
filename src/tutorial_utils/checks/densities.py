"""Chapter 1's checks about densities: a distance, the width of a kernel, the price of dequantisation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect, expect_any_device
from tutorial_utils.checks.scalars import as_number, expect_number


@check(
    "noisy_copy_novelty",
    "The nearest training image is still the one that was copied. What is the distance to it?",
    "It is the length of the noise: the root of a sum of 784 squares, each 0.01 on average.",
)
def check_noisy_copy_novelty(fn: Callable) -> None:
    """`fn()`: the novelty of a training image (784 pixels) plus Gaussian noise of 0.1 in every pixel."""
    noise = 0.1 * torch.randn(2000, 784)
    expect_number(
        call(fn),
        noise.norm(dim=1).mean().item(),
        {
            "this is the noise in one pixel. The distance adds up the squares of 784.": (0.1, 0.0798),
            "this is the sum over the pixels. Squares add up, then comes the root.": (78.4, 62.6),
            "this is the squared distance. Take the root.": 7.84,
            "this is the squared noise in one pixel. There are 784 of them.": 0.01,
            "the copy is still the nearest image, but it is no longer at distance 0.": 0.0,
            "noise was added once. √2 times as much lies between two noisy copies.": 3.96,
            "this is √(0.1 · 784). The noise is squared before it is summed.": 8.85,
            "this is for 28 pixels. An image has 28 × 28.": (0.529, 0.53),
            "this is the novelty of test images. Noise knows nothing of clothes.": (3.52, 3.5),
        },
        otherwise="noise of 0.1 in each of 784 pixels moves an image by another distance: the root of the "
        "sum of its squares.",
        tolerance=0.05,  # relative and absolute, a tenth in all: four deviations of a single draw
    )


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


def _width_mistakes(train: Tensor, held_out: Tensor, widths: Tensor) -> dict[str, float]:
    """The right width under "", and those of mistakes."""
    squares, num_dims = torch.cdist(held_out, train).square(), train.shape[1]
    scores = _log_density(squares, widths, num_dims)
    right = _best(scores.mean(1), widths)
    return {
        "": right,
        "this is the variance. Return its root, σ.": right**2,
        "the kernel is exp(-d² / 2σ²): is the 2 missing?": math.sqrt(2) * right,
        "train and held_out have changed places: the Gaussians stand on train.":
        _best(_log_density(squares.T, widths, num_dims).mean(1), widths),
        "the volume is that of one dimension: the term log(2πσ²) / 2 must be taken D times.":
        _best(_log_density(squares, widths, 1).mean(1), widths),
        "this averages densities over the images, and then a few easy images decide. Average their "
        "logarithms.": _best(scores.logsumexp(1), widths),
    }  # fmt: skip


def _judge(cases: list[tuple[float, Tensor, Tensor]]) -> None:
    """Of (sigma, train, held_out): what each sigma gives up. A mistake is named where it fits all cases."""
    lost, wrong = [], []
    for sigma, train, held_out in cases:
        if not (math.isfinite(sigma) and sigma > 0):
            raise CheckFailed(f"a width must be positive and finite, not {sigma}.")
        widths = torch.logspace(-2.5, 1.5, 201, dtype=torch.float64) * train.std()
        wrong.append(_width_mistakes(train, held_out, widths))
        both = torch.tensor([wrong[-1][""], sigma], dtype=torch.float64)
        squares = torch.cdist(held_out, train).square()
        best, score = _log_density(squares, both, train.shape[1]).mean(1).tolist()
        lost.append((best - score) / train.shape[1])
    if max(lost) <= 0.02:
        return
    for message in list(wrong[0])[1:]:
        if all(
            abs(math.log(sigma / w[message])) < 0.15 for (sigma, _, _), w in zip(cases, wrong, strict=True)
        ):
            raise CheckFailed(message)
    place = lost.index(max(lost))
    sigma, right = cases[place][0], wrong[place][""]
    if sigma < right / 5:
        raise CheckFailed(
            f"a width as small as {sigma:.3g} wins where *training* images are scored (each finds itself), "
            "where the sign is wrong, or where the volume weighs too much (D is the length of a row; d² is "
            "divided by 2σ²). Score held_out, and take the largest log-density."
        )
    if sigma > 5 * right:
        raise CheckFailed(
            f"a width as large as {sigma:.3g} wins only where the density is not divided by its volume: the "
            "term D / 2 · log(2πσ²) is missing."
        )
    raise CheckFailed(
        f"σ = {sigma:.3g} gives held_out a mean log-density that is {lost[place]:.3g} nats a dimension below "
        f"that of {right:.3g}. Is the search too coarse, or its range too small for data of this scale?"
    )


@check(
    "jensen_gap",
    "The mean over the draws is over axis 0. The log of a mean of exponentials: logsumexp, minus log K.",
    "Both terms are means over the K draws, of exp(log_p) inside a logarithm and of log_p itself.",
)
def check_jensen_gap(fn: Callable) -> None:
    """`fn(log_p)`: (B,), log of the mean of p minus the mean of log p, over the K draws of log_p (K, B)."""
    for num_draws, num_images, dtype in ((6, 4, torch.float32), (1, 3, torch.float64), (9, 1, torch.float64)):
        log_p = 2 * torch.randn(num_draws, num_images, dtype=dtype)
        _compare_gap(fn, log_p, not_finite="it contains inf or NaN for ordinary numbers.")
    for offset in (-2000.0, 900.0):
        _compare_gap(
            fn,
            torch.randn(7, 5, dtype=torch.float64) + offset + 300 * torch.arange(5),  # images differ, too
            not_finite=f"it contains inf or NaN where log p is near {offset:.0f}, as for an image: exp "
            "leaves the range of floats. Use logsumexp.",
        )
    expect_any_device(fn, log_p)


def _compare_gap(fn: Callable, log_p: Tensor, *, not_finite: str) -> None:
    num_draws = len(log_p)
    log_mean, mean_log = log_p.logsumexp(0) - math.log(num_draws), log_p.mean(0)
    gap = log_mean - mean_log
    mistakes = {
        "the sign is wrong: by Jensen's inequality the log of the mean is the larger one.": -gap,
        "this is the log of the *sum*: the mean is smaller by log K.": gap + math.log(num_draws),
        "log K is taken off twice, or from the wrong side.": gap - math.log(num_draws),
        "this is only the log of the mean. Subtract the mean of the logs.": log_mean,
        "this is only the mean of the logs. It is subtracted from the log of the mean.": mean_log,
        "this is one number for all images. Return one for each.": gap.mean(),
        "this is in bits. Stay in nats.": gap / math.log(2),
        "this is a ratio: the difference of the logs, not of the densities.": gap.exp(),
        "the largest draw stands for the log of the mean. All of them count.": log_p.amax(0) - mean_log,
    }
    if num_draws > 1:
        across = log_p.logsumexp(1) - math.log(log_p.shape[1]) - log_p.mean(1)
        mistakes["this averages over the images, axis 1. Average over the draws, axis 0."] = across
        mistakes["this is half the variance, which the gap is for small spreads only."] = log_p.var(0) / 2
    expect(
        call(fn, log_p),
        gap,
        mistakes,
        otherwise="this is not log(mean of p) - mean of log p, over the draws.",
        not_finite=not_finite,
        tolerance=1e-3,
    )

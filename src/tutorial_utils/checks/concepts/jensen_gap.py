"""The check of `jensen_gap`: what is lost where the log moves inside the mean."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import call, check, expect, expect_any_device


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

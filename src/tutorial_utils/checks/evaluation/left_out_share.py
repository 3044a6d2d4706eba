"""The check of `left_out_share`: what the bootstrap leaves out."""

import math
from collections.abc import Callable

import torch

from tutorial_utils.checks.core import CheckFailed, check, expect
from tutorial_utils.checks.numbers import numbers_for


@check(
    "left_out_share",
    "What is the probability that one draw misses a given sample? And that all N draws do?",
    "The draws are independent: multiply. The expected share is the probability for one sample, since all "
    "have the same.",
)
def check_left_out_share(fn: Callable) -> None:
    """`fn(num_samples)`: (1 - 1/N)^N for N >= 1, the expected share that N draws with replacement miss."""
    counts = torch.tensor([1, 2, 3, 10, int(torch.randint(4, 10, ())), 1000]).double()
    miss = 1 - 1 / counts
    right = miss**counts
    mistakes = {
        "this is 1/e, the limit. For few samples the share is another; for one it is 0.": [
            torch.full_like(right, math.exp(-1)), math.exp(-1) * (1 - 1 / (2 * counts))],
        "this is the share that IS drawn.": [1 - right, torch.full_like(right, 1 - math.exp(-1))],
        "there is one factor too few: (1 - 1/N)^(N - 1) is the share that is drawn exactly once. All N draws "
        "must miss.": [miss ** (counts - 1)],
        "there is one factor too many: there are N draws.": [miss ** (counts + 1)],
        "this is the share that a single draw leaves out. There are N draws.": [miss],
        "this is the probability that one draw hits a given sample.": [1 / counts],
        "half is a guess. Work it out for two samples: (1/2)².": [torch.full_like(right, 0.5)],
        "this is exp(-1/N), near 1. The power N belongs to (1 - 1/N).": [(-1 / counts).exp()],
        "this is a number of samples. Divide by N.": [counts * right],
        "this is the probability to hit a given sample every time, or its complement. All must miss.": [
            counts**-counts, 1 - counts**-counts],
        "without replacement nothing would be left out. With it, something is.": [torch.zeros_like(right)],
    }  # fmt: skip
    values = numbers_for(fn, [(int(count),) for count in counts])
    otherwise = "this is not the probability that all of N independent draws miss a given sample."
    expect(values, right, mistakes, otherwise=otherwise, tolerance=1e-4)
    (value,) = numbers_for(fn, [(10**6,)])
    if abs(value.item() / (1 - 1e-6) ** 10**6 - 1) > 1e-4:
        raise CheckFailed(
            f"right for few samples, but for a million it gives {value:.4f}: in float32, 1 - 1/N is rounded. "
            "Use Python's floats, or float64."
        )

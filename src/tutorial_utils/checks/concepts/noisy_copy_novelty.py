"""The check of `noisy_copy_novelty`: how far a little noise moves an image."""

from collections.abc import Callable

import torch

from tutorial_utils.checks.core import call, check
from tutorial_utils.checks.numbers import expect_number


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

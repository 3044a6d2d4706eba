"""Answers to `noisy_copy_novelty`."""

import math
from fractions import Fraction

import torch

RIGHT = [
    lambda: 2.8,
    lambda: Fraction(14, 5),
    lambda: torch.tensor(0.1 * 28),
    lambda: 0.1 * math.sqrt(784),
]
WRONG = [
    (lambda: 0.1, "noise in one pixel"),
    (lambda: 78.4, "sum over the pixels"),
    (lambda: 7.84, "squared distance"),
    (lambda: 0, "no longer at distance 0"),
    (lambda: 0.1 * math.sqrt(2 * 784), "added once"),
    (lambda: math.sqrt(78.4), "squared before it is summed"),
    (lambda: 0.53, "28 pixels"),
    (lambda: 3.5, "test images"),
    (lambda: 1.7, "another distance"),
    (lambda: "2.8", "must return a number"),
    (lambda: [2.8, 2.8], "one number"),
    (lambda: [2.8], "the number itself, not a list"),
    (lambda: torch.tensor(2.8 + 0j), "a real number"),
    (lambda: 0.01, "squared noise in one pixel"),
]  # fmt: skip

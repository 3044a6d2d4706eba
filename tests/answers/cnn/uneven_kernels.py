"""Answers to `uneven_kernels`."""

from math import gcd

import torch
from torch.nn import functional as F


def measured(kernels, stride, *, cut=True):
    """By experiment, with 30 inputs."""
    uneven = []
    for kernel in kernels:
        counts = F.conv_transpose1d(torch.ones(1, 1, 30), torch.ones(1, 1, kernel), stride=stride)[0, 0]
        if (counts[kernel:-kernel] if cut else counts).unique().numel() > 1:
            uneven.append(kernel)
    return uneven


def divided(kernels, stride):
    return [kernel for kernel in kernels if kernel % stride]


RIGHT = [
    divided,
    measured,
    lambda kernels, stride: tuple(k for k in kernels if gcd(k, stride) != stride),
    lambda kernels, stride: torch.tensor(kernels)[torch.tensor(kernels) % stride != 0],
]
WRONG = [
    (lambda kernels, stride: [k for k in kernels if k % stride == 0], "these are the even ones"),
    (lambda kernels, stride: measured(kernels, stride, cut=False), "ends are counted in"),
    (lambda kernels, stride: [k for k in kernels if k % 2], "odd kernels"),
    (lambda kernels, stride: measured(kernels, 2), "odd kernels"),
    (lambda kernels, stride: [k for k in kernels if k > stride and k % stride], "leaves gaps"),
    (lambda kernels, stride: [k for k in kernels if k > stride], "larger than the stride\\. Not all"),
    (lambda kernels, stride: [k for k in kernels if k < stride], "smaller than the stride"),
    (lambda kernels, stride: [k for k in kernels if stride % k], "changed places"),
    (lambda kernels, stride: kernels, "all kernels"),
    (lambda kernels, stride: measured(kernels, 1), "list is empty"),
    (lambda kernels, stride: sorted(divided(kernels, stride)), "another order"),
    (lambda kernels, stride: sorted(divided(kernels, stride), reverse=True), "in this order"),
    (lambda kernels, stride: set(divided(kernels, stride)), "a set has no order"),
    (lambda kernels, stride: [k % stride != 0 for k in kernels], "True or False"),
    (lambda kernels, stride: [i for i, k in enumerate(kernels) if k % stride], "places in the list"),
    (lambda kernels, stride: (k for k in kernels if k % stride), "not generator"),
    (lambda kernels, stride: len(divided(kernels, stride)), "not int"),
    (lambda kernels, stride: [k for k in kernels if k % stride and k != 7], "kernel size 7 is missing"),
    (lambda kernels, stride: [k for k in kernels if k % stride or k == 9], "9 is in the list"),
    (lambda kernels, stride: [kernels.pop(0) for _ in kernels[:]], "changes its list"),
    (lambda kernels, stride: [k for k in kernels if gcd(k, stride) == 1], "share no factor"),
]  # fmt: skip

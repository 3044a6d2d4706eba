"""Answers to `bits_per_dim`."""

import math

import torch
from answers.shared import SHAPE

RIGHT = [
    lambda nll, d: nll / (d * math.log(2)),
    lambda nll, d: nll * math.log2(math.e) / d,
]
WRONG = [
    (lambda nll, d: nll / d, "nats per dimension"),
    (lambda nll, d: nll * math.log(2) / d, "multiplies by ln 2"),
    (lambda nll, d: nll / math.log(2), "whole image"),
    (lambda nll, d: nll / d / math.log10(2), "log10"),
    (lambda nll, d: nll / d / math.log(10), "decimal"),
    (lambda nll, d: nll / d / math.log(2) + 8, "8 bits are added"),
    (lambda nll, d: nll / d / math.log(2) - 8, "8 bits are subtracted"),
    (lambda nll, d: -nll / d / math.log(2), "sign"),
    (lambda nll, d: (nll / d / math.log(2)).mean(), "mean over the images"),
    (lambda nll, d: torch.log2(nll) / d, "logarithm"),
    (lambda nll, d: nll / d / 2, "num_dims · ln 2"),
    (lambda nll, d: nll / d / math.log(256), "bytes"),
    (lambda nll, d: nll / 784 / math.log(2), "784 holds"),
    (lambda nll, d: -torch.log2(torch.exp(-nll)) / d, "underflows"),
    (lambda nll, d: (nll / d / math.log(2))[..., None], SHAPE),
]  # fmt: skip

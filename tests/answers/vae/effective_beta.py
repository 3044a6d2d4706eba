"""Answers to `effective_beta`."""

import math

import torch

RIGHT = [
    lambda num_pixels, code_size: num_pixels / code_size,
    lambda num_pixels, code_size: (1 / code_size) / (1 / num_pixels),
    lambda num_pixels, code_size: torch.tensor(num_pixels / code_size),
    lambda p, d: torch.tensor([p]).div(d),
]
WRONG = [
    (lambda p, d: d / p, "inverse"),
    (lambda p, d: p, "\\*summed\\* over the code"),
    (lambda p, d: d, "Averaging makes it lighter"),
    (lambda p, d: 1, "would be 1"),
    (lambda p, d: 1 / p, "divides by the pixels"),
    (lambda p, d: 1 / d, "weight of the KL alone"),
    (lambda p, d: p * d, "product"),
    (lambda p, d: math.sqrt(p / d), "no root"),
    (lambda p, d: p // d, "rounded"),
    (lambda p, d: round(p / d), "rounded"),
    (lambda p, d: p - d, "difference"),
    (lambda p, d: p / (p + d), "KL's share"),
    (lambda p, d: d / (p + d), "reconstruction loss's share"),
    (lambda p, d: p / (2 * d), "factor of two"),
    (lambda p, d: 39.2, "for 784 pixels and a code of 20"),
    (lambda p, d: 784 / d, "784 is typed in"),
    (lambda p, d: p / 20, "20 is typed in"),
    (lambda p, d: 16.0, "otherwise"),
    (lambda p, d: p / d + 0.1, "otherwise"),
    (lambda p, d: "784 / 20", "must return a number"),
    (lambda p, d: (16, 64), "one number"),
    (lambda p, d: torch.tensor([1 / p, 1 / d]), "one number"),
]  # fmt: skip

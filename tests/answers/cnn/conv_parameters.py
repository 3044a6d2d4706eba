"""Answers to `conv_parameters`."""

import torch
from torch import nn


def count(kernel=5, channels=3, side=15, bias=1):
    return 32 * (channels * kernel**2 + bias) + 128 * (32 * side**2 + bias) + 3 * (128 + bias)


def built():
    layers = [nn.Conv2d(3, 32, 5, stride=2), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(128)]
    network = nn.Sequential(*layers, nn.Linear(128, 3))
    network(torch.zeros(1, 3, 64, 64))
    return torch.tensor(sum(weight.numel() for weight in network.parameters()))


RIGHT = [count, lambda: float(count()), built, lambda: 924_547]
WRONG = [
    (lambda: count(bias=0), "biases are missing"),
    (lambda: count() - 32, "biases are missing"),
    (lambda: count() - 131, "biases are missing"),
    (lambda: count(channels=1), "all channels"),
    (lambda: count(side=30), "30 × 30"),
    (lambda: count(side=60), "stride and pooling are left out"),
    (lambda: count(side=64), "stride and pooling are left out"),
    (lambda: count(side=32), "stride is left out of the grid, and the border"),
    (lambda: count(side=16), "round down"),
    (lambda: count(side=14), "The \\+ 1 of eq"),
    (lambda: 3_937_667, "the original"),
    (lambda: count(kernel=3), "as 3 × 3"),
    (lambda: 32 * 76, "convolution alone"),
    (lambda: 128 * 7201, "first dense layer alone"),
    (lambda: 128 * 7201 + 387, "convolution is left out"),
    (lambda: 32 * 76 + 128 * 7201, "last layer is left out"),
    (lambda: 32 * 76 + 128 * 226 + 387, "one of the 32 maps"),
    (lambda: count() + 32 * 76 * 899, "All places share"),
    (lambda: 32 * 76 + 128 * 7201 + 3 * 65, "dropout"),
    (lambda: count() + 1, "another network"),
    (lambda: count() + 2, "another network"),
    (lambda: 924_500, "another network"),
    (lambda: "924,547", "must return a number"),
    (lambda: (count(), 0), "one number"),
    (lambda: count(side=31), "grid is still that of 3 × 3"),
]  # fmt: skip

"""Answers to `mse`."""

import numpy as np
import torch
from answers.shared import SHAPE
from torch.nn import functional as F


def in_place(x, y):
    difference = x - y
    difference *= difference
    return difference.mean()


RIGHT = [
    F.mse_loss,
    lambda x, y: ((y - x) ** 2).mean(),
    lambda x, y: (x - y).flatten().dot((x - y).flatten()) / x.numel(),
]
WRONG = [
    (lambda x, y: (x - y + torch.zeros(x.shape)).square().mean(), "on a GPU"),
    (lambda x, y: (x - y).square().mean().sqrt(), "root"),
    (lambda x, y: (x - y).square().sum(), "sum over every element"),
    (lambda x, y: (x - y).square().flatten(1).sum(1).mean() if x.ndim > 1 else (x - y).square().mean(),
     "sums within each image"),
    (lambda x, y: (x - y).square().flatten(1).mean(1) if x.ndim > 1 else (x - y).square().mean(),
     "one number for each image"),
    (lambda x, y: (x - y).abs().mean(), "absolute"),
    (lambda x, y: (x - y).mean(), "cancel"),
    (lambda x, y: (y - x).mean(), "cancel"),
    (lambda x, y: 0.5 * (x - y).square().mean(), "half"),
    (lambda x, y: (x - y).mean() ** 2, "before the square"),
    (lambda x, y: (x - y).square(), "nothing is averaged|each image"),
    (lambda x, y: (x - y).square().mean().detach(), "gradient"),
    (lambda x, y: (x - y.detach()).square().mean(), "gradient"),
    (lambda x, y: (x - y).square().mean().item(), "must return a tensor"),
    (lambda x, y: ((x - y) ^ 2).mean(), r"power is \*\*"),
    (in_place, "in-place"),
    (lambda x, y: (x - y).square().mean().view(1), SHAPE),
    (lambda x, y: (x - y).square().mean().float(), "float64"),
    (lambda x, y: None if x.requires_grad else (x - y).square().mean(), "returned None"),
    (lambda x, y: (x - y).square().sum() / (x.numel() - 1), "this is not the mean over every element"),
    (lambda x, y: torch.tensor(np.square(x.numpy() - y.numpy()).mean()),
     "require a gradient it raised RuntimeError"),
    (lambda x, y: (x - y).square().mean().to_sparse(), "can't be compared"),
    (torch.ones(()), "give it the function itself"),
]  # fmt: skip

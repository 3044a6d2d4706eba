"""Answers to `best_variance`."""

import math

import torch
from torch.nn import functional as F


def in_steps(x, x_hat):
    """By bisection on the derivative of (8)."""
    squares = (x - x_hat).double().square().flatten()
    low, high = 1e-12, 1e3
    for _ in range(120):
        v = math.sqrt(low * high)
        slope = (1 / (2 * v) - squares / (2 * v * v)).sum()
        low, high = (low, v) if slope > 0 else (v, high)
    return v


RIGHT = [
    F.mse_loss,
    lambda x, x_hat: (x - x_hat).square().flatten(1).mean(1).mean().item(),
    lambda x, x_hat: torch.dist(x, x_hat) ** 2 / x.numel(),
    in_steps,
]
WRONG = [
    (lambda x, y: F.mse_loss(x, y).sqrt(), "standard deviation"),
    (lambda x, y: F.mse_loss(x, y) / 2, "half of it"),
    (lambda x, y: F.mse_loss(x, y) * 2, "twice too much"),
    (lambda x, y: (x - y).var(), "variance of the residuals"),
    (lambda x, y: (x - y).var(unbiased=False), "variance of the residuals"),
    (lambda x, y: (x - y).flatten(1).var(1).mean(), "within each image"),
    (lambda x, y: (x - y).square().sum() / (x.numel() - 1), "N - 1"),
    (lambda x, y: (x - y).square().flatten(1).mean(1), "for each image"),
    (lambda x, y: (x - y).square().mean(0), "for each pixel"),
    (lambda x, y: (x - y).square().mean(0, keepdim=True), "for each pixel"),
    (lambda x, y: (x - y).square(), "each pixel of each image"),
    (F.l1_loss, "mean absolute error. \\(8\\)"),
    (lambda x, y: F.l1_loss(x, y) ** 2, "squares the mean absolute"),
    (lambda x, y: (x - y).mean() ** 2, "squares the mean residual"),
    (lambda x, y: (x - y).square().sum(), "a sum"),
    (lambda x, y: (x - y).square().flatten(1).sum(1).mean(), "a sum"),
    (lambda x, y: F.mse_loss(x, y).log(), "logarithm of v"),
    (lambda x, y: 1 / F.mse_loss(x, y), "precision"),
    (lambda x, y: (x - y).square().flatten(1).mean(1).sqrt().mean() ** 2, "each image's root"),
    (lambda x, y: (x - y).square().flatten(1).mean(1).amax(), "one image's v"),
    (lambda x, y: (x - y).square().median(), "median"),
    (lambda x, y: x.var(), "pixels themselves"),
    (lambda x, y: 0.5 * (2 * math.pi * F.mse_loss(x, y)).log().add(1) * x[0].numel(), "distortion"),
    (lambda x, y: F.mse_loss(x, y) + 1e-4, "derivative of \\(8\\)"),
    (lambda x, y: F.mse_loss(x, y).clamp(min=1e-3), "derivative of \\(8\\)"),
    (lambda x, y: 1.0, "derivative of \\(8\\)"),
    (lambda x, y: 0.0, "derivative of \\(8\\)"),
    (lambda x, y: torch.zeros(1) + F.mse_loss(x, y), "on a GPU"),
    (lambda x, y: [F.mse_loss(x, y)] * 2, "number"),
    (lambda x, y: x.sub_(y).square().mean(), "in place"),
]  # fmt: skip

"""Answers to `best_sigma`."""

import math

import torch


def best(train, held_out, *, widths=None, score=None, power=None, reference=None, pick=max, underflow=False):
    """The width with the best score; the options are what students get wrong."""
    squares = torch.cdist(train if reference == "train" else held_out, train).square()
    num_dims = train.shape[1] if power is None else power
    widths = train.std() * torch.logspace(-2.3, 1.3, 80) if widths is None else widths

    def value(width):
        kernels = -squares / (2 * width**2)
        log_sum = kernels.exp().sum(1).log() if underflow else kernels.logsumexp(1)
        log_p = log_sum - num_dims * math.log(width)
        return (score or torch.mean)(log_p).item()

    return pick(widths.tolist(), key=value)


def golden(train, held_out):
    """By halving an interval of log widths, in float64."""
    squares = torch.cdist(held_out.double(), train.double()).square()

    def loss(log_width):
        kernels = -squares / (2 * math.exp(2 * log_width)) - train.shape[1] * log_width
        return -kernels.logsumexp(1).mean().item()

    low, high = math.log(train.std()) - 5, math.log(train.std()) + 2
    for _ in range(30):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, second) if loss(first) < loss(second) else (first, high)
    return torch.tensor(math.exp(low))


RIGHT = [best, golden, lambda t, h: best(t, h, widths=t.std() * torch.logspace(-2, 1, 60))]
WRONG = [
    (lambda t, h: best(t, h, reference="train"), "\\*training"),
    (lambda t, h: best(t, h, power=0), "volume"),
    (lambda t, h: best(t, h, power=1), "volume"),
    (lambda t, h: best(t, h, pick=min), "sign is wrong"),
    (lambda t, h: best(t, h, score=lambda log_p: log_p.logsumexp(0)), "averages|below|as small|as la"),
    (lambda t, h: best(t, h) ** 2, "variance"),
    (lambda t, h: best(h, t), "changed places|below"),
    (lambda t, h: best(t, h, underflow=True), "raised|below|training"),
    (lambda t, h: best(t, h, widths=torch.tensor([0.1, 1, 10])), "coarse|training|volume"),
    (lambda t, h: 0.0, "positive"),
    (lambda t, h: -best(t, h), "positive"),
    (lambda t, h: 0.14, "below|range|as small|as large"),
    (lambda t, h: torch.stack([t.std()] * 2), "one number"),
    (lambda t, h: math.sqrt(2) * golden(t, h), "is the 2 missing"),
]  # fmt: skip

"""Answers to chapter 2's exercises."""

import math

import torch
from torch.nn import functional as F

from answers.shared import SHAPE


def in_place(x, y):
    difference = x - y
    difference *= difference
    return difference.mean()


def naive(a, t):
    p = a.sigmoid()
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def patched(a, t):
    """The value repaired after the fact: the gradient still is NaN."""
    p = a.sigmoid()
    stable = F.binary_cross_entropy_with_logits(a, t).detach()
    value = -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    return torch.where(value.isfinite(), value, stable + 0 * value.nan_to_num())


def epsilon(a, t):
    p = a.double().sigmoid()
    return -(t * (p + 1e-12).log() + (1 - t) * (1 - p + 1e-12).log()).mean().to(a.dtype)


RIGHT = {
    "mse": [
        F.mse_loss,
        lambda x, y: ((y - x) ** 2).mean(),
        lambda x, y: (x - y).flatten().dot((x - y).flatten()) / x.numel(),
    ],
    "bce_with_logits": [
        F.binary_cross_entropy_with_logits,
        lambda a, t: (F.softplus(a) - t * a).mean(),
        lambda a, t: -(t * F.logsigmoid(a) + (1 - t) * F.logsigmoid(-a)).mean(),
        lambda a, t: (a.clamp(min=0) - a * t + torch.log1p(torch.exp(-a.abs()))).mean(),
    ],
    "bits_per_dim": [
        lambda nll, d: nll / (d * math.log(2)),
        lambda nll, d: nll * math.log2(math.e) / d,
    ],
}
WRONG = {
    "mse": [
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
    ],
    "bce_with_logits": [
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t + torch.zeros(t.shape)), "on a GPU"),
        (naive, "inf or NaN"),
        (epsilon, "clamp or a small constant|gradient"),
        (lambda a, t: F.binary_cross_entropy(a.sigmoid(), t), "clamp or a small constant"),
        (patched, "gradient is NaN"),
        (lambda a, t: (torch.log1p(torch.exp(a)) - t * a).mean(), "inf or NaN for logits of"),
        (lambda a, t: (torch.log1p(torch.exp(a.double())) - t * a).mean(), "inf or NaN for logits of"),
        (lambda a, t: -(t * a.log() + (1 - t) * (1 - a).log()).mean(), "forget the sigmoid"),
        (lambda a, t: F.binary_cross_entropy_with_logits(t, a), "logits come first"),
        (lambda a, t: -F.binary_cross_entropy_with_logits(a, t), "sign"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, 1 - t), "changed places"),
        (lambda a, t: F.binary_cross_entropy_with_logits(-a, t), "changed places"),
        (lambda a, t: -(t * F.logsigmoid(a)).mean(), "only the term target"),
        (lambda a, t: -((1 - t) * F.logsigmoid(-a)).mean(), "only the term \\(1 - target"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a.sigmoid(), t), "twice"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t) / math.log(2), "bits"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t, reduction="sum"), "sum over every"),
        (lambda a, t: torch.logaddexp(a, 0 * a) - t * a, "nothing is averaged|each image"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, (t > 0.5).to(a)), "Grey targets"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a.clamp(-50, 50), t), "clamp"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t).detach(), "gradient"),
        (lambda a, t: F.softplus(a).mean() - (t * a.detach()).mean(), "gradient"),
    ],
    "bits_per_dim": [
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
    ],
}  # fmt: skip

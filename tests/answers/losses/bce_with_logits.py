"""Answers to `bce_with_logits`."""

import math

import torch
from torch.nn import functional as F


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


RIGHT = [
    F.binary_cross_entropy_with_logits,
    lambda a, t: (F.softplus(a) - t * a).mean(),
    lambda a, t: -(t * F.logsigmoid(a) + (1 - t) * F.logsigmoid(-a)).mean(),
    lambda a, t: (a.clamp(min=0) - a * t + torch.log1p(torch.exp(-a.abs()))).mean(),
]
WRONG = [
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
]  # fmt: skip

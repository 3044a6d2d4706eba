"""Answers to `generator_loss`."""

import torch
from answers.shared import SHAPE
from torch.nn import functional as F

BCE = F.binary_cross_entropy_with_logits
RIGHT = [
    lambda fake: F.softplus(-fake).mean(),
    lambda fake: BCE(fake, torch.ones_like(fake)),
    lambda fake: -F.logsigmoid(fake).sum() / fake.numel(),
]
WRONG = [
    (lambda b: F.binary_cross_entropy_with_logits(b, torch.ones(b.shape, dtype=b.dtype)), "on a GPU"),
    (lambda fake: (1 - fake.sigmoid()).log().mean(), "saturating"),
    (lambda fake: -BCE(fake, torch.zeros_like(fake)), "saturating"),
    (lambda fake: BCE(fake, torch.zeros_like(fake)), "easier to spot"),
    (lambda fake: F.logsigmoid(fake).mean(), "sign"),
    (lambda fake: F.softplus(-fake).sum(), "sum over the batch|half"),
    (lambda fake: F.softplus(-fake).mean() / 2, "half"),
    (lambda fake: BCE(fake.sigmoid(), torch.ones_like(fake)), "twice"),
    (lambda fake: BCE(fake, 0 * fake + 0.9), "smoothed"),
    (lambda fake: -fake.mean(), "Wasserstein"),
    (lambda fake: (1 - fake.sigmoid()).mean(), "logarithm is missing"),
    (lambda fake: -fake.sigmoid().mean(), "logarithm is missing"),
    (lambda fake: (fake - 1).square().mean(), "least-squares"),
    (lambda fake: -fake.sigmoid().mean().log(), "before the logarithm"),
    (lambda fake: F.softplus(-fake.mean()), "before the softplus"),
    (lambda fake: F.softplus(-fake), "nothing is averaged"),
    (lambda fake: -fake.sigmoid().log().mean(), "inf or NaN for logits of"),
    (lambda fake: -(fake.sigmoid() + 1e-30).log().mean(), "clamp or a small constant"),
    (lambda fake: F.softplus(-fake).mean().detach(), "no gradient"),
    (lambda fake: F.softplus(-fake).mean().item(), "must return a tensor"),
    (lambda fake: F.softplus(-fake).mean()[None], SHAPE),
    (lambda fake: (fake.sigmoid() - 1).square().mean(), "squared error of prob"),
    (lambda fake: 1.1 * F.softplus(-fake).mean(), "this is not the mean"),
]  # fmt: skip

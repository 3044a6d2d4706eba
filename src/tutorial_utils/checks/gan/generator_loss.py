"""The check of `generator_loss`: the non-saturating one."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import call, check, expect
from tutorial_utils.checks.gan.discriminator_loss import EXTREME, NOT_FINITE, SUM, TWICE, expect_extremes


@check(
    "generator_loss",
    "The generator wants its fakes to be called real: which cross-entropy is that?",
    "Minimise -log D(fake), not log(1 - D(fake)): the latter has no slope where the fakes are found out.",
    "With D = sigmoid(a), -log D = softplus(-a).",
)
def check_generator_loss(fn: Callable) -> None:
    """`fn(fake_logits)`: a scalar, the mean of -log D over the batch (non-saturating)."""
    for shape, dtype in (((6,), torch.float32), ((1,), torch.float32), ((5, 1), torch.float64)):
        fake = 2 * torch.randn(shape, dtype=dtype)
        expect(
            call(fn, fake),
            F.softplus(-fake).mean(),
            _mistakes(fake),
            otherwise="this is not the mean of -log D with D = sigmoid(logit).",
            not_finite=NOT_FINITE,
        )
    expect_extremes(
        fn, (EXTREME,), F.softplus(-EXTREME).mean(), lambda fake: ((fake.sigmoid() - 1) / len(fake),)
    )


def _mistakes(fake: Tensor) -> dict[str, Tensor]:
    losses, p = F.softplus(-fake), fake.sigmoid()
    mistakes = {
        "this is log(1 - D), the saturating loss of the minimax game: it has no slope where the "
        "discriminator is sure. Minimise -log D.": -F.softplus(fake).mean(),
        "this is the discriminator's loss on fakes: minimising it makes the fakes easier to spot.":
        F.softplus(fake).mean(),
        "the sign is wrong: minimising log D teaches the generator to be found out.": -losses.mean(),
        SUM: losses.sum(),
        "this is half of it. The generator has one term: its mean.": losses.mean() / 2,
        TWICE: F.softplus(-p).mean(),
        "these are the logits themselves, the generator's loss of the Wasserstein GAN. Here: -log D.":
        -fake.mean(),
        "the logarithm is missing: this is the mean of 1 - D.": (1 - p).mean(),
        "the logarithm is missing: this is minus the mean of D.": -p.mean(),
        "this is the least-squares loss. Here: -log D.": (fake - 1).square().mean(),
        "this is a squared error of probabilities. Here: -log D.": (p - 1).square().mean(),
        "the labels are smoothed to 0.9. Here they are 1.": losses.mean() + 0.1 * fake.mean(),
        "the mean is taken before the logarithm. Take the loss of each image first.": -p.mean().log(),
        "the mean is taken before the softplus. Take the loss of each image first.": F.softplus(-fake.mean()),
    }  # fmt: skip
    if fake.numel() > 1:
        mistakes["nothing is averaged: this is one number for each image."] = losses
    return mistakes

"""The check of `discriminator_loss`: mean on real plus mean on fake."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    OVERFLOW,
    CheckFailed,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
)

SUM = "this is the sum over the batch. Take the mean, so that the batch size does not matter."
TWICE = "the sigmoid is applied twice: a function that takes logits got probabilities."
NOT_FINITE = (
    "it contains inf or NaN for ordinary logits: a logarithm of something that is not positive. Did you "
    "forget the sigmoid?"
)
EXTREME = torch.tensor([1000.0, -1000.0, 200.0, -200.0, 0.3])


@check(
    "discriminator_loss",
    "A discriminator classifies: real is class 1, fake is class 0. Write the cross-entropy of each batch.",
    "F.binary_cross_entropy_with_logits takes logits and labels, torch.ones_like and torch.zeros_like of "
    "them. By hand: -log D = softplus(-a) and -log(1 - D) = softplus(a).",
    "Each of the two terms is a mean over its own batch, and the loss is their sum.",
)
def check_discriminator_loss(fn: Callable) -> None:
    """`fn(real_logits, fake_logits)`: a scalar, mean of -log D on real plus mean of -log(1 - D) on fake."""
    for num_real, num_fake, dtype in (
        ((7,), (4,), torch.float32),
        ((6,), (6,), torch.float32),
        ((1,), (1,), torch.float32),
        ((5, 1), (3, 1), torch.float64),
    ):
        real, fake = 2 * torch.randn(num_real, dtype=dtype), 2 * torch.randn(num_fake, dtype=dtype)
        expect(
            call(fn, real, fake),
            F.softplus(-real).mean() + F.softplus(fake).mean(),
            _wrong_terms(real, fake) | _wrong_means(real, fake) | _other_losses(real, fake),
            otherwise="this is not mean(-log D) on real plus mean(-log(1 - D)) on fake, with D = "
            "sigmoid(logit).",
            not_finite=NOT_FINITE,
        )
    expect_extremes(
        fn,
        (EXTREME, EXTREME.flip(0)),
        F.softplus(-EXTREME).mean() + F.softplus(EXTREME).mean(),
        lambda real, fake: ((real.sigmoid() - 1) / len(real), fake.sigmoid() / len(fake)),
    )


def _wrong_terms(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    on_real, on_fake = F.softplus(-real).mean(), F.softplus(fake).mean()
    called_fake, called_real = F.softplus(real).mean(), F.softplus(-fake).mean()
    return {
        "real and fake have changed places: real images should get large logits. (Or the sign of the logits "
        "is wrong.)": called_fake + called_real,
        "this is the discriminator's value V, which it maximises. A loss is minimised: minus V.":
        -(on_real + on_fake),
        "only the real batch is used. Add the loss on fakes.": on_real,
        "only the fake batch is used. Add the loss on real images.": on_fake,
        "the second term is the generator's: it rewards a discriminator that calls fakes real. On fakes the "
        "loss is -log(1 - D).": on_real + called_real,
        "the first term calls real images fake. On real images the loss is -log D.": called_fake + on_fake,
        "the terms are subtracted. Both are losses: add them.": on_real - on_fake,
        TWICE: F.softplus(-real.sigmoid()).mean() + F.softplus(fake.sigmoid()).mean(),
        "the real labels are smoothed to 0.9. Useful sometimes, but here they are 1.":
        on_real + 0.1 * real.mean() + on_fake,
        "the fake labels are smoothed to 0.1. Here they are 0.": on_real + on_fake - 0.1 * fake.mean(),
    }  # fmt: skip


def _wrong_means(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    on_real, on_fake = F.softplus(-real), F.softplus(fake)
    together = torch.cat([on_real.flatten(), on_fake.flatten()]).mean()
    return {
        SUM: on_real.sum() + on_fake.sum(),
        "this is half of it, the mean of the two terms. Add them: mean on real plus mean on fake.":
        (on_real.mean() + on_fake.mean()) / 2,
        "this is one mean over both batches together. Take each batch's mean and add the two: else the "
        "larger batch weighs more.": together,
        "this is twice the mean over both batches together, which is right only for batches of one size. "
        "Take each batch's mean.": 2 * together,
    }  # fmt: skip


def _other_losses(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    p, q = real.sigmoid(), fake.sigmoid()
    return {
        "these are the logits themselves, the critic's loss of the Wasserstein GAN. Here: cross-entropy.":
        fake.mean() - real.mean(),
        "this is the hinge loss. Here: cross-entropy.": F.relu(1 - real).mean() + F.relu(1 + fake).mean(),
        "this is the least-squares loss. Here: cross-entropy.":
        (real - 1).square().mean() + fake.square().mean(),
        "this is a squared error of probabilities. Here: cross-entropy.":
        (p - 1).square().mean() + q.square().mean(),
        "the logarithm is missing: these are mean probabilities.": q.mean() - p.mean(),
    }  # fmt: skip


def expect_extremes(
    fn: Callable, logits: tuple[Tensor, ...], right: Tensor, slopes: Callable[..., tuple[Tensor, ...]]
) -> None:
    """Values and gradients where a sigmoid has rounded to 0 or 1, then gradients for ordinary logits."""
    value = call(fn, *logits)
    expect(
        value,
        right,
        otherwise="right for small logits, but wrong for logits of ±1000, where a mistaken discriminator's "
        "loss is 1000: a clamp or a small constant inside the log cuts it off.",
        not_finite=OVERFLOW,
    )
    ordinary = tuple(torch.randn(8) for _ in logits)
    for inputs, where in ((ordinary, ""), (logits, " for logits of ±1000")):
        _, gradients = call_with_gradients(fn, *inputs)
        for gradient, slope in zip(gradients, slopes(*inputs), strict=True):
            if not gradient.isfinite().all():
                raise CheckFailed(
                    "the loss is finite for logits of ±1000, but its gradient is NaN: an overflow is still "
                    "there, in the log of a sigmoid or in the other branch of torch.where."
                )
            expect(
                gradient,
                slope,
                otherwise=f"the value is right but the gradient is not{where}: part of the computation is "
                "detached or clamped.",
                tolerance=1e-3,
            )
    expect_any_device(fn, *logits)

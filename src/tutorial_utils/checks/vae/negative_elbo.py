"""The check of `negative_elbo`: distortion and rate, each in nats an image."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    DETACHED,
    NAN_GRADIENT,
    Mistakes,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
)
from tutorial_utils.checks.vae.kl_standard_normal import kl


@check(
    "negative_elbo",
    "Both terms are in nats an image: (7) summed over *all* pixels of an image, (4) summed over its code. "
    "Only over the batch is there a mean.",
    "F.binary_cross_entropy_with_logits(logits, x, reduction='none') keeps one number for each pixel. Then "
    ".flatten(1).sum(1) is one for each image.",
    "KL: (mu² + exp(log_var) - 1 - log_var) / 2, sum(1). Add the two, and take the mean over the batch.",
)
def check_negative_elbo(fn: Callable) -> None:
    """`fn(x, logits, mu, log_var)`: mean over the batch of (7) summed over pixels plus (4) over the code.

    x in [0, 1] and logits are (B, ...), mu and log_var (B, D); a scalar in nats an image.
    """
    for size, code_size, dtype in (
        ((6, 1, 5, 4), 8, torch.float32),
        ((4, 3, 4, 5), 7, torch.float32),
        ((1, 1, 6, 6), 5, torch.float32),
        ((5, 30), 2, torch.float64),
    ):
        x, logits = torch.rand(size, dtype=dtype), 3 * torch.randn(size, dtype=dtype)
        mu, log_var = (1.5 * torch.randn(size[0], code_size, dtype=dtype) for _ in range(2))
        distortion, rate = _nats(_entropy(logits, x)), _nats(kl(mu, log_var))
        expect(
            call(fn, x, logits, mu, log_var),
            distortion + rate,
            partial(_mistakes, x, logits, mu, log_var),
            otherwise="this is not the mean over the batch of (7) summed over the pixels plus (4) summed "
            "over the code.",
            not_finite="it contains inf or NaN for ordinary inputs: x and logits or mu and log_var may have "
            "changed places.",
            tolerance=2e-5,
        )
    _check_extremes(fn)
    _check_gradients(fn)


def _nats(values: Tensor) -> Tensor:
    """Summed over each image, averaged over the batch."""
    return values.flatten(1).sum(1).mean()


def _entropy(logits: Tensor, x: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def _check_gradients(fn: Callable) -> None:
    for spread in (2, 200):
        x, logits = torch.rand(3, 1, 4, 4), spread * torch.randn(3, 1, 4, 4)
        code = torch.randn(3, 4), torch.randn(3, 4)
        _, slopes = call_with_gradients(partial(fn, x), logits, *code)
        right_slopes = logits.sigmoid() - x, code[0], (code[1].exp() - 1) / 2
        for slope, right in zip(slopes, right_slopes, strict=True):
            expect(slope, right / 3, otherwise=DETACHED, not_finite=NAN_GRADIENT)
    expect_any_device(fn, x, logits, *code)


def _check_extremes(fn: Callable) -> None:
    """Sure and wrong pixels, sure and far codes; all with finite and exact answers."""
    logits = torch.tensor([[200.0, -200.0, 200.0, -200.0]] * 2)
    x = torch.tensor([[0.0, 1.0, 0.3, 1.0], [1, 0, 1, 0.6]])
    expect(
        call(fn, x, logits, torch.zeros(2, 3), torch.zeros(2, 3)),
        (F.softplus(logits) - x * logits).sum() / 2,
        otherwise="right for small logits, but not for ±200, where a wrong pixel costs 200 nats: the "
        "logarithm is cut off or has a small constant inside. Work from the logits.",
        not_finite="right for small logits, but inf or NaN for ±200: the sigmoid rounds to 0 or 1 and its "
        "log is lost. Work from the logits.",
    )  # fmt: skip
    for mean, log_variance in ((50.0, 0.1), (0.0, 12.0), (0.0, -12.0), (0.0, -60.0)):
        mu, log_var = torch.tensor([[mean, 0.0]]), torch.tensor([[log_variance, 0.0]])
        expect(
            call(fn, torch.ones(1, 2), torch.zeros(1, 2), mu, log_var),
            2 * math.log(2) + kl(mu, log_var).sum(),
            otherwise=f"right for ordinary codes, but not for mu = {mean:.3g}, log_var = {log_variance:.3g}: "
            "is something clamped, or a small constant added?",
        )  # fmt: skip


def _mistakes(x: Tensor, logits: Tensor, mu: Tensor, log_var: Tensor) -> Mistakes:
    distortion, rate = _nats(_entropy(logits, x)), _nats(kl(mu, log_var))
    (batch, code), sides = mu.shape, x.shape[1:]
    both = distortion + rate
    each = (F.softplus(logits) - x * logits).flatten(1).sum(1) + kl(mu, log_var).sum(1)
    return (
        _wrong_means(distortion, rate, batch, code, sides)
        | _wrong_weights(distortion, rate)
        | {message: [d + rate for d in wrong] for message, wrong in _wrong_distortions(x, logits).items()}
        | {message: [distortion + r for r in wrong] for message, wrong in _wrong_rates(mu, log_var).items()}
        | {
            "this is in bits. Use the natural logarithm.": both / math.log(2),
            "nothing is averaged over the batch: this is one number for each image.": each,
        }
    )


def _wrong_means(d: Tensor, r: Tensor, batch: int, code: int, sides: Sequence[int]) -> Mistakes:
    """Of the distortion and the rate, `sides` being the image's axes."""
    summed, pixels = "Sum over an image, then take the mean over the batch.", math.prod(sides)
    return {
        "the reconstruction loss is averaged over the pixels, so the KL weighs as many times too much as "
        "there are pixels: the published bug. Sum over the pixels.": d / pixels + r,
        "the KL is averaged over the numbers of the code. Independent numbers' nats add up: sum.":
        d + r / code,
        "both terms are averages, over pixels and over the code: beta is pixels / code size. Sum both.":
        d / pixels + r / code,
        f"the KL is summed over the batch, the reconstruction loss isn't. {summed}": d + r * batch,
        f"the KL is summed over the batch, and the reconstruction loss averaged over the pixels. {summed}":
        d / pixels + r * batch,
        f"the reconstruction loss is summed over the batch, the KL isn't. {summed}": d * batch + r,
        "the reconstruction loss is a sum over everything, the KL a mean over everything: the code costs "
        "next to nothing.": [d * batch + r / code, d + r / code / batch],
        "both are summed over the batch. The unit is nats an image: take the mean over the batch.":
        (d + r) * batch,
        "this is divided by the size of the batch twice.": [(d + r) / batch, d / batch + r, d + r / batch],
        "this is for one pixel. The unit is nats an image: sum over the pixels.": (d + r) / pixels,
        "the sum runs over one of the image's axes only. Sum over all of them.":
        [d * n / pixels + r for n in sides] + [d / n + r for n in sides],
        "784 is typed in. Other images have other numbers of pixels: sum over them.": 784 / pixels * d + r,
        "the KL is summed over the batch and averaged over the code: axis 0 for axis 1.":
        d + r * batch / code,
    }  # fmt: skip


def _wrong_weights(d: Tensor, r: Tensor) -> Mistakes:
    return {
        "the sign of the KL is wrong: this pays for a *large* divergence.": d - r,
        "this is the ELBO itself. Its negative is what is minimised.": -(d + r),
        "the sign of the reconstruction loss is wrong.": r - d,
        "the KL is missing, or weighs next to nothing: this is an autoencoder's loss.": [
            d, d + 0.00025 * r, d + 0.0005 * r, d + 0.001 * r],
        "the reconstruction loss is missing: this is the KL alone.": r,
        "the half in the KL is missing.": d + 2 * r,
        "the KL has one factor 1/2 too many.": d + r / 2,
    }  # fmt: skip


def _wrong_distortions(x: Tensor, logits: Tensor) -> dict[str, list[Tensor]]:
    """To which the right rate is added."""
    squares = _nats((logits.sigmoid() - x).square())
    return {
        "this is the squared error. Here (7) is asked for, the binary cross-entropy.":
        [squares, squares / 2, squares / x[0].numel(), _nats((logits - x).square())],
        "x and logits have changed places.": [_nats(_entropy(x, logits))],
        "the sigmoid is applied twice: a function that takes logits got probabilities.":
        [_nats(_entropy(logits.sigmoid(), x))],
        "only the term x log p of (7) is there. Add (1 - x) log(1 - p).": [_nats(-x * F.logsigmoid(logits))],
    }  # fmt: skip


def _wrong_rates(mu: Tensor, log_var: Tensor) -> dict[str, list[Tensor]]:
    """To which the right distortion is added."""
    pairs = [  # what stands for the variance, and for its logarithm
        (log_var, log_var.abs().log()), (log_var.square(), log_var.square().log()),
        ((log_var / 2).exp(), log_var), ((2 * log_var).exp(), log_var), (log_var.exp(), log_var / 2),
    ]  # fmt: skip
    return {
        "log_var is the logarithm of the variance, not of the standard deviation and not the variance "
        "itself: the KL needs exp(log_var), and log_var as it is.":
        [_nats(kl(mu, value)) for value in (2 * log_var, log_var / 2)]
        + [_nats((mu.square() + variance - 1 - logarithm) / 2) for variance, logarithm in pairs],
        "the sign of log_var in the KL is wrong.": [_nats(kl(mu, log_var) + log_var)],
        "the -1 in the KL is missing.": [_nats(kl(mu, log_var) + 0.5)],
        "mu² is missing from the KL, or isn't squared.":
        [_nats(kl(0 * mu, log_var)), _nats(kl(0 * mu, log_var) + mu / 2)],
        "mu and log_var have changed places.": [_nats(kl(log_var, mu))],
    }  # fmt: skip

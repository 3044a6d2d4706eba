"""Chapter 5's checks of how distortion and rate are added up; more about the two in `checks.rates`."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    DETACHED,
    NAN_GRADIENT,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
)
from tutorial_utils.checks.scalars import expect_number


def _kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return (mu.square() + log_var.exp() - 1 - log_var) / 2


@check(
    "effective_beta",
    "Write both of her means as a factor times a sum: 1 / num_pixels times the one, and 1 / code_size times "
    "the other.",
    "Multiply her loss by num_pixels: that moves no minimum, and leaves a plain sum over the pixels. What "
    "stands before the sum over the code now?",
)
def check_effective_beta(fn: Callable) -> None:
    """`fn(num_pixels, code_size)`, whole numbers: the beta that a mean over each of the two amounts to."""
    for _ in range(5):
        code_size = (7, 9, 11, 13, 17, 23, 26)[torch.randint(7, ())]
        num_pixels = code_size * torch.randint(30, 40, ()).item() + code_size // 2  # beta is no whole number
        _compare_beta(fn, num_pixels, code_size)
    _compare_beta(fn, 784, 20)
    _compare_beta(fn, 10, 25)  # a code longer than the image: beta is below 1


def _compare_beta(fn: Callable, num_pixels: int, code_size: int) -> None:
    pixels, code = (torch.rand(n, dtype=torch.float64, requires_grad=True) for n in (num_pixels, code_size))
    for_pixels, for_code = torch.autograd.grad(pixels.mean() + code.mean(), (pixels, code))  # her prices
    right = (for_code[0] / for_pixels[0]).item()
    expect_number(
        call(fn, num_pixels, code_size),
        right,
        {
            "this is the inverse. More pixels make the averaged reconstruction loss lighter, so the KL "
            "weighs *more*.": 1 / right,
            "this is beta for a KL *summed* over the code. She averages it, which makes it lighter, too.":
            num_pixels,
            "this makes the KL heavier by the size of the code. Averaging makes it lighter.": code_size,
            "beta would be 1 if both were sums, or means over the same number of things.": 1,
            "this divides by the pixels. They divide the reconstruction loss, so beta gets them as a factor.":
            1 / num_pixels,
            "this is the weight of the KL alone. Compare it with that of the reconstruction loss.":
            1 / code_size,
            "the averaged KL is divided by code_size, so beta is, too: this is the product.":
            num_pixels * code_size,
            "nothing is squared here, so there is no root to take.": math.sqrt(right),
            "this is rounded to a whole number. beta needn't be one: divide with /.":
            (num_pixels // code_size, round(right), math.ceil(right)),
            "this is a difference. The ratio of the two weights is asked for.":
            (num_pixels - code_size, 1 / code_size - 1 / num_pixels),
            "this is the KL's share of both weights. beta is its weight *over* the other.":
            num_pixels / (num_pixels + code_size),
            "this is the reconstruction loss's share of both weights. beta is the other weight over it.":
            code_size / (num_pixels + code_size),
            "a factor of two is off. The half in (4) belongs to the KL in both losses.":
            (right / 2, 2 * right),
            "this is for 784 pixels and a code of 20. Use num_pixels and code_size.": 784 / 20,
            "784 is typed in. Use num_pixels.": 784 / code_size,
            "20 is typed in. Use code_size.": num_pixels / 20,
        },
        otherwise=f"for {num_pixels} pixels and a code of {code_size} her two means weigh the KL otherwise, "
        "against a reconstruction loss that is summed.",
        tolerance=1e-5,
    )  # fmt: skip


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
        mistakes = _wrong_elbos(x, logits, mu, log_var)
        expect(
            call(fn, x, logits, mu, log_var),
            mistakes.pop("right"),
            mistakes,
            otherwise="this is not the mean over the batch of (7) summed over the pixels plus (4) summed "
            "over the code.",
            not_finite="it contains inf or NaN for ordinary inputs: x and logits or mu and log_var may have "
            "changed places.",
            tolerance=2e-5,
        )
    _check_extremes(fn)
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
            2 * math.log(2) + _kl(mu, log_var).sum(),
            otherwise=f"right for ordinary codes, but not for mu = {mean:.3g}, log_var = {log_variance:.3g}: "
            "is something clamped, or a small constant added?",
        )  # fmt: skip


def _wrong_elbos(x: Tensor, logits: Tensor, mu: Tensor, log_var: Tensor) -> dict[str, Tensor | list[Tensor]]:
    """The right number, as "right", and what each mistake makes of it."""

    def nats(values: Tensor) -> Tensor:
        return values.flatten(1).sum(1).mean()

    def entropy(logits: Tensor, x: Tensor) -> Tensor:
        return nats(F.binary_cross_entropy_with_logits(logits, x, reduction="none"))

    d, r = entropy(logits, x), nats(_kl(mu, log_var))
    (batch, code), pixels, squares = mu.shape, x[0].numel(), nats((logits.sigmoid() - x).square())
    each = (F.softplus(logits) - x * logits).flatten(1).sum(1) + _kl(mu, log_var).sum(1)
    summed = "Sum over an image, then take the mean over the batch."
    return {
        "right": d + r,
        "the reconstruction loss is averaged over the pixels, so the KL weighs as many times too much as "
        "there are pixels: the published bug. Sum over the pixels.": d / pixels + r,
        "the KL is averaged over the numbers of the code. Independent numbers' nats add up: sum.":
        d + r / code,
        "both terms are averages, over pixels and over the code: beta is pixels / code size. Sum both.":
        d / pixels + r / code,
        f"the KL is summed over the batch, the reconstruction loss isn't. {summed}": d + r * batch,
        "the KL is summed over the batch, and the reconstruction loss averaged over the pixels. Sum over an "
        "image, then take the mean over the batch.": d / pixels + r * batch,
        f"the reconstruction loss is summed over the batch, the KL isn't. {summed}": d * batch + r,
        "the reconstruction loss is a sum over everything, the KL a mean over everything: the code costs "
        "next to nothing.": [d * batch + r / code, d + r / code / batch],
        "both are summed over the batch. The unit is nats an image: take the mean over the batch.":
        (d + r) * batch,
        "this is divided by the size of the batch twice.": [(d + r) / batch, d / batch + r, d + r / batch],
        "this is for one pixel. The unit is nats an image: sum over the pixels.": (d + r) / pixels,
        "the sum runs over one of the image's axes only. Sum over all of them.":
        [d * n / pixels + r for n in x.shape[1:]] + [d / n + r for n in x.shape[1:]],
        "784 is typed in. Other images have other numbers of pixels: sum over them.": 784 / pixels * d + r,
        "the sign of the KL is wrong: this pays for a *large* divergence.": d - r,
        "this is the ELBO itself. Its negative is what is minimised.": -(d + r),
        "the sign of the reconstruction loss is wrong.": r - d,
        "the KL is missing, or weighs next to nothing: this is an autoencoder's loss.": [
            d, d + 0.00025 * r, d + 0.0005 * r, d + 0.001 * r],
        "the KL is summed over the batch and averaged over the code: axis 0 for axis 1.":
        d + r * batch / code,
        "the reconstruction loss is missing: this is the KL alone.": r,
        "the half in the KL is missing.": d + 2 * r,
        "the KL has one factor 1/2 too many.": d + r / 2,
        "this is the squared error. Here (7) is asked for, the binary cross-entropy.":
        [squares + r, squares / 2 + r, squares / pixels + r, nats((logits - x).square()) + r],
        "log_var is the logarithm of the variance, not of the standard deviation and not the variance "
        "itself: the KL needs exp(log_var), and log_var as it is.":
        [d + nats(_kl(mu, value)) for value in (2 * log_var, log_var / 2)]
        + [d + nats((mu.square() + v - 1 - w) / 2) for v, w in (
            (log_var, log_var.abs().log()), (log_var.square(), log_var.square().log()),
            ((log_var / 2).exp(), log_var), ((2 * log_var).exp(), log_var), (log_var.exp(), log_var / 2))],
        "the sign of log_var in the KL is wrong.": d + nats(_kl(mu, log_var) + log_var),
        "the -1 in the KL is missing.": d + r + code / 2,
        "mu² is missing from the KL, or isn't squared.":
        [d + nats(_kl(0 * mu, log_var)), d + nats(_kl(0 * mu, log_var) + mu / 2)],
        "mu and log_var have changed places.": d + nats(_kl(log_var, mu)),
        "x and logits have changed places.": entropy(x, logits) + r,
        "the sigmoid is applied twice: a function that takes logits got probabilities.":
        entropy(logits.sigmoid(), x) + r,
        "only the term x log p of (7) is there. Add (1 - x) log(1 - p).": nats(-x * F.logsigmoid(logits)) + r,
        "this is in bits. Use the natural logarithm.": (d + r) / math.log(2),
        "nothing is averaged over the batch: this is one number for each image.": each,
    }  # fmt: skip

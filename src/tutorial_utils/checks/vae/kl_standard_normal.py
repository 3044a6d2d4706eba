"""The check of `kl_standard_normal`: the price of a code in nats."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import (
    DETACHED,
    NAN_GRADIENT,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
    sized,
)

CONFUSED = (
    "the standard deviation and the variance are confused: log_var is the logarithm of the variance, so the "
    "formula's s² is exp(log_var) and its log s² is log_var."
)


@check(
    "kl_standard_normal",
    "One Gaussian for each number of the code: KL(N(mu, s²) || N(0, 1)) = (mu² + s² - 1 - log s²) / 2.",
    "log_var is log s², so s² = exp(log_var). The numbers of a code are independent: their KLs add up.",
    "Sum over axis 1 only: one number of nats for each image. With torch.distributions: the second argument "
    "of Normal is a standard deviation.",
)
def check_kl_standard_normal(fn: Callable) -> None:
    """`fn(mu, log_var)`: (B,), the KL divergence of N(mu, exp(log_var)) from N(0, 1) in nats an image."""
    for shape, dtype in (
        ((6, 5), torch.float32),
        ((4, 4), torch.float32),
        ((1, 7), torch.float32),
        ((3, 1), torch.float64),
    ):
        mu, log_var = 1.5 * torch.randn(shape, dtype=dtype), 1.5 * torch.randn(shape, dtype=dtype)
        right = kl(mu, log_var).sum(1)
        terms = _wrong_factors(mu, log_var) | _wrong_terms(mu, log_var)
        mistakes = {message: wrong.sum(1) for message, wrong in terms.items()}
        expect(
            call(fn, mu, log_var),
            right,
            sized(mistakes | _wrong_sums(kl(mu, log_var)), right, num_images=len(right)),
            otherwise="this is not the sum over axis 1 of (mu² + exp(log_var) - 1 - log_var) / 2.",
            not_finite="it contains inf or NaN for ordinary codes. log_var is already a logarithm.",
        )
    _check_extremes(fn)
    mu, log_var = torch.randn(4, 3), torch.randn(4, 3)
    _, gradients = call_with_gradients(lambda *code: fn(*code).sum(), mu, log_var)
    for gradient, right in zip(gradients, (mu, (log_var.exp() - 1) / 2), strict=True):
        expect(gradient, right, otherwise=DETACHED, not_finite=NAN_GRADIENT)
    expect_any_device(fn, mu, log_var)


def kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """Of each number of each code, in nats: the shape of mu."""
    return (mu.square() + log_var.exp() - 1 - log_var) / 2


def _check_extremes(fn: Callable) -> None:
    for mean, log_variance in ((0.0, 0.0), (50.0, 0.1), (0.0, 12.0), (0.0, -12.0)):
        mu, log_var = torch.tensor([[mean, 0.0]]), torch.tensor([[log_variance, 0.0]])
        expect(
            call(fn, mu, log_var),
            kl(mu, log_var).sum(1),
            otherwise=f"right for ordinary codes, but not for mu = {mean:.3g}, log_var = {log_variance:.3g}: "
            "is something clamped, estimated from samples, or a small constant added?",
            tolerance=1e-3,
        )


def _wrong_sums(terms: Tensor) -> dict[str, Tensor]:
    right, code_size = terms.sum(1), terms.shape[1]
    return {
        "this is the mean over the numbers of a code. Independent numbers' divergences add up: take the sum.":
        right / code_size,
        "this is the mean over the numbers of a code, and the half is missing. Take half the sum.":
        2 * right / code_size,
        "the 1 is subtracted once for each image. Each number of the code has its own.":
        right + (code_size - 1) / 2,
        "the sum runs over the batch. It runs over the numbers of a code, axis 1.": terms.sum(0),
        "the mean runs over the batch. Sum over the numbers of a code, axis 1.": terms.mean(0),
        "nothing is summed: this is one number for each number of a code. Sum over axis 1.": terms,
        "this is one number, the mean over the batch. Return one for each image and leave the mean to the "
        "caller.": right.mean(),
        "this is one number, the sum over the batch. Return one for each image.": right.sum(),
        "this is one number, the mean over the batch and over the numbers of a code. Sum over axis 1 and "
        "return one number for each image.": right.mean() / code_size,
    }  # fmt: skip


def _wrong_factors(mu: Tensor, log_var: Tensor) -> dict[str, Tensor]:
    right = kl(mu, log_var)
    return {
        "the sign is wrong: a divergence is never negative.": -right,
        "the sign is wrong, since a divergence is never negative, and the half is missing.": -2 * right,
        "mu and log_var have changed places.": kl(log_var, mu),
        "the half covers only a part of the sum. It belongs before the whole bracket.":
        mu.square() / 2 + log_var.exp() - 1 - log_var,
        "the half covers only a part of the sum: it belongs before the whole bracket.":
        mu.square() + log_var.exp() - 1 - log_var / 2,
        "this is twice the divergence: the half is missing.": 2 * right,
        "this is half the divergence: one factor 1/2 too many.": right / 2,
        CONFUSED: kl(mu, 2 * log_var),
        f"{CONFUSED} (s is used for s².)": (mu.square() + (log_var / 2).exp() - 1 - log_var) / 2,
        f"{CONFUSED} (s⁴ is used for s².)": (mu.square() + (2 * log_var).exp() - 1 - log_var) / 2,
        f"{CONFUSED} (The logarithm is that of s.)": (mu.square() + log_var.exp() - 1 - log_var / 2) / 2,
        f"{CONFUSED} (The logarithm is that of s⁴.)": (mu.square() + log_var.exp() - 1 - 2 * log_var) / 2,
        f"{CONFUSED} (Everywhere s stands for s².)": kl(mu, log_var / 2),
        "log_var is used as the variance itself. The variance is exp(log_var).":
        (mu.square() + log_var - 1 - log_var.abs().log()) / 2,
        "this is in bits. Here: nats, so the natural logarithm.": right / math.log(2),
    }  # fmt: skip


def _wrong_terms(mu: Tensor, log_var: Tensor) -> dict[str, Tensor]:
    right = kl(mu, log_var)
    return {
        "mu is not squared.": (mu + log_var.exp() - 1 - log_var) / 2,
        "mu's absolute value is used instead of its square.": (mu.abs() + log_var.exp() - 1 - log_var) / 2,
        "mu² is missing: codes far from 0 would cost nothing.": (log_var.exp() - 1 - log_var) / 2,
        "the -1 is missing: the divergence of N(0, 1) from itself is 0.": right + 0.5,
        "the sign of the 1 is wrong: the divergence of N(0, 1) from itself is 0.": right + 1,
        "the logarithm is missing: nothing would keep the variance from going to 0.":
        (mu.square() + log_var.exp() - 1) / 2,
        "the variance is missing: nothing would keep it from growing.": (mu.square() - 1 - log_var) / 2,
        "the sign of log_var is wrong.": (mu.square() + log_var.exp() - 1 + log_var) / 2,
        "the sign of mu² is wrong.": right - mu.square(),
        "the sign of exp(log_var) is wrong.": right - log_var.exp(),
        "this is the divergence the other way round, of N(0, 1) from the code's Gaussian.":
        (log_var + (1 + mu.square()) / log_var.exp() - 1) / 2,
    }  # fmt: skip

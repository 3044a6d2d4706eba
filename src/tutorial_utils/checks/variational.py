"""Chapter 5's checks of the price of a code in nats, and of the importance-weighted bound."""

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
)

AXIS = "there is one number for each sample here, not for each image. Axis 0 is K: take the mean over that."


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
        right = _kl(mu, log_var).sum(1)
        mistakes = {message: terms.sum(1) for message, terms in _wrong_terms(mu, log_var).items()}
        mistakes |= {
            "this is the mean over the numbers of a code. Independent numbers' divergences add up: take the "
            "sum.": right / shape[1],
            "this is the mean over the numbers of a code, and the half is missing. Take half the sum.":
            2 * right / shape[1],
            "the 1 is subtracted once for each image. Each number of the code has its own.":
            right + (shape[1] - 1) / 2,
            "the sum runs over the batch. It runs over the numbers of a code, axis 1.":
            _kl(mu, log_var).sum(0),
            "the mean runs over the batch. Sum over the numbers of a code, axis 1.": _kl(mu, log_var).mean(0),
            "nothing is summed: this is one number for each number of a code. Sum over axis 1.":
            _kl(mu, log_var),
            "this is one number, the mean over the batch. Return one for each image and leave the mean "
            "to the "
            "caller.": right.mean(),
            "this is one number, the sum over the batch. Return one for each image.": right.sum(),
            "this is one number, the mean over the batch and over the numbers of a code. Sum over axis 1 and "
            "return one number for each image.": right.mean() / shape[1],
        }  # fmt: skip
        expect(
            call(fn, mu, log_var),
            right,
            _sized(mistakes, right),
            otherwise="this is not the sum over axis 1 of (mu² + exp(log_var) - 1 - log_var) / 2.",
            not_finite="it contains inf or NaN for ordinary codes. log_var is already a logarithm.",
        )
    for mean, log_variance in ((0.0, 0.0), (50.0, 0.1), (0.0, 12.0), (0.0, -12.0)):
        mu, log_var = torch.tensor([[mean, 0.0]]), torch.tensor([[log_variance, 0.0]])
        expect(
            call(fn, mu, log_var),
            _kl(mu, log_var).sum(1),
            otherwise=f"right for ordinary codes, but not for mu = {mean:.3g}, log_var = {log_variance:.3g}: "
            "is something clamped, estimated from samples, or a small constant added?",
            tolerance=1e-3,
        )
    mu, log_var = torch.randn(4, 3), torch.randn(4, 3)
    _, gradients = call_with_gradients(lambda *code: fn(*code).sum(), mu, log_var)
    for gradient, right in zip(gradients, (mu, (log_var.exp() - 1) / 2), strict=True):
        expect(gradient, right, otherwise=DETACHED, not_finite=NAN_GRADIENT)
    expect_any_device(fn, mu, log_var)


def _sized(mistakes: dict[str, Tensor], right: Tensor) -> dict[str, Tensor]:
    """Without those of another shape where there is one image only: there they say nothing but the shape."""
    return {m: wrong for m, wrong in mistakes.items() if right.numel() > 1 or wrong.shape == right.shape}


def _kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return (mu.square() + log_var.exp() - 1 - log_var) / 2


def _wrong_terms(mu: Tensor, log_var: Tensor) -> dict[str, Tensor]:
    right = _kl(mu, log_var)
    as_std = (
        "the standard deviation and the variance are confused: log_var is the logarithm of the variance, so "
        "the formula's s² is exp(log_var) and its log s² is log_var."
    )
    return {
        "the sign is wrong: a divergence is never negative.": -right,
        "the sign is wrong, since a divergence is never negative, and the half is missing.": -2 * right,
        "mu and log_var have changed places.": _kl(log_var, mu),
        "the half covers only a part of the sum. It belongs before the whole bracket.":
        mu.square() / 2 + log_var.exp() - 1 - log_var,
        "the half covers only a part of the sum: it belongs before the whole bracket.":
        mu.square() + log_var.exp() - 1 - log_var / 2,
        "this is twice the divergence: the half is missing.": 2 * right,
        "this is half the divergence: one factor 1/2 too many.": right / 2,
        as_std: _kl(mu, 2 * log_var),
        f"{as_std} (s is used for s².)": (mu.square() + (log_var / 2).exp() - 1 - log_var) / 2,
        f"{as_std} (s⁴ is used for s².)": (mu.square() + (2 * log_var).exp() - 1 - log_var) / 2,
        f"{as_std} (The logarithm is that of s.)": (mu.square() + log_var.exp() - 1 - log_var / 2) / 2,
        f"{as_std} (The logarithm is that of s⁴.)": (mu.square() + log_var.exp() - 1 - 2 * log_var) / 2,
        f"{as_std} (Everywhere s stands for s².)": _kl(mu, log_var / 2),
        "log_var is used as the variance itself. The variance is exp(log_var).":
        (mu.square() + log_var - 1 - log_var.abs().log()) / 2,
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
        "this is in bits. Here: nats, so the natural logarithm.": right / math.log(2),
    }  # fmt: skip


@check(
    "iwae_bound",
    "The bound is log((w_1 + ... + w_K) / K) for each image: a mean over axis 0, of the weights, not of "
    "their logarithms.",
    "The weights themselves underflow (exp(-240) is 0 in float32). Subtract each image's largest log weight "
    "before exp, and add it back after the log: that changes nothing but the rounding.",
    "log of a mean: the log of the sum over axis 0 (torch.logsumexp, or by hand), minus log K.",
)
def check_iwae_bound(fn: Callable) -> None:
    """`fn(log_w)`, log_w (K, B): (B,), the log of the mean over K of the weights, for each image."""
    for shape, dtype in (
        ((5, 3), torch.float32),
        ((4, 4), torch.float32),
        ((1, 6), torch.float32),
        ((50, 1), torch.float64),
    ):
        log_w = 2 * torch.randn(shape, dtype=dtype)
        _check_bound(fn, log_w)
    for shift in (-240.0, -2000.0, 2000.0):
        _expect_stable(
            fn,
            shift + 2 * torch.randn(7, 4),
            f"right for small log_w, but wrong around {shift:.0f}: a constant inside the logarithm, or a "
            "clamp. Subtract each image's largest log weight first, and add it back after the log.",
            f"right for small log_w, but inf or NaN around {shift:.0f}: exp overflows, or underflows to "
            "0 and its log is lost. Subtract each image's largest log weight, and add it back after the log.",
        )
    apart = torch.tensor([-240.0, -500.0, -2000.0, 90.0]) + 2 * torch.randn(7, 4)
    spread = -240 + 2 * torch.randn(7, 4)
    spread[3], spread[5] = spread[3] + 150, spread[5] - 150
    for log_w, where in (
        (apart, "images have very different log_w"),
        (spread, "one sample outweighs the rest"),
    ):
        message = (
            f"wrong where {where}: subtract each image's own largest log weight, the maximum over axis 0."
        )
        _expect_stable(fn, log_w, message, message)
    log_w = -240 + 2 * torch.randn(6, 5)
    _, (gradient,) = call_with_gradients(lambda value: fn(value).sum(), log_w)
    expect(gradient, log_w.softmax(0), otherwise=DETACHED, not_finite=NAN_GRADIENT, tolerance=1e-3)
    expect_any_device(fn, log_w)


def _expect_stable(fn: Callable, log_w: Tensor, otherwise: str, not_finite: str) -> None:
    right = log_w.logsumexp(0) - math.log(len(log_w))
    expect(call(fn, log_w), right, otherwise=otherwise, not_finite=not_finite, tolerance=1e-5)


def _check_bound(fn: Callable, log_w: Tensor) -> None:
    num_samples, num_images = log_w.shape
    log_k, sums = math.log(num_samples), log_w.logsumexp(0)
    right = sums - log_k
    mistakes = {
        "this is the mean of the logarithms, the ELBO: by Jensen's inequality a looser bound. Take the "
        "log of the mean of the weights.": log_w.mean(0),
        "this is the log of the sum. Take the log of the mean: subtract log K.": sums,
        "log K is added. Subtract it: the mean is the sum over K.": sums + log_k,
        "this is the sum over K of the logarithms.": log_w.sum(0),
        "K itself is subtracted. The log of the mean is the log of the sum minus log K.": sums - num_samples,
        "the log of the sum is divided by K. Divide the sum, inside the logarithm.": sums / num_samples,
        "the log of B is subtracted. The mean runs over K, axis 0.": sums - math.log(num_images),
        f"{AXIS} (This is the log of a mean over the batch.)": log_w.logsumexp(1) - math.log(num_images),
        f"{AXIS} (This is the log of a sum over the batch, minus log K.)": log_w.logsumexp(1) - log_k,
        f"{AXIS} (This is the log of a sum over the batch.)": log_w.logsumexp(1),
        f"{AXIS} (This is a mean over the batch, of the logarithms.)": log_w.mean(1),
        "this is the log of the mean over samples and images, for each image. The mean runs over K "
        "only.": sums - log_k - math.log(num_images),
        "log K is subtracted from the largest log weight, not from the log of the sum.":
        log_w.max(0).values - log_k,
        "the sign of log_w is wrong.": (-log_w).logsumexp(0) - log_k,
        "the maximum is not added back after the logarithm.": right - log_w.max(0).values,
        "this is the largest log weight, not the log of the mean weight.": log_w.max(0).values,
        "the sign is wrong: a bound on the log-likelihood, not on its negative.": -right,
        "the logarithm is missing: this is the mean weight.": log_w.exp().mean(0),
        "this is the average of log_w, weighted by w. Here: the log of the mean weight.":
        (log_w.softmax(0) * log_w).sum(0),
        "this is one number, the mean over the batch. Return one for each image.": right.mean(),
        "this is one number, the sum over the batch. Return one for each image.": right.sum(),
        "this is one number over samples and images together. Return one for each "
        "image.": log_w.flatten().logsumexp(0) - math.log(log_w.numel()),
        "this is in bits. Here: nats, so the natural logarithm.": right / math.log(2),
    }  # fmt: skip
    expect(
        call(fn, log_w),
        right,
        _sized(mistakes, right),
        otherwise="this is not log(mean over axis 0 of exp(log_w)).",
        not_finite="it contains inf or NaN for ordinary weights: log_w are logarithms, and can be negative.",
    )

"""The check of `iwae_bound`: a log of a mean of weights that underflow."""

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

AXIS = "there is one number for each sample here, not for each image. Axis 0 is K: take the mean over that."


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
        _compare(fn, 2 * torch.randn(shape, dtype=dtype))
    _check_extremes(fn)
    log_w = -240 + 2 * torch.randn(6, 5)
    _, (gradient,) = call_with_gradients(lambda value: fn(value).sum(), log_w)
    expect(gradient, log_w.softmax(0), otherwise=DETACHED, not_finite=NAN_GRADIENT, tolerance=1e-3)
    expect_any_device(fn, log_w)


def _check_extremes(fn: Callable) -> None:
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


def _expect_stable(fn: Callable, log_w: Tensor, otherwise: str, not_finite: str) -> None:
    right = log_w.logsumexp(0) - math.log(len(log_w))
    expect(call(fn, log_w), right, otherwise=otherwise, not_finite=not_finite, tolerance=1e-5)


def _compare(fn: Callable, log_w: Tensor) -> None:
    right = log_w.logsumexp(0) - math.log(len(log_w))
    mistakes = _wrong_means(log_w) | _wrong_axes(log_w)
    expect(
        call(fn, log_w),
        right,
        sized(mistakes, right, num_images=len(right)),
        otherwise="this is not log(mean over axis 0 of exp(log_w)).",
        not_finite="it contains inf or NaN for ordinary weights: log_w are logarithms, and can be negative.",
    )


def _wrong_means(log_w: Tensor) -> dict[str, Tensor]:
    num_samples, num_images = log_w.shape
    log_k, sums, largest = math.log(num_samples), log_w.logsumexp(0), log_w.amax(0)
    right = sums - log_k
    return {
        "this is the mean of the logarithms, the ELBO: by Jensen's inequality a looser bound. Take the log "
        "of the mean of the weights.": log_w.mean(0),
        "this is the log of the sum. Take the log of the mean: subtract log K.": sums,
        "log K is added. Subtract it: the mean is the sum over K.": sums + log_k,
        "this is the sum over K of the logarithms.": log_w.sum(0),
        "K itself is subtracted. The log of the mean is the log of the sum minus log K.": sums - num_samples,
        "the log of the sum is divided by K. Divide the sum, inside the logarithm.": sums / num_samples,
        "the log of B is subtracted. The mean runs over K, axis 0.": sums - math.log(num_images),
        "log K is subtracted from the largest log weight, not from the log of the sum.": largest - log_k,
        "the sign of log_w is wrong.": (-log_w).logsumexp(0) - log_k,
        "the maximum is not added back after the logarithm.": right - largest,
        "this is the largest log weight, not the log of the mean weight.": largest,
        "the sign is wrong: a bound on the log-likelihood, not on its negative.": -right,
        "the logarithm is missing: this is the mean weight.": log_w.exp().mean(0),
        "this is the average of log_w, weighted by w. Here: the log of the mean weight.":
        (log_w.softmax(0) * log_w).sum(0),
        "this is in bits. Here: nats, so the natural logarithm.": right / math.log(2),
    }  # fmt: skip


def _wrong_axes(log_w: Tensor) -> dict[str, Tensor]:
    num_samples, num_images = log_w.shape
    log_k, log_b, over_images = math.log(num_samples), math.log(num_images), log_w.logsumexp(1)
    right = log_w.logsumexp(0) - log_k
    return {
        f"{AXIS} (This is the log of a mean over the batch.)": over_images - log_b,
        f"{AXIS} (This is the log of a sum over the batch, minus log K.)": over_images - log_k,
        f"{AXIS} (This is the log of a sum over the batch.)": over_images,
        f"{AXIS} (This is a mean over the batch, of the logarithms.)": log_w.mean(1),
        "this is the log of the mean over samples and images, for each image. The mean runs over K only.":
        right - log_b,
        "this is one number, the mean over the batch. Return one for each image.": right.mean(),
        "this is one number, the sum over the batch. Return one for each image.": right.sum(),
        "this is one number over samples and images together. Return one for each image.":
        log_w.flatten().logsumexp(0) - log_k - log_b,
    }  # fmt: skip

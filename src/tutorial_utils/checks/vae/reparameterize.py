"""The check of `reparameterize`: noise of the right size, with gradients through it."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import (
    DETACHED,
    NAN_GRADIENT,
    CheckFailed,
    call,
    call_with_gradients,
    check,
    expect,
)
from tutorial_utils.checks.noise import expect_generator, seeded

VARIANCE = "the noise is multiplied by the variance. Multiply it by the standard deviation: exp(log_var / 2)."
NO_GRADIENT = (
    "no gradient flows through it: .sample(), torch.normal, .detach() or no_grad cut it off. Draw noise from "
    "N(0, 1), then scale and shift it: mu + exp(log_var / 2) * noise."
)
OWN_NOISE = "Draw one number for each number of mu: the noise has mu's shape."
NOT_EXP = "log_var is the logarithm of the variance: the standard deviation is exp(log_var / 2)."


@check(
    "reparameterize",
    "Draw noise from N(0, 1), one number for each number of mu, and turn it into N(mu, variance) by "
    "arithmetic that autograd can follow.",
    "The standard deviation is the root of the variance: sqrt(exp(log_var)) = exp(log_var / 2).",
    "torch.randn(mu.shape, generator=generator) draws the noise from the caller's generator.",
)
def check_reparameterize(fn: Callable) -> None:
    """`fn(mu, log_var, *, generator=None)`: mu + exp(log_var / 2) * noise, shaped like mu."""
    _check_structure(fn)
    for seed, (shape, dtype) in enumerate(
        (((5, 3), torch.float32), ((1, 4), torch.float32), ((4, 4), torch.float64))
    ):
        mu, log_var = torch.randn(shape, dtype=dtype), 3 * torch.randn(shape, dtype=dtype)
        zeros = torch.zeros_like(mu)
        noise = _codes(fn, zeros, zeros, seed).to(mu)
        expect(
            _codes(fn, mu, log_var, seed),
            mu + (log_var / 2).exp() * noise,
            _mistakes(mu, log_var, noise),
            otherwise="this is not mu + exp(log_var / 2) * noise, with equal noise for equal generators.",
        )
        _check_path(fn, mu, log_var, noise, seed)
    _check_extremes(fn)
    zeros = torch.zeros(400, 20)
    _check_normal(_codes(fn, zeros, zeros, 1).flatten().double())
    expect_generator(
        lambda **options: call(fn, zeros, zeros, **options),
        noise="noise",
        advice="pass generator=generator to torch.randn (torch.randn_like and Normal(...).rsample() draw "
        "from the global state).",
    )


def _codes(fn: Callable, mu: Tensor, log_var: Tensor, seed: int) -> Tensor:
    """The answer's codes, on the CPU, from a generator with this seed; fails unless they have mu's shape."""
    codes = seeded(lambda **options: call(fn, mu, log_var, **options), seed)
    like_mu = isinstance(codes, Tensor) and codes.is_floating_point() and codes.shape == mu.shape
    expect(codes, codes if like_mu else mu, otherwise="")
    return codes.detach().cpu()


def _mistakes(mu: Tensor, log_var: Tensor, noise: Tensor) -> dict[str, Tensor]:
    factors = {  # what multiplies the noise
        VARIANCE: log_var.exp(),
        "the exponent's sign is wrong: the standard deviation is exp(+log_var / 2).": (-log_var / 2).exp(),
        "the noise is multiplied by 1 / variance. The standard deviation is exp(log_var / 2).":
        (-log_var).exp(),
        "this uses exp(2 log_var). The standard deviation is exp(log_var / 2).": (2 * log_var).exp(),
        f"the root is taken twice. {NOT_EXP}": (log_var / 4).exp(),
        "log_var is ignored: the noise keeps a standard deviation of 1.": torch.ones_like(mu),
    }  # fmt: skip
    scale = (log_var / 2).exp()
    return {message: mu + factor * noise for message, factor in factors.items()} | {
        "mu is missing: this is noise around 0.": scale * noise,
        "mu is subtracted. Add it: codes scatter around +mu.": scale * noise - mu,
        "mu is scaled by the standard deviation, too. Scale the noise only, then add mu.":
        scale * (mu + noise),
        "mu and log_var have changed places.": log_var + (mu / 2).exp() * noise,
    }  # fmt: skip


def _check_extremes(fn: Callable) -> None:
    zeros = torch.zeros(3, 4)
    noise = _codes(fn, zeros, zeros, 0).to(zeros)
    for log_variance in (12.0, -12.0):
        expect(
            _codes(fn, zeros, zeros + log_variance, 0),
            math.exp(log_variance / 2) * noise,
            otherwise=f"right for ordinary variances, but wrong where log_var is {log_variance:.0f}: "
            "something is clamped, or a small constant is added.",
        )


def _check_structure(fn: Callable) -> None:
    """Some noise for each of mu's numbers, its own one."""
    zeros = torch.zeros(400, 20)
    first, other = _codes(fn, zeros, zeros, 1), _codes(fn, zeros, zeros, 2)
    if first.std() < 1e-3 and torch.allclose(first, other):
        if _codes(fn, zeros, zeros + 1, 1).std() > 1e-3:
            raise CheckFailed(
                f"it adds no noise where log_var is 0, that is, where the variance is 1. {NOT_EXP}"
            )
        raise CheckFailed("nothing is random: a code with variance 1 comes out without any noise. Draw some.")
    if first.std(0).max() < 1e-3:
        raise CheckFailed(f"every image of the batch gets the same noise. {OWN_NOISE}")
    if first.std(1).max() < 1e-3:
        raise CheckFailed(f"every number of a code gets the same noise. {OWN_NOISE}")
    if first.unique().numel() < 0.9 * first.numel():
        raise CheckFailed(f"some of the noise is used more than once. {OWN_NOISE}")


def _check_normal(noise: Tensor) -> None:
    """8,000 numbers: the limits lie far outside what true noise reaches (0.045, 0.03, 0.02 and 0.2)."""
    mean, std = noise.mean().item(), noise.std().item()
    if abs(mean) > 0.06:
        uniform = " That is torch.rand's; draw with torch.randn." if abs(mean - 0.5) < 0.05 else ""
        raise CheckFailed(f"where mu is 0 and log_var is 0, codes have mean {mean:.2f}, not 0.{uniform}")
    if abs(std - 1) > 0.04:
        raise CheckFailed(
            f"where log_var is 0, codes have standard deviation {std:.2f}, not 1. Draw the noise with "
            "torch.randn, and keep the half inside the exponent: exp(log_var / 2)."
        )
    ticks = torch.arange(1, len(noise) + 1) / len(noise)
    gap = (torch.special.ndtr(noise.sort().values) - ticks).abs().max()  # Kolmogorov and Smirnov
    excess = ((noise - mean) / std).pow(4).mean() - 3
    if gap > 0.035 or abs(excess) > 0.3:
        raise CheckFailed("the noise is not Gaussian. Draw it with torch.randn.")


def _check_path(fn: Callable, mu: Tensor, log_var: Tensor, noise: Tensor, seed: int) -> None:
    """The gradients with respect to mu and log_var, through one weighted sum of the codes."""
    weight = torch.randn_like(mu)

    def weighted(*code: Tensor) -> Tensor:
        return (weight * seeded(lambda **options: fn(*code, **options), seed)).sum()

    try:
        _, (to_mu, to_log_var) = call_with_gradients(weighted, mu, log_var)
    except CheckFailed as failure:
        raise CheckFailed(NO_GRADIENT if "no gradient flows" in str(failure) else str(failure)) from failure
    if not to_mu.any() and not to_log_var.any():
        raise CheckFailed(NO_GRADIENT)
    if not to_log_var.any():
        raise CheckFailed("no gradient reaches log_var: the standard deviation is detached.")
    if not to_mu.any():
        raise CheckFailed("no gradient reaches mu: it is detached.")
    for gradient, right in ((to_mu, weight), (to_log_var, weight * noise * (log_var / 2).exp() / 2)):
        expect(gradient, right, otherwise=DETACHED, not_finite=NAN_GRADIENT)

"""Chapter 2's checks."""

import math
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

ROOT = "this is the root of the mean squared error. Leave the root out."
SUM = "this is the sum over every element. Take the mean, so that the batch size does not matter."
PER_IMAGE = "this sums within each image and averages over the batch only. Take the mean over every element."
ONE_EACH = "this is one number for each image. Average over the batch as well: a loss is one scalar."


@check(
    "mse",
    "Subtract, square, average: three operations, and the average runs over every axis.",
    "Tensor.mean() without arguments averages over all elements and returns a scalar.",
)
def check_mse(fn: Callable) -> None:
    """`fn(x, y)`: a scalar, the mean of the squared difference over every element."""
    for shape, dtype in (
        ((4, 1, 6, 6), torch.float32),
        ((1, 3, 5, 7), torch.float32),
        ((9,), torch.float64),
        ((3, 2), torch.float64),
    ):
        x, y = torch.rand(shape, dtype=dtype) + 0.2, torch.rand(shape, dtype=dtype)
        difference = x - y
        square = difference.square()
        expect(
            call(fn, x, y),
            square.mean(),
            {
                ROOT: square.mean().sqrt(),
                SUM: square.sum(),
                PER_IMAGE: square.flatten(1).sum(1).mean() if x.ndim > 1 else square.sum(),
                ONE_EACH: square.flatten(1).mean(1) if x.ndim > 1 else square,
                "this is the mean absolute error. Square the differences.": difference.abs().mean(),
                "the differences are not squared: positive and negative ones cancel.": difference.mean(),
                "the differences are not squared: positive and negative ones cancel. Also, the sign of "
                "the difference should not matter.": -difference.mean(),
                "this is half the mean squared error. The factor ½ belongs to the Gaussian "
                "log-likelihood, not to the MSE.": 0.5 * square.mean(),
                "the average is taken before the square. Square each difference first.": difference.mean()
                ** 2,
                "nothing is averaged: this is one number for each element.": square,
            },
            otherwise="this is not the mean over every element of (x - y)².",
        )
    x, y = torch.rand(4, 1, 3, 3), torch.rand(4, 1, 3, 3)
    _, gradients = call_with_gradients(fn, x, y)
    for gradient, sign in zip(gradients, (1, -1), strict=True):
        expect(
            gradient,
            sign * 2 * (x - y) / x.numel(),
            otherwise="the value is right but its gradient is not 2 (x - y) / n: part of the "
            "computation is detached.",
        )
    expect_any_device(fn, x, y)


@check(
    "bce_with_logits",
    "With p = sigmoid(a), log p = -softplus(-a) and log(1 - p) = -softplus(a). Never take the log of a "
    "sigmoid: it underflows.",
    "-t log p - (1 - t) log(1 - p) simplifies to softplus(a) - t a.",
    "Without softplus: log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|)): exp never gets a positive number.",
)
def check_bce_with_logits(fn: Callable) -> None:
    """`fn(logits, target)`: a scalar, the mean binary cross-entropy over every element, from logits."""
    for shape, dtype in (
        ((5, 1, 4, 4), torch.float32),
        ((1, 7), torch.float32),
        ((6,), torch.float64),
    ):
        logits = 2 * torch.randn(shape, dtype=dtype)
        for target in (torch.rand(shape, dtype=dtype), (torch.rand(shape) > 0.4).to(dtype)):
            _compare_bce(fn, logits, target)
    logits = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0, 0.3])
    target = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.5])
    value = call(fn, logits, target)
    expect(
        value,
        F.binary_cross_entropy_with_logits(logits, target),
        otherwise="right for small logits, but wrong for logits of ±1000 with the wrong sign, where the "
        "loss must be 1000: a clamp or a small constant inside the log cuts it off.",
        not_finite=OVERFLOW,
    )
    _, (gradient, _) = call_with_gradients(fn, logits, target)
    if not gradient.isfinite().all():
        raise CheckFailed(
            "the loss is finite for logits of ±1000, but its gradient is NaN: an overflow is still there, in "
            "the log of a sigmoid or in the other branch of torch.where. Rearrange, so that exp never gets a "
            "positive number (softplus and logsigmoid do that)."
        )
    logits, target = torch.cat([logits, torch.randn(20)]), torch.cat([target, torch.rand(20)])
    expect(
        call_with_gradients(fn, logits, target)[1][0],
        (logits.sigmoid() - target) / len(logits),
        otherwise="the value is right but its gradient is not (sigmoid(logits) - target) / n: a clamp "
        "or a detach stops it.",
        tolerance=1e-3,
    )
    expect_any_device(fn, logits, target)


def _compare_bce(fn: Callable, logits: Tensor, target: Tensor) -> None:
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    swapped = F.binary_cross_entropy_with_logits(-logits, target, reduction="none")
    positive, negative = -target * F.logsigmoid(logits), -(1 - target) * F.logsigmoid(-logits)
    twice = F.binary_cross_entropy_with_logits(logits.sigmoid(), target)
    arguments = F.binary_cross_entropy_with_logits(target, logits)
    expect(
        call(fn, logits, target),
        losses.mean(),
        {
            SUM: losses.sum(),
            PER_IMAGE: losses.flatten(1).sum(1).mean() if losses.ndim > 1 else losses.sum(),
            ONE_EACH: losses.flatten(1).mean(1) if losses.ndim > 1 else losses,
            "the sign is wrong: a loss is minus the log-likelihood.": -losses.mean(),
            "target and 1 - target have changed places, or the sign of the logits has.": swapped.mean(),
            "only the term target · log p is there. Add (1 - target) · log(1 - p).": positive.mean(),
            "only the term (1 - target) · log(1 - p) is there. Add target · log p.": negative.mean(),
            "the sigmoid is applied twice: a function that takes logits got probabilities.": twice,
            "the arguments have changed places: the logits come first, then the target.": arguments,
            "this is in bits. Use the natural logarithm.": losses.mean() / math.log(2),
            "nothing is averaged: this is one number for each element.": losses,
        },
        otherwise="this is not the mean over every element of -t log p - (1 - t) log(1 - p) with "
        "p = sigmoid(logits). Grey targets between 0 and 1 count, too.",
        not_finite="it contains inf or NaN for ordinary logits: the logarithm of a number that is not "
        "positive. Did you forget the sigmoid?",
    )


@check(
    "bits_per_dim",
    "A nat is the unit of the natural log, a bit that of the log to base 2. How many nats is one bit?",
    "log2(x) = ln(x) / ln(2): divide by math.log(2), and by the number of dimensions.",
)
def check_bits_per_dim(fn: Callable) -> None:
    """`fn(nll_nats, num_dims)`: the shape of `nll_nats`, its nats for an image in bits for a dimension."""
    for shape, num_dims, dtype in (
        ((6,), 784, torch.float32),
        ((1,), 12_288, torch.float32),
        ((), 100, torch.float64),
        ((2, 3), 3072, torch.float64),
    ):
        nats = 4000 * torch.rand(shape, dtype=dtype) + 500
        bits = nats / (num_dims * math.log(2))
        expect(
            call(fn, nats, num_dims),
            bits,
            {
                "this is nats per dimension. Divide by ln 2 to get bits.": nats / num_dims,
                "this multiplies by ln 2. A bit is ln 2 = 0.69 nats, so the number of bits is "
                "larger: divide.": nats * math.log(2) / num_dims,
                "these are bits for the whole image. Divide by num_dims.": nats / math.log(2),
                "this divides by log 10 or log10 of 2. A bit is ln 2 nats.": nats
                / (num_dims * math.log10(2)),
                "this converts with ln 10, which gives decimal digits. A bit is ln 2 nats.": nats
                / (num_dims * math.log(10)),
                "this is in bytes per dimension. Divide by ln 2, not by ln 256.": bits / 8,
                "num_dims is not used: 784 holds for Fashion-MNIST only.": bits * num_dims / 784,
                "8 bits are added. The likelihood is already that of the 8-bit image.": bits + 8,
                "8 bits are subtracted. The likelihood is already that of the 8-bit image.": bits - 8,
                "the sign is wrong: a negative log-likelihood is already positive.": -bits,
                "this is the mean over the images. Keep one number for each.": bits.mean(),
                "this takes the logarithm of the likelihood once more. nll_nats is a logarithm "
                "already.": nats.log2() / num_dims,
            },
            otherwise="this is not nll_nats / (num_dims · ln 2).",
            not_finite="it contains inf or NaN: exp(-nll_nats) underflows to 0. To change the base of a "
            "logarithm, divide.",
        )

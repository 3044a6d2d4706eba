"""The check of `bce_with_logits`: cross-entropy that survives logits of ±1000."""

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
from tutorial_utils.checks.losses.mse import ONE_EACH, PER_IMAGE, SUM


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
    _check_extremes(fn)


def _check_extremes(fn: Callable) -> None:
    """Values and gradients where a sigmoid has rounded to 0 or 1, then gradients for ordinary logits, too."""
    logits = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0, 0.3])
    target = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.5])
    expect(
        call(fn, logits, target),
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

"""The check of `kl_minus_2js`: the divergence behind the non-saturating loss."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tutorial_utils.checks.core import DETACHED, call, call_with_gradients, check, expect, expect_any_device


@check(
    "kl_minus_2js",
    "With m = (p + q) / 2: JS is half of KL(p || m) plus half of KL(q || m).",
    "All three terms are sums of probability times a difference of logarithms.",
)
def check_kl_minus_2js(fn: Callable) -> None:
    """`fn(p, q)`: KL(q || p) - 2 JS(p, q) in nats, a scalar, of probabilities (K,) above 0.

    Its gradient through q must be that of the generator's loss against the perfect judge.
    """
    for size, dtype in ((7, torch.float64), (2, torch.float64), (30, torch.float32)):
        p, logits = torch.randn(size, dtype=dtype).softmax(0), torch.randn(size, dtype=dtype)
        q = logits.softmax(0)
        _compare(call(fn, p, q), p, q)
        _, (gradient,) = call_with_gradients(lambda logits, p=p: fn(p, logits.softmax(0)), logits)
        free = logits.clone().requires_grad_()
        judge = p / (p + q)  # perfect, and held fixed
        (right,) = torch.autograd.grad(-(free.softmax(0) * judge.log()).sum(), free)
        expect(gradient, right, otherwise=DETACHED, tolerance=1e-3)
    far = torch.tensor([30.0, 0.0, -30.0], dtype=torch.float64).softmax(0)
    _compare(call(fn, far, far.flip(0)), far, far.flip(0))
    expect_any_device(fn, p, q)


def _compare(value: Any, p: Tensor, q: Tensor) -> None:
    expect(
        value,
        _kl(q, p) - 2 * _js(p, q),
        _mistakes(p, q),
        otherwise="this is not KL(q || p) - 2 JS(p, q).",
        not_finite="it contains inf or NaN for very small probabilities.",
    )


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum()


def _js(p: Tensor, q: Tensor) -> Tensor:
    return (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2


def _mistakes(p: Tensor, q: Tensor) -> dict[str, Tensor | list[Tensor]]:
    forward, reverse, js, m = _kl(p, q), _kl(q, p), _js(p, q), (p + q) / 2
    right = reverse - 2 * js
    return {
        "the KL divergence is the wrong way round: KL(q || p) averages over q.": forward - 2 * js,
        "JS is subtracted once. It has the factor 2.": reverse - js,
        "JS is subtracted four times: each KL in it has the factor ½.": reverse - 4 * js,
        "JS is added.": [reverse + 2 * js, reverse + js],
        "only KL(q || p) is there.": reverse,
        "only JS is there.": [js, 2 * js, -2 * js],
        "this is the loss itself, the mean of -log D*. Its gradient is right while the judge is held fixed; "
        "the exercise asks for the divergence that it belongs to.": -(q * (p / (p + q)).log()).sum(),
        "the sign is wrong.": -right,
        "this is in bits. Use the natural logarithm.": right / math.log(2),
        "this is a mean over the outcomes. Sum over them.": right / len(p),
        "m is not halved: it is (p + q) / 2.": [right + 2 * math.log(2), right - 2 * math.log(2)],
        "JS takes its logarithms the wrong way round, KL(m || p) and KL(m || q).":
        reverse - _kl(m, p) - _kl(m, q),
    }  # fmt: skip

"""The check of `kl_divergence`: between tables of probabilities, zeros included."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    DETACHED,
    Mistakes,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
)


@check(
    "kl_divergence",
    "Write the definition: the sum over k of p_k (log p_k - log q_k). Nothing is averaged.",
    "0 log 0 is 0 here, but 0 * -inf is NaN in floats. torch.xlogy(p, p) is p log p with the right limit.",
    "With PyTorch's function: F.kl_div(q.log(), p, reduction='none').sum(1).",
)
def check_kl_divergence(fn: Callable) -> None:
    """`fn(p, q)`: KL(p || q) in nats, (B,), for probabilities (B, K); p may be 0 in places, q is positive."""
    for num_rows, num_values, dtype in ((4, 7, torch.float32), (1, 5, torch.float32), (3, 2, torch.float64)):
        p, q = (1.5 * torch.randn(2, num_rows, num_values, dtype=dtype)).softmax(2)
        _compare_kl(fn, p, q)
    expect(call(fn, p, p), torch.zeros_like(p[:, 0]), otherwise="KL(p || p) must be 0.")
    p, q = torch.randn(2, 5, 6).softmax(2)
    sparse = F.normalize(torch.cat([torch.eye(6)[:2], p[2:] * (torch.arange(6) > 1)]), p=1, dim=1)
    expect(
        call(fn, sparse, q),
        torch.xlogy(sparse, sparse / q).sum(1),
        otherwise="it is right where all of p is positive, and wrong where p has zeros. They contribute 0.",
        not_finite="it contains NaN or inf where p is 0: 0 * log 0 is NaN in floats, and 0 in the limit. Use "
        "torch.xlogy(p, p), or put something harmless inside the log where p is 0.",
    )
    tiny = F.normalize(torch.where(torch.arange(6) == 3, 1e-30, q), p=1, dim=1)
    expect(
        call(fn, p, tiny),
        (p * (p.log() - tiny.log())).sum(1),
        otherwise="it is wrong where q is 1e-30, which must cost p · 69 nats: a clamp or a small constant "
        "inside the log cuts it off. q is positive, so take its log as it is.",
    )
    _check_kl_gradients(fn, p, sparse, q)
    expect_any_device(fn, p, q)


def _compare_kl(fn: Callable, p: Tensor, q: Tensor) -> None:
    expect(
        call(fn, p, q),
        (p * (p / q).log()).sum(1),
        partial(_mistakes, p, q),
        otherwise="this is not Σ p (log p - log q), summed over each row.",
        not_finite="it contains inf or NaN though all of p and q is positive.",
    )


def _mistakes(p: Tensor, q: Tensor) -> Mistakes:
    each, back = p * (p / q).log(), (q * (q / p).log()).sum(1)
    right, soft_p, soft_q = each.sum(1), p.softmax(1), q.softmax(1)
    return _of_kl_div(p, q) | {
        "this divides by K. An expectation under p is weighted already: sum over k.": each.mean(1),
        "this is one number for the whole batch. Return one for each row.": [right.mean(), right.sum()],
        "this is in bits. Use the natural logarithm.": right / math.log(2),
        "the sign is wrong: KL is never negative.": [-right, -right.mean(), -each.mean()],
        "this is the cross-entropy, -Σ p log q. Add Σ p log p, which makes it 0 for equal arguments.": [
            -(p * q.log()).sum(1), -(p * q.log()).sum(1).mean(),
        ],
        "only the term Σ p log p is there. Subtract Σ p log q.": [
            (p * p.log()).sum(1), -(p * p.log()).sum(1),
        ],
        "the log-ratios are not weighted by p.": [(p / q).log().sum(1), (p / q).log().mean(1)],
        "nothing is summed: this is one number for each entry. Sum over each row.": each,
        "this sums over the batch, axis 0. Sum over k, axis 1.": each.sum(0),
        "this is symmetric in p and q. KL is not.": [right + back, (right + back) / 2],
        "p or q went through a softmax. They are probabilities already.": [
            (a * (a / b).log()).sum(1) for a, b in ((p, soft_q), (soft_p, q), (soft_p, soft_q))
        ],
    }  # fmt: skip


def _of_kl_div(p: Tensor, q: Tensor) -> dict[str, Tensor | list[Tensor]]:
    """What F.kl_div makes of arguments in another order, without a logarithm, or of its own default."""
    each, swapped = p * (p / q).log(), q * (q / p).log()
    unlogged, other = q * (q.log() - p), p * (p.log() - q)
    return {
        "this is F.kl_div(p, q) as it stood. It wants the *log*-probabilities of q first, then p, and a sum "
        "over each row.": unlogged.mean(),
        "F.kl_div takes its first argument for log-probabilities: give it q.log().": [
            *(ways for e in (unlogged, other) for ways in (e.sum(1), e.mean(1), e.sum() / len(p), e.sum())),
            other.mean(),
        ],
        "this is KL(q || p): p and q have changed places. F.kl_div wants q.log() first, then p.": [
            swapped.sum(1), swapped.mean(), swapped.sum(1).mean(), swapped.mean(1), swapped.sum(),
        ],
        "this is the mean over all elements, F.kl_div's default. Sum over each row.": each.mean(),
    }  # fmt: skip


def _check_kl_gradients(fn: Callable, p: Tensor, sparse: Tensor, q: Tensor) -> None:
    again = "normalises again. The inputs are probabilities already, and dividing by their sum once more"
    expect(
        call_with_gradients(lambda q: fn(sparse, q).sum(), q)[1][0],
        -sparse / q,
        {f"the value is right, but it {again} changes the gradient.": 1 - sparse / q},
        otherwise=DETACHED,
        not_finite="the value is right, but its gradient with respect to q is NaN where p is 0: log(p / q) "
        "has no slope there, not even inside torch.xlogy or in the branch of torch.where that is not taken. "
        "Keep p log p, by torch.xlogy(p, p), and p log q apart.",
        tolerance=1e-3,
    )
    slope = (p / q).log() + 1
    shift = (p * slope).sum(1, keepdim=True)
    expect(
        call_with_gradients(lambda p: fn(p, q).sum(), p)[1][0],
        slope,
        {f"the value is right, but it {again} changes the gradient of p.": slope - shift},
        otherwise=f"{DETACHED} With respect to p it is log p - log q + 1.",
        tolerance=1e-3,
    )

"""Answers to `kl_minus_2js`."""

import math

import torch
from torch.nn import functional as F


def kl(p, q):
    return (p * (p.log() - q.log())).sum()


def js(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


def by_the_judge(p, q):
    """JS from the perfect judge, which rounds to 1 where q is far below p."""
    judge = p / (p + q)
    return kl(q, p) - 2 * math.log(2) - (p * judge.log()).sum() - (q * (1 - judge).log()).sum()


RIGHT = [
    lambda p, q: kl(q, p) - 2 * js(p, q),
    lambda p, q: 2 * kl((p + q) / 2, p),
    lambda p, q: F.kl_div(p.log(), q, reduction="sum") - 2 * js(p, q),
]
WRONG = [
    (lambda p, q: kl(p, q) - 2 * js(p, q), "wrong way round"),
    (lambda p, q: kl(q, p) - js(p, q), "subtracted once"),
    (lambda p, q: kl(q, p) - 4 * js(p, q), "four times"),
    (lambda p, q: kl(q, p) + 2 * js(p, q), "added"),
    (lambda p, q: kl(q, p), "only KL"),
    (lambda p, q: js(p, q), "only JS"),
    (lambda p, q: -(q * (p / (p + q)).log()).sum(), "loss itself"),
    (lambda p, q: 2 * js(p, q) - kl(q, p), "sign"),
    (lambda p, q: (kl(q, p) - 2 * js(p, q)) / math.log(2), "bits"),
    (lambda p, q: (kl(q, p) - 2 * js(p, q)) / len(p), "mean over"),
    (lambda p, q: kl(q, p) - kl(p, p + q) - kl(q, p + q), "not halved"),
    (lambda p, q: kl(q, p) - kl((p + q) / 2, p) - kl((p + q) / 2, q), "logarithms the wrong way"),
    (lambda p, q: (kl(q, p) - 2 * js(p, q)).detach(), "no gradient"),
    (lambda p, q: kl(q, p) - 2 * js(p, q.detach()), "detached"),
    (lambda p, q: q * (q / p).log() - p * 0, "scalar|shape"),
    (lambda p, q: kl(q, p + 1e-8) - 2 * js(p, q + 1e-8), "not KL"),
    (lambda p, q: torch.tensor((kl(q, p) - 2 * js(p, q)).item(), dtype=p.dtype), "no gradient"),
    (by_the_judge, "inf or NaN for very small"),
]  # fmt: skip

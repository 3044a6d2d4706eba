"""Answers to `kl_divergence`."""

import math

import torch
from answers.shared import SHAPE
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F


def kl(p, q):
    return F.kl_div(q.log(), p, reduction="none").sum(1)


def divergence(a, b):
    """F.kl_div(a, b) before its mean, which warns of its default."""
    return F.kl_div(a, b, reduction="none")


def masked(p, q, *, harmless=True):
    positive = p > 0
    inside = torch.where(positive, p, 1.0) / q if harmless else p / q
    return torch.where(positive, p * inside.log(), 0.0).sum(1)


def row_by_row(p, q):
    return torch.stack(
        [(a[a > 0] * (a[a > 0].log() - b[a > 0].log())).sum() for a, b in zip(p, q, strict=True)]
    )


def normalized(values):
    return values / values.sum(1, keepdim=True)


RIGHT = [
    kl,
    masked,
    row_by_row,
    lambda p, q: (torch.xlogy(p, p) - p * q.log()).sum(1),
    lambda p, q: -torch.special.entr(p).sum(1) - torch.einsum("bk,bk->b", p, q.log()),
]
WRONG = [
    (lambda p, q: divergence(p, q).mean(), "as it stood"),
    (lambda p, q: divergence(p, q).sum(1), "give it q.log"),
    (lambda p, q: F.kl_div(p, q, reduction="batchmean"), "give it q.log|as it"),
    (lambda p, q: divergence(q, p).mean(), "give it q.log|as it stood"),
    (lambda p, q: divergence(q, p).sum(1), "give it q.log"),
    (lambda p, q: kl(q, p), "changed places"),
    (lambda p, q: divergence(p.log(), q).mean(), "changed places"),
    (lambda p, q: divergence(q.log(), p).mean(), "over all elements"),
    (lambda p, q: F.kl_div(q.log(), p, reduction="none").mean(1), "divides by K"),
    (lambda p, q: F.kl_div(q.log(), p, reduction="batchmean"), "whole batch"),
    (lambda p, q: kl(p, q).sum(), "whole batch"),
    (lambda p, q: F.kl_div(q.log(), p, reduction="none"), "nothing is summed"),
    (lambda p, q: F.kl_div(q.log(), p, reduction="none").sum(0), "axis 0"),
    (lambda p, q: kl(p, q) / math.log(2), "bits"),
    (lambda p, q: -kl(p, q), "sign"),
    (lambda p, q: -(p * q.log()).sum(1), "cross-entropy"),
    (lambda p, q: torch.xlogy(p, p).sum(1), "only the term"),
    (lambda p, q: (p / q).log().sum(1), "not weighted"),
    (lambda p, q: (kl(p, q) + kl(q, p)) / 2, "symmetric"),
    (lambda p, q: kl(p, q.softmax(1)), "softmax"),
    (lambda p, q: F.kl_div(q.log_softmax(1), p, reduction="none").sum(1), "softmax"),
    (lambda p, q: kl(p.softmax(1), q.softmax(1)), "softmax"),
    (lambda p, q: (p * (p / q).log()).sum(1), "where p is 0"),
    (lambda p, q: (p * (p.log() - q.log())).sum(1), "where p is 0"),
    (lambda p, q: masked(p, q, harmless=False), "gradient with respect to q is NaN"),
    (lambda p, q: torch.xlogy(p, p / q).sum(1), "gradient with respect to q is NaN"),
    (lambda p, q: kl(p, q + 1e-8), "small constant"),
    (lambda p, q: ((p + 1e-12) * ((p + 1e-12) / (q + 1e-12)).log()).sum(1), "small constant"),
    (lambda p, q: kl(p.clamp(min=1e-8), q.clamp(min=1e-8)), "small constant"),
    (lambda p, q: kl(p.clamp(min=0.02), q), "Σ p|Σ p|p has zeros|must be 0"),
    (lambda p, q: kl_divergence(Categorical(p), Categorical(q)), "small constant"),
    (lambda p, q: kl(p, normalized(q)), "normalises again"),
    (lambda p, q: kl(normalized(p), q), "normalises again"),
    (lambda p, q: kl(p, q).detach(), "no gradient"),
    (lambda p, q: kl(p.detach(), q), "no gradient"),
    (lambda p, q: kl(p, q).float(), "float64"),
    (lambda p, q: kl(p, q)[:, None], SHAPE),
    (lambda p, q: torch.zeros(len(p)) + kl(p, q), "on a GPU"),
    (lambda p, q: kl(p, q) + torch.equal(p, q), "must be 0"),
    (lambda p, q: torch.where(p > 0, kl(p, q)[:, None] / p.shape[1], q).sum(1), "where p has zeros"),
    (lambda p, q: (p * (p - q).log()).sum(1), "inf or NaN though all of p and q"),
    (lambda p, q: (torch.xlogy(p, p.detach()) - p * q.log()).sum(1), "With respect to p it is"),
]  # fmt: skip

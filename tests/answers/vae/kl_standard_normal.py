"""Answers to `kl_standard_normal`."""

import math

import torch
from answers.shared import SHAPE
from torch.distributions import Normal, kl_divergence


def terms(mu, log_var, *, square=torch.square, variance=torch.exp, log=lambda v: v, one=1.0, factor=0.5):
    return factor * (square(mu) + variance(log_var) - one - log(log_var))


def kl(mu, log_var, **changes):
    return terms(mu, log_var, **changes).sum(1)


def from_samples(mu, log_var):
    z = mu + (log_var / 2).exp() * torch.randn(20_000, *mu.shape, dtype=mu.dtype)
    log_q = -0.5 * ((z - mu) ** 2 / log_var.exp() + log_var)
    return (log_q + 0.5 * z**2).sum(2).mean(0)


def library(mu, log_var):
    return kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(torch.zeros_like(mu), 1.0)).sum(-1)


RIGHT = [
    kl,
    library,
    lambda mu, log_var: -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1),
    lambda mu, log_var: torch.einsum("bd->b", (mu * mu + torch.expm1(log_var) - log_var) / 2),
]
WRONG = [
    (lambda m, v: 0.5 * (m**2 + v.exp() - torch.ones(m.shape) - v).sum(1), "on a GPU"),
    (lambda mu, log_var: terms(mu, log_var).mean(1), "mean over the numbers of a code"),
    (lambda mu, log_var: terms(mu, log_var).sum(0), "over the batch"),
    (lambda mu, log_var: terms(mu, log_var).mean(0), "over the batch"),
    (terms, "nothing is summed"),
    (lambda mu, log_var: kl(mu, log_var).mean(), "mean over the batch"),
    (lambda mu, log_var: kl(mu, log_var).sum(), "sum over the batch"),
    (lambda mu, log_var: terms(mu, log_var).mean(), "mean over the batch and"),
    (lambda mu, log_var: -kl(mu, log_var), "sign is wrong"),
    (lambda mu, log_var: 0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1), "sign is wrong"),
    (lambda mu, log_var: kl(mu, log_var, factor=1), "half is missing"),
    (lambda mu, log_var: kl(mu, log_var, factor=0.25), "half the divergence"),
    (lambda mu, log_var: kl(mu, 2 * log_var), "confused"),
    (lambda mu, log_var: kl(mu, log_var / 2), "confused"),
    (lambda mu, log_var: kl(mu, log_var, variance=lambda v: (v / 2).exp()), "confused"),
    (lambda mu, log_var: kl(mu, log_var, variance=lambda v: (2 * v).exp()), "confused"),
    (lambda mu, log_var: kl(mu, log_var, log=lambda v: v / 2), "confused"),
    (lambda mu, log_var: kl(mu, log_var, square=lambda m: m), "not squared"),
    (lambda mu, log_var: kl(mu, log_var, square=torch.abs), "absolute value"),
    (lambda mu, log_var: kl(mu, log_var, square=torch.zeros_like), "mu² is missing"),
    (lambda mu, log_var: kl(mu, log_var, one=0.0), "-1 is missing"),
    (lambda mu, log_var: kl(mu, log_var, one=-1.0), "sign of the 1"),
    (lambda mu, log_var: kl(mu, log_var, log=torch.zeros_like), "logarithm is missing"),
    (lambda mu, log_var: kl(mu, log_var, log=lambda v: -v), "sign of log_var"),
    (lambda mu, log_var: kl(mu, log_var, variance=torch.zeros_like), "variance is missing"),
    (lambda mu, log_var: kl_divergence(Normal(0, 1), Normal(mu, (log_var / 2).exp())).sum(1),
     "other way"),
    (lambda mu, log_var: kl(mu, log_var) / math.log(2), "bits"),
    (lambda mu, log_var: kl(log_var, mu), "changed places"),
    (lambda mu, log_var: 2 * terms(mu, log_var).mean(1), "half is missing"),
    (lambda mu, log_var: (1 + log_var - mu**2 - log_var.exp()).sum(1), "half is missing"),
    (lambda mu, log_var: 0.5 * ((mu**2 + log_var.exp() - log_var).sum(1) - 1), "once for each image"),
    (lambda mu, log_var: (mu**2 / 2 + log_var.exp() - 1 - log_var).sum(1), "only a part"),
    (lambda mu, log_var: kl(mu, log_var, log=torch.log), "already a logarithm"),
    (lambda mu, log_var: kl_divergence(Normal(mu, log_var), Normal(0.0, 1.0)).sum(1), "ValueError"),
    (lambda mu, log_var: kl(mu, log_var).squeeze(), SHAPE),
    (lambda mu, log_var: kl(mu, log_var).half(), "must give torch.float32"),
    (lambda mu, log_var: kl(mu, log_var.clamp(-4, 4)), "clamped|not the sum"),
    (from_samples, "samples|not the sum"),
    (lambda mu, log_var: kl(mu.detach(), log_var), "gradient"),
    (lambda mu, log_var: kl(mu, log_var).detach(), "no gradient"),
    (lambda mu, log_var: kl(mu, log_var)[:, None], SHAPE),
    (lambda mu, log_var: kl(mu, log_var).tolist(), "must return a tensor"),
    (lambda mu, log_var: (mu**2 + log_var.exp() - 1 - log_var / 2).sum(1), "only a part of the sum: it"),
    (lambda mu, log_var: kl(mu, log_var, variance=lambda v: v, log=lambda v: v.abs().log()),
     "variance itself"),
    (lambda mu, log_var: kl(mu, log_var, square=lambda m: -(m**2)), "sign of mu²"),
    (lambda mu, log_var: kl(mu, log_var, variance=lambda v: -v.exp()), "sign of exp"),
    (lambda mu, log_var: kl(mu, log_var, log=lambda v: 2 * v), "that of s⁴"),
    (lambda mu, log_var: kl(mu, log_var.clamp(-10, 10)), "is something clamped"),
    (lambda mu, log_var: kl(mu, log_var + 0 * (0 * mu).sqrt()), "gradient contains inf or NaN"),
]  # fmt: skip

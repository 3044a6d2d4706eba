"""Answers to chapter 5's exercises `kl_standard_normal` and `iwae_bound`."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from answers.shared import SHAPE


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


def with_max(log_w):
    top = log_w.max(0).values.detach()
    return top + (log_w - top).exp().mean(0).log()


def running(log_w):
    total = log_w[0]
    for row in log_w[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(log_w.shape[0])


def naive(log_w):
    return log_w.exp().mean(0).log()


def wrong_maximum(log_w):
    top = log_w.max().detach()
    return top + (log_w - top).exp().mean(0).log()


RIGHT = {
    "kl_standard_normal": [
        kl,
        library,
        lambda mu, log_var: -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp(), dim=1),
        lambda mu, log_var: torch.einsum("bd->b", (mu * mu + torch.expm1(log_var) - log_var) / 2),
    ],
    "iwae_bound": [
        lambda log_w: torch.logsumexp(log_w, 0) - math.log(len(log_w)),
        with_max,
        running,
        lambda log_w: (log_w - math.log(log_w.shape[0])).logsumexp(dim=0),
        lambda log_w: (log_w - log_w.log_softmax(0)).mean(0) - math.log(len(log_w)),
    ],
}
WRONG = {
    "kl_standard_normal": [
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
    ],
    "iwae_bound": [
        (lambda w: w.logsumexp(0) - torch.full((w.shape[1],), math.log(len(w)), dtype=w.dtype), "on a GPU"),
        (lambda log_w: log_w.mean(0), "mean of the logarithms"),
        (lambda log_w: log_w.logsumexp(0), "log of the sum"),
        (lambda log_w: log_w.logsumexp(0) + math.log(len(log_w)), "log K is added"),
        (lambda log_w: log_w.sum(0), "sum over K of the logarithms"),
        (lambda log_w: log_w.logsumexp(0) / len(log_w), "divided by K"),
        (lambda log_w: log_w.logsumexp(0) - len(log_w), "K itself"),
        (lambda log_w: log_w.logsumexp(0) - math.log(log_w.shape[1]), "log of B"),
        (lambda log_w: log_w.logsumexp(1) - math.log(log_w.shape[1]), "axis 0 is K|Axis 0 is K"),
        (lambda log_w: log_w.max(0).values, "largest"),
        (lambda log_w: math.log(len(log_w)) - log_w.logsumexp(0), "sign is wrong"),
        (lambda log_w: log_w.exp().mean(0), "logarithm is missing"),
        (lambda log_w: (log_w.softmax(0) * log_w).sum(0), "weighted by w"),
        (lambda log_w: with_max(log_w).mean(), "mean over the batch"),
        (lambda log_w: with_max(log_w).sum(), "sum over the batch"),
        (lambda log_w: log_w.flatten().logsumexp(0) - math.log(log_w.numel()), "together"),
        (lambda log_w: with_max(log_w) / math.log(2), "bits"),
        (naive, "overflows, or underflows"),
        (wrong_maximum, "each image's own largest"),
        (lambda log_w: (log_w - log_w.max(0).values).exp().mean(0).log(), "not added back"),
        (lambda log_w: log_w.mean(1), "Axis 0 is K"),
        (lambda log_w: log_w.logsumexp(1), "Axis 0 is K"),
        (lambda log_w: log_w.max(0).values - math.log(len(log_w)), "largest log weight"),
        (lambda log_w: with_max(log_w).squeeze(), SHAPE),
        (lambda log_w: (log_w.exp().mean(0) + 1e-30).log(), "constant inside"),
        (lambda log_w: log_w.clamp(-80, 80).exp().mean(0).log(), "clamp"),
        (lambda log_w: log_w.log().mean(0), "can be negative"),
        (lambda log_w: with_max(log_w).detach(), "no gradient"),
        (lambda log_w: log_w.max(0).values + (log_w - log_w.max(0).values).detach().exp().mean(0).log(),
         "gradient"),
        (lambda log_w: with_max(log_w)[None], SHAPE),
        (lambda log_w: with_max(log_w).tolist(), "must return a tensor"),
    ],
}  # fmt: skip

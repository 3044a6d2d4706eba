"""Answers to `iwae_bound`."""

import math

import torch
from answers.shared import SHAPE


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


RIGHT = [
    lambda log_w: torch.logsumexp(log_w, 0) - math.log(len(log_w)),
    with_max,
    running,
    lambda log_w: (log_w - math.log(log_w.shape[0])).logsumexp(dim=0),
    lambda log_w: (log_w - log_w.log_softmax(0)).mean(0) - math.log(len(log_w)),
]
WRONG = [
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
    (lambda log_w: (-log_w).logsumexp(0) - math.log(len(log_w)), "sign of log_w"),
    (lambda log_w: log_w.logsumexp(0) - math.log(log_w.numel()), "over samples and images, for each image"),
    (lambda log_w: log_w.logsumexp(1) - math.log(len(log_w)), "minus log K"),
    (lambda log_w: log_w.mean(0) + (log_w - log_w.mean(0)).exp().mean(0).log(), "one sample outweighs"),
    (lambda log_w: with_max(log_w) + 0.1, "this is not log"),
]  # fmt: skip

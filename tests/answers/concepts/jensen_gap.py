"""Answers to `jensen_gap`."""

import math

import torch

RIGHT = [
    lambda log_p: log_p.logsumexp(0) - math.log(len(log_p)) - log_p.mean(0),
    lambda log_p: (log_p - log_p.mean(0)).exp().mean(0).log(),
    lambda log_p: (log_p - log_p.amax(0)).exp().mean(0).log() - (log_p - log_p.amax(0)).mean(0),
]
WRONG = [
    (lambda log_p: log_p.mean(0) - log_p.logsumexp(0) + math.log(len(log_p)), "sign"),
    (lambda log_p: log_p.logsumexp(0) - log_p.mean(0), "log of the \\*sum"),
    (lambda log_p: log_p.logsumexp(0) - math.log(len(log_p)), "only the log of the mean"),
    (lambda log_p: log_p.mean(0), "only the mean of the logs"),
    (lambda log_p: log_p.exp().mean(0).log() - log_p.mean(0), "Use logsumexp"),
    (lambda log_p: log_p.logsumexp(1) - math.log(log_p.shape[1]) - log_p.mean(1), "axis 1"),
    (lambda log_p: (log_p.logsumexp(0) - math.log(len(log_p)) - log_p.mean(0)).mean(), "for all images"),
    (lambda log_p: (log_p.logsumexp(0) - math.log(len(log_p)) - log_p.mean(0)) / math.log(2), "bits"),
    (lambda log_p: log_p.var(0, unbiased=len(log_p) > 1) / 2, "half the variance|inf or NaN|not log"),
    (lambda log_p: log_p.amax(0) - log_p.mean(0), "largest draw"),
    (lambda log_p: torch.zeros(log_p.shape[1]) + log_p.logsumexp(0) - log_p.mean(0)
     - math.log(len(log_p)), "on a GPU"),
    (lambda log_p: log_p.logsumexp(0) - 2 * math.log(len(log_p)) - log_p.mean(0), "taken off twice"),
    (lambda log_p: log_p.exp().mean(0) / log_p.mean(0).exp(), "this is a ratio"),
    (lambda log_p: log_p.logsumexp(0) - log_p.mean(0) - 0.9 * math.log(len(log_p)), "this is not log"),
    (lambda log_p: log_p.log().mean(0), "for ordinary numbers"),
]  # fmt: skip

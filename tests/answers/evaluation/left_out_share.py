"""Answers to `left_out_share`."""

import math

import numpy as np
import torch


def logs(num_samples):
    return math.exp(num_samples * math.log1p(-1 / num_samples)) if num_samples > 1 else 0.0


def binomial(num_samples):
    draws = torch.distributions.Binomial(num_samples, torch.tensor(1 / num_samples, dtype=torch.float64))
    return draws.log_prob(torch.tensor(0.0, dtype=torch.float64)).exp() if num_samples > 1 else 0.0


def simulated(num_samples):
    draws = np.random.default_rng(0).integers(num_samples, size=num_samples)
    return 1 - len(np.unique(draws)) / num_samples


RIGHT = [lambda n: (1 - 1 / n) ** n, logs, binomial, lambda n: np.float64((n - 1) / n) ** n]
WRONG = [
    (lambda n: math.exp(-1), "the limit"),
    (lambda n: 0.37, "this is not the probability"),
    (lambda n: math.exp(-1) * (1 - 1 / (2 * n)), "the limit"),
    (lambda n: 1 - (1 - 1 / n) ** n, "IS drawn"),
    (lambda n: 1 - 1 / math.e, "IS drawn"),
    (lambda n: (1 - 1 / n) ** (n - 1), "drawn exactly once"),
    (lambda n: (1 - 1 / n) ** (n + 1), "too many"),
    (lambda n: 1 - 1 / n, "single draw"),
    (lambda n: 1 / n, "one draw hits"),
    (lambda n: 0.5, "a guess"),
    (lambda n: math.exp(-1 / n), "exp"),
    (lambda n: n * (1 - 1 / n) ** n, "number of samples"),
    (lambda n: (1 / n) ** n, "every time"),
    (lambda n: 0, "without replacement"),
    (simulated, "this is not the probability"),
    (lambda n: (1 - torch.tensor(1 / n)) ** n, "for a million"),
    (lambda n: math.exp(n * math.log1p(-1 / n)), "raised ValueError"),
]  # fmt: skip

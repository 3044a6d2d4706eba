"""Answers to `pinball_minimizer`."""

import math

import torch


def by_search(values, tau, *, pick=min, grid=4001, slopes=None):
    """The guess with the smallest total among many; the options are what students get wrong."""
    above, below = slopes or (tau, tau - 1)
    guesses = torch.linspace(values.min().item(), values.max().item(), grid, dtype=values.dtype)
    gaps = values - guesses[:, None]
    losses = torch.maximum(above * gaps, below * gaps).mean(1).tolist()
    return guesses[losses.index(pick(losses))]


def by_sorting(values, tau):
    return values.sort().values[math.ceil(len(values) * tau) - 1]


RIGHT = [
    torch.quantile,
    by_search,
    by_sorting,
    lambda values, tau: values.quantile(tau, interpolation="lower").item(),
    lambda values, tau: values.quantile(tau, interpolation="midpoint"),
    lambda values, tau: values.kthvalue(min(int(len(values) * tau) + 1, len(values))).values.view(1),
]
WRONG = [
    (lambda values, tau: values.mean(), "mean, which squared"),
    (lambda values, tau: values.median(), "median"),
    (lambda values, tau: values.quantile(1 - tau), "1 - tau"),
    (lambda values, tau: by_search(values, tau, grid=2001, slopes=(1 - tau, -tau)), "1 - tau"),
    (lambda values, tau: values.max(), "largest value. The"),
    (lambda values, tau: values.min(), "smallest value. The"),
    (lambda values, tau: by_search(values, tau, grid=501, pick=max), "(larg|small)est value. The"),
    (lambda values, tau: tau * values.max(), "times the largest"),
    (lambda values, tau: tau * values.mean(), "times the mean"),
    (lambda values, tau: values.min() + tau * (values.max() - values.min()), "not distances"),
    (lambda values, tau: tau, "this is tau"),
    (lambda values, tau: int(tau * len(values)), "index"),
    (lambda values, tau: (values - values.quantile(tau)).abs().argmin(), "index"),
    (lambda values, tau: values[int(tau * len(values))] * 0 + values.quantile(0.75), "How many should"),
    (lambda values, tau: torch.distributions.Normal(values.mean(), values.std()).icdf(torch.tensor(tau)),
     "Gaussian|lie below|times the largest"),
    (lambda values, tau: torch.maximum(
        tau * (values - values.quantile(tau)), (tau - 1) * (values - values.quantile(tau))
     ).mean(), "smallest loss"),
    (lambda values, tau: values.quantile(tau) if len(values) > 1 else math.nan, "finite"),
    (lambda values, tau: torch.stack([values.quantile(tau)] * 2), "one number"),
    (lambda values, tau: values.quantile(0.9), "1 - tau"),
]  # fmt: skip

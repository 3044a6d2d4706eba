"""Answers to `rate_share`."""

import torch
from torch.distributions import Normal, kl_divergence


def kl(mu, log_var):
    return (mu.square() + log_var.exp() - 1 - log_var) / 2


def share(mu, log_var, num_units, *, price=kl, prices=None, pick=lambda p, k: p.topk(k).values.sum()):
    prices = price(mu, log_var).mean(0) if prices is None else prices
    return pick(prices, num_units) / prices.sum()


def by_hand(mu, log_var, num_units):
    prices = sorted(kl(mu, log_var).sum(0).tolist(), reverse=True)
    return sum(prices[:num_units]) / sum(prices)


def cumulated(mu, log_var, num_units):
    prices = (mu**2 + log_var.exp() - 1 - log_var).mean(0).sort(descending=True).values.cumsum(0)
    return prices[num_units - 1] / prices[-1]


def by_library(mu, log_var, num_units):
    prices = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).mean(0)
    chosen = prices.argsort(descending=True)[:num_units]
    return (prices[chosen].sum() / prices.sum()).item()


def busiest(mu, log_var, num_units):
    prices = kl(mu, log_var).mean(0)
    return prices[mu.var(0, unbiased=False).argsort(descending=True)[:num_units]].sum() / prices.sum()


RIGHT = [share, by_hand, cumulated, by_library]
WRONG = [
    (lambda mu, v, k: (kl(mu, v).topk(k, 1).values.sum(1) / kl(mu, v).sum(1)).mean(), "each image anew"),
    (lambda mu, v, k: kl(mu, v).topk(k, 1).values.sum() / kl(mu, v).sum(), "each image anew"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p.sort().values[:k].sum()), "cheapest"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p[:k].sum()), "the first num_units"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p[-k:].sum()), "the last num_units"),
    (busiest, "how much mu varies"),
    (lambda mu, v, k: share(mu, v, k, prices=mu.var(0, unbiased=False)), "share of mu's variance"),
    (lambda mu, v, k: kl(mu, v).mean(0).topk(k).values.sum(), "price in nats"),
    (lambda mu, v, k: 100 * share(mu, v, k), "percent"),
    (lambda mu, v, k: 1 - share(mu, v, k), "all the others"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p.topk(k).values.mean()), "mean of the dearest"),
    (lambda mu, v, k: share(mu, v, k) / k * mu.shape[1], "a mean of the dearest"),
    (lambda mu, v, k: k / mu.shape[1], "num_units over D"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p.sort(descending=True).values[: k + 1].sum()),
     "too many or too few"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p.amax()), "dearest one alone"),
    (lambda mu, v, k: share(mu, v, k, pick=lambda p, k: p.sort(descending=True).values[k - 1]),
     "last of the num_units"),
    (lambda mu, v, k: share(mu, v, k, prices=kl(mu, v).mean(1)), "axis 1"),
    (lambda mu, v, k: 1 / (1 / share(mu, v, k) - 1), "\\*others\\*"),
    (lambda mu, v, k: share(mu, v, k, prices=kl(mu.mean(0), v.mean(0))), "average code"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: m**2), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: kl(m, 2 * v)), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: kl(m, v) + 0.5), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: kl(m, v) + v), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: kl(v, m)), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, k, price=lambda m, v: kl(0 * m, v)), "isn't \\(4\\)"),
    (lambda mu, v, k: share(mu, v, 3), "num_units|out of range|not the share|largest of"),
    (lambda mu, v, k: kl(mu, v).mean(0).sort(descending=True).values[:k], "one number"),
    (lambda mu, v, k: torch.zeros(mu.shape[1]).add(kl(mu, v).mean(0)).topk(k).values.sum()
     / kl(mu, v).mean(0).sum(), "on a GPU"),
    (lambda mu, v, k: share(mu, v, k) ** 2, "largest of"),
]  # fmt: skip

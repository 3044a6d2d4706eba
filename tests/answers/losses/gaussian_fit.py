"""Answers to `gaussian_fit`."""

import torch


def moments(x, p, *, middle=None, weights=None, power=2):
    """The mean under p, and a spread; the options are what students get wrong."""
    mean = (p * x).sum()
    deviation = (x - (mean if middle is None else middle)).abs() ** power
    return mean, ((p if weights is None else weights) * deviation).sum()


def by_descent(x, p):
    """Newton's method on log sigma, the mean being linear."""
    mean, log_std = p @ x, x.std().log()
    for _ in range(60):
        pull = p @ (x - mean).square() * torch.exp(-2 * log_std)
        log_std = log_std + ((pull - 1) / (2 * pull)).clamp(-1, 1)
    return torch.stack([mean, (2 * log_std).exp()])


def mode(x, p):
    return x[p.argmax()]


RIGHT = [
    moments,
    by_descent,
    lambda x, p: torch.stack([p @ x, p @ (x - p @ x) ** 2]),
    lambda x, p: ((p @ x).item(), (p.double() @ x.double() ** 2 - (p.double() @ x.double()) ** 2).item()),
    lambda x, p: [x.dot(p), torch.cov(x, correction=0, aweights=p)],
]
WRONG = [
    (lambda x, p: (p @ x, moments(x, p)[1].sqrt()), "standard deviation"),
    (lambda x, p: (x.mean(), x.var()), "plain mean"),
    (lambda x, p: (x.mean(), moments(x, p)[1]), "plain mean"),
    (lambda x, p: (mode(x, p), moments(x, p)[1]), "at the mode"),
    (lambda x, p: (mode(x, p), 1 / p.max()), "at the mode"),
    (lambda x, p: moments(x, p, middle=mode(x, p)), "from the mode"),
    (lambda x, p: (p @ x, x.var()), "not weighted"),
    (lambda x, p: (p @ x, (x - p @ x).square().mean()), "not weighted"),
    (lambda x, p: (p @ x, moments(x, p)[1] * len(x) / (len(x) - 1)), "N - 1"),
    (lambda x, p: (p @ x, torch.cov(x, aweights=p)), "N - 1"),
    (lambda x, p: (p @ x, p @ x**2), "E\\[x²\\]"),
    (lambda x, p: (x[(p.cumsum(0) < 0.5).sum()], moments(x, p)[1]), "median"),
    (lambda x, p: moments(x, p)[::-1], "mean comes first"),
    (lambda x, p: ((p * x).mean(), moments(x, p)[1]), "averaged"),
    (lambda x, p: (p @ x, 1 / moments(x, p)[1]), "precision"),
    (lambda x, p: (p @ x, moments(x, p)[1].log()), "log σ²"),
    (lambda x, p: moments(x, p, power=1), "absolute"),
    (lambda x, p: (p @ x, 0 * p.sum()), "not the variance of x"),
    (lambda x, p: (0.0, 1.0), "not the mean of x"),
    (lambda x, p: p @ x, "two numbers"),
    (lambda x, p: {"mean": p @ x, "variance": moments(x, p)[1]}, "two numbers"),
    (lambda x, p: (p @ x, p * (x - p @ x) ** 2), "one number"),
    (lambda x, p: (p @ x, (p @ x) / 0), "inf or NaN"),
]  # fmt: skip

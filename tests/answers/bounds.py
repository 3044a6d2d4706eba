"""Answers to chapter 5's exercises about the scale of distortion and rate."""

import math

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from answers.shared import SHAPE


def kl(mu, log_var):
    return (mu.square() + log_var.exp() - 1 - log_var) / 2


def entropy(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def elbo(x, logits, mu, log_var, *, entropy=entropy, kl=kl, reduce=lambda d, r: d.mean() + r.mean()):
    """Minus the ELBO with one part replaced; `reduce` gets both terms of each image."""
    return reduce(entropy(logits, x), kl(mu, log_var).sum(1))


def published(x, logits, mu, log_var):
    return F.binary_cross_entropy_with_logits(logits, x) + kl(mu, log_var).sum(1).mean()


def one_line(x, logits, mu, log_var):
    pixels = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (pixels - 0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())) / len(x)


def by_distributions(x, logits, mu, log_var):
    pixels = Bernoulli(logits=logits, validate_args=False).log_prob(x).flatten(1).sum(1)
    code = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1)
    return (code - pixels).mean()


def by_softplus(x, logits, mu, log_var):
    images = zip(x, logits, mu, log_var, strict=True)
    nats = [(F.softplus(y) - t * y).sum() + kl(m, v).sum() for t, y, m, v in images]
    return torch.stack(nats).mean()


def in_probabilities(logits, x):
    p = logits.sigmoid()
    return -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)


def in_probabilities_safely(logits, x):
    p = logits.sigmoid()
    return -(x * (p + 1e-9).log() + (1 - x) * (1 - p + 1e-9).log()).flatten(1).sum(1)


def cut_off(logits, x):
    return F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").flatten(1).sum(1)


def squares(logits, x):
    return (logits.sigmoid() - x).square().flatten(1).sum(1)


def with_a_cpu_tensor(x, logits, mu, log_var):
    total = torch.zeros(len(x)).to(x.dtype)
    return (total + elbo(x, logits, mu, log_var)).mean()


def in_steps(x, x_hat):
    """By bisection on the derivative of (8)."""
    squares = (x - x_hat).double().square().flatten()
    low, high = 1e-12, 1e3
    for _ in range(120):
        v = math.sqrt(low * high)
        slope = (1 / (2 * v) - squares / (2 * v * v)).sum()
        low, high = (low, v) if slope > 0 else (v, high)
    return v


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


RIGHT = {
    "effective_beta": [
        lambda num_pixels, code_size: num_pixels / code_size,
        lambda num_pixels, code_size: (1 / code_size) / (1 / num_pixels),
        lambda num_pixels, code_size: torch.tensor(num_pixels / code_size),
        lambda p, d: torch.tensor([p]).div(d),
    ],
    "negative_elbo": [
        elbo,
        one_line,
        by_distributions,
        by_softplus,
        lambda x, logits, mu, log_var: (
            F.binary_cross_entropy_with_logits(logits, x) * x[0].numel()
            + F.gaussian_nll_loss(0 * mu, mu, torch.ones_like(mu), reduction="sum") / len(mu)
            + (torch.expm1(log_var) - log_var).sum() / 2 / len(mu)
        ),
    ],
    "best_variance": [
        F.mse_loss,
        lambda x, x_hat: (x - x_hat).square().flatten(1).mean(1).mean().item(),
        lambda x, x_hat: torch.dist(x, x_hat) ** 2 / x.numel(),
        in_steps,
    ],
    "rate_share": [share, by_hand, cumulated, by_library],
}
WRONG = {
    "effective_beta": [
        (lambda p, d: d / p, "inverse"),
        (lambda p, d: p, "\\*summed\\* over the code"),
        (lambda p, d: d, "Averaging makes it lighter"),
        (lambda p, d: 1, "would be 1"),
        (lambda p, d: 1 / p, "divides by the pixels"),
        (lambda p, d: 1 / d, "weight of the KL alone"),
        (lambda p, d: p * d, "product"),
        (lambda p, d: math.sqrt(p / d), "no root"),
        (lambda p, d: p // d, "rounded"),
        (lambda p, d: round(p / d), "rounded"),
        (lambda p, d: p - d, "difference"),
        (lambda p, d: p / (p + d), "KL's share"),
        (lambda p, d: d / (p + d), "reconstruction loss's share"),
        (lambda p, d: p / (2 * d), "factor of two"),
        (lambda p, d: 39.2, "for 784 pixels and a code of 20"),
        (lambda p, d: 784 / d, "784 is typed in"),
        (lambda p, d: p / 20, "20 is typed in"),
        (lambda p, d: 16.0, "otherwise"),
        (lambda p, d: p / d + 0.1, "otherwise"),
        (lambda p, d: "784 / 20", "must return a number"),
        (lambda p, d: (16, 64), "one number"),
        (lambda p, d: torch.tensor([1 / p, 1 / d]), "one number"),
    ],
    "negative_elbo": [
        (published, "published bug"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean() + r.mean() / a[2].shape[1]), "over the numbers of"),
        (lambda x, logits, mu, v: F.binary_cross_entropy_with_logits(logits, x) + kl(mu, v).mean(),
         "both terms are averages"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean() + r.sum()), "KL is summed over the batch"),
        (lambda x, logits, mu, v: F.binary_cross_entropy_with_logits(logits, x) + kl(mu, v).sum(),
         "KL is summed over the batch"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.sum() + r.mean()), "loss is summed over the batch"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.sum() + r.mean() / a[2].shape[1]), "a mean over every"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.sum() + r.sum()), "both are summed"),
        (lambda *a: elbo(*a, reduce=lambda d, r: (d + r).mean() / len(d)), "twice"),
        (lambda *a: elbo(*a, reduce=lambda d, r: (d + r).mean() / a[0][0].numel()), "for one pixel"),
        (lambda *a: elbo(*a, reduce=lambda d, r: 784 * d.mean() / a[0][0].numel() + r.mean()), "784 is"),
        (lambda *a: elbo(*a, entropy=lambda y, x: F.binary_cross_entropy_with_logits(y, x, reduction="none")
                         .sum(-1)), "one of the image's axes|on inputs|published bug"),
        (lambda *a: elbo(*a, entropy=lambda y, x: F.binary_cross_entropy_with_logits(y, x, reduction="none")
                         .sum(1)), "one of the image's axes|published bug"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean() - r.mean()), "sign of the KL"),
        (lambda *a: elbo(*a, reduce=lambda d, r: -(d + r).mean()), "ELBO itself"),
        (lambda *a: elbo(*a, reduce=lambda d, r: r.mean() - d.mean()), "sign of the reconstruction"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean()), "KL is missing"),
        (lambda *a: elbo(*a, reduce=lambda d, r: r.mean()), "KL alone"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean() + 2 * r.mean()), "half in the KL is missing"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d.mean() + r.mean() / 2), "1/2 too many"),
        (lambda *a: elbo(*a, reduce=lambda d, r: d + r), "nothing is averaged"),
        (lambda *a: elbo(*a, reduce=lambda d, r: (d + r).mean() / math.log(2)), "in bits"),
        (lambda *a: elbo(*a, entropy=squares), "squared error"),
        (lambda *a: elbo(*a, entropy=lambda y, x: squares(y, x) / 2), "squared error"),
        (lambda x, y, mu, v: F.mse_loss(y.sigmoid(), x) + kl(mu, v).sum(1).mean(), "squared error"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu, 2 * v)), "logarithm of the variance"),
        (lambda *a: elbo(*a, kl=lambda mu, v: (mu**2 + v - 1 - v.abs().log()) / 2), "logarithm of the var"),
        (lambda *a: elbo(*a, kl=lambda mu, v: (mu**2 + v**2 - 1 - (v**2).log()) / 2), "logarithm of the"),
        (lambda *a: elbo(*a, kl=lambda mu, v: (mu**2 + v - 1 - v.log()) / 2), "inf or NaN"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu, v) + v), "sign of log_var"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu, v) + 0.5), "-1 in the KL"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(0 * mu, v)), "mu² is missing"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(v, mu)), "mu and log_var have changed"),
        (lambda x, logits, mu, v: elbo(logits, x, mu, v), "x and logits have changed"),
        (lambda x, logits, mu, v: elbo(x, logits.sigmoid(), mu, v), "applied twice"),
        (lambda *a: elbo(*a, entropy=lambda y, x: -(x * F.logsigmoid(y)).flatten(1).sum(1)), "only the term"),
        (lambda *a: elbo(*a, entropy=in_probabilities), "inf or NaN for ±200"),
        (lambda *a: elbo(*a, entropy=in_probabilities_safely), "small constant inside|not the mean"),
        (lambda *a: elbo(*a, entropy=cut_off), "cut off"),
        (lambda x, logits, mu, v: elbo(x, logits.clamp(-50, 50), mu, v), "cut off"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu, v.clamp(-10, 10))), "something clamped"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu, v).clamp(max=1000)), "something clamped"),
        (lambda *a: elbo(*a, kl=lambda mu, v: kl(mu.detach(), v)), "detached"),
        (lambda x, logits, mu, v: elbo(x, logits.detach(), mu, v), "detached"),
        (lambda *a: elbo(*a).detach(), "no gradient"),
        (lambda *a: elbo(*a).item(), "must return a tensor"),
        (lambda *a: elbo(*a)[None], SHAPE),
        (lambda *a: elbo(*a).float(), "must give torch.float64"),
        (lambda x, logits, mu, v: elbo(x, logits, mu, v.exp_().log_()), "in place"),
        (with_a_cpu_tensor, "on a GPU"),
        (lambda *a: elbo(*a) + 1, "not the mean over the batch"),
    ],
    "best_variance": [
        (lambda x, y: F.mse_loss(x, y).sqrt(), "standard deviation"),
        (lambda x, y: F.mse_loss(x, y) / 2, "half of it"),
        (lambda x, y: F.mse_loss(x, y) * 2, "twice too much"),
        (lambda x, y: (x - y).var(), "variance of the residuals"),
        (lambda x, y: (x - y).var(unbiased=False), "variance of the residuals"),
        (lambda x, y: (x - y).flatten(1).var(1).mean(), "within each image"),
        (lambda x, y: (x - y).square().sum() / (x.numel() - 1), "N - 1"),
        (lambda x, y: (x - y).square().flatten(1).mean(1), "for each image"),
        (lambda x, y: (x - y).square().mean(0), "for each pixel"),
        (lambda x, y: (x - y).square().mean(0, keepdim=True), "for each pixel"),
        (lambda x, y: (x - y).square(), "each pixel of each image"),
        (F.l1_loss, "mean absolute error. \\(8\\)"),
        (lambda x, y: F.l1_loss(x, y) ** 2, "squares the mean absolute"),
        (lambda x, y: (x - y).mean() ** 2, "squares the mean residual"),
        (lambda x, y: (x - y).square().sum(), "a sum"),
        (lambda x, y: (x - y).square().flatten(1).sum(1).mean(), "a sum"),
        (lambda x, y: F.mse_loss(x, y).log(), "logarithm of v"),
        (lambda x, y: 1 / F.mse_loss(x, y), "precision"),
        (lambda x, y: (x - y).square().flatten(1).mean(1).sqrt().mean() ** 2, "each image's root"),
        (lambda x, y: (x - y).square().flatten(1).mean(1).amax(), "one image's v"),
        (lambda x, y: (x - y).square().median(), "median"),
        (lambda x, y: x.var(), "pixels themselves"),
        (lambda x, y: 0.5 * (2 * math.pi * F.mse_loss(x, y)).log().add(1) * x[0].numel(), "distortion"),
        (lambda x, y: F.mse_loss(x, y) + 1e-4, "derivative of \\(8\\)"),
        (lambda x, y: F.mse_loss(x, y).clamp(min=1e-3), "derivative of \\(8\\)"),
        (lambda x, y: 1.0, "derivative of \\(8\\)"),
        (lambda x, y: 0.0, "derivative of \\(8\\)"),
        (lambda x, y: torch.zeros(1) + F.mse_loss(x, y), "on a GPU"),
        (lambda x, y: [F.mse_loss(x, y)] * 2, "number"),
        (lambda x, y: x.sub_(y).square().mean(), "in place"),
    ],
    "rate_share": [
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
    ],
}  # fmt: skip

"""Answers to `negative_elbo`."""

import math

import torch
from answers.shared import SHAPE
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F


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


RIGHT = [
    elbo,
    one_line,
    by_distributions,
    by_softplus,
    lambda x, logits, mu, log_var: (
        F.binary_cross_entropy_with_logits(logits, x) * x[0].numel()
        + F.gaussian_nll_loss(0 * mu, mu, torch.ones_like(mu), reduction="sum") / len(mu)
        + (torch.expm1(log_var) - log_var).sum() / 2 / len(mu)
    ),
]
WRONG = [
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
    (lambda x, logits, mu, v: entropy(logits, x).mean() + kl(mu, v).sum(0).mean(), "axis 0 for axis 1"),
]  # fmt: skip

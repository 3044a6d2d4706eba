"""Answers to chapter 2's exercises about what a loss asks for."""

import math

import torch
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from answers.shared import SHAPE


def by_search(values, tau, *, pick=min, grid=4001, slopes=None):
    """The guess with the smallest total among many; the options are what students get wrong."""
    above, below = slopes or (tau, tau - 1)
    guesses = torch.linspace(values.min().item(), values.max().item(), grid, dtype=values.dtype)
    losses = [torch.maximum(above * (values - c), below * (values - c)).mean().item() for c in guesses]
    return guesses[losses.index(pick(losses))]


def by_sorting(values, tau):
    return values.sort().values[math.ceil(len(values) * tau) - 1]


def kl(p, q):
    return F.kl_div(q.log(), p, reduction="none").sum(1)


def divergence(a, b):
    """F.kl_div(a, b) before its mean, which warns of its default."""
    return F.kl_div(a, b, reduction="none")


def masked(p, q, *, harmless=True):
    positive = p > 0
    inside = torch.where(positive, p, 1.0) / q if harmless else p / q
    return torch.where(positive, p * inside.log(), 0.0).sum(1)


def row_by_row(p, q):
    return torch.stack(
        [(a[a > 0] * (a[a > 0].log() - b[a > 0].log())).sum() for a, b in zip(p, q, strict=True)]
    )


def normalized(values):
    return values / values.sum(1, keepdim=True)


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


def offset(images, pixels, *, axis=3, shifted=None):
    moved = images.roll(pixels, axis) if shifted is None else shifted
    return (images - moved).square().flatten(1).mean(1).sqrt()


def offset_by_loop(images, pixels):
    order = [(column - pixels) % images.shape[3] for column in range(images.shape[3])]
    return torch.stack([F.mse_loss(image, image[..., order]) ** 0.5 for image in images])


def offset_by_bisection(images, pixels):
    target = (images - images.roll(-pixels, -1)).square().mean((1, 2, 3))
    low, high = torch.zeros_like(target), torch.ones_like(target)
    for _ in range(40):
        middle = (low + high) / 2
        cost = (images + middle[:, None, None, None] - images).square().mean((1, 2, 3))
        low, high = torch.where(cost < target, middle, low), torch.where(cost < target, high, middle)
    return high


RIGHT = {
    "pinball_minimizer": [
        torch.quantile,
        by_search,
        by_sorting,
        lambda values, tau: values.quantile(tau, interpolation="lower").item(),
        lambda values, tau: values.quantile(tau, interpolation="midpoint"),
        lambda values, tau: values.kthvalue(min(int(len(values) * tau) + 1, len(values))).values.view(1),
    ],
    "kl_divergence": [
        kl,
        masked,
        row_by_row,
        lambda p, q: (torch.xlogy(p, p) - p * q.log()).sum(1),
        lambda p, q: -torch.special.entr(p).sum(1) - torch.einsum("bk,bk->b", p, q.log()),
    ],
    "gaussian_fit": [
        moments,
        by_descent,
        lambda x, p: torch.stack([p @ x, p @ (x - p @ x) ** 2]),
        lambda x, p: ((p @ x).item(), (p.double() @ x.double() ** 2 - (p.double() @ x.double()) ** 2).item()),
        lambda x, p: [x.dot(p), torch.cov(x, correction=0, aweights=p)],
    ],
    "offset_like_shift": [
        offset,
        offset_by_loop,
        offset_by_bisection,
        lambda images, pixels: (images - images.roll(-pixels, 3)).square().mean((1, 2, 3)) ** 0.5,
        lambda images, pixels: (
            torch.linalg.vector_norm(images - images.roll(pixels, 3), dim=(1, 2, 3))
            / math.sqrt(images[0].numel())
        ),
    ],
}
WRONG = {
    "pinball_minimizer": [
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
    ],
    "kl_divergence": [
        (lambda p, q: divergence(p, q).mean(), "as it stood"),
        (lambda p, q: divergence(p, q).sum(1), "give it q.log"),
        (lambda p, q: F.kl_div(p, q, reduction="batchmean"), "give it q.log|as it"),
        (lambda p, q: divergence(q, p).mean(), "give it q.log|as it stood"),
        (lambda p, q: divergence(q, p).sum(1), "give it q.log"),
        (lambda p, q: kl(q, p), "changed places"),
        (lambda p, q: divergence(p.log(), q).mean(), "changed places"),
        (lambda p, q: divergence(q.log(), p).mean(), "over all elements"),
        (lambda p, q: F.kl_div(q.log(), p, reduction="none").mean(1), "divides by K"),
        (lambda p, q: F.kl_div(q.log(), p, reduction="batchmean"), "whole batch"),
        (lambda p, q: kl(p, q).sum(), "whole batch"),
        (lambda p, q: F.kl_div(q.log(), p, reduction="none"), "nothing is summed"),
        (lambda p, q: F.kl_div(q.log(), p, reduction="none").sum(0), "axis 0"),
        (lambda p, q: kl(p, q) / math.log(2), "bits"),
        (lambda p, q: -kl(p, q), "sign"),
        (lambda p, q: -(p * q.log()).sum(1), "cross-entropy"),
        (lambda p, q: torch.xlogy(p, p).sum(1), "only the term"),
        (lambda p, q: (p / q).log().sum(1), "not weighted"),
        (lambda p, q: (kl(p, q) + kl(q, p)) / 2, "symmetric"),
        (lambda p, q: kl(p, q.softmax(1)), "softmax"),
        (lambda p, q: F.kl_div(q.log_softmax(1), p, reduction="none").sum(1), "softmax"),
        (lambda p, q: kl(p.softmax(1), q.softmax(1)), "softmax"),
        (lambda p, q: (p * (p / q).log()).sum(1), "where p is 0"),
        (lambda p, q: (p * (p.log() - q.log())).sum(1), "where p is 0"),
        (lambda p, q: masked(p, q, harmless=False), "gradient with respect to q is NaN"),
        (lambda p, q: torch.xlogy(p, p / q).sum(1), "gradient with respect to q is NaN"),
        (lambda p, q: kl(p, q + 1e-8), "small constant"),
        (lambda p, q: ((p + 1e-12) * ((p + 1e-12) / (q + 1e-12)).log()).sum(1), "small constant"),
        (lambda p, q: kl(p.clamp(min=1e-8), q.clamp(min=1e-8)), "small constant"),
        (lambda p, q: kl(p.clamp(min=0.02), q), "Σ p|Σ p|p has zeros|must be 0"),
        (lambda p, q: kl_divergence(Categorical(p), Categorical(q)), "small constant"),
        (lambda p, q: kl(p, normalized(q)), "normalises again"),
        (lambda p, q: kl(normalized(p), q), "normalises again"),
        (lambda p, q: kl(p, q).detach(), "no gradient"),
        (lambda p, q: kl(p.detach(), q), "no gradient"),
        (lambda p, q: kl(p, q).float(), "float64"),
        (lambda p, q: kl(p, q)[:, None], SHAPE),
        (lambda p, q: torch.zeros(len(p)) + kl(p, q), "on a GPU"),
    ],
    "gaussian_fit": [
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
    ],
    "offset_like_shift": [
        (lambda images, pixels: offset(images, pixels).square(), "take the root"),
        (lambda images, pixels: (images - images.roll(pixels, 3)).flatten(1).norm(dim=1), "sums over"),
        (lambda images, pixels: (images - images.roll(pixels, 3)).square().sum((1, 2, 3)), "sums over"),
        (lambda images, pixels: F.mse_loss(images, images.roll(pixels, 3)).sqrt(), "number for all"),
        (lambda images, pixels: F.mse_loss(images, images.roll(pixels, 3)).sqrt().expand(len(images)),
         "number for all"),
        (lambda images, pixels: (images - images.roll(pixels, 3)).abs().mean((1, 2, 3)), "mean absolute"),
        (lambda images, pixels: (images - images.roll(pixels, 3)).mean((1, 2, 3)), "cancel"),
        (lambda images, pixels: offset(images, pixels, axis=2), "moves down"),
        (lambda images, pixels: offset(images, pixels, axis=1), "moves down"),
        (lambda images, pixels: offset(images, pixels, axis=0), "moves down"),
        (lambda images, pixels: offset(images, 0, shifted=images.roll(pixels)), "without dims"),
        (lambda images, pixels: offset(images, 0, shifted=F.pad(images, (pixels, 0))[..., :images.shape[3]]),
         "are lost"),
        (lambda images, pixels: offset(images, 0, shifted=F.pad(images, (0, pixels))[..., pixels:]),
         "are lost"),
        (lambda images, pixels: offset(images[..., pixels:], 0, shifted=images[..., :-pixels or None]),
         "are lost"),
        (lambda images, pixels: (images - images.roll(pixels, 3)).square().mean((2, 3)).sqrt(),
         "each channel"),
        (lambda images, pixels: offset(images, 1), "shift by one"),
        (lambda images, pixels: 255 * offset(images, pixels), "bytes"),
        (lambda images, pixels: offset(images, pixels)[:, None, None, None], SHAPE),
        (lambda images, pixels: offset(images, pixels).float(), "float64"),
        (lambda images, pixels: offset(images, pixels) / 2, "does not have the MSE"),
        (lambda images, pixels: offset(images, pixels).mean().item(), "must return a tensor"),
        (lambda images, pixels: offset(images, pixels) + (0.1 if pixels == 0 else 0), "by 0 pixels"),
        (lambda images, pixels: torch.zeros(len(images)) + offset(images, pixels), "on a GPU|float64"),
    ],
}  # fmt: skip

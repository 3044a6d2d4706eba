"""Answers to `reparameterize`."""

import torch
from answers.shared import misused
from torch.distributions import Normal


def noise_like(mu, generator):
    return torch.randn(mu.shape, generator=generator, dtype=mu.dtype)


def made_of(scale=lambda log_var: (log_var / 2).exp(), noise=noise_like, mean=lambda mu, std: mu):
    """mean + scale · noise, with one part replaced."""

    def answer(mu, log_var, *, generator=None):
        std = scale(log_var)
        return mean(mu, std) + std * noise(mu, generator)

    return answer


def one_by_one(mu, log_var, *, generator=None):
    rows = [torch.randn(row.shape, generator=generator).to(row) for row in mu]
    return torch.stack([m + v.exp().sqrt() * n for m, v, n in zip(mu, log_var, rows, strict=True)])


def subtracted(mu, log_var, *, generator=None):
    return mu - torch.exp(0.5 * log_var) * torch.empty_like(mu).normal_(generator=generator)


def with_addcmul(mu, log_var, *, generator=None):
    flat = torch.randn(mu.numel(), generator=generator, dtype=mu.dtype)
    return torch.addcmul(mu, log_var.mul(0.5).exp(), flat.view_as(mu))


def sampled(mu, log_var, *, generator=None):
    return torch.normal(mu, (log_var / 2).exp(), generator=generator)


def without_generator(mu, log_var, *, generator=None):
    return Normal(mu, (log_var / 2).exp()).rsample()


def seeded_inside(mu, log_var, *, generator=None):
    return made_of()(mu, log_var, generator=torch.Generator().manual_seed(0))


def seeded_without(mu, log_var, *, generator=None):
    return made_of()(mu, log_var, generator=generator or torch.Generator().manual_seed(0))


def under_no_grad(mu, log_var, *, generator=None):
    with torch.no_grad():
        return made_of()(mu, log_var, generator=generator)


def detached_std(mu, log_var, *, generator=None):
    return made_of(scale=lambda v: (v / 2).exp().detach())(mu, log_var, generator=generator)


def detached_mean(mu, log_var, *, generator=None):
    return made_of(mean=lambda m, std: m.detach())(mu, log_var, generator=generator)


def in_place(mu, log_var, *, generator=None):
    return mu.add_((log_var / 2).exp() * noise_like(mu, generator))


def pair(mu, log_var, *, generator=None):
    return made_of()(mu, log_var, generator=generator), mu


def half_the_batch(mu, generator):
    """The second half of the batch gets the noise of the first."""
    noise = noise_like(mu, generator)
    return torch.cat([noise, noise])[::2]


def from_a_copy(mu, generator):
    return noise_like(mu, torch.Generator().manual_seed(generator.initial_seed() if generator else 0))


RIGHT = [
    made_of(),
    made_of(scale=lambda v: v.exp().sqrt()),
    made_of(scale=lambda v: v.exp() ** 0.5),
    made_of(noise=lambda mu, g: torch.randn(mu.size(), generator=g).to(mu)),
    one_by_one,
    subtracted,
    with_addcmul,
    made_of(noise=lambda mu, g: torch.randn(mu.shape, generator=g, dtype=torch.float64)),
]
WRONG = [
    (made_of(scale=torch.exp), "by the variance"),
    (made_of(scale=lambda v: (2 * v).exp()), "exp\\(2 log_var\\)"),
    (made_of(scale=lambda v: (-v / 2).exp()), "sign is wrong"),
    (made_of(scale=lambda v: (-v).exp()), "1 / variance"),
    (made_of(scale=lambda v: (v / 4).exp()), "root is taken twice"),
    (made_of(scale=lambda v: v), "the logarithm of the variance"),
    (made_of(scale=lambda v: v / 2), "the logarithm of the variance"),
    (made_of(scale=torch.ones_like), "log_var is ignored"),
    (made_of(scale=lambda v: v.exp() + 1e-2), "not mu \\+|standard deviation|log_var / 2"),
    (made_of(mean=lambda mu, std: 0), "mu is missing"),
    (made_of(mean=lambda mu, std: -mu), "mu is subtracted"),
    (made_of(mean=lambda mu, std: mu * std), "mu is scaled"),
    (made_of(noise=lambda mu, g: torch.randn(mu[:1].shape, generator=g).to(mu)), "same noise"),
    (made_of(noise=lambda mu, g: torch.randn(len(mu), *[1] * (mu.ndim - 1), generator=g).to(mu)),
     "every number of a code"),
    (made_of(noise=lambda mu, g: torch.randn((), generator=g).to(mu)), "same noise"),
    (made_of(noise=lambda mu, g: torch.rand(mu.shape, generator=g).to(mu)), "mean 0\\.5"),
    (made_of(noise=lambda mu, g: 2 * torch.rand(mu.shape, generator=g).to(mu) - 1),
     "standard deviation 0\\.5"),
    (made_of(noise=lambda mu, g: 3.4641 * (torch.rand(mu.shape, generator=g).to(mu) - 0.5)),
     "not Gaussian"),
    (made_of(noise=lambda mu, g: torch.randn(mu.shape, generator=g).to(mu) / 2),
     "standard deviation 0\\.5"),
    (made_of(noise=lambda mu, g: 0), "nothing is random"),
    (made_of(noise=lambda mu, g: 1), "nothing is random"),
    (made_of(noise=lambda mu, g: 0.9 * noise_like(mu, g)), "standard deviation 0\\.9"),
    (made_of(noise=lambda mu, g: noise_like(mu, g).clamp(-2, 2)), "standard deviation|not Gaussian"),
    (made_of(noise=half_the_batch), "more than once"),
    (made_of(noise=from_a_copy), "in every call"),
    (made_of(scale=lambda v: v.exp() / 2), "by the variance|inside the exponent"),
    (made_of(scale=lambda v: (v.clamp(-8, 8) / 2).exp()), "clamped|not mu"),
    (made_of(scale=lambda v: (v.exp() + 1e-6).sqrt()), "small constant"),
    (lambda mu, v, *, generator=None: made_of()(v, mu, generator=generator), "changed places"),
    (lambda mu, v, *, generator=None: made_of()(mu, v, generator=generator).long(), "float32"),
    (lambda mu, log_var, *, generator=None: mu, "nothing is random"),
    (sampled, "no gradient flows"),
    (under_no_grad, "no gradient flows"),
    (without_generator, "generator=generator"),
    (made_of(noise=lambda mu, g: torch.randn_like(mu)), "generator=generator"),
    (lambda mu, v, *, generator=None: Normal(mu, (v / 2).exp()).sample(), "no gradient flows"),
    (lambda mu, v, *, generator=None: mu + v.exp() * torch.randn_like(mu), "by the variance"),
    (lambda mu, v, *, generator=None: mu + (v / 2).exp() * torch.randn_like(mu[:1]), "same noise"),
    (lambda mu, v, *, generator=None: mu + (v / 2).exp() * torch.rand_like(mu), "mean 0\\.5"),
    (seeded_inside, "different seeds"),
    (seeded_without, "without a generator"),
    (detached_std, "reaches log_var"),
    (detached_mean, "reaches mu"),
    (in_place, "in place"),
    (pair, "must return a tensor"),
    (lambda mu, log_var, *, generator=None: made_of()(mu, log_var, generator=generator).sum(1),
     "must return shape"),
    (lambda mu, log_var: mu + (log_var / 2).exp() * torch.randn_like(mu), "generator"),
    *misused(made_of()),
]  # fmt: skip

"""Answers to `discriminator_loss`."""

import torch
from answers.shared import SHAPE
from torch.nn import functional as F

BCE = F.binary_cross_entropy_with_logits


def labelled(real, fake):
    return BCE(real, torch.ones_like(real)) + BCE(fake, torch.zeros_like(fake))


def one_batch(real, fake):
    logits, labels = torch.cat([real, fake]), torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    return BCE(logits, labels)


def probabilities(real, fake):
    return -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean())


def epsilon(real, fake):
    on_real, on_fake = real.double().sigmoid() + 1e-12, 1 - fake.double().sigmoid() + 1e-12
    return -(on_real.log().mean() + on_fake.log().mean()).to(real.dtype)


RIGHT = [
    labelled,
    lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
    lambda real, fake: -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean(),
    lambda real, fake: torch.logaddexp(-real, 0 * real).mean() + torch.logaddexp(fake, 0 * fake).mean(),
]
WRONG = [
    (lambda a, b: F.binary_cross_entropy_with_logits(a, torch.ones(a.shape, dtype=a.dtype))
     + F.softplus(b).mean(), "on a GPU"),
    (lambda real, fake: labelled(fake, real), "changed places"),
    (lambda real, fake: F.softplus(real).mean() + F.softplus(-fake).mean(), "changed places"),
    (lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(), "sum over the batch"),
    (lambda real, fake: labelled(real, fake) / 2, "half"),
    (one_batch, "one mean over both"),
    (lambda real, fake: 2 * one_batch(real, fake), "batches of one size"),
    (lambda real, fake: BCE(real, 0 * real + 1) + BCE(fake, 0 * fake + 0.1), "smoothed to 0.1"),
    (lambda real, fake: -labelled(real, fake), "maximises"),
    (lambda real, fake: BCE(real, torch.ones_like(real)), "only the real batch"),
    (lambda real, fake: BCE(fake, torch.zeros_like(fake)), "only the fake batch"),
    (lambda real, fake: F.softplus(-real).mean() + F.softplus(-fake).mean(), "the generator's"),
    (lambda real, fake: F.softplus(real).mean() + F.softplus(fake).mean(), "calls real images fake"),
    (lambda real, fake: F.softplus(-real).mean() - F.softplus(fake).mean(), "subtracted"),
    (lambda real, fake: labelled(real.sigmoid(), fake.sigmoid()), "twice"),
    (lambda real, fake: fake.mean() - real.mean(), "Wasserstein"),
    (lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(), "hinge"),
    (lambda real, fake: (real - 1).square().mean() + fake.square().mean(), "least-squares"),
    (lambda real, fake: BCE(real, 0.9 + 0 * real) + BCE(fake, 0 * fake), "smoothed"),
    (lambda real, fake: fake.sigmoid().mean() - real.sigmoid().mean(), "logarithm is missing"),
    (probabilities, "inf or NaN for logits of"),
    (lambda real, fake: torch.log1p(torch.exp(-real)).mean() + torch.log1p(torch.exp(fake)).mean(),
     "inf or NaN for logits of"),
    (epsilon, "clamp or a small constant"),
    (lambda real, fake: labelled(real.clamp(-50, 50), fake.clamp(-50, 50)), "clamp or a small constant"),
    (lambda real, fake: -(real.log().mean() + (1 - fake).log().mean()), "forget the sigmoid"),
    (lambda real, fake: labelled(real, fake.detach()), "gradient is not"),
    (lambda real, fake: labelled(real, fake).detach(), "no gradient"),
    (lambda real, fake: labelled(real, fake).item(), "must return a tensor"),
    (lambda real, fake: labelled(real, fake).view(1), SHAPE),
    (lambda real, fake: (real.sigmoid() - 1).square().mean() + fake.sigmoid().square().mean(),
     "squared error of prob"),
    (lambda real, fake: 1.1 * labelled(real, fake), "this is not mean"),
]  # fmt: skip

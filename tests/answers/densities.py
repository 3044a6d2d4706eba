"""Answers to chapter 1's exercises about distances, densities and draws."""

import math
from fractions import Fraction

import torch

from answers.shared import SHAPE


def spread(images, *, generator=None, noise=torch.rand, scale=256, shape=None, shift=0.0):
    values = (images * 255).round()
    u = noise(shape or images.shape, generator=generator, dtype=images.dtype)
    return (values + u + shift) / scale


def spread_in_place(images, *, generator=None):
    values = (images * 255).round()
    return values.add_(torch.empty_like(values).uniform_(generator=generator)).div_(256)


def best(train, held_out, *, widths=None, score=None, power=None, reference=None, pick=max, underflow=False):
    """The width with the best score; the options are what students get wrong."""
    squares = torch.cdist(train if reference == "train" else held_out, train).square()
    num_dims = train.shape[1] if power is None else power
    widths = train.std() * torch.logspace(-2.3, 1.3, 80) if widths is None else widths

    def value(width):
        kernels = -squares / (2 * width**2)
        log_sum = kernels.exp().sum(1).log() if underflow else kernels.logsumexp(1)
        log_p = log_sum - num_dims * math.log(width)
        return (score or torch.mean)(log_p).item()

    return pick(widths.tolist(), key=value)


def golden(train, held_out):
    """By halving an interval of log widths, in float64."""
    squares = torch.cdist(held_out.double(), train.double()).square()

    def loss(log_width):
        kernels = -squares / (2 * math.exp(2 * log_width)) - train.shape[1] * log_width
        return -kernels.logsumexp(1).mean().item()

    low, high = math.log(train.std()) - 5, math.log(train.std()) + 2
    for _ in range(30):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, second) if loss(first) < loss(second) else (first, high)
    return torch.tensor(math.exp(low))


def draw(probabilities, num_images, *, generator=None):
    return torch.multinomial(probabilities, num_images, True, generator=generator).T / 255


def by_inversion(probabilities, num_images, *, generator=None, shared=False):
    u = torch.rand(len(probabilities), num_images, generator=generator)
    u = u[:1].expand(len(probabilities), -1) if shared else u
    return torch.searchsorted(probabilities.cumsum(1), u.contiguous()).clamp(max=255).T / 255


def pixel_by_pixel(probabilities, num_images, *, generator=None):
    draws = [torch.multinomial(p, num_images, replacement=True, generator=generator) for p in probabilities]
    return torch.stack(draws, 1).float() / 255


RIGHT = {
    "noisy_copy_novelty": [
        lambda: 2.8,
        lambda: Fraction(14, 5),
        lambda: torch.tensor(0.1 * 28),
        lambda: 0.1 * math.sqrt(784),
    ],
    "dequantize": [
        spread,
        spread_in_place,
        lambda images, *, generator=None: (
            (images * 255).round() / 256 + torch.rand(images.shape, generator=generator).to(images) / 256
        ),
        lambda images, *, generator=None: spread(images, generator=generator).clamp(max=1 - 2**-24),
    ],
    "sample_pixels": [draw, by_inversion, pixel_by_pixel],
    "best_sigma": [best, golden, lambda t, h: best(t, h, widths=t.std() * torch.logspace(-2, 1, 60))],
    "jensen_gap": [
        lambda log_p: log_p.logsumexp(0) - math.log(len(log_p)) - log_p.mean(0),
        lambda log_p: (log_p - log_p.mean(0)).exp().mean(0).log(),
        lambda log_p: (log_p - log_p.amax(0)).exp().mean(0).log() - (log_p - log_p.amax(0)).mean(0),
    ],
}
WRONG = {
    "noisy_copy_novelty": [
        (lambda: 0.1, "noise in one pixel"),
        (lambda: 78.4, "sum over the pixels"),
        (lambda: 7.84, "squared distance"),
        (lambda: 0, "no longer at distance 0"),
        (lambda: 0.1 * math.sqrt(2 * 784), "added once"),
        (lambda: math.sqrt(78.4), "squared before it is summed"),
        (lambda: 0.53, "28 pixels"),
        (lambda: 3.5, "test images"),
        (lambda: 1.7, "another distance"),
        (lambda: "2.8", "must return a number"),
        (lambda: [2.8, 2.8], "one number"),
        (lambda: [2.8], "the number itself, not a list"),
        (lambda: torch.tensor(2.8 + 0j), "a real number"),
    ],
    "dequantize": [
        (lambda images, *, generator=None: images, "no noise"),
        (lambda images, *, generator=None: (images * 255).round() / 256, "no noise"),
        (lambda images, *, generator=None: spread(images, generator=generator, scale=255), "leaves"),
        (lambda images, *, generator=None: images + spread(0 * images, generator=generator), "stay at v"),
        (lambda images, *, generator=None: spread(images, generator=generator, scale=1), "bytes plus noise"),
        (lambda images, *, generator=None: spread(images, generator=generator, shift=-0.5), "centred"),
        (lambda images, *, generator=None: spread(images, generator=generator, shift=-1), "taken off"),
        (lambda images, *, generator=None: spread(images, generator=generator, noise=torch.randn), "leave"),
        (lambda images, *, generator=None: spread(images, generator=generator, shape=(1,)), "all pixels"),
        (lambda images, *, generator=None: spread(images, generator=generator, shape=images.shape[1:]),
         "every image gets the same|all pixels"),
        (lambda images, *, generator=None: spread(
            images, generator=generator, shape=(len(images), *[1] * (images.ndim - 1))),
         "all pixels of an image|to all pixels"),
        (lambda images, *, generator=None: spread(
            images, generator=generator, noise=lambda *a, **k: torch.rand(*a, **k) / 2), "evenly"),
        (lambda images, *, generator=None: spread(
            images, generator=generator, noise=lambda *a, **k: torch.rand(*a, **k).square()), "evenly"),
        (lambda images, *, generator=None: spread(
            images, generator=generator, shape=(*images.shape[:-2], 1, images.shape[-1])),
         "rows get the same|on an axis|every image|all pixels"),
        (lambda images, *, generator=None: spread(images), "same seed"),
        (lambda images, *, generator=None: spread(images, generator=torch.Generator().manual_seed(0)),
         "different seeds"),
        (lambda images, *, generator=None: spread(images, generator=generator).clamp(0, 0.9), "leave"),
        (lambda images, *, generator=None: spread(images, generator=generator).float()
         if images.dtype == torch.float32 else spread(images.float(), generator=generator), "float64"),
        (lambda images, *, generator=None: spread(images, generator=generator).flatten(1), "shape"),
        (lambda images, *, generator=None: images.mul_(255).add_(
            torch.rand(images.shape, generator=generator)).div_(256), "in place"),
    ],
    "sample_pixels": [
        (lambda p, n, *, generator=None: p.argmax(1).expand(n, -1) / 255, "likeliest"),
        (lambda p, n, *, generator=None: (p @ torch.arange(256.0)).expand(n, -1) / 255, "no bytes over 255"),
        (lambda p, n, *, generator=None: draw(p, 1, generator=generator).expand(n, -1), "are the same"),
        (lambda p, n, *, generator=None: draw(p, n, generator=generator) * 255, "these are bytes"),
        (lambda p, n, *, generator=None: draw(p, n, generator=generator) * 255 / 256, "v / 256"),
        (lambda p, n, *, generator=None: draw(p, n, generator=generator).T, SHAPE + "|must return shape"),
        (lambda p, n, *, generator=None: draw(p, n, generator=generator).T.reshape(n, -1), "mixes them"),
        (lambda p, n, *, generator=None: by_inversion(p, n, generator=generator, shared=True),
         "rise and fall"),
        (lambda p, n, *, generator=None: draw(p, n), "same seed"),
        (lambda p, n, *, generator=None: draw(p, n, generator=torch.Generator().manual_seed(0)), "differ"),
        (lambda p, n, *, generator=None: draw(p.mean(0).expand_as(p), n, generator=generator), "one hist"),
        (lambda p, n, *, generator=None: torch.randint(256, (n, len(p)), generator=generator) / 255, "even"),
        (lambda p, n, *, generator=None: draw(p.roll(1, 1), n, generator=generator), "one too large"),
        (lambda p, n, *, generator=None: draw(p, n, generator=generator).sort(0).values, "in order"),
        (lambda p, n, *, generator=None: torch.multinomial(p, n, generator=generator).T / 255, "raised"),
    ],
    "best_sigma": [
        (lambda t, h: best(t, h, reference="train"), "\\*training"),
        (lambda t, h: best(t, h, power=0), "volume"),
        (lambda t, h: best(t, h, power=1), "volume"),
        (lambda t, h: best(t, h, pick=min), "sign is wrong"),
        (lambda t, h: best(t, h, score=lambda log_p: log_p.logsumexp(0)), "averages|below|as small|as la"),
        (lambda t, h: best(t, h) ** 2, "variance"),
        (lambda t, h: best(h, t), "changed places|below"),
        (lambda t, h: best(t, h, underflow=True), "raised|below|training"),
        (lambda t, h: best(t, h, widths=torch.tensor([0.1, 1, 10])), "coarse|training|volume"),
        (lambda t, h: 0.0, "positive"),
        (lambda t, h: -best(t, h), "positive"),
        (lambda t, h: 0.14, "below|range|as small|as large"),
        (lambda t, h: torch.stack([t.std()] * 2), "one number"),
    ],
    "jensen_gap": [
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
    ],
}  # fmt: skip

"""Answers to `sample_pixels`."""

import torch
from answers.shared import SHAPE, misused


def draw(probabilities, num_images, *, generator=None):
    return torch.multinomial(probabilities, num_images, True, generator=generator).T / 255


def by_inversion(probabilities, num_images, *, generator=None, shared=False):
    u = torch.rand(len(probabilities), num_images, generator=generator)
    u = u[:1].expand(len(probabilities), -1) if shared else u
    return torch.searchsorted(probabilities.cumsum(1), u.contiguous()).clamp(max=255).T / 255


def pixel_by_pixel(probabilities, num_images, *, generator=None):
    draws = [torch.multinomial(p, num_images, replacement=True, generator=generator) for p in probabilities]
    return torch.stack(draws, 1).float() / 255


RIGHT = [draw, by_inversion, pixel_by_pixel]
WRONG = [
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
    (lambda p, n, *, generator=None: draw(p.flip(1), n, generator=generator), "frequencies are not those"),
    *misused(draw),
]  # fmt: skip

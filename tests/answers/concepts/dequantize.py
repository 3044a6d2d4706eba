"""Answers to `dequantize`."""

import torch
from answers.shared import misused


def spread(images, *, generator=None, noise=torch.rand, scale=256, shape=None, shift=0.0):
    values = (images * 255).round()
    u = noise(shape or images.shape, generator=generator, dtype=images.dtype)
    return (values + u + shift) / scale


def spread_in_place(images, *, generator=None):
    values = (images * 255).round()
    return values.add_(torch.empty_like(values).uniform_(generator=generator)).div_(256)


RIGHT = [
    spread,
    spread_in_place,
    lambda images, *, generator=None: (
        (images * 255).round() / 256 + torch.rand(images.shape, generator=generator).to(images) / 256
    ),
    lambda images, *, generator=None: spread(images, generator=generator).clamp(max=1 - 2**-24),
]
WRONG = [
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
    (lambda images, *, generator=None: spread(images, generator=generator).double(),
     "float32 images must give"),
    *misused(spread),
]  # fmt: skip

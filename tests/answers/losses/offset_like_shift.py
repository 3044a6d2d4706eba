"""Answers to `offset_like_shift`."""

import math

import torch
from answers.shared import SHAPE
from torch.nn import functional as F


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


RIGHT = [
    offset,
    offset_by_loop,
    offset_by_bisection,
    lambda images, pixels: (images - images.roll(-pixels, 3)).square().mean((1, 2, 3)) ** 0.5,
    lambda images, pixels: (
        torch.linalg.vector_norm(images - images.roll(pixels, 3), dim=(1, 2, 3))
        / math.sqrt(images[0].numel())
    ),
]
WRONG = [
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
    (lambda images, pixels: -offset(images, pixels), "the other root"),
    (lambda images, pixels: (images - images.roll(pixels, 3)).square().mean((2, 3)).sqrt().mean(1),
     "for each channel, averaged"),
]  # fmt: skip

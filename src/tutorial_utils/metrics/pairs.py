"""Numbers that say how far an image is from the one it should be (chapter 2)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.images import check_images


def _check_pair(images: Tensor, reference: Tensor) -> None:
    check_images(images)
    check_images(reference, name="reference")
    if images.shape != reference.shape:
        raise ValueError(
            f"images and reference must have one shape, not {tuple(images.shape)} "
            f"and {tuple(reference.shape)}"
        )


def psnr(images: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, -10 log10 of the mean squared error: (B,), inf for equals.

    Both (B, C, H, W) in [0, 1], so the peak is 1. Raises `ValueError` for anything else.
    """
    _check_pair(images, reference)
    return -10 * (images - reference).square().flatten(1).mean(1).log10()


def gaussian_window(size: int = 11, sigma: float = 1.5) -> Tensor:
    """Weights (size, size) that sum to 1, float32."""
    ticks = torch.arange(size) - (size - 1) / 2
    line = torch.softmax(-ticks.square() / (2 * sigma**2), 0)
    return line[:, None] * line


def ssim(images: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004, eq. 13): (B,), 1 for equals, down to -1. Differentiable.

    Both (B, C, H, W) in [0, 1], at least 11 pixels a side. The window is 11 × 11, Gaussian with sigma 1.5,
    and used only where it fits whole; the value is the mean over its places and the channels.
    Raises `ValueError` for anything else.
    """
    _check_pair(images, reference)
    if min(images.shape[2:]) < 11:
        raise ValueError(f"ssim needs at least 11 × 11 pixels, not {tuple(images.shape[2:])}")
    x, y = images.flatten(0, 1)[:, None], reference.flatten(0, 1)[:, None]  # (B·C, 1, H, W)
    window = gaussian_window().to(x)[None, None]
    mean_x, mean_y = F.conv2d(x, window), F.conv2d(y, window)
    var_x = F.conv2d(x * x, window) - mean_x**2
    var_y = F.conv2d(y * y, window) - mean_y**2
    cov = F.conv2d(x * y, window) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return similarity.flatten(1).mean(1).unflatten(0, images.shape[:2]).mean(1)

"""Numbers that say how far an image is from the one it should be (chapter 2).

They depend on the images alone, not on their precision or that of the surroundings (autocast, TF32): computed
in float64 (on the CPU, where a device has none), returned in float32, or float64 where one of the images is.
"""

import torch
from torch import Tensor

from tutorial_utils.images import check_images
from tutorial_utils.metrics.inputs import reachable

SIZE, SIGMA = 11, 1.5  # of ssim's window


def _check_pair(images: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float64. Raises `ValueError` unless they are images of one shape on one device."""
    check_images(images)
    check_images(reference, name="reference")
    if images.shape != reference.shape:
        raise ValueError(
            f"images and reference must have one shape, not {tuple(images.shape)} "
            f"and {tuple(reference.shape)}"
        )
    if images.device != reference.device:
        raise ValueError(f"images are on {images.device}, reference on {reference.device}: move one of them")
    return reachable(images).double(), reachable(reference).double()


def _give_back(values: Tensor, images: Tensor, reference: Tensor) -> Tensor:
    """The values where the images are, in float32 at least."""
    dtype = torch.promote_types(torch.promote_types(images.dtype, reference.dtype), torch.float32)
    return values.to(dtype).to(images.device)


def psnr(images: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in decibels, -10 log10 of the mean squared error: (B,), inf for equals.

    Both (B, C, H, W) in [0, 1], so the peak is 1. Differentiable. Raises `ValueError` for anything else.
    """
    x, y = _check_pair(images, reference)
    return _give_back(-10 * (x - y).square().flatten(1).mean(1).log10(), images, reference)


def _gaussian(size: int, sigma: float, dtype: torch.dtype) -> Tensor:
    """Weights (size,) that sum to 1."""
    ticks = torch.arange(size, dtype=dtype, device="cpu") - (size - 1) / 2
    return torch.softmax(-ticks.square() / (2 * sigma**2), 0)


def gaussian_window(size: int = SIZE, sigma: float = SIGMA) -> Tensor:
    """Weights (size, size) that sum to 1, float32 on the CPU."""
    line = _gaussian(size, sigma, torch.float32)
    return line[:, None] * line


def _blur(x: Tensor, weights: list[float]) -> Tensor:
    """Each window's weighted mean, where it fits whole: (..., H, W) to (..., H - size + 1, W - size + 1).

    Sums of shifted copies, down and across: no setting for convolutions or matrix products changes them.
    """
    for axis in (-2, -1):
        room = x.shape[axis] - len(weights) + 1
        x = sum(weight * x.narrow(axis, shift, room) for shift, weight in enumerate(weights))
    return x


def ssim(images: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004, eq. 13): (B,), 1 for equals, down to -1. Differentiable.

    Both (B, C, H, W) in [0, 1], at least 11 pixels a side. The window is 11 × 11, Gaussian with sigma 1.5,
    and used only where it fits whole; the value is the mean over its places and the channels.
    Raises `ValueError` for anything else.
    """
    x, y = _check_pair(images, reference)
    if min(x.shape[2:]) < SIZE:
        raise ValueError(f"ssim needs at least {SIZE} × {SIZE} pixels, not {tuple(x.shape[2:])}")
    weights = _gaussian(SIZE, SIGMA, x.dtype).tolist()
    mean_x, mean_y = _blur(x, weights), _blur(y, weights)
    var_x = _blur(x * x, weights) - mean_x**2
    var_y = _blur(y * y, weights) - mean_y**2
    cov = _blur(x * y, weights) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return _give_back(similarity.flatten(1).mean(1), images, reference)

"""The check of `offset_like_shift`: the offset that costs as much as a shift."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import call, check, expect, expect_any_device


@check(
    "offset_like_shift",
    "If every pixel is changed by c, what is the MSE? Set it equal to the MSE of the shift.",
    "c² is the mean over one image's pixels of (image - shifted)². torch.roll(images, pixels, 3) shifts.",
)
def check_offset_like_shift(fn: Callable) -> None:
    """`fn(images, pixels)`: (B,), the offset c ≥ 0 with the MSE of a shift, for images (B, C, H, W)."""
    for shape, pixels, dtype in (
        ((5, 3, 6, 8), 2, torch.float32),
        ((3, 1, 9, 7), 1, torch.float64),
        ((1, 1, 7, 6), 3, torch.float32),
    ):
        contrast = 0.3 + 0.7 * torch.rand(shape[0], 1, 1, 1, dtype=dtype)
        contrast[0] = 1  # bright enough for a clamp to be noticed
        images = contrast * torch.rand(shape, dtype=dtype)
        _compare(fn, images, pixels)
    still = call(fn, images, 0)
    expect(still, torch.zeros(1), otherwise="a shift by 0 pixels costs nothing: the offset is 0.")
    expect_any_device(lambda images: fn(images, 1), images)


def _compare(fn: Callable, images: Tensor, pixels: int) -> None:
    expect(
        call(fn, images, pixels),
        _offset(images - images.roll(pixels, 3)),
        _wrong_means(images, pixels) | _wrong_shifts(images, pixels),
        otherwise="added to every pixel, this offset does not have the MSE of the shifted image. Nothing is "
        "clamped.",
        tolerance=1e-3,
    )


def _offset(difference: Tensor) -> Tensor:
    return difference.square().flatten(1).mean(1).sqrt()


def _wrong_means(images: Tensor, pixels: int) -> dict[str, Tensor | list[Tensor]]:
    difference = images - images.roll(pixels, 3)
    square, right, count = difference.square(), _offset(difference), len(images)
    whole, sums = square.mean().sqrt(), square.flatten(1).sum(1)
    return {
        "c is at least 0. This is the other root.": -right,
        "this is one number for each channel, averaged. Average the squares over the channels, then take the "
        "root.": square.mean((2, 3)).sqrt().mean(1),
        "this is the MSE itself. Changing every pixel by c costs c²: take the root.": right.square(),
        "this sums over the pixels. MSE is their mean.": [sums, sums.sqrt()],
        "this averages over the batch as well: one number for all. Return one for each image.": [
            whole, whole.expand(count), right.mean(), right.mean().expand(count), whole.square(),
            whole.square().expand(count),
        ],
        "this is the mean absolute difference. Square, average, and take the root.":
        difference.abs().flatten(1).mean(1),
        "the differences cancel, as long as they are not squared.": torch.zeros_like(right),
        "this is one number for each channel. Average over an image's channels, too.":
        square.mean((2, 3)).sqrt(),
        "this is in bytes, 0 to 255. Images are in [0, 1].": 255 * right,
    }  # fmt: skip


def _wrong_shifts(images: Tensor, pixels: int) -> dict[str, Tensor | list[Tensor]]:
    width = images.shape[3]
    padded = F.pad(images, (pixels, 0))[..., :width], F.pad(images, (0, pixels))[..., pixels:]
    return {
        "the image moves down, or over another axis. Its width is the last axis, 3.":
        [_offset(images - images.roll(pixels, axis)) for axis in (2, 1, 0)],
        "torch.roll without dims rolls the flattened tensor: each row gets pixels of the row above, and each "
        "image some of another. Roll over axis 3.": _offset(images - images.roll(pixels)),
        "the columns that leave the image are lost here. torch.roll brings them in at the other side.":
        [*(_offset(images - moved) for moved in padded),
         _offset(images[..., pixels:] - images[..., :-pixels])],
        "this holds for a shift by one pixel. Use pixels.": _offset(images - images.roll(1, 3)),
    }  # fmt: skip

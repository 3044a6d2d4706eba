"""The check of `conv2d`: by hand, so it listens for the library's convolutions."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from tutorial_utils.checks.core import CheckFailed, NotAttempted, call, call_with_gradients, check, expect


class _Listener(TorchFunctionMode):
    """Notes the name of the library's convolution, should one be called."""

    name: str | None = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        called = getattr(func, "__name__", str(func))
        if "conv" in called.lower():
            self.name = called
        return func(*args, **(kwargs or {}))


@check(
    "conv2d",
    "Write it for one output channel and one place first: cut the patch image[:, y : y + kH, x : x + kW] "
    "and sum its product with one kernel over all three axes. With a stride, y and x go in steps.",
    "H' = (H + 2 * padding - kH) // stride + 1. Pad with zeros before anything else: "
    "F.pad(image, (padding,) * 4).",
    "As a matrix product: F.unfold(image[None], (kH, kW), padding=padding, stride=stride)[0] is "
    "(C * kH * kW, H' * W'). Which shape must the kernels have, so that one @ does it?",
    "Or loop over the kernel: its place (i, j) meets image[:, i::stride, j::stride], cut to H' × W'. "
    "Multiply with kernel[:, :, i, j], summed over the channels, and add up.",
)
def check_conv2d(fn: Callable) -> None:
    """`fn(image, kernel, *, stride=1, padding=0)`: (C, H, W) and (O, C, kH, kW) give (O, H', W')."""
    listener = _Listener()

    @wraps(fn)
    def overheard(*args, **options):
        with listener:
            return fn(*args, **options)

    problem = "the numbers are right, but"
    try:
        _check_values(overheard)
        _check_gradients(overheard)
    except NotAttempted:
        raise
    except CheckFailed as failure:
        if listener.name is None:
            raise
        problem = f"{failure} And"
    if listener.name is not None:
        raise CheckFailed(
            f"{problem} it calls the library's {listener.name}. Here the sum is yours to write: loop over "
            "the places, or make every patch a column (F.unfold) and take one matrix product."
        )


def _check_values(fn: Callable) -> None:
    for channels, num_kernels, size, kernel_size, options, dtype in (
        (3, 2, (7, 9), (3, 3), {}, torch.float32),
        (1, 1, (6, 7), (3, 3), {}, torch.float32),
        (2, 3, (6, 5), (2, 3), {}, torch.float32),
        (2, 2, (7, 8), (3, 3), {"padding": 1}, torch.float32),
        (2, 2, (9, 8), (3, 3), {"stride": 2}, torch.float32),
        (3, 4, (8, 11), (3, 2), {"stride": 3, "padding": 2}, torch.float64),
        (4, 2, (5, 4), (1, 1), {}, torch.float32),
        (2, 3, (4, 5), (4, 5), {}, torch.float32),
    ):
        image = torch.randn(channels, *size, dtype=dtype)
        kernel = torch.randn(num_kernels, channels, *kernel_size, dtype=dtype)
        value = call(fn, image, kernel, **options)
        stride, padding = options.get("stride", 1), options.get("padding", 0)
        expect(
            value,
            _conv(image, kernel, stride, padding),
            partial(_mistakes, image, kernel, stride, padding),
            otherwise="this is not the sum, over the channels and the kernel's places, of image times kernel "
            f"(a {size[0]} × {size[1]} image with {channels} channels, {num_kernels} kernels of "
            f"{kernel_size[0]} × {kernel_size[1]}, stride {stride}, padding {padding}).",
        )


def _check_gradients(fn: Callable) -> None:
    image, kernel, weight = torch.randn(2, 5, 6), torch.randn(3, 2, 3, 3), torch.randn(3, 3, 4)
    found = call_with_gradients(lambda x, k: (fn(x, k) * weight).sum(), image, kernel)[1]
    right = call_with_gradients(lambda x, k: (_conv(x, k, 1, 0) * weight).sum(), image, kernel)[1]
    for name, gradient, expected in zip(("image", "kernel"), found, right, strict=True):
        expect(
            gradient,
            expected,
            otherwise=f"the values are right, but the gradient with respect to the {name} is not: a part of "
            "the sum is cut off from it, such as by .item(), .data or torch.tensor(...).",
        )


def _conv(image: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(image[None], kernel, stride=stride, padding=padding)[0]


def _mistakes(image: Tensor, kernel: Tensor, stride: int, padding: int) -> dict[str, Tensor]:
    right = _conv(image, kernel, stride, padding)
    mistakes = {
        "the kernel is flipped, as in the mathematician's convolution. Networks don't flip: the kernel lies "
        "on the patch as it is.": _conv(image, kernel.flip(2, 3), stride, padding),
        "this is the mean over the kernel's places and channels. A convolution sums.":
        right / kernel[0].numel(),
        "this is the mean over the kernel's places. A convolution sums.": right / kernel[0, 0].numel(),
        "this is the mean over the channels. A convolution sums over them.": right / len(image),
        "height and width have changed places in the result.": right.mT,
        **_wrong_strides(image, kernel, stride, padding),
        "only the first channel of the image is used. Sum over all of them.":
        _conv(image[:1], kernel[:, :1], stride, padding),
        "every output channel uses the first kernel. Each has its own.": right[:1].expand_as(right),
    }  # fmt: skip
    if len(kernel) == 1:
        mistakes["the axis of the output channels is missing for a single kernel: keep it."] = right[0]
    else:
        mistakes["the kernels' results are summed. Each kernel gives one output channel."] = right.sum(0)
    if kernel.shape[2] == kernel.shape[3]:
        transposed = _conv(image, kernel.mT, stride, padding)
        mistakes["the kernel's rows and columns have changed places."] = transposed
    return mistakes | (_wrong_paddings(image, kernel, stride, padding) if padding else {})


def _wrong_strides(image: Tensor, kernel: Tensor, stride: int, padding: int) -> dict[str, Tensor]:
    close = _conv(image, kernel, 1, padding)
    height, width = _conv(image, kernel, stride, padding).shape[1:]
    return {
        "the stride is not used: the patches lie one pixel apart.": close,
        "the stride is used downwards only, not across.": close[:, ::stride],
        "the stride is used across only, not downwards.": close[:, :, ::stride],
        "H' and W' are right, but the slices go in steps of 1. Go in steps of the stride.":
        close[:, :height, :width],
    }  # fmt: skip


def _wrong_paddings(image: Tensor, kernel: Tensor, stride: int, padding: int) -> dict[str, Tensor]:
    def padded(*sides: int, **options: Any) -> Tensor:
        return _conv(F.pad(image, sides, **options), kernel, stride, 0)

    everywhere = (padding,) * 4
    return {
        "the padding is not used.": _conv(image, kernel, stride, 0),
        "the border is filled with copies of the edge. Pad with zeros.": padded(
            *everywhere, mode="replicate"
        ),
        "the border is filled with ones. Pad with zeros.": padded(*everywhere, value=1.0),
        "the padding is at the right and at the bottom only. Pad all four sides.": padded(
            0, padding, 0, padding
        ),
        "the padding is at the left and at the top only. Pad all four sides.": padded(padding, 0, padding, 0),
        "the padding is on all sides, but twice as wide.": _conv(image, kernel, stride, 2 * padding),
    }

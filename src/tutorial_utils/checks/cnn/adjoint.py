"""The check of `adjoint`: the transpose of a convolution, by its inner products."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    Mistakes,
    call,
    call_with_gradients,
    check,
    expect,
    expect_any_device,
)


@check(
    "adjoint",
    "Write ⟨conv2d(x, k), y⟩ as one sum over all indices. Which numbers of y and of the kernel meet "
    "x[c, a, b]?",
    "y[o, a - i, b - j] meets kernel[o, c, i, j]: as i grows, the place in y shrinks. So the kernel lies "
    "flipped on y, and y needs kH - 1 zeros above and below, kW - 1 at either side.",
    "F.conv2d sums over the second axis of its kernels, and here the sum is over o: swap the first two axes "
    "of the kernel (kernel.transpose(0, 1)), and flip the last two.",
)
def check_adjoint(fn: Callable) -> None:
    """`fn(y, kernel)`: (O, H', W') and (O, C, kH, kW) give the transpose, (C, H' + kH - 1, W' + kW - 1).

    For all x, ⟨conv2d(x, kernel), y⟩ = ⟨x, fn(y, kernel)⟩, where conv2d has stride 1 and no padding.
    """
    for num_kernels, channels, kernel_size, size, dtype in (
        (3, 3, (3, 3), (5, 6), torch.float32),  # here every mistake fits
        (3, 2, (2, 5), (6, 5), torch.float32),
        (2, 4, (3, 2), (4, 4), torch.float64),
        (1, 1, (3, 3), (6, 4), torch.float32),
        (4, 2, (1, 1), (3, 5), torch.float32),
        (2, 3, (4, 3), (1, 2), torch.float64),
    ):
        y = torch.randn(num_kernels, *size, dtype=dtype)
        kernel = torch.randn(num_kernels, channels, *kernel_size, dtype=dtype)
        value = call(fn, y, kernel)
        expect(
            value,
            F.conv_transpose2d(y[None], kernel)[0],
            partial(_mistakes, y, kernel),
            otherwise="this is not the transpose of conv2d: " + _inner_products(value, y, kernel),
        )
    _check_gradients(fn)
    expect_any_device(fn, y, kernel)


def _mistakes(y: Tensor, kernel: Tensor) -> Mistakes:
    """What the usual mistakes give, where their shapes allow it."""
    right = F.conv_transpose2d(y[None], kernel)[0]
    height, width = kernel.shape[2:]
    return _wrong_kernels_and_padding(y, kernel) | {
        "it is divided by the kernel's size. The transpose of a sum has no mean in it.": [
            right / (height * width), right / kernel[0].numel(), right / kernel[:, 0].numel()],
        "this is the mean over the outputs. Sum over them.": right / len(kernel),
        "only the first output is used. Sum over all of them.":
        F.conv_transpose2d(y[None, :1], kernel[:1])[0],
        "height and width have changed places in the result.": right.mT,
        "the sign is wrong.": -right,
    } | _of_some_shapes(y, kernel)  # fmt: skip


def _conv(y: Tensor, kernel: Tensor, padding: Sequence[int] | None = None) -> Tensor:
    """Of y with as many zeros around it as the transpose needs, or with other padding."""
    full = kernel.shape[2] - 1, kernel.shape[3] - 1
    return F.conv2d(y[None], kernel, padding=full if padding is None else padding)[0]


def _is_small(y: Tensor, kernel: Tensor) -> bool:
    return kernel.shape[2] <= y.shape[1] and kernel.shape[3] <= y.shape[2]


def _wrong_kernels_and_padding(y: Tensor, kernel: Tensor) -> dict[str, Tensor | list[Tensor]]:
    swapped, (height, width) = kernel.transpose(0, 1), kernel.shape[2:]
    flipped, uneven = swapped.flip(2, 3), height != width
    return {
        "the kernel is not flipped. As i grows, the place in y shrinks: flip both of its axes.": [
            _conv(y, swapped), *([_conv(y, swapped, (0, 0))] if _is_small(y, kernel) else [])],
        "the kernel is flipped in one axis only. Flip its rows and its columns.": [
            _conv(y, swapped.flip(2)), _conv(y, swapped.flip(3))],
        "this has the size for padding with k // 2. The transpose is larger than y: pad with k - 1.":
        _conv(y, flipped, (height // 2, width // 2)),
        "height and width are padded with the same number of zeros: kH - 1 above and below, kW - 1 at "
        "either side.": [_conv(y, flipped, (k - 1, k - 1)) for k in (height, width) if uneven],
        "y is padded with k zeros. One less on each side: k - 1.": _conv(y, flipped, (height, width)),
    }  # fmt: skip


def _of_some_shapes(y: Tensor, kernel: Tensor) -> dict[str, Tensor | list[Tensor]]:
    swapped, (height, width) = kernel.transpose(0, 1), kernel.shape[2:]
    small, mistakes = _is_small(y, kernel), {}
    if small:
        mistakes[
            "y is not padded, so the result is smaller than y. The transpose is larger: pad with k - 1."
        ] = _conv(y, swapped.flip(2, 3), (0, 0))
    if height == width:
        mistakes["the kernel's rows and columns have changed places."] = [
            _conv(y, swapped.mT), _conv(y, swapped.flip(2, 3).mT), _conv(y, swapped.flip(3).mT)]  # fmt: skip
    if kernel.shape[0] == kernel.shape[1]:
        mistakes |= {
            "the kernel's two channel axes are not swapped: F.conv2d sums over the second, and here the sum "
            "is over the outputs, the first.": [
                _conv(y, kernel.flip(*axes)) for axes in ((2, 3), (0, 2, 3), (0, 1, 2, 3))],
            "this is conv2d itself, on a padded y: neither flipped nor with its channel axes swapped.": [
                _conv(y, kernel), _conv(y, kernel, (height // 2, width // 2))],
        }  # fmt: skip
        if small:
            mistakes["this is conv2d itself, not its transpose."] = _conv(y, kernel, (0, 0))
    return mistakes


def _inner_products(value: object, y: Tensor, kernel: Tensor) -> str:
    size = y.shape[1] + kernel.shape[2] - 1, y.shape[2] + kernel.shape[3] - 1
    x = torch.randn(kernel.shape[1], *size, dtype=y.dtype)
    if not isinstance(value, Tensor) or value.shape != x.shape:
        return ""  # then this is not the message
    left, right = (F.conv2d(x[None], kernel)[0] * y).sum(), (x * value.detach().cpu()).sum()
    return (
        f"for a random x, ⟨conv2d(x, kernel), y⟩ is {left:.4g}, but ⟨x, adjoint(y, kernel)⟩ is {right:.4g}."
    )


def _check_gradients(fn: Callable) -> None:
    """Where L = ⟨x, fn(y, kernel)⟩, its gradient with respect to y is conv2d(x, kernel)."""
    y, kernel, x = torch.randn(2, 4, 5), torch.randn(2, 3, 3, 2), torch.randn(3, 6, 6)
    found = call_with_gradients(lambda y, kernel: (fn(y, kernel) * x).sum(), y, kernel)[1]
    right = call_with_gradients(lambda y, kernel: (F.conv2d(x[None], kernel)[0] * y).sum(), y, kernel)[1]
    for name, gradient, expected in zip(("y", "the kernel"), found, right, strict=True):
        expect(
            gradient,
            expected,
            otherwise=f"the values are right, but the gradient with respect to {name} is not: a part of the "
            "sum is cut off from it, such as by .detach(), .item() or .data.",
        )

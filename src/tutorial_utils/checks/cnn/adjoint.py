"""The check of `adjoint`: the transpose of a convolution, by its inner products."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import call, call_with_gradients, check, expect, expect_any_device


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
            _adjoint_mistakes(y, kernel),
            otherwise="this is not the transpose of conv2d: " + _inner_products(value, y, kernel),
        )
    _check_gradients(fn)
    expect_any_device(fn, y, kernel)


def _adjoint_mistakes(y: Tensor, kernel: Tensor) -> dict[str, object]:
    """What the usual mistakes give, where their shapes allow it."""
    num_kernels, channels, height, width = kernel.shape
    right = F.conv_transpose2d(y[None], kernel)[0]
    swapped, padding = kernel.transpose(0, 1), (height - 1, width - 1)

    def conv(kernel: Tensor, padding: tuple[int, int] = padding) -> Tensor:
        return F.conv2d(y[None], kernel, padding=padding)[0]

    square = height == width
    small = height <= y.shape[1] and width <= y.shape[2]
    same = num_kernels == channels
    mistakes = {
        "the kernel is not flipped. As i grows, the place in y shrinks: flip both of its axes.": [
            conv(swapped), *([conv(swapped, (0, 0))] if small else [])],
        "the kernel is flipped in one axis only. Flip its rows and its columns.": [
            conv(swapped.flip(2)), conv(swapped.flip(3))],
        "this has the size for padding with k // 2. The transpose is larger than y: pad with k - 1.":
        conv(swapped.flip(2, 3), (height // 2, width // 2)),
        "height and width are padded with the same number of zeros: kH - 1 above and below, kW - 1 at "
        "either side.": [
            conv(swapped.flip(2, 3), (p, p)) for p in padding if height != width],
        "y is padded with k zeros. One less on each side: k - 1.": conv(swapped.flip(2, 3), (height, width)),
        "it is divided by the kernel's size. The transpose of a sum has no mean in it.": [
            right / (height * width), right / kernel[0].numel(), right / kernel[:, 0].numel()],
        "this is the mean over the outputs. Sum over them.": right / num_kernels,
        "only the first output is used. Sum over all of them.":
        F.conv_transpose2d(y[None, :1], kernel[:1])[0],
        "height and width have changed places in the result.": right.mT,
        "the sign is wrong.": -right,
    }  # fmt: skip
    if small:
        mistakes[
            "y is not padded, so the result is smaller than y. The transpose is larger: pad with k - 1."
        ] = conv(swapped.flip(2, 3), (0, 0))
    if square:
        mistakes["the kernel's rows and columns have changed places."] = [
            conv(swapped.mT), conv(swapped.flip(2, 3).mT), conv(swapped.flip(3).mT)]  # fmt: skip
    if same:
        mistakes |= {
            "the kernel's two channel axes are not swapped: F.conv2d sums over the second, and here the sum "
            "is over the outputs, the first.": [conv(kernel.flip(2, 3)), conv(kernel.flip(0, 2, 3)),
                                             conv(kernel.flip(0, 1, 2, 3))],
            "this is conv2d itself, on a padded y: neither flipped nor with its channel axes swapped.": [
                conv(kernel), conv(kernel, (height // 2, width // 2))],
        }  # fmt: skip
        if small:
            mistakes["this is conv2d itself, not its transpose."] = conv(kernel, (0, 0))
    return mistakes


def _inner_products(value: object, y: Tensor, kernel: Tensor) -> str:
    size = y.shape[1] + kernel.shape[2] - 1, y.shape[2] + kernel.shape[3] - 1
    x = torch.randn(kernel.shape[1], *size, dtype=y.dtype)
    if not isinstance(value, Tensor) or value.shape != x.shape:
        return "its shape is another."
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

"""Chapter 3's checks of the way back up: the transpose of a convolution, and the uneven counts it leaves."""

import random
from collections.abc import Callable, Sequence
from math import gcd

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    CheckFailed,
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


@check(
    "uneven_kernels",
    "F.conv_transpose1d(torch.ones(1, 1, n), torch.ones(1, 1, kernel), stride=stride) counts, for each "
    "output pixel, the inputs that contribute. Print some, with n = 20.",
    "Near the two ends fewer inputs reach, for every kernel above 1. Cut off one kernel's length at each "
    "end, and ask whether the counts between are all equal. Which kernels pass, for strides 2, 3 and 4?",
)
def check_uneven_kernels(fn: Callable) -> None:
    """`fn(kernels, stride)`: those of the kernel sizes (1 to 12) with uneven counts, in the order given."""
    draw = random.Random(torch.randint(2**31, ()).item())
    everything = list(range(1, 13))
    for stride, count in ((3, 12), (2, 8), (4, 12), (1, 12), (2, 1), (4, 5), (3, 6)):
        kernels = draw.sample(everything, count)
        if kernels == sorted(kernels):
            kernels.reverse()
        _expect_kernels(fn, kernels, stride)


def _expect_kernels(fn: Callable, kernels: list[int], stride: int) -> None:
    given = list(kernels)
    value = call(fn, given, stride)
    if given != kernels:
        raise CheckFailed("it changes its list of kernels. Make a new list instead.")
    found = _as_list(value)
    right = [kernel for kernel in kernels if _uneven(kernel, stride)]
    if found == right and not any(isinstance(kernel, bool) for kernel in found):
        return
    for message, wrong in _kernel_mistakes(kernels, stride, right).items():
        if found == wrong and wrong != right:
            raise CheckFailed(message)
    for kernel in kernels:
        if (kernel in found) != (kernel in right):
            counts = ", ".join(str(n) for n in _counts(kernel, stride)[: 2 * stride + 1])
            verb = "is missing" if kernel in right else "is in the list"
            raise CheckFailed(
                f"with stride {stride}, kernel size {kernel} {verb}, and in the interior the counts go "
                f"{counts}, ..."
            )
    raise CheckFailed(
        f"of {kernels} with stride {stride} it returned {found}. Each size once, in this order."
    )


def _as_list(value: object) -> list:
    if isinstance(value, set | frozenset):
        raise CheckFailed("a set has no order. Return a list, in the order given.")
    if hasattr(value, "tolist"):  # a tensor, a NumPy array
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise CheckFailed(f"it must return a list of kernel sizes, not {type(value).__name__}.")
    return [kernel.item() if hasattr(kernel, "item") else kernel for kernel in value]


def _counts(kernel: int, stride: int) -> list[int]:
    """How many inputs contribute to each output pixel, away from the ends."""
    counts = F.conv_transpose1d(torch.ones(1, 1, 40), torch.ones(1, 1, kernel), stride=stride)[0, 0]
    return counts[kernel:-kernel].int().tolist()


def _uneven(kernel: int, stride: int) -> bool:
    return len(set(_counts(kernel, stride))) > 1


def _kernel_mistakes(kernels: Sequence[int], stride: int, right: list[int]) -> dict[str, list]:
    """What the usual wrong rules return."""
    rules = {
        "these are the even ones. Return those that give a checkerboard.": lambda k: k not in right,
        "the ends are counted in: fewer inputs reach the first and the last pixels, whatever the kernel. "
        "Look at the interior only.": lambda k: k != stride,
        "these are the odd kernels, which is right for one stride only. Which one?": lambda k: k % 2,
        "these are the uneven ones among kernels larger than the stride. A smaller kernel leaves gaps: "
        "pixels that get nothing beside others that get something.": lambda k: k > stride and k in right,
        "these are the kernels larger than the stride. Not all of them are uneven.": lambda k: k > stride,
        "these are the kernels smaller than the stride, which leave gaps. Overlaps can be uneven, "
        "too.": lambda k: k < stride,
        "kernel and stride have changed places.": lambda k: stride % k,
        "these are all kernels. Where the counts go 2, 2, 2, ... nothing is uneven.": lambda k: True,
        "the list is empty, and some of these are uneven. Is it a transposed convolution, with the stride "
        "that is given?": lambda k: False,
    }
    if stride == 4:
        shared = "these share no factor with the stride. 6 shares one with 4, and is uneven all the same. "
        rules = {f"{shared}Print its counts.": lambda k: gcd(k, stride) == 1, **rules}
    return {message: [k for k in kernels if rule(k)] for message, rule in rules.items()} | {
        "these are the right kernel sizes in another order. Keep the order given.": sorted(right),
        "this is True or False for each kernel. Return the sizes of the uneven ones.":
        [k in right for k in kernels],
        "these are places in the list. Return the kernel sizes.":
        [place for place, k in enumerate(kernels) if k in right],
    }  # fmt: skip

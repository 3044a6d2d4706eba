"""Chapter 3's checks."""

import random
from collections.abc import Callable
from functools import wraps
from itertools import accumulate
from math import prod
from numbers import Real

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
            _mistakes(image, kernel, stride, padding),
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
        "this is the mean over the kernel's places and channels. A convolution sums.": right
        / kernel[0].numel(),
        "this is the mean over the kernel's places. A convolution sums.": right / kernel[0, 0].numel(),
        "this is the mean over the channels. A convolution sums over them.": right / len(image),
        "height and width have changed places in the result.": right.mT,
        "the stride is not used: the patches lie one pixel apart.": _conv(image, kernel, 1, padding),
        "the stride is used downwards only, not across.": _conv(image, kernel, 1, padding)[:, ::stride],
        "the stride is used across only, not downwards.": _conv(image, kernel, 1, padding)[:, :, ::stride],
        "only the first channel of the image is used. Sum over all of them.": _conv(
            image[:1], kernel[:, :1], stride, padding
        ),
        "every output channel uses the first kernel. Each has its own.": right[:1].expand_as(right),
    }
    if len(kernel) == 1:
        mistakes["the axis of the output channels is missing for a single kernel: keep it."] = right[0]
    else:
        mistakes["the kernels' results are summed. Each kernel gives one output channel."] = right.sum(0)
    if kernel.shape[2] == kernel.shape[3]:
        transposed = _conv(image, kernel.mT, stride, padding)
        mistakes["the kernel's rows and columns have changed places."] = transposed
    if stride > 1:
        side_by_side = _conv(image, kernel, 1, padding)[:, : right.shape[1], : right.shape[2]]
        mistakes["H' and W' are right, but the slices go in steps of 1. Go in steps of the stride."] = (
            side_by_side
        )
    if padding:
        sides = (padding,) * 4
        mistakes |= {
            "the padding is not used.": _conv(image, kernel, stride, 0),
            "the border is filled with copies of the edge. Pad with zeros.": _conv(
                F.pad(image, sides, mode="replicate"), kernel, stride, 0
            ),
            "the border is filled with ones. Pad with zeros.": _conv(
                F.pad(image, sides, value=1.0), kernel, stride, 0
            ),
            "the padding is at the right and at the bottom only. Pad all four sides.": _conv(
                F.pad(image, (0, padding, 0, padding)), kernel, stride, 0
            ),
            "the padding is at the left and at the top only. Pad all four sides.": _conv(
                F.pad(image, (padding, 0, padding, 0)), kernel, stride, 0
            ),
            "the padding is on all sides, but twice as wide.": _conv(image, kernel, stride, 2 * padding),
        }
    return mistakes


@check(
    "receptive_field",
    "Start with one output pixel and r = 1. A layer with kernel k on the image itself adds k - 1 pixels.",
    "After a layer of stride 2, neighbours lie 2 input pixels apart: each step of a later kernel is worth "
    "2. Keep this spacing, the product of the strides so far, in a variable.",
    "Which comes first for one layer: adding (k - 1) times the spacing, or multiplying the spacing by the "
    "layer's own stride? Test it with one layer of kernel 3 and stride 2: it sees 3 pixels.",
    "Backwards: n neighbouring outputs of a layer need (n - 1) * s + k of its inputs. Start with n = 1 at "
    "the last layer.",
)
def check_receptive_field(fn: Callable) -> None:
    """`fn(layers)` with layers a list of (kernel, stride): the pixels on a side that one output sees.

    No case leaves a pixel out between two patches, so that counting the pixels and measuring from the first
    to the last give the same.
    """
    draw = random.Random(torch.randint(2**31, ()).item())
    cases = [[(5, 1), (4, 3), (5, 2), (3, 3)], [(3, 1)], [(5, 2)], [(3, 1), (3, 1)], [(2, 2), (3, 1), (3, 2)]]
    cases += [[(3, 1), (1, 2), (3, 1)], [(7, 2), (7, 2), (5, 2), (7, 1)]]
    for _ in range(6):
        depth = draw.randint(2, 6)
        kernels = [draw.choice((1, 2, 3, 5, 7)) for _ in range(depth)]
        cases.append([(kernel, draw.randint(1, min(kernel, 3))) for kernel in kernels])
    for layers in cases:
        given = list(layers)
        value = call(fn, given)
        if given != layers:
            raise CheckFailed("it changes its list of layers. Work on a copy, or only read it.")
        _expect_pixels(value, layers)


def _expect_pixels(value: object, layers: list[tuple[int, int]]) -> None:
    right = _field(layers)
    kind = type(value).__name__
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise CheckFailed(f"it must return one int, the pixels on a side, not {kind}.")
    kernels, strides = zip(*layers, strict=True)
    spacing = [1, *accumulate(strides, lambda a, b: a * b)]  # before each layer, and after the last
    steps = [kernel - 1 for kernel in kernels]
    mistakes = {
        "the strides are not used: after a layer of stride 2, each pixel of a later kernel is worth 2.": 1
        + sum(steps),
        "a layer's own stride is counted for its own kernel. It spaces out the layers after it only.": 1
        + sum(step * after for step, after in zip(steps, spacing[1:], strict=True)),
        "the layers are taken in the wrong order: the first in the list is the one nearest to the image.":
        _field(layers[::-1]),
        "the starting pixel is missing: without any layer an output sees 1 pixel.": right - 1,
        "a kernel of k adds k - 1 steps, not k.": 1
        + sum(kernel * before for kernel, before in zip(kernels, spacing, strict=False)),
        "n neighbouring outputs lie n - 1 strides apart, not n.": right + spacing[-1] - 1,
        "n neighbouring outputs lie n - 1 strides apart, not n. And the last needs k inputs.": right
        + sum(spacing[1:]),
        "a kernel of k adds k - 1 steps, not k; and the strides are not used.": sum(kernels),
        "this is the spacing of the outputs (the product of the strides), not what one of them sees.":
        spacing[-1],
        "the strides are added up. Their product is the spacing.": 1
        + sum(step * before for step, before in zip(steps, accumulate(strides, initial=1), strict=False)),
        "the kernels are multiplied. Each layer adds its steps, spaced by the strides before it.":
        prod(kernels),
        "only the stride of the layer just before is used. The spacing is the product of all strides "
        "before.": 1 + sum(step * before for step, before in zip(steps, (1, *strides), strict=False)),
        "the last layer is left out.": _field(layers[:-1]),
        "the first layer is left out.": _field(layers[1:]),
        "kernel and stride have changed places: a layer is (kernel, stride).":
        _field([(stride, kernel) for kernel, stride in layers]),
        "this is the number of pixels in the square. Return its side.": right**2,
        "this is the radius. Return the whole side.": right // 2,
    }  # fmt: skip
    if value == right:
        if kind != "int":
            raise CheckFailed(f"the number is right, but it must be an int, not {kind}.")
        return
    for message, wrong in mistakes.items():
        if value == wrong:
            raise CheckFailed(message)
    raise CheckFailed(f"for layers (kernel, stride) = {layers} one output sees {right} pixels, not {value}.")


def _field(layers: list[tuple[int, int]]) -> int:
    field, spacing = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * spacing
        spacing *= stride
    return field

"""The check of `receptive_field`: the pixels that one output sees."""

import random
from collections.abc import Callable
from itertools import accumulate
from math import prod
from numbers import Real
from operator import mul

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check


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
    right, kind = _field(layers), type(value).__name__
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise CheckFailed(f"it must return one int, the pixels on a side, not {kind}.")
    if value == right:
        if kind != "int":
            raise CheckFailed(f"the number is right, but it must be an int, not {kind}.")
        return
    for message, wrong in (_wrong_steps(layers) | _wrong_layers(layers)).items():
        if value == wrong:
            raise CheckFailed(message)
    raise CheckFailed(f"for layers (kernel, stride) = {layers} one output sees {right} pixels, not {value}.")


def _wrong_steps(layers: list[tuple[int, int]]) -> dict[str, int]:
    """What comes of other steps, or other spacings, than k - 1 and the product of the strides before."""
    kernels, strides = zip(*layers, strict=True)
    spacing = [1, *accumulate(strides, mul)]  # before each layer, and after the last
    steps, right = [kernel - 1 for kernel in kernels], _field(layers)
    not_n = "n neighbouring outputs lie n - 1 strides apart, not n."
    return {
        "the strides are not used: after a layer of stride 2, each pixel of a later kernel is worth 2.":
        1 + sum(steps),
        "a layer's own stride is counted for its own kernel. It spaces out the layers after it only.":
        1 + sum(map(mul, steps, spacing[1:])),
        "the layers are taken in the wrong order: the first in the list is the one nearest to the image.":
        _field(layers[::-1]),
        "the starting pixel is missing: without any layer an output sees 1 pixel.": right - 1,
        "a kernel of k adds k - 1 steps, not k.": 1 + sum(map(mul, kernels, spacing)),
        not_n: right + spacing[-1] - 1,
        f"{not_n} And the last needs k inputs.": right + sum(spacing[1:]),
        "a kernel of k adds k - 1 steps, not k; and the strides are not used.": sum(kernels),
        "this is the spacing of the outputs (the product of the strides), not what one of them sees.":
        spacing[-1],
        "the strides are added up. Their product is the spacing.":
        1 + sum(map(mul, steps, accumulate(strides, initial=1))),
        "the kernels are multiplied. Each layer adds its steps, spaced by the strides before it.":
        prod(kernels),
        "only the stride of the layer just before is used. The spacing is the product of all strides before.":
        1 + sum(map(mul, steps, (1, *strides))),
    }  # fmt: skip


def _wrong_layers(layers: list[tuple[int, int]]) -> dict[str, int]:
    right = _field(layers)
    return {
        "the last layer is left out.": _field(layers[:-1]),
        "the first layer is left out.": _field(layers[1:]),
        "kernel and stride have changed places: a layer is (kernel, stride).":
        _field([(stride, kernel) for kernel, stride in layers]),
        "this is the number of pixels in the square. Return its side.": right**2,
        "this is the radius. Return the whole side.": right // 2,
    }  # fmt: skip


def _field(layers: list[tuple[int, int]]) -> int:
    field, spacing = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * spacing
        spacing *= stride
    return field

"""The check of `conv_parameters`: one number, and what each slip makes of it."""

from collections.abc import Callable
from itertools import combinations

import torch
from torch import nn

from tutorial_utils.checks.core import call, check
from tutorial_utils.checks.numbers import expect_number


@check(
    "conv_parameters",
    "Three layers have parameters. A convolution has one bias and C · k · k weights for each of its kernels, "
    "a dense layer one bias and one weight for each input, for each of its outputs.",
    "The first dense layer needs the size of the grid: take eq. (2) with k = 5 and s = 2, then halve it for "
    "the pooling. All 32 maps are flattened.",
)
def check_conv_parameters(fn: Callable) -> None:
    """`fn()`: the parameters of the source's CNN with a convolution of 5 × 5 and stride 2, a whole number."""
    see = nn.Sequential(nn.Conv2d(3, 32, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    num_inputs = see(torch.zeros(1, 3, 64, 64)).shape[1]
    layers = see[0], nn.Linear(num_inputs, 128), nn.Linear(128, 3)
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    expect_number(
        call(fn),
        sum(sizes),
        _wrong_grids() | _wrong_counts(*sizes),
        otherwise="that is another network. Count the convolution and the two dense layers, with biases. "
        "Which grid is left after the convolution and the pooling?",
        tolerance=1e-9,
    )


def _wrong_grids() -> dict[str, int | list[int]]:
    return {
        "this is the original, with 3 × 3 and stride 1.": _count(kernel=3, side=31),
        "the grid is still that of 3 × 3 and stride 1.": _count(side=31),
        "the convolution's kernels are counted as 3 × 3.": _count(kernel=3),
        "a kernel reaches through all channels of its input: a colour image has 3.": _count(channels=1),
        "the grid is not 30 × 30 after the pooling. Is the stride left out, or the pooling? Each halves.":
        _count(side=30),
        "stride and pooling are left out of the grid. Each of them halves it.":
        [_count(side=60), _count(side=64)],
        "the stride is left out of the grid, and the border is not: nothing is padded.": _count(side=32),
        "this is for a grid of 16 × 16. Nothing is padded, and eq. (2) and the pooling round down.":
        _count(side=16),
        "this is for a grid of 14 × 14. The + 1 of eq. (2) is missing.": _count(side=14),
    }  # fmt: skip


def _wrong_counts(first: int, dense: int, last: int) -> dict[str, int | list[int]]:
    """On the right grid, from the right numbers of the three layers."""
    right, biases = first + dense + last, (32, 128, 3)
    missing = [sum(some) for count in (1, 2, 3) for some in combinations(biases, count)]
    return {
        "biases are missing: each kernel and each dense output has one.": [right - n for n in missing],
        "this is the convolution alone. Count the dense layers, too.": [first, first - 32],
        "this is the first dense layer alone.": [dense, dense - 128],
        "the convolution is left out.": right - first,
        "the last layer is left out.": right - last,
        "only one of the 32 maps is flattened. All of them are.": right - 31 * 15**2 * 128,
        "the convolution's weights are counted again for each place. All places share them.":
        right + first * (30**2 - 1),
        "dropout has no parameters, and takes none away.": [right - 192, right + 128],
    }  # fmt: skip


def _count(*, kernel: int = 5, channels: int = 3, side: int = 15) -> int:
    """The parameters by hand, where the pooled grid is `side` × `side`."""
    return 32 * (channels * kernel**2 + 1) + 128 * (32 * side**2 + 1) + 3 * (128 + 1)

"""The check of `upsampling_plan`: layers that lead from one pixel to 96."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check

PAIRS = "Return a list of pairs (stride, padding) of whole numbers, first layer first."


@check(
    "upsampling_plan",
    "From one pixel, stride does not matter: kernel 4 makes 4 pixels without padding, 2 with padding 1.",
    "Stride 2 with padding 1 doubles. 96 is 6 · 2 · 2 · 2 · 2: how do you get to 6 in two layers?",
)
def check_upsampling_plan(fn: Callable) -> None:
    """`fn()`: at most six (stride, padding) of transposed convolutions with kernel 4, from 1 pixel to 96."""
    plan = call(fn)
    plan = _plain(plan)
    if not isinstance(plan, list | tuple) or not all(_is_pair(layer) for layer in plan):
        raise CheckFailed(f"{' '.join(repr(plan).split())[:200]} is no list of pairs. {PAIRS}")
    if any(not 1 <= stride <= 4 for stride, _ in plan) and _sizes([pair[::-1] for pair in plan])[-1] == 96:
        raise CheckFailed("each pair is the wrong way round: the stride comes first, then the padding.")
    for stride, padding in plan:
        if not 1 <= stride <= 4 or padding < 0:
            raise CheckFailed(
                f"({stride}, {padding}): a stride is 1 to 4, since a larger one leaves pixels that no kernel "
                "of 4 reaches, and a padding is at least 0."
            )
    sizes = _sizes(plan)
    way = " - ".join(map(str, sizes))
    if len(plan) > 6:
        raise CheckFailed(f"{way} takes {len(plan)} layers. At most six are allowed.")
    if sizes[-1] != 96:
        swapped = _sizes([(padding, stride) for stride, padding in plan])
        if swapped[-1] == 96:
            raise CheckFailed("each pair is the wrong way round: the stride comes first, then the padding.")
        raise CheckFailed(f"these layers make {way}: not 96. Follow equation (10) layer by layer.")


def _plain(value: Any) -> Any:
    """Tensors and NumPy's arrays and numbers as Python's, inside of lists as well."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _is_pair(layer: Any) -> bool:
    return isinstance(layer, Sequence) and len(layer) == 2 and all(type(number) is int for number in layer)


def _sizes(plan: Sequence[tuple[int, int]]) -> list[int]:
    """What PyTorch itself makes of one pixel, layer by layer; 0 where a layer can't be applied."""
    x, sizes = torch.empty(1, 1, 1, 1, device="meta"), [1]
    for stride, padding in plan:
        try:
            x = F.conv_transpose2d(x, torch.empty(1, 1, 4, 4, device="meta"), stride=stride, padding=padding)
        except RuntimeError:
            return [*sizes, 0]
        sizes.append(x.shape[-1])
    return sizes

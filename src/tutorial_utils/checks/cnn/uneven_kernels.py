"""The check of `uneven_kernels`: the kernels that draw a checkerboard."""

import random
from collections.abc import Callable, Sequence
from math import gcd

import torch
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check


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

"""The check of `effective_beta`: what two means amount to."""

import math
from collections.abc import Callable

import torch

from tutorial_utils.checks.core import call, check
from tutorial_utils.checks.numbers import expect_number


@check(
    "effective_beta",
    "Write both of her means as a factor times a sum: 1 / num_pixels times the one, and 1 / code_size times "
    "the other.",
    "Multiply her loss by num_pixels: that moves no minimum, and leaves a plain sum over the pixels. What "
    "stands before the sum over the code now?",
)
def check_effective_beta(fn: Callable) -> None:
    """`fn(num_pixels, code_size)`, whole numbers: the beta that a mean over each of the two amounts to."""
    for _ in range(5):
        code_size = (7, 9, 11, 13, 17, 23, 26)[torch.randint(7, ())]
        num_pixels = code_size * torch.randint(30, 40, ()).item() + code_size // 2  # beta is no whole number
        _compare_beta(fn, num_pixels, code_size)
    _compare_beta(fn, 784, 20)
    _compare_beta(fn, 10, 25)  # a code longer than the image: beta is below 1


def _compare_beta(fn: Callable, num_pixels: int, code_size: int) -> None:
    pixels, code = (torch.rand(n, dtype=torch.float64, requires_grad=True) for n in (num_pixels, code_size))
    for_pixels, for_code = torch.autograd.grad(pixels.mean() + code.mean(), (pixels, code))  # her prices
    right = (for_code[0] / for_pixels[0]).item()
    expect_number(
        call(fn, num_pixels, code_size),
        right,
        _mistakes(num_pixels, code_size),
        otherwise=f"for {num_pixels} pixels and a code of {code_size} her two means weigh the KL otherwise, "
        "against a reconstruction loss that is summed.",
        tolerance=1e-5,
    )


def _mistakes(num_pixels: int, code_size: int) -> dict[str, float | tuple[float, ...]]:
    right = num_pixels / code_size
    return {
        "this is the inverse. More pixels make the averaged reconstruction loss lighter, so the KL weighs "
        "*more*.": 1 / right,
        "this is beta for a KL *summed* over the code. She averages it, which makes it lighter, too.":
        num_pixels,
        "this makes the KL heavier by the size of the code. Averaging makes it lighter.": code_size,
        "beta would be 1 if both were sums, or means over the same number of things.": 1,
        "this divides by the pixels. They divide the reconstruction loss, so beta gets them as a factor.":
        1 / num_pixels,
        "this is the weight of the KL alone. Compare it with that of the reconstruction loss.": 1 / code_size,
        "the averaged KL is divided by code_size, so beta is, too: this is the product.":
        num_pixels * code_size,
        "nothing is squared here, so there is no root to take.": math.sqrt(right),
        "this is rounded to a whole number. beta needn't be one: divide with /.":
        (num_pixels // code_size, round(right), math.ceil(right)),
        **_wrong_comparisons(num_pixels, code_size),
        "this is for 784 pixels and a code of 20. Use num_pixels and code_size.": 784 / 20,
        "784 is typed in. Use num_pixels.": 784 / code_size,
        "20 is typed in. Use code_size.": num_pixels / 20,
    }  # fmt: skip


def _wrong_comparisons(num_pixels: int, code_size: int) -> dict[str, float | tuple[float, ...]]:
    right, both = num_pixels / code_size, num_pixels + code_size
    return {
        "this is a difference. The ratio of the two weights is asked for.":
        (num_pixels - code_size, 1 / code_size - 1 / num_pixels),
        "this is the KL's share of both weights. beta is its weight *over* the other.": num_pixels / both,
        "this is the reconstruction loss's share of both weights. beta is the other weight over it.":
        code_size / both,
        "a factor of two is off. The half in (4) belongs to the KL in both losses.": (right / 2, 2 * right),
    }  # fmt: skip

"""The check of `bits_per_dim`: from nats an image to bits a dimension."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import call, check, expect


@check(
    "bits_per_dim",
    "A nat is the unit of the natural log, a bit that of the log to base 2. How many nats is one bit?",
    "log2(x) = ln(x) / ln(2): divide by math.log(2), and by the number of dimensions.",
)
def check_bits_per_dim(fn: Callable) -> None:
    """`fn(nll_nats, num_dims)`: the shape of `nll_nats`, its nats for an image in bits for a dimension."""
    for shape, num_dims, dtype in (
        ((6,), 784, torch.float32),
        ((1,), 12_288, torch.float32),
        ((), 100, torch.float64),
        ((2, 3), 3072, torch.float64),
    ):
        nats = 4000 * torch.rand(shape, dtype=dtype) + 500
        expect(
            call(fn, nats, num_dims),
            nats / (num_dims * math.log(2)),
            _mistakes(nats, num_dims),
            otherwise="this is not nll_nats / (num_dims · ln 2).",
            not_finite="it contains inf or NaN: exp(-nll_nats) underflows to 0. To change the base of a "
            "logarithm, divide.",
        )


def _mistakes(nats: Tensor, num_dims: int) -> dict[str, Tensor]:
    bits = nats / (num_dims * math.log(2))
    return {
        "this is nats per dimension. Divide by ln 2 to get bits.": nats / num_dims,
        "this multiplies by ln 2. A bit is ln 2 = 0.69 nats, so the number of bits is larger: divide.":
        nats * math.log(2) / num_dims,
        "these are bits for the whole image. Divide by num_dims.": nats / math.log(2),
        "this divides by log 10 or log10 of 2. A bit is ln 2 nats.": nats / (num_dims * math.log10(2)),
        "this converts with ln 10, which gives decimal digits. A bit is ln 2 nats.":
        nats / (num_dims * math.log(10)),
        "this is in bytes per dimension. Divide by ln 2, not by ln 256.": bits / 8,
        "num_dims is not used: 784 holds for Fashion-MNIST only.": bits * num_dims / 784,
        "8 bits are added. The likelihood is already that of the 8-bit image.": bits + 8,
        "8 bits are subtracted. The likelihood is already that of the 8-bit image.": bits - 8,
        "the sign is wrong: a negative log-likelihood is already positive.": -bits,
        "this is the mean over the images. Keep one number for each.": bits.mean(),
        "this takes the logarithm of the likelihood once more. nll_nats is a logarithm already.":
        nats.log2() / num_dims,
    }  # fmt: skip

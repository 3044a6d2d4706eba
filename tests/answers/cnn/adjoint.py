"""Answers to `adjoint`."""

import torch
from answers.shared import SHAPE
from torch.nn import functional as F


def flip(kernel, *axes):
    return kernel.transpose(0, 1).flip(*axes) if axes else kernel.transpose(0, 1)


def full(y, kernel, *, less=1):
    """A full convolution of y with kernels (C, O, kH, kW) as they are."""
    return F.conv2d(y[None], kernel, padding=(kernel.shape[2] - less, kernel.shape[3] - less))[0]


def stamped(y, kernel):
    """One copy of the kernel for each place of y, added up."""
    _, channels, height, width = kernel.shape
    out = y.new_zeros(channels, y.shape[1] + height - 1, y.shape[2] + width - 1)
    for a in range(y.shape[1]):
        for b in range(y.shape[2]):
            copies = torch.einsum("o,ocij->cij", y[:, a, b], kernel)
            out = out + F.pad(copies, (b, y.shape[2] - 1 - b, a, y.shape[1] - 1 - a))
    return out


def folded(y, kernel):
    """The transposed matrix product, and the patches added up."""
    size = y.shape[1] + kernel.shape[2] - 1, y.shape[2] + kernel.shape[3] - 1
    return F.fold((kernel.flatten(1).T @ y.flatten(1))[None], size, kernel.shape[2:])[0]


def shifted(y, kernel):
    """One shifted copy of y for each place of the kernel."""
    _, _, height, width = kernel.shape
    return sum(
        F.pad(torch.tensordot(kernel[:, :, i, j].T, y, 1), (j, width - 1 - j, i, height - 1 - i))
        for i in range(height)
        for j in range(width)
    )


def pulled_back(y, kernel):
    """By the gradient of conv2d, which is linear."""
    size = y.shape[1] + kernel.shape[2] - 1, y.shape[2] + kernel.shape[3] - 1
    x = y.new_zeros(kernel.shape[1], *size)
    return torch.func.vjp(lambda x: F.conv2d(x[None], kernel)[0], x)[1](y)[0]


RIGHT = [
    lambda y, k: full(y, flip(k, 2, 3)),
    lambda y, k: F.conv_transpose2d(y[None], k)[0],
    stamped,
    folded,
    shifted,
    pulled_back,
]
WRONG = [
    (lambda y, k: full(y, flip(k)), "is not flipped"),
    (lambda y, k: F.conv2d(y[None], flip(k))[0], "is not flipped"),
    (lambda y, k: full(y, flip(k, 2)), "one axis only"),
    (lambda y, k: full(y, flip(k, 3)), "one axis only"),
    (lambda y, k: full(y, k.flip(2, 3)), "channel axes are not swapped"),
    (lambda y, k: full(y, k), "conv2d itself, on a padded y"),
    (lambda y, k: F.conv2d(y[None], k)[0], "conv2d itself, not its transpose"),
    (lambda y, k: F.conv2d(y[None], flip(k, 2, 3), padding=(k.shape[2] // 2, k.shape[3] // 2))[0],
     "k // 2"),
    (lambda y, k: F.conv2d(y[None], flip(k, 2, 3))[0], "is not padded"),
    (lambda y, k: full(y, flip(k, 2, 3), less=0), "padded with k zeros"),
    (lambda y, k: stamped(y, k) / k[0, 0].numel(), "divided by the kernel's size"),
    (lambda y, k: stamped(y, k) / k[0].numel(), "divided by the kernel's size"),
    (lambda y, k: stamped(y, k) / len(k), "mean over the outputs"),
    (lambda y, k: stamped(y[:1], k[:1]), "only the first output"),
    (lambda y, k: stamped(y, k).mT, "height and width"),
    (lambda y, k: stamped(y, k.mT) if k.shape[2] == k.shape[3] else stamped(y, k), "rows and columns"),
    (lambda y, k: full(y, flip(k, 2, 3).roll(1, 3)), "for a random x"),
    (lambda y, k: -stamped(y, k), "sign"),
    (lambda y, k: stamped(y, k)[None], SHAPE),
    (lambda y, k: stamped(y, k).sum(0), "shape"),
    (lambda y, k: stamped(y, k).float(), "float64"),
    (lambda y, k: stamped(y.detach(), k), "gradient with respect to y"),
    (lambda y, k: stamped(y, k.detach()), "gradient with respect to the kernel"),
    (lambda y, k: stamped(y, k).detach(), "gradient"),
    (lambda y, k: stamped(y, k) + torch.zeros(k.shape[1], 1, 1), "on a GPU"),
    (lambda y, k: stamped(y.mul_(2), k) / 2, "in place"),
    (lambda y, k: F.conv2d(y[None], flip(k, 2, 3), padding=k.shape[2] - 1)[0],
     "padded with the same number of zeros"),
]  # fmt: skip

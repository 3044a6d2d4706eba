"""Answers to `conv2d`."""

import torch
from torch import nn
from torch.nn import functional as F


def patches(image, kernel, stride, padding):
    """Every patch of the padded image: (C, H', W', kH, kW)."""
    padded = F.pad(image, (padding,) * 4)
    return padded.unfold(1, kernel.shape[2], stride).unfold(2, kernel.shape[3], stride)


def einsum(image, kernel, *, stride=1, padding=0):
    return torch.einsum("cyxij,ocij->oyx", patches(image, kernel, stride, padding), kernel)


def loops(image, kernel, *, stride=1, padding=0):
    """A Python number for each place, kept differentiable by stacking."""
    image = F.pad(image, (padding,) * 4)
    _, _, k_h, k_w = kernel.shape
    rows = [
        torch.stack(
            [
                (image[:, y : y + k_h, x : x + k_w] * kernel).sum((1, 2, 3))
                for x in range(0, image.shape[2] - k_w + 1, stride)
            ],
            dim=1,
        )
        for y in range(0, image.shape[1] - k_h + 1, stride)
    ]
    return torch.stack(rows, dim=1)


def matrix(image, kernel, *, stride=1, padding=0):
    columns = F.unfold(image[None], kernel.shape[2:], padding=padding, stride=stride)[0]
    height = (image.shape[1] + 2 * padding - kernel.shape[2]) // stride + 1
    return (kernel.flatten(1) @ columns).unflatten(1, (height, -1))


def taps(image, kernel, *, stride=1, padding=0):
    """One shifted copy of the image for each place of the kernel."""
    image = F.pad(image, (padding,) * 4)
    _, _, k_h, k_w = kernel.shape
    height, width = (image.shape[1] - k_h) // stride + 1, (image.shape[2] - k_w) // stride + 1
    out = torch.zeros(len(kernel), height, width, dtype=image.dtype)
    for i in range(k_h):
        for j in range(k_w):
            part = image[:, i : i + stride * height : stride, j : j + stride * width : stride]
            out = out + torch.tensordot(kernel[:, :, i, j], part[:, :height, :width], dims=1)
    return out


def library(image, kernel, *, stride=1, padding=0):
    return F.conv2d(image[None], kernel, stride=stride, padding=padding)[0]


def module(image, kernel, *, stride=1, padding=0):
    layer = nn.Conv2d(kernel.shape[1], len(kernel), kernel.shape[2:], stride, padding, bias=False)
    layer.weight = nn.Parameter(kernel.detach())
    return layer(image[None])[0]


def operator(image, kernel, *, stride=1, padding=0):
    return torch.ops.aten.conv2d(image[None], kernel, stride=[stride] * 2, padding=[padding] * 2)[0]


def padded_with(mode, value=None):
    def answer(image, kernel, *, stride=1, padding=0):
        return einsum(F.pad(image, (padding,) * 4, mode=mode, value=value), kernel, stride=stride)

    return answer


def in_place(image, kernel, *, stride=1, padding=0):
    image *= 1.5
    return einsum(image / 1.5, kernel, stride=stride, padding=padding)


def slices_without_stride(image, kernel, *, stride=1, padding=0):
    image = F.pad(image, (padding,) * 4)
    _, _, k_h, k_w = kernel.shape
    height, width = (image.shape[1] - k_h) // stride + 1, (image.shape[2] - k_w) // stride + 1
    places = [(i, j) for i in range(k_h) for j in range(k_w)]
    return sum(
        torch.einsum("oc,cyx->oyx", kernel[:, :, i, j], image[:, i : i + height, j : j + width])
        for i, j in places
    )


RIGHT = [
    einsum,
    loops,
    matrix,
    taps,
    lambda i, k, stride=1, padding=0: (patches(i, k, stride, padding)[None] * k[:, :, None, None]).sum(
        (1, 4, 5)
    ),
]
WRONG = [
    (slices_without_stride, "steps of the stride"),
    (library, "^conv2d: the numbers are right, but it calls the library's conv2d"),
    (operator, "the numbers are right, but it calls the library's conv2d"),
    (module, "it calls the library's conv2d"),
    (lambda i, k, **o: library(i, k.flip(2, 3), **o), "flipped.* And it calls the library's conv2d"),
    (lambda i, k, **o: einsum(i, k.flip(2, 3), **o), "flipped(?!.*library)"),
    (lambda i, k, **o: einsum(i, k, **o) / k[0].numel(), "mean over the kernel's places and channels"),
    (lambda i, k, **o: einsum(i, k, **o) / k[0, 0].numel(), "mean over the kernel's places\\."),
    (lambda i, k, **o: einsum(i, k, **o) / len(i), "mean over the channels"),
    (lambda i, k, **o: einsum(i, k, **o).mT, "height and width"),
    (lambda i, k, stride=1, padding=0: einsum(i, k, padding=padding), "stride is not used"),
    (lambda i, k, stride=1, padding=0: einsum(i, k, padding=padding)[:, ::stride], "not across"),
    (lambda i, k, stride=1, padding=0: einsum(i, k, padding=padding)[:, :, ::stride], "not downwards"),
    (lambda i, k, stride=1, padding=0: einsum(F.pad(i, (padding, 0, padding, 0)), k, stride=stride),
     "left and at the top"),
    (lambda i, k, stride=1, padding=0: einsum(i, k, stride=stride), "padding is not used"),
    (lambda i, k, **o: einsum(i[:1], k[:, :1], **o), "only the first channel"),
    (lambda i, k, **o: einsum(i, k[:1].expand_as(k), **o), "uses the first kernel"),
    (lambda i, k, **o: einsum(i, k, **o).sum(0), "are summed|for a single kernel"),
    (lambda i, k, **o: einsum(i, k, **o).squeeze(0), "for a single kernel"),
    (lambda i, k, **o: einsum(i, k.mT if k.shape[2] == k.shape[3] else k, **o), "rows and columns"),
    (padded_with("replicate"), "copies of the edge"),
    (padded_with("constant", 1.0), "filled with ones"),
    (lambda i, k, stride=1, padding=0: einsum(F.pad(i, (0, padding, 0, padding)), k, stride=stride),
     "right and at the bottom"),
    (lambda i, k, stride=1, padding=0: einsum(i, k, stride=stride, padding=2 * padding), "twice as wide"),
    (lambda i, k, **o: einsum(i, k, **o).relu(), "this is not the sum"),
    (lambda i, k, **o: einsum(i, k, **o)[None], "the shape must be"),
    (lambda i, k, **o: einsum(i.detach(), k, **o), "gradient with respect to the image"),
    (lambda i, k, **o: einsum(i, k, **o).detach(), "gradient"),
    (lambda i, k, **o: einsum(i, k, **o).float(), "float64"),
    (lambda i, k: einsum(i, k), "unexpected keyword"),
    (lambda i, k, **o: einsum(i, k, **o).tolist(), "must return a tensor"),
    (in_place, "in place"),
]  # fmt: skip

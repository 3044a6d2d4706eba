"""Answers to chapter 3's exercises."""

from math import prod

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


def field(layers):
    r, d = 1, 1
    for kernel, stride in layers:
        r, d = r + (kernel - 1) * d, d * stride
    return r


def backwards(layers):
    """From the output to the image: n pixels of a layer need (n - 1) s + k pixels of the one before."""
    size = 1
    for kernel, stride in reversed(layers):
        size = (size - 1) * stride + kernel
    return size


def own_stride(layers):
    r, d = 1, 1
    for kernel, stride in layers:
        d *= stride
        r += (kernel - 1) * d
    return r


def popped(layers):
    r, d = 1, 1
    while layers:
        kernel, stride = layers.pop(0)
        r, d = r + (kernel - 1) * d, d * stride
    return r


def slices_without_stride(image, kernel, *, stride=1, padding=0):
    image = F.pad(image, (padding,) * 4)
    _, _, k_h, k_w = kernel.shape
    height, width = (image.shape[1] - k_h) // stride + 1, (image.shape[2] - k_w) // stride + 1
    places = [(i, j) for i in range(k_h) for j in range(k_w)]
    return sum(
        torch.einsum("oc,cyx->oyx", kernel[:, :, i, j], image[:, i : i + height, j : j + width])
        for i, j in places
    )


def slipped(step):
    def field(layers):
        size = 1
        for kernel, stride in reversed(layers):
            size = step(size, kernel, stride)
        return size

    return field


RIGHT = {
    "conv2d": [
        einsum,
        loops,
        matrix,
        taps,
        lambda i, k, stride=1, padding=0: (patches(i, k, stride, padding)[None] * k[:, :, None, None])
        .sum((1, 4, 5)),
    ],
    "receptive_field": [
        field,
        backwards,
        lambda layers: 1 + sum((k - 1) * prod(s for _, s in layers[:n]) for n, (k, _) in enumerate(layers)),
    ],
}  # fmt: skip
WRONG = {
    "conv2d": [
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
    ],
    "receptive_field": [
        (slipped(lambda n, k, s: n * s + k - 1), "n - 1 strides apart"),
        (slipped(lambda n, k, s: n * s + k), "n - 1 strides apart"),
        (lambda layers: 1 + sum(k - 1 for k, _ in layers), "strides are not used"),
        (own_stride, "own stride"),
        (lambda layers: field(layers[::-1]), "wrong order"),
        (lambda layers: field(layers) - 1, "starting pixel"),
        (lambda layers: 1 + sum(k * prod(s for _, s in layers[:n]) for n, (k, _) in enumerate(layers)),
         "adds k - 1 steps, not k\\."),
        (lambda layers: sum(k for k, _ in layers), "and the strides are not used"),
        (lambda layers: prod(s for _, s in layers), "spacing of the outputs"),
        (lambda layers: 1 + sum((k - 1) * (1 + sum(s for _, s in layers[:n]))
                                for n, (k, _) in enumerate(layers)), "are added up"),
        (lambda layers: prod(k for k, _ in layers), "kernels are multiplied"),
        (lambda layers: 1 + sum((k - 1) * (layers[n - 1][1] if n else 1) for n, (k, _) in enumerate(layers)),
         "just before"),
        (lambda layers: field([(s, k) for k, s in layers]), "kernel and stride have changed places"),
        (lambda layers: min(field(layers), 49), "sees 83 pixels, not 49"),
        (lambda layers: field([layer for layer in layers if layer[0] > 1]), "strides are not used"),
        (lambda layers: field(layers) ** 2, "Return its side"),
        (lambda layers: field(layers) // 2, "radius"),
        (lambda layers: float(field(layers)), "not float"),
        (lambda layers: torch.tensor(field(layers)), "not Tensor"),
        (lambda layers: (field(layers),) * 2, "one int"),
        (lambda layers: field(layers[:-1]), "last layer is left out"),
        (lambda layers: field(layers[1:]), "first layer is left out"),
        (lambda layers: field(layers) + 1, "sees \\d+ pixels, not \\d+"),
        (popped, "only read it"),
    ],
}  # fmt: skip

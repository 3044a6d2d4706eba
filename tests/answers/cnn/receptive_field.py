"""Answers to `receptive_field`."""

from math import prod

import torch


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


def slipped(step):
    def field(layers):
        size = 1
        for kernel, stride in reversed(layers):
            size = step(size, kernel, stride)
        return size

    return field


RIGHT = [
    field,
    backwards,
    lambda layers: 1 + sum((k - 1) * prod(s for _, s in layers[:n]) for n, (k, _) in enumerate(layers)),
]
WRONG = [
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
]  # fmt: skip

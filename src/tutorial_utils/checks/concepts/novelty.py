"""The check of `novelty`: a distance to the nearest training image."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import call, check, expect, expect_any_device


@check(
    "novelty",
    "Flatten every image to one row first: (N, D) and (M, D). Then you need N × M distances.",
    "torch.cdist gives all Euclidean distances between the rows of two matrices. "
    "Which axis of its result belongs to the training images? Take the smallest along that one.",
)
def check_novelty(fn: Callable) -> None:
    """`fn(samples, train)`: (N,), the Euclidean distance of each sample to its nearest training image."""
    for num_samples, num_train, shape in (
        (5, 9, (1, 28, 28)),
        (1, 4, (3, 8, 8)),
        (6, 1, (1, 5, 7)),
    ):
        samples, train = torch.rand(num_samples, *shape), torch.rand(num_train, *shape)
        samples[0] = 0.9 * samples[0] + 0.1 * train[0]  # distances that differ
        _compare(fn, samples, train)
    train = torch.rand(40, 1, 12, 12)  # so many copies that a root of a rounded square meets a negative one
    _compare(fn, train.flip(0), train, copies=True)
    expect_any_device(fn, train, train)


def _compare(fn: Callable, samples: Tensor, train: Tensor, *, copies: bool = False) -> None:
    difference = samples.flatten(1)[:, None] - train.flatten(1)[None]  # (N, M, D)
    expect(
        call(fn, samples, train),
        difference.square().sum(2).sqrt().amin(1),
        _mistakes(difference),
        otherwise="a copy of a training image must have novelty 0."
        if copies
        else "these are not the distances to the nearest training image: for each sample the square root "
        "of the sum over all pixels and channels of the squared difference.",
        not_finite="it contains NaN: a² + b² - 2ab can round to a little below 0, where the root is NaN. "
        "Clamp it at 0 first.",
        tolerance=0.05 if copies else 1e-3,  # torch.cdist's matrix product can't resolve copies
    )


def _mistakes(difference: Tensor) -> dict[str, Tensor]:
    distances, num_dims = difference.square().sum(2).sqrt(), difference.shape[2]
    nearest = distances.min(1)
    return {
        "these are squared distances. The Euclidean distance is their square root.": nearest.values**2,
        "this averages over the training images. Novelty asks for the nearest one.": distances.mean(1),
        "this is the distance to the farthest training image. Take the nearest.": distances.amax(1),
        "this is the minimum over the samples: a number for each training image. Take it over the other "
        "axis.": distances.amin(0),
        "these are indices of the nearest training images, not distances to them.": nearest.indices,
        "this is a root mean square: the squared differences are averaged over the pixels. The Euclidean "
        "distance sums them.": nearest.values / num_dims**0.5,
        "these are mean squared differences. The Euclidean distance sums the squares over the pixels and "
        "takes the root.": nearest.values**2 / num_dims,
        "this sums absolute differences. The Euclidean distance is the root of the sum of squares.":
        difference.abs().sum(2).amin(1),
        "this is one number for all samples. Return one for each.": nearest.values.mean(),
        "this is one number for all samples, the smallest. Return one for each.": nearest.values.min(),
        "these are all distances, (N, M). Keep the smallest for each sample.": distances,
    }  # fmt: skip

"""The check of `sample_pixels`: independent draws, each pixel from its own histogram."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect
from tutorial_utils.checks.noise import expect_generator


@check(
    "sample_pixels",
    "Row d of probabilities is the distribution of pixel d. torch.multinomial draws from every row at once.",
    "multinomial(probabilities, num_images, replacement=True) is (D, num_images), pixels first, in bytes.",
)
def check_sample_pixels(fn: Callable) -> None:
    """`fn(probabilities, num_images, *, generator=None)`: (N, D) in [0, 1], pixel d from row d."""
    for num_dims, num_images in ((12, 3000), (5, 1), (1, 700)):
        logits = 3 * torch.randn(num_dims, 256)
        probabilities = logits.softmax(1)
        images = call(fn, probabilities, num_images, generator=torch.Generator().manual_seed(0))
        right = torch.rand(num_images, num_dims)
        if _is_float(images, right.shape) and images.dtype in (torch.float32, torch.float64):
            right = images
        expect(images, right, otherwise="")
        _check_bytes(images)
        if num_images > 1:
            _check_frequencies(probabilities, (images * 255).round().long())
    probabilities = torch.rand(6, 256).softmax(1)
    expect_generator(
        lambda generator=None: call(fn, probabilities, 50, generator=generator),
        noise="numbers",
        advice="pass generator=generator on to what draws.",
    )


def _is_float(images: object, shape: tuple[int, ...]) -> bool:
    return isinstance(images, Tensor) and images.shape == shape and images.is_floating_point()


def _check_bytes(images: Tensor) -> None:
    if images.max() > 1:
        raise CheckFailed("these are bytes, or more than 1. Divide by 255: images are in [0, 1].")
    values = 255 * images.double()
    if (values - values.round()).abs().max() > 1e-3:
        of_256 = 256 * images.double()
        if (of_256 - of_256.round()).abs().max() < 1e-3:
            raise CheckFailed("byte v is v / 256 here, so white is not 1. An image holds v / 255.")
        raise CheckFailed("some values are no bytes over 255. Each pixel takes one of 256 values v / 255.")


def _check_frequencies(probabilities: Tensor, values: Tensor) -> None:
    """Each pixel's histogram, and no pixel or image that follows another."""
    if (values == values[:1]).all():
        most = (values[0] == probabilities.argmax(1)).all()
        why = "It is the likeliest value of each pixel. " if most else ""
        raise CheckFailed(f"all images are the same. {why}Draw each one anew.")
    num_images, num_dims = values.shape
    counts = torch.stack([torch.bincount(column, minlength=256) for column in values.T]) / num_images
    if _distance(counts, probabilities) > (0.16 if num_images > 1000 else 0.3):
        raise CheckFailed(_wrong_histograms(counts, probabilities))
    if (values[1:] >= values[:-1]).all():
        raise CheckFailed("the images come in order. Each must be a fresh draw.")
    if num_dims > 1:
        ranks = torch.stack(
            [p.cumsum(0)[v] for p, v in zip(probabilities, values.T, strict=True)]
        )  # near uniform, each
        together = torch.corrcoef(ranks) - torch.eye(num_dims)
        if together.abs().max() > 0.5:
            raise CheckFailed(
                "the pixels of an image follow one random number: they rise and fall together. Draw each "
                "pixel on its own."
            )


def _wrong_histograms(counts: Tensor, probabilities: Tensor) -> str:
    if _distance(counts[:, 1:], probabilities[:, :-1]) < 0.25:
        return "each value is one too large: index 0 stands for byte 0."
    if _distance(counts, probabilities.mean(0).expand_as(counts)) < 0.25:
        return (
            "all pixels follow one histogram. Pixel d has its own, row d. (A reshape where a transpose "
            "is needed mixes them, too.)"
        )
    if _distance(counts, torch.full_like(counts, 1 / 256)) < 0.3:
        return (
            "the values are drawn (nearly) evenly from 0 to 255. Draw them with their probabilities (no "
            "logits: no softmax)."
        )
    return "the frequencies are not those of each pixel's row of probabilities. Row d belongs to pixel d."


def _distance(counts: Tensor, probabilities: Tensor) -> float:
    """Total variation, averaged over the pixels."""
    return 0.5 * (counts - probabilities).abs().sum(1).mean().item()

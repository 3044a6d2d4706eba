"""Chapter 1's checks of answers that draw: dequantisation, and samples of independent pixels."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect
from tutorial_utils.checks.randomness import expect_generator

CELL = "Byte v owns the cell from v / 256 to (v + 1) / 256: add u from [0, 1) to the byte, divide by 256."


@check(
    "dequantize",
    "images * 255 are the bytes again. There are 256 of them: cut [0, 1) into 256 cells of equal width.",
    "Draw one uniform number for each pixel: torch.rand(images.shape, generator=generator).",
)
def check_dequantize(fn: Callable) -> None:
    """`fn(images, *, generator=None)`: (v + u) / 256 for bytes v = 255 images and uniform u, same shape."""
    for shape, dtype in (
        ((64, 1, 12, 12), torch.float32),
        ((1, 3, 40, 40), torch.float32),
        ((50, 100), torch.float64),
    ):
        values = torch.randint(256, shape)
        values.view(-1)[:3] = torch.tensor([0, 128, 255])
        images = values.to(dtype) / 255
        spread = call(fn, images, generator=torch.Generator().manual_seed(0))
        like = isinstance(spread, Tensor) and spread.shape == images.shape
        expect(spread, spread.to(dtype) if like else images, otherwise="")
        if spread.dtype != dtype:
            raise CheckFailed(f"{dtype} images must give {dtype}, not {spread.dtype}.")
        _check_cells(images, values, spread.detach().cpu())
        _check_uniform(256 * spread.detach().cpu().double() - values)
    expect_generator(
        lambda generator: call(fn, images, generator=generator),
        advice="pass generator=generator to torch.rand (torch.rand_like has no such argument).",
    )


def _check_cells(images: Tensor, values: Tensor, spread: Tensor) -> None:
    """Each number in its byte's cell, with the usual ways out of it told apart."""
    if spread.max() > 2:
        raise CheckFailed("these are bytes plus noise. Divide by 256, so that all is in [0, 1).")
    place = 256 * spread.double() - values  # should lie in [0, 1)
    if torch.allclose(spread, images, atol=1e-6) or place.round().sub(place).abs().max() < 1e-3:
        raise CheckFailed("no noise was added: the values are still a comb of 256 teeth.")
    beside = 256 * (spread.double() - images.double())  # of an answer that leaves the bytes at v / 255
    if beside.min() > -1e-3 and beside.max() < 1.001 and spread.max() > 1:
        raise CheckFailed(
            "the bytes stay at v / 255 here, so white passes 1: multiply by 255, add u, divide by 256."
        )
    noise = 255 * spread.double() - values  # of an answer that divides by 255
    if noise.min() > -1e-3 and noise.max() > 0.5 and spread.max() > 1:
        raise CheckFailed(
            f"white leaves the range: (255 + u) / 255 is more than 1, and the cells are too wide. {CELL}"
        )
    if -0.6 < place.min() < -0.25 and place.max() < 0.6:
        raise CheckFailed(f"the noise is centred on the byte, so black gets below 0. {CELL}")
    if place.min() > -1.01 and place.max() < 1e-3:
        raise CheckFailed(f"the noise is taken off: black gets below 0. {CELL}")
    if place.min() < -1e-3 or place.max() > 1 + 1e-3:
        raise CheckFailed(
            f"some values leave their byte's cell, by {(place - 0.5).abs().max() - 0.5:.2g} of a cell. {CELL}"
        )


def _check_uniform(place: Tensor) -> None:
    """At least 4,800 places in the cell; the limits are far outside what uniform noise reaches."""
    own = "Draw one number for each pixel: the noise has the shape of the images."
    if place.std() < 1e-3:
        raise CheckFailed(f"one number is added to all pixels. {own}")
    if len(place) > 1 and (place - place[:1]).abs().max() < 1e-3:
        raise CheckFailed(f"every image gets the same noise. {own}")
    if place.flatten(1).std(1).max() < 1e-3:
        raise CheckFailed(f"all pixels of an image get the same noise. {own}")
    for axis in range(1, place.ndim):
        if place.shape[axis] > 1 and place.diff(dim=axis).abs().max() < 1e-3:
            names = ("", "channels", "rows", "columns") if place.ndim == 4 else ["places on an axis"] * 9
            raise CheckFailed(f"all {names[axis]} get the same noise. {own}")
    ticks = torch.linspace(0, 1, place.numel())
    gap = (place.flatten().sort().values - ticks).abs().max()  # Kolmogorov and Smirnov
    if gap > 0.04:
        raise CheckFailed(
            f"the noise does not fill the cell evenly (its mean is {place.mean():.2f} of the cell, its "
            "standard deviation "
            f"{place.std():.2f}; uniform noise has 0.50 and 0.29). Draw it with torch.rand."
        )


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
        lambda generator: call(fn, probabilities, 50, generator=generator),
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
    num_images, num_dims = values.shape
    counts = torch.stack([torch.bincount(column, minlength=256) for column in values.T]) / num_images
    if (values == values[:1]).all():
        most = (values[0] == probabilities.argmax(1)).all()
        why = "It is the likeliest value of each pixel. " if most else ""
        raise CheckFailed(f"all images are the same. {why}Draw each one anew.")
    if _distance(counts, probabilities) > (0.16 if num_images > 1000 else 0.3):
        if _distance(counts[:, 1:], probabilities[:, :-1]) < 0.25:
            raise CheckFailed("each value is one too large: index 0 stands for byte 0.")
        if _distance(counts, probabilities.mean(0).expand_as(counts)) < 0.25:
            raise CheckFailed(
                "all pixels follow one histogram. Pixel d has its own, row d. (A reshape where a transpose "
                "is needed mixes them, too.)"
            )
        if _distance(counts, torch.full_like(counts, 1 / 256)) < 0.3:
            raise CheckFailed(
                "the values are drawn (nearly) evenly from 0 to 255. Draw them with their probabilities (no "
                "logits: no softmax)."
            )
        raise CheckFailed(
            "the frequencies are not those of each pixel's row of probabilities. Row d belongs to pixel d."
        )
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


def _distance(counts: Tensor, probabilities: Tensor) -> float:
    """Total variation, averaged over the pixels."""
    return 0.5 * (counts - probabilities).abs().sum(1).mean().item()

"""The check of `dequantize`: each byte spread evenly over its own cell."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect
from tutorial_utils.checks.noise import expect_generator

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
        lambda generator=None: call(fn, images, generator=generator),
        noise="numbers",
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
    for axis, places in zip(range(1, place.ndim), ("channels", "rows", "columns"), strict=False):
        if place.shape[axis] > 1 and place.diff(dim=axis).abs().max() < 1e-3:
            raise CheckFailed(f"all {places} get the same noise. {own}")
    ticks = torch.linspace(0, 1, place.numel())
    gap = (place.flatten().sort().values - ticks).abs().max()  # Kolmogorov and Smirnov
    if gap > 0.04:
        raise CheckFailed(
            f"the noise does not fill the cell evenly (its mean is {place.mean():.2f} of the cell, its "
            "standard deviation "
            f"{place.std():.2f}; uniform noise has 0.50 and 0.29). Draw it with torch.rand."
        )

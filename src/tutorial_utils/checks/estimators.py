"""Chapter 2's checks of what a loss asks for: a quantile, two moments, and the price of a shift."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check, expect, expect_any_device
from tutorial_utils.checks.scalars import as_number, expect_number


@check(
    "pinball_minimizer",
    "Move c up a little. What does each value above c save for every unit, and what does each value below "
    "it cost? When do the two balance?",
    "A value above c saves tau, a value below costs 1 - tau. They balance where a share tau of the values "
    "lies below c: sort and count, or take torch.quantile.",
)
def check_pinball_minimizer(fn: Callable) -> None:
    """`fn(values, tau)`: a number c of smallest mean pinball loss over values (N,), where 0 < tau < 1.

    Judged by that loss, so that every way to interpolate between neighbouring values passes.
    """
    skewed = 1 + torch.empty(600).exponential_()
    for values, tau in (
        (skewed, 0.9),
        (skewed, 0.1),
        (skewed, 0.5),
        (-20 * torch.empty(501, dtype=torch.float64).exponential_(), 0.7),
        (1 + torch.rand(1), 0.3),
    ):
        _judge_pinball(as_number(call(fn, values, tau)).item(), values.double(), tau)


def _judge_pinball(c: float, values: Tensor, tau: float) -> None:
    if not math.isfinite(c):
        raise CheckFailed(f"c must be a finite number, not {c}.")

    def loss(c: float) -> float:
        return torch.maximum(tau * (values - c), (tau - 1) * (values - c)).mean().item()

    neighbours = [values.quantile(tau, interpolation=side).item() for side in ("lower", "higher")]
    smallest = min(map(loss, neighbours))
    mean, median, spread = values.mean(), values.median(), (values - values.median()).abs().mean()
    if loss(c) - smallest <= 0.002 * spread + 1e-4 * values.abs().mean():
        return
    low, high = values.min(), values.max()
    mistakes = {
        "this is the mean, which squared error asks for.": mean,
        "this is the median, which is right for tau = 0.5 only.": median,
        "this is the (1 - tau)-quantile. A value *above* c costs tau a unit, so a large tau pushes c "
        "up.": values.quantile(1 - tau),
        "this is the largest value. The values below it cost something, too: 1 - tau a unit.": high,
        "this is the smallest value. The values above it cost tau a unit.": low,
        "this is tau times the largest value. Count values; their size does not matter.": tau * high,
        "this is tau times the mean. The loss is not squared: no mean comes out of it.": tau * mean,
        "this is a share tau of the way from the smallest to the largest value. Count values, not "
        "distances.": low + tau * (high - low),
        "this is the tau-quantile of a Gaussian with the values' mean and deviation. These values are "
        "skewed.": mean + values.std() * math.sqrt(2) * torch.erfinv(torch.tensor(2 * tau - 1)),
        "this is the smallest loss. Return the c that has it.": smallest,
        "this is tau. Return one of the values, or a number between two of them.": tau,
    }
    for message, wrong in mistakes.items():
        if abs(c - wrong) < 0.01 * spread + 1e-6:
            raise CheckFailed(message)
    if c == int(c):
        raise CheckFailed(
            f"{c:.0f} is none of the values. Is it an index? Return the value that stands there."
        )
    raise CheckFailed(
        f"for tau = {tau}, c = {c:.4g} has a mean loss of {loss(c):.4g}, and another c has {smallest:.4g}. "
        f"{(values < c).double().mean():.0%} of the values lie below yours. How many should?"
    )


@check(
    "gaussian_fit",
    "Only -Σ p log q(x) depends on q. Write out log q and set the derivatives with respect to μ and σ² to 0.",
    "Both answers are expectations under p: of x, and of (x - mean)².",
)
def check_gaussian_fit(fn: Callable) -> None:
    """`fn(x, p)`: mean and variance of the Gaussian q of smallest KL(p || q), for p (G,) on points x (G,)."""
    for num_points, lowest, scale, dtype in (
        (9, 1.0, 12.0, torch.float32),  # here no two mistakes give the same number
        (60, -4.0, 0.9, torch.float32),
        (5, 200.0, 90.0, torch.float64),
        (2, -3.0, 1.0, torch.float64),
    ):
        ramp = torch.linspace(0, 1, num_points, dtype=dtype)
        x = lowest + scale * (ramp**2 + 0.03 / num_points * torch.randn(num_points, dtype=dtype))
        logits = 0.1 * torch.randn(num_points, dtype=dtype) - ramp
        logits[-1] = logits.max() + 0.5  # the mode is at an end, far from mean and median
        p = logits.softmax(0)
        value = call(fn, x, p)
        numbers = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(numbers, tuple | list) or len(numbers) != 2:
            raise CheckFailed("it must return two numbers, the mean and the variance.")
        _compare_moments(*numbers, x.double(), p.double())
    expect_any_device(fn, x, p)


def _compare_moments(mean: object, variance: object, x: Tensor, p: Tensor) -> None:
    right, mode, count = (p * x).sum(), x[p.argmax()], len(x)
    squares = (x - right).square()
    moment = (p * squares).sum()
    expect_number(
        mean,
        right,
        {
            "the mean comes first, then the variance.": (moment, moment.sqrt()),
            "this is the plain mean of the points. Weight each by its probability.": x.mean(),
            "the mean is at the mode, the likeliest point. That is where *reverse* KL likes to sit.": mode,
            "this is the median under p. Setting the derivative to 0 gives the mean.": x[
                (p.cumsum(0) < 0.5).sum()
            ],
            "p · x is averaged. p sums to 1 already: take the sum.": right / count,
        },
        otherwise="the first number is not the mean of x under p.",
        tolerance=1e-3,
    )
    expect_number(
        variance,
        moment,
        {
            "the second number is the standard deviation. Return its square, the variance.": moment.sqrt(),
            "this is E[x²]. Subtract the mean before you square.": (p * x.square()).sum(),
            "the squared deviations are not weighted by p.": (
                squares.mean(), squares.sum(), squares.sum() / (count - 1), x.var(), x.var(correction=0),
            ),
            "N - 1 belongs to an estimate from samples. p is known: nothing is corrected.": (
                moment * count / (count - 1), moment / (1 - p.square().sum()), moment / (count - 1),
            ),
            "the deviations are taken from the mode. Take them from the mean.": (
                p * (x - mode).square()
            ).sum(),
            "this is the precision, 1 / σ². Return σ².": 1 / moment,
            "this is log σ². Return σ².": moment.log(),
            "this is the mean absolute deviation. Square the deviations.": (p * squares.sqrt()).sum(),
        },
        otherwise="the mean is right, but the second number is not the variance of x under p.",
        tolerance=1e-3,
    )  # fmt: skip


@check(
    "offset_like_shift",
    "If every pixel is changed by c, what is the MSE? Set it equal to the MSE of the shift.",
    "c² is the mean over one image's pixels of (image - shifted)². torch.roll(images, pixels, 3) shifts.",
)
def check_offset_like_shift(fn: Callable) -> None:
    """`fn(images, pixels)`: (B,), the offset c ≥ 0 with the MSE of a shift, for images (B, C, H, W)."""
    for shape, pixels, dtype in (
        ((5, 3, 6, 8), 2, torch.float32),
        ((3, 1, 9, 7), 1, torch.float64),
        ((1, 1, 7, 6), 3, torch.float32),
    ):
        contrast = 0.3 + 0.7 * torch.rand(shape[0], 1, 1, 1, dtype=dtype)
        contrast[0] = 1  # bright enough for a clamp to be noticed
        images = contrast * torch.rand(shape, dtype=dtype)
        _compare_offsets(fn, images, pixels)
    still = call(fn, images, 0)
    expect(still, torch.zeros(1), otherwise="a shift by 0 pixels costs nothing: the offset is 0.")
    expect_any_device(lambda images: fn(images, 1), images)


def _compare_offsets(fn: Callable, images: Tensor, pixels: int) -> None:
    width = images.shape[3]
    square = (images - images.roll(pixels, 3)).square()
    right, whole = square.flatten(1).mean(1).sqrt(), square.mean().sqrt()

    def cost(shifted: Tensor) -> Tensor:
        return (images - shifted).square().flatten(1).mean(1).sqrt()

    padded = F.pad(images, (pixels, 0))[..., :width], F.pad(images, (0, pixels))[..., pixels:]
    kept = (images[..., pixels:] - images[..., :-pixels]).square().flatten(1).mean(1).sqrt()
    mistakes = {
        "c is at least 0. This is the other root.": -right,
        "this is one number for each channel, averaged. Average the squares over the channels, then take the "
        "root.": square.mean((2, 3)).sqrt().mean(1),
        "this is the MSE itself. Changing every pixel by c costs c²: take the root.": right.square(),
        "this sums over the pixels. MSE is their mean.": [
            square.flatten(1).sum(1), square.flatten(1).sum(1).sqrt(),
        ],
        "this averages over the batch as well: one number for all. Return one for each image.": [
            whole, whole.expand(len(images)), right.mean(), right.mean().expand(len(images)),
            whole.square(), whole.square().expand(len(images)),
        ],
        "this is the mean absolute difference. Square, average, and take the root.": (
            square.sqrt().flatten(1).mean(1)
        ),
        "the differences cancel, as long as they are not squared.": torch.zeros_like(right),
        "the image moves down, or over another axis. Its width is the last axis, 3.": [
            cost(images.roll(pixels, axis)) for axis in (2, 1, 0)
        ],
        "torch.roll without dims rolls the flattened tensor: each row gets pixels of the row above, and each "
        "image some of another. Roll over axis 3.": cost(images.roll(pixels)),
        "the columns that leave the image are lost here. torch.roll brings them in at the other side.": [
            *map(cost, padded), kept,
        ],
        "this is one number for each channel. Average over an image's channels, too.": (
            square.mean((2, 3)).sqrt()
        ),
        "this holds for a shift by one pixel. Use pixels.": cost(images.roll(1, 3)),
        "this is in bytes, 0 to 255. Images are in [0, 1].": 255 * right,
    }  # fmt: skip
    expect(
        call(fn, images, pixels),
        right,
        mistakes,
        otherwise="added to every pixel, this offset does not have the MSE of the shifted image. Nothing is "
        "clamped.",
        tolerance=1e-3,
    )

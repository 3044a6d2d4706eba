"""Chapter 5's checks of the variance that a squared error hides, and of where in a code the nats are."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect_any_device
from tutorial_utils.checks.scalars import as_number, expect_number


@check(
    "best_variance",
    "Differentiate (8), averaged over the images, with respect to v: each pixel gives "
    "1 / 2v - (x - x_hat)² / 2v².",
    "Set the sum over all pixels of all images to zero, and multiply by 2v². How often does v occur?",
)
def check_best_variance(fn: Callable) -> None:
    """`fn(x, x_hat)`, (B, ...) each: the one variance v that minimises the mean of (8); one number."""
    for size, scale, dtype in (
        ((5, 1, 4, 3), 1.0, torch.float32),
        ((4, 3, 5, 6), 0.3, torch.float32),
        ((1, 1, 3, 4), 1.0, torch.float64),
        ((7, 9), 1e-3, torch.float64),
    ):
        x = torch.rand(size, dtype=dtype)
        spread = torch.rand(size[0], *[1] * (len(size) - 1), dtype=dtype)  # images restored well and badly
        x_hat = x + scale * (0.2 + spread) * (0.5 * torch.randn(size, dtype=dtype) - 0.3)
        value = call(fn, x, x_hat)
        _expect_one_for_all(value, x)
        residual = (x - x_hat).double()
        expect_number(
            value,
            residual.square().mean().item(),
            {message: number.tolist() for message, number in _wrong_variances(residual, x.double()).items()},
            otherwise=f"at v = {as_number(value):.4g} the derivative of (8), averaged over the images, is "
            f"{_slope(as_number(value), residual):.3g} and not 0.",
            tolerance=2e-5,
        )
    expect_any_device(fn, x, x_hat)


def _expect_one_for_all(value: object, x: Tensor) -> None:
    if isinstance(value, Tensor) and value.numel() > 1:
        shared = "One v is shared by all: take the mean over images and pixels."
        if value.shape == x.shape:
            raise CheckFailed(f"this is one number for each pixel of each image. {shared}")
        which = "image" if value.shape[0] == len(x) else "channel" if value.shape == x.shape[1:2] else "pixel"
        raise CheckFailed(f"this is one variance for each {which}. {shared}")


def _slope(v: Tensor, residual: Tensor) -> float:
    v = v.clone().requires_grad_()
    nats = 0.5 * (torch.log(2 * math.pi * v) + residual.square() / v).flatten(1).sum(1).mean()  # eq. (8)
    return torch.autograd.grad(nats, v)[0].item()


def _wrong_variances(residual: Tensor, x: Tensor) -> dict[str, Tensor]:
    squares, count = residual.square(), residual.numel()
    right, each = squares.mean(), squares.flatten(1).mean(1)
    centred = (residual - residual.mean()).square().sum()
    numbers = {
        "this is the standard deviation. Return its square, v.": [right.sqrt()],
        "this is half of it: set the derivative to zero again. Both terms of (8) have the half.": [right / 2],
        "this is twice too much: set the derivative to zero again. Both terms of (8) have the half.":
        [2 * right],
        "this is the variance of the residuals, with their mean taken off. In (8) x_hat is the mean: "
        "whatever it misses on average counts, too.": [centred / count, centred / (count - 1)],
        "the mean is taken off within each image. In (8) x_hat is the mean: whatever it misses counts, too.":
        [residual.flatten(1).var(1, unbiased=unbiased).mean() for unbiased in (True, False)],
        "this divides by N - 1. No mean was estimated here: (8) is smallest with N.":
        [squares.sum() / (count - 1)],
        "this is the mean absolute error. (8) has squares.": [residual.abs().mean()],
        "this squares the mean absolute error. Square first, then take the mean.":
        [residual.abs().mean() ** 2],
        "this squares the mean residual. Square first, then take the mean.": [residual.mean() ** 2],
        "this is a sum. v belongs to one pixel: take the mean over pixels and images.":
        [squares.sum(), squares.sum() / len(x), squares.sum() * len(x) / count],
        "this is the logarithm of v.": [right.log(), right.log() / 2],
        "this is the precision, 1 / v.": [1 / right],
        "each image's root, or its own v on a log scale, is averaged. Average the squares over all pixels.":
        [each.sqrt().mean(), each.sqrt().mean() ** 2, each.log().mean().exp()],
        "this is one image's v. All of them count.": [each.amax(), each.amin(), each[0], each[-1]],
        "this is the median. Squared errors have a mean far above it.": [squares.median(), each.median()],
        "this is the variance of the pixels themselves. What counts is how far x_hat is off.":
        [x.var(), x.var(unbiased=False)],
        "this is the distortion (8) at the best v. Return v.":
        [count / len(x) / 2 * (torch.log(2 * math.pi * right) + 1)],
    }  # fmt: skip
    return {message: torch.stack(wrong) for message, wrong in numbers.items()}


@check(
    "rate_share",
    "First the price of each number of the code: (4) without its sum, averaged over the batch. D prices.",
    "Sort the prices once, for all images together. The num_units largest, added up, over the sum of all D: "
    "prices.topk(num_units).",
)
def check_rate_share(fn: Callable) -> None:
    """`fn(mu, log_var, num_units)`, codes (B, D): share of the rate in the num_units dearest, in [0, 1]."""
    for (batch, code_size), num_units, dtype in (
        ((7, 14), 4, torch.float32),
        ((5, 9), 3, torch.float64),
        ((40, 6), 2, torch.float32),
        ((1, 6), 2, torch.float32),
        ((9, 5), 1, torch.float32),
        ((6, 4), 4, torch.float64),
    ):
        mu = torch.randn(batch, code_size, dtype=dtype) * (0.3 + torch.rand(code_size, dtype=dtype))
        mu[:, code_size // 2] = 2.5  # dear, though it never varies
        log_var = 0.7 * torch.randn(batch, code_size, dtype=dtype) - 0.3
        mistakes = _wrong_shares(mu.double(), log_var.double(), num_units)
        expect_number(
            call(fn, mu, log_var, num_units),
            mistakes.pop("right")[0],
            mistakes,
            otherwise=f"this is not the share of the {num_units} largest of {code_size} prices, where a "
            "price is the KL of one number of the code, averaged over the batch.",
            tolerance=2e-5,
        )  # fmt: skip
    expect_any_device(lambda *code: fn(*code, 2), mu, log_var)


def _wrong_shares(mu: Tensor, log_var: Tensor, k: int) -> dict[str, list[float]]:
    """The right number, as "right", and what each mistake makes of it."""

    def share(prices: Tensor) -> Tensor:
        return prices.topk(min(k, len(prices))).values.sum() / prices.sum()

    terms = (mu.square() + log_var.exp() - 1 - log_var) / 2
    prices, spread, size = terms.mean(0), mu.var(0, unbiased=False), mu.shape[1]
    ordered, right = prices.sort(descending=True).values, share(prices)
    dearest = terms.topk(k, dim=1).values.sum(1)  # of each image
    other = [  # what is no KL, or a wrong one
        mu.square(), mu.abs(), terms - mu.square() / 2, mu / 2 + terms - mu.square() / 2, terms + 0.5,
        terms + log_var, terms - log_var.exp() / 2, terms + log_var / 2,
        mu.square() + (2 * log_var).exp() - 1 - 2 * log_var,
        mu.square() + (log_var / 2).exp() - 1 - log_var, mu.square() + log_var - 1 - log_var.abs().log(),
        mu.square() / 2 + log_var.exp() - 1 - log_var, log_var.exp(), log_var, log_var**2 + mu.exp() - 1 - mu,
    ]  # fmt: skip
    numbers = {
        "right": [right],
        "the num_units dearest are chosen for each image anew. Average the prices over the batch first, then "
        "choose once.": [(dearest / terms.sum(1)).mean(), dearest.mean() / prices.sum()],
        "these are the cheapest: sort from the largest price down.":
        [ordered[size - k :].sum() / prices.sum()],
        "these are the first num_units as they stand. Sort the prices first.":
        [prices[:k].sum() / prices.sum()],
        "these are the last num_units as they stand. Sort the prices first.":
        [prices[size - k :].sum() / prices.sum()],
        "the units are chosen by how much mu varies. A number that never varies can be dear: choose by the "
        "KL.": [prices[spread.argsort(descending=True)[:k]].sum() / prices.sum()],
        "this is a share of mu's variance. The rate is the KL, which log_var and a constant mu raise, too.":
        [share(spread)],
        "this is the price in nats. Divide it by that of the whole code.":
        [ordered[:k].sum(), ordered[:k].mean()],
        "this is in percent. A share lies in [0, 1].": [100 * right],
        "this is the share of all the others: 1 minus the right one.": [1 - right],
        "a mean of the dearest is compared with a sum, or with a mean, of all: add up both.":
        [right / k, right * size / k],
        "this is num_units over D. The prices differ.": [torch.tensor(k / size)],
        "this is one unit too many or too few: the num_units dearest are asked for.":
        [ordered[:n].sum() / prices.sum() for n in (k - 1, k + 1)],
        "this is the dearest one alone, or the last of the num_units. Add them all up.":
        [ordered[0] / prices.sum(), ordered[k - 1] / prices.sum()],
        "this averages over the code, axis 1: one price for each image. Average over the batch, axis 0.":
        [share(terms.mean(1))],
        "this is the ratio to the price of the *others*. Divide by that of the whole code.":
        [ordered[:k].sum() / ordered[k:].sum()],
        "this is the price of an average code. Take the KL of each image, then average the prices.":
        [share((mu.mean(0).square() + log_var.mean(0).exp() - 1 - log_var.mean(0)) / 2)],
        "the price isn't (4): (mu² + exp(log_var) - 1 - log_var) / 2 for each number of each code. "
        "log_var is the logarithm of the variance.": [share(wrong.mean(0)) for wrong in other],
    }  # fmt: skip
    return {message: [number.item() for number in wrong] for message, wrong in numbers.items()}

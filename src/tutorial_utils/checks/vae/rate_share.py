"""The check of `rate_share`: where in a code the nats are."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import call, check, expect_any_device
from tutorial_utils.checks.numbers import expect_number
from tutorial_utils.checks.vae.kl_standard_normal import kl


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
        code = mu.double(), log_var.double()
        expect_number(
            call(fn, mu, log_var, num_units),
            _share(kl(*code).mean(0), num_units).item(),
            _mistakes(*code, num_units),
            otherwise=f"this is not the share of the {num_units} largest of {code_size} prices, where a "
            "price is the KL of one number of the code, averaged over the batch.",
            tolerance=2e-5,
        )
    expect_any_device(lambda *code: fn(*code, 2), mu, log_var)


def _share(prices: Tensor, k: int) -> Tensor:
    return prices.topk(min(k, len(prices))).values.sum() / prices.sum()


def _mistakes(mu: Tensor, log_var: Tensor, k: int) -> dict[str, list[float]]:
    numbers = _wrong_choices(mu, log_var, k) | _wrong_ratios(kl(mu, log_var).mean(0), k)
    numbers |= _wrong_prices(mu, log_var, k)
    return {message: [number.item() for number in wrong] for message, wrong in numbers.items()}


def _wrong_choices(mu: Tensor, log_var: Tensor, k: int) -> dict[str, list[Tensor]]:
    terms, size = kl(mu, log_var), mu.shape[1]
    prices, spread = terms.mean(0), mu.var(0, unbiased=False)
    ordered, total = prices.sort(descending=True).values, prices.sum()
    dearest = terms.topk(k, dim=1).values.sum(1)  # of each image
    return {
        "the num_units dearest are chosen for each image anew. Average the prices over the batch first, then "
        "choose once.": [(dearest / terms.sum(1)).mean(), dearest.mean() / total],
        "these are the cheapest: sort from the largest price down.": [ordered[size - k :].sum() / total],
        "these are the first num_units as they stand. Sort the prices first.": [prices[:k].sum() / total],
        "these are the last num_units as they stand. Sort the prices first.":
        [prices[size - k :].sum() / total],
        "the units are chosen by how much mu varies. A number that never varies can be dear: choose by the "
        "KL.": [prices[spread.argsort(descending=True)[:k]].sum() / total],
        "this is a share of mu's variance. The rate is the KL, which log_var and a constant mu raise, too.":
        [_share(spread, k)],
        "this is one unit too many or too few: the num_units dearest are asked for.":
        [ordered[:n].sum() / total for n in (k - 1, k + 1)],
        "this is the dearest one alone, or the last of the num_units. Add them all up.":
        [ordered[0] / total, ordered[k - 1] / total],
    }  # fmt: skip


def _wrong_ratios(prices: Tensor, k: int) -> dict[str, list[Tensor]]:
    size, right, ordered = len(prices), _share(prices, k), prices.sort(descending=True).values
    return {
        "this is the price in nats. Divide it by that of the whole code.":
        [ordered[:k].sum(), ordered[:k].mean()],
        "this is in percent. A share lies in [0, 1].": [100 * right],
        "this is the share of all the others: 1 minus the right one.": [1 - right],
        "a mean of the dearest is compared with a sum, or with a mean, of all: add up both.":
        [right / k, right * size / k],
        "this is num_units over D. The prices differ.": [torch.tensor(k / size)],
        "this is the ratio to the price of the *others*. Divide by that of the whole code.":
        [ordered[:k].sum() / ordered[k:].sum()],
    }  # fmt: skip


def _wrong_prices(mu: Tensor, log_var: Tensor, k: int) -> dict[str, list[Tensor]]:
    terms = kl(mu, log_var)
    other = [  # what is no KL, or a wrong one
        mu.square(), mu.abs(), terms - mu.square() / 2, mu / 2 + terms - mu.square() / 2, terms + 0.5,
        terms + log_var, terms - log_var.exp() / 2, terms + log_var / 2,
        mu.square() + (2 * log_var).exp() - 1 - 2 * log_var,
        mu.square() + (log_var / 2).exp() - 1 - log_var, mu.square() + log_var - 1 - log_var.abs().log(),
        mu.square() / 2 + log_var.exp() - 1 - log_var, log_var.exp(), log_var, log_var**2 + mu.exp() - 1 - mu,
    ]  # fmt: skip
    return {
        "this averages over the code, axis 1: one price for each image. Average over the batch, axis 0.":
        [_share(terms.mean(1), k)],
        "this is the price of an average code. Take the KL of each image, then average the prices.":
        [_share(kl(mu.mean(0), log_var.mean(0)), k)],
        "the price isn't (4): (mu² + exp(log_var) - 1 - log_var) / 2 for each number of each code. "
        "log_var is the logarithm of the variance.": [_share(wrong.mean(0), k) for wrong in other],
    }  # fmt: skip

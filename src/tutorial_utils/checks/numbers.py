"""Answers that are one number, of whatever type, for one case or for several that are compared at once."""

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, Mistakes, call, expect


def as_number(value: Any) -> Tensor:
    """A Python or NumPy number, or a tensor of one, as a scalar of float64; else the answer fails."""
    if isinstance(value, bool | str | complex):
        raise CheckFailed(f"it must return a number, not {value!r}.")
    try:  # first a Fraction, a Decimal or a large whole number: as_tensor knows none of them
        if isinstance(value, numbers.Real | Decimal):
            value = torch.tensor(float(value), dtype=torch.float64)
        number = torch.as_tensor(value).detach().cpu()
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise CheckFailed(f"it must return a number, not {type(value).__name__}.") from None
    if number.numel() != 1:
        raise CheckFailed(f"it must return one number, not shape {tuple(number.shape)}.")
    if number.is_complex() or number.dtype == torch.bool:
        raise CheckFailed(f"it must return a real number, not {number.dtype}.")
    if isinstance(value, list | tuple | range):
        raise CheckFailed(f"it must return the number itself, not a {type(value).__name__} that holds it.")
    return number.double().reshape(())


def as_float(value: Any) -> Tensor:
    """Like `as_number`, where a whole number or a tensor of shape (1,) is wrong, too."""
    if isinstance(value, float | np.floating | np.ndarray):
        value = torch.as_tensor(value)
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = f"a tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
        raise CheckFailed(f"it must return a float, or a tensor of one, not {kind}.")
    if value.shape != ():
        raise CheckFailed(f"it must return one number, not shape {tuple(value.shape)}.")
    return value.detach().cpu().double()


def expect_number(
    value: Any,
    right: float,
    mistakes: Mapping[str, float | Sequence[float]] | None = None,
    *,
    otherwise: str,
    tolerance: float = 1e-3,
) -> None:
    """`expect` for one number: a Python or NumPy number, or a tensor of one, whole numbers included."""
    wrong = {
        message: [
            torch.tensor(float(n), dtype=torch.float64) for n in (ns if isinstance(ns, Sequence) else (ns,))
        ]
        for message, ns in (mistakes or {}).items()
    }
    right = torch.tensor(float(right), dtype=torch.float64)
    expect(as_number(value), right, wrong, otherwise=otherwise, tolerance=tolerance)


def numbers_for(fn: Callable, cases: Iterable[tuple]) -> Tensor:
    """The answer's number for each case, as one tensor: compared at once, no slip fits by accident."""
    return torch.stack([as_number(call(fn, *case)) for case in cases])


def collect(cases: Sequence[Mistakes]) -> dict[str, list[Tensor]]:
    """What each mistake makes of several cases, one tensor for each way to make it."""
    numbers = {message: [case[message] for case in cases] for message in cases[0]}
    return {
        message: list(torch.stack([torch.stack([n] if isinstance(n, Tensor) else list(n)) for n in each], 1))
        for message, each in numbers.items()
    }

"""Answers that are one number, of whatever type."""

import numbers
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, expect


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

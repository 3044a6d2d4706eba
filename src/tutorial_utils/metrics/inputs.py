"""What every metric of sets asks of its inputs."""

from operator import index

import torch
from torch import Tensor


def as_rows(**sets: Tensor) -> list[Tensor]:
    """Each set as (N, D), without gradients, on its device or, where that lacks float64, on the CPU.

    Raises `ValueError` unless all are finite floats with one D, on one device.
    """
    first = next(iter(sets))
    for name, each in sets.items():
        if not isinstance(each, Tensor):
            raise ValueError(f"{name} must be a tensor, not {type(each).__name__}: use torch.as_tensor")
        if each.ndim < 2:
            raise ValueError(f"{name} must be (N, ...) with features behind, not {tuple(each.shape)}")
        if each.shape[1:] != sets[first].shape[1:]:
            raise ValueError(
                f"{name} must be (N, ...), alike in all but N to {first}, {tuple(sets[first].shape)}; "
                f"it is {tuple(each.shape)}"
            )
        if each.device != sets[first].device:
            raise ValueError(f"{first} is on {sets[first].device}, {name} on {each.device}: move one of them")
        if not each.is_floating_point():
            raise ValueError(f"{name} must be floats, not {each.dtype}")
        if each.numel() == 0:
            raise ValueError(f"{name} is empty: {tuple(each.shape)}")
        if not torch.stack(each.aminmax()).isfinite().all():  # NaN propagates; no copy of the data is made
            raise ValueError(f"{name} contains NaN or infinity: look at what the generator draws")
    return [reachable(each).detach().flatten(1) for each in sets.values()]


def reachable(values: Tensor) -> Tensor:
    """The same on a device that computes in float64: its own, or the CPU. Apple's GPUs and some of Intel's
    don't."""
    try:
        torch.ones((), dtype=torch.float64, device=values.device).item()
    except (TypeError, RuntimeError):
        return values.cpu()
    return values


def whole_number(name: str, value: int, low: int, high: int, why: str) -> int:
    """The value as an int. Raises `ValueError` unless it is a whole number, NumPy's included, from low to
    high."""
    if high < low:
        raise ValueError(
            f"too few samples: {name} must be at least {low}, and at most {high}, {why}: draw more of them"
        )
    try:
        number = low - 1 if isinstance(value, bool) else index(value)
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise ValueError(f"{name} must be a whole number between {low} and {high}, {why}, not {value!r}")
    return number

"""What every metric of sets asks of its inputs."""

import torch
from torch import Tensor


def as_rows(**sets: Tensor) -> list[Tensor]:
    """Each set as (N, D), without gradients. Raises `ValueError` unless all are finite floats with one D."""
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
        if not each.is_floating_point():
            raise ValueError(f"{name} must be floats, not {each.dtype}")
        if each.numel() == 0:
            raise ValueError(f"{name} is empty: {tuple(each.shape)}")
        if not torch.stack(each.aminmax()).isfinite().all():  # NaN propagates; no copy of the data is made
            raise ValueError(f"{name} contains NaN or infinity: look at what the generator draws")
    return [each.detach().flatten(1) for each in sets.values()]


def check_between(name: str, value: int, low: int, high: int, why: str) -> None:
    """Raise `ValueError` unless value is a whole number and low <= value <= high."""
    if high < low:
        raise ValueError(
            f"too few samples: {name} must be at least {low}, and at most {high}, {why}: draw more of them"
        )
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number between {low} and {high}, {why}, not {value!r}")

"""Modes and defaults of PyTorch that a caller may have switched on, by name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


@contextmanager
def setting(get: Callable, change: Callable, value: object) -> Iterator[None]:
    """One of PyTorch's switches, for a while."""
    before = get()
    change(value)
    try:
        yield
    finally:
        change(before)


SURROUNDINGS: dict[str, Callable] = {
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "default dtype": lambda: setting(torch.get_default_dtype, torch.set_default_dtype, torch.float64),
    "default device": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "medium precision": lambda: setting(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "medium"
    ),
    "two threads": lambda: setting(torch.get_num_threads, torch.set_num_threads, 2),
    "deterministic": lambda: setting(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
}

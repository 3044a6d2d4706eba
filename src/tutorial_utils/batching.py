"""Work on many images a part at a time, and leave a model as it was found."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tutorial_utils.device import memory_advice


def fill(num_rows: int, parts: Iterable[Tensor]) -> Tensor:
    """The parts, one below the other, as `torch.cat` would: (num_rows, ...).

    Each is written to its place as soon as it is there. A list of many small results between large
    temporary ones would scatter over the memory and keep it from being used again.
    Raises `ValueError` where the parts have fewer or more rows than that.
    """
    rows, start = torch.empty(0), 0
    with memory_advice():
        for part in parts:
            if start + len(part) > num_rows:
                raise ValueError(f"the parts have more than the {num_rows} rows that were announced")
            if start == 0:
                rows = part.new_empty(num_rows, *part.shape[1:])
            rows[start : start + len(part)] = part
            start += len(part)
    if start != num_rows:
        raise ValueError(f"the parts have {start} rows, not the {num_rows} that were announced")
    return rows


def in_chunks(
    function: Callable[..., Tensor],
    *tensors: Tensor | None,
    size: int,
    device: torch.device | str | None = None,
) -> Tensor:
    """`function` of `size` rows of each tensor at a time, its results one below the other, on the CPU.

    Rows of all tensors belong together; a tensor that is None is given as None. The rows are moved to
    `device` first (default: they stay where they are). Raises `ValueError` for tensors of different
    lengths.
    """
    given = [tensor for tensor in tensors if tensor is not None]
    lengths = {len(tensor) for tensor in given}
    if len(lengths) != 1:
        raise ValueError(f"tensors must have the same number of rows, not {sorted(lengths)}")
    (num_rows,) = lengths

    def results() -> Iterator[Tensor]:
        for start in range(0, num_rows, size):
            rows = slice(start, start + size)
            part = [
                None if tensor is None else tensor[rows].to(device or tensor.device) for tensor in tensors
            ]
            yield function(*part).cpu()

    return fill(num_rows, results())


@contextmanager
def eval_mode(*models: nn.Module) -> Iterator[None]:
    """Models in eval mode meanwhile. Then *every* submodule goes back to the mode that it had.

    `model.train(was_training)` would not do: it unfreezes parts that were frozen on purpose. The modes
    come back after an error or an interruption, too.
    """
    modes = {module: module.training for model in models for module in model.modules()}
    try:
        for model in models:
            model.eval()
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def device_of(model: nn.Module) -> torch.device:
    """Where the model's weights lie; the CPU for a model without any."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

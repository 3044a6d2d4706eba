"""The one training loop of the course. It counts images, since steps of different size can't be compared."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import TensorDataset

from tutorial_utils.device import autocast, memory_advice
from tutorial_utils.progress import Progress

Batch = tuple[Tensor, ...]
Step = Callable[[Batch], Mapping[str, Tensor | float]]
History = list[dict[str, float]]


def batches(
    dataset: TensorDataset,
    batch_size: int,
    *,
    device: torch.device | str = "cpu",
    generator: torch.Generator | None = None,
) -> Iterator[Batch]:
    """Endless batches of exactly `batch_size`, in a new random order each epoch, on `device`.

    The images that don't fill a batch at the end of an epoch are left for the next order.
    Raises `ValueError` where the data set is smaller than one batch.
    """
    if not 0 < batch_size <= len(dataset):
        raise ValueError(f"batch_size must be between 1 and {len(dataset)}, not {batch_size}")
    while True:
        order = torch.randperm(len(dataset), generator=generator, device="cpu")
        for start in range(0, len(order) - batch_size + 1, batch_size):
            rows = order[start : start + batch_size]
            yield tuple(tensor.to(device) for tensor in dataset[rows])


def minimize(
    loss: Callable[[nn.Module, Batch], Tensor | Mapping[str, Tensor]],
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    schedule: LRScheduler | None = None,
    averaged: AveragedModel | None = None,
    max_norm: float | None = None,
    mixed: bool = True,
) -> Step:
    """The step of an ordinary model: one gradient step on `loss(model, batch)`.

    That is a scalar, or a dict of scalars to log, of which "loss" is minimised. The forward pass runs under
    `autocast`, unless `mixed` is off. Gradients whose norm over all weights exceeds `max_norm` are scaled
    down to it. `schedule` (of the learning rate) and `averaged`, if given, move on after each step.
    Raises `ValueError` for a dict without "loss".
    """

    def step(batch: Batch) -> dict[str, Tensor]:
        optimizer.zero_grad(set_to_none=True)
        with autocast(batch[0].device) if mixed else nullcontext():
            value = loss(model, batch)
        values = {"loss": value} if isinstance(value, Tensor) else dict(value)
        if "loss" not in values:
            raise ValueError(f'the dict that loss returns must hold "loss", not only {sorted(values)}')
        values["loss"].backward()
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        if averaged is not None:
            averaged.update_parameters(model)
        return values

    return step


def train(
    step: Step,
    data: Iterator[Batch],
    *,
    num_images: int,
    log_every: int,
    label: str = "train",
    callback: Callable[[int], dict[str, float]] | None = None,
) -> History:
    """Call `step(batch)` until at least `num_images` images were seen; return the history.

    Each row of the history holds "num_images" seen so far and the mean of each number that `step`
    returned over the images since the last row; a row is added about every `log_every` images and at
    the end. `callback(num_images)` is called with each row and may add numbers to it.
    Raises `FloatingPointError` when one of those means is not finite, rather than training on,
    `ValueError` when the data end too early, and `torch.OutOfMemoryError` with advice when a GPU is full.
    """
    history: History = []
    sums: dict[str, Tensor] = {}
    seen, since_row, next_row = 0, 0, log_every
    with memory_advice(), Progress(num_images, label=label) as progress:
        while seen < num_images:
            batch = next(data, None)
            if batch is None:
                raise ValueError(f"the data ended after {seen:,} of {num_images:,} images: use batches()")
            size = len(batch[0])
            for name, value in step(batch).items():
                value = torch.as_tensor(value).detach().float()  # a step may also return plain numbers
                sums[name] = sums.get(name, 0.0) + value * size
            seen, since_row = seen + size, since_row + size
            if seen >= next_row or seen >= num_images:
                row = {name: float(total) / since_row for name, total in sums.items()}
                for name, mean in row.items():
                    if not math.isfinite(mean):
                        raise FloatingPointError(f"{name} became {mean} by image {seen:,}")
                row = {"num_images": seen, **row, **(callback(seen) if callback else {})}
                history.append(row)
                if _stops_at_first_row.get():
                    raise FirstRow(row)
                sums, since_row, next_row = {}, 0, seen + log_every
            progress.advance(size, _note(history))
    return history


class FirstRow(Exception):
    """A training has been stopped at the first row of its history, which is the argument."""


_stops_at_first_row: ContextVar[bool] = ContextVar("stops_at_first_row", default=False)


@contextmanager
def until_first_row() -> Iterator[None]:
    """Trainings inside raise `FirstRow` once their history has its first row: see `records.replay`."""
    token = _stops_at_first_row.set(True)
    try:
        yield
    finally:
        _stops_at_first_row.reset(token)


def _note(history: History) -> str:
    if not history:
        return ""
    return ", ".join(f"{k} {v:.4g}" for k, v in history[-1].items() if k != "num_images")


def moving_average(model: nn.Module, *, half_life: int, batch_size: int) -> AveragedModel:
    """A copy of `model` whose weights are the exponential moving average of its own.

    `half_life` is counted in images: what the weights were that long ago counts half. Buffers (batch
    norm's statistics) are averaged too. Call `.update_parameters(model)` after each step of
    `batch_size` images; the network itself is `.module`.
    """
    decay = 0.5 ** (batch_size / half_life)
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)

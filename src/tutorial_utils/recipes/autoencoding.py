"""What chapter 5 does with every pair of an encoder and a decoder: train it, ship it, use it on many images.

A model has `encode(x, labels)`, which answers with a code or with the mean and log variance of one, and
`decode(z, labels)`, which answers with logits. `terms(model, x, labels, generator=...)` are the two parts of
what is minimised, for each image of a batch: distortion (B,) and rate (B,).
"""

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from tutorial_utils import checkpoints, experiments, training
from tutorial_utils.batching import device_of, in_chunks
from tutorial_utils.data import fashion_mnist
from tutorial_utils.device import fast, get_device, seeded
from tutorial_utils.records import Record

Terms = Callable[..., tuple[Tensor, Tensor]]
Sets = tuple[TensorDataset, TensorDataset]
CHUNK = 500  # images at a time
BATCH_SIZE = 128
LEARNING_RATE = 5e-3


@torch.no_grad()
def encode(model: nn.Module, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """The code of each of images (N, C, H, W), its mean where the code is uncertain: (N, D) on the CPU."""

    def code(*part: Tensor) -> Tensor:
        answer = model.encode(*part)
        return answer[0] if isinstance(answer, tuple) else answer

    return in_chunks(code, images, labels, size=CHUNK, device=device_of(model))


@torch.no_grad()
def decode(model: nn.Module, z: Tensor, labels: Tensor | None = None) -> Tensor:
    """What codes (N, D) stand for: the mean of each pixel, in [0, 1], (N, C, H, W) on the CPU."""

    def picture(*part: Tensor) -> Tensor:
        return model.decode(*part).sigmoid()

    return in_chunks(picture, z, labels, size=CHUNK, device=device_of(model))


@torch.no_grad()
def evaluate(
    model: nn.Module, terms: Terms, images: Tensor, labels: Tensor | None = None, *, seed: int = 0
) -> tuple[float, float]:
    """Mean distortion and mean rate over images, with noise that is the same for each `seed`."""
    dice = torch.Generator().manual_seed(seed)

    def both(*part: Tensor) -> Tensor:
        return torch.stack(terms(model, *part, generator=dice), 1)

    nats = in_chunks(both, images, labels, size=CHUNK, device=device_of(model))  # (N, 2)
    distortion, rate = nats.T.contiguous()
    return distortion.mean().item(), rate.mean().item()


def fit(
    model: nn.Module,
    terms: Terms,
    *,
    num_images: int,
    seed: int = 0,
    objective: Callable[[Tensor, Tensor, int], Tensor] = lambda distortion, rate, seen: distortion + rate,
    label: str = "train",
    sets: Sets | None = None,
) -> training.History:
    """Train in place by Adam; the model ends with the moving average of its weights. Returns the history.

    `objective(distortion, rate, num_images seen)` makes one number of the two means over a batch. `sets` are
    the training and the validation set (default: Fashion-MNIST's); validation, after every twentieth of the
    images, uses the averaged weights. The learning rate rises over 100 steps, stays, and falls to 0 in the
    last third. Raises `ValueError` for fewer than 100 images.
    """
    if num_images < 100:
        raise ValueError(f"num_images must be at least 100, since the history has 20 rows, not {num_images}")
    train_set, validation_set = sets or (fashion_mnist("train"), fashion_mnist("validation"))
    device = get_device()
    fast(model.to(device).train())
    dice, num_steps = torch.Generator().manual_seed(seed), math.ceil(num_images / BATCH_SIZE)
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, (0.9, 0.95), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / 100, 1, 3 * (1 - i / num_steps))
    )
    averaged = training.moving_average(model, half_life=num_images // 100, batch_size=BATCH_SIZE).eval()
    start = time.monotonic()

    def loss(model: nn.Module, batch: training.Batch) -> dict[str, Tensor]:
        distortion, rate = (nats.mean() for nats in terms(model, *batch, generator=dice))
        value = objective(distortion, rate, BATCH_SIZE * schedule.last_epoch)
        return {"loss": value, "distortion": distortion, "rate": rate}

    def watch(_: int) -> dict[str, float]:
        nonlocal start
        paused = time.monotonic()
        distortion, rate = evaluate(averaged.module, terms, *validation_set.tensors)
        row = {"validation distortion": distortion, "validation rate": rate, "seconds": paused - start}
        start += time.monotonic() - paused  # the seconds are those of training alone
        return row

    history = training.train(
        training.minimize(loss, model, optimizer, schedule=schedule, averaged=averaged, mixed=False),
        training.batches(train_set, BATCH_SIZE, device=device, generator=dice),
        num_images=num_images,
        log_every=num_images // 20,
        label=label,
        callback=watch,
    )
    model.load_state_dict(averaged.module.state_dict())
    model.eval()
    return history


def shipped(
    name: str,
    make: Callable[[], nn.Module],
    terms: Terms,
    *,
    seed: int = 0,
    num_images: int = 1_100_000,
    sets: Callable[[], Sets] | None = None,
) -> tuple[nn.Module, Record]:
    """The checkpoint `name`, made by `fit`, on the device, and its record: see `checkpoints.load_or_train`.

    `sets()` is called only to train.
    """

    def train(model: nn.Module) -> Record:
        history = fit(
            model, terms, num_images=num_images, seed=seed, label=name, sets=sets() if sets else None
        )
        last = {key: value for key, value in history[-1].items() if key.startswith("validation")}
        return _record(seed, history[-1]["num_images"], last, history)

    model, record = checkpoints.load_or_train(
        name, partial(seeded, make, seed=seed), train, dtype=torch.float16
    )
    return model.to(get_device()), record


def stored(
    name: str,
    runs: Mapping[str, tuple[Callable[[], nn.Module], Terms, Mapping[str, Any]]],
    measure: Callable[[nn.Module, Terms], Any],
    *,
    num_images: int = 275_000,
) -> Record:
    """The record `name`: what `measure` says of a network trained for each of `runs`, and the histories.

    A run is (make, terms, options of `fit`). The networks themselves are not kept (see `experiments`).
    """

    def one(
        key: str, make: Callable[[], nn.Module], terms: Terms, options: Mapping[str, Any]
    ) -> tuple[Any, training.History]:
        model = seeded(make, seed=options.get("seed", 0))
        history = fit(model, terms, num_images=num_images, label=key, **options)
        return measure(model, terms), history

    def run() -> Record:
        metrics, histories = experiments.sweep({key: partial(one, key, *spec) for key, spec in runs.items()})
        last = next(reversed(histories.values()))[-1]
        return _record(0, last["num_images"], metrics, histories)

    return experiments.load_or_run(name, run)


def _record(seed: int, num_images: int, metrics: Any, history: Any) -> Record:
    config = {"batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE}
    return {"config": config, "seed": seed, "num_images": num_images, "metrics": metrics, "history": history}

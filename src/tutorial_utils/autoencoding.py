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

from tutorial_utils import checkpoints, training
from tutorial_utils.data import fashion_mnist
from tutorial_utils.device import fast, fill, get_device, seed_everything

Terms = Callable[..., tuple[Tensor, Tensor]]
Sets = tuple[TensorDataset, TensorDataset]
CHUNK = 500  # images at a time
BATCH_SIZE = 128
LEARNING_RATE = 5e-3


def _parts(images: Tensor, labels: Tensor | None, place: torch.device) -> list[tuple[Tensor, ...]]:
    tensors = (images,) if labels is None else (images, labels)
    return [
        tuple(part.to(place) for part in parts)
        for parts in zip(*(tensor.split(CHUNK) for tensor in tensors), strict=True)
    ]


def _place(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


@torch.no_grad()
def encode(model: nn.Module, images: Tensor, labels: Tensor | None = None) -> Tensor:
    """The code of each of images (N, C, H, W), its mean where the code is uncertain: (N, D) on the CPU."""
    codes = (model.encode(*part) for part in _parts(images, labels, _place(model)))
    return fill(len(images), (code[0] if isinstance(code, tuple) else code for code in codes)).cpu()


@torch.no_grad()
def decode(model: nn.Module, z: Tensor, labels: Tensor | None = None) -> Tensor:
    """What codes (N, D) stand for: the mean of each pixel, in [0, 1], (N, C, H, W) on the CPU."""
    return fill(len(z), (model.decode(*part).sigmoid().cpu() for part in _parts(z, labels, _place(model))))


@torch.no_grad()
def evaluate(
    model: nn.Module, terms: Terms, images: Tensor, labels: Tensor | None = None, *, seed: int = 0
) -> tuple[float, float]:
    """Mean distortion and mean rate over images, with noise that is the same for each `seed`."""
    dice = torch.Generator().manual_seed(seed)
    parts = _parts(images, labels, _place(model))
    distortion, rate = torch.cat(
        [torch.stack(terms(model, *part, generator=dice)).cpu() for part in parts], 1
    )
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
    last third.
    """
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

    def step(batch: training.Batch) -> dict[str, Tensor]:
        distortion, rate = (nats.mean() for nats in terms(model, *batch, generator=dice))
        optimizer.zero_grad()
        objective(distortion, rate, BATCH_SIZE * schedule.last_epoch).backward()
        optimizer.step()
        schedule.step()
        averaged.update_parameters(model)
        return {"distortion": distortion, "rate": rate}

    def watch(_: int) -> dict[str, float]:
        nonlocal start
        paused = time.monotonic()
        distortion, rate = evaluate(averaged.module, terms, *validation_set.tensors)
        row = {"validation distortion": distortion, "validation rate": rate, "seconds": paused - start}
        start += time.monotonic() - paused  # the seconds are those of training alone
        return row

    batches = training.batches(train_set, BATCH_SIZE, device=device, generator=dice)
    history = training.train(
        step, batches, num_images=num_images, log_every=num_images // 20, label=label, callback=watch
    )
    model.load_state_dict(averaged.module.state_dict())
    model.eval()
    return history


def build(make: Callable[[], nn.Module], *, seed: int = 0) -> nn.Module:
    """A new network, the same for the same seed."""
    seed_everything(seed)
    return make()


def shipped(
    name: str,
    make: Callable[[], nn.Module],
    terms: Terms,
    *,
    seed: int = 0,
    num_images: int = 1_100_000,
    sets: Callable[[], Sets] | None = None,
) -> tuple[nn.Module, checkpoints.Record]:
    """The checkpoint `name`, made by `fit`, on the device, and its record: see `checkpoints.load_or_train`.

    `sets()` is called only to train.
    """

    def train(model: nn.Module) -> checkpoints.Record:
        history = fit(
            model, terms, num_images=num_images, seed=seed, label=name, sets=sets() if sets else None
        )
        last = {key: value for key, value in history[-1].items() if key.startswith("validation")}
        return _record(seed, history[-1]["num_images"], last, history)

    model, record = checkpoints.load_or_train(
        name, partial(build, make, seed=seed), train, dtype=torch.float16
    )
    return model.to(get_device()), record


def stored(
    name: str,
    runs: Mapping[str, tuple[Callable[[], nn.Module], Terms, Mapping[str, Any]]],
    measure: Callable[[nn.Module, Terms], Any],
    *,
    num_images: int = 275_000,
) -> checkpoints.Record:
    """The record `name`: what `measure` says of a network trained for each of `runs`, and the histories.

    A run is (make, terms, options of `fit`). The networks themselves are not kept.
    """

    def train(_: nn.Module) -> checkpoints.Record:
        metrics, histories = {}, {}
        for key, (make, terms, options) in runs.items():
            model = build(make, seed=options.get("seed", 0))
            histories[key] = fit(model, terms, num_images=num_images, label=key, **options)
            metrics[key] = measure(model, terms)
        return _record(0, histories[key][-1]["num_images"], metrics, histories)

    return checkpoints.load_or_train(name, nn.Identity, train)[1]


def _record(seed: int, num_images: int, metrics: Any, history: Any) -> checkpoints.Record:
    config = {"batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE}
    return {"config": config, "seed": seed, "num_images": num_images, "metrics": metrics, "history": history}

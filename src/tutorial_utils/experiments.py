"""Runs whose numbers ship with the course, such as sweeps over settings: no network is kept."""

import base64
import binascii
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tutorial_utils import checkpoints, records
from tutorial_utils.images import check_images
from tutorial_utils.provenance import code_digest
from tutorial_utils.records import Record


def load_or_run(name: str, run: Callable[[], Record]) -> Record:
    """The shipped record `name`, or that of a new `run()` where TUTORIAL_RETRAIN asks for it.

    `run()` returns a dict with "config", "seed", "num_images" (seen) and "metrics"; a "history" and more may
    be added. Seconds, machine, versions and the digest of its code are added here. The numbers come out of
    the file, also right after a run. Warnings and errors are those of `checkpoints.load_or_train`.
    """
    code, path = code_digest(run), checkpoints.FOLDER / f"{name}.json"
    if records.asked_for(path):
        records.write(path, records.make(path, run, code=code))
    record = load(name)
    if name in records.replaying:
        record = records.replay(path, record, code, run)
    records.compare_code(path, record, code)
    return record


def load(name: str) -> Record:
    """The shipped record `name`. Raises `AssetError` where it is missing or altered."""
    return records.load(checkpoints.FOLDER / f"{name}.json")


def sweep(runs: Mapping[str, Callable[[], tuple[Any, Any]]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each run's measurement and history, by the run's name."""
    results = {key: run() for key, run in runs.items()}
    metrics = {key: measurement for key, (measurement, _) in results.items()}
    return metrics, {key: history for key, (_, history) in results.items()}


def pack(images: Tensor) -> str:
    """Images in [0, 1], rounded to 256 greys, as text that fits in a record: see `unpack`."""
    check_images(images)
    greys = (images * 255).round().to(torch.uint8)
    return base64.b64encode(greys.cpu().contiguous().numpy().tobytes()).decode()


def unpack(text: str, shape: Sequence[int]) -> Tensor:
    """What `pack` was given, to 1/510: float32 of this shape, in [0, 1]. Raises `ValueError` where it
    doesn't fit."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as problem:
        raise ValueError(f"these are no packed images: {problem}") from problem
    if len(content) != math.prod(shape):
        raise ValueError(f"{len(content):,} pixels are packed here: they can't be {tuple(shape)}")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).view(*shape).float() / 255

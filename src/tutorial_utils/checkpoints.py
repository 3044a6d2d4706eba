"""Trained networks that ship with the course, and the one way to make them again."""

import hashlib
import json
import os
import platform
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from tutorial_utils.device import get_device, memory_advice
from tutorial_utils.files import (
    ASSETS,
    AssetError,
    expect_writable,
    read,
    restore_hint,
    verify,
    write_atomically,
)
from tutorial_utils.progress import format_seconds

FOLDER = ASSETS / "checkpoints"

Record = dict[str, Any]


def load_or_train(
    name: str,
    build: Callable[[], nn.Module],
    train: Callable[[nn.Module], Record],
    *,
    dtype: torch.dtype = torch.float32,
    only_by_name: bool = False,
) -> tuple[nn.Module, Record]:
    """Load the shipped checkpoint `name` into `build()`, or train it where the reader asks for that.

    TUTORIAL_RETRAIN=<name> (several: a,b; every one: all) trains: `train(model)` changes the model in
    place and returns its record, a dict with "config", "seed", "num_images" (seen) and "metrics"; a "history"
    and more may be added. Seconds, machine, versions, size and the file's digest are added here.
    `dtype=torch.float16` stores halves; `only_by_name` keeps "all" from retraining this one.

    Returns the model in `eval` mode on the CPU, as it came out of the file (also right after training, so
    that everybody sees the same one), and the record. The global random state is left as it was.
    Raises `AssetError` where the file is missing, altered, or made for another network, and before a training
    whose result could not be written. A training that is interrupted leaves the files as they were.
    """
    asked = os.environ.get("TUTORIAL_RETRAIN", "").replace(" ", "").split(",")
    if name in asked or ("all" in asked and not only_by_name):
        with _random_state_kept():
            _train_and_write(name, build, train, dtype)
    return load(name, build)


def load(name: str, build: Callable[[], nn.Module]) -> tuple[nn.Module, Record]:
    """Load the shipped checkpoint `name` into `build()`: the model in `eval` mode on the CPU, and its record.

    The global random state is left as it was. Raises `AssetError` where the file is missing, altered, or
    made for another network.
    """
    weights_path, record_path = _paths(name)
    for path in (weights_path, record_path):
        if not path.exists():
            raise AssetError(
                f"{path} is missing. Either get the shipped one: {restore_hint(path)} "
                f"Or train it here: set TUTORIAL_RETRAIN={name} and run this again."
            )
    mend = f"{restore_hint(weights_path, record_path)} Or train it again: set TUTORIAL_RETRAIN={name}."
    try:
        record = json.loads(read(record_path, mend=mend))
        sha256 = record["sha256"]
    except (ValueError, KeyError, TypeError) as problem:
        raise AssetError(f"{record_path} is truncated or altered. To mend it: {mend}") from problem
    content = read(weights_path, mend=mend)
    verify(weights_path, content, sha256, mend=mend)
    with _random_state_kept():
        model = build()
    try:
        model.load_state_dict(safetensors.torch.load(content))
    except (RuntimeError, safetensors.SafetensorError) as problem:
        raise AssetError(
            f"{weights_path} does not fit the network that build() returns: {problem}\n"
            f"Train it again: set TUTORIAL_RETRAIN={name}."
        ) from problem
    return model.cpu().eval(), record


def _paths(name: str) -> tuple[Path, Path]:
    return FOLDER / f"{name}.safetensors", FOLDER / f"{name}.json"


def _train_and_write(name: str, build: Callable, train: Callable, dtype: torch.dtype) -> None:
    weights_path, record_path = _paths(name)
    try:
        before = json.loads(record_path.read_text("utf-8"))
        took = f"it took {format_seconds(before['seconds'])} on {before['machine']}"
    except (OSError, ValueError, KeyError, TypeError):  # no record yet, or a bad one that is replaced now
        took = "how long it takes is not known"
    print(f"training {name}: {took}")
    model = build()
    _serialise(model, dtype)  # fails now rather than after the training
    expect_writable(weights_path.parent)  # likewise
    start = time.monotonic()
    with memory_advice():
        record = train(model) or {}
    seconds = time.monotonic() - start
    content = _serialise(model, dtype)
    record = record | {
        "seconds": round(seconds, 1),
        "machine": _machine(model),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "dtype": str(dtype).removeprefix("torch."),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(record, indent=1, default=_plain)
    write_atomically(weights_path, content)
    write_atomically(record_path, text.encode() + b"\n")


def _serialise(model: nn.Module, dtype: torch.dtype) -> bytes:
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous().clone()
        for key, value in model.state_dict().items()
    }
    return safetensors.torch.save(state)


def _plain(value: Any) -> Any:
    """What JSON has no form for: tensors and NumPy's numbers as lists and numbers, the rest as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leave Python's, NumPy's and PyTorch's random state as it was."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _machine(model: nn.Module) -> str:
    device = next((parameter.device for parameter in model.parameters()), get_device())
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU threads, {platform.machine()}"

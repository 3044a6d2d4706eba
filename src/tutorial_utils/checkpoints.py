"""Trained networks that ship with the course, and the one way to make them again."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from tutorial_utils.files import ASSETS, AssetError, restore_hint, verify, write_atomically
from tutorial_utils.progress import format_seconds

FOLDER = ASSETS / "checkpoints"
REQUIRED = ("config", "seed", "num_images", "metrics")

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
    place and returns its record with "config", "seed", "num_images" and "metrics" (a dict of numbers); a
    "history" and more may be added. Seconds, machine, versions and the file's digest are added here.
    `dtype=torch.float16` stores halves; `only_by_name` keeps "all" from retraining this one.

    Returns the model in `eval` mode on the CPU, as it came out of the file (also right after training, so
    that everybody sees the same one), and the record. The global random state is left as it was.
    Raises `AssetError` where the file is missing, altered, or made for another network.
    """
    asked = os.environ.get("TUTORIAL_RETRAIN", "").replace(" ", "").split(",")
    with torch.random.fork_rng():
        if name in asked or ("all" in asked and not only_by_name):
            _train_and_write(name, build, train, dtype)
        return _load(name, build)


def _paths(name: str) -> tuple[Path, Path]:
    return FOLDER / f"{name}.safetensors", FOLDER / f"{name}.json"


def _train_and_write(name: str, build: Callable, train: Callable, dtype: torch.dtype) -> None:
    weights_path, record_path = _paths(name)
    before = json.loads(record_path.read_text("utf-8")) if record_path.exists() else None
    took = (
        f"it took {format_seconds(before['seconds'])} on {before['machine']}"
        if before
        else "it has not been timed before"
    )
    print(f"training {name}: {took}")
    model = build()
    start = time.monotonic()
    record = train(model)
    seconds = time.monotonic() - start
    absent = [key for key in REQUIRED if key not in record]
    if absent:
        raise ValueError(f"the record that train() returned for {name} lacks {', '.join(absent)}")
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous()
        for key, value in model.state_dict().items()
    }
    content = safetensors.torch.save(state)
    record = record | {
        "seconds": round(seconds, 1),
        "machine": _machine(model),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "dtype": str(dtype).removeprefix("torch."),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps(record, indent=1)  # before anything is written: a record may not be serialisable
    write_atomically(weights_path, content)
    write_atomically(record_path, text.encode() + b"\n")


def _load(name: str, build: Callable) -> tuple[nn.Module, Record]:
    weights_path, record_path = _paths(name)
    for path in (weights_path, record_path):
        if not path.exists():
            raise AssetError(
                f"{path} is missing. Either get the shipped one ({restore_hint(path)}) "
                f"or train it here: set TUTORIAL_RETRAIN={name} and run this again."
            )
    mend = f"{restore_hint(weights_path)} Or train it again: set TUTORIAL_RETRAIN={name}."
    try:
        record = json.loads(record_path.read_text("utf-8"))
        sha256 = record["sha256"]
    except (ValueError, KeyError, TypeError) as problem:
        raise AssetError(f"{record_path} is truncated or altered. To mend it: {mend}") from problem
    content = weights_path.read_bytes()
    verify(weights_path, content, sha256, mend=mend)
    model = build()
    try:
        model.load_state_dict(safetensors.torch.load(content))
    except (RuntimeError, safetensors.SafetensorError) as problem:
        raise AssetError(
            f"{weights_path} does not fit the network that build() returns: {problem}\n"
            f"Train it again: set TUTORIAL_RETRAIN={name}."
        ) from problem
    return model.cpu().eval(), record


def _machine(model: nn.Module) -> str:
    device = next(model.parameters()).device
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU threads, {platform.machine()}"

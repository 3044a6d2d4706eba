"""Trained networks that ship with the course, and the one way to make them again."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from tutorial_utils import records
from tutorial_utils.batching import device_of
from tutorial_utils.device import undisturbed
from tutorial_utils.files import ASSETS, AssetError, read, verify, write_atomically
from tutorial_utils.provenance import code_digest
from tutorial_utils.records import Record

FOLDER = ASSETS / "checkpoints"


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
    and more may be added. Seconds, machine, versions, size, and digests of the file and of the code of
    `build` and `train` are added here. `dtype=torch.float16` stores halves; `only_by_name` keeps "all" from
    retraining this one.

    Returns the model in `eval` mode on the CPU, as it came out of the file (also right after training, so
    that everybody sees the same one), and the record. The global random state is left as it was.
    Warns where `build` and `train` are not the code that made the shipped file (`records.OtherCode`).
    Raises `AssetError` where the file is missing, altered, or made for another network, and before a training
    whose result could not be written; `ValueError` where TUTORIAL_RETRAIN names what no page makes.
    A training that is interrupted leaves the files as they were.
    """
    code, path = code_digest(build, train), _paths(name)[1]
    if records.asked_for(path, only_by_name=only_by_name):
        _train_and_write(name, build, train, dtype, code)
    model, record = load(name, build)
    if name in records.replaying:
        record = records.replay(path, record, code, lambda: train(build()))
    records.compare_code(path, record, code)
    return model, record


def load(name: str, build: Callable[[], nn.Module]) -> tuple[nn.Module, Record]:
    """Load the shipped checkpoint `name` into `build()`: the model in `eval` mode on the CPU, and its record.

    Its weights are float32, whatever the default type, and can be trained on, also where it is loaded in
    inference mode. The global random state is left as it was. Raises `AssetError` where the file is missing,
    altered, or made for another network.
    """
    weights_path, record_path = _paths(name)
    for path in (weights_path, record_path):
        records.expect_shipped(path)
    mend = records.ways_to_mend(weights_path, record_path)
    record = records.load(record_path)
    if "sha256" not in record:
        raise AssetError(f"{record_path} is truncated or altered. To mend it: {mend}")
    content = read(weights_path, mend=mend)
    verify(weights_path, content, record["sha256"], mend=mend)
    with undisturbed(), torch.device("cpu"):
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


def _train_and_write(
    name: str, build: Callable, train: Callable, dtype: torch.dtype, code: str | None
) -> None:
    weights_path, record_path = _paths(name)
    with undisturbed():
        model = build()
        _serialise(model, dtype)  # fails now rather than after the training
        record = records.make(record_path, lambda: train(model), code=code, where=lambda: device_of(model))
    content = _serialise(model, dtype)
    record |= {
        "dtype": str(dtype).removeprefix("torch."),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    write_atomically(weights_path, content)
    records.write(record_path, record)


def _serialise(model: nn.Module, dtype: torch.dtype) -> bytes:
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous().clone()
        for key, value in model.state_dict().items()
    }
    return safetensors.torch.save(state)

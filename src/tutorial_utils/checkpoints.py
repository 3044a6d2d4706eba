"""Trained networks that ship with the course, and the one way to make them again."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import nn

from tutorial_utils import records
from tutorial_utils.device import memory_advice
from tutorial_utils.files import ASSETS, AssetError, expect_writable, read, verify, write_atomically
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
    code = code_digest(build, train)
    if records.asked_for(_paths(name)[1], only_by_name=only_by_name):
        with _random_state_kept(), _usual_modes():
            _train_and_write(name, build, train, dtype, code)
    model, record = load(name, build)
    if name in records.replaying:
        with _random_state_kept(), _usual_modes():
            record = records.replay(_paths(name)[1], record, code, lambda: train(build()))
    records.compare_code(_paths(name)[1], record, code)
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
    with _random_state_kept(), _usual_modes(), torch.device("cpu"):
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
    records.announce(record_path)
    model = build()
    _serialise(model, dtype)  # fails now rather than after the training
    expect_writable(weights_path.parent)  # likewise
    start = time.monotonic()
    with memory_advice():
        record = train(model) or {}
    seconds = time.monotonic() - start
    content = _serialise(model, dtype)
    device = next((parameter.device for parameter in model.parameters()), None)
    record = records.made(record, seconds=seconds, device=device, code=code) | {
        "dtype": str(dtype).removeprefix("torch."),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    text = records.as_text(record)
    write_atomically(weights_path, content)
    write_atomically(record_path, text.encode())


def _serialise(model: nn.Module, dtype: torch.dtype) -> bytes:
    state = {
        key: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous().clone()
        for key, value in model.state_dict().items()
    }
    return safetensors.torch.save(state)


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


@contextmanager
def _usual_modes() -> Iterator[None]:
    """Gradients, and float32 by default: the result is kept, and serves other callers, too."""
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float32)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(before)

"""What is kept of a training beside its result; whether it is to run again; whether its code is today's."""

import json
import platform
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from tutorial_utils import settings, training
from tutorial_utils.device import get_device, memory_advice, undisturbed
from tutorial_utils.files import ROOT, AssetError, expect_writable, read, restore_hint, write_atomically
from tutorial_utils.progress import format_seconds

Record = dict[str, Any]

REPLAY_TOLERANCE = 0.15  # relative; half-trained GANs differ by up to 14 % where only the rounding differs
replaying: Sequence[str] = ()  # the names that `tools/train.py --replay` compares with their records

used: dict[str, str | None] = {}
"""The results that this process asked for, each with the digest of the code that would make it."""


class OtherCode(UserWarning):
    """A shipped result was made by other code than the page's."""


def asked_for(path: Path, *, only_by_name: bool = False) -> bool:
    """Whether TUTORIAL_RETRAIN names the result that `path` is the record of, by itself or with "all".

    Raises `ValueError` where the variable holds a name that neither a shipped record nor a page has.
    """
    wanted = set(settings.retrain())
    if wanted - {"all", path.stem}:
        known = known_names(path.parent)
        unknown = sorted(wanted - {"all", path.stem, *known})
        if unknown:
            raise settings.SettingError(
                "TUTORIAL_RETRAIN",
                f"no page makes {', '.join(unknown)}. There are {', '.join(known)}, and all",
            )
    return path.stem in wanted or ("all" in wanted and not only_by_name)


def known_names(folder: Path) -> list[str]:
    """Every result that ships in `folder`, or that a page's metadata announces (tutorial.checkpoints)."""
    shipped = {path.stem for path in folder.glob("*.json")}
    for page in (ROOT / "notebooks").glob("*.ipynb"):
        try:
            shipped |= set(json.loads(page.read_text("utf-8"))["metadata"]["tutorial"]["checkpoints"])
        except (OSError, ValueError, KeyError, TypeError):  # a page of the reader's own
            continue
    return sorted(shipped)


def load(path: Path) -> Record:
    """A shipped record. Raises `AssetError` where it is missing or altered."""
    expect_shipped(path)
    mend = ways_to_mend(path)
    try:
        record = json.loads(read(path, mend=mend))
        record["seconds"], record["machine"]  # which every training writes
    except (ValueError, KeyError, TypeError) as problem:
        raise AssetError(f"{path} is truncated or altered. To mend it: {mend}") from problem
    return record


def expect_shipped(path: Path) -> None:
    """Raise `AssetError`, with both ways to get it, where a file is missing."""
    if not path.exists():
        raise AssetError(
            f"{path} is missing. Either get the shipped one: {restore_hint(path)} "
            f"Or train it here: set TUTORIAL_RETRAIN={path.stem} and run this again."
        )


def ways_to_mend(*paths: Path) -> str:
    return f"{restore_hint(*paths)} Or train it again: set TUTORIAL_RETRAIN={paths[0].stem}."


def duration(path: Path) -> str:
    """How long a training took the last time, and where."""
    try:
        record = load(path)
        return f"it took {format_seconds(record['seconds'])} on {record['machine']}"
    except (AssetError, TypeError):  # no record yet, or a bad one that is replaced now
        return "how long it takes is not known"


def make(
    path: Path,
    train: Callable[[], Record],
    *,
    code: str | None,
    where: Callable[[], torch.device] = get_device,
) -> Record:
    """The record of `train()`, with seconds, machine, versions, and the digest of the code added.

    Says beforehand how long it took the last time. `where()` is asked afterwards for the device. The caller's
    modes and random state are left alone. Raises `AssetError` where the record could not be written.
    """
    print(f"training {path.stem}: {duration(path)}")
    expect_writable(path.parent)  # fails now rather than after the training
    start = time.monotonic()
    with undisturbed(), memory_advice():
        record = train() or {}
    return record | {
        "seconds": round(time.monotonic() - start, 1),
        "machine": machine(where()),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "code": code,
    }


def machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU threads, {platform.machine()}"


def write(path: Path, record: Record) -> None:
    text = json.dumps(record, indent=1, default=_plain) + "\n"
    write_atomically(path, text.encode())


def _plain(value: Any) -> Any:
    """What JSON has no form for: tensors and NumPy's numbers as lists and numbers, the rest as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def compare_code(path: Path, record: Record, code: str | None) -> None:
    """Warn (`OtherCode`) where a shipped result was made by other code than would make it now."""
    used[path.stem] = code
    if code is not None and record.get("code") != code:
        warnings.warn(
            f"The shipped {path.stem} was made by other code than this page's is now, so they may not belong "
            f"together. TUTORIAL_RETRAIN={path.stem} makes it again: {duration(path)}.",
            OtherCode,
            stacklevel=3,
        )


def replay(path: Path, record: Record, code: str | None, train: Callable[[], object]) -> Record:
    """Train up to the first row of the history, and compare it with the record's.

    Where code was tidied and computes the same, this shows it in a twentieth of the time: where no number
    differs by more than REPLAY_TOLERANCE, the record gets the new code's digest, and says so. Seconds are
    not compared. Raises `ValueError` where a number differs, or where the record holds no history.
    """
    before = record.get("history")
    if isinstance(before, dict):  # a sweep: its first run
        before = next(iter(before.values()))
    if not before:
        raise ValueError(f"{path.stem} has no history to compare with: train it again")
    try:
        with undisturbed(), training.until_first_row():
            train()
        raise ValueError(f"{path.stem} did not train through training.train")
    except training.FirstRow as stopped:
        (row,) = stopped.args
    shared = (row.keys() & before[0].keys()) - {"seconds", "num_images"}
    away = {key: abs(row[key] - before[0][key]) / max(abs(before[0][key]), 1e-12) for key in shared}
    print(
        f"replayed {path.stem}: " + ", ".join(f"{key} {row[key]:.5g} ({before[0][key]:.5g})" for key in away)
    )
    if not away or max(away.values()) > REPLAY_TOLERANCE or row["num_images"] != before[0]["num_images"]:
        raise ValueError(f"{path.stem} is not what this code makes: {row}, where the record has {before[0]}")
    shown = {"num_images": row["num_images"], "largest_difference": round(max(away.values()), 6)}
    record = record | {"code": code, "replayed": shown}
    write(path, record)
    return record

"""Every generator of clothes in the course, measured alike (chapter 6).

10,000 samples against the 10,000 test images, in chapter 3's features. The file behind the board is written
only by tools/execute_notebooks.py (`make outputs`), which names a copy of it in TUTORIAL_LEADERBOARD.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutorial_utils import features
from tutorial_utils.data import fashion_mnist
from tutorial_utils.device import get_device
from tutorial_utils.files import ASSETS, AssetError, read, restore_hint, write_atomically
from tutorial_utils.metrics import (
    density_coverage,
    frechet_distance,
    inception_score,
    kernel_distance,
    nearest_neighbors,
    precision_recall,
)
from tutorial_utils.metrics.neighbors import ball_radii

FILE = ASSETS / "leaderboard.json"
NUM_SAMPLES, NUM_NEIGHBORS = 10_000, 2_000
NUM_SUBSETS, SUBSET_SIZE = 16, 1_000
METRICS = {  # label, factor and digits it is shown with, and the end of its scale
    "inception": ("inception score", 1, 2, 10.0),
    "frechet": ("Fréchet distance", 1, 2, 0.0),
    "kernel": ("kernel distance × 1000", 1000, 1, 0.0),
    "precision": ("precision", 1, 2, 1.0),
    "recall": ("recall", 1, 2, 1.0),
    "density": ("density", 1, 2, 1.0),
    "coverage": ("coverage", 1, 2, 1.0),
    "memorization": ("memorisation ratio", 1, 2, 1.0),
    "obedience": ("class accuracy", 1, 2, 1.0),
}

Entry = dict[str, Any]
Board = dict[str, Entry]


def enter(
    name: str,
    images: Tensor,
    record: Mapping[str, Any],
    *,
    labels: Tensor | None = None,
    seeds: Sequence[float] = (),
) -> Entry:
    """Measure a generator and return its entry; under `make outputs`, put it on the board, too.

    `images` are 10,000 samples (10000, 1, 28, 28) in [0, 1], `labels` (10000,) the classes that were asked
    for. `record` is its checkpoint's, or any mapping with "parameters", "num_images" (seen in training) and
    "seconds". `seeds` are Fréchet distances of networks trained alike from different seeds, if there are any.
    The entry holds all these and "metrics": a value and half of its 95 % interval for each.
    Raises `ValueError` for another number of samples, images outside the convention, or a record that lacks
    one of the three.
    """
    missing = [key for key in ("parameters", "num_images", "seconds") if key not in record]
    if missing:
        raise ValueError(f"the record of {name} lacks {', '.join(missing)}")
    entry = {key: record[key] for key in ("parameters", "num_images", "seconds")}
    entry |= {"seeds": [float(value) for value in seeds], "metrics": measure(images, labels=labels)}
    if os.environ.get("TUTORIAL_LEADERBOARD"):
        text = json.dumps(load() | {name: entry}, indent=1, ensure_ascii=False)
        write_atomically(_path(), text.encode() + b"\n")
    return entry


def load() -> Board:
    """The board as it ships, or, under `make outputs`, as it is being made: entries by name.

    Raises `AssetError` where the file is missing or altered.
    """
    mend = restore_hint(FILE)
    try:
        board = json.loads(read(_path(), mend=mend))
        if all("metrics" in entry for entry in board.values()):
            return board
        problem = None
    except (ValueError, AttributeError, TypeError) as error:
        problem = error
    raise AssetError(f"{_path()} is altered. To mend it: {mend}") from problem


def _path() -> Path:
    return Path(os.environ.get("TUTORIAL_LEADERBOARD") or FILE)


def measure(images: Tensor, *, labels: Tensor | None = None) -> dict[str, tuple[float, float]]:
    """Each of METRICS of 10,000 samples (obedience only with labels): its value, half its 95 % interval.

    Intervals come from 16 subsets of a tenth of the samples and of the test images, drawn without
    replacement: their variance times m / (n - m) (Politis and Romano 1994), which for a mean is unbiased. For
    the other metrics it is a guide: too wide for a Fréchet distance near 0, and up to twice too narrow or too
    wide where neighbours count, since these change with the size of the set. The memorisation ratio uses the
    first 2,000 samples and test images. See `enter` for inputs and errors.
    """
    if len(images) != NUM_SAMPLES:
        raise ValueError(f"the board compares {NUM_SAMPLES:,} samples of each model, not {len(images):,}")
    if labels is not None and labels.shape != (NUM_SAMPLES,):
        raise ValueError(f"labels must be ({NUM_SAMPLES},), not {tuple(labels.shape)}")
    fake = features.embed(images.to(get_device())).cpu()
    real, train, fresh = reference()
    with torch.no_grad():
        probabilities = features.classifier().head(fake).softmax(1)
    agreed = None if labels is None else (probabilities.argmax(1) == labels.cpu()).double()
    near = nearest_neighbors(fake[:NUM_NEIGHBORS], train)[0]
    dice = torch.Generator().manual_seed(0)
    values = _sets(real, fake, probabilities, agreed, generator=dice, whole=True)
    values["memorization"] = (near.median() / fresh.median()).item()
    rows = []
    for _ in range(NUM_SUBSETS):
        of_real, of_fake = (torch.randperm(NUM_SAMPLES, generator=dice)[:SUBSET_SIZE] for _ in range(2))
        chosen = None if agreed is None else agreed[of_fake]
        row = _sets(real[of_real], fake[of_fake], probabilities[of_fake], chosen, generator=dice)
        a_tenth = torch.randperm(NUM_NEIGHBORS, generator=dice)[: NUM_NEIGHBORS * SUBSET_SIZE // NUM_SAMPLES]
        row["memorization"] = (near[a_tenth].median() / fresh[a_tenth].median()).item()
        rows.append(row)
    scale = SUBSET_SIZE / (NUM_SAMPLES - SUBSET_SIZE)
    return {
        name: (values[name], 1.96 * (scale * torch.tensor([row[name] for row in rows]).var()).sqrt().item())
        for name in METRICS
        if name in values
    }


def _sets(
    real: Tensor,
    fake: Tensor,
    probabilities: Tensor,
    agreed: Tensor | None,
    *,
    generator: torch.Generator,
    whole: bool = False,
) -> dict[str, float]:
    """The metrics of two sets of features; of the whole sets with the customary splits and subsets."""
    splits, subsets, size = (10, 50, 1_000) if whole else (1, 1, len(real))
    values = {
        "inception": inception_score(probabilities, num_splits=splits)[0],
        "frechet": frechet_distance(real, fake),
        "kernel": kernel_distance(real, fake, num_subsets=subsets, subset_size=size, generator=generator)[0],
    }
    of_three, of_five = reference_radii() if whole else (None, None)
    values["precision"], values["recall"] = precision_recall(real, fake, k=3, real_radii=of_three)
    values["density"], values["coverage"] = density_coverage(real, fake, k=5, real_radii=of_five)
    if agreed is not None:
        values["obedience"] = agreed.mean().item()
    return values


@lru_cache
def reference() -> tuple[Tensor, Tensor, Tensor]:
    """Features of the test and of the training images, and how far test images lie from the latter."""
    device = get_device()
    real, train = (
        features.embed(fashion_mnist(split).tensors[0].to(device)).cpu() for split in ("test", "train")
    )
    return real, train, nearest_neighbors(real[:NUM_NEIGHBORS], train)[0]


@lru_cache
def reference_radii() -> tuple[Tensor, Tensor]:
    """How far the balls around the test images reach for precision (3 neighbours) and for density (5)."""
    real = reference()[0]
    return ball_radii(real, 3), ball_radii(real, 5)


def table(board: Board) -> str:
    """The board as a Markdown table: a row for each entry, best Fréchet distance first."""
    names = sorted(board, key=lambda name: board[name]["metrics"]["frechet"][0])
    labels = [label for label, *_ in METRICS.values()]
    head = ["", *labels, "parameters", "images seen", "seconds", "spread over seeds"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name in names:
        entry = board[name]
        cells = [_show(metric, entry["metrics"].get(metric)) for metric in METRICS]
        counts = [f"{entry[key]:,.0f}" for key in ("parameters", "num_images", "seconds")]
        lines.append([name, *cells, *counts, _spread(entry["seeds"])])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _spread(values: Sequence[float]) -> str:
    """The standard deviation of the Fréchet distance over seeds, as a share of its mean."""
    if len(values) < 2:
        return ""
    distances = torch.tensor(values, dtype=torch.float64)
    return f"{distances.std() / distances.mean():.0%} of {len(values)}"


def _show(metric: str, value: tuple[float, float] | None) -> str:
    if value is None:
        return ""
    _, factor, digits, _ = METRICS[metric]
    return f"{factor * value[0]:.{digits}f} ± {factor * value[1]:.{digits}f}"


def draw(board: Board) -> Figure:
    """A panel for each metric, a point with its interval for each entry, a dotted line at the scale's end."""
    names = sorted(board, key=lambda name: -board[name]["metrics"]["frechet"][0])  # best on top
    figure, panels = plt.subplots(3, 3, figsize=(9, 0.75 * len(names) + 1), sharey=True)
    for axes, (metric, (label, factor, _, perfect)) in zip(panels.flat, METRICS.items(), strict=True):
        found = [(place, board[name]["metrics"].get(metric)) for place, name in enumerate(names)]
        found = [(place, *value) for place, value in found if value]
        places, values, errors = torch.tensor(found).T if found else torch.empty(3, 0)
        axes.errorbar(factor * values, places, xerr=factor * errors, fmt="o", markersize=4, capsize=2)
        axes.axvline(factor * perfect, color="#999999", linewidth=1, linestyle=":")
        axes.set(title=label, yticks=range(len(names)), yticklabels=names)
        if perfect == 0:  # distances differ by factors; what is near 0, or below, stays linear
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(left=-1)
    return figure

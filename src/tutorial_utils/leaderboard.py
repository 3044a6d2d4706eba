"""Every generator of one kind of images in the course, measured alike (chapter 6).

A `Board` compares 10,000 samples of each model with the 10,000 test images, in a yardstick's features. The
file behind it is written only by tools/execute_notebooks.py (`make outputs`), which names a folder of copies
of the boards in TUTORIAL_LEADERBOARD. `CLOTHES` is the board of Fashion-MNIST, and the module's functions are
its methods.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from tutorial_utils import settings, yardsticks
from tutorial_utils.data import fashion_mnist
from tutorial_utils.device import get_device
from tutorial_utils.files import ASSETS, AssetError, read, restore_hint, write_atomically
from tutorial_utils.measuring import NUM_NEIGHBORS, NUM_SAMPLES, Features, measure_sets
from tutorial_utils.metrics import nearest_neighbors
from tutorial_utils.metrics.balls import neighbor_distances
from tutorial_utils.yardsticks import Yardstick

Entry = dict[str, Any]
Entries = dict[str, Entry]


class Metric(NamedTuple):
    """How a column of the board is shown: its label, factor and digits, and the ideal value."""

    label: str
    factor: float
    digits: int
    ideal: float


@dataclass(frozen=True)
class Board:
    """A leaderboard: where it is kept, what measures it, which of the metrics it shows, and its images.

    `images(split)` are the test and the training images, (N, C, H, W) in [0, 1]. `metrics` are some of those
    that `measure` knows: inception, frechet, kernel, precision, recall, density, coverage, memorization,
    obedience.
    """

    file: Path
    yardstick: Yardstick
    metrics: Mapping[str, Metric]
    images: Callable[[str], Tensor]

    def __hash__(self) -> int:  # by which the reference features are kept
        return hash(self.file)

    def enter(
        self,
        name: str,
        images: Tensor,
        record: Mapping[str, Any],
        *,
        labels: Tensor | None = None,
        seeds: Sequence[float] = (),
    ) -> Entry:
        """Measure a generator and return its entry; under `make outputs`, put it on the board, too.

        `images` are 10,000 samples in [0, 1], shaped like the board's, `labels` (10000,) the classes that
        were asked for. `record` is its checkpoint's, or any mapping with "parameters", "num_images" (seen in
        training) and "seconds". `seeds` are Fréchet distances of networks trained alike from different seeds,
        if there are any. The entry holds all these and "metrics": a value and half of its 95 % interval for
        each. Raises `ValueError` for another number of samples, images outside the convention, or a record
        that lacks one of the three.
        """
        _training_of(name, record)  # fails before the measuring rather than after it
        return self.add(name, self.measure(images, labels=labels), record, seeds=seeds)

    def add(
        self,
        name: str,
        metrics: Mapping[str, Any],
        record: Mapping[str, Any],
        *,
        seeds: Sequence[float] = (),
    ) -> Entry:
        """Like `enter`, with what `measure` said when the samples were drawn, as a slow sampler's record
        has it.

        Raises `ValueError` for a record that lacks one of the three, or where a metric of the board is
        missing (obedience may be).
        """
        unmeasured = [key for key in self.metrics if key not in metrics and key != "obedience"]
        if unmeasured:
            raise ValueError(f"{name} was not measured in {', '.join(unmeasured)}")
        values = {key: (float(value), float(half)) for key, (value, half) in metrics.items()}
        entry = _training_of(name, record)
        entry |= {"seeds": [float(value) for value in seeds], "metrics": values}
        if settings.leaderboard():
            text = json.dumps(self.load() | {name: entry}, indent=1, ensure_ascii=False)
            write_atomically(self._path(), text.encode() + b"\n")
        return entry

    def load(self) -> Entries:
        """The board as it ships, or, under `make outputs`, as it is being made: entries by name.

        Raises `AssetError` where the file is missing or altered.
        """
        mend = restore_hint(self.file)
        try:
            entries = json.loads(read(self._path(), mend=mend))
            if all("metrics" in entry for entry in entries.values()):
                return entries
            problem = None
        except (ValueError, AttributeError, TypeError) as error:
            problem = error
        raise AssetError(f"{self._path()} is altered. To mend it: {mend}") from problem

    def _path(self) -> Path:
        folder = settings.leaderboard()
        return folder / self.file.name if folder else self.file

    def measure(self, images: Tensor, *, labels: Tensor | None = None) -> dict[str, tuple[float, float]]:
        """Each metric of 10,000 samples (obedience only with labels): its value, half its 95 % interval.

        Intervals come from 16 subsets of a tenth of the samples and of the test images, drawn without
        replacement: their variance times m / (n - m) (Politis and Romano 1994), which for a mean is unbiased.
        For the other metrics it is a guide: too wide for a Fréchet distance near 0, and up to twice too
        narrow or too wide where neighbours count, since these change with the size of the set. The
        memorisation ratio uses the first 2,000 samples and test images. See `enter` for inputs and errors.
        """
        fake = self._features(images, labels)
        values = measure_sets(fake, *self.reference(), radii=self.reference_radii())
        return {name: values[name] for name in self.metrics if name in values}

    def _features(self, images: Tensor, labels: Tensor | None) -> Features:
        if len(images) != NUM_SAMPLES:
            found = f"{len(images):,}"
            raise ValueError(f"the board compares {NUM_SAMPLES:,} samples of each model, not {found}")
        if labels is not None and labels.shape != (NUM_SAMPLES,):
            raise ValueError(f"labels must be ({NUM_SAMPLES},), not {tuple(labels.shape)}")
        features = self.yardstick.embed(images.to(get_device())).cpu()
        probabilities = self.yardstick.head_probabilities(features)
        agreed = None if labels is None else (probabilities.argmax(1) == labels.cpu()).double()
        return Features(features, probabilities, agreed)

    def reference(self) -> tuple[Tensor, Tensor, Tensor]:
        """Features of the test and of the training images, and how far the first 2,000 test images lie from
        the latter. Computed once, then kept."""
        return _reference(self)

    def reference_radii(self) -> tuple[Tensor, Tensor]:
        """How far the balls around the test images reach for precision (3 neighbours) and density (5)."""
        return _reference_radii(self)

    def table(self, entries: Entries) -> str:
        """Entries as a Markdown table: a row for each, best Fréchet distance first."""
        names = sorted(entries, key=lambda name: entries[name]["metrics"]["frechet"][0])
        labels = [metric.label for metric in self.metrics.values()]
        head = ["model", *labels, "parameters", "images seen", "seconds", "spread over seeds"]
        lines = [head, ["---", *["---:"] * (len(head) - 1)]]
        for name in names:
            entry = entries[name]
            cells = [_cell(metric, entry["metrics"].get(key)) for key, metric in self.metrics.items()]
            counts = [f"{entry[key]:,.0f}" for key in ("parameters", "num_images", "seconds")]
            lines.append([name, *cells, *counts, _spread(entry["seeds"])])
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def draw(self, entries: Entries) -> Figure:
        """A panel for each metric, a point with its interval for each entry, a dotted line at the ideal."""
        names = sorted(entries, key=lambda name: -entries[name]["metrics"]["frechet"][0])  # best on top
        rows = -(-len(self.metrics) // 3)
        size = (9, 0.25 * rows * len(names) + 1)
        figure, panels = plt.subplots(rows, 3, figsize=size, sharey=True, squeeze=False)
        for axes in panels.flat[len(self.metrics) :]:
            axes.set_axis_off()
        for axes, (key, metric) in zip(panels.flat, self.metrics.items(), strict=False):
            found = [(place, entries[name]["metrics"].get(key)) for place, name in enumerate(names)]
            found = [(place, *value) for place, value in found if value]
            places, values, errors = torch.tensor(found).T if found else torch.empty(3, 0)
            scale = metric.factor
            axes.errorbar(scale * values, places, xerr=scale * errors, fmt="o", markersize=4, capsize=2)
            axes.axvline(scale * metric.ideal, color="#999999", linewidth=1, linestyle=":")
            axes.set(title=metric.label, yticks=range(len(names)), yticklabels=names)
            if metric.ideal == 0:  # distances differ by factors; what is near 0, or below, stays linear
                axes.set_xscale("symlog", linthresh=1)
                axes.set_xlim(left=-1)
        return figure


def _training_of(name: str, record: Mapping[str, Any]) -> Entry:
    keys = ("parameters", "num_images", "seconds")
    missing = [key for key in keys if key not in record]
    if missing:
        raise ValueError(f"the record of {name} lacks {', '.join(missing)}")
    return {key: record[key] for key in keys}


@lru_cache
def _reference(board: Board) -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode(False):  # what is kept serves every caller
        device = get_device()
        real = board.yardstick.embed(board.images("test").to(device)).cpu()
        train = board.yardstick.embed(board.images("train").to(device)).cpu()
        return real, train, nearest_neighbors(real[:NUM_NEIGHBORS], train)[0]


@lru_cache
def _reference_radii(board: Board) -> tuple[Tensor, Tensor]:
    distances = neighbor_distances(_reference(board)[0], 5)
    return distances[:, 2], distances[:, 4]


def _spread(values: Sequence[float]) -> str:
    """The standard deviation of the Fréchet distance over seeds, as a share of its mean."""
    if len(values) < 2:
        return ""
    distances = torch.tensor(values, dtype=torch.float64)
    return f"{distances.std() / distances.mean():.0%} of {len(values)}"


def _cell(metric: Metric, value: tuple[float, float] | None) -> str:
    if value is None:
        return ""
    return f"{metric.factor * value[0]:.{metric.digits}f} ± {metric.factor * value[1]:.{metric.digits}f}"


METRICS = {
    "inception": Metric("inception score", 1, 2, 10.0),
    "frechet": Metric("Fréchet distance", 1, 2, 0.0),
    "kernel": Metric("kernel distance × 1000", 1000, 1, 0.0),
    "precision": Metric("precision", 1, 2, 1.0),
    "recall": Metric("recall", 1, 2, 1.0),
    "density": Metric("density", 1, 2, 1.0),
    "coverage": Metric("coverage", 1, 2, 1.0),
    "memorization": Metric("memorisation ratio", 1, 2, 1.0),
    "obedience": Metric("class accuracy", 1, 2, 1.0),
}
CLOTHES = Board(
    file=ASSETS / "leaderboard.json",
    yardstick=yardsticks.CLOTHES,
    metrics=METRICS,
    images=lambda split: fashion_mnist(split).tensors[0],
)
enter, add, load, measure = CLOTHES.enter, CLOTHES.add, CLOTHES.load, CLOTHES.measure
table, draw, reference = CLOTHES.table, CLOTHES.draw, CLOTHES.reference

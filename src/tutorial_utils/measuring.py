"""What the leaderboard asks of 10,000 samples: every metric of sets, each with an interval."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tutorial_utils.metrics import (
    frechet_distance,
    inception_score,
    kernel_distance,
    nearest_neighbors,
)
from tutorial_utils.metrics.neighbors import compare_balls

NUM_SAMPLES, NUM_NEIGHBORS = 10_000, 2_000
NUM_SUBSETS, SUBSET_SIZE = 16, 1_000


class Features(NamedTuple):
    """Features (N, D) of a set of images, their class probabilities, and whether each is of the class that
    was asked for (None where nothing was)."""

    features: Tensor
    probabilities: Tensor
    agreed: Tensor | None

    def subset(self, rows: Tensor) -> "Features":
        return Features(*(None if each is None else each[rows] for each in self))


def measure_sets(
    fake: Features, real: Tensor, train: Tensor, fresh: Tensor, *, radii: tuple[Tensor, Tensor]
) -> dict[str, tuple[float, float]]:
    """Each metric of 10,000 samples: its value, and half its 95 % interval (see `Board.measure`).

    `real` (10000, D) and `train` (N, D) are the features of the test and the training images, `fresh` (2000,)
    how far the first test images lie from the latter, `radii` those of the balls around the test images that
    reach 3 and 5 neighbours.
    """
    near = nearest_neighbors(fake.features[:NUM_NEIGHBORS], train)[0]
    dice = torch.Generator().manual_seed(0)
    values = _of_sets(real, fake, generator=dice, radii=radii)
    values["memorization"] = (near.median() / fresh.median()).item()
    rows = []
    for _ in range(NUM_SUBSETS):
        of_real, of_fake = (_draw(NUM_SAMPLES, SUBSET_SIZE, dice) for _ in range(2))
        row = _of_sets(real[of_real], fake.subset(of_fake), generator=dice)
        a_tenth = _draw(NUM_NEIGHBORS, NUM_NEIGHBORS * SUBSET_SIZE // NUM_SAMPLES, dice)
        row["memorization"] = (near[a_tenth].median() / fresh[a_tenth].median()).item()
        rows.append(row)
    return {name: (value, half_interval([row[name] for row in rows])) for name, value in values.items()}


def _draw(total: int, size: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(total, generator=generator, device="cpu")[:size]


def half_interval(values: Sequence[float]) -> float:
    """Half a 95 % interval, from a metric's values on subsets of a tenth (see `Board.measure`)."""
    scale = SUBSET_SIZE / (NUM_SAMPLES - SUBSET_SIZE)
    return 1.96 * (scale * torch.tensor(values, dtype=torch.float64).var()).sqrt().item()


def _of_sets(
    real: Tensor,
    fake: Features,
    *,
    generator: torch.Generator,
    radii: tuple[Tensor, Tensor] | None = None,
) -> dict[str, float]:
    """The metrics of two sets; of the whole sets (`radii` given) with the customary splits and subsets."""
    splits, subsets, size = (10, 50, 1_000) if radii else (1, 1, len(real))
    seen = fake.features
    kernel, _ = kernel_distance(real, seen, num_subsets=subsets, subset_size=size, generator=generator)
    values = {
        "inception": inception_score(fake.probabilities, num_splits=splits)[0],
        "frechet": frechet_distance(real, seen),
        "kernel": kernel,
        **compare_balls(real, seen, k=3, density_k=5, real_radii=radii),
    }
    return values if fake.agreed is None else values | {"obedience": fake.agreed.mean().item()}

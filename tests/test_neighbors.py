"""Claims: neighbours, balls and what is made of them equal counting by hand, ties and copies included."""

import re
import time

import numpy as np
import pytest
import torch
from torch_fidelity.metric_prc import prc_features_to_metric

from tutorial_utils.data import ring_of_gaussians
from tutorial_utils.metrics import (
    density_coverage,
    memorization_ratio,
    modes_covered,
    nearest_neighbors,
    precision_recall,
)
from tutorial_utils.metrics.balls import ball_radii
from tutorial_utils.metrics.neighbors import compare_balls


def test_nearest_neighbors_are_those_of_brute_force(generator):
    reference = torch.rand(4321, 2, 3, generator=generator)  # three blocks, the last one shorter
    rows = torch.rand(1234, 2, 3, generator=generator)
    distances = (rows[:, None] - reference[None]).flatten(2).norm(dim=2)
    distance, index = nearest_neighbors(rows, reference)
    assert torch.allclose(distance, distances.amin(1), atol=1e-6)
    assert torch.equal(index, distances.argmin(1))
    distance, index = nearest_neighbors(reference[4000:] + 100, reference + 100)
    assert distance.max() == 0
    assert index.tolist() == list(range(4000, 4321))


def test_nearest_neighbors_finds_copies_among_near_copies(generator):
    """Closer together than float32's product of matrices can tell, in two places, and of two types."""
    reference = torch.randn(1000, 784, generator=generator)
    reference = torch.cat([reference, reference + 1e-4 * torch.randn(reference.shape, generator=generator)])
    distance, index = nearest_neighbors(reference[:1000].double(), reference)
    assert distance.max() == 0
    assert torch.equal(index, torch.arange(1000))
    clusters = 1000 * torch.sign(reference[:1000, :1]) + 0.01 * reference[:1000]
    assert nearest_neighbors(clusters, clusters)[0].max() == 0


def test_memorization_ratio_knows_copies_fresh_data_and_blur(generator):
    train, held_out, fresh = (torch.rand(600, 1, 8, 8, generator=generator) for _ in range(3))
    assert memorization_ratio(train, held_out, train[:100]) == 0
    assert memorization_ratio(train, held_out, fresh) == pytest.approx(1, abs=0.05)
    near_copies = train[:100] + 0.01 * torch.randn(100, 1, 8, 8, generator=generator)
    assert memorization_ratio(train, held_out, near_copies) < 0.1
    assert memorization_ratio(train, held_out, fresh.mean(0, keepdim=True)) < 0.9  # blur, and no copy
    assert memorization_ratio(train, held_out, 3 * fresh) > 2
    with pytest.raises(ValueError, match="held_out"):
        memorization_ratio(train, train[:9], fresh)


def test_modes_are_covered_by_one_point_within_the_radius(generator):
    ring = ring_of_gaussians(8, std=0.02)
    assert modes_covered(ring.sample(2000, generator=generator), ring.centers, radius=0.06) == 8
    assert modes_covered(ring.centers[:3].repeat(50, 1), ring.centers, radius=0.06) == 3
    assert modes_covered(torch.zeros(10, 2), ring.centers, radius=0.06) == 0
    assert modes_covered(torch.zeros(10, 2), ring.centers, radius=2.001) == 8
    corner = torch.tensor([[3.0, 4.0]])
    assert modes_covered(corner, torch.zeros(1, 2), radius=5.0) == 1  # the edge belongs to the ball
    assert modes_covered(corner, torch.zeros(1, 2), radius=4.999) == 0
    assert type(modes_covered(corner, torch.zeros(1, 2), radius=1)) is int


def test_no_radius_is_named():
    with pytest.raises(ValueError, match="radius must be positive, not 0"):
        modes_covered(torch.zeros(5, 2), torch.zeros(1, 2), radius=0)


def by_hand(real, fake, k):
    """Density, coverage and precision, one distance at a time."""
    inside = torch.zeros(len(real), len(fake))
    for i, point in enumerate(real):
        others = sorted((point - other).norm().item() for j, other in enumerate(real) if j != i)
        for j, other in enumerate(fake):
            inside[i, j] = (point - other).norm().item() <= others[k - 1] + 1e-12
    density, coverage = inside.sum() / (k * len(fake)), inside.any(1).float().mean()
    return density.item(), coverage.item(), inside.any(0).float().mean().item()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_balls_agree_with_counting_by_hand(k):
    generator = torch.Generator().manual_seed(k)
    real = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    fake = 1.5 * torch.randn(25, 3, generator=generator, dtype=torch.float64)
    expected = by_hand(real, fake, k)
    assert density_coverage(real, fake, k=k) == pytest.approx(expected[:2], abs=1e-6)
    recall = by_hand(fake, real, k)[2]  # the same question, the other way round
    assert precision_recall(real, fake, k=k) == pytest.approx((expected[2], recall), abs=1e-6)


def test_balls_are_closed_and_a_point_is_not_its_own_neighbour():
    line = torch.arange(6.0)[:, None]  # the first neighbour is 1 away, on the edge of the ball
    density, coverage = density_coverage(line, line, k=1)
    assert coverage == 1
    assert density == pytest.approx((4 * 3 + 2 * 2) / 6)
    assert density_coverage(line, torch.tensor([[6.0]]), k=1) == pytest.approx((1, 1 / 6))
    assert density_coverage(line, torch.tensor([[6.001]]), k=1) == (0, 0)
    features = torch.rand(1200, 64, generator=torch.Generator().manual_seed(0))  # more than one block
    assert density_coverage(features, features, k=1)[1] == 1


def test_density_and_coverage_of_known_samples():
    generator = torch.Generator().manual_seed(0)
    real, same = torch.randn(2, 1500, 8, generator=generator)
    density, coverage = density_coverage(real, same)
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - 0.5**5, abs=0.02)  # each of the 5 nearest is real or fake, by a coin
    density, coverage = density_coverage(real, 0.3 * same)  # a tight cluster in the middle
    assert density > 1.5
    assert coverage < 0.8
    assert density_coverage(real, same + 20) == (0, 0)


def test_density_and_coverage_name_a_bad_input():
    real = torch.zeros(5, 2)
    for k in (0, 5):
        with pytest.raises(ValueError, match=f"between 1 and 4.*not {k}"):
            density_coverage(real, real, k=k)
    with pytest.raises(ValueError, match="NaN"):
        density_coverage(real, real + torch.nan)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_and_recall_equal_the_librarys(k):
    generator = torch.Generator().manual_seed(k)
    real = torch.randn(500, 16, generator=generator, dtype=torch.float64)
    fake = 0.8 * torch.randn(350, 16, generator=generator, dtype=torch.float64) + 0.2
    options = {"prc_neighborhood": k, "prc_batch_size": 100, "save_cpu_ram": True, "verbose": False}
    expected = prc_features_to_metric(fake, real, **options)
    assert precision_recall(real, fake, k=k) == pytest.approx((expected["precision"], expected["recall"]))


def test_precision_and_recall_of_known_samples(generator):
    wide, same = torch.randn(2, 1500, 8, generator=generator)
    precision, recall = precision_recall(wide, same)
    assert precision == pytest.approx(recall, abs=0.04)
    precision, recall = precision_recall(wide, 0.3 * same)  # a tight cluster in a wide one
    assert precision > 0.95
    assert recall < 0.3
    assert precision_recall(0.3 * same, wide) == pytest.approx((recall, precision))
    assert precision_recall(wide, same + 20) == (0, 0)
    assert precision_recall(wide, wide) == (1, 1)


def test_one_outlier_makes_nonsense_precise_and_density_resists(generator):
    real, fake = torch.randn(2, 500, 4, generator=generator)
    assert precision_recall(real, fake + 90)[0] == 0
    real[0] = 100
    assert precision_recall(real, fake + 90)[0] == 1
    assert density_coverage(real, fake + 90)[0] == pytest.approx(1 / 5)


def test_balls_of_precision_and_recall_are_closed():
    line = torch.arange(6.0)[:, None]
    assert precision_recall(line, torch.tensor([[6.0], [7.0]]), k=1)[0] == 0.5
    assert precision_recall(torch.tensor([[6.0], [7.0]]), line, k=1)[1] == 0.5
    twins = torch.tensor([[0.0], [0.0], [5.0]])  # each other's neighbour, at distance 0
    assert precision_recall(twins, torch.tensor([[0.0], [-1.0], [9.0], [11.0]]), k=1)[0] == 0.5


def test_precision_and_recall_name_a_bad_input():
    points = torch.zeros(5, 2)
    for k in (0, 4):
        with pytest.raises(ValueError, match=f"between 1 and 3.*not {k}"):
            precision_recall(points, points[:4], k=k)
    with pytest.raises(ValueError, match=r"\(5, 3\)"):
        precision_recall(points, torch.zeros(5, 3))
    with pytest.raises(ValueError, match="infinity"):
        precision_recall(points, points + torch.inf)
    with pytest.raises(ValueError, match="too few samples: k must"):
        precision_recall(points, points[:1])
    with pytest.raises(ValueError, match=r"whole number .* not 2\.5"):
        density_coverage(points, points, k=2.5)


def test_a_collapsed_generator_takes_no_longer(generator):
    """All pairs tie, so that none can be decided by the product of matrices."""
    real, fake = torch.randn(4000, 32, generator=generator), torch.zeros(4000, 32)
    start = time.monotonic()
    assert precision_recall(real, fake) == (1, 0)
    assert density_coverage(fake, fake) == (4000 / 5, 1)
    real[0] = 1e7  # nor does one outlier spoil the rounding of the others
    assert precision_recall(real, real) == (1, 1)
    assert time.monotonic() - start < 30


def test_neighbours_of_halves_and_of_rows_with_gradients_are_plain_floats(generator):
    rows = 3e4 * torch.sign(torch.randn(20, 128, generator=generator))
    distance, _ = nearest_neighbors(rows.half()[:5], rows.half()[5:])
    assert distance.dtype == torch.float32
    assert distance.isfinite().all()
    assert not nearest_neighbors(rows.requires_grad_(), rows)[0].requires_grad


def test_ten_thousand_neighbours_take_seconds(generator):
    real, fake = torch.rand(2, 10_000, 128, generator=generator)
    start = time.monotonic()
    nearest_neighbors(fake, real)
    precision_recall(real, fake)
    assert time.monotonic() - start < 60


def test_ladders_of_disease_go_the_right_way(generator):
    """Noise lowers precision and coverage. Missing parts and duplicates leave precision alone, and lower
    recall and coverage. Copies are noticed by the memorisation ratio alone."""
    real, held_out, fresh = torch.randn(3, 900, 6, generator=generator)
    noisy = [fresh + noise * torch.randn(900, 6, generator=generator) for noise in (0, 1, 2, 4)]
    parts = [fresh[fresh[:, 0] > edge] for edge in (-9, -0.5, 0, 0.5)]
    fewer = [fresh[:count].repeat(900 // count, 1) for count in (900, 300, 100, 30)]
    for ladder in (noisy, parts, fewer):
        precisions, recalls = zip(*(precision_recall(real, x) for x in ladder), strict=True)
        coverages = [density_coverage(real, x)[1] for x in ladder]
        assert coverages == sorted(coverages, reverse=True)
        assert coverages[-1] < 0.7 * coverages[0]
        falling = list(precisions if ladder is noisy else recalls)
        assert falling == sorted(falling, reverse=True)
        assert falling[-1] < 0.7 * falling[0]
        if ladder is not noisy:
            assert min(precisions) > 0.95 * precisions[0]
    copies = [torch.cat([real[:count], fresh[count:]]) for count in (0, 300, 600, 900)]
    ratios = [memorization_ratio(real, held_out, x) for x in copies]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[0] > 0.9 > 0 == ratios[-1]
    coverages = [density_coverage(held_out, x)[1] for x in copies]
    assert coverages[-1] == pytest.approx(coverages[0], abs=0.03)


@pytest.mark.parametrize("spread", [1.0, 0.3, 1e-9], ids=["alike", "crowded", "collapsed"])
def test_both_pairs_of_numbers_cost_less_together_and_stay_the_same(spread, generator):
    real, fake = torch.randn(2, 450, 5, generator=generator)
    fake = spread * fake
    expected = (*precision_recall(real, fake, k=2), *density_coverage(real, fake, k=4))
    found = compare_balls(real, fake, k=2, density_k=4)
    assert list(found) == ["precision", "recall", "density", "coverage"]
    assert tuple(found.values()) == expected
    customary = (*precision_recall(real, fake), *density_coverage(real, fake))
    assert tuple(compare_balls(real, fake).values()) == customary
    radii = ball_radii(real, 2), ball_radii(real, 4)
    assert compare_balls(real, fake, k=2, density_k=4, real_radii=radii) == found
    with pytest.raises(ValueError, match=r"real_radii must be \(450,\)"):
        compare_balls(real, fake, real_radii=(radii[0], radii[1][:9]))
    with pytest.raises(ValueError, match=r"density_k must be .* between 1 and 449.* not 450"):
        compare_balls(real, fake, density_k=450)


@pytest.mark.parametrize("k", [np.int64(3), np.uint8(3), torch.tensor(3)], ids=["int64", "uint8", "tensor"])
def test_whole_numbers_of_any_library_are_whole_numbers(k, generator):
    real, fake = torch.randn(2, 60, 4, generator=generator)
    for metric in (precision_recall, density_coverage):
        found = metric(real, fake, k=k)
        assert found == metric(real, fake, k=3)
        assert {type(value) for value in found} == {float}


@pytest.mark.parametrize("k", [True, np.True_, 3.0, np.float64(3), "3", None])
def test_what_is_no_whole_number_is_named(k):
    points = torch.zeros(9, 2)
    for metric in (precision_recall, density_coverage):
        with pytest.raises(
            ValueError, match=f"k must be a whole number between 1 and 8.*not {re.escape(repr(k))}"
        ):
            metric(points, points, k=k)


def test_radii_that_are_known_already_change_nothing(generator):
    real, fake = (torch.randn(200, 4, generator=generator) for _ in range(2))
    for metric, k in ((precision_recall, 3), (density_coverage, 5)):
        assert metric(real, fake, k=k, real_radii=ball_radii(real, k)) == metric(real, fake, k=k)
        with pytest.raises(ValueError, match=r"real_radii must be \(200,\)"):
            metric(real, fake, k=k, real_radii=ball_radii(fake[:100], k))

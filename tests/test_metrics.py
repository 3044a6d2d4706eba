"""Claims: metrics equal a trusted library's or a closed form, know their answers on easy cases, and move the
right way on a ladder."""

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F

from tutorial_utils.data import ring_of_gaussians
from tutorial_utils.metrics import (
    density_coverage,
    frechet_distance,
    gaussian_window,
    memorization_ratio,
    modes_covered,
    nearest_neighbors,
    psnr,
    ssim,
)


@pytest.fixture(params=[(4, 1, 28, 28), (2, 3, 17, 23), (1, 1, 11, 11)], ids=str)
def pair(request, generator):
    x = torch.rand(request.param, generator=generator)
    return x, (x + 0.2 * torch.randn(request.param, generator=generator)).clamp(0, 1)


def test_psnr_equals_the_librarys(pair):
    x, y = pair
    expected = [
        peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=1) for a, b in zip(x, y, strict=True)
    ]
    assert psnr(x, y).tolist() == pytest.approx(expected, rel=1e-5)


def test_psnr_knows_its_decibels():
    black = torch.zeros(1, 1, 4, 4)
    assert psnr(black + 0.1, black).item() == pytest.approx(20, abs=1e-4)
    assert psnr(black + 1, black).item() == pytest.approx(0, abs=1e-6)
    assert psnr(black, black).item() == float("inf")


def test_ssim_equals_the_librarys(pair):
    expected = [
        structural_similarity(
            a.numpy(), b.numpy(), data_range=1, channel_axis=0,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )
        for a, b in zip(*pair, strict=True)
    ]  # fmt: skip
    assert ssim(*pair).tolist() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_flat_images_is_the_luminance_term():
    a, b = torch.full((1, 1, 12, 12), 0.3), torch.full((1, 1, 12, 12), 0.5)
    expected = (2 * 0.3 * 0.5 + 1e-4) / (0.3**2 + 0.5**2 + 1e-4)
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-4)


def test_ssim_is_one_for_equals_symmetric_and_falls_with_noise(generator):
    x = torch.rand(3, 1, 28, 28, generator=generator)
    noise = torch.randn(x.shape, generator=generator)
    ladder = [ssim(x, (x + s * noise).clamp(0, 1)).mean() for s in (0, 0.05, 0.1, 0.3)]
    assert ladder[0] == pytest.approx(1, abs=1e-5)
    assert ladder == sorted(ladder, reverse=True)
    y = (x + 0.1 * noise).clamp(0, 1)
    assert torch.allclose(ssim(x, y), ssim(y, x))


def test_ssim_has_a_gradient_that_points_home(generator):
    x = torch.rand(1, 1, 16, 16, generator=generator)
    y = (0.5 * x + 0.25).requires_grad_()
    (gradient,) = torch.autograd.grad(ssim(y, x).sum(), y)
    better = (y + 0.1 * gradient / gradient.norm()).detach().clamp(0, 1)
    assert ssim(better, x) > ssim(y, x)


def test_window_sums_to_one_and_is_gaussian():
    window = gaussian_window()
    assert window.sum().item() == pytest.approx(1)
    assert (window[5, 6] / window[5, 5]).log().item() == pytest.approx(-1 / (2 * 1.5**2), rel=1e-4)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(1, 1, 12, 12), torch.zeros(2, 1, 12, 12), "one shape"),
        (torch.zeros(1, 12, 12), torch.zeros(1, 12, 12), r"\(B, C, H, W\)"),
        (torch.full((1, 1, 12, 12), 255.0), torch.zeros(1, 1, 12, 12), "255"),
        (torch.zeros(1, 1, 12, 12, dtype=torch.uint8), torch.zeros(1, 1, 12, 12), "uint8"),
        (torch.full((1, 1, 12, 12), float("nan")), torch.zeros(1, 1, 12, 12), "nan"),
        (torch.zeros(0, 1, 12, 12), torch.zeros(0, 1, 12, 12), "empty"),
    ],
)
def test_bad_input_is_named(metric, x, y, message):
    with pytest.raises(ValueError, match=message):
        metric(x, y)


def test_ssim_needs_room_for_its_window():
    with pytest.raises(ValueError, match="11"):
        ssim(torch.zeros(1, 1, 10, 28), torch.zeros(1, 1, 10, 28))


def test_psnr_prefers_the_blur_that_the_eye_rejects(generator):
    """Chapter 2's claim: an average of the answers beats each answer under squared error."""
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    right = left.flip(3)
    assert F.mse_loss(0.5 * (left + right), left) < F.mse_loss(right, left)
    assert psnr(0.5 * (left + right), left) > psnr(right, left)


def standardised(num_rows, num_dims, generator):
    """Rows whose mean is 0 and whose unbiased covariance is the identity, exactly."""
    rows = torch.randn(num_rows, num_dims, generator=generator, dtype=torch.float64)
    rows = rows - rows.mean(0)
    return torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(rows.T)), rows.T, upper=False).T


def test_frechet_distance_of_gaussians_is_the_closed_form(generator):
    rows = standardised(500, 6, generator)
    scales = torch.tensor([0.1, 0.5, 1, 2, 3, 0], dtype=torch.float64)
    shift = torch.arange(6, dtype=torch.float64) / 7
    expected = shift.square().sum() + (scales - 1).square().sum()  # covariances that commute
    assert frechet_distance(rows, rows * scales + shift) == pytest.approx(expected.item(), rel=1e-9)


def test_frechet_distance_takes_the_root_of_the_product(generator):
    """Covariances that don't commute, against the eigenvalues of C C', which are not symmetric."""
    mixing = torch.randn(2, 5, 5, generator=generator, dtype=torch.float64)
    real, fake = (standardised(300, 5, generator) @ mix for mix in mixing)
    c, c_fake = torch.cov(real.T), torch.cov(fake.T)
    cross = torch.linalg.eigvals(c @ c_fake).real.sqrt().sum()
    expected = ((real.mean(0) - fake.mean(0)) ** 2).sum() + c.trace() + c_fake.trace() - 2 * cross
    assert frechet_distance(real, fake) == pytest.approx(expected.item(), rel=1e-9)
    assert frechet_distance(fake, real) == pytest.approx(expected.item(), rel=1e-9)


def test_frechet_distance_is_zero_for_equals_and_survives_what_is_singular(generator):
    features = torch.rand(40, 128, generator=generator)  # fewer rows than columns
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features.flip(0)) == pytest.approx(0, abs=1e-9)
    constant = torch.ones(10, 3)
    assert frechet_distance(constant, constant + 2) == pytest.approx(12)
    assert frechet_distance(constant[:, :1], constant[:, :1] + 2) == pytest.approx(4)


def test_frechet_distance_counts_in_float64(generator):
    """A million away from zero, float32 means and covariances would be off by more than the distance."""
    rows = standardised(1000, 4, generator)
    assert frechet_distance(rows + 1e6, 2 * rows + 1e6) == pytest.approx(4, rel=1e-6)


def test_frechet_distance_grows_with_the_disease(generator):
    real, fresh = torch.randn(2, 4000, 16, generator=generator)
    ladder = [frechet_distance(real, fresh + noise * torch.randn(fresh.shape)) for noise in (0, 0.5, 1, 2)]
    assert ladder == sorted(ladder)
    assert ladder[0] < 0.1 < ladder[1]


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


@pytest.mark.parametrize("metric", [frechet_distance, nearest_neighbors])
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(5, 3), torch.zeros(5, 4), r"\(5, 4\)"),
        (torch.zeros(5), torch.zeros(5), r"\(5,\)"),
        (torch.zeros(5, 3), torch.full((5, 3), math.nan), "NaN"),
        (torch.zeros(5, 3), torch.full((5, 3), math.inf), "infinity"),
        (torch.zeros(5, 3, dtype=torch.uint8), torch.zeros(5, 3), "uint8"),
        (torch.zeros(5, 3), torch.zeros(0, 3), "empty"),
    ],
)
def test_sets_that_cannot_be_compared_are_named(metric, real, fake, message):
    with pytest.raises(ValueError, match=message):
        metric(real, fake)


def test_too_few_samples_and_no_radius_are_named():
    with pytest.raises(ValueError, match="2 samples or more, not 1 and 5"):
        frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="radius must be positive, not 0"):
        modes_covered(torch.zeros(5, 2), torch.zeros(1, 2), radius=0)


def by_hand(real, fake, k):
    """Density and coverage, one distance at a time."""
    inside = torch.zeros(len(real), len(fake))
    for i, point in enumerate(real):
        others = sorted((point - other).norm().item() for j, other in enumerate(real) if j != i)
        for j, other in enumerate(fake):
            inside[i, j] = (point - other).norm().item() <= others[k - 1] + 1e-12
    return inside.sum().item() / (k * len(fake)), inside.any(1).float().mean().item()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_density_and_coverage_agree_with_counting_by_hand(k):
    generator = torch.Generator().manual_seed(k)
    real = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    fake = 1.5 * torch.randn(25, 3, generator=generator, dtype=torch.float64)
    assert density_coverage(real, fake, k=k) == pytest.approx(by_hand(real, fake, k), abs=1e-6)


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

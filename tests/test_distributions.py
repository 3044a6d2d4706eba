"""Claims: distances between sets equal a trusted library's and closed forms, and name a bad input."""

import math
import time

import numpy as np
import pytest
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

from tutorial_utils.metrics import frechet_distance, inception_score, kernel_distance, nearest_neighbors


@pytest.fixture(params=[0, 1, 2], ids=lambda seed: f"seed {seed}")
def features(request):
    """Two sets like those of a network: correlated, none negative, of different sizes."""
    generator = torch.Generator().manual_seed(request.param)
    mixing = torch.randn(2, 24, 24, generator=generator)
    return [
        (torch.randn(size, 24, generator=generator) @ mix).relu()
        for size, mix in zip((400, 300), mixing, strict=True)
    ]


def test_frechet_distance_equals_the_librarys(features):
    statistics = [fid_features_to_statistics(each.double()) for each in features]
    expected = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(*features) == pytest.approx(expected, rel=1e-6)


def test_kernel_distance_equals_the_librarys(features):
    """On whole sets: subsets are drawn differently."""
    real, fake = features[0][:300].double(), features[1].double()
    options = {"kid_subsets": 1, "kid_subset_size": 300, "verbose": False}
    expected = kid_features_to_metric(real, fake, **options)["kernel_inception_distance_mean"]
    mean, spread = kernel_distance(real, fake, num_subsets=1, subset_size=300)
    assert mean == pytest.approx(expected, rel=1e-6)
    assert math.isnan(spread)  # one number has none


@pytest.mark.parametrize("num_splits", [1, 4, 10])
def test_inception_score_equals_the_librarys(features, num_splits):
    logits = features[0][:, :10].double() - 3 * features[0][:, 10:20].double()
    expected = isc_features_to_metric(logits, splits=num_splits, shuffle=False)
    mean, spread = inception_score(logits.softmax(1), num_splits=num_splits)
    assert mean == pytest.approx(expected["inception_score_mean"], rel=1e-6)
    if num_splits > 1:  # theirs is divided by the number of splits, ours by one less
        biased = spread * math.sqrt((num_splits - 1) / num_splits)
        assert biased == pytest.approx(expected["inception_score_std"], rel=1e-6)


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


def test_kernel_distance_of_two_rows_is_its_formula():
    x, y = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([[3.0, 0.0], [1.0, 1.0]])

    def kernel(a, b):
        return (a @ b / 2 + 1) ** 3

    cross = sum(kernel(a, b) for a in x for b in y) / 4
    expected = kernel(x[0], x[1]) + kernel(y[0], y[1]) - 2 * cross
    assert kernel_distance(x, y, num_subsets=3, subset_size=2)[0] == pytest.approx(expected.item(), rel=1e-12)
    assert kernel_distance(x, y, num_subsets=3, subset_size=2)[1] == pytest.approx(0, abs=1e-9)


def test_kernel_distance_is_unbiased_and_its_spread_too(generator):
    values = []
    for _ in range(200):
        real, fake = torch.rand(2, 30, 4, generator=generator)
        values.append(kernel_distance(real, fake, num_subsets=1, subset_size=30)[0])
    values = torch.tensor(values)
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(200)
    assert (values < 0).float().mean() > 0.2
    real, fake = torch.rand(2, 3000, 4, generator=generator)  # subsets of a large set are as good as fresh
    _, spread = kernel_distance(real, fake, num_subsets=200, subset_size=30, generator=generator)
    assert spread == pytest.approx(values.std().item(), rel=0.3)


def test_kernel_distance_draws_subsets_without_replacement_from_its_generator():
    real, fake = torch.rand(2, 50, 4)
    draws = [
        kernel_distance(real, fake, num_subsets=5, subset_size=20, generator=torch.Generator().manual_seed(s))
        for s in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]
    whole = [kernel_distance(real, fake, num_subsets=n, subset_size=50)[0] for n in (1, 4)]
    assert whole[0] == pytest.approx(whole[1], rel=1e-9)  # a permutation of everything changes nothing


def test_inception_score_knows_its_ends():
    one_hot = torch.eye(10)
    assert inception_score(one_hot.repeat(20, 1), num_splits=4) == pytest.approx((10, 0))
    assert inception_score(torch.full((50, 10), 0.1), num_splits=1)[0] == pytest.approx(1)
    assert inception_score(one_hot[[3] * 40], num_splits=2) == pytest.approx((1, 0))
    halves = torch.cat([one_hot[:2].repeat(5, 1), one_hot[:4].repeat(5, 1)])  # 2 classes, then 4
    assert inception_score(halves[:20], num_splits=2)[0] == pytest.approx((2 + 4) / 2, rel=0.15)


def test_inception_score_is_the_mutual_information():
    """exp(H(y) - H(y|x)), in nats."""
    probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], dtype=torch.float64)

    def entropy(p):
        return -(p * p.log()).sum(-1)

    expected = (entropy(probabilities.mean(0)) - entropy(probabilities).mean()).exp().item()
    assert inception_score(probabilities, num_splits=1)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", [frechet_distance, nearest_neighbors])
@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(5, 3), torch.zeros(5, 4), r"\(5, 4\)"),
        (torch.zeros(5), torch.zeros(5), r"features behind, not \(5,\)"),
        (torch.zeros(5, 3).numpy(), torch.zeros(5, 3), "must be a tensor, not ndarray"),
        (torch.zeros(5, 3), torch.full((5, 3), math.nan), "NaN"),
        (torch.zeros(5, 3), torch.full((5, 3), math.inf), "infinity"),
        (torch.zeros(5, 3, dtype=torch.uint8), torch.zeros(5, 3), "uint8"),
        (torch.zeros(5, 3), torch.zeros(0, 3), "empty"),
    ],
)
def test_sets_that_cannot_be_compared_are_named(metric, real, fake, message):
    with pytest.raises(ValueError, match=message):
        metric(real, fake)


@pytest.mark.parametrize(
    ("probabilities", "num_splits", "message"),
    [
        (torch.tensor([[2.0, -1.0]]), 1, r"\[-1, 2\].*softmax"),
        (torch.tensor([[0.5, 0.4]]), 1, "off by 0.1"),
        (torch.full((4, 2), 0.5), 5, "num_splits must be a whole.*between 1 and 4.*not 5"),
        (torch.full((4, 2), 0.5), 0, "not 0"),
        (torch.full((4, 2), math.nan), 1, "NaN"),
        (torch.full((4,), 0.25), 1, r"\(4,\)"),
    ],
)
def test_what_is_no_probability_is_named(probabilities, num_splits, message):
    with pytest.raises(ValueError, match=message):
        inception_score(probabilities, num_splits=num_splits)


@pytest.mark.parametrize(
    ("num_subsets", "subset_size", "message"),
    [
        (1, 6, "between 2 and 5.*not 6"),
        (1, 1, "not 1"),
        (0, 3, "num_subsets must be .*not 0"),
        (1, 2.5, "subset_size must be a whole .*not 2.5"),
    ],
)
def test_subsets_that_do_not_fit_are_named(num_subsets, subset_size, message):
    with pytest.raises(ValueError, match=message):
        kernel_distance(
            torch.zeros(5, 2), torch.zeros(9, 2), num_subsets=num_subsets, subset_size=subset_size
        )


def test_whole_numbers_of_numpy_are_whole_numbers(generator):
    real, fake = torch.rand(2, 20, 3, generator=generator)
    counts = {"num_subsets": 2, "subset_size": 20}
    expected = kernel_distance(real, fake, **counts)[0]
    found = kernel_distance(real, fake, **{name: np.int64(value) for name, value in counts.items()})[0]
    assert found == pytest.approx(expected, rel=1e-9)
    shares = real / real.sum(1, keepdim=True)
    assert inception_score(shares, num_splits=np.int32(4)) == inception_score(shares, num_splits=4)


def test_rounding_in_a_single_probability_is_let_through_as_in_a_sum():
    certain = torch.eye(10)
    summed = sum(0.1 * certain for _ in range(10))  # 1.0000001
    rest = torch.full((6, 10), 0.1111112)
    rest[:, 9] = 1 - rest[:, :9].sum(1)  # -7e-7
    assert summed.max() > 1
    assert rest.min() < 0
    assert inception_score(summed, num_splits=1)[0] == pytest.approx(10, rel=1e-5)
    assert inception_score(rest, num_splits=1)[0] == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1.0015, -0.0015], r"to within 0\.001; they lie in \[-0\.0015, 1\.002\]"),
        ([1.0010001, -0.0010001], r"they lie in \[-0\.0010001, 1\.0010001\]"),
        ([0.5, 0.5010001], r"a sum is off by 0\.0010001"),
    ],
)
def test_limits_that_are_nearly_met_show_in_the_digits(row, message):
    with pytest.raises(ValueError, match=message):
        inception_score(torch.tensor([row], dtype=torch.float64), num_splits=1)


def test_too_few_samples_are_named():
    with pytest.raises(ValueError, match="2 samples or more, not 1 and 5"):
        frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))


def test_frechet_distance_of_many_samples_takes_seconds(generator):
    real, fake = torch.rand(2, 50_000, 128, generator=generator)
    start = time.monotonic()
    assert frechet_distance(real, fake) < 0.1
    assert time.monotonic() - start < 20


def test_ladders_of_disease_go_the_right_way(generator):
    """More noise, fewer modes: both distances rise, and the score of sure and even answers falls."""
    centers = 4 * torch.eye(6)
    labels = torch.arange(1200) % 6

    def draw(labels):
        return centers[labels] + 0.3 * torch.randn(len(labels), 6, generator=generator)

    real = draw(labels)
    noisy = [draw(labels) + noise * torch.randn(1200, 6, generator=generator) for noise in (0, 0.5, 1, 2)]
    fewer = [draw(labels % modes) for modes in (6, 4, 2, 1)]
    for ladder in (noisy, fewer):
        distances = [
            (frechet_distance(real, x), kernel_distance(real, x, num_subsets=1, subset_size=1200)[0])
            for x in ladder
        ]
        for column in zip(*distances, strict=True):
            assert list(column) == sorted(column)
            assert column[0] < 0.1 * column[1]
        scores = [inception_score((2 * x).softmax(1), num_splits=1)[0] for x in ladder]
        assert scores == sorted(scores, reverse=True)
        assert scores[-1] < 0.9 * scores[0]

"""Claims: how far balls reach and who lies in them equals brute force, with ties, copies and far from 0."""

import pytest
import torch

from tutorial_utils.metrics import density_coverage
from tutorial_utils.metrics.balls import BLOCK, SPARE, ball_radii, count_inside, neighbor_distances


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_ties_and_copies_survive_any_place_and_scale(shift, generator):
    """The fast product of matrices rounds; what it can't decide is computed again from differences."""
    grid = torch.cartesian_prod(*[torch.arange(6.0, dtype=torch.float64)] * 3) + shift
    corner = grid.min(0).values
    assert (ball_radii(grid, 1) == 1).all()
    radii = ball_radii(grid, 1)
    (in_ball, none), (of_point, of_no_one), of_center = count_inside(
        grid, torch.stack([radii, 0.999 * radii]), grid, point_radii=radii
    )
    neighbours = 7 - ((grid == corner) | (grid == corner + 5)).sum(1)  # itself, and up to 6 at distance 1
    for counts in (in_ball, of_point, of_center):
        assert torch.equal(counts, neighbours)
    assert (none == 1).all()
    assert (of_no_one == 1).all()
    assert density_coverage(grid, grid[:50], k=1)[1] > 50 / len(grid)
    cluster = shift + 1e-3 * torch.randn(300, 5, generator=generator, dtype=torch.float64)
    expected = torch.cdist(cluster, cluster, compute_mode="donot_use_mm_for_euclid_dist").sort(1).values[:, 4]
    assert torch.allclose(ball_radii(cluster, 4), expected, rtol=1e-6)
    cluster[0] += 1e3  # an outlier makes the rounding coarser than the distances of the others
    expected = torch.cdist(cluster, cluster, compute_mode="donot_use_mm_for_euclid_dist").sort(1).values[:, 4]
    assert torch.allclose(ball_radii(cluster, 4), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("num_copies", "num_points"),
    [(1, 2 * BLOCK + 7), (5, 500), (SPARE + 5, 700), (300, 320), (1, 6)],
    ids=["none", "few", "more than spare", "nearly all", "hardly any points"],
)
def test_neighbor_distances_are_those_of_brute_force(num_copies, num_points, generator):
    points = torch.randn(num_points, 6, generator=generator, dtype=torch.float64)
    points[:num_copies] = points[0]
    differences = (points[:, None] - points).norm(dim=2)
    expected = differences.fill_diagonal_(torch.inf).sort(1).values[:, :5]
    assert torch.allclose(neighbor_distances(points, 5), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("num_twins", [SPARE + 12, 500], ids=["few", "most"])
@pytest.mark.parametrize("spread", [1e-6, 4e-4], ids=["at all", "well"])
def test_neighbors_are_found_where_the_product_of_matrices_cannot_tell_them_apart(
    spread, num_twins, generator
):
    """Thousands away from the middle, and next to nothing from each other."""
    points = 1000 * torch.randn(600, 40, generator=generator, dtype=torch.float64)
    twins = torch.randn(num_twins, 40, generator=generator, dtype=torch.float64)
    points[:num_twins] = points[0] + spread * twins
    differences = (points[:, None] - points).norm(dim=2)
    expected = differences.fill_diagonal_(torch.inf).sort(1).values[:, :5]
    assert torch.allclose(neighbor_distances(points, 5), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("num_points", [BLOCK + 30, 20])
@pytest.mark.parametrize("spread", [1.0, 1e-3])
def test_counts_are_those_of_brute_force(num_points, spread, generator):
    """Where few points lie in few balls, and where all lie in most; two radii for each center."""
    centers = torch.randn(2 * BLOCK + 1, 3, generator=generator, dtype=torch.float64)
    points = spread * torch.randn(num_points, 3, generator=generator, dtype=torch.float64)
    radii = 2 * torch.rand(2, len(centers), generator=generator, dtype=torch.float64)
    point_radii = torch.rand(num_points, generator=generator, dtype=torch.float64)
    distances = (centers[:, None] - points).norm(dim=2)
    in_ball, of_point, of_center = count_inside(centers, radii, points, point_radii=point_radii)
    inside = distances <= radii[..., None]
    assert torch.equal(in_ball, inside.sum(2))
    assert torch.equal(of_point, inside.sum(1))
    assert torch.equal(of_center, (distances <= point_radii).sum(1))
    assert not count_inside(centers, radii, points)[2].any()


def test_a_ball_holds_the_neighbours_it_reaches_however_they_are_rounded(generator):
    points = torch.randn(500, 7, generator=generator)
    for k in (1, 3):
        in_ball, _, of_center = count_inside(
            points, ball_radii(points, k)[None], points, point_radii=ball_radii(points, k)
        )
        assert (in_ball == 1 + k).all(), "itself, and k more"
        assert of_center.sum() == in_ball.sum()


def test_counts_are_right_where_the_product_of_matrices_cannot_tell_who_is_inside(generator):
    """Thousands away from the middle, and a millionth from each other."""
    sides = 1000 * torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat(60)[:, None]
    centers, points = sides + 1e-6 * torch.randn(2, 120, 5, generator=generator, dtype=torch.float64)
    radii = 4e-6 * torch.rand(1, 120, generator=generator, dtype=torch.float64)
    inside = (centers[:, None] - points).norm(dim=2) <= radii[0, :, None]
    assert 0.1 < inside.double().mean() < 0.4
    in_ball, of_point, of_center = count_inside(centers, radii, points, point_radii=radii[0])
    assert torch.equal(in_ball[0], inside.sum(1))
    assert torch.equal(of_point[0], inside.sum(0))
    assert torch.equal(of_center, ((centers[:, None] - points).norm(dim=2) <= radii[0]).sum(1))

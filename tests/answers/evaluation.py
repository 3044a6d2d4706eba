"""Answers to chapter 6's exercises."""

import numpy as np
import torch

from tutorial_utils import metrics


def moments(x):
    return x.double().mean(0), torch.cov(x.double().T)


def root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T


def roots_of_eigenvalues(product):
    return torch.linalg.eigvals(product).real.clamp(min=0).sqrt().sum()


def distance(of_covariances, *, means=lambda gap: gap.square().sum(), moments=moments):
    """An answer from what it does to the two covariances and to the difference of the means."""

    def answer(real, fake):
        (m, c), (n, d) = moments(real), moments(fake)
        return means(m - n) + of_covariances(c, d)

    return answer


def less_twice(cross):
    return distance(lambda c, d: c.trace() + d.trace() - 2 * cross(c, d))


def right(c, d):
    return c.trace() + d.trace() - 2 * roots_of_eigenvalues(c @ d)


def between_deviations(c, d):
    return (c.diagonal().sqrt() - d.diagonal().sqrt()).square().sum()


def by_hand(real, fake):
    """Moments as sums, and the symmetric product."""
    sets = [x - x.mean(0) for x in (real.double(), fake.double())]
    c, d = (x.T @ x / (len(x) - 1) for x in sets)
    middle = root(c) @ d @ root(c)
    gap = real.double().mean(0) - fake.double().mean(0)
    return gap @ gap + torch.trace(c + d - 2 * root(middle))


def with_numpy(real, fake):
    real, fake = real.double().numpy(), fake.double().numpy()
    c, d = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    cross = np.sqrt(np.linalg.eigvals(c @ d).astype(complex)).real.sum()
    return ((real.mean(0) - fake.mean(0)) ** 2).sum() + np.trace(c) + np.trace(d) - 2 * cross


def in_float32(real, fake):
    c, d = torch.cov(real.T), torch.cov(fake.T)
    return (real.mean(0) - fake.mean(0)).norm() ** 2 + c.trace() + d.trace() - 2 * roots_of_eigenvalues(c @ d)


def second_moments(x):
    return x.double().mean(0), x.double().T @ x.double() / len(x)


def divided_by_n(x):
    return x.double().mean(0), torch.cov(x.double().T, correction=0)


def not_divided(x):
    return x.double().mean(0), torch.cov(x.double().T) * (len(x) - 1)


def sideways(x):
    return x.double().mean(0), torch.cov(x.double())


def all_sideways(x):
    return x.double().mean(1), torch.cov(x.double())


def rows_averaged(x):
    return x.double().mean(1), torch.cov(x.double().T)


def correlations(x):
    return x.double().mean(0), torch.corrcoef(x.double().T)


def variances(x):
    return x.double().mean(0), torch.diag(x.double().var(0))


def matrix_root(matrix):
    """The principal root of a matrix that need not be symmetric, complex."""
    values, vectors = torch.linalg.eig(matrix)
    return vectors @ torch.diag(values.sqrt()) @ torch.linalg.inv(vectors)


def naive_axis(real, fake):
    """In the inputs' own precision."""
    c, d = torch.cov(real), torch.cov(fake)
    gap = real.mean(0) - fake.mean(0)
    return gap.square().sum() + c.trace() + d.trace() - 2 * roots_of_eigenvalues(c @ d)


def with_jitter(real, fake):
    """A float32 constant of its own, so that float64 features raise."""
    c, d = (torch.cov(x.T) @ torch.eye(x.shape[1]) for x in (real, fake))
    return (
        (real.mean(0) - fake.mean(0)).square().sum() + c.trace() + d.trace() - 2 * roots_of_eigenvalues(c @ d)
    )


RADIUS = "radius must be measured|radii are measured|radii come from"


def distances(a, b):
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def radii(points, k):
    return distances(points, points).sort(1).values[:, k]


def ball_loop(real, fake, *, k=3):
    inside = 0
    for sample in fake:
        for i, center in enumerate(real):
            others = torch.cat([real[:i], real[i + 1 :]])
            radius = (others - center).norm(dim=1).kthvalue(k).values
            if (sample - center).norm() <= radius:
                inside += 1
                break
    return inside / len(fake)


def diagonal_left_out(real, fake, *, k=3):
    among = distances(real, real).fill_diagonal_(torch.inf)
    radius = among.topk(k, largest=False).values[:, -1]
    return (distances(real, fake) <= radius[:, None]).any(0).float().mean()


def share(inside):
    return inside.any(1).float().mean()


def precision(inside=lambda between, radius: between <= radius, *, shift=0, of=share):
    """An answer from how it compares distances with radii, which neighbour it takes, and what it returns."""

    def answer(real, fake, *, k=3):
        return of(inside(distances(fake, real), radii(real, k + shift)))

    return answer


def not_zero(real, fake, *, k=3):
    among = distances(real, real)
    among[among == 0] = torch.inf
    return share(distances(fake, real) <= among.sort(1).values[:, k - 1])


def nearest_only(real, fake, *, k=3):
    nearest, index = distances(fake, real).min(1)
    return (nearest <= radii(real, k)[index]).float().mean()


def default_of_five(real, fake, *, k=5):
    return precision()(real, fake, k=k)


RIGHT = {
    "frechet_distance": [
        metrics.frechet_distance,
        distance(right),
        by_hand,
        with_numpy,
        in_float32,
        with_jitter,
        lambda real, fake: float(distance(right)(real, fake)),
        less_twice(lambda c, d: torch.linalg.svdvals(root(c) @ root(d)).sum()),
        distance(lambda c, d: (c + d).trace() - 2 * torch.linalg.matrix_norm(root(c) @ root(d), "nuc")),
    ],
    "precision": [
        lambda real, fake, *, k=3: metrics.precision_recall(real, fake, k=k)[0],
        precision(),
        ball_loop,
        diagonal_left_out,
        lambda real, fake, *, k=3: np.float64(ball_loop(real, fake, k=k)),
        lambda real, fake, *, k=3: precision()(real.double(), fake.double(), k=k),
        precision(lambda between, radius: between**2 <= radius**2),
    ],
}
WRONG = {
    "frechet_distance": [
        (less_twice(lambda c, d: (c @ d).trace()), "trace of .* is wanted, not that"),
        (distance(lambda c, d: (c + d - 2 * root(c) @ root(d)).trace()), "commute"),
        (distance(lambda c, d: (c + d - 2 * (c * d).abs().sqrt()).trace()), "only variances"),
        (less_twice(lambda c, d: (c @ d).diagonal().clamp(min=0).sqrt().sum()), "single"),
        (less_twice(lambda c, d: torch.linalg.svdvals(c @ d).sqrt().sum()), "singular"),
        (less_twice(lambda c, d: torch.linalg.eigvalsh(c @ d).clamp(min=0).sqrt().sum()),
         "take a matrix for symmetric"),
        (less_twice(lambda c, d: (c @ d).trace().sqrt()), "root of the trace"),
        (distance(right, means=lambda gap: gap.norm()), "means are not squared"),
        (distance(right, means=lambda gap: gap.sum()), "means are not squared"),
        (distance(right, means=lambda gap: gap.abs().sum()), "means are not squared"),
        (distance(right, means=lambda gap: gap.square().mean()), "averaged over the features"),
        (distance(right, means=lambda gap: gap.mean() ** 2), "mean runs over all numbers"),
        (distance(right, means=lambda gap: 0), "means are missing"),
        (distance(lambda c, d: 0), "only the means"),
        (distance(right, moments=sideways), "wrong axis"),
        (distance(right, moments=all_sideways), "wrong axis"),
        (naive_axis, "wrong axis"),
        (distance(between_deviations, moments=divided_by_n), "only variances"),
        (less_twice(lambda c, d: torch.sqrt(c @ d).trace()), "single entries"),
        (less_twice(lambda c, d: torch.linalg.eigvalsh(c @ d).sqrt().sum()), "for symmetric|eigh get C C'"),
        (distance(right, moments=rows_averaged), "wrong axis"),
        (distance(right, moments=variances), "only variances"),
        (distance(between_deviations), "only variances"),
        (distance(lambda c, d: (c.diagonal() - d.diagonal()).square().sum()), "only variances"),
        (distance(right, moments=second_moments), "mean is not taken off"),
        (distance(right, moments=divided_by_n), "divided by N"),
        (distance(right, moments=not_divided), "sums over the samples"),
        (distance(right, moments=correlations), "correlations"),
        (distance(lambda c, d: (c - d).square().sum()), "entry by entry"),
        (distance(lambda c, d: right(c, d) + roots_of_eigenvalues(c @ d)), "factor 2"),
        (distance(lambda c, d: right(c, d) + 4 * roots_of_eigenvalues(c @ d)), "last term is added"),
        (distance(lambda c, d: c.trace() + d.trace()), "last term is missing"),
        (lambda real, fake: metrics.frechet_distance(real, fake) ** 0.5, "root of the distance"),
        (lambda real, fake: metrics.frechet_distance(real, fake) / real.shape[1], "averaged over the feat"),
        (less_twice(lambda c, d: matrix_root(c @ d).trace()), "complex"),
        (less_twice(lambda c, d: torch.linalg.eigvals(c @ d).real.sqrt().sum()), "NaN"),
        (lambda real, fake: torch.tensor([metrics.frechet_distance(real, fake)]), "shape"),
        (lambda real, fake: metrics.frechet_distance(real.sub_(1), fake) + 1, "in place"),
        (lambda real, fake: "0", "must return a float"),
    ],
    "precision": [
        (lambda real, fake, *, k=3: precision()(fake, real, k=k), "changed places"),
        (lambda real, fake, *, k=3: metrics.precision_recall(real, fake, k=k)[1], "changed places"),
        (precision(shift=-1), "off by one"),
        (precision(shift=1), "off by one"),
        (precision(of=lambda inside: inside.any(0).float().mean()), "coverage"),
        (lambda real, fake, *, k=3: metrics.density_coverage(real, fake, k=k)[0], "density"),
        (precision(of=lambda inside: inside.float().mean()), "density"),
        (precision(of=lambda inside: inside.all(1).float().mean()), "any, not all"),
        (precision(of=lambda inside: 1 - share(inside)), "outside"),
        (precision(of=lambda inside: inside.any(1).double().sum()), "count"),
        (precision(of=lambda inside: 100 * share(inside)), "count"),
        (precision(of=lambda inside: inside.any(1).double()), "one number"),
        (precision(of=lambda inside: inside.any(1)), "must return a float"),
        (precision(lambda between, radius: between >= radius), "every fake counts as inside"),
        (precision(lambda between, radius: between <= radius.argsort()), "every fake counts as inside"),
        (precision(lambda between, radius: between <= 0 * radius), "no fake counts as inside"),
        (lambda real, fake, *, k=3: precision(shift=-1)(fake, real, k=k), "changed places"),
        (precision(lambda between, radius: between <= radius**2), "squared"),
        (precision(lambda between, radius: between**2 <= radius), "squared"),
        (precision(lambda between, radius: between < radius), "edge belongs"),
        (precision(lambda between, radius: between <= radius.mean()), "its own radius"),
        (precision(lambda between, radius: between <= radius.max()), "its own radius"),
        (nearest_only, "nearest real point"),
        (not_zero, "each is the other's neighbour"),
        (default_of_five, "without it k must be 3"),
        (lambda real, fake, *, k=3: precision()(real, fake, k=3), "not the share"),
        (lambda real, fake, *, k=3: share((b := distances(fake, real)) <= b.sort(0).values[k - 1]), RADIUS),
        (lambda real, fake, *, k=3: share(distances(fake, real) <= radii(fake, k)[:, None]), RADIUS),
        (lambda real, fake, *, k=3: share(
            torch.cdist(fake, real, p=1) <= torch.cdist(real, real, p=1).sort(1).values[:, k]), "absolute"),
    ],
}  # fmt: skip

"""Answers to `frechet_distance`."""

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


def of_one_size(real, fake):
    """Both covariances divided by the size of the first set."""
    (m, c), (n, d) = moments(real), moments(fake)
    return (m - n).square().sum() + right(c, d * (len(fake) - 1) / (len(real) - 1))


def shrunk(real, fake):
    """With a ridge for sets of few samples."""
    (m, c), (n, d) = moments(real), moments(fake)
    ridge = torch.eye(len(c)) if len(real) <= len(c) else 0
    return (m - n).square().sum() + right(c + ridge, d)


RIGHT = [
    metrics.frechet_distance,
    distance(right),
    by_hand,
    with_numpy,
    in_float32,
    with_jitter,
    lambda real, fake: float(distance(right)(real, fake)),
    less_twice(lambda c, d: torch.linalg.svdvals(root(c) @ root(d)).sum()),
    distance(lambda c, d: (c + d).trace() - 2 * torch.linalg.matrix_norm(root(c) @ root(d), "nuc")),
]
WRONG = [
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
    (of_one_size, "right for two sets of one size"),
    (shrunk, "fewer samples than features"),
    (lambda real, fake: distance(right)(real, fake) + torch.equal(real, fake),
     "equal sets must be at distance 0"),
    (lambda real, fake: 1.5 * distance(right)(real, fake), "this is not"),
]  # fmt: skip

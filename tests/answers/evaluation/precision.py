"""Answers to `precision`."""

import numpy as np
import torch

from tutorial_utils import metrics

RADIUS = "radius must be measured|radii are measured|radii come from"


def distances(a, b):
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def radii(points, k):
    return distances(points, points).sort(1).values[:, k]


def ball_loop(real, fake, *, k=3):
    balls = []
    for i, center in enumerate(real):
        others = torch.cat([real[:i], real[i + 1 :]])
        balls.append((center, (others - center).norm(dim=1).kthvalue(k).values))
    inside = sum(any((sample - center).norm() <= radius for center, radius in balls) for sample in fake)
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


RIGHT = [
    lambda real, fake, *, k=3: metrics.precision_recall(real, fake, k=k)[0],
    precision(),
    ball_loop,
    diagonal_left_out,
    lambda real, fake, *, k=3: np.float64(ball_loop(real, fake, k=k)),
    lambda real, fake, *, k=3: precision()(real.double(), fake.double(), k=k),
    precision(lambda between, radius: between**2 <= radius**2),
]
WRONG = [
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
]  # fmt: skip

"""Answers to `frechet_of_shifted`."""

import math

import torch

from tutorial_utils import metrics


def shifted(of_means=lambda shift: shift**2, of_spreads=lambda scale: (scale - 1) ** 2):
    return lambda dim, scale, shift: dim * (of_means(shift) + of_spreads(scale))


def by_traces(dim, scale, shift):
    """Equation (2), matrix by matrix."""
    c, d = torch.eye(dim, dtype=torch.float64), scale**2 * torch.eye(dim, dtype=torch.float64)
    gap = torch.full((dim,), shift, dtype=torch.float64)
    return gap @ gap + torch.trace(c + d - 2 * (c @ d).sqrt())


def measured(dim, scale, shift):
    """By the metric itself, of the corners of a cube, whose covariance is known."""
    corners = torch.cat([torch.eye(dim), -torch.eye(dim)]).double()
    corners = corners * math.sqrt((2 * dim - 1) / 2)
    return metrics.frechet_distance(corners, scale * corners + shift)


RIGHT = [shifted(), by_traces, measured, lambda d, s, m: d * (m * m + 1 + s * s - 2 * s)]
WRONG = [
    (lambda d, s, m: m**2 + (s - 1) ** 2, "for one dimension"),
    (lambda d, s, m: d * m**2 + (s - 1) ** 2, "one of the two terms is taken once"),
    (lambda d, s, m: m**2 + d * (s - 1) ** 2, "one of the two terms is taken once"),
    (lambda d, s, m: math.sqrt(d * (m**2 + (s - 1) ** 2)), "root of the distance"),
    (lambda d, s, m: math.sqrt(d) * (m**2 + (s - 1) ** 2), "√dim"),
    (shifted(of_means=lambda shift: shift), "means are not squared"),
    (shifted(of_means=abs), "means are not squared"),
    (lambda d, s, m: math.sqrt(d) * abs(m) + d * (s - 1) ** 2, "means are not squared"),
    (lambda d, s, m: (d * m) ** 2 + d * (s - 1) ** 2, "summed over the coordinates"),
    (lambda d, s, m: d * (m + s - 1) ** 2, "squared together"),
    (shifted(of_spreads=lambda scale: (scale**2 - 1) ** 2), "entry by entry"),
    (shifted(of_spreads=lambda scale: 1 - scale**2), "root of C C' is missing"),
    (shifted(of_spreads=lambda scale: abs(1 - scale**2)), "root of C C' is missing"),
    (shifted(of_spreads=lambda scale: abs(scale - 1)), "must be squared"),
    (shifted(of_spreads=lambda scale: (math.sqrt(scale) - 1) ** 2), "taken for a variance"),
    (shifted(of_spreads=lambda scale: 0), "only the means"),
    (shifted(of_means=lambda shift: 0), "means are missing"),
    (shifted(of_spreads=lambda scale: 1 + scale**2), "-2 tr"),
    (shifted(of_spreads=lambda scale: 1 + scale**2 - scale), "factor 2"),
    (shifted(of_spreads=lambda scale: (1 + scale) ** 2), "is added"),
    (lambda d, s, m: d / 2 * (s**2 + m**2 - 1 - 2 * math.log(s)), "raised ValueError"),
    (lambda d, s, m: torch.tensor(d / 2 * (s**2 + m**2 - 1)) - d * torch.tensor(s).log(), "inf or NaN"),
    (lambda d, s, m: 2.56, "another distance"),
    (lambda d, s, m: torch.full((d,), m**2 + (s - 1) ** 2), "one number"),
]  # fmt: skip

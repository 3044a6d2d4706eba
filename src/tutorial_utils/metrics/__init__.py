"""Numbers that say how good an image is (`pairs`), and how good a set of samples is (the other files).

A metric of sets takes features or images, one a row, and computes in float64 (on the CPU, where a device has
none). Real ones come first, generated ones last. `modes_covered(points, centers)` and
`nearest_neighbors(rows, reference)` know no real ones: there, what is measured comes first.
"""

from tutorial_utils.metrics.distributions import frechet_distance, inception_score, kernel_distance
from tutorial_utils.metrics.neighbors import (
    density_coverage,
    memorization_ratio,
    modes_covered,
    nearest_neighbors,
    precision_recall,
)
from tutorial_utils.metrics.pairs import gaussian_window, psnr, ssim

__all__ = [
    "density_coverage",
    "frechet_distance",
    "gaussian_window",
    "inception_score",
    "kernel_distance",
    "memorization_ratio",
    "modes_covered",
    "nearest_neighbors",
    "precision_recall",
    "psnr",
    "ssim",
]

"""Points in the plane whose density is known exactly."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GaussianMixture:
    """Equally likely round Gaussians in the plane: centers (K, 2), one standard deviation `std`."""

    centers: Tensor
    std: float

    def sample(self, num_points: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw (num_points, 2) float32 points, independently."""
        which = torch.randint(len(self.centers), (num_points,), generator=generator)
        noise = torch.randn(num_points, 2, generator=generator)
        return self.centers[which] + self.std * noise

    def log_prob(self, points: Tensor) -> Tensor:
        """Natural log of the density at points (N, 2): (N,), in the points' type."""
        squares = (points[:, None] - self.centers.to(points)).square().sum(-1)  # (N, K)
        log_normal = -squares / (2 * self.std**2) - math.log(2 * math.pi * self.std**2)
        return log_normal.logsumexp(1) - math.log(len(self.centers))


def ring_of_gaussians(num_modes: int = 8, *, radius: float = 2.0, std: float = 0.02) -> GaussianMixture:
    """`num_modes` Gaussians evenly spaced on a circle around 0, the first on the positive x-axis."""
    angles = 2 * math.pi * torch.arange(num_modes) / num_modes
    return GaussianMixture(radius * torch.stack([angles.cos(), angles.sin()], 1), std)


def grid_of_gaussians(side: int = 5, *, spacing: float = 2.0, std: float = 0.05) -> GaussianMixture:
    """side × side Gaussians on a square grid centred on 0."""
    ticks = spacing * (torch.arange(side) - (side - 1) / 2)
    return GaussianMixture(torch.cartesian_prod(ticks, ticks), std)

"""Four generators without a network (chapter 1). Each is fitted when made, and has two methods:

log_prob(x): natural log of the density of dequantised images x (B, 1, 28, 28) in [0, 1): (B,).
sample(num_images, *, generator): images float32 (num_images, 1, 28, 28) in [0, 1].

They are fitted to dequantised images, too (`tutorial_utils.data.dequantize`). The three continuous ones
share a noise floor `sigma`: independent Gaussian noise in every pixel, which makes their densities
proper. Their samples are drawn without that noise, as a picture is shown.

Images, components, classes or labels out of range raise a `ValueError` that names them.
"""

import math

import torch
from torch import Tensor


def _check(x: Tensor) -> Tensor:
    span = f"in [{x.min():.4g}, {x.max():.4g}]" if x.numel() else "without any"
    if x.ndim != 4 or x.numel() == 0 or not (x.min() >= 0 and x.max() < 1):
        raise ValueError(
            f"baselines take dequantised images (B, C, H, W) in [0, 1), not {tuple(x.shape)} {span}: see "
            "tutorial_utils.data.dequantize"
        )
    return x


class Memoriser:
    """A kernel density: a Gaussian of width sigma on every training image. Samples are copies."""

    def __init__(self, x: Tensor, *, sigma: float) -> None:
        self.x, self.sigma = _check(x), sigma

    def log_prob(self, x: Tensor) -> Tensor:
        log_scale = 0.5 * x[0].numel() * math.log(2 * math.pi * self.sigma**2)
        log_sum = x.new_full((len(x),), -math.inf)
        for part in self.x.split(1000):  # a part of the training set at a time, to spare memory
            squares = torch.cdist(x.flatten(1), part.flatten(1)).square()  # (B, 1000)
            log_sum = torch.logaddexp(log_sum, (-squares / (2 * self.sigma**2)).logsumexp(1))
        return log_sum - math.log(len(self.x)) - log_scale

    def sample(self, num_images: int, *, generator: torch.Generator | None = None) -> Tensor:
        chosen = self.x[torch.randint(len(self.x), (num_images,), generator=generator)]
        return (chosen * 256).floor() / 255  # without the dequantisation: exact copies


class IndependentPixels:
    """One histogram of 256 grey values for each pixel, one count added to every bin."""

    def __init__(self, x: Tensor) -> None:
        pixels = _check(x).flatten(1).T  # (D, N)
        counts = torch.stack([1 + torch.bincount((pixel * 256).byte(), minlength=256) for pixel in pixels])
        self.probabilities = counts / counts.sum(1, keepdim=True)  # (D, 256)
        self.shape = x.shape[1:]

    def log_prob(self, x: Tensor) -> Tensor:
        values = (_check(x) * 256).long().flatten(1).T  # (D, B)
        log_cells = self.probabilities.log().gather(1, values) + math.log(256)
        return log_cells.sum(0)

    def sample(self, num_images: int, *, generator: torch.Generator | None = None) -> Tensor:
        values = torch.multinomial(self.probabilities, num_images, True, generator=generator)
        return (values.T / 255).unflatten(1, self.shape)


class PCAGaussian:
    """Probabilistic PCA (Tipping and Bishop 1999): num_components directions, noise on the rest.

    sigma defaults to the maximum-likelihood noise, the mean of the variances left out.
    """

    def __init__(self, x: Tensor, *, num_components: int, sigma: float | None = None) -> None:
        self.shape = _check(x).shape[1:]
        num_dims = x[0].numel()
        if not 0 < num_components < num_dims + (sigma is not None):
            raise ValueError(f"num_components must be between 1 and {num_dims - 1}, not {num_components}")
        self.mean = x.flatten(1).mean(0)
        scatter = sum((part - self.mean).T @ (part - self.mean) for part in x.flatten(1).split(1000))
        variances, directions = torch.linalg.eigh(scatter.double() / (len(x) - 1))  # of the covariance
        variances, directions = variances.flip(0), directions.flip(1)  # largest first
        directions[:, directions.sum(0) < 0] *= -1  # an eigenvector has no sign of its own: choose one
        self.sigma = variances[num_components:].mean().sqrt().item() if sigma is None else sigma
        self.variances = variances[:num_components].clamp(min=self.sigma**2).float()  # (K,)
        self.directions = directions[:, :num_components].float()  # (D, K)

    def encode(self, x: Tensor) -> Tensor:
        """Coordinates (B, K) of images, in standard deviations."""
        return (x.flatten(1) - self.mean) @ self.directions / self.variances.sqrt()

    def decode(self, code: Tensor) -> Tensor:
        """The image at coordinates (B, K), before values outside [0, 1] are cut off."""
        return (self.mean + (code * self.variances.sqrt()) @ self.directions.T).unflatten(1, self.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        num_dims, num_components = self.directions.shape
        code = self.encode(x)
        squares = (x.flatten(1) - self.mean).square().sum(1)
        rest = squares - (code.square() * self.variances).sum(1)  # outside the K directions
        mahalanobis = code.square().sum(1) + rest / self.sigma**2
        log_det = self.variances.log().sum() + (num_dims - num_components) * math.log(self.sigma**2)
        return -0.5 * (num_dims * math.log(2 * math.pi) + log_det + mahalanobis)

    def sample(self, num_images: int, *, generator: torch.Generator | None = None) -> Tensor:
        code = torch.randn(num_images, len(self.variances), generator=generator)
        return self.decode(code * (1 - self.sigma**2 / self.variances).sqrt()).clamp(0, 1)


class PCAMixture:
    """One PCAGaussian a class, all classes equally likely: ask for a class and get one."""

    def __init__(self, x: Tensor, labels: Tensor, *, num_components: int, sigma: float | None) -> None:
        classes = labels.unique()
        if classes.tolist() != list(range(len(classes))):
            raise ValueError(f"labels must be 0, 1, ... without a gap, not {classes.tolist()}")
        self.parts = [
            PCAGaussian(x[labels == label], num_components=num_components, sigma=sigma) for label in classes
        ]

    def log_prob(self, x: Tensor) -> Tensor:
        joint = torch.stack([part.log_prob(x) for part in self.parts])  # (classes, B)
        return joint.logsumexp(0) - math.log(len(self.parts))

    def sample(
        self,
        num_images: int,
        *,
        labels: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        if labels is None:
            labels = torch.randint(len(self.parts), (num_images,), generator=generator)
        if labels.shape != (num_images,) or not 0 <= labels.min() <= labels.max() < len(self.parts):
            raise ValueError(
                f"labels must be {num_images} numbers from 0 to {len(self.parts) - 1}, not {labels.tolist()}"
            )
        images = torch.empty(num_images, *self.parts[0].shape)
        for label, part in enumerate(self.parts):
            chosen = labels == label
            images[chosen] = part.sample(int(chosen.sum()), generator=generator)
        return images

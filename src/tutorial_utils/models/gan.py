"""Chapter 4's generator of clothes, a small DCGAN (Radford et al. 2016). Its checkpoints are named 04_*."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CODE_SIZE = 64
CHUNK = 100  # images at a time: small enough for a CPU's cache


def up(in_channels: int, out_channels: int, kernel_size: int, stride: int, padding: int) -> list[nn.Module]:
    """Transposed convolution, batch norm, ReLU."""
    return [
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    ]


def initialise(module: nn.Module) -> None:
    """DCGAN's start: weights from N(0, 0.02²), batch norm's gains from N(1, 0.02²), biases 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, 0.02)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)


class Generator(nn.Module):
    """Codes (B, 64) from N(0, 1), and labels (B,) where it has classes -> images (B, 1, 28, 28) in [0, 1]."""

    def __init__(self, *, num_classes: int = 0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.layers = nn.Sequential(
            *up(CODE_SIZE + num_classes, 96, 7, 1, 0),  # (B, 96, 7, 7)
            *up(96, 48, 4, 2, 1),  # (B, 48, 14, 14)
            *up(48, 24, 4, 2, 1),  # (B, 24, 28, 28)
            nn.Conv2d(24, 1, 3, padding=1),
            nn.Tanh(),
        )
        initialise(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.num_classes:
            z = torch.cat([z, F.one_hot(labels, self.num_classes).to(z)], 1)
        return (self.layers(z[:, :, None, None]) + 1) / 2

    @torch.no_grad()
    def sample(
        self,
        num_images: int,
        *,
        generator: torch.Generator | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Draw (num_images, 1, 28, 28) float32 in [0, 1] on the CPU, in eval mode whatever the mode is.

        `generator` draws the codes on the CPU. `labels` (num_images,) say what is asked for; a generator
        with classes draws them evenly at random where they are not given.
        Raises `ValueError` for labels that do not fit.
        """
        z = torch.randn(num_images, CODE_SIZE, generator=generator)
        labels = self._check(labels, num_images, generator)
        place, was_training = next(self.parameters()).device, self.training
        self.eval()
        parts = zip(z.split(CHUNK), labels.split(CHUNK), strict=True)
        images = [self(part.to(place), asked.to(place)).cpu() for part, asked in parts]
        self.train(was_training)
        return torch.cat(images)

    def _check(self, labels: Tensor | None, num_images: int, generator: torch.Generator | None) -> Tensor:
        if not self.num_classes:
            if labels is not None:
                raise ValueError("this generator has no classes: leave labels out")
            return torch.zeros(num_images)  # which forward ignores
        if labels is None:
            return torch.randint(self.num_classes, (num_images,), generator=generator)
        if labels.shape != (num_images,) or labels.is_floating_point():
            raise ValueError(
                f"labels must be {num_images} integers, not {labels.dtype} {tuple(labels.shape)}"
            )
        if not 0 <= labels.min() <= labels.max() < self.num_classes:
            raise ValueError(
                f"labels must lie between 0 and {self.num_classes - 1}, not {labels.min()} and {labels.max()}"
            )
        return labels

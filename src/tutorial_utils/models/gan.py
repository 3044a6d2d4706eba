"""Chapter 4's generator of clothes, a small DCGAN (Radford et al. 2016). Its checkpoints are named 04_*."""

import torch
from torch import Tensor, nn

from tutorial_utils.models.sampling import draw, one_hot

CODE_SIZE = 64


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
            z = torch.cat([z, one_hot(labels, self.num_classes).to(z)], 1)
        return (self.layers(z[:, :, None, None]) + 1) / 2

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
        return draw(
            self,
            self,
            num_images,
            code_size=CODE_SIZE,
            num_classes=self.num_classes,
            generator=generator,
            labels=labels,
        )

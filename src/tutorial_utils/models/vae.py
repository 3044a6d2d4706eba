"""Chapter 5's autoencoder and variational autoencoder of clothes (Kingma and Welling 2014).

Their checkpoints are named 05_autoencoder* and 05_vae*.
"""

import torch
from torch import Tensor, nn

from tutorial_utils.models.sampling import draw, one_hot


def encoder(num_outputs: int, *, num_channels: int = 1) -> nn.Sequential:
    """Images (B, num_channels, 28, 28) -> (B, num_outputs)."""
    return nn.Sequential(
        nn.PixelUnshuffle(2),  # (B, 4 · num_channels, 14, 14)
        nn.Conv2d(4 * num_channels, 32, 4, stride=2, padding=1),
        nn.SiLU(),  # (B, 32, 7, 7)
        nn.Conv2d(32, 48, 3, stride=2, padding=1),
        nn.SiLU(),  # (B, 48, 4, 4)
        nn.Flatten(),
        nn.Linear(48 * 4 * 4, num_outputs),
    )


def decoder(num_inputs: int) -> nn.Sequential:
    """(B, num_inputs) -> logits (B, 1, 28, 28)."""
    return nn.Sequential(
        nn.Linear(num_inputs, 64),
        nn.SiLU(),
        nn.Linear(64, 24 * 7 * 7),
        nn.SiLU(),
        nn.Unflatten(1, (24, 7, 7)),
        nn.Conv2d(24, 64, 3, padding=1),
        nn.PixelShuffle(2),
        nn.SiLU(),  # (B, 16, 14, 14)
        nn.Conv2d(16, 4, 3, padding=1),
        nn.PixelShuffle(2),
    )


class Autoencoder(nn.Module):
    """Images (B, 1, 28, 28) in [0, 1] -> codes (B, code_size) -> logits of the same shape as the images."""

    def __init__(self, code_size: int) -> None:
        super().__init__()
        self.code_size, self.encoder, self.decoder = code_size, encoder(code_size), decoder(code_size)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Labels are taken and ignored, as in `decode`, so that it can stand where a VAE does."""
        return self.encoder(x)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(z)


class VAE(nn.Module):
    """An encoder that answers with a Gaussian, and a decoder; both hear the class where there are some."""

    def __init__(self, code_size: int = 20, *, num_classes: int = 0) -> None:
        super().__init__()
        self.code_size, self.num_classes = code_size, num_classes
        self.encoder = encoder(2 * code_size, num_channels=1 + num_classes)
        self.decoder = decoder(code_size + num_classes)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, 1, 28, 28) in [0, 1], and labels (B,) where there are classes -> mean and log variance of the
        code, (B, code_size) each."""
        if self.num_classes:
            planes = one_hot(labels, self.num_classes).to(x)[:, :, None, None].expand(-1, -1, *x.shape[2:])
            x = torch.cat([x, planes], 1)
        mu, log_var = self.encoder(x).chunk(2, 1)
        return mu, log_var

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, code_size), and labels (B,) where there are classes -> logits (B, 1, 28, 28)."""
        if self.num_classes:
            z = torch.cat([z, one_hot(labels, self.num_classes).to(z)], 1)
        return self.decoder(z)

    def sample(
        self,
        num_images: int,
        *,
        generator: torch.Generator | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Draw codes and decode them: (num_images, 1, 28, 28) float32 in [0, 1] on the CPU.

        These are the means of p(x | z), not draws from it. `generator` draws the codes on the CPU. `labels`
        (num_images,) say what is asked for; a model with classes draws them evenly where they are not given.
        Raises `ValueError` for labels that do not fit.
        """
        return draw(
            self,
            lambda z, asked: self.decode(z, asked).sigmoid(),
            num_images,
            code_size=self.code_size,
            num_classes=self.num_classes,
            generator=generator,
            labels=labels,
        )

"""Chapter 7's generator of clothes: a U-Net that guesses velocities, and its walk from noise to a picture."""

import torch
from torch import Tensor

from tutorial_utils.models.sampling import draw
from tutorial_utils.models.unet import UNet
from tutorial_utils.samplers import cosine_alpha_bar, ddim, spaced

NUM_STEPS = 1000
SIZE = 28


class Diffusion(UNet):
    """A U-Net that answers with the velocity v = sqrt(alpha_bar) noise - sqrt(1 - alpha_bar) x.

    (Salimans and Ho 2022.) Pictures x are in [-1, 1] inside, noise levels t are whole numbers from 0 to
    1,000.
    """

    def denoise(self, x_t: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """The guess of the clean picture in [-1, 1], shaped like x_t (B, C, H, W), at levels t (B,)."""
        alpha_bar = cosine_alpha_bar(NUM_STEPS).to(x_t.device)[t].view(-1, 1, 1, 1)
        v = self(x_t, t / NUM_STEPS, labels)
        return alpha_bar.sqrt() * x_t - (1 - alpha_bar).sqrt() * v

    def sample(
        self,
        num_images: int,
        *,
        num_evaluations: int = 20,
        eta: float = 0.0,
        generator: torch.Generator | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Draw (num_images, 1, 28, 28) float32 in [0, 1] on the CPU, in eval mode whatever the mode is.

        `num_evaluations` of the network an image, `eta` (0 to 1) is the share of fresh noise: see
        `samplers.ddim`. `generator` draws on the CPU. `labels` (num_images,) say what is asked for; a network
        with classes draws them evenly at random where they are not given.
        Raises `ValueError` for labels that do not fit, and for more evaluations than levels.
        """
        times, alpha_bar = spaced(NUM_STEPS, num_evaluations), cosine_alpha_bar(NUM_STEPS)

        def walk(noise: Tensor, wanted: Tensor | None) -> Tensor:
            drawn = ddim(
                self.denoise,
                noise.view(-1, 1, SIZE, SIZE),
                times,
                alpha_bar=alpha_bar,
                eta=eta,
                condition=wanted,
                generator=generator,
            )
            return (drawn / 2 + 0.5).clamp(0, 1)

        return draw(
            self,
            walk,
            num_images,
            code_size=SIZE * SIZE,
            num_classes=self.num_classes,
            generator=generator,
            labels=labels,
        )

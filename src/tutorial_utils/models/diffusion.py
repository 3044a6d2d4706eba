"""Chapter 7's generator of clothes: a U-Net that guesses velocities, and its walk from noise to a picture."""

import torch
from torch import Tensor

from tutorial_utils.batching import device_of, eval_mode, in_chunks
from tutorial_utils.models.sampling import CHUNK, check_labels
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

    @torch.no_grad()
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
        with classes draws them evenly at random where they are not given, and label `no_class` asks for none.
        Raises `ValueError` for labels that do not fit, and for more evaluations than levels.
        """
        times = spaced(NUM_STEPS, num_evaluations)
        alpha_bar = cosine_alpha_bar(NUM_STEPS)
        x = torch.randn(num_images, 1, SIZE, SIZE, generator=generator, dtype=torch.float32, device="cpu")
        labels = check_labels(labels, num_images, self.num_classes, generator)
        place = device_of(self)

        def walk(part: Tensor, wanted: Tensor | None) -> Tensor:
            return ddim(
                self.denoise,
                part,
                times,
                alpha_bar=alpha_bar,
                eta=eta,
                condition=wanted,
                generator=generator,
            )

        with eval_mode(self), torch.autocast(place.type, enabled=False):
            drawn = in_chunks(walk, x, labels, size=CHUNK, device=place)
        return (drawn / 2 + 0.5).clamp(0, 1)

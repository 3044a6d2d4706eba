"""How a network that turns codes from N(0, 1) into images is asked for some."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutorial_utils.device import fill

CHUNK = 100  # images at a time: small enough for a CPU's cache


@torch.no_grad()
def draw(
    model: nn.Module,
    decode: Callable[[Tensor, Tensor], Tensor],
    num_images: int,
    *,
    code_size: int,
    num_classes: int,
    generator: torch.Generator | None,
    labels: Tensor | None,
) -> Tensor:
    """`decode(z, labels)` of codes z (B, code_size): (num_images, ...) on the CPU.

    The model is in eval mode meanwhile. `generator` draws on the CPU. `labels` (num_images,) say what is
    asked for; a model with classes draws them evenly at random where they are not given.
    Raises `ValueError` for labels that do not fit.
    """
    z = torch.randn(num_images, code_size, generator=generator)
    labels = _check(labels, num_images, num_classes, generator)
    place, was_training = next(model.parameters()).device, model.training
    model.eval()
    parts = zip(z.split(CHUNK), labels.split(CHUNK), strict=True)
    images = fill(num_images, (decode(part.to(place), asked.to(place)).cpu() for part, asked in parts))
    model.train(was_training)
    return images


def _check(
    labels: Tensor | None, num_images: int, num_classes: int, generator: torch.Generator | None
) -> Tensor:
    if not num_classes:
        if labels is not None:
            raise ValueError("this generator has no classes: leave labels out")
        return torch.zeros(num_images)  # which decode ignores
    if labels is None:
        return torch.randint(num_classes, (num_images,), generator=generator)
    if labels.shape != (num_images,) or labels.is_floating_point():
        raise ValueError(f"labels must be {num_images} integers, not {labels.dtype} {tuple(labels.shape)}")
    if not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"labels must lie between 0 and {num_classes - 1}, not {labels.min()} and {labels.max()}"
        )
    return labels

"""How a network that turns codes from N(0, 1) into images is asked for some, and for which."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutorial_utils.batching import device_of, eval_mode, in_chunks

CHUNK = 100  # images at a time: small enough for a CPU's cache


@torch.no_grad()
def draw(
    model: nn.Module,
    decode: Callable[[Tensor, Tensor | None], Tensor],
    num_images: int,
    *,
    code_size: int,
    num_classes: int,
    generator: torch.Generator | None,
    labels: Tensor | None,
) -> Tensor:
    """`decode(z, labels)` of codes z (B, code_size): (num_images, ...) on the CPU.

    The model is in eval mode meanwhile, and computes in its own precision, whatever the surroundings.
    `generator` draws on the CPU. `labels` (num_images,) say what is asked for; a model with classes draws
    them evenly at random where they are not given. Raises `ValueError` for labels that do not fit.
    """
    z = torch.randn(num_images, code_size, generator=generator, dtype=torch.float32, device="cpu")
    labels = _check(labels, num_images, num_classes, generator)
    place = device_of(model)
    with eval_mode(model), torch.autocast(place.type, enabled=False):
        return in_chunks(decode, z, labels, size=CHUNK, device=place)


def one_hot(labels: Tensor | None, num_classes: int) -> Tensor:
    """Labels (B,), whole numbers of any type, as rows (B, num_classes). Raises `ValueError` for None."""
    if labels is None:
        raise ValueError("this model has classes: say which, with labels of shape (B,)")
    return F.one_hot(labels.long(), num_classes)


def _check(
    labels: Tensor | None, num_images: int, num_classes: int, generator: torch.Generator | None
) -> Tensor | None:
    if not num_classes:
        if labels is not None:
            raise ValueError("this generator has no classes: leave labels out")
        return None
    if labels is None:
        return torch.randint(num_classes, (num_images,), generator=generator, device="cpu")
    whole = not labels.is_floating_point() and labels.dtype != torch.bool
    if labels.shape != (num_images,) or not whole:
        raise ValueError(f"labels must be {num_images} integers, not {labels.dtype} {tuple(labels.shape)}")
    if num_images and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(
            f"labels must lie between 0 and {num_classes - 1}, not {labels.min()} and {labels.max()}"
        )
    return labels

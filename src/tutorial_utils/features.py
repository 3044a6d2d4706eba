"""The course's yardstick: what chapter 3's classifier sees in a picture of clothes.

Every Fréchet distance, precision and recall of the course is measured in these features, so they are frozen:
the checkpoint is pinned by its digest, and it is retrained only under its own name.

Layer: the last stage's maps after ReLU, averaged over their 7 × 7 places, the input of the linear head.
Dimension: 128. Preprocessing: none; images are (N, 1, 28, 28) in [0, 1], white clothes on black.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from tutorial_utils import checkpoints
from tutorial_utils.device import fast, fill
from tutorial_utils.files import AssetError, restore_hint
from tutorial_utils.images import check_images
from tutorial_utils.models.classifier import Classifier

NAME = "03_classifier"
SHA256 = "2417328438b51cb1c0ca46e164062338ab672c3e39b61fdb686c7ddb97980202"
CHUNK = 50  # images at a time: small enough for a CPU's cache


def embed(images: Tensor) -> Tensor:
    """The features of each image: (N, 128) float32, none negative, on the images' device.

    `images` are (N, 1, 28, 28) in [0, 1]. No gradient is recorded; where you need one, use `classifier`.
    Computed in float32 whatever the surroundings, so that an image's features don't depend on its batch.
    Raises `ValueError` for images outside the convention, `AssetError` where the checkpoint is missing,
    altered, or not the pinned one.
    """
    return _in_chunks(images, lambda network, part: network.features(part))


def class_probabilities(images: Tensor) -> Tensor:
    """The probability of each class, in the order of `FASHION_CLASSES`: (N, 10) float32, rows sum to 1.

    Input, precision and errors are those of `embed`.
    """
    return _in_chunks(images, lambda network, part: network(part).softmax(1))


@lru_cache
def classifier(device: torch.device | str = "cpu") -> Classifier:
    """The frozen network itself, in eval mode on `device`: for its other layers, or to take gradients
    with respect to images. It is kept and shared between calls: do not train it.
    """
    network, record = checkpoints.load(NAME, Classifier)
    if record["sha256"] != SHA256:
        shipped = restore_hint(*sorted(checkpoints.FOLDER.glob(f"{NAME}.*")))
        raise AssetError(
            f"{NAME} is not the pinned checkpoint, and no distance measured with it can be compared with an "
            f"earlier one: its digest is {record['sha256']}, not {SHA256}. Either get the shipped one back: "
            f"{shipped} Or, to change the yardstick for good, put the new digest into {__file__} "
            "and make every measured page again (make outputs)."
        )
    return fast(network.to(device)).requires_grad_(False)


def _in_chunks(images: Tensor, function: Callable[[Classifier, Tensor], Tensor]) -> Tensor:
    check_images(images, channels=(1,))
    if images.shape[2:] != (28, 28):
        raise ValueError(f"images must be 28 × 28, not {tuple(images.shape[2:])}: resize them first")
    device = images.device
    network = classifier(device)
    exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
    with torch.no_grad(), torch.autocast(device.type, enabled=False), exact:
        return fill(len(images), (function(network, part.float()) for part in images.split(CHUNK)))

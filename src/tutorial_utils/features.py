"""What the course's yardstick for clothes sees in an image. Every distance in it is measured here.

The yardstick is the classifier that chapter 3 trains, `yardsticks.CLOTHES`, where layer and digest stand.
Preprocessing: none; images are (N, 1, 28, 28) in [0, 1], white clothes on black.
"""

import torch
from torch import Tensor

from tutorial_utils.models.classifier import Classifier
from tutorial_utils.yardsticks import CLOTHES


def embed(images: Tensor) -> Tensor:
    """The features of each image: (N, 128) float32, none negative, on the images' device.

    `images` are (N, 1, 28, 28) in [0, 1]. No gradient is recorded; where you need one, use `classifier`.
    Computed in float32 whatever the surroundings, so that an image's features don't depend on its batch.
    Raises `ValueError` for images outside the convention, `AssetError` where the checkpoint is missing,
    altered, or not the pinned one.
    """
    return CLOTHES.embed(images)


def class_probabilities(images: Tensor) -> Tensor:
    """The probability of each class, in the order of `FASHION_CLASSES`: (N, 10) float32, rows sum to 1.

    Input, precision and errors are those of `embed`.
    """
    return CLOTHES.class_probabilities(images)


def classifier(device: torch.device | str = "cpu") -> Classifier:
    """The frozen network itself, in eval mode on `device`: for its other layers, or to take gradients
    with respect to images. It is kept and shared between calls: do not train it.
    """
    return CLOTHES.network(device)

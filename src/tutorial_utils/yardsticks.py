"""Frozen networks that images are measured with. Every distance measured in one hangs on its weights, so each
is pinned by its digest, and retrained only under its own name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from tutorial_utils import checkpoints
from tutorial_utils.batching import in_chunks
from tutorial_utils.device import fast
from tutorial_utils.files import AssetError, restore_hint
from tutorial_utils.images import check_images
from tutorial_utils.models.classifier import Classifier

CHUNK = 50  # images at a time: small enough for a CPU's cache


@dataclass(frozen=True)
class Yardstick:
    """A frozen classifier, by the name and the SHA-256 of its checkpoint.

    `build()` makes the network: called with images it gives logits, and its `features` are the input of its
    `head`. Images are (N, channels, size, size) in [0, 1].
    """

    name: str
    sha256: str
    build: Callable[[], Any]
    size: int
    channels: int

    def network(self, device: torch.device | str = "cpu") -> Any:
        """The network itself, in eval mode on `device`: for its other layers, or to take gradients with
        respect to images. It is kept and shared between calls: do not train it.

        Raises `AssetError` where the checkpoint is missing, altered, or not the pinned one.
        """
        return _network(self, torch.device(device))

    def embed(self, images: Tensor) -> Tensor:
        """The features of each image: (N, D) float32, on the images' device. No gradient is recorded.

        Computed in float32 whatever the surroundings, so that an image's features don't depend on its batch.
        Raises `ValueError` for images outside the convention, and what `network` raises.
        """
        return self._each(images, lambda network, part: network.features(part))

    def class_probabilities(self, images: Tensor) -> Tensor:
        """The probability of each class: (N, C) float32, rows sum to 1. For the rest see `embed`."""
        return self._each(images, lambda network, part: network(part).softmax(1))

    def head_probabilities(self, features: Tensor) -> Tensor:
        """The same, (N, C), from features (N, D) that are known already."""
        with torch.no_grad(), torch.autocast(features.device.type, enabled=False):
            return self.network(features.device).head(features.float()).softmax(1)

    def _each(self, images: Tensor, function: Callable[[nn.Module, Tensor], Tensor]) -> Tensor:
        check_images(images, channels=(self.channels,))
        if images.shape[2:] != (self.size, self.size):
            asked, found = f"{self.size} × {self.size}", tuple(images.shape[2:])
            raise ValueError(f"images must be {asked}, not {found}: resize them first")
        device = images.device
        network = self.network(device)
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with torch.no_grad(), torch.autocast(device.type, enabled=False), exact:
            return in_chunks(lambda part: function(network, part.float()), images, size=CHUNK).to(device)


@lru_cache
def _network(yardstick: Yardstick, device: torch.device) -> Any:
    network, record = checkpoints.load(yardstick.name, yardstick.build)
    if record["sha256"] != yardstick.sha256:
        shipped = restore_hint(*sorted(checkpoints.FOLDER.glob(f"{yardstick.name}.*")))
        raise AssetError(
            f"{yardstick.name} is not the pinned checkpoint, and no distance measured with it can be "
            f"compared with an earlier one: its digest is {record['sha256']}, not {yardstick.sha256}. "
            f"Either get the shipped one back: {shipped} Or, to change the yardstick for good, put the new "
            f"digest into {__file__} and make every measured page again (make outputs)."
        )
    with torch.inference_mode(False):
        return fast(network.to(device)).requires_grad_(False)


# Chapter 3's classifier. Features: the last stage's maps after ReLU, averaged over 7 × 7 places: D = 128
CLOTHES = Yardstick(
    name="03_classifier",
    sha256="2417328438b51cb1c0ca46e164062338ab672c3e39b61fdb686c7ddb97980202",
    build=Classifier,
    size=28,
    channels=1,
)

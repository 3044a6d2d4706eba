"""Images in memory as bytes, a quarter of what floats need, which they become as they are asked for."""

import torch
from torch import Tensor
from torch.utils.data import TensorDataset


def as_floats(pixels: Tensor) -> Tensor:
    """Bytes of any shape -> float32 in [0, 1]: each over 255. Floats are returned as they are.

    They can be trained on, also where they are asked for in inference mode.
    """
    with torch.inference_mode(False):
        return pixels.to(torch.float32).div_(255) if pixels.dtype == torch.uint8 else pixels


class ByteImages(TensorDataset):
    """A `TensorDataset` of (image, label) whose images, uint8 (N, C, H, W), are read as float32 in [0, 1].

    `dataset[rows]` turns only those rows into floats. `dataset.tensors` turns all of them, once and for good:
    the floats then take the place of the bytes.
    """

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        self.pixels, self.labels = pixels, labels

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        self.pixels = as_floats(self.pixels)
        return self.pixels, self.labels

    def __getitem__(self, index) -> tuple[Tensor, Tensor]:
        return as_floats(self.pixels[index]), self.labels[index]

    def __len__(self) -> int:
        return len(self.labels)

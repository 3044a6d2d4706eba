"""Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747): shipped compressed, unpacked once."""

import lzma
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from tutorial_utils.data.packed import ByteImages
from tutorial_utils.files import (
    ASSETS,
    AssetError,
    cache_dir,
    read,
    restore_hint,
    verify,
    write_atomically,
)

SHIPPED = ASSETS / "data" / "fashion_mnist"
FILES = {  # original file -> sha256 of its unpacked content
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
FASHION_CLASSES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
NUM_VALIDATION = 5_000


def _unpack(folder: Path) -> None:
    """Fill torchvision's raw folder from the shipped archives; a file that is there is left alone."""
    for name, sha256 in FILES.items():
        target, archive = folder / name, SHIPPED / f"{name}.xz"
        if target.exists() or not archive.exists():
            continue
        packed = read(archive, mend=restore_hint(archive))
        try:
            content = lzma.decompress(packed)
        except (lzma.LZMAError, EOFError):
            content = b""
        verify(archive, content, sha256, mend=restore_hint(archive))
        try:
            write_atomically(target, content)
        except AssetError:  # on Windows, where another process has just unpacked and is reading it
            if not target.exists():
                raise


def _originals(train: bool) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 28, 28) and labels int64 (N,) of one of the two original sets."""
    from torchvision.datasets import FashionMNIST  # a second of import that the emoji need not pay

    root = cache_dir()
    folder = root / "FashionMNIST" / "raw"
    _unpack(folder)
    if not all((folder / name).exists() for name in FILES):
        try:
            FashionMNIST(str(root), download=True)
        except Exception as problem:
            raise AssetError(
                f"Fashion-MNIST is neither in {SHIPPED} nor could it be downloaded ({problem}). "
                f"To mend it: {restore_hint(SHIPPED)}"
            ) from problem
    for name, sha256 in FILES.items():
        if name.startswith("train") == train:
            path = folder / name
            mend = "delete that file; the next call unpacks it again."
            verify(path, read(path, mend=mend), sha256, mend=mend)
    with torch.device("cpu"):
        dataset = FashionMNIST(str(root), train=train)
    return dataset.data, dataset.targets


def fashion_mnist(split: str) -> TensorDataset:
    """Fashion-MNIST as a `TensorDataset` of (image, label), in memory as bytes.

    `split` is "train" (55,000 images), "validation" (the last 5,000 of the original training set)
    or "test" (10,000). Images are float32 (1, 28, 28) in [0, 1]: the original bytes over 255. Labels
    are int64 in 0..9, named by `FASHION_CLASSES`. `dataset.tensors` gives both whole (the images of "train"
    then take 172 MB in place of 43), `dataset[rows]` some of them.

    The result is kept and shared between calls: do not change its tensors in place.
    Raises `ValueError` for another split, `AssetError` where a file is missing or altered.
    """
    if split not in ("train", "validation", "test"):
        raise ValueError(f'split must be "train", "validation" or "test", not {split!r}')
    return _part(split)


@lru_cache
def _part(split: str) -> ByteImages:
    part = {
        "train": slice(None, -NUM_VALIDATION),
        "validation": slice(-NUM_VALIDATION, None),
        "test": slice(None),
    }[split]
    with torch.inference_mode(False):  # what is kept serves every caller
        images, labels = _originals(split != "test")
        return ByteImages(images[part, None].clone(), labels[part].clone())


def dequantize(images: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Spread 8-bit images over their cells: (v + u) / 256 with v the byte and u uniform in [0, 1).

    `images` are float32 or float64 in [0, 1] that hold bytes over 255, any shape; the result has the
    same shape and type, in [0, 1). A density p on it bounds the probability of the bytes from below:
    E log p(dequantized) - D log 256 <= log P(bytes) (Theis et al. 2016, arXiv:1511.01844, section 3.1).
    Raises `ValueError` where an image is no 8-bit image in [0, 1].
    """
    if images.dtype not in (torch.float32, torch.float64) or images.numel() == 0:
        raise ValueError(
            f"dequantize needs float32 or float64 images, not {images.dtype} of shape {tuple(images.shape)}"
        )
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(f"dequantize needs images in [0, 1], got [{images.min():.4g}, {images.max():.4g}]")
    spread = torch.empty_like(images)
    for part, target in zip(images.split(500), spread.split(500), strict=True):  # to spare memory
        values = (part * 255).round()
        if (part * 255 - values).abs().max() > 1e-2:
            raise ValueError("dequantize needs 8-bit images: every value a multiple of 1/255")
        noise = torch.rand(part.shape, generator=generator, dtype=part.dtype, device="cpu").to(part.device)
        target.copy_((values + noise) / 256)
    return spread.clamp_(max=1 - 2**-24)

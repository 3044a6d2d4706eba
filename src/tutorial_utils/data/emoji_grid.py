"""Emoji in four hands: 1,561 things, each drawn by Noto, Twemoji, Fluent and OpenMoji, with its name."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.files import ASSETS, AssetError, read, restore_hint, verify

SHIPPED = ASSETS / "data" / "emoji"
EMOJI_STYLES = ("noto", "twemoji", "fluent", "openmoji")
PIXELS = 64
SHA256 = {  # of the names, and of each style's decoded pixels
    "names": "87dd9408d813e59173030eb62e505591028ddd392352a92527ac86852604b298",
    "noto": "a073c1f056dc7ea4b1a189b3e026c702f5b72a541cf4bd1dba95bfc84dcd4c14",
    "twemoji": "9f72fc01f8149e5e4394b21055336c9c1aa92797f41d25183cd3e7b58eeaddfb",
    "fluent": "5c44e745a33bd478e7adf82babe07c851cf6200f18bb029c39da0b9ea916f064",
    "openmoji": "b93109110991a8e0c39eb8bfa88b24d0c6f10f167520eef651fd2871438b4268",
}


@dataclass(frozen=True)
class Emoji:
    """A grid of content × style.

    images: float32 (N, 4, 3, size, size) in [0, 1], on white; names: N English names ("red-apple");
    styles: the four names along the second axis; held_out: bool (N, 4), the cells of the training
    contents that nothing may be fitted to, at most one a content (no cell of the other splits is marked,
    since none of their contents may be fitted at all).
    """

    images: Tensor
    names: tuple[str, ...]
    styles: tuple[str, ...]
    held_out: Tensor

    def __len__(self) -> int:
        return len(self.names)


def _share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def _split_of(name: str) -> str:
    share = _share(name)
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def _held_out_style(name: str) -> int | None:
    """Four contents in ten hold out one cell of their four: a tenth of all cells."""
    style = int(10 * _share(f"held-out:{name}"))
    return style if style < len(EMOJI_STYLES) else None


def _read_sheet(style: str, count: int) -> np.ndarray:
    """uint8 (count, 64, 64, 3)."""
    path = SHIPPED / f"{style}.webp"
    try:
        with Image.open(path) as sheet:
            pixels = np.asarray(sheet.convert("RGB"))
        rows, columns = pixels.shape[0] // PIXELS, pixels.shape[1] // PIXELS
        grid = pixels.reshape(rows, PIXELS, columns, PIXELS, 3).swapaxes(1, 2)
    except (OSError, ValueError) as problem:
        raise AssetError(f"{path} is missing or truncated. To mend it: {restore_hint(path)}") from problem
    pixels = np.ascontiguousarray(grid.reshape(-1, PIXELS, PIXELS, 3)[:count])
    verify(path, pixels.data, SHA256[style], mend=restore_hint(path))
    return pixels


def _read_names() -> tuple[str, ...]:
    path = SHIPPED / "names.txt"
    names = read(path, mend=restore_hint(path)).split()
    verify(path, b"\n".join(names), SHA256["names"], mend=restore_hint(path))
    return tuple(name.decode() for name in names)


def emoji(split: str = "train", size: int = 64) -> Emoji:
    """The emoji of one split, as a grid of content × style (see `Emoji`).

    `split` is "train" (80 % of the contents), "validation" or "test" (10 % each), fixed by a hash of the
    name. `size` is 64, or 32: the average over 2 × 2 pixels.

    The result is kept and shared between calls: do not change its tensors in place.
    Raises `ValueError` for another split or size, `AssetError` where a file is missing or altered.
    """
    if split not in ("train", "validation", "test"):
        raise ValueError(f'split must be "train", "validation" or "test", not {split!r}')
    if size not in (32, 64):
        raise ValueError(f"size must be 32 or 64, not {size!r}")
    return _part(split, size)


@lru_cache
def _part(split: str, size: int) -> Emoji:
    names = _read_names()
    rows = [row for row, name in enumerate(names) if _split_of(name) == split]
    images = torch.empty(len(rows), len(EMOJI_STYLES), 3, size, size)
    held_out = torch.zeros(len(rows), len(EMOJI_STYLES), dtype=torch.bool)
    for column, style in enumerate(EMOJI_STYLES):
        pixels = torch.from_numpy(_read_sheet(style, len(names))[rows]).permute(0, 3, 1, 2)  # bytes
        for target, part in zip(images[:, column].split(100), pixels.split(100), strict=True):
            target.copy_(F.avg_pool2d(part.float(), PIXELS // size) / 255)  # 100 at a time, to spare memory
    chosen = tuple(names[row] for row in rows)
    for row, name in enumerate(chosen):
        style = _held_out_style(name)
        if split == "train" and style is not None:
            held_out[row, style] = True
    return Emoji(images, chosen, EMOJI_STYLES, held_out)

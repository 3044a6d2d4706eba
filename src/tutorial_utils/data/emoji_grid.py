"""Emoji in four hands: 1,561 things, each drawn by Noto, Twemoji, Fluent and OpenMoji, with its name."""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from tutorial_utils.data.packed import as_floats
from tutorial_utils.files import ASSETS, AssetError, read, restore_hint, verify

SHIPPED = ASSETS / "data" / "emoji"
EMOJI_STYLES = ("noto", "twemoji", "fluent", "openmoji")
PIXELS = 64
SHA256 = {  # of the names, of the groups that share a picture, and of each style's decoded pixels
    "twins": "4fd6c4b1145501eff0c2157afac52701403e023f11f9510b775cc83f45dc7a16",
    "names": "87dd9408d813e59173030eb62e505591028ddd392352a92527ac86852604b298",
    "noto": "a073c1f056dc7ea4b1a189b3e026c702f5b72a541cf4bd1dba95bfc84dcd4c14",
    "twemoji": "9f72fc01f8149e5e4394b21055336c9c1aa92797f41d25183cd3e7b58eeaddfb",
    "fluent": "5c44e745a33bd478e7adf82babe07c851cf6200f18bb029c39da0b9ea916f064",
    "openmoji": "b93109110991a8e0c39eb8bfa88b24d0c6f10f167520eef651fd2871438b4268",
}


class Emoji:
    """A grid of content × style. At 64 pixels it is kept as bytes until all images are asked for.

    images: float32 (N, 4, 3, size, size) in [0, 1], on white; names: N English names ("red-apple");
    styles: the four names along the second axis; held_out: bool (N, 4), the cells of the training
    contents that nothing may be fitted to, at most one a content (no cell of the other splits is marked,
    since none of their contents may be fitted at all). `grid[content, style]` are the pictures of some
    cells, without making floats of all the others: (B, 3, size, size).
    """

    def __init__(
        self, pixels: Tensor, names: tuple[str, ...], styles: tuple[str, ...], held_out: Tensor
    ) -> None:
        self.names, self.styles, self.held_out = names, styles, held_out
        self._pixels = pixels  # (N, 4, 3, size, size), bytes or floats

    @property
    def images(self) -> Tensor:
        self._pixels = as_floats(self._pixels)
        return self._pixels

    def __getitem__(self, cells: tuple[Tensor, Tensor]) -> Tensor:
        content, style = cells
        return as_floats(self._pixels[content, style])

    def __len__(self) -> int:
        return len(self.names)


def _share(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


@lru_cache
def _first_twins() -> dict[str, str]:
    """Names that share a picture with others in some style, each with the first of its group."""
    path = SHIPPED / "twins.txt"
    lines = _read_verified(path, "twins").decode().splitlines()
    return {name: group.split()[0] for group in lines for name in group.split()}


def _one_thing(name: str) -> str:
    """The name that decides for all names of one thing: those that share a picture count as one."""
    return _first_twins().get(name, name)


def _split_of(name: str) -> str:
    share = _share(_one_thing(name))
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def _held_out_style(name: str) -> int | None:
    """Four contents in ten hold out one cell of their four: a tenth of all cells."""
    style = int(10 * _share(f"held-out:{_one_thing(name)}"))
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


def _read_verified(path: Path, digest: str) -> bytes:
    """A text file of the course, its lines joined by single newlines."""
    content = b"\n".join(read(path, mend=restore_hint(path)).splitlines())
    verify(path, content, SHA256[digest], mend=restore_hint(path))
    return content


def _read_names() -> tuple[str, ...]:
    return tuple(_read_verified(SHIPPED / "names.txt", "names").decode().splitlines())


def emoji(split: str = "train", size: int = 64) -> Emoji:
    """The emoji of one split, as a grid of content × style (see `Emoji`).

    `split` is "train" (80 % of the contents), "validation" or "test" (10 % each), fixed by a hash of the
    name; names that share a picture in any style count as one, so that none lies in two splits. `size` is 64,
    or 32: the average over 2 × 2 pixels.

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
    chosen = tuple(names[row] for row in rows)
    with torch.inference_mode(False), torch.device("cpu"):  # what is kept serves every caller
        sheets = [torch.from_numpy(_read_sheet(style, len(names))[rows]) for style in EMOJI_STYLES]
        pixels = torch.stack(sheets, 1).permute(0, 1, 4, 2, 3)
        held_out = torch.zeros(len(rows), len(EMOJI_STYLES), dtype=torch.bool)
        pixels = pixels.contiguous() if size == PIXELS else _averaged(pixels, size)
    for row, name in enumerate(chosen):
        style = _held_out_style(name)
        if split == "train" and style is not None:
            held_out[row, style] = True
    return Emoji(pixels, chosen, EMOJI_STYLES, held_out)


def _averaged(pixels: Tensor, size: int) -> Tensor:
    """Bytes (N, 4, 3, 64, 64) -> floats (N, 4, 3, size, size): the mean over the pixels that become one."""
    images = torch.empty(*pixels.shape[:3], size, size, dtype=torch.float32)
    for target, part in zip(images.split(25), pixels.split(25), strict=True):  # to spare memory
        small = F.avg_pool2d(part.flatten(0, 1).to(torch.float32), PIXELS // size) / 255
        target.copy_(small.view_as(target))
    return images

"""Claims: the data are the originals, the splits are fixed, and a bad file is named and never used."""

import lzma
import math
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from surroundings import SURROUNDINGS
from torch.nn import functional as F

from tutorial_utils import files
from tutorial_utils.data import (
    EMOJI_STYLES,
    dequantize,
    emoji,
    emoji_grid,
    fashion,
    fashion_mnist,
    grid_of_gaussians,
    ring_of_gaussians,
)


@pytest.mark.parametrize(("split", "size"), [("train", 55_000), ("validation", 5_000), ("test", 10_000)])
def test_fashion_mnist_keeps_the_interface(split, size):
    images, labels = fashion_mnist(split).tensors
    assert images.shape == (size, 1, 28, 28)
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (0, 1)
    assert labels.shape == (size,)
    assert labels.unique().tolist() == list(range(10))


def test_validation_is_the_end_of_the_original_training_set():
    from torchvision.datasets import FashionMNIST

    fashion_mnist("train")
    original = FashionMNIST(str(files.cache_dir()), train=True)
    joined = torch.cat([fashion_mnist(split).tensors[0] for split in ("train", "validation")])
    assert torch.equal((joined[:, 0] * 255).round().byte(), original.data)
    labels = torch.cat([fashion_mnist(split).tensors[1] for split in ("train", "validation")])
    assert torch.equal(labels, original.targets)


def test_test_labels_are_balanced():
    assert fashion_mnist("test").tensors[1].bincount().tolist() == [1000] * 10


def test_second_call_is_free():
    for call in (lambda: fashion_mnist("train"), lambda: emoji("train"), lambda: emoji(size=64)):
        assert call() is call()


def test_second_process_does_not_unpack_again(fresh_fashion, monkeypatch):
    fashion_mnist("test")
    fashion._part.cache_clear()
    monkeypatch.setattr(fashion.lzma, "decompress", None)
    assert len(fashion_mnist("test")) == 10_000


def test_unknown_split_or_size_is_named():
    with pytest.raises(ValueError, match="'dev'"):
        fashion_mnist("dev")
    with pytest.raises(ValueError, match="'dev'"):
        emoji("dev")
    with pytest.raises(ValueError, match="48"):
        emoji(size=48)


@pytest.fixture
def fresh_fashion(tmp_path, monkeypatch):
    """An empty cache, a copy of the shipped test archives, and no memory of earlier calls."""
    shipped = tmp_path / "shipped"
    shutil.copytree(fashion.SHIPPED, shipped)
    monkeypatch.setattr(fashion, "SHIPPED", shipped)
    monkeypatch.setenv("TUTORIAL_CACHE", str(tmp_path / "cache"))
    fashion._part.cache_clear()
    yield shipped
    fashion._part.cache_clear()


def test_unpacking_goes_to_the_moved_cache(fresh_fashion, tmp_path):
    assert len(fashion_mnist("test")) == 10_000
    raw = tmp_path / "cache" / "FashionMNIST" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == sorted(fashion.FILES)


@pytest.mark.parametrize("damage", ["truncate", "alter", "garbage"])
def test_bad_archive_is_named_and_nothing_is_written(fresh_fashion, tmp_path, damage):
    archive = fresh_fashion / "t10k-images-idx3-ubyte.xz"
    content = archive.read_bytes()
    if damage == "truncate":
        archive.write_bytes(content[: len(content) // 2])
    elif damage == "garbage":
        archive.write_bytes(b"not an archive")
    else:
        raw = bytearray(lzma.decompress(content))
        raw[5_000] ^= 1
        archive.write_bytes(lzma.compress(bytes(raw), preset=0))
    with pytest.raises(files.AssetError, match=r"t10k-images-idx3-ubyte\.xz.*git checkout"):
        fashion_mnist("test")
    raw_folder = tmp_path / "cache" / "FashionMNIST" / "raw"
    assert not (raw_folder / "t10k-images-idx3-ubyte").exists()
    assert not list(raw_folder.glob("*.part"))


def test_bad_unpacked_file_is_named(fresh_fashion, tmp_path):
    fashion_mnist("test")
    path = tmp_path / "cache" / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    fashion._part.cache_clear()
    with pytest.raises(files.AssetError, match=r"t10k-images-idx3-ubyte.*delete"):
        fashion_mnist("test")


def test_missing_archive_is_an_error_that_says_what_to_do(fresh_fashion, monkeypatch):
    from torchvision.datasets import FashionMNIST

    def offline(*_):
        raise RuntimeError("no network")

    monkeypatch.setattr(FashionMNIST, "download", offline)
    (fresh_fashion / "train-images-idx3-ubyte.xz").unlink()
    with pytest.raises(files.AssetError, match=r"could it be downloaded.*git checkout"):
        fashion_mnist("train")


def test_unwritable_cache_is_an_error_that_says_what_to_do(fresh_fashion, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("TUTORIAL_CACHE", str(blocked))
    with pytest.raises(files.AssetError, match="TUTORIAL_CACHE"):
        fashion_mnist("test")


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(files.AssetError, match="disk full"):
        files.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_emoji_keeps_the_interface():
    splits = {split: emoji(split) for split in ("train", "validation", "test")}
    assert sum(map(len, splits.values())) == 1561
    names = [name for part in splits.values() for name in part.names]
    assert len(set(names)) == 1561
    for part in splits.values():
        assert part.images.shape == (len(part), 4, 3, 64, 64)
        assert part.images.dtype == torch.float32
        assert (part.images.min(), part.images.max()) == (0, 1)
        assert part.styles == EMOJI_STYLES
        assert part.held_out.shape == (len(part), 4)
    shares = [len(part) / 1561 for part in splits.values()]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_held_out_cells_are_a_tenth_and_one_a_content():
    held_out = emoji("train").held_out
    assert held_out.float().mean() == pytest.approx(0.1, abs=0.01)
    assert held_out.sum(1).max() == 1
    assert held_out.float().mean(0).tolist() == pytest.approx([0.1] * 4, abs=0.02)
    assert not emoji("validation").held_out.any()
    assert not emoji("test").held_out.any()


def test_splits_hang_on_the_name_alone():
    assert emoji_grid._split_of("red-apple") == "train"
    assert {emoji_grid._split_of(name) for name in emoji("test").names} == {"test"}


def test_names_that_share_a_picture_lie_in_one_split_and_hide_the_same_cell():
    """Looked for in the pixels: a picture that may be fitted is nowhere one to be judged by."""
    where: dict[bytes, set] = {}
    for split in ("train", "validation", "test"):
        part = emoji(split)
        for row, pictures in enumerate(part.images.flatten(2)):
            for style, picture in enumerate(pictures):
                use = split, part.held_out[row, style].item()
                where.setdefault(picture.numpy().tobytes(), set()).add(use)
    assert len(where) == 4 * 1561 - 27  # 26 pictures have two names, one of them three
    assert all(len(uses) == 1 for uses in where.values())
    assert emoji_grid._split_of("man-astronaut") == emoji_grid._split_of("astronaut") == "validation"


def test_some_cells_are_read_without_the_others():
    for size in (32, 64):
        part = emoji("validation", size=size)
        content, style = torch.tensor([3, 0, 7]), torch.tensor([1, 1, 3])
        assert torch.equal(part[content, style], part.images[content, style])


def test_images_are_held_as_bytes_until_all_floats_are_asked_for():
    fashion._part.cache_clear()
    part = fashion_mnist("test")
    row = part[7][0]
    assert part.pixels.dtype == torch.uint8
    assert part.pixels.untyped_storage().nbytes() == part.pixels.numel()  # no larger set behind it
    images = part.tensors[0]
    assert part.pixels is part.tensors[0] is images  # and no bytes any more
    assert torch.equal(part[7][0], row)
    emoji_grid._part.cache_clear()
    grid = emoji("test")
    assert grid._pixels.dtype == torch.uint8
    assert grid.images is grid.images is grid._pixels


def test_rows_and_workers_see_the_same_images():
    part = fashion_mnist("test")
    images, labels = part.tensors
    rows = torch.tensor([5, 0, 9_999])
    assert torch.equal(part[rows][0], images[rows])
    assert torch.equal(part[rows][1], labels[rows])
    assert part[7][0].shape == (1, 28, 28)
    copy = pickle.loads(pickle.dumps(part))
    assert torch.equal(copy.tensors[0], images)


@pytest.mark.parametrize("mode", ["inference mode", "default dtype", "default device"])
def test_data_do_not_depend_on_the_callers_modes(mode, fresh_emoji):
    """What is kept for the session serves a later caller, too, who may want to train on it."""
    fashion._part.cache_clear()
    expected = torch.float32, "cpu"
    with SURROUNDINGS[mode]():
        clothes, drawings = fashion_mnist("test"), emoji("test", size=32)
        tensors = clothes.tensors[0], drawings.images, clothes[0][0]
        noisy = dequantize(tensors[0][:4])
    for tensor in (*tensors[:2], noisy):
        assert (tensor.dtype, tensor.device.type) == expected
    assert not any(tensor.is_inference() for tensor in clothes.tensors)
    assert clothes[:2][0].shape == (2, 1, 28, 28)
    for tensor in (clothes.tensors[0], drawings.images, clothes[0][0], clothes[:2][0]):
        (torch.nn.Linear(1, 1)(tensor.flatten()[:64, None])).sum().backward()


def test_cells_show_what_their_name_says():
    """A red apple is red in all four hands, and no two hands draw the same picture."""
    part = emoji("train")
    apple = part.images[part.names.index("red-apple")]  # (4, 3, 64, 64)
    ink = (apple.amin(1) < 0.9).float()[:, None]
    red, green, blue = ((apple * ink).sum((2, 3)) / ink.sum((2, 3))).T
    assert (red > green + 0.2).all()
    assert (red > blue + 0.2).all()
    assert torch.pdist(apple.flatten(1)).min() > 1


def test_emoji_stand_as_in_the_sheet():
    """Neither transposed nor mirrored: the tile of the sheet that a visitor can open, channel by channel."""
    part = emoji("train")
    row = emoji_grid._read_names().index("red-apple")
    with Image.open(emoji_grid.SHIPPED / "fluent.webp") as sheet:
        left, top = 64 * (row % 40), 64 * (row // 40)
        tile = np.asarray(sheet.convert("RGB").crop((left, top, left + 64, top + 64)))
    image = part.images[part.names.index("red-apple"), EMOJI_STYLES.index("fluent")]
    assert torch.equal(image, torch.tensor(tile).permute(2, 0, 1) / 255)


def test_small_emoji_are_area_averages():
    large, small = emoji("test").images, emoji("test", size=32).images
    expected = F.interpolate(large.flatten(0, 1), size=32, mode="area").view_as(small)
    assert torch.allclose(small, expected, atol=1e-6)


@pytest.fixture
def fresh_emoji(tmp_path, monkeypatch):
    shipped = tmp_path / "emoji"
    shutil.copytree(emoji_grid.SHIPPED, shipped)
    monkeypatch.setattr(emoji_grid, "SHIPPED", shipped)
    emoji_grid._part.cache_clear()
    yield shipped
    emoji_grid._part.cache_clear()


def test_truncated_sheet_is_named(fresh_emoji):
    sheet = fresh_emoji / "noto.webp"
    sheet.write_bytes(sheet.read_bytes()[:100_000])
    with pytest.raises(files.AssetError, match=r"noto\.webp.*git checkout"):
        emoji("test")


def test_altered_sheet_is_named(fresh_emoji):
    shutil.copy(fresh_emoji / "twemoji.webp", fresh_emoji / "openmoji.webp")
    with pytest.raises(files.AssetError, match=r"openmoji\.webp.*git checkout"):
        emoji("test")


@pytest.mark.parametrize("content", [b"pear\nplum\n", b"\xff\xfe\x00", None])
def test_altered_names_are_named(fresh_emoji, content):
    names = fresh_emoji / "names.txt"
    names.unlink()
    if content:
        names.write_bytes(content)
    with pytest.raises(files.AssetError, match=r"names\.txt.*git checkout"):
        emoji("test")


def test_dequantize_spreads_each_byte_over_its_cell(generator):
    values = torch.arange(256.0)
    spread = dequantize((values / 255).expand(500, 256), generator=generator)
    assert torch.equal((spread * 256).floor(), values.expand(500, 256))
    offsets = spread * 256 - values
    assert offsets.mean().item() == pytest.approx(0.5, abs=0.005)
    assert offsets.var().item() == pytest.approx(1 / 12, rel=0.02)


def test_dequantize_refuses_what_is_no_8_bit_image():
    for beyond in (255.0, -1 / 255):
        with pytest.raises(ValueError, match=r"\[0, 1\]"):
            dequantize(torch.tensor([0.0, beyond]))
    with pytest.raises(ValueError, match="uint8"):
        dequantize(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="8-bit"):
        dequantize(torch.tensor([0.1234567]))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        dequantize(torch.tensor([math.nan]))


@pytest.mark.parametrize("mixture", [ring_of_gaussians(std=0.3), grid_of_gaussians(std=0.3)])
def test_point_densities_integrate_to_one_and_match_their_samples(mixture, generator):
    ticks = torch.linspace(-7, 7, 701, dtype=torch.float64)
    plane = torch.cartesian_prod(ticks, ticks)
    cell = (ticks[1] - ticks[0]).item() ** 2
    density = mixture.log_prob(plane).exp()
    assert density.sum().item() * cell == pytest.approx(1, abs=1e-4)
    points = mixture.sample(50_000, generator=generator)
    second_moment = (density[:, None] * plane.square()).sum(0) * cell
    assert points.square().mean(0).tolist() == pytest.approx(second_moment.tolist(), rel=0.02)
    entropy = -(density * density.clamp_min(1e-300).log()).sum().item() * cell
    assert -mixture.log_prob(points).mean().item() == pytest.approx(entropy, abs=0.02)


def test_centers_are_where_the_names_say():
    ring, grid = ring_of_gaussians().centers, grid_of_gaussians().centers
    assert ring.norm(dim=1).tolist() == pytest.approx([2.0] * 8)
    assert torch.pdist(ring).min().item() == pytest.approx(4 * math.sin(math.pi / 8), rel=1e-5)
    assert grid.shape == (25, 2)
    assert torch.pdist(grid).min() == 2
    assert grid.mean(0).abs().max() == 0

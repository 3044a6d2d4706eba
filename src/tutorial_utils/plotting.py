"""Figures of the course. Helpers take or return a Figure or an Axes; `show` puts one on the page."""

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image, ImageChops
from torch import Tensor

from tutorial_utils.files import ASSETS, AssetError, restore_hint
from tutorial_utils.images import check_images

PAD = 2  # source pixels between the images of a grid
STYLE = ASSETS / "tutorial.mplstyle"
AS_IT_IS: dict[str, Any] = {"interpolation": "nearest", "origin": "upper"}  # squares, row 0 on top


def use_style() -> None:
    """Draw everything that follows in the course's style (assets/tutorial.mplstyle) and in nothing else: what
    it leaves open is as matplotlib comes, whatever a matplotlibrc or an earlier style says.

    Raises `AssetError` where the file is missing or damaged.
    """
    try:
        plt.style.use(["default", STYLE])
    except (OSError, UnicodeDecodeError) as problem:
        raise AssetError(f"cannot read {STYLE}. To mend it: {restore_hint(STYLE)}") from problem


def show(figure: Figure, *, alt: str, caption: str | None = None) -> None:
    """Put the figure on the page, once: a PNG with its alternative text, and the caption under it.

    `alt` says in 15 to 200 characters what a reader who cannot see the figure would miss; it is stored in
    the picture's metadata and as its text form. Raises `ValueError` for another length.
    """
    if not 15 <= len(alt) <= 200:
        raise ValueError(f"alt must have 15 to 200 characters, not {len(alt)}: {alt!r}")
    png = base64.b64encode(render_png(figure)).decode()
    plt.close(figure)
    display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    if caption:
        display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)


def render_png(figure: Figure) -> bytes:
    """The figure as PNG, cropped to what is drawn; the same bytes for the same figure.

    Without transparency, and in one channel where everything is grey: a third of matplotlib's size.
    """
    buffer, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi="figure", bbox_inches="tight", pad_inches=0.05,
        facecolor="auto", edgecolor="auto", transparent=False,
    )  # fmt: skip
    picture = Image.open(buffer).convert("RGB")
    grey = picture.convert("L")
    same = ImageChops.difference(picture, grey.convert("RGB")).getbbox() is None
    (grey if same else picture).save(packed, format="PNG", optimize=True)
    return packed.getvalue()


def image_grid(
    images: Tensor,
    *,
    columns: int | None = None,
    scale: int = 2,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str | None = None,
) -> Figure:
    """Images (N, C, H, W) in [0, 1] in rows of `columns` (default: all in one row), each pixel `scale` wide.

    `row_labels` stand at the left, `column_labels` on top. Values are drawn as they are: black is 0 and
    white is 1 in every grid. Raises `ValueError` for images outside the convention.
    """
    check_images(images)
    columns = columns or len(images)
    mosaic = _mosaic(images.detach().cpu().float(), columns)  # (H, W, 3)
    height, width = mosaic.shape[0] * scale, mosaic.shape[1] * scale
    left = 10 + 7 * max((len(label) for label in row_labels), default=0)
    top = (20 if column_labels else 4) + (22 if title else 0)
    dpi = plt.rcParams["figure.dpi"]
    size = (left + width) / dpi, (top + height) / dpi
    figure = plt.figure(figsize=size, layout="none")
    axes = figure.add_axes((left / (left + width), 0, width / (left + width), height / (top + height)))
    axes.imshow(mosaic, **AS_IT_IS)
    axes.set_axis_off()
    step_x, step_y = images.shape[3] + PAD, images.shape[2] + PAD
    for row, label in enumerate(row_labels):
        y = PAD + row * step_y + images.shape[2] / 2
        axes.text(-8 / scale, y, label, ha="right", va="center", fontsize=9)
    for column, label in enumerate(column_labels):
        x = PAD + column * step_x + images.shape[3] / 2
        axes.text(x, -2 / scale, label, ha="center", va="bottom", fontsize=9)
    if title:
        figure.text(left / (left + width), 1, title, va="top", fontsize=10)
    return figure


def _mosaic(images: Tensor, columns: int) -> np.ndarray:
    """Tile (N, C, H, W) on white: uint8 (H', W', 3), since matplotlib would round floats down."""
    count, _, height, width = images.shape
    rows = -(-count // columns)
    tiles = images.new_ones(rows * columns, 3, height + PAD, width + PAD)
    tiles[:count, :, PAD:, PAD:] = images.expand(-1, 3, -1, -1)
    grid = tiles.unflatten(0, (rows, columns)).permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return grid.clamp(0, 1).mul(255).round().byte().numpy()


def draw_image(axes: Axes, image: Tensor, *, title: str | None = None) -> Axes:
    """One image (C, H, W) in [0, 1] on given axes, without ticks."""
    if isinstance(image, Tensor) and image.ndim != 3:
        raise ValueError(f"image must be (C, H, W), not {tuple(image.shape)}")
    check_images(image[None], name="image")
    axes.imshow(_mosaic(image[None].detach().cpu().float(), 1)[PAD:, PAD:], **AS_IT_IS)
    return _bare(axes, title)


def _array(values: Sequence[float] | Tensor) -> np.ndarray:
    """Numbers as matplotlib takes them, wherever a tensor lies and whatever its precision and gradients."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return (values.float() if values.dtype in (torch.bfloat16, torch.float16) else values).numpy()
    return np.asarray([each.item() if isinstance(each, Tensor) else each for each in values])


def draw_signed(axes: Axes, values: Tensor, *, limit: float, title: str | None = None) -> Axes:
    """A map (H, W) of signed numbers: white is 0, blue is -limit, red is +limit, beyond is cut off."""
    axes.imshow(_array(values), cmap="RdBu_r", vmin=-limit, vmax=limit, **AS_IT_IS)
    return _bare(axes, title)


def _bare(axes: Axes, title: str | None) -> Axes:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    if title:
        axes.set_title(title, loc="center", fontsize=9)
    return axes


def draw_curves(
    axes: Axes,
    x: Sequence[float] | Tensor,
    curves: Mapping[str, Sequence[float] | Tensor],
    *,
    x_label: str,
    y_label: str,
    title: str | None = None,
) -> Axes:
    """Several named curves over the same x, with a legend where there are two or more."""
    marker = "o" if len(x) <= 12 else ""  # few points are shown as what they are
    for name, y in curves.items():
        axes.plot(_array(x), _array(y), label=name, marker=marker, markersize=4)
    axes.set(xlabel=x_label, ylabel=y_label, title=title or "")
    if len(curves) > 1:
        axes.legend()
    return axes


def draw_histograms(
    axes: Axes,
    samples: Mapping[str, Tensor],
    *,
    x_label: str,
    num_bins: int = 60,
    title: str | None = None,
) -> Axes:
    """Named samples (N,) as outlined histograms over common bins, each normalised to a density."""
    arrays = {name: _array(values) for name, values in samples.items()}
    joined = np.concatenate(list(arrays.values()))
    edges = np.linspace(joined.min().item(), joined.max().item(), num_bins + 1)
    for name, values in arrays.items():
        axes.hist(values, edges, density=True, histtype="stepfilled", alpha=0.45, label=name)
    axes.set(xlabel=x_label, ylabel="density", title=title or "")
    axes.legend()
    return axes


def draw_flow(axes: Axes, boxes: Sequence[str], *, title: str, highlight: Sequence[int] = ()) -> Axes:
    """Boxes from left to right, joined by arrows; those numbered in `highlight` are the learned ones."""
    axes.set(xlim=(-0.5, len(boxes) - 0.5), ylim=(-0.5, 0.5), title=title)
    axes.set_axis_off()
    drawn = []
    for place, text in enumerate(boxes):
        colour = "#CFE5F2" if place in highlight else "#F2F2F2"
        style = {"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": "#555555"}
        drawn.append(axes.text(place, 0, text, ha="center", va="center", fontsize=9, bbox=style))
    for place, (tail, head) in enumerate(pairwise(drawn)):
        arrow = {
            "arrowstyle": "->", "color": "#555555", "shrinkA": 3, "shrinkB": 3,
            "patchA": tail.get_bbox_patch(), "patchB": head.get_bbox_patch(),
        }  # fmt: skip
        axes.annotate("", (place + 1, 0), (place, 0), arrowprops=arrow)
    return axes


def draw_classes(axes: Axes, points: Tensor, labels: Tensor, names: Sequence[str]) -> Axes:
    """Points (N, 2) of classes `labels` (N,), each class that has some named at its median."""
    places, classes = _array(points), _array(labels)
    axes.scatter(*places.T, c=classes, cmap="turbo", s=2, alpha=0.5)
    outline = [withStroke(linewidth=2.5, foreground="white")]
    for number, name in enumerate(names):
        if not (classes == number).any():
            continue
        middle = np.quantile(places[classes == number], 0.5, axis=0, method="lower")
        above = ("bottom", "top")[number % 4 // 2]  # neighbours part
        axes.text(
            *middle, name, ha="center", va=above, fontsize=8, weight="bold", path_effects=outline
        )  # fmt: skip
    axes.set_aspect("equal")
    return axes

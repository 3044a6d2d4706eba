"""Claims: figures carry their alternative text, grids show each pixel as it is, and bad input is named."""

import base64
import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from tutorial_utils import plotting
from tutorial_utils.files import AssetError
from tutorial_utils.plotting import (
    PAD,
    draw_curves,
    draw_histograms,
    draw_image,
    image_grid,
    render_png,
    show,
)


def test_show_attaches_alternative_text_and_caption(shown):
    figure, axes = plt.subplots()
    axes.plot([0, 1])
    show(figure, alt="a rising straight line", caption="A line.")
    (picture, metadata), (caption, _) = shown
    assert picture["text/plain"] == "a rising straight line"
    assert metadata == {"image/png": {"alt": "a rising straight line"}}
    assert Image.open(io.BytesIO(base64.b64decode(picture["image/png"]))).format == "PNG"
    assert caption["text/markdown"] == "*A line.*"
    assert not plt.fignum_exists(figure.number)


@pytest.mark.parametrize("alt", ["x" * 15, "x" * 200])
def test_alternative_texts_may_be_as_short_and_as_long_as_that(shown, alt):
    show(plt.figure(), alt=alt)
    assert shown[0][0]["text/plain"] == alt


@pytest.mark.parametrize("alt", ["", "x" * 14, "x" * 201])
def test_show_insists_on_alternative_text(shown, alt):
    with pytest.raises(ValueError, match="15 to 200"):
        show(plt.figure(), alt=alt)
    plt.close("all")


def test_grid_shows_every_pixel_as_it_is():
    """Each source pixel comes out as a square of `scale` screen pixels with exactly its grey value."""
    images = torch.linspace(0, 1, 2 * 16).view(2, 1, 4, 4)
    plotting.use_style()
    figure = image_grid(images, columns=2, scale=4)
    screen = np.asarray(Image.open(io.BytesIO(plotting.render_png(figure))))
    plt.close(figure)
    expected = (images * 255).round().numpy().astype(int)
    found = [int(value) for value in np.unique(screen)]
    assert set(expected.ravel().tolist()) <= set(found)
    counts = {value: int((screen == value).sum()) for value in expected.ravel().tolist()}
    assert all(counts[value] == 16 for value in counts if value != 255)


def pixels_of(figure: plt.Figure) -> np.ndarray:
    """What render_png makes of it: (H, W, 3)."""
    picture = np.asarray(Image.open(io.BytesIO(render_png(figure))).convert("RGB"))
    plt.close(figure)
    return picture


def without_margin(picture: np.ndarray) -> np.ndarray:
    """From the first to the last row and column that are not white."""
    drawn = (picture != 255).any(2)
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("channels", [1, 3])
def test_grid_shows_each_image_in_its_place_the_right_way_up_and_in_its_colours(channels, generator):
    """Read back from the page, pixel by pixel: no mirror, no turn, no swapped channel, no other order."""
    height, width, columns, scale = 4, 6, 3, 3
    images = torch.randint(0, 200, (5, channels, height, width), generator=generator)
    plotting.use_style()
    screen = without_margin(pixels_of(image_grid(images / 255, columns=columns, scale=scale)))
    expected = np.full((2 * height + PAD, 3 * width + 2 * PAD, 3), 255)
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        top, left = row * (height + PAD), column * (width + PAD)
        expected[top : top + height, left : left + width] = image.permute(1, 2, 0).numpy()
    assert np.array_equal(screen, expected.repeat(scale, 0).repeat(scale, 1))


def test_one_image_and_a_signed_map_stand_the_right_way_up(generator):
    plotting.use_style()
    image = torch.randint(0, 200, (3, 4, 6), generator=generator)
    figure = plt.figure(figsize=(0.6, 0.4), dpi=100, layout="none")
    draw_image(figure.add_axes((0, 0, 1, 1)), image / 255)
    assert np.array_equal(without_margin(pixels_of(figure))[5::10, 5::10], image.permute(1, 2, 0).numpy())
    figure = plt.figure(figsize=(0.6, 0.4), dpi=100, layout="none")
    plotting.draw_signed(figure.add_axes((0, 0, 1, 1)), torch.tensor([[-1.0, 0.5], [1.0, -9.0]]), limit=1)
    (low, half), (high, lowest) = without_margin(pixels_of(figure))[5::30, 5::30].astype(int)
    assert low[2] > low[0] + 50, "negative is blue"
    assert high[0] > high[2] + 50, "positive is red"
    assert high[0] - high[2] != half[0] - half[2] > 50, "half is paler"
    assert np.array_equal(low, lowest), "beyond the limit is the limit"


def test_labels_stand_by_the_rows_and_columns_that_they_name():
    """Measured where they are drawn, in source pixels of the picture."""
    plotting.use_style()
    rows, columns = ["first", "second row", "third"], ["a", "b", "c", "d"]
    images = torch.full((12, 1, 20, 30), 0.5)
    figure = image_grid(images, columns=4, scale=2, row_labels=rows, column_labels=columns, title="all")
    figure.canvas.draw()
    axes = figure.axes[0]
    to_pixel = axes.transData.inverted()
    boxes = {text.get_text(): text.get_window_extent().transformed(to_pixel) for text in axes.texts}
    assert list(boxes) == [*rows, *columns]
    assert [text.get_text() for text in figure.texts] == ["all"]
    for row, label in enumerate(rows):
        top = PAD + row * (20 + PAD) - 0.5
        low, high = sorted((boxes[label].y0, boxes[label].y1))
        assert top < low < high < top + 20, "beside its row"
        assert boxes[label].x1 < 0, "left of the images"
    for column, label in enumerate(columns):
        left = PAD + column * (30 + PAD) - 0.5
        assert left < boxes[label].x0 < boxes[label].x1 < left + 30, "above its column"
        assert max(boxes[label].y0, boxes[label].y1) < PAD, "over the images"
    plt.close(figure)


def title_of(axes) -> str:
    """Wherever the style in use puts it."""
    return axes.get_title(loc="left") or axes.get_title()


def test_axes_are_labelled_and_titled_as_asked():
    axes = draw_curves(plt.figure().gca(), [0, 1], {"a": [0, 1]}, x_label="time", y_label="loss", title="one")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time", "loss")
    assert title_of(axes) == "one"
    assert axes.get_legend() is None  # a single curve needs none
    samples = {"n": torch.arange(4.0)}
    axes = draw_histograms(plt.figure().gca(), samples, x_label="grey", num_bins=2, title="two")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("grey", "density")
    assert title_of(axes) == "two"
    assert len(set(axes.patches[0].get_xy()[:, 0])) == 3  # the edges of two bins
    plt.close("all")


def test_a_flow_has_an_arrow_from_each_box_to_the_next():
    axes = plotting.draw_flow(plt.figure().gca(), ["in", "network", "out"], title="a flow", highlight=[1])
    boxes = [text for text in axes.texts if text.get_text()]
    arrows = [text for text in axes.texts if not text.get_text()]
    assert [(box.get_text(), box.get_position()) for box in boxes] == [
        ("in", (0, 0)), ("network", (1, 0)), ("out", (2, 0)),
    ]  # fmt: skip
    assert [(arrow.xyann, arrow.xy) for arrow in arrows] == [((0, 0), (1, 0)), ((1, 0), (2, 0))]
    learned, *others = (boxes[place].get_bbox_patch().get_facecolor() for place in (1, 0, 2))
    assert learned not in others
    assert title_of(axes) == "a flow"
    plt.close("all")


def everything() -> bytes:
    """A figure of each kind, with all the text they can have."""
    images = torch.linspace(0, 1, 4 * 48).view(4, 3, 4, 4)
    figure, panels = plt.subplots(1, 4, figsize=(6, 1.5))
    draw_image(panels[0], images[1], title="an image")
    plotting.draw_signed(panels[1], images[2, 0] - 0.5, limit=0.3)
    draw_curves(panels[2], [0, 1, 2], {"a": [0, 1, 0], "b": [1, 0, 1]}, x_label="x", y_label="y", title="t")
    draw_histograms(panels[3], {"n": images[0].flatten()}, x_label="n", num_bins=4)
    grid = image_grid(images, columns=2, row_labels=["up", "down"], column_labels=["l", "r"], title="grid")
    pictures = [render_png(each) for each in (figure, grid)]
    plt.close("all")
    return b"".join(pictures)


AT_ANY_TIME = {
    "image.origin": "lower",
    "image.interpolation": "bicubic",
    "image.cmap": "viridis",
    "savefig.transparent": True,
    "savefig.facecolor": "black",
    "savefig.dpi": 43,
    "savefig.format": "svg",
}
BEFORE_THE_STYLE = {
    "text.color": "white",
    "font.family": "monospace",
    "axes.labelcolor": "white",
    "lines.linestyle": ":",
    "figure.autolayout": True,
}


@pytest.mark.parametrize(
    ("settings", "early"),
    [
        (AT_ANY_TIME, False),
        (AT_ANY_TIME | BEFORE_THE_STYLE, True),
        ({"text.usetex": True}, True),
        (mpl.style.library["dark_background"], True),
    ],
    ids=["after the style", "before it", "LaTeX", "dark background"],
)
def test_the_readers_settings_change_no_figure(settings, early):
    with mpl.rc_context():
        plotting.use_style()
        expected = everything()
        mpl.rcParams.update(settings)
        if early:
            plotting.use_style()
        assert everything() == expected


@pytest.mark.parametrize("content", [None, b"axes.grid: \xff\xfe"], ids=["missing", "damaged"])
def test_a_style_that_cannot_be_read_is_named_with_its_remedy(content, tmp_path, monkeypatch):
    path = tmp_path / "tutorial.mplstyle"
    if content:
        path.write_bytes(content)
    monkeypatch.setattr(plotting, "STYLE", path)
    with pytest.raises(AssetError, match=r"cannot read .*tutorial\.mplstyle\. To mend it: run `git checkout"):
        plotting.use_style()


def test_grid_never_stretches_contrast():
    plotting.use_style()
    figure = image_grid(torch.full((1, 1, 4, 4), 0.5), scale=4)
    figure.canvas.draw()
    assert 128 in np.asarray(figure.canvas.buffer_rgba())[..., 0]
    plt.close(figure)


@pytest.mark.parametrize("draw", [lambda x: image_grid(x), lambda x: draw_image(plt.gca(), x[0])])
def test_images_outside_the_convention_are_refused(draw):
    with pytest.raises(ValueError, match="255"):
        draw(torch.full((1, 1, 4, 4), 255.0))
    plt.close("all")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: image_grid(np.zeros((1, 1, 4, 4))), "images must be a tensor, not ndarray"),
        (lambda: draw_image(plt.gca(), np.zeros((1, 4, 4))), "image must be a tensor, not ndarray"),
        (lambda: draw_image(plt.gca(), torch.zeros(1, 1, 4, 4)), r"\(C, H, W\), not \(1, 1, 4, 4\)"),
    ],
)
def test_what_is_no_image_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
    plt.close("all")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_numbers_are_drawn_from_any_tensor_or_list_of_them(dtype):
    x = torch.tensor([0.0, 1.0, 2.0], dtype=dtype, requires_grad=True)
    axes = draw_curves(plt.gca(), x, {"a": x.square(), "b": list(x.square())}, x_label="x", y_label="y")
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0, 1, 4]] * 2
    assert axes.lines[0].get_xdata().tolist() == [0, 1, 2]
    axes = plotting.draw_signed(plt.figure().gca(), x[None], limit=2)
    assert axes.images[0].get_array().tolist() == [[0, 1, 2]]
    axes = plotting.draw_classes(plt.figure().gca(), torch.stack([x, -x], 1), torch.tensor([0, 1, 1]), "ab")
    assert axes.collections[0].get_offsets().tolist() == [[0, 0], [1, -1], [2, -2]]
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, -2)]
    axes = plotting.draw_classes(plt.figure().gca(), torch.stack([x, -x], 1), torch.tensor([0, 2, 2]), "abc")
    assert [text.get_text() for text in axes.texts] == ["a", "c"]  # none is a b
    plt.close("all")


def test_histograms_leave_out_no_sample():
    """Edges in float32 lay inside the range of float64 samples."""
    samples = torch.linspace(1e8, 1e8 + 3.3, 12, dtype=torch.float64)
    axes = draw_histograms(plt.gca(), {"n": samples}, x_label="n", num_bins=3)
    vertices = axes.patches[0].get_xy()
    heights = vertices[1:-1:2, 1][:3]
    assert (heights * 1.1 * 12).round().tolist() == [4, 4, 4]
    plt.close("all")


def test_signed_maps_keep_their_limit():
    axes = plt.gca()
    plotting.draw_signed(axes, torch.tensor([[-3.0, 0.0, 3.0]]), limit=1.5)
    assert axes.images[0].get_clim() == (-1.5, 1.5)
    plt.close("all")


def test_curves_and_histograms_draw_what_they_are_given(generator):
    _, (left, right) = plt.subplots(1, 2)
    draw_curves(left, [1, 2, 3], {"a": [1, 4, 9], "b": [1, 2, 3]}, x_label="x", y_label="y")
    assert [line.get_ydata().tolist() for line in left.lines] == [[1, 4, 9], [1, 2, 3]]
    draw_histograms(right, {"n": torch.randn(1000, generator=generator)}, x_label="x", num_bins=20)
    vertices = right.patches[0].get_xy()
    assert vertices[:, 1].max() == pytest.approx(0.4, abs=0.1)
    plt.close("all")

"""Claims: figures carry their alternative text, grids show each pixel as it is, and bad input is named."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from tutorial_utils import plotting, widgets
from tutorial_utils.plotting import draw_curves, draw_histograms, draw_image, image_grid, show


@pytest.fixture
def shown(monkeypatch) -> list:
    """What reaches the page: (data, metadata)."""
    calls: list = []
    monkeypatch.setattr(
        plotting, "display", lambda data, metadata=None, raw=False: calls.append((data, metadata))
    )
    return calls


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


@pytest.mark.parametrize("alt", ["", "too short", "x" * 201])
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


def draw_power(axes, *, exponent: float, kind: str) -> None:
    axes.plot([0, 1, 2], [sign(kind) * x**exponent for x in (0, 1, 2)])


def sign(kind: str) -> int:
    return -1 if kind == "falling" else 1


CONTROLS = {"exponent": (0.0, 3.0, 0.5), "kind": ("rising", "falling")}
FRAMES = [{"exponent": 1.0, "kind": "rising"}, {"exponent": 2.0, "kind": "falling"}]


@pytest.mark.parametrize("headless", [True, False])
def test_explore_always_has_a_static_strip(shown, monkeypatch, headless):
    live: list = []
    monkeypatch.setattr(widgets, "display", live.append)
    monkeypatch.setenv("TUTORIAL_HEADLESS", "1" if headless else "")
    widgets.explore(draw_power, CONTROLS, frames=FRAMES, alt="powers of x as curves", caption="Powers.")
    assert len(shown) == 2
    assert len(live) == (0 if headless else 1)


def test_moving_a_control_redraws_the_picture():
    box = widgets.build_controls(draw_power, CONTROLS, start=FRAMES[0])
    exponent, kind, picture = box.children
    pictures = [picture.value]
    exponent.value = 2.0
    pictures.append(picture.value)
    kind.value = "falling"
    pictures.append(picture.value)
    assert len(set(pictures)) == 3
    exponent.value, kind.value = 1.0, "rising"
    assert picture.value == pictures[0]

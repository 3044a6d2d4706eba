"""Claims: an interactive figure says something without a kernel, and its controls redraw it."""

import pytest

from tutorial_utils import widgets


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
    for box in live:  # which starts where the first frame is
        assert [control.value for control in box.children[:2]] == list(FRAMES[0].values())


def test_the_strip_has_a_panel_for_each_frame_drawn_with_its_values(shown, monkeypatch):
    drawn = []
    monkeypatch.setenv("TUTORIAL_HEADLESS", "1")
    widgets.explore(
        lambda axes, **values: drawn.append((axes, values)),
        CONTROLS,
        frames=FRAMES,
        alt="powers of x as curves",
    )
    assert [values for _, values in drawn] == FRAMES
    assert len({axes for axes, _ in drawn}) == 2


def test_controls_are_named_and_bounded_as_asked():
    exponent, kind, _ = widgets.build_controls(draw_power, {**CONTROLS}, start=FRAMES[0]).children
    assert (exponent.description, exponent.min, exponent.max, exponent.step) == ("exponent", 0.0, 3.0, 0.5)
    assert (kind.description, kind.options) == ("kind", ("rising", "falling"))
    slider, _ = widgets.build_controls(
        lambda axes, noise_level: None, {"noise_level": (0.0, 1.0, 0.1)}, start={"noise_level": 0.0}
    ).children
    assert slider.description == "noise level"
    assert slider.continuous_update


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

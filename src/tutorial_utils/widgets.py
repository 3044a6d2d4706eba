"""Interactive figures that still say something without a kernel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display

from tutorial_utils import settings
from tutorial_utils.plotting import render_png, show

Range = tuple[float, float, float]


def explore(
    draw: Callable[..., object],
    controls: Mapping[str, Range | Sequence[str]],
    *,
    frames: Sequence[Mapping[str, Any]],
    alt: str,
    caption: str | None = None,
    size: tuple[float, float] = (3.2, 3.2),
) -> None:
    """Show `draw(axes, **values)` as a strip of `frames`, and under it, in a live session, with controls.

    `controls` maps each argument's name to (low, high, step) for a slider or to a sequence of strings for
    a menu; `frames` gives the argument values of the static strip, which is always there, so that a
    reader of the stored page sees what the controls do. The first frame is where they start. `size` is the
    live figure's, in inches; what it is higher than wide is room for text under the picture.
    Live widgets are left out where TUTORIAL_HEADLESS is set, as when pages are made or tested.
    """
    _strip(draw, frames, alt=alt, caption=caption, below=size[1] - size[0])
    if not settings.headless():
        display(build_controls(draw, controls, start=frames[0], size=size))


def _strip(draw: Callable, frames: Sequence[Mapping], *, alt: str, caption: str | None, below: float) -> None:
    width = 8.5 / max(len(frames), 4)
    figure, row = plt.subplots(
        1, len(frames), figsize=(width * len(frames), width + 0.5 + below), squeeze=False
    )
    for axes, values in zip(row[0], frames, strict=True):
        draw(axes, **values)
    show(figure, alt=alt, caption=caption)


def build_controls(
    draw: Callable[..., object],
    controls: Mapping[str, Range | Sequence[str]],
    *,
    start: Mapping[str, Any],
    size: tuple[float, float] = (3.2, 3.2),
) -> ipywidgets.VBox:
    """The live half of `explore`: the controls, and a picture redrawn whenever one of them moves."""
    natural_size = ipywidgets.Layout(width="auto", align_self="flex-start")  # not the page's width
    picture = ipywidgets.Image(format="png", layout=natural_size)
    inputs = {name: _control(name, kind, start[name]) for name, kind in controls.items()}

    def redraw(_: object = None) -> None:
        figure, axes = plt.subplots(figsize=size)
        values: dict[str, Any] = {name: control.value for name, control in inputs.items()}
        draw(axes, **(dict(start) | values))
        picture.value = render_png(figure)
        plt.close(figure)

    for control in inputs.values():
        control.observe(redraw, names="value")
    redraw()
    return ipywidgets.VBox([*inputs.values(), picture])


def _control(name: str, kind: Range | Sequence[str], value: Any) -> ipywidgets.Widget:
    label = name.replace("_", " ")
    style = {"description_width": "90px"}
    if isinstance(kind[0], str):
        return ipywidgets.Dropdown(options=list(kind), value=value, description=label, style=style)
    low, high, step = kind
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=label, style=style,
        continuous_update=True, layout=ipywidgets.Layout(width="420px"),
    )  # fmt: skip

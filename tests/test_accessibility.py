"""Claims: the palette survives the common colour-vision deficiencies, and prose can be followed by ear.

The alternative texts of figures are held in test_notebooks.py.
"""

import inspect
import re
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from pages import CHAPTERS, EXERCISES, ROOT, SOLUTIONS, cells_of, read
from skimage.color import deltaE_ciede2000, rgb2lab

from tutorial_utils import plotting

TEXTS = [path for folder in (ROOT, ROOT / "notebooks", SOLUTIONS) for path in sorted(folder.glob("*.md"))]
# Machado, Oliveira and Fernandes (2009), table 1, severity 1: what remains of linear RGB.
SIGHT = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
APART = 10.0  # CIEDE2000; 1 is just noticeable side by side, 10 is told apart at a glance


def seen_with(sight: str, colours: np.ndarray) -> np.ndarray:
    """What remains of sRGB colours (N, 3) in [0, 1]."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = (linear @ SIGHT[sight].T).clip(0, 1)
    return np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


def closest(colours: list[str], sight: str) -> tuple[float, str, str]:
    """The two colours that are hardest to tell apart, and how far apart they are."""
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in colours])
    lab = rgb2lab(seen_with(sight, rgb)[None])[0]
    return min(
        (float(deltaE_ciede2000(lab[i], lab[j])), colours[i], colours[j])
        for i, j in combinations(range(len(colours)), 2)
    )


def test_the_simulation_removes_what_it_should():
    red, green, grey = np.array([[0.8, 0.2, 0.1]]), np.array([[0.45, 0.42, 0.1]]), np.array([[0.5, 0.5, 0.5]])
    for sight in ("protanopia", "deuteranopia"):
        before, after = abs(red - green).max(), abs(seen_with(sight, red) - seen_with(sight, green)).max()
        assert after < 0.6 * before, "a red and a green of like brightness come together"
        assert np.allclose(seen_with(sight, grey), grey, atol=1e-3), "greys stay"
    assert closest(["#d62728", "#8c564b"], "protanopia")[0] < APART, "matplotlib's own red and brown fail"


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_series_of_a_figure_can_be_told_apart(sight):
    plotting.use_style()
    palette = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert len(palette) >= 6
    assert closest(palette, sight)[0] > APART
    assert min(closest([colour, "white"], sight)[0] for colour in palette) > APART


def test_figures_take_their_colours_from_the_palette():
    """Greys aside no cell names a colour of its own. Colour maps are greys, red to blue around 0, and one
    that is not safe, for classes whose names are written beside their points."""
    code = [cell.source for path in CHAPTERS for cell in cells_of(read(path), "code")]
    for source in code:
        named = set(re.findall(r"\b(?:color|edgecolor|facecolor|colors)=f?\"([^\"]+)\"", source))
        assert all(re.fullmatch(r"C\d|C\{\w+\}|0\.\d+|black|white", name) for name in named), named
    code += [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert {name for source in code for name in re.findall(r"cmap=\"(\w+)\"", source)} == {"RdBu_r", "turbo"}
    assert 'cmap="turbo"' in inspect.getsource(plotting.draw_classes)
    assert "axes.text(" in inspect.getsource(plotting.draw_classes)


@pytest.fixture(params=[*CHAPTERS, *EXERCISES, *TEXTS], ids=lambda path: f"{path.parent.name}/{path.name}")
def text(request) -> str:
    """The prose of a page, without code and formulas."""
    if request.param.suffix == ".ipynb":
        text = "\n\n".join(cell.source for cell in cells_of(read(request.param), "markdown"))
    else:
        text = request.param.read_text("utf-8")
    return re.sub(r"```.*?```|\$\$.*?\$\$|`[^`\n]*`", "", text, flags=re.S)


def test_headings_are_in_order(text):
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.M)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_pictures_have_alternative_texts(text):
    for alternative in re.findall(r"!\[([^\]]*)\]", text):
        assert 15 <= len(alternative) <= 300, alternative


def test_links_say_where_they_lead(text):
    links = re.findall(r"(?<!!)\[((?:!\[[^\]]*\]\([^)]*\)|[^\[\]])+)\]\(([^)]+)\)", text)
    for words, target in links:
        said = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", words).strip()
        meaning = re.sub(r"[\W_]", "", said)
        assert len(meaning) >= 2, f"a link without words to {target}"
        assert said.lower() not in {"here", "this", "link", "click here", "more", "read more"}, (said, target)
    assert not re.search(r"(?<![(<\"=])https?://", text), "an address in the text: make it a link with words"

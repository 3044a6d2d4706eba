"""Claims: the board measures what it says, with intervals that are right for a mean, and no reader's run
writes it."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
import torch
from matplotlib import pyplot as plt
from pages import CHAPTERS, read

from tutorial_utils import leaderboard, measuring, metrics
from tutorial_utils.data import fashion_mnist
from tutorial_utils.files import AssetError

RECORD = {"parameters": 1, "num_images": 2, "seconds": 3.0, "history": []}


class Plain:
    """A map of 12 features in place of the classifier: quick, and as good for arithmetic."""

    def __init__(self):
        self.mixing = torch.randn(784, 12, generator=torch.Generator().manual_seed(0))

    def embed(self, images):
        return (images.flatten(1) @ self.mixing / 10).relu()

    def head_probabilities(self, seen):
        return seen[:, :10].softmax(1)


@pytest.fixture(scope="module")
def plain():
    yardstick = Plain()
    return dataclasses.replace(leaderboard.CLOTHES, yardstick=yardstick, file=Path("plain.json"))


@pytest.fixture
def test_photographs():
    return fashion_mnist("test").tensors


def test_entry_holds_the_metrics_of_the_package(plain, test_photographs, monkeypatch):
    monkeypatch.delenv("TUTORIAL_LEADERBOARD", raising=False)
    before = leaderboard.CLOTHES.file.read_bytes()
    images = (0.9 * test_photographs[0]).flip(0)
    entry = plain.enter("dusk", images, RECORD, labels=test_photographs[1].flip(0))
    assert {key: entry[key] for key in ("parameters", "num_images", "seconds")} == {
        "parameters": 1, "num_images": 2, "seconds": 3.0,
    }  # fmt: skip
    found = {name: value for name, (value, _) in entry["metrics"].items()}
    real, fake = plain.yardstick.embed(test_photographs[0]), plain.yardstick.embed(images)
    assert list(found) == list(leaderboard.METRICS)
    assert found["frechet"] == metrics.frechet_distance(real, fake)
    assert (found["precision"], found["recall"]) == metrics.precision_recall(real, fake)
    assert (found["density"], found["coverage"]) == metrics.density_coverage(real, fake)
    train = plain.yardstick.embed(fashion_mnist("train").tensors[0])
    assert found["memorization"] == pytest.approx(
        metrics.memorization_ratio(train, real[:2000], fake[:2000]), rel=1e-6
    )
    assert all(0 < error < 10 for _, error in entry["metrics"].values())
    probabilities = plain.yardstick.head_probabilities(fake)
    assert found["inception"] == metrics.inception_score(probabilities, num_splits=10)[0]
    agreed = probabilities.argmax(1) == test_photographs[1].flip(0)
    assert found["obedience"] == pytest.approx(agreed.double().mean().item())
    dice = torch.Generator().manual_seed(0)
    kernel = metrics.kernel_distance(real, fake, num_subsets=50, subset_size=1_000, generator=dice)[0]
    assert found["kernel"] == kernel
    assert "obedience" in entry["metrics"]
    assert leaderboard.CLOTHES.file.read_bytes() == before  # a reader's run writes nothing


def test_half_an_interval_is_the_standard_error_of_a_mean():
    """Means over a tenth of n numbers, drawn without replacement, have a variance of which m / (n - m) makes
    that of the mean over all: so the answer is 1.96 standard deviations over the root of n."""
    dice = torch.Generator().manual_seed(0)
    numbers = torch.randn(10_000, generator=dice, dtype=torch.float64)
    means = [numbers[torch.randperm(10_000, generator=dice)[:1_000]].mean().item() for _ in range(2_000)]
    expected = 1.96 * numbers.std().item() / 100
    assert measuring.half_interval(means) == pytest.approx(expected, rel=0.06)


def test_interval_of_a_mean_is_its_standard_error(plain, test_photographs):
    """Obedience is a mean over samples, so its interval is known: 1.96 roots of p (1 - p) / n."""
    images, labels = test_photographs
    share, half = plain.measure(images, labels=labels)["obedience"]
    expected = 1.96 * math.sqrt(share * (1 - share) / len(labels))
    assert half == pytest.approx(expected, rel=0.45)  # 16 subsets tell a deviation to about a fifth


@pytest.fixture
def at_once(monkeypatch):
    """No measurement: every metric is 1 ± 0.1."""
    monkeypatch.setattr(
        leaderboard, "measure_sets", lambda *_, **__: dict.fromkeys(leaderboard.METRICS, (1.0, 0.1))
    )


def test_another_board_has_its_own_file_yardstick_and_metrics(
    plain, at_once, test_photographs, monkeypatch, tmp_path
):
    shown = {name: leaderboard.METRICS[name] for name in ("frechet", "coverage")}
    board = dataclasses.replace(plain, file=Path("elsewhere.json"), metrics=shown)
    (tmp_path / "elsewhere.json").write_text("{}")
    monkeypatch.setenv("TUTORIAL_LEADERBOARD", str(tmp_path))
    entry = board.enter("new", test_photographs[0], RECORD)
    assert list(entry["metrics"]) == ["frechet", "coverage"]
    assert list(board.load()) == ["new"]
    assert board.table(board.load()).splitlines()[0].startswith("| model | Fréchet distance | coverage |")
    figure = board.draw(board.load())
    assert [panel.get_title(loc="left") or panel.get_title() for panel in figure.axes[:2]] == [
        "Fréchet distance", "coverage",
    ]  # fmt: skip
    plt.close(figure)


def test_the_table_shows_each_metric_in_its_unit_and_digits(plain):
    numbers = dict.fromkeys(leaderboard.METRICS, (0.987, 0.043))
    entry = {"metrics": numbers, "parameters": 1000, "num_images": 2, "seconds": 3.0, "seeds": [1.0, 1.2]}
    row = plain.table({"net": entry}).splitlines()[-1]
    in_units = {name: metric.factor for name, metric in leaderboard.METRICS.items() if metric.factor != 1}
    assert in_units == {"kernel": 1000}
    cells = ["0.99 ± 0.04"] * len(numbers)
    cells[list(numbers).index("kernel")] = "987.0 ± 43.0"
    assert row == "| net | " + " | ".join([*cells, "1,000", "2", "3", "13% of 2"]) + " |"


def test_drawn_are_a_point_with_its_interval_for_each_entry_and_the_ideal(plain):
    ideals = {name: metric.ideal for name, metric in leaderboard.METRICS.items()}
    assert ideals == {
        "inception": 10.0, "frechet": 0.0, "kernel": 0.0, "precision": 1.0, "recall": 1.0, "density": 1.0,
        "coverage": 1.0, "memorization": 1.0, "obedience": 1.0,
    }  # fmt: skip
    shown = {name: leaderboard.METRICS[name] for name in ("frechet", "recall", "obedience", "kernel")}
    board = dataclasses.replace(plain, metrics=shown)
    entries = {
        "worse": {"metrics": {"frechet": (4.0, 0.5), "recall": (0.2, 0.1), "kernel": (2.0, 0.1)}},
        "better": {"metrics": {"frechet": (2.0, 0.25), "recall": (0.6, 0.1), "kernel": (1.0, 0.1)}},
    }
    panels = board.draw(entries).axes
    assert [text.get_text() for text in panels[0].get_yticklabels()] == ["worse", "better"]  # best on top
    for axes, (name, metric) in zip(panels, shown.items(), strict=False):
        points, ideal = axes.lines[0], axes.lines[-1]
        assert list(ideal.get_xdata()) == [metric.factor * metric.ideal] * 2
        found = [entries[each]["metrics"].get(name) for each in ("worse", "better")]
        if None in found:  # nobody was asked for classes
            assert len(points.get_xdata()) == 0
            continue
        assert points.get_xdata() == pytest.approx([metric.factor * value for value, _ in found])
        assert list(points.get_ydata()) == [0, 1]
        ends = [segment[:, 0] for segment in axes.collections[0].get_segments()]
        for (low, high), (value, half) in zip(ends, found, strict=True):
            assert (low, high) == pytest.approx(
                (metric.factor * (value - half), metric.factor * (value + half)), rel=1e-5
            )
        if metric.ideal == 0:
            assert axes.get_xscale() == "symlog"
            assert axes.get_xlim()[0] == -1
    assert [axes.axison for axes in panels] == [True] * 4 + [False] * 2
    plt.close("all")


def test_make_outputs_adds_an_entry_and_keeps_the_others(
    plain, at_once, test_photographs, monkeypatch, tmp_path
):
    copy = tmp_path / plain.file.name
    copy.write_text('{"older": {"metrics": {}}}')
    monkeypatch.setenv("TUTORIAL_LEADERBOARD", str(tmp_path))
    entry = plain.enter("new", test_photographs[0], RECORD, seeds=[0.5, 0.6])
    board = json.loads(copy.read_text("utf-8"))
    assert list(board) == ["older", "new"]
    assert board["new"]["seeds"] == [0.5, 0.6]
    assert board["new"] == json.loads(json.dumps(entry))
    assert plain.load() == board


def test_what_was_measured_before_is_entered_alike(plain, test_photographs, monkeypatch):
    monkeypatch.delenv("TUTORIAL_LEADERBOARD", raising=False)
    measured = plain.measure(test_photographs[0])
    stored = json.loads(json.dumps(measured))  # as it comes out of a record
    assert plain.add("x", stored, RECORD, seeds=[1]) == plain.enter(
        "x", test_photographs[0], RECORD, seeds=[1.0]
    )


def test_bad_entries_are_named(plain):
    whole = dict.fromkeys(leaderboard.METRICS, (1.0, 0.1))
    with pytest.raises(ValueError, match="record of x lacks seconds"):
        plain.add("x", whole, {"num_images": 1, "parameters": 1})
    with pytest.raises(ValueError, match="x was not measured in frechet, recall"):
        plain.add("x", {k: v for k, v in whole.items() if k not in ("frechet", "recall")}, RECORD)
    with pytest.raises(ValueError, match=r"10,000 samples.*not 5"):
        plain.measure(torch.zeros(5, 1, 28, 28))
    with pytest.raises(ValueError, match=r"labels must be \(10000,\), not \(3,\)"):
        plain.measure(torch.zeros(10_000, 1, 28, 28), labels=torch.zeros(3))
    with pytest.raises(ValueError, match="record of x lacks parameters, seconds"):
        plain.enter("x", torch.zeros(10_000, 1, 28, 28), {"num_images": 1})


def test_a_missing_or_altered_board_is_named(plain, tmp_path):
    board = dataclasses.replace(plain, file=tmp_path / "leaderboard.json")
    with pytest.raises(AssetError, match="git checkout"):
        board.load()
    for content in ("{", "[]", '{"GAN": 3}', '{"GAN": {}}'):
        board.file.write_text(content)
        with pytest.raises(AssetError, match="altered"):
            board.load()


def test_shipped_board_is_whole_and_its_entries_come_from_the_chapters():
    board, pages = leaderboard.load(), ""
    for path in CHAPTERS:
        pages += "".join(cell.source for cell in read(path).cells)
    assert len(board) >= 9
    for name, entry in board.items():
        assert f'"{name}"' in pages
        assert set(entry) == {"parameters", "num_images", "seconds", "seeds", "metrics"}
        assert set(entry["metrics"]) | {"obedience"} == set(leaderboard.METRICS)


def test_table_is_sorted_and_shows_intervals():
    values = dict.fromkeys(leaderboard.METRICS, (0.5, 0.01))
    board = {
        "worse": {**RECORD, "seeds": [1.0, 1.0, 1.3], "metrics": values | {"frechet": (2.0, 0.25)}},
        "better": {**RECORD, "seeds": [], "metrics": {k: v for k, v in values.items() if k != "obedience"}},
    }
    lines = leaderboard.table(board).splitlines()
    assert lines[0].startswith("| model | inception score |")
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| better", "| worse"]
    assert "2.00 ± 0.25" in lines[3]
    assert lines[3].endswith("| 16% of 3 |")  # the seeds' standard deviation, 0.17, over their mean, 1.1
    assert "500.0 ± 10.0" in lines[3]  # the kernel distance, in thousandths
    assert len({line.count("|") for line in lines}) == 1
    figure = leaderboard.draw(board)
    assert [panel.get_title(loc="left") or panel.get_title() for panel in figure.axes][:2] == [
        "inception score", "Fréchet distance",
    ]  # fmt: skip
    plt.close(figure)
    plt.close(figure)

"""Claims: the game is fair, its score and intervals are right, and its buttons do what they say."""

import math

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from tutorial_utils import game
from tutorial_utils.game import PHOTOGRAPHS, Game, binomial_interval, build_game
from tutorial_utils.plotting import image_grid


@pytest.fixture
def played(generator):
    photographs = torch.full((30, 1, 8, 8), 0.9)
    models = {"A": torch.full((30, 1, 8, 8), 0.1), "B": torch.full((30, 1, 8, 8), 0.3)}
    game = Game(photographs, models, num_rounds=10, generator=generator)
    assert [game.sources.count(name) for name in ("A", "B", PHOTOGRAPHS)] == [3, 3, 4]
    return game


def test_images_are_those_of_their_sources(played):
    grey = {"A": 0.1, "B": 0.3, PHOTOGRAPHS: 0.9}
    assert played.images.mean((1, 2, 3)).tolist() == pytest.approx([grey[s] for s in played.sources])


def test_a_coin_decides_each_round_so_that_counting_does_not_help(generator):
    """Someone who counts and bets on what came less often is right half of the time."""
    images, right, photographs = torch.rand(20, 1, 2, 2), 0, 0
    for _ in range(300):
        game = Game(images, {"A": images, "B": images}, generator=generator)
        real = [source == PHOTOGRAPHS for source in game.sources]
        photographs += sum(real)
        right += sum((2 * sum(real[:i]) < i) == real[i] for i in range(20))
    assert abs(photographs - 3000) < 4 * math.sqrt(6000 / 4)
    assert abs(right - 3000) < 4 * math.sqrt(6000 / 4)


def test_no_image_comes_twice_and_the_order_is_the_generators():
    images = torch.arange(40).view(40, 1, 1, 1) / 40
    draws = [
        Game(images[:20], {"A": images[20:]}, num_rounds=20, generator=torch.Generator().manual_seed(s))
        for s in (0, 0, 1)
    ]
    assert len(draws[0].images.unique()) == 20
    assert torch.equal(draws[0].images, draws[1].images)
    assert not torch.equal(draws[0].images, draws[2].images)


def test_score_counts_right_answers_by_model(played):
    for source in played.sources:
        assert played.answer(real=source != "B") == (source != "A")  # fooled by A alone
    assert played.over
    assert played.called_real() == {PHOTOGRAPHS: (4, 4), "A": (3, 3), "B": (0, 3)}
    report = played.report()
    assert report[0].startswith("7 of 10 right: 70%")
    assert "could be a coin" in report[0]
    assert any(line.startswith("A: 3 of 3 called real") for line in report)
    with pytest.raises(ValueError, match="over"):
        played.answer(real=True)


def test_a_perfect_player_beats_the_coin_and_a_lost_one_is_worse(played, generator):
    for source in played.sources:
        played.answer(real=source == PHOTOGRAPHS)
    assert "better than a coin" in played.report()[0]
    other = Game(torch.rand(10, 1, 8, 8), {"A": torch.rand(10, 1, 8, 8)}, num_rounds=10)
    assert other.report() == ["no image judged yet"]
    for source in other.sources:
        other.answer(real=source != PHOTOGRAPHS)
    assert "worse than a coin" in other.report()[0]


@pytest.mark.parametrize("headless", ["1", ""])
def test_a_page_has_a_numbered_grid_and_its_answers_folded_away(shown, monkeypatch, generator, headless):
    live: list = []
    monkeypatch.setattr(game, "display", lambda data, raw=False: live.append((data, raw)))
    monkeypatch.setenv("TUTORIAL_HEADLESS", headless)
    grid = []
    monkeypatch.setattr(game, "image_grid", lambda *a, **o: grid.append(o) or image_grid(*a, **o))
    photographs, models = torch.full((9, 1, 8, 8), 0.9), {"A": torch.zeros(9, 1, 8, 8)}
    again = torch.Generator().set_state(generator.get_state())
    game.play(photographs, models, alt="six grey squares", num_rounds=6, generator=generator)
    expected = Game(photographs, models, num_rounds=6, generator=again)
    assert (grid[0]["columns"], grid[0]["column_labels"]) == (3, ["1", "2", "3"])
    (figure, _), (caption, _) = shown
    assert figure["text/plain"] == "six grey squares"
    assert caption["text/plain"] == "Numbers 1 to 3, and below them 4 to 6."
    (answers, raw), *widget = live
    places = [str(place) for place, source in enumerate(expected.sources, 1) if source == "A"]
    assert raw
    assert answers["text/plain"].endswith(f"A: {', '.join(places)}")
    assert answers["text/markdown"].startswith("<details>")
    assert len(widget) == (0 if headless else 1)
    if widget:
        status = widget[0][0].children[-1].value
        assert status.endswith("of 6")


def test_wilsons_interval_is_the_published_one_and_covers():
    assert binomial_interval(0, 10) == pytest.approx(
        (0, 0.2775), abs=1e-4
    )  # Agresti and Coull 1998's setting
    assert binomial_interval(10, 10) == pytest.approx((0.7225, 1), abs=1e-4)
    assert binomial_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    p, n = 0.7, 20  # the exact probability that the interval holds p
    covered = sum(
        math.comb(n, s) * p**s * (1 - p) ** (n - s)
        for s in range(n + 1)
        if binomial_interval(s, n)[0] <= p <= binomial_interval(s, n)[1]
    )
    assert covered == pytest.approx(0.95, abs=0.03)
    for successes, trials in ((0, 0), (3, 2), (-1, 4)):
        with pytest.raises(ValueError, match=f"{successes} of {trials}"):
            binomial_interval(successes, trials)


def test_rounds_may_be_counted_by_numpy():
    images = torch.zeros(9, 1, 8, 8)
    assert len(Game(images, {"A": images}, num_rounds=np.int64(3)).sources) == 3


def test_bad_games_are_named():
    images = torch.zeros(9, 1, 8, 8)
    for rounds in (0, 2.0):
        with pytest.raises(ValueError, match=f"not {rounds}"):
            Game(images, {"A": images}, num_rounds=rounds)
    with pytest.raises(ValueError, match="A has 9 images; 20 may be needed"):
        Game(images.repeat(3, 1, 1, 1), {"A": images})
    with pytest.raises(ValueError, match="A must lie in"):
        Game(images, {"A": images + 2}, num_rounds=2)
    with pytest.raises(ValueError, match=r"A has images of \(1, 9, 9\), not \(1, 8, 8\)"):
        Game(images, {"A": torch.zeros(9, 1, 9, 9)}, num_rounds=2)
    for models in ({}, {PHOTOGRAPHS: images}):
        with pytest.raises(ValueError, match="one model or more"):
            Game(images, models, num_rounds=2)


def test_buttons_play_the_game(played):
    open_before = plt.get_fignums()
    picture, buttons, status = (box := build_game(played)).children
    assert [button.description for button in buttons.children] == ["Real", "Generated"]
    assert "image 1 of 10" in status.value
    seen = picture.value
    assert bytes(seen).startswith(b"\x89PNG")
    for source in played.sources:
        assert not any(button.disabled for button in buttons.children)
        buttons.children[source != PHOTOGRAPHS].click()
    assert "10 of 10 right: 100%" in status.value
    assert all(button.disabled for button in buttons.children)
    assert played.over
    assert picture.value != seen
    assert box.children[0] is picture
    assert plt.get_fignums() == open_before


def test_static_version_folds_the_answers_away(monkeypatch):
    shown = []
    monkeypatch.setattr(game, "display", lambda *args, **_: shown.append(args[0]))
    monkeypatch.setattr(game, "show", lambda figure, **_: plt.close(figure))
    monkeypatch.setenv("TUTORIAL_HEADLESS", "1")
    images = torch.rand(20, 1, 8, 8)
    game.play(images, {"A": images}, alt="twenty squares", generator=torch.Generator().manual_seed(0))
    (answers,) = shown  # and no widgets
    assert answers["text/markdown"].startswith("<details>")
    key = answers["text/plain"].removeprefix("Answers: ")
    real, made = (set(part.split(": ")[1].split(", ")) for part in key.split("; "))
    assert len(real) + len(made) == 20
    assert real | made == {str(place) for place in range(1, 21)}
    monkeypatch.delenv("TUTORIAL_HEADLESS")
    game.play(images, {"A": images}, alt="twenty squares")
    assert len(shown) == 3

"""Claims: the recipe lowers the loss it is given, averages, and depends on its seed alone."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from tutorial_utils.recipes import denoising


class Mean(nn.Module):
    """One number for all images."""

    def __init__(self):
        super().__init__()
        self.guess = nn.Parameter(torch.zeros(1))


def loss(model, images, *, generator):
    noise = torch.randn(len(images), generator=generator)
    return (images.flatten(1).mean(1) + 0.1 * noise - model.guess).square().mean()


def run(seed=0, watch=None, num_rows=4):
    model = Mean()
    images = TensorDataset(torch.full((64, 1, 2, 2), 0.75))
    averaged, history = denoising.fit(
        model, loss, images, num_images=32 * 800, seed=seed, num_rows=num_rows, watch=watch
    )
    return model, averaged, history


def test_it_finds_the_mean_and_the_average_follows():
    model, averaged, history = run()
    assert model.guess.item() == pytest.approx(0.75, abs=0.02)
    assert averaged.guess.item() == pytest.approx(model.guess.item(), abs=0.02)
    assert averaged.guess.item() != model.guess.item()
    assert [row["num_images"] for row in history] == [6400, 12800, 19200, 25600]
    assert history[-1]["loss"] < 0.02 < history[0]["loss"]


def test_it_depends_on_its_seed_alone():
    runs = []
    for seed, surroundings in ((3, 0), (3, 1), (4, 0)):
        torch.manual_seed(surroundings)
        runs.append(run(seed)[1].guess.item())
    assert runs[0] == runs[1] != runs[2]


def test_watch_sees_both_networks_and_adds_to_the_history():
    seen = []

    def watch(num_images, model, averaged):
        seen.append((num_images, model.guess.item(), averaged.guess.item()))
        return {"apart": abs(seen[-1][1] - seen[-1][2])}

    _, _, history = run(watch=watch, num_rows=2)
    assert [row["apart"] for row in history] == [abs(raw - mean) for _, raw, mean in seen]
    assert [count for count, _, _ in seen] == [12800, 25600]


def test_learning_rate_rises_stays_and_ends_at_zero(monkeypatch):
    rates = []
    step = torch.optim.Adam.step

    def watched(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", watched)
    run()
    assert len(rates) == 800
    assert rates[0] == pytest.approx(2e-5)
    assert rates[99] == rates[500] == pytest.approx(2e-3)
    assert rates[700] == pytest.approx(2e-3 * 3 / 8)
    assert rates[-1] < 1e-5

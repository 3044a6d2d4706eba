"""Claims: the loop counts images, solves a problem with a known answer, and stops on a NaN."""

import io
import sys
from contextlib import suppress

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from tutorial_utils import device
from tutorial_utils import progress as progress_module
from tutorial_utils.progress import Progress, format_seconds
from tutorial_utils.training import batches, minimize, moving_average, train


@pytest.fixture
def line(generator) -> TensorDataset:
    """y = 3 x - 1 without noise."""
    x = torch.randn(1_000, 1, generator=generator)
    return TensorDataset(x, 3 * x - 1)


def squared_error(model, batch):
    x, y = batch
    return (model(x).float() - y).square().mean()


def test_batches_visit_every_image_once_an_epoch(generator):
    data = batches(TensorDataset(torch.arange(12)), 4, generator=generator)
    first, second = ([next(data)[0] for _ in range(3)] for _ in range(2))
    assert torch.cat(first).sort().values.tolist() == list(range(12))
    assert torch.cat(second).sort().values.tolist() == list(range(12))
    assert torch.cat(first).tolist() != torch.cat(second).tolist()


def test_batches_are_all_of_one_size():
    data = batches(TensorDataset(torch.arange(10)), 4)
    assert {len(next(data)[0]) for _ in range(9)} == {4}
    with pytest.raises(ValueError, match="11"):
        next(batches(TensorDataset(torch.arange(10)), 11))


def test_training_finds_the_line_and_counts_images(line, generator):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = train(
        minimize(squared_error, model, optimizer),
        batches(line, 64, generator=generator),
        num_images=6_400,
        log_every=1_000,
    )
    assert model.weight.item() == pytest.approx(3, abs=0.05)
    assert model.bias.item() == pytest.approx(-1, abs=0.05)
    assert [row["num_images"] for row in history] == [1024, 2048, 3072, 4096, 5120, 6144, 6400]
    assert history[-1]["loss"] < 1e-3 < history[0]["loss"]


def test_a_loss_may_return_more_numbers_to_log(line, generator):
    def loss(model, batch):
        error = squared_error(model, batch)
        return {"loss": 2 * error, "error": error, "images": len(batch[0])}

    model = nn.Linear(1, 1)
    step = minimize(loss, model, torch.optim.SGD(model.parameters(), lr=0.05))
    history = train(step, batches(line, 50, generator=generator), num_images=1_000, log_every=500)
    assert all(set(row) == {"num_images", "loss", "error", "images"} for row in history)
    assert all(row["loss"] == pytest.approx(2 * row["error"]) for row in history)
    assert history[-1]["images"] == 50
    with pytest.raises(ValueError, match=r"must hold \"loss\", not only \['error'\]"):
        minimize(lambda *_: {"error": torch.zeros(())}, model, torch.optim.SGD(model.parameters(), 0.1))(
            (torch.zeros(1),)
        )


def test_gradients_are_clipped_to_the_norm_that_is_asked_for():
    """One step of length 1 along the gradient, whose norm is 10: 10 without clipping, 0.5 with it."""
    for max_norm, expected in ((None, 10.0), (0.5, 0.5), (20.0, 10.0)):
        model = nn.Linear(2, 1, bias=False)
        before = model.weight.detach().clone()
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        step = minimize(lambda model, _: model.weight @ torch.tensor([6.0, 8.0]), model, optimizer,
                        max_norm=max_norm)  # fmt: skip
        step((torch.zeros(1),))
        assert (model.weight - before).norm().item() == pytest.approx(expected, rel=1e-4)


def test_the_average_and_the_schedule_move_on_after_each_step():
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 0.5**i)
    averaged = moving_average(model, half_life=1, batch_size=1)
    start = model.weight.item()
    step = minimize(
        lambda model, _: model.weight.sum(), model, optimizer, schedule=schedule, averaged=averaged
    )
    for _ in range(2):
        step((torch.zeros(1),))
    assert model.weight.item() == pytest.approx(start - 0.1 - 0.05)
    # the first update copies the weights, the second takes the mean
    assert averaged.module.weight.item() == pytest.approx(start - 0.1 - 0.025)


def test_the_forward_pass_is_mixed_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(device, "computes_bfloat16", lambda _: True)
    model, seen = nn.Linear(2, 1), []

    def loss(model, batch):
        value = model(batch[0])
        seen.append(value.dtype)
        return value.float().sum()

    for mixed in (True, False):
        minimize(loss, model, torch.optim.SGD(model.parameters(), lr=0.1), mixed=mixed)((torch.zeros(1, 2),))
    assert seen == [torch.bfloat16, torch.float32]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_training_inside_autocast_uses_its_new_weights(monkeypatch, line, generator, enabled):
    """PyTorch keeps cast weights until the outermost context ends: the loss would stay where it began."""
    monkeypatch.setattr(device, "computes_bfloat16", lambda _: True)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        train(
            minimize(squared_error, model, optimizer),
            batches(line, 64, generator=generator), num_images=6_400, log_every=6_400,
        )  # fmt: skip
    assert model.weight.item() == pytest.approx(3, abs=0.1)


def test_a_step_may_return_plain_numbers():
    data = iter([(torch.zeros(2),), (torch.zeros(2),)])
    history = train(lambda _: {"loss": 0.5, "steps": 1}, data, num_images=4, log_every=4)
    assert history == [{"num_images": 4, "loss": 0.5, "steps": 1.0}]


def test_history_holds_means_weighted_by_images_and_the_callbacks_numbers():
    data = iter([(torch.zeros(2),), (torch.zeros(6),)])
    values = iter([1.0, 5.0])
    history = train(
        lambda _: {"loss": torch.tensor(next(values))}, data,
        num_images=8, log_every=8, callback=lambda seen: {"double": 2.0 * seen},
    )  # fmt: skip
    assert history == [{"num_images": 8, "loss": 4.0, "double": 16.0}]


def test_training_stops_on_a_number_that_is_not_finite():
    data = iter(lambda: (torch.zeros(4),), None)
    with pytest.raises(FloatingPointError, match="loss became nan by image 8"):
        train(lambda _: {"loss": torch.tensor(float("nan"))}, data, num_images=100, log_every=8)


def test_data_that_end_early_are_named():
    with pytest.raises(ValueError, match="after 4 of 100 images"):
        train(lambda _: {}, iter([(torch.zeros(4),)]), num_images=100, log_every=50)


def test_moving_average_is_the_exponential_average_of_weights_and_buffers():
    model = nn.BatchNorm1d(1)
    averaged = moving_average(model, half_life=200, batch_size=100)
    expected, decay = None, 0.5**0.5
    for value in (1.0, 4.0, -2.0):
        with torch.no_grad():
            model.weight.fill_(value)
            model.running_mean.fill_(value)
        averaged.update_parameters(model)
        expected = value if expected is None else decay * expected + (1 - decay) * value
    assert averaged.module.weight.item() == pytest.approx(expected)
    assert averaged.module.running_mean.item() == pytest.approx(expected)


def test_minimize_moves_the_schedule_on_with_each_step(line):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    step = minimize(squared_error, model, optimizer, schedule=schedule)
    for _ in range(3):
        step(next(batches(line, 64)))
    assert optimizer.param_groups[0]["lr"] == 0.125


def test_minimize_updates_the_average(line):
    model = nn.Linear(1, 1)
    averaged = moving_average(model, half_life=64, batch_size=64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = minimize(squared_error, model, optimizer, averaged=averaged)
    step(next(batches(line, 64)))
    step(next(batches(line, 64)))
    assert averaged.n_averaged == 2
    assert not torch.equal(averaged.module.weight, model.weight)


def test_progress_shows_speed_and_time_left_but_ends_without_timing(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(100, label="train") as progress:
        progress.advance(50, "loss 0.5")
        progress.advance(50)
    shown = stream.getvalue().split("\r")
    assert "images/s" in shown[1]
    assert "left, loss 0.5" in shown[1]
    assert shown[-1].strip() == "train: 100 of 100 images (done)"


def test_progress_counts_seconds(monkeypatch):
    """50 of 100 images in 10 seconds are 5 a second, and 10 more seconds; 0.2 s later nothing is shown."""
    clock = iter([100.0, 110.0, 110.2, 110.25, 120.0])
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(100, label="train") as progress:
        progress.advance(50, "loss 0.5")
        progress.advance(1)
        progress.advance(0)
        progress.advance(69)
    assert [line.rstrip() for line in stream.getvalue().split("\r")[1:]] == [
        "train: 50 of 100 images (5 images/s, 10 s left, loss 0.5)",
        "train: 51 of 100 images (5 images/s, 10 s left)",
        "train: 120 of 100 images (6 images/s, 0 s left)",
        "train: 120 of 100 images (done)",
    ]
    assert stream.getvalue().endswith("\n")


def test_progress_in_a_notebook_is_one_display_that_is_replaced(monkeypatch):
    shown = []

    class Handle:
        def update(self, data, *, raw):
            shown.append((data, raw))

    def display(data, *, raw, display_id):
        shown.append((data, raw))
        assert display_id is True
        return Handle()

    monkeypatch.setattr(progress_module, "_in_kernel", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    with suppress(KeyboardInterrupt), Progress(8, label="a & b", unit="rows") as progress:
        progress.advance(2)
        raise KeyboardInterrupt
    assert all(raw for _, raw in shown)
    assert [data["text/plain"] for data, _ in shown][::2] == [
        "a & b: 0 of 8 rows (starting)", "a & b: 2 of 8 rows (stopped early)",
    ]  # fmt: skip
    assert shown[-1][0]["text/html"] == (
        '<progress value="2" max="8" aria-label="a &amp; b"></progress> '
        "a &amp; b: 2 of 8 rows (stopped early)"
    )


def test_progress_is_updated_at_most_four_times_a_second(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(1000, label="train") as progress:
        for _ in range(1000):
            progress.advance(1)
    assert stream.getvalue().count("\r") <= 4


def test_seconds_read_well():
    assert format_seconds(8.2) == "8 s"
    assert format_seconds(59.4) == "59 s"
    assert format_seconds(59.6) == "1 min 0 s"
    assert format_seconds(200) == "3 min 20 s"

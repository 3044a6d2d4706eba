"""Claims: fit minimises what it is told to, and its history is that of the model it leaves; evaluation is
repeatable; sweeps and checkpoints come from the same training."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import TensorDataset

from tutorial_utils import checkpoints, training
from tutorial_utils.device import seeded
from tutorial_utils.recipes import autoencoding
from tutorial_utils.recipes.autoencoding import decode, encode, evaluate, fit, shipped, stored
from tutorial_utils.records import OtherCode


class Scale(nn.Module):
    """One number `a`: the code of an image is a times its mean, with the log variance 0."""

    code_size = 1

    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.randn(()))

    def encode(self, x, labels=None):
        mu = self.a * x.flatten(1).mean(1, keepdim=True)
        return mu, torch.zeros_like(mu)

    def decode(self, z, labels=None):
        return z[:, :, None, None].expand(-1, 1, 2, 2)


def terms(model, x, labels=None, *, generator=None):
    """The distortion pulls a to 3, the rate to 0; the noise is there to be seeded."""
    noise = 0.01 * torch.randn(len(x), generator=generator)
    return (model.a - 3).square() + noise, model.a.square() + 0 * noise


@pytest.fixture
def sets():
    images = torch.rand(600, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    return TensorDataset(images), TensorDataset(images[:50])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("beta", "best"), [(0, 3), (1, 1.5), (2, 1)])
def test_fit_finds_the_minimum_of_its_objective(sets, beta, best):
    model = seeded(Scale, seed=0)
    history = fit(
        model, terms, num_images=128_000, objective=lambda d, r, seen: d + beta * r, sets=sets, label="a"
    )
    assert model.a.item() == pytest.approx(best, abs=0.02)
    assert not model.training
    last = history[-1]
    assert last["validation distortion"] == pytest.approx((best - 3) ** 2, abs=0.05)
    assert last["validation rate"] == pytest.approx(best**2, abs=0.1)
    assert [row["seconds"] for row in history] == sorted(row["seconds"] for row in history)


def test_the_history_is_that_of_the_model_that_fit_leaves(sets):
    seen = []

    def objective(distortion, rate, num_images):
        seen.append(num_images)
        return distortion

    model = seeded(Scale, seed=0)
    history = fit(model, terms, num_images=1_280, objective=objective, sets=sets)
    assert seen == list(range(0, 1_280, 128))
    assert history[-1]["validation distortion"] == pytest.approx(
        evaluate(model, terms, sets[1].tensors[0])[0], abs=1e-5
    )


def test_validation_and_the_model_that_is_left_have_the_averaged_weights(sets, monkeypatch):
    """With an average that stays at 7, whatever the model learns."""
    asked = []

    def at_seven(model, **options):
        asked.append(options)
        average = AveragedModel(model, multi_avg_fn=lambda *_: None)
        average.n_averaged += 1
        nn.init.constant_(average.module.a, 7)
        return average

    monkeypatch.setattr(training, "moving_average", at_seven)
    model = seeded(Scale, seed=0)
    history = fit(model, terms, num_images=2_560, sets=sets)
    assert asked == [{"half_life": 25, "batch_size": 128}]
    assert [round(row["validation distortion"]) for row in history] == [16] * 20
    assert [row["validation rate"] for row in history] == [49] * 20
    assert model.a == 7


def test_the_seed_is_that_of_batches_and_noise(sets):
    def noise_and_image(model, x, labels=None, *, generator=None):
        noise = torch.randn(len(x), generator=generator)
        return noise + 0 * model.a, x[:, 0, 0, 0] + 0 * model.a

    histories = [fit(Scale(), noise_and_image, num_images=2_560, sets=sets)]
    histories += [fit(Scale(), noise_and_image, num_images=2_560, sets=sets, seed=seed) for seed in (0, 1)]
    for key in ("distortion", "rate"):
        first, again, other = ([row[key] for row in history] for history in histories)
        assert first == again != other


def test_the_recipe_is_what_the_docstring_says(sets, monkeypatch):
    """Adam at 5e-3, which rises over 100 steps, stays, and falls in the last third; 20 rows; no bfloat16."""
    seen = {}

    def minimize(loss, model, optimizer, *, schedule, averaged, mixed):
        seen.update(optimizer=optimizer, schedule=schedule, mixed=mixed)

    def train(step, data, **options):
        seen.update(options, batch=next(data))
        return []

    def moving_average(model, **options):
        seen.update(options)
        return average(model, **options)

    average = training.moving_average
    monkeypatch.setattr(training, "moving_average", moving_average)

    monkeypatch.setattr(training, "minimize", minimize)
    monkeypatch.setattr(training, "train", train)
    fit(Scale().eval(), terms, num_images=128 * 600 - 1, sets=sets, label="a")
    (group,) = seen["optimizer"].param_groups
    assert isinstance(seen["optimizer"], torch.optim.Adam)
    assert (group["initial_lr"], group["betas"], group["weight_decay"]) == (5e-3, (0.9, 0.95), 0)
    factor = seen["schedule"].lr_lambdas[0]
    shares = {0: 0.01, 49: 0.5, 99: 1, 399: 1, 400: 1, 500: 0.5, 599: 0.005, 600: 0}
    assert {step: factor(step) for step in shares} == pytest.approx(shares)
    assert len(seen["batch"][0]) == 128
    assert (seen["num_images"], seen["log_every"], seen["label"]) == (128 * 600 - 1, 3_839, "a")
    assert (seen["half_life"], seen["batch_size"]) == (768 - 1, 128)  # a hundredth of the images
    assert not seen["mixed"]


def test_the_model_is_in_training_mode_while_it_is_trained(sets):
    modes = []

    def noting(model, x, labels=None, *, generator=None):
        modes.append(model.training)
        return terms(model, x, labels, generator=generator)

    model = Scale().eval()
    fit(model, noting, num_images=128, sets=sets)
    assert modes == [True, False]  # a step, then validation
    assert not model.training


def test_fit_and_evaluation_repeat_themselves(sets):
    first, again, other = (seeded(Scale, seed=seed) for seed in (0, 0, 1))
    assert first.a == again.a != other.a
    for model in (first, again):
        fit(model, terms, num_images=2_560, sets=sets)
    assert torch.equal(first.a, again.a)
    images = sets[1].tensors[0]
    assert evaluate(first, terms, images) == evaluate(first, terms, images)
    assert evaluate(first, terms, images) != evaluate(first, terms, images, seed=1)


def test_many_images_are_encoded_and_decoded_in_parts(sets):
    model, images = seeded(Scale, seed=0), sets[0].tensors[0]
    codes = encode(model, images)  # more than one part; the mean of a Gaussian code
    assert codes.shape == (600, 1)
    assert torch.allclose(codes[:, 0], model.a.detach() * images.mean((1, 2, 3)))
    decoded = decode(model, codes)
    assert decoded.shape == (600, 1, 2, 2)
    assert torch.allclose(decoded, codes.sigmoid()[:, :, None, None].expand(-1, -1, 2, 2))
    assert not decoded.requires_grad


def test_a_shipped_model_is_trained_by_fit_and_loads_without_its_data(folder, sets, monkeypatch):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "scale")
    model, record = shipped("scale", Scale, terms, num_images=2_560, sets=lambda: sets)
    same = seeded(Scale, seed=0)
    history = fit(same, terms, num_images=2_560, sets=sets)
    assert model.a.item() == pytest.approx(same.a.item(), rel=1e-3)  # halves
    assert record["num_images"] == 2_560
    assert record["metrics"]["validation rate"] == history[-1]["validation rate"]
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    with pytest.warns(OtherCode):  # trained on other sets, for longer
        again, _ = shipped("scale", Scale, terms, sets=lambda: pytest.fail("not needed"))
    assert again.a == model.a


def test_a_history_needs_images(sets):
    with pytest.raises(ValueError, match=r"at least 100.*not 99"):
        fit(seeded(Scale, seed=0), terms, num_images=99, sets=sets)


def test_a_sweep_keeps_what_was_measured_of_each_run(folder, sets, monkeypatch):
    monkeypatch.setattr(autoencoding, "fashion_mnist", lambda split: sets[split == "validation"])
    monkeypatch.setenv("TUTORIAL_RETRAIN", "sweep")
    runs = {f"seed {seed}": (Scale, terms, {"seed": seed}) for seed in (0, 1)}
    record = stored("sweep", runs, lambda model, terms: model.a.item(), num_images=1_280)
    assert record["metrics"]["seed 0"] != record["metrics"]["seed 1"]
    assert list(record["history"]) == ["seed 0", "seed 1"]
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    with pytest.warns(OtherCode):
        assert stored("sweep", runs, lambda *_: pytest.fail("not needed")) == record

"""Claims: what was trained is what is loaded; a missing or bad file is named; loading never runs code."""

import json
import random

import numpy as np
import pytest
import torch
from torch import nn

from tutorial_utils import checkpoints
from tutorial_utils.checkpoints import load_or_train
from tutorial_utils.device import seed_everything
from tutorial_utils.files import AssetError
from tutorial_utils.records import OtherCode

SHIPPED = checkpoints.FOLDER


def build() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def train(model: nn.Module) -> dict:
    with torch.no_grad():
        model[0].weight.fill_(1 / 3)
    return {"config": {"lr": 0.1}, "seed": 0, "num_images": 100, "metrics": {"loss": 0.5}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    monkeypatch.delenv("TUTORIAL_RETRAIN", raising=False)
    return tmp_path


@pytest.fixture
def shipped(folder, monkeypatch):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    load_or_train("line", build, train)
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    return folder


def test_loads_what_was_trained_with_its_record(shipped):
    model, record = load_or_train("line", build, train)
    assert torch.equal(model[0].weight, torch.full((2, 3), 1 / 3))
    assert not model.training
    assert record["metrics"] == {"loss": 0.5}
    assert record["parameters"] == sum(p.numel() for p in model.parameters())
    assert {"seconds", "machine", "versions", "sha256", "dtype"} <= set(record)


def test_training_says_beforehand_how_long_it_takes(shipped, monkeypatch, capsys):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "04_gan, line")  # another page's, too
    load_or_train("line", build, train)
    assert "training line: it took 0 s on" in capsys.readouterr().out


def test_halves_are_what_everybody_sees(folder, monkeypatch):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "all")
    trained, record = load_or_train("line", build, train, dtype=torch.float16)
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    loaded, _ = load_or_train("line", build, train, dtype=torch.float16)
    assert record["dtype"] == "float16"
    assert trained[0].weight.dtype == torch.float32
    assert torch.equal(trained[0].weight, loaded[0].weight)
    assert trained[0].weight[0, 0] == torch.tensor(1 / 3).half().float()


def test_all_spares_what_is_retrained_only_by_name(shipped, monkeypatch):
    def fail(_):
        raise AssertionError("trained")

    monkeypatch.setenv("TUTORIAL_RETRAIN", "all")
    with pytest.warns(OtherCode):  # `fail` did not make it
        load_or_train("line", build, fail, only_by_name=True)
    with pytest.raises(AssertionError, match="trained"):
        load_or_train("line", build, fail)
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    with pytest.raises(AssertionError, match="trained"):
        load_or_train("line", build, fail, only_by_name=True)


def test_interrupted_training_leaves_the_old_checkpoint(shipped, monkeypatch):
    before = {path.name: path.read_bytes() for path in shipped.iterdir()}

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    with pytest.raises(KeyboardInterrupt):
        load_or_train("line", build, interrupted)
    assert {path.name: path.read_bytes() for path in shipped.iterdir()} == before


def test_random_state_is_left_alone(shipped, monkeypatch):
    seed_everything(3)
    expected = random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002
    seed_everything(3)
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    load_or_train("line", build, lambda model: seed_everything(9) and train(model))
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected  # noqa: NPY002


def test_tied_weights_and_tensors_in_the_record_are_stored(folder, monkeypatch):
    def build_tied() -> nn.Module:
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        model[1].weight = model[0].weight
        return model

    monkeypatch.setenv("TUTORIAL_RETRAIN", "tied")
    metrics = {"losses": torch.tensor([1.0, 2.0]), "best": np.float32(0.5)}
    record = {"config": {"device": torch.device("cpu")}, "seed": 0, "num_images": 1, "metrics": metrics}
    model, stored = load_or_train("tied", build_tied, lambda _: record)
    assert model[0].weight is model[1].weight
    assert stored["metrics"] == {"losses": [1.0, 2.0], "best": 0.5}
    assert stored["config"] == {"device": "cpu"}


def test_missing_file_says_both_ways_to_get_it(folder):
    with pytest.raises(
        AssetError, match=r"(?s)line\.safetensors is missing.*git checkout.*TUTORIAL_RETRAIN=line"
    ):
        load_or_train("line", build, train)


def test_altered_weights_are_named(shipped):
    path = shipped / "line.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"line\.safetensors is truncated or altered.*TUTORIAL_RETRAIN=line"):
        load_or_train("line", build, train)


@pytest.mark.parametrize("text", ["{", "[]", '{"config": 1}'])
def test_bad_record_is_named_and_both_ways_mend_it(shipped, text, monkeypatch):
    (shipped / "line.json").write_text(text)
    with pytest.raises(
        AssetError, match=r'line\.json is truncated or altered.*git checkout -- .*line\.json"'
    ):
        load_or_train("line", build, train)
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")  # the other way that the message offers
    assert load_or_train("line", build, train)[1]["metrics"] == {"loss": 0.5}


def test_other_network_is_told(shipped):
    with pytest.raises(AssetError, match="does not fit the network"):
        load_or_train("line", lambda: nn.Linear(3, 2), train)


def test_pickle_is_never_executed(shipped, tmp_path):
    """A pickle in the file's place, with a matching digest, is refused by the format."""
    import hashlib

    path, record = shipped / "line.safetensors", shipped / "line.json"
    torch.save({"0.weight": torch.ones(2, 3)}, path)
    fields = json.loads(record.read_text()) | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    record.write_text(json.dumps(fields))
    with pytest.raises(AssetError, match=r"line\.safetensors"):
        load_or_train("line", build, train)


def test_every_shipped_record_says_how_the_checkpoint_was_made():
    keys = {"config", "seed", "num_images", "metrics", "seconds", "machine", "versions", "sha256"}
    for weights in SHIPPED.glob("*.safetensors"):
        record = json.loads(weights.with_suffix(".json").read_text("utf-8"))
        assert keys <= set(record), weights.name

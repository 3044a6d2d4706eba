"""Claims: the digest of a training's code sees what the training computes, and nothing else; a result made by
other code is told."""

import json
import linecache
from functools import partial

import pytest
import torch
from surroundings import SURROUNDINGS
from torch import nn

from tutorial_utils import checkpoints, experiments, provenance, records, training
from tutorial_utils.checkpoints import load_or_train
from tutorial_utils.experiments import load_or_run, sweep
from tutorial_utils.files import AssetError
from tutorial_utils.provenance import code_digest
from tutorial_utils.recipes import autoencoding

PAGE = """
import torch
from functools import partial
from torch import nn
RATE = 0.1
UNUSED = 1

def inner(x):
    return x + RATE

class Network(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, x):
        return inner(self.layer(x))

def train(model, *, seed=0):
    '''Trains.'''
    model(torch.zeros(3))  # one pass
    return {"losses": [other(1), seed, measure(model)], "steps": list(map(lambda k: k + 1, range(3)))}

def other(k):
    return 2 * k

@torch.no_grad()
def measure(model):
    return 1

def unused():
    return 5

roots = partial(Network, 3), train
"""


def digest_of(source: str) -> str:
    """Run a page's source as a kernel does: its lines are in `linecache`, its names in `__main__`."""
    name = f"cell-{len(linecache.cache)}"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    scope = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), scope)
    return code_digest(*scope["roots"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RATE = 0.1", "RATE = 0.2"),  # a constant that a function reads
        ("return x + RATE", "return x - RATE"),  # a function that a method calls
        ("return 2 * k", "return 3 * k"),  # one that is defined below its use
        ("k + 1", "k + 2"),  # a lambda
        ("return 1", "return 3"),  # a function with a decorator
        ("seed=0", "seed=1"),  # a default
        ("partial(Network, 3)", "partial(Network, 4)"),
        ("nn.Linear(width, width)", "nn.Linear(width, width, bias=False)"),
        ("    model(torch.zeros(3))  # one pass\n", ""),
    ],
)
def test_it_sees_what_is_computed(before, after):
    assert before in PAGE
    assert digest_of(PAGE.replace(before, after)) != digest_of(PAGE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# one pass", "# another comment"),
        ("'''Trains.'''", "'''Trains the model.'''"),
        ("return 5", "return 6"),  # of a function that no root reaches
        ("UNUSED = 1", "UNUSED = 2"),
        ("nn.Linear(width, width)", "nn.Linear(\n            width,\n            width,\n        )"),
        ("RATE = 0.1", "RATE = 0.10"),
        ("\ndef other", "\n\n# %%\n\ndef other"),
    ],
)
def test_it_sees_neither_comments_nor_layout_nor_what_is_not_used(before, after):
    assert before in PAGE
    assert digest_of(PAGE.replace(before, after)) == digest_of(PAGE)


def test_it_is_the_same_on_every_version_of_python():
    """Written down once; a version whose syntax trees have other fields would give other digits."""
    assert digest_of(PAGE) == "3ef329ac05a85d12"


def test_it_follows_the_packages_recipes_and_no_other_module():
    found: dict = {}
    provenance._visit(autoencoding.fit, "fit", found, set())
    text = " ".join(found)
    assert "evaluate: " in text  # another function of the recipe
    assert "LEARNING_RATE" in text
    assert "randperm" not in text  # how training.batches shuffles
    assert (
        "decorate_context" not in text
    )  # what torch.no_grad() makes of a function, and other versions otherwise


def test_code_without_a_source_has_no_digest():
    scope = {"__name__": "__main__"}
    exec("def f(): return 1", scope)
    assert code_digest(scope["f"]) is None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    monkeypatch.delenv("TUTORIAL_RETRAIN", raising=False)
    return tmp_path


def build() -> nn.Module:
    return nn.Linear(1, 1)


def train(model: nn.Module, *, steps: int = 1) -> dict:
    return {"config": {}, "seed": 0, "num_images": steps, "metrics": {}}


def test_a_network_made_by_other_code_is_told(folder, monkeypatch, recwarn):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    _, record = load_or_train("line", build, train)
    assert record["code"] == code_digest(build, train)
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    load_or_train("line", build, train)
    assert not recwarn.list
    with pytest.warns(
        records.OtherCode, match=r"line was made by other code.*TUTORIAL_RETRAIN=line.*it took"
    ):
        load_or_train("line", build, partial(train, steps=2))
    assert records.used["line"] == code_digest(build, partial(train, steps=2))


def test_an_experiment_keeps_numbers_alone_and_comes_back_from_its_file(folder, monkeypatch):
    def run():
        metrics, history = sweep({f"{x}": lambda x=x: (torch.tensor(x), [{"loss": x}]) for x in (1.0, 2.0)})
        return {"config": {}, "seed": 0, "num_images": 3, "metrics": metrics, "history": history}

    with pytest.raises(AssetError, match=r"(?s)sweep\.json is missing.*TUTORIAL_RETRAIN=sweep"):
        load_or_run("sweep", run)
    monkeypatch.setenv("TUTORIAL_RETRAIN", "sweep")
    record = load_or_run("sweep", run)
    assert record["metrics"] == {"1.0": 1.0, "2.0": 2.0}
    assert record["history"] == {"1.0": [{"loss": 1.0}], "2.0": [{"loss": 2.0}]}
    assert {"seconds", "machine", "versions", "code"} <= set(record)
    assert [path.name for path in folder.iterdir()] == ["sweep.json"]
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    assert load_or_run("sweep", run) == record
    with pytest.warns(records.OtherCode):
        load_or_run("sweep", lambda: pytest.fail("not needed"))


def test_a_run_leaves_the_callers_random_state_and_modes_alone(folder, monkeypatch):
    """Also one of an experiment, whose networks nobody keeps."""
    monkeypatch.setenv("TUTORIAL_RETRAIN", "numbers")

    def run():
        torch.manual_seed(9)
        weight = nn.Linear(2, 2).weight
        weight.sum().backward()  # needs gradients
        assert weight.dtype == torch.float32
        return {"config": {}, "seed": 0, "num_images": 1, "metrics": weight.grad.sum()}

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    with SURROUNDINGS["inference mode"](), SURROUNDINGS["default dtype"]():
        assert load_or_run("numbers", run)["metrics"] == 4.0
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("value", ["lime", "line,lime", "ALL,lime"])
def test_a_name_that_no_page_makes_is_refused(folder, monkeypatch, value):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    load_or_train("line", build, train)
    monkeypatch.setenv("TUTORIAL_RETRAIN", value)
    for load in (lambda: load_or_train("line", build, train), lambda: load_or_run("numbers", dict)):
        with pytest.raises(ValueError, match=r"TUTORIAL_RETRAIN.*no page makes lime\. There are .*line"):
            load()


def test_names_that_only_a_page_announces_are_known(folder):
    assert "04_gan" in records.known_names(folder)


def test_every_shipped_experiment_holds_numbers_and_no_network():
    shipped = checkpoints.FOLDER
    for path in shipped.glob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        assert ("sha256" in record) == path.with_suffix(".safetensors").exists(), path.name


def test_a_page_that_only_reads_an_experiment_gets_its_record_and_runs_nothing(folder):
    record = {"metrics": {"loss": 0.5}, "seconds": 1.0, "machine": "a test"}
    records.write(folder / "numbers.json", record)
    assert experiments.load("numbers") == record
    with pytest.raises(AssetError, match=r"absent\.json is missing"):
        experiments.load("absent")


def fit(model: nn.Module, *, rate: float = 0.1, seen: list | None = None) -> dict:
    """Trains w towards 0 on ten batches; the history has two rows."""

    def step(batch):
        if seen is not None:
            seen.append(len(batch[0]))
        with torch.no_grad():
            model.weight.mul_(1 - rate)
        return {"weight": model.weight.sum()}

    data = iter([(torch.zeros(10),)] * 10)
    history = training.train(step, data, num_images=100, log_every=50)
    return {"config": {}, "seed": 0, "num_images": 100, "metrics": {}, "history": history}


def ones() -> nn.Module:
    model = nn.Linear(1, 1)
    nn.init.ones_(model.weight)
    return model


def test_a_replay_gives_the_digest_to_code_that_computes_the_same(folder, monkeypatch, capsys):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "net")
    load_or_train("net", ones, fit)
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    monkeypatch.setattr(records, "replaying", ["net"])
    weights = (folder / "net.safetensors").read_bytes()
    seen: list = []
    _, record = load_or_train("net", ones, partial(fit, seen=seen))  # other code, the same numbers
    assert sum(seen) == 50  # up to the first row
    assert "replayed net: weight 0.73712 (0.73712)" in capsys.readouterr().out
    assert record["code"] == code_digest(ones, partial(fit, seen=[]))
    assert record["replayed"] == {"num_images": 50, "largest_difference": 0.0}
    assert json.loads((folder / "net.json").read_text("utf-8")) == record
    assert (folder / "net.safetensors").read_bytes() == weights
    with pytest.raises(ValueError, match="net is not what this code makes"):
        load_or_train("net", ones, partial(fit, rate=0.2))


def test_a_replay_needs_a_history(folder, monkeypatch):
    monkeypatch.setenv("TUTORIAL_RETRAIN", "line")
    load_or_train("line", build, train)
    monkeypatch.delenv("TUTORIAL_RETRAIN")
    monkeypatch.setattr(records, "replaying", ["line"])
    with pytest.raises(ValueError, match="no history to compare with"):
        load_or_train("line", build, train)

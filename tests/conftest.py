import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import pytest
import torch

mpl.use("agg")


ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption("--all-seeds", action="store_true", help="try every answer with 20 seeds instead of 3")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository's folder, where it is a git checkout; a download without git skips the test."""
    command = ["git", "rev-parse", "--show-toplevel"]
    if shutil.which("git"):
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
        if found and Path(found).resolve() == ROOT.resolve():
            return ROOT
    pytest.skip("not a git checkout")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def shown(monkeypatch) -> list:
    """What reaches the page: (data, metadata)."""
    calls: list = []

    def display(data: dict, metadata: dict | None = None, raw: bool = False) -> None:
        assert raw, "else IPython shows the dictionary itself"
        calls.append((data, metadata))

    monkeypatch.setattr("tutorial_utils.plotting.display", display)
    return calls

import matplotlib as mpl
import pytest
import torch

mpl.use("agg")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)

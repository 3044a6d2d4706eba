"""Claims: seeds repeat everything, layouts change no number, and bfloat16 asks the hardware."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from tutorial_utils import device as device_module
from tutorial_utils.device import autocast, computes_bfloat16, fast, get_device, seed_everything, seeded


def draws() -> list[float]:
    return [random.random(), np.random.rand(), torch.rand(1).item()]  # noqa: NPY002


def test_seed_repeats_every_generator():
    first = seed_everything(7)
    before = [*draws(), torch.rand(1, generator=first).item()]
    second = seed_everything(7)
    assert [*draws(), torch.rand(1, generator=second).item()] == before
    seed_everything(8)
    assert draws() != before[:3]


def test_device_can_be_chosen(monkeypatch):
    monkeypatch.setenv("TUTORIAL_DEVICE", "cpu")
    assert get_device() == torch.device("cpu")
    monkeypatch.delenv("TUTORIAL_DEVICE")
    assert get_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_fast_changes_the_layout_and_no_number():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(8, 2, 4, 2, 1))
    x = torch.randn(2, 3, 8, 8)
    before = network(x)
    assert fast(network) is network
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(network(x), before, atol=1e-5)


@pytest.mark.parametrize("instructions", [True, False])
@pytest.mark.parametrize("library", [True, False])
def test_bfloat16_needs_the_instructions_and_the_library(monkeypatch, instructions, library):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: library, raising=False)
    assert computes_bfloat16(torch.device("cpu")) == (instructions and library)


def test_gpu_is_asked_about_its_hardware_not_its_emulation(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **options: asked.append(options) or True)
    assert computes_bfloat16(torch.device("cuda"))
    assert asked == [{"including_emulation": False}]


@pytest.mark.parametrize("able", [True, False])
def test_autocast_computes_in_bfloat16_only_where_able(monkeypatch, able):
    monkeypatch.setattr(device_module, "computes_bfloat16", lambda _: able)
    x = torch.randn(4, 4)
    with autocast("cpu"):
        assert (x @ x).dtype == (torch.bfloat16 if able else torch.float32)
    assert (x @ x).dtype == torch.float32


def test_a_seeded_network_is_the_same_for_the_same_seed():
    first, again, other = (seeded(lambda: torch.nn.Linear(2, 2), seed=seed) for seed in (0, np.int64(0), 1))
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)

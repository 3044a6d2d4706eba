"""Where to compute, from which seed, and in which format."""

import operator
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from tutorial_utils import settings

OUT_OF_MEMORY = (
    "The GPU's memory is full. Shut down the kernels of other notebooks (in JupyterLab: Kernel > Shut Down "
    "All Kernels) and other programs on this GPU, then run this notebook again from the top. Or compute on "
    "the CPU: restart the kernel and run `%env TUTORIAL_DEVICE=cpu` first."
)


def get_device() -> torch.device:
    """The GPU if PyTorch sees one, else the CPU. `TUTORIAL_DEVICE` (such as "cpu") overrides it.

    Raises `ValueError` where that names no device.
    """
    return torch.device(settings.device() or ("cuda" if torch.cuda.is_available() else "cpu"))


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and PyTorch on every device; return a CPU generator with the same seed.

    Pass the generator on to whatever draws. Noise drawn on the CPU and then moved is the same on
    every machine; noise drawn on a GPU is not.
    """
    seed = operator.index(seed)  # NumPy's integers, too
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries still draw from the global state)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def seeded(build: Callable[[], nn.Module], *, seed: int) -> nn.Module:
    """`build()`, the same network for the same seed: the global generators are seeded first."""
    seed_everything(seed)
    return build()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Make here what is kept for others: with gradients and in float32, whatever modes the caller is in.

    Python's, NumPy's and PyTorch's random state and the default type are afterwards as they were.
    """
    python, numpy, dtype = random.getstate(), np.random.get_state(), torch.get_default_dtype()  # noqa: NPY002
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        torch.set_default_dtype(torch.float32)
        with torch.random.fork_rng(devices), torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def fast(module: nn.Module) -> nn.Module:
    """Lay the module's weights out channels last, which convolutions prefer; return the same module.

    The numbers stay the same, and so does every shape you see: only the order in memory changes.
    """
    return module.to(memory_format=torch.channels_last)


def computes_bfloat16(device: torch.device | str) -> bool:
    """Whether the hardware itself multiplies bfloat16 numbers, rather than emulating it slowly.

    On a CPU that takes instructions (AVX512-BF16 or AMX) that PyTorch and oneDNN may also use: both can
    be capped by ATEN_CPU_CAPABILITY and ONEDNN_MAX_CPU_ISA.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    has_instructions = any(
        getattr(torch.cpu, name, bool)()  # private in PyTorch: where absent, the answer is no
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
    return has_instructions and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def autocast(device: torch.device | str) -> torch.autocast:
    """A context in which matrix products and convolutions run in bfloat16, where the hardware can.

    Elsewhere it does nothing. Wrap the forward pass and the loss, not the backward pass. Weights are cast
    anew at every use: PyTorch keeps them until the *outermost* such context ends, so that inside another one
    a training would go on with its first weights.
    """
    kind = torch.device(device).type
    return torch.autocast(kind, torch.bfloat16, enabled=computes_bfloat16(device), cache_enabled=False)


@contextmanager
def memory_advice() -> Iterator[None]:
    """Add to the error of a GPU whose memory is full what a reader can do about it."""
    try:
        yield
    except torch.OutOfMemoryError as problem:
        if OUT_OF_MEMORY in str(problem):  # raised by such a context inside this one
            raise
        raise torch.OutOfMemoryError(f"{OUT_OF_MEMORY} ({problem})") from problem

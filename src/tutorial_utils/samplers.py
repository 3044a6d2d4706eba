"""From noise to pictures with a network that guesses the clean picture (chapter 7).

`denoise(x_t, t, condition)` answers with a guess of the clean x, shaped like x_t; t (B,) are the noise
levels, whole numbers that a schedule `alpha_bar` (num_steps + 1,) knows, from 1 at t = 0 to 0 at its end.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def cosine_alpha_bar(num_steps: int) -> Tensor:
    """The signal's share of the variance at each noise level: (num_steps + 1,) float32, from 1 to 0.

    Nichol and Dhariwal (2021), eq. 17, before any clipping.
    """
    share = torch.arange(num_steps + 1, dtype=torch.float64) / num_steps
    kept = torch.cos((share + 0.008) / 1.008 * math.pi / 2).square()
    return (kept / kept[0]).float()


def spaced(num_steps: int, num_evaluations: int) -> list[int]:
    """num_evaluations + 1 levels from num_steps to 0, both included, as evenly as whole numbers allow.

    Raises `ValueError` for more evaluations than steps, or none.
    """
    if not 1 <= num_evaluations <= num_steps:
        raise ValueError(f"num_evaluations must be between 1 and {num_steps}, not {num_evaluations}")
    return torch.linspace(num_steps, 0, num_evaluations + 1).round().long().tolist()


@torch.no_grad()
def ddim(
    denoise: Denoiser,
    x: Tensor,
    times: Sequence[int],
    *,
    alpha_bar: Tensor,
    eta: float = 0.0,
    condition: Tensor | None = None,
    generator: torch.Generator | None = None,
    callback: Callable[[int, Tensor, Tensor], None] | None = None,
) -> Tensor:
    """Walk x (B, ...) from level times[0] down to times[-1]: the same shape (Song et al. 2021, eq. 12).

    `eta` is the share of fresh noise: 0 draws none, and equal starts give equal pictures; 1 is DDPM (Ho et
    al. 2020). `generator` draws it on the CPU. `callback(t, x_t, clean)` is called after each step with the
    level reached. Raises `ValueError` for levels that do not fall, or that `alpha_bar` does not have.
    """
    falling = all(t > s for t, s in pairwise(times))
    if not falling or len(times) < 2 or not 0 <= times[-1] < times[0] < len(alpha_bar):
        raise ValueError(
            f"times must fall, from {len(alpha_bar) - 1} at most to 0 at least, not {list(times)}"
        )
    levels = alpha_bar.double().tolist()
    for t, s in pairwise(times):
        kept, kept_next = levels[t], levels[s]
        clean = denoise(x, torch.full((len(x),), t, device=x.device), condition)
        noise = (x - math.sqrt(kept) * clean) / math.sqrt(1 - kept)
        variance = eta**2 * (1 - kept_next) / (1 - kept) * (1 - kept / kept_next)
        rest = max(0.0, 1 - kept_next - variance)  # with eta <= 1, below 0 only by rounding
        x = math.sqrt(kept_next) * clean + math.sqrt(rest) * noise
        if variance > 0:
            fresh = torch.randn(x.shape, generator=generator, dtype=torch.float32, device="cpu")
            x = x + math.sqrt(variance) * fresh.to(x)
        if callback is not None:
            callback(s, x, clean)
    return x

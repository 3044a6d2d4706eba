"""How chapters 7 and 8 train a network on noised pictures, whatever it is to answer."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from tutorial_utils import training
from tutorial_utils.device import fast, get_device

BATCH_SIZE = 32
LEARNING_RATE = 2e-3
Loss = Callable[..., Tensor]
Watch = Callable[[int, nn.Module, nn.Module], dict[str, float]]


def fit(
    model: nn.Module,
    loss: Loss,
    dataset: TensorDataset,
    *,
    num_images: int,
    seed: int = 0,
    num_rows: int = 20,
    label: str = "denoiser",
    watch: Watch | None = None,
) -> tuple[nn.Module, training.History]:
    """Train in place by Adam; return a copy with the moving average of the weights, and the history.

    `loss(model, images, labels, generator=...)` is a scalar for a batch of the data set. The learning rate
    rises over 100 steps, stays, and falls to 0 in the last third. `watch(num_images seen, model, averaged)`
    is called with each of `num_rows` rows and may add numbers to it.
    """
    device = get_device()
    fast(model.to(device).train())
    generator = torch.Generator().manual_seed(seed)
    num_steps = math.ceil(num_images / BATCH_SIZE)
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE, (0.9, 0.99), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, 1, 3 * (1 - step / num_steps))
    )
    averaged = training.moving_average(model, half_life=num_images // 50, batch_size=BATCH_SIZE).eval()
    history = training.train(
        training.minimize(
            lambda model, batch: loss(model, *batch, generator=generator),
            model,
            optimizer,
            schedule=schedule,
            averaged=averaged,
        ),
        training.batches(dataset, BATCH_SIZE, device=device, generator=generator),
        num_images=num_images,
        log_every=num_images // num_rows,
        label=label,
        callback=None if watch is None else lambda seen: watch(seen, model, averaged.module),
    )
    return averaged.module, history

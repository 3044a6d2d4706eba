"""How chapter 3 trains its classifier of clothes, for those who want another one. The yardstick is frozen."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutorial_utils import training
from tutorial_utils.batching import device_of, eval_mode, in_chunks
from tutorial_utils.data import fashion_mnist
from tutorial_utils.device import autocast, fast, get_device, seed_everything

BATCH_SIZE = 128


def augment(images: Tensor) -> Tensor:
    """Mirror each image with probability 1/2, and shift it by up to 2 pixels each way: (B, 1, 28, 28)."""
    count, place = len(images), images.device
    images = torch.where(torch.rand(count, 1, 1, 1, device=place) < 0.5, images.flip(3), images)
    padded = F.pad(images, (2, 2, 2, 2))[:, 0]  # (B, 32, 32)
    shift = torch.randint(0, 5, (2, count, 1), device=place)
    rows, columns = torch.arange(28, device=place) + shift  # (B, 28) each
    each = torch.arange(count, device=place)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]][:, None]


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images (N, 1, 28, 28) whose largest logit is the label's; the model's modes are left alone."""
    place = device_of(model)
    with eval_mode(model), autocast(place):
        predicted = in_chunks(lambda part: model(part).argmax(1), images, size=100, device=place)
    return (predicted == labels).float().mean().item()


def fit(model: nn.Module, *, num_images: int, seed: int, num_rows: int = 20) -> training.History:
    """Train in place on augmented training images, as in chapter 3; each row has the validation accuracy."""
    device = get_device()
    fast(model.to(device).train())
    generator = seed_everything(seed)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, total_steps=math.ceil(num_images / BATCH_SIZE)
    )

    def loss(model: nn.Module, batch: training.Batch) -> Tensor:
        images, labels = batch
        return F.cross_entropy(model(augment(images)).float(), labels)

    validation = fashion_mnist("validation").tensors
    return training.train(
        training.minimize(loss, model, optimizer, schedule=schedule),
        training.batches(fashion_mnist("train"), BATCH_SIZE, device=device, generator=generator),
        num_images=num_images,
        log_every=num_images // num_rows,
        label="classifier",
        callback=lambda _: {"accuracy": accuracy(model, *validation)},
    )

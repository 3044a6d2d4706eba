"""The check of `discriminator_step`: one step of the judge, and nothing else touched."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutorial_utils.checks.core import CheckFailed, call, check, expect
from tutorial_utils.checks.numbers import expect_number

OTHER_LOSS = (
    "the step is right, but what it returns is not the loss before the step: mean on real plus mean on fake."
)


@check(
    "discriminator_step",
    "What is in discriminator.parameters()'s .grad when the step begins? The generator's own step has left "
    "something there.",
    "Only the discriminator is trained here: the fakes enter its loss as numbers, without their history.",
    "Order: zero_grad, loss, backward, step. And real and fake go through the discriminator one after the "
    "other, each batch with its own statistics.",
)
def check_discriminator_step(fn: Callable) -> None:
    """`fn(generator, discriminator, optimizer, real, z)`: one step of the judge; returns its loss.

    Compared with the same step of plain gradient descent, on small networks with batch norm, whose
    gradients hold what earlier steps left.
    """
    for batch_size, num_fake, mode in ((6, 6, True), (5, 8, False)):
        generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4))
        judge = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
        real, z = torch.randn(batch_size, 4) + 1, torch.randn(num_fake, 3)
        stale, left = _leave_gradients(judge), _leave_gradients(generator.train(mode))
        moved = copy.deepcopy(judge)
        for weight, gradient in zip(moved.parameters(), stale, strict=True):
            weight.grad = gradient.clone()  # deepcopy leaves it out
        weights, flags = _parameters(generator), _flags(moved)
        value = call(fn, generator, moved, torch.optim.SGD(moved.parameters(), lr=0.5), real, z)
        if not torch.equal(_parameters(generator), weights):
            raise CheckFailed("the generator's weights have changed. This step is the discriminator's.")
        _judge_step(moved, judge, stale, real, generator(z).detach())
        _expect_as_found(generator, left, mode)
        if _flags(moved) != flags:
            raise CheckFailed("it leaves the discriminator frozen or in another mode than it came in.")
        with torch.no_grad():
            right = _losses(copy.deepcopy(judge), real, generator(z))["right"].item()
        expect_number(
            value,
            right,
            {"it returns twice or half the loss that it followed.": (2 * right, right / 2)},
            otherwise=OTHER_LOSS,
        )


def _leave_gradients(network: nn.Module) -> list[Tensor]:
    """What earlier steps leave in .grad."""
    gradients = [torch.randn_like(weight) for weight in network.parameters()]
    for weight, gradient in zip(network.parameters(), gradients, strict=True):
        weight.grad = gradient.clone()
    return gradients


def _expect_as_found(generator: nn.Module, left: list[Tensor], mode: bool) -> None:
    after = [weight.grad for weight in generator.parameters()]
    if any(g is None or not torch.equal(g, before) for g, before in zip(after, left, strict=True)):
        raise CheckFailed(
            "the discriminator moved as it should, but the generator's gradients have changed: the fakes "
            "are not detached (or its gradients are set to zero, which is its own step's business)."
        )
    if not all(weight.requires_grad for weight in generator.parameters()):
        raise CheckFailed("it leaves the generator frozen: requires_grad of its weights is False.")
    if generator.training != mode:
        raise CheckFailed("it leaves the generator in another mode, train() or eval(), than it found it in.")


def _flags(network: nn.Module) -> list[bool]:
    parts, weights = network.modules(), network.parameters()
    return [part.training for part in parts] + [weight.requires_grad for weight in weights]


def _parameters(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten().clone() for weight in network.parameters()])


def _losses(judge: nn.Module, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """The right loss, and those that students follow instead, by message."""
    on_real, on_fake = judge(real), judge(fake)
    together = judge(torch.cat([real, fake])).split([len(real), len(fake)])
    return {
        "right": F.softplus(-on_real).mean() + F.softplus(on_fake).mean(),
        "real and fake go through the discriminator in one batch, and its batch norm mixes them: the "
        "statistics give the answer away. Give it one batch after the other.":
        F.softplus(-together[0]).mean() + F.softplus(together[1]).mean(),
        "real and fake have changed places: the discriminator learns to call fakes real.":
        F.softplus(on_real).mean() + F.softplus(-on_fake).mean(),
        "it follows the generator's loss: the discriminator learns to call fakes real.":
        F.softplus(-on_fake).mean(),
        "only the real batch is used.": F.softplus(-on_real).mean(),
        "only the fake batch is used.": F.softplus(on_fake).mean(),
        "the second term calls fakes real, as the generator's loss does.":
        F.softplus(-on_real).mean() + F.softplus(-on_fake).mean(),
        "the loss is halved. It is the mean on real plus the mean on fake.":
        (F.softplus(-on_real).mean() + F.softplus(on_fake).mean()) / 2,
    }  # fmt: skip


def _judge_step(moved: nn.Module, judge: nn.Module, stale: list[Tensor], real: Tensor, fake: Tensor) -> None:
    """Where gradient descent of 0.5 must have led from `judge`, and where mistakes lead."""
    start = _parameters(judge)
    step = (start - _parameters(moved)) / 0.5  # the gradient that was followed
    old = torch.cat([gradient.flatten() for gradient in stale])
    fresh = copy.deepcopy(judge)
    weights = list(fresh.parameters())
    gradients = {
        message: torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights, retain_graph=True)])
        for message, loss in _losses(fresh, real, fake).items()
    }
    right = gradients.pop("right")
    mistakes = {
        "the step follows stale gradients: what earlier steps, the generator's included, left in .grad is "
        "added to the new. Call optimizer.zero_grad() before backward.":
        [right + old, *(g + old for g in gradients.values())],
        "the discriminator did not move. Call backward, then optimizer.step(), and no zero_grad between.":
        torch.zeros_like(right),
        "backward is missing: the step follows the gradients that were there before, alone.": old,
        "it climbs: the discriminator's loss is minimised, so don't turn its sign.": -right,
        "it takes two steps, or counts the loss twice.": 2 * right,
        **gradients,
    }  # fmt: skip
    expect(step, right, mistakes, otherwise="the discriminator did not take one step along its own loss.")

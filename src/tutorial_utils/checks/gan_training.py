"""Chapter 4's checks of trainings: sizes, one step of the judge, and the Dirac-GAN."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutorial_utils.checks.core import (
    CheckFailed,
    call,
    check,
    expect,
    expect_number,
)

PAIRS = "Return a list of pairs (stride, padding) of whole numbers, first layer first."


@check(
    "upsampling_plan",
    "From one pixel, stride does not matter: kernel 4 makes 4 pixels without padding, 2 with padding 1.",
    "Stride 2 with padding 1 doubles. 96 is 6 · 2 · 2 · 2 · 2: how do you get to 6, or to 3, in two layers?",
)
def check_upsampling_plan(fn: Callable) -> None:
    """`fn()`: at most six (stride, padding) of transposed convolutions with kernel 4, from 1 pixel to 96."""
    plan = call(fn)
    if isinstance(plan, Tensor):
        plan = plan.tolist()
    if not isinstance(plan, Sequence) or not all(_is_pair(layer) for layer in plan):
        raise CheckFailed(f"{plan!r} is no list of pairs. {PAIRS}")
    for stride, padding in plan:
        if stride < 1 or padding < 0:
            raise CheckFailed(f"({stride}, {padding}): a stride is at least 1, and a padding at least 0.")
    sizes = _sizes(plan)
    way = " - ".join(map(str, sizes))
    if len(plan) > 6:
        raise CheckFailed(f"{way} takes {len(plan)} layers. At most six are allowed.")
    if sizes[-1] != 96:
        swapped = _sizes([(padding, stride) for stride, padding in plan])
        if swapped[-1] == 96:
            raise CheckFailed("each pair is the wrong way round: the stride comes first, then the padding.")
        raise CheckFailed(f"these layers make {way}: not 96. Follow equation (10) layer by layer.")


def _is_pair(layer: Any) -> bool:
    return isinstance(layer, Sequence) and len(layer) == 2 and all(type(number) is int for number in layer)


def _sizes(plan: Sequence[tuple[int, int]]) -> list[int]:
    """What PyTorch itself makes of one pixel, layer by layer; 0 where a layer can't be applied."""
    x, sizes = torch.empty(1, 1, 1, 1, device="meta"), [1]
    for stride, padding in plan:
        try:
            x = F.conv_transpose2d(x, torch.empty(1, 1, 4, 4, device="meta"), stride=stride, padding=padding)
        except RuntimeError:
            return [*sizes, 0]
        sizes.append(x.shape[-1])
    return sizes


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
    for batch_size, num_fake in ((6, 6), (5, 8)):
        generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4))
        judge = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
        real, z = torch.randn(batch_size, 4) + 1, torch.randn(num_fake, 3)
        stale = [torch.randn_like(weight) for weight in judge.parameters()]
        weights, left = _parameters(generator), [torch.randn_like(w) for w in generator.parameters()]
        moved = copy.deepcopy(judge)
        for network, gradients in ((moved, stale), (generator, left)):
            for weight, gradient in zip(network.parameters(), gradients, strict=True):
                weight.grad = gradient.clone()
        optimizer = torch.optim.SGD(moved.parameters(), lr=0.5)
        value = call(fn, generator, moved, optimizer, real, z)
        if not torch.equal(_parameters(generator), weights):
            raise CheckFailed("the generator's weights have changed. This step is the discriminator's.")
        _judge_step(moved, judge, stale, real, generator(z).detach())
        after = [weight.grad for weight in generator.parameters()]
        if any(g is None or not torch.equal(g, before) for g, before in zip(after, left, strict=True)):
            raise CheckFailed(
                "the discriminator moved as it should, but the generator's gradients have changed: the fakes "
                "are not detached (or its gradients are set to zero, which is its own step's business)."
            )
        with torch.no_grad():
            right = _losses(copy.deepcopy(judge), real, generator(z))["right"].item()
        expect_number(
            value,
            right,
            {"it returns twice or half the loss that it followed.": (2 * right, right / 2)},
            otherwise="the step is right, but what it returns is not the loss before the step: mean on real "
            "plus mean on fake.",
        )


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
        "the discriminator did not move. Call backward, then optimizer.step().": torch.zeros_like(right),
        "zero_grad stands between backward and step, or backward is missing: the step follows the old "
        "gradients alone.": old,
        "it climbs: the discriminator's loss is minimised, so don't turn its sign.": -right,
        "it takes two steps, or counts the loss twice.": 2 * right,
        **gradients,
    }  # fmt: skip
    expect(step, right, mistakes, otherwise="the discriminator did not take one step along its own loss.")


@check(
    "dirac_gan",
    "The judge's loss is softplus(0) + softplus(psi theta) + gamma / 2 psi², the generator's is "
    "softplus(-psi theta). Differentiate the first by psi, the second by theta.",
    "softplus' is the sigmoid: psi moves by -(theta sigmoid(psi theta) + gamma psi), theta by "
    "+psi sigmoid(-psi theta), times the learning rate.",
    "Simultaneous means: compute both gradients first, then move both.",
)
def check_dirac_gan(fn: Callable) -> None:
    """`fn(theta, psi, *, gamma, learning_rate, num_steps)`: (num_steps + 1, 2), rows (theta, psi)."""
    for gamma, rate, num_steps in ((0.0, 0.3, 6), (0.7, 0.2, 5), (1.3, 0.4, 1)):
        theta, psi = (1.0 + torch.rand(2, dtype=torch.float64)).tolist()
        options = {"gamma": gamma, "learning_rate": rate, "num_steps": num_steps}
        right = _path(theta, psi, **options)
        mistakes = {
            "the moves alternate: the second player sees the first one's move. Compute both gradients first.":
            [_path(theta, psi, order=order, **options) for order in ("judge", "generator")],
            "the generator moves away: its loss softplus(-psi theta) pulls theta in psi's direction.":
            _path(theta, psi, sign_g=-1, **options),
            "the judge moves the wrong way: it minimises its loss, so psi turns against theta.":
            _path(theta, psi, sign_d=-1, **options),
            "the generator's loss is the saturating one, -softplus(psi theta).":
            _path(theta, psi, saturating=True, **options),
            "R1 is gamma / 2 psi², whose derivative is gamma psi: the half and the two cancel.":
            [_path(theta, psi, **options | {"gamma": factor * gamma}) for factor in (0.5, 2)],
            "the penalty is missing: psi also falls by gamma psi.":
            _path(theta, psi, **options | {"gamma": 0}),
            "the penalty pushes psi up. It is added to the loss, so psi falls.":
            _path(theta, psi, **options | {"gamma": -gamma}),
            "these are the critic's slopes of a Wasserstein GAN: the sigmoid is missing.":
            _path(theta, psi, linear=True, **options),
            "the rows are (psi, theta). theta comes first.": right.flip(1),
            "the start is missing: row 0 is where both begin.": right[1:],
            "the last step is missing: there are num_steps + 1 rows.": right[:-1],
            "this is the distance from (0, 0). Return the places.": right.norm(dim=1),
            "this is only the end. Return every place on the way.": right[-1],
        }  # fmt: skip
        value = call(fn, theta, psi, **options)
        if isinstance(value, Sequence):
            value = torch.tensor(value, dtype=torch.float64)
        if isinstance(value, Tensor) and not value.isfinite().all():
            raise CheckFailed("it contains inf or NaN.")
        expect(
            value.double() if isinstance(value, Tensor) and value.is_floating_point() else value,
            right,
            mistakes,
            otherwise="these are not the places of simultaneous gradient descent of the two losses.",
        )


def _path(
    theta: float,
    psi: float,
    *,
    gamma: float,
    learning_rate: float,
    num_steps: int,
    sign_g: int = 1,
    sign_d: int = 1,
    saturating: bool = False,
    linear: bool = False,
    order: str = "",
) -> Tensor:
    """Simultaneous gradient descent; the last options are students' slips."""

    def sigmoid(a: float) -> float:
        return 1.0 if linear else 1 / (1 + math.exp(-max(min(a, 700), -700)))

    def judge(theta: float, psi: float) -> float:
        return psi - learning_rate * (sign_d * theta * sigmoid(psi * theta) + gamma * psi)

    def generator(theta: float, psi: float) -> float:
        return theta + learning_rate * sign_g * psi * sigmoid(psi * theta if saturating else -psi * theta)

    places = [(theta, psi)]
    for _ in range(num_steps):
        theta, psi = places[-1]
        new_theta, new_psi = generator(theta, psi), judge(theta, psi)
        if order == "judge":
            new_theta = generator(theta, new_psi)
        if order == "generator":
            new_psi = judge(new_theta, psi)
        places.append((new_theta, new_psi))
    return torch.tensor(places, dtype=torch.float64)

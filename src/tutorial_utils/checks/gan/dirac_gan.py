"""The check of `dirac_gan`: the path of simultaneous gradient descent."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, call, check, expect


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
        value = call(fn, theta, psi, **options)
        if isinstance(value, Tensor) and value.requires_grad:
            raise CheckFailed("the path still carries its graph. Detach the places: nobody trains on them.")
        expect(
            value.double() if isinstance(value, Tensor) and value.is_floating_point() else value,
            _path(theta, psi, **options),
            _mistakes(theta, psi, options),
            otherwise="these are not the places of simultaneous gradient descent of the two losses.",
        )


def _mistakes(theta: float, psi: float, options: dict[str, float]) -> dict[str, Tensor | list[Tensor]]:
    right = _path(theta, psi, **options)

    def path(*slips: str, gamma: float = 1) -> Tensor:
        return _path(theta, psi, *slips, **options | {"gamma": gamma * options["gamma"]})

    return {
        "the moves alternate: the second player sees the first one's move. Compute both gradients first.":
        [path("judge-first"), path("generator-first")],
        "the generator moves away: its loss softplus(-psi theta) pulls theta in psi's direction.":
        path("generator-climbs"),
        "the judge moves the wrong way: it minimises its loss, so psi turns against theta.":
        path("judge-climbs"),
        "both players climb: each loss is minimised.": path("generator-climbs", "judge-climbs", gamma=-1),
        "the generator's loss is the saturating one, -softplus(psi theta).": path("saturating"),
        "R1 is gamma / 2 psi², whose derivative is gamma psi: the half and the two cancel.":
        [path(gamma=0.5), path(gamma=2)],
        "the penalty is missing: psi also falls by gamma psi.": path(gamma=0),
        "the penalty pushes psi up. It is added to the loss, so psi falls.": path(gamma=-1),
        "these are the critic's slopes of a Wasserstein GAN: the sigmoid is missing.": path("linear"),
        "the rows are (psi, theta). theta comes first.": right.flip(1),
        "the start is missing: row 0 is where both begin.": right[1:],
        "the last step is missing: there are num_steps + 1 rows.": right[:-1],
        "this is the distance from (0, 0). Return the places.": right.norm(dim=1),
        "this is only the end. Return every place on the way.": right[-1],
    }  # fmt: skip


def _path(
    theta: float, psi: float, *slips: str, gamma: float, learning_rate: float, num_steps: int
) -> Tensor:
    """Simultaneous gradient descent, or with students' slips."""
    away, up = (-1 if f"{who}-climbs" in slips else 1 for who in ("generator", "judge"))

    def sigmoid(a: float) -> float:
        return 1.0 if "linear" in slips else 1 / (1 + math.exp(-max(min(a, 700), -700)))

    def judge(theta: float, psi: float) -> float:
        return psi - learning_rate * (up * theta * sigmoid(psi * theta) + gamma * psi)

    def generator(theta: float, psi: float) -> float:
        a = psi * theta if "saturating" in slips else -psi * theta
        return theta + learning_rate * away * psi * sigmoid(a)

    places = [(theta, psi)]
    for _ in range(num_steps):
        theta, psi = places[-1]
        new_theta, new_psi = generator(theta, psi), judge(theta, psi)
        if "judge-first" in slips:
            new_theta = generator(theta, new_psi)
        if "generator-first" in slips:
            new_psi = judge(new_theta, psi)
        places.append((new_theta, new_psi))
    return torch.tensor(places, dtype=torch.float64)

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
        right = _path(theta, psi, **options)
        mistakes = {
            "the moves alternate: the second player sees the first one's move. Compute both gradients first.":
            [_path(theta, psi, order=order, **options) for order in ("judge", "generator")],
            "the generator moves away: its loss softplus(-psi theta) pulls theta in psi's direction.":
            _path(theta, psi, sign_g=-1, **options),
            "the judge moves the wrong way: it minimises its loss, so psi turns against theta.":
            _path(theta, psi, sign_d=-1, **options),
            "both players climb: each loss is minimised.":
            _path(theta, psi, sign_g=-1, sign_d=-1, **options | {"gamma": -gamma}),
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
        if isinstance(value, Tensor) and value.requires_grad:
            raise CheckFailed("the path still carries its graph. Detach the places: nobody trains on them.")
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

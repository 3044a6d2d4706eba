"""Answers to `dirac_gan`."""

import math

import torch
from torch.nn import functional as F


def dirac(
    theta,
    psi,
    *,
    gamma,
    learning_rate,
    num_steps,
    first=None,
    signs=(1, 1),
    saturating=False,
    half=1.0,
    slope=torch.sigmoid,
):
    """By hand; the options are what students get wrong."""
    places = [torch.tensor([theta, psi], dtype=torch.float64)]
    for _ in range(num_steps):
        t, p = places[-1]
        down = signs[1] * t * slope(p * t) + half * gamma * p
        if first == "judge":
            p_new = p - learning_rate * down
            up = signs[0] * p_new * slope(-p_new * t)
        else:
            up = signs[0] * p * slope(p * t if saturating else -p * t)
        t_new = t + learning_rate * up
        if first == "generator":
            down = t_new * slope(p * t_new) + gamma * p
        places.append(torch.stack([t_new, p - learning_rate * down]))
    return torch.stack(places)


def by_autograd(theta, psi, *, gamma, learning_rate, num_steps):
    rows = [[theta, psi]]
    for _ in range(num_steps):
        t, p = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in rows[-1])
        loss_d = F.softplus(-p * 0) + F.softplus(p * t.detach()) + gamma / 2 * p**2
        loss_g = F.softplus(-p.detach() * t)
        (to_psi,), (to_theta,) = torch.autograd.grad(loss_d, p), torch.autograd.grad(loss_g, t)
        rows.append([(t - learning_rate * to_theta).item(), (p - learning_rate * to_psi).item()])
    return torch.tensor(rows)


def as_list(theta, psi, *, gamma, learning_rate, num_steps):
    rows = [(theta, psi)]
    for _ in range(num_steps):
        s = 1 / (1 + math.exp(-psi * theta))
        theta, psi = (
            theta + learning_rate * psi * (1 - s),
            psi - learning_rate * (theta * s + gamma * psi),
        )
        rows.append((theta, psi))
    return torch.tensor(rows, dtype=torch.float64)


RIGHT = [dirac, by_autograd, as_list]
WRONG = [
    (lambda *a, **k: dirac(*a, first="judge", **k), "alternate"),
    (lambda *a, **k: dirac(*a, first="generator", **k), "alternate"),
    (lambda *a, **k: dirac(*a, signs=(-1, 1), **k), "moves away"),
    (lambda *a, **k: dirac(*a, signs=(1, -1), **k), "wrong way"),
    (lambda *a, **k: dirac(*a, signs=(-1, -1), **{**k, "gamma": -k["gamma"]}), "climb"),
    (lambda *a, **k: dirac(*a, **k).requires_grad_(), "graph"),
    (lambda *a, **k: dirac(*a, **k).tolist(), "must return a tensor"),
    (lambda *a, **k: dirac(*a, saturating=True, **k), "saturating"),
    (lambda *a, **k: dirac(*a, half=0.5, **k), "half and the two"),
    (lambda *a, **k: dirac(*a, half=2, **k), "half and the two"),
    (lambda *a, **k: dirac(*a, half=0, **k), "penalty is missing"),
    (lambda *a, **k: dirac(*a, half=-1, **k), "pushes psi up"),
    (lambda *a, **k: dirac(*a, slope=torch.ones_like, **k), "Wasserstein"),
    (lambda *a, **k: dirac(*a, **k).flip(1), "theta comes first"),
    (lambda *a, **k: dirac(*a, **k)[1:], "start is missing"),
    (lambda *a, **k: dirac(*a, **k)[:-1], "last step"),
    (lambda *a, **k: dirac(*a, **k).norm(dim=1), "distance"),
    (lambda *a, **k: dirac(*a, **k)[-1], "only the end"),
    (lambda *a, **k: dirac(*a, **k) * torch.tensor([1.0, 1.1]), "not the places"),
]  # fmt: skip

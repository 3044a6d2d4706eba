"""Answers to chapter 4's exercises beyond the losses."""

import math

import torch
from torch.nn import functional as F


def step(
    generator,
    discriminator,
    optimizer,
    real,
    z,
    *,
    zero="before",
    detach=True,
    together=False,
    on_real=lambda a: F.softplus(-a),
    on_fake=F.softplus,
    scale=1.0,
    move=True,
    returned=lambda loss: loss.item(),
):
    """One step of the judge; the options are what students get wrong."""
    if zero == "before":
        optimizer.zero_grad()
    fake = generator(z).detach() if detach else generator(z)
    if together:
        a, b = discriminator(torch.cat([real, fake])).split([len(real), len(fake)])
    else:
        a, b = discriminator(real), discriminator(fake)
    loss = scale * (on_real(a).mean() + on_fake(b).mean())
    loss.backward()
    if zero == "between":
        optimizer.zero_grad(set_to_none=False)
    if move:
        optimizer.step()
    if zero == "after":
        optimizer.zero_grad()
    return returned(loss)


def functional(generator, discriminator, optimizer, real, z):
    """With gradients of its own, and label tensors."""
    with torch.no_grad():
        fake = generator(z)
    losses = [
        F.binary_cross_entropy_with_logits(a, torch.full_like(a, label))
        for a, label in ((discriminator(real), 1.0), (discriminator(fake), 0.0))
    ]
    weights = list(discriminator.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(sum(losses), weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return sum(losses)


def fake_first(generator, discriminator, optimizer, real, z):
    fake = generator(z).detach()
    discriminator.zero_grad()
    on_fake = F.softplus(discriminator(fake)).mean()
    on_fake.backward()
    on_real = F.softplus(-discriminator(real)).mean()
    on_real.backward()
    optimizer.step()
    return (on_fake + on_real).detach()


def moves_both(generator, discriminator, optimizer, real, z):
    loss = step(generator, discriminator, optimizer, real, z)
    with torch.no_grad():
        for weight in generator.parameters():
            weight -= 0.01
    return loss


def clears_both(generator, discriminator, optimizer, real, z):
    generator.zero_grad()
    return step(generator, discriminator, optimizer, real, z)


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


def kl(p, q):
    return (p * (p.log() - q.log())).sum()


def js(p, q):
    return (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2


RIGHT = {
    "upsampling_plan": [
        lambda: [(1, 1), (2, 0), (2, 1), (2, 1), (2, 1), (2, 1)],
        lambda: ((1, 0), (1, 2), (4, 0), (2, 1), (2, 1), (2, 1)),
        lambda: [[2, 1], [2, 0], [4, 0], [4, 0]],
        lambda: [torch.tensor([1, 1]), torch.tensor([2, 0]), *4 * [torch.tensor([2, 1])]],
    ],
    "discriminator_step": [
        step,
        functional,
        fake_first,
        lambda g, d, o, real, z: step(g, d, o, real, z, returned=lambda loss: loss),
    ],
    "dirac_gan": [dirac, by_autograd, as_list],
    "kl_minus_2js": [
        lambda p, q: kl(q, p) - 2 * js(p, q),
        lambda p, q: 2 * kl((p + q) / 2, p),
        lambda p, q: F.kl_div(p.log(), q, reduction="sum") - 2 * js(p, q),
    ],
}
WRONG = {
    "upsampling_plan": [
        (lambda: [(2, 1)] * 5, "1 - 2 - 4 - 8 - 16 - 32: not 96"),
        (lambda: [(1, 0), *[(2, 1)] * 4], "64: not 96"),
        (lambda: [(1, 0), *[(2, 1)] * 5], "128: not 96"),
        (lambda: [(1, 0), (1, 2), *[(2, 1)] * 5], "seven|7 layers"),
        (lambda: [(4, 1, 0), (4, 2, 1)], "no list of pairs"),
        (lambda: 96, "no list of pairs"),
        (lambda: [1, 2, 2, 2, 2, 2], "no list of pairs"),
        (lambda: [(1, 3)], "- 0: not 96"),
        (lambda: [(1, 1), (0, 2), *4 * [(1, 2)]], "wrong way round"),
        (lambda: [(1, 0), (32, 2)], "a stride is 1 to 4"),
        (lambda: [], "these layers make 1: not 96"),
        (lambda: [(1, 1), (2, 0), (2, 1), (2, 1), (2, 1)], "48: not 96"),
        (lambda: [(1.0, 0.0)] * 6, "no list of pairs"),
    ],
    "discriminator_step": [
        (lambda *a: step(*a, zero=None), "stale gradients"),
        (lambda *a: step(*a, zero="after"), "stale gradients"),
        (lambda *a: step(*a, zero="between"), "did not move"),
        (lambda *a: step(*a, detach=False), "not detached"),
        (lambda *a: step(*a, together=True), "in one batch"),
        (lambda *a: step(*a, together=True, zero="after"), "stale gradients"),
        (lambda *a: step(*a, on_real=F.softplus, on_fake=lambda b: F.softplus(-b)), "changed places"),
        (lambda *a: step(*a, on_fake=lambda b: F.softplus(-b)), "second term calls fakes real"),
        (lambda *a: step(*a, on_real=lambda x: 0 * x), "only the fake batch"),
        (lambda *a: step(*a, on_fake=lambda b: 0 * b), "only the real batch"),
        (lambda *a: step(*a, scale=0.5), "halved"),
        (lambda *a: step(*a, scale=-1), "climbs"),
        (lambda *a: step(*a, scale=2), "two steps"),
        (lambda *a: step(*a, move=False), "did not move"),
        (lambda *a: step(*a, on_real=lambda x: 0 * x, on_fake=lambda b: F.softplus(-b)), "generator's loss"),
        (lambda g, *a: step(g.requires_grad_(False), *a), "frozen|gradients have changed"),
        (lambda g, *a: step(g.eval(), *a), "another mode"),
        (lambda g, d, *a: (step(g, d, *a), d.eval())[0], "the discriminator frozen or in another mode"),
        (moves_both, "weights have changed"),
        (clears_both, "gradients have changed"),
        (lambda *a: step(*a, returned=lambda loss: loss.item() / 2), "half the loss"),
        (lambda *a: step(*a, returned=lambda loss: 1.0), "not the loss before"),
        (lambda *a: step(*a, returned=lambda loss: None), "return statement"),
        (lambda *a: step(*a, on_real=lambda x: F.relu(1 - x), on_fake=lambda x: F.relu(1 + x)), "own loss"),
    ],
    "dirac_gan": [
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
    ],
    "kl_minus_2js": [
        (lambda p, q: kl(p, q) - 2 * js(p, q), "wrong way round"),
        (lambda p, q: kl(q, p) - js(p, q), "subtracted once"),
        (lambda p, q: kl(q, p) - 4 * js(p, q), "four times"),
        (lambda p, q: kl(q, p) + 2 * js(p, q), "added"),
        (lambda p, q: kl(q, p), "only KL"),
        (lambda p, q: js(p, q), "only JS"),
        (lambda p, q: -(q * (p / (p + q)).log()).sum(), "loss itself"),
        (lambda p, q: 2 * js(p, q) - kl(q, p), "sign"),
        (lambda p, q: (kl(q, p) - 2 * js(p, q)) / math.log(2), "bits"),
        (lambda p, q: (kl(q, p) - 2 * js(p, q)) / len(p), "mean over"),
        (lambda p, q: kl(q, p) - kl(p, p + q) - kl(q, p + q), "not halved"),
        (lambda p, q: kl(q, p) - kl((p + q) / 2, p) - kl((p + q) / 2, q), "logarithms the wrong way"),
        (lambda p, q: (kl(q, p) - 2 * js(p, q)).detach(), "no gradient"),
        (lambda p, q: kl(q, p) - 2 * js(p, q.detach()), "detached"),
        (lambda p, q: q * (q / p).log() - p * 0, "scalar|shape"),
        (lambda p, q: kl(q, p + 1e-8) - 2 * js(p, q + 1e-8), "not KL"),
        (lambda p, q: torch.tensor((kl(q, p) - 2 * js(p, q)).item(), dtype=p.dtype), "no gradient"),
    ],
}  # fmt: skip

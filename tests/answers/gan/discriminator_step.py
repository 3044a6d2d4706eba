"""Answers to `discriminator_step`."""

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


def never_backward(generator, discriminator, optimizer, real, z):
    loss = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(generator(z).detach())).mean()
    optimizer.step()
    return loss


RIGHT = [
    step,
    functional,
    fake_first,
    lambda g, d, o, real, z: step(g, d, o, real, z, returned=lambda loss: loss),
]
WRONG = [
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
    (never_backward, "backward is missing"),
]  # fmt: skip

"""Answers to `gradient_penalty`."""

import torch
from answers.shared import misused


def mix(real, fake, generator, *, shape=None):
    """Real images times a uniform weight plus fake ones times the rest."""
    shape = shape or (len(real),) + (1,) * (real.ndim - 1)
    weight = torch.rand(shape, generator=generator, dtype=real.dtype)
    return weight * real + (1 - weight) * fake


def slope(critic, x, *, reduce=torch.sum, create_graph=True):
    x = x.requires_grad_()
    return torch.autograd.grad(reduce(critic(x)), x, create_graph=create_graph)[0]


def norms(critic, real, fake, generator):
    return slope(critic, mix(real, fake, generator)).flatten(1).norm(dim=1)


def penalty(critic, real, fake, *, generator=None):
    return (norms(critic, real, fake, generator) - 1).square().mean()


def other_way_round(critic, real, fake, *, generator=None):
    return penalty(critic, fake, real, generator=generator)


def with_lerp(critic, real, fake, *, generator=None):
    weight = torch.rand(len(real), generator=generator).to(real).view(-1, *[1] * (real.ndim - 1))
    x = torch.lerp(real, fake, weight).detach().requires_grad_(True)
    out = critic(x)
    (gradient,) = torch.autograd.grad(out, x, torch.ones_like(out), create_graph=True, retain_graph=True)
    return ((gradient.reshape(len(x), -1).pow(2).sum(1) + 1e-12).sqrt() - 1).pow(2).mean()


def with_functions(critic, real, fake, *, generator=None):
    one = torch.func.grad(lambda x: critic(x[None])[0])
    gradient = torch.func.vmap(one)(mix(real, fake, generator))
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()


def a_few_at_a_time(critic, real, fake, *, generator=None):
    parts = mix(real, fake, generator).chunk(50)  # one image each, in a small batch
    return torch.cat([(slope(critic, part).flatten(1).norm(dim=1) - 1) ** 2 for part in parts]).mean()


def made_of(points=None, value=None):
    """The right answer with one part replaced: the points, or the value from the gradient there."""

    def answer(critic, real, fake, *, generator=None):
        x = points(real, fake, generator) if points else mix(real, fake, generator)
        gradient = slope(critic, x.clone())
        return value(gradient) if value else (gradient.flatten(1).norm(dim=1) - 1).square().mean()

    return answer


def without_graph(critic, real, fake, *, generator=None):
    gradient = slope(critic, mix(real, fake, generator), create_graph=False)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def of_the_mean(critic, real, fake, *, generator=None):
    gradient = slope(critic, mix(real, fake, generator), reduce=torch.mean)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def never_requires(critic, real, fake, *, generator=None):
    x = mix(real, fake, generator).detach()
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def backward(critic, real, fake, *, generator=None):
    x = mix(real, fake, generator).requires_grad_()
    critic(x).sum().backward(create_graph=True)
    return (x.grad.flatten(1).norm(dim=1) - 1).square().mean()


def for_images_only(critic, real, fake, *, generator=None):
    return made_of(lambda r, f, g: mix(r, f, g, shape=(len(r), 1, 1, 1)))(
        critic, real, fake, generator=generator
    )


def detached_norm(critic, real, fake, *, generator=None):
    norm = norms(critic, real, fake, generator)
    return ((norm - 1) * (norm.detach() - 1)).mean()


def looks_at_real_too(critic, real, fake, *, generator=None):
    critic(fake)
    value = penalty(critic, real, fake, generator=generator)
    critic(real)
    return value


def flattened(critic, real, fake, *, generator=None):
    return penalty(critic, real.flatten(1), fake.flatten(1), generator=generator)


def squared_weight(real, fake, generator):
    weight = torch.rand(len(real), *[1] * (real.ndim - 1), generator=generator, dtype=real.dtype) ** 2
    return weight * real + (1 - weight) * fake


def normal_weight(real, fake, generator):
    weight = 3 * torch.randn(len(real), *[1] * (real.ndim - 1), generator=generator, dtype=real.dtype)
    return weight * real + (1 - weight) * fake


def graph_used_up(critic, real, fake, *, generator=None):
    value = penalty(critic, real, fake, generator=generator)
    torch.autograd.grad(value, list(critic.parameters()))
    return value


RIGHT = [
    penalty,
    other_way_round,
    with_lerp,
    with_functions,
    a_few_at_a_time,
    looks_at_real_too,
]
WRONG = [
    (made_of(value=lambda g: (g.norm(dim=1) - 1).square().mean()), "axis 1 only"),
    (made_of(value=lambda g: (g.norm() - 1).square()), "over the whole batch"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=0) - 1).square().mean()), "batch axis|each image"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1) - 1).mean()), "square is missing"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1) - 1).abs().mean()), "square is missing"),
    (made_of(value=lambda g: g.flatten(1).norm(dim=1).square().mean()), "1 is missing"),
    (made_of(value=lambda g: g.flatten(1).norm(dim=1).mean()), "mean norm"),
    (made_of(value=lambda g: (g.flatten(1).square().sum(1) - 1).square().mean()), "root is missing"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1).mean() - 1).square()), "before the square"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1) - 1).square().sum()), "sum over the batch"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1) - 1).square()), "nothing is averaged"),
    (made_of(value=lambda g: 10 * (g.flatten(1).norm(dim=1) - 1).square().mean()), "weight \\(10\\)"),
    (made_of(value=lambda g: (g.flatten(1).norm(dim=1) - 1).relu().square().mean()), "above 1"),
    (made_of(value=lambda g: (g.flatten(1).abs().sum(1) - 1).square().mean()), "L1"),
    (made_of(value=lambda g: (g.detach().flatten(1).norm(dim=1) - 1).square().mean()), "create_graph"),
    (without_graph, "create_graph"),
    (detached_norm, "part of the computation is detached"),
    (never_requires, "must require a gradient"),
    (backward, "leaves gradients"),
    (of_the_mean, "divided by the batch size"),
    (made_of(lambda r, f, g: mix(r, f, g, shape=(1,))), "same weight"),
    (made_of(lambda r, f, g: 0.5 * r + 0.5 * f), "same weight"),
    (made_of(lambda r, f, g: mix(r, f, g, shape=r.shape)), "pixel to pixel"),
    (made_of(lambda r, f, g: mix(r, f, g, shape=r.shape[:2] + (1,) * (r.ndim - 2))), "pixel to pixel"),
    (for_images_only, "broadcast"),
    (flattened, "not like the images"),
    (made_of(lambda r, f, g: r), "at the real images"),
    (made_of(lambda r, f, g: f), "at the fake images"),
    (made_of(lambda r, f, g: torch.cat([r, f])), "shows the critic"),
    (made_of(normal_weight), "between real and fake"),
    (made_of(squared_weight), "not uniform"),
    (made_of(lambda r, f, g: mix(r, f, None)), "same seed"),
    (made_of(lambda r, f, g: mix(r, f, torch.Generator())), "same in every call"),
    (lambda critic, real, fake, *, generator=None: torch.zeros(()), "never calls"),
    (made_of(value=lambda g: (g.flatten(1).square().mean(1).sqrt() - 1).square().mean()),
     "sum, don't average"),
    (made_of(value=lambda g: 1.5 * (g.flatten(1).norm(dim=1) - 1).square().mean()),
     "this is not the mean over the batch"),
    (graph_used_up, "can't be differentiated"),
    *misused(penalty),
]  # fmt: skip

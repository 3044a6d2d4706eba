"""Answers to chapter 4's exercises."""

import torch
from torch.nn import functional as F

from answers.shared import SHAPE

BCE = F.binary_cross_entropy_with_logits


def labelled(real, fake):
    return BCE(real, torch.ones_like(real)) + BCE(fake, torch.zeros_like(fake))


def one_batch(real, fake):
    logits, labels = torch.cat([real, fake]), torch.cat([torch.ones_like(real), torch.zeros_like(fake)])
    return BCE(logits, labels)


def probabilities(real, fake):
    return -(real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean())


def epsilon(real, fake):
    on_real, on_fake = real.double().sigmoid() + 1e-12, 1 - fake.double().sigmoid() + 1e-12
    return -(on_real.log().mean() + on_fake.log().mean()).to(real.dtype)


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


def one_at_a_time(critic, real, fake, *, generator=None):
    points = mix(real, fake, generator).split(1)
    return torch.stack([(slope(critic, point).norm() - 1) ** 2 for point in points]).mean()


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


RIGHT = {
    "discriminator_loss": [
        labelled,
        lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean(),
        lambda real, fake: -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean(),
        lambda real, fake: torch.logaddexp(-real, 0 * real).mean() + torch.logaddexp(fake, 0 * fake).mean(),
    ],
    "generator_loss": [
        lambda fake: F.softplus(-fake).mean(),
        lambda fake: BCE(fake, torch.ones_like(fake)),
        lambda fake: -F.logsigmoid(fake).sum() / fake.numel(),
    ],
    "gradient_penalty": [
        penalty,
        other_way_round,
        with_lerp,
        with_functions,
        one_at_a_time,
        looks_at_real_too,
    ],
}
WRONG = {
    "discriminator_loss": [
        (lambda a, b: F.binary_cross_entropy_with_logits(a, torch.ones(a.shape, dtype=a.dtype))
         + F.softplus(b).mean(), "on a GPU"),
        (lambda real, fake: labelled(fake, real), "changed places"),
        (lambda real, fake: F.softplus(real).mean() + F.softplus(-fake).mean(), "changed places"),
        (lambda real, fake: F.softplus(-real).sum() + F.softplus(fake).sum(), "sum over the batch"),
        (lambda real, fake: labelled(real, fake) / 2, "half"),
        (one_batch, "one mean over both"),
        (lambda real, fake: 2 * one_batch(real, fake), "batches of one size"),
        (lambda real, fake: BCE(real, 0 * real + 1) + BCE(fake, 0 * fake + 0.1), "smoothed to 0.1"),
        (lambda real, fake: -labelled(real, fake), "maximises"),
        (lambda real, fake: BCE(real, torch.ones_like(real)), "only the real batch"),
        (lambda real, fake: BCE(fake, torch.zeros_like(fake)), "only the fake batch"),
        (lambda real, fake: F.softplus(-real).mean() + F.softplus(-fake).mean(), "the generator's"),
        (lambda real, fake: F.softplus(real).mean() + F.softplus(fake).mean(), "calls real images fake"),
        (lambda real, fake: F.softplus(-real).mean() - F.softplus(fake).mean(), "subtracted"),
        (lambda real, fake: labelled(real.sigmoid(), fake.sigmoid()), "twice"),
        (lambda real, fake: fake.mean() - real.mean(), "Wasserstein"),
        (lambda real, fake: F.relu(1 - real).mean() + F.relu(1 + fake).mean(), "hinge"),
        (lambda real, fake: (real - 1).square().mean() + fake.square().mean(), "least-squares"),
        (lambda real, fake: BCE(real, 0.9 + 0 * real) + BCE(fake, 0 * fake), "smoothed"),
        (lambda real, fake: fake.sigmoid().mean() - real.sigmoid().mean(), "logarithm is missing"),
        (probabilities, "inf or NaN for logits of"),
        (lambda real, fake: torch.log1p(torch.exp(-real)).mean() + torch.log1p(torch.exp(fake)).mean(),
         "inf or NaN for logits of"),
        (epsilon, "clamp or a small constant"),
        (lambda real, fake: labelled(real.clamp(-50, 50), fake.clamp(-50, 50)), "clamp or a small constant"),
        (lambda real, fake: -(real.log().mean() + (1 - fake).log().mean()), "forget the sigmoid"),
        (lambda real, fake: labelled(real, fake.detach()), "gradient is not"),
        (lambda real, fake: labelled(real, fake).detach(), "no gradient"),
        (lambda real, fake: labelled(real, fake).item(), "must return a tensor"),
        (lambda real, fake: labelled(real, fake).view(1), SHAPE),
    ],
    "generator_loss": [
        (lambda b: F.binary_cross_entropy_with_logits(b, torch.ones(b.shape, dtype=b.dtype)), "on a GPU"),
        (lambda fake: (1 - fake.sigmoid()).log().mean(), "saturating"),
        (lambda fake: -BCE(fake, torch.zeros_like(fake)), "saturating"),
        (lambda fake: BCE(fake, torch.zeros_like(fake)), "easier to spot"),
        (lambda fake: F.logsigmoid(fake).mean(), "sign"),
        (lambda fake: F.softplus(-fake).sum(), "sum over the batch|half"),
        (lambda fake: F.softplus(-fake).mean() / 2, "half"),
        (lambda fake: BCE(fake.sigmoid(), torch.ones_like(fake)), "twice"),
        (lambda fake: BCE(fake, 0 * fake + 0.9), "smoothed"),
        (lambda fake: -fake.mean(), "Wasserstein"),
        (lambda fake: (1 - fake.sigmoid()).mean(), "logarithm is missing"),
        (lambda fake: -fake.sigmoid().mean(), "logarithm is missing"),
        (lambda fake: (fake - 1).square().mean(), "least-squares"),
        (lambda fake: -fake.sigmoid().mean().log(), "before the logarithm"),
        (lambda fake: F.softplus(-fake.mean()), "before the softplus"),
        (lambda fake: F.softplus(-fake), "nothing is averaged"),
        (lambda fake: -fake.sigmoid().log().mean(), "inf or NaN for logits of"),
        (lambda fake: -(fake.sigmoid() + 1e-30).log().mean(), "clamp or a small constant"),
        (lambda fake: F.softplus(-fake).mean().detach(), "no gradient"),
        (lambda fake: F.softplus(-fake).mean().item(), "must return a tensor"),
        (lambda fake: F.softplus(-fake).mean()[None], SHAPE),
    ],
    "gradient_penalty": [
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
    ],
}  # fmt: skip

"""The check of `gradient_penalty`. Its critic keeps what it is shown, so that the random points at
which the answer took its gradients are known, and the right value with them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tutorial_utils.checks.core import CheckFailed, NotAttempted, call, check, expect, sized
from tutorial_utils.checks.noise import expect_generator

NO_GRAPH = (
    "the value is right, but no gradient reaches the critic's weights: it would never learn from the "
    "penalty. Pass create_graph=True to autograd.grad, and don't detach the gradient or take it under "
    "no_grad."
)
ONE_SIDED = "only norms above 1 are penalised. Here those below 1 are, too."


class _Critic(nn.Module):
    """(B, *shape) -> (B,): nonlinear, so that gradients differ from point to point; remembers its inputs."""

    def __init__(self, shape: torch.Size, dtype: torch.dtype, *, steepness: float) -> None:
        super().__init__()
        self.shape, num_dims = shape, shape.numel()
        self.weight = nn.Parameter(torch.randn(num_dims, 8, dtype=dtype) / num_dims**0.5)
        self.last = nn.Parameter(steepness * torch.randn(8, dtype=dtype))
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 0 or x.shape[-len(self.shape) :] != self.shape or x[0].numel() != len(self.weight):
            raise ValueError(
                f"the critic was shown points {tuple(x.shape)}, not like the images. Does the weight "
                "broadcast as (B, 1, ..., 1), for any number of axes?"
            )
        self.seen.append(_plain(x).reshape(-1, len(self.weight)))
        return torch.tanh(x.flatten(1) @ self.weight) @ self.last

    def __repr__(self) -> str:
        return "critic"


def _plain(x: Tensor) -> Tensor:
    """The numbers of x, out of the wrappers that torch.func puts around it."""
    while torch._C._functorch.is_functorch_wrapped_tensor(x):
        x = torch._C._functorch.get_unwrapped(x)
    return x.detach().clone()


@check(
    "gradient_penalty",
    "Draw one weight in [0, 1] for each image, shaped (B, 1, ..., 1) so that it broadcasts over the rest, "
    "and mix each real image with a fake one.",
    "The mixed images must require a gradient before the critic sees them. torch.autograd.grad of the sum of "
    "the critic's outputs gives each image its own gradient; create_graph=True makes the result "
    "differentiable.",
    "One norm for each image: flatten all axes but the first, and take the norm over axis 1. Then subtract "
    "1, square, and average.",
)
def check_gradient_penalty(fn: Callable) -> None:
    """`fn(critic, real, fake, *, generator=None)`: the mean over the batch of (|gradient| - 1)²."""
    for shape, dtype, steepness in (  # most norms are below 1, above, on either side
        ((6, 2), torch.float32, 0.4),
        ((5, 3, 4, 4), torch.float32, 1.5),
        ((1, 1, 6, 6), torch.float32, 1.5),
        ((4, 3, 5), torch.float64, 0.6),
    ):
        real, fake = torch.rand(shape, dtype=dtype), 2 + torch.rand(shape, dtype=dtype)
        critic = _Critic(real.shape[1:], dtype, steepness=steepness)
        value = _call(fn, critic, real, fake, generator=torch.Generator().manual_seed(0))
        points = _points(critic, real, fake)
        gradients = _gradients(critic, points)
        _check_value(value, gradients, shape)
        _check_graph(value, gradients, critic)
        _weights(points, real, fake)
    _check_randomness(fn)


def _call(fn: Callable, critic: _Critic, real: Tensor, fake: Tensor, **options: torch.Generator) -> object:
    try:
        value = call(fn, critic, real, fake, **options)
    except NotAttempted:
        raise
    except CheckFailed as failure:
        if "require grad" not in str(failure):
            raise
        raise CheckFailed(
            f"{failure} The mixed images must require a gradient before the critic sees them: "
            "x.requires_grad_(True), after any detach."
        ) from failure
    if any(weight.grad is not None for weight in critic.parameters()):
        raise CheckFailed(
            "it leaves gradients in the critic's weights (.grad), where the next step adds to them. Use "
            "torch.autograd.grad, which returns the gradient and touches nothing else."
        )
    return value


def _points(critic: _Critic, real: Tensor, fake: Tensor) -> Tensor:
    """Where the answer asked the critic: (B, D)."""
    if not critic.seen:
        raise CheckFailed("it never calls the critic.")
    whole = [torch.cat(critic.seen)] if sum(map(len, critic.seen)) == len(real) else critic.seen[::-1]
    ends = (real.flatten(1), fake.flatten(1))
    mixed = [x for x in whole if len(x) == len(real) and not any(torch.equal(x, end) for end in ends)]
    seen = mixed[0] if mixed else whole[0]
    if len(seen) != len(real):
        raise CheckFailed(
            f"it shows the critic {len(seen)} points for a batch of {len(real)}. It needs one mixture for "
            "each pair of real and fake."
        )
    return seen


def _gradients(critic: _Critic, points: Tensor) -> Tensor:
    x = points.unflatten(1, critic.shape).requires_grad_()
    return torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0].flatten(1)  # (B, D)


def _check_value(value: object, gradients: Tensor, shape: tuple[int, ...]) -> None:
    norm = gradients.norm(dim=1)
    right = (norm - 1).square().mean()
    mistakes = _wrong_norms(gradients, shape) | _wrong_means(norm)
    expect(
        value,
        right.detach(),
        sized({m: wrong.detach() for m, wrong in mistakes.items()}, right, num_images=len(norm)),
        otherwise=f"this is not the mean over the batch of (norm - 1)², the norm of the critic's gradient at "
        f"the mixed images, over all axes but the first (a batch of shape {shape}).",
    )


def _wrong_norms(gradients: Tensor, shape: tuple[int, ...]) -> dict[str, Tensor]:
    def penalty(norm: Tensor) -> Tensor:
        return (norm - 1).square().mean()

    norm = gradients.norm(dim=1)
    return {
        "the root is missing: this takes (norm² - 1)². The norm is the root of the sum of squares.":
        penalty(norm.square()),
        "the norm runs over axis 1 only (the channels): every pixel gets a penalty of its own. Flatten all "
        "axes but the first, then take the norm.": penalty(gradients.view(shape).norm(dim=1)),
        "this is one norm over the whole batch. Each image has its own.": penalty(gradients.norm()),
        "the norm runs over the batch axis. It runs over all other axes.": penalty(gradients.norm(dim=0)),
        "the gradient is that of the mean of the critic's outputs, so each image's is divided by the batch "
        "size. Differentiate their sum.": penalty(norm / len(norm)),
        "this is the norm of absolute values summed (L1). Take the Euclidean norm.":
        penalty(gradients.abs().sum(1)),
        "the root of the mean of squares is not the norm: sum, don't average, over the pixels.":
        penalty(gradients.square().mean(1).sqrt()),
    }  # fmt: skip


def _wrong_means(norm: Tensor) -> dict[str, Tensor]:
    penalties = (norm - 1).square()
    return {
        "the square is missing: penalise (norm - 1)².": (norm - 1).mean(),
        "the square is missing: penalise (norm - 1)², not its size.": (norm - 1).abs().mean(),
        "the 1 is missing: this is the mean squared norm, which pulls the slope to 0, not to 1.":
        norm.square().mean(),
        "this is the mean norm. Subtract 1 from each and square.": norm.mean(),
        "the mean is taken before the square: norms above and below 1 cancel.": (norm.mean() - 1).square(),
        "this is the sum over the batch. Take the mean.": penalties.sum(),
        "nothing is averaged: this is one number for each image.": penalties,
        "the weight (10) is included. Leave it to the caller.": 10 * penalties.mean(),
        "this is half of it.": penalties.mean() / 2,
        ONE_SIDED: (norm - 1).relu().square().mean(),
    }  # fmt: skip


def _check_graph(value: Tensor, gradients: Tensor, critic: _Critic) -> None:
    if not value.requires_grad:
        raise CheckFailed(NO_GRAPH)
    norm = gradients.norm(dim=1)
    weights = list(critic.parameters())
    expected = torch.autograd.grad((norm - 1).square().mean(), weights, retain_graph=True)
    one_sided = torch.autograd.grad((norm - 1).relu().square().mean(), weights)
    try:
        found = torch.autograd.grad(value, weights, allow_unused=True)
    except RuntimeError as problem:
        raise CheckFailed(
            f"the value is right, but it can't be differentiated ({' '.join(str(problem).split())[:80]}). "
            "Pass create_graph=True, and change nothing in place."
        ) from problem
    for gradient, right, wrong in zip(found, expected, one_sided, strict=True):
        if gradient is None:
            raise CheckFailed(NO_GRAPH)
        expect(
            gradient,
            right,
            {ONE_SIDED: wrong},
            otherwise="the value is right, but its gradient with respect to the critic's weights is not: "
            "part of the computation is detached.",
            tolerance=1e-3,
        )


def _weights(points: Tensor, real: Tensor, fake: Tensor) -> Tensor:
    """The weight of real in each mixture, (B,); fails where there is none."""
    weights = (points - fake.flatten(1)) / (real - fake).flatten(1)  # (B, D)
    first = weights[:, :1]
    if torch.allclose(weights, weights.new_ones(()).expand_as(weights), atol=1e-3):
        raise CheckFailed("the gradient is taken at the real images. Take it between real and fake.")
    if torch.allclose(weights, weights.new_zeros(()).expand_as(weights), atol=1e-3):
        raise CheckFailed("the gradient is taken at the fake images. Take it between real and fake.")
    if not torch.allclose(weights, first.expand_as(weights), atol=1e-3):
        raise CheckFailed(
            "the weight differs from pixel to pixel (or real and fake are shuffled against each other). Draw "
            "one weight for each image, shaped (B, 1, ..., 1): the points must lie on lines between real and "
            "fake."
        )
    if first.min() < -1e-3 or first.max() > 1 + 1e-3:
        raise CheckFailed(
            f"a weight is {first.min():.2f} or {first.max():.2f}: the points must lie between real and fake. "
            "Draw from [0, 1] with torch.rand."
        )
    return first[:, 0]


def _check_randomness(fn: Callable) -> None:
    """One uniform weight for each image, from the generator where one is given, fresh in every call."""
    real, fake = torch.rand(4000, 3), 2 + torch.rand(4000, 3)
    weights = _drawn(fn, real, fake, generator=torch.Generator().manual_seed(1))
    if weights.std() < 1e-3:
        raise CheckFailed(
            f"every image of the batch has the same weight, {weights[0]:.2f}. Draw one for each: "
            "torch.rand(B, ...)."
        )
    expect_generator(
        lambda **options: _drawn(fn, real[:20], fake[:20], **options),
        noise="weights",
        advice="pass generator=generator to torch.rand.",
    )
    if _distance_from_uniform(weights) > 0.05:  # once in 10⁸ by chance, with 4,000 weights
        raise CheckFailed("the weights are not uniform over [0, 1]. Draw them with torch.rand.")


def _drawn(fn: Callable, real: Tensor, fake: Tensor, **options: torch.Generator) -> Tensor:
    """The weights of one call, (B,)."""
    critic = _Critic(real.shape[1:], torch.float32, steepness=1.0)
    _call(fn, critic, real, fake, **options)
    return _weights(_points(critic, real, fake), real, fake)


def _distance_from_uniform(weights: Tensor) -> float:
    """The Kolmogorov-Smirnov statistic: the largest gap between the two distribution functions."""
    ticks = torch.arange(1, len(weights) + 1) / len(weights)
    return (weights.sort().values - ticks).abs().max().item()

"""The check of `predict`: eval mode for the answer, and every part's own mode afterwards."""

import copy
from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor, nn

from tutorial_utils.checks.core import CheckFailed, call, check, expect

IN_TRAINING = (
    "this is what the network says in training mode, where batch norm takes the mean and the variance of the "
    "batch at hand: an image's probabilities depend on its neighbours. Call network.eval() first."
)


@check(
    "predict",
    "Which two kinds of layers behave differently in training? network.eval() switches all of them, and "
    "softmax over axis 1 makes probabilities of the logits.",
    "Before eval(), note the mode of every part: modes = [part.training for part in network.modules()]. "
    "Afterwards give each one its own back: part.training = mode.",
    "Under torch.no_grad() no graph is kept. It does not switch batch norm or dropout.",
)
def check_predict(fn: Callable) -> None:
    """`fn(network, images)`: probabilities (B, K) of images (B, C, H, W), of a network left as it was found.

    The networks have batch norm with random running statistics, some of them dropout. They come in
    training mode, in eval mode, and in training mode with a frozen part.
    """
    for batch_size, num_classes, dropout, mode, dtype in (
        (6, 4, 0.0, "training", torch.float32),
        (1, 3, 0.0, "training", torch.float32),
        (5, 4, 0.0, "eval", torch.float32),
        (4, 5, 0.5, "training", torch.float64),
        (3, 4, 0.5, "frozen", torch.float32),
    ):
        network = _network(num_classes, dropout).to(dtype).train(mode != "eval")
        if mode == "frozen":
            network[0][1].eval().requires_grad_(False)
        _expect_predictions(fn, network, torch.rand(batch_size, 2, 6, 6, dtype=dtype))
    network = _network(4, 0.0)
    network[-1].bias.data = torch.tensor([200.0, -200.0, 200.0, -200.0])
    overflow = "it contains inf or NaN for logits of ±200: exp overflows. Use softmax on the logits."
    _expect_predictions(fn, network, torch.rand(5, 2, 6, 6), not_finite=overflow)


@torch.no_grad()
def _network(num_classes: int, dropout: float) -> nn.Sequential:
    norm, head = nn.BatchNorm2d(8), nn.Linear(8 * 4 * 4, num_classes)
    for values in (norm.running_mean, norm.bias):
        values.uniform_(-1, 1)
    for values in (norm.running_var, norm.weight):
        values.uniform_(0.2, 1)
    head.weight.uniform_(-0.3, 0.3)
    see = nn.Sequential(nn.Conv2d(2, 8, 3, bias=False), norm, nn.ReLU())
    return nn.Sequential(see, nn.Flatten(), nn.Dropout(dropout), head).requires_grad_()


def _expect_predictions(
    fn: Callable, network: nn.Module, images: Tensor, *, not_finite: str = "it contains inf or NaN."
) -> None:
    @wraps(fn)
    def predict(images: Tensor) -> Tensor:  # a failure's message need not describe the network
        return fn(network, images)

    before = _in_training(network)
    value = call(predict, images)
    if not torch.is_grad_enabled():
        raise CheckFailed("it leaves gradients switched off everywhere. Use `with torch.no_grad():`.")
    if network[2].p > 0 and isinstance(value, Tensor):
        again = call(predict, images)
        if value.shape == again.shape and not torch.allclose(value, again):
            raise CheckFailed(
                "two calls on the same images differ: dropout is at work. eval() stops it, too."
            )
    _compare(value, before, images, not_finite)
    if value.requires_grad:
        raise CheckFailed(
            "the probabilities are right, but hold on to the graph of the whole network: they require a "
            "gradient. Compute them under torch.no_grad()."
        )
    _expect_modes(network, before)
    _expect_untouched(network, before)


def _in_training(network: nn.Module) -> nn.Module:
    """Give it gradients, of the training that goes on; returns a copy of what it is then."""
    for weight in network.parameters():
        weight.grad = torch.randn_like(weight)
    before = copy.deepcopy(network)
    for found, weight in zip(before.parameters(), network.parameters(), strict=True):
        found.grad = weight.grad.clone()  # deepcopy leaves it out
    return before


def _compare(value: object, network: nn.Module, images: Tensor, not_finite: str) -> None:
    with torch.no_grad():
        logits = copy.deepcopy(network).eval()(images)
    right = logits.softmax(1)
    like = isinstance(value, Tensor) and value.shape == right.shape and value.dtype == right.dtype
    fits = like and torch.allclose(value.detach().cpu(), right, rtol=1e-4, atol=1e-6)
    expect(
        value,
        right,
        {} if fits else _prediction_mistakes(network, images, logits),
        otherwise="these are not the probabilities of the network in eval mode, softmax over the classes.",
        not_finite=not_finite,
    )


@torch.no_grad()
def _prediction_mistakes(network: nn.Module, images: Tensor, logits: Tensor) -> dict[str, object]:
    live = copy.deepcopy(network).train()
    together = live(images)  # moves its running statistics
    alone = torch.cat([copy.deepcopy(network).train()(image[None]) for image in images])
    right = logits.softmax(1)
    return {
        IN_TRAINING: [together.softmax(1), alone.softmax(1), together],
        "a pass in training mode has moved the running statistics before the one in eval mode.":
        live.eval()(images).softmax(1),
        "these are logits. A softmax over the classes makes probabilities of them.": logits,
        "the softmax runs over the images, axis 0. Each image's probabilities sum to 1: axis 1.":
        logits.softmax(0),
        "this is a sigmoid of each logit, for classes that don't exclude each other. Use a softmax.":
        logits.sigmoid(),
        "these are logarithms of probabilities: softmax, not log_softmax.": logits.log_softmax(1),
        "these are the numbers of the likeliest classes. Return all probabilities.": logits.argmax(1),
        "this is the largest probability of each image. Return all of them.": right.amax(1),
        "the softmax is applied twice.": right.softmax(1),
    }  # fmt: skip


def _expect_modes(network: nn.Module, before: nn.Module) -> None:
    if network.training and not before.training:
        raise CheckFailed(
            "the network came in eval mode and is left in training mode. Note network.training before "
            "eval(), and give that back."
        )
    if before.training and not network.training:
        raise CheckFailed(
            "the network came in training mode and is left in eval mode: the training after it would go on "
            "with running statistics and without dropout. Give the mode back."
        )
    for part, found in zip(network.modules(), before.modules(), strict=True):
        if part.training != found.training:
            modes = ("training", "eval") if found.training else ("eval", "training")
            raise CheckFailed(
                f"its {type(part).__name__} was found in {modes[0]} mode, and is left in {modes[1]} mode. "
                "train() and eval() set every part: note the mode of each of network.modules(), and give "
                "each its own back."
            )


def _expect_untouched(network: nn.Module, before: nn.Module) -> None:
    for weight, found in zip(network.parameters(), before.parameters(), strict=True):
        if weight.requires_grad != found.requires_grad:
            raise CheckFailed("it changes which parameters require a gradient. torch.no_grad() changes none.")
        if weight.grad is None or not torch.equal(weight.grad, found.grad):
            raise CheckFailed("it changes the gradients that the training has collected.")
    if repr(network) != repr(before):
        raise CheckFailed("it changes a setting of a layer for good, such as dropout's p: see repr(network).")
    now, then = network.state_dict().values(), before.state_dict().values()
    if not all(torch.equal(a, b) for a, b in zip(now, then, strict=True)):
        raise CheckFailed(
            "the network's running statistics or weights have changed. A pass in training mode moves the "
            "statistics, under no_grad, too."
        )

"""Answers to `predict`."""

import copy

import torch
from answers.shared import SHAPE
from torch import nn
from torch.nn import functional as F


def noted(network, images, *, output=lambda logits: logits.softmax(1), before=None, after=None):
    """The mode of each part noted and given back; the options are what students get wrong."""
    modes = [part.training for part in network.modules()]
    with torch.no_grad():
        if before:
            before(network, images)
        probabilities = output(network.eval()(images))
        for part, mode in zip(network.modules(), modes, strict=True):
            part.training = mode
        if after:
            after(network, images)
    return probabilities


def recursive(network, images):
    """By train(mode) on each part, the outer ones first, in inference mode and image by image."""
    modes = {part: part.training for part in network.modules()}
    network.train(False)
    try:
        with torch.inference_mode():
            return torch.cat([F.softmax(network(image[None]), dim=-1) for image in images])
    finally:
        for part, mode in modes.items():
            part.train(mode)


def on_a_copy(network, images):
    logits = copy.deepcopy(network).eval()(images).detach()
    weights = (logits - logits.amax(1, keepdim=True)).exp()
    return weights / weights.sum(1, keepdim=True)


def flagged(network, images, back=None):
    """With the network's own flag alone, or always one mode, given back."""
    mode = network.training if back is None else back
    with torch.no_grad():
        probabilities = network.eval()(images).softmax(1)
    network.train(mode)
    return probabilities


def never_back(network, images):
    network.eval()
    with torch.no_grad():
        return network(images).softmax(1)


def with_graph(network, images):
    modes = [part.training for part in network.modules()]
    probabilities = network.eval()(images).softmax(1)
    for part, mode in zip(network.modules(), modes, strict=True):
        part.training = mode
    return probabilities


def children_only(network, images):
    """Modes noted and given back for the direct children: a frozen part inside one of them wakes up."""
    modes = {name: part.training for name, part in network.named_children()}
    found = network.training
    network.eval()
    with torch.no_grad():
        probabilities = network(images).softmax(1)
    network.train(found)
    for name, part in network.named_children():
        part.train(modes[name])
    return probabilities


def without_dropout(network, images):
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return noted(network, images)


def frozen(network, images):
    network.requires_grad_(False)
    return noted(network, images)


def switched_off(network, images):
    torch.set_grad_enabled(False)
    return noted(network, images)


def norms_only(network, images):
    """Batch norm in eval mode, dropout as it was."""
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    modes = [norm.training for norm in norms]
    with torch.no_grad():
        for norm in norms:
            norm.eval()
        probabilities = network(images).softmax(1)
    for norm, mode in zip(norms, modes, strict=True):
        norm.training = mode
    return probabilities


def exponentials(logits):
    return logits.exp() / logits.exp().sum(1, keepdim=True)


@torch.no_grad()
def not_switched(network, images):
    return network(images).softmax(1)


def own_flag(network, images):
    network.training = False
    return not_switched(network, images)


RIGHT = [noted, recursive, on_a_copy]
WRONG = [
    (lambda network, images: network(images).softmax(1), "in training mode, where batch norm"),
    (not_switched, "in training mode, where batch norm"),
    (own_flag, "in training mode, where batch norm"),
    (lambda network, images: torch.cat([network(image[None]) for image in images]).softmax(1),
     "in training mode, where batch norm|not the probabilities"),
    (lambda network, images: not_switched(copy.deepcopy(network), images), "in training mode, where"),
    (never_back, "is left in eval mode: the training after it"),
    (lambda network, images: flagged(network, images, True), "came in eval mode and is left in training"),
    (lambda network, images: flagged(network, images, False), "is left in eval mode"),
    (flagged, "its BatchNorm2d was found in eval mode, and is left in training mode"),
    (without_dropout, "changes a setting of a layer for good"),
    (children_only, "its BatchNorm2d was found in eval mode"),
    (with_graph, "graph of the whole network"),
    (frozen, "which parameters require a gradient"),
    (switched_off, "switched off everywhere"),
    (norms_only, "dropout is at work"),
    (lambda n, x: noted(n, x, before=lambda n, x: n.train()(x)), "before the one in eval mode"),
    (lambda n, x: noted(n, x, after=lambda n, x: n.train()(x)), "left in training|statistics or weights"),
    (lambda n, x: noted(n, x, after=lambda n, x: n[0][1].running_mean.zero_()), "statistics or weights"),
    (lambda n, x: noted(n, x, output=lambda logits: logits), "these are logits"),
    (lambda n, x: noted(n, x, output=lambda logits: logits.softmax(0)), "over the images, axis 0"),
    (lambda n, x: noted(n, x, output=torch.sigmoid), "sigmoid"),
    (lambda n, x: noted(n, x, output=lambda logits: logits.argmax(1)), "numbers of the likeliest"),
    (lambda n, x: noted(n, x, output=lambda logits: logits.softmax(1).amax(1)), "largest probability"),
    (lambda n, x: noted(n, x, output=lambda logits: logits.log_softmax(1)), "logarithms"),
    (lambda n, x: noted(n, x, output=lambda logits: logits.softmax(1).softmax(1)), "applied twice"),
    (lambda n, x: noted(n, x, output=exponentials), "exp overflows"),
    (lambda n, x: noted(n, x, output=lambda logits: (2 * logits).softmax(1)), "not the probabilities"),
    (lambda n, x: noted(n, x).squeeze(), SHAPE),
    (lambda n, x: noted(n, x).float(), "float64"),
    (lambda n, x: noted(n, x).tolist(), "must return a tensor"),
    (lambda n, x: noted(n, x.sub_(0.5)), "in place"),
    (lambda n, x: noted(n, x, before=lambda n, x: n.zero_grad()),
     "gradients that the training has collected"),
]  # fmt: skip

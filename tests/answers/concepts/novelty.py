"""Answers to `novelty`."""

import torch
from answers.shared import SHAPE


def product(s, t):
    """Squared distances by a² + b² - 2ab."""
    s, t = s.flatten(1), t.flatten(1)
    return s.square().sum(1)[:, None] + t.square().sum(1) - 2 * s @ t.T


RIGHT = [
    lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1),
    lambda s, t: torch.stack([(t - image).flatten(1).norm(dim=1).min() for image in s]),
    lambda s, t: (s[:, None] - t[None]).flatten(2).square().sum(2).min(1).values.sqrt(),
    lambda s, t: torch.cdist(s.flatten(1), t.flatten(1), compute_mode="use_mm_for_euclid_dist").amin(1),
    lambda s, t: product(s, t).clamp(min=0).sqrt().amin(1),
    lambda s, t: torch.tensor([min((image - other).norm().item() for other in t) for image in s]),
]
WRONG = [
    (lambda s, t: torch.minimum(
        torch.full((len(s),), 1e9), torch.cdist(s.flatten(1), t.flatten(1)).amin(1)), "on a GPU"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1) ** 2, "squared distances"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).mean(1), "averages over the training"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amax(1), "farthest"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(0), "other axis"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).argmin(1), "indices"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1), p=1).amin(1), "absolute differences"),
    (lambda s, t: (s[:, None] - t).square().flatten(2).mean(2).amin(1).sqrt(), "root mean square"),
    (lambda s, t: (s[:, None] - t).square().flatten(2).mean(2).amin(1), "mean squared differences"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1).mean(), "one number for all"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).min(), "one number for all"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)), "Keep the smallest"),
    (lambda s, t: torch.cdist(s, t).amin(1), "raised|shape"),
    (lambda s, t: torch.cdist(s.mul_(1).add_(1).flatten(1), t.add_(1).flatten(1)).amin(1), "in place"),
    (lambda s, t: [1.0] * len(s), "must return a tensor"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1, keepdim=True), SHAPE),
    (lambda s, t: product(s, t).sqrt().amin(1), "Clamp it at 0"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1).clamp(min=1),
     "a copy of a training image must"),
    (lambda s, t: torch.cdist(s.flatten(1), t.flatten(1), p=3).amin(1), "these are not the distances"),
]  # fmt: skip

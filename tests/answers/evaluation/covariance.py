"""Answers to `covariance`."""

import numpy as np
import torch


def in_one_pass(features):
    """The broken formula, in float64 and unbiased: there it is right."""
    x = features.double()
    mean, num = x.mean(0), len(x)
    return (x.T @ x / num - torch.outer(mean, mean)) * (num / (num - 1))


def centred_first(features):
    """Centred in float32, which is nearly exact, and multiplied in float64."""
    x = (features - features.mean(0)).double()
    return x.T @ x / (len(x) - 1)


def pair_by_pair(features):
    x = features.double().numpy()
    x = x - x.mean(0, keepdims=True)
    return torch.from_numpy(np.einsum("ni,nj->ij", x, x) / (len(x) - 1))


def broken(features):
    """As the notebook shows it."""
    mean = features.mean(0)
    return features.T @ features / len(features) - torch.outer(mean, mean)


def broken_unbiased(features):
    return broken(features) * (len(features) / (len(features) - 1))


def squares(centred, *, over=None):
    """An answer from what is subtracted; `over` is what the sum is divided by, N - 1 where None."""

    def answer(features):
        x = centred(features.double())
        return x.T @ x / (over(x) if over else len(x) - 1)

    return answer


def deviations(features):
    return features.double() - features.double().mean(0)


RIGHT = [
    lambda features: torch.cov(features.double().T).reshape(2 * features.shape[1:]),
    in_one_pass,
    centred_first,
    pair_by_pair,
    lambda features: torch.cov(features.T).double().reshape(2 * features.shape[1:]),
    squares(deviations),
]
WRONG = [
    (broken, "rounding eats it.*difference of two numbers near a million"),
    (broken_unbiased, "rounding eats it.*difference of two numbers near a million"),
    (lambda features: broken_unbiased(features).double(), "too late"),
    (lambda features: (features.T @ features).double() / len(features) - torch.outer(
        features.double().mean(0), features.double().mean(0)), "too late"),
    (lambda features: broken(features.double()), "divided by N. The unbiased"),
    (squares(deviations, over=len), "divided by N. The unbiased"),
    (squares(deviations, over=lambda x: 1), "not divided by N - 1"),
    (squares(lambda x: x, over=len), "mean is not taken off"),
    (squares(lambda x: x), "mean is not taken off"),
    (lambda features: squares(lambda x: x)(features) - torch.outer(
        features.double().mean(0), features.double().mean(0)), "not scaled along"),
    (lambda features: torch.cov(features.double()), "wrong axis"),
    (lambda features: deviations(features) @ deviations(features).T / (len(features) - 1), "wrong axis"),
    (squares(lambda x: x - x.mean()), "one mean is taken over all"),
    (squares(lambda x: x - x.mean(1, keepdim=True)), "mean of each sample"),
    (lambda features: torch.corrcoef(features.double().T), "correlations"),
    (lambda features: features.double().var(0), "only variances"),
    (lambda features: features.double().var(0).diag(), "only variances"),
    (lambda features: features.double().std(0), "standard deviations"),
    (lambda features: torch.cov(features.double().T), "single feature torch.cov"),
    (lambda features: squares(deviations)(features).squeeze(), "single feature torch.cov"),
    (lambda features: squares(deviations)(features).float(), "are torch.float32. Return float64"),
    (lambda features: torch.cov(features.T).reshape(2 * features.shape[1:]), "are torch.float32"),
    (lambda features: np.cov(features.double().numpy(), rowvar=False), "must return a tensor"),
    (lambda features: squares(deviations)(features.sub_(1)), "in place"),
    (lambda features: squares(deviations)(features) + torch.zeros(features.shape[1:]), "on a GPU"),
    (lambda features: squares(deviations)(features).abs(), "mean product of two features"),
]  # fmt: skip

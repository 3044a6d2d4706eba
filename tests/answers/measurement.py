"""Answers to chapter 6's exercises about known Gaussians, covariances, copies and the bootstrap."""

import math

import numpy as np
import torch

from tutorial_utils import metrics


def shifted(of_means=lambda shift: shift**2, of_spreads=lambda scale: (scale - 1) ** 2):
    return lambda dim, scale, shift: dim * (of_means(shift) + of_spreads(scale))


def by_traces(dim, scale, shift):
    """Equation (2), matrix by matrix."""
    c, d = torch.eye(dim, dtype=torch.float64), scale**2 * torch.eye(dim, dtype=torch.float64)
    gap = torch.full((dim,), shift, dtype=torch.float64)
    return gap @ gap + torch.trace(c + d - 2 * (c @ d).sqrt())


def measured(dim, scale, shift):
    """By the metric itself, of the corners of a cube, whose covariance is known."""
    corners = torch.cat([torch.eye(dim), -torch.eye(dim)]).double()
    corners = corners * math.sqrt((2 * dim - 1) / 2)
    return metrics.frechet_distance(corners, scale * corners + shift)


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


def nearest(points, others):
    return metrics.nearest_neighbors(points, others)[0]


def below(limit, *, of=lambda found, train, fake: found.float().mean().item(), near=None):
    """An answer from the threshold that it makes of the distances of held_out to train."""

    def answer(train, held_out, fake):
        threshold = limit(nearest(held_out, train))
        near_by = near(train, held_out, fake) if near else nearest(fake, train)
        return of(near_by < threshold, train, fake)

    return answer


def quantile(share):
    return lambda usual: usual.quantile(share)


def corrected(train, held_out, fake):
    """Of the fakes below the 10 % quantile, fresh ones are taken off."""
    limit = nearest(held_out, train).quantile(0.1)
    found = (nearest(fake, train) < limit).double().mean()
    return ((found - 0.1) / 0.9).clamp(min=0)


def second_is_far(train, held_out, fake):
    """A copy is much nearer to one training point than to the next (a loop, and no held_out)."""
    copies = 0
    for sample in fake:
        first, second = (train - sample).norm(dim=1).sort().values[:2].tolist()
        copies += first < second / 3
    return copies / len(fake)


def nearer_than_neighbours(train, held_out, fake):
    """Nearer to a training point than a tenth of the way to that point's own neighbour."""
    near, which = metrics.nearest_neighbors(fake, train)
    apart = torch.cdist(train.double(), train.double()).fill_diagonal_(torch.inf).amin(1)
    return (near < 0.1 * apart[which]).double().mean()


def by_means(train, held_out, fake):
    return (1 - nearest(fake, train).mean() / nearest(held_out, train).mean()).clamp(0, 1)


def fixed(limit):
    return lambda train, held_out, fake: (nearest(fake, train) < limit).float().mean().item()


def spacing(train):
    return torch.cdist(train, train).fill_diagonal_(torch.inf).amin(1)


def logs(num_samples):
    return math.exp(num_samples * math.log1p(-1 / num_samples)) if num_samples > 1 else 0.0


def binomial(num_samples):
    draws = torch.distributions.Binomial(num_samples, torch.tensor(1 / num_samples, dtype=torch.float64))
    return draws.log_prob(torch.tensor(0.0, dtype=torch.float64)).exp() if num_samples > 1 else 0.0


def simulated(num_samples):
    draws = np.random.default_rng(0).integers(num_samples, size=num_samples)
    return 1 - len(np.unique(draws)) / num_samples


RIGHT = {
    "frechet_of_shifted": [shifted(), by_traces, measured, lambda d, s, m: d * (m * m + 1 + s * s - 2 * s)],
    "covariance": [
        lambda features: torch.cov(features.double().T).reshape(2 * features.shape[1:]),
        in_one_pass,
        centred_first,
        pair_by_pair,
        lambda features: torch.cov(features.T).double().reshape(2 * features.shape[1:]),
        squares(deviations),
    ],
    "copied_share": [
        below(quantile(0.01)),
        below(quantile(0.05)),
        below(lambda usual: usual.min() / 2),
        corrected,
        second_is_far,
        nearer_than_neighbours,
        by_means,
    ],
    "left_out_share": [lambda n: (1 - 1 / n) ** n, logs, binomial, lambda n: np.float64((n - 1) / n) ** n],
}
WRONG = {
    "frechet_of_shifted": [
        (lambda d, s, m: m**2 + (s - 1) ** 2, "for one dimension"),
        (lambda d, s, m: d * m**2 + (s - 1) ** 2, "one of the two terms is taken once"),
        (lambda d, s, m: m**2 + d * (s - 1) ** 2, "one of the two terms is taken once"),
        (lambda d, s, m: math.sqrt(d * (m**2 + (s - 1) ** 2)), "root of the distance"),
        (lambda d, s, m: math.sqrt(d) * (m**2 + (s - 1) ** 2), "√dim"),
        (shifted(of_means=lambda shift: shift), "means are not squared"),
        (shifted(of_means=abs), "means are not squared"),
        (lambda d, s, m: math.sqrt(d) * abs(m) + d * (s - 1) ** 2, "means are not squared"),
        (lambda d, s, m: (d * m) ** 2 + d * (s - 1) ** 2, "summed over the coordinates"),
        (lambda d, s, m: d * (m + s - 1) ** 2, "squared together"),
        (shifted(of_spreads=lambda scale: (scale**2 - 1) ** 2), "entry by entry"),
        (shifted(of_spreads=lambda scale: 1 - scale**2), "root of C C' is missing"),
        (shifted(of_spreads=lambda scale: abs(1 - scale**2)), "root of C C' is missing"),
        (shifted(of_spreads=lambda scale: abs(scale - 1)), "must be squared"),
        (shifted(of_spreads=lambda scale: (math.sqrt(scale) - 1) ** 2), "taken for a variance"),
        (shifted(of_spreads=lambda scale: 0), "only the means"),
        (shifted(of_means=lambda shift: 0), "means are missing"),
        (shifted(of_spreads=lambda scale: 1 + scale**2), "-2 tr"),
        (shifted(of_spreads=lambda scale: 1 + scale**2 - scale), "factor 2"),
        (shifted(of_spreads=lambda scale: (1 + scale) ** 2), "is added"),
        (lambda d, s, m: d / 2 * (s**2 + m**2 - 1 - 2 * math.log(s)), "raised ValueError"),
        (lambda d, s, m: torch.tensor(d / 2 * (s**2 + m**2 - 1)) - d * torch.tensor(s).log(), "inf or NaN"),
        (lambda d, s, m: 2.56, "another distance"),
        (lambda d, s, m: torch.full((d,), m**2 + (s - 1) ** 2), "one number"),
    ],
    "covariance": [
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
    ],
    "copied_share": [
        (lambda t, h, f: (torch.cdist(f, t) == 0).any(1).float().mean(), "exactly 0"),
        (lambda t, h, f: below(quantile(0.01), near=lambda t, h, f: nearest(f, h))(t, h, f), "near train"),
        (lambda t, h, f: below(quantile(0.01))(h, t, f), "near train"),
        (metrics.memorization_ratio, "memorisation ratio"),
        (lambda t, h, f: 1 - metrics.memorization_ratio(t, h, f), "memorisation ratio"),
        (below(torch.median), "half of the fresh"),
        (below(torch.mean), "half of the fresh"),
        (lambda t, h, f: (nearest(f, t) < spacing(t).median()).float().mean(), "half of the fresh"),
        (lambda t, h, f: (nearest(f, t) < torch.cdist(t, t).mean()).float().mean(), "nearly. everything"),
        (below(torch.max), "nearly. everything"),
        (fixed(1e-6), "exactly 0"),
        (fixed(0.01), "exactly 0|other units"),
        (fixed(0.5), "other units|fresh fakes alone"),
        (fixed(3.0), "other units|nearly. everything"),
        (below(quantile(0.01), of=lambda found, t, f: 1 - found.float().mean()), "NOT copied"),
        (lambda t, h, f: nearest(f, t).mean() / nearest(h, t).mean(), "NOT copied"),
        (below(quantile(0.01), of=lambda found, t, f: found.sum()), "count"),
        (below(lambda usual: usual.min() / 2, of=lambda found, t, f: found.sum()), "count"),
        (below(quantile(0.01), of=lambda found, t, f: 100 * found.float().mean()), "percent"),
        (below(quantile(0.01), of=lambda found, t, f: found.sum() / len(t)), "size of train"),
        (below(quantile(0.01), near=lambda t, h, f: nearest(t, f)), "share of training points"),
        (below(quantile(0.25)), "fresh fakes alone"),
        (below(quantile(0.01), of=lambda found, t, f: found.float().mean() / 2), "30% of the fakes|100% of"),
        (below(quantile(0.01), of=lambda found, t, f: found), "one number"),
        (lambda t, h, f: 1 - nearest(f, t).mean() / nearest(h, t).mean() + 0.02, "between 0 and 1"),
    ],
    "left_out_share": [
        (lambda n: math.exp(-1), "the limit"),
        (lambda n: 0.37, "this is not the probability"),
        (lambda n: math.exp(-1) * (1 - 1 / (2 * n)), "the limit"),
        (lambda n: 1 - (1 - 1 / n) ** n, "IS drawn"),
        (lambda n: 1 - 1 / math.e, "IS drawn"),
        (lambda n: (1 - 1 / n) ** (n - 1), "drawn exactly once"),
        (lambda n: (1 - 1 / n) ** (n + 1), "too many"),
        (lambda n: 1 - 1 / n, "single draw"),
        (lambda n: 1 / n, "one draw hits"),
        (lambda n: 0.5, "a guess"),
        (lambda n: math.exp(-1 / n), "exp"),
        (lambda n: n * (1 - 1 / n) ** n, "number of samples"),
        (lambda n: (1 / n) ** n, "every time"),
        (lambda n: 0, "without replacement"),
        (simulated, "this is not the probability"),
        (lambda n: (1 - torch.tensor(1 / n)) ** n, "for a million"),
        (lambda n: math.exp(n * math.log1p(-1 / n)), "raised ValueError"),
    ],
}  # fmt: skip

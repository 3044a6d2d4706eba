"""Answers to `copied_share`."""

import torch

from tutorial_utils import metrics


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
    """A copy is much nearer to one training point than to the next (without held_out)."""
    distances = torch.cdist(fake, train, compute_mode="donot_use_mm_for_euclid_dist")
    first, second = distances.topk(2, largest=False).values.T
    return (first < second / 3).float().mean()


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


RIGHT = [
    below(quantile(0.01)),
    below(quantile(0.05)),
    below(lambda usual: usual.min() / 2),
    corrected,
    second_is_far,
    nearer_than_neighbours,
    by_means,
]
WRONG = [
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
]  # fmt: skip

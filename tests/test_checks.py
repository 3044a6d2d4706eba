"""Claims: each check accepts right answers however written, and names the mistake in each wrong one."""

import math

import pytest
import torch
from torch.nn import functional as F

from tutorial_utils import checks
from tutorial_utils.checks import CheckFailed, NotAttempted


def product(s, t):
    """Squared distances by a² + b² - 2ab."""
    s, t = s.flatten(1), t.flatten(1)
    return s.square().sum(1)[:, None] + t.square().sum(1) - 2 * s @ t.T


SHAPE = "numbers are right, but the shape"
RIGHT = {
    "novelty": [
        lambda s, t: torch.cdist(s.flatten(1), t.flatten(1)).amin(1),
        lambda s, t: torch.stack([(t - image).flatten(1).norm(dim=1).min() for image in s]),
        lambda s, t: (s[:, None] - t[None]).flatten(2).square().sum(2).min(1).values.sqrt(),
        lambda s, t: torch.cdist(s.flatten(1), t.flatten(1), compute_mode="use_mm_for_euclid_dist").amin(1),
        lambda s, t: product(s, t).clamp(min=0).sqrt().amin(1),
        lambda s, t: torch.tensor([min((image - other).norm().item() for other in t) for image in s]),
    ],
    "mse": [
        F.mse_loss,
        lambda x, y: ((y - x) ** 2).mean(),
        lambda x, y: (x - y).flatten().dot((x - y).flatten()) / x.numel(),
    ],
    "bce_with_logits": [
        F.binary_cross_entropy_with_logits,
        lambda a, t: (F.softplus(a) - t * a).mean(),
        lambda a, t: -(t * F.logsigmoid(a) + (1 - t) * F.logsigmoid(-a)).mean(),
        lambda a, t: (a.clamp(min=0) - a * t + torch.log1p(torch.exp(-a.abs()))).mean(),
    ],
    "bits_per_dim": [
        lambda nll, d: nll / (d * math.log(2)),
        lambda nll, d: nll * math.log2(math.e) / d,
    ],
}


def in_place(x, y):
    difference = x - y
    difference *= difference
    return difference.mean()


def naive(a, t):
    p = a.sigmoid()
    return -(t * p.log() + (1 - t) * (1 - p).log()).mean()


def patched(a, t):
    """The value repaired after the fact: the gradient still is NaN."""
    p = a.sigmoid()
    stable = F.binary_cross_entropy_with_logits(a, t).detach()
    value = -(t * p.log() + (1 - t) * (1 - p).log()).mean()
    return torch.where(value.isfinite(), value, stable + 0 * value.nan_to_num())


def epsilon(a, t):
    p = a.double().sigmoid()
    return -(t * (p + 1e-12).log() + (1 - t) * (1 - p + 1e-12).log()).mean().to(a.dtype)


WRONG = {
    "novelty": [
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
    ],
    "mse": [
        (lambda x, y: (x - y).square().mean().sqrt(), "root"),
        (lambda x, y: (x - y).square().sum(), "sum over every element"),
        (lambda x, y: (x - y).square().flatten(1).sum(1).mean() if x.ndim > 1 else (x - y).square().mean(),
         "sums within each image"),
        (lambda x, y: (x - y).square().flatten(1).mean(1) if x.ndim > 1 else (x - y).square().mean(),
         "one number for each image"),
        (lambda x, y: (x - y).abs().mean(), "absolute"),
        (lambda x, y: (x - y).mean(), "cancel"),
        (lambda x, y: (y - x).mean(), "cancel"),
        (lambda x, y: 0.5 * (x - y).square().mean(), "half"),
        (lambda x, y: (x - y).mean() ** 2, "before the square"),
        (lambda x, y: (x - y).square(), "nothing is averaged|each image"),
        (lambda x, y: (x - y).square().mean().detach(), "gradient"),
        (lambda x, y: (x - y.detach()).square().mean(), "gradient"),
        (lambda x, y: (x - y).square().mean().item(), "must return a tensor"),
        (lambda x, y: ((x - y) ^ 2).mean(), r"power is \*\*"),
        (in_place, "in-place"),
        (lambda x, y: (x - y).square().mean().view(1), SHAPE),
        (lambda x, y: (x - y).square().mean().float(), "float64"),
        (lambda x, y: None if x.requires_grad else (x - y).square().mean(), "returned None"),
    ],
    "bce_with_logits": [
        (naive, "inf or NaN"),
        (epsilon, "clamp or a small constant|gradient"),
        (lambda a, t: F.binary_cross_entropy(a.sigmoid(), t), "clamp or a small constant"),
        (patched, "gradient is NaN"),
        (lambda a, t: (torch.log1p(torch.exp(a)) - t * a).mean(), "inf or NaN for logits of"),
        (lambda a, t: (torch.log1p(torch.exp(a.double())) - t * a).mean(), "inf or NaN for logits of"),
        (lambda a, t: -(t * a.log() + (1 - t) * (1 - a).log()).mean(), "forget the sigmoid"),
        (lambda a, t: F.binary_cross_entropy_with_logits(t, a), "logits come first"),
        (lambda a, t: -F.binary_cross_entropy_with_logits(a, t), "sign"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, 1 - t), "changed places"),
        (lambda a, t: F.binary_cross_entropy_with_logits(-a, t), "changed places"),
        (lambda a, t: -(t * F.logsigmoid(a)).mean(), "only the term target"),
        (lambda a, t: -((1 - t) * F.logsigmoid(-a)).mean(), "only the term \\(1 - target"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a.sigmoid(), t), "twice"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t) / math.log(2), "bits"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t, reduction="sum"), "sum over every"),
        (lambda a, t: torch.logaddexp(a, 0 * a) - t * a, "nothing is averaged|each image"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, (t > 0.5).to(a)), "Grey targets"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a.clamp(-50, 50), t), "clamp"),
        (lambda a, t: F.binary_cross_entropy_with_logits(a, t).detach(), "gradient"),
        (lambda a, t: F.softplus(a).mean() - (t * a.detach()).mean(), "gradient"),
    ],
    "bits_per_dim": [
        (lambda nll, d: nll / d, "nats per dimension"),
        (lambda nll, d: nll * math.log(2) / d, "multiplies by ln 2"),
        (lambda nll, d: nll / math.log(2), "whole image"),
        (lambda nll, d: nll / d / math.log10(2), "log10"),
        (lambda nll, d: nll / d / math.log(10), "decimal"),
        (lambda nll, d: nll / d / math.log(2) + 8, "8 bits are added"),
        (lambda nll, d: nll / d / math.log(2) - 8, "8 bits are subtracted"),
        (lambda nll, d: -nll / d / math.log(2), "sign"),
        (lambda nll, d: (nll / d / math.log(2)).mean(), "mean over the images"),
        (lambda nll, d: torch.log2(nll) / d, "logarithm"),
        (lambda nll, d: nll / d / 2, "num_dims · ln 2"),
        (lambda nll, d: nll / d / math.log(256), "bytes"),
        (lambda nll, d: nll / 784 / math.log(2), "784 holds"),
        (lambda nll, d: -torch.log2(torch.exp(-nll)) / d, "underflows"),
        (lambda nll, d: (nll / d / math.log(2))[..., None], SHAPE),
    ],
}  # fmt: skip


def check_of(name):
    return getattr(checks, f"check_{name}")


@pytest.mark.parametrize(
    ("name", "place"), [(n, i) for n, answers in RIGHT.items() for i in range(len(answers))]
)
def test_right_answers_pass_however_written(name, place, capsys):
    for seed in range(20):
        torch.manual_seed(seed)
        assert check_of(name)(RIGHT[name][place]) is None
    lines = capsys.readouterr().out.splitlines()
    assert set(lines) == {f"✓ {name} is right"}
    assert len(lines) == 20


@pytest.mark.parametrize(
    ("name", "place"), [(n, i) for n, answers in WRONG.items() for i in range(len(answers))]
)
def test_wrong_answers_fail_with_the_right_message(name, place):
    answer, message = WRONG[name][place]
    for seed in range(20):
        torch.manual_seed(seed)
        with pytest.raises(CheckFailed, match=message) as caught:
            check_of(name)(answer)
        assert not isinstance(caught.value, NotAttempted)


@pytest.mark.parametrize("name", RIGHT)
def test_not_attempted_is_told_apart_from_none(name):
    def stub(*_):
        raise NotImplementedError

    with pytest.raises(NotAttempted, match="not attempted"):
        check_of(name)(stub)
    with pytest.raises(CheckFailed, match="return statement") as caught:
        check_of(name)(lambda *_: None)
    assert not isinstance(caught.value, NotAttempted)


@pytest.mark.parametrize("name", RIGHT)
def test_an_answer_that_raises_is_a_failure_that_says_so(name):
    with pytest.raises(CheckFailed, match="ZeroDivisionError"):
        check_of(name)(lambda *_: 1 / 0)

    def two_lines(*_):
        raise RuntimeError("two\nlines")

    with pytest.raises(CheckFailed, match="two lines") as caught:
        check_of(name)(two_lines)
    assert "\n" not in str(caught.value)


def test_failure_is_one_line_and_offers_a_hint():
    with pytest.raises(CheckFailed) as caught:
        checks.check_mse(lambda x, y: (x - y).abs().mean())
    (line,) = caught.value._render_traceback_()
    assert line.startswith("✗ mse: this is the mean absolute error")
    assert "hint('mse')" in line
    assert issubclass(CheckFailed, AssertionError)


def test_hints_are_there_and_bad_requests_are_named(capsys):
    for name in RIGHT:
        checks.hint(name)
        checks.hint(name, 2)
    assert capsys.readouterr().out.count("Hint 1:") == len(RIGHT)
    with pytest.raises(ValueError, match="'mze'"):
        checks.hint("mze")
    with pytest.raises(ValueError, match="not 3"):
        checks.hint("mse", 3)


def test_checks_work_where_gradients_are_off():
    with torch.no_grad():
        checks.check_mse(F.mse_loss)


def test_checks_leave_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    checks.check_mse(F.mse_loss)
    assert torch.equal(torch.rand(1), expected)

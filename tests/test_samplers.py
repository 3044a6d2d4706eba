"""Claims: the sampler draws what the exact denoiser's formulas say, and agrees with diffusers step for
step."""

import math

import pytest
import torch

from tutorial_utils.samplers import cosine_alpha_bar, ddim, spaced

ALPHA_BAR = cosine_alpha_bar(1000)


def gaussian_denoiser(mean: float, std: float):
    """E[x given x_t] where x is from N(mean, std²)."""

    def denoise(x_t, t, condition):
        kept = ALPHA_BAR[t].view(-1, *[1] * (x_t.ndim - 1))
        variance = kept * std**2 + 1 - kept
        return mean + kept.sqrt() * std**2 / variance * (x_t - kept.sqrt() * mean)

    return denoise


def test_schedule_is_one_at_its_start_and_nothing_at_its_end():
    assert ALPHA_BAR.shape == (1001,)
    assert ALPHA_BAR[0] == 1
    assert 0 <= ALPHA_BAR[-1] < 1e-12
    assert (ALPHA_BAR.diff() < 0).all()
    middle = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    assert ALPHA_BAR[500].item() == pytest.approx(middle, rel=1e-6)


def test_levels_are_spaced_with_both_ends():
    assert spaced(1000, 4) == [1000, 750, 500, 250, 0]
    assert spaced(10, 10) == list(range(10, -1, -1))
    assert spaced(7, 1) == [7, 0]
    for wrong in (0, 8):
        with pytest.raises(ValueError, match=f"between 1 and 7, not {wrong}"):
            spaced(7, wrong)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("num_evaluations", [1, 5, 50])
def test_of_a_point_it_draws_the_point(eta, num_evaluations, generator):
    point = torch.randn(1, 3, generator=generator)
    start = torch.randn(20, 3, generator=generator)
    drawn = ddim(
        lambda x_t, t, condition: point.expand_as(x_t),
        start,
        spaced(1000, num_evaluations),
        alpha_bar=ALPHA_BAR,
        eta=eta,
        generator=generator,
    )
    assert torch.allclose(drawn, point.expand_as(drawn), atol=1e-5)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_of_a_gaussian_it_draws_the_gaussian(eta, generator):
    start = torch.randn(40_000, 1, generator=generator)
    drawn = ddim(
        gaussian_denoiser(0.7, 0.4),
        start,
        spaced(1000, 500),
        alpha_bar=ALPHA_BAR,
        eta=eta,
        generator=generator,
    )
    assert drawn.mean().item() == pytest.approx(0.7, abs=0.01)
    assert drawn.std().item() == pytest.approx(0.4, abs=0.008)


def test_one_step_has_the_variance_of_ddpm(generator):
    """From level t to s with eta = 1, given x_t and the clean x: Ho et al., eq. 7."""
    t, s = 600, 400
    x_t, clean = torch.full((50_000, 1), 0.3), torch.full((50_000, 1), -0.8)
    drawn = ddim(lambda *_: clean, x_t, [t, s], alpha_bar=ALPHA_BAR, eta=1.0, generator=generator)
    kept, kept_next = ALPHA_BAR[t].item(), ALPHA_BAR[s].item()
    step = kept / kept_next
    mean = (math.sqrt(kept_next) * (1 - step) * -0.8 + math.sqrt(step) * (1 - kept_next) * 0.3) / (1 - kept)
    variance = (1 - kept_next) / (1 - kept) * (1 - step)
    assert drawn.mean().item() == pytest.approx(mean, abs=0.01)
    assert drawn.var().item() == pytest.approx(variance, rel=0.03)


def test_without_fresh_noise_equal_starts_give_equal_pictures(generator):
    start = torch.randn(3, 1, 4, 4, generator=generator)
    walk = [ddim(gaussian_denoiser(0.0, 0.5), start, spaced(1000, 20), alpha_bar=ALPHA_BAR) for _ in range(2)]
    assert torch.equal(*walk)
    seeded = [
        ddim(
            gaussian_denoiser(0.0, 0.5), start, spaced(1000, 20), alpha_bar=ALPHA_BAR, eta=1.0,
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 0, 1)
    ]  # fmt: skip
    assert torch.equal(seeded[0], seeded[1])
    assert not torch.equal(seeded[0], seeded[2])


def test_callback_sees_each_level_and_the_condition_reaches_the_denoiser(generator):
    labels, seen = torch.tensor([1, 2]), []

    def denoise(x_t, t, condition):
        assert condition is labels
        assert t.tolist() == [t[0].item()] * 2
        return torch.zeros_like(x_t)

    start = torch.randn(2, 3, generator=generator)
    ddim(
        denoise, start, [1000, 500, 0], alpha_bar=ALPHA_BAR, condition=labels,
        callback=lambda t, x_t, clean: seen.append((t, x_t.clone(), clean)),
    )  # fmt: skip
    assert [t for t, _, _ in seen] == [500, 0]
    assert torch.allclose(seen[0][1], (1 - ALPHA_BAR[500]).sqrt() * start, atol=1e-6)


@pytest.mark.parametrize("times", [[5, 5, 0], [0, 10], [1001, 0], [10], [10, -1]])
def test_levels_that_do_not_fall_are_named(times):
    with pytest.raises(ValueError, match="times must fall"):
        ddim(lambda x_t, *_: x_t, torch.zeros(1, 2), times, alpha_bar=ALPHA_BAR)


@pytest.mark.parametrize("eta", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("num_evaluations", [10, 50])
def test_it_agrees_with_diffusers_step_for_step(eta, num_evaluations, generator):
    diffusers = pytest.importorskip("diffusers")
    schedule = diffusers.DDIMScheduler(
        num_train_timesteps=1000, beta_schedule="linear", prediction_type="sample", clip_sample=False,
        timestep_spacing="trailing", set_alpha_to_one=True,
    )  # fmt: skip
    schedule.set_timesteps(num_evaluations)
    alpha_bar = torch.cat([torch.ones(1), schedule.alphas_cumprod])  # theirs begins after the first step
    target = torch.randn(2, 1, 4, 4, generator=generator)
    x = theirs = torch.randn(2, 1, 4, 4, generator=generator)
    times = [t.item() + 1 for t in schedule.timesteps] + [0]
    ours = []
    ddim(
        lambda x_t, t, _: 0.8 * target + 0.1 * x_t, x, times, alpha_bar=alpha_bar, eta=eta,
        generator=torch.Generator().manual_seed(1), callback=lambda t, x_t, clean: ours.append(x_t),
    )  # fmt: skip
    dice = torch.Generator().manual_seed(1)
    for t, mine in zip(schedule.timesteps, ours, strict=True):
        guess = 0.8 * target + 0.1 * theirs
        theirs = schedule.step(guess, t, theirs, eta=eta, generator=dice).prev_sample
        assert torch.allclose(mine, theirs, atol=1e-4)

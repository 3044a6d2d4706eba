"""Claims: each baseline's density is proper and equals a trusted library's, and its samples follow it."""

import math

import pytest
import torch
from torch.distributions import LowRankMultivariateNormal, MixtureSameFamily, MultivariateNormal

from tutorial_utils.models.baselines import IndependentPixels, Memoriser, PCAGaussian, PCAMixture

SIDE = 4


@pytest.fixture
def x(generator) -> torch.Tensor:
    """Smooth positive images in [0, 1): (600, 1, 4, 4)."""
    mixing = torch.randn(SIDE**2, SIDE**2, generator=generator) * 0.03
    flat = 0.5 + torch.randn(600, SIDE**2, generator=generator) @ mixing
    return flat.clamp(0, 0.999).unflatten(1, (1, SIDE, SIDE))


def test_memoriser_is_the_mixture_of_its_kernels(x):
    train, held_out = x[:50], x[50:70]
    kernels = MultivariateNormal(train.flatten(1), 0.1**2 * torch.eye(SIDE**2))
    mixture = MixtureSameFamily(torch.distributions.Categorical(torch.ones(50)), kernels)
    expected = mixture.log_prob(held_out.flatten(1))
    assert torch.allclose(Memoriser(train, sigma=0.1).log_prob(held_out), expected, atol=1e-3)


def test_memoriser_draws_training_images_evenly(x, generator):
    samples = Memoriser(x[:4], sigma=0.1).sample(4_000, generator=generator)
    copies = (x[:4] * 256).floor() / 255
    counts = torch.stack([(samples == image).flatten(1).all(1).sum() for image in copies])
    assert counts.sum() == 4_000
    assert counts.float().std() < 100


def test_pixel_densities_integrate_to_one_and_are_smoothed_counts(generator):
    x = torch.rand(500, 1, 2, 2, generator=generator) * 0.5
    model = IndependentPixels(x)
    centres = (torch.arange(256) + 0.5) / 256
    for pixel in range(4):
        grid = torch.full((256, 1, 2, 2), 0.25)
        grid.flatten(1)[:, pixel] = centres
        others = torch.full((1, 1, 2, 2), 0.25)
        others.flatten(1)[:, pixel] = centres[0]
        at_zero = model.probabilities[pixel, 0] * 256
        marginal = (model.log_prob(grid) - model.log_prob(others)).exp() * at_zero
        assert marginal.mean().item() == pytest.approx(1, rel=1e-4)
        height = model.probabilities[pixel, 64] * 256  # a cell of width 1/256 around 0.25
        only = IndependentPixels(x.flatten(1)[:, [pixel]].view(-1, 1, 1, 1))
        assert only.log_prob(torch.full((1, 1, 1, 1), 0.25)).exp().item() == pytest.approx(height.item())
    byte = int(x[0, 0, 0, 0] * 256)
    count = ((x[:, 0, 0, 0] * 256).long() == byte).sum().item()
    assert model.probabilities[0, byte].item() == pytest.approx((count + 1) / (500 + 256))


def test_pixels_are_drawn_from_their_histograms(x, generator):
    samples = IndependentPixels(x).sample(5_000, generator=generator)
    expected = (x.mul(256).floor() / 255).mean(0)
    assert torch.allclose(samples.mean(0), expected, atol=0.12)  # one count a bin pulls towards grey
    correlation = torch.corrcoef(samples.flatten(1).T)
    assert (correlation - torch.eye(SIDE**2)).abs().max() < 0.07


def covariance(model: PCAGaussian) -> tuple[torch.Tensor, torch.Tensor]:
    signal = model.directions * (model.variances - model.sigma**2).sqrt()
    return signal.double(), torch.full((SIDE**2,), model.sigma**2).double()


def test_pca_density_equals_the_librarys(x):
    model = PCAGaussian(x, num_components=5)
    library = LowRankMultivariateNormal(model.mean.double(), *covariance(model))
    assert torch.allclose(model.log_prob(x).double(), library.log_prob(x.flatten(1).double()), atol=1e-3)


def test_pca_noise_is_the_maximum_of_the_likelihood(x):
    best = PCAGaussian(x, num_components=5)
    for factor in (0.9, 1.1):
        other = PCAGaussian(x, num_components=5, sigma=factor * best.sigma)
        assert other.log_prob(x).mean() < best.log_prob(x).mean()


def test_pca_codes_are_standard_and_decode_back(x):
    model = PCAGaussian(x, num_components=SIDE**2 - 1, sigma=1e-3)
    code = model.encode(x)
    assert torch.allclose(torch.cov(code.T), torch.eye(SIDE**2 - 1), atol=0.02)
    assert (model.decode(code) - x).square().mean() < 1e-3


def test_pca_samples_have_the_signals_covariance(x, generator):
    model = PCAGaussian(x, num_components=5)
    signal, _ = covariance(model)
    samples = model.sample(40_000, generator=generator).flatten(1)
    expected = (signal @ signal.T).float()
    assert torch.allclose(torch.cov(samples.T), expected, atol=0.05 * expected.abs().max().item())
    assert torch.allclose(samples.mean(0), model.mean, atol=0.01)


def test_mixture_is_the_average_of_its_classes(x):
    labels = torch.arange(len(x)) % 3
    mixture = PCAMixture(x, labels, num_components=4, sigma=0.05)
    parts = [PCAGaussian(x[labels == c], num_components=4, sigma=0.05) for c in range(3)]
    expected = torch.stack([part.log_prob(x).double().exp() for part in parts]).mean(0).log()
    assert torch.allclose(mixture.log_prob(x).double(), expected, atol=1e-3)


def test_mixture_obeys_the_label(generator):
    dark, light = torch.rand(2, 200, 1, 4, 4, generator=generator) * 0.2
    x = torch.cat([dark, light + 0.7])
    labels = torch.arange(400) // 200
    mixture = PCAMixture(x, labels, num_components=2, sigma=0.05)
    asked = torch.tensor([0, 1, 1, 0, 1])
    means = mixture.sample(5, labels=asked, generator=generator).flatten(1).mean(1)
    assert ((means > 0.45).long() == asked).all()


def test_every_sample_keeps_the_image_convention(x, generator):
    labels = torch.arange(len(x)) % 3
    for model in (
        Memoriser(x, sigma=0.1), IndependentPixels(x), PCAGaussian(x, num_components=3),
        PCAMixture(x, labels, num_components=3, sigma=0.1),
    ):  # fmt: skip
        samples = model.sample(7, generator=generator)
        assert samples.shape == (7, 1, SIDE, SIDE)
        assert samples.dtype == torch.float32
        assert samples.min() >= 0
        assert samples.max() <= 1
        repeat = model.sample(3, generator=torch.Generator().manual_seed(1))
        assert torch.equal(repeat, model.sample(3, generator=torch.Generator().manual_seed(1)))
        assert math.isfinite(model.log_prob(x[:3]).sum())


def test_bad_input_is_named(x):
    labels = torch.arange(len(x)) % 3
    with pytest.raises(ValueError, match=r"\[0, 1\).*dequantize"):
        IndependentPixels(torch.ones(5, 1, 4, 4))
    with pytest.raises(ValueError, match=r"not \(0, 1, 4, 4\) without any"):
        IndependentPixels(torch.ones(0, 1, 4, 4))
    with pytest.raises(ValueError, match="not 16"):
        PCAGaussian(x, num_components=16)
    with pytest.raises(ValueError, match="without a gap"):
        PCAMixture(x, 2 * labels, num_components=3, sigma=0.1)
    mixture = PCAMixture(x, labels, num_components=3, sigma=0.1)
    with pytest.raises(ValueError, match="from 0 to 2"):
        mixture.sample(2, labels=torch.tensor([0, 3]))
    with pytest.raises(ValueError, match="2 numbers"):
        mixture.sample(2, labels=torch.tensor([0]))

"""Claims: the networks have the shapes they promise, samples are reproducible, the shipped ones are right."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from tutorial_utils import checkpoints, data, features, metrics
from tutorial_utils.models.vae import VAE, Autoencoder

SHIPPED = ["05_vae", "05_vae_seed1", "05_vae_seed2"]


def test_codes_and_images_have_their_shapes():
    x = torch.rand(3, 1, 28, 28)
    mu, log_var = VAE(7).encode(x)
    assert mu.shape == log_var.shape == (3, 7)
    assert VAE(7).decode(mu).shape == x.shape
    assert Autoencoder(5).encode(x).shape == (3, 5)
    assert Autoencoder(5).decode(torch.zeros(3, 5)).shape == x.shape


def test_samples_are_images_and_depend_on_the_seed_alone():
    network = VAE(2).train()
    first, again, other = (network.sample(150, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert network.training  # its mode is left as it was
    assert first.shape == (150, 1, 28, 28)
    assert first.dtype == torch.float32
    assert not first.requires_grad
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    z = torch.randn(150, 2, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(network.decode(z[120:121]).sigmoid(), first[120:121], atol=1e-5)


@torch.no_grad()
def test_encoder_and_decoder_hear_the_class():
    network, x, z = VAE(3, num_classes=10), torch.rand(2, 1, 28, 28), torch.randn(2, 3)
    labels = torch.tensor([0, 7])
    for half in (0, 1):  # mean and log variance
        first, other = network.encode(x, labels)[half], network.encode(x, torch.tensor([0, 8]))[half]
        assert torch.equal(first[0], other[0])
        assert not torch.allclose(first[1], other[1])
    first, other = network.decode(z, labels), network.decode(z, torch.tensor([0, 8]))
    assert torch.equal(first[0], other[0])
    assert not torch.allclose(first[1], other[1])


def test_a_class_can_be_asked_for_and_a_bad_one_is_named():
    network = VAE(num_classes=10)
    asked = [network.sample(2, labels=torch.full((2,), k), generator=torch.Generator()) for k in (0, 1)]
    assert not torch.allclose(*asked)
    assert network.sample(3).shape == (3, 1, 28, 28)
    with pytest.raises(ValueError, match="0 and 9, not 1 and 10"):
        network.sample(2, labels=torch.tensor([10, 1]))
    with pytest.raises(ValueError, match="no classes"):
        VAE().sample(1, labels=torch.zeros(1))
    with pytest.raises(ValueError, match="say which"):
        network.encode(torch.zeros(2, 1, 28, 28))


@torch.no_grad()
def negative_elbo(network, images):
    """Nats an image, with PyTorch's distributions: the chapter writes it by hand."""
    mu, log_var = network.encode(images)
    posterior = Normal(mu, (log_var / 2).exp())
    z = posterior.sample()
    logits = network.decode(z)
    distortion = -Bernoulli(logits=logits, validate_args=False).log_prob(images).flatten(1).sum(1)
    return (distortion + kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)).mean().item()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_vaes_are_eight_nats_below_the_public_example(name):
    """The public example, run on Fashion-MNIST with its own settings, is at 247.0 after five epochs."""
    torch.manual_seed(0)
    network, record = checkpoints.load(name, VAE)
    assert record["num_images"] >= 1_100_000
    images = data.fashion_mnist("test").tensors[0]
    assert negative_elbo(network, images) < 247.0 - 8.0


def test_the_shipped_vae_draws_clothes():
    """Blurred ones: the GAN of chapter 4 is at 1, the PCA mixture of chapter 1 at 4.7, noise beyond 50."""
    network, _ = checkpoints.load("05_vae", VAE)
    samples = network.sample(2_000, generator=torch.Generator().manual_seed(0))
    real = data.fashion_mnist("validation").tensors[0][:2_000]
    assert metrics.frechet_distance(features.embed(real), features.embed(samples)) < 12

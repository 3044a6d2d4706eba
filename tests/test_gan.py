"""Claims: the generator starts as DCGAN does, samples are reproducible, and the shipped ones draw clothes."""

import pytest
import torch
from torch import nn

from tutorial_utils import checkpoints, data, features, metrics
from tutorial_utils.models.gan import CODE_SIZE, Generator

SHIPPED = ["04_gan", "04_gan_seed1", "04_gan_seed2", "04_wgan_gp"]


def test_the_initialisation_is_applied():
    """A fresh generator's weights have the moments of N(0, 0.02²), and gains those of N(1, 0.02²)."""
    network = Generator()
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(weights) == 4
    for weight in weights:
        assert weight.std().item() == pytest.approx(0.02, rel=0.2)
        assert weight.abs().max() < 0.12  # six standard deviations
    gains = torch.cat([m.weight for m in network.modules() if isinstance(m, nn.BatchNorm2d)])
    assert gains.mean().item() == pytest.approx(1, abs=0.01)
    assert gains.std().item() == pytest.approx(0.02, rel=0.3)
    assert network.layers[-2].bias.abs().max() == 0


def test_samples_are_images_and_depend_on_the_seed_alone():
    network = Generator().train()
    first, again, other = (network.sample(150, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert network.training  # its mode is left as it was
    assert first.shape == (150, 1, 28, 28)
    assert first.dtype == torch.float32
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    z = torch.randn(150, CODE_SIZE, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(network.eval()(z[120:121]), first[120:121], atol=1e-5)  # batch norm in eval mode


def test_classes_that_nobody_asked_for_come_from_the_generator_too():
    network = Generator(num_classes=10)
    drawn = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        drawn.append(network.sample(20, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(*drawn)


def test_a_class_can_be_asked_for_and_a_bad_one_is_named():
    network = Generator(num_classes=10)
    asked = [network.sample(2, labels=torch.full((2,), k), generator=torch.Generator()) for k in (0, 1)]
    assert not torch.allclose(*asked)
    assert network.sample(3).shape == (3, 1, 28, 28)
    with pytest.raises(ValueError, match="0 and 9, not 1 and 10"):
        network.sample(2, labels=torch.tensor([10, 1]))
    for labels in (torch.zeros(3), torch.zeros(2), torch.zeros(3, dtype=torch.long)):
        with pytest.raises(ValueError, match=rf"2 integers, not {labels.dtype} \({len(labels)},\)"):
            network.sample(2, labels=labels)
    with pytest.raises(ValueError, match="no classes"):
        Generator().sample(1, labels=torch.zeros(1))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_generators_draw_clothes(name):
    """A quick look at 2,000 samples; the chapter measures 10,000. The PCA mixture of chapter 1 is at 4.7."""
    network, _ = checkpoints.load(name, Generator)
    samples = network.sample(2_000, generator=torch.Generator().manual_seed(0))
    real = data.fashion_mnist("validation").tensors[0][:2_000]
    assert metrics.frechet_distance(features.embed(real), features.embed(samples)) < 2.5


def test_the_shipped_conditional_generator_draws_what_is_asked_for():
    network, _ = checkpoints.load("04_gan_classes", lambda: Generator(num_classes=10))
    labels = torch.arange(1_000) % 10
    samples = network.sample(1_000, labels=labels, generator=torch.Generator().manual_seed(0))
    assert (features.class_probabilities(samples).argmax(1) == labels).float().mean() > 0.8

"""Claims: the yardstick is the pinned network; a feature depends on its image alone; bad input is named."""

import dataclasses

import pytest
import torch
from surroundings import SURROUNDINGS
from torch.nn import functional as F

from tutorial_utils import checkpoints, data, features, yardsticks
from tutorial_utils.files import AssetError
from tutorial_utils.yardsticks import CLOTHES


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return data.fashion_mnist("test").tensors[0][:300]


def test_is_the_pinned_checkpoint_and_refuses_another():
    assert checkpoints.load(CLOTHES.name, CLOTHES.build)[1]["sha256"] == CLOTHES.sha256
    other = dataclasses.replace(CLOTHES, sha256="0" * 64)
    with pytest.raises(AssetError, match=r"not the pinned checkpoint.*git checkout"):
        other.embed(torch.rand(1, 1, 28, 28))


def test_reaches_its_accuracy_on_a_part_of_the_test_images():
    images, labels = (tensor[:2_000] for tensor in data.fashion_mnist("test").tensors)
    right = (features.class_probabilities(images).argmax(1) == labels).float().mean()
    assert right > 0.92  # the chapter measures it on all 10,000


def test_features_are_the_input_of_the_head(images):
    embedded, head = features.embed(images), features.classifier().head
    assert embedded.shape == (300, 128)
    assert embedded.dtype == torch.float32
    assert embedded.min() >= 0
    expected = F.linear(embedded, head.weight, head.bias).softmax(1)
    assert torch.allclose(features.class_probabilities(images), expected, atol=1e-5)
    assert torch.allclose(expected.sum(1), torch.ones(300), atol=1e-5)
    assert torch.allclose(CLOTHES.head_probabilities(embedded), expected, atol=1e-6)


def test_a_feature_does_not_depend_on_the_batch(images):
    """Neither on its size, nor on who else is in it, nor on the surrounding precision."""
    together = features.embed(images)
    alone = torch.cat([features.embed(image[None]) for image in images[:20]])
    assert torch.allclose(alone, together[:20], atol=1e-4)
    assert torch.allclose(features.embed(images.flip(0)).flip(0), together, atol=1e-4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(features.embed(images[:20]), together[:20], atol=1e-4)
    spread = together.std(0).mean()
    assert spread > 100 * 1e-4  # so that the tolerance means something


def test_the_network_is_frozen(images):
    network = features.classifier()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    features.embed(images.requires_grad_())
    images.requires_grad_(False)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not features.embed(images).requires_grad
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_gradients_with_respect_to_images_are_there_where_asked_for(images):
    x = images[:2].clone().requires_grad_()
    features.classifier().features(x).sum().backward()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("shape", "scale", "message"),
    [
        ((2, 3, 28, 28), 1.0, r"C = 1, not \(2, 3"),
        ((2, 1, 32, 32), 1.0, r"28 × 28, not \(32, 32\)"),
        ((2, 1, 28, 28), 255.0, r"\[0, 1\]"),
        ((1, 28, 28), 1.0, r"\(B, C, H, W\)"),
        ((0, 1, 28, 28), 1.0, "empty"),
    ],
)
def test_bad_images_are_named(shape, scale, message):
    for function in (features.embed, features.class_probabilities):
        with pytest.raises(ValueError, match=message):
            function(torch.rand(shape) * scale)


@pytest.mark.parametrize("mode", ["inference mode", "default dtype", "autocast"])
def test_the_network_that_is_kept_does_not_depend_on_the_callers_modes(images, mode):
    yardsticks._network.cache_clear()
    expected = features.embed(images[:4])
    yardsticks._network.cache_clear()
    try:
        with SURROUNDINGS[mode]():
            found = features.embed(images[:4])
        assert found.dtype == torch.float32
        assert torch.allclose(found, expected, atol=1e-5)
        x = images[:1].clone().requires_grad_()
        features.classifier().features(x).sum().backward()  # a later caller may need a gradient
    finally:
        yardsticks._network.cache_clear()

"""Claims: the U-Net hears its level and its label, starts at 0, and its samples are reproducible images."""

import pytest
import torch
from torch.nn import functional as F

from tutorial_utils.models.diffusion import Diffusion
from tutorial_utils.models.unet import UNet, level_code


def woken(**options):
    """A network whose last layer is no longer 0, so that what reaches it can be seen."""
    torch.manual_seed(0)
    network = Diffusion(**options)
    torch.nn.init.normal_(network.leave[-1].weight, 0, 0.1)
    return network


def noised(generator, size=28):
    return torch.randn(3, 1, size, size, generator=generator), torch.tensor([0.1, 0.5, 1.0])


def test_code_tells_close_levels_apart_and_is_made_of_waves():
    codes = level_code(torch.arange(1001) / 1000)
    assert codes.shape == (1001, 64)
    assert torch.allclose(codes[:, :32].square() + codes[:, 32:].square(), torch.ones(1001, 32), atol=1e-5)
    assert torch.cdist(codes[:-1], codes[1:]).diag().min() > 0.5
    assert codes[1, 0].item() == pytest.approx(0.001, rel=1e-3)  # the slowest wave: one radian a unit
    assert codes[1, 31].item() == pytest.approx(0.8415, rel=1e-3)  # the fastest: sin(1)


def test_first_answer_is_zero_and_its_weights_can_learn(generator):
    network = UNet()
    x, level = noised(generator)
    answer = network(x, level)
    assert answer.shape == x.shape
    assert answer.abs().max() == 0
    F.mse_loss(answer, x).backward()
    assert network.leave[-1].weight.grad.abs().max() > 0


def test_level_reaches_every_block(generator):
    network = woken()
    x, level = noised(generator)
    network(x, level).sum().backward()
    blocks = [*network.down, network.middle, *network.up]
    assert len(blocks) == 7
    assert all(block.listen.weight.grad.abs().max() > 0 for block in blocks)
    assert (network(x, level) - network(x, level + 0.001)).abs().max() > 1e-4
    deaf = woken(hears_level=False)
    assert torch.equal(deaf(x, level), deaf(x, 1 - level))


def test_examples_do_not_see_each_other(generator):
    network = woken()
    x, level = noised(generator)
    assert torch.allclose(network(x, level)[1:2], network(x[1:2], level[1:2]), atol=1e-5)


def test_without_skips_detail_has_to_pass_the_bottom(generator):
    """The last block sees nothing from across, only what comes up from below."""
    x, level = noised(generator)
    reach = {}
    for skips in (True, False):
        network = woken(skips=skips)
        kept = []
        network.up[-1].register_forward_pre_hook(lambda block, given, kept=kept: kept.append(given[0]))
        network(x, level)
        reach[skips] = kept[0].shape[1]
    assert reach == {True: 48, False: 32}
    assert sum(p.numel() for p in woken(skips=False).parameters()) < sum(
        p.numel() for p in woken().parameters()
    )


def test_other_sizes_and_colours(generator):
    network = UNet(num_channels=3, widths=(8, 16))
    x = torch.randn(2, 3, 10, 6, generator=generator)
    assert network(x, torch.rand(2)).shape == x.shape
    for size in (27, 30):
        with pytest.raises(ValueError, match=f"divisible by 4, not {size} x {size}"):
            UNet()(torch.zeros(1, 1, size, size), torch.zeros(1))


def test_labels_are_heard_and_none_is_a_label_of_its_own(generator):
    network = woken(num_classes=10)
    x, level = noised(generator)
    asked = [network(x, level, torch.full((3,), k)) for k in (0, 9, network.no_class)]
    assert (asked[0] - asked[1]).abs().max() > 1e-4
    assert torch.equal(network(x, level), asked[2])
    with pytest.raises(ValueError, match="no classes"):
        woken()(x, level, torch.zeros(3, dtype=torch.long))


def test_clean_guess_turns_the_velocity_back(generator):
    """Where the network answers with the true velocity, its guess is the true picture."""
    network = Diffusion()
    x, noise = torch.randn(2, 5, 1, 28, 28, generator=generator)
    t = torch.tensor([0, 1, 400, 999, 1000])
    angle = torch.linspace(0, 1, 1001)[t].add(0.008).div(1.008).mul(torch.pi / 2)
    first = torch.tensor(0.008 / 1.008 * torch.pi / 2).cos()
    alpha = (angle.cos() / first).view(-1, 1, 1, 1)
    sigma = (1 - alpha.square()).clamp(min=0).sqrt()
    network.forward = lambda x_t, level, labels: alpha * noise - sigma * x
    assert torch.allclose(network.denoise(alpha * x + sigma * noise, t), x, atol=2e-3)


def test_samples_are_images_and_depend_on_the_generator_alone():
    network = woken().train()
    draw = [
        network.sample(3, num_evaluations=2, eta=eta, generator=torch.Generator().manual_seed(seed))
        for eta, seed in ((0.0, 0), (0.0, 0), (0.0, 1), (1.0, 0), (1.0, 0))
    ]
    assert network.training
    assert draw[0].shape == (3, 1, 28, 28)
    assert draw[0].dtype == torch.float32
    assert 0 <= draw[0].min() <= draw[0].max() <= 1
    assert torch.equal(draw[0], draw[1])
    assert torch.equal(draw[3], draw[4])
    assert not torch.equal(draw[0], draw[2])
    assert not torch.equal(draw[0], draw[3])


def test_samples_of_a_class_differ_and_bad_requests_are_named():
    network = woken(num_classes=10)
    asked = [
        network.sample(
            2, num_evaluations=2, labels=torch.full((2,), k), generator=torch.Generator().manual_seed(0)
        )
        for k in (0, 9)
    ]
    assert not torch.allclose(*asked)
    with pytest.raises(ValueError, match="between 0 and 9, not 1 and 10"):
        network.sample(2, labels=torch.tensor([10, 1]))
    with pytest.raises(ValueError, match="no classes"):
        woken().sample(1, labels=torch.zeros(1))
    with pytest.raises(ValueError, match="between 1 and 1000, not 1001"):
        woken().sample(1, num_evaluations=1001)

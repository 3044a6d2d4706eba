"""Claim: what a metric says and what a figure shows depends on the inputs' values alone: not on modes and
defaults around the call, nor on the inputs' precision, gradients, memory layout or device."""

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import pytest
import torch
from surroundings import SURROUNDINGS
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tutorial_utils import metrics, plotting
from tutorial_utils.metrics.neighbors import compare_balls


def kernel_distance(x: Tensor, y: Tensor) -> tuple[float, float]:
    dice = torch.Generator().manual_seed(0)
    return metrics.kernel_distance(x, y, num_subsets=3, subset_size=20, generator=dice)


def balls(x: Tensor, y: Tensor) -> tuple[float, ...]:
    return tuple(compare_balls(x, y).values())


OF_SETS: dict[str, Callable] = {
    "frechet_distance": metrics.frechet_distance,
    "kernel_distance": kernel_distance,
    "inception_score": lambda x, y: metrics.inception_score(x.flatten(1), num_splits=4),
    "nearest_neighbors": metrics.nearest_neighbors,
    "memorization_ratio": lambda x, y: metrics.memorization_ratio(x[:20], x[20:], y),
    "modes_covered": lambda x, y: metrics.modes_covered(x, y[:12], radius=1.6),
    "precision_recall": metrics.precision_recall,
    "density_coverage": metrics.density_coverage,
    "compare_balls": balls,
}
OF_PAIRS: dict[str, Callable] = {"psnr": metrics.psnr, "ssim": metrics.ssim}


def draw(x: Tensor, y: Tensor) -> bytes:
    """Every kind of figure that takes tensors."""
    figure, panels = plt.subplots(1, 5, figsize=(5, 0.8), layout="none")
    plotting.draw_image(panels[0], x[0])
    plotting.draw_signed(panels[1], x[0, 0] - y[0, 0], limit=0.5)
    plotting.draw_curves(panels[2], x[0, 0, 0], {"y": y[0, 0, 0]}, x_label="x", y_label="y")
    plotting.draw_histograms(panels[3], {"x": x.flatten(), "y": y.flatten()}, x_label="x", num_bins=9)
    plotting.draw_classes(panels[4], x[:, 0, :2, 0], torch.arange(len(x), device="cpu") % 2, ["even", "odd"])
    grid = plotting.image_grid(x[:4])
    pictures = [plotting.render_png(each) for each in (figure, grid)]
    plt.close("all")
    return b"".join(pictures)


@pytest.fixture(scope="module")
def pair() -> tuple[Tensor, Tensor]:
    """Two sets of images whose values bfloat16 holds exactly, and whose rows are probabilities."""
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randint(0, 256, (2, 40, 1, 12, 12), generator=generator) / 256).unbind()
    rows = torch.rand(40, 144, generator=generator).softmax(1).view_as(real)
    return (0.5 + 0.1 * (real - 0.5) + rows).bfloat16().float(), (0.5 + 0.1 * (fake - 0.5)).bfloat16().float()


def same(found: object, expected: object) -> bool:
    """Equal up to what the order of a sum changes, types included."""
    if isinstance(expected, tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, Tensor):
        return found.dtype == expected.dtype and torch.allclose(found, expected, rtol=1e-6, atol=0)
    close = isinstance(expected, float) and math.isclose(found, expected, rel_tol=1e-9)
    return type(found) is type(expected) and (close or found == expected)


def for_metric(name: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities where these are asked for: powers of two, which every precision holds exactly."""
    if name != "inception_score":
        return x, y
    place = x.flatten(1).argsort(1)[:, :4]
    shares = torch.tensor([0.5, 0.25, 0.125, 0.125]).expand(len(x), 4)
    return torch.zeros(len(x), 144).scatter(1, place, shares).view_as(x), y


EVERYTHING = {**OF_SETS, **OF_PAIRS, "figures": draw}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
@pytest.mark.parametrize("name", EVERYTHING)
def test_surroundings_change_nothing(name, surroundings, pair):
    x, y = for_metric(name, *pair)
    expected = EVERYTHING[name](x, y)
    with SURROUNDINGS[surroundings]():
        assert same(EVERYTHING[name](x, y), expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", EVERYTHING)
def test_half_precision_gradients_and_layout_change_nothing(name, dtype, pair):
    x, y = for_metric(name, *pair)
    if dtype == torch.float16:
        x, y = x.half().float(), y.half().float()
    expected = EVERYTHING[name](x, y)
    x, y = (each.transpose(2, 3).contiguous().transpose(2, 3).to(dtype).requires_grad_() for each in (x, y))
    found = EVERYTHING[name](x, y)
    assert same(found.detach() if name in OF_PAIRS else found, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("name", EVERYTHING)
def test_a_gpu_changes_nothing(name, pair):
    """TF32 is on there by default for convolutions."""
    x, y = for_metric(name, *pair)
    expected = EVERYTHING[name](x, y)
    with torch.autocast("cuda", torch.bfloat16):
        found = EVERYTHING[name](x.cuda(), y.cuda())
    if name == "nearest_neighbors":
        found = tuple(each.cpu() for each in found)
    assert same(found.cpu() if name in OF_PAIRS else found, expected)


@pytest.mark.parametrize("name", OF_PAIRS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("other", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_two_precisions_meet_in_the_finer_one_but_no_half(name, dtype, other, pair):
    x, y = pair[0].to(dtype), pair[1].to(other)
    finest = torch.float64 if torch.float64 in (dtype, other) else torch.float32
    found = OF_PAIRS[name](x, y)
    assert found.dtype == finest
    assert torch.equal(found, OF_PAIRS[name](x.double(), y.double()).to(finest))


@pytest.mark.parametrize("name", OF_PAIRS)
def test_gradients_are_right_within_autocast(name, pair):
    x, y = pair

    def gradient(backward_outside: bool) -> Tensor:
        start = x.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=backward_outside is not None):
            loss = OF_PAIRS[name](start, y).mean()
            if not backward_outside:
                return torch.autograd.grad(loss, start)[0]
        return torch.autograd.grad(loss, start)[0]

    assert torch.equal(gradient(True), gradient(None))
    assert torch.equal(gradient(False), gradient(None))


def test_ssim_has_the_gradient_of_finite_differences(pair):
    x, y = (each[:1].double() for each in pair)
    assert torch.autograd.gradcheck(lambda start: metrics.ssim(start, y), x.clone().requires_grad_())


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_the_window_is_always_the_same(surroundings):
    expected = metrics.gaussian_window()
    with SURROUNDINGS[surroundings]():
        window = metrics.gaussian_window()
    assert (window.dtype, window.device.type) == (torch.float32, "cpu")
    assert torch.equal(window, expected)


FAR = torch.device("mps")


class Far(Tensor):
    """A tensor that says it lies on a device without float64."""


class WithoutFloat64(TorchFunctionMode):
    """Plays such a device, as Apple's GPUs are, on the CPU: what is computed from a far tensor is far, until
    it is moved, and refused in float64 or by NumPy."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function == Tensor.device.__get__:
            return FAR if isinstance(args[0], Far) else function(*args)
        if function is Tensor.cpu:
            return args[0].as_subclass(Tensor)
        if function is Tensor.numpy and isinstance(args[0], Far):
            raise TypeError("can't convert mps:0 device type tensor to numpy")
        if function is Tensor.to and FAR in args:
            return args[0].as_subclass(Far)
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Far) and result.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return result


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_device_without_float64_changes_nothing(name, pair):
    x, y = for_metric(name, *pair)
    expected = EVERYTHING[name](x, y)
    with WithoutFloat64():
        found = EVERYTHING[name](x.as_subclass(Far), y.as_subclass(Far))
        if name in ("nearest_neighbors", *OF_PAIRS):  # tensors come back to where the inputs are
            found = tuple(found) if name == "nearest_neighbors" else (found,)
            assert all(each.device == FAR for each in found)
            found = tuple(each.cpu() for each in found)
            expected = expected if name == "nearest_neighbors" else (expected,)
    assert same(found, expected)


def test_the_played_device_refuses_float64():
    with WithoutFloat64(), pytest.raises(TypeError, match="float64"):
        torch.ones(3).as_subclass(Far).double()


def test_tensors_on_two_devices_are_named():
    x = torch.rand(12, 1, 12, 12)
    for metric in (metrics.psnr, metrics.ssim, metrics.frechet_distance, metrics.precision_recall):
        with WithoutFloat64(), pytest.raises(ValueError, match=r"(on|is on) mps.*cpu: move one of them"):
            metric(x.as_subclass(Far), x)


def test_a_single_subset_has_no_spread_under_any_default_device(pair):
    x, y = for_metric("inception_score", *pair)
    with torch.device("meta"):
        assert math.isnan(metrics.inception_score(x.flatten(1), num_splits=1)[1])
        assert math.isnan(metrics.kernel_distance(x, y, num_subsets=1, subset_size=9)[1])

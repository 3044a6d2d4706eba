"""Claims: psnr and ssim equal a trusted library, know their answers on easy cases, and move the right way on
a ladder."""

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F

from tutorial_utils.metrics import gaussian_window, psnr, ssim


@pytest.fixture(params=[(4, 1, 28, 28), (2, 3, 17, 23), (1, 1, 11, 11)], ids=str)
def pair(request, generator):
    """In float64: what NumPy hands over, and what the library computes in."""
    x = torch.rand(request.param, generator=generator, dtype=torch.float64)
    return x, (x + 0.2 * torch.randn(request.param, generator=generator)).clamp(0, 1)


def test_psnr_equals_the_librarys(pair):
    x, y = pair
    expected = [
        peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=1) for a, b in zip(x, y, strict=True)
    ]
    assert psnr(x, y).tolist() == pytest.approx(expected, rel=1e-12)
    assert psnr(x.float(), y.float()).tolist() == pytest.approx(expected, rel=1e-5)


def test_psnr_knows_its_decibels():
    black = torch.zeros(1, 1, 4, 4)
    assert psnr(black + 0.1, black).item() == pytest.approx(20, abs=1e-4)
    assert psnr(black + 1, black).item() == pytest.approx(0, abs=1e-6)
    assert psnr(black, black).item() == float("inf")


def test_ssim_equals_the_librarys(pair):
    expected = [
        structural_similarity(
            a.numpy(), b.numpy(), data_range=1, channel_axis=0,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )
        for a, b in zip(*pair, strict=True)
    ]  # fmt: skip
    assert ssim(*pair).tolist() == pytest.approx(expected, abs=1e-9)
    assert ssim(*(each.float() for each in pair)).tolist() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_flat_images_is_the_luminance_term():
    a, b = torch.full((1, 1, 12, 12), 0.3), torch.full((1, 1, 12, 12), 0.5)
    expected = (2 * 0.3 * 0.5 + 1e-4) / (0.3**2 + 0.5**2 + 1e-4)
    assert ssim(a, b).item() == pytest.approx(expected, abs=1e-4)


def test_ssim_is_one_for_equals_symmetric_and_falls_with_noise(generator):
    x = torch.rand(3, 1, 28, 28, generator=generator)
    noise = torch.randn(x.shape, generator=generator)
    ladder = [ssim(x, (x + s * noise).clamp(0, 1)).mean() for s in (0, 0.05, 0.1, 0.3)]
    assert ladder[0] == pytest.approx(1, abs=1e-5)
    assert ladder == sorted(ladder, reverse=True)
    y = (x + 0.1 * noise).clamp(0, 1)
    assert torch.allclose(ssim(x, y), ssim(y, x))


def test_ssim_has_a_gradient_that_points_home(generator):
    x = torch.rand(1, 1, 16, 16, generator=generator)
    y = (0.5 * x + 0.25).requires_grad_()
    (gradient,) = torch.autograd.grad(ssim(y, x).sum(), y)
    better = (y + 0.1 * gradient / gradient.norm()).detach().clamp(0, 1)
    assert ssim(better, x) > ssim(y, x)


def test_window_sums_to_one_and_is_gaussian():
    window = gaussian_window()
    assert window.sum().item() == pytest.approx(1)
    assert (window[5, 6] / window[5, 5]).log().item() == pytest.approx(-1 / (2 * 1.5**2), rel=1e-4)


@pytest.mark.parametrize("metric", [psnr, ssim])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(1, 1, 12, 12), torch.zeros(2, 1, 12, 12), "one shape"),
        (torch.zeros(1, 12, 12), torch.zeros(1, 12, 12), r"\(B, C, H, W\)"),
        (
            torch.zeros(1, 1, 12, 12).numpy(),
            torch.zeros(1, 1, 12, 12),
            "images must be a tensor, not ndarray",
        ),
        (torch.zeros(1, 1, 12, 12), torch.zeros(1, 1, 12, 12).numpy(), "reference must be a tensor"),
        (torch.full((1, 1, 12, 12), 255.0), torch.zeros(1, 1, 12, 12), "255"),
        (torch.zeros(1, 1, 12, 12, dtype=torch.uint8), torch.zeros(1, 1, 12, 12), "uint8"),
        (torch.full((1, 1, 12, 12), float("nan")), torch.zeros(1, 1, 12, 12), "nan"),
        (torch.zeros(0, 1, 12, 12), torch.zeros(0, 1, 12, 12), "empty"),
    ],
)
def test_bad_input_is_named(metric, x, y, message):
    with pytest.raises(ValueError, match=message):
        metric(x, y)


def test_ssim_needs_room_for_its_window():
    with pytest.raises(ValueError, match="11"):
        ssim(torch.zeros(1, 1, 10, 28), torch.zeros(1, 1, 10, 28))


def test_psnr_prefers_the_blur_that_the_eye_rejects(generator):
    """Chapter 2's claim: an average of the answers beats each answer under squared error."""
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    right = left.flip(3)
    assert F.mse_loss(0.5 * (left + right), left) < F.mse_loss(right, left)
    assert psnr(0.5 * (left + right), left) > psnr(right, left)

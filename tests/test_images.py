"""Claims: the convention for images lets rounding pass and nothing else, and says what it found."""

import numpy as np
import pytest
import torch

from tutorial_utils.images import check_images, show_beyond

LEVEL = 1 / 255


def pair_of(low: float, high: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor([low, high], dtype=dtype).view(2, 1, 1, 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_pass(channels, dtype):
    check_images(torch.rand(2, channels, 4, 5).to(dtype))


def test_a_thousandth_of_a_grey_level_passes_and_no_more():
    check_images(pair_of(-0.9e-3 * LEVEL, 1 + 0.9e-3 * LEVEL, torch.float64))
    for low, high in ((-1.1e-3 * LEVEL, 1), (0, 1 + 1.1e-3 * LEVEL)):
        with pytest.raises(ValueError, match="must lie in"):
            check_images(pair_of(low, high, torch.float64))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.3, 1.3, "[-0.3, 1.3]"),
        (-0.3, 1, "[-0.3, 1]"),
        (0, 1.3, "[0, 1.3]"),
        (0, 255, "[0, 255]"),
        (-1, 0.5, "[-1, 0.5]"),
        (0.25, 1.0001, "[0.25, 1.0001]"),
        (0.25, 1.000005, "[0.25, 1.00001]"),
        (-5e-6, 0.99999, "[-5e-06, 0.99999]"),
        (float("nan"), 0, "[nan, nan]"),
        (0, float("inf"), "[0, inf]"),
    ],
)
def test_the_values_that_are_found_are_told_from_the_limits(low, high, said):
    with pytest.raises(ValueError, match="photos must lie in") as caught:
        check_images(pair_of(low, high, torch.float64), name="photos")
    assert f"not {said}:" in str(caught.value)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 1, 4, 4)), "images must be a tensor, not ndarray: use torch.as_tensor"),
        ([0.5], "must be a tensor, not list"),
        (torch.zeros(1, 4, 4), r"\(B, C, H, W\) with C = 1 or 3, not \(1, 4, 4\)"),
        (torch.zeros(1, 2, 4, 4), r"C = 1 or 3, not \(1, 2, 4, 4\)"),
        (torch.zeros(1, 1, 4, 4, dtype=torch.uint8), "uint8: divide bytes by 255"),
        (torch.zeros(0, 1, 4, 4), r"empty: \(0, 1, 4, 4\)"),
    ],
)
def test_what_is_no_image_is_named(images, message):
    with pytest.raises(ValueError, match=message):
        check_images(images)


def test_fewer_channels_can_be_asked_for():
    with pytest.raises(ValueError, match=r"C = 1, not \(1, 3, 4, 4\)"):
        check_images(torch.zeros(1, 3, 4, 4), channels=(1,))


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (0.123456, 1, "0.1235"),
        (1.0, 1, "1"),
        (1.00000012, 1, "1.0000001"),
        (0.99999999, 1, "0.99999999"),
        (-0.00100001, -0.001, "-0.00100001"),
        (float("-inf"), 0, "-inf"),
    ],
)
def test_a_number_is_shown_on_its_side_of_a_limit(value, limit, text):
    assert show_beyond(value, limit) == text

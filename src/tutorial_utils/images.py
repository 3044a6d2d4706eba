"""The one convention for images, checked at every boundary: float, (B, C, H, W), in [0, 1]."""

from torch import Tensor


def check_images(images: Tensor, *, name: str = "images", channels: tuple[int, ...] = (1, 3)) -> None:
    """Raise `ValueError` with the offending value unless `images` keeps the convention.

    A thousandth of a grey level beyond [0, 1] is let through, since float arithmetic rounds.
    """
    if not isinstance(images, Tensor):
        raise ValueError(f"{name} must be a tensor, not {type(images).__name__}: use torch.as_tensor")
    if images.ndim != 4 or images.shape[1] not in channels:
        allowed = " or ".join(map(str, channels))
        raise ValueError(f"{name} must be (B, C, H, W) with C = {allowed}, not {tuple(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"{name} must be floats in [0, 1], not {images.dtype}: divide bytes by 255")
    if images.numel() == 0:
        raise ValueError(f"{name} is empty: {tuple(images.shape)}")
    low, high = images.min().item(), images.max().item()
    if not (low >= -4e-6 and high <= 1 + 4e-6):  # also catches NaN
        span = f"[{show_beyond(low)}, {show_beyond(high)}]"
        raise ValueError(f"{name} must lie in [0, 1], not {span}: clamp or rescale them first")


def show_beyond(value: float, limit: float = 1.0) -> str:
    """The value with four digits, or with as many as tell on which side of the limit it lies."""

    def side(number: float) -> tuple[bool, bool]:
        return number < limit, number > limit

    texts = (f"{value:.{digits}g}" for digits in range(4, 18))
    return next(text for text in texts if side(float(text)) == side(value))

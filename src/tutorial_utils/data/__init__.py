"""The course's data: Fashion-MNIST, the emoji in four hands, and points in the plane."""

from tutorial_utils.data.emoji_grid import EMOJI_STYLES, Emoji, emoji
from tutorial_utils.data.fashion import FASHION_CLASSES, dequantize, fashion_mnist
from tutorial_utils.data.points import GaussianMixture, grid_of_gaussians, ring_of_gaussians

__all__ = [
    "EMOJI_STYLES",
    "FASHION_CLASSES",
    "Emoji",
    "GaussianMixture",
    "dequantize",
    "emoji",
    "fashion_mnist",
    "grid_of_gaussians",
    "ring_of_gaussians",
]

"""Chapter 3's classifier of clothes. Its features are the course's yardstick (`tutorial_utils.features`)."""

from torch import Tensor, nn


def conv_block(in_channels: int, out_channels: int, *, kernel_size: int = 3) -> nn.Sequential:
    """Convolution that keeps the size, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class Classifier(nn.Module):
    """Grey images (B, 1, 28, 28) in [0, 1] -> logits (B, 10), through three stages and 128 features."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(conv_block(1, 32, kernel_size=5), conv_block(32, 32), nn.MaxPool2d(2))
        self.stage2 = nn.Sequential(conv_block(32, 64), conv_block(64, 64), nn.MaxPool2d(2))
        self.stage3 = nn.Sequential(conv_block(64, 128), conv_block(128, 128))
        self.head = nn.Linear(128, 10)

    def maps(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What each stage sees: (B, 32, 14, 14), (B, 64, 7, 7) and (B, 128, 7, 7)."""
        first = self.stage1(images)
        second = self.stage2(first)
        return first, second, self.stage3(second)

    def features(self, images: Tensor) -> Tensor:
        """The last maps, averaged over their places: (B, 128), none negative."""
        return self.maps(images)[2].mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))

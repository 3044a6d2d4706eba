"""Chapter 7's U-Net (Ronneberger et al. 2015; Ho et al. 2020), as small as two cores can train."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (16, 32, 64)  # channels at 28, 14 and 7 pixels a side
NUM_WAVES = 32
CODE_SIZE = 64


def level_code(level: Tensor, *, num_waves: int = NUM_WAVES, fastest: float = 1000.0) -> Tensor:
    """Noise levels (B,) in [0, 1] as sines and cosines of 1 to `fastest` radians a unit: (B, 2 · num_waves).

    After Vaswani et al. (2017), section 3.5: slow waves tell coarsely where the level is, fast ones finely.
    """
    rates = torch.exp(torch.linspace(0, math.log(fastest), num_waves, device=level.device))
    angles = level[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


class Block(nn.Module):
    """Two convolutions beside a shortcut; between them `code` scales and shifts each channel."""

    def __init__(self, in_channels: int, out_channels: int, code_size: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.GroupNorm(1, in_channels), nn.SiLU(), nn.Conv2d(in_channels, out_channels, 3, padding=1)
        )
        self.norm = nn.GroupNorm(1, out_channels)
        self.listen = nn.Linear(code_size, 2 * out_channels)
        self.second = nn.Sequential(nn.SiLU(), nn.Conv2d(out_channels, out_channels, 3, padding=1))
        same = in_channels == out_channels
        self.shortcut = nn.Identity() if same else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.listen(code)[:, :, None, None].chunk(2, 1)
        h = self.norm(self.first(x)) * (1 + scale) + shift
        return self.shortcut(x) + self.second(h)


class UNet(nn.Module):
    """Noised images (B, C, H, W), their noise levels (B,) in [0, 1] and, where it has classes, labels (B,).

    What comes out has the images' shape: whatever the training asks for. H and W must be divisible by 2 for
    each size but the first. Label `num_classes` means "no class" (`no_class`), and stands where no labels are
    given. Without `skips` the way up does not see the way down; without `hears_level` the level is ignored.
    Raises `ValueError` for images of another size, and for labels where there are no classes.
    """

    def __init__(
        self,
        *,
        num_channels: int = 1,
        num_classes: int = 0,
        widths: tuple[int, ...] = WIDTHS,
        skips: bool = True,
        hears_level: bool = True,
    ) -> None:
        super().__init__()
        self.num_classes, self.skips, self.hears_level = num_classes, skips, hears_level
        self.level = nn.Sequential(
            nn.Linear(2 * NUM_WAVES, CODE_SIZE), nn.SiLU(), nn.Linear(CODE_SIZE, CODE_SIZE)
        )
        if num_classes:
            self.label = nn.Embedding(num_classes + 1, CODE_SIZE)
        self.enter = nn.Conv2d(num_channels, widths[0], 3, padding=1)
        self.down, self.up, width = nn.ModuleList(), nn.ModuleList(), widths[0]
        for wider in widths:
            self.down.append(Block(width, wider, CODE_SIZE))
            width = wider
        self.middle = Block(width, width, CODE_SIZE)
        for narrower in reversed(widths):
            self.up.append(Block(width + skips * narrower, narrower, CODE_SIZE))
            width = narrower
        self.leave = nn.Sequential(
            nn.GroupNorm(1, width), nn.SiLU(), nn.Conv2d(width, num_channels, 3, padding=1)
        )
        nn.init.zeros_(self.leave[-1].weight)  # the first answer is 0, whatever the image
        nn.init.zeros_(self.leave[-1].bias)

    @property
    def no_class(self) -> int:
        """The label that stands for no class at all."""
        return self.num_classes

    def forward(self, x: Tensor, level: Tensor, labels: Tensor | None = None) -> Tensor:
        self._check_size(x)
        code = self._code(level if self.hears_level else torch.zeros_like(level), labels)
        x, kept = self.enter(x), []
        for depth, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if depth else x, code)
            kept.append(x)
        x = self.middle(x, code)
        for height, block in enumerate(self.up):
            x = F.interpolate(x, scale_factor=2) if height else x
            beside = kept.pop()
            x = block(torch.cat([x, beside], 1) if self.skips else x, code)
        return self.leave(x)

    def _check_size(self, x: Tensor) -> None:
        factor = 2 ** (len(self.down) - 1)
        height, width = x.shape[-2:]
        if height % factor or width % factor:
            raise ValueError(f"height and width must be divisible by {factor}, not {height} x {width}")

    def _code(self, level: Tensor, labels: Tensor | None) -> Tensor:
        """What every block is told: (B, CODE_SIZE)."""
        code = self.level(level_code(level))
        if not self.num_classes:
            if labels is not None:
                raise ValueError("this network has no classes: leave labels out")
            return code
        if labels is None:
            labels = torch.full_like(level, self.no_class, dtype=torch.long)
        return code + self.label(labels.long())

"""What checks of answers with `generator=` share: the noise comes from it, and is fresh without it."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed


def expect_generator(draw: Callable[[torch.Generator | None], Tensor], *, advice: str) -> None:
    """Fail unless `draw(generator)` follows its generator, and draws anew in every call without one.

    The global state is seeded between the draws, so that an answer which uses it is found out.
    """

    def seeded(seed: int, global_seed: int) -> Tensor:
        torch.default_generator.manual_seed(global_seed)  # leaves accelerators alone
        return draw(torch.Generator().manual_seed(seed))

    first = seeded(1, 10)
    if not torch.equal(first, seeded(1, 11)):
        raise CheckFailed(f"two generators with the same seed give different numbers: {advice}")
    if torch.equal(first, seeded(2, 10)):
        raise CheckFailed(
            "two generators with different seeds give the same numbers. Draw with the one that is given."
        )
    generator = torch.Generator().manual_seed(3)
    if torch.equal(draw(generator), draw(generator)):
        raise CheckFailed(
            "one generator gives the same numbers in every call. Draw with the generator itself, not with a "
            "copy, and don't seed it again."
        )
    if torch.equal(draw(None), draw(None)):
        raise CheckFailed("without a generator every call draws the same numbers. Don't seed inside.")

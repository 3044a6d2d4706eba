"""Whether an answer takes its noise from the generator that it is given, and anew in every call."""

from collections.abc import Callable

import torch
from torch import Tensor

from tutorial_utils.checks.core import CheckFailed, NotAttempted

Draw = Callable[..., Tensor]  # draw(generator=generator) or draw() calls the answer and returns its noise


def seeded(draw: Draw, seed: int, *, global_seed: int | None = None) -> Tensor:
    """What `draw` makes of a generator with this seed.

    The global state is seeded meanwhile, by default alike: then an answer that uses it instead of the
    generator draws the same noise every time, and its other mistakes can be named first.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed if global_seed is None else global_seed)  # of no accelerator
        return draw(generator=torch.Generator().manual_seed(seed))


def expect_generator(draw: Draw, *, noise: str, advice: str) -> None:
    """Fail where the generator is ignored, replaced by the global one or another, copied, or seeded again.

    A copy shows in the second call with one generator: the first has not moved it. Without a generator every
    call must draw anew. `noise` is the word that messages use, `advice` ends that of an ignored generator.
    """
    first = seeded(draw, 1, global_seed=10)
    if not _same(first, seeded(draw, 1, global_seed=11)):
        raise CheckFailed(f"two generators with the same seed give different {noise}: {advice}")
    if _same(first, seeded(draw, 2, global_seed=10)):
        raise CheckFailed(
            f"two generators with different seeds give the same {noise}, the same in every call. Draw with "
            "the one that is given."
        )
    generator = torch.Generator().manual_seed(3)
    if _any_same([draw(generator=generator) for _ in range(3)]):
        raise CheckFailed(
            f"one generator gives the same {noise} in every call, so each batch of a training would. Draw "
            "with the generator itself, not with a copy, and don't seed it again."
        )
    if _any_same(_without_generator(draw)):
        raise CheckFailed(
            f"without a generator every call draws the same {noise}. Draw anew each time, and don't seed "
            "inside."
        )


def _without_generator(draw: Draw) -> list[Tensor]:
    try:
        return [draw(), draw()]
    except NotAttempted:
        raise
    except CheckFailed as failure:
        raise CheckFailed(f"called without a generator, {failure}") from failure


def _any_same(draws: list[Tensor]) -> bool:
    return any(_same(a, b) for place, a in enumerate(draws) for b in draws[:place])


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-5, atol=1e-6)

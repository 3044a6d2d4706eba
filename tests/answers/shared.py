"""What the answers to several exercises share: a message, and what can go wrong with a generator."""

import copy

import torch

SHAPE = "numbers are right, but the shape"


def misused(answer):
    """A right answer with its noise from elsewhere than its generator, and the message for each way."""
    return [
        (taking(lambda generator: None, answer), "two generators with the same seed give different"),
        (taking(lambda generator: torch.Generator().manual_seed(0), answer), "different seeds give the same"),
        (taking(copied, answer), "one generator gives the same"),
        (taking(copy.deepcopy, answer), "one generator gives the same"),
        (taking(seeded_again, answer), "one generator gives the same"),
        (taking(replaced_by_the_global_one, answer), "one generator gives the same"),
        (taking(lambda generator: generator or torch.Generator(), answer), "without a generator every call"),
        (taking(lambda generator: generator.set_state(generator.get_state()), answer),
         "called without a generator, .*it raised AttributeError"),
    ]  # fmt: skip


def taking(swap, answer):
    def swapped(*inputs, generator=None):
        return answer(*inputs, generator=swap(generator))

    return swapped


def copied(generator):
    return generator and torch.Generator().set_state(generator.get_state())


def seeded_again(generator):
    return generator and torch.Generator().manual_seed(generator.initial_seed())


def replaced_by_the_global_one(generator):
    if generator:
        torch.default_generator.manual_seed(generator.initial_seed())

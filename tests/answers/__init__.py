"""Right answers to the exercises, differently written, and wrong ones with the message each must get.

A file a topic. RIGHT maps a function's name to answers; WRONG to pairs of an answer and a pattern.
"""

from answers import (
    adversarial,
    convolution,
    evaluation,
    likelihoods,
    novelty,
    reparameterization,
    variational,
)

RIGHT = (
    novelty.RIGHT
    | likelihoods.RIGHT
    | convolution.RIGHT
    | adversarial.RIGHT
    | reparameterization.RIGHT
    | variational.RIGHT
    | evaluation.RIGHT
)
WRONG = (
    novelty.WRONG
    | likelihoods.WRONG
    | convolution.WRONG
    | adversarial.WRONG
    | reparameterization.WRONG
    | variational.WRONG
    | evaluation.WRONG
)

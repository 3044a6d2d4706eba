"""Right answers to the exercises, differently written, and wrong ones with the message each must get.

A file a topic. RIGHT maps a function's name to answers; WRONG to pairs of an answer and a pattern.
"""

from answers import (
    adversarial,
    bounds,
    convolution,
    densities,
    estimators,
    evaluation,
    gan_training,
    likelihoods,
    measurement,
    networks,
    novelty,
    reparameterization,
    transposed,
    variational,
)

RIGHT = (
    novelty.RIGHT
    | densities.RIGHT
    | likelihoods.RIGHT
    | convolution.RIGHT
    | networks.RIGHT
    | transposed.RIGHT
    | adversarial.RIGHT
    | reparameterization.RIGHT
    | variational.RIGHT
    | bounds.RIGHT
    | estimators.RIGHT
    | evaluation.RIGHT
    | gan_training.RIGHT
    | measurement.RIGHT
)
WRONG = (
    novelty.WRONG
    | densities.WRONG
    | likelihoods.WRONG
    | convolution.WRONG
    | networks.WRONG
    | transposed.WRONG
    | adversarial.WRONG
    | reparameterization.WRONG
    | variational.WRONG
    | bounds.WRONG
    | estimators.WRONG
    | evaluation.WRONG
    | gan_training.WRONG
    | measurement.WRONG
)

"""Checks for the exercises: `check_<function>(fn)` prints a line or raises `CheckFailed`; `hint` helps."""

from tutorial_utils.checks.adversarial import check_discriminator_loss, check_generator_loss
from tutorial_utils.checks.convolution import check_conv2d, check_receptive_field
from tutorial_utils.checks.core import CheckFailed, NotAttempted, hint
from tutorial_utils.checks.evaluation import check_frechet_distance
from tutorial_utils.checks.likelihoods import check_bce_with_logits, check_bits_per_dim, check_mse
from tutorial_utils.checks.neighborhoods import check_precision
from tutorial_utils.checks.novelty import check_novelty
from tutorial_utils.checks.penalty import check_gradient_penalty
from tutorial_utils.checks.reparameterization import check_reparameterize
from tutorial_utils.checks.variational import check_iwae_bound, check_kl_standard_normal

__all__ = [
    "CheckFailed",
    "NotAttempted",
    "check_bce_with_logits",
    "check_bits_per_dim",
    "check_conv2d",
    "check_discriminator_loss",
    "check_frechet_distance",
    "check_generator_loss",
    "check_gradient_penalty",
    "check_iwae_bound",
    "check_kl_standard_normal",
    "check_mse",
    "check_novelty",
    "check_precision",
    "check_receptive_field",
    "check_reparameterize",
    "hint",
]

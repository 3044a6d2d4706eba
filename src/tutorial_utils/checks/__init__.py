"""Checks for the exercises: `check_<function>(fn)` prints a line or raises `CheckFailed`; `hint` helps."""

from tutorial_utils.checks.adversarial import check_discriminator_loss, check_generator_loss
from tutorial_utils.checks.bounds import check_effective_beta, check_negative_elbo
from tutorial_utils.checks.convolution import check_conv2d, check_receptive_field
from tutorial_utils.checks.copies import check_copied_share
from tutorial_utils.checks.core import CheckFailed, NotAttempted, hint
from tutorial_utils.checks.densities import check_best_sigma, check_jensen_gap, check_noisy_copy_novelty
from tutorial_utils.checks.dirac import check_dirac_gan
from tutorial_utils.checks.estimators import (
    check_gaussian_fit,
    check_offset_like_shift,
    check_pinball_minimizer,
)
from tutorial_utils.checks.evaluation import check_frechet_distance
from tutorial_utils.checks.gan_divergence import check_kl_minus_2js
from tutorial_utils.checks.gan_training import check_discriminator_step, check_upsampling_plan
from tutorial_utils.checks.kl_tables import check_kl_divergence
from tutorial_utils.checks.likelihoods import check_bce_with_logits, check_bits_per_dim, check_mse
from tutorial_utils.checks.measurement import check_covariance, check_frechet_of_shifted, check_left_out_share
from tutorial_utils.checks.neighborhoods import check_precision
from tutorial_utils.checks.networks import check_conv_parameters, check_predict
from tutorial_utils.checks.novelty import check_novelty
from tutorial_utils.checks.penalty import check_gradient_penalty
from tutorial_utils.checks.rates import check_best_variance, check_rate_share
from tutorial_utils.checks.reparameterization import check_reparameterize
from tutorial_utils.checks.sampling import check_dequantize, check_sample_pixels
from tutorial_utils.checks.transposed import check_adjoint, check_uneven_kernels
from tutorial_utils.checks.variational import check_iwae_bound, check_kl_standard_normal

__all__ = [
    "CheckFailed",
    "NotAttempted",
    "check_adjoint",
    "check_bce_with_logits",
    "check_best_sigma",
    "check_best_variance",
    "check_bits_per_dim",
    "check_conv2d",
    "check_conv_parameters",
    "check_copied_share",
    "check_covariance",
    "check_dequantize",
    "check_dirac_gan",
    "check_discriminator_loss",
    "check_discriminator_step",
    "check_effective_beta",
    "check_frechet_distance",
    "check_frechet_of_shifted",
    "check_gaussian_fit",
    "check_generator_loss",
    "check_gradient_penalty",
    "check_iwae_bound",
    "check_jensen_gap",
    "check_kl_divergence",
    "check_kl_minus_2js",
    "check_kl_standard_normal",
    "check_left_out_share",
    "check_mse",
    "check_negative_elbo",
    "check_noisy_copy_novelty",
    "check_novelty",
    "check_offset_like_shift",
    "check_pinball_minimizer",
    "check_precision",
    "check_predict",
    "check_rate_share",
    "check_receptive_field",
    "check_reparameterize",
    "check_sample_pixels",
    "check_uneven_kernels",
    "check_upsampling_plan",
    "hint",
]

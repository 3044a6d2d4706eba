"""Checks for the exercises: `check_<function>(fn)` prints a line or raises `CheckFailed`; `hint` helps.

A folder for each chapter, a file for each exercise: `check_gradient_penalty` is in `gan/gradient_penalty.py`.
"""

from tutorial_utils.checks.cnn.adjoint import check_adjoint
from tutorial_utils.checks.cnn.conv2d import check_conv2d
from tutorial_utils.checks.cnn.conv_parameters import check_conv_parameters
from tutorial_utils.checks.cnn.predict import check_predict
from tutorial_utils.checks.cnn.receptive_field import check_receptive_field
from tutorial_utils.checks.cnn.uneven_kernels import check_uneven_kernels
from tutorial_utils.checks.concepts.best_sigma import check_best_sigma
from tutorial_utils.checks.concepts.dequantize import check_dequantize
from tutorial_utils.checks.concepts.jensen_gap import check_jensen_gap
from tutorial_utils.checks.concepts.noisy_copy_novelty import check_noisy_copy_novelty
from tutorial_utils.checks.concepts.novelty import check_novelty
from tutorial_utils.checks.concepts.sample_pixels import check_sample_pixels
from tutorial_utils.checks.core import CheckFailed, NotAttempted, hint
from tutorial_utils.checks.evaluation.copied_share import check_copied_share
from tutorial_utils.checks.evaluation.covariance import check_covariance
from tutorial_utils.checks.evaluation.frechet_distance import check_frechet_distance
from tutorial_utils.checks.evaluation.frechet_of_shifted import check_frechet_of_shifted
from tutorial_utils.checks.evaluation.left_out_share import check_left_out_share
from tutorial_utils.checks.evaluation.precision import check_precision
from tutorial_utils.checks.gan.dirac_gan import check_dirac_gan
from tutorial_utils.checks.gan.discriminator_loss import check_discriminator_loss
from tutorial_utils.checks.gan.discriminator_step import check_discriminator_step
from tutorial_utils.checks.gan.generator_loss import check_generator_loss
from tutorial_utils.checks.gan.gradient_penalty import check_gradient_penalty
from tutorial_utils.checks.gan.kl_minus_2js import check_kl_minus_2js
from tutorial_utils.checks.gan.upsampling_plan import check_upsampling_plan
from tutorial_utils.checks.losses.bce_with_logits import check_bce_with_logits
from tutorial_utils.checks.losses.bits_per_dim import check_bits_per_dim
from tutorial_utils.checks.losses.gaussian_fit import check_gaussian_fit
from tutorial_utils.checks.losses.kl_divergence import check_kl_divergence
from tutorial_utils.checks.losses.mse import check_mse
from tutorial_utils.checks.losses.offset_like_shift import check_offset_like_shift
from tutorial_utils.checks.losses.pinball_minimizer import check_pinball_minimizer
from tutorial_utils.checks.vae.best_variance import check_best_variance
from tutorial_utils.checks.vae.effective_beta import check_effective_beta
from tutorial_utils.checks.vae.iwae_bound import check_iwae_bound
from tutorial_utils.checks.vae.kl_standard_normal import check_kl_standard_normal
from tutorial_utils.checks.vae.negative_elbo import check_negative_elbo
from tutorial_utils.checks.vae.rate_share import check_rate_share
from tutorial_utils.checks.vae.reparameterize import check_reparameterize

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

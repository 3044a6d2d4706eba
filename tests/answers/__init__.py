"""Right answers to the exercises, differently written, and wrong ones with the message each must get.

A file a chapter. RIGHT maps a function's name to answers; WRONG to pairs of an answer and a pattern.
"""

from answers import adversarial, convolution, likelihoods, novelty

RIGHT = novelty.RIGHT | likelihoods.RIGHT | convolution.RIGHT | adversarial.RIGHT
WRONG = novelty.WRONG | likelihoods.WRONG | convolution.WRONG | adversarial.WRONG

"""Messages that several checks share."""

SHAPE = "numbers are right, but the shape"

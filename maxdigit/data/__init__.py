"""Pictures of handwritten digits: made from MNIST, the competition's own, or anybody's, prepared for the models."""

IMAGE_SIZE = 128  # pictures are IMAGE_SIZE x IMAGE_SIZE, grey, uint8

"""Pictures of three handwritten digits: MNIST, procedural backgrounds, composing, splits, the competition's files."""

IMAGE_SIZE = 128  # pictures are IMAGE_SIZE x IMAGE_SIZE, grey, uint8

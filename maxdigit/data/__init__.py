"""Pictures of handwritten digits: made from MNIST, or the competition's own."""

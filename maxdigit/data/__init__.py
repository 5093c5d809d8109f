"""Pictures of three handwritten digits: MNIST, procedural backgrounds, composing, splits, the competition's files."""

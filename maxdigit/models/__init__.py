"""The three networks of the paper, by name, and what they read."""

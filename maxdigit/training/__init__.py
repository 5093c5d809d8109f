"""Training the models and the ink finder, and measuring what they do."""

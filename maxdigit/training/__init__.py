"""Training and measuring the models and the ink finder."""

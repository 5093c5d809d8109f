"""Answers from trained models, and the process in which the app runs them."""

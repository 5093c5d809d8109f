"""The three networks of the paper, by name, calibrated, and with readers of single digits."""

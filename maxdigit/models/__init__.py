"""The paper's three networks by name, their calibration, and their readers of single digits."""

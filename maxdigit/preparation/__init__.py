"""From files and arrays to the models' input: opens pictures, finds the writing and frames it."""

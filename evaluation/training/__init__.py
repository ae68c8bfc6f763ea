"""Training of the miniatures: `python -m evaluation.training`."""

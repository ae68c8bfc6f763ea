"""Captioners, scorers and a writer for the worlds: trained miniatures with their weights, and simulated ones."""

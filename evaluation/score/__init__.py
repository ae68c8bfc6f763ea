"""Captions of any captioner scored as the field does: `python -m evaluation.score`."""

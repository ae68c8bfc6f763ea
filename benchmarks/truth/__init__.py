"""Commands that have moved to `evaluation`."""

"""Drawn pictures of which everything is known, and what can be told of them."""

"""Witnesses: what can be read, counted or measured in a picture, held against what was said of it.

A scorer says of every sentence how well it goes with the picture, and is weakest where captioners invent most: text,
numbers, colours. A witness knows one of these for certain, and says nothing of all else.
"""

from .base import Offer, Witness
from .hearing import hear
from .rule import is_confirmed, is_contradicted, ruled

__all__ = ["Offer", "Witness", "hear", "is_confirmed", "is_contradicted", "ruled"]

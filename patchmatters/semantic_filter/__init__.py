"""Stage 3, the heart of the method: sort what passages say, score it against the picture, keep what is reliable.

One filter, used twice: on the candidates of a patch, and on the descriptions of overlapping patches (METHOD section 3).
"""

from .compare import CompareSettings, Level, compare
from .keep import PAPER, FilterSettings, filter_each, filter_statements

__all__ = ["PAPER", "CompareSettings", "FilterSettings", "Level", "compare", "filter_each", "filter_statements"]

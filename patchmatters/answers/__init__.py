"""What models send becomes text: turns, thoughts, wrappers and refusals are told from what was said of the picture.

`read_answer` is the way in: it gives the text of an answer, or what was wrong with it. `json_answer` reads the objects
that comparisons are answered with.
"""

from .read import Flaw, Reading, read_answer

__all__ = ["Flaw", "Reading", "read_answer"]

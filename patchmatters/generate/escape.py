"""Making a caption safe for ComfyUI's prompt parser, which reads parentheses as weights and names as embeddings."""

from __future__ import annotations

import re

_PARENTHESIS = re.compile(r"(?<!\\)[()]")
_EMBEDDING = re.compile(r"\bembedding:")
# The parser marks an escaped parenthesis with control characters while it works, so a text must not bring any.
_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n"}


def escaped(text: str) -> str:
    r"""The text with `\(` and `\)` for parentheses, and no word that would load an embedding file.

    ComfyUI reads every word of the result with weight 1.0, and shows the encoder the parentheses without the backslash
    (`escape_important` and `token_weights` of comfy/sd1_clip.py). A parenthesis that has its backslash already, as tags
    of booru sites are written, gets no second one.
    """
    plain = _EMBEDDING.sub("embedding :", text.translate(_CONTROLS))
    return _PARENTHESIS.sub(r"\\\g<0>", plain)

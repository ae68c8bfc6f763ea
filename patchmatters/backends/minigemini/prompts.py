"""How each of Mini-Gemini's language models was spoken to when it was trained.

Taken from the authors' conversation templates. The text before and after the image is tokenised apart, as they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

IMAGE_MARK = "<image>\n"


@dataclass(frozen=True)
class PromptStyle:
    """A conversation template. `opening` ends where the user begins to speak, `closing` follows the instruction.

    `stops` are the tokens that end an answer, besides the tokenizer's own end of sequence.
    """

    opening: str
    closing: str
    stops: tuple[str, ...] = ()

    def pieces(self, instruction: str, with_image: bool) -> tuple[str, str]:
        """The text before the image and the text after it; without an image, all of it and nothing."""
        if with_image:
            return self.opening, IMAGE_MARK.removeprefix("<image>") + instruction + self.closing
        return self.opening + instruction + self.closing, ""


VICUNA = PromptStyle(
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions. USER: ",
    " ASSISTANT:",
)
GEMMA = PromptStyle("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", ("<end_of_turn>",))
MIXTRAL = PromptStyle("[INST] ", " [/INST]")
YI = PromptStyle(
    "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n",
    "<|im_end|><|im_start|>assistant\n",
    ("<|im_end|>",),
)
LLAMA_3 = PromptStyle(
    "<|start_header_id|>system<|end_header_id|>\n\nYou are a helpful language and vision assistant. You are able to "
    "understand the visual content that the user provides, and assist the user with a variety of tasks using natural "
    "language.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
    # The header of the answer says "system": so it was trained, and so it must be asked.
    "<|eot_id|><|start_header_id|>system<|end_header_id|>\n\n",
    ("<|eot_id|>",),
)

# Llama's descendants tell themselves apart by the size of their vocabulary; Vicuna (32000) is the plain case.
LLAMA_BY_VOCABULARY: Mapping[int, PromptStyle] = {64000: YI, 128256: LLAMA_3}

"""How each of Mini-Gemini's language models was spoken to when it was trained.

Taken from the authors' conversation templates. The text before and after the image is tokenised apart, as they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PromptStyle:
    """A conversation template: `opening` ends where the user begins to speak, `closing` follows the instruction."""

    opening: str
    closing: str

    def around_image(self, instruction: str) -> tuple[str, str]:
        """The text before the image and the text after it."""
        return self.opening, f"\n{instruction}{self.closing}"

    def without_image(self, instruction: str) -> str:
        """The whole prompt of an instruction that is about text only."""
        return f"{self.opening}{instruction}{self.closing}"


@dataclass(frozen=True)
class Script:
    """A tokenizer and the template that its model was trained with: from an instruction to token ids."""

    tokenizer: Any
    style: PromptStyle

    def prompt_ids(self, instruction: str) -> tuple[list[int], list[int]]:
        """The token ids before and after the image, for one instruction about it."""
        before, after = self.style.around_image(instruction)
        second = self._ids(after)
        # The text after the image begins as a text of its own, as in training, only without a start token.
        starts = second[:1] == [self.tokenizer.bos_token_id]
        return self._ids(before), second[1:] if starts else second

    def text_ids(self, instruction: str) -> list[int]:
        """The token ids of a prompt without an image."""
        return self._ids(self.style.without_image(instruction))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text)["input_ids"])


VICUNA = PromptStyle(
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions. USER: ",
    " ASSISTANT:",
)
GEMMA = PromptStyle("<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n")
MIXTRAL = PromptStyle("[INST] ", " [/INST]")
YI = PromptStyle(
    "<|im_start|>system\nAnswer the questions.<|im_end|><|im_start|>user\n",
    "<|im_end|><|im_start|>assistant\n",
)
LLAMA_3 = PromptStyle(
    "<|start_header_id|>system<|end_header_id|>\n\nYou are a helpful language and vision assistant. You are able to "
    "understand the visual content that the user provides, and assist the user with a variety of tasks using natural "
    "language.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
    # The header of the answer says "system": so it was trained, and so it must be asked.
    "<|eot_id|><|start_header_id|>system<|end_header_id|>\n\n",
)

# Llama's descendants tell themselves apart by the size of their vocabulary; Vicuna (32000) is the plain case.
LLAMA_BY_VOCABULARY: Mapping[int, PromptStyle] = {64000: YI, 128256: LLAMA_3}

"""From a question to the text that a model reads: its chat template, or the prompt that a family was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Question
from .model_files import ModelFiles
from .processors import chat_template

# Families that have no chat template by nature, and how they are asked. They describe; they do not follow instructions.
_PLAIN_PROMPTS: Mapping[str, str] = {
    "blip-2": "Question: {question} Answer:",  # as in the model's documentation
    "blip": "",  # captions without being asked; a text would be taken for the caption's beginning
}


def follows_instructions(files: ModelFiles) -> bool:
    """Whether a model can be given instructions about text."""
    return files.model_type not in _PLAIN_PROMPTS


def require_prompt(files: ModelFiles) -> None:
    """ValueError where nobody could say how a question is put to this model."""
    if files.model_type not in _PLAIN_PROMPTS and not chat_template(files):
        raise ValueError(
            f"{files.folder} has no chat template: add the model's chat_template.jinja (or .json) to the folder, or "
            "choose a chat or instruct version of the model."
        )


def render(question: Question, files: ModelFiles, tokenizer: Any, template: str, *, parts: bool) -> str:
    """The text that the model reads, up to where its answer begins.

    `parts` is set for vision-language models, whose templates want the content of a message as a list of parts.
    """
    plain = _PLAIN_PROMPTS.get(files.model_type)
    if plain is not None:
        return plain.format(question=question.prompt)
    content: Any = question.prompt
    if parts:
        content = [*({"type": "image"} for _ in question.images), {"type": "text", "text": question.prompt}]
    # Templates that can think aloud are asked not to; others ignore the word.
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": content}],
        chat_template=template,
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
    )


def brings_its_start(text: str, tokenizer: Any) -> bool:
    """Whether a rendered text already has the token that the tokenizer would put first."""
    start = getattr(tokenizer, "bos_token", None)
    return bool(start) and text.startswith(start)

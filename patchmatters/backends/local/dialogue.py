"""From a question to the text that a model reads: its chat template, or the prompt that a family was trained with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...models import Question
from ...weights.model_files import ModelFiles
from .processors import chat_template
from .wording import in_words

# Families that have no chat template by nature, and how they are asked. They describe; they do not follow instructions.
# Each line is what the model's documentation asks with.
_PLAIN_PROMPTS: Mapping[str, str] = {
    "instructblip": "{question}",
    "chameleon": "{question}<image>",
    "video_llava": "USER: <image>\n{question} ASSISTANT:",
    "blip-2": "Question: {question} Answer:",
    "blip": "",  # captions without being asked; a text would be taken for the caption's beginning
    "git": "",
    "florence2": "<MORE_DETAILED_CAPTION>",  # the task whose answer is a paragraph
    "paligemma": "describe en",  # the prefix for longer captions; "caption en" gives COCO's short ones
    "kosmos-2": "Describe this image in detail:",
    "fuyu": "Generate a coco-style caption.\n",
}


# Places in a picture, which Kosmos-2, PaliGemma and Florence-2 write between the words as tokens that are not special.
_PLACES = re.compile(r"<(?:patch_index_|loc_?|seg)\d+>|</?(?:phrase|object|grounding|delimiter_of_multi_objects/)>")


def without_places(text: str) -> str:
    """An answer without the tokens that stand for places in the picture."""
    return " ".join(_PLACES.sub(" ", text).split()) if _PLACES.search(text) else text


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
    # Templates that can think aloud are asked not to, by either word; others ignore them.
    with in_words(files.name, "chat template"):
        text: str = tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=template,
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
            thinking=False,
        )
    return text


def brings_its_start(text: str, tokenizer: Any) -> bool:
    """Whether a rendered text already has the token that the tokenizer would put first."""
    start: str = getattr(tokenizer, "bos_token", None) or ""
    return bool(start) and text.startswith(start)

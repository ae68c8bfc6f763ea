"""The instruction that a model repeats around its answer is no answer."""

from __future__ import annotations

from ..language.sentences import split_sentences, words


def without_echo(text: str, instruction: str) -> str:
    """`text` without the instruction at its beginning and its end; empty when the answer is the instruction itself."""
    asked = words(instruction)
    if not asked:
        return text
    sentences = split_sentences(text)
    head, rest = _echoed(sentences, asked)
    kept = [*rest, *sentences[head:]]
    tail = _echoed_at_the_end(kept, asked)
    if not head and not tail:
        return text
    return " ".join(kept[: len(kept) - tail])


def _echoed(sentences: list[str], asked: list[str]) -> tuple[int, list[str]]:
    """How many sentences at the beginning are the instruction, and what the last of them says behind its colon."""
    said: list[str] = []
    for number, sentence in enumerate(sentences, 1):
        before = len(said)
        said += words(sentence)
        if len(said) >= len(asked):
            if said[: len(asked)] != asked:
                return 0, []
            head, _, tail = sentence.partition(":")
            behind = before + len(words(head)) == len(asked) and words(tail)
            return number, [tail.strip()] if behind else []
    return 0, []


def _echoed_at_the_end(sentences: list[str], asked: list[str]) -> int:
    """How many sentences at the end are the instruction, whole or cut off after half of it."""
    for count in range(1, len(sentences)):
        said = words(" ".join(sentences[len(sentences) - count :]))
        if len(said) > len(asked):
            return 0
        if said == asked[: len(said)] and 2 * len(said) >= len(asked):
            return count
    return 0

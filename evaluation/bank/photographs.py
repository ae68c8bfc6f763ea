"""Photographs with labelled answers, and the counts of what the engine makes of them."""

from __future__ import annotations

import difflib
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from patchmatters.answers import read_answer
from patchmatters.backends.scripted import ScriptedChat, ScriptedScorer
from patchmatters.language.sentences import split_sentences, words
from patchmatters.language.similarity import containment
from patchmatters.models import ChatModel, Question, Scorer
from patchmatters.picture import open_picture
from patchmatters.pipeline import DEFAULT, PRESETS, Preset, caption_pictures
from patchmatters.scene import Box, Detection, Scene
from patchmatters.witnesses import Witness

from .prose import faults_of

_NEAR = 0.55  # share of words in common from which on a sentence is taken to come from a labelled one
_CHINESE = re.compile("[\u3400-\u9fff]")
_NEARLY_ALL = 0.8  # share of a labelled sentence's words from which on all of its claims are told


class Photograph:
    """A photograph of the bank: its answers by patch and candidate, and its labelled sentences."""

    def __init__(self, entry: dict[str, Any], images: Path) -> None:
        self.persona, self.name, self.facts = entry["persona"], entry["photo"], entry["facts"]
        self.picture = open_picture(str(images / entry["photo"]))
        self.answers = {(one["patch"], one["candidate"] or 1): one["text"] for one in entry["answers"]}
        self.whole = next(_said(one) for one in entry["answers"] if not one["candidate"])
        sentences = [s for one in entry["answers"] for s in one["sentences"] if not _is_thought(s)]
        self.labelled = [(words(s["text"]), s) for s in sentences if words(s["text"])]
        boxes = entry["boxes_used"]
        self.detections = [Detection(Box(*map(float, one["box"])), one.get("label", "")) for one in boxes]

    def chat(self) -> ScriptedChat:
        def reply(question: Question) -> str:
            patch, candidate = question.name.split(": ", 1)[1].rsplit(", candidate ", 1)
            return self.answers[patch, int(candidate)]

        return ScriptedChat(reply, name=self.persona, sees_images=True, follows_instructions=False)

    def scorer(self, seed: int) -> ScriptedScorer:
        def measure(_: Any, sentence: str) -> float:
            origins = [self.origin(part) for part in split_sentences(sentence)]
            true = all(claim["true"] for one in origins if one for claim in one["claims"])
            key = hashlib.sha1(f"{seed}|{self.name}|{sentence}".encode()).hexdigest()
            return random.Random(int(key, 16)).betavariate(*((5, 2) if true else (2, 4)))

        return ScriptedScorer(measure, name="noisy")

    def captioned(
        self,
        chat: ChatModel,
        scorer: Scorer | None,
        witnesses: Sequence[Witness] = (),
        preset: Preset = PRESETS[DEFAULT],
    ) -> Scene:
        """The Scene that the engine makes of the answers."""
        boxes = [self.detections] if self.detections else ()
        (scene,) = caption_pictures(
            [self.picture], chat, scorer, None, boxes, preset, names=[self.name], witnesses=witnesses
        )
        return scene

    def origin(self, text: str) -> dict[str, Any] | None:
        """The labelled sentence that a told one comes from, None where none is near."""
        said, best, nearest = words(text), 0.0, None
        for full, sentence in self.labelled:
            blocks = difflib.SequenceMatcher(None, full, said, autojunk=False).get_matching_blocks()
            common = sum(block.size for block in blocks if block.size >= min(3, len(full)))
            near = common / max(1, min(len(full), len(said))) * (1.0 if len(said) >= 0.5 * len(full) else 0.9)
            if near > best:
                best, nearest = near, sentence
        return nearest if best >= _NEAR else None

    def judged(self, caption: str) -> Counter[str]:
        """Counts of one caption: words, sentences told, false ones, facts, and facts told again."""
        rows = [(text, origin) for text in split_sentences(caption) if (origin := self.origin(text))]
        told = [_claims(text, origin) for text, origin in rows]
        facts = Counter(fact for claims in told for claim in claims for fact in claim["facts"])
        return faults_of(caption) + Counter(
            words=_length(caption),
            told=len(told),
            false=sum(any(not claim["true"] for claim in claims) for claims in told),
            facts=len(facts),
            again=facts.total() - len(facts),
            all_facts=len(self.facts),
        )


def _is_thought(sentence: dict[str, Any]) -> bool:
    return bool(sentence["text"].startswith("<think>"))


def _said(answer: dict[str, Any]) -> str:
    """The text of an answer without the thoughts before it: these are no caption."""
    text: str = answer["text"]
    for thought in filter(_is_thought, answer["sentences"]):
        text = text.replace(thought["text"], "").lstrip()
    return text


def _length(text: str) -> int:
    """The words of a text; of Chinese, which puts no spaces between them, every character."""
    return sum(max(1, len(_CHINESE.findall(word))) for word in text.split())


def _claims(text: str, origin: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims of a labelled sentence that a told one still makes."""
    full = words(read_answer(origin["text"]).text) or words(origin["text"])
    if len(words(text)) >= _NEARLY_ALL * len(full) or len(origin["claims"]) < 2:
        return origin["claims"]
    return [claim for claim in origin["claims"] if containment(claim["claim"], text) >= 0.5]


def photographs_of(bank: Path, images: Path | None = None) -> list[Photograph]:
    """The photographs of a bank; `images` is their folder, by default `did_bench/images` beside the bank's own.

    ValueError where the bank is not there.
    """
    if not bank.exists():
        raise ValueError(f"There is no bank at {bank}: name one with --bank (its format is in --help).")
    folder = images or bank.parent.parent / "did_bench" / "images"
    return [Photograph(entry, folder) for entry in json.loads(bank.read_text(encoding="utf-8"))]


def with_similarity(preset: Preset, similarity: str) -> Preset:
    """The preset whose stages compare statements by this one of `language.SIMILARITIES`."""
    compare, compose = (replace(one, similarity=similarity) for one in (preset.compare, preset.compose))
    return replace(preset, compare=compare, compose=compose)


def measure(photo: Photograph, preset: Preset, seeds: Sequence[int]) -> dict[str, Counter[str]]:
    """The counts of the captioner alone, of the engine without a scorer, and of it with a noisy one (the sum)."""

    def caption(scorer: ScriptedScorer | None) -> str:
        return photo.captioned(photo.chat(), scorer, preset=preset).caption_text

    noisy: Counter[str] = Counter()
    for seed in seeds:
        noisy.update(photo.judged(caption(photo.scorer(seed))))
    alone = photo.judged(photo.whole)
    return {"captioner alone": alone, "no scorer": photo.judged(caption(None)), "noisy scorer": noisy}
